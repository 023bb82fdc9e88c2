"""What explanations say of requests that find no API, no operation, no subscription."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from apimpolicy import (
    Api,
    Gateway,
    Operation,
    Request,
    Service,
    ServiceApi,
    ServiceSubscription,
    Subscription,
    VersionSet,
    explain,
)

if TYPE_CHECKING:
    from pathlib import Path

POLICY = """<policies><inbound><base />
    <rate-limit calls="1" renewal-period="60" /><quota calls="1" renewal-period="60" />
</inbound></policies>"""
ORDERS = ServiceApi(
    Api("orders", path="orders"),
    policy=POLICY,
    operations=[Operation("get", "GET", url_template="/{id}"), Operation("new", "POST", url_template="/")],
    subscription_required=False,
)
VERSIONS = [
    ServiceApi(Api(f"items-{scheme}", path=f"items-{scheme}", version="v2"), version_set=VersionSet(scheme, name))
    for scheme, name in (("segment", ""), ("header", "X-V"), ("query", "v"))
]


@pytest.mark.parametrize(
    ("request_", "sentence"),
    [
        (
            Request("DELETE", "/orders/17"),
            "No operation of the API 'orders' matches DELETE /orders/17. Operations (below /orders): GET /{id}, POST /",
        ),
        (
            Request("GET", "/nowhere"),
            "No API matches /nowhere. APIs: orders at /orders, items-segment at /items-segment/v2, "
            "items-header at /items-header with v2 in the header X-V, "
            "items-query at /items-query with v2 in the query parameter v",
        ),
        (Request("GET", "/items-segment/v2"), "Send the key of a subscription in the header Ocp-Apim-Subscription-Key"),
        (Request("GET", "/orders/17"), "rate-limit was not applied: it counts the calls of a subscription"),
        (Request("GET", "/orders/17"), "quota was not applied: it counts the calls of a subscription"),
    ],
)
def test_notes(request_: Request, sentence: str) -> None:
    subscription = ServiceSubscription(Subscription("partner", primary_key="k"), "/apis")
    gateway = Gateway(service=Service([ORDERS, *VERSIONS], subscriptions=[subscription]))
    assert sentence in " ".join(explain(gateway.send(request_)).notes)


def test_a_policy_alone() -> None:
    result = Gateway(operation=Operation("get", "GET", url_template="/a")).run("<policies />", "/b")
    assert "No operation of the API matches GET /b. Operations: GET /a" in explain(result).notes
    assert "the gateway itself" in explain(result).decided_by


def test_files_of_apiops_have_their_path(tmp_path: Path) -> None:
    folder = tmp_path / "apis" / "orders"
    folder.mkdir(parents=True)
    answer = "<return-response><set-status code='204' reason='No' /></return-response>"
    (folder / "policy.xml").write_text(f"<policies><inbound>{answer}</inbound></policies>")
    explanation = explain(Gateway().run(folder / "policy.xml", "/a"))
    assert explanation.decided_by == "apis/orders/policy.xml:1 return-response"
