"""Two versions of a policy are never the same for the prover where a request shows a difference.

Small policies with each effect get each small change. Changes without a meaning are recognized.
"""

from __future__ import annotations

import pytest
from tests.sampling import IS_NIGHTLY, sampled

pytest.importorskip("z3")

from tests.unit.reasoning.proving import policy_pairs as pairs
from tests.unit.reasoning.proving.policy_pairs import (
    INBOUND,
    RETURN,
    SENT,
    A,
    B,
    code,
    document,
    header,
    variable,
    when,
)

from apimpolicy.gateway.policies.registry import has_trait, names, specification_of
from apimpolicy.reasoning.proving import equivalence
from apimpolicy.reasoning.proving.equivalence import KnownDifferences, compare
from apimpolicy.reasoning.proving.normal_form import normal_form
from apimpolicy.reasoning.proving.proof import ProofResult
from apimpolicy.reasoning.scenarios.harness import Harness
from apimpolicy.testing.comparing.elements import of_element
from apimpolicy.testing.comparing.product_search import _known

DOCUMENTS = pairs.documents()
EACH = 1000 if IS_NIGHTLY else 2


def compared(old: Harness, new: Harness, known: KnownDifferences | None = None) -> ProofResult:
    return compare(old.program, new.program, {}, of_element, known or KnownDifferences(), knows_scopes=True)


def parts_of(kind: tuple[str, ...]) -> set[str]:
    return {equivalence.REQUESTS} if kind[0] in ("sent", "certificate") else _known([kind]).parts()


@pytest.mark.parametrize("name", DOCUMENTS)
def test_versions_that_differ_are_never_the_same(name: str) -> None:
    text = DOCUMENTS[name]
    old = pairs.harness(text)
    assert old is not None
    every = list(dict.fromkeys(pairs.changes(text)))
    for changed in sampled(every, 5 * EACH):
        new = pairs.harness(changed)
        if new is not None and normal_form(old.program) == normal_form(new.program):
            assert not pairs.kinds(text, changed), changed
    for changed in sampled(every, EACH):
        new = pairs.harness(changed)
        if new is None:
            continue
        found, shown = compared(old, new), pairs.kinds(text, changed)
        assert not (shown and found.is_proven), f"{shown}\n{changed}"
        assert not {part for kind in shown for part in parts_of(kind)}.intersection(found.parts), f"{shown}\n{changed}"
        all_known = compared(old, new, _known(shown))
        assert not _known(shown).parts().intersection(all_known.parts), f"{shown}\n{changed}"
        for known in (_known(shown - {kind}) for kind in sorted(shown)):
            if known != _known(shown):
                assert not compared(old, new, known).is_proven, f"{shown} {known}\n{changed}"


# Changes without a meaning


def several(*branches: tuple[str, str], rest: str) -> str:
    whens = "".join(f'<when condition="{code(condition)}">{inside}</when>' for condition, inside in branches)
    return f"<choose>{whens}<otherwise>{rest}</otherwise></choose>"


