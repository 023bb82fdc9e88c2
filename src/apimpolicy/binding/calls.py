"""Calls, indexing and method groups (C# specification, sections 12.8.9, 12.8.11 and 10.8)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.binding import complaints, lookup
from apimpolicy.binding.access import AccessBinder
from apimpolicy.binding.conversions import is_reference, same, standard_implicit
from apimpolicy.binding.nodes import (
    ArrayAccess,
    ArrayCreation,
    Bad,
    Call,
    DelegateCall,
    Dynamic,
    Expression,
    FieldAccess,
    IndexerAccess,
    Literal,
    Local,
    MethodGroup,
    MethodReference,
    NamespaceReference,
    OutVariable,
    Placeholder,
    PropertyAccess,
    TypeReference,
)
from apimpolicy.binding.overloads import Argument, Candidate, resolve
from apimpolicy.binding.symbols import LocalSymbol
from apimpolicy.binding.unbound import UnboundLambda
from apimpolicy.dotnet.signatures import Method, Parameter, Property
from apimpolicy.dotnet.types import (
    DYNAMIC,
    ERROR,
    ArrayType,
    NamedType,
    SpecialType,
    Type,
)
from apimpolicy.dotnet.values import INT, LONG, OBJECT, STRING, UINT, ULONG, VOID
from apimpolicy.syntax.literals import identifier_name
from apimpolicy.syntax.nodes import Node, Token

if TYPE_CHECKING:
    from collections.abc import Sequence

    from apimpolicy.syntax.nodes import Child


class CallBinder(AccessBinder):
    """Everything with arguments."""

    # ---------------------------------------------------------------------------------------------- calls

    def bind_arguments(self, node: Child) -> list[Argument]:
        """The arguments of a call, in order, not converted yet."""
        if node is None:
            return []
        return [self._argument(child) for child in node.children]  # type: ignore[union-attr, arg-type]

    def _argument(self, node: Node) -> Argument:
        name, modifier, value = node.children
        mode = modifier.text if modifier is not None else ""  # type: ignore[union-attr]
        if value.kind == "declaration_expression":  # type: ignore[union-attr]
            return Argument(self._out_declaration(value), value, mode, name)  # type: ignore[arg-type]
        if (
            mode == "out"
            and value.kind == "identifier"  # type: ignore[union-attr]
            and value.children[0].text == "_"  # type: ignore[union-attr]
            and self.scope.find("_") is None
        ):
            return Argument(OutVariable(value, ERROR, None), value, mode, name)  # type: ignore[arg-type]
        expression = self.bind_value(value)
        if mode in ("ref", "out") and not isinstance(expression, (Local, ArrayAccess, FieldAccess, Bad)):
            expression = self.failure(
                value,
                "CS1510",
                f"'{mode}' needs a variable",
            )
        return Argument(expression, value, mode, name)  # type: ignore[arg-type]

    def _out_declaration(self, node: Node) -> Expression:
        type_node, designation = node.children
        if not isinstance(designation, Token):
            return self.failure(node, "CS8199", "a deconstruction cannot stand here")
        name = identifier_name(designation.text)
        is_var = self.is_var(type_node)
        type_ = ERROR if is_var else self.bind_type(type_node)
        if name == "_":
            return OutVariable(node, type_, None)
        symbol = LocalSymbol(name, type_, "local", designation, self.scope.function)
        self.declare(symbol, designation)
        return OutVariable(node, type_, symbol)

    def declare(self, symbol: LocalSymbol, where: Node | Token) -> None:
        raise NotImplementedError

    def bind_invocation(self, node: Node) -> Expression:
        chain = self._bind_chain(node)
        if chain is not None:
            return chain
        target, arguments_node = node.children
        if _is_nameof(target) and self.scope.find("nameof") is None:
            return self._nameof(node, arguments_node)
        callee = self.bind_receiver(target)
        arguments = self.bind_arguments(arguments_node)
        if isinstance(callee, Bad):
            return callee
        if isinstance(callee, MethodGroup):
            if callee.function is not None:
                return self._call_local_function(node, callee, arguments)
            return self.call_group(node, callee, arguments)
        if isinstance(callee, (TypeReference, NamespaceReference)):
            shown = complaints.shown(callee.type) if isinstance(callee, TypeReference) else callee.name
            return self.failure(
                target,
                "CS1955",
                f"'{shown}' is a type and cannot be called",
                help="write 'new' before it to make an object",
            )
        if callee.type is DYNAMIC:
            return Dynamic(node, DYNAMIC, callee)
        signature = lookup.delegate_signature(callee.type)
        if signature is None:
            name = _name_token(target)
            if isinstance(callee, (PropertyAccess, FieldAccess)) and name is not None:
                return self.failure(
                    name,
                    "CS1955",
                    f"'{name.text}' is not a method and cannot be called",
                    help="leave out the parentheses",
                )
            return self.failure(node, "CS0149", "only a method or a delegate can be called")
        return self._call_delegate(node, callee, signature, arguments)

    def _nameof(self, node: Node, arguments: Child) -> Expression:
        children = arguments.children if arguments is not None else []  # type: ignore[union-attr]
        if len(children) != 1:
            return self.failure(node, "CS8081", "'nameof' takes one name")
        operand = children[0].children[2]  # type: ignore[union-attr]
        while operand.kind == "parenthesized":  # type: ignore[union-attr]
            operand = operand.children[0]  # type: ignore[union-attr]
        token = _name_token(operand)
        if token is None:
            return self.failure(operand, "CS8081", "'nameof' takes a name")
        reported = len(self.diagnostics)
        bound = self.bind(operand)
        if isinstance(bound, Bad) and [d.code for d in self.diagnostics[reported:]] == ["CS0120"]:
            del self.diagnostics[reported:]  # nameof(string.Length) names an instance member
        elif isinstance(bound, Bad):
            return bound
        return Literal(node, STRING, identifier_name(token.text))

    def call_group(self, node: Node, group: MethodGroup, arguments: list[Argument]) -> Expression:
        """Call a method group: its own methods first, then extension methods."""
        if any(isinstance(a.expression, Bad) for a in arguments):
            return self._call_with_bad_arguments(node, group, arguments)
        own = None
        if group.methods:
            own = resolve(group.methods, arguments, group.type_arguments, self)
            if own.best is not None:
                return self._finish_call(node, group, own.best, arguments, group.receiver)
            if own.ambiguous is not None:
                return complaints.ambiguous_call(self, node, group, own)
        receiver = group.receiver
        if group.extensions and receiver is not None and not isinstance(receiver, TypeReference):
            with_receiver = [Argument(receiver, receiver.syntax), *arguments]
            found = resolve(group.extensions, with_receiver, group.type_arguments, self, is_extension_call=True)
            if found.best is not None:
                return self._finish_call(node, group, found.best, with_receiver, None)
            if found.ambiguous is not None:
                return complaints.ambiguous_call(self, node, group, found)
            if own is None:
                return complaints.no_extension(self, node, group, found, arguments)
        if own is None:
            return self.bad(node)
        return complaints.no_overload(self, node, group, own, arguments)

    def _call_with_bad_arguments(self, node: Node, group: MethodGroup, arguments: list[Argument]) -> Expression:
        """An argument is already reported: stay silent, but find the out variables their types."""
        for argument in arguments:
            if isinstance(argument.expression, UnboundLambda):
                self.bind_for_errors(argument.expression)
        return self.bad(node)

    def bind_for_errors(self, unbound: UnboundLambda) -> None:
        raise NotImplementedError

    def _finish_call(
        self,
        node: Node,
        group: MethodGroup,
        candidate: Candidate,
        arguments: Sequence[Argument],
        receiver: Expression | None,
    ) -> Expression:
        method = candidate.method
        is_type = isinstance(receiver, TypeReference)
        if receiver is not None and method.is_static and not is_type:
            receiver_name = complaints.shown(receiver.type)
            return self.failure(
                node,
                "CS0176",
                f"'{method.name}' belongs to the type '{receiver_name}', not to a value of it",
                help=f"write {receiver_name}.{method.name}(…)",
            )
        if is_type and not method.is_static:
            return self.failure(
                node.children[0],
                "CS0120",
                f"'{method.name}' belongs to a value of '{complaints.shown(method.container)}', not to the type itself",
            )
        values = self.finish_arguments(node, candidate, arguments)
        returns = candidate.returns()
        bound_receiver = None if method.is_static else receiver
        return Call(node, returns, bound_receiver, method, values, candidate.type_arguments)

    def finish_arguments(self, node: Node, candidate: Candidate, arguments: Sequence[Argument]) -> list[Expression]:
        """Convert the arguments and put them in parameter order; fill in defaults and the params array."""
        by_parameter: dict[int, Expression] = {}
        expanded: list[Expression] = []
        for argument, parameter, conversion in zip(arguments, candidate.targets, candidate.conversions, strict=True):
            value = self._finish_argument(argument, parameter, conversion)
            if parameter.mode == "expanded":
                expanded.append(value)
            else:
                by_parameter[id(parameter)] = value
        values: list[Expression] = []
        for parameter in candidate.parameters:
            if parameter.mode == "expanded":
                continue
            given = by_parameter.get(id(parameter))
            values.append(given if given is not None else self._default_argument(node, parameter))
        if candidate.is_expanded:
            last = candidate.method.parameters[-1].type
            if candidate.type_arguments:
                last = last.substitute(
                    dict(zip(candidate.method.type_parameters, candidate.type_arguments, strict=True))
                )
            if isinstance(last, ArrayType):
                values.append(ArrayCreation(node, last, (), expanded))
        return values

    def _finish_argument(self, argument: Argument, parameter: Parameter, conversion: Any) -> Expression:
        expression = argument.expression
        if isinstance(expression, OutVariable):
            if expression.type is ERROR:
                expression.type = parameter.type
                if expression.symbol is not None:
                    expression.symbol.type = parameter.type
            return expression
        if argument.mode in ("ref", "out"):
            return expression
        if conversion is None:
            return self.convert(expression, parameter.type)
        return self.apply(expression, parameter.type, conversion)

    def _default_argument(self, node: Node, parameter: Parameter) -> Expression:
        value = parameter.default
        if isinstance(parameter.type, NamedType) and parameter.type.kind == "enum" and isinstance(value, str):
            value = parameter.type.definition.enum_values.get(value, 0)
        if value is None and not is_reference(parameter.type):
            return self.default_value(node, parameter.type)
        return Literal(node, parameter.type, value)

    def _call_delegate(
        self, node: Node, target: Expression, signature: Method, arguments: list[Argument]
    ) -> Expression:
        if any(isinstance(a.expression, Bad) for a in arguments):
            return self.bad(node)
        found = resolve([signature], arguments, (), self)
        if found.best is None:
            return complaints.bad_delegate_call(self, node, target, found, arguments)
        values = self.finish_arguments(node, found.best, arguments)
        modes = [p.mode for p in signature.parameters]
        return DelegateCall(node, signature.returns, target, values, modes)

    def _call_local_function(self, node: Node, group: MethodGroup, arguments: list[Argument]) -> Expression:
        function = group.function
        if function is None or any(isinstance(a.expression, Bad) for a in arguments):
            return self.bad(node)
        signature = Method(OBJECT.definition, function.name, function.name, True, function.returns, function.parameters)
        found = resolve([signature], arguments, (), self)
        if found.best is None:
            return complaints.no_overload(
                self,
                node,
                MethodGroup(group.syntax, group.type, function.name, None, [signature], (), ()),
                found,
                arguments,
            )
        values = self.finish_arguments(node, found.best, arguments)
        return DelegateCall(node, function.returns, group, values, [p.mode for p in function.parameters])

    # ------------------------------------------------------------------------------------------- indexing

    def bind_element_access(self, node: Node) -> Expression:
        chain = self._bind_chain(node)
        if chain is not None:
            return chain
        receiver = self.require_typed(self.require_value(self.bind_receiver(node.children[0])))
        arguments = self.bind_arguments(node.children[1])
        if isinstance(receiver, Bad) or any(isinstance(a.expression, Bad) for a in arguments):
            return self.bad(node)
        return self.index(node, receiver, arguments)

    def index(self, node: Node, receiver: Expression, arguments: list[Argument]) -> Expression:
        """`receiver[arguments]` on an array or through an indexer."""
        type_ = receiver.type
        if type_ is DYNAMIC:
            return Dynamic(node, DYNAMIC, receiver)
        if isinstance(type_, ArrayType):
            if len(arguments) != type_.rank:
                return self.failure(
                    node,
                    "CS0022",
                    f"'{type_}' takes {type_.rank} index{'es' * (type_.rank != 1)}, not {len(arguments)}",
                )
            return ArrayAccess(node, type_.element, receiver, [self._array_index(a) for a in arguments])
        found = lookup.indexers(type_) if not isinstance(type_, SpecialType) else []
        if not found:
            return self.failure(
                node, "CS0021", f"a value of type '{complaints.shown(type_)}' cannot be indexed with []"
            )
        getters = {id(m): p for p in found for m in [_as_method(p)]}
        methods = [_as_method(p) for p in found]
        getters = {id(m): p for m, p in zip(methods, found, strict=True)}
        resolution = resolve(methods, arguments, (), self)
        if resolution.best is None:
            return complaints.no_indexer(self, node, type_, resolution, arguments)
        values = self.finish_arguments(node, resolution.best, arguments)
        property_ = getters[id(resolution.best.method)]
        return IndexerAccess(node, property_.type, receiver, property_, values)

    def _array_index(self, argument: Argument) -> Expression:
        for type_ in (INT, UINT, LONG, ULONG):
            conversion = self.classify(argument.expression, type_)
            if conversion is not None:
                return self.apply(argument.expression, type_, conversion)
        return self.convert(argument.expression, INT)

    # ---------------------------------------------------------------------------------------- method groups

    def method_group_target(self, group: MethodGroup, target: Type) -> MethodReference | None:
        """The method of a group that a delegate type selects (section 10.8)."""
        signature = lookup.delegate_signature(target)
        if signature is None:
            return None
        arguments = [
            Argument(Placeholder(group.syntax, p.type), group.syntax, p.mode if p.mode in ("ref", "out") else "")
            for p in signature.parameters
        ]
        if group.function is not None:
            function = group.function
            types = [p.type for p in function.parameters]
            if len(types) != len(arguments) or not all(
                standard_implicit(a.expression.type, t) for a, t in zip(arguments, types, strict=True)
            ):
                return None
            method = Method(OBJECT.definition, function.name, "", True, function.returns, function.parameters)
            return MethodReference(group.syntax, target, group, method, ())
        found = resolve(group.methods, arguments, group.type_arguments, self) if group.methods else None
        receiver = group.receiver
        if (found is None or found.best is None) and group.extensions and receiver is not None:
            with_receiver = [Argument(receiver, receiver.syntax), *arguments]
            found = resolve(group.extensions, with_receiver, group.type_arguments, self, is_extension_call=True)
        if found is None or found.best is None or found.best.is_expanded:
            return None
        returns = found.best.returns()
        if signature.returns is VOID:
            if returns is not VOID:
                return None
        elif not (same(returns, signature.returns) or _reference(returns, signature.returns)):
            return None
        return MethodReference(group.syntax, target, receiver, found.best.method, found.best.type_arguments)

    def method_group_return_type(self, group: MethodGroup, parameters: tuple[Type, ...]) -> Type | None:
        """The return type when called with arguments of these types; for inference."""
        if group.function is not None:
            return group.function.returns
        arguments = [Argument(Placeholder(group.syntax, t), group.syntax) for t in parameters]
        found = resolve(group.methods, arguments, group.type_arguments, self) if group.methods else None
        return found.best.returns() if found is not None and found.best is not None else None


def _reference(source: Type, target: Type) -> bool:
    conversion = standard_implicit(source, target)
    return conversion is not None and conversion.kind in ("identity", "reference")


def _as_method(property_: Property) -> Method:
    method = Method(
        property_.declaring, property_.name, property_.signature, False, property_.type, property_.parameters
    )
    method.container = property_.container
    return method


def _is_nameof(node: Child) -> bool:
    return (
        isinstance(node, Node) and node.kind == "identifier" and node.children[0].text == "nameof"  # type: ignore[union-attr]
    )


def _name_token(node: Child) -> Token | None:
    """The last name of a simple or dotted name."""
    if isinstance(node, Node) and node.kind in ("identifier", "member_access", "conditional_member_access"):
        token = node.children[0] if node.kind == "identifier" else node.children[1]
        return token if isinstance(token, Token) else None
    return None
