"""Laws of the order of checks: removing one, adding an accepted value and widening a range is weaker, the reverse
stronger, and each version is the same as itself.
"""

from __future__ import annotations

import ipaddress
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.sampling import examples

from apimpolicy.gateway.context.records import Request
from apimpolicy.gateway.engine.gateway import Gateway
from apimpolicy.reasoning.audit import kinds
from apimpolicy.reasoning.audit.analysis import alternatives_of
from apimpolicy.reasoning.audit.order import CHANGED, STRONGER, UNCHANGED, UNKNOWN, WEAKER, compared, implies
from apimpolicy.reasoning.audit.states import ALWAYS, Alternatives, Fact, of_facts
from apimpolicy.reasoning.audit.walk import ServiceContext

REVERSE = {WEAKER: STRONGER, STRONGER: WEAKER, CHANGED: CHANGED, UNCHANGED: UNCHANGED, UNKNOWN: UNKNOWN}
URL = "https://login.contoso.example/.well-known/openid-configuration"
VALUES = ("orders", "partners", "api://x", "{{audience}}")
names = st.sampled_from(VALUES)
sets = st.frozensets(names, max_size=3)


def alternatives(*checks: str) -> Alternatives:
    gateway = Gateway(named_values={"audience": "a", "unknown": "1"}, secrets={"unknown"}, backends={})
    policy = f"<policies><inbound>{''.join(checks)}</inbound></policies>"
    return alternatives_of(gateway.program(gateway.scopes({"api": policy})), ServiceContext.of(gateway))


def relation(old: list[str], new: list[str]) -> str:
    before, after = alternatives(*old), alternatives(*new)
    found = compared(before, after).relation
    assert compared(after, before).relation == REVERSE[found]
    assert compared(before, before).relation == compared(after, after).relation == UNCHANGED
    return found


def listed(group: str, name: str, values: frozenset[str]) -> str:
    inner = "".join(f"<{name}>{value}</{name}>" for value in sorted(values))
    return f"<{group}>{inner}</{group}>" if values else ""


def token(check: dict[str, Any]) -> str:
    claims = "".join(
        f'<claim name="{name}" match="{"any" if is_any else "all"}">'
        + "".join(f"<value>{value}</value>" for value in sorted(values))
        + "</claim>"
        for name, (is_any, values) in sorted(check["claims"].items())
    )
    return (
        f'<validate-jwt header-name="Authorization" require-expiration-time="{str(check["expires"]).lower()}" '
        f'clock-skew="{check["skew"]}"><openid-config url="{URL}" />'
        + listed("audiences", "audience", check["audiences"])
        + listed("issuers", "issuer", check["issuers"])
        + (f"<required-claims>{claims}</required-claims>" if claims else "")
        + "</validate-jwt>"
    )


tokens = st.fixed_dictionaries(
    {
        "audiences": sets,
        "issuers": sets,
        "claims": st.dictionaries(
            st.sampled_from(("role", "scp")), st.tuples(st.booleans(), st.frozensets(names, min_size=1, max_size=3))
        ),
        "expires": st.booleans(),
        "skew": st.integers(0, 300),
    }
)
addresses = st.integers(0, 250).flatmap(
    lambda first: st.integers(first, 250).map(lambda last: (f"10.0.0.{first}", f"10.0.0.{last}"))
)


def addressed(ranges: list[tuple[str, str]], action: str = "allow") -> str:
    inner = "".join(f'<address-range from="{first}" to="{last}" />' for first, last in ranges)
    return f'<ip-filter action="{action}">{inner}</ip-filter>'


def header(values: frozenset[str]) -> str:
    inner = "".join(f"<value>{value}</value>" for value in sorted(values))
    start = '<check-header name="X-Key" failed-check-httpcode="401" failed-check-error-message="" ignore-case="true">'
    return f"{start}{inner}</check-header>"


def condition(name: str, value: str) -> str:
    return (
        f'<choose><when condition=\'@(context.Request.Headers.GetValueOrDefault("{name}", "") != "{value}")\'>'
        "<return-response><set-status code='401' reason='no' /></return-response></when></choose>"
    )


CERTIFICATE = (
    '<validate-client-certificate><identities><identity thumbprint="A" subject="S" /></identities>'
    "</validate-client-certificate>"
)
CHECKS = {
    "token": token({"audiences": frozenset(("a",)), "issuers": frozenset(), "claims": {}, "expires": True, "skew": 0}),
    "tenant": (
        '<validate-azure-ad-token tenant-id="contoso.example"><audiences><audience>a</audience></audiences>'
        "</validate-azure-ad-token>"
    ),
    "addresses": addressed([("10.0.0.1", "10.0.0.9")]),
    "forbidden addresses": addressed([("10.0.0.1", "10.0.0.9")], "forbid"),
    "header": header(frozenset(("a", "b"))),
    "certificate": CERTIFICATE,
    "condition": condition("X-Secret", "abc"),
}


