"""Taking values apart, `(a, (b, _)) = value` and `var (a, b) = value` (C# specification, section 12.7)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from apimpolicy.binding import lookup
from apimpolicy.binding.inference import Inference
from apimpolicy.binding.names import make_tuple_type
from apimpolicy.binding.nodes import (
    Bad,
    DeconstructCall,
    Deconstruction,
    Expression,
    Local,
    Placeholder,
    TupleCreation,
)
from apimpolicy.binding.patterns import PatternBinder
from apimpolicy.binding.spelling import shown
from apimpolicy.binding.symbols import LocalSymbol
from apimpolicy.dotnet.signatures import Method
from apimpolicy.dotnet.types import ERROR, NamedType, SpecialType, TupleType, Type
from apimpolicy.syntax import literals
from apimpolicy.syntax.nodes import Node, Token

if TYPE_CHECKING:
    from apimpolicy.syntax.nodes import Child


class _Part(NamedTuple):
    """One thing that a value is taken apart into: a name that is declared, an expression that is assigned, or parts."""

    type_node: Child
    """The type of what is declared here; None where something is assigned."""
    target: Any
    """A Token, an expression's node, or a node that holds the parts."""

    @property
    def parts(self) -> list[_Part] | None:
        if not isinstance(self.target, Node):
            return None
        if self.target.kind == "parenthesized_designation":
            return [_Part(self.type_node, designation) for designation in self.target.children]
        if self.target.kind == "tuple" and self.type_node is None:
            return [_part(element.children[1]) for element in self.target.nodes()]
        return None


def _part(node: Child) -> _Part:
    if isinstance(node, Node) and node.kind == "declaration_expression":
        return _Part(node.children[0], node.children[1])
    return _Part(None, node)


