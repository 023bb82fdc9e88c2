"""Every real document with a policy of the description, or a resolver, runs or is listed here with the reason."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from apimpolicy import DiagnosticError, Gateway, NotSimulatedError, Request, Response
from apimpolicy.gateway.context.entities import Subscription
from apimpolicy.gateway.policies.data_sources import RecordedCosmos, RecordedSql

DOCUMENTS = Path(__file__).parents[5] / "shared" / "corpus" / "documents"
pytestmark = pytest.mark.skipif(not DOCUMENTS.is_dir(), reason="the corpus of real policies is not here")

OURS = re.compile(
    r"<(?:validate-(?:content|parameters|headers|status-code|odata-request|graphql-request)|mock-response"
    r"|[a-z]+-data-source|publish-event|invoke-request)\b"
)
FEWEST = 120
XSD = '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" />'
TOOLKIT = "azure-api-management-policy-toolkit/test/"

# The ends of paths, and what the exception says.
DO_NOT_RUN = {
    # Statements of the reference with "a | b" and "…" in them, or a tag that is not closed.
    "cosmosdb-data-source-policy.md-00.xml": "POL104",
    "cosmosdb-data-source-policy.md-02.xml": "POL006",
    "http-data-source-policy.md-00.xml": "POL006",
    "publish-event-policy.md-00.xml": "POL108",
    "sql-data-source-policy.md-00.xml": "POL103",
    "validate-content-policy.md-00.xml": "POL011",
    # Its expression lacks a semicolon.
    "http-data-source-policy.md-03.xml": "CS1002",
    # An attribute of another name: no document, schema or tool knows size-limit-exceeded-action.
    "src/third-party-integrations/README.md-00.xml": "POL103",
    "stripe-payment/README.md-00.xml": "POL103",
    # The toolkit's own mistakes: error-variable-name, action="allow".
    f"{TOOLKIT}Test.Core/Compiling/ValidateStatusCodeTests.cs-02.xml": "POL102",
    f"{TOOLKIT}Test.Core/Compiling/ValidateStatusCodeTests.cs-03.xml": "POL104",
    f"{TOOLKIT}Test.Core/Compiling/ValidateStatusCodeTests.cs-04.xml": "POL104",
    f"{TOOLKIT}Test.Decompiling/TestData/validate-status-code.xml": "POL102",
    # Not documented.
}
# A tag of Liquid that there is not, in an example of the reference.
RESOLVER_FAILS = {"sql-data-source-policy.md-02.xml": "Unknown tag 'JSONArray'"}


def gateway_for(text: str) -> Gateway:
    """A gateway with what a document refers to."""
    ids = re.findall(r'schema-id="([^"]*)"', text)
    xml = re.findall(r'validate-as="(?:xml|soap)"[^>]*schema-id="([^"]*)"', text)
    asked = re.findall(r"\{\{((?!body\.)[\w.-]+)\}\}", text)
    named = dict.fromkeys(asked, "x") | {"starwarsapi": "https://swapi.example"}
    return Gateway(
        schemas={name: XSD if name in xml else {} for name in ids},
        openapi={"openapi": "3.1.0", "info": {"title": "Nothing"}, "paths": {}},
        wsdl=XSD,
        named_values=named,
        fragments=dict.fromkeys(re.findall(r'fragment-id="([^"]*)"', text), "<fragment />"),
        graphql_schema="type Query { a: Int }",
        sql=RecordedSql([{"id": 1, "name": "Ada"}]),
        cosmos=RecordedCosmos({"id": "1"}),
        subscription=Subscription(),
        backend=Response(200, json={"results": []}),
    )


ARGUMENTS: dict[str, Any] = {"id": "1", "name": "Ada", "firstName": "Ada", "intField": 1, "floatField": 1.5}
ARGUMENTS["boolField"] = True
REQUESTS = (
    lambda: Request("GET", "/a"),
    lambda: Request("POST", "/a", json={"query": "{ a }"}),
    lambda: Request("POST", "/a", body="<a/>", headers={"Content-Type": "application/xml"}),
)


def run(path: Path, text: str) -> str:
    """What keeps a document from running; empty when nothing does."""
    gateway = gateway_for(text)
    try:
        if text.lstrip("\ufeff \r\n").partition(">")[0].rstrip().endswith("-data-source"):
            resolution = gateway.resolve(path, arguments=ARGUMENTS, parent={"id": "2"})
            return "" if resolution.error is None else resolution.error.message
        for request in REQUESTS:
            gateway.run(path, request())
    except (DiagnosticError, NotSimulatedError) as error:
        return str(error)
    return ""


def test_every_document_runs_or_has_a_reason() -> None:
    expected = DO_NOT_RUN | RESOLVER_FAILS
    wrong: list[str] = []
    count, met = 0, set()
    for path in sorted(path for path in DOCUMENTS.rglob("*") if path.is_file()):
        text = path.read_text("utf-8", "replace")
        if not OURS.search(text):
            continue
        count += 1
        reason = next((end for end in expected if str(path).endswith(end)), None)
        said = run(path, text)
        if reason is None and said:
            wrong.append(f"{path.relative_to(DOCUMENTS)}: {said[:300]}")
        elif reason is not None:
            met.add(reason)
            if expected[reason] not in said:
                wrong.append(f"{path.relative_to(DOCUMENTS)}: expected {expected[reason]!r}, was {said[:300]!r}")
    assert not wrong, "\n".join(wrong)
    assert count >= FEWEST
    assert met == set(expected)
