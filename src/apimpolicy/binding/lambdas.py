"""Lambdas (C# specification, sections 10.7 and 12.19): bound per choice of parameter types, finished for a delegate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.binding import lookup
from apimpolicy.binding.asynchrony import result_of, task_of
from apimpolicy.binding.complaints import name_token
from apimpolicy.binding.core import name_of
from apimpolicy.binding.inference import best_common_type
from apimpolicy.binding.nodes import (
    Assignment,
    Bad,
    Block,
    Call,
    CompoundAssignment,
    ConditionalAccess,
    Deconstruction,
    DelegateCall,
    Dereference,
    Dynamic,
    Expression,
    Lambda,
    MethodGroup,
    ObjectCreation,
    Redirection,
    Return,
    ThrowExpression,
)
from apimpolicy.binding.spelling import shown
from apimpolicy.binding.stack_memory import StackMemoryBinder
from apimpolicy.binding.symbols import LocalSymbol, Scope
from apimpolicy.binding.unbound import BoundBody, UnboundLambda
from apimpolicy.dotnet.types import DYNAMIC, ERROR, NULL, SpecialType, Type
from apimpolicy.dotnet.values import OBJECT, VOID
from apimpolicy.syntax import literals
from apimpolicy.syntax.nodes import Node, Token

if TYPE_CHECKING:
    from collections.abc import Sequence

    from apimpolicy.binding.overloads import Argument


class LambdaBinder(StackMemoryBinder):
    """Binds lambdas when a delegate type, or inference, supplies their parameter types."""

    def bind_simple_lambda(self, node: Node) -> Expression:
        is_async, token, body = node.children
        name = name_of(token)
        return UnboundLambda(node, [name], None, ("",), body, self.scope, is_async is not None)  # type: ignore[arg-type]

    def bind_parenthesized_lambda(self, node: Node) -> Expression:
        is_async, parameters, body = node.children
        children: list[Any] = list(parameters.children) if isinstance(parameters, Node) else []
        names = [literals.identifier_name(p.children[2].text) for p in children]
        typed = [p.children[1] is not None for p in children]
        types: tuple[Type, ...] | None = None
        if children and all(typed):
            types = tuple(self.bind_type(p.children[1]) for p in children)
        elif any(typed):
            return self.failure(node, "CS0748", "either all or none of a lambda's parameters must have types")
        modes = tuple(p.children[0].text if p.children[0] is not None else "" for p in children)
        for index, name in enumerate(names):
            if name in names[:index]:
                return self.failure(children[index], "CS0100", f"two parameters are named '{name}'")
        return UnboundLambda(node, names, types, modes, body, self.scope, is_async is not None)  # type: ignore[arg-type]

    def bind_anonymous_method(self, node: Node) -> Expression:
        is_async, parameters, body = node.children
        if parameters is None:
            return UnboundLambda(node, None, None, (), body, self.scope, is_async is not None)  # type: ignore[arg-type]
        children: list[Any] = list(parameters.children)  # type: ignore[union-attr]
        for parameter in children:
            if parameter.children[0] is not None and parameter.children[0].text == "params":
                return self.failure(
                    parameter.children[0], "CS1670", "an anonymous method can't have a params parameter"
                )
        names = [literals.identifier_name(p.children[2].text) for p in children]
        types = tuple(self.bind_type(p.children[1]) for p in children)
        modes = tuple(p.children[0].text if p.children[0] is not None else "" for p in children)
        return UnboundLambda(node, names, types, modes, body, self.scope, is_async is not None)  # type: ignore[arg-type]

    # ------------------------------------------------------------------------------------------- bodies

    def bound_body(self, unbound: UnboundLambda, types: tuple[Type, ...]) -> BoundBody:
        """The body bound with these parameter types; from the cache when it was bound before."""
        found = unbound.bodies.get(types)
        if found is None:
            found = unbound.bodies[types] = self._bind_body(unbound, types)
        return found

    def _bind_body(self, unbound: UnboundLambda, types: tuple[Type, ...]) -> BoundBody:
        saved = (self.scope, self.diagnostics, self.returns, self.return_type, self._receiver, self.awaits_in)
        function = object()
        scope = Scope(unbound.scope, function)
        names = unbound.names if unbound.names is not None else tuple(f"<{i}>" for i in range(len(types)))
        kind = "range" if _is_of_query(unbound.syntax) else "parameter"
        symbols = [
            LocalSymbol(name, type_, kind, unbound.syntax, function) for name, type_ in zip(names, types, strict=True)
        ]
        self.scope, self.diagnostics, self.returns, self.return_type, self._receiver = scope, [], [], None, None
        self.awaits_in = "async" if unbound.is_async else "lambda"
        if unbound.is_async and any(unbound.modes):
            self.report(unbound.syntax, "CS1988", "an async function can't have ref, out or in parameters")
        try:
            for symbol in symbols:
                if symbol.name == "_" and len(symbols) > 1 and "_" in scope.names:
                    continue
                self._declare_parameter(symbol, unbound)
            body: Expression | Block
            falls_through = False
            if unbound.body.kind == "block":
                body = self.bind_function_body(unbound.body)
                falls_through = self.falls_through(body)
                returns, return_type = self.returns, self._inferred_return(self.returns, falls_through)
            else:
                body = self.bind_branch(unbound.body)
                returns = []
                return_type = None if isinstance(body.type, SpecialType) and body.type is not ERROR else body.type
                if body.type is DYNAMIC:
                    return_type = DYNAMIC
            return BoundBody(symbols, body, returns, return_type, self.diagnostics, falls_through)
        finally:
            self.scope, self.diagnostics, self.returns, self.return_type, self._receiver, self.awaits_in = saved

    def _declare_parameter(self, symbol: LocalSymbol, unbound: UnboundLambda) -> None:
        outer = unbound.scope
        if symbol.name != "_" and (outer.find(symbol.name) is not None or outer.declares_later(symbol.name)):
            self.report(
                _parameter_token(unbound, symbol.name),
                "CS0136",
                f"'{symbol.name}' is already used in the enclosing scope",
                help="rename the lambda's parameter",
            )
        self.scope.declare(symbol)

    def _inferred_return(self, returns: list[Return], falls_through: bool) -> Type | None:
        values = [r.value for r in returns if r.value is not None]
        if not values:
            return VOID
        if any(value.type is ERROR for value in values):
            return ERROR
        return best_common_type(values)

    def bind_function_body(self, node: Node) -> Block:
        raise NotImplementedError

    def falls_through(self, block: Block) -> bool:
        raise NotImplementedError

    def lambda_return_type(self, unbound: UnboundLambda, parameters: tuple[Type, ...]) -> Type | None:
        """The inferred return type (section 12.6.3.13); ERROR when the body has errors, None when there is none."""
        if unbound.names is not None and len(unbound.names) != len(parameters):
            return None
        types = unbound.explicit_types if unbound.explicit_types is not None else parameters
        if len(types) != len(parameters):
            return None
        found = self.bound_body(unbound, types).return_type
        return task_of(found) if unbound.is_async and found is not None and found is not ERROR else found

    def lambda_converts(self, unbound: UnboundLambda, target: Type) -> bool:
        """Whether an anonymous function conversion to this type exists (section 10.7.1)."""
        signature = lookup.delegate_signature(target)
        if signature is None:
            return False
        types = self._parameter_types(unbound, target)
        if types is None:
            return False
        body = self.bound_body(unbound, types)
        if body.diagnostics:
            return True
        wanted = result_of(signature.returns) if unbound.is_async else signature.returns
        if wanted is None:
            return False
        if isinstance(body.body, Block):
            if wanted is VOID:
                return all(r.value is None for r in body.returns)
            return not body.falls_through and all(
                r.value is not None and self.classify(r.value, wanted) is not None for r in body.returns
            )
        if wanted is VOID:
            return is_statement_expression(body.body) or body.body.type is VOID
        return body.body.type is not VOID and self.classify(body.body, wanted) is not None

    def _parameter_types(self, unbound: UnboundLambda, target: Type) -> tuple[Type, ...] | None:
        signature = lookup.delegate_signature(target)
        if signature is None:
            return None
        wanted = tuple(p.type for p in signature.parameters)
        if unbound.names is not None and len(unbound.names) != len(wanted):
            return None
        if unbound.explicit_types is not None and unbound.explicit_types != wanted:
            return None
        if unbound.explicit_types is not None and tuple(unbound.modes) != tuple(
            p.mode if p.mode in ("ref", "out", "in") else "" for p in signature.parameters
        ):
            return None
        return wanted

    def finish_lambda(self, unbound: UnboundLambda, target: Type) -> Lambda | Bad:
        """Convert the body's results to the delegate's return type, and report what is wrong in the body."""
        signature = lookup.delegate_signature(target)
        types = self._parameter_types(unbound, target)
        if signature is None or types is None:
            return self.report_unconvertible(unbound, target, unbound.syntax)
        bound = self.bound_body(unbound, types)
        self.diagnostics.extend(bound.diagnostics)
        if bound.diagnostics:
            return self.bad(unbound.syntax)
        body = bound.body
        wanted = result_of(signature.returns) if unbound.is_async else signature.returns
        if wanted is None:
            return self.report_unconvertible(unbound, target, unbound.syntax)
        if isinstance(body, Block):
            for statement in bound.returns:
                if statement.value is not None:
                    statement.value = self.convert(statement.value, wanted)
        elif wanted is not VOID:
            body = self.convert(body, wanted)
        return Lambda(unbound.syntax, target, bound.parameters, body, signature.returns, is_async=unbound.is_async)

    def bind_for_errors(self, unbound: UnboundLambda) -> None:
        """Bind the body although no delegate type fits, to report what is wrong inside it."""
        types = unbound.explicit_types or (ERROR,) * len(unbound.names or ())
        self.diagnostics.extend(self.bound_body(unbound, types).diagnostics)

    def report_lambda_bodies(self, arguments: Sequence[Argument]) -> bool:
        """Report what is wrong in the bodies of lambdas whose call fails; whether there was anything.

        A body may have been bound with several choices of parameter types: what is wrong with all of them is said, or
        else what is wrong with the first one.
        """
        before = len(self.diagnostics)
        for argument in arguments:
            unbound = argument.expression
            if isinstance(unbound, UnboundLambda):
                if not unbound.bodies:
                    self.bind_for_errors(unbound)
                    continue
                bodies = [body.diagnostics for body in unbound.bodies.values()]
                everywhere = set.intersection(*({(d.code, d.start) for d in found} for found in bodies))
                common = [d for d in bodies[0] if (d.code, d.start) in everywhere]
                self.diagnostics.extend(common or bodies[0])
        return len(self.diagnostics) > before

    def report_unconvertible(self, expression: Expression, target: Type, syntax: Node | Token) -> Bad:
        """CS1660, CS1593, CS1661, CS1662, CS0428, CS0123, CS0407: why a lambda or method does not fit."""
        if isinstance(expression, MethodGroup):
            if lookup.delegate_signature(target) is None:
                return self.failure(
                    name_token(expression),
                    "CS0428",
                    f"'{expression.name}' is a method, not a '{shown(target)}'; did you forget the parentheses?",
                )
            if self.differs_in_result(expression, target):
                return self.failure(
                    syntax,
                    "CS0407",
                    f"the return type of '{expression.name}' doesn't match the delegate '{shown(target)}'",
                )
            return self.failure(
                syntax, "CS0123", f"no overload of '{expression.name}' matches the delegate '{shown(target)}'"
            )
        if not isinstance(expression, UnboundLambda):
            return self.bad(syntax)
        signature = lookup.delegate_signature(target)
        if signature is None:
            return self.failure(
                syntax, "CS1660", f"a lambda can't be converted to '{shown(target)}' because it is not a delegate type"
            )
        count = len(expression.names or ())
        if expression.names is not None and count != len(signature.parameters):
            return self.failure(
                syntax,
                "CS1593",
                f"'{shown(target)}' has {len(signature.parameters)} parameter(s), but the lambda has {count}",
            )
        types = self._parameter_types(expression, target)
        if types is None and ERROR in (expression.explicit_types or ()):
            return self.bad(syntax)
        if types is None:
            return self.failure(
                syntax, "CS1661", f"the parameter types of the lambda don't match the delegate '{shown(target)}'"
            )
        bound = self.bound_body(expression, types)
        if bound.diagnostics:
            self.diagnostics.extend(bound.diagnostics)
            return self.bad(syntax)
        wanted = result_of(signature.returns) if expression.is_async else signature.returns
        if wanted is None:
            message = f"an async lambda must return void, Task or Task<T>, but '{shown(target)}' does not"
            return self.failure(syntax, "CS4010", message)
        return self._report_results(expression, bound, wanted, target)

    def _report_results(self, unbound: UnboundLambda, bound: BoundBody, wanted: Type, target: Type) -> Bad:
        """The body's results do not convert to the delegate's return type."""
        if isinstance(bound.body, Block):
            for statement in bound.returns:
                value = statement.value
                if value is None and wanted is not VOID:
                    return self.failure(
                        statement.syntax, "CS0126", f"a value of type '{shown(wanted)}' must be returned"
                    )
                if value is not None and wanted is VOID:
                    return self.failure(
                        statement.syntax, "CS8030", "this lambda returns nothing (void), so 'return' can't have a value"
                    )
                if value is not None and self.classify(value, wanted) is None:
                    self.convert(value, wanted)
                    return self._wrong_result(value.syntax)
            if bound.falls_through and wanted is not VOID:
                start, end = _arrow(unbound.syntax, self.excerpt.text)
                message = "not every path through the lambda returns a value"
                return self.failure_at(start, end, unbound.syntax, "CS1643", message)
            return self.bad(unbound.syntax)
        if wanted is VOID:
            return self.failure(
                bound.body.syntax, "CS0201", "only a call, an assignment or 'new' can be used as a statement"
            )
        self.convert(bound.body, wanted)
        return self._wrong_result(bound.body.syntax)

    def _wrong_result(self, place: Node | Token) -> Bad:
        return self.failure(
            place, "CS1662", "the lambda can't be converted to the delegate type, because its result doesn't fit"
        )


def is_statement_expression(expression: Expression) -> bool:
    """Section 13.7: what can stand as a statement."""
    if isinstance(expression, ConditionalAccess):
        return is_statement_expression(expression.access)
    if isinstance(expression, Dereference):
        return is_statement_expression(expression.reference)
    return isinstance(
        expression,
        (
            Call,
            DelegateCall,
            Assignment,
            CompoundAssignment,
            Deconstruction,
            Dynamic,
            ObjectCreation,
            Redirection,
            ThrowExpression,
            Bad,
        ),
    ) and not (isinstance(expression, Call) and expression.method.name.startswith("op_"))


def _arrow(syntax: Any, text: str) -> tuple[int, int]:
    """Where the compiler says that a body lacks something: at the arrow, or at the word `delegate`."""
    if syntax.kind == "anonymous_method":
        start = text.index("delegate", syntax.start)
        return start, start + len("delegate")
    parameters = syntax.node(1).end if syntax.kind == "parenthesized_lambda" else syntax.token(1).end
    arrow = text.index("=>", parameters)
    return arrow, arrow + len("=>")


def _is_of_query(syntax: Any) -> bool:
    """Whether a lambda was made for a clause of a query: its parameter, the range variable, has no place."""
    if syntax.kind != "simple_lambda":
        return False
    token = syntax.token(1)
    return bool(token.start == token.end)


def _parameter_token(unbound: UnboundLambda, name: str) -> Node | Token:
    syntax: Any = unbound.syntax
    for child in syntax.children:
        if isinstance(child, Token) and literals.identifier_name(child.text) == name:
            return child
        if isinstance(child, Node) and child.kind in ("lambda_parameters", "parameters"):
            for parameter in child.children:
                token = parameter.children[2]  # type: ignore[union-attr]
                if isinstance(token, Token) and literals.identifier_name(token.text) == name:
                    return token
    return unbound.syntax


__all__ = ["NULL", "OBJECT", "LambdaBinder", "is_statement_expression"]
