"""Bind the code at the caret: the receiver of a member, the scope, the enclosing call, the expected type.

Of an expression with errors the valid parts are bound, so that navigation and hovers work there.
Syntax errors are repaired as completion repairs them; the tree then gets the positions of the original text. Parts
that the binder discards (the arguments of an unknown method) are kept as it bound them.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, Literal, TypeVar

from apimpolicy.csharp.binding import bind
from apimpolicy.csharp.binding.core import Binder
from apimpolicy.csharp.binding.inference import Inference
from apimpolicy.csharp.binding.lambdas import bound_body
from apimpolicy.csharp.binding.literals import UnboundLambda
from apimpolicy.csharp.binding.lookup import delegate_signature
from apimpolicy.csharp.binding.names import bind_qualifier
from apimpolicy.csharp.binding.nodes import Bad, Bound, Expression, Local, TypeReference
from apimpolicy.csharp.binding.symbols import LocalSymbol, Scope
from apimpolicy.csharp.dotnet.types import ERROR, SpecialType, Type
from apimpolicy.csharp.syntax import shapes
from apimpolicy.csharp.syntax.depth import Frames
from apimpolicy.csharp.syntax.lexer import tokenize
from apimpolicy.csharp.syntax.literals import identifier_name
from apimpolicy.csharp.syntax.nodes import Child, Node, Token
from apimpolicy.csharp.syntax.parser import parse
from apimpolicy.csharp.syntax.stacks import CARET, Stacks, spelled
from apimpolicy.editor.repairs import repairs_of
from apimpolicy.editor.unfinished import with_names_at_line_ends
from apimpolicy.errors import PolicySyntaxError
from apimpolicy.records import Record
from apimpolicy.text.source import Excerpt

if TYPE_CHECKING:
    from apimpolicy.checks.expressions import CheckedExpression
    from apimpolicy.csharp.binding.bind import BoundExpression
    from apimpolicy.csharp.binding.overloads import Argument
    from apimpolicy.csharp.dotnet.signatures import Method

Kind = Literal["member", "name", "type", "initializer"]

_SIDES = frozenset(("binary", "coalesce", "assignment", "compound_assignment", "conditional"))


class CaretContext(Record):
    """One reading of the name at the caret.

    `kind`: a member of `receiver`, a simple name, a type (of the namespace or type `receiver`), or a property in an
    object's initialiser. `type` is None for a receiver of unknown type.
    """

    kind: Kind
    receiver: Expression | Type | str | None
    scope: Scope
    binder: CaretBinder

    @property
    def is_known(self) -> bool:
        if self.kind in ("name", "type"):
            return True
        receiver = self.receiver
        return isinstance(receiver, Expression) and not isinstance(receiver, Bad) and receiver.type is not ERROR


class EnclosingCall(Record):
    """A call with the caret in its arguments: the candidate methods, and the index of the argument."""

    node: Node
    methods: Sequence[Method]
    argument: int
    name: str
    """The name before the argument, `name: |`."""
    receiver: Expression | None
    """The value before the dot, the first argument of extension methods; None for a type and without one."""
    binder: CaretBinder

    def parameter_of(self, method: Method) -> int:
        """Return the index of `method`'s parameter at the caret, or -1."""
        if self.name:
            return next((i for i, p in enumerate(method.parameters) if p.name == self.name), -1)
        return self.argument + (1 if method.is_extension and self.receiver is not None else 0)


