"""The examples of Microsoft's documentation of each policy run, or are listed with the reason.

A whole document runs as it is; sections get the others around them; what stands alone is put into a section where its
policy may stand. Everything that an example names is there: named values, backends, fragments, tokens. An example has
run when its policies were reached and the pipeline came to its end, by the policy's own refusal if it refuses.
"""

from __future__ import annotations

import functools
import json
import re
from pathlib import Path
from typing import Any

import pytest
from scenarios import Scenarios

from apimpolicy import (
    ApimPolicyError,
    Authorizations,
    Certificate,
    DiagnosticError,
    Gateway,
    ManagedIdentity,
    OpenIdProvider,
    Operation,
    Product,
    Request,
    Response,
    SafetyWords,
    Subscription,
    User,
)
from apimpolicy.gateway.policies.data_sources import RecordedCosmos, RecordedSql
from apimpolicy.gateway.policies.registry import specification_of
from apimpolicy.gateway.policies.spec import SECTIONS
from apimpolicy.testing.authority import TestAuthority
from apimpolicy.text.markup import read
from apimpolicy.text.source import decode

DOCUMENTS = Path(__file__).parents[3] / "shared/corpus/documents/documentation"
pytestmark = pytest.mark.skipif(not DOCUMENTS.is_dir(), reason="the corpus of real policies is not here")
STATEMENT = "a statement of the syntax: placeholders and alternatives in place of values"
MISTAKE = "a mistake of the document: code or markup that does not compile anywhere"
TEMPLATE = "a placeholder that the reader is to fill in first"
DOES_NOT_RUN = (
    (r"-policy\.md-00\.xml", STATEMENT),
    (r"set-body-policy\.md-02", MISTAKE),
    (r"set-body-policy\.md-03", TEMPLATE),
)
XML = "<order><id>1</id></order>"
XSD = '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"><xs:element name="order" /></xs:schema>'
MANAGER = "https://azure-api.net/authorization-manager"
VARIABLES = {"execute-branch-one=": True, "execute-branch-two=": True}
SCENARIOS = Scenarios(Path(__file__).parent / "documentation")
NO_BREAK_SPACE = "\u00a0"
"""Some pages have it where code has blanks."""
ANSWER = {
    "id": 1,
    "active": True,
    "choices": [],
    "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
}
ISSUER = re.compile(r'url="([^"<{]+)/\.well-known/openid-configuration"')
NAMED = re.compile(r"\{\{([\w.-]+)\}\}")
IDS = {"backends": re.compile(r'backend-id="([^"@{]+)"'), "fragments": re.compile(r'fragment-id="([^"]+)"')}


def name_of(path: Path) -> str:
    return path.name.removesuffix(".xml")


def document(text: str, path: Path) -> str:
    """The example as a document."""
    source, _ = decode(text.encode(), path.name)
    roots = list(read(source).roots)
    names = [root.name for root in roots]
    if names == ["policies"] or any(name.endswith("-data-source") for name in names):
        return text
    if names == ["fragment"]:
        inside = roots[0]
        text, names = source.text[inside.content_start : inside.content_end], ["fragment"]
    if set(names) <= set(SECTIONS):
        missing = "".join(f"<{name}><base /></{name}>" for name in SECTIONS if name not in names)
        return f"<policies>{text}{missing}</policies>"
    specification = specification_of(names[0])
    section = "inbound"
    if specification is not None:
        section = next((name for name in SECTIONS if name in specification.sections), "inbound")
    if any(element.name == "forward-request" for root in roots for element in root.descendants()):
        section = "backend"
    elif "context.Response" in text and (specification is None or "outbound" in specification.sections):
        section = "outbound"
    parts = dict.fromkeys(SECTIONS, "<base />")
    parts[section] = text if section == "backend" else f"<base />{text}"
    return f"<policies>{''.join(f'<{name}>{content}</{name}>' for name, content in parts.items())}</policies>"


@functools.cache
def _rsa() -> Certificate:
    return TestAuthority().client("rsa", rsa=True)


