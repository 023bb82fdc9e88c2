"""Other values for unset named values, so that other branches are taken."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from apimpolicy.proposing.observed import compared

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apimpolicy.scenarios.assignments import Assignment
    from apimpolicy.scenarios.exploration import Exploration
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
        for pair in compared(run.result, None) if run.result is not None else ():
            for text, computed in (pair, pair[::-1]):
                name = names.get(text)
                if name is not None and name not in done and computed and len(done) < _MOST:
                    done.add(name)
                    yield {name: computed}, run.assignment
