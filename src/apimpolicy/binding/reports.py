"""What the binder says: diagnostics at nodes, and the names that somebody probably meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.binding.nodes import Bad, MethodGroup
from apimpolicy.binding.written import written
from apimpolicy.diagnostics import Diagnostic
from apimpolicy.dotnet.types import ERROR, Type
from apimpolicy.syntax import shapes

if TYPE_CHECKING:
    from collections.abc import Iterable

    from apimpolicy.syntax.nodes import Child, Node, Token
    from apimpolicy.text.source import Excerpt

_SHORTEST_BEGINNING = 4
"""Letters that are enough to guess a name by its beginning."""


class Reports:
    """The diagnostics of one expression."""

    def __init__(self, excerpt: Excerpt) -> None:
        self.excerpt = excerpt
        self.diagnostics: list[Diagnostic] = []

    def report(
        self,
        node: Child,
        code: str,
        message: str,
        *,
        label: str = "",
        help: str = "",
    ) -> None:
        """Add an error at a node: a child that the grammar says is there."""
        place = written(node)
        self.report_at(place.start, place.end, code, message, label=label, help=help)

    def report_at(self, start: int, end: int, code: str, message: str, *, label: str = "", help: str = "") -> None:
        self.diagnostics.append(Diagnostic.within(self.excerpt, start, end, code, message, label=label, help=help))

    def bad(self, node: Child, type_: Type = ERROR) -> Bad:
        """The expression about which nothing more is reported; `type_` is its type when that is known all the same."""
        return Bad(written(node), type_)

    def failure(self, node: Child, code: str, message: str, *, label: str = "", help: str = "") -> Bad:
        """Report, and give back the expression that silences what would follow."""
        self.report(node, code, message, label=label, help=help)
        return self.bad(node)

    def failure_at(
        self, start: int, end: int, node: Child, code: str, message: str, *, label: str = "", help: str = ""
    ) -> Bad:
        """Like `failure`, with a place of its own."""
        self.report_at(start, end, code, message, label=label, help=help)
        return self.bad(node)

    @staticmethod
    def suggestion(name: str, names: Iterable[str]) -> str:
        found = nearest_names(name, names)
        return f"did you mean '{found[0]}'?" if found else ""


def nearest_names(name: str, names: Iterable[str]) -> list[str]:
    """The existing names that may be meant, nearest first."""
    by_folded = {other.lower(): other for other in names}
    if name.lower() in by_folded:
        return [by_folded[name.lower()]]
    from difflib import get_close_matches

    found = get_close_matches(name.lower(), list(by_folded), 8, 0.7)
    if not found and len(name) >= _SHORTEST_BEGINNING:
        found = [other for other in by_folded if other.startswith(name.lower())]
    return [by_folded[other] for other in found]


def name_token(group: MethodGroup) -> Node | Token:
    """Where the method's name stands."""
    syntax = group.syntax
    if isinstance(syntax, (shapes.MemberAccess, shapes.ConditionalMemberAccess)):
        found = syntax.name
        if found is not None:
            return found
    return syntax
