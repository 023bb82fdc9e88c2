"""Who reaches the backend: the answers of the audit about policies, compared with requests."""

from __future__ import annotations

import json
import os
import re
from functools import cache
from itertools import permutations
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attempts
import pytest
from tests.rows import read_yaml
from tests.sampling import sampled

from apimpolicy import Gateway
from apimpolicy.gateway.context.entities import Api, Operation, Product
from apimpolicy.gateway.engine.document import replace_file
from apimpolicy.gateway.engine.service import Service, ServiceApi, ServiceOperation, ServiceProduct
from apimpolicy.gateway.engine.token_issuers import OpenIdProvider
from apimpolicy.project.audit_requirements import is_allowed
from apimpolicy.project.audit_settings import Requirement
from apimpolicy.project.gateways import load_gateway
from apimpolicy.project.layout import is_service_folder
from apimpolicy.project.service.leniency import lenient
from apimpolicy.reasoning.audit import kinds
from apimpolicy.reasoning.audit.access import limited_by, outliers
from apimpolicy.reasoning.audit.analysis import audit_service
from apimpolicy.reasoning.audit.confirming import confirmed
from apimpolicy.reasoning.audit.findings import findings_of
from apimpolicy.reasoning.audit.policies import HANDLERS
from apimpolicy.reasoning.audit.states import Fact, PolicyLocation, of_facts
from apimpolicy.reasoning.audit.walk import ServiceContext
from apimpolicy.text.markup import read
from apimpolicy.text.source import Source

if TYPE_CHECKING:
    from collections.abc import Sequence

    from apimpolicy.gateway.engine.steps import Step
    from apimpolicy.reasoning.audit.states import AuditState
    from apimpolicy.reasoning.audit.walk import Walk

HERE = Path(__file__).resolve().parent
ROWS = read_yaml((HERE / "rows.yaml").read_text(encoding="utf-8"))
HOSTILE = read_yaml((HERE / "hostile.yaml").read_text(encoding="utf-8"))
PUBLIC = HERE.parents[4] / "shared" / "corpus" / "services"
BELOW = os.walk(PUBLIC) if PUBLIC.is_dir() else ()
FOLDERS = [
    HERE.parents[2] / "services" / "orders",
    *sorted(Path(folder) for folder, _, _ in BELOW if is_service_folder(folder)),
]
SHOP = [HERE.parents[2] / "services" / "shop" / form for form in ("extract", "terraform", "bicep")]
SAMPLE = 12
"""Operations of each folder that requests are sent to; all of them at night."""

DOCUMENT = """<policies><inbound>{}</inbound><backend><base /></backend>
    <outbound>{}</outbound><on-error>{}</on-error></policies>"""
JWT = """<validate-jwt {}><openid-config url="https://login.contoso.example/.well-known/openid-configuration" />
    <audiences><audience>orders</audience></audiences></validate-jwt>"""
REFUSE = '<return-response><set-status code="401" /></return-response>'
_JWT = re.compile(r"\bJWT(?:\(((?:'[^']*'|[^')])*)\))?")


_NAMED_VALUE = re.compile(r"\{\{([\w-]+)\}\}")


def policy_of(text: str) -> str:
    """Put in what the words in capital letters stand for."""
    return _JWT.sub(lambda found: JWT.format(found[1] or "header-name='Authorization'"), text).replace("REFUSE", REFUSE)


def gateway_of(row: dict[str, Any]) -> Gateway:
    products = []
    if "product" in row:
        product = Product("starter", subscription_required=row.get("product_key") != "not required")
        policy = DOCUMENT.format(policy_of(row["product"]), "", "")
        products = [ServiceProduct(product, apis=["orders"], policy=policy)]
    documents = [policy_of(row[key]) if key in row else "" for key in ("policy", "outbound", "error")]
    operation = Operation("get", row.get("method", "GET"), url_template=row.get("template", "/{id}"))
    api = ServiceApi(
        Api("orders", path="orders"),
        policy=DOCUMENT.format(*documents),
        operations=[ServiceOperation(operation)],
        subscription_required=row.get("key") == "required",
    )
    login = OpenIdProvider("https://login.contoso.example", audience="orders")
    names = set(_NAMED_VALUE.findall(" ".join(map(str, row.values()))))
    if row in HOSTILE or "values" in row:  # their named values are there, and unknown to the audit
        values = {name: login.token() if name.endswith("token") else f"value of {name}" for name in sorted(names)}
        secret = {"named_values": values, "secrets": values}
    else:
        secret = {}
    fragments = {name: f"<fragment>{text}</fragment>" for name, text in row.get("fragments", {}).items()}
    return Gateway(service=Service([api], products=products), openid_providers=[login], fragments=fragments, **secret)


