"""Emission of texts: concatenation and interpolated strings."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from apimpolicy.binding.nodes import Binary, Convert, Expression, InterpolatedString
from apimpolicy.dotnet.system.objects import text
from apimpolicy.dotnet.system.strings import MOST_PARTS, UNCHECKED_LENGTH, concat, format_item, long_text
from apimpolicy.dotnet.types import NULL
from apimpolicy.dotnet.values import CHAR, OBJECT, STRING
from apimpolicy.emit.building import compare, conditional, constant, load, walrus

if TYPE_CHECKING:
    from apimpolicy.emit.core import Emitter


def concatenation(emitter: Emitter, node: Binary) -> ast.expr:
    """a + b + c in one call; texts that are known not to be null are joined as they are."""
    operands: list[Expression] = []
    _collect(emitter, node, operands)
    return joined(emitter, [text_of(emitter, operand) for operand in operands])


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
    """An operand of a concatenation as a string; null is empty."""
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
    parts: list[ast.expr] = []
    for part in node.parts:
        if isinstance(part, str):
            parts.append(constant(part))
        elif part.alignment is None and part.format is None:
            value = part.value
            is_text = isinstance(value, Convert) and value.operand.type in (STRING, CHAR)
            parts.append(text_of(emitter, value.operand if is_text and isinstance(value, Convert) else value))
        else:
            parts.append(
                emitter.run(format_item, emitter.emit(part.value), constant(part.alignment or 0), constant(part.format))
            )
    return joined(emitter, parts)
