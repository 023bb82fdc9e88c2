"""Proofs about one branch: unsupported code prevents them only where it can influence the branch."""

from __future__ import annotations

import html
from typing import Any

import pytest

pytest.importorskip("z3")

from apimpolicy.reasoning.proposing.guided import Finder
from apimpolicy.reasoning.scenarios.goals import BRANCH
from apimpolicy.reasoning.scenarios.harness import Harness, StandIns
from apimpolicy.reasoning.scenarios.scenario import Bounds
from apimpolicy.testing.claims.facts import BranchProofs
from apimpolicy.text.source import Source

HAS = 'context.Request.Headers.ContainsKey("X-A")'
KEY = 'context.Request.Headers.GetValueOrDefault("X-A", "")'
FILLED = f'"k" + {KEY}'
HASH = f"{KEY}.GetHashCode() > 0"
REFUSE = '<return-response><set-status code="403" reason="No" /></return-response>'


def setting(name: str, value: str) -> str:
    return f'<set-variable name="{name}" value="@({html.escape(value)})" />'


def choosing(*arms: tuple[str, str], otherwise: str | None = None) -> str:
    whens = "".join(f'<when condition="@({html.escape(asked)})">{inner}</when>' for asked, inner in arms)
    return f"<choose>{whens}{'' if otherwise is None else f'<otherwise>{otherwise}</otherwise>'}</choose>"


def policy(inbound: str, backend: str = "<base />", on_error: str = "") -> str:
    return (
        f"<policies><inbound><base />{inbound}</inbound><backend>{backend}</backend>"
        f"<outbound><base /></outbound><on-error><base />{on_error}</on-error></policies>"
    )


TWICE = choosing((HAS, ""), (HAS, ""))
RETRY = '<retry condition="@(context.Response.StatusCode > 400)" count="2" interval="0">'
ORIGIN = "<allowed-origins><origin>https://a.example</origin></allowed-origins>"