@pytest.mark.parametrize("row", [*ROWS, *HOSTILE], ids=lambda row: row["name"])
def test_requests_agree(row: dict[str, Any]) -> None:
    found, rehearsal = attempts.audited(gateway_of(row))
    (operation,) = found.operations
    assert operation.access.words == row["access"]
    if "codes" in row:
        assert sorted(each.code for each in findings_of(found)) == row["codes"]
    if "limited" in row:
        assert limited_by(operation) == row["limited"]
    if row.get("is_simulated", True):
        seen = attempts.differences([operation], rehearsal)
        assert (seen.unlisted, seen.unreached) == ([], [])


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["name"])
def test_removing_a_protection_changes_the_answer(row: dict[str, Any]) -> None:
    found, _ = attempts.audited(gateway_of(row))
    (operation,) = found.operations
    places = {
        place
        for alternative in operation.alternatives
        for fact in alternative
        if fact.kind in (kinds.TOKEN, kinds.CERTIFICATE, kinds.OWN, "address")
        and (place := operation.places.get(fact)) is not None
    }
    for name in ("policy", "product"):
        for element in ("validate-jwt", "validate-client-certificate", "ip-filter", "check-header", "return-response"):
            if any(place.policy in (element, "when") for place in places) and f"<{element}" in row.get(name, ""):
                weaker = dict(row, **{name: without(row[name], element)})
                (changed,) = attempts.audited(gateway_of(weaker))[0].operations
                assert changed.alternatives != operation.alternatives, element


LENT = {
    '<set-header name="X-A"><value>{{s}}</value></set-header>': ["named value 's'"],
    '<set-header name="X-A"><value>{{plain}}</value></set-header>': [],
    '<set-query-parameter name="a"><value>{{s}}</value></set-query-parameter>': ["named value 's'"],
    '<set-query-parameter name="code"><value>{{plain}}</value></set-query-parameter>': ["named value 'plain'"],
    '<rewrite-uri template="/x?a={{s}}" />': ["named value 's'"],
    '<rewrite-uri template="/x?sig={{plain}}" />': ["named value 'plain'"],
    '<rewrite-uri template="/x?a=1&amp;code={{plain}}" />': ["named value 'plain'"],
    '<rewrite-uri template="/x/{{plain}}?a={{plain}}" />': [],
    '<rewrite-uri template="/services/{{s}}" />': ["named value 's'"],
    '<rewrite-uri template="@(&quot;/x?a=&quot; + &quot;{{s}}&quot;)" />': ["named value 's'"],
    '<set-backend-service base-url="https://a.example/x?code={{plain}}" />': ["named value 'plain'"],
    '<set-backend-service base-url="{{s}}" />': ["named value 's'"],
    '<set-backend-service base-url="{{plain}}" />': [],
    '<set-body>{ "key": "{{s}}" }</set-body>': ["named value 's'"],
    '<set-variable name="v" value="{{s}}" /><set-header name="X-A"><value>@((string)context.Variables["v"])</value>'
    "</set-header>": ["named value 's'"],
    '<set-variable name="v" value="{{s}}" />'
    '<rewrite-uri template="@(&quot;/x?a=&quot; + context.Variables[&quot;v&quot;])" />': ["named value 's'"],
    '<set-variable name="v" value="{{s}}" />': [],
}
"""What the gateway adds to a request: s is a secret named value whose value isn't known."""


@pytest.mark.parametrize("policy", LENT)
def test_a_secret_without_a_value_is_lent_wherever_it_goes(policy: str) -> None:
    gateway = gateway_of({"policy": policy})
    gateway.unknown_secrets = frozenset("s")
    (operation,) = attempts.audited(gateway)[0].operations
    assert [action.subject for action in operation.actions if action.kind == kinds.LENDS] == LENT[policy]


