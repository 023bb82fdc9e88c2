"""What is unknown is reported once, or never: an unknown name, or a hole, in the place of each value of legal code."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import TYPE_CHECKING

from tests.rows import for_each

from apimpolicy.csharp.binding import bind
from apimpolicy.csharp.syntax import shapes
from apimpolicy.csharp.syntax.nodes import Node, Token
from apimpolicy.csharp.syntax.parser import parse
from apimpolicy.errors import PolicySyntaxError
from apimpolicy.text.source import Excerpt

if TYPE_CHECKING:
    from collections.abc import Iterator

CONFORMANCE = Path(__file__).parents[3] / "conformance" / "expressions"
SAMPLE = 250

VALUES = frozenset(
    {
        *("conditional", "coalesce", "logical_or", "logical_and", "binary", "is_type", "as_type", "unary", "cast"),
        *("logical_not", "bitwise_not", "parenthesized", "member_access", "element_access", "invocation", "identifier"),
        *("tuple", "object_creation", "array_creation", "array_creation_with_initializer", "typeof", "null_literal"),
        *("implicit_array_creation", "anonymous_object_creation", "default_expression", "checked_expression"),
        *("interpolated_string", "integer_literal", "real_literal", "character_literal", "string_literal"),
        *("verbatim_string_literal", "true_literal", "false_literal", "simple_lambda", "parenthesized_lambda"),
        *("conditional_member_access", "conditional_element_access", "query_expression"),
    }
)
NO_VALUES = frozenset(
    {
        *("assignment", "compound_assignment", "prefix_increment", "postfix_increment", "foreach_variable_statement"),
        *("expression_statement", "ref_expression"),
    }
)
"""Whose first child is a variable or a call, and not just any value."""


def legal_code() -> list[str]:
    texts = [path.read_text(encoding="utf-8") for path in sorted(CONFORMANCE.glob("*.jsonl"))]
    rows = [json.loads(line) for text in texts for line in text.splitlines()]
    codes = [row["expr"] for row in rows if "errors" not in row["expect"] and "nameof" not in row["expr"]]
    return random.Random(7).sample(codes, SAMPLE)


def places(tree: Node) -> Iterator[tuple[Node, int, Node]]:
    """Where a value, or a statement of a block, could be anything; not where a variable is declared."""
    for node in tree.walk():
        for index, child in enumerate(node.children):
            if not isinstance(child, Node) or _declares(child):
                continue
            is_statement = child.kind.endswith("_statement") and node.kind in ("block", "switch_section")
            if is_statement or (child.kind in VALUES and not (index == 0 and node.kind in NO_VALUES)):
                yield node, index, child


def _declares(node: Node) -> bool:
    return any(inner.kind in ("declaration_expression", "declaration_pattern") for inner in node.walk())


def codes_with(tree: Node, excerpt: Excerpt, parent: Node, index: int, replacement: Node) -> list[str]:
    saved, parent.children[index] = parent.children[index], replacement
    try:
        return [found.code for found in bind(tree, excerpt).diagnostics]
    finally:
        parent.children[index] = saved


@for_each(legal_code())
def test_one_mistake_gives_one_error(code: str) -> None:
    excerpt = Excerpt.of(code)
    tree = parse(excerpt)
    for parent, index, child in list(places(tree)):
        hole = shapes.Hole([], child.start, child.end)
        assert codes_with(tree, excerpt, parent, index, hole) == [], code[child.start : child.end]
        if not child.kind.endswith("_statement"):
            name = shapes.Identifier([Token("NAME", "zzqq", child.start, child.end), None], child.start, child.end)
            assert codes_with(tree, excerpt, parent, index, name) == ["CS0103"], code[child.start : child.end]


ROWS = {
    '@(new[]{"a"}.Select(b => int.Parse(b.Sbustring(2))).Sum())': ["CS1061"],
    "@(nothing.Select(x => alsoNothing))": ["CS0103", "CS0103"],
    "@{ if (nothing.TryGet(1, out var x)) { return x; } return 1; }": ["CS0103"],
    "@{ foreach (var (a, b) in nothing) { return a + b; } return 1; }": ["CS0103"],
    "@{ switch (nothing) { case string s: return s; default: return 1; } }": ["CS0103"],
    "@{ var x = nothing; if (x) { return x.Y; } return x + 1; }": ["CS0103"],
    "@{ var x = nothing; if (x == 1) { return 2; } }": ["CS0161", "CS0103"],
    "@{ var l = new List<Nothing>(); l.Add(1); return l.Select(x => x.Y).Sum(); }": ["CS0246"],
    "@(new { A = nothing, B = 1 }.B.C)": ["CS0103", "CS1061"],
    "@(int.Parse(nothing).Foo)": ["CS0103", "CS1061"],
    "@(new Dictionary<string, int> { { nothing, 1 } }.Count + 1)": ["CS0103"],
}


@for_each(ROWS.items())
def test_what_depends_on_a_mistake_is_not_reported(code: str, expected: list[str]) -> None:
    excerpt = Excerpt.of(code)
    try:
        found = bind(parse(excerpt), excerpt).diagnostics
    except PolicySyntaxError as error:
        found = list(error.diagnostics)
    assert [diagnostic.code for diagnostic in found] == expected


def test_a_hole_among_statements_may_declare_and_return() -> None:
    excerpt = Excerpt.of("@{ 1.ToString(); return later; }")
    tree = parse(excerpt)
    block = tree.node(0)
    block.children[0] = shapes.Hole([], block.node(0).start, block.node(0).end)
    bound = bind(tree, excerpt)
    assert (bound.diagnostics, bound.has_unknown) == ([], True)
    del block.children[1]
    assert bind(tree, excerpt).diagnostics == []
