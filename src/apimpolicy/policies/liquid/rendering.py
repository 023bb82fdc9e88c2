"""A rendering of a template: its variables, and its output so far."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

from apimpolicy.dotnet.environment import environment
from apimpolicy.dotnet.exceptions import DotnetException
from apimpolicy.policies.liquid.errors import LiquidError
from apimpolicy.records import Record

MAXIMUM_SCOPES = 80
"""Blocks within blocks; DotLiquid's own limit."""


class Node(Protocol):
    """A part of a template."""

    def render(self, rendering: Rendering) -> None:
        """Write its output. Raises LiquidError, DotnetException, Interruption, LimitExceededError."""


class Rendering:
    """Scopes of variables, innermost last, over the `roots` that every template sees."""

    def __init__(self, roots: Mapping[str, Any]) -> None:
        self.roots = roots
        self.scopes: list[dict[str, Any]] = [{}]
        self.unknown_filters: set[str] = set()
        self.errors = 0
        self.offsets: dict[str, int] = {}
        self.cycles: dict[Any, int] = {}
        self.last_changed: str | None = None
        self._parts: list[str] = []
        self._length = 0

    @property
    def text(self) -> str:
        """Return the output so far: a .NET string."""
        return "".join(self._parts)

    def write(self, text: str) -> None:
        """Write more. Raises LimitExceededError when it becomes too long."""
        here = environment()
        self._length += len(text)
        here.check_length(self._length)
        here.step(len(text) >> 6)
        self._parts.append(text)

    @contextmanager
    def captured(self) -> Iterator[list[str]]:
        """Write into a list instead."""
        around, self._parts = self._parts, []
        try:
            yield self._parts
        finally:
            self._parts = around

    def render_all(self, nodes: Sequence[Node]) -> None:
        """Render one part after another; an error becomes text in its place."""
        step = environment().step
        for node in nodes:
            step()
            try:
                node.render(self)
            except LiquidError as error:
                self.errors += 1
                self.write(error.shown)
            except DotnetException as error:
                self.errors += 1
                self.write(f"Liquid error: {error.message}")

    @contextmanager
    def scope(self) -> Iterator[dict[str, Any]]:
        """Open a scope for a block. Raises LiquidError when there are too many."""
        if len(self.scopes) > MAXIMUM_SCOPES:
            raise LiquidError("Nesting too deep")
        inner: dict[str, Any] = {}
        self.scopes.append(inner)
        try:
            yield inner
        finally:
            self.scopes.pop()

    def find(self, name: str) -> Any:
        """Return the value of a variable; null when there is none."""
        for scope in reversed(self.scopes):
            if name in scope:
                return scope[name]
        return self.roots.get(name)

    def assign(self, name: str, value: Any) -> None:
        """Set a variable of the whole template."""
        self.scopes[0][name] = value


class Text(Record):
    """Text that is written as it is."""

    text: str

    def render(self, rendering: Rendering) -> None:
        rendering.write(self.text)