SECRETS = {
    "a secret": ({"secret": True}, True),
    "a reference to Key Vault": ({"keyVault": {"secretIdentifier": "https://kv.vault.azure.net/secrets/s"}}, True),
    "no secret": ({"secret": False}, False),
}


@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_of_an_extract_is_one_without_its_value(name: str, tmp_path: Path) -> None:
    properties, is_lent = SECRETS[name]
    texts = {
        "named values/s/namedValueInformation.json": {"properties": {"displayName": "s", **properties}},
        "apis/orders/apiInformation.json": {
            "properties": {
                "displayName": "Orders",
                "path": "orders",
                "protocols": ["https"],
                "subscriptionRequired": False,
            }
        },
        "apis/orders/specification.json": {
            "openapi": "3.0.0",
            "info": {"title": "a", "version": "1"},
            "paths": {"/a": {"get": {}}},
        },
    }
    for path, content in texts.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(json.dumps(content))
    header = '<set-header name="X-A"><value>{{s}}</value></set-header>'
    (tmp_path / "apis/orders/policy.xml").write_text(DOCUMENT.format(header, "", ""))
    with lenient():
        gateway = load_gateway(str(tmp_path))
    (operation,) = attempts.audited(gateway)[0].operations
    assert [action.subject for action in operation.actions if action.kind == kinds.LENDS] == [
        "named value 's'"
    ] * is_lent


FAULTS = {
    "passes": "the method decides",
    "header": "a header has to be there",
    "address": "an address is forbidden",
    "waits": "wait does not stop a request",
    "header-set": "a header that a policy has set has that value",
    "branches": "a token is validated only where the header is there",
    "limits": "a limit that counts nobody",
}


