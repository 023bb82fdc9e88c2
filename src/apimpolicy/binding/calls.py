"""Calls, indexing and method groups (C# specification, sections 12.8.9, 12.8.11 and 10.8)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.binding import complaints, lookup
from apimpolicy.binding.arguments import ArgumentBinder
from apimpolicy.binding.conversions import is_reference
from apimpolicy.binding.nodes import (
    AnonymousMember,
    ArrayAccess,
    ArrayCreation,
    Bad,
    Call,
    DelegateCall,
    Dereference,
    Expression,
    FieldAccess,
    IndexerAccess,
    Literal,
    MethodGroup,
    NamespaceReference,
    OutVariable,
    PropertyAccess,
    TupleElement,
    TypeReference,
)
from apimpolicy.binding.overloads import Argument, Candidate, Resolution, resolve
from apimpolicy.binding.spelling import shown
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

    from apimpolicy.binding.symbols import LocalFunctionSymbol
    from apimpolicy.syntax.nodes import Child


class CallBinder(ArgumentBinder):
    """Everything with arguments."""

    # ---------------------------------------------------------------------------------------------- calls

    def bind_invocation(self, node: Node) -> Expression:
        chain = self._bind_chain(node)
        if chain is not None:
            return chain
        target, arguments_node = node.children
        if _is_nameof(target, arguments_node) and self.scope.find("nameof") is None:
            return self._nameof(node, arguments_node)
        self._called = target
        callee = self.bind_receiver(target)
        arguments = self.bind_arguments(arguments_node)
        if isinstance(callee, Bad):
            self._settle_arguments(arguments)
            return self.bad(node)
        if isinstance(callee, MethodGroup):
            if callee.function is not None:
                return self._call_local_function(node, callee, arguments)
            return self.call_group(node, callee, arguments)
        if isinstance(callee, (TypeReference, NamespaceReference)):
            if isinstance(callee, NamespaceReference):
                return self.failure(target, "CS0118", f"'{callee.name}' is a namespace but is used like a variable")
            return self.failure(
                target,
                "CS1955",
                f"'{shown(callee.type)}' is a type and cannot be called",
                help="write 'new' before it to make an object",
            )
        if callee.type is DYNAMIC:
            return self.dynamic_invocation(node, callee, arguments)
        signature = lookup.delegate_signature(callee.type)
        if signature is None:
            name = _name_token(target)
            members = (PropertyAccess, FieldAccess, TupleElement, AnonymousMember)
            if isinstance(callee, members) and name is not None:
                return complaints.not_invocable(self, name, name.text)
            return self.failure(node, "CS0149", "only methods and delegates can be called")
        return self._call_delegate(node, callee, signature, arguments)

    def _dynamic_call(self, node: Node, group: MethodGroup, arguments: list[Argument]) -> Expression:
        """A call of a known method with a dynamic argument: the overload is chosen when it runs."""
        own = resolve(group.methods, arguments, group.type_arguments, self) if group.methods else None
        if own is not None and own.best is None and own.ambiguous is None:
            return complaints.no_overload(self, node, group, own, arguments)
        if own is None:
            return self.failure(
                node.children[0], "CS1973", f"the extension method '{group.name}' cannot be called with a dynamic value"
            )
        receiver = group.receiver
        receivers = [] if receiver is None or isinstance(receiver, TypeReference) else [receiver]
        return self.dynamic_operation(node, "call", receivers, group, arguments)

    def _nameof(self, node: Node, arguments: Child) -> Expression:
        operand = arguments.children[0].children[2]  # type: ignore[union-attr]
        while operand.kind == "parenthesized":  # type: ignore[union-attr]
            operand = operand.children[0]  # type: ignore[union-attr]
        token = _name_token(operand)
        if operand.kind == "hole":  # type: ignore[union-attr]
            return self.bad(self.bind(operand).syntax, STRING)
        if token is None:
            return self.failure(operand, "CS8081", "'nameof' must be given a name")
        wrong = _no_name_in(operand)
        if wrong is not None:
            return self.failure(wrong, "CS8082", "'nameof' can only be given names separated by dots")
        reported = len(self.diagnostics)
        bound = self.bind(operand)
        if isinstance(bound, MethodGroup) and bound.type_arguments:
            return self.failure(operand, "CS8084", "type arguments can't be used on a method name in 'nameof'")
        if isinstance(bound, Bad) and [d.code for d in self.diagnostics[reported:]] == ["CS0120"]:
            del self.diagnostics[reported:]  # nameof(string.Length) names an instance member
        elif isinstance(bound, Bad):
            return bound
        return Literal(node, STRING, identifier_name(token.text))

    def call_group(self, node: Node, group: MethodGroup, arguments: list[Argument]) -> Expression:
        """Call a method group: its own methods first, then extension methods."""
        if any(isinstance(a.expression, Bad) for a in arguments):
            return self._call_with_bad_arguments(node, [*group.methods, *group.extensions], arguments)
        if any(a.expression.type is DYNAMIC for a in arguments):
            return self._dynamic_call(node, group, arguments)
        own = None
        if group.methods:
            own = resolve(group.methods, arguments, group.type_arguments, self)
            if own.best is not None:
                return self._finish_call(node, group, own.best, arguments, group.receiver)
            if own.ambiguous is not None:
                return complaints.ambiguous_call(self, node, group, own, arguments)
        receiver = group.receiver
        if group.extensions and receiver is not None and not isinstance(receiver, TypeReference):
            with_receiver = [Argument(receiver, receiver.syntax), *arguments]
            found = self._resolve_extension(group, with_receiver)
            if found.best is not None:
                return self._finish_call(node, group, found.best, with_receiver, None)
            if found.ambiguous is not None:
                return complaints.ambiguous_call(self, node, group, found, with_receiver)
            if own is None:
                return complaints.no_extension(self, node, group, found, arguments)
        if own is None:
            return self.bad(node)
        return complaints.no_overload(self, node, group, own, arguments)

    def _resolve_extension(self, group: MethodGroup, arguments: Sequence[Argument]) -> Resolution:
        """The extension method that a call means: `arguments` begin with the receiver."""
        found = resolve(group.extensions, arguments, group.type_arguments, self, is_extension_call=True)
        outer = lookup.outer_extension_methods(group.name) if found.best is None and found.ambiguous is None else ()
        if outer:
            further = resolve(outer, arguments, group.type_arguments, self, is_extension_call=True)
            return further if further.best is not None else found
        return found

    def _call_with_bad_arguments(self, node: Node, methods: Sequence[Method], arguments: list[Argument]) -> Expression:
        """An argument is already reported: nothing is said about the call, whose type all methods may agree about."""
        self._settle_arguments(arguments)
        returns = {method.returns for method in methods}
        is_known = len(returns) == 1 and VOID not in returns and not any(m.type_parameters for m in methods)
        return self.bad(node, returns.pop() if is_known else ERROR)

    def _settle_arguments(self, arguments: list[Argument]) -> None:
        """Of a call that is unknown: what is wrong in its lambdas; its out variables are of the error type."""
        for argument in arguments:
            expression = argument.expression
            if isinstance(expression, UnboundLambda):
                self.bind_for_errors(expression)
            elif isinstance(expression, OutVariable) and expression.symbol is not None:
                expression.symbol.awaits_type = False

    def bind_for_errors(self, unbound: UnboundLambda) -> None:
        raise NotImplementedError

    def report_lambda_bodies(self, arguments: Sequence[Argument]) -> bool:
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
            receiver_name = shown(receiver.type)
            return self.failure(
                node,
                "CS0176",
                f"'{method.name}' is a static method: call it through the type '{receiver_name}'",
                help=f"write {receiver_name}.{method.name}(…)",
            )
        if is_type and not method.is_static:
            return self.failure(
                node.children[0],
                "CS0120",
                f"'{method.name}' is an instance method of '{shown(method.container)}': it needs a value, not the type",
            )
        values = self.finish_arguments(node, candidate, arguments)
        returns = candidate.returns()
        if returns is ERROR:  # inferred from an argument that is reported
            return self.bad(node)
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
                    expression.symbol.awaits_type = False
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
            return self._call_with_bad_arguments(node, [signature], arguments)
        found = resolve([signature], arguments, (), self)
        if found.best is None:
            return complaints.bad_delegate_call(self, node, target, found, arguments)
        values = self.finish_arguments(node, found.best, arguments)
        modes = [p.mode for p in signature.parameters]
        return DelegateCall(node, signature.returns, target, values, modes)

    def _call_local_function(self, node: Node, group: MethodGroup, arguments: list[Argument]) -> Expression:
        function = group.function
        if function is None:
            return self.bad(node)
        signature = signature_of(function)
        if any(isinstance(a.expression, Bad) for a in arguments):
            return self._call_with_bad_arguments(node, [signature], arguments)
        found = resolve([signature], arguments, group.type_arguments, self)
        if found.best is None:
            return complaints.no_overload(
                self,
                node,
                MethodGroup(group.syntax, group.type, function.name, None, [signature], (), ()),
                found,
                arguments,
            )
        values = self.finish_arguments(node, found.best, arguments)
        if function.type_parameters:
            function = self.instance_of(function, found.best.type_arguments)
            group = MethodGroup(group.syntax, group.type, function.name, None, (), (), (), function)
        call = DelegateCall(node, function.returns, group, values, [p.mode for p in function.parameters])
        if not function.returns_reference:
            return call
        for parameter, value in zip(function.parameters, values, strict=True):
            if parameter.mode:
                self.mark_referenced(value)
        return Dereference(node, function.returns, call)

    def method_group_return_type(self, group: MethodGroup, parameters: tuple[Type, ...]) -> Type | None:
        raise NotImplementedError

    def instance_of(self, function: LocalFunctionSymbol, types: tuple[Type, ...]) -> LocalFunctionSymbol:
        raise NotImplementedError

    def mark_referenced(self, target: Expression) -> None:
        raise NotImplementedError

    # ------------------------------------------------------------------------------------------- indexing

    def bind_element_access(self, node: Node) -> Expression:
        chain = self._bind_chain(node)
        return chain if chain is not None else self._bind_index(node)

    def bind_conditional_element_access(self, node: Node) -> Expression:
        if self._receiver is not None and node.children[0] is self._receiver[0]:
            return self._bind_index(node)
        return self._bind_chain(node) or self.bad(node)

    def _bind_index(self, node: Node) -> Expression:
        created, written = node.node(0), node.node(1)
        if created.kind == "array_creation" and created.children[-1] is None:
            help = "only the first size of an array of arrays is written: new int[2][]"
            return self.failure(written.node(0), "CS0178", "',' or ']' expected", help=help)
        receiver = self.require_typed(self.require_value(self.bind_receiver(node.children[0])))
        arguments = self.bind_arguments(node.children[1])
        if isinstance(receiver, Bad) or any(isinstance(a.expression, Bad) for a in arguments):
            return self.bad(node, self._index_type(receiver.type))
        return self.index(node, receiver, arguments)

    def _index_type(self, type_: Type) -> Type:
        """What an index of a type gives, whatever stands in the brackets; the error type when that is not known."""
        if isinstance(type_, ArrayType):
            return type_.element
        found = {property_.type for property_ in lookup.indexers(type_)} if isinstance(type_, NamedType) else set()
        return found.pop() if len(found) == 1 else ERROR

    def index(self, node: Node, receiver: Expression, arguments: list[Argument]) -> Expression:
        """`receiver[arguments]` on an array or through an indexer."""
        type_ = receiver.type
        if type_ is ERROR:
            return self.bad(node)
        if type_ is DYNAMIC:
            return self.dynamic_operation(node, "index", [receiver], None, arguments)
        if isinstance(type_, ArrayType):
            if len(arguments) != type_.rank:
                return self.failure(
                    node,
                    "CS0022",
                    f"'{shown(type_)}' needs {type_.rank} index{'es' * (type_.rank != 1)}, not {len(arguments)}",
                )
            return ArrayAccess(node, type_.element, receiver, [self._array_index(a) for a in arguments])
        found = lookup.indexers(type_) if not isinstance(type_, SpecialType) else []
        if not found:
            return self.failure(node, "CS0021", f"a value of type '{shown(type_)}' cannot be indexed with []")
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


def signature_of(function: LocalFunctionSymbol) -> Method:
    name = function.name
    parameters = () if function.is_instance else function.type_parameters
    return Method(OBJECT.definition, name, name, True, function.returns, function.parameters, parameters)


def _as_method(property_: Property) -> Method:
    method = Method(
        property_.declaring, property_.name, property_.signature, False, property_.type, property_.parameters
    )
    method.container = property_.container
    return method


def _no_name_in(operand: Child) -> Child:
    """What stands before a dot in the operand of `nameof` and is no name: a call, a literal."""
    while isinstance(operand, Node) and operand.kind in ("member_access", "conditional_member_access"):
        operand = operand.children[0]
    if isinstance(operand, Node) and operand.kind in _NO_NAMES:
        return operand
    return None


_NO_NAMES = frozenset(
    {
        *("invocation", "object_creation", "element_access", "string_literal", "integer_literal", "real_literal"),
        *("interpolated_string", "cast", "array_creation", "implicit_array_creation"),
    }
)


def _is_nameof(node: Child, arguments: Child) -> bool:
    """Whether a call is `nameof(…)`: it has one argument without a name (section 12.8.23)."""
    if not isinstance(node, Node) or node.kind != "identifier" or node.token(0).text != "nameof":
        return False
    written = arguments.nodes() if isinstance(arguments, Node) else []
    return len(written) == 1 and written[0].children[0] is None and written[0].children[1] is None


def _name_token(node: Child) -> Token | None:
    """The last name of a simple or dotted name."""
    if isinstance(node, Node) and node.kind in ("identifier", "member_access", "conditional_member_access"):
        token = node.children[0] if node.kind == "identifier" else node.children[1]
        return token if isinstance(token, Token) else None
    return None
