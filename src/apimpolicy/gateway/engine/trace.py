"""The trace: what happened to one request, policy by policy, as data. Rendering lives in `apimpolicy.report`.

A `Trace` is a list of `TraceEntry` in the order of execution. Children follow their parent (`choose[1]`, then
`choose[1]/when[1]`, then `choose[1]/when[1]/set-header[1]`); `depth` counts the entries around it, `parent` is the
innermost. A `when` is an entry as soon as its condition is evaluated: its effect is a `Condition`, whose `taken` is the
result. The module `apimpolicy.gateway.policies.effects` has all classes of effects.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from apimpolicy.gateway.policies.effects import AnyEffect, Effect, readable
from apimpolicy.records import Record

if TYPE_CHECKING:
    from apimpolicy.csharp.dotnet.exceptions import DotnetException
    from apimpolicy.csharp.emit.expression import CompiledExpression
    from apimpolicy.csharp.emit.recording import Recorder
    from apimpolicy.gateway.context.execution import LastError
    from apimpolicy.gateway.engine.steps import Step
    from apimpolicy.text.document import Element
    from apimpolicy.text.source import Excerpt, Position


class Evaluation(Record):
    """An expression that was evaluated for a policy.

    `what` is the attribute's name, or the child element's name, or "text" for the element's own content. `recorder`
    holds the values of the sub-expressions; it is None when the gateway runs with `tracing=False`. `value` is the
    run-time value, boxed, before the conversion to what the policy wants; it is meaningless when `error` is set.
    `refusal` is why the gateway refuses the value. `messages` is what `context.Trace(…)` wrote meanwhile.
    """

    what: str
    excerpt: Excerpt
    recorder: Recorder | None
    expression: CompiledExpression | None = None
    value: object = None
    error: DotnetException | None = None
    refusal: str = ""
    messages: tuple[str, ...] = ()

    @property
    def static_type(self) -> str:
        """Return the static type in C# spelling; empty when the expression could not be compiled."""
        return "" if self.expression is None else self.expression.static_type

    @property
    def code(self) -> str:
        """Return the expression as C#, with its `@( )` or `@{ }`."""
        return self.excerpt.text

    @property
    def position(self) -> Position:
        return self.excerpt.source.position(self.excerpt.start)

    def __repr__(self) -> str:
        return f"Evaluation({self.what!r}, {self.code!r}, {self.value!r})"


class TraceEntry(Record):
    """A policy (or a `when`, `otherwise`) that was reached: its `step`, and its outcome.

    `path` counts elements of one name from 1 (`choose[1]/when[2]/set-header[1]`) within `section` of the document of
    `scope` ("global" … "operation"); inside a fragment it begins with the `include-fragment`. `attributes` are the
    values as the policy got them, by their XML names; children's texts are under the child's name, the content
    under "text". `effect` is None when the policy failed; then `error` is set, and `is_recovered` if the request
    continued, as inside of retry; `messages` are those of the gateway's trace for it, where they are not its message
    alone. `ticks` is when it was reached (100 ns since 0001-01-01 UTC), None when the gateway
    runs with `tracing=False`.
    """

    step: Step
    parent: TraceEntry | None
    ticks: int | None
    attributes: dict[str, object]
    evaluations: list[Evaluation]
    error: LastError | None = None
    is_recovered: bool = False
    _effect: Effect | None = None
    _is_readable: bool = True
    messages: tuple[str, ...] = ()

    @property
    def effect(self) -> Effect | None:
        if not self._is_readable and self._effect is not None:
            self._effect = readable(self._effect)
            self._is_readable = True
        return self._effect

    @effect.setter
    def effect(self, effect: Effect) -> None:
        self._effect = effect
        self._is_readable = False

    @property
    def section(self) -> str:
        return self.step.section

    @property
    def scope(self) -> str:
        return self.step.scope

    @property
    def path(self) -> str:
        return self.step.path

    @property
    def element(self) -> Element:
        return self.step.element

    @property
    def depth(self) -> int:
        around, depth = self.parent, 0
        while around is not None:
            around, depth = around.parent, depth + 1
        return depth

    @property
    def name(self) -> str:
        """Return the policy's name, `set-header`; or `when`, `otherwise`."""
        return self.step.element.name

    @property
    def file(self) -> str:
        """Return the path of the policy file (or the name of the text) of the policy."""
        return self.step.element.source.path

    @property
    def position(self) -> Position:
        """Return line and column of the policy's start tag in its file."""
        element = self.step.element
        return element.source.position(element.start)

    def __repr__(self) -> str:
        return f"TraceEntry({self.section!r}, {self.scope!r}, {self.path!r}, {self.effect!r})"


class Trace(list[TraceEntry]):
    """All entries in order; `messages` is what `context.Trace(…)` wrote, in order."""

    __slots__ = ("messages",)

    def __init__(self, messages: list[str]) -> None:
        self.messages = messages

    def section(self, name: str) -> list[TraceEntry]:
        """Return the entries of one section: `inbound`, `backend`, `outbound` or `on-error`."""
        return [entry for entry in self if entry.section == name]

    def named(self, name: str) -> list[TraceEntry]:
        """Return the entries of one policy, `set-header`."""
        return [entry for entry in self if entry.name == name]

    def effects(self, cls: type[AnyEffect]) -> Iterator[tuple[TraceEntry, AnyEffect]]:
        """Yield every entry with an effect of this class, in order."""
        return ((entry, effect) for entry in self if isinstance(effect := entry.effect, cls))

    @property
    def decision(self) -> TraceEntry | None:
        """Return the entry that decided the response: the policy that returned it, or the one that failed."""
        for entry in reversed(self):
            effect = entry.effect
            failed = entry.error is not None and not entry.is_recovered
            if failed or (effect is not None and effect.ends):
                return entry
        return None
