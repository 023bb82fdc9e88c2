"""Emission of texts: concatenation, interpolation, and members of strings as Python's own, where results agree."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from apimpolicy.csharp.binding.nodes import Binary, Call, Convert, Expression, InterpolatedString, Local, Placeholder
from apimpolicy.csharp.dotnet.environment import FREE_UNITS
from apimpolicy.csharp.dotnet.system import strings
from apimpolicy.csharp.dotnet.system.characters import WHITE_SPACE, to_lower, to_upper
from apimpolicy.csharp.dotnet.system.objects import text
from apimpolicy.csharp.dotnet.system.string_search import ORDINAL, ends_with, split_at_one, starts_with
from apimpolicy.csharp.dotnet.types import NULL
from apimpolicy.csharp.dotnet.values import CHAR, OBJECT, STRING, string_array
from apimpolicy.csharp.emit import runtime
from apimpolicy.csharp.emit.building import (
    attribute,
    call,
    compare,
    conditional,
    constant,
    last_of,
    load,
    tuple_of,
    walrus,
)

if TYPE_CHECKING:
    from apimpolicy.csharp.binding.nodes import Expression, Interpolation
    from apimpolicy.csharp.emit.core import Emitter

    Rule = Callable[[Emitter, Expression, list[Expression]], ast.expr | None]


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
    if len(parts) > strings.MOST_PARTS or emitter.is_deep:
        return emitter.run(strings.concat, *parts)
    pieces: list[ast.expr] = [
        part if isinstance(part, ast.Constant) else ast.FormattedValue(part, -1, None) for part in parts
    ]
    name = emitter.fresh()
    length = emitter.run(len, walrus(name, ast.JoinedStr(pieces)))
    is_short = compare(length, ast.LtE(), constant(strings.UNCHECKED_LENGTH))
    return conditional(is_short, load(name), emitter.run(strings.long_text, load(name)))


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
        return emitter.run(strings.format_composite, constant(pattern), tuple_of(*values))
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
            emitted = text_of(emitter, value.operand if is_text and isinstance(value, Convert) else value)
        else:
            emitted = emitter.emit(value)
        if late:
            name = emitter.fresh()
            before.append(walrus(name, emitted))
            emitted = load(name)
        if is_plain and not is_ready:
            emitted = emitter.run(text, emitted)
        elif not is_plain:
            emitted = emitter.run(strings.format_item, emitted, constant(part.alignment or 0), constant(part.format))
        parts.append(emitted)
    emitted = joined(emitter, parts)
    return last_of(*before, emitted) if before else emitted


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


# Emit string members as Python's own, where the results are known to agree.

PYTHON_METHODS = frozenset(
    {
        *("isascii", "isprintable", "upper", "lower", "strip", "lstrip", "rstrip", "replace", "startswith", "endswith"),
        *("find", "split", "__len__"),
    }
)
"""The methods of Python's `str` that emitted code calls."""


def inlined(emitter: Emitter, node: Call) -> ast.expr | None:
    """Return the Python for a call of a string's member, or None when it is to be called as registered."""
    rule = _rule_of(node)
    if rule is None or node.receiver is None:
        return None
    if rule is _split:  # looks at the length itself
        return rule(emitter, node.receiver, list(node.arguments))
    if not emitter.repeats or _rule_of(node.receiver) is not None:  # what is inlined gives no longer text than it got
        return rule(emitter, node.receiver, list(node.arguments))
    is_local = isinstance(node.receiver, Local)
    name, held = _held(emitter, node.receiver) if is_local else (emitter.fresh(), None)
    text = Placeholder(node.receiver.syntax, node.receiver.type)
    emitter.with_placeholder(text, name, not_null=True)
    emitted = rule(emitter, text, list(node.arguments))
    if emitted is None:
        return None
    held = held or walrus(name, emitter.emit(node.receiver))
    is_not_null = emitter.known_not_null(node.receiver)
    length = emitter.run(len, held) if is_not_null else call(attribute(held, "__len__"))
    is_short = compare(length, ast.LtE(), constant(FREE_UNITS))
    burned = emitter.run(runtime.worked_through, load(name))
    return conditional(ast.BoolOp(ast.Or(), [is_short, burned]), emitted, constant(None))


def _rule_of(node: Expression) -> Rule | None:
    if isinstance(node, Call) and node.method.declaring.name == "string":
        return _RULES.get(node.method.signature)
    return None


def _if_ascii(
    emitter: Emitter, receiver: Expression, then: Callable[[str], ast.expr], otherwise: Callable[[str], ast.expr]
) -> ast.expr:
    """`then(t) if (t := receiver).isascii() else otherwise(t)`."""
    name, held = _held(emitter, receiver)
    return conditional(call(attribute(held, "isascii")), then(name), otherwise(name))


def _held(emitter: Emitter, receiver: Expression) -> tuple[str, ast.expr]:
    """Return a variable with this text, and what sets it; a text that is in a variable stays there."""
    made = emitter.emit(receiver)
    if isinstance(made, ast.Name):
        return made.id, made
    name = emitter.fresh()
    return name, walrus(name, made)


