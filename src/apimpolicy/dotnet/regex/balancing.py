"""Patterns with balancing groups, which the `regex` package does not support: a backtracking matcher.

The matcher takes the translator's parts. The package matches a part for a character or a place; groups,
repetitions, alternatives and conditions are instructions here. Captures are immutable values, so that backtracking
continues with older ones. Source: .NET Core 3.1, `RegexInterpreter`, whose rules for a repetition of nothing and
for the capture of a balancing group (`Match.BalanceMatch`, `TransferCapture`) these are.
"""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from apimpolicy.dotnet.environment import environment
from apimpolicy.errors import NotSimulatedError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Span = tuple[int, int]
    Captures = dict[int, tuple[Span, ...]]

BALANCE = "(?balance {} {}:"
"""The part that begins `(?<new-old>…)`: the numbers of both groups, the first 0 for none."""
REFER = "(?refer {} {})"
"""The part for a reference to a group: its number, and whether letter case counts."""
_PARAMETERS = re.compile(r"\(\?(balance|refer) (\d+) (\d+)[:)]")
_CAPTURE = re.compile(r"\(\?P<g(\d+)>")
_CONDITION = re.compile(r"\(\?\((?:g(\d+)|\?!)\)")
_REPEAT = re.compile(r"(?:([*+?])|\{(\d+)(,?)(\d*)\})(\??)")
_OPENING = ("(?:", "(?=", "(?!", "(?<=", "(?<!", "(?>", "(?")
_SEARCH_START = r"(?:\G)"
_MOST_INSTRUCTIONS = 100_000
_PER_LOOK = 256
"""Instructions after which steps are burned and the clock is looked at."""

Instruction = tuple[Any, ...]


class _State(NamedTuple):
    """The state of a match: next instruction, position in the text, captures, and the starts of open groups."""

    at: int
    position: int
    captures: Captures
    opened: tuple[int, ...]


class BalancedPattern:
    """A compiled pattern, used as one of the package's is."""

    def __init__(self, parts: Sequence[str], compile_part: Callable[[str], Any]) -> None:
        self._program = _Compiler(parts, compile_part).program()

    def search(self, text: str, position: int = 0, timeout: float | None = None) -> BalancedMatch | None:
        """Return the first match from a position on. Raises TimeoutError after so many seconds of computing."""
        run = _Run(text, position, timeout)
        for start in range(position, len(text) + 1):
            end = run.match(self._program, start, {}, ())
            if end is not None:
                return BalancedMatch(text, start, end)
        return None


class BalancedMatch:
    """A match with the interface of the package's; groups are called `g1`, `g2` and so on."""

    def __init__(self, text: str, start: int, end: _State) -> None:
        self._text = text
        self._start, self._end = start, end.position
        self._captures = end.captures

    def start(self) -> int:
        return self._start

    def end(self) -> int:
        return self._end

    def spans(self, name: str) -> list[Span]:
        return list(self._captures.get(int(name[1:]), ()))

    def group(self, name: str | int) -> str | None:
        if name == 0:
            return self._text[self._start : self._end]
        spans = self._captures.get(int(str(name)[1:]), ())
        return self._text[spans[-1][0] : spans[-1][1]] if spans else None