R = '((IResponse)context.Variables["r"])'
WITH_VARIABLE = variable("v", code(A)) + header("X-C", code('(string)context.Variables["v"]'))
NESTED = when(f'{A} == "a"', RETURN, when(f'{B} == "b"', header("X-C", "1"), header("X-C", "2")))
FLAT = several((f'{A} == "a"', RETURN), (f'{B} == "b"', header("X-C", "1")), rest=header("X-C", "2"))
FILTER = INBOUND["addresses"]
READ_V = code('(string)context.Variables["v"]')
SAME_FORM = {
    "another name of a variable": (
        WITH_VARIABLE,
        WITH_VARIABLE.replace("&quot;v&quot;", "&quot;u&quot;").replace('"v"', '"u"'),
    ),
    "another name of a variable that may be there": (
        variable("v", code(A)) + when('context.Variables.ContainsKey("v")', RETURN),
        variable("u", code(A)) + when('context.Variables.ContainsKey("u")', RETURN),
    ),
    "another name of a variable with a default": (
        variable("v", code(A)) + when('context.Variables.GetValueOrDefault<string>("v", "b") == "a"', RETURN),
        variable("u", code(A)) + when('context.Variables.GetValueOrDefault<string>("u", "b") == "a"', RETURN),
    ),
    "another name of a response": (
        SENT + header("X-C", code(f"{R}.StatusCode.ToString()")),
        SENT.replace('"r"', '"s"') + header("X-C", code(f"{R}.StatusCode.ToString()").replace("r&quot;", "s&quot;")),
    ),
    "another order of attributes, quotes and comments": (
        variable("v", "a") + header("X-C", "1"),
        "<!-- a --><set-variable value='a' name='v'/>" + header("X-C", "1"),
    ),
    "an opposite condition": (
        when(f'{A} == "a"', RETURN, header("X-C", "1")),
        when(f'{A} != "a"', header("X-C", "1"), RETURN),
    ),
    "branches, one inside the other": (FLAT, NESTED),
    "a branch that is never taken": (
        several((f'{A} == "a"', RETURN), (f'{A} == "a"', header("X-C", "1")), rest=header("X-C", "2")),
        when(f'{A} == "a"', RETURN, header("X-C", "2")),
    ),
    "a branch that is always taken": (
        several((f'{A} == "a"', RETURN), (f'{A} != "a"', header("X-C", "1")), rest=header("X-C", "2")),
        when(f'{A} == "a"', RETURN, header("X-C", "1")),
    ),
    "a condition that is true": (when("true", header("X-C", "1"), RETURN), header("X-C", "1")),
    "a condition that is false": (when("false", RETURN, header("X-C", "1")), header("X-C", "1")),
    "what is behind a response": (RETURN + header("X-C", "1"), RETURN),
    "a constant that nothing reads": (variable("u", "a") + header("X-C", "1"), header("X-C", "1")),
    "a trace of a constant": (INBOUND["trace"], header("X-C", "1")),
    "a constant text in code": (header("X-C", code('"text"')), header("X-C", "text")),
    "layout": (INBOUND["headers"], INBOUND["headers"].replace("><", ">\n  <")),
    "another name of a response that nothing reads": (SENT, SENT.replace('"r"', '"s"')),
    "a text as a constant of a part": (FILTER, FILTER.replace("10.0.0.1", code('"10.0.0.1"'))),
    "code with another layout": (header("X-C", code(A)), header("X-C", code(f"({A} /* a */)"))),
}
"""Sections inbound with the same form."""


@pytest.mark.parametrize("name", SAME_FORM)
def test_a_change_without_a_meaning_keeps_the_form(name: str) -> None:
    one, other = (pairs.harness(document(inbound=text)) for text in SAME_FORM[name])
    assert one is not None
    assert other is not None
    assert normal_form(one.program) == normal_form(other.program)


OF_ERRORS = when('context.LastError.Path == "a"', RETURN)
LOGGED = '<log-to-eventhub logger-id="l">{}</log-to-eventhub>'
OTHER_FORM = {
    "another text for a logger": (LOGGED.format("a"), LOGGED.format("b")),
    "another logger": (LOGGED.format("a"), LOGGED.format("a").replace('"l"', '"m"')),
    "a trace of what isn't constant": ("", f'<trace source="a"><message>{code(A)}</message></trace>'),
    "the order of policies": (header("X-C", "1") + RETURN, RETURN + header("X-C", "1")),
    "names that are read under others": (
        variable("v", code(A)) + variable("u", code(B)) + header("X-C", code('(string)context.Variables["v"]')),
        variable("v", code(A)) + variable("u", code(B)) + header("X-C", code('(string)context.Variables["u"]')),
    ),
    "a variable that isn't set": (header("X-C", READ_V), header("X-C", READ_V.replace("v&quot;", "u&quot;"))),
    "a constant that all variables show": (variable("u", "a") + INBOUND["reads all"], INBOUND["reads all"]),
    "a branch that text decides": (when("DateTime.Now.Ticks % 2 == 0", RETURN), ""),
}


