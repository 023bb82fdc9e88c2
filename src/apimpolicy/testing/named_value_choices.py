"""Other values for unset named values, so that other branches are taken."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from apimpolicy.concolic.exploration import Exploration
    from apimpolicy.concolic.origins import Origin
    from apimpolicy.scenarios.assignments import Assignment
    from apimpolicy.testing.first_surroundings import Surroundings

_MOST = 6


def other_values(around: Surroundings, text: str) -> list[dict[str, str]]:
    """Sets of named values that differ in one from the stand-ins: each a text that the policy compares it with."""
    known = around.named_values
    found = [{name: value} for name in known for value in _compared(name, text) if value != known[name]]
    return found[:_MOST]


def _compared(name: str, text: str) -> Iterator[str]:
    """The constants that a named value is compared with; for truth values the other one."""
    quoted = r"""["']\s*\{\{""" + re.escape(name) + r"""\}\}\s*["']"""
    asks = r"(?:==|!=|\.Equals\(|\.Contains\(|\.StartsWith\()"
    after = quoted + r"\)?(?:\.ToLower(?:Invariant)?\(\))?\s*" + asks + r"""\s*["']([^"'{}]*)["']"""
    before = r"""["']([^"'{}]*)["']\s*(?:==|!=)\s*""" + quoted
    values = dict.fromkeys(match[1] for pattern in (after, before) for match in re.finditer(pattern, text))
    if any(value.lower() in ("true", "false") for value in values) or re.search(
        r"(?:Parse|ToBoolean)\(\s*"
        + quoted
        + r"|condition\s*=\s*"
        + quoted
        + r"|@\(\s*\{\{"
        + re.escape(name)
        + r"\}\}\s*\)",
        text,
    ):
        values |= dict.fromkeys(("true", "false"))
    yield from values


def computed_values(around: Surroundings, explored: Exploration) -> Iterator[tuple[dict[str, str], Assignment]]:
    """Named values that are what a policy came to in a request, where it compares them with that: the hash of a key.

    Each comes with the request.
    """
    names = {value: name for name, value in around.named_values.items() if isinstance(value, str)}
    done: set[str] = set()
    for run in explored.runs:
        for decision in run.path.decisions:
            origin = None if decision.value is None else decision.value.origin
            for name, computed in _pairs(origin, names):
                if name not in done and len(done) < _MOST:
                    done.add(name)
                    yield {name: computed}, run.assignment


def _pairs(origin: Origin | None, names: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """The named values among what is compared, each with what it is compared with."""
    operands = () if origin is None else origin.operands
    constants = [each.value for each in operands if each.is_constant]
    texts = [text for value in constants for text in (value if isinstance(value, list) else [value])]
    for each in operands:
        if each.unsupported is not None and isinstance(each.value, str) and each.value:
            yield from ((names[text], str(each.value)) for text in texts if isinstance(text, str) and text in names)
