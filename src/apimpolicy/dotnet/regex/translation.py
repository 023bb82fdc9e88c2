"""Compiles translated patterns and keeps them."""

from __future__ import annotations

import contextlib
import functools
from typing import TYPE_CHECKING

from apimpolicy.dotnet.environment import environment
from apimpolicy.dotnet.exceptions import RegexParseException
from apimpolicy.dotnet.regex.options import RIGHT_TO_LEFT
from apimpolicy.dotnet.regex.translator import Translator
from apimpolicy.errors import NotSimulatedError

if TYPE_CHECKING:
    from typing import Any


class Translation:
    """A translated pattern; `numbers` are the group numbers in order, `names` maps every group name to its number."""

    __slots__ = ("compiled", "names", "numbers")

    def __init__(self, compiled: Any, numbers: tuple[int, ...], names: dict[str, int]) -> None:
        self.compiled = compiled
        self.numbers = numbers
        self.names = names


_STEPS_PER_PATTERN, _STEPS_PER_CHARACTER = 4096, 256
"""Making a regular expression is far more work than any match of a short text; known ones are kept."""


@functools.lru_cache(maxsize=256)
def translate(pattern: str, options: int) -> Translation:
    """Translate and compile. Raises RegexParseException for an invalid pattern, NotSimulatedError for a refused one."""
    import regex  # type: ignore[import-untyped]  # types-regex is optional

    environment().step(_STEPS_PER_PATTERN + _STEPS_PER_CHARACTER * len(pattern))

    counted = Translator(pattern, options, None)
    # The second reading raises the error again, unless a reference to a missing group is before it.
    with contextlib.suppress(RegexParseException):
        counted.run()
    names = counted.assign_names()
    translator = Translator(pattern, options, names)
    text = translator.run()
    flags = regex.VERSION0 | regex.UNICODE
    if translator.ignores_case:
        flags |= regex.IGNORECASE
    if options & RIGHT_TO_LEFT:
        flags |= regex.REVERSE
    try:
        compiled = regex.compile(text, flags)
    except (regex.error, RecursionError, OverflowError, MemoryError) as error:
        raise NotSimulatedError(f"the regular expression {pattern!r}", str(error)) from error
    numbers = tuple(sorted(names.values()))
    return Translation(compiled, numbers, names)
