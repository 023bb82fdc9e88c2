"""What must hold of every expression, tried on expressions that nobody thought of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from bound_trees import described
from csharp_types import spelled
from generated import Program, profile, programs, sentences, token_soups, wrong_programs
from hypothesis import given
from running import Outcome, bound_of, contexts, run, variants
from tests.tree_printer import print_tree

from apimpolicy.csharp.binding.gateway_rules import check_gateway_rules
from apimpolicy.csharp.binding.nodes import Bad, Bound
from apimpolicy.csharp.binding.type_relations import same
from apimpolicy.csharp.emit.expression import CompiledExpression
from apimpolicy.csharp.emit.recording import Recorder

if TYPE_CHECKING:
    from apimpolicy.csharp.binding import BoundExpression
    from apimpolicy.csharp.syntax.nodes import Node


def accepted(code: str) -> tuple[Node, BoundExpression]:
    """Code that the binder must have nothing against."""
    found = bound_of(code)
    assert found is not None, "does not parse"
    assert [f"{d.code} {d.message}" for d in found[1].diagnostics] == []
    return found


def outcomes(bound: BoundExpression, *, recorded: bool = False) -> list[Outcome]:
    """How it ends in each context; every end must be one that is allowed."""
    compiled = CompiledExpression(bound)
    found = [run(compiled, context, Recorder() if recorded else None) for context in contexts()]
    assert [outcome.complaint for outcome in found if outcome.complaint] == []
    return found


def assert_same(first: list[Outcome], second: list[Outcome]) -> None:
    """Equal results; where a limit was reached, nothing can be said."""
    for one, other in zip(first, second, strict=True):
        if "limit" not in (one.kind, other.kind):
            assert (one.kind, one.shown) == (other.kind, other.shown)


def has_bad(node: Bound) -> bool:
    """Whether something in the tree could not be bound."""
    waiting = [node]
    while waiting:
        current = waiting.pop()
        if isinstance(current, Bad):
            return True
        waiting.extend(current.children())
    return False


@profile(90)
@given(programs())
def test_well_typed_code_binds_to_its_type(program: Program) -> None:
    _, bound = accepted(program.code)
    assert same(bound.type, program.type), f"{bound.type}, not {program.type}"


@profile(60)
@given(programs())
def test_printed_code_means_the_same(program: Program) -> None:
    tree, bound = accepted(program.code)
    assert described(accepted(print_tree(tree))[1]) == described(bound)


@profile(60)
@given(programs())
def test_well_typed_code_runs_with_and_without_a_recorder(program: Program) -> None:
    _, bound = accepted(program.code)
    assert_same(outcomes(bound), outcomes(bound, recorded=True))


@profile(25)
@given(programs())
def test_code_gives_the_same_wherever_it_stands(program: Program) -> None:
    expected = outcomes(accepted(f"@{program.body}")[1])
    for code in variants(program.body, spelled(program.type)).values():
        assert_same(expected, outcomes(accepted(code)[1]))


@profile(40)
@given(programs())
def test_constants_are_what_running_gives(program: Program) -> None:
    expected = outcomes(accepted(f"@{program.body}")[1])
    assert_same(expected, outcomes(accepted(f"@{program.hidden}")[1]))


@profile(150)
@given(wrong_programs())
def test_changed_code_is_refused_or_runs(code: str) -> None:
    check_any(code)


@profile(300)
@given(token_soups())
def test_tokens_in_any_order_are_refused_or_run(code: str) -> None:
    check_any(code)


@profile(120)
@given(sentences())
def test_whatever_the_grammar_allows_is_refused_or_runs(code: str) -> None:
    check_any(code)


def check_any(code: str) -> None:
    """Whatever the text is: a diagnostic, or a program that runs and prints as it is."""
    found = bound_of(code)
    if found is None:
        return
    tree, bound = found
    check_gateway_rules(bound, tree)
    assert [d.message for d in bound.diagnostics if "'?'" in d.message] == [], "says more of what is reported already"
    if bound.diagnostics:
        return
    assert not has_bad(bound.body)
    outcomes(bound)
    assert described(accepted(print_tree(tree))[1]) == described(bound)


FOUND = {
    # A sequence of tokens with a null in it
    '@(Enumerable.Repeat<JToken>(default(JToken), 2).Values<int>((object)"a").Count())': (
        "System.NullReferenceException: Object reference not set to an instance of an object."
    ),
    "@(Enumerable.Repeat<JContainer>(null, 2).Descendants().Count())": (
        "System.NullReferenceException: Object reference not set to an instance of an object."
    ),
    # One query inside another had the same hidden range variables
    "@((from a in new[] { 1 } let b = a select (from c in new[] { 2 } let d = c + b select d).First()).First())": (
        "int 3"
    ),
    "@(from a in new[] { 1, 2 } from b in (from c in new[] { a } from d in new[] { c } select d + a) select a * b)": (
        "[int 2, int 8]"
    ),
    # Generic types without their arguments, outside of typeof and with a name that does not exist
    "@(typeof(Serialize<>).missing?.GetPreamble())": "CS0246",
    "@(typeof(System.Serialize<>))": "CS0234",
    "@(typeof(System.Collections.Generic.Dictionary<,>).Name)": "str 'Dictionary`2'",
    "@(typeof(List<List<>>))": "CS7003",
    "@(default(List<>.Enumerator))": "CS7003",
    "@(default(System.Collections.Generic.List<>))": "CS7003",
    # What has no type before `is` and in `switch`
    '@((a => "b" ? 1 : 2) is byte c ? 1.5 : 1.5)': "CS0837",
    '@("a".ToString is object o)': "CS0837",
    "@(default is string a)": "CS8117",
    "@(null is null)": "CS8117",
    "@{ switch (default) { default: break; } return 1; }": "CS8119",
    "@{ switch (a => 1) { case 1: break; } return 1; }": "CS8119",
    '@{ switch (context.Trace("a")) { default: break; } return 1; }': "CS8119",
    # Two local functions of one name with different parameters
    "@{ int F() => 1; int F(int a) => 2; return 1; }": "CS0128",
    # Constraints on type parameters
    '@(JToken.Parse("1").Annotation<char>())': "CS0452",
    '@(JToken.Parse("1").Annotation<string>())': "null",
    '@(Enum.TryParse<string>("a", out var b))': "CS0453",
    '@(Enum.TryParse("Friday", out DayOfWeek a) ? a : 0)': "int 5",
    "@(new Nullable<string>())": "CS0453",
    "@(JEnumerable<int>.Empty)": "CS0315",
    # Python warned of a literal beside `is`
    "@(((int?)7).HasValue)": "bool True",
    "@((object)1 == null)": "bool False",
    # Empty rectangular arrays
    "@(new int[,] { }.GetLength(1))": "int 0",
    "@(new int[,,] { { } }.Length)": "int 0",
    "@((object)new sbyte[,] { } is sbyte[,])": "bool True",
    # Delegates that are added and taken away
    "@{ int n = 0; Action f = () => n++; f += f; f(); return n; }": "int 2",
    "@{ Func<int> f = () => 1, g = () => 2; return (f + g)(); }": "int 2",
    "@{ Func<int> f = () => 1, g = () => 2; return (f + g - g)(); }": "int 1",
    "@{ int n = 0; void G() { n += 10; } Action f = () => n++; f += G; f += f; f -= G; f(); return n; }": "int 12",
    "@{ Action f = () => { }; f -= () => { }; return f == null; }": "bool False",
    "@{ Action f = () => { }; f -= f; return f == null; }": "bool True",
    "@{ Action f = null; f += null; return f == null; }": "bool True",
    "@{ Action f = () => { }, g = () => { }; return f + g == f + g; }": "bool True",
    "@{ Action f = () => { }, g = () => { }; return f + g != g + f; }": "bool True",
    '@{ Func<object> f = () => 1; Func<string> g = () => "a"; return (f + g)(); }': "str 'a'",
    '@{ Func<int> f = () => 1; Func<string> g = () => "a"; return f + g; }': "CS0019",
    "@{ Func<int, int> f = a => 1; f += (a, b) => 2; return 1; }": "CS1593",
    # A receiver that is null is found after the arguments have been evaluated
    "@{ int n = 0; try { Func<int, int> f = null; f(n = 5); } catch (NullReferenceException) { } return n; }": "int 5",
    "@{ int n = 0; try { Func<int, int> f = null; f.Invoke(n = 5); } catch (NullReferenceException) { } return n; }": (
        "int 5"
    ),
    '@{ int n = 0; try { string s = null; s.IndexOf("a", n = 5); } catch (NullReferenceException) { } return n; }': (
        "int 5"
    ),
    "@{ int n = 0; try { List<int> l = null; l[n = 5] = n = 6; } catch (NullReferenceException) { } return n; }": (
        "int 6"
    ),
    "@{ int n = 0; try { List<int> l = null; l[n = 1] += n = 2; } catch (NullReferenceException) { } return n; }": (
        "int 1"
    ),
    "@{ int n = 0; try { StringBuilder b = null; b.Length = n = 6; } catch (NullReferenceException) { } return n; }": (
        "int 6"
    ),
    '@{ string s = null; return s.IndexOf(int.Parse("x").ToString()); }': (
        "System.FormatException: Input string was not in a correct format."
    ),
    # A lambda may use a params array
    "@{ int F(params int[] a) { Func<int> g = () => a[0]; return g(); } return F(4); }": "int 4",
    "@{ int F(ref int a) { Func<int> g = () => a; return g(); } int b = 1; return F(ref b); }": "CS1628",
    # What is said of something that is reported already
    "@{ int a; int b; (a, b) = (() => 1, 2); return a; }": "CS1660",
    "@(a::b<int>(1))": "CS0246",
    "@((from a in new[] { 1 } select missing).First()[0])": "CS0103",
    "@{ foreach (var a in new[] { 1 }.Select(b => missing).First()) { } return 1; }": "CS0103",
    "@{ var (a, b) = new[] { 1 }.Select(c => missing).First(); return a; }": "CS0103",
    '@(new[] { 1 }.Select(a => missing).First() ?? "b")': "CS0103",
    # Labels that nothing goes to
    "@{ return 1; a: ; }": "int 1",
    "@{ return 1; a: goto a; }": "int 1",
    "@{ goto b; a: return 1; b: goto a; }": "int 1",
    "@{ goto c; a: return 1; b: goto a; c: goto b; }": "int 1",
    "@{ goto c; a: goto c; c: ; }": "CS0161",
    "@{ foreach (var a in new[] { 1 }) { return 5; } b: ; }": "CS0161",
    "@{ while (true) { goto a; } a: return 1; }": "int 1",
    "@{ switch (1) { case 1: goto a; case 2: return 2; a: return 3; default: return 4; } }": "int 3",
}
"""Mistakes that were found here, or that were known when this was written: the code, and the first diagnostic or what
it gives without a request."""


@pytest.mark.parametrize("code", FOUND)
def test_what_was_found(code: str) -> None:
    found = bound_of(code)
    assert found is not None
    bound = found[1]
    if bound.diagnostics:
        assert bound.diagnostics[0].code == FOUND[code]
    else:
        assert outcomes(bound)[0].shown == FOUND[code]
        check_any(code)
