"""Emission of assignments, increments, deconstruction and out arguments."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from apimpolicy.binding.nodes import (
    ArrayAccess,
    Assignment,
    CompoundAssignment,
    Deconstruction,
    Dereference,
    Dynamic,
    Expression,
    FieldAccess,
    IndexerAccess,
    Local,
    OutVariable,
    Placeholder,
    PropertyAccess,
    TupleElement,
)
from apimpolicy.dotnet.collections import arrays
from apimpolicy.emit import runtime
from apimpolicy.emit.arithmetic import ArithmeticEmitter
from apimpolicy.emit.core import (
    attribute,
    call,
    conditional,
    constant,
    is_not_none,
    last_of,
    load,
    tuple_of,
    walrus,
)
from apimpolicy.emit.overrides import implementation_of
from apimpolicy.errors import NotSimulatedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from apimpolicy.binding.symbols import LocalSymbol
    from apimpolicy.dotnet.signatures import Field, Property


class AssignmentEmitter(ArithmeticEmitter):
    """Everything that stores a value."""

    def assign_symbol(self, symbol: LocalSymbol, value: ast.expr) -> ast.expr:
        """Store into a variable, as an expression whose value is the stored one."""
        name = "context" if symbol.kind == "context" else self.symbol_name(symbol)
        if symbol in self._celled:
            return self.run(runtime.set_cell, load(name), value)
        return walrus(name, value)

    def emit_assignment(self, node: Assignment) -> ast.expr:
        if node.target is node.value:
            return self.emit(node.value)  # a discard: `_ = value`
        return self.store_into(node.target, lambda: self.emit(node.value))

    def store_into(self, target: Expression, value: Callable[[], ast.expr]) -> ast.expr:
        """`target = value` as an expression; the target's parts are evaluated before the value."""
        if isinstance(target, Local):
            return self.assign_symbol(target.symbol, value())
        if isinstance(target, ArrayAccess):
            array = self.emit(target.array)
            indexes = [self.emit(index) for index in target.indexes]
            if len(indexes) == 1:
                return self.run(arrays.array_set, array, indexes[0], value())
            return self.run(arrays.rectangular_set, array, tuple_of(*indexes), value())
        if isinstance(target, FieldAccess) and target.field.declaring.is_tuple and target.receiver is not None:
            index = int(target.field.name.removeprefix("Item")) - 1
            return self.store_into(TupleElement(target.syntax, target.type, target.receiver, index), value)
        if isinstance(target, Dynamic):
            return self.store_dynamic(target, value())
        if isinstance(target, Dereference):
            return self.run(runtime.set_cell, self.emit(target.reference), value())
        if isinstance(target, (PropertyAccess, FieldAccess)):
            return self._store_property(target, value)
        if isinstance(target, IndexerAccess):
            indexes = [self.emit(a) for a in target.arguments]
            return self._call_setter(target.property, target.receiver, indexes, value())
        if isinstance(target, TupleElement):
            receiver_value = self.emit(target.receiver)
            place = constant(target.index)
            name = self.fresh()
            return last_of(
                walrus(name, value()),
                self.store_into(
                    target.receiver, lambda: self.run(runtime.replace_element, receiver_value, place, load(name))
                ),
                load(name),
            )
        raise NotSimulatedError("assignment", f"to {type(target).__name__}")

    def _store_property(self, target: PropertyAccess | FieldAccess, value: Callable[[], ast.expr]) -> ast.expr:
        member: Property | Field = target.property if isinstance(target, PropertyAccess) else target.field
        found = implementation_of(member, setter=True)
        name = f"{member.declaring.name}.{member.name}"
        if found is None:
            return self.run(runtime.not_simulated, constant(f"setting {name}"))
        if target.receiver is None:
            return last_of(self.run(found.target, value()))
        if found.form == "attribute":
            return self.run(runtime.set_attribute, self.emit(target.receiver), constant(found.name), value())
        return self._call_setter(member, target.receiver, [], value())

    def _call_setter(
        self, member: Property | Field, receiver: Expression, arguments: list[ast.expr], value: ast.expr
    ) -> ast.expr:
        """A setter's call; a receiver that is null is found after everything has been evaluated."""
        found = implementation_of(member, setter=True)
        if found is None:
            return self.run(runtime.not_simulated, constant(f"setting {member.declaring.name}.{member.name}"))
        names = [self.fresh() for _ in range(len(arguments) + 2)]
        parts = [self.emit(receiver), *arguments, value]
        steps: list[ast.expr] = [walrus(n, v) for n, v in zip(names, parts, strict=True)]
        loaded: list[ast.expr] = [load(n) for n in names]
        if not self.known_not_null(receiver):
            loaded[0] = conditional(is_not_none(load(names[0])), load(names[0]), self.run(runtime.null_reference))
        if found.form == "method":
            done: ast.expr = call(attribute(loaded[0], found.name), *loaded[1:])
        else:
            done = self.run(found.target, *loaded)
        return last_of(*steps, done, load(names[-1]))

    def emit_compound(self, node: CompoundAssignment) -> ast.expr:
        """`target op= value` with the target's parts evaluated once."""
        steps: list[ast.expr] = []
        target = self._once(node.target, steps)
        old = self.fresh("old")
        self.with_placeholder(node.placeholder, old)
        steps.append(walrus(old, self.emit(target)))
        made = self.store_into(target, lambda: self.emit(node.result))
        if node.is_postfix:
            return last_of(*steps, made, load(old))
        return last_of(*steps, made)

    def _once(self, target: Expression, steps: list[ast.expr]) -> Expression:
        """The target with its receiver and indexes held in Python variables."""

        def hold(expression: Expression) -> Expression:
            if expression.is_constant:
                return expression
            name = self.fresh()
            placeholder = Placeholder(expression.syntax, expression.type)
            steps.append(walrus(name, self.emit(expression)))
            self.with_placeholder(placeholder, name)
            return placeholder

        if isinstance(target, ArrayAccess):
            return ArrayAccess(target.syntax, target.type, hold(target.array), tuple([hold(i) for i in target.indexes]))
        if isinstance(target, IndexerAccess):
            receiver = hold(target.receiver)
            arguments = [hold(a) for a in target.arguments]
            return IndexerAccess(target.syntax, target.type, receiver, target.property, tuple(arguments))
        if isinstance(target, PropertyAccess) and target.receiver is not None:
            return PropertyAccess(target.syntax, target.type, hold(target.receiver), target.property)
        if isinstance(target, Dynamic):
            operands = [hold(operand) for operand in target.operands]
            return Dynamic(
                target.syntax, target.type, target.operation, tuple(operands), target.detail, target.arguments
            )
        if isinstance(target, Dereference):
            return Dereference(target.syntax, target.type, hold(target.reference))
        return target

    def emit_deconstruction(self, node: Deconstruction) -> ast.expr:
        steps: list[ast.expr] = []
        held: list[tuple[Expression, str]] = []
        name = self._take_apart(node, steps, held)
        for target, value in held:
            steps.append(self.store_into(target, lambda value=value: load(value)))  # type: ignore[misc]
        return last_of(*steps, load(name))

    def _take_apart(self, node: Deconstruction, steps: list[ast.expr], held: list[tuple[Expression, str]]) -> str:
        """Everything is taken apart and converted before anything is assigned; gives the name of the whole value."""
        name = self.fresh()
        steps.append(walrus(name, self.emit(node.value)))
        for index, (placeholder, element) in enumerate(zip(node.placeholders, node.elements, strict=True)):
            part = self.fresh()
            steps.append(walrus(part, ast.Subscript(load(name), constant(index), ast.Load())))
            self.with_placeholder(placeholder, part)
            target = node.targets[index]
            if isinstance(target, Deconstruction):
                self._take_apart(target, steps, held)
                continue
            converted = self.fresh()
            steps.append(walrus(converted, self.emit(element)))
            if target is not None:
                held.append((target, converted))
        return name

    def with_outputs(self, made: ast.expr, outputs: list[Expression], *, is_void: bool) -> ast.expr:
        """A call that returned (result, out values…): store the out values, give the result."""
        name = self.fresh()
        steps: list[ast.expr] = [walrus(name, made)]
        for index, output in enumerate(outputs):
            part = ast.Subscript(load(name), constant(index + (not is_void)), ast.Load())
            if isinstance(output, OutVariable):
                if output.symbol is not None:
                    steps.append(self.assign_symbol(output.symbol, part))
            else:
                steps.append(self.store_into(output, lambda part=part: part))  # type: ignore[misc]
        result: ast.expr = constant(None) if is_void else ast.Subscript(load(name), constant(0), ast.Load())
        return last_of(*steps, result)
