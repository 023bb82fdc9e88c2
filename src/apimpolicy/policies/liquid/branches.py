"""`if`, `unless` and `case`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from apimpolicy.policies.liquid.conditions import MAXIMUM_CONDITIONS, Condition, are_equal, condition
from apimpolicy.policies.liquid.errors import LiquidSyntaxError
from apimpolicy.policies.liquid.expressions import Expression, expression
from apimpolicy.policies.liquid.markup import FRAGMENT, Token
from apimpolicy.records import Record

if TYPE_CHECKING:
    from apimpolicy.policies.liquid.rendering import Node, Rendering
    from apimpolicy.policies.liquid.template import Reader

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
