"""Bind the code at the caret: the receiver of a member, the scope, the enclosing call, the expected type."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from apimpolicy.binding import bind
from apimpolicy.binding.core import Binder
from apimpolicy.binding.inference import Inference
from apimpolicy.binding.lambdas import bound_body
from apimpolicy.binding.literals import UnboundLambda
from apimpolicy.binding.lookup import delegate_signature
from apimpolicy.binding.names import bind_qualifier
from apimpolicy.binding.nodes import Bad, Expression, TypeReference
from apimpolicy.dotnet.types import ERROR, SpecialType, Type
from apimpolicy.records import Record
from apimpolicy.syntax import shapes
from apimpolicy.syntax.nodes import Node, Token
from apimpolicy.syntax.stacks import CARET
from apimpolicy.text.source import Excerpt

if TYPE_CHECKING:
    from apimpolicy.binding.bind import BoundExpression
    from apimpolicy.binding.overloads import Argument
    from apimpolicy.binding.symbols import Scope
    from apimpolicy.dotnet.signatures import Method

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
        """Return whether something can be offered."""
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
        """Return whether a part of the code has the caret in it."""
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
        given = [(receiver, method.parameters[0].type, "")] if shift and receiver is not None else []
        for place, argument in enumerate(arguments):
            wanted = parameter_type(method, argument, place + shift)
            if wanted is not None and not isinstance(argument.expression, Bad):
                given.append((argument.expression, wanted, argument.mode))
        if method.type_parameters:
            inference = Inference(method.type_parameters, given, self)
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
