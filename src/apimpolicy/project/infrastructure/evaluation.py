"""Evaluate expressions lazily and within bounds. A value that can't be known is `Unknown` with its source text.

A language derives from `CodeEvaluator`: it resolves names, converts values to texts, and has a table of functions.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from math import prod
from time import thread_time
from typing import Any, ClassVar, TypeAlias

from apimpolicy.project.infrastructure import nodes
from apimpolicy.project.infrastructure.values import (
    LONGEST_LIST,
    Missing,
    NameResolver,
    Part,
    SourcedText,
    Unknown,
    Value,
    ValueTooLarge,
    can_equal,
    ensure_bounded,
    hole,
    is_known,
    json_text,
    parts_of,
    whole,
)
from apimpolicy.text.source import OPEN, Source

Scope: TypeAlias = "Mapping[str, Value]"
MOST_STEPS = 1_000_000
"""Expressions that are evaluated for one service; the rest is unknown."""
MOST_INSTANCES = 20_000
"""Instances of resources and modules for one service."""
MOST_BITS = 4_096
"""Bits of a number; Terraform computes with 512."""
_LONGEST_UNKNOWN = 100_000
"""Characters of the text of an unknown value."""
_LONG_CALL = 0.05
_STEPS_PER_SECOND = 100_000
"""Steps that a call costs which takes longer than `_LONG_CALL` seconds."""
_PRODUCTS = frozenset(("setintersection", "setsubtract", "matchkeys", "transpose", "intersection"))
"""Functions that compare each item with all others."""
DEEPEST = 150
"""Expressions in expressions, functions and modules included; what is deeper is unknown."""

_ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
}
_OF_EACH = re.compile(r"(?:each\.value|item)(?:\.[\w-]+)*")
PATH = re.compile(r"[\w.-]+(?:\[[\w.*]+\][\w.-]*)*")
"""A name with members: of a variable, or of the items of one."""
FAILURES = (
    LookupError,
    TypeError,
    ValueError,
    ArithmeticError,
    AttributeError,
    ValueTooLarge,
    RecursionError,
    TimeoutError,
)
"""Errors of an evaluation; the value is unknown then."""


TOO_COSTLY = "the code takes too many steps or makes too many instances to evaluate; the rest of it isn't known"
"""The note about code that was evaluated in part."""


class Budget:
    """The steps and instances left to evaluate one service, shared by all its modules."""

    def __init__(self) -> None:
        self.steps = MOST_STEPS
        self.instances = MOST_INSTANCES
        self.depth = 0
        self._unknowns = 0

    @property
    def is_spent(self) -> bool:
        """Return whether something was left out."""
        return self.steps < 0 or self.instances < 0

    def charge(self, *values: Value) -> None:
        """Take steps for the size of values. Raises TooLarge when none are left."""
        for value in values:
            if isinstance(value, str):
                self.steps -= len(value) >> 6
            elif isinstance(value, list | dict):
                self.steps -= len(value)
        if self.steps < 0:
            raise ValueTooLarge

    def takes_instances(self, count: int) -> bool:
        """Take instances of modules and resources; return whether there were as many."""
        self.instances -= count
        return self.instances >= 0

    def spent_value(self) -> Unknown:
        """Return a value that isn't evaluated any more; none equals another."""
        self._unknowns += 1
        return Unknown(f"value {self._unknowns} that is too costly to evaluate")


