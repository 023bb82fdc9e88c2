"""`System.Text.RegularExpressions.Regex`."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator
from time import perf_counter, thread_time
from typing import TYPE_CHECKING, Any

from apimpolicy.csharp.dotnet.costs import SLOW
from apimpolicy.csharp.dotnet.environment import TICKS_PER_SECOND, environment, processor_time
from apimpolicy.csharp.dotnet.exceptions import (
    ArgumentOutOfRangeException,
    RegexMatchTimeoutException,
    check_range,
    require,
)
from apimpolicy.csharp.dotnet.regex import character_classes
from apimpolicy.csharp.dotnet.regex.matches import Match, MatchCollection, expand, no_match, read_replacement
from apimpolicy.csharp.dotnet.regex.translator import translate
from apimpolicy.csharp.dotnet.registry import dotnet_class, implements, member
from apimpolicy.csharp.dotnet.values import INT, Array, string_array
from apimpolicy.errors import LimitExceededError

if TYPE_CHECKING:
    Evaluator = Callable[[Match], str | None]


_NAME = "System.Text.RegularExpressions.Regex"
_OPTIONS = "System.Text.RegularExpressions.RegexOptions options"
_TIMEOUT = "System.TimeSpan matchTimeout"
_EVALUATOR = "System.Text.RegularExpressions.MatchEvaluator evaluator"
_INFINITE_TICKS = -10_000
_STEPS_PER_MATCH = 12
_LONG_MATCH = 0.0005
"""Seconds of processor time from which on a match costs more than its steps."""
_SHORT_TEXT = 200
_UNBOUNDED = re.compile(r"[*+]|\{\d+,")
_CHOICE = re.compile(r"[?|]")
_REPEATED = re.compile(r"\)[*+?{]|\\[\dk]|\(\?")
"""Causes of slow matching: quantified groups, back-references, constructs beyond plain groups."""
_QUICK_WAYS = 1 << 18
"""Ways through a text that take no time to speak of: some milliseconds, should every one of them be tried."""
_LONGEST_TICKS = 2147483646 * 10_000
_START = "Start index cannot be less than 0 or greater than input length."
_TIMED_OUT = (
    "The RegEx engine has timed out while trying to match a pattern to an input string. This can occur for many"
    " reasons, including very large inputs or excessive backtracking caused by nested quantifiers, back-references"
    " and other factors."
)


def _longest_quick(pattern: str, options: int) -> int:
    """Return the length of text up to which no match can be slow; -1 when nothing is known.

    Each start, and each quantifier without an end, multiplies the ways by the length of the text; each optional part
    and each alternative by two. Those in character classes and escapes are counted too, which only makes it shorter.
    """
    if options & (character_classes.RIGHT_TO_LEFT | character_classes.IGNORE_PATTERN_WHITESPACE) or _REPEATED.search(
        pattern
    ):
        return -1
    ways = _QUICK_WAYS >> len(_CHOICE.findall(pattern))
    return min(int(ways ** (1 / (len(_UNBOUNDED.findall(pattern)) + 1)) + 1e-9) - 1, _SHORT_TEXT)


@dotnet_class(_NAME)
class Regex:
    """A pattern with its options. `timeout` is in ticks of 100 ns, None for none."""

    __slots__ = ("longest_quick", "options", "pattern", "timeout", "translation")

    def __init__(self, pattern: str, options: int = 0, timeout: int | None = None) -> None:
        self.pattern = pattern
        self.options = options
        self.timeout = timeout
        self.translation = translate(pattern, options)
        self.longest_quick = _longest_quick(pattern, options) if timeout is None else -1
        """Characters of the longest text that needs no clock beside it, since it is matched in no time."""

    @staticmethod
    @member("new")
    def create(pattern: str, options: int = 0, timeout: Any = None) -> Regex:
        require(pattern, "pattern")
        if options < 0 or options >> 10:
            raise ArgumentOutOfRangeException("options")
        if options & character_classes.ECMA_SCRIPT and options & ~(
            character_classes.ECMA_SCRIPT
            | character_classes.IGNORE_CASE
            | character_classes.MULTILINE
            | character_classes.COMPILED
        ):
            raise ArgumentOutOfRangeException("options")
        ticks = None
        if timeout is not None and timeout.ticks != _INFINITE_TICKS:
            ticks = timeout.ticks
            check_range(0 < ticks <= _LONGEST_TICKS, "matchTimeout")
        return Regex(pattern, options, ticks)

    def to_string(self) -> str:
        return self.pattern

    def get_group_names(self) -> Array:
        return string_array(self.translation.names)

    def get_group_numbers(self) -> Array:
        return Array(INT, self.translation.numbers)

    def _search(self, text: str, position: int) -> Any:
        """Return the next match of the `regex` package, searching from a position, leftward with RightToLeft."""
        if len(text) <= self.longest_quick:
            return self.translation.compiled.search(text, position)
        here = environment()
        limit = here.limits.regex_seconds
        seconds = limit if self.timeout is None else min(self.timeout / TICKS_PER_SECOND, limit)
        search = self.translation.compiled.search
        began = perf_counter()
        used = processor_time(began)
        try:
            if self.options & character_classes.RIGHT_TO_LEFT:
                match = search(text, 0, position, timeout=seconds)
            else:
                match = search(text, position, timeout=seconds)
        except TimeoutError:
            if self.timeout is not None and self.timeout <= limit * TICKS_PER_SECOND:
                here.spent(thread_time() - used, limit)  # the policy may catch it, and try again
                raise RegexMatchTimeoutException(_TIMED_OUT) from None
            raise LimitExceededError("regex_seconds", round(limit)) from None
        if perf_counter() - began > _LONG_MATCH:  # the system is slow to give the processor's time
            here.spent(thread_time() - used, limit)
        return match

    def _start(self, text: str, start: int | None) -> int:
        if start is None:
            return len(text) if self.options & character_classes.RIGHT_TO_LEFT else 0
        check_range(0 <= start <= len(text), "startat", _START)
        return start

    def _match_at(self, text: str, searched: str, offset: int, position: int) -> Match:
        found = self._search(searched, position)
        return no_match() if found is None else Match(self, text, searched, offset, found)

    def match_after(self, match: Match) -> Match:
        """Return the match that follows; after an empty one the search moves on by one character."""
        position = match.index - match.offset
        if self.options & character_classes.RIGHT_TO_LEFT:
            position -= match.length == 0
        else:
            position += match.length or 1
        if not 0 <= position <= len(match.searched):
            return no_match()
        return self._match_at(match.text, match.searched, match.offset, position)

    def iterate(self, text: str, start: int | None = None) -> Iterator[Match]:
        """Yield the matches one after the other; a step for each."""
        if self.options & character_classes.RIGHT_TO_LEFT and start in (None, len(text)):
            yield from self._iterate_leftward(text)
            return
        match = self._match_at(text, text, 0, self._start(text, start))
        step = environment().step
        while match.success:
            step(_STEPS_PER_MATCH)
            yield match
            match = self.match_after(match)

    def _iterate_leftward(self, text: str) -> Iterator[Match]:
        """Iterate as the package does: separate searches would take the last match for the text's end."""
        found = self.translation.compiled.finditer(text, timeout=environment().limits.regex_seconds)
        step = environment().step
        while True:
            try:
                match = next(found, None)
            except TimeoutError:
                raise LimitExceededError("regex_seconds", round(environment().limits.regex_seconds)) from None
            if match is None:
                return
            step(_STEPS_PER_MATCH)
            yield Match(self, text, text, 0, match)

    @member("IsMatch(string)", "IsMatch(string, int)")
    def is_match(self, text: str, start: int | None = None) -> bool:
        require(text, "input")
        if start is None and len(text) <= self.longest_quick:
            return self.translation.compiled.search(text) is not None
        return self._search(text, self._start(text, start)) is not None

    @member("Match(string)", "Match(string, int)")
    def match(self, text: str, start: int | None = None) -> Match:
        require(text, "input")
        return self._match_at(text, text, 0, self._start(text, start))

    @member("Match(string, int, int)")
    def match_part(self, text: str, beginning: int, length: int) -> Match:
        require(text, "input")
        check_range(0 <= beginning <= len(text), "beginning", _START)
        if not 0 <= length <= len(text) - beginning:
            raise ArgumentOutOfRangeException("length", "Length cannot be less than 0 or exceed input length.")
        part = text[beginning : beginning + length]
        return self._match_at(text, part, beginning, self._start(part, None))

    @member("Matches(string)", "Matches(string, int)")
    def matches(self, text: str, start: int | None = None) -> MatchCollection:
        require(text, "input")
        return MatchCollection(self.iterate(text, self._start(text, start)))

    @member("Replace(string, string)", "Replace(string, string, int)", "Replace(string, string, int, int)")
    def replace(self, text: str, replacement: str, count: int = -1, start: int | None = None) -> str:
        require(text, "input")
        require(replacement, "replacement")
        parts = read_replacement(replacement, self.translation, self.options)
        return self._replace(text, lambda match: expand(parts, match), count, start)

    @member(
        "Replace(string, MatchEvaluator)",
        "Replace(string, MatchEvaluator, int)",
        "Replace(string, MatchEvaluator, int, int)",
    )
    def replace_by(self, text: str, evaluator: Evaluator, count: int = -1, start: int | None = None) -> str:
        require(text, "input")
        require(evaluator, "evaluator")
        return self._replace(text, evaluator, count, start)

    def _replace(self, text: str, evaluator: Evaluator, count: int, start: int | None) -> str:
        check_range(count >= -1, "count", "Count cannot be less than -1.")
        position = self._start(text, start)
        if count == 0:
            return text
        replaced: list[tuple[int, int, str]] = []
        here = environment()
        size = len(text)
        for match in self.iterate(text, position):
            new = evaluator(match) or ""
            size += len(new) - match.length
            here.check_length(size)
            replaced.append((match.index, match.index + match.length, new))
            if len(replaced) == count:
                break
        if not replaced:
            return text
        if self.options & character_classes.RIGHT_TO_LEFT:
            replaced.reverse()
        out: list[str] = []
        end = 0
        for first, last, new in replaced:
            out += text[end:first], new
            end = last
        out.append(text[end:])
        return "".join(out)

    @member("Split(string)", "Split(string, int)", "Split(string, int, int)")
    def split(self, text: str, count: int = 0, start: int | None = None) -> Array:
        """Return the pieces between matches, with what groups captured in between."""
        require(text, "input")
        check_range(count >= 0, "count", "Count cannot be less than -1.")
        position = self._start(text, start)
        if count == 1:
            return string_array([text])
        leftward = bool(self.options & character_classes.RIGHT_TO_LEFT)
        pieces: list[str] = []
        edge = len(text) if leftward else 0
        for splits, match in enumerate(self.iterate(text, position), 1):
            end = match.index + match.length
            pieces.append(text[end:edge] if leftward else text[edge : match.index])
            edge = match.index if leftward else end
            groups = (match.group_text(number) for number in self.translation.numbers[1:])
            pieces += (group for group in groups if group is not None)
            if splits == count - 1:
                break
        pieces.append(text[:edge] if leftward else text[edge:])
        if leftward:
            pieces.reverse()
        return string_array(pieces)


