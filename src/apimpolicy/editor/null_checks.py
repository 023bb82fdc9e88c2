"""`?.` in the place of a dot, in a form that compiles and means the same for values that aren't null.

A condition stays a condition: `!x.Verify()` becomes `x?.Verify() != true`, which is also
true without a certificate.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.binding import bind
from apimpolicy.errors import PolicySyntaxError
from apimpolicy.syntax import shapes
from apimpolicy.syntax.parser import parse
from apimpolicy.text.source import Excerpt

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apimpolicy.syntax.nodes import Node

_LINKS = (shapes.MemberAccess, shapes.Invocation, shapes.ElementAccess)


def null_checked(code: str, start: int, end: int) -> Iterator[tuple[str, int, int, str]]:
    """Yield changes for a span of an expression that compile: a title, the replaced span, and the new text."""
    try:
        tree = parse(code)
    except PolicySyntaxError:
        return
    wanted = _type_of(code)
    if not wanted:
        return
    parents = {id(child): node for node in tree.walk() for child in node.children}
    for access in _accesses(tree, start, end):
        for title, first, last, text in _changes(code, access, parents):
            if _type_of(code[:first] + text + code[last:]) == wanted:
                yield title, first, last, text
                break


def _accesses(tree: Node, start: int, end: int) -> list[shapes.MemberAccess]:
    """Return the member accesses whose name is in the span, or that end there."""
    found = [node for node in tree.walk() if isinstance(node, shapes.MemberAccess)]
    return [node for node in found if start <= node.name.start < end or (node.start <= start and node.end == end)]


def _changes(code: str, access: shapes.MemberAccess, parents: dict[int, Node]) -> Iterator[tuple[str, int, int, str]]:
    dot = code.rindex(".", access.receiver.end, access.name.start)
    whole: Node = access
    while isinstance(parent := parents.get(id(whole)), _LINKS) and parent.children[0] is whole:
        whole = parent
    checked = f"{code[whole.start : dot]}?{code[dot : whole.end]}"
    yield "Use '?.', which returns null for null", whole.start, whole.end, checked
    if isinstance(parent, shapes.LogicalNot):
        yield "Check for null: '?.' and '!= true'", parent.start, parent.end, f"{checked} != true"
        yield "Check for null: '?.' and '!= true'", parent.start, parent.end, f"({checked} != true)"
    yield "Check for null: '?.' and '== true'", whole.start, whole.end, f"{checked} == true"
    yield "Check for null: '?.' and '== true'", whole.start, whole.end, f"({checked} == true)"


def _type_of(code: str) -> str:
    """Return the static type of an expression; empty when the compiler refuses it."""
    try:
        tree = parse(code)
    except PolicySyntaxError:
        return ""
    bound = bind(tree, Excerpt.of(code))
    return "" if bound.diagnostics else bound.static_type
