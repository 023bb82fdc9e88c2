"""Emission of assignments, increments, deconstruction, out arguments and `ref`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from apimpolicy.csharp.binding import nodes
from apimpolicy.csharp.binding.nodes import Expression
from apimpolicy.csharp.dotnet.collections import arrays
from apimpolicy.csharp.dotnet.signatures import Field, Property
from apimpolicy.csharp.emit import runtime
from apimpolicy.csharp.emit.building import attribute, call, constant, item, last_of, load, tuple_of, walrus
from apimpolicy.csharp.emit.core import Emitter
from apimpolicy.csharp.emit.members import implementation_of
from apimpolicy.errors import NotSimulatedError

if TYPE_CHECKING:
    import ast


def emit_assignment(emitter: Emitter, node: nodes.Assignment) -> ast.expr:
    if node.target is node.value:
        return emitter.emit(node.value)  # a discard: `_ = value`
    return store_into(emitter, node.target, lambda: emitter.emit(node.value))


def store_into(emitter: Emitter, target: Expression, value: Callable[[], ast.expr]) -> ast.expr:
    """`target = value` as an expression; the target's parts are evaluated before the value."""
    if isinstance(target, nodes.Local):
        return emitter.assign(target.symbol, value())
    if isinstance(target, nodes.ArrayAccess):
        array = emitter.emit(target.array)
        indexes = [emitter.emit(index) for index in target.indexes]
        if len(indexes) == 1:
            return emitter.run(arrays.array_set, array, indexes[0], value())
        return emitter.run(arrays.rectangular_set, array, tuple_of(*indexes), value())
    if isinstance(target, nodes.FieldAccess) and target.field.declaring.is_tuple and target.receiver is not None:
        index = int(target.field.name.removeprefix("Item")) - 1
        return store_into(emitter, nodes.TupleElement(target.syntax, target.type, target.receiver, index), value)
    if isinstance(target, nodes.Dereference):
        return emitter.run(runtime.set_cell, emitter.emit(target.reference), value())
    if isinstance(target, (nodes.PropertyAccess, nodes.FieldAccess)):
        return _store_property(emitter, target, value)
    if isinstance(target, nodes.IndexerAccess):
        indexes = [emitter.emit(a) for a in target.arguments]
        return _call_setter(emitter, target.property, target.receiver, indexes, value())
    if isinstance(target, nodes.TupleElement):
        receiver_value = emitter.emit(target.receiver)
        place = constant(target.index)
        name = emitter.fresh()
        return last_of(
            walrus(name, value()),
            store_into(
                emitter,
                target.receiver,
                lambda: emitter.run(runtime.replace_element, receiver_value, place, load(name)),
            ),
            load(name),
        )
    raise NotSimulatedError("assignment", f"to {type(target).__name__}")


def _store_property(
    emitter: Emitter, target: nodes.PropertyAccess | nodes.FieldAccess, value: Callable[[], ast.expr]
) -> ast.expr:
    member: Property | Field = target.property if isinstance(target, nodes.PropertyAccess) else target.field
    found = implementation_of(member, setter=True)
    if found is None:
        return _cannot_set(emitter, member)
    if target.receiver is None:
        return last_of(emitter.run(found.target, value()))
    if found.form == "attribute":
        return emitter.run(runtime.set_attribute, emitter.emit(target.receiver), constant(found.name), value())
    return _call_setter(emitter, member, target.receiver, [], value())


def _call_setter(
    emitter: Emitter, member: Property | Field, receiver: Expression, arguments: list[ast.expr], value: ast.expr
) -> ast.expr:
    """Return a setter's call; a receiver that is null is found after everything has been evaluated."""
    found = implementation_of(member, setter=True)
    if found is None:
        return _cannot_set(emitter, member)
    names = [emitter.fresh() for _ in range(len(arguments) + 2)]
    parts = [emitter.emit(receiver), *arguments, value]
    steps: list[ast.expr] = [walrus(n, v) for n, v in zip(names, parts, strict=True)]
    loaded: list[ast.expr] = [load(n) for n in names]
    if not emitter.known_not_null(receiver):
        loaded[0] = emitter.or_null_reference(names[0])
    if found.form == "method":
        done: ast.expr = call(attribute(loaded[0], found.name), *loaded[1:])
    else:
        done = emitter.run(found.target, *loaded)
    return last_of(*steps, done, load(names[-1]))


