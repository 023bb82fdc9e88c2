"""Canonical expressions: the same form where a rule of C# gives the same value, errors and effects; nowhere else."""

from __future__ import annotations

import itertools
import re
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.sampling import examples, sampled

from apimpolicy.csharp.dotnet.exceptions import DotnetException
from apimpolicy.csharp.emit.expression import compile_expression
from apimpolicy.gateway.context.execution import Context
from apimpolicy.gateway.context.header_fields import HeaderCollection
from apimpolicy.gateway.context.messages import RequestMessage
from apimpolicy.gateway.context.urls import Url
from apimpolicy.reasoning.proving.canonical_expressions import canonical, is_negative, negated
from apimpolicy.text.source import Excerpt

Tree = tuple[Any, ...]
"""A condition: its kind, and its parts."""

HEADER = 'context.Request.Headers["{}"][0]'
TRUTHS = [
    *(f'context.Request.Headers.ContainsKey("{name}")' for name in "PQ"),
    f"bool.Parse({HEADER.format('B')})",
    '(bool)context.Variables["v"]',
    'context.Variables.ContainsKey("v")',
    'context.Variables.ContainsKey("w")',
]
VALUES = {
    "int": (["context.Request.Headers.Count", f"int.Parse({HEADER.format('I')})"], ["0", "1", "-1"]),
    "long": ([f"long.Parse({HEADER.format('I')})", "(long)context.Request.Headers.Count"], ["0L", "1L"]),
    "decimal": ([f"decimal.Parse({HEADER.format('I')})"], ["0m", "1m", "1.0m"]),
    "double": ([f"double.Parse({HEADER.format('D')})"], ["0.0", "1.0", "double.NaN"]),
    "string": (["context.Request.Method", '(string)context.Variables["v"]'], ['"GET"', '"None"', "(string)null"]),
    "char": (["context.Request.Method[0]", "context.Request.Method[1]"], ["'G'", "'P'"]),
    "bool": (TRUTHS[:2], ["true", "false"]),
    "int?": (["(context.Variables.Count == 0 ? (int?)null : 1)"], ["0", "1"]),
}
"""Code of each type: what depends on a request, and constants."""
ORDERED = ("int", "long", "decimal", "char")
MIRRORED = {"==": "==", "!=": "!=", "<": ">", ">": "<", "<=": ">=", ">=": "<="}
OPPOSITE = {"==": "!=", "!=": "==", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}


def operators(type_: str) -> list[str]:
    return list(OPPOSITE) if type_ not in ("string", "bool") else ["==", "!="]


COMPARISONS: list[Tree] = [
    ("compare", type_, operator, one, other)
    for type_, (read, constants) in VALUES.items()
    for operator in operators(type_)
    for one, other in [*itertools.product(read, constants), *itertools.permutations(read, 2)]
]
LEAVES = st.one_of(
    st.sampled_from([("truth", code) for code in (*TRUTHS, "true", "false")]), st.sampled_from(COMPARISONS)
)
TREES: st.SearchStrategy[Tree] = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.tuples(st.just("not"), inner),
        st.tuples(st.sampled_from(["&&", "||"]), inner, inner),
        st.tuples(st.just("?"), inner, inner, inner),
    ),
    max_leaves=5,
)


def written(tree: Tree) -> str:
    """Return a condition in C#."""
    match tree:
        case ("truth", code):
            return str(code)
        case ("compare", _, operator, one, other):
            return f"({one} {operator} {other})"
        case ("not", inner):
            return f"(!{written(inner)})"
        case ("?", condition, then, otherwise):
            return f"({written(condition)} ? {written(then)} : {written(otherwise)})"
    operator, *sides = tree
    return "(" + f" {operator} ".join(map(written, sides)) + ")"


AROUND = ["({})", "(!!{})", "({} == true)", "(true == {})", "({} != false)", "(true && {})", "({} && true)"]
AROUND += ["(false || {})", "({} || false)", "({} ? true : false)", "(!({} ? false : true))", "(true ? {} : false)"]
OTHERWISE = ["(!{})", "({} == false)", "(false == {})", "({} != true)", "(true != {})", "({} ? false : true)"]


def rewritten(tree: Tree, draw: st.DataObject) -> str:
    """Return a condition in C#, in another way of writing it."""
    code = _rewritten(tree, draw)
    return draw.draw(st.sampled_from(["{}", "{}", "{}", *AROUND])).format(code)


