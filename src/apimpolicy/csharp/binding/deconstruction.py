"""Deconstruction: `(a, (b, _)) = value` and `var (a, b) = value` (C# specification, section 12.7)."""

from __future__ import annotations

from typing import Any

from apimpolicy.csharp.binding import lookup, nodes
from apimpolicy.csharp.binding.core import Binder
from apimpolicy.csharp.binding.inference import Inference
from apimpolicy.csharp.binding.names import make_tuple_type
from apimpolicy.csharp.binding.nodes import Bad, Expression, Statement
from apimpolicy.csharp.binding.references import check_assignable
from apimpolicy.csharp.binding.reports import is_discard, is_var, shown
from apimpolicy.csharp.binding.statements import bind_collection, bind_loop_body
from apimpolicy.csharp.dotnet.signatures import Method
from apimpolicy.csharp.dotnet.types import ERROR, NamedType, SpecialType, TupleType, Type
from apimpolicy.csharp.syntax import shapes
from apimpolicy.csharp.syntax.nodes import Child, Node, Token
from apimpolicy.records import Record


class _Part(Record):
    """One thing that a value is taken apart into: a name that is declared, an expression that is assigned, or parts."""

    type_node: Node | None
    """The type of what is declared here; None where something is assigned."""
    target: Any
    """A Token, an expression's node, or a node that holds the parts."""

    @property
    def parts(self) -> list[_Part] | None:
        if not isinstance(self.target, Node):
            return None
        if isinstance(self.target, shapes.ParenthesizedDesignation):
            return [_Part(self.type_node, designation) for designation in self.target.designations]
        if isinstance(self.target, shapes.Tuple) and self.type_node is None:
            return [_part(element.value) for element in self.target.elements]
        return None


def _part(node: Child) -> _Part:
    if isinstance(node, shapes.DeclarationExpression):
        return _Part(node.type, node.designation)
    return _Part(None, node)


def bind_deconstruction(binder: Binder, node: shapes.Assignment) -> Expression:
    left, right = node.left, node.right
    value = binder.bind_value(right)
    if isinstance(value, Bad):
        declare_after_error(binder, left)
        return value
    return deconstruct(binder, node, left, value)


def deconstruct(binder: Binder, node: Node, left: Child, value: Expression) -> Expression:
    """Return the value of the loop's variable, or of an assignment, given to the parts on the left."""
    parts = _part(left).parts or []
    if len({declares for part in parts for declares in _declaring(binder, part)}) > 1:
        _declare_parts(binder, parts)
        message = "a deconstruction that mixes declarations and existing variables is newer than C# 7.3"
        return binder.failure(left, "CS8652", message, help="declare all variables, or none, in it")
    if isinstance(value, nodes.TupleCreation) and isinstance(value.type, SpecialType):
        merged = _merged_type(binder, parts, value)
        if merged is None:
            _declare_parts(binder, parts)
            _without_type(binder, parts)
            return binder.bad(node)
        value = binder.convert(value, merged)
    return _take_apart(binder, node, parts, value)


def _take_apart(binder: Binder, node: Node, parts: list[_Part], value: Expression) -> Expression:
    value = _as_tuple(binder, value, len(parts))
    type_ = value.type
    if not isinstance(type_, TupleType) or len(type_.arguments) != len(parts):
        _declare_parts(binder, parts)
        return _does_not_fit(binder, node, parts, type_)
    placeholders = [nodes.Placeholder(node, element) for element in type_.arguments]
    targets = [_target(binder, node, part, p) for part, p in zip(parts, placeholders, strict=True)]
    if isinstance(value, nodes.TupleCreation):
        value = _converted_elements(binder, value, targets, placeholders)
        if isinstance(value, Bad):
            return value
    elements: list[Expression] = []
    for target, placeholder in zip(targets, placeholders, strict=True):
        if target is None or isinstance(target, nodes.Deconstruction):
            elements.append(placeholder)
        else:
            elements.append(binder.convert(placeholder, target.type))
    if any(isinstance(e, Bad) for e in (*targets, *elements)):
        return binder.bad(node)
    return nodes.Deconstruction(node, type_, value, tuple(placeholders), tuple(elements), tuple(targets))


