"""Calls and indexing (C# specification, sections 12.8.9 and 12.8.11)."""

from __future__ import annotations

from collections.abc import Sequence

from apimpolicy.csharp.binding import advice, call_errors, lookup, nodes
from apimpolicy.csharp.binding.access import bind_chain, bind_receiver
from apimpolicy.csharp.binding.arguments import array_index, bind_arguments, finish_arguments, settle_arguments
from apimpolicy.csharp.binding.core import Binder
from apimpolicy.csharp.binding.functions import instance_of, signature_of
from apimpolicy.csharp.binding.nodes import Bad, Expression
from apimpolicy.csharp.binding.overloads import Argument, Candidate, Resolution, resolve
from apimpolicy.csharp.binding.references import mark_referenced
from apimpolicy.csharp.binding.reports import shown
from apimpolicy.csharp.dotnet.signatures import Method, Property
from apimpolicy.csharp.dotnet.types import ERROR, ArrayType, NamedType, SpecialType, Type
from apimpolicy.csharp.dotnet.values import STRING, VOID
from apimpolicy.csharp.syntax import shapes
from apimpolicy.csharp.syntax.literals import identifier_name
from apimpolicy.csharp.syntax.nodes import Child, Node, Token

# ---------------------------------------------------------------------------------------------- calls


def bind_invocation(binder: Binder, node: shapes.Invocation) -> Expression:
    chain = bind_chain(binder, node)
    if chain is not None:
        return chain
    target, arguments_node = node.target, node.arguments
    if _is_nameof(target, arguments_node) and binder.scope.find("nameof") is None:
        return _nameof(binder, node, arguments_node)
    binder.called = target
    callee = bind_receiver(binder, target)
    arguments = bind_arguments(binder, arguments_node)
    if isinstance(callee, Bad):
        binder.unfinished_call(node, (), arguments, None)
        settle_arguments(binder, arguments)
        return binder.bad(node)
    if isinstance(callee, nodes.MethodGroup):
        if callee.function is not None:
            return _call_local_function(binder, node, callee, arguments)
        return call_group(binder, node, callee, arguments)
    if isinstance(callee, (nodes.TypeReference, nodes.NamespaceReference)):
        if isinstance(callee, nodes.NamespaceReference):
            return binder.failure(target, "CS0118", f"'{callee.name}' is a namespace but is used like a variable")
        message = f"'{shown(callee.type)}' is a type and cannot be called"
        return binder.failure(target, "CS1955", message, help="write 'new' before it to make an object")
    signature = lookup.delegate_signature(callee.type)
    if signature is None:
        name = _name_token(target)
        members = (nodes.PropertyAccess, nodes.FieldAccess, nodes.TupleElement, nodes.AnonymousMember)
        if isinstance(callee, members) and name is not None:
            return call_errors.not_invocable(binder, name, name.text, callee.type)
        return binder.failure(node, "CS0149", "only methods and delegates can be called")
    return call_delegate(binder, node, callee, signature, arguments)


def _nameof(binder: Binder, node: Node, arguments: shapes.Arguments) -> Expression:
    operand = arguments.arguments[0].value
    while isinstance(operand, shapes.Parenthesized):
        operand = operand.expression
    token = _name_token(operand)
    if isinstance(operand, shapes.Hole):
        return binder.bad(binder.bind(operand).syntax, STRING)
    if token is None:
        return binder.failure(operand, "CS8081", "'nameof' must be given a name")
    wrong = _no_name_in(operand)
    if wrong is not None:
        return binder.failure(wrong, "CS8082", "'nameof' can only be given names separated by dots")
    reported = len(binder.diagnostics)
    bound = binder.bind(operand)
    if isinstance(bound, nodes.MethodGroup) and bound.type_arguments:
        return binder.failure(operand, "CS8084", "type arguments can't be used on a method name in 'nameof'")
    if isinstance(bound, Bad) and [d.code for d in binder.diagnostics[reported:]] == ["CS0120"]:
        del binder.diagnostics[reported:]  # nameof(string.Length) names an instance member
    elif isinstance(bound, Bad):
        return bound
    return nodes.Literal(node, STRING, identifier_name(token.text))


