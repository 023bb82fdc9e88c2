"""Tags other than loops and conditions, and the table of all."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from apimpolicy.errors import NotSimulatedError
from apimpolicy.policies.liquid.branches import read_case, read_if, read_unless
from apimpolicy.policies.liquid.errors import LiquidError, LiquidSyntaxError
from apimpolicy.policies.liquid.expressions import Filtered
from apimpolicy.policies.liquid.loops import (
    read_cycle,
    read_for,
    read_if_changed,
    read_interruption,
    read_json_array_for,
)
from apimpolicy.policies.liquid.rendering import Node, Rendering, Text
from apimpolicy.records import Record

if TYPE_CHECKING:
    from collections.abc import Callable

    from apimpolicy.policies.liquid.markup import Token
    from apimpolicy.policies.liquid.template import Reader

_NOT_IN_NAMES = re.compile(r"[^\w\-.\[\]()]")
_NAME = re.compile(r"([\w-]+)")


class Assign(Record):
    """`{% assign name = value | Filter %}`"""

    name: str
    value: Filtered

    def render(self, rendering: Rendering) -> None:
        rendering.assign(self.name, self.value.evaluate(rendering))


class Capture(Record):
    """`{% capture name %} … {% endcapture %}`"""

    name: str
    nodes: list[Node]

    def render(self, rendering: Rendering) -> None:
        with rendering.captured() as parts:
            rendering.render_all(self.nodes)
        rendering.assign(self.name, "".join(parts))


class Block(Record):
    """`{% block name %} … {% endblock %}`, which no template extends: what is in it."""

    nodes: list[Node]

    def render(self, rendering: Rendering) -> None:
        with rendering.scope():
            rendering.render_all(self.nodes)


class Failure(Record):
    """A tag that can only fail."""

    message: str

    def render(self, rendering: Rendering) -> None:
        raise LiquidError(self.message)


def _read_assign(reader: Reader, token: Token) -> Node:
    before, equals, value = token.content.partition("=")
    name = _NOT_IN_NAMES.split(before.rstrip())[-1]
    if not equals or not name:
        raise LiquidSyntaxError("Syntax Error in 'assign' tag - Valid syntax: assign [var] = [source]")
    return Assign(name, Filtered(value))


def _read_capture(reader: Reader, token: Token) -> Node:
    found = _NAME.search(token.content)
    if found is None:
        raise LiquidSyntaxError("Syntax Error in 'capture' tag - Valid syntax: capture [var]")
    return Capture(found[1], reader.block("capture")[0])


def _read_raw(reader: Reader, token: Token) -> Node:
    return Text(next(reader.tokens).content)


def _read_comment(reader: Reader, token: Token) -> Node:
    next(reader.tokens)
    return Text("")


_WITHOUT_FILES = Failure("Error - This liquid context does not allow includes")


def _not_simulated(reader: Reader, token: Token) -> Node:
    raise NotSimulatedError(f"the Liquid tag {token.name}")


TAGS: dict[str, Callable[[Reader, Token], Node]] = {
    "JSONArrayFor": read_json_array_for,
    "addfilters": _not_simulated,
    "assign": _read_assign,
    "block": lambda reader, _: Block(reader.block("block")[0]),
    "break": read_interruption,
    "capture": _read_capture,
    "case": read_case,
    "comment": _read_comment,
    "continue": read_interruption,
    "cycle": read_cycle,
    "decrement": _not_simulated,
    "extends": lambda *_: _WITHOUT_FILES,
    "for": read_for,
    "if": read_if,
    "ifchanged": read_if_changed,
    "include": lambda *_: _WITHOUT_FILES,
    "increment": _not_simulated,
    "literal": _read_raw,
    "param": _not_simulated,
    "raw": _read_raw,
    "render": _not_simulated,
    "tablerow": _not_simulated,
    "unless": read_unless,
}