def _cannot_set(emitter: Emitter, member: Property | Field) -> ast.expr:
    return emitter.run(runtime.not_simulated, constant(f"setting {member.declaring.name}.{member.name}"))


def emit_compound_assignment(emitter: Emitter, node: nodes.CompoundAssignment) -> ast.expr:
    """`target op= value` with the target's parts evaluated once."""
    steps: list[ast.expr] = []
    target = _once(emitter, node.target, steps)
    old = emitter.fresh("old")
    emitter.with_placeholder(node.placeholder, old)
    steps.append(walrus(old, emitter.emit(target)))
    made = store_into(emitter, target, lambda: emitter.emit(node.result))
    if node.is_postfix:
        return last_of(*steps, made, load(old))
    return last_of(*steps, made)


def _once(emitter: Emitter, target: Expression, steps: list[ast.expr]) -> Expression:
    """Return the target with its receiver and indexes held in Python variables."""

    def hold(expression: Expression) -> Expression:
        if expression.is_constant:
            return expression
        name = emitter.fresh()
        placeholder = nodes.Placeholder(expression.syntax, expression.type)
        steps.append(walrus(name, emitter.emit(expression)))
        emitter.with_placeholder(placeholder, name)
        return placeholder

    if isinstance(target, nodes.ArrayAccess):
        return nodes.ArrayAccess(
            target.syntax, target.type, hold(target.array), tuple([hold(i) for i in target.indexes])
        )
    if isinstance(target, nodes.IndexerAccess):
        receiver = hold(target.receiver)
        arguments = [hold(a) for a in target.arguments]
        return nodes.IndexerAccess(target.syntax, target.type, receiver, target.property, tuple(arguments))
    if isinstance(target, nodes.PropertyAccess) and target.receiver is not None:
        return nodes.PropertyAccess(target.syntax, target.type, hold(target.receiver), target.property)
    if isinstance(target, nodes.Dereference):
        return nodes.Dereference(target.syntax, target.type, hold(target.reference))
    return target


def emit_deconstruction(emitter: Emitter, node: nodes.Deconstruction) -> ast.expr:
    steps: list[ast.expr] = []
    held: list[tuple[Expression, str]] = []
    name = _take_apart(emitter, node, steps, held)
    for target, value in held:
        steps.append(store_into(emitter, target, partial(load, value)))
    return last_of(*steps, load(name))


def _take_apart(
    emitter: Emitter, node: nodes.Deconstruction, steps: list[ast.expr], held: list[tuple[Expression, str]]
) -> str:
    """Everything is taken apart and converted before anything is assigned; gives the name of the whole value."""
    name = emitter.fresh()
    steps.append(walrus(name, emitter.emit(node.value)))
    for index, (placeholder, element) in enumerate(zip(node.placeholders, node.elements, strict=True)):
        part = emitter.fresh()
        steps.append(walrus(part, item(load(name), index)))
        emitter.with_placeholder(placeholder, part)
        target = node.targets[index]
        if isinstance(target, nodes.Deconstruction):
            _take_apart(emitter, target, steps, held)
            continue
        converted = emitter.fresh()
        steps.append(walrus(converted, emitter.emit(element)))
        if target is not None:
            held.append((target, converted))
    return name


