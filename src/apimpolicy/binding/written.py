"""Facts that follow from syntax alone, before binding."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from apimpolicy.syntax import literals, shapes
from apimpolicy.syntax.nodes import Child, Node, Token

if TYPE_CHECKING:
    from apimpolicy.binding.symbols import Scope

REFERENCE_TYPES: Final = frozenset({"ref_type", "ref_readonly_type"})
"""The kinds of `ref T` and `ref readonly T`."""


def written(child: Child) -> Node | Token:
    """Return a child that the grammar never leaves out."""
    if child is None:
        raise AssertionError("the grammar has no such node")
    return child


def name_of(child: Child) -> str:
    """Return the name that a token denotes: `@class` is `class`."""
    if not isinstance(child, Token):
        raise AssertionError("the grammar has a name here")
    return literals.identifier_name(child.text)


def is_var(node: Child) -> bool:
    """Return whether type syntax is `var` meaning an inferred type."""
    return (
        isinstance(node, shapes.NamedType)
        and node.qualifier is None
        and node.type_arguments is None
        and node.name.text == "var"
    )


def name_of_open_type(node: Child) -> tuple[str, int]:
    """Return the name in `List<>`, and how many type arguments it lacks; none for other types."""
    if not isinstance(node, shapes.NamedType) or not isinstance(node.type_arguments, Token):
        return "", 0
    return name_of(node.name), node.type_arguments.text.count(",") + 1


def is_discard(node: Child, scope: Scope) -> bool:
    """Return whether an expression is `_` where no variable has that name."""
    return isinstance(node, shapes.Identifier) and node.name.text == "_" and scope.find("_") is None
