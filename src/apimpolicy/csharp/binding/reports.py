"""Report diagnostics at nodes, spell types, and suggest names; facts that follow from syntax alone, before binding."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from apimpolicy.csharp.binding.constants import MAX_FOLDED
from apimpolicy.csharp.binding.lookup import IMPLICIT_USINGS
from apimpolicy.csharp.binding.nodes import Bad, MethodGroup
from apimpolicy.csharp.dotnet.types import ERROR, Type
from apimpolicy.csharp.syntax import literals, shapes
from apimpolicy.csharp.syntax.nodes import Child, Node, Token
from apimpolicy.diagnostics import Diagnostic
from apimpolicy.errors import LimitExceededError
from apimpolicy.text.source import Excerpt

if TYPE_CHECKING:
    from apimpolicy.csharp.binding.symbols import Scope


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


# Report diagnostics at nodes, and suggest names

_MISSING_CONSTANT = frozenset(("CS0133", "CS0150", "CS1736"))
_SHORTEST_BEGINNING = 4
"""Letters that are enough to guess a name by its beginning."""

MOST_COMPARED = 2_000
"""Names with which the unknown names of one expression are compared; comparing two takes up to 80 µs."""


class Reports:
    """The diagnostics of one expression."""

    def __init__(self, excerpt: Excerpt) -> None:
        self.excerpt = excerpt
        self.diagnostics: list[Diagnostic] = []
        self._comparisons = MOST_COMPARED
        self.folded_length = 0
        """The length of all constant texts that folding has made."""
        self.has_stopped_folding = False

    def report(self, node: Child, code: str, message: str, *, label: str = "", help: str = "") -> None:
        """Add an error at a node: a child that the grammar says is there.

        Raises LimitExceededError for a missing constant where folding stopped: it may have been one.
        """
        if self.has_stopped_folding and code in _MISSING_CONSTANT:
            raise LimitExceededError("constant_text", MAX_FOLDED)
        place = written(node)
        self.report_at(place.start, place.end, code, message, label=label, help=help)

    def report_at(self, start: int, end: int, code: str, message: str, *, label: str = "", help: str = "") -> None:
        self.diagnostics.append(Diagnostic.within(self.excerpt, start, end, code, message, label=label, help=help))

    def bad(self, node: Child, type_: Type = ERROR) -> Bad:
        return Bad(written(node), type_)

    def failure(self, node: Child, code: str, message: str, *, label: str = "", help: str = "") -> Bad:
        """Report an error, and return the expression that silences errors that would follow from it."""
        self.report(node, code, message, label=label, help=help)
        return self.bad(node)

    def failure_at(self, start: int, end: int, node: Child, code: str, message: str, *, help: str = "") -> Bad:
        """Like `failure`, with a place of its own."""
        self.report_at(start, end, code, message, help=help)
        return self.bad(node)

    def nearest_names(self, name: str, names: Iterable[str]) -> list[str]:
        """Return the existing names that may be meant, nearest first. Hundreds of unknown names end without any."""
        if self._comparisons <= 0:
            return []
        by_folded = {other.lower(): other for other in names}
        self._comparisons -= len(by_folded)
        if name.lower() in by_folded:
            return [by_folded[name.lower()]]
        from difflib import get_close_matches

        found = get_close_matches(name.lower(), list(by_folded), 8, 0.7)
        if not found and len(name) >= _SHORTEST_BEGINNING:
            found = [other for other in by_folded if other.startswith(name.lower())]
        return [by_folded[other] for other in found]

    def suggestion(self, name: str, names: Iterable[str]) -> str:
        """Return a question about the nearest name; empty where none is near."""
        found = self.nearest_names(name, names)
        return f"did you mean '{found[0]}'?" if found else ""


def name_token(group: MethodGroup) -> Node | Token:
    syntax = group.syntax
    if isinstance(syntax, (shapes.MemberAccess, shapes.ConditionalMemberAccess)):
        found = syntax.name
        if found is not None:
            return found
    return syntax


# Spelling of types in messages


def shown(type_: Type) -> str:
    """Return a type's name as people write it: without the namespaces that need no prefix."""
    return re.sub(r"\b(?:[A-Za-z]\w*\.)+(?=[A-Za-z])", _strip_namespace, str(type_))


def _strip_namespace(match: re.Match[str]) -> str:
    prefix = match.group(0)[:-1]
    if prefix in IMPLICIT_USINGS:
        return ""
    outer, _, last = prefix.rpartition(".")
    return f"{last}." if outer in IMPLICIT_USINGS else match.group(0)