def split_outputs(
    emitter: Emitter, arguments: Sequence[Expression], modes: Sequence[str], steps: list[ast.expr]
) -> tuple[list[Expression], list[Expression]]:
    """Return the arguments that go into a call, and the ref and out ones, which come back; steps hold their parts."""
    passed, outputs = [], []
    for mode, argument in zip(modes, arguments, strict=True):
        held = argument
        if mode in ("ref", "out"):
            held = _once(emitter, argument, steps)
            outputs.append(held)
        if mode != "out":
            passed.append(held)
    return passed, outputs


def with_outputs(emitter: Emitter, made: ast.expr, outputs: list[Expression], *, is_void: bool) -> ast.expr:
    """A call that returned (result, out values…): store the out values, give the result."""
    name = emitter.fresh()
    steps: list[ast.expr] = [walrus(name, made)]
    for index, output in enumerate(outputs):
        part = partial(item, load(name), index + (not is_void))
        if not isinstance(output, nodes.OutVariable):
            steps.append(store_into(emitter, output, part))
        elif output.symbol is not None:
            steps.append(emitter.assign(output.symbol, part()))
    result: ast.expr = constant(None) if is_void else item(load(name), 0)
    return last_of(*steps, result)


# Emission of references: `ref` locals, `ref` returns and `ref` conditionals.


class ElementReference:
    """`ref array[index]`, of any rank."""

    __slots__ = ("_array", "_index")

    def __init__(self, array: Any, index: Any) -> None:
        self._array, self._index = array, index
        _ = self.value  # the index is checked when the reference is made

    @property
    def value(self) -> Any:
        if isinstance(self._index, tuple):
            return arrays.rectangular_get(self._array, self._index)
        return arrays.array_get(self._array, self._index)

    @value.setter
    def value(self, value: Any) -> None:
        if isinstance(self._index, tuple):
            arrays.rectangular_set(self._array, self._index, value)
        else:
            arrays.array_set(self._array, self._index, value)


class PartReference:
    """`ref tuple.Item1`: a part of the tuple that another reference refers to."""

    __slots__ = ("_index", "_whole")

    def __init__(self, whole: Any, index: int) -> None:
        self._whole, self._index = whole, index

    @property
    def value(self) -> Any:
        return self._whole.value[self._index]

    @value.setter
    def value(self, value: Any) -> None:
        self._whole.value = runtime.replace_element(self._whole.value, self._index, value)


def emit_reference(emitter: Emitter, node: nodes.Reference) -> ast.expr:
    return reference_to(emitter, node.target)


def reference_to(emitter: Emitter, target: nodes.Expression) -> ast.expr:
    if isinstance(target, nodes.Dereference):
        return emitter.emit(target.reference)
    if isinstance(target, nodes.Local) and target.symbol in emitter.celled:
        return load(emitter.symbol_name(target.symbol))
    if isinstance(target, nodes.OutVariable):
        if target.symbol is None:
            return emitter.run(runtime.Cell)
        return load(emitter.symbol_name(target.symbol))
    if isinstance(target, nodes.ArrayAccess):
        indexes = [emitter.emit(index) for index in target.indexes]
        array = emitter.emit(target.array)
        return emitter.run(ElementReference, array, indexes[0] if len(indexes) == 1 else tuple_of(*indexes))
    if isinstance(target, nodes.TupleElement):
        return emitter.run(PartReference, reference_to(emitter, target.receiver), constant(target.index))
    if isinstance(target, nodes.FieldAccess) and target.field.declaring.is_tuple and target.receiver is not None:
        index = int(target.field.name.removeprefix("Item")) - 1
        return emitter.run(PartReference, reference_to(emitter, target.receiver), constant(index))
    raise NotSimulatedError("ref", f"to {type(target).__name__}")


def emit_dereference(emitter: Emitter, node: nodes.Dereference) -> ast.expr:
    return attribute(emitter.emit(node.reference), "value")


def emit_redirection(emitter: Emitter, node: nodes.Redirection) -> ast.expr:
    name = emitter.symbol_name(node.variable)
    return last_of(walrus(name, emitter.emit(node.reference)), attribute(load(name), "value"))