def _rewritten(tree: Tree, draw: st.DataObject) -> str:
    is_plain = draw.draw(st.booleans())
    match tree:
        case ("truth", code):
            return str(code)
        case ("compare", type_, operator, one, other):
            if not is_plain and type_ != "int?" and other in VALUES[type_][1]:
                one, other, operator = other, one, MIRRORED[operator]
            is_exact = operator in ("==", "!=") or type_ in ORDERED
            if is_exact and type_ != "int?" and draw.draw(st.booleans()):
                return f"(!({one} {OPPOSITE[operator]} {other}))"
            return f"({one} {operator} {other})"
        case ("not", inner):
            return draw.draw(st.sampled_from(OTHERWISE)).format(rewritten(inner, draw))
        case ("?", condition, then, otherwise):
            parts = [rewritten(each, draw) for each in (condition, then, otherwise)]
            return "({} ? {} : {})".format(*parts) if is_plain else "(!{} ? {} : {})".format(*_swapped(parts))
    operator, one, other = tree
    parts = [rewritten(one, draw), rewritten(other, draw)]
    if is_plain:
        return f"({parts[0]} {operator} {parts[1]})"
    opposite = "||" if operator == "&&" else "&&"
    return f"(!(!{parts[0]} {opposite} !{parts[1]}))"


def _swapped(parts: list[str]) -> list[str]:
    return [parts[0], parts[2], parts[1]]


@cache
def form(code: str) -> Any:
    return canonical(Excerpt.of(code if code.startswith("@") else f"@({code})"))


REQUESTS = [
    ({}, "GET", {}),
    ({"P": "", "B": "true", "I": "1", "D": "NaN"}, "GET", {"v": True, "GETv": 1}),
    ({"Q": "", "B": "x", "I": "0", "D": "1"}, "PUT", {"v": "GET"}),
    ({"P": "", "Q": "", "B": "false", "I": "-1", "D": "0"}, "None", {"v": False, "w": 1}),
    ({"I": "2", "D": "2", "B": "true"}, "GPG", {"v": None}),
    ({"Q": "", "I": "1", "D": "0.5"}, "PP", {"w": 1, "n": "a"}),
]


@cache
def outcomes(code: str) -> list[str]:
    """Return the value, or the error, for each request."""
    compiled = compile_expression(code if code.startswith("@") else f"@({code})")
    return [f"{compiled.type} {_outcome(compiled, *each)}" for each in REQUESTS]


def _outcome(compiled: Any, headers: dict[str, str], method: str, variables: dict[str, Any]) -> str:
    fields = HeaderCollection([(name, [value]) for name, value in headers.items()])
    message = RequestMessage(method, Url.parse("/a?q=1"), headers=fields, body=b"body")
    try:
        return repr(compiled.evaluate(Context(message, variables=dict(variables))))
    except DotnetException as error:
        return f"{type(error).__name__} {error}"


@settings(max_examples=examples(450))
@given(TREES, st.data())
def test_another_way_of_writing_a_condition_has_the_same_form(tree: Tree, draw: st.DataObject) -> None:
    plain, other = written(tree), rewritten(tree, draw)
    assert form(plain) == form(other), f"{plain}\n{other}"
    assert form(f"!{plain}") == negated(form(plain))
    assert negated(negated(form(plain))) == form(plain)


@settings(max_examples=examples(150))
@given(TREES)
def test_one_of_a_condition_and_its_opposite_is_negative(tree: Tree) -> None:
    """Branches are in the same order, whichever of both is written."""
    found = form(written(tree))
    if found[0] not in ("?", "constant", "&&", "||"):
        is_double = found[0] == "comparison" and negated(found)[0] == "not"
        assert is_negative(found) is not is_negative(negated(found)) or is_double, found