_known = functools.lru_cache(maxsize=256)(Regex.create)
"""The regular expressions of the static methods; .NET keeps some too."""


def _register_static() -> None:
    """The static forms make a Regex of pattern, options and timeout, which follow the other arguments."""
    match = "System.Text.RegularExpressions.Match"
    forms: tuple[tuple[str, str, Callable[..., Any]], ...] = (
        ("bool IsMatch", "", Regex.is_match),
        (f"{match} Match", "", Regex.match),
        (f"{match}Collection Matches", "", Regex.matches),
        ("string Replace", ", string replacement", Regex.replace),
        ("string Replace", f", {_EVALUATOR}", Regex.replace_by),
        ("string[] Split", "", Regex.split),
    )
    for head, extra, method in forms:
        for tail in ("", f", {_OPTIONS}", f", {_OPTIONS}, {_TIMEOUT}"):

            @implements(_NAME, f"static {head}(string input, string pattern{extra}{tail})")
            def static(
                text: str, pattern: str, *rest: Any, method: Callable[..., Any] = method, own: int = 1 if extra else 0
            ) -> Any:
                if not rest:
                    return method(_known(pattern), text)
                if len(rest) > own + 1:
                    return method(Regex.create(pattern, *rest[own:]), text, *rest[:own])
                return method(_known(pattern, *rest[own:]), text, *rest[:own])


_register_static()


_ESCAPED = {char: f"\\{char}" for char in " #$()*+.?[\\^{|"} | {"\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r"}
_TABLE = str.maketrans(_ESCAPED)


@implements(_NAME, "Escape", cost=SLOW)
def escape(text: str) -> str:
    r"""Make a text match itself; `]` and `}` need no escape.

    >>> escape("a.b [c]")
    'a\\.b\\ \\[c]'
    """
    require(text, "str")
    return text.translate(_TABLE)


@implements(_NAME, "Unescape", cost=SLOW)
def unescape(text: str) -> str:
    """Undo `escape`, and any other escape of a character; raises RegexParseException for an invalid one."""
    require(text, "str")
    reader = character_classes.PatternReader(text, 0)
    out: list[str] = []
    while not reader.at_end:
        char = reader.take()
        if char != "\\":
            out.append(char)
        elif reader.at_end:
            raise reader.error("Illegal \\ at end of pattern.")
        else:
            out.append(reader.character_escape())
    return "".join(out)
