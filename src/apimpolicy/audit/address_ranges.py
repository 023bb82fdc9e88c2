"""Whether the addresses and ranges of an ip-filter check anyone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.audit.facts import attribute_of
from apimpolicy.policies.ip_filter import parsed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apimpolicy.text.document import Element

_FIRST, _LAST = 1 << 24, (224 << 24) - 1
"""The addresses that callers on the internet have: 1.0.0.0 to 223.255.255.255."""


def covers_everything(element: Element) -> bool:
    """Return whether the addresses and ranges of an ip-filter have every caller among them."""
    spans = sorted(_spans(element))
    next_one = _FIRST
    for first, last in spans:
        if first > next_one:
            return False
        next_one = max(next_one, last + 1)
    return next_one > _LAST


def _spans(element: Element) -> Iterator[tuple[int, int]]:
    for each in element.elements():
        written = (
            (attribute_of(each, "from"), attribute_of(each, "to")) if each.attributes else (each.text.strip(),) * 2
        )
        first, last = map(parsed, written)
        if first is not None and last is not None and first.version == last.version == 4:
            yield int(first), int(last)
