"""Constructs of C# 8 to 11: the parser reads them, and policies can't use them (CS8370).

The codes and places are those of Roslyn at language version 7.3. Names that such a construct declares exist, so that
it gives one error.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from apimpolicy.csharp.binding.symbols import LocalSymbol
from apimpolicy.csharp.dotnet.types import ERROR
from apimpolicy.csharp.syntax.nodes import Node, Token

if TYPE_CHECKING:
    from apimpolicy.csharp.binding.core import Binder
    from apimpolicy.csharp.binding.nodes import Expression, Statement
    from apimpolicy.csharp.syntax import shapes

_TOKENS: Final = re.compile(r"""@?\$?"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|\w+|[<>]=?|[^\s\w]""")
_NO_TYPE: Final = frozenset({"and", "or", "not", "is", "when"})
_PATTERNS: Final = (
    ("or", "or pattern", "write two comparisons with ||"),
    ("and", "and pattern", "write two comparisons with &&"),
    ("not", "not pattern", "write !(x is …), or x != null"),
)


def report_newer(binder: Binder, place: Node | Token, feature: str, help: str) -> None:
    """Report a construct that is newer than the language of policies."""
    binder.report(place, "CS8370", f"'{feature}' is newer than C# 7.3", help=help)


def report_pattern(binder: Binder, node: shapes.NewerPattern) -> None:
    """Report a pattern, and declare the variables in it."""
    tokens = [(match[0], match.start()) for match in _TOKENS.finditer(node.pattern.text)]
    feature, help = _feature([text for text, _ in tokens])
    report_newer(binder, node, feature, help)
    for (before, _), (name, start) in pairwise(tokens):
        follows_type = before not in _NO_TYPE and (before.isidentifier() or before in (">", "]", "}", ")"))
        if follows_type and name.isidentifier() and name not in (*_NO_TYPE, "_"):
            token = Token("NAME", name, node.start + start, node.start + start + len(name))
            if name not in binder.scope.names:
                binder.declare(LocalSymbol(name, ERROR, "pattern", token, binder.scope.function), token)


def _feature(tokens: list[str]) -> tuple[str, str]:
    """Return the name of the feature that a pattern needs, and what to write instead."""
    if tokens[:2] == ["not", "null"] and len(tokens) == 2:
        return "not pattern", "write x != null"
    for word, feature, help in _PATTERNS:
        if word in tokens:
            return feature, help
    if tokens[0][0] in "<>":
        return "relational pattern", "write the comparison without 'is'"
    if tokens[0] == "[":
        return "list pattern", "compare the elements one by one"
    if len(tokens) == 1:
        return "type pattern", f"give the value a name: case {tokens[0]} value"
    if tokens[0] == "{":
        return "recursive patterns", "compare the members: x != null && x.Length == 1"
    return "recursive patterns", "name the value and compare its members: x is T t && t.Length == 1"


def bind_with_expression(binder: Binder, node: shapes.WithExpression) -> Expression:
    binder.bind_value(node.receiver)
    report_newer(binder, node, "with expression", "create a new object")
    return binder.bad(node)


def bind_static_lambda(binder: Binder, node: shapes.StaticLambda) -> Expression:
    report_newer(binder, node.static, "static anonymous function", "remove 'static'")
    return binder.bind(node.function)


def statement_static_local_function(binder: Binder, node: shapes.StaticLocalFunction) -> Statement:
    report_newer(binder, node.static, "static local functions", "remove 'static'")
    return binder.bind_statement(node.function)