IMPOSSIBLE: dict[str, tuple[str, list[str]]] = {
    "an earlier branch asks the same": (policy(TWICE), ["inbound choose[1]/when[2]"]),
    "a condition that is constant": (policy(choosing(("1 > 2", ""))), ["inbound choose[1]/when[1]"]),
    "a value that is set": (
        policy(setting("v", '"a"') + choosing(('(string)context.Variables["v"] == "b"', ""))),
        ["inbound choose[1]/when[1]"],
    ),
    "a header that is removed": (
        policy('<set-header name="X-A" exists-action="delete" />' + choosing((HAS, ""))),
        ["inbound choose[1]/when[1]"],
    ),
    "what stands behind an answer": (
        policy(REFUSE + choosing((HAS, ""), otherwise="")),
        ["inbound choose[1]/when[1]", "inbound choose[1]/otherwise[1]"],
    ),
    "a hash before, which decides elsewhere": (
        policy(choosing((HASH, setting("v", "1"))) + TWICE),
        ["inbound choose[2]/when[2]"],
    ),
    "a hash that only a trace writes": (
        policy(f'<trace source="t"><message>@({html.escape(HASH)} ? "a" : "b")</message></trace>{TWICE}'),
        ["inbound choose[1]/when[2]"],
    ),
    "a limit before": (
        policy(f'<rate-limit-by-key calls="9" renewal-period="60" counter-key="@({html.escape(FILLED)})" />{TWICE}'),
        ["inbound choose[1]/when[2]"],
    ),
    "cors before": (policy(f"<cors>{ORIGIN}</cors>{TWICE}"), ["inbound choose[1]/when[2]"]),
    "what a cache may have, and where requests go": (
        policy(
            f'<cache-lookup-value key="@({html.escape(FILLED)})" variable-name="c" />'
            + choosing(('context.Variables.ContainsKey("c")', '<set-backend-service base-url="https://b.example" />'))
            + TWICE
        ),
        ["inbound choose[2]/when[2]"],
    ),
    "random numbers of a seed": (
        policy(
            setting("n", "new Random(context.RequestId.GetHashCode()).Next(1, 3)")
            + choosing(('(int)context.Variables["n"] < 3', ""), otherwise="")
        ),
        ["inbound choose[1]/otherwise[1]"],
    ),
}
POSSIBLE: dict[str, tuple[str, str]] = {
    "a hash decides it": (policy(choosing((f"{HASH} && {HASH}", ""))), "inbound choose[1]/when[1]"),
    "a hash decides a value that it asks": (
        policy(setting("v", f"{HASH} ? 1 : 0") + choosing(('(int)context.Variables["v"] == 1', ""), otherwise="")),
        "inbound choose[1]/when[1]",
    ),
    "a hash decides what is looked up": (
        policy(
            '<cache-store-value key="a" value="x" duration="9" />'
            + f'<cache-lookup-value key="@({html.escape(HASH)} ? "a" : "b")" variable-name="c" />'
            + choosing(('context.Variables.ContainsKey("c")', ""), otherwise="")
        ),
        "inbound choose[1]/when[1]",
    ),
    "a hash decides whether it is passed": (
        policy(choosing((f"!({HASH})", REFUSE)) + choosing(("true", ""))),
        "inbound choose[2]/when[1]",
    ),
    "a hash decides what is read through two variables": (
        policy(
            setting("v", f"{HASH} ? 1 : 0")
            + setting("w", '(int)context.Variables["v"] + 1')
            + choosing(('(int)context.Variables["w"] == 2', ""))
        ),
        "inbound choose[1]/when[1]",
    ),
    "an error that a hash makes": (
        policy(setting("v", f"1 / ({HASH} ? 0 : 1)"), on_error=choosing(("true", ""))),
        "on-error choose[1]/when[1]",
    ),
    "the response before there is one": (
        policy("", f"{RETRY}{choosing(('context.Response.StatusCode == 429', ''))}<forward-request /></retry>"),
        "backend retry[1]/choose[1]/when[1]",
    ),
    "an object that is changed": (
        policy(
            setting("o", "new JObject()")
            + '<trace source="t"><message>@{ var o = (JObject)context.Variables["o"]; '
            + html.escape(f'if ({HASH}) {{ o["a"] = 1; }} ')
            + 'return "x"; }</message></trace>'
            + choosing(('((JObject)context.Variables["o"])["a"] != null', ""))
        ),
        "inbound choose[1]/when[1]",
    ),
}
FOUND: dict[str, str] = {
    "behind a text that is cut in a trace": policy(
        f'<trace source="t"><message>@({html.escape(KEY)}.Substring(1))</message></trace>{choosing((HAS, ""))}'
    ),
    "what a value that nobody reads asked first": policy(
        setting("seen", 'context.Subscription?.Name ?? "none"')
        + choosing(("context.Subscription == null", REFUSE))
        + choosing((HAS, ""), otherwise="")
    ),
    "an error's status that a wider scope chose": policy(
        "", on_error=choosing(("context.Response.StatusCode == 429", ""))
    ),
    "a preflight's neighbour": policy(
        f'<cors terminate-unmatched-request="true">{ORIGIN}</cors>' + choosing((HAS, ""), otherwise="")
    ),
    "the time of a backend": policy("", on_error=choosing(('context.LastError.Reason == "Timeout"', ""), otherwise="")),
}


def branches(document: str | Source, **options: Any) -> tuple[list[str], list[str]]:
    """The branches that were not found, and those of them that are proven impossible."""
    harness = Harness(document, **options)
    found = Finder(harness, Bounds(seconds=60)).explore()
    missing = [goal for goal in found.missing if goal.kind == BRANCH]
    proven = BranchProofs(harness)
    return list(map(harness.goals.name, missing)), [
        harness.goals.name(goal) for goal in missing if proven.decide(goal).is_proven
    ]