class CodeEvaluator:
    """Evaluates the expressions of one module."""

    FUNCTIONS: ClassVar[Mapping[str, Callable[..., Value]]]
    """Functions of values; they get the evaluator first."""
    LAZY: ClassVar[Mapping[str, Callable[..., Value]]] = {}
    """Functions of expressions; they get the evaluator, the call and the scope."""

    def __init__(self, budget: Budget, place: str = "") -> None:
        self.budget = budget
        self.place = place
        """The address of the module, which tells its unknown values from those of others."""
        self._found: dict[str, Value] = {}
        """The values of names."""
        self._of_all: dict[str, Value] = {}
        """The values of names where conditions count as both true and false."""
        self._takes_all = False

    def name(self, name: str, scope: Scope) -> Value:
        """Return a name's value. Raises LookupError."""
        raise NotImplementedError

    def text(self, value: Value) -> str:
        """Return the text of a known value that is no text."""
        raise NotImplementedError

    # Values

    def value(self, node: nodes.CodeNode, source: Source, scope: Scope) -> Value:
        """Return the value of an expression; it is no reference."""
        found = self.reference(node, source, scope)
        if isinstance(found, NameResolver):
            try:
                return found.value()
            except FAILURES:
                return self.unknown(node, source, scope)
        return found

    def once(self, key: str, make: Callable[[], Value]) -> Value:
        """Return a value that is made once; inside of its own making, and if that fails, it isn't known."""
        if key not in self._found:
            self._found[key] = Unknown(f"{key} in {self.place}" if self.place else key)
            with suppress(*FAILURES):
                self._found[key] = make()
        return self._found[key]

    def with_all_items(self, node: nodes.CodeNode, source: Source, scope: Scope) -> Value:
        """Return the value of a collection with the items that it has when conditions turn out differently."""
        self._found, self._of_all, self._takes_all = self._of_all, self._found, True
        try:
            return self.value(node, source, scope)
        finally:
            self._found, self._of_all, self._takes_all = self._of_all, self._found, False

    def reference(self, node: nodes.CodeNode, source: Source, scope: Scope) -> Value:
        """Return the value of an expression, or the reference that it is."""
        budget = self.budget
        budget.steps -= 1
        if budget.steps < 0:
            return budget.spent_value()
        if budget.depth >= DEEPEST:
            return self.unknown(node, source, scope)
        budget.depth += 1
        try:
            evaluate = getattr(self, _METHODS[type(node)])
            return evaluate(node, source, scope)
        except FAILURES:
            return self.unknown(node, source, scope)
        finally:
            budget.depth -= 1

    def unknown(self, node: nodes.CodeNode, source: Source, scope: Scope) -> Unknown:
        """Return an unknown value: the text of its expression, with the variables of loops that it depends on."""
        self.budget.steps -= (node.end - node.start) >> 6
        text = " ".join(source.text[node.start : node.end].split())
        used = [name for name in scope if name in text and name != "*"]
        if used:
            values = ", ".join(_shown(name, scope[name]) for name in used)
            text = f"{text} with {values}"
            self.budget.steps -= len(text) >> 6
        if len(text) > _LONGEST_UNKNOWN:
            return self.budget.spent_value()
        return Unknown(f"{text} in {self.place}" if self.place else text)

    def truth(self, value: Value) -> bool | None:
        """Return whether a condition is true; None if that isn't known."""
        if isinstance(value, str) and value in ("true", "false"):
            return value == "true"
        return value if isinstance(value, bool) else None

    def as_text(self, value: Value) -> str:
        """Return a value as a text contains it; unknown ones as marks."""
        if isinstance(value, str):
            return value
        return hole(value) if isinstance(value, Unknown) else self.text(value)

    # Kinds of expressions

    def constant(self, node: nodes.LiteralValue, source: Source, scope: Scope) -> Value:
        return node.value

    def variable(self, node: nodes.Name, source: Source, scope: Scope) -> Value:
        return scope[node.name] if node.name in scope else self.name(node.name, scope)

    def element(self, node: nodes.Element, source: Source, scope: Scope) -> Value:
        return scope["*"]

    def template(self, node: nodes.TemplateExpression, source: Source, scope: Scope) -> Value:
        parts = node.parts
        if not parts:
            return ""
        first = parts[0]
        if len(parts) == 1 and not node.lines and isinstance(first, nodes.Interpolation) and self.unwraps:
            return self.value(first.value, source, scope)
        if len(parts) == 1 and isinstance(first, nodes.Chars):
            text = SourcedText.whole(Part(first.text, source, first.start, first.end, first.verbatim))
        else:
            made: list[Part] = []
            self.add_parts(made, parts, source, scope)
            text = SourcedText.of(made)
        self.budget.charge(text)
        return self.flushed(text) if node.flush else text

    unwraps = False
    """True when `"${value}"` is the value itself."""

    def flushed(self, text: SourcedText) -> Value:
        """Return a text without the indentation of its lines."""
        return text

    def add_parts(self, made: list[Part], parts: Sequence[nodes.CodeNode], source: Source, scope: Scope) -> None:
        """Add what the parts of a template give."""
        for part in parts:
            if isinstance(part, nodes.Chars):
                made.append(Part(part.text, source, part.start, part.end, part.verbatim))
            elif isinstance(part, nodes.Interpolation):
                text = self._inserted(part.value, source, scope)
                inserted = parts_of(text, source, part.start, part.end)
                if isinstance(text, SourcedText) and len(text) < 200:  # its origin is this place
                    inserted = (Part(str(text), source, part.start, part.end, False),)
                made.extend(inserted)
            elif isinstance(part, nodes.IfDirective):
                test = self.truth(self.value(part.test, source, scope))
                if test is None:
                    made.append(Part(hole(self.unknown(part, source, scope)), source, part.start, part.end, False))
                else:
                    self.add_parts(made, part.when_true if test else part.when_false, source, scope)
            elif isinstance(part, nodes.ForDirective):
                items = self.pairs(self.value(part.items, source, scope))
                if items is None:
                    made.append(Part(hole(self.unknown(part, source, scope)), source, part.start, part.end, False))
                for key, item in items or ():
                    self.budget.charge(part.parts)
                    self.add_parts(made, part.parts, source, {**scope, **bound(part.names, key, item)})

    def _inserted(self, node: nodes.CodeNode, source: Source, scope: Scope) -> str:
        """Return the text of a value in a template; what no text can contain (null) has another value when deployed."""
        value = self.value(node, source, scope)
        try:
            return self.as_text(value)
        except TypeError:
            return hole(self.unknown(node, source, scope))

    def pairs(self, value: Value) -> list[tuple[Value, Value]] | None:
        """Return keys and values of a list or an object; None if it isn't known."""
        if isinstance(value, dict):
            return list(value.items())
        return list(enumerate(value)) if isinstance(value, list) else None

    def member(self, node: nodes.Member, source: Source, scope: Scope) -> Value:
        value = self.reference(node.value, source, scope)
        if isinstance(value, NameResolver):
            return value.member(node.name)
        if isinstance(value, Unknown):
            return type(value)(self._member_of(value, node.name) or self.unknown(node, source, scope).text)
        if node.safe and (value is None or (isinstance(value, dict) and node.name not in value)):
            return None
        if value is None or (isinstance(value, dict) and node.name not in value):
            return Missing(self.unknown(node, source, scope).text)
        return value[node.name]

    def _member_of(self, value: Unknown, name: str) -> str:
        """Return the text of a member of an unknown value, whatever it is called; empty for a long expression."""
        suffix = f" in {self.place}" if self.place else ""
        text = value.text.removesuffix(suffix)
        path, of, collection = value.text.partition(" of ")
        if of and _OF_EACH.fullmatch(path):
            return f"{path}.{name} of {collection}"
        return f"{text}.{name}{suffix}" if PATH.fullmatch(text) and value.text.endswith(suffix) else ""

    def index(self, node: nodes.Index, source: Source, scope: Scope) -> Value:
        value = self.reference(node.value, source, scope)
        key = whole(self.value(node.index, source, scope))
        if isinstance(value, NameResolver):
            return value.item(key)
        if not is_known(key) or isinstance(value, Unknown):
            unknown = self.unknown(node, source, scope)
            return Missing(unknown.text) if isinstance(value, Missing) else unknown
        is_there = self.as_text(key) in value if isinstance(value, dict) else 0 <= int(key) < len(value or ())
        if not is_there:
            return None if node.safe else Missing(self.unknown(node, source, scope).text)
        return value[self.as_text(key)] if isinstance(value, dict) else value[int(key)]

    def splat(self, node: nodes.Splat, source: Source, scope: Scope) -> Value:
        value = self.reference(node.value, source, scope)
        if isinstance(value, NameResolver):
            value = value.elements()
        if isinstance(value, Unknown):
            return self.unknown(node, source, scope)
        items = value if isinstance(value, list) else [] if value is None else [value]
        return [self.value(node.rest, source, {**scope, "*": each}) for each in items]

    def nested(self, node: nodes.Nested, source: Source, scope: Scope) -> Value:
        return self.name(node.name, scope)

    def call(self, node: nodes.FunctionCall, source: Source, scope: Scope) -> Value:
        lazy = self.LAZY.get(node.name)
        if lazy is not None:
            return lazy(self, node, source, scope)
        arguments = [self.value(each, source, scope) for each in node.arguments]
        if node.expand and arguments:
            if not isinstance(arguments[-1], list):
                raise LookupError
            arguments = arguments[:-1] + arguments[-1]
        if any(isinstance(each, Missing) for each in arguments):
            return Missing(self.unknown(node, source, scope).text)
        return self.apply(node.name, arguments, source, scope)

    def apply(self, name: str, arguments: list[Value], source: Source, scope: Scope) -> Value:
        """Return a function's result for values. Raises one of `FAILURES` when unknown."""
        self.budget.charge(*arguments)
        if name in _PRODUCTS:
            self.budget.steps -= prod(len(each) for each in arguments if isinstance(each, list | dict)) >> 4
            self.budget.charge()
        started = thread_time()
        found = checked(self.FUNCTIONS[name](self, *arguments))
        if (seconds := thread_time() - started) > _LONG_CALL:  # a pattern
            self.budget.steps -= int(seconds * _STEPS_PER_SECOND)
        self.budget.charge(found)
        return found

    def unary(self, node: nodes.Unary, source: Source, scope: Scope) -> Value:
        value = self.value(node.operand, source, scope)
        if node.operator == "!":
            truth = self.truth(value)
            return self.unknown(node, source, scope) if truth is None else not truth
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise TypeError
        return -value if node.operator == "-" else value

    def binary(self, node: nodes.Binary, source: Source, scope: Scope) -> Value:
        sign = node.operator
        left = self.value(node.left, source, scope)
        if sign == "??":
            return self.value(node.right, source, scope) if left is None else left
        if sign in ("&&", "||"):
            return self.logical(node, left, source, scope)
        right = self.value(node.right, source, scope)
        if sign in ("==", "!=", "=~", "!~"):
            if sign in ("=~", "!~") and isinstance(left, str) and isinstance(right, str):
                left, right = left.lower(), right.lower()
            self.budget.charge(left, right)
            ensure_bounded(left)
            ensure_bounded(right)
            equal = equality(left, right)
            if equal is None:
                return self.unknown(node, source, scope)
            return equal if sign in ("==", "=~") else not equal
        if not is_known(left) or not is_known(right):
            return self.unknown(node, source, scope)
        if isinstance(left, bool) or isinstance(right, bool):
            raise TypeError
        return self.arithmetic(sign, left, right)

    def logical(self, node: nodes.Binary, left: Value, source: Source, scope: Scope) -> Value:
        """Evaluate `&&` and `||`; one operand may decide although the other isn't known."""
        decided = node.operator == "||"
        first = self.truth(left)
        if first is decided:
            return decided
        second = self.truth(self.value(node.right, source, scope))
        if second is decided:
            return decided
        return self.unknown(node, source, scope) if first is None or second is None else second

    def arithmetic(self, sign: str, left: Value, right: Value) -> Value:
        if sign == "/":
            return whole(left / right)
        if sign == "%":
            return left % right
        return checked(_ARITHMETIC[sign](left, right))

    def conditional(self, node: nodes.Conditional, source: Source, scope: Scope) -> Value:
        test = self.truth(self.value(node.test, source, scope))
        if self._takes_all and (both := self._both(node, source, scope)) is not None:
            return both
        if test is not None:
            return self.reference(node.when_true if test else node.when_false, source, scope)
        first, second = (self.value(each, source, scope) for each in (node.when_true, node.when_false))
        return first if first == second and type(first) is type(second) else self.unknown(node, source, scope)

    def _both(self, node: nodes.Conditional, source: Source, scope: Scope) -> Value:
        """Return the items of both values of a conditional, or the larger number; None for any other values."""
        first, second = (self.value(each, source, scope) for each in (node.when_true, node.when_false))
        if isinstance(first, dict) and isinstance(second, dict):
            return {**second, **first}
        if isinstance(first, list) and isinstance(second, list):
            return checked([*first, *(each for each in second if each not in first)])
        are_numbers = all(isinstance(each, int | float) and not isinstance(each, bool) for each in (first, second))
        return max(first, second) if are_numbers else None

    def array(self, node: nodes.Array, source: Source, scope: Scope) -> Value:
        found: list[Value] = []
        for item in node.items:
            if isinstance(item, nodes.Spread):
                spread = self.value(item.value, source, scope)
                if not isinstance(spread, list):
                    raise LookupError
                found += spread
            else:
                found.append(self.value(item, source, scope))
        return found

    def object(self, node: nodes.Object, source: Source, scope: Scope) -> Value:
        found: dict[str, Value] = {}
        for key, value in node.entries:
            if key is None:
                spread = self.value(value, source, scope)
                if not isinstance(spread, dict):
                    raise LookupError
                found |= spread
            else:
                found[self.key(key, source, scope)] = self.value(value, source, scope)
        return found

    def key(self, node: nodes.CodeNode, source: Source, scope: Scope) -> str:
        return str(self.as_text(self.value(node, source, scope)))

    def loop(self, node: nodes.For, source: Source, scope: Scope) -> Value:
        items = self.pairs(self.value(node.items, source, scope))
        if items is None:
            return self.unknown(node, source, scope)
        values: list[Value] = []
        entries: dict[str, Value] = {}
        for key, item in items:
            inner = {**scope, **self.bound(node.names, key, item)}
            if node.test is not None:
                test = self.truth(self.value(node.test, source, inner))
                if test is None:
                    return self.unknown(node, source, scope)
                if not test and not self._takes_all:
                    continue
            value = self.value(node.value, source, inner)
            if node.key is None:
                values.append(value)
                continue
            name = str(self.as_text(self.value(node.key, source, inner)))
            if node.group:
                entries.setdefault(name, []).append(value)
            else:
                entries[name] = value
        return values if node.key is None else entries

    def within(self, node: nodes.Within, source: Source, scope: Scope) -> Value:
        return self.reference(node.node, node.source, scope)

    def bound(self, names: Sequence[str], key: Value, value: Value) -> dict[str, Value]:
        return bound(names, key, value)


