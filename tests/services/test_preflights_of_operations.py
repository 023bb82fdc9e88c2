"""Proofs about an operation of a service include the preflights that are routed to it, which cors answers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from apimpolicy.cli import main

if TYPE_CHECKING:
    from pathlib import Path

CORS = (
    "<cors><allowed-origins><origin>https://a.example</origin></allowed-origins>"
    "<allowed-methods><method>*</method></allowed-methods></cors>"
)
POLICY = (
    "<policies><inbound><base />{}</inbound><backend><base /></backend><outbound><base /></outbound>"
    "<on-error><base /></on-error></policies>"
)
GLOBAL = "<policies><inbound /><backend><forward-request /></backend><outbound /><on-error /></policies>"
REACHES = "{if: {status: 200}, then: reaches-backend}"
SUBSCRIBED = "{if: {status: 200}, then: '@(context.Subscription != null)'}"
OF_GET = "{if: ['@(context.Request.Method == \"GET\")', {status: 200}], then: reaches-backend}"
NO_OPTIONS = "{if: '@(context.Request.Method == \"OPTIONS\")', never: reaches-backend}"


@pytest.mark.parametrize(
    ("method", "needs_key", "inbound", "claim", "status"),
    [
        ("GET", False, CORS, REACHES, "false"),
        ("PUT", False, CORS, REACHES, "false"),
        ("GET", False, CORS, OF_GET, "proven"),
        ("GET", False, CORS, NO_OPTIONS, "proven"),
        ("GET", False, "", REACHES, "proven"),
        ("GET", True, CORS, REACHES, "false"),
        ("GET", True, CORS, SUBSCRIBED, "false"),
        ("GET", True, "", SUBSCRIBED, "proven"),
    ],
)
def test_a_preflight_is_a_request_to_its_operation(
    method: str,
    needs_key: bool,
    inbound: str,
    claim: str,
    status: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    pytest.importorskip("z3")
    api = {
        "path": "orders",
        "displayName": "Orders",
        "subscriptionRequired": needs_key,
        "serviceUrl": "https://o.example",
    }
    operation = {"method": method, "urlTemplate": "/{id}", "displayName": "one"}
    files = {
        "policy.xml": GLOBAL,
        "apis/orders/apiInformation.json": json.dumps({"properties": api}),
        "apis/orders/operations/one/operationInformation.json": json.dumps({"properties": operation}),
        "apis/orders/policy.xml": POLICY.format(inbound),
        "claims.test.yaml": f"service: .\nclaims:\n  - {claim}\n",
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    main(["prove", str(tmp_path / "claims.test.yaml"), "--format", "json"])
    found = json.loads(capsys.readouterr().out)
    assert {each["status"] for each in found["claims"]} == {status}, found