def _as_tuple(binder: Binder, value: Expression, count: int) -> Expression:
    """A value whose type has a Deconstruct method, its own or an extension, as the tuple that the method gives."""
    if isinstance(value.type, TupleType) or not isinstance(value.type, NamedType):
        return value
    for method in lookup.find_members(value.type, "Deconstruct"):
        if isinstance(method, Method) and [p.mode for p in method.parameters] == ["out"] * count:
            return _deconstruct_call(value, method, [p.type for p in method.parameters])
    for method in lookup.extension_methods("Deconstruct"):
        first, *outputs = method.parameters
        if len(outputs) == count:
            pairs = [(value, first.type, "")]
            found = Inference(method.type_parameters, pairs, binder).run()
            if found is not None:
                types = dict(zip(method.type_parameters, found, strict=True))
                return _deconstruct_call(value, method, [p.type.substitute(types) for p in outputs])
    return value


def _deconstruct_call(value: Expression, method: Method, types: list[Type]) -> Expression:
    made = make_tuple_type(types, [None] * len(types))
    return nodes.DeconstructCall(value.syntax, made, value, method)


def _converted_elements(
    binder: Binder, value: nodes.TupleCreation, targets: list[Expression | None], placeholders: list[nodes.Placeholder]
) -> Expression:
    converted: list[Expression] = []
    for element, target, placeholder in zip(value.elements, targets, placeholders, strict=True):
        if target is not None and not isinstance(target, (Bad, nodes.Deconstruction)):
            element = binder.convert(element, target.type)
            placeholder.type = element.type
        converted.append(element)
    if any(isinstance(element, Bad) for element in converted):
        return binder.bad(value.syntax)
    types = [element.type for element in converted]
    return nodes.TupleCreation(value.syntax, make_tuple_type(types, list(value.names)), tuple(converted), value.names)


def _does_not_fit(binder: Binder, node: Node, parts: list[_Part], type_: Type) -> Expression:
    if type_ is ERROR:
        return binder.bad(node)
    if isinstance(type_, TupleType):
        message = f"a tuple of {len(type_.arguments)} elements can't be deconstructed into {len(parts)} variables"
        where = node.target if isinstance(node, shapes.ForeachVariableStatement) else node
        return binder.failure(where, "CS8132", message)
    _without_type(binder, parts)
    where = node
    if isinstance(node, (shapes.Assignment, shapes.ForeachVariableStatement)):
        where = node.right if isinstance(node, shapes.Assignment) else node.collection
    message = f"a value of type '{shown(type_)}' can't be deconstructed into {len(parts)} variables"
    return binder.failure(where, "CS8129", message)


# ------------------------------------------------------------------------------------------------ targets


def _target(binder: Binder, node: Node, part: _Part, value: nodes.Placeholder) -> Expression | None:
    """Return the target of an element, declared if it is new; None for a discard."""
    if part.parts is not None:
        return _take_apart(binder, node, part.parts, value)
    if isinstance(part.target, Token):
        return _declared(binder, part, value.type)
    if is_discard(part.target, binder.scope):
        return None
    bound = binder.bind_value(part.target)
    return bound if check_assignable(binder, bound, part.target) else binder.bad(part.target)


def _declared(binder: Binder, part: _Part, inferred: Type) -> Expression | None:
    type_ = inferred if part.type_node is None or is_var(part.type_node) else binder.bind_type(part.type_node)
    if part.target.text == "_":
        return None
    return nodes.Local(part.target, binder.declare_variable(part.target, type_))