@pytest.mark.parametrize("removed", CHECKS)
@pytest.mark.parametrize("kept", ["", *CHECKS])
def test_a_removed_check_is_weaker(removed: str, kept: str) -> None:
    if removed != kept:
        rest = [CHECKS[kept]] if kept else []
        assert relation([CHECKS[removed], *rest], rest) == WEAKER


@given(
    tokens,
    st.sampled_from(("audiences", "issuers")),
    names,
    st.sampled_from([CHECKS["addresses"], CHECKS["header"], ""]),
)
def test_an_added_value_is_weaker(check: dict[str, Any], group: str, value: str, other: str) -> None:
    wider = {**check, group: check[group] | {value}}
    found = relation([token(check), other], [token(wider), other])
    if wider == check:
        assert found == UNCHANGED
    elif check[group] or group == "issuers":  # the provider's own issuer is accepted in any case
        assert found == WEAKER
    else:
        assert found == STRONGER


@given(tokens, st.sampled_from(("role", "scp")), st.booleans(), names)
def test_claims(check: dict[str, Any], name: str, is_any: bool, value: str) -> None:
    fewer = {**check, "claims": {key: each for key, each in check["claims"].items() if key != name}}
    if fewer != check:
        assert relation([token(check)], [token(fewer)]) == WEAKER
        values = check["claims"][name][1]
        one, other = (
            {**check, "claims": {**check["claims"], name: (is_any, each)}} for each in (values, values | {value})
        )
        expected = UNCHANGED if value in values else WEAKER if is_any else STRONGER
        assert relation([token(one)], [token(other)]) == expected
        loose = {**check, "claims": {**check["claims"], name: (True, values)}}
        strict = {**check, "claims": {**check["claims"], name: (False, values)}}
        assert relation([token(strict)], [token(loose)]) == (UNCHANGED if len(values) == 1 else WEAKER)


@given(tokens, st.integers(1, 60))
def test_times(check: dict[str, Any], more: int) -> None:
    assert relation([token(check)], [token({**check, "skew": check["skew"] + more})]) == WEAKER
    strict, loose = ({**check, "expires": each} for each in (True, False))
    assert relation([token(strict)], [token(loose)]) == WEAKER


@given(st.lists(addresses, min_size=1, max_size=3), addresses, st.sampled_from(("allow", "forbid")))
def test_addresses(ranges: list[tuple[str, str]], added: tuple[str, str], action: str) -> None:
    def members(given: list[tuple[str, str]]) -> set[int]:
        ends = [(int(ipaddress.ip_address(first)), int(ipaddress.ip_address(last))) for first, last in given]
        return {each for first, last in ends for each in range(first, last + 1)}

    wider = [*ranges, added]
    found = relation([addressed(ranges, action)], [addressed(wider, action)])
    expected = UNCHANGED if members(wider) == members(ranges) else WEAKER if action == "allow" else STRONGER
    assert found == expected


@given(st.frozensets(names, min_size=1, max_size=3), names)
def test_values_of_a_header(values: frozenset[str], added: str) -> None:
    expected = UNCHANGED if added in values else WEAKER
    assert relation([header(values)], [header(values | {added})]) == expected


def test_identities_of_certificates() -> None:
    another = CERTIFICATE.replace("</identities>", '<identity thumbprint="B" /></identities>')
    assert relation([CERTIFICATE], [another]) == WEAKER
    assert relation([CERTIFICATE], [CERTIFICATE.replace(' thumbprint="A"', "")]) == WEAKER
    for name in ("trust", "revocation", "not-after"):
        loose = CERTIFICATE.replace("certificate>", f'certificate validate-{name}="false">', 1)
        assert relation([CERTIFICATE], [loose]) == WEAKER


def test_facts_of_different_kinds_say_nothing_about_each_other() -> None:
    found = {fact for check in CHECKS.values() for alternative in alternatives(check) for fact in alternative}
    found |= {fact.opposite for fact in found}
    pairs = [pair for pair in permutations(found, 2) if pair[0].kind != pair[1].kind or pair[0].opposite == pair[1]]
    assert len({one.kind for one, _ in pairs}) >= 4
    assert not any(implies(one, other) for one, other in pairs)


def test_what_is_not_decided_is_neither_weaker_nor_stronger() -> None:
    unknown, key = Fact(kinds.UNDECIDED, "named value 'a'"), Fact(kinds.KEY, "")
    assert compared(of_facts(unknown), of_facts(key)).relation == UNKNOWN
    assert compared(of_facts(key), of_facts(unknown)).relation == UNKNOWN
    assert compared(of_facts(unknown), ALWAYS).relation == compared(ALWAYS, of_facts(unknown)).relation == UNKNOWN
    assert compared(of_facts(unknown, key), of_facts(unknown)).relation == WEAKER
    assert compared(of_facts(unknown), of_facts(unknown)).relation == UNCHANGED