def edited(tree: Tree, draw: st.DataObject) -> Tree:
    """Return a condition with one change."""
    inner = [place for place, part in enumerate(tree) if isinstance(part, tuple)]
    place = draw.draw(st.sampled_from([0, *inner, *inner]))
    if place:
        return (*tree[:place], edited(tree[place], draw), *tree[place + 1 :])
    match tree:
        case ("compare", type_, _, one, _):
            near = [each for each in COMPARISONS if each[1] == type_ and (each[3] == one or one in each[3:])]
            return draw.draw(st.sampled_from(near))
        case ("truth", _):
            return draw.draw(LEAVES)
        case ("not", part):
            return draw.draw(st.sampled_from([part, ("not", ("not", part))]))
        case ("?", condition, then, otherwise):
            return draw.draw(
                st.sampled_from([("?", condition, otherwise, then), ("?", then, condition, otherwise), then])
            )
    operator, one, other = tree
    opposite = "||" if operator == "&&" else "&&"
    return draw.draw(st.sampled_from([(opposite, one, other), (operator, other, one), one, other, ("not", tree)]))


@settings(max_examples=examples(600))
@given(TREES, st.data())
def test_conditions_with_the_same_form_do_the_same(tree: Tree, draw: st.DataObject) -> None:
    code, other = written(tree), written(edited(tree, draw))
    if form(code) == form(other):
        assert outcomes(code) == outcomes(other), f"{code}\n{other}"


METHOD = "context.Request.Method"
PROGRAMS = [
    f"{{ var one = {METHOD}; var two = one + 1; return two + one; }}",
    f"{{ const decimal one = 1m; decimal two = 2.0m; return one < two ? {METHOD} : null; }}",
    f'{{ if ({METHOD} == "GET") {{ return 1; }} else {{ return 2; }} }}',
    f'{{ if ({METHOD} != "GET") {{ return 1; }} else {{ return 2L; }} }}',
    f"{{ int one = 0; while (one < 3) {{ one++; if (one == {METHOD}.Length) {{ break; }} }} return one; }}",
    f"{{ int one = 0; for (int two = 0; two < {METHOD}.Length; two += 2) {{ one = two; }} return one; }}",
    f"{{ int one = 0; do {{ one = one + 2; }} while (one < {METHOD}.Length); return -one; }}",
    f"{{ foreach (var one in {METHOD}) {{ if (one == 'P') {{ continue; }} return one; }} return \"none\"; }}",
    f'{{ switch ({METHOD}) {{ case "GET": return 1; case "PUT": return 2; default: return 3; }} }}',
    f"{{ try {{ return int.Parse({HEADER.format('I')}); }} catch (FormatException one) {{ return one.Message; }}"
    " catch (Exception) { return 5; } finally { int two = 6; } }",
    f"{{ Func<string, int> one = two => two.Length + 1; return one({METHOD}); }}",
    f"@({METHOD}.Split('E').Where(one => one.Length > 0).Select((one, two) => one + two).First())",
    f'{{ int one; int two; return int.TryParse({METHOD}, out one) | int.TryParse("5", out two) ? one : two; }}',
    f"{{ object one = {METHOD}; return one is string two && two.Length > 2 ? (object)two : one as string; }}",
    f"{{ var (one, two) = ({METHOD}, 2); return one + two; }}",
    f'{{ var one = new {{ A = {METHOD}, B = "b" }}; return one.A + one.B; }}',
    f'{{ var one = new Dictionary<string, int> {{ {{ "GET", 1 }}, {{ "PUT", 2 }} }}; return one[{METHOD}]; }}',
    f'{{ var one = new[] {{ {METHOD}, "b" }}; one[0] = one[1]; return one[0]; }}',
    f'@($"{{{METHOD}}}: {{{METHOD}.Length,4}} {{{METHOD}.Length:X2}} {{1}}")',
    f'@({METHOD} ?? "none")',
    f"@({HEADER.format('I')}?.Length ?? 7)",
    f"@(checked((byte)({METHOD}.Length + 253)))",
    f"@((sbyte)({METHOD}.Length << 5) >> 1)",
    f"@(~{METHOD}.Length ^ 5 & 3 | 8)",
    f'@(typeof(string) == (({METHOD} == "GET") ? typeof(string) : typeof(int)))',
    '@(context.Variables.GetValueOrDefault<string>("v", "w"))',
    '@(context.Variables.GetValueOrDefault<bool>("v"))',
    '@(context.Variables.ContainsKey("v") ? context.Variables["v"] : context.Variables["w"])',
    '@(string.Join(",", context.Variables.Keys))',
    '@(((IDictionary<string, object>)context.Variables).Remove("v"))',
    "@(default(int) + default(long))",
    f"{{ int one = 0; again: one += {METHOD}.Length; if (one < 5) {{ goto again; }} return one; }}",
    f'{{ if ({METHOD} == "GET") {{ throw new Exception("GET"); }} return ""; }}',
    f'{{ var one = new StringBuilder("v"); one.Append({METHOD}).Append("w"); return one.ToString(); }}',
    "@(context.Request.Body.As<string>(preserveContent: true) + context.Request.Body.As<string>())",
    f"@(DayOfWeek.Friday == (DayOfWeek){METHOD}.Length ? DayOfWeek.Monday : DayOfWeek.Sunday)",
    f"@({METHOD} == null ? 1.5f : 2.5f)",
    '@(context.Request.Headers.ContainsKey("P") || context.Request.Url.Query.ContainsKey("q"))',
    f'@(context.Variables[{METHOD} + "v"])',
    f"@({HEADER.format('I')}?.PadLeft({HEADER.format('D')}?.Length ?? 1)?.Length)",
    f'{{ int one = 1; int two = 2; one += two -= {METHOD}.Length; return one + ";" + two; }}',
]
"""Programs with each kind of node."""
TOKEN = re.compile(r'@?"[^"]*"|\'.\'|[0-9.]*[0-9][mLf]?|[A-Za-z_]\w*|\+\+|--|[<>=!+|&]=|<<|>>|&&|\|\||\?\?|\S')
ALIKE = [
    ["true", "false"],
    ["0", "1", "2", "3", "5", "-1", "5L", "5.0"],
    ["1m", "2m", "2.0m", "1.5m"],
    ["1.5f", "2.5f"],
    ['"GET"', '"None"', "null", '""', '"v"', '"w"', '"b"'],
    ["==", "!=", "<", ">=", ">", "<="],
    ["+", "-", "*", "/", "%", "^", "&", "|"],
    ["<<", ">>"],
    ["+=", "-=", "="],
    ["&&", "||"],
    ["++", "--"],
    ["checked", "unchecked"],
    ["int", "long", "string", "bool", "object", "byte", "sbyte"],
    ["one", "two"],
    ["continue", "break"],
    ["A", "B"],
    ["P", "Q"],
    ["Request", "Response"],
    ["Url", "OriginalUrl"],
    ["First", "Last"],
    ["FormatException", "OverflowException", "ArgumentException", "Exception"],
    ["Friday", "Monday", "Sunday"],
    ["Keys", "Values"],
    ["4", "X2"],
]
"""Tokens that may take the place of each other."""