class DeconstructionBinder(PatternBinder):
    """What is taken apart is a tuple, or has a method `Deconstruct`."""

    def bind_deconstruction(self, node: Node) -> Expression:
        left, right = node.children
        value = self.bind_value(right)
        if isinstance(value, Bad):
            self.declare_after_error(left)
            return value
        return self.deconstruct(node, left, value)

    def deconstruct(self, node: Node, left: Child, value: Expression) -> Expression:
        """The value of the loop's variable, or of an assignment, given to the parts on the left."""
        parts = _part(left).parts or []
        if len({declares for part in parts for declares in self._declaring(part)}) > 1:
            self._declare_parts(parts)
            return self.failure(left, "CS8184", "a deconstruction can't mix declarations and existing variables")
        if isinstance(value, TupleCreation) and isinstance(value.type, SpecialType):
            merged = self._merged_type(parts, value)
            if merged is None:
                self._declare_parts(parts)
                self._without_type(parts)
                return self.bad(node)
            value = self.convert(value, merged)
        return self._take_apart(node, parts, value)

    def _take_apart(self, node: Node, parts: list[_Part], value: Expression) -> Expression:
        value = self._as_tuple(value, len(parts))
        type_ = value.type
        if not isinstance(type_, TupleType) or len(type_.arguments) != len(parts):
            self._declare_parts(parts)
            return self._does_not_fit(node, parts, type_)
        placeholders = [Placeholder(node, element) for element in type_.arguments]
        targets = [self._target(node, part, p) for part, p in zip(parts, placeholders, strict=True)]
        if isinstance(value, TupleCreation):
            value = self._converted_elements(value, targets, placeholders)
            if isinstance(value, Bad):
                return value
        elements: list[Expression] = []
        for target, placeholder in zip(targets, placeholders, strict=True):
            is_whole = target is None or isinstance(target, Deconstruction)
            elements.append(placeholder if is_whole else self.convert(placeholder, target.type))  # type: ignore[union-attr]
        if any(isinstance(e, Bad) for e in (*targets, *elements)):
            return self.bad(node)
        return Deconstruction(node, type_, targets, placeholders, elements, value)

    def _as_tuple(self, value: Expression, count: int) -> Expression:
        """A value whose type has a Deconstruct method, its own or an extension, as the tuple that the method gives."""
        if isinstance(value.type, TupleType) or not isinstance(value.type, NamedType):
            return value
        for method in lookup.find_members(value.type, "Deconstruct"):
            if isinstance(method, Method) and [p.mode for p in method.parameters] == ["out"] * count:
                return self._deconstruct_call(value, method, [p.type for p in method.parameters])
        for method in lookup.extension_methods("Deconstruct"):
            first, *outputs = method.parameters
            if len(outputs) == count:
                pairs = [(value, first.type, "")]
                found = Inference(method.type_parameters, pairs, self).run()
                if found is not None:
                    types = dict(zip(method.type_parameters, found, strict=True))
                    return self._deconstruct_call(value, method, [p.type.substitute(types) for p in outputs])
        return value

    @staticmethod
    def _deconstruct_call(value: Expression, method: Method, types: list[Type]) -> Expression:
        made = make_tuple_type(types, [None] * len(types))
        return DeconstructCall(value.syntax, made, value, method)

    def _converted_elements(
        self, value: TupleCreation, targets: list[Expression | None], placeholders: list[Placeholder]
    ) -> Expression:
        """A tuple that is written out takes the types of what its elements are assigned to, element by element."""
        converted: list[Expression] = []
        for element, target, placeholder in zip(value.elements, targets, placeholders, strict=True):
            if target is not None and not isinstance(target, (Bad, Deconstruction)):
                element = self.convert(element, target.type)
                placeholder.type = element.type
            converted.append(element)
        if any(isinstance(element, Bad) for element in converted):
            return self.bad(value.syntax)
        types = [element.type for element in converted]
        return TupleCreation(value.syntax, make_tuple_type(types, list(value.names)), converted, value.names)

    def _does_not_fit(self, node: Node, parts: list[_Part], type_: Type) -> Expression:
        if type_ is ERROR:
            return self.bad(node)
        if isinstance(type_, TupleType):
            message = f"a tuple of {len(type_.arguments)} elements can't be deconstructed into {len(parts)} variables"
            where = node.children[0] if node.kind == "foreach_variable_statement" else node
            return self.failure(where, "CS8132", message)
        self._without_type(parts)
        return self.failure(
            node.children[1] if len(node.children) > 1 else node,
            "CS8129",
            f"a value of type '{shown(type_)}' can't be deconstructed into {len(parts)} variables",
        )

    # ------------------------------------------------------------------------------------------------ targets

    def _target(self, node: Node, part: _Part, value: Placeholder) -> Expression | None:
        """What an element goes to, declared where it declares; None for a discard."""
        if part.parts is not None:
            return self._take_apart(node, part.parts, value)
        if isinstance(part.target, Token):
            return self._declared(part, value.type)
        if self._is_discard(part.target):
            return None
        bound = self.bind_value(part.target)
        return bound if self.check_assignable(bound, part.target) else self.bad(part.target)

    def _declared(self, part: _Part, inferred: Type) -> Expression | None:
        type_ = inferred if self.is_var(part.type_node) else self.bind_type(part.type_node)
        name = literals.identifier_name(part.target.text)
        if name == "_":
            return None
        symbol = LocalSymbol(name, type_, "local", part.target, self.scope.function)
        self.declare(symbol, part.target)
        return Local(part.target, symbol)

    def declare_after_error(self, left: Child) -> None:
        self._declare_parts(_part(left).parts or [])

    def _declare_parts(self, parts: list[_Part]) -> None:
        """Declare what would have been declared, so that its uses are no further errors."""
        for part in parts:
            if part.parts is not None:
                self._declare_parts(part.parts)
            elif isinstance(part.target, Token):
                self._declared(part, ERROR)

    def _without_type(self, parts: list[_Part]) -> None:
        """CS8130 for every `var` that gets no type, CS8183 for every discard."""
        for part in parts:
            if part.parts is not None:
                self._without_type(part.parts)
            elif self._discards(part):
                self.report(part.target, "CS8183", "the type of this discard can't be inferred")
            elif isinstance(part.target, Token) and self.is_var(part.type_node):
                self.report(part.target, "CS8130", f"the type of '{part.target.text}' can't be inferred")

    def _declaring(self, part: _Part) -> list[bool]:
        """Of each thing that a value is taken apart into, whether it is declared there; a discard is neither."""
        if part.parts is not None:
            return [declares for inner in part.parts for declares in self._declaring(inner)]
        if isinstance(part.target, Token):
            return [True]
        return [] if self._is_discard(part.target) else [False]

    def declares_parts(self, left: Child) -> bool:
        """Whether everything that a value is taken apart into is declared there, or a discard."""
        return all(declares for part in _part(left).parts or [] for declares in self._declaring(part))

    def _discards(self, part: _Part) -> bool:
        if isinstance(part.target, Token):
            return part.target.text == "_" and self.is_var(part.type_node)
        return self._is_discard(part.target)

    # ------------------------------------------------------------------------------- values without a type

    def _merged_type(self, parts: list[_Part], value: TupleCreation) -> Type | None:
        """The type of a tuple with elements such as null and lambdas: those take the types of their targets."""
        types = []
        for index, element in enumerate(value.elements):
            type_ = element.type if not isinstance(element.type, SpecialType) else None
            if index >= len(parts):
                if type_ is None:
                    self._needs_value(element)
            elif parts[index].parts is not None:
                if isinstance(element, TupleCreation):
                    type_ = self._merged_type(parts[index].parts or [], element)
                elif type_ is None:
                    self._needs_value(element)
            else:
                type_ = self._written_type(parts[index]) or type_
            types.append(type_)
        found = [type_ for type_ in types if type_ is not None]
        return make_tuple_type(found, [None] * len(found)) if len(found) == len(types) else None

    def _needs_value(self, element: Expression) -> None:
        self.report(element.syntax, "CS8131", "this expression has no type, so it can't be deconstructed")

    def _written_type(self, part: _Part) -> Type | None:
        """The type that a target has by itself; a `var` and a discard have none."""
        if isinstance(part.target, Token):
            return None if self.is_var(part.type_node) else self.bind_type(part.type_node)
        if self._is_discard(part.target):
            return None
        return self.bind_value(part.target).type
