"""Render the values of a request after it has ended, within limits of their own.

A lazy sequence in a variable runs the policy's code when it is walked over. So a report gives all its values together
the budget of one request, and an exception or a limit is the text of the value that met it, not the end of the report.
"""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

from apimpolicy.dotnet.environment import environment, use_environment
from apimpolicy.dotnet.exceptions import DotnetException
from apimpolicy.dotnet.values import OBJECT, from_utf16
from apimpolicy.emit.frames import as_policy_error
from apimpolicy.report.conformance_values import text_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from apimpolicy.dotnet.types import Type
    from apimpolicy.engine.result import Result


P = ParamSpec("P")
T = TypeVar("T")


def within_limits(report: Callable[Concatenate[Result, P], T]) -> Callable[Concatenate[Result, P], T]:
    """Make a function that reports about a result render its values within the limits of one request."""

    @wraps(report)
    def held(result: Result, /, *arguments: P.args, **options: P.kwargs) -> T:
        with use_environment(result.exchange.environment.renewed()):
            return report(result, *arguments, **options)

    return held


def value_text(value: Any, static: Type = OBJECT) -> str | None:
    """Return a value as text, None for null; what happens while it is walked over is the text."""
    try:
        with environment().share():
            return text_of(value, static)
    except Exception as error:
        found = as_policy_error(error)
        if isinstance(found, DotnetException):
            return f"({found.dotnet_type_name}: {from_utf16(found.message)})"
        return f"(not shown: {found})"
