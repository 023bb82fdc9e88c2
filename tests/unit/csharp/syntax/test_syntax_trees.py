"""Expressions and their trees, one row for each choice that the look-ahead has to make."""

from __future__ import annotations

import pytest
from tests.tree_printer import print_tree

from apimpolicy.csharp.syntax.parser import parse

EXPRESSIONS = [
    # casts
    ("(int)x", "cast(predefined_type('int'), identifier('x', None))"),
    ("(T)x", "cast(named_type(None, 'T', None), identifier('x', None))"),
    ("(T)-x", "binary(parenthesized(identifier('T', None)), '-', identifier('x', None))"),
    ("(int)-x", "cast(predefined_type('int'), unary('-', identifier('x', None)))"),
    ("(T)(x)", "cast(named_type(None, 'T', None), parenthesized(identifier('x', None)))"),
    ("(T?)-x", "cast(nullable_type(named_type(None, 'T', None)), unary('-', identifier('x', None)))"),
    ("(x) is T", "is_type(parenthesized(identifier('x', None)), named_type(None, 'T', None))"),
    # type arguments and comparisons
    (
        "f(a<b, c>(d))",
        "invocation(identifier('f', None), arguments(argument(None, None, invocation(identifier('a', "
        "type_arguments(named_type(None, 'b', None), named_type(None, 'c', None))), "
        "arguments(argument(None, None, identifier('d', None)))))))",
    ),
    (
        "f(a<b, c>d)",
        "invocation(identifier('f', None), arguments("
        "argument(None, None, binary(identifier('a', None), '<', identifier('b', None))), "
        "argument(None, None, binary(identifier('c', None), '>', identifier('d', None)))))",
    ),
    ("a >> b", "binary(identifier('a', None), '>>', identifier('b', None))"),
    (
        "A<B<C>>.D",
        "member_access(identifier('A', type_arguments(named_type(None, 'B', "
        "type_arguments(named_type(None, 'C', None))))), 'D', None)",
    ),
    ("typeof(D<,>)", "typeof(named_type(None, 'D', '<,>'))"),
    # question marks
    (
        "x is T ? a : b",
        "conditional(is_type(identifier('x', None), named_type(None, 'T', None)), identifier('a', None), "
        "identifier('b', None))",
    ),
    (
        "x as int? ?? 1",
        "coalesce(as_type(identifier('x', None), nullable_type(predefined_type('int'))), integer_literal('1'))",
    ),
    ("a ? .5 : 1", "conditional(identifier('a', None), real_literal('.5'), integer_literal('1'))"),
    (
        "a?.b?[0].c",
        "member_access(conditional_element_access(conditional_member_access(identifier('a', None), 'b', None), "
        "arguments(argument(None, None, integer_literal('0')))), 'c', None)",
    ),
    # patterns
    ("x is null", "is_pattern(identifier('x', None), constant_pattern(null_literal('null')))"),
    (
        "x is T t && t",
        "logical_and(is_pattern(identifier('x', None), declaration_pattern(named_type(None, 'T', None), 't')), "
        "identifier('t', None))",
    ),
    # lambdas
    ("x => x", "simple_lambda(None, 'x', identifier('x', None))"),
    (
        "(int x, out T y) => { }",
        "parenthesized_lambda(None, lambda_parameters(lambda_parameter(None, predefined_type('int'), 'x'), "
        "lambda_parameter('out', named_type(None, 'T', None), 'y')), block())",
    ),
    ("async x => await x", "simple_lambda('async', 'x', await_expression(identifier('x', None)))"),
    ("await", "identifier('await', None)"),
    # tuples, declarations
    ("(a, b: c)", "tuple(tuple_element(None, identifier('a', None)), tuple_element('b', identifier('c', None)))"),
    (
        "f(out var x, out (int, T) y, ref z)",
        "invocation(identifier('f', None), arguments("
        "argument(None, 'out', declaration_expression(named_type(None, 'var', None), 'x')), "
        "argument(None, 'out', declaration_expression(tuple_type(tuple_type_element(predefined_type('int'), None), "
        "tuple_type_element(named_type(None, 'T', None), None)), 'y')), argument(None, 'ref', identifier('z', None))))",
    ),
    # creation
    (
        "new T { A = 1 }",
        "object_creation(named_type(None, 'T', None), arguments(), initializer(member_initializer('A', "
        "integer_literal('1'))))",
    ),
    ("new int[2][]", "array_creation(predefined_type('int'), sizes(integer_literal('2')), '[]', None)"),
    ("new[] { 1, }", "implicit_array_creation('[]', initializer(integer_literal('1')))"),
    (
        "new { A = 1, b.c }",
        "anonymous_object_creation(anonymous_member('A', integer_literal('1')), anonymous_member(None, "
        "member_access(identifier('b', None), 'c', None)))",
    ),
    (
        '$"a{b,3:x}{{"',
        "interpolated_string('$\"', 'a', interpolation(identifier('b', None), integer_literal('3'), 'x'), '{{')",
    ),
    (
        "from x in y select x",
        "query_expression(from_clause(None, 'x', identifier('y', None)), "
        "query_body(query_clauses(), select_clause(identifier('x', None)), None))",
    ),
    ("from + 1", "binary(identifier('from', None), '+', integer_literal('1'))"),
    ("(a::B.C)d", "cast(named_type(named_type(alias_qualifier('a'), 'B', None), 'C', None), identifier('d', None))"),
    ("global::A.B", "member_access(alias_qualified_name('global', 'A', None), 'B', None)"),
]