class _Run:
    """One search: the text, where it began, and how long it may take."""

    def __init__(self, text: str, searched_from: int, timeout: float | None) -> None:
        self._text = text
        self._searched_from = searched_from
        self._deadline = None if timeout is None else time.thread_time() + timeout
        self._made = 0

    def match(
        self, program: list[Instruction], position: int, captures: Captures, opened: tuple[int, ...]
    ) -> _State | None:
        """Run to the end of a program, backtracking on failure; None when there is no match."""
        waiting = [_State(0, position, captures, opened)]
        while waiting:
            at, position, captures, opened = waiting.pop()
            while True:
                self._count()
                if at == len(program):
                    return _State(at, position, captures, opened)
                instruction = program[at]
                step = getattr(self, instruction[0])
                following = step(_State(at, position, captures, opened), waiting, *instruction[1:])
                if following is None:
                    break
                at, position, captures, opened = following
        return None

    def _count(self) -> None:
        self._made += 1
        if self._made % _PER_LOOK == 0:
            environment().step(_PER_LOOK)
            if self._deadline is not None and time.thread_time() > self._deadline:
                raise TimeoutError

    # Each instruction gives the state that follows, or None to go back; other ways are put on `waiting`.

    def atom(self, state: _State, _: list[_State], compiled: Any) -> _State | None:
        found = compiled.match(self._text, state.position)
        return None if found is None else state._replace(at=state.at + 1, position=found.end())

    def search_start(self, state: _State, _: list[_State]) -> _State | None:
        return state._replace(at=state.at + 1) if state.position == self._searched_from else None

    def split(self, state: _State, waiting: list[_State], first: int, second: int) -> _State:
        waiting.append(state._replace(at=second))
        return state._replace(at=first)

    def jump(self, state: _State, _: list[_State], target: int) -> _State:
        return state._replace(at=target)

    def open(self, state: _State, _: list[_State]) -> _State:
        return state._replace(at=state.at + 1, opened=(*state.opened, state.position))

    def again(self, state: _State, _: list[_State], loop: int) -> _State:
        """Return the end of a round: another one, unless this one took nothing."""
        *opened, begun = state.opened
        target = state.at + 1 if begun == state.position else loop
        return state._replace(at=target, opened=tuple(opened))

    def close(self, state: _State, _: list[_State], number: int) -> _State:
        *opened, begun = state.opened
        kept = (*state.captures.get(number, ()), (begun, state.position))
        captures = {**state.captures, number: kept}
        return _State(state.at + 1, state.position, captures, tuple(opened))

    def balance(self, state: _State, _: list[_State], number: int, old: int) -> _State | None:
        """Take back the last capture of the old group; the new one captures what lies between."""
        taken = state.captures.get(old, ())
        if not taken:
            return None
        *opened, begun = state.opened
        captures = {**state.captures, old: taken[:-1]}
        if number:
            span = _between(taken[-1], begun, state.position)
            captures[number] = (*captures.get(number, ()), span)
        return _State(state.at + 1, state.position, captures, tuple(opened))

    def refer(self, state: _State, _: list[_State], number: int, ignores_case: int) -> _State | None:
        spans = state.captures.get(number, ())
        if not spans:
            return None
        wanted = self._text[spans[-1][0] : spans[-1][1]]
        end = state.position + len(wanted)
        found = self._text[state.position : end]
        equal = found.lower() == wanted.lower() if ignores_case else found == wanted
        return state._replace(at=state.at + 1, position=end) if equal else None

    def when(self, state: _State, _: list[_State], number: int, otherwise: int) -> _State:
        return state._replace(at=state.at + 1 if state.captures.get(number) else otherwise)

    def look(
        self, state: _State, _: list[_State], program: list[Instruction], negative: bool, otherwise: int
    ) -> _State | None:
        """Match a lookaround and return to its start; a condition continues elsewhere when nothing matches."""
        found = self.match(program, state.position, state.captures, ())
        if (found is None) != negative:
            return state._replace(at=otherwise) if otherwise >= 0 else None
        captures = state.captures if found is None else found.captures
        return state._replace(at=state.at + 1, captures=captures)

    def atomic(self, state: _State, _: list[_State], program: list[Instruction]) -> _State | None:
        found = self.match(program, state.position, state.captures, ())
        if found is None:
            return None
        return _State(state.at + 1, found.position, found.captures, state.opened)


def _between(taken: Span, begun: int, end: int) -> Span:
    """Return the capture of a balancing group: the text between its own and the one it removes, or their overlap."""
    first, last = taken
    if begun >= last:
        return last, begun
    if end <= first:
        return first, end
    return max(begun, first), min(end, last)


