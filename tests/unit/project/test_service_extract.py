"""A service from a folder as APIOps extracts it: what it does, and a sentence for every mistake in it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from tests.rows import read_yaml

from apimpolicy import Backend, BackendPool, ConfigurationError, Gateway, PolicySyntaxError, Request, load_gateway
from apimpolicy.project.service.extract import read_extract
from apimpolicy.project.service.leniency import Leniency, lenient

FOLDER = Path(__file__).parent / "service_files"
DEFECTS = Path(__file__).parent / "service_defects.yaml"
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
    backends = {each.id: each.backend for each in read_extract(str(FOLDER)).backends}
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


def changed(tmp_path: Path, files: dict[str, str]) -> Path:
    """A copy of the service with other texts in files; JSON beginning with "+" changes properties."""
    copy = tmp_path / "service"
    shutil.copytree(FOLDER, copy)
    for file, text in files.items():
        path = copy / file
        if text.startswith("+"):
            found = json.loads(path.read_text()) if path.exists() else {"properties": {}}
            found["properties"] |= json.loads(text[1:])
            text = json.dumps(found, indent=2)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return copy


def loaded(folder: Path) -> tuple[Gateway, Leniency]:
    with lenient() as found:
        return load_gateway(folder), found


@pytest.mark.parametrize("row", read_yaml(DEFECTS.read_text()), ids=lambda row: row["problem"][:40])
def test_a_defect_disables_its_part_only(tmp_path: Path, row: dict[str, Any]) -> None:
    folder = changed(tmp_path, row["files"])
    gateway, found = loaded(folder)
    assert [str(each).removeprefix(f"{folder}/") for each in found.problems] == [row["problem"]]
    for url, status in row["requests"].items():
        if status is None:
            with pytest.raises(PolicySyntaxError):
                gateway.send(url)
        else:
            assert (url, gateway.send(url).response.status_code) == (url, status)
    if all(not each.is_error for each in found.problems):
        return
    with pytest.raises((ConfigurationError, PolicySyntaxError)) as raised:
        load_gateway(folder).send("/orders/17?key=partner")
    assert row["problem"] in str(raised.value) or "can't be read" in row["problem"]


def test_the_policy_of_an_operation_that_is_not_there(tmp_path: Path) -> None:
    copy = tmp_path / "service"
    shutil.copytree(FOLDER, copy)
    (copy / "apis/orders/operations/get-order").rename(copy / "apis/orders/operations/other")
    gateway, found = loaded(copy)
    assert [each.message for each in found.problems] == [
        "the API 'orders' has a policy for the operation 'other', which doesn't exist"
    ]
    assert gateway.send("/orders/17?key=partner").response.status_code == 200
    (copy / "apis/orders/specification.yaml").unlink()
    gateway, found = loaded(copy)
    assert [each.message for each in found.problems] == [
        "the API 'orders' has a policy for the operation 'other', but no file has the URL of this"
    ]
    assert gateway.send("/orders/17/any/path?key=partner").response.status_code == 200


def test_what_is_missing_is_stood_in_for_and_listed(tmp_path: Path) -> None:
    copy = tmp_path / "service"
    shutil.copytree(FOLDER, copy)
    shutil.rmtree(copy / "named values")
    shutil.rmtree(copy / "subscriptions")
    with pytest.raises(PolicySyntaxError, match="environment"):
        load_gateway(copy).send("/leads/5")
    gateway, found = loaded(copy)
    assert found.problems == []
    rows = [(each.kind, each.name, each.purpose) for each in found.stand_ins]
    assert rows == [
        ("named value", "environment", "not in this repository"),
        ("named value", "orders-key", "not in this repository"),
        ("subscription", "stand-in", "its key is 'key', for all APIs"),
    ]
    assert gateway.send("/leads/5").response.status_code == 200
    assert gateway.send("/orders/17").response.status_code == 401
    assert gateway.send("/orders/17?key=key").response.status_code == 200
    with (
        pytest.raises(ConfigurationError, match="the named value 'environment' is missing"),
        lenient(Leniency(is_strict=True)),
    ):
        load_gateway(copy)


def test_a_folder_that_is_no_service(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="there is no service in the folder"):
        load_gateway(tmp_path)


def test_the_layout_of_another_tool_is_no_mistake(tmp_path: Path) -> None:
    policy = "<policies><inbound><base /></inbound><backend /><outbound /><on-error /></policies>"
    for place in ("apis/orders", "apis/orders/v1", "products/starter", "more"):
        (tmp_path / place).mkdir(parents=True)
        (tmp_path / place / "policy.xml").write_text(policy)
    assert read_extract(str(tmp_path)).problems == []
    (tmp_path / "apis/orders/apiInformation.json").write_text('{"properties": {"path": "orders"}}')
    named = {Path(each.origin.file).parent.name for each in read_extract(str(tmp_path)).problems}
    assert named == {"starter", "more", "v1"}
