"""A debugger over the simulator: stop a request at policies and inside expressions, and show its state.

It is an observer of the engine, which lets it see every request, and Python's own tracing inside expressions, both only
while a request is debugged: without a debugger it costs nothing. The request runs in a thread that waits where
it is stopped; that thread evaluates values, with the request's own clock and limits.
"""

from __future__ import annotations

import queue
import re
import sys
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from apimpolicy.csharp.dotnet.exceptions import DotnetException, NullReferenceException
from apimpolicy.csharp.dotnet.values import type_of
from apimpolicy.csharp.emit.runtime import file_of
from apimpolicy.editor.debug_launch import Point, is_policy_code, point_at
from apimpolicy.editor.debug_values import DebugScope
from apimpolicy.errors import ApimPolicyError
from apimpolicy.gateway.engine.observation import Observer
from apimpolicy.gateway.engine.steps import Step
from apimpolicy.report.values import show
from apimpolicy.text.source import Source

if TYPE_CHECKING:
    from apimpolicy.gateway.engine.exchange import Exchange
    from apimpolicy.gateway.engine.trace import TraceEntry
    from apimpolicy.gateway.policies.spec import PolicyError

    Reason = Literal["entry", "breakpoint", "step", "pause", "exception"]

_PLACEHOLDER = re.compile(r"\{([^{}]+)\}")


class Breakpoint(NamedTuple):
    """A line at which a request stops, when `condition` (C#) is true, from the hit number `hits` on; with a `message`
    it only logs that, with the values of `{C#}` in it."""

    line: int
    condition: str = ""
    hits: int = 0
    message: str = ""


class StoppedFrame(NamedTuple):
    """The position of a stopped request: a policy, or code in an expression."""

    name: str
    source: Source
    start: int
    end: int
    code: FrameType | None = None


class Terminated(BaseException):
    """The session is over; no `except Exception` can keep the request running."""


