"""Emission of texts: concatenation and interpolated strings."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from apimpolicy.binding.nodes import Binary, Convert, Expression, InterpolatedString, Local
from apimpolicy.dotnet.system.objects import text
from apimpolicy.dotnet.system.strings import (
    MOST_PARTS,
    UNCHECKED_LENGTH,
    concat,
    format_composite,
    format_item,
    long_text,
)
from apimpolicy.dotnet.types import NULL
from apimpolicy.dotnet.values import CHAR, OBJECT, STRING
from apimpolicy.emit.building import compare, conditional, constant, last_of, load, tuple_of, walrus

if TYPE_CHECKING:
    from collections.abc import Iterable

    from apimpolicy.binding.nodes import Interpolation
    from apimpolicy.emit.core import Emitter


def concatenation(emitter: Emitter, node: Binary) -> ast.expr:
    """a + b + c in one call; texts that are known not to be null are joined as they are."""
    return joined(emitter, operands_of(emitter, node))


def operands_of(emitter: Emitter, node: Binary) -> list[ast.expr]:
    """Return the texts that a + b + c joins."""
    operands: list[Expression] = []
    _collect(emitter, node, operands)
    return [text_of(emitter, operand) for operand in operands]


def joined(emitter: Emitter, parts: list[ast.expr]) -> ast.expr:
    """Texts in one; a long result asks for the limit."""
    if len(parts) > MOST_PARTS or emitter.is_deep:
        return emitter.run(concat, *parts)
    pieces: list[ast.expr] = [
        part if isinstance(part, ast.Constant) else ast.FormattedValue(part, -1, None) for part in parts
    ]
    name = emitter.fresh()
    length = emitter.run(len, walrus(name, ast.JoinedStr(pieces)))
    is_short = compare(length, ast.LtE(), constant(UNCHECKED_LENGTH))
    return conditional(is_short, load(name), emitter.run(long_text, load(name)))


def _collect(emitter: Emitter, node: Expression, operands: list[Expression]) -> None:
    waiting = [node]
    while waiting:
        current = waiting.pop()
        is_chain = (
            isinstance(current, Binary)
            and current.operator == "+"
            and current.operand_type is STRING
            and not current.is_constant
            and (current is node or not emitter.recording)
        )
        if is_chain and isinstance(current, Binary):
            waiting.append(current.right)
            waiting.append(current.left)
        else:
            operands.append(current)


def text_of(emitter: Emitter, operand: Expression) -> ast.expr:
    """Return an operand of a concatenation as a string; null is empty."""
    if isinstance(operand, Convert) and operand.conversion.kind == "boxing" and operand.type is OBJECT:
        inner = operand.operand.type
        if inner is CHAR:
            return emitter.emit(operand.operand)
        return emitter.run(text, emitter.emit(operand))
    if operand.type is STRING:
        value = emitter.emit(operand)
        if emitter.known_not_null(operand):
            return value
        return ast.BoolOp(ast.Or(), [value, constant("")])
    if operand.type is NULL:
        return constant("")
    return emitter.run(text, emitter.emit(operand))


def emit_interpolated_string(emitter: Emitter, node: InterpolatedString) -> ast.expr:
    """A text with values in it: as for `string.Format`, all values are evaluated before the first is formatted."""
    if _needs_composite(node):
        pattern, values = composite_of(emitter, node.parts)
        return emitter.run(format_composite, constant(pattern), tuple_of(*values))
    late = _formatted_late(node)
    before: list[ast.expr] = []
    parts: list[ast.expr] = []
    for part in node.parts:
        if isinstance(part, str):
            parts.append(constant(part))
            continue
        value = part.value
        is_text = isinstance(value, Convert) and value.operand.type in (STRING, CHAR)
        is_plain = part.alignment is None and part.format is None
        is_ready = is_plain and (is_text or not late)
        if is_ready:
            made = text_of(emitter, value.operand if is_text and isinstance(value, Convert) else value)
        else:
            made = emitter.emit(value)
        if late:
            name = emitter.fresh()
            before.append(walrus(name, made))
            made = load(name)
        if is_plain and not is_ready:
            made = emitter.run(text, made)
        elif not is_plain:
            made = emitter.run(format_item, made, constant(part.alignment or 0), constant(part.format))
        parts.append(made)
    made = joined(emitter, parts)
    return last_of(*before, made) if before else made


def _formatted_late(node: InterpolatedString) -> bool:
    """Return whether a value shows that it is formatted late: code runs after it, and it is more than a string.

    It may change (`$"{sb}{sb.Append(1)}"`), or fail to be formatted, before the code after it runs.
    """
    values = [part.value for part in node.parts if not isinstance(part, str)]
    last = next((place for place in range(len(values) - 1, 0, -1) if not _is_at_hand(values[place])), 0)
    return any(
        not (isinstance(part.value, Convert) and part.value.operand.type in (STRING, CHAR)) or part.format
        for part in [part for part in node.parts if not isinstance(part, str)][:last]
    )


def _is_at_hand(value: Expression) -> bool:
    """Return whether evaluating a value runs no code: a constant or a variable, boxed or not."""
    if isinstance(value, Convert) and value.conversion.kind in ("identity", "boxing", "reference"):
        value = value.operand
    return value.is_constant or isinstance(value, Local)


def _needs_composite(node: InterpolatedString) -> bool:
    """Return whether .NET Framework reads a brace after a format as a part of it, unlike later versions."""
    return any(
        not isinstance(part, str)
        and part.format
        and ("{" in part.format or (isinstance(following, str) and following.startswith("}")))
        for part, following in zip(node.parts, [*node.parts[1:], ""], strict=True)
    )


def composite_of(emitter: Emitter, parts: Iterable[str | Interpolation]) -> tuple[str, list[ast.expr]]:
    """Return the composite format and the values that the compiler makes of an interpolated string."""
    pattern = ""
    values: list[ast.expr] = []
    for part in parts:
        if isinstance(part, str):
            pattern += part.replace("{", "{{").replace("}", "}}")
            continue
        alignment = f",{part.alignment}" if part.alignment is not None else ""
        format_ = f":{part.format}" if part.format else ""
        pattern += f"{{{len(values)}{alignment}{format_}}}"
        values.append(emitter.emit(part.value))
    return pattern, values