def _cased(method: str, function: Callable[[str], str]) -> Rule:
    def rule(emitter: Emitter, receiver: Expression, _: list[Expression]) -> ast.expr:
        return _if_ascii(
            emitter,
            receiver,
            lambda name: call(attribute(load(name), method)),
            lambda name: emitter.run(function, load(name)),
        )

    return rule


def _stripped(method: str) -> Rule:
    """Without white space, or without one character."""

    def rule(emitter: Emitter, receiver: Expression, arguments: list[Expression]) -> ast.expr | None:
        if arguments and not arguments[0].is_constant:
            return None
        unwanted = constant(arguments[0].constant) if arguments else emitter.bring(WHITE_SPACE, "white_space")
        return call(attribute(emitter.emit(receiver), method), unwanted)

    return rule


def _replaced(emitter: Emitter, receiver: Expression, arguments: list[Expression]) -> ast.expr | None:
    """Emit a replacement that does not lengthen the text, and so needs no limit."""
    if not all(argument.is_constant for argument in arguments):
        return None
    old, new = (argument.constant for argument in arguments)
    if not old or len(new or "") > len(old):
        return None
    return call(attribute(emitter.emit(receiver), "replace"), constant(old), constant(new or ""))


def _at_the_edge(method: str, function: Callable[..., bool]) -> Rule:
    """`StartsWith` and `EndsWith` of a constant; by culture, printable ASCII is what it is."""

    def rule(emitter: Emitter, receiver: Expression, arguments: list[Expression]) -> ast.expr | None:
        if not all(argument.is_constant for argument in arguments) or not arguments[0].constant:
            return None
        wanted = arguments[0].constant
        if len(arguments) > 1:
            if arguments[1].constant != ORDINAL:
                return None
            return call(attribute(emitter.emit(receiver), method), constant(wanted))
        if not (wanted.isascii() and wanted.isprintable()):
            return None
        name, held = _held(emitter, receiver)
        is_ascii = call(attribute(held, "isascii"))
        is_plain = ast.BoolOp(ast.And(), [is_ascii, call(attribute(load(name), "isprintable"))])
        found = call(attribute(load(name), method), constant(wanted))
        return conditional(is_plain, found, emitter.run(function, load(name), constant(wanted)))

    return rule


def _contains(emitter: Emitter, receiver: Expression, arguments: list[Expression]) -> ast.expr | None:
    if not arguments[0].is_constant or arguments[0].constant is None:
        return None
    found = call(attribute(emitter.emit(receiver), "find"), constant(arguments[0].constant))
    return compare(found, ast.GtE(), constant(0))


def _index_of(emitter: Emitter, receiver: Expression, arguments: list[Expression]) -> ast.expr | None:
    if not arguments[0].is_constant:
        return None
    return call(attribute(emitter.emit(receiver), "find"), constant(arguments[0].constant))


def _split(emitter: Emitter, receiver: Expression, arguments: list[Expression]) -> ast.expr | None:
    """`Split` of a short text at a constant; a long one is split as registered."""
    if not all(argument.is_constant for argument in arguments) or not arguments[0].constant or arguments[1].constant:
        return None
    separator = constant(arguments[0].constant)
    known = emitter.known_not_null(receiver)
    name, held = _held(emitter, receiver)
    length = emitter.run(len, held) if known else call(attribute(held, "__len__"))
    is_short = compare(length, ast.LtE(), constant(FREE_UNITS))
    short = call(emitter.bring(string_array, "string_array"), call(attribute(load(name), "split"), separator))
    return conditional(is_short, short, emitter.run(split_at_one, load(name), separator))


_RULES: dict[str, Rule] = {
    'string[] Split(char separator, System.StringSplitOptions options = "None")': _split,
    'string[] Split(string separator, System.StringSplitOptions options = "None")': _split,
    "string ToUpper()": _cased("upper", to_upper),
    "string ToUpperInvariant()": _cased("upper", to_upper),
    "string ToLower()": _cased("lower", to_lower),
    "string ToLowerInvariant()": _cased("lower", to_lower),
    "string Trim()": _stripped("strip"),
    "string TrimStart()": _stripped("lstrip"),
    "string TrimEnd()": _stripped("rstrip"),
    "string Trim(char trimChar)": _stripped("strip"),
    "string TrimStart(char trimChar)": _stripped("lstrip"),
    "string TrimEnd(char trimChar)": _stripped("rstrip"),
    "string Replace(string oldValue, string newValue)": _replaced,
    "string Replace(char oldChar, char newChar)": _replaced,
    "bool StartsWith(string value)": _at_the_edge("startswith", starts_with),
    "bool StartsWith(string value, System.StringComparison comparisonType)": _at_the_edge("startswith", starts_with),
    "bool EndsWith(string value)": _at_the_edge("endswith", ends_with),
    "bool EndsWith(string value, System.StringComparison comparisonType)": _at_the_edge("endswith", ends_with),
    "bool Contains(string value)": _contains,
    "bool Contains(char value)": _contains,
    "int IndexOf(char value)": _index_of,
}
"""By signature; all of them are members of `string`."""
