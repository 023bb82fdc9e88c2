"""A service from a folder as APIOps extracts it: what it does, and a sentence for every mistake in it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from apimpolicy import (
    Backend,
    BackendPool,
    ConfigurationError,
    Gateway,
    NotSimulatedError,
    PolicySyntaxError,
    Request,
    load_gateway,
)
from apimpolicy.project.service_folder import read_service_folder

FOLDER = Path(__file__).parent / "service_files"
SETTINGS = "[named-values]\norders-key = 's3'\n"


def gateway_of(tmp_path: Path, text: str = SETTINGS) -> Gateway:
    config = tmp_path / "apimpolicy.toml"
    config.write_text(text)
    return load_gateway(FOLDER, config=config)


def test_everything_of_a_folder_takes_part(tmp_path: Path) -> None:
    gateway = gateway_of(tmp_path)
    result = gateway.send(Request.get("/orders/17", headers={"X-Key": "partner"}))
    assert result.response.status_code == 200
    sent = result.backend_requests[0]
    assert sent.url == "https://east.internal/17?code=1"
    assert dict(sent.headers.items()) == {
        "Host": "east.internal",
        "X-Forwarded-For": "127.0.0.1",
        "X-Key": "partner",
        "X-Environment": "test",
        "X-Order": "17",
        "x-functions-key": "s3",
        "Authorization": "Bearer s3",
    }
    context = result.exchange.context
    assert (context.api.id, context.api.name, context.operation.id) == ("orders", "Orders", "get-order")
    assert context.product is not None
    assert [group.name for group in context.product.groups] == ["developers"]
    assert context.subscription is not None
    assert context.subscription.name == "Partner"
    assert context.user is not None
    assert context.user.id == "zoe"
    assert result.response.headers["Set-Cookie"].startswith("Session=")
    gateway.send(Request.get("/orders/18?key=partner"))
    assert gateway.send(Request.get("/orders/19?key=partner")).response.status_code == 429


def test_the_subscription_may_trace(tmp_path: Path) -> None:
    gateway = gateway_of(tmp_path)
    request = Request.get("/orders/17?key=partner", headers={"Ocp-Apim-Trace": "true"})
    assert gateway.send(request).exchange.context.tracing
    assert not gateway.send("/orders/17?key=partner").exchange.context.tracing


@pytest.mark.parametrize(
    ("url", "status", "address"),
    [
        ("/orders/17", 401, None),
        ("/orders;rev=2/17", 200, "https://next.internal/17"),
        ("/orders/v2/17", 200, "https://orders-v2.internal/17"),
        ("/orders/17/lines", 404, None),
        ("/leads/5", 200, "https://leads.internal/5"),
        ("/elsewhere", 404, None),
    ],
)
def test_where_a_request_goes(tmp_path: Path, url: str, status: int, address: str | None) -> None:
    result = gateway_of(tmp_path).send(url)
    assert result.response.status_code == status
    assert [request.url for request in result.backend_requests] == ([] if address is None else [address])


def test_a_workspace_has_a_policy(tmp_path: Path) -> None:
    sent = gateway_of(tmp_path).send("/leads/5").backend_requests[0]
    assert sent.headers["X-Workspace"] == "Sales"
    assert sent.headers["X-Environment"] == "test"


def test_a_configuration_gives_keys_and_comes_on_top(tmp_path: Path) -> None:
    gateway = gateway_of(
        tmp_path,
        SETTINGS + "environment = 'here'\n[subscriptions.partner]\nprimary-key = 'k1'\n[backends]\n"
        "orders-pool = 'https://local.test'\n",
    )
    assert gateway.send("/orders/17?key=partner").response.status_code == 401
    result = gateway.send("/orders/17?key=k1")
    assert [request.url for request in result.backend_requests] == ["https://local.test/17?key=k1"]
    assert result.backend_requests[0].headers["X-Environment"] == "here"
    assert result.exchange.context.user is not None


def test_backends() -> None:
    backends = read_service_folder(str(FOLDER)).backends
    east, pool = backends["east"], backends["orders-pool"]
    assert isinstance(east, Backend)
    assert isinstance(pool, BackendPool)
    assert not east.validates_certificate_chain
    assert east.validates_certificate_name
    breaker = east.circuit_breaker
    assert breaker is not None
    assert (breaker.failures, breaker.interval, breaker.trip_duration) == (2, 60.0, 90_000.0)
    assert (breaker.statuses, breaker.error_reasons) == ([(429, 429)], ["Timeout"])
    assert breaker.accepts_retry_after
    assert [(member.id, member.priority, member.weight) for member in pool.members] == [("east", 1, 3), ("west", 2, 1)]
    assert pool.session_cookie == "Session"


def test_a_secret_without_a_value_is_missed_where_it_is_used(tmp_path: Path) -> None:
    gateway = gateway_of(tmp_path, "")
    with pytest.raises(ConfigurationError, match=r"the backend 'east': .*orders-key"):
        gateway.send("/orders/17?key=partner")
    assert gateway.send("/leads/5").response.status_code == 200


@pytest.mark.parametrize(
    ("file", "changes", "sentence"),
    [
        ("apis/orders/apiInformation.json", {"path": 5}, "apiInformation.json: 'properties.path' must be a text"),
        (
            "apis/orders/apiInformation.json",
            {"apiVersionSetId": "/apiVersionSets/none"},
            "'properties.apiVersionSetId' names the version set",
        ),
        (
            "workspaces/sales/apis/leads/apiInformation.json",
            {"path": "orders"},
            "service: the APIs 'orders' and 'leads' both answer for /orders",
        ),
        (
            "version sets/orders/versionSetInformation.json",
            {"versioningScheme": "Guess"},
            "is Segment, Header or Query",
        ),
        (
            "backends/west/backendInformation.json",
            {"url": None},
            "backendInformation.json: 'properties.url' is missing",
        ),
        (
            "backends/orders-pool/backendInformation.json",
            {"pool": {"services": [{"id": "/backends/none"}]}},
            "has the member 'none', which is not a backend",
        ),
        ("backends/orders-pool/backendInformation.json", {"pool": {"services": []}}, "names no services"),
        (
            "backends/east/backendInformation.json",
            {"circuitBreaker": {"rules": [{"failureCondition": {"count": 1, "interval": "soon"}}]}},
            "'properties.circuitBreaker.rules[0].failureCondition.interval' is a duration such as PT1M, not 'soon'",
        ),
        (
            "backends/east/backendInformation.json",
            {"circuitBreaker": {"rules": [{"failureCondition": {}}]}},
            "has either a 'count' or a 'percentage'",
        ),
        ("subscriptions/partner/subscriptionInformation.json", {"scope": "/products/none"}, "for the product 'none'"),
        ("subscriptions/partner/subscriptionInformation.json", {"state": "asleep"}, "subscriptionInformation.json: "),
        ("subscriptions/partner/subscriptionInformation.json", {"scope": "starter"}, "'starter' is not a scope"),
        (
            "products/starter/productInformation.json",
            {"subscriptionRequired": "yes"},
            "'properties.subscriptionRequired' must be true or false",
        ),
    ],
)
def test_mistakes_in_a_folder(tmp_path: Path, file: str, changes: dict[str, Any], sentence: str) -> None:
    copy = tmp_path / "service"
    shutil.copytree(FOLDER, copy)
    path = copy / file
    found = json.loads(path.read_text()) if path.exists() else {"properties": {}}
    found["properties"] |= changes
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(found))
    with pytest.raises(ConfigurationError) as raised:
        load_gateway(copy)
    assert sentence in str(raised.value)


@pytest.mark.parametrize(
    ("file", "text", "sentence"),
    [
        ("products/starter/apis.json", '{"name": "orders"}', "is a list of objects with a 'name'"),
        ("products/starter/apis.json", '[{"name": "none"}]', "has the API 'none', which is not there"),
        ("apis/orders/apiInformation.json", "{", "apiInformation.json is not valid JSON"),
        ("apis/orders/apiInformation.json", "[]", "apiInformation.json holds no object"),
        ("workspaces/sales/backends/west/backendInformation.json", '{"properties": {"url": "https://w"}}', "another"),
    ],
)
def test_files_that_are_no_such_files(tmp_path: Path, file: str, text: str, sentence: str) -> None:
    copy = tmp_path / "service"
    shutil.copytree(FOLDER, copy)
    (copy / file).parent.mkdir(parents=True, exist_ok=True)
    (copy / file).write_text(text)
    with pytest.raises(ConfigurationError, match=sentence):
        load_gateway(copy)


def test_the_policy_of_an_operation_that_is_not_there(tmp_path: Path) -> None:
    copy = tmp_path / "service"
    shutil.copytree(FOLDER, copy)
    (copy / "apis/orders/operations/get-order").rename(copy / "apis/orders/operations/other")
    with pytest.raises(ConfigurationError, match="a policy for the operation 'other', which is not there"):
        load_gateway(copy).send("/orders/17?key=partner")
    (copy / "apis/orders/specification.yaml").unlink()
    with pytest.raises(NotSimulatedError, match="the operations of the API 'orders'"):
        load_gateway(copy).send("/orders/17?key=partner")


def test_a_named_value_that_a_policy_misses(tmp_path: Path) -> None:
    copy = tmp_path / "service"
    shutil.copytree(FOLDER, copy)
    shutil.rmtree(copy / "named values")
    with pytest.raises(PolicySyntaxError, match="environment"):
        load_gateway(copy).send("/leads/5")


def test_a_folder_that_is_no_service(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="is a directory, not a file, and no service"):
        load_gateway(tmp_path)
