"""The tags of templates, and the table of all."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from apimpolicy.csharp.dotnet.environment import environment
from apimpolicy.errors import NotSimulatedError
from apimpolicy.gateway.policies.liquid.expressions import (
    MAXIMUM_CONDITIONS,
    LiquidCondition,
    are_equal,
    condition,
    expression,
    filtered,
)
from apimpolicy.gateway.policies.liquid.markup import (
    FRAGMENT,
    BreakLoop,
    ContinueLoop,
    LiquidError,
    LiquidExpression,
    LiquidSyntaxError,
    Rendering,
    TemplateNode,
    TemplateToken,
    text_node,
)
from apimpolicy.gateway.policies.liquid.values import Hash, items, plain, to_int32

if TYPE_CHECKING:
    from apimpolicy.gateway.policies.liquid.template import TemplateReader

_LOOP = re.compile(rf"\b(\w+)\s+in\s+({FRAGMENT})\s*(reversed)?")
_ATTRIBUTE = re.compile(rf"\b(\w+)\s*:\s*({FRAGMENT})")
_NAMED_CYCLE = re.compile(rf"\s*({FRAGMENT})\s*:\s*(.*)", re.DOTALL)
_FRAGMENT = re.compile(FRAGMENT)
_WHERE = re.compile(r"\bwhere\b")


class ForLoop:
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
        self.attributes: dict[str, LiquidExpression | None] = {
            name: None if value == "continue" else expression(value) for name, value in _ATTRIBUTE.findall(markup)
        }
        self.separator = separator
        self.nodes: list[TemplateNode] = []
        self.otherwise: list[TemplateNode] = []

    def __call__(self, rendering: Rendering) -> None:
        found = items(self.collection(rendering))
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
                except ContinueLoop:
                    continue
                except BreakLoop:
                    return

    def chosen(self, found: Sequence[Any], rendering: Rendering) -> Sequence[Any]:
        """Apply `offset`, `limit` and `reversed`. The end of the loop is kept for `offset:continue`."""
        start = 0
        if "offset" in self.attributes:
            offset = self.attributes["offset"]
            start = rendering.offsets.get(self.name, 0) if offset is None else _whole(offset(rendering))
        limit = self.attributes.get("limit")
        count = limit(rendering) if limit is not None else None
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
    return 0 if value is None else to_int32(value)


def read_for(reader: TemplateReader, token: TemplateToken) -> TemplateNode:
    return _read_loop(reader, ForLoop(token.content, "for", ""), "for")


def read_json_array_for(reader: TemplateReader, token: TemplateToken) -> TemplateNode:
    if _WHERE.search(token.content) is not None:
        raise NotSimulatedError("'where' of the Liquid tag JSONArrayFor", "its syntax is undocumented")
    return _read_loop(reader, ForLoop(token.content, token.name, ","), token.name)


def _read_loop(reader: TemplateReader, loop: ForLoop, name: str) -> TemplateNode:
    loop.nodes, end = reader.block(name, ("else",))
    if end.name == "else":
        loop.otherwise, _ = reader.block(name)
    return loop


def read_interruption(reader: TemplateReader, token: TemplateToken) -> TemplateNode:
    kind = BreakLoop if token.name == "break" else ContinueLoop

    def interrupt(rendering: Rendering) -> None:
        raise kind

    return interrupt


def read_cycle(reader: TemplateReader, token: TemplateToken) -> TemplateNode:
    """`{% cycle name: a, b %}`: the next of the values, each time."""
    named = _NAMED_CYCLE.match(token.content)
    values = _FRAGMENT.findall(token.content if named is None else named[2])
    if not values:
        raise LiquidSyntaxError("Syntax Error in 'cycle' tag - Valid syntax: cycle [name :] var [, var2, var3 ...]")
    name = None if named is None else expression(named[1])

    def render(rendering: Rendering) -> None:
        key = tuple(values) if name is None else plain(name(rendering))
        turn = rendering.cycles.get(key, 0)
        rendering.cycles[key] = (turn + 1) % len(values)
        rendering.write(plain(expression(values[turn % len(values)])(rendering)))

    return render


def read_if_changed(reader: TemplateReader, token: TemplateToken) -> TemplateNode:
    """Render the content of `{% ifchanged %} … {% endifchanged %}`, unless it equals that of the last time."""
    nodes, _ = reader.block("ifchanged")

    def render(rendering: Rendering) -> None:
        with rendering.scope():
            with rendering.captured() as parts:
                rendering.render_all(nodes)
            text = "".join(parts)
            if text != rendering.last_changed:
                rendering.last_changed = text
                rendering.write(text)

    return render


# `if`, `unless` and `case`

_WHEN = re.compile(rf"({FRAGMENT})(?:(?:\s+or\s+|\s*,\s*)({FRAGMENT}.*))?", re.DOTALL)


def read_if(reader: TemplateReader, token: TemplateToken) -> TemplateNode:
    return _read_branches(reader, token, is_turned=False)


def read_unless(reader: TemplateReader, token: TemplateToken) -> TemplateNode:
    return _read_branches(reader, token, is_turned=True)


def _read_branches(reader: TemplateReader, token: TemplateToken, *, is_turned: bool) -> TemplateNode:
    """Read conditions with what they guard; None is `else`. `unless` turns the first one around."""
    branches: list[tuple[LiquidCondition | None, list[TemplateNode]]] = []
    name, current = token.name, token
    while True:
        guard = None if current.name == "else" else condition(current.content, "if")
        nodes, end = reader.block(name, ("elsif", "elseif", "else"))
        branches.append((guard, nodes))
        if end.name == f"end{name}":
            break
        current = end

    def render(rendering: Rendering) -> None:
        with rendering.scope():
            for index, (guard, nodes) in enumerate(branches):
                if guard is None or guard(rendering) != (is_turned and index == 0):
                    rendering.render_all(nodes)
                    return

    return render


def read_case(reader: TemplateReader, token: TemplateToken) -> TemplateNode:
    """Read a value, and for each `when` the values that it may equal; every `when` that fits is rendered."""
    found = _FRAGMENT.search(token.content)
    if found is None:
        raise LiquidSyntaxError("Syntax Error in 'case' tag - Valid syntax: case [condition]")
    branches: list[tuple[list[LiquidExpression] | None, list[TemplateNode]]] = []
    _, current = reader.block("case", ("when", "else"))
    while current.name != "endcase":
        choices = None if current.name == "else" else _choices(current.content)
        if choices is None and current.content.strip():
            raise LiquidSyntaxError("Syntax Error in 'case' tag - Valid else condition: {% else %} (no parameters)")
        nodes, current = reader.block("case", ("when", "else"))
        branches.append((choices, nodes))
    read = expression(found.group())

    def render(rendering: Rendering) -> None:
        with rendering.scope():
            found = False
            for choices, nodes in branches:
                if choices is None:
                    if not found:
                        rendering.render_all(nodes)
                        return
                    continue
                value = read(rendering)
                for choice in choices:
                    if are_equal(value, choice(rendering)):
                        found = True
                        rendering.render_all(nodes)

    return render


_WRONG_WHEN = "Syntax Error in 'case' tag - Valid when condition: {% when [condition] [or condition2...] %}"


def _choices(markup: str) -> list[LiquidExpression]:
    choices: list[LiquidExpression] = []
    while markup and len(choices) <= MAXIMUM_CONDITIONS:
        found = _WHEN.search(markup)
        if found is None:
            raise LiquidSyntaxError(_WRONG_WHEN)
        choices.append(expression(found[1]))
        markup = found[2] or ""
    if not choices or len(choices) > MAXIMUM_CONDITIONS:
        raise LiquidSyntaxError(_WRONG_WHEN)
    return choices


_NOT_IN_NAMES = re.compile(r"[^\w\-.\[\]()]")
_NAME = re.compile(r"([\w-]+)")


def _read_assign(reader: TemplateReader, token: TemplateToken) -> TemplateNode:
    before, equals, value = token.content.partition("=")
    name = _NOT_IN_NAMES.split(before.rstrip())[-1]
    if not equals or not name:
        raise LiquidSyntaxError("Syntax Error in 'assign' tag - Valid syntax: assign [var] = [source]")
    read = filtered(value)
    return lambda rendering: rendering.assign(name, read(rendering))


def _read_capture(reader: TemplateReader, token: TemplateToken) -> TemplateNode:
    found = _NAME.search(token.content)
    if found is None:
        raise LiquidSyntaxError("Syntax Error in 'capture' tag - Valid syntax: capture [var]")
    name, (nodes, _) = found[1], reader.block("capture")

    def render(rendering: Rendering) -> None:
        with rendering.captured() as parts:
            rendering.render_all(nodes)
        rendering.assign(name, "".join(parts))

    return render


def _read_block(reader: TemplateReader, token: TemplateToken) -> TemplateNode:
    """`{% block name %} … {% endblock %}`, which no template extends: what is in it."""
    nodes, _ = reader.block("block")

    def render(rendering: Rendering) -> None:
        with rendering.scope():
            rendering.render_all(nodes)

    return render


def _read_raw(reader: TemplateReader, token: TemplateToken) -> TemplateNode:
    return text_node(next(reader.tokens).content)


def _read_comment(reader: TemplateReader, token: TemplateToken) -> TemplateNode:
    next(reader.tokens)
    return text_node("")


def _without_files(rendering: Rendering) -> None:
    raise LiquidError("Error - This liquid context does not allow includes")


def _not_simulated(reader: TemplateReader, token: TemplateToken) -> TemplateNode:
    raise NotSimulatedError(f"the Liquid tag {token.name}")


TAGS: dict[str, Callable[[TemplateReader, TemplateToken], TemplateNode]] = {
    "JSONArrayFor": read_json_array_for,
    "addfilters": _not_simulated,
    "assign": _read_assign,
    "block": _read_block,
    "break": read_interruption,
    "capture": _read_capture,
    "case": read_case,
    "comment": _read_comment,
    "continue": read_interruption,
    "cycle": read_cycle,
    "decrement": _not_simulated,
    "extends": lambda *_: _without_files,
    "for": read_for,
    "if": read_if,
    "ifchanged": read_if_changed,
    "include": lambda *_: _without_files,
    "increment": _not_simulated,
    "literal": _read_raw,
    "param": _not_simulated,
    "raw": _read_raw,
    "render": _not_simulated,
    "tablerow": _not_simulated,
    "unless": read_unless,
}
