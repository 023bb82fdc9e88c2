"""A whole service in Python: what tests of policies look like, and what does not fit together."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from apimpolicy import (
    Api,
    Backend,
    BackendPool,
    CircuitBreaker,
    ConfigurationError,
    FixedClock,
    Gateway,
    Operation,
    PoolMember,
    Product,
    RecordedAnswer,
    RecordedAnswers,
    Request,
    Response,
    Service,
    ServiceApi,
    ServiceOperation,
    ServiceProduct,
    ServiceSubscription,
    ServiceWorkspace,
    Subscription,
    VersionSet,
    Workspace,
)
from apimpolicy.gateway.engine.service import scope_target
from apimpolicy.report.explanation import explain, render

OPENAPI = {
    "openapi": "3.0.1",
    "info": {"title": "Orders", "version": "1"},
    "servers": [{"url": "https://orders.internal/api"}],
    "paths": {
        "/{id}": {"get": {"operationId": "get", "responses": {"200": {"description": "ok"}}}},
        "/": {"get": {"operationId": "list", "responses": {"200": {"description": "ok"}}}},
    },
}
MARK = "<policies><inbound><base /><set-header name='{0}'><value>1</value></set-header></inbound></policies>"


def test_operations_are_those_of_the_description_and_those_given() -> None:
    api = ServiceApi(
        Api("orders", path="orders"),
        openapi=OPENAPI,
        operation_policies={"list": MARK.format("List")},
        operations=[
            ServiceOperation(Operation("get", "GET", "Get one", "/{id}"), MARK.format("Get")),
            Operation("put", "PUT", url_template="/{id}"),
        ],
        subscription_required=False,
    )
    gateway = Gateway(service=Service([api]))
    one, all_, put = (
        gateway.send(request)
        for request in (Request.get("/orders/17"), Request.get("/orders"), Request.put("/orders/5"))
    )
    assert (one.exchange.context.operation.name, all_.exchange.context.operation.id) == ("Get one", "list")
    assert put.exchange.context.operation.id == "put"
    assert [result.backend_requests[0].url for result in (one, all_, put)] == [
        "https://orders.internal/api/17",
        "https://orders.internal/api/",
        "https://orders.internal/api/5",
    ]
    assert "Get" in one.backend_requests[0].headers
    assert "List" in all_.backend_requests[0].headers
    assert one.exchange.described_operation is not None
    assert put.exchange.described_operation is None


def test_the_product_that_a_gateway_names_counts_without_subscriptions() -> None:
    service = Service(
        [ServiceApi(Api("orders", path="orders"))],
        products=[ServiceProduct(Product("starter"), apis=["orders"], policy=MARK.format("Starter"))],
    )
    assert "Starter" not in Gateway(service=service).send("/orders").backend_requests[0].headers
    named = Gateway(service=service, product=Product("starter"))
    assert "Starter" in named.send("/orders").backend_requests[0].headers


def test_limits_of_a_product_follow_its_apis_and_their_operations() -> None:
    limit = """<policies><inbound><rate-limit calls="4" renewal-period="60"><api name="B" calls="2" renewal-period="60">
        <operation id="new" calls="1" renewal-period="60" /></api></rate-limit><base /></inbound></policies>"""
    service = Service(
        [
            ServiceApi(Api("a", path="a")),
            ServiceApi(Api("b", "B", path="b"), operations=[Operation("new", "POST"), Operation("all", "GET")]),
        ],
        products=[ServiceProduct(Product("both"), apis=["a", "b"], policy=limit)],
        subscriptions=[ServiceSubscription(Subscription("s", primary_key="k"), "/products/both")],
    )
    gateway = Gateway(service=service, now=datetime(2026, 1, 1, tzinfo=UTC))
    calls = [("POST", "b", 200), ("POST", "b", 429), ("GET", "b", 200), ("GET", "b", 429), ("GET", "a", 200)]
    for method, path, status in [*calls, ("GET", "a", 200), ("GET", "a", 429)]:
        request = Request(method, f"/{path}?subscription-key=k")
        assert gateway.send(request).response.status_code == status, (method, path)


def test_a_refusal_is_explained() -> None:
    service = Service(
        [ServiceApi(Api("orders", path="orders"))],
        subscriptions=[ServiceSubscription(Subscription("s", primary_key="k"), "/apis/orders")],
    )
    shown = render(explain(Gateway(service=service).send("/orders")))
    assert "SubscriptionKeyNotFound" in shown
    assert "401 Access Denied" in shown


def test_send_needs_a_service() -> None:
    with pytest.raises(ConfigurationError, match="Gateway\\(service=…\\)"):
        Gateway().send("/orders")


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (
            lambda: Service([ServiceApi(Api("a", path="x")), ServiceApi(Api("b", path="/X/"))]),
            "the APIs 'a' and 'b' both answer for /X",
        ),
        (lambda: Service([ServiceApi(Api("a"), workspace="w")]), "in the workspace 'w', which is not there"),
        (lambda: Service(products=[ServiceProduct(Product("p"), apis=["a"])]), "has the API 'a', which is not there"),
        (
            lambda: Service(subscriptions=[ServiceSubscription(Subscription("s"), "/apis/a")]),
            "the subscription 's' is for the API 'a', which is not there",
        ),
        (
            lambda: Service(subscriptions=[ServiceSubscription(Subscription(name)) for name in "st"]),
            "the subscriptions 's' and 't' have the same key",
        ),
        (lambda: ServiceSubscription(Subscription("s"), state="gone"), "the state of a subscription is one of"),
        (lambda: VersionSet("guess"), "the scheme of a version set is segment, header, query"),
        (lambda: CircuitBreaker(), "either a number of failures or a percentage"),
        (lambda: CircuitBreaker(0), "at least 1"),
        (lambda: CircuitBreaker(percentage=101), "up to 100"),
        (lambda: CircuitBreaker(1, trip_duration=0), "trip_duration of a circuit breaker is more than 0"),
        (lambda: BackendPool([]), "at least one member"),
        (lambda: PoolMember("a", weight=-1), "the weight of 'a' in a pool is from 0 to 100, not -1"),
        (lambda: Gateway(backends={"p": BackendPool(["p"])}), "has the member 'p', which is a pool itself"),
        (lambda: Gateway(backends={"p": 5}), "is a URL, a Backend or a BackendPool"),  # type: ignore[dict-item]
        (lambda: RecordedAnswer(Response(), raises="hands"), "raises one of timeout, refused"),
    ],
)
def test_what_does_not_fit(make: object, sentence: str) -> None:
    assert callable(make)
    with pytest.raises(ConfigurationError) as raised:
        make()
    assert sentence in str(raised.value)


@pytest.mark.parametrize(
    ("scope", "target"),
    [
        ("/products/starter", ("products", "starter")),
        ("/apis/orders", ("apis", "orders")),
        ("/apis", ("apis", "")),
        ("/", ("", "")),
        ("/subscriptions/1/resourceGroups/g/providers/Microsoft.ApiManagement/service/s/apis/a", ("apis", "a")),
        ("/subscriptions/1/resourceGroups/g/providers/Microsoft.ApiManagement/service/s", ("", "")),
        ("/workspaces/w/products/p", ("products", "p")),
    ],
)
def test_scopes_of_subscriptions(scope: str, target: tuple[str, str]) -> None:
    assert scope_target(scope) == target


@pytest.mark.parametrize("scope", ["starter", "/products", "/users/zoe", "/apis/a/b"])
def test_scopes_that_are_none(scope: str) -> None:
    with pytest.raises(ConfigurationError, match="is not a scope"):
        scope_target(scope)


def test_two_workspaces_and_their_policies() -> None:
    service = Service(
        [ServiceApi(Api(name, path=name), workspace=name) for name in ("a", "b")],
        workspaces=[ServiceWorkspace(Workspace("a"), MARK.format("A")), ServiceWorkspace(Workspace("b"))],
    )
    gateway = Gateway(service=service)
    assert "A" in gateway.send("/a").backend_requests[0].headers
    assert "A" not in gateway.send("/b").backend_requests[0].headers


def test_recorded_answers_take_their_time() -> None:
    clock = FixedClock(datetime(2026, 1, 1, tzinfo=UTC))
    answers = RecordedAnswers(
        [
            RecordedAnswer(Response(201), method="post", url="https://a.internal/x*"),
            RecordedAnswer(Response(200), url="https://a.internal/slow", delay=9),
        ],
        Response(404),
    )
    gateway = Gateway(backend=answers, now=clock, api=Api(service_url="https://a.internal"))
    policy = "<policies><backend><forward-request timeout='5' /></backend></policies>"
    assert gateway.run(policy, Request.post("/x/1")).response.status_code == 201
    assert gateway.run(policy, "/x/1").response.status_code == 404
    late = gateway.run(policy, "/slow")
    assert late.error is not None
    assert late.error.reason == "Timeout"
    assert clock.now() == datetime(2026, 1, 1, 0, 0, 9, tzinfo=UTC)


def test_a_backend_says_what_it_is() -> None:
    backends: dict[str, Backend | BackendPool] = {
        "east": Backend("https://east.internal", azure_region="West Europe"),
        "all": BackendPool(["east"]),
    }
    gateway = Gateway(backends=backends)
    policy = """<policies><inbound><set-backend-service backend-id="{0}" /></inbound>
        <backend><forward-request /></backend>
        <outbound><set-header name="B"><value>@(context.Backend.Id + context.Backend.Type + context.Backend.AzureRegion)
        </value></set-header></outbound></policies>"""
    assert gateway.run(policy.format("east"), "/").response.headers["B"] == "eastSingleWest Europe"
    assert gateway.run(policy.format("all"), "/").response.headers["B"] == "allPool"
