"""What no source decides: an outcome that depends on a choice of ours says so; a loop without an end is one."""

from __future__ import annotations

import pytest
from tests.sampling import sampled

from apimpolicy import Gateway, LimitExceededError, Limits, Request
from apimpolicy.report.explanation import explain

VALUE = '<policies><inbound><set-variable name="v" value="{}" /></inbound><on-error>{}</on-error></policies>'
ASSUMED = {
    "context.Request.Body.As&lt;string>() + context.Request.Body.As&lt;string>()": "read again",
    "context.Request.Body.As&lt;string>(preserveContent: true) + context.Request.Body.As&lt;string>()": "",
    '"Basic YTpiOmM=".AsBasic().UserId': "first colon",
    '"Basic YTpi".AsBasic().UserId': "",
    "context.Request.Body.AsFormUrlEncodedContent().Count": "reads + as a space",
    'context.Request.Body.AsFormUrlEncodedContent(true)["a"][0].Length': "reads + as a space",
    "context.Request.Body.AsFormUrlEncodedContent(true).ToQueryString()": "%20",
    "context.Request.Body.As&lt;string>(true)": "",
    "((string)null).Length": "",
}
ENDLESS = (
    "while (true) { }",
    "for (;;) { var a = 1; }",
    "int i = 0; do { i++; } while (true);",
    "int i = 0, n = 0; while (i < 10) { n++; }",
    "int i = 0; bool b = false; while (i == 0 && !b) { var n = i + 1; }",
    "while (true) { foreach (var c in \"ab\") { if (c == 'b') break; } }",
    "while (true) { switch (1) { default: break; } }",
    "while (true) { Func<int> f = () => { return 1; }; f(); }",
    "while (true) { for (int i = 0; i < 3; i++) { continue; } }",
)
MAY_END = (
    "while (true) { if (context.Api == null) break; }",
    "while (true) { if (context.Api == null) return 2; }",
    'while (true) { if (context.Api == null) throw new Exception("x"); }',
    'while (true) { var n = context.Api == null ? throw new Exception("x") : 1; }',
    "while (true) { if (context.Api == null) goto end; } end: ;",
    "for (int i = 0; i != -1; i++) { }",
    "int i = 0; void F() { i += 0; } while (i == 0) { F(); }",
    "int i = 0; Action f = () => { i += 0; }; while (i == 0) { f(); }",
    "var l = new List<int>(); while (l.Count < 1) { }",
    "int i = 0; while (i == 0) { (i, i) = (0, 0); }",
    "foreach (var i in Enumerable.Range(0, int.MaxValue)) { }",
)


@pytest.mark.parametrize(("code", "words"), ASSUMED.items())
def test_a_choice_is_named(code: str, words: str) -> None:
    result = Gateway().run(
        VALUE.format(f"@({code.replace(chr(34), '&quot;')})", ""), Request("POST", "/", body="a=b+c")
    )
    found = "".join(result.assumptions)
    assert words in found if words else not found
    assert any(note.startswith("No source decides this") for note in explain(result).notes) is bool(words)


def test_an_error_in_on_error() -> None:
    result = Gateway().run(VALUE.format("@((string)null + 1 / (int)(object)1 / 0)", ""), "/")
    assert not result.assumptions
    fails = '<set-body>@(((string)null).Length + "")</set-body>'
    assert "An error in on-error" in Gateway().run(VALUE.format("@(((string)null).Length)", fails), "/").assumptions[0]


def run(code: str) -> tuple[int, str]:
    value = f"@{{ {code} return 1; }}".replace("<", "&lt;").replace('"', "&quot;")
    recovers = '<choose><when condition="@(context.LastError != null)"><set-status code="418" /></when></choose>'
    result = Gateway(limits=Limits(steps=20_000)).run(VALUE.format(value, recovers), "/")
    assert "without an end" in "".join(result.assumptions)
    return result.response.status_code, result.error.reason if result.error else ""


@pytest.mark.parametrize("code", sampled(ENDLESS, 9))
def test_a_loop_without_an_end_fails_the_request(code: str) -> None:
    assert run(code) == (418, "ExpressionValueEvaluationFailure")


@pytest.mark.parametrize("code", MAY_END)
def test_a_loop_that_may_end_exceeds_a_limit(code: str) -> None:
    with pytest.raises(LimitExceededError):
        run(code)


def test_the_second_one_ends_the_simulation() -> None:
    with pytest.raises(LimitExceededError):
        Gateway(limits=Limits(steps=20_000)).run(
            VALUE.format("@{ while (true) { } }", "<set-body>@{ for (;;) { } }</set-body>"), "/"
        )