def call_group(binder: Binder, node: Node, group: nodes.MethodGroup, arguments: list[Argument]) -> Expression:
    """Call a method group: its own methods first, then extension methods."""
    if any(isinstance(a.expression, Bad) for a in arguments):
        methods = [*group.methods, *group.extensions]
        return _call_with_bad_arguments(binder, node, methods, arguments, group.receiver)
    own = None
    if group.methods:
        own = resolve(group.methods, arguments, group.type_arguments, binder)
        if own.best is not None:
            return finish_call(binder, node, group, own.best, arguments, group.receiver)
        if own.ambiguous is not None:
            return call_errors.ambiguous_call(binder, node, group, own, arguments)
    receiver = group.receiver
    if group.extensions and receiver is not None and not isinstance(receiver, nodes.TypeReference):
        with_receiver = [Argument(receiver, receiver.syntax), *arguments]
        extension = _resolve_extension(binder, group, with_receiver)
        if extension.best is not None:
            return finish_call(binder, node, group, extension.best, with_receiver, None)
        if extension.ambiguous is not None:
            return call_errors.ambiguous_call(binder, node, group, extension, with_receiver)
        if own is None:
            return call_errors.no_extension(binder, node, group, extension.candidates, arguments)
    if own is None:
        return binder.bad(node)
    return call_errors.no_overload(binder, node, group, own.candidates, arguments)


def _resolve_extension(binder: Binder, group: nodes.MethodGroup, arguments: Sequence[Argument]) -> Resolution:
    """Return the extension method that a call means: `arguments` begin with the receiver."""
    found = resolve(group.extensions, arguments, group.type_arguments, binder, is_extension_call=True)
    outer = lookup.outer_extension_methods(group.name) if found.best is None and found.ambiguous is None else ()
    if outer:
        further = resolve(outer, arguments, group.type_arguments, binder, is_extension_call=True)
        return further if further.best is not None else found
    return found


def _call_with_bad_arguments(
    binder: Binder, node: Node, methods: Sequence[Method], arguments: list[Argument], receiver: Expression | None = None
) -> Expression:
    """An argument is already reported: nothing is reported about the call, whose type all methods may agree about."""
    binder.unfinished_call(node, methods, arguments, receiver)
    settle_arguments(binder, arguments)
    returns = {method.returns for method in methods}
    is_known = len(returns) == 1 and VOID not in returns and not any(m.type_parameters for m in methods)
    return binder.bad(node, returns.pop() if is_known else ERROR)


def finish_call(
    binder: Binder,
    node: Node,
    group: nodes.MethodGroup,
    candidate: Candidate,
    arguments: Sequence[Argument],
    receiver: Expression | None,
) -> Expression:
    method = candidate.method
    is_type = isinstance(receiver, nodes.TypeReference)
    if receiver is not None and method.is_static and not is_type:
        receiver_name = shown(receiver.type)
        message = f"'{method.name}' is a static method: call it through the type '{receiver_name}'"
        return binder.failure(node, "CS0176", message, help=f"write {receiver_name}.{method.name}(…)")
    if is_type and not method.is_static:
        return binder.failure(
            _callee(node),
            "CS0120",
            f"'{method.name}' is an instance method of '{shown(method.container)}': it needs a value, not the type",
        )
    values = finish_arguments(binder, node, candidate, arguments)
    returns = candidate.returns()
    if returns is ERROR:  # inferred from an argument that is reported
        return binder.bad(node)
    bound_receiver = None if method.is_static else receiver
    return nodes.Call(node, returns, bound_receiver, method, tuple(values), candidate.type_arguments)


def call_delegate(
    binder: Binder, node: Node, target: Expression, signature: Method, arguments: list[Argument]
) -> Expression:
    if any(isinstance(a.expression, Bad) for a in arguments):
        return _call_with_bad_arguments(binder, node, [signature], arguments)
    found = resolve([signature], arguments, (), binder)
    if found.best is None:
        return call_errors.bad_delegate_call(binder, node, target, found.candidates[0], arguments)
    values = finish_arguments(binder, node, found.best, arguments)
    modes = [p.mode for p in signature.parameters]
    return nodes.DelegateCall(node, signature.returns, target, tuple(values), tuple(modes))


def _call_local_function(binder: Binder, node: Node, group: nodes.MethodGroup, arguments: list[Argument]) -> Expression:
    function = group.function
    if function is None:
        return binder.bad(node)
    signature = signature_of(function)
    if any(isinstance(a.expression, Bad) for a in arguments):
        return _call_with_bad_arguments(binder, node, [signature], arguments)
    resolved = resolve([signature], arguments, group.type_arguments, binder)
    if resolved.best is None:
        return call_errors.no_overload(binder, node, group, resolved.candidates, arguments)
    values = finish_arguments(binder, node, resolved.best, arguments)
    if function.type_parameters:
        function = instance_of(binder, function, resolved.best.type_arguments)
        group = nodes.MethodGroup(group.syntax, group.type, function.name, None, (), (), (), function)
    call = nodes.DelegateCall(
        node, function.returns, group, tuple(values), tuple([p.mode for p in function.parameters])
    )
    if not function.returns_reference:
        return call
    for parameter, value in zip(function.parameters, values, strict=True):
        if parameter.mode:
            mark_referenced(value)
    return nodes.Dereference(node, function.returns, call)


