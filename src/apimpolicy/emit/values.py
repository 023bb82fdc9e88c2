"""Emission of expressions: names, members, calls."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from apimpolicy.binding import nodes
from apimpolicy.dotnet.collections import arrays
from apimpolicy.dotnet.registry import Implementation, reason_against
from apimpolicy.dotnet.system.objects import type_object
from apimpolicy.dotnet.system.strings import format_item
from apimpolicy.dotnet.values import CHAR, STRING, VOID
from apimpolicy.emit import charging, runtime
from apimpolicy.emit.core import (
    attribute,
    call,
    conditional,
    constant,
    is_none,
    is_not_none,
    last_of,
    load,
    tuple_of,
    walrus,
)
from apimpolicy.emit.creation import CreationEmitter
from apimpolicy.emit.inline_members import inlined
from apimpolicy.emit.late_checks import can_be_seen
from apimpolicy.emit.overrides import implementation_of
from apimpolicy.emit.queries import walked_at_once
from apimpolicy.errors import NotSimulatedError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from apimpolicy.binding.symbols import LocalFunctionSymbol
    from apimpolicy.dotnet.signatures import Field, Member, Method, Property
    from apimpolicy.dotnet.types import Type

_ON_OBJECT = frozenset({"object", "System.ValueType", "System.Enum"})


class ValueEmitter(CreationEmitter):
    """One method per class of bound expression."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._emitters: dict[type, Callable[[Any], ast.expr]] = {
            nodes.Literal: lambda n: self.emit_constant(n.constant, n.type),
            nodes.Local: self.emit_local,
            nodes.Placeholder: lambda n: self._placeholders[n](),
            nodes.FieldAccess: self.emit_field,
            nodes.PropertyAccess: self.emit_property,
            nodes.IndexerAccess: self.emit_indexer,
            nodes.ArrayAccess: self.emit_array_access,
            nodes.TupleElement: self.emit_tuple_element,
            nodes.AnonymousMember: self.emit_anonymous_member,
            nodes.Call: self.emit_call,
            nodes.DelegateCall: self.emit_delegate_call,
            nodes.Reference: self.emit_reference,
            nodes.Dereference: self.emit_dereference,
            nodes.Redirection: self.emit_redirection,
            nodes.MethodGroup: self.emit_local_function_reference,
            nodes.MethodReference: self.emit_method_as_delegate,
            nodes.ObjectCreation: self.emit_object_creation,
            nodes.ArrayCreation: self.emit_array_creation,
            nodes.AnonymousCreation: self.emit_anonymous_creation,
            nodes.TupleCreation: lambda n: tuple_of(*map(self.emit, n.elements)),
            nodes.Lambda: self.emit_lambda_as_delegate,
            nodes.Convert: self.emit_convert,
            nodes.Unary: self.emit_unary,
            nodes.Binary: self.emit_binary,
            nodes.Logical: self.emit_logical,
            nodes.Conditional: self.emit_conditional,
            nodes.Coalesce: self.emit_coalesce,
            nodes.ConditionalAccess: self.emit_conditional_access,
            nodes.IsType: self.emit_is_type,
            nodes.AsType: self.emit_as_type,
            nodes.IsPattern: self.emit_is_pattern,
            nodes.Assignment: self.emit_assignment,
            nodes.CompoundAssignment: self.emit_compound,
            nodes.Deconstruction: self.emit_deconstruction,
            nodes.ThrowExpression: lambda n: self.run(runtime.raise_exception, self.emit(n.exception)),
            nodes.DeconstructCall: self.emit_deconstruct_call,
            nodes.Dynamic: self.emit_dynamic,
            nodes.TypeOf: lambda n: self.bring(type_object(n.target), "type"),
            nodes.DefaultValue: self.emit_default,
            nodes.InterpolatedString: self.emit_interpolated_string,
        }

    def emit_plain(self, expression: nodes.Expression) -> ast.expr:
        if expression.is_constant:
            made = self.emit_constant(expression.constant, expression.type)
        else:
            made = self._emitters[type(expression)](expression)
        return self.at(made, expression)  # type: ignore[no-any-return]

    def emit_constant(self, value: Any, type_: Type) -> ast.expr:
        """A constant; what Python has no literal for comes from the namespace."""
        if value is None or isinstance(value, (bool, int, str)):
            return constant(value)
        if isinstance(value, float) and value == value and abs(value) != float("inf"):
            return constant(value)
        return self.bring(value, "constant")

    def emit_local(self, node: nodes.Local) -> ast.expr:
        symbol = node.symbol
        if symbol.kind == "context":
            return load("context")
        name = self.symbol_name(symbol)
        return attribute(load(name), "value") if symbol in self._celled else load(name)

    # --------------------------------------------------------------------------------------------- members

    def emit_field(self, node: nodes.FieldAccess) -> ast.expr:
        if node.field.declaring.is_tuple and node.receiver is not None and node.field.name.startswith("Item"):
            return ast.Subscript(self.emit(node.receiver), constant(int(node.field.name[4:]) - 1), ast.Load())
        return self._read(node.field, node.receiver)

    def emit_property(self, node: nodes.PropertyAccess) -> ast.expr:
        container = node.property.container
        if container.is_nullable and node.receiver is not None:
            if node.property.name == "HasValue":
                return is_not_none(self.emit(node.receiver))
            if node.property.name == "Value":
                return self.run(runtime.nullable_value, self.emit(node.receiver))
        return self._read(node.property, node.receiver)

    def _read(self, member: Property | Field, receiver: nodes.Expression | None) -> ast.expr:
        found = implementation_of(member)
        if found is None:
            return self.missing(member)
        if found.form == "attribute" and receiver is not None:
            return attribute(self.emit(receiver), found.name)
        if receiver is None:
            return self._invoke(found, member, None, [], ())
        return self._invoke(found, member, self._receiver_for(member, receiver, found), [], ())

    def _receiver_for(self, member: Member, receiver: nodes.Expression, found: Implementation) -> ast.expr:
        """The receiver of a member; a value whose member is declared on object is boxed."""
        if receiver.type.is_value_type and member.declaring.name in _ON_OBJECT:
            return self.boxed(self.emit(receiver), receiver.type)
        if found.form in ("method", "attribute") and not isinstance(receiver, nodes.Literal):
            return self.emit(receiver)
        return self.checked_receiver(receiver)

    def _invoke(
        self,
        found: Implementation,
        member: Member,
        receiver: ast.expr | None,
        arguments: list[ast.expr],
        type_arguments: tuple[Type, ...],
    ) -> ast.expr:
        if found.form == "attribute" and receiver is not None:
            return attribute(receiver, found.name)
        types: list[ast.expr] = []
        if found.types:
            types = [self.types_constant((*member.container.arguments, *type_arguments))]
        before: list[ast.expr] = []
        if receiver is not None:
            before = [charging.paid_receiver(self, found, member, receiver)]
        arguments = charging.paid_arguments(self, found, member, arguments)
        if charging.pays_by_itself(found):
            return call(self.bring(charging.paying(found), found.name), *types, *before, *arguments)
        if found.form == "method" and receiver is not None:
            made = call(attribute(before[0], found.name), *types, *arguments)
        else:
            made = call(self.bring(found.target, found.name), *types, *before, *arguments)
        return charging.paid_result(self, found, member, made)

    def emit_indexer(self, node: nodes.IndexerAccess) -> ast.expr:
        found = implementation_of(node.property)
        if found is None:
            return self.missing(node.property)
        if not self.known_not_null(node.receiver) and can_be_seen(node.arguments):
            steps: list[ast.expr] = []
            held, read = self._held(node.receiver, node.arguments, steps)
            receiver = held if found.form == "method" else self._or_null_reference(held)
            return last_of(*steps, self._invoke(found, node.property, receiver, read, ()))
        receiver = self._receiver_for(node.property, node.receiver, found)
        return self._invoke(found, node.property, receiver, [self.emit(a) for a in node.arguments], ())

    def emit_array_access(self, node: nodes.ArrayAccess) -> ast.expr:
        indexes = [self.emit(index) for index in node.indexes]
        if len(indexes) == 1:
            return self.run(arrays.array_get, self.emit(node.array), indexes[0])
        return self.run(arrays.rectangular_get, self.emit(node.array), tuple_of(*indexes))

    def emit_tuple_element(self, node: nodes.TupleElement) -> ast.expr:
        return ast.Subscript(self.emit(node.receiver), constant(node.index), ast.Load())

    def emit_anonymous_member(self, node: nodes.AnonymousMember) -> ast.expr:
        return ast.Subscript(attribute(self.emit(node.receiver), "values"), constant(node.index), ast.Load())

    # ------------------------------------------------------------------------------------------------ calls

    def missing(self, member: Member) -> ast.expr:
        """A member without an implementation: fails by name, with the reason if there is one, when it is reached."""
        from apimpolicy.binding.allow_list import is_type_allowed

        reason = reason_against(member.declaring, member.signature)
        if not reason and not is_type_allowed(member.declaring):
            reason = "Azure refuses this type in policy expressions (APIM0001)"
        return self.run(runtime.not_simulated, constant(full_name(member)), constant(reason))

    def emit_call(self, node: nodes.Call) -> ast.expr:
        method = node.method
        if method.container.is_nullable and node.receiver is not None:
            return self._nullable_call(node)
        outputs: list[nodes.Expression] = []
        found = implementation_of(method)
        if found is None:
            return self._delegate_or_missing(node)
        self.pass_to_member(node)
        passed: list[nodes.Expression] = []
        steps: list[ast.expr] = []
        for parameter, argument in zip(method.parameters, node.arguments, strict=True):
            if parameter.mode in ("out", "ref"):
                argument = self._once(argument, steps)
                outputs.append(argument)
                if parameter.mode == "out":
                    continue
            passed.append(argument)
        made = inlined(self, node) or walked_at_once(self, node)
        if made is not None:
            return made
        if node.receiver is not None and not self.known_not_null(node.receiver) and can_be_seen(passed):
            held: list[ast.expr] = []
            receiver, arguments = self._held(node.receiver, passed, held)
            checked = receiver if found.form == "method" else self._or_null_reference(receiver)
            made = last_of(*held, self._invoke(found, method, checked, arguments, node.type_arguments))
        else:
            first = self._receiver_for(method, node.receiver, found) if node.receiver is not None else None
            made = self._invoke(found, method, first, self._arguments(passed), node.type_arguments)
        if outputs:
            self.at(made, node)
            made = last_of(*steps, made) if steps else made
            return self.with_outputs(made, outputs, is_void=method.returns is VOID)
        return made

    def _held(
        self, receiver: nodes.Expression, arguments: Sequence[nodes.Expression], steps: list[ast.expr]
    ) -> tuple[ast.Name, list[ast.expr]]:
        """Steps that evaluate a receiver and then the arguments, and what they are then to be read from."""
        name = self.fresh()
        steps.append(walrus(name, self.emit(receiver)))
        read: list[ast.expr] = []
        for argument in self._arguments(arguments):
            if isinstance(argument, ast.Constant):
                read.append(argument)
                continue
            own = self.fresh()
            steps.append(walrus(own, argument))
            read.append(load(own))
        return load(name), read

    def _or_null_reference(self, value: ast.Name) -> ast.expr:
        return conditional(is_not_none(value), value, self.run(runtime.null_reference))

    def _call_delegate(self, target: nodes.Expression, arguments: Sequence[nodes.Expression]) -> ast.expr:
        if self.known_not_null(target) or not can_be_seen(arguments):
            return call(self.checked_receiver(target), *self._arguments(arguments))
        steps: list[ast.expr] = []
        held, read = self._held(target, arguments, steps)
        return last_of(*steps, call(self._or_null_reference(held), *read))

    def _arguments(self, arguments: Sequence[nodes.Expression]) -> list[ast.expr]:
        """Arguments, evaluated in the order in which they are written when names change it."""
        places = [a.syntax.start for a in arguments if not a.is_constant]
        if places == sorted(places):
            return [self.emit(argument) for argument in arguments]
        order = sorted(range(len(arguments)), key=lambda index: arguments[index].syntax.start)
        names = [self.fresh() for _ in arguments]
        first, *others = [walrus(names[index], self.emit(arguments[index])) for index in order]
        made: list[ast.expr] = [load(name) for name in names]
        # The first argument that Python evaluates evaluates all of them.
        made[0] = last_of(first, *others, made[0])
        return made

    def _delegate_or_missing(self, node: nodes.Call) -> ast.expr:
        """`f.Invoke(x)` on a delegate; everything else without an implementation fails by name when it is reached."""
        method, receiver = node.method, node.receiver
        if method.name == "Invoke" and receiver is not None and method.container.kind == "delegate":
            return self._call_delegate(receiver, node.arguments)
        return self.missing(method)

    def _nullable_call(self, node: nodes.Call) -> ast.expr:
        """Members of `T?`, whose run-time value is None or the value itself."""
        receiver = node.receiver
        if receiver is None:
            raise NotSimulatedError(full_name(node.method))
        inner = receiver.type.underlying or receiver.type
        name = self.fresh()
        value = walrus(name, self.emit(receiver))
        if node.method.name == "GetValueOrDefault":
            default = (
                self.emit(node.arguments[0])
                if node.arguments
                else self.run(arrays.default_value, self.type_constant(inner))
            )
            return conditional(is_not_none(value), load(name), default)
        found = implementation_of(node.method)
        if found is None:
            return self.missing(node.method)
        boxed = last_of(value, conditional(is_none(load(name)), constant(None), self.boxed(load(name), inner)))
        return self._invoke(found, node.method, boxed, [self.emit(a) for a in node.arguments], ())

    def emit_member_call(
        self, method: Method, receiver: ast.expr | None, arguments: list[ast.expr], type_arguments: tuple[Type, ...]
    ) -> ast.expr:
        """A call whose parts are emitted already: operators and conversions."""
        found = implementation_of(method)
        if found is None:
            return self.missing(method)
        return self._invoke(found, method, receiver, arguments, type_arguments)

    def emit_deconstruct_call(self, node: nodes.DeconstructCall) -> ast.expr:
        if node.method.is_static:
            return self.emit_member_call(node.method, None, [self.emit(node.receiver)], ())
        return self.emit_member_call(node.method, self.checked_receiver(node.receiver), [], ())

    def emit_delegate_call(self, node: nodes.DelegateCall) -> ast.expr:
        called = node.target.function if isinstance(node.target, nodes.MethodGroup) else None
        if called is not None and called.returns_reference:
            return self._call_for_reference(node, called)
        if any(mode in ("ref", "out") for mode in node.modes):
            return self._call_with_outputs(node)
        if isinstance(node.target, nodes.MethodGroup) and node.target.function is not None:
            return call(load(self.symbol_name(node.target.function)), *self._arguments(node.arguments))
        return self._call_delegate(node.target, node.arguments)

    def _call_for_reference(self, node: nodes.DelegateCall, function: LocalFunctionSymbol) -> ast.expr:
        """A function that returns by reference takes its ref and out arguments as references."""
        passed = [
            self.reference_to(argument) if mode in ("ref", "out") else self.emit(argument)
            for mode, argument in zip(node.modes, node.arguments, strict=True)
        ]
        return call(load(self.symbol_name(function)), *passed)

    def _call_with_outputs(self, node: nodes.DelegateCall) -> ast.expr:
        """A local function with ref or out parameters returns them after its result, as library functions do."""
        if not isinstance(node.target, nodes.MethodGroup) or node.target.function is None:
            raise NotSimulatedError("delegates with ref or out parameters")
        passed, outputs = [], []
        steps: list[ast.expr] = []
        for mode, argument in zip(node.modes, node.arguments, strict=True):
            if mode in ("ref", "out"):
                argument = self._once(argument, steps)
                outputs.append(argument)
            if mode != "out":
                passed.append(argument)
        made: ast.expr = call(load(self.symbol_name(node.target.function)), *self._arguments(passed))
        made = last_of(*steps, made) if steps else made
        return self.with_outputs(made, outputs, is_void=node.type is VOID)

    def emit_interpolated_string(self, node: nodes.InterpolatedString) -> ast.expr:
        parts: list[ast.expr] = []
        for part in node.parts:
            if isinstance(part, str):
                parts.append(constant(part))
            elif part.alignment is None and part.format is None:
                value = part.value
                is_text = isinstance(value, nodes.Convert) and value.operand.type in (STRING, CHAR)
                parts.append(self.emit_text(value.operand if is_text and isinstance(value, nodes.Convert) else value))
            else:
                parts.append(
                    self.run(format_item, self.emit(part.value), constant(part.alignment or 0), constant(part.format))
                )
        return self.joined(parts)

    # ------------------------------------------------------------------------------------------ conditionals

    def emit_conditional(self, node: nodes.Conditional) -> ast.expr:
        return conditional(self.emit(node.condition), self.emit(node.when_true), self.emit(node.when_false))

    def emit_coalesce(self, node: nodes.Coalesce) -> ast.expr:
        name = self.fresh()
        self.with_placeholder(node.placeholder, name, not_null=True)
        left = walrus(name, self.emit(node.left))
        return conditional(is_not_none(left), self.emit(node.value), self.emit(node.right))

    def emit_conditional_access(self, node: nodes.ConditionalAccess) -> ast.expr:
        name = self.fresh()
        self.with_placeholder(node.placeholder, name, not_null=True)
        receiver = walrus(name, self.emit(node.receiver))
        return conditional(is_none(receiver), constant(None), self.emit(node.access))


def full_name(member: Member) -> str:
    """`System.Uri.new(string uriString)`: how a missing member is called in messages and in the docs."""
    return f"{member.declaring.name}: {member.signature}"