class CaretBinder(Binder):
    """A binder that records how the name at the caret is bound."""

    def __init__(self, excerpt: Excerpt, caret: str = CARET) -> None:
        super().__init__(excerpt)
        self.caret = caret
        self.offset = excerpt.text.find(caret)
        self.contexts: list[CaretContext] = []
        self.calls: list[EnclosingCall] = []
        self.expected: list[Type] = []
        """Types that something at the caret is converted to, the nearest last."""

    def hole(self, node: Node, receiver: Expression | None = None) -> Bad:
        name = getattr(node, "name", None)
        if isinstance(name, Token) and name.text == self.caret:
            kind: Kind = "name" if receiver is None else "member"
            if node.kind == "member_initializer":
                kind = "initializer"
            self.contexts.append(CaretContext(kind, receiver, self.scope, self))
        return super().hole(node, receiver)

    def unknown_type(self, node: Node) -> Type:
        if isinstance(node, shapes.NamedType) and node.name.text == self.caret:
            qualifier = bind_qualifier(self, node.qualifier) if node.qualifier is not None else None
            self.contexts.append(CaretContext("type", qualifier, self.scope, self))
        return super().unknown_type(node)

    def holds_caret(self, node: Any) -> bool:
        return isinstance(node, (Node, Token)) and node.start <= self.offset < node.end

    # ------------------------------------------------------------------------------------------- what type fits

    def convert(self, expression: Expression, target: Type, syntax: Node | Token | None = None) -> Expression:
        if isinstance(expression, Bad) and self._ends_at_caret(expression.syntax):
            self.expected.append(target)
        return super().convert(expression, target, syntax)

    def bind(self, node: Node) -> Expression:
        if node.kind in _SIDES and self.holds_caret(node):
            self._other_side(node)
        return super().bind(node)

    def _ends_at_caret(self, node: Any) -> bool:
        return self.holds_caret(node) and node.end <= self.offset + len(self.caret)

    def _other_side(self, node: Any) -> None:
        """Expect the type of the left operand on the right."""
        right = node.when_false if node.kind == "conditional" else node.right
        left = node.when_true if node.kind == "conditional" else node.left
        if not self._ends_at_caret(right):
            return
        saved, self.diagnostics = self.diagnostics, []
        bound = super().bind(left)
        self.diagnostics = saved
        if not isinstance(bound.type, SpecialType) and not isinstance(bound, TypeReference):
            self.expected.append(bound.type)

    # ------------------------------------------------------------------------------------------- calls

    def unfinished_call(
        self, node: Node, methods: Sequence[Method], arguments: Sequence[Argument], receiver: Expression | None
    ) -> None:
        if not self.holds_caret(node):
            return
        index = next((i for i, argument in enumerate(arguments) if self.holds_caret(argument.syntax)), -1)
        if index < 0:
            return
        argument = arguments[index]
        value = None if isinstance(receiver, TypeReference) else receiver
        name = argument.name.text if argument.name is not None else ""
        self.calls.append(EnclosingCall(node, methods, index, name, value, self))
        for method in methods:
            self._with_method(method, arguments, index, value)

    def _with_method(
        self, method: Method, arguments: Sequence[Argument], index: int, receiver: Expression | None
    ) -> None:
        """Record what one method expects at the caret: the type of its parameter, or a lambda with its parameters."""
        shift = 1 if method.is_extension and receiver is not None else 0
        target = parameter_type(method, arguments[index], index + shift)
        if target is None:
            return
        pairs = [(receiver, method.parameters[0].type, "")] if shift and receiver is not None else []
        for place, argument in enumerate(arguments):
            type_ = parameter_type(method, argument, place + shift)
            if type_ is not None and not isinstance(argument.expression, Bad):
                pairs.append((argument.expression, type_, argument.mode))
        if method.type_parameters:
            inference = Inference(method.type_parameters, pairs, self)
            inference.run()
            target = target.substitute(inference._fixed_types())
        argument = arguments[index]
        if isinstance(argument.expression, UnboundLambda):
            self._bind_lambda(argument.expression, target)
        elif self._ends_at_caret(argument.syntax):
            self.expected.append(target)

    def _bind_lambda(self, unbound: UnboundLambda, target: Type) -> None:
        signature = delegate_signature(target)
        if signature is None or len(signature.parameters) != len(unbound.names or ()):
            return
        if unbound.explicit_types is None:
            bound_body(self, unbound, tuple(parameter.type for parameter in signature.parameters))


def parameter_type(method: Method, argument: Argument, place: int) -> Type | None:
    if argument.name is not None:
        named = [p.type for p in method.parameters if p.name == argument.name.text]
        return named[0] if named else None
    if place < len(method.parameters):
        parameter = method.parameters[place]
        return parameter.type
    return None


def bind_at_caret(tree: Node, text: str, caret: str = CARET) -> tuple[CaretBinder, BoundExpression]:
    """Bind a whole expression, and keep what was seen at the caret."""
    made: list[CaretBinder] = []

    def make(excerpt: Excerpt) -> CaretBinder:
        binder = CaretBinder(excerpt, caret)
        made.append(binder)
        return binder

    bound = bind(tree, Excerpt.of(text), make)
    return made[0], bound


T = TypeVar("T", bound=Bound)

_WORD: Final = re.compile(r"\w+|[^\w\s]")
_MOST_KEPT: Final = 64
"""Expressions with errors whose nodes are kept."""


def nodes_of_kind(expression: CheckedExpression, kind: type[T]) -> Iterator[T]:
    """Return the bound nodes of one class; of an expression with errors those that can be bound."""
    compiled = expression.compiled
    nodes = compiled.nodes if compiled.is_legal else _bound_nodes(expression.excerpt.text)
    return (node for node in nodes if isinstance(node, kind))