def changes(code: str) -> list[str]:
    """Return the code with one token changed, for each token and each that may take its place."""
    found = []
    for token in TOKEN.finditer(code):
        for others in ALIKE:
            if token[0] in others:
                found += [code[: token.start()] + other + code[token.end() :] for other in others if other != token[0]]
    return found


@pytest.mark.parametrize("code", PROGRAMS)
def test_programs_with_the_same_form_do_the_same(code: str) -> None:
    """Names of locals and layout don't matter. Each other change that changes a result changes the form."""
    code = code if code.startswith("@") else f"@{code}"
    renamed = re.sub(r"\b(?:one|two)\b", lambda name: "other" if name[0] == "two" else "two", code)
    assert form(renamed) == form(f"{code[:2]} /* a */ {code[2:]}") == form(code)
    assert form(code)[0] != "code"
    known = outcomes(code)
    for other in sampled(changes(code), 40):
        if form(other) == form(code):
            assert outcomes(other) == known, other


@pytest.mark.parametrize("code", ["@(1 2)", "@{ return x - 1; }", "@(context.Request.Nothing + 1", "@(a.b[1, 2])"])
def test_what_is_not_legal_has_the_form_of_its_tokens(code: str) -> None:
    assert form(code) == form(re.sub(r"(?<=.)(?=[ .])", " /* a */ ", code))
    tokens = [*TOKEN.finditer(code)][1:]
    assert all(form(f"{code[: each.start()]} c {code[each.end() :]}") != form(code) for each in tokens)


@settings(max_examples=examples(60))
@given(TREES)
def test_a_block_that_only_returns_has_the_form_of_what_it_returns(tree: Tree) -> None:
    assert form(f"@{{ return {written(tree)}; }}") == form(written(tree))