class _Compiler:
    """Reads the parts of a pattern, recursively: groups are not nested deeply, see the translator."""

    def __init__(self, parts: Sequence[str], compile_part: Callable[[str], Any]) -> None:
        self._parts = [part for part in parts if part]
        self._position = 0
        self._compile = compile_part
        self._size = 0

    def program(self) -> list[Instruction]:
        made: list[Instruction] = []
        self._alternatives(made)
        return made

    def _emit(self, code: list[Instruction], *instruction: Any) -> int:
        self._size += 1
        if self._size > _MOST_INSTRUCTIONS:
            raise NotSimulatedError("a regular expression", f"it has more than {_MOST_INSTRUCTIONS:,} elements")
        code.append(instruction)
        return len(code) - 1

    def _next(self) -> str:
        return self._parts[self._position] if self._position < len(self._parts) else ")"

    def _ways(self) -> list[list[Instruction]]:
        """Return the code of each alternative up to the bracket that closes, which is taken."""
        ways: list[list[Instruction]] = [[]]
        while self._next() != ")":
            if self._next() == "|":
                self._position += 1
                ways.append([])
            else:
                self._element(ways[-1])
        self._position += 1
        return ways

    def _alternatives(self, code: list[Instruction]) -> None:
        """All up to the bracket that closes; instructions count from the beginning of `code`."""
        ways = self._ways()
        jumps = []
        for way in ways[:-1]:
            split = self._emit(code)
            self._add(code, way)
            jumps.append(self._emit(code))
            code[split] = ("split", split + 1, len(code))
        self._add(code, ways[-1])
        for jump in jumps:
            code[jump] = ("jump", len(code))

    def _add(self, code: list[Instruction], piece: list[Instruction]) -> None:
        """Put a piece behind others; its targets move with it."""
        base = len(code)
        for instruction in piece:
            self._emit(code, *_moved(instruction, base))

    def _element(self, code: list[Instruction]) -> None:
        """One element with its repetition."""
        piece: list[Instruction] = []
        self._single(piece)
        repeat = _REPEAT.fullmatch(self._next())
        if repeat is None:
            self._add(code, piece)
            return
        self._position += 1
        sign, least, comma, most, lazy = repeat.groups()
        if sign:
            low, high = {"*": (0, -1), "+": (1, -1), "?": (0, 1)}[sign]
        else:
            low = int(least)
            high = (int(most) if most else -1) if comma else low
        for _ in range(low):
            self._add(code, piece)
        if high < 0:
            self._endless(code, piece, bool(lazy))
        else:
            self._optional(code, piece, high - low, bool(lazy))

    def _endless(self, code: list[Instruction], piece: list[Instruction], lazy: bool) -> None:
        split = self._emit(code)
        self._emit(code, "open")
        self._add(code, piece)
        self._emit(code, "again", split)
        code[split] = ("split", len(code), split + 1) if lazy else ("split", split + 1, len(code))

    def _optional(self, code: list[Instruction], piece: list[Instruction], count: int, lazy: bool) -> None:
        splits = []
        for _ in range(count):
            splits.append(self._emit(code))
            self._add(code, piece)
        for split in splits:
            code[split] = ("split", len(code), split + 1) if lazy else ("split", split + 1, len(code))

    def _single(self, code: list[Instruction]) -> None:
        part = self._next()
        self._position += 1
        parameters = _PARAMETERS.fullmatch(part)
        if parameters is not None:
            kind, first, second = parameters[1], int(parameters[2]), int(parameters[3])
            if kind == "refer":
                self._emit(code, kind, first, second)
            else:
                self._group(code, kind, first, second)
        elif capture := _CAPTURE.fullmatch(part):
            self._group(code, "close", int(capture[1]))
        elif condition := _CONDITION.fullmatch(part):
            self._choice(code, ("when", int(condition[1] or 0)))
        elif part == "(?":
            self._choice(code, self._look())
        elif part == "(?:":
            self._alternatives(code)
        elif part in _OPENING:
            self._position -= 1
            self._emit(code, *self._look(), *((-1,) if part != "(?>" else ()))
        elif part == _SEARCH_START:
            self._emit(code, "search_start")
        else:
            self._emit(code, "atom", self._compile(part))

    def _group(self, code: list[Instruction], *ending: Any) -> None:
        self._emit(code, "open")
        inner: list[Instruction] = []
        self._alternatives(inner)
        self._add(code, inner)
        self._emit(code, *ending)

    def _look(self) -> Instruction:
        """Return a group that is matched for itself: `look` without where else to go, or `atomic`."""
        opening = self._next()
        start = self._position
        self._position += 1
        inner: list[Instruction] = []
        self._alternatives(inner)
        if opening == "(?>":
            return "atomic", inner
        if opening.startswith("(?<"):
            parts = self._parts[start : self._position]
            if any(_PARAMETERS.fullmatch(part) or _CAPTURE.fullmatch(part) for part in parts):
                raise NotSimulatedError("a regular expression", "a look-behind has groups beside balancing groups")
            return "look", [("atom", self._compile("".join(["(?:", *parts, ")"])))], False
        return "look", inner, opening == "(?!"

    def _choice(self, code: list[Instruction], test: Instruction) -> None:
        """A condition with what follows: `yes|no`, or `yes` alone."""
        start = self._emit(code)
        ways = self._ways()
        self._add(code, ways[0])
        jump = self._emit(code)
        code[start] = (*test, len(code))
        for way in ways[1:]:
            self._add(code, way)
        code[jump] = ("jump", len(code))


def _moved(instruction: Instruction, base: int) -> Instruction:
    """Return an instruction whose targets are counted from elsewhere."""
    kind, *rest = instruction
    if kind in ("split", "jump", "again"):
        return kind, *(target + base for target in rest)
    if kind == "when" or (kind == "look" and rest[-1] >= 0):
        return kind, *rest[:-1], rest[-1] + base
    return instruction
