"""Emit string members as Python's own, where the results are known to agree.

Python's `upper`, `startswith` and the like agree with .NET for ASCII, and testing `isascii` costs next to nothing.
Everything else goes to the registered function. A method of the receiver raises AttributeError for null, which is a
NullReferenceException (see `frames`), so no receiver is compared with null here.

A long text burns steps as in the registered members, but only where the call may be made more than once: the length is
checked in expressions that loop or have functions of their own.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from apimpolicy.binding.nodes import Call, Local, Placeholder
from apimpolicy.dotnet.environment import FREE_UNITS
from apimpolicy.dotnet.system.characters import WHITE_SPACE, to_lower, to_upper
from apimpolicy.dotnet.system.string_search import ORDINAL, ends_with, split_at_one, starts_with
from apimpolicy.dotnet.values import string_array
from apimpolicy.emit import runtime
from apimpolicy.emit.building import attribute, call, compare, conditional, constant, load, walrus

if TYPE_CHECKING:
    from collections.abc import Callable

    from apimpolicy.binding.nodes import Expression
    from apimpolicy.emit.core import Emitter

    Rule = Callable[[Emitter, Expression, list[Expression]], ast.expr | None]


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
    made = rule(emitter, text, list(node.arguments))
    if made is None:
        return None
    held = held or walrus(name, emitter.emit(node.receiver))
    known = emitter.known_not_null(node.receiver)
    length = emitter.run(len, held) if known else call(attribute(held, "__len__"))
    is_short = compare(length, ast.LtE(), constant(FREE_UNITS))
    burned = emitter.run(runtime.worked_through, load(name))
    return conditional(ast.BoolOp(ast.Or(), [is_short, burned]), made, constant(None))


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