def declare_after_error(binder: Binder, left: Child) -> None:
    _declare_parts(binder, _part(left).parts or [])


def _declare_parts(binder: Binder, parts: list[_Part]) -> None:
    """Declare what would have been declared, so that its uses are no further errors."""
    for part in parts:
        if part.parts is not None:
            _declare_parts(binder, part.parts)
        elif isinstance(part.target, Token):
            _declared(binder, part, ERROR)


def _without_type(binder: Binder, parts: list[_Part]) -> None:
    """CS8130 for every `var` that gets no type, CS8183 for every discard."""
    for part in parts:
        if part.parts is not None:
            _without_type(binder, part.parts)
        elif _discards(binder, part):
            binder.report(part.target, "CS8183", "the type of this discard can't be inferred")
        elif isinstance(part.target, Token) and is_var(part.type_node):
            binder.report(part.target, "CS8130", f"the type of '{part.target.text}' can't be inferred")


def _declaring(binder: Binder, part: _Part) -> list[bool]:
    """Return for each target of a deconstruction whether it is declared there; discards are left out."""
    if part.parts is not None:
        return [declares for inner in part.parts for declares in _declaring(binder, inner)]
    if isinstance(part.target, Token):
        return [True]
    return [] if is_discard(part.target, binder.scope) else [False]


def declares_parts(binder: Binder, left: Child) -> bool:
    """Return whether every target of a deconstruction is declared there, or is a discard."""
    return all(declares for part in _part(left).parts or [] for declares in _declaring(binder, part))


def _discards(binder: Binder, part: _Part) -> bool:
    if isinstance(part.target, Token):
        return part.target.text == "_" and is_var(part.type_node)
    return is_discard(part.target, binder.scope)


# ------------------------------------------------------------------------------- values without a type


def _merged_type(binder: Binder, parts: list[_Part], value: nodes.TupleCreation) -> Type | None:
    """Return the type of a tuple with elements such as null and lambdas: those take the types of their targets."""
    types = []
    for index, element in enumerate(value.elements):
        type_ = element.type if not isinstance(element.type, SpecialType) else None
        if index >= len(parts):
            if type_ is None:
                _needs_value(binder, element)
        elif parts[index].parts is not None:
            if isinstance(element, nodes.TupleCreation):
                type_ = _merged_type(binder, parts[index].parts or [], element)
            elif type_ is None:
                _needs_value(binder, element)
        else:
            type_ = _written_type(binder, parts[index]) or type_
        types.append(type_)
    found = [type_ for type_ in types if type_ is not None]
    return make_tuple_type(found, [None] * len(found)) if len(found) == len(types) else None


def _needs_value(binder: Binder, element: Expression) -> None:
    binder.report(element.syntax, "CS8131", "this expression has no type, so it can't be deconstructed")


def _written_type(binder: Binder, part: _Part) -> Type | None:
    """Return the type that a target has by itself; a `var` and a discard have none."""
    if isinstance(part.target, Token):
        return None if part.type_node is None or is_var(part.type_node) else binder.bind_type(part.type_node)
    if is_discard(part.target, binder.scope):
        return None
    return binder.bind_value(part.target).type


def statement_foreach_variable_statement(binder: Binder, node: shapes.ForeachVariableStatement) -> Statement:
    target, collection_node, body_node = node.target, node.collection, node.body
    collection, element = bind_collection(binder, collection_node)
    with binder.in_scope():
        placeholder = nodes.Placeholder(node, element)
        taken: Expression = binder.bad(node)
        if not declares_parts(binder, target):
            message = "foreach must declare its variables"
            binder.report(target, "CS8186", message, help="write var or a type before them")
        elif element is ERROR:
            declare_after_error(binder, target)
        else:
            taken = deconstruct(binder, node, target, placeholder)
        body = bind_loop_body(binder, body_node, "foreach")
        return nodes.Foreach(node, collection, placeholder, placeholder, taken, None, body)
