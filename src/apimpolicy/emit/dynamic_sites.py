"""Operations on `dynamic` values while they run (C# specification, section 12.3.3).

A site is one such operation in a policy. It sees the values, asks for their run-time types, and then does what the
compiler would have done with these types: the same binder binds the operation, the same emitter makes Python of it,
and what the binder refuses is a RuntimeBinderException. The result is kept per combination of types.

A JObject answers with its properties before its members, and a JValue counts as the value in it, as Newtonsoft.Json has
it.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from apimpolicy.binding import nodes
from apimpolicy.binding.access import access_member
from apimpolicy.binding.assignable import check_assignable
from apimpolicy.binding.calls import bind_indexed, call_delegate, call_group
from apimpolicy.binding.casts import cast
from apimpolicy.binding.core import Binder
from apimpolicy.binding.creation import construct
from apimpolicy.binding.lookup import delegate_signature
from apimpolicy.binding.operations import bind_operation, unary
from apimpolicy.binding.overloads import Argument
from apimpolicy.binding.type_relations import IDENTITY, UNBOXING, is_delegate
from apimpolicy.dotnet.environment import environment
from apimpolicy.dotnet.exceptions import DotnetException
from apimpolicy.dotnet.types import DYNAMIC, NULL, NamedType, Type
from apimpolicy.dotnet.values import OBJECT, STRING, VOID, type_of
from apimpolicy.emit.boxing import boxed_operand
from apimpolicy.emit.building import call, function_def, parameters
from apimpolicy.emit.core import Emitter
from apimpolicy.emit.dynamic_messages import message_for
from apimpolicy.emit.frames import EXCERPT, FILENAME_PREFIX
from apimpolicy.syntax import literals

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from apimpolicy.dotnet.types import Type
    from apimpolicy.text.source import Excerpt

_MOST_KEPT = 64
"""Combinations of types that a site remembers."""
_STEPS_TO_BIND = 200
"""Steps that binding costs, so that a loop whose types always change isn't cheap."""
_JOBJECT, _JVALUE, _JTOKEN = (f"Newtonsoft.Json.Linq.{name}" for name in ("JObject", "JValue", "JToken"))


class RuntimeBinderException(DotnetException):
    """The exception for an operation that the run-time types do not have."""

    type_name = "Microsoft.CSharp.RuntimeBinder.RuntimeBinderException"


class DynamicSite:
    """One dynamic operation; called with its operands, boxed."""

    __slots__ = ("_bound", "_excerpt", "_node", "_stores")

    def __init__(self, excerpt: Excerpt, node: nodes.Dynamic, *, stores: bool) -> None:
        self._excerpt = excerpt
        self._node = node
        self._stores = stores
        self._bound: dict[tuple[Type, ...], Callable[..., Any]] = {}

    def __call__(self, *values: Any) -> Any:
        """Return the result, boxed; of a conversion, as the static type has it."""
        node = self._node
        if node.operation == "convert" and values[0] is None and not _is_value(node.type):
            return None
        if node.operation in ("member", "invoke_member", "index", "invoke") and values[0] is None:
            raise RuntimeBinderException("Cannot perform runtime binding on a null reference")
        operands = [*node.operands, nodes.Placeholder(node.syntax, DYNAMIC)] if self._stores else node.operands
        types = tuple(_type_now(operand, value) for operand, value in zip(operands, values, strict=True))
        run = self._bound.get(types)
        if run is None:
            environment().step(_STEPS_TO_BIND)
            if len(self._bound) >= _MOST_KEPT:
                self._bound.clear()
            run = self._bound[types] = self._bind(operands, types)
        return run(*values)

    def _bind(self, operands: Any, types: tuple[Type, ...]) -> Callable[..., Any]:
        if self._node.operation == "binary" and str(types[0]) == _JVALUE:
            own = self._of_token(types)
            if own is not None:
                return own
        binder = _LateBinder(self._excerpt, self._node, operands, types)
        result = binder.bind_operation(stores=self._stores)
        if binder.diagnostics or isinstance(result, nodes.Bad):
            code = binder.diagnostics[0].code if binder.diagnostics else ""
            shown = types if binder.callee is None else (binder.callee, *types[1:])
            raise RuntimeBinderException(message_for(self._node, code, shown))
        if self._node.operation != "convert" and result.type is not VOID:
            result = binder.convert(result, OBJECT)
        return _compiled(self._excerpt, result, binder.placeholders)

    def _of_token(self, types: tuple[Type, ...]) -> Callable[..., Any] | None:
        """Return an operator that a JValue has by itself; what the values do not have fails as the compiler has it."""
        from apimpolicy.dotnet.json.dynamic_operators import OPERATORS, operate

        operator: Any = self._node.detail
        if self._node.syntax.kind.endswith("_increment"):
            refused = f"Operator '{operator * 2}' cannot be applied to operand of type '{types[0]}'"
            raise RuntimeBinderException(refused)
        if operator not in OPERATORS:
            return None

        def run(left: Any, right: Any) -> Any:
            result = operate(operator, left, right)
            if result is NotImplemented:
                raise RuntimeBinderException(message_for(self._node, "CS0019", types))
            return result

        return run


