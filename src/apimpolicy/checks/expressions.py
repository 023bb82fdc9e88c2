"""Syntax and types of expressions. Each distinct expression is looked at once, however many documents it stands in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.diagnostics import Diagnostic
from apimpolicy.errors import PolicySyntaxError
from apimpolicy.text.named_values import substitute_placeholders
from apimpolicy.text.source import Excerpt

if TYPE_CHECKING:
    from collections.abc import Sequence


class ExpressionCheck:
    """Checks expressions and remembers what it found, by their text."""

    __slots__ = ("_found",)

    def __init__(self) -> None:
        self._found: dict[str, Sequence[Diagnostic]] = {}

    def __call__(self, excerpt: Excerpt) -> list[Diagnostic]:
        """What the C# compiler and the gateway's own rules say about the expression, at its place in the document.

        A `{{named-value}}` that stands as code counts as a number.
        """
        excerpt = substitute_placeholders(excerpt)
        found = self._found.get(excerpt.text)
        if found is None:
            found = self._found[excerpt.text] = _compile(Excerpt.of(excerpt.text))
        return [
            Diagnostic.within(
                excerpt, d.start, d.end, d.code, d.message, severity=d.severity, label=d.label, help=d.help
            )
            for d in found
        ]


def _compile(excerpt: Excerpt) -> Sequence[Diagnostic]:
    from apimpolicy.binding import bind
    from apimpolicy.binding.gateway_rules import check_gateway_rules
    from apimpolicy.syntax.parser import parse

    try:
        tree = parse(excerpt)
        bound = bind(tree, excerpt)
        return [*bound.diagnostics, *check_gateway_rules(bound, tree)]
    except PolicySyntaxError as error:
        return error.diagnostics
    except RecursionError:
        message = "the expression is nested too deeply to be compiled"
        return [Diagnostic.within(excerpt, 0, len(excerpt.text), "CS8078", message, help="Split it into statements.")]