@pytest.mark.parametrize("name", IMPOSSIBLE)
def test_a_branch_that_no_request_takes_is_proven(name: str) -> None:
    document, wanted = IMPOSSIBLE[name]
    assert branches(document)[1] == wanted


@pytest.mark.parametrize("name", POSSIBLE)
def test_a_branch_to_which_something_leads_that_is_not_understood_is_not_proven(name: str) -> None:
    document, branch = POSSIBLE[name]
    assert branch not in branches(document)[1]


@pytest.mark.parametrize("name", FOUND)
def test_a_branch_behind_unrelated_policies_is_found(name: str) -> None:
    assert branches(FOUND[name], has_doubles=True)[0] == []


def test_nothing_is_proven_that_rests_on_a_named_value_that_was_made_up() -> None:
    document = policy(choosing(('"{{mode}}" == "live"', "")) + TWICE)
    given = {"settings": {"named_values": {"mode": "test"}}}
    assert branches(document, **given)[1] == ["inbound choose[1]/when[1]", "inbound choose[2]/when[2]"]
    assert branches(document, **given, stand_ins=StandIns(["mode"]))[1] == ["inbound choose[2]/when[2]"]


def test_a_variable_that_comes_of_a_named_value_is_made_up_too() -> None:
    document = policy(
        '<set-variable name="mode" value="{{mode}}" />' + choosing(('(string)context.Variables["mode"] == "live"', ""))
    )
    given = {"settings": {"named_values": {"mode": "test"}}}
    assert branches(document, **given)[1] == ["inbound choose[1]/when[1]"]
    assert branches(document, **given, stand_ins=StandIns(["mode"]))[1] == []


def test_an_empty_fragment_that_was_made_up_may_do_anything() -> None:
    asks = choosing(('(string)context.Variables["v"] == "b"', ""))
    document = policy(setting("v", '"a"') + '<include-fragment fragment-id="f" />' + asks)
    settings = {"fragments": {"f": "<fragment />"}}
    assert branches(document, settings=settings)[1] == ["inbound choose[1]/when[1]"]
    assert branches(document, settings=settings, stand_ins=StandIns((), ["f"]))[1] == []


def test_a_named_value_that_infrastructure_code_makes_is_made_up_too() -> None:
    text = policy(choosing(('"${var.mode}" == "live"', "")))
    start = text.index("${var.mode}")
    end = start + len("${var.mode}")
    made = text[:start] + "{{var.mode}}" + text[end:]
    anchors = ((0, 0, True), (start, start, False), (start + len("{{var.mode}}"), end, True))
    document = Source(made, "main.tf", Source(text, "main.tf"), anchors)
    given = {"settings": {"named_values": {"var.mode": "test"}}}
    assert branches(document, **given)[1] == ["inbound choose[1]/when[1]"]
    assert branches(document, **given, stand_ins=StandIns(["var.mode"]))[1] == []


NOT_EVALUATED = {
    "a loop": "@{ int n = 0; for (int i = 0; i < 2; i++) { if (n == 1) { n = 5; } n += 1; } return n; }",
    "a loop over parts": f"@{{ foreach (var p in {KEY}.Split(',')) {{ if (p == \"a\") {{ return 1; }} }} return 2; }}",
    "a filter": f'@{{ try {{ return int.Parse({KEY}); }} catch when ({KEY} == "a") {{ return 1; }} }}',
    "a part without a form": f'@((({KEY} == "a" ? 1 : 2), 3).Item1)',
}


@pytest.mark.parametrize("name", NOT_EVALUATED)
def test_a_condition_that_is_not_evaluated_may_have_each_outcome(name: str) -> None:
    code = html.escape(NOT_EVALUATED[name])
    harness = Harness(policy(f'<set-variable name="v" value="{code}" />'))
    branches = BranchProofs(harness)
    goals = [goal for goal in harness.goals.all if goal.kind != BRANCH]
    assert goals
    assert not any(branches.decide(goal).is_proven for goal in goals)
