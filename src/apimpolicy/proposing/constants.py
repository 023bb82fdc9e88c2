"""Texts and numbers of a policy, and texts that are put together from them: what a local search tries."""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING, Any

from apimpolicy.binding import nodes
from apimpolicy.engine.own_expressions import own_expressions
from apimpolicy.engine.steps import compiled
from apimpolicy.errors import ApimPolicyError
from apimpolicy.languages.emptiness import shortest_word
from apimpolicy.languages.language import TooLarge
from apimpolicy.languages.patterns import language_of
from apimpolicy.proposing.observed import texts_of
from apimpolicy.semantics.unknowns import Unsupported
from apimpolicy.semantics.walking import walk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apimpolicy.scenarios.harness import Harness

_MOST_LENGTH, _MOST_PARTS = 300, 6
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{1,40}")
_NAME = re.compile(r"[A-Za-z_$][\w$.-]*")
_HOST = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*\.[a-z]+")


def constants_of(harness: Harness) -> tuple[list[str], list[int]]:
    """Return the texts and numbers in expressions of the policies, those next to these, and compounds of them."""
    words: dict[str, None] = {}
    numbers: dict[int, None] = {}
    written: dict[str, None] = {}
    for step in harness.program.steps():
        if step.specification is None:
            continue
        for attribute in step.element.attributes:
            if attribute.value.expression is None:
                written |= dict.fromkeys(_WORD.findall(attribute.value.text)[:40])
        for inner in step.element.descendants():
            if inner.expression is None and not list(inner.elements()) and len(inner.text) < _MOST_LENGTH:
                written[inner.text.strip()] = None
        for excerpt in own_expressions(step.element, step.specification):
            try:
                body = compiled(excerpt).bound.body
            except ApimPolicyError:
                continue
            for part in walk(body):
                _add(part, words, numbers)
    return list(words | dict.fromkeys(_compounds(list(words))) | written), list(numbers)


def _add(part: nodes.Bound, words: dict[str, None], numbers: dict[int, None]) -> None:
    value: Any = part.constant if isinstance(part, nodes.Expression) else None
    if isinstance(value, str):
        words.update((text, None) for text in texts_of(value) if len(text) < _MOST_LENGTH)
    elif isinstance(value, int) and not isinstance(value, bool):
        numbers.update(dict.fromkeys((int(value), int(value) + 1, int(value) - 1)))
    if isinstance(part, nodes.Call) and part.method.declaring.name.endswith(".Regex"):
        for argument in part.arguments:
            if argument.is_constant and isinstance(argument.constant, str):
                words.update(dict.fromkeys(_matches(argument.constant)))


def _matches(pattern: str) -> Iterator[str]:
    """Yield a text that matches a pattern."""
    try:
        found = shortest_word([language_of(pattern)])
    except (Unsupported, TooLarge, ValueError):
        return
    if found:
        yield found


def _compounds(words: list[str]) -> Iterator[str]:
    """Yield texts that are made of several: addresses, cookies, forms, lists."""
    names = [word for word in words if _NAME.fullmatch(word)]
    hosts = [word for word in words if _HOST.fullmatch(word)] or ["contoso.example"]
    paths = [word for word in words if word.startswith("/")]
    for host in hosts[:3]:
        yield from (f"https://{host}{path}" for path in ["", *paths[:5]])
    pairs = (f"{name}={value}" for name in names[:_MOST_PARTS] for value in words[:_MOST_PARTS] if name != value)
    yield from islice(pairs, 24)
    if names:
        yield "&".join(f"{name}=x" for name in names[:_MOST_PARTS])
        yield "; ".join(f"{name}=x" for name in names[:_MOST_PARTS])
        yield ",".join(names[:_MOST_PARTS])