@pytest.mark.parametrize("name", OTHER_FORM)
def test_a_change_with_a_meaning_changes_the_form(name: str) -> None:
    one, other = (pairs.harness(document(inbound=text)) for text in OTHER_FORM[name])
    assert one is not None
    assert other is not None
    assert normal_form(one.program) != normal_form(other.program)


def form_of(text: str, wider: str = "", **settings: object) -> object:
    made = pairs.harness(text, wider, **settings)
    assert made is not None
    return normal_form(made.program, made_up=made.stand_ins)


def test_policies_have_the_form_of_where_they_run() -> None:
    """Fragments and wider scopes are in their place, but for what depends on its scope."""
    one, other = header("X-C", "1"), header("X-D", "2")
    alone = form_of(document(inbound=one + other))
    fragment = {"f": f"<fragment>{one}</fragment>"}
    assert form_of(document(inbound=f'<include-fragment fragment-id="f" />{other}'), fragments=fragment) == alone
    assert form_of(document(inbound=f"<base />{other}"), document(inbound=one, backend="")) == alone
    assert form_of(document(inbound=f"{other}<base />"), document(inbound=one, backend="")) != alone
    for policy in (INBOUND["limit"].replace("-by-key", "").replace(' counter-key="a"', ""), INBOUND["address"]):
        scoped = form_of(document(inbound="<base />"), document(inbound=policy, backend=""))
        assert scoped != form_of(document(inbound=policy))
    twice = INBOUND["address"] + INBOUND["address"]
    assert form_of(document(inbound=twice)) != form_of(document(inbound=INBOUND["address"]))
    for handler, made_up in ((OF_ERRORS, ()), (header("X-R", "{{x}}"), ("x",))):
        settings = {"named_values": {"x": "1"}, "made_up": made_up}
        split = document(inbound=one + "<base />", on_error=handler), document(inbound=other, backend="")
        assert form_of(*split, **settings) != form_of(document(inbound=one + other, on_error=handler), **settings)


UNKNOWN_TEXTS = {
    "an attribute": variable("u", "{{x}}") + INBOUND["reads all"],
    "a text": header("X-C", "{{x}}"),
    "code": header("X-C", code(f'{A} + "{{{{x}}}}"')),
    "a condition": when(f'{A} == "{{{{x}}}}"', RETURN, header("X-C", "1")),
    "two conditions": several((f'{A} == "{{{{x}}}}"', RETURN), (f'{A} == "{{{{x}}}}"', header("X-C", "1")), rest=""),
    "the name of a variable": variable("{{x}}", "a") + INBOUND["reads all"],
}


@pytest.mark.parametrize("name", UNKNOWN_TEXTS)
def test_unknown_values_have_the_form_of_their_names(name: str) -> None:
    text = document(inbound=UNKNOWN_TEXTS[name])
    known = form_of(text, named_values={"x": "1"}, made_up=())
    unknown = form_of(text, named_values={"x": "1"}, made_up=("x",))
    assert unknown == form_of(text, named_values={"x": "2"}, made_up=("x",)) != known
    assert known == form_of(text.replace("{{x}}", "1")) != form_of(text.replace("{{x}}", "2"))
    renamed = text.replace("{{x}}", "{{y}}")
    assert form_of(renamed, named_values={"y": "1"}, made_up=("y",)) not in (unknown, known)


