"""Tags other than loops and conditions, and the table of all."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from apimpolicy.errors import NotSimulatedError
from apimpolicy.policies.liquid.conditions import MAXIMUM_CONDITIONS, Condition, are_equal, condition
from apimpolicy.policies.liquid.errors import LiquidError, LiquidSyntaxError
from apimpolicy.policies.liquid.expressions import Expression, Filtered, expression
from apimpolicy.policies.liquid.loops import (
    read_cycle,
    read_for,
    read_if_changed,
    read_interruption,
    read_json_array_for,
)
from apimpolicy.policies.liquid.markup import FRAGMENT, Token
from apimpolicy.policies.liquid.rendering import Node, Rendering, Text
from apimpolicy.records import Record

if TYPE_CHECKING:
    from apimpolicy.policies.liquid.template import Reader

# `if`, `unless` and `case`

_FRAGMENT = re.compile(FRAGMENT)
_WHEN = re.compile(rf"({FRAGMENT})(?:(?:\s+or\s+|\s*,\s*)({FRAGMENT}.*))?", re.DOTALL)


class Branches(Record):
    """Conditions with what they guard; None is `else`. `unless` turns the first one around."""

    branches: list[tuple[Condition | None, list[Node]]]
    is_turned: bool

    def render(self, rendering: Rendering) -> None:
        with rendering.scope():
            for index, (guard, nodes) in enumerate(self.branches):
                if guard is None or guard.is_met(rendering) != (self.is_turned and index == 0):
                    rendering.render_all(nodes)
                    return


class Case(Record):
    """A value, and for each `when` the values that it may equal; every `when` that fits is rendered."""

    value: Expression
    branches: list[tuple[list[Expression] | None, list[Node]]]

    def render(self, rendering: Rendering) -> None:
        with rendering.scope():
            found = False
            for choices, nodes in self.branches:
                if choices is None:
                    if not found:
                        rendering.render_all(nodes)
                        return
                    continue
                value = self.value.evaluate(rendering)
                for choice in choices:
                    if are_equal(value, choice.evaluate(rendering)):
                        found = True
                        rendering.render_all(nodes)


def read_if(reader: Reader, token: Token) -> Node:
    return _read_branches(reader, token, is_turned=False)


def read_unless(reader: Reader, token: Token) -> Node:
    return _read_branches(reader, token, is_turned=True)


def _read_branches(reader: Reader, token: Token, *, is_turned: bool) -> Node:
    branches: list[tuple[Condition | None, list[Node]]] = []
    name, current = token.name, token
    while True:
        guard = None if current.name == "else" else condition(current.content, "if")
        nodes, end = reader.block(name, ("elsif", "elseif", "else"))
        branches.append((guard, nodes))
        if end.name == f"end{name}":
            return Branches(branches, is_turned=is_turned)
        current = end


def read_case(reader: Reader, token: Token) -> Node:
    found = _FRAGMENT.search(token.content)
    if found is None:
        raise LiquidSyntaxError("Syntax Error in 'case' tag - Valid syntax: case [condition]")
    branches: list[tuple[list[Expression] | None, list[Node]]] = []
    _, current = reader.block("case", ("when", "else"))
    while current.name != "endcase":
        choices = None if current.name == "else" else _choices(current.content)
        if choices is None and current.content.strip():
            raise LiquidSyntaxError("Syntax Error in 'case' tag - Valid else condition: {% else %} (no parameters)")
        nodes, current = reader.block("case", ("when", "else"))
        branches.append((choices, nodes))
    return Case(expression(found.group()), branches)


def _choices(markup: str) -> list[Expression]:
    choices: list[Expression] = []
    while markup and len(choices) <= MAXIMUM_CONDITIONS:
        found = _WHEN.search(markup)
        if found is None:
            raise LiquidSyntaxError(
                "Syntax Error in 'case' tag - Valid when condition: {% when [condition] [or condition2...] %}"
            )
        choices.append(expression(found[1]))
        markup = found[2] or ""
    if not choices or len(choices) > MAXIMUM_CONDITIONS:
        raise LiquidSyntaxError(
            "Syntax Error in 'case' tag - Valid when condition: {% when [condition] [or condition2...] %}"
        )
    return choices


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
