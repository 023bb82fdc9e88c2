"""Expressions as a run evaluated them: the values of their parts, and where variables get theirs."""

from __future__ import annotations

import json
from decimal import Decimal
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from apimpolicy.csharp.binding import nodes
from apimpolicy.csharp.dotnet.collections.dictionary import Dictionary
from apimpolicy.csharp.dotnet.collections.lists import List
from apimpolicy.csharp.dotnet.collections.trees import NodeSequence
from apimpolicy.csharp.dotnet.json.objects import JProperty
from apimpolicy.csharp.dotnet.json.scalars import JValue
from apimpolicy.csharp.dotnet.json.tokens import JToken
from apimpolicy.csharp.dotnet.linq.grouping import Grouping
from apimpolicy.csharp.dotnet.system.uris import Uri
from apimpolicy.csharp.dotnet.values import Array, unbox
from apimpolicy.csharp.dotnet.xml.containers import XDocument
from apimpolicy.csharp.dotnet.xml.elements import XAttribute, XElement
from apimpolicy.csharp.dotnet.xml.names import XName
from apimpolicy.gateway.context.entities import Group

if TYPE_CHECKING:
    from apimpolicy.csharp.binding.nodes import Bound, Expression
    from apimpolicy.gateway.engine.trace import Evaluation

UNKNOWN: Final = object()
"""Stands for the value of a part that was not evaluated."""
_MOST_ITEMS = 200
"""Items of a sequence of tokens or elements that are read."""


class Markup(str):
    """The text of an element of XML."""

    __slots__ = ()


class TokenText(str):
    """The text of a JSON Web Token."""

    __slots__ = ()


class Null(str):
    """The null of JSON, where None is no member at all."""

    __slots__ = ()


class Ticks(int):
    """A moment or a span of time, in units of 100 ns."""


class Structure:
    """The parts of an expression: what each is inside of, and where variables get their values."""

    def __init__(self, body: Bound | None) -> None:
        self.body = body
        self.parents: dict[int, Bound] = {}
        self.sources: dict[int, list[Bound]] = {}
        """By the identity of a local variable: the nodes that give it values, and that change the object in it."""
        waiting = [body] if body is not None else []
        while waiting:
            node = waiting.pop()
            self._note_sources(node)
            below = node.children()
            self.parents |= {id(child): node for child in below}
            waiting += reversed(below)

    def _note_sources(self, node: Bound) -> None:
        match node:
            case nodes.LocalDeclaration(symbol=symbol) if node.value is not None:
                self._add(symbol, node.value)
            case (
                nodes.Assignment(target=nodes.Local(symbol=symbol))
                | nodes.CompoundAssignment(target=nodes.Local(symbol=symbol))
            ):
                self._add(symbol, node.value if isinstance(node, nodes.Assignment) else node)
            case nodes.Assignment(target=nodes.IndexerAccess(receiver=nodes.Local(symbol=symbol))):
                self._add(symbol, node)
            case nodes.Foreach(symbol=symbol) if symbol is not None:
                self._add(symbol, node)
            case nodes.Call(receiver=nodes.Local(symbol=symbol)) if node.method.name.startswith("Add"):
                self._add(symbol, node)
            case nodes.IsPattern(pattern=nodes.Pattern(symbol=symbol)) if symbol is not None:
                self._add(symbol, node.operand)
            case nodes.Catch(symbol=symbol) if symbol is not None:
                return
        if isinstance(node, nodes.Call):
            if node.method.name.endswith("Copy") and len(node.arguments) > 2:
                target = _converted(node.arguments[1 if len(node.arguments) == 3 else 2])
                if isinstance(target, nodes.Local):
                    self._add(target.symbol, node)
            tries = node.method.name.startswith("Try")
            for argument in node.arguments:
                is_out = isinstance(argument, nodes.OutVariable) or (tries and isinstance(argument, nodes.Local))
                if is_out and (symbol := getattr(argument, "symbol", None)) is not None:
                    self._add(symbol, node)
                elif isinstance(inner := _converted(argument), nodes.Lambda):
                    for symbol in inner.parameters:
                        self._add(symbol, node)

    def _add(self, symbol: object, node: Bound) -> None:
        self.sources.setdefault(id(symbol), []).append(node)


