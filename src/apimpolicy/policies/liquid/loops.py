"""`for`, API Management's `JSONArrayFor`, and what belongs into loops: `break`, `continue`, `cycle`, `ifchanged`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from apimpolicy.dotnet.environment import environment
from apimpolicy.errors import NotSimulatedError
from apimpolicy.policies.liquid.errors import Break, Continue, LiquidSyntaxError
from apimpolicy.policies.liquid.expressions import Expression, expression
from apimpolicy.policies.liquid.markup import FRAGMENT, Token
from apimpolicy.policies.liquid.values import Hash, items, plain
from apimpolicy.records import Record

if TYPE_CHECKING:
    from apimpolicy.policies.liquid.rendering import Node, Rendering
    from apimpolicy.policies.liquid.template import Reader

_LOOP = re.compile(rf"\b(\w+)\s+in\s+({FRAGMENT})\s*(reversed)?")
_ATTRIBUTE = re.compile(rf"\b(\w+)\s*:\s*({FRAGMENT})")
_NAMED_CYCLE = re.compile(rf"\s*({FRAGMENT})\s*:\s*(.*)", re.DOTALL)
_FRAGMENT = re.compile(FRAGMENT)
_WHERE = re.compile(r"\bwhere\b")


class For:
    """A loop; `separator` is written between the texts of two items."""

    __slots__ = ("attributes", "collection", "is_reversed", "name", "nodes", "otherwise", "separator", "variable")

    def __init__(self, markup: str, tag: str, separator: str) -> None:
        found = _LOOP.search(markup)
        if found is None:
            raise LiquidSyntaxError(f"Syntax Error in '{tag}' tag - Valid syntax: {tag} [item] in [collection]")
        self.variable = found[1]
        self.collection = expression(found[2])
        self.name = f"{found[1]}-{found[2]}"
        self.is_reversed = found[3] is not None
        self.attributes: dict[str, Expression | None] = {
            name: None if value == "continue" else expression(value) for name, value in _ATTRIBUTE.findall(markup)
        }
        self.separator = separator
        self.nodes: list[Node] = []
        self.otherwise: list[Node] = []

    def render(self, rendering: Rendering) -> None:
        found = items(self.collection.evaluate(rendering))
        chosen = [] if found is None else self.chosen(found, rendering)
        if not chosen:
            rendering.render_all(self.otherwise)
            return
        with rendering.scope() as scope:
            for index, item in enumerate(chosen):
                environment().step()
                if index and self.separator:
                    rendering.write(self.separator)
                scope[self.variable] = item
                scope["forloop"] = self.state(index, len(chosen))
                try:
                    rendering.render_all(self.nodes)
                except Continue:
                    continue
                except Break:
                    return

    def chosen(self, found: Sequence[Any], rendering: Rendering) -> Sequence[Any]:
        """Apply `offset`, `limit` and `reversed`. The end of the loop is kept for `offset:continue`."""
        start = 0
        if "offset" in self.attributes:
            offset = self.attributes["offset"]
            start = rendering.offsets.get(self.name, 0) if offset is None else _whole(offset.evaluate(rendering))
        limit = self.attributes.get("limit")
        count = limit.evaluate(rendering) if limit is not None else None
        end = start + int(count) if isinstance(count, int) and not isinstance(count, bool) else len(found)
        part = found[max(start, 0) : max(end, 0)]
        rendering.offsets[self.name] = start + len(part)
        environment().new_elements(len(part))
        return part[::-1] if self.is_reversed else part

    def state(self, index: int, length: int) -> Hash:
        """`forloop`"""
        return Hash(
            name=self.name,
            length=length,
            index=index + 1,
            index0=index,
            rindex=length - index,
            rindex0=length - index - 1,
            first=index == 0,
            last=index == length - 1,
        )


def _whole(value: Any) -> int:
    from apimpolicy.policies.liquid.library import library

    return 0 if value is None else int(library("System.Convert", "static int ToInt32(object value)")(value))


class Interrupt(Record):
    """`{% break %}` and `{% continue %}`"""

    kind: type[Break | Continue]

    def render(self, rendering: Rendering) -> None:
        raise self.kind


class Cycle(Record):
    """`{% cycle name: a, b %}`: the next of the values, each time."""

    name: Expression | None
    values: list[str]

    def render(self, rendering: Rendering) -> None:
        key = tuple(self.values) if self.name is None else plain(self.name.evaluate(rendering))
        turn = rendering.cycles.get(key, 0)
        rendering.cycles[key] = (turn + 1) % len(self.values)
        rendering.write(plain(expression(self.values[turn % len(self.values)]).evaluate(rendering)))


class IfChanged(Record):
    """`{% ifchanged %} … {% endifchanged %}`: what is in it, unless it is the same as the last time."""

    nodes: list[Node]

    def render(self, rendering: Rendering) -> None:
        with rendering.scope():
            with rendering.captured() as parts:
                rendering.render_all(self.nodes)
            text = "".join(parts)
            if text != rendering.last_changed:
                rendering.last_changed = text
                rendering.write(text)


def read_for(reader: Reader, token: Token) -> Node:
    return _read_loop(reader, For(token.content, "for", ""), "for")


def read_json_array_for(reader: Reader, token: Token) -> Node:
    if _WHERE.search(token.content) is not None:
        raise NotSimulatedError("'where' of the Liquid tag JSONArrayFor", "its syntax is undocumented")
    return _read_loop(reader, For(token.content, token.name, ","), token.name)


def _read_loop(reader: Reader, loop: For, name: str) -> Node:
    loop.nodes, end = reader.block(name, ("else",))
    if end.name == "else":
        loop.otherwise, _ = reader.block(name)
    return loop


def read_interruption(reader: Reader, token: Token) -> Node:
    return Interrupt(Break if token.name == "break" else Continue)


def read_cycle(reader: Reader, token: Token) -> Node:
    named = _NAMED_CYCLE.match(token.content)
    values = _FRAGMENT.findall(token.content if named is None else named[2])
    if not values:
        raise LiquidSyntaxError("Syntax Error in 'cycle' tag - Valid syntax: cycle [name :] var [, var2, var3 ...]")
    return Cycle(None if named is None else expression(named[1]), values)


def read_if_changed(reader: Reader, token: Token) -> Node:
    return IfChanged(reader.block("ifchanged")[0])
