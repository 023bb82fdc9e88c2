"""Makes C# that is mostly wrong: well-typed code with one or a few things changed, and tokens in no order at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from csharp_types import LEAVES, ROOTS, spelled
from tests.tree_printer import print_tree

from apimpolicy.csharp.binding.lookup import extension_method_names, types_named
from apimpolicy.csharp.dotnet.metadata import all_definitions
from apimpolicy.csharp.syntax.nodes import Node, Token
from apimpolicy.csharp.syntax.parser import parse
from apimpolicy.errors import PolicySyntaxError

if TYPE_CHECKING:
    from collections.abc import Callable

WORDS = [
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ".",
    ",",
    ";",
    ":",
    "?",
    "?.",
    "??",
    "=>",
    "=",
    "==",
    "!=",
    "<",
    ">",
    "<=",
    ">=",
    "<<",
    ">>",
    "+",
    "-",
    "*",
    "/",
    "%",
    "&",
    "|",
    "^",
    "&&",
    "||",
    "!",
    "~",
    "++",
    "--",
    "+=",
    "-=",
    "??=",
    "::",
    "new",
    "var",
    "int",
    "string",
    "bool",
    "object",
    "null",
    "true",
    "false",
    "default",
    "typeof",
    "nameof",
    "is",
    "as",
    "in",
    "out",
    "ref",
    "params",
    "if",
    "else",
    "for",
    "foreach",
    "while",
    "do",
    "switch",
    "case",
    "break",
    "continue",
    "return",
    "throw",
    "try",
    "catch",
    "finally",
    "using",
    "lock",
    "checked",
    "unchecked",
    "const",
    "goto",
    "yield",
    "await",
    "async",
    "from",
    "where",
    "select",
    "orderby",
    "let",
    "join",
    "on",
    "equals",
    "into",
    "group",
    "by",
    "ascending",
    "descending",
    "when",
    "dynamic",
    "delegate",
    "context",
    "Request",
    "Headers",
    "Body",
    "As",
    "JObject",
    "JToken",
    "List",
    "Dictionary",
    "Func",
    "Action",
    "Enumerable",
    "Select",
    "First",
    "ToString",
    "Value",
    "x",
    "y",
    "z",
    "_",
    "1",
    "0",
    "-1",
    "1.5",
    "1m",
    "1UL",
    "'a'",
    '"a"',
    '@"b"',
    '$"{1}"',
    '$"{x,3:X}"',
    "/*",
    "c",
    "*/",
    "this",
    "base",
    "sizeof",
    "stackalloc",
    "static",
    "void",
]
"""What token soup is cooked from."""

EXPRESSION_KINDS = frozenset(
    [
        "assignment",
        "conditional",
        "coalesce",
        "logical_or",
        "logical_and",
        "binary",
        "is_type",
        "is_pattern",
        "as_type",
        "unary",
        "logical_not",
        "cast",
        "member_access",
        "conditional_member_access",
        "element_access",
        "invocation",
        "identifier",
        "parenthesized",
        "tuple",
        "object_creation",
        "array_creation",
        "array_creation_with_initializer",
        "implicit_array_creation",
        "anonymous_object_creation",
        "typeof",
        "lambda",
        "default_expression",
        "default_literal",
        "checked_expression",
        "simple_lambda",
        "parenthesized_lambda",
        "query_expression",
        "interpolated_string",
        "integer_literal",
        "real_literal",
        "string_literal",
        "character_literal",
        "true_literal",
        "null_literal",
        "throw_expression",
        "anonymous_method",
        "compound_assignment",
        "prefix_increment",
        "postfix_increment",
    ]
)
TYPE_KINDS = frozenset(["predefined_type", "named_type", "nullable_type", "array_type", "tuple_type"])
LIST_KINDS = frozenset(
    [
        "arguments",
        "block",
        "switch_section",
        "initializer",
        "tuple",
        "parameters",
        "lambda_parameters",
        "declarators",
        "query_clauses",
        "catch_clauses",
        "switch_labels",
        "type_arguments",
        "anonymous_object_creation",
        "interpolated_string",
    ]
)


class Mutator:
    """`pick(n)` chooses a number below n."""

    def __init__(self, pick: Callable[[int], int]) -> None:
        self.pick = pick

    def mutate(self, code: str, other: str) -> str:
        """The code with one to three changes; pieces may come from the other code."""
        for _ in range(self.pick(3) + 1):
            try:
                tree, donor = parse(code), parse(other)
            except PolicySyntaxError:
                return self._token_change(code)
            code = self._changed(code, tree, donor)
        return code

    def soup(self) -> str:
        """Tokens in any order, in one of the two brackets."""
        words = [WORDS[self.pick(len(WORDS))] for _ in range(self.pick(14) + 1)]
        text = " ".join(words)
        return f"@({text})" if self.pick(2) else f"@{{ {text} }}"

    def _changed(self, code: str, tree: Node, donor: Node) -> str:
        kind = self.pick(8)
        nodes = list(tree.walk())
        if kind in (0, 1):
            targets = [n for n in nodes if n.kind in EXPRESSION_KINDS]
            pieces = [n for n in (*nodes, *donor.walk()) if n.kind in EXPRESSION_KINDS]
            if targets and pieces:
                return _replaced(code, self._one(targets), print_tree(self._one(pieces)))
        if kind == 2:
            targets = [n for n in nodes if n.kind in TYPE_KINDS]
            if targets:
                return _replaced(code, self._one(targets), spelled(self._one(ROOTS)))
        if kind == 3:
            targets = [n for n in nodes if n.kind in LIST_KINDS and len(n.children) > 0]
            if targets:
                return print_tree(_with_child_gone(tree, self._one(targets), self.pick))
        if kind == 4:
            names = [t for n in nodes for t in n.children if isinstance(t, Token) and t.kind == "NAME"]
            if names:
                return _replaced(code, self._one(names), self._name(names))
        if kind == 5:
            targets = [n for n in nodes if n.kind in EXPRESSION_KINDS]
            if targets:
                leaves = LEAVES[self._one(list(LEAVES))]
                return _replaced(code, self._one(targets), self._one(leaves))
        if kind == 6:
            operators = [t for n in nodes for t in n.children if isinstance(t, Token) and t.kind.endswith("OPERATOR")]
            if operators:
                replacement = self._one(("+", "-", "*", "/", "%", "==", "<", "<<", "&", "|", "^", "!=", "+=", ">>="))
                return _replaced(code, self._one(operators), replacement)
        return self._token_change(code)

    def _token_change(self, code: str) -> str:
        """Cut a piece out, put a word in, or turn two words round."""
        parts = code.split(" ")
        place = self.pick(len(parts))
        kind = self.pick(4)
        if kind == 0:
            del parts[place]
        elif kind == 1:
            parts.insert(place, WORDS[self.pick(len(WORDS))])
        elif kind == 2:
            parts[place] = WORDS[self.pick(len(WORDS))]
        else:
            cut = self.pick(len(code) + 1)
            return code[:cut] + code[cut + 1 + self.pick(3) :]
        return " ".join(parts)

    def _name(self, names: list[Token]) -> str:
        kind = self.pick(4)
        if kind == 0:
            return self._one(names).text
        if kind == 1:
            return "missing"
        if kind == 2:
            return self._one(_member_names())
        return self._one(
            ("List", "Dictionary", "Func", "string", "DateTime", "context", "_", "var", "Console", "nameof")
        )

    def _one(self, choices):  # type: ignore[no-untyped-def]
        return choices[self.pick(len(choices))]


_names: list[str] = []


def _member_names() -> list[str]:
    if not _names:
        known = {name for d in all_definitions() if types_named(d.simple_name, d.arity) for name in d.member_names()}
        _names.extend(sorted({*known, *extension_method_names()}))
    return _names


def _replaced(code: str, node: Node | Token, text: str) -> str:
    return code[: node.start] + text + code[node.end :]


def _with_child_gone(tree: Node, target: Node, pick: Callable[[int], int]) -> Node:
    gone = pick(len(target.children))
    children = [child for place, child in enumerate(target.children) if place != gone]
    target.children = [*children, children[0]] if children and pick(4) == 3 else children
    return tree
