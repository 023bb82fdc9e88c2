"""All filters, by name."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from apimpolicy.policies.liquid.filter import FILTERS, Filter

if TYPE_CHECKING:
    from apimpolicy.policies.liquid.rendering import Rendering


def apply(rendering: Rendering, name: str, value: Any, arguments: list[Any]) -> Any:
    """Return the value after a filter; an unknown one leaves it as it is. Raises LiquidError, DotnetException."""
    found = _all().get(name)
    if found is None:
        rendering.unknown_filters.add(name)
        return value
    return found.call([value, *arguments])


def names() -> list[str]:
    return sorted(_all())


@cache
def _all() -> dict[str, Filter]:
    from apimpolicy.policies.liquid import list_filters, number_filters, text_filters  # noqa: F401

    return FILTERS
