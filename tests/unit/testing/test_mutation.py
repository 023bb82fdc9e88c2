"""Mutation of policies: the changes, the score, and the survivors in a project with known gaps."""

from __future__ import annotations

import os
import shutil
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from apimpolicy.errors import ConfigurationError
from apimpolicy.gateway.engine.document import load_policy, read_bytes, replace_file
from apimpolicy.report.coverage_data import FileCoverage
from apimpolicy.report.mutation_results import (
    INVALID,
    KILLED,
    SUPPRESSED,
    SURVIVED,
    UNJUDGED,
    Mutant,
    MutantOutcome,
    Score,
    check_sentences,
    survivor,
    unreached,
    would_notice,
)
from apimpolicy.testing.coverage.places import places_of
from apimpolicy.testing.mutation.elements import CheckIndex
from apimpolicy.testing.mutation.pytest_runs import IMPORTED_BEFORE
from apimpolicy.testing.mutation.running import (
    collect,
    diff_of,
    find_mutants,
    load_cases,
    mutants_of,
    run_mutant,
    run_mutants,
    spread,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

PROJECT = Path(__file__).parent / "coverage_project"

WHEN = '<policies><inbound><choose><when condition="{}"><mock-response /></when></choose></inbound></policies>'
VALUE = '<policies><inbound><set-variable name="v" value="{}" /></inbound></policies>'

EXPRESSIONS = [
    ('@(context.Request.Method == "GET")', {
        'context.Request.Method != "GET"', 'context.Request.Method == "GET!"',
    }),
    ("@(context.Tracing)", {"!(context.Tracing)"}),
    ("@(!context.Tracing)", {"context.Tracing"}),
    ("@(! context.Tracing)", {"context.Tracing"}),
    ("@(context.Tracing || context.User == null || context.Product == null)", {
        "!(context.Tracing) || context.User == null || context.Product == null",
        "context.User == null || context.Product == null",
        "context.Tracing || context.Product == null",
        "context.Tracing || context.User == null",
        "context.Tracing || context.User != null || context.Product == null",
        "context.Tracing || context.User == null || context.Product != null",
    }),
    ("@(context.Tracing &amp;&amp; (context.User == null || true))", {
        "context.Tracing", "(context.User == null || true)",
        "!(context.Tracing) &amp;&amp; (context.User == null || true)",
        "context.Tracing &amp;&amp; (context.User != null || true)",
        "context.Tracing &amp;&amp; (context.User == null || false)",
        "context.Tracing &amp;&amp; (context.User == null)", "context.Tracing &amp;&amp; (true)",
    }),
    ("@(context.Request.Url.Query.Count &lt; 10)", {
        "context.Request.Url.Query.Count &lt;= 10", "context.Request.Url.Query.Count &lt; 11",
        "!(context.Request.Url.Query.Count &lt; 10)",
    }),
    ("@(context.Request.Url.Query.Count < 10)", {
        "context.Request.Url.Query.Count <= 10", "context.Request.Url.Query.Count < 11",
        "!(context.Request.Url.Query.Count < 10)",
    }),
    ("@(context.Request.Url.Path == &quot;a&quot;)", {
        "context.Request.Url.Path != &quot;a&quot;", "context.Request.Url.Path == &quot;a!&quot;",
    }),
    ("@(context.Request.Url.Path == &#34;&#34;)", {
        "context.Request.Url.Path != &#34;&#34;", "context.Request.Url.Path == &#34;!&#34;",
    }),
    ("@(context.Tracing || {{either}})", {
        "!(context.Tracing) || {{either}}", "context.Tracing", "{{either}}", "context.Tracing || !({{either}})",
    }),
]  # fmt: skip
"""Conditions, and what becomes of the code inside of `@( )`."""

DOCUMENTS = [
    (VALUE.format("a"), {'value="a" becomes "a-mutant"', 'name="v" becomes "v-mutant"', "without <set-variable>"}),
    (VALUE.format("true"), {'value="true" becomes "false"', 'name="v" becomes "v-mutant"', "without <set-variable>"}),
    (VALUE.format("41"), {'value="41" becomes "42"', 'name="v" becomes "v-mutant"', "without <set-variable>"}),
    (VALUE.format("@(7L)"), {"7L becomes 8L", 'name="v" becomes "v-mutant"', "without <set-variable>"}),
    (VALUE.format("{{a}}"), {'name="v" becomes "v-mutant"', "without <set-variable>"}),
    (VALUE.format("@(&quot;{{a}}&quot;)"), {'name="v" becomes "v-mutant"', "without <set-variable>"}),
    (
        '<policies><inbound><base /><include-fragment fragment-id="a" /></inbound></policies>',
        {"without <include-fragment>"},
    ),
    (
        '<policies><inbound><set-header name="a" exists-action="override"><value>b</value></set-header>'
        "</inbound></policies>",
        {
            "without <set-header>", 'name="a" becomes "a-mutant"', 'exists-action="override" becomes "skip"',
            "the text of <value> becomes `b-mutant`",
        },
    ),
    (
        '<policies><inbound><choose><when condition="false"><base /></when><when condition="@(true)"><base /></when>'
        "<otherwise><base /></otherwise></choose></inbound></policies>",
        {"without <choose>", "without when 1", "without when 2", "without otherwise",
         'condition="false" becomes "true"', "true becomes false"},
    ),
    (WHEN.format("true"), {"without <choose>", "when 1 is never taken", "without <mock-response>"}),
]  # fmt: skip


def found_in(policy: str) -> list[Mutant]:
    values = {"a": "valuable", "either": "context.User == null || context.Product == null"}
    document = load_policy(policy, named_values=values, path="a.xml")
    return mutants_of(document, FileCoverage("a.xml", policy, places_of(document).places))


@pytest.mark.parametrize(("code", "expected"), EXPRESSIONS, ids=[code for code, _ in EXPRESSIONS])
def test_expressions(code: str, expected: set[str]) -> None:
    policy = WHEN.format(code)
    before, after = policy.split(code[2:-1])
    changed = [mutant.applied(policy) for mutant in found_in(policy) if mutant.kind not in ("remove", "attribute")]
    assert all(text.startswith(before) and text.endswith(after) for text in changed)
    assert sorted(text[len(before) : -len(after)] for text in changed) == sorted(expected)


@pytest.mark.parametrize(("policy", "expected"), DOCUMENTS)
def test_documents(policy: str, expected: set[str]) -> None:
    found = found_in(policy)
    assert {mutant.description for mutant in found} == expected
    assert all(mutant.applied(policy) != policy for mutant in found)
    assert found_in(policy) == found


def test_no_named_value_is_shown() -> None:
    policy = WHEN.format("@(context.Request.Method == &quot;{{a}}&quot; || context.Tracing)")
    shown = [(mutant.description, mutant.text) for mutant in found_in(policy)]
    assert shown
    assert "valuable" not in str(shown)
    assert "&quot;" not in str([description for description, _ in shown])


C, T = ("certificate",), ("token",)

REFUSE = '<return-response><set-status code="403" /></return-response>'
CHECK_IN_CHOOSE = '<choose><when condition="{}">{}</when></choose>'

CHECKS = [
    (WHEN.format("@(context.Request.Certificate == null || context.Tracing)"), {
        "without `context.Request.Certificate == null`": ((), C),
        "without `context.Tracing`": ((), ()),
        "when 1 is never taken": (C, ()),
        "without <choose>": (C, ()),
        "without <mock-response>": (C, ()),
    }),
    (WHEN.format("@{ var c = context.Request.Certificate; return c == null || context.Tracing; }"), {
        "without `c == null`": ((), C),
        "without `context.Tracing`": ((), ()),
    }),
    (WHEN.format("@{ var t = context.Request.Certificate?.Thumbprint; var ok = t != null; return ok || true; }"), {
        "without `ok`": ((), C),
        "true becomes false": ((), ()),
    }),
    ('<policies><inbound><validate-client-certificate validate-trust="true" /></inbound></policies>', {
        "without <validate-client-certificate>": (C, C),
        'validate-trust="true" becomes "false"': ((), C),
    }),
    (WHEN.format("@(context.Tracing)"), {
        "without <choose>": ((), ()), "without <mock-response>": ((), ()),
    }),
    # through variables, one computed from the other
    ('<policies><inbound>'
     '<set-variable name="print" value="@(context.Request.Certificate?.Thumbprint)" />'
     '<set-variable name="known" value="@((string)context.Variables[&quot;print&quot;] != null)" />'
     '<set-variable name="other" value="@(context.Request.Method)" />'
     '<choose><when condition="@(!(bool)context.Variables[&quot;known&quot;])">' + REFUSE + '</when></choose>'
     '<choose><when condition="@(context.Variables[&quot;other&quot;] == null)">' + REFUSE + '</when></choose>'
     '</inbound></policies>', {
        "without <set-variable>": ((), ()),
        "when 1 is never taken": [(C, ()), ((), ())],
        "without <choose>": [(C, ()), ((), ())],
        "without <return-response>": [(C, ()), ((), ())],
        '`!(bool)context.Variables["known"]` is negated': ((), C),
    }),
    # who is let through is in the branch, who is refused in the rest
    ('<policies><inbound><choose><when condition="@(context.Request.Certificate != null)"><base /></when>'
     "<otherwise>" + REFUSE + "</otherwise></choose></inbound></policies>", {
        "without otherwise": (C, ()), "without <return-response>": (C, ()), "without <choose>": (C, ()),
    }),
    ('<policies><inbound><choose><when condition="@(context.Request.Certificate != null)"><base /></when>'
     '<otherwise><set-variable name="who" value="nobody" /></otherwise></choose></inbound></policies>', {
        "without otherwise": ((), ()), "without <set-variable>": ((), ()), "without <choose>": (C, ()),
    }),
    # tokens
    ('<policies><inbound><validate-jwt header-name="Authorization" output-token-variable-name="jwt">'
     "<audiences><audience>a</audience></audiences></validate-jwt>"
     '<choose><when condition="@(((Jwt)context.Variables[&quot;jwt&quot;]).Subject != &quot;x&quot;)">'
     + REFUSE + "</when></choose></inbound></policies>", {
        "without <validate-jwt>": (T, T),
        "the text of <audience> becomes `a-mutant`": ((), T),
        "without <choose>": (T, ()),
        '!= becomes == in `((Jwt)context.Variables["jwt"]).Subject != "x"`': ((), T),
    }),
    ('<policies><inbound><validate-azure-ad-token tenant-id="t" failed-validation-httpcode="401" '
     'output-token-variable-name="o" /></inbound></policies>', {
        "without <validate-azure-ad-token>": (T, T),
        'tenant-id="t" becomes "t-mutant"': ((), T),
        'failed-validation-httpcode="401" becomes "402"': ((), ()),
        'output-token-variable-name="o" becomes "o-mutant"': ((), ()),
    }),
    (WHEN.format("@{ Jwt jwt; if (!context.Request.Headers.GetValueOrDefault(&quot;A&quot;).TryParseJwt(out jwt))"
                 " { return true; } return jwt.Subject != &quot;x&quot;; }"), {
        '!= becomes == in `jwt.Subject != "x"`': ((), T), "without <choose>": (T, ()),
    }),
    ('<policies><inbound><rate-limit calls="1" renewal-period="2" /></inbound></policies>', {
        "without <rate-limit>": (("limit",), ("limit",)),
    }),
]  # fmt: skip
"""Documents with what is removed and what is changed, by the description; lists where several have the same one."""


@pytest.mark.parametrize(("policy", "expected"), CHECKS)
def test_changes_know_the_checks_that_they_affect(policy: str, expected: dict[str, Any]) -> None:
    found: dict[str, list[Any]] = {}
    for mutant in found_in(policy):
        found.setdefault(mutant.description, []).append((mutant.removes, mutant.about))
    for description, checks in expected.items():
        if isinstance(checks, list):
            assert found[description] == checks, description
        else:
            assert set(found[description]) == {checks}, description


def test_variables_and_fragments_of_other_documents() -> None:
    around = load_policy(
        '<policies><inbound><set-variable name="known" value="@(context.Request.Certificate != null)" />'
        '<include-fragment fragment-id="check" /><include-fragment fragment-id="log" /></inbound></policies>'
    )
    check = load_policy(
        f"<fragment>{CHECK_IN_CHOOSE.format('@(!(bool)context.Variables[&quot;known&quot;])', REFUSE)}</fragment>"
    )
    log = load_policy('<fragment><trace source="a"><message>b</message></trace></fragment>')
    checks = CheckIndex.of([around, check, log], {"check": check, "log": log})
    assert checks.variables["certificate"] == {"known"}
    assert checks.fragments == {"check": C, "log": ()}
    found = mutants_of(around, FileCoverage("a.xml", around.original.text, places_of(around).places), checks)
    gone = [mutant for mutant in found if mutant.description == "without <include-fragment>"]
    assert [mutant.removes for mutant in gone] == [C, ()]


SUPPRESSED_KINDS = [
    ("apimpolicy: equivalent: says who", 3),
    ("apimpolicy: equivalent attribute: says who", 2),
    ("apimpolicy: equivalent attribute, remove: says who", 3),
    ("apimpolicy: equivalent comparison: says who", 0),
    ("apimpolicy: ignore POL301: says who", 0),
    ("equivalent: it says", 0),
]


@pytest.mark.parametrize(("comment", "count"), SUPPRESSED_KINDS)
def test_comments(comment: str, count: int) -> None:
    found = found_in(VALUE.format("a").replace("<set-v", f"<!-- {comment} --><set-v"))
    assert sum(mutant.reason == "says who" for mutant in found) == count


@pytest.mark.parametrize(
    ("comment", "message"),
    [
        ("apimpolicy: equivalent", "a.xml:1: say why it makes no difference"),
        ("apimpolicy: equivalent attribute: ", "a.xml:1: say why it makes no difference"),
        ("apimpolicy: equivalent atribute: so", "a.xml:1: 'atribute' is not a kind of change; there are remove,"),
    ],
)
def test_comments_that_say_too_little(comment: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        found_in(VALUE.format("a").replace("<set-v", f"<!-- {comment} --><set-v"))


# A project

KNOWN_SURVIVORS = [
    "limits.xml:2 without <rate-limit>",
    'limits.xml:2 calls="3" becomes "4"',
    'limits.xml:2 renewal-period="60" becomes "61"',
    "orders.xml:6 without `context.Request.Certificate == null`",
    "orders.xml:6 without `!context.Request.Certificate.Verify()`",
    "orders.xml:13 without <include-fragment>",
    "orders.xml:15 when 1 is never taken",
    'orders.xml:15 without `context.Request.Method == "POST"`',
    'orders.xml:15 without `context.Request.Headers.ContainsKey("X-Draft")`',
    'orders.xml:15 == becomes != in `context.Request.Method == "POST"`',
    'orders.xml:15 "POST" becomes "POST!"',
    'orders.xml:15 `context.Request.Headers.ContainsKey("X-Draft")` is negated',
    'orders.xml:15 "X-Draft" becomes "X-Draft!"',
    "orders.xml:16 without <set-variable>",
    'orders.xml:16 name="kind" becomes "kind-mutant"',
    'orders.xml:16 value="draft" becomes "draft-mutant"',
    'orders.xml:24 count="2" becomes "3"',
    'orders.xml:24 interval="1" becomes "2"',
    'orders.xml:25 buffer-request-body="true" becomes "false"',
    "unused.xml:2 without <set-header>",
    'unused.xml:2 name="X-Unused" becomes "X-Unused-mutant"',
    'unused.xml:2 exists-action="delete" becomes "override"',
]


def run(path: Path, jobs: int = 1, limit: int | None = None) -> list[MutantOutcome]:
    cases = load_cases([str(path)])
    coverage, bad = collect(cases)
    assert not bad
    mutants, texts = find_mutants(coverage)
    return list(run_mutants(spread(mutants, limit), texts, cases, [str(path)], jobs))


def test_the_project_has_the_survivors_that_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(PROJECT)
    before = {path.name: path.read_bytes() for path in PROJECT.iterdir() if path.is_file()}
    outcomes = run(PROJECT / "orders.test.yaml")
    survivors = [
        f"{os.path.basename(outcome.mutant.path)}:{outcome.mutant.line} {outcome.mutant.description}"
        for outcome in outcomes
        if outcome.status == SURVIVED
    ]
    assert survivors == KNOWN_SURVIVORS
    assert Score.of(outcomes) == Score(24, 22, 0, 2)
    certificates, limits = check_sentences(outcomes)
    assert certificates.startswith("Without the certificate check, ")
    assert "All tests still pass with a weaker one: orders.xml:6:32 without" in certificates
    assert limits == (
        "Without the call limit, all tests still pass: limits.xml:2:5 without <rate-limit>, "
        "orders.xml:13:9 without <include-fragment>."
    )
    assert unreached(outcomes) == [
        "orders.xml: 5 changes that no test reaches, the first on line 15",
        "unused.xml: 3 changes that no test reaches, the first on line 2",
    ]
    assert {path.name: path.read_bytes() for path in PROJECT.iterdir() if path.is_file()} == before
    assert read_bytes(PROJECT / "orders.xml") == before["orders.xml"]


def test_processes_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(PROJECT)
    alone = run(PROJECT / "orders.test.yaml", limit=12)
    assert len(alone) == 12
    assert run(PROJECT / "orders.test.yaml", jobs=2, limit=12) == alone


CERTIFICATE_CASES = """
policy: orders.xml
defaults:
  gateway: {negotiate-client-certificate: true}
  request: {get: /orders, certificate: partner}
cases:
  - {name: the partner, expect: {status: 200}}
"""


def test_a_change_that_no_test_notices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("orders.xml", "limits.xml", "unused.xml", "apimpolicy.toml"):
        shutil.copy(PROJECT / name, tmp_path / name)
    (tmp_path / "a.test.yaml").write_text(CERTIFICATE_CASES)
    assert check_sentences(run(tmp_path / "a.test.yaml"))[0] == (
        "Without the certificate check, all tests still pass: orders.xml:5:9 without <choose>, "
        "orders.xml:6:30 when 1 is never taken, orders.xml:8:17 without <return-response>."
    )


def test_a_change_that_does_not_compile_is_not_counted(tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_text(VALUE.format("@{ int? a = null; int n = a ?? 3; return n; }"))
    (tmp_path / "a.test.yaml").write_text(
        "policy: a.xml\ncases: [{name: a, request: {get: /}, expect: {variables: {v: 3}}}]"
    )
    outcomes = {outcome.mutant.description: outcome for outcome in run(tmp_path / "a.test.yaml")}
    assert outcomes["without `3`"].status == INVALID
    assert "CS0266" in outcomes["without `3`"].problem
    assert outcomes["3 becomes 4"].status == KILLED
    assert outcomes["without `a`"].status == SURVIVED
    assert Score.of(list(outcomes.values())) == Score(3, 1, 1, 0)


@pytest.mark.parametrize(("score", "percent"), [(Score(3, 1, 5, 2), 75), (Score(0, 0, 5, 2), 100)])
def test_percent(score: Score, percent: float) -> None:
    assert score.percent == percent


def test_a_condition_that_threw_is_reached(tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_text(WHEN.format("@(context.User.Email.Length > 3 && context.Tracing)"))
    (tmp_path / "a.test.yaml").write_text("policy: a.xml\ncases: [{name: a, request: {get: /}, expect: {status: 500}}]")
    outcomes = {outcome.mutant.description: outcome for outcome in run(tmp_path / "a.test.yaml")}
    assert outcomes["without `context.User.Email.Length > 3`"].status == KILLED
    assert [outcome.mutant.tests for outcome in outcomes.values() if "3" in outcome.mutant.description] == [
        (f"{tmp_path / 'a.test.yaml'}: a",)
    ] * 4


def test_a_text_replaces_a_file(tmp_path: Path) -> None:
    path = tmp_path / "a.xml"
    path.write_text("<policies />")
    with replace_file(str(path), b"<fragment />"):
        assert read_bytes(path) == b"<fragment />"
        assert load_policy(path).is_fragment
    assert read_bytes(path) == b"<policies />"


def test_diff_and_survivor() -> None:
    text = "<a>\n  <b/>\n</a>\n"
    mutant = Mutant("a.xml", "remove", 6, 10, "", 2, 3, "without <b>", ("t",))
    assert diff_of(mutant, text).splitlines() == ["-  <b/>", "+  "]
    shown = survivor(MutantOutcome(mutant, SURVIVED, diff=diff_of(mutant, text)))
    assert shown.splitlines() == ["a.xml:2:3  without <b>  (remove; 1 test still passed)", "  -  <b/>"]


NO_CERTIFICATE = "None of the changes removes a check of the client certificate."


@pytest.mark.parametrize(
    ("outcomes", "expected"),
    [
        ([], [NO_CERTIFICATE]),
        ([(C, (), KILLED)], ["Without the certificate check, 'a test' would fail."]),
        ([(C, (), SURVIVED), (C, (), KILLED)], ["Without the certificate check, all tests still pass: a.xml:1:1 x."]),
        ([(C, (), SUPPRESSED)], [NO_CERTIFICATE]),
        ([(C, (), UNJUDGED)], [NO_CERTIFICATE]),
        (
            [(T, (), KILLED), ((), T, SURVIVED)],
            [
                NO_CERTIFICATE,
                "Without the token check, 'a test' would fail. All tests still pass with a weaker one: a.xml:1:1 x.",
            ],
        ),
        (
            [(("limit",), (), KILLED), ((), ("limit",), SURVIVED)],
            [NO_CERTIFICATE, "Without the call limit, 'a test' would fail."],
        ),
    ],
)
def test_sentences_about_checks(
    outcomes: Sequence[tuple[tuple[str, ...], tuple[str, ...], str]], expected: list[str]
) -> None:
    made = [
        MutantOutcome(
            Mutant("a.xml", "remove", 0, 1, "", 1, 1, "x", ("a test",), removes, about), status, killed_by="a test"
        )
        for removes, about, status in outcomes
    ]
    assert check_sentences(made) == expected
    assert would_notice(made, "certificate") is (None if NO_CERTIFICATE in expected else "all tests" not in expected[0])


def test_a_mutant_that_never_ends_is_killed(tmp_path: Path) -> None:
    policy = VALUE.format("@{ var n = 0; while (n &lt; 5) { n += 1; } return n; }")
    (tmp_path / "a.xml").write_text(policy)
    (tmp_path / "a.test.yaml").write_text("policy: a.xml\ncases: [{name: a, request: {get: /}, expect: {status: 200}}]")
    cases = load_cases([str(tmp_path / "a.test.yaml")])
    coverage, _ = collect(cases)
    mutants, texts = find_mutants(coverage)
    negated = next(mutant for mutant in mutants if "is negated" in mutant.description)
    endless = Mutant(negated.path, "condition", negated.start, negated.end, "true", 1, 1, "endless", negated.tests)
    outcome = run_mutant(endless, texts[endless.path], cases)
    assert (outcome.status, outcome.killed_by.endswith(": a")) == (KILLED, True)


@pytest.mark.parametrize("name", IMPORTED_BEFORE)
def test_preloaded_modules_exist(name: str) -> None:
    """Python passes over names that it does not find there."""
    assert find_spec(f"apimpolicy.{name}") is not None