def bound(names: Sequence[str], key: Value, value: Value) -> dict[str, Value]:
    """Return the variables of one round where the key comes first, if both are named."""
    return {names[0]: key, names[1]: value} if len(names) > 1 else dict.fromkeys(names, value)


def equality(left: Value, right: Value) -> bool | None:
    """Return whether two values are equal; None if that depends on what isn't known in them."""
    if isinstance(left, Unknown | NameResolver) or isinstance(right, Unknown | NameResolver):
        return None
    pairs: list[tuple[Value, Value]] = []
    if isinstance(left, dict) and isinstance(right, dict) and left.keys() == right.keys():
        pairs = [(each, right[key]) for key, each in left.items()]
    elif isinstance(left, list) and isinstance(right, list) and len(left) == len(right):
        pairs = list(zip(left, right, strict=True))
    elif isinstance(left, str) and isinstance(right, str) and (OPEN in left or OPEN in right):
        return None if can_equal(left, right) else False
    elif isinstance(left, dict) and isinstance(right, dict):
        return False if all(map(is_known, (*left, *right))) else None
    else:
        return bool(left == right) and isinstance(left, bool) == isinstance(right, bool)
    results = [equality(*pair) for pair in pairs]
    return False if False in results else None if None in results else True


def _shown(name: str, value: Value) -> str:
    """Return a variable of a loop for the text of an unknown value: of an unknown collection only its expression."""
    if isinstance(value, dict) and all(isinstance(each, Unknown) for each in value.values()):
        key = value.get("key")
        if isinstance(key, Unknown) and key.text.startswith(f"{name}.key of "):
            return key.text.replace(".key", "", 1)
    return f"{name} = {values_shown(value)}"


def values_shown(value: Value) -> str:
    """Return a value for the text of an unknown one, which is equal for equal values alone."""
    try:
        return json_text(value)
    except (ValueTooLarge, TypeError, RecursionError):
        return "?"


def checked(value: Value) -> Value:
    """Return a value that isn't too large. Raises TooLarge."""
    if isinstance(value, list | dict) and len(value) > LONGEST_LIST:
        raise ValueTooLarge
    if isinstance(value, int) and value.bit_length() > MOST_BITS:
        raise ValueTooLarge
    return value


_METHODS: dict[type, str] = {
    nodes.LiteralValue: "constant",
    nodes.Name: "variable",
    nodes.Element: "element",
    nodes.TemplateExpression: "template",
    nodes.Member: "member",
    nodes.Nested: "nested",
    nodes.Index: "index",
    nodes.Splat: "splat",
    nodes.FunctionCall: "call",
    nodes.Unary: "unary",
    nodes.Binary: "binary",
    nodes.Conditional: "conditional",
    nodes.Array: "array",
    nodes.Object: "object",
    nodes.For: "loop",
    nodes.Within: "within",
}
"""The method that evaluates each kind of expression; all others are unknown."""
