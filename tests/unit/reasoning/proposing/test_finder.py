"""Found requests have run and reach their goals; proofs have no counterexample, and mutants are not proven."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("z3")

from apimpolicy.gateway.context.records import Request
from apimpolicy.gateway.engine.gateway import Gateway
from apimpolicy.reasoning.proposing.guided import Finder
from apimpolicy.reasoning.scenarios.goals import BRANCH
from apimpolicy.reasoning.scenarios.harness import Harness
from apimpolicy.reasoning.scenarios.scenario import Bounds
from apimpolicy.testing.claims.facts import BranchProofs

if TYPE_CHECKING:
    from apimpolicy.reasoning.scenarios.scenario import Exploration


def policy(inbound: str, outbound: str = "", on_error: str = "") -> str:
    return (
        f"<policies><inbound><base />{inbound}</inbound><backend><base /></backend>"
        f"<outbound><base />{outbound}</outbound><on-error><base />{on_error}</on-error></policies>"
    )


def choose(*conditions: str) -> str:
    whens = "".join(
        f'<when condition="@({each})"><set-variable name="v{i}" value="1" /></when>'
        for i, each in enumerate(conditions)
    )
    return f"<choose>{whens}</choose>"


def explore(document: str, *, seconds: float = 60, **options: Any) -> Exploration:
    return Finder(Harness(document, **options), Bounds(seconds=seconds)).explore()


def missing(found: Exploration) -> list[str]:
    return [found.harness.goals.name(goal) for goal in found.missing if goal.kind == BRANCH]


def block(code: str) -> str:
    return f'<choose><when condition="@{{{code}}}"><set-variable name="v" value="1" /></when></choose>'


HEADER = 'context.Request.Headers.GetValueOrDefault("X-Key", "")'
REACHABLE = {
    "a method and a header": choose(f'context.Request.Method == "PUT" && {HEADER}.StartsWith("k-")'),
    "ignoring case": choose(
        f'{HEADER}.ToLower() == "secret"', f'string.Equals({HEADER}, "OTHER", StringComparison.OrdinalIgnoreCase)'
    ),
    "a path and a parameter": choose(
        'context.Request.Url.Path.Contains("/admin/")', 'context.Request.Url.Query.GetValueOrDefault("debug") == "on"'
    ),
    "numbers in texts": choose(f"int.Parse({HEADER}) > 41", f"int.Parse({HEADER}) == 7"),
    "a body": choose('(string)context.Request.Body.As<JObject>()["order"]["kind"] == "large"'),
    "a list in a body": choose(
        '((JArray)context.Request.Body.As<JObject>()["items"]).Any(i => (string)i["id"] == "a")'
    ),
    "variables of wider scopes": choose(
        'context.Variables.GetValueOrDefault<int>("tries") > 2', '(bool)context.Variables["flag"]'
    ),
    "a text that is cut": choose(f"{HEADER}.Split(',').Length == 3 && {HEADER}.Split(',')[1] == \"b\""),
    "a header rewritten": f'<set-header name="X-Key"><value>@({HEADER} + "!")</value></set-header>'
    + choose(f'{HEADER} == "wow!"'),
    "a pattern": choose(f'Regex.IsMatch({HEADER}, "^[a-z]{{3}}-[0-9]+$")'),
    "a person": choose('context.User != null && context.User.Groups.Any(g => g.Name == "admins")'),
    "chance": choose("new Random().Next(0, 100) == 77"),
    "JSON that a policy builds": choose(
        f'(string)new JObject(new JProperty("a", new JObject(new JProperty("b", {HEADER}))))["a"]["b"] == "x1"',
        f"(int)JArray.FromObject(new[] {{ 1, {HEADER}.Length }})[1] == 4",
        f'(string)JObject.Parse(new JObject {{ ["a"] = {HEADER} }}.ToString())["a"] == "x2"',
        f'(string)JObject.Parse(JsonConvert.SerializeObject(new {{ a = {HEADER} }}))["a"] == "x3"',
    ),
    "JSON that a policy changes": block(
        'var made = context.Request.Body.As<JObject>(true); made["a"] = "y"; made.Add("b", 2); made.Remove("c");'
        ' return (string)made["a"] == "y" && (int)made["b"] == 2 && made["c"] == null && (string)made["d"] == "z";'
    ),
    "a body that a policy builds": f'<set-body>@(new JObject(new JProperty("a", {HEADER})).ToString())</set-body>'
    + choose('(string)context.Request.Body.As<JObject>(true)["a"] == "x"'),
    "lists and texts that a policy builds": block(
        f'var made = new List<string>(); if ({HEADER} == "two") {{ made.Add("a"); }} made.Add("b");'
        ' var text = new StringBuilder(); text.Append(made.Count).Append("-").Append(made[0]);'
        ' return text.ToString() == "2-a" && string.Join("+", made) == "a+b";'
    ),
    "members with names from elsewhere": choose(
        f'(string)context.Request.Body.As<JObject>(true)[{HEADER}]?["kind"] == "large"',
        f"context.Request.Body.As<JObject>(true).Property({HEADER}) != null",
    ),
    "a text that begins with another one": choose(
        f"{HEADER}.Length > 2 && context.Request.Url.Path.StartsWith({HEADER})"
    ),
    "a part of a text by its place": choose(
        f'{HEADER}.IndexOf("=>") > 0 && {HEADER}.Substring({HEADER}.IndexOf("=>") + 2) == "b"',
        f'{HEADER}.Length > 3 && {HEADER}.Substring({HEADER}.Length - 2) == "az"',
        f'{HEADER}.Length > 3 && {HEADER}.Substring(0, {HEADER}.Length - 2) == "by"',
    ),
    "parts of a text one by one": choose(
        f'{HEADER}.Split(\';\').Select(p => p.Trim()).FirstOrDefault(p => p.StartsWith("t="))?.Substring(2) == "9"',
        f"{HEADER}.Split(';').Sum(p => p.Length) == 5",
    ),
    "bytes": choose(
        f"Convert.FromBase64String({HEADER}).Length == 3",
        f"Convert.FromBase64String({HEADER})[1] == 7",
        f'Encoding.UTF8.GetString(Convert.FromBase64String({HEADER}).Skip(1).ToArray()) == "bcd"',
    ),
    "a signature": block(
        f'var given = Convert.FromBase64String({HEADER}); var right = new HMACSHA256(Encoding.UTF8.GetBytes("k"))'
        ".ComputeHash(Encoding.UTF8.GetBytes(context.Request.Body.As<string>(true)));"
        " if (given.Length != right.Length) { return false; } bool same = true;"
        " for (int i = 0; i < right.Length; i++) { same = same && given[i] == right[i]; } return same;"
    ),
    "who calls, and where": choose(
        'context.Request.OriginalUrl.Host.EndsWith(".contoso.com")',
        'context.Request.IpAddress.StartsWith("10.20.")',
        "context.Request.OriginalUrl.Port == 8443",
        'context.Request.Url.QueryString.Contains("debug=1")',
        'context.Request.OriginalUrl.QueryString == "?a=b"',
    ),
    "kinds of characters": choose(
        f"{HEADER}.Length > 3 && {HEADER}.All(char.IsDigit)",
        f"{HEADER}.Length > 3 && {HEADER}.All(c => char.IsLetter(c))",
        f"{HEADER}.Length == 2 && {HEADER}.Any(char.IsUpper) && !{HEADER}.All(char.IsLetterOrDigit)",
    ),
    "a word in Base64": choose(f'Encoding.UTF8.GetString(Convert.FromBase64String({HEADER})) == "secret"'),
    "odd texts": choose(
        f'Uri.UnescapeDataString({HEADER}) == "100%" && {HEADER} != "100%"',
        f"Guid.TryParse({HEADER}, out var id)",
        f'{HEADER}.ToLower() == "k" && {HEADER} != "K" && {HEADER} != "k"',
        f'{HEADER}.Contains("\\t")',
    ),
    "a claim": choose('((Jwt)context.Variables["jwt"]).Claims["roles"].Contains("admin")'),
}


@pytest.mark.parametrize("name", REACHABLE)
def test_all_branches_are_found(name: str) -> None:
    found = explore(policy(REACHABLE[name]))
    assert missing(found) == []
    for goal, run in found.found.items():
        again = found.harness.run(run.assignment)
        assert goal in again.reached


def test_answers_failures_and_repetitions_of_backends_are_found() -> None:
    document = policy(
        '<send-request response-variable-name="r" ignore-error="true"><set-url>https://a.example</set-url></send-request>'
        + choose('context.Variables["r"] == null', '((IResponse)context.Variables["r"]).StatusCode == 404'),
        choose("context.Response.StatusCode >= 500", 'context.Response.Headers.GetValueOrDefault("X", "") == "y"'),
        choose('context.LastError.Source == "forward-request"'),
    )
    assert missing(explore(document)) == ["on-error choose[1]: passed with every condition false"]  # nothing else fails


def test_retry_is_repeated_and_not_repeated() -> None:
    document = (
        "<policies><inbound><base /></inbound><backend>"
        '<retry condition="@(context.Response.StatusCode == 503)" count="3" interval="1"><forward-request /></retry>'
        "</backend><outbound><base /></outbound><on-error><base /></on-error></policies>"
    )
    assert missing(explore(document)) == []


def test_a_cache_entry_is_found_by_its_key() -> None:
    document = policy(
        '<cache-lookup-value key="k" variable-name="c" default-value="none" />'
        + choose('(string)context.Variables["c"] == "cached"')
    )
    assert missing(explore(document)) == []


IMPOSSIBLE = {
    "both": f'{HEADER} == "a" && {HEADER} == "b"',
    "a prefix": f'{HEADER}.StartsWith("ab") && {HEADER}.Length < 2',
    "a number": 'context.Request.Headers.Count < 0 && context.Request.Method == "GET"',
    "a method": 'context.Request.Method == "get"',
    "a case": f'{HEADER}.ToLower() == "A"',
}


@pytest.mark.parametrize("name", ["both", "a prefix", "a method", "a case"])
def test_an_impossible_branch_is_proven_and_has_no_counterexample(name: str) -> None:
    document = policy(choose(IMPOSSIBLE[name]))
    found = explore(document)
    assert missing(found) == ["inbound choose[1]/when[1]"]
    assert BranchProofs(found.harness).decide(found.missing[0]).is_proven is (name != "a prefix")
    gateway, chance = Gateway(tracing=False), random.Random(7)
    for _ in range(300):
        value = "".join(chance.choice(["a", "b", "A", "ab", ""]) for _ in range(chance.randint(0, 3)))
        headers = {"X-Key": value} if chance.random() < 0.9 else {}
        result = gateway.run(document, Request(chance.choice(["GET", "POST", "get"]).upper(), "/", headers=headers))
        assert "v0" not in result.variables


MUTANTS = {
    "both": f'{HEADER} == "a" || {HEADER} == "b"',
    "a prefix": f'{HEADER}.StartsWith("ab") && {HEADER}.Length < 3',
    "a method": 'context.Request.Method == "POST"',
    "a case": f'{HEADER}.ToLower() == "a"',
}


@pytest.mark.parametrize("name", MUTANTS)
def test_a_mutant_that_a_request_does_is_not_proven(name: str) -> None:
    found = explore(policy(choose(MUTANTS[name])))
    assert missing(found) == []


INEXACT = {
    "a hash": f'BitConverter.ToString(SHA256.Create().ComputeHash(Encoding.UTF8.GetBytes({HEADER}))) == "x"',
    "the clock": "DateTime.UtcNow.Year == 1066",
    "an id": 'context.RequestId.ToString() == "6f9619ff-8b86-d011-b42d-00c04fc964ff"',
}


@pytest.mark.parametrize("name", INEXACT)
def test_unsupported_features_are_reported_and_prevent_proofs(name: str) -> None:
    found = explore(policy(choose(INEXACT[name])))
    assert missing(found) == ["inbound choose[1]/when[1]"]
    decision = BranchProofs(found.harness).decide(found.missing[0])
    assert not decision.is_proven
    assert decision.reasons


def test_the_same_search_finds_the_same() -> None:
    document = policy(REACHABLE["a text that is cut"])
    one, other = explore(document), explore(document)
    assert [run.assignment for run in one.runs] == [run.assignment for run in other.runs]