@pytest.mark.parametrize("word", FAULTS)
def test_requests_reveal_an_audit_that_claims_too_much(word: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def claims(walk: Walk, step: Step, state: AuditState) -> AuditState:
        return walk.proving(step, state, of_facts(Fact(kinds.CERTIFICATE, kinds.VERIFIED)))

    row = next(each for each in ROWS if each["name"] == FAULTS[word])
    if word == "passes":
        row = dict(row, policy="<set-method>PUT</set-method>")
    monkeypatch.setitem(HANDLERS, word, claims)
    found, rehearsal = attempts.audited(gateway_of(row))
    seen = attempts.differences(list(found.operations), rehearsal)
    assert seen.unlisted or seen.unreached


GONE = '<include-fragment fragment-id="gone" />'
SIBLINGS = {
    "two agree": (["JWT", "JWT", "<base />"], ["<base />"]),
    "one says nothing": (["JWT", "<base />"], []),
    "three don't, two do": (["JWT", "JWT", "<base />", "REFUSE", "JWT"], ["<base />"]),
    "undecided ones are no measure": ([GONE, GONE, GONE, "JWT"], []),
    "undecided ones are not weaker": (["JWT", "JWT", GONE], []),
    "what is open to most is open": (["<base />", "<base />", "JWT"], []),
}


def operations_of(policies: Sequence[str], global_policy: str = "") -> Service:
    """A service with an operation for each policy."""
    operations = [
        ServiceOperation(
            Operation(f"get{number}", "GET", url_template=f"/{number}"),
            policy=DOCUMENT.format(policy_of(policy), "", ""),
        )
        for number, policy in enumerate(policies)
    ]
    api = ServiceApi(Api("orders", path="orders"), operations=operations, subscription_required=False)
    document = DOCUMENT.format(global_policy, "", "").replace("<base />", "<forward-request />")
    return Service([api], policy=document if global_policy else None)


@pytest.mark.parametrize("name", SIBLINGS)
def test_operations_that_ask_for_less_than_most_of_their_siblings(name: str) -> None:
    policies, weaker = SIBLINGS[name]
    for order in sorted(set(permutations(policies))):
        found = list(attempts.audited(Gateway(service=operations_of(order)))[0].operations)
        assert [order[found.index(each)] for each in outliers(found)] == weaker, order


def test_what_only_the_global_policy_leaves_open_has_an_answer_without_it() -> None:
    gateway = Gateway(service=operations_of(["<base />JWT", GONE, "<base />"], GONE))
    context = ServiceContext.of(gateway)
    assert gateway.service is not None
    assert [each.assumed for each in audit_service(gateway.service, context).operations] == [None] * 3
    found = audit_service(gateway.service, context._replace(lacks_global_policy=True)).operations
    assert [each.access.words for each in found] == ["token", "not decided", "not decided"]
    assert [each.assumed and each.assumed.access.words for each in found] == [None, None, "anyone"]


@pytest.mark.parametrize("row", [row for row in HOSTILE if row["access"] == "anyone"], ids=lambda row: row["name"])
def test_a_gate_stops_what_is_open(row: dict[str, Any]) -> None:
    """An operation that is open only by a value of the gateway stays open though no request shows it."""
    found, rehearsal = attempts.audited(gateway_of(row))
    (operation,) = confirmed(found, rehearsal).audit.operations
    if "confirmed" not in row:
        assert not is_allowed(operation, Requirement("key or token or certificate or address"))


def test_independent_choices_leave_no_trace() -> None:
    choice = """<choose><when condition="@(context.Request.Headers.ContainsKey(&quot;x-{0}&quot;))">
        <set-header name="y-{0}"><value>1</value></set-header></when></choose>"""
    found, _ = attempts.audited(gateway_of({"policy": "".join(map(choice.format, range(60)))}))
    (operation,) = found.operations
    assert (operation.alternatives, dict(operation.actions)) == ({frozenset()}, {})


def without(policy: str, element: str) -> str:
    """The policy with the elements of a name commented out."""
    begin = policy.index(f"<{element}")
    end = policy.find(f"</{element}>", begin)
    end = policy.index("/>", begin) + 2 if end < 0 else end + len(f"</{element}>")
    return policy[:begin] + policy[end:]


@pytest.mark.skipif(not PUBLIC.is_dir(), reason="the public services are not beside this checkout")
def test_public_services_are_classified() -> None:
    counts = {True: 0, False: 0}
    for folder in FOLDERS:
        for operation in audited_once(folder)[0].operations:
            counts[operation.access.is_decided] += 1
    assert counts[True] >= 0.97 * sum(counts.values()), counts


@pytest.mark.parametrize("folder", [*SHOP, *FOLDERS], ids=lambda folder: f"{folder.parent.name}/{folder.name}")
def test_requests_to_services_agree(folder: Path) -> None:
    found, rehearsal = audited_once(folder)
    seen = attempts.differences(sampled(found.operations, SAMPLE), rehearsal)
    assert (seen.unlisted, seen.unreached) == ([], [])


def test_infrastructure_code_has_the_answers_of_an_extract() -> None:
    extract, *others = [audited_once(folder)[0].operations for folder in SHOP]
    expected = sorted((each.api.id, each.name, each.access.words) for each in extract)
    for operations in others:
        assert sorted((each.api.id, each.name, each.access.words) for each in operations) == expected


@cache
def audited_once(folder: Path) -> Any:
    """Audit a folder, once for all tests."""
    return audited_folder(folder)


def audited_folder(folder: Path) -> Any:
    with lenient():
        gateway = load_gateway(folder)
    return attempts.audited(gateway)


@pytest.mark.parametrize("folder", [*SHOP[:1], *FOLDERS], ids=lambda folder: f"{folder.parent.name}/{folder.name}")
def test_removing_a_check_changes_the_answers(folder: Path) -> None:
    before = {each.key: each for each in audited_once(folder)[0].operations}
    checks: dict[PolicyLocation, list[tuple[str, str]]] = {}
    for key, operation in before.items():
        for fact in {fact for alternative in operation.alternatives for fact in alternative}:
            place = operation.places.get(fact)
            if place is not None and fact.is_true and fact.kind in (kinds.TOKEN, kinds.CERTIFICATE, kinds.ADDRESS):
                checks.setdefault(place, []).append(key)
    for place, keys in sampled(checks.items(), 2):
        with replace_file(place.file, removed(place)):
            after = {each.key: each for each in audited_folder(folder)[0].operations}
        assert any(after[key].alternatives != before[key].alternatives for key in keys), place


def removed(place: PolicyLocation) -> bytes:
    """The policy without the element at a place."""
    text = Path(place.file).read_text("utf-8-sig")
    source = Source(text, place.file)
    start = source.line_starts[place.line - 1] + place.column - 1
    element = next(each for each in read(source).elements() if each.start == start)
    return (text[:start] + text[element.end :]).encode()