# ------------------------------------------------------------------------------------------- indexing


def bind_element_access(binder: Binder, node: shapes.ElementAccess) -> Expression:
    chain = bind_chain(binder, node)
    return chain if chain is not None else _bind_index(binder, node)


def bind_conditional_element_access(binder: Binder, node: shapes.ConditionalElementAccess) -> Expression:
    if binder.known_receiver is not None and node.receiver is binder.known_receiver[0]:
        return _bind_index(binder, node)
    return bind_chain(binder, node) or binder.bad(node)


def _bind_index(binder: Binder, node: shapes.ElementAccess | shapes.ConditionalElementAccess) -> Expression:
    created, written = node.receiver, node.arguments
    if isinstance(created, shapes.ArrayCreation) and created.ranks_and_initializer[-1] is None:
        help = "only the first size of an array of arrays is written: new int[2][]"
        return binder.failure(written.arguments[0], "CS0178", "',' or ']' expected", help=help)
    receiver = binder.require_value(bind_receiver(binder, node.receiver))
    if isinstance(receiver, nodes.MethodGroup):
        message = f"'{receiver.name}' is a method and cannot be indexed with []"
        return binder.failure(node, "CS0021", message, help=f"call it with parentheses: {receiver.name}(…)")
    arguments = bind_arguments(binder, node.arguments)
    if receiver.type is STRING and len(arguments) == 1 and arguments[0].expression.type is STRING:
        return call_errors.text_by_name(binder, receiver, arguments[0].expression)
    if isinstance(receiver, Bad) or any(isinstance(a.expression, Bad) for a in arguments):
        if isinstance(receiver.type, NamedType):
            binder.unfinished_call(node, [_as_method(p) for p in lookup.indexers(receiver.type)], arguments, receiver)
        return binder.bad(node, _index_type(receiver.type))
    return bind_indexed(binder, node, receiver, arguments)


def _index_type(type_: Type) -> Type:
    """Return the type of an element access on a type, whatever the arguments; the error type if unknown."""
    if isinstance(type_, ArrayType):
        return type_.element
    found = {property_.type for property_ in lookup.indexers(type_)} if isinstance(type_, NamedType) else set()
    return found.pop() if len(found) == 1 else ERROR


def bind_indexed(binder: Binder, node: Node, receiver: Expression, arguments: list[Argument]) -> Expression:
    """`receiver[arguments]` on an array or through an indexer."""
    type_ = receiver.type
    if type_ is ERROR:
        return binder.bad(node)
    if isinstance(type_, ArrayType):
        if len(arguments) != type_.rank:
            message = f"'{shown(type_)}' needs {type_.rank} index{'es' * (type_.rank != 1)}, not {len(arguments)}"
            return binder.failure(node, "CS0022", message)
        return nodes.ArrayAccess(node, type_.element, receiver, tuple([array_index(binder, a) for a in arguments]))
    found = lookup.indexers(type_) if not isinstance(type_, SpecialType) else []
    if not found:
        message = f"a value of type '{shown(type_)}' cannot be indexed with []"
        return binder.failure(node, "CS0021", message, help=advice.for_index(type_))
    methods = [_as_method(p) for p in found]
    getters = {id(m): p for m, p in zip(methods, found, strict=True)}
    resolution = resolve(methods, arguments, (), binder)
    if resolution.best is None:
        return call_errors.no_indexer(binder, node, type_, resolution, arguments)
    values = finish_arguments(binder, node, resolution.best, arguments)
    property_ = getters[id(resolution.best.method)]
    return nodes.IndexerAccess(node, property_.type, receiver, property_, tuple(values))


def _as_method(property_: Property) -> Method:
    method = Method(
        property_.declaring, property_.name, property_.signature, False, property_.type, property_.parameters
    )
    method.container = property_.container
    return method


def _no_name_in(operand: Child) -> Child:
    """Return the leftmost part of a `nameof` operand if it is not a name: a call, a literal."""
    while isinstance(operand, (shapes.MemberAccess, shapes.ConditionalMemberAccess)):
        operand = operand.receiver
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
    """Return whether a call is `nameof(…)`: it has one argument without a name (section 12.8.23)."""
    if not isinstance(node, shapes.Identifier) or node.name.text != "nameof":
        return False
    written = arguments.arguments if isinstance(arguments, shapes.Arguments) else []
    return len(written) == 1 and written[0].name is None and written[0].modifier is None


def _callee(node: Node) -> Node:
    return node.target if isinstance(node, shapes.Invocation) else node


def _name_token(node: Child) -> Token | None:
    """Return the last name of a simple or dotted name."""
    if isinstance(node, (shapes.Identifier, shapes.MemberAccess, shapes.ConditionalMemberAccess)):
        return node.name
    return None