class Recorded:
    """An expression of a trace's entry at `index`, with the last value of each part; or only a place in a trace."""

    def __init__(self, evaluation: Evaluation | None, index: int, structure: Structure) -> None:
        self.index = index
        self.error = None if evaluation is None else evaluation.error
        self.body = structure.body
        self.parents = structure.parents
        self.sources = structure.sources
        self._values: dict[int, Any] = {}
        self.last: Bound | None = None
        for node, value in (
            evaluation.recorder.entries if evaluation is not None and evaluation.recorder is not None else ()
        ):
            self._values.pop(id(node), None)  # the last to be evaluated comes last
            self._values[id(node)] = value
            self.last = node

    def has(self, node: Bound) -> bool:
        return id(node) in self._values

    def raw(self, node: Bound) -> Any:
        if isinstance(node, nodes.Expression) and node.is_constant:
            return node.constant
        value = self._values.get(id(node), UNKNOWN)
        if value is UNKNOWN and isinstance(node, nodes.Placeholder):
            holder = self.holder(node)
            return UNKNOWN if holder is None else self.raw(holder)
        return self.raw(node.operand) if value is UNKNOWN and isinstance(node, nodes.Convert) else value

    def value(self, node: Bound) -> Any:
        """Return the last value of a part as a plain one: JSON, a text, a number, bytes, Ticks."""
        return plain(self.raw(node))

    def has_any(self, node: Bound) -> bool:
        return any(id(each) in self._values for each in node.walk())

    def holder(self, node: Bound) -> Bound | None:
        """Return the expression that a placeholder stands for."""
        for outer in reversed(self.around(node)):
            if getattr(outer, "placeholder", None) is node:
                return next(
                    (
                        getattr(outer, name)
                        for name in ("receiver", "left", "collection", "target")
                        if hasattr(outer, name)
                    ),
                    None,
                )
        return None

    def result(self) -> Bound | None:
        if isinstance(self.body, nodes.Expression) or self.body is None:
            return self.body
        ended = self.last_return()
        return ended.value if isinstance(ended, nodes.Return) else None

    def last_return(self) -> Bound | None:
        if self.last is None or self.error is not None:
            return None
        for outer in reversed(self.around(self.last)):
            if isinstance(outer, nodes.Return):
                return outer
            if isinstance(outer, nodes.If) and isinstance(taken := self.raw(outer.condition), bool):
                branch = outer.then if taken else outer.otherwise
                inside = branch.statements if isinstance(branch, nodes.Block) else (branch,)
                return next((each for each in inside if isinstance(each, nodes.Return)), None)
            if isinstance(outer, nodes.Switch):
                value = self.value(outer.value)
                taken = [each for each in outer.sections if value in each.constants]
                default = [each for each in outer.sections if any(label.pattern is None for label in each.labels)]
                inside = (taken or default)[0].statements if taken or default else ()
                return next((each for each in inside if isinstance(each, nodes.Return)), None)
        return None

    def failed(self, within: Bound | None = None) -> Expression | None:
        """Return the part that threw: the first of which all operands were evaluated, but not it.

        `within` is a block of which an error was caught; the whole expression unless given.
        """
        inside = within or self.body
        if inside is None or (within is None and self.error is None):
            return None
        node = self.last
        if within is not None:
            evaluated = {id(part): part for part in within.walk()}
            node = next((evaluated[key] for key in reversed(self._values) if key in evaluated), None)
        if node is None:
            return next(
                (part for part in inside.walk() if isinstance(part, nodes.Expression) and self._is_ready(part)), None
            )
        path = self.around(node)
        path = path[next((place for place, part in enumerate(path) if part is inside), 0) :]
        for outer in reversed(path[:-1]):
            if isinstance(outer, nodes.Expression) and not (
                self.has(outer) or isinstance(_converted(outer), nodes.Lambda)
            ):
                waiting = [child for child in outer.children() if not self._is_known(child)]
                while waiting:
                    outer = waiting[0]
                    waiting = [child for child in outer.children() if not self._is_known(child)]
                return outer if isinstance(outer, nodes.Expression) else None
        return None

    def _is_known(self, node: Bound) -> bool:
        skipped = (nodes.TypeReference, nodes.Lambda, nodes.OutVariable, nodes.Placeholder, nodes.MethodGroup)
        inner = _converted(node)
        return (
            self.has(node) or isinstance(inner, skipped) or (isinstance(inner, nodes.Expression) and inner.is_constant)
        )

    def _is_ready(self, node: Bound) -> bool:
        return not self.has(node) and all(map(self._is_known, node.children()))

    def around(self, node: Bound) -> list[Bound]:
        """Return what a node is inside of, from the outside, and the node."""
        found = [node]
        while (parent := self.parents.get(id(found[-1]))) is not None:
            found.append(parent)
        return found[::-1]


def _converted(node: Bound) -> Bound:
    while isinstance(node, nodes.Convert):
        node = node.operand
    return node


def plain(value: Any) -> Any:
    """Return a value of .NET as a plain one; one of another kind is itself."""
    if value is None or value is UNKNOWN or isinstance(value, bool):
        return value
    if isinstance(value, JValue):
        return plain(value.value)
    if isinstance(value, JProperty):
        return {value.name: plain(value.value)}
    if isinstance(value, JToken):
        return json.loads(value.to_string())
    if isinstance(value, (Array, List)):
        items = value if isinstance(value, Array) else value.items
        if isinstance(value, Array) and str(value.element) == "byte":
            return bytes(items)
        return [plain(item) for item in items]
    if isinstance(value, (Grouping, NodeSequence)):
        return [plain(item) for item in islice(value, _MOST_ITEMS)]
    if isinstance(value, (XElement, XDocument)):
        return Markup(value.to_string())
    if isinstance(value, XAttribute):
        return value.value
    if isinstance(value, XName):
        return value.local
    if isinstance(value, Dictionary):
        return {plain(pair.key): plain(pair.value) for pair in value.pairs()}
    if isinstance(value, (float, str, int)):
        return unbox(value)
    if isinstance(value, Decimal):
        return int(value) if value == int(value) else float(value)
    if isinstance(value, Group):
        return {"Id": value.id, "Name": value.name}
    if isinstance(value, Uri):
        return value.original
    ticks = getattr(value, "ticks", None)
    return Ticks(ticks) if isinstance(ticks, int) else value