class _RecordingBinder(Binder):
    """A binder that keeps every expression that it binds."""

    def __init__(self, excerpt: Excerpt) -> None:
        super().__init__(excerpt)
        self.seen: list[Expression] = []

    def bind(self, node: Node) -> Expression:
        bound = super().bind(node)
        self.seen.append(self._named(node) or bound if isinstance(bound, Bad) else bound)
        return bound

    def _named(self, node: Node) -> Expression | None:
        """Return the variable of a name, even if its type is unknown."""
        if not isinstance(node, shapes.Identifier):
            return None
        symbol = self.scope.find(identifier_name(node.name.text))
        return Local(node, symbol) if isinstance(symbol, LocalSymbol) else None


@lru_cache(_MOST_KEPT)
def _bound_nodes(text: str) -> Sequence[Bound]:
    """Return the nodes of the tree with the most meaning, outermost first, then those outside of any tree."""
    readings = [_nodes(tree, text) for tree in _trees(text)]
    return max(readings, key=_meaningful, default=())


def _meaningful(nodes: Sequence[Bound]) -> int:
    return sum(getattr(node, "type", ERROR) is not ERROR for node in nodes)


def _nodes(tree: Node, text: str) -> list[Bound]:
    made: list[_RecordingBinder] = []

    def make(excerpt: Excerpt) -> Binder:
        made.append(_RecordingBinder(excerpt))
        return made[-1]

    body = bind(tree, Excerpt.of(text), make).body
    nodes = [node for node in _walk(body) if not isinstance(node, Bad)]
    known = {(node.syntax.start, node.syntax.end) for node in nodes}
    for seen in reversed(made[0].seen):  # a lambda may be bound more than once: the last time counts
        for node in _walk(seen):
            place = (node.syntax.start, node.syntax.end)
            if place not in known and not isinstance(node, Bad):
                known.add(place)
                nodes.append(node)
    return nodes


def _walk(top: Bound) -> Iterator[Bound]:
    waiting = [top]
    while waiting:
        node = waiting.pop()
        yield node
        waiting.extend(reversed(node.children()))


def _trees(text: str) -> Iterator[Node]:
    """Yield the tree of a text with its errors repaired; another if a line that ends with a dot may end there."""
    for beginning in dict.fromkeys((text, with_names_at_line_ends(text))):
        for whole in (beginning, *_repaired(beginning)) if beginning == text else _repaired(beginning):
            try:
                tree = parse(whole)
            except (PolicySyntaxError, RecursionError):
                continue
            if whole != text:
                _move(tree, _Alignment(whole, text))
            yield tree
            break


def _repaired(text: str) -> Iterator[str]:
    """Yield the text with its errors repaired in different ways, and completed."""
    inner = text.rstrip()
    inner = inner[:-1] if inner.endswith((")", "}")) else inner
    for beginning in repairs_of(inner):
        with Frames():
            stacks = Stacks()
            reading = stacks.read(tokenize(beginning, 1)[0])
            ending = stacks.ending(reading.stack) if reading.failed < 0 else None
        if ending is not None:
            yield beginning + spelled(ending)


class _Alignment:
    """Maps offsets of a repaired text to the original text."""

    def __init__(self, repaired_text: str, text: str) -> None:
        ours, theirs = list(_WORD.finditer(repaired_text)), list(_WORD.finditer(text))
        self._starts: list[int] = []
        self._spans: list[tuple[int, int]] = []
        for mine, other in _equal([word[0] for word in ours], [word[0] for word in theirs]):
            self._starts.append(ours[mine].start())
            self._spans.append(theirs[other].span())

    def offset(self, offset: int) -> int:
        """Return the original offset of an offset; inserted text has no width."""
        index = bisect_right(self._starts, offset) - 1
        start, end = self._spans[index]
        return min(start + offset - self._starts[index], end)


def _equal(ours: list[str], theirs: list[str]) -> Iterator[tuple[int, int]]:
    """Yield the indexes of the words that both have, in order; the first word is always equal."""
    shorter = min(len(ours), len(theirs))
    first = next((index for index in range(shorter) if ours[index] != theirs[index]), shorter)
    last = 0
    while last < shorter - first and ours[-1 - last] == theirs[-1 - last]:
        last += 1
    yield from ((index, index) for index in range(first))
    middle = SequenceMatcher(None, ours[first : len(ours) - last], theirs[first : len(theirs) - last], autojunk=False)
    for mine, other, size in middle.get_matching_blocks():
        yield from ((first + mine + index, first + other + index) for index in range(size))
    yield from ((len(ours) - index, len(theirs) - index) for index in range(last, 0, -1))


def _move(tree: Node, alignment: _Alignment) -> None:
    """Give every part of a tree its place in the text as it was written."""
    waiting: list[Child] = [tree]
    done: set[int] = set()
    while waiting:
        part = waiting.pop()
        if part is None or id(part) in done:
            continue
        done.add(id(part))
        part.start, part.end = alignment.offset(part.start), alignment.offset(part.end)
        if isinstance(part, Node):
            waiting.extend(part.children)