class Debugger(Observer):
    """One session. `stopped` is called in the request's thread when it stops, `said` with messages of logpoints."""

    def __init__(self, stopped: Callable[[Reason, str], None], said: Callable[[str, Source, int], None]) -> None:
        self._stopped = stopped
        self._said = said
        self.breakpoints: dict[str, list[Breakpoint]] = {}
        self.stops_on_errors = True
        self.stops_on_throw = False
        self.exchange: Exchange | None = None
        self._steps: list[Step] = []
        self._frames: list[FrameType] = []
        self._points: dict[FrameType, tuple[Point | None, int]] = {}
        self._hits: dict[tuple[str, int], int] = {}
        self._until: int | None = None
        """Stop at the next point whose depth is not greater; None runs on."""
        self._wants_pause = False
        self._shown: BaseException | None = None
        self._is_over = self._is_looking = False
        self._commands: queue.Queue[Callable[[], Any] | None] = queue.Queue()
        self._answers: queue.Queue[tuple[bool, Any]] = queue.Queue()
        self.is_stopped = False

    def anew(self) -> Debugger:
        """Return a debugger for another request, with the same breakpoints."""
        made = Debugger(self._stopped, self._said)
        made.breakpoints = self.breakpoints
        made.stops_on_errors, made.stops_on_throw = self.stops_on_errors, self.stops_on_throw
        return made

    # ------------------------------------------------------------------------------------------------ the observer

    def request_started(self, exchange: Exchange) -> None:
        self.exchange = exchange

    def policy_reached(self, exchange: Exchange, entry: TraceEntry) -> None:
        self._entered(entry.step)

    def error_raised(self, exchange: Exchange, error: PolicyError, step: Step) -> None:
        if self.stops_on_errors:
            self._steps = _around(step)
            self._stop("exception", f"{error.reason}: {error.message}")

    # ------------------------------------------------------------------------------------------------ policies

    def _entered(self, step: Step) -> None:
        self._steps = _around(step)
        element = step.element
        source = file_of(element.source)
        start, end = element.source.original_span(element.start, element.content_start)
        lines = range(source.position(start).line, source.position(max(start, end - 1)).line + 1)
        self._arrive(source, start, lines, len(self._steps))

    def _arrive(self, source: Source, start: int, lines: range, depth: int) -> None:
        if self._is_looking:
            return
        if self._is_over:
            raise Terminated
        found = next((b for b in self.breakpoints.get(source.path, ()) if b.line in lines and b.line == lines[0]), None)
        if found is not None and self._holds(found, source, start):
            self._stop("breakpoint")
        elif self._wants_pause:
            self._wants_pause = False
            self._stop("pause")
        elif self._until is not None and depth <= self._until:
            self._stop("step")

    def _holds(self, breakpoint_: Breakpoint, source: Source, start: int) -> bool:
        key = (source.path, breakpoint_.line)
        if breakpoint_.condition:
            try:
                value, _ = self._look(lambda: self.scope().evaluate(breakpoint_.condition))
            except (ApimPolicyError, DotnetException) as error:
                self._said(f"the condition '{breakpoint_.condition}' fails: {error}", source, breakpoint_.line)
                return True
            if value is not True:
                return False
        self._hits[key] = self._hits.get(key, 0) + 1
        if self._hits[key] < breakpoint_.hits:
            return False
        if breakpoint_.message:
            self._said(self._look(lambda: self._filled(breakpoint_.message)), source, breakpoint_.line)
            return False
        return True

    def _filled(self, message: str) -> str:
        scope = self.scope()
        return _PLACEHOLDER.sub(lambda found: scope.value("", found[1]).text, message)

    # ------------------------------------------------------------------------------------------------ expressions

    def trace(self, frame: FrameType, event: str, _: Any) -> Callable[..., Any] | None:
        """Trace the code of expressions only; the function for `sys.settrace`."""
        if self._is_looking or not is_policy_code(frame):
            return None
        frame.f_trace = self._inside  # from 3.13 on, opcodes are traced of a frame that has it already
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        self._frames.append(frame)
        return self._inside

    def _inside(self, frame: FrameType, event: str, argument: Any) -> Callable[..., Any]:
        if event == "opcode":
            self._at(frame)
        elif event == "return":
            self._points.pop(frame, None)
            if frame in self._frames:
                del self._frames[self._frames.index(frame) :]
        elif event == "exception" and self.stops_on_throw and not self._is_looking:
            self._threw(*argument[1:])
        return self._inside

    def _at(self, frame: FrameType) -> None:
        point = point_at(frame)
        before, last = self._points.get(frame, (None, -1))
        goes_back = frame.f_lasti <= last
        self._points[frame] = (point or before, frame.f_lasti)
        if point is None or (point == before and not goes_back):
            return
        if not point.is_stop or (before is not None and point.holds(before.start, before.end) and not goes_back):
            return  # entering an operand, or leaving one
        step = self._steps[-1] if self._steps else None
        own = step.element.source.position(step.element.start).line if step is not None else -1
        lines = range(point.line, point.line + 1) if point.line != own else range(-1, 0)
        self._arrive(point.source, point.start, lines, len(self._steps) + len(self._frames))

    def _threw(self, error: BaseException | None, traceback: TracebackType | None) -> None:
        """Stop once for an exception of C#; a member of `None` in a policy's code is its NullReferenceException."""
        found = error
        if isinstance(error, AttributeError) and error.obj is None and traceback is not None:
            found = NullReferenceException() if traceback.tb_next is None else None
        if isinstance(found, DotnetException) and error is not self._shown:
            self._shown = error
            self._stop("exception", f"{type(found).__name__}: {found.message}")

    # ------------------------------------------------------------------------------------------------ stopping

    def _stop(self, reason: Reason, text: str = "") -> None:
        """Wait for the command to continue, and run the commands before it."""
        self._until = None
        self.is_stopped = True
        self._stopped(reason, text)
        while (command := self._commands.get()) is not None:
            try:
                self._answers.put((True, self._look(command)))
            except Exception as error:  # `ask` raises it
                self._answers.put((False, error))
        self.is_stopped = False
        if self._is_over:
            raise Terminated

    def _look(self, command: Callable[[], Any]) -> Any:
        """Run code of the user's without stopping in it."""
        self._is_looking = True
        saved = sys.gettrace()
        sys.settrace(None)
        try:
            return command()
        finally:
            sys.settrace(saved)
            self._is_looking = False

    def ask(self, command: Callable[[], Any]) -> Any:
        """Run a command in the request's thread, which is stopped; raise what it raises."""
        self._commands.put(command)
        is_good, answer = self._answers.get()
        if not is_good:
            raise answer
        return answer

    @property
    def depth(self) -> int:
        return len(self._steps) + len(self._frames)

    def resume(self, how: Literal["run", "over", "in", "out"] = "run") -> None:
        """Continue the request to the next breakpoint, or to the next point at this depth, deeper or further out."""
        self._until = {"run": None, "over": self.depth, "in": sys.maxsize, "out": self.depth - 1}[how]
        self._commands.put(None)

    def pause(self) -> None:
        self._wants_pause = True

    def stop_at_entry(self) -> None:
        self._until = sys.maxsize

    def end(self) -> None:
        self._is_over = True
        self._commands.put(None)

    # ------------------------------------------------------------------------------------------------ looking around

    def stack(self) -> list[StoppedFrame]:
        """Return the frames of the stopped request, the innermost first."""
        found = []
        for frame in reversed(self._frames):
            point, _ = self._points.get(frame, (None, -1))
            if point is not None:
                name = frame.f_code.co_name
                found.append(StoppedFrame(name, point.source, point.start, point.end, frame))
        for step in reversed(self._steps):
            element = step.element
            start, end = element.source.original_span(element.start, element.content_start)
            found.append(StoppedFrame(f"{step.section}: {step.name}", file_of(element.source), start, end))
        return found

    def scope(self, frame: FrameType | None = None) -> DebugScope:
        """Return where expressions are evaluated: in a frame, or the innermost."""
        assert self.exchange is not None  # a request runs
        return DebugScope(self.exchange.context, frame or (self._frames[-1] if self._frames else None))

    def parts(self) -> list[tuple[str, str]]:
        """Return code and value of the parts of the expressions of the last policy that has any."""
        trace = self.exchange.trace if self.exchange is not None else []
        entry = next((entry for entry in reversed(trace) if entry.evaluations), None)
        found: list[tuple[str, str]] = []
        for evaluation in entry.evaluations[-3:] if entry is not None else ():
            text = evaluation.excerpt.text
            for node, value in evaluation.recorder.entries[-60:] if evaluation.recorder is not None else ():
                syntax = node.syntax
                code = " ".join(text[syntax.start : syntax.end].split())
                shown = show(value)
                if code and (code, shown) not in found and shown != str(type_of(value)):
                    found.append((code, shown))
        return found


def _around(step: Step) -> list[Step]:
    """Return a step and those around it, the outermost first."""
    found = [step]
    while found[-1].parent is not None:
        found.append(found[-1].parent)
    return found[::-1]