P, Q = f'{A} == "a"', f'{B} == "b"'
JOINED = code(f'{A} + "" + "b"'), code(f'{A} + "b"')
SAME_FOR_THE_SOLVER = {
    "the order of conditions": (when(f"{P} && {Q}", RETURN), when(f"{Q} && {P}", RETURN)),
    "the order of guards": (when(P, RETURN) + when(Q, RETURN), when(Q, RETURN) + when(P, RETURN)),
    "one condition for both": (when(P, RETURN) + when(Q, RETURN), when(f"{P} || {Q}", RETURN)),
    "a header that is replaced": (header("X-C", "2") + header("X-C", "1"), header("X-C", "1")),
    "a method": (when(P, INBOUND["method"], INBOUND["method"]), INBOUND["method"]),
    "an address": (when(P, INBOUND["address"], INBOUND["address"]), INBOUND["address"]),
    "a header of some requests": (
        when(P, header("X-C", "1")) + when(Q, header("X-D", "2")),
        when(Q, header("X-D", "2")) + when(P, header("X-C", "1")),
    ),
    "a computed header of a response": (
        RETURN.replace(">1<", f">{JOINED[0]}<"),
        RETURN.replace(">1<", f">{JOINED[1]}<"),
    ),
    "computed texts": (header("X-C", code(f'{A} + "" + "b"')), header("X-C", code(f'{A} + "b"'))),
    "a response": (when(P, RETURN, RETURN), RETURN),
    "numbers": (
        variable("v", code(f"{A}.Length + 1")) + when('(int)context.Variables["v"] > 3', RETURN),
        variable("v", code(f"1 + {A}.Length")) + when('3 < (int)context.Variables["v"]', RETURN),
    ),
    "a request that policies send": (SENT + header("X-C", "2") + header("X-C", "1"), SENT + header("X-C", "1")),
    "a policy of which little is known": (
        header("X-C", "2") + header("X-C", "1") + INBOUND["limit"],
        header("X-C", "1") + INBOUND["limit"],
    ),
}


@pytest.mark.parametrize("name", SAME_FOR_THE_SOLVER)
def test_a_change_without_a_meaning_is_proven(name: str) -> None:
    one, other = (pairs.harness(document(inbound=text)) for text in SAME_FOR_THE_SOLVER[name])
    assert one is not None
    assert other is not None
    assert normal_form(one.program) != normal_form(other.program)
    assert compared(one, other).is_proven


# Wider scopes that aren't known

ON_BASE = {
    "a header": header("X-C", "1"),
    "variables": variable("v", code(P)) + variable("w", "1") + variable("u", code(f"{A}.Length")),
    "a guard": when(P, RETURN, variable("v", code(A))),
    "an address": INBOUND["address"] + INBOUND["method"],
    "a request": SENT,
}
READ = 'context.Request.Headers.GetValueOrDefault("X-C", "none") + context.Request.Url.Host + context.Request.Method'
READ_ALL = 'string.Join(",", context.Variables.OrderBy(each => each.Key).Select(each => each.Key + each.Value))'
READ_ONE = 'context.Variables.GetValueOrDefault<bool>("v")'
WIDER = {
    "reads the request": header("X-D", code(READ)),
    "reads variables": header("X-D", code(READ_ALL)) + when(READ_ONE, header("X-E", "1")),
    "responds": RETURN,
}


@pytest.mark.parametrize(("name", "is_first"), [(name, is_first) for name in ON_BASE for is_first in (True, False)])
def test_versions_below_unknown_scopes_are_the_same_for_each_of_them(name: str, *, is_first: bool) -> None:
    text = document(inbound=f"<base />{ON_BASE[name]}" if is_first else f"{ON_BASE[name]}<base />")
    old = pairs.harness(text)
    assert old is not None
    renamed = text.replace('"v"', '"other"')
    for changed in (renamed, *sampled(dict.fromkeys(pairs.changes(text)), 2 * EACH)):
        new = pairs.harness(changed)
        if new is None:
            continue
        claims = {
            shares: normal_form(old.program, knows_scopes=False, shares_variables=shares)
            == normal_form(new.program, knows_scopes=False, shares_variables=shares)
            for shares in (False, True)
        }
        is_proven = compare(old.program, new.program, {}, of_element, KnownDifferences()).is_proven
        for around, wider in WIDER.items():
            if is_proven or claims[True] or (claims[False] and around != "reads variables"):
                shown = pairs.kinds(text, changed, document(inbound=wider))
                assert not shown, f"{around}: {shown}\n{changed}"