def gateway_for(text: str, provider: OpenIdProvider, answer: Response) -> Gateway:
    found = {kind: set(pattern.findall(text)) for kind, pattern in IDS.items()}
    authorizations = Authorizations()
    for name, connection in (("github-01", "auth-01"), ("", "")):
        authorizations.add(name, connection, access_token="token")
    return Gateway(
        named_values=dict.fromkeys(NAMED.findall(text), "1000"),
        certificates=dict.fromkeys(("my-rsa-cert", "my-certificate-in-api-management"), _rsa()),
        backends=dict.fromkeys(found["backends"] | {"primary-backend", "secondary-backend"}, "https://backend.example"),
        schemas={"myschema": XSD},
        fragments=dict.fromkeys(found["fragments"], "<fragment><set-method>GET</set-method></fragment>"),
        backend=answer,
        managed_identity=ManagedIdentity(),
        authorizations=authorizations,
        content_safety=SafetyWords(),
        openid_providers=[provider, *map(OpenIdProvider, ISSUER.findall(text))],
        subscription=Subscription("team"),
        user=User("user"),
        product=Product("starter"),
        operation=Operation("any", "POST", url_template="/{a}/{b}"),
        sql=RecordedSql([]),
        cosmos=RecordedCosmos({}),
    )


def problem(path: Path) -> str | None:
    """What keeps an example from running; None when nothing does."""
    text = decode(path.read_bytes(), path.name)[0].text.replace(NO_BREAK_SPACE, " ")
    try:
        made = document(text, path)
        takes_xml = re.match(r"(xml-to-json|xsl-transform)", path.name)
        kind = {"Content-Type": "text/xml" if takes_xml else "application/json"}
        body = XML if takes_xml else json.dumps(ANSWER)
        provider = OpenIdProvider("https://login.example")
        gateway = gateway_for(made, provider, Response(200, headers=kind, body=body))
        if re.match(r"\s*(<!--.*?-->\s*)*<[\w-]+-data-source", made, re.DOTALL):
            gateway.resolve(made, arguments={"id": "1"}, parent={"id": "1"})
            return None
        token = provider.token(audience=MANAGER, claims={"oid": "me", "tid": "contoso"})
        headers = {**kind, "Authorization": f"Bearer {token}"}
        request = Request("POST", "/orders/1?id=1", headers=headers, body=body)
        result: Any = gateway.run(made, request, variables=VARIABLES)
    except ApimPolicyError as error:
        return f"{type(error).__name__}: {str(error)[:200]}"
    if result.error is not None and result.error.reason in (None, "ExpressionValueEvaluationFailure"):
        return f"{result.error.source}: {result.error.message[:150]}"
    return None


def test_every_example_runs_or_is_listed() -> None:
    ran: list[str] = []
    unexpected: list[str] = []
    used: set[str] = set()
    with_scenario = {scenario["file"] for scenario in SCENARIOS.all}
    for path in sorted(file for file in DOCUMENTS.rglob("*.xml")):
        found = None if name_of(path) in with_scenario else problem(path)
        reason = next((pattern for pattern, _ in DOES_NOT_RUN if re.search(pattern, path.name)), None)
        if found is None:
            ran.append(path.name)
        elif reason is None:
            unexpected.append(f"{name_of(path)}: {found}")
        else:
            used.add(reason)
    assert not unexpected, "\n".join(unexpected)
    assert used == {pattern for pattern, _ in DOES_NOT_RUN}
    assert len(ran) >= 90


def test_every_name_in_a_statement_of_the_syntax_is_known() -> None:
    unknown: list[str] = []
    for path in sorted(DOCUMENTS.rglob("*-policy.md-00.xml")):
        text = decode(path.read_bytes(), path.name)[0].text.replace(NO_BREAK_SPACE, " ")
        try:
            made = document(text, path)
            Gateway(named_values=dict.fromkeys(NAMED.findall(text), "1")).run(made, Request("GET", "/orders"))
        except DiagnosticError as error:
            wrong = [finding for finding in error.diagnostics if finding.code in ("POL101", "POL102")]
            wrong += [finding for finding in error.diagnostics if "invalid child element" in finding.message]
            unknown += [f"{path.name}: {finding.message}" for finding in wrong]
        except ApimPolicyError:
            continue
    assert not unknown, "\n".join(unknown)