STATEMENTS = [
    ("a.b<c> d;", "local_declaration_statement"),
    ("a<b> c = d;", "local_declaration_statement"),
    ("a < b;", "expression_statement"),
    ("a[] b;", "local_declaration_statement"),
    ("a[0] = b;", "expression_statement"),
    ("(int, int) a = b;", "local_declaration_statement"),
    ("(a, b) = c;", "expression_statement"),
    ("var (a, b) = c;", "expression_statement"),
    ("var a = b;", "local_declaration_statement"),
    ("var(a);", "expression_statement"),
    ("int.Parse(a);", "expression_statement"),
    ("int F(int a) => a;", "local_function"),
    ("async Task<T> F<T>() { }", "local_function"),
    ("yield return 1;", "yield_return_statement"),
    ("yield = 1;", "expression_statement"),
    ("throw a;", "throw_statement"),
    ("a: ;", "labeled_statement"),
    ("foreach (var (a, b) in c) ;", "foreach_variable_statement"),
    ("foreach (int a in c) ;", "foreach_statement"),
    ("await a;", "local_declaration_statement"),
    ("from x in y select x;", "expression_statement"),
]


@pytest.mark.parametrize(("code", "expected"), EXPRESSIONS, ids=[code for code, _ in EXPRESSIONS])
def test_the_tree_of_an_expression(code: str, expected: str) -> None:
    tree = parse(f"@({code})")
    assert repr(tree) == f"expression_body({expected})"
    assert repr(parse(print_tree(tree))) == repr(tree)


@pytest.mark.parametrize(("code", "kind"), STATEMENTS, ids=[code for code, _ in STATEMENTS])
def test_the_kind_of_a_statement(code: str, kind: str) -> None:
    tree = parse(f"@{{ {code} }}")
    block = tree.children[0]
    assert block.children[0].kind == kind  # type: ignore[union-attr]
    assert repr(parse(print_tree(tree))) == repr(tree)


def test_the_words_of_a_query_are_names_again_after_it() -> None:
    tree = parse(
        "@{ var a = from x in y where x is T select x; var group = 1; select y = by; T when = on; return (into)on; }"
    )
    block = tree.children[0]
    kinds = [statement.kind for statement in block.children]  # type: ignore[union-attr]
    assert kinds == ["local_declaration_statement"] * 4 + ["return_statement"]


def test_await_is_an_operator_in_async_functions_only() -> None:
    tree = parse("@{ f(async x => { await (x); }); await (x); f(async x => await (x), await (x)); }")
    kinds = [node.kind for node in tree.walk() if node.kind in ("await_expression", "invocation")]
    assert kinds == ["invocation", "await_expression", "invocation", "invocation", "await_expression", "invocation"]


def test_a_default_label_after_a_section() -> None:
    tree = parse("@{ switch (a) { case 1: case T t when t: break; default: return 1; } }")
    assert [node.kind for node in tree.walk() if "label" in node.kind] == [
        *("switch_labels", "case_label", "case_label", "switch_labels", "default_label")
    ]


def test_positions_count_in_the_text_as_given() -> None:
    tree = parse("@( a.b )")
    access = tree.children[0]
    assert (tree.start, tree.end) == (1, 8)
    assert access is not None
    assert (access.start, access.end) == (3, 6)