SAME_BELOW_SCOPES = {
    "a header that is replaced": (header("X-C", "2") + header("X-C", "1"), header("X-C", "1")),
    "a truth value": (variable("v", code(f"{P} && {Q}")), variable("v", code(f"{Q} && {P}"))),
    "a number": (variable("v", code(f"{A}.Length + 1")), variable("v", code(f"1 + {A}.Length"))),
    "a text": (variable("v", code(f'{A} + "" + "b"')), variable("v", code(f'{A} + "b"'))),
}


@pytest.mark.parametrize("name", SAME_BELOW_SCOPES)
def test_unknown_scopes_get_the_same(name: str) -> None:
    one, other = (pairs.harness(document(inbound=f"{text}<base />")) for text in SAME_BELOW_SCOPES[name])
    assert one is not None
    assert other is not None
    assert compare(one.program, other.program, {}, of_element, KnownDifferences()).is_proven


def test_the_number_of_requests_to_a_backend_is_compared() -> None:
    """Also where the caller gets the same: a first request is sent under another condition."""
    one, other = (
        pairs.document(backend=when("true", when(condition, "<forward-request />") + "<forward-request />"))
        for condition in (P, f'{A} == "b"')
    )
    old, new = pairs.harness(one), pairs.harness(other)
    assert old is not None
    assert new is not None
    assert ("sent", "2", "1") in pairs.kinds(one, other)
    found = compared(old, new)
    assert not found.is_proven
    assert equivalence.REQUESTS not in found.parts


def test_policies_that_add_headers_at_the_end_depend_on_what_is_counted() -> None:
    """Whose counters are equal is known of policies with these traits (`Run.enter`)."""
    specifications = [specification_of(name) for name in names()]
    adding = [each.name for each in specifications if each is not None and "answer-headers" in (each.effects or ())]
    assert adding
    assert all(has_trait(name, "limits", "limits-calls") for name in adding)


def test_what_is_not_known_is_never_the_same() -> None:
    empty = {"fragments": {"f": "<fragment></fragment>"}, "made_up_fragments": ("f",)}
    included = '<include-fragment fragment-id="f" />'
    texts = [included + header("X-C", "1"), header("X-C", "1"), header("X-C", "2") + included + header("X-C", "1")]
    unknown, without, before = (pairs.harness(document(inbound=text), **empty) for text in texts)
    assert unknown is not None
    assert without is not None
    assert before is not None

    def are_same(one: Harness, other: Harness) -> bool:
        made_up = one.stand_ins, other.stand_ins
        return compare(one.program, other.program, {}, of_element, KnownDifferences(), made_up=made_up).is_proven

    assert not any(are_same(*each) for each in ((unknown, without), (without, unknown), (unknown, before)))
    below = pairs.harness(document(inbound="<base />"))
    assert below is not None
    assert are_same(below, below)
    assert not any(are_same(*each) for each in ((below, without), (without, below)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(equivalence, "_MOST_PAIRS", 0)
        assert not are_same(without, without)


PARTS = {
    "a header for the backend": (header("X-C", "1"), header("X-C", "2"), {equivalence.REQUESTS}),
    "a request of a policy's own": (SENT, SENT.replace("/a<", "/b<"), {equivalence.OWN_REQUESTS}),
    "a body of a response": (RETURN, RETURN.replace(">no<", ">none<"), {equivalence.CONTENTS}),
    "a reason": (RETURN, RETURN.replace('"No"', '"None"'), {equivalence.OUTCOMES}),
}


@pytest.mark.parametrize("name", PARTS)
def test_parts_without_a_difference_are_proven(name: str) -> None:
    one, other, parts = PARTS[name]
    old, new = (pairs.harness(document(inbound=text)) for text in (one, other))
    assert old is not None
    assert new is not None
    every = {equivalence.REQUESTS, equivalence.OWN_REQUESTS, equivalence.CONTENTS, equivalence.OUTCOMES}
    found = compared(old, new)
    assert not found.is_proven
    assert set(found.parts) == every - parts
    shown = pairs.kinds(document(inbound=one), document(inbound=other))
    assert compared(old, new, _known(shown)).is_proven