def _is_value(type_: Type) -> bool:
    return type_.is_value_type and type_.underlying is None


def _type_now(operand: nodes.Expression, value: Any) -> Type:
    """Return the type that an operand is bound with: its static one, or that of the value when it is dynamic."""
    if operand.type is not DYNAMIC:
        return operand.type
    return NULL if value is None else type_of(value)


class _LateBinder(Binder):
    """Binds one dynamic operation with the types of its operands."""

    def __init__(self, excerpt: Excerpt, node: nodes.Dynamic, operands: Any, types: tuple[Type, ...]) -> None:
        super().__init__(excerpt)
        self.node = node
        self.syntax: Any = node.syntax
        self.callee: Type | None = None
        """The type of the delegate that the operation calls."""
        self.placeholders = [nodes.Placeholder(operand.syntax, OBJECT) for operand in operands]
        parts = zip(operands, types, self.placeholders, strict=True)
        self.values = [self._operand(operand, type_, place) for operand, type_, place in parts]

    def _operand(self, operand: nodes.Expression, type_: Type, place: nodes.Placeholder) -> nodes.Expression:
        if operand.is_constant:
            return operand  # a constant keeps its conversions: `aByte = d + 1`
        if type_ is NULL:
            return nodes.Literal(operand.syntax, NULL, None)
        if type_ is OBJECT:
            return place
        how = UNBOXING if type_.is_value_type else IDENTITY
        return nodes.Convert(operand.syntax, type_, place, how, is_explicit=True)

    def bind_operation(self, *, stores: bool) -> nodes.Expression:
        late: Callable[[], nodes.Expression] = getattr(self, f"late_{self.node.operation}")
        if stores:
            *self.values, value = self.values
            target = late()
            if isinstance(target, nodes.Bad) or not check_assignable(self, target, self.syntax):
                return self.bad(self.syntax)
            converted = self.convert(value, target.type)
            return (
                converted
                if isinstance(converted, nodes.Bad)
                else nodes.Assignment(self.syntax, target.type, target, converted)
            )
        return late()

    def _arguments(self) -> list[Argument]:
        written = self.node.arguments
        values = self.values[len(self.values) - len(written) :]
        return [Argument(v, a.syntax, a.mode, a.name) for v, a in zip(values, written, strict=True)]

    def _name(self) -> str:
        return literals.identifier_name(self.node.detail.text)

    def late_member(self) -> nodes.Expression:
        receiver = self.values[0]
        if str(receiver.type) == _JOBJECT:
            return self._property_of(receiver)
        found = access_member(self, self.syntax, receiver, self.node.detail, None)
        if isinstance(found, nodes.MethodGroup):
            return self.failure(self.node.detail, "CS1061", "a method is not a value")
        return found

    def _property_of(self, receiver: nodes.Expression) -> nodes.Expression:
        name = nodes.Literal(self.syntax, STRING, self._name())
        return bind_indexed(self, self.syntax, receiver, [Argument(name, self.syntax)])

    def late_invoke_member(self) -> nodes.Expression:
        found = access_member(self, self.syntax, self.values[0], self.node.detail, None)
        if is_delegate(found.type):
            return self._call_value(found)
        if not isinstance(found, nodes.MethodGroup):
            return found if isinstance(found, nodes.Bad) else self.failure(self.syntax, "CS1955", "no method")
        if not found.methods:
            return self.failure(self.node.detail, "CS1061", "extension methods are not found when it runs")
        own = nodes.MethodGroup(
            found.syntax, found.type, found.name, found.receiver, found.methods, (), found.type_arguments
        )
        return call_group(self, self.syntax, own, self._arguments())

    def late_call(self) -> nodes.Expression:
        group: nodes.MethodGroup = self.node.detail
        has_receiver = len(self.values) > len(self.node.arguments)
        receiver = self.values[0] if has_receiver else group.receiver
        own = nodes.MethodGroup(group.syntax, group.type, group.name, receiver, group.methods, (), group.type_arguments)
        return call_group(self, self.syntax, own, self._arguments())

    def late_new(self) -> nodes.Expression:
        created = self.node.type
        assert isinstance(created, NamedType)
        return construct(self, self.syntax, self.syntax, created, self._arguments())

    def late_index(self) -> nodes.Expression:
        return bind_indexed(self, self.syntax, self.values[0], self._arguments())

    def late_invoke(self) -> nodes.Expression:
        return self._call_value(self.values[0])

    def _call_value(self, callee: nodes.Expression) -> nodes.Expression:
        """Return the call of a delegate, which knows its type."""
        signature = delegate_signature(callee.type)
        if signature is None:
            return self.failure(self.syntax, "CS0149", "no delegate")
        arguments = self._arguments()
        if len(arguments) != len(signature.parameters):
            return self.failure(self.syntax, "CS1593", "another number of arguments")
        self.callee = callee.type
        return call_delegate(self, self.syntax, callee, signature, arguments)

    def late_binary(self) -> nodes.Expression:
        left, right = self.values
        return bind_operation(self, self.syntax, self.node.detail, left, right)

    def late_unary(self) -> nodes.Expression:
        return unary(self, self.syntax, self.node.detail, self.values[0])

    def late_convert(self) -> nodes.Expression:
        value, target = self.values[0], self.node.type
        if self.node.detail or str(value.type) == _JVALUE:
            return cast(self, self.syntax, value, target)
        return self.convert(value, target)