def test_other_values_are_a_change() -> None:
    one, other = (
        token({"audiences": frozenset((each,)), "issuers": frozenset(), "claims": {}, "expires": True, "skew": 0})
        for each in "ab"
    )
    assert relation([one], [other]) == CHANGED


def test_conditions_that_are_not_understood_are_the_same_or_cannot_be_compared() -> None:
    one, other = (Fact(kinds.OPAQUE, "a condition", (text, 0)) for text in ("a > b", "b < a"))
    assert compared(of_facts(one), of_facts(other)).relation == UNKNOWN
    assert compared(of_facts(one), of_facts(one._replace(detail=("a > b", 7)))).relation == UNCHANGED
    assert compared(of_facts(one), ALWAYS).relation == WEAKER


def test_a_claim_with_a_separator_and_values_is_stronger_than_the_claim_alone() -> None:
    start = f'<validate-jwt header-name="Authorization"><openid-config url="{URL}" />'
    check = f"{start}<required-claims>{{}}</required-claims></validate-jwt>"
    one, other, another = (
        check.format(f"<claim {each}</claim>")
        for each in ('name="r" separator=","><value>a</value>', 'name="r">', 'name="q">')
    )
    assert relation([one], [other]) == WEAKER
    assert relation([one], [another]) == CHANGED


def test_a_header_in_any_case_is_weaker() -> None:
    one, other = (
        f'<check-header name="X" failed-check-httpcode="401" failed-check-error-message="no" ignore-case="{each}">'
        "<value>abc</value></check-header>"
        for each in ("false", "true")
    )
    assert relation([one], [other]) == WEAKER
    assert relation([other], [other.replace("abc", "a1")]) == CHANGED


SUBJECTS = {
    "header": 'context.Request.Headers.GetValueOrDefault("X", "{}")',
    "query": 'context.Request.Url.Query.GetValueOrDefault("X", "{}")',
    "body": "context.Request.Body.As<string>(true)",
}
COMPARISONS = (
    *('{} == "{}"', '{}.Equals("{}", StringComparison.OrdinalIgnoreCase)', '{}.StartsWith("{}")', '{}.EndsWith("{}")'),
    *('{}.Contains("{}")', '{}.ToLower() == "{}"', '{}.Trim() == "{}"', '{}.ToUpper().StartsWith("{}")'),
    *('System.Text.RegularExpressions.Regex.IsMatch({}, "^{}")', '{}.Replace("b", "") == "{}"'),
    *('"{1}".Equals({0})', '{}.StartsWith("{}", StringComparison.Ordinal)', '{}.IndexOf("{}") >= 0'),
)
CONSTANTS = ("a", "A", "ab", "", "b")
UNIVERSE = ("a", "A", "ab", "AB", "ba", "b", "", " a", "abb", "c")
comparisons = st.lists(st.tuples(st.sampled_from(COMPARISONS), st.sampled_from(CONSTANTS)), min_size=1, max_size=2)


def gets_through(subject: str, default: str, tests: list[tuple[str, str]]) -> tuple[str, frozenset[str]]:
    """Return a check that any of these comparisons passes, and the texts for which a run does.

    Who passes without the value, or with an empty one, needs to know nothing: that is everybody.
    """
    value = SUBJECTS[subject].format(default)
    condition = " || ".join(f"({test.format(value, constant)})" for test, constant in tests)
    check = (
        f"<choose><when condition='@({condition})' /><otherwise><return-response><set-status code=\"401\" />"
        "</return-response></otherwise></choose>"
    )
    gateway = Gateway()
    policy = f"<policies><inbound>{check}</inbound></policies>"
    found = set()
    for text in (None, *UNIVERSE):
        headers = {"X": text} if subject == "header" and text is not None else {}
        query = f"?X={text}" if subject == "query" and text is not None else ""
        request = Request("POST", f"/{query}", headers=headers, body=text if subject == "body" else None)
        if gateway.run(policy, request).backend_requests:
            found.add(text)
    return check, frozenset(UNIVERSE if {None, ""} & found else found)


@settings(max_examples=examples(450), deadline=None)
@given(st.sampled_from(tuple(SUBJECTS)), st.sampled_from(("", "a")), comparisons, comparisons)
def test_the_order_is_that_of_what_gets_through(
    subject: str, default: str, old: list[tuple[str, str]], new: list[tuple[str, str]]
) -> None:
    before, had = gets_through(subject, default, old)
    after, has = gets_through(subject, default, new)
    match relation([before], [after]):
        case "unchanged":
            assert had == has
        case "weaker":
            assert had <= has
        case "stronger":
            assert had >= has