def _compiled(excerpt: Excerpt, body: nodes.Expression, placeholders: list[nodes.Placeholder]) -> Callable[..., Any]:
    """Return a Python function of the operands."""
    emitter = Emitter(excerpt, recording=False)
    emitter.repeats = True
    names = [emitter.fresh("operand") for _ in placeholders]
    for placeholder, name in zip(placeholders, names, strict=True):
        emitter.with_placeholder(placeholder, name)
    statements = emitter.returning(body)
    made = emitter.at(function_def("operation", parameters(names), statements), body)
    module = ast.fix_missing_locations(ast.Module([made], []))
    code = compile(module, FILENAME_PREFIX + excerpt.source.path, "exec", dont_inherit=True)
    emitter.namespace[EXCERPT] = excerpt
    exec(code, emitter.namespace)
    operation: Callable[..., Any] = emitter.namespace["operation"]
    return operation


# -------------------------------------------------------------------------------------------- emission


def emit_dynamic(emitter: Emitter, node: nodes.Dynamic) -> ast.expr:
    return _at_site(emitter, node, [boxed_operand(emitter, operand) for operand in node.operands])


def store_dynamic(emitter: Emitter, target: nodes.Dynamic, value: ast.expr) -> ast.expr:
    """`d.Name = value`, `d[index] = value`; the value is boxed already."""
    operands = [boxed_operand(emitter, operand) for operand in target.operands]
    return _at_site(emitter, target, [*operands, value], stores=True)


def convert_dynamic(
    emitter: Emitter, node: nodes.Expression, value: ast.expr, target: Type, *, explicit: bool
) -> ast.expr:
    """Return a dynamic value as a value of a static type."""
    converting = nodes.Dynamic(node.syntax, target, "convert", (node,), explicit)
    return _at_site(emitter, converting, [value])


def _at_site(emitter: Emitter, node: nodes.Dynamic, values: Sequence[ast.expr], *, stores: bool = False) -> ast.expr:
    site = DynamicSite(emitter.excerpt, node, stores=stores)
    return emitter.at(call(emitter.bring(site, "site"), *values), node)
