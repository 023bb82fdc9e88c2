"""Local functions (C# specification, sections 13.6.4 and 14.15 for iterators).

A generic one is bound twice. Once with its type parameters, for what is wrong in it; and once for each choice of type
arguments that its calls make, since code runs here with the types that it has. So an overload inside is chosen with
the type arguments known, where C# knows the type parameter alone: our choice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from apimpolicy.binding.asynchrony import result_of
from apimpolicy.binding.constraint_clauses import ConstraintBinder
from apimpolicy.binding.core import name_of
from apimpolicy.binding.jumps import Enclosing, iterator_element
from apimpolicy.binding.lambdas import is_statement_expression
from apimpolicy.binding.nodes import (
    Bad,
    Block,
    Empty,
    ExpressionStatement,
    LocalFunction,
    Return,
    Statement,
)
from apimpolicy.binding.references import REFERENCE_TYPES
from apimpolicy.binding.spelling import shown
from apimpolicy.binding.symbols import LocalFunctionSymbol, LocalSymbol, Scope
from apimpolicy.binding.type_relations import is_static_class
from apimpolicy.dotnet.signatures import Parameter
from apimpolicy.dotnet.types import ERROR, ArrayType, Type, TypeParameter
from apimpolicy.dotnet.values import VOID
from apimpolicy.syntax import literals
from apimpolicy.syntax.nodes import Node, Token

if TYPE_CHECKING:
    from collections.abc import Sequence

    from apimpolicy.syntax.nodes import Child

MOST_INSTANCES: Final = 50
"""Choices of type arguments of one generic function; a function that calls itself with List<T> has no end of them."""


class LocalFunctionBinder(ConstraintBinder):
    """Functions inside of blocks."""

    def declare(self, symbol: LocalSymbol, where: Child) -> None:
        raise NotImplementedError

    def statement_block(self, node: Node) -> Block:
        raise NotImplementedError

    def declare_functions(self, statements: Sequence[Child]) -> None:
        """Local functions are known in the whole block, before and after their declaration."""
        for child in statements:
            if isinstance(child, Node) and child.kind == "local_function":
                _, type_node, token, type_parameters, parameters, constraints, _ = child.children
                saved = self.scope
                generics = self._type_parameters(type_parameters)
                if generics:
                    self.scope = Scope(saved)
                    self.scope.types.update({parameter.name: parameter for parameter in generics})
                self.constrain(constraints, generics, child)
                declared = tuple(self._parameter(p) for p in parameters.children)  # type: ignore[union-attr]
                name = name_of(token)
                returns = self._function_type(type_node)
                if is_static_class(returns):
                    self.report(
                        token, "CS0722", f"'{shown(returns)}' is a static class and can't be used as a type here"
                    )
                inner, self.scope = self.scope, saved
                symbol = LocalFunctionSymbol(name, returns, declared, child, generics)
                self._check_parameters(parameters, symbol, inner)
                if child.children[0] is not None:
                    self._make_async(symbol, token)
                if isinstance(type_node, Node):
                    symbol.returns_reference = type_node.kind in REFERENCE_TYPES
                    symbol.returns_readonly = type_node.kind == "ref_readonly_type"
                if name in self.scope.names:
                    self.report(token, "CS0128", f"'{name}' is already declared in this scope")
                self.scope.declare(symbol)

    def _make_async(self, function: LocalFunctionSymbol, token: Child) -> None:
        function.is_async = True
        result = result_of(function.returns)
        if result is None:
            self.report(token, "CS1983", "an async function must return void, Task or Task<T>")
            return
        function.result = result
        if any(parameter.mode in ("ref", "out", "in") for parameter in function.parameters):
            self.report(token, "CS1988", "an async function can't have ref, out or in parameters")

    def _function_type(self, node: Child) -> Type:
        """The type of a parameter or a result, where `var` is none."""
        if self.is_var(node):
            self.report(node, "CS0825", "'var' can't be used here: write the type")
            return ERROR
        return self.bind_type(node)

    def _parameter(self, node: Any) -> Parameter:
        modifier, type_node, token, default = node.children
        type_ = self._function_type(type_node)
        if is_static_class(type_):
            self.report(token, "CS0721", f"'{shown(type_)}' is a static class and can't be used as a type here")
        mode = modifier.text if modifier is not None else ""
        return Parameter(literals.identifier_name(token.text), type_, mode, default is not None)

    def _check_parameters(self, written: Any, function: LocalFunctionSymbol, scope: Scope) -> None:
        """What a list of parameters must be (section 15.6.2); default values wait for the constants of the block."""
        before: list[Parameter] = []
        for node, parameter in zip(written.children, function.parameters, strict=True):
            modifier, _, token, default = node.children
            is_last = parameter is function.parameters[-1]
            if modifier is not None and parameter.mode == "params":
                if default is not None:
                    self.report(modifier, "CS1751", "a params parameter can't have a default value")
                elif not isinstance(parameter.type, ArrayType) and parameter.type is not ERROR:
                    self.report(modifier, "CS0225", "a params parameter must be a one-dimensional array")
                elif not is_last:
                    self.report(node, "CS0231", "a params parameter must be the last parameter")
            elif modifier is not None and default is not None and parameter.mode != "in":
                self.report(modifier, "CS1741", f"a {parameter.mode} parameter can't have a default value")
            elif default is not None:
                function.defaults.append((parameter, default, scope))
            elif parameter.mode != "params" and any(other.has_default for other in before):
                self.report_at(
                    token.end, token.end + 1, "CS1737", "optional parameters must come after all required parameters"
                )
            before.append(parameter)

    def bind_defaults(self, function: LocalFunctionSymbol) -> None:
        """The default values of a function's parameters, when it is first used or declared."""
        waiting, function.defaults = function.defaults, []
        for parameter, node, scope in waiting:
            saved, self.scope = self.scope, scope
            bound = self.convert(self.bind_value(node), parameter.type)
            self.scope = saved
            if not isinstance(bound, Bad) and not bound.is_constant:
                self.report(node, "CS1736", "the default value must be a constant")
            parameter.default = bound.constant if bound.is_constant else None

    def statement_local_function(self, node: Node) -> Statement:
        token = node.children[2]
        name = name_of(token)
        function = self.scope.find(name)
        if not isinstance(function, LocalFunctionSymbol) or function.declared_at is not node:
            return Empty(node)  # a second one of the name, which is reported
        self.bind_defaults(function)
        bound = self._local_function(node, function)
        return Empty(node) if function.type_parameters else bound  # what runs are its instances

    def _local_function(self, node: Node, function: LocalFunctionSymbol, types: Sequence[Type] = ()) -> LocalFunction:
        """A local function with its body; `types` are the type arguments of an instance."""
        token, body_node = node.children[2], node.children[6]
        saved = (self.scope, self.returns, self.return_type, self.enclosing, self.awaits_in)
        self.awaits_in = "async" if function.is_async else "function"
        self.scope = Scope(self.scope, function)
        parameters = function.type_parameters
        self.scope.types.update({p.name: t for p, t in zip(parameters, types or parameters, strict=True)})
        self.returns, self.return_type, self.enclosing = None, function.result, Enclosing()
        try:
            symbols = []
            for parameter, written in zip(function.parameters, node.node(4).nodes(), strict=True):
                where = written.children[2]
                symbol = LocalSymbol(parameter.name, parameter.type, "parameter", where, function, mode=parameter.mode)
                if symbol.name in self.scope.names:
                    self.report(where, "CS0100", f"two parameters are named '{symbol.name}'")
                else:
                    self.declare(symbol, where)
                symbols.append(symbol)
            function.symbols = tuple(symbols)
            return LocalFunction(node, function, self._function_body(body_node, function, token))  # type: ignore[arg-type]
        finally:
            self.scope, self.returns, self.return_type, self.enclosing, self.awaits_in = saved

    # --------------------------------------------------------------------------------------- generic functions

    def _type_parameters(self, node: Child) -> tuple[TypeParameter, ...]:
        if node is None:
            return ()
        names = [literals.identifier_name(token.text) for token in node.children]  # type: ignore[union-attr]
        for index, name in enumerate(names):
            if name in names[:index]:
                self.report(node.children[index], "CS0692", f"two type parameters are named '{name}'")  # type: ignore[union-attr]
        return tuple(TypeParameter(name) for name in names)

    def instance_of(self, function: LocalFunctionSymbol, types: tuple[Type, ...]) -> LocalFunctionSymbol:
        """A generic function with its type arguments; its body is bound at the end of the block that declares it."""
        known = function.instances.get(types)
        if known is not None:
            return known
        by_parameter = dict(zip(function.type_parameters, types, strict=True))
        parameters = tuple(parameter.substitute(by_parameter) for parameter in function.parameters)
        returns = function.returns.substitute(by_parameter)
        made = LocalFunctionSymbol(function.name, returns, parameters, function.declared_at, function.type_parameters)
        made.returns_reference, made.returns_readonly = function.returns_reference, function.returns_readonly
        made.is_instance, made.is_async = True, function.is_async
        made.result = function.result.substitute(by_parameter)
        if not any(type_.mentions(self._generics_around()) for type_ in types):
            function.instances[types] = made
            function.waiting.append((types, made))
        return made

    def _generics_around(self) -> list[TypeParameter]:
        """The type parameters of the generic functions whose own bodies are being bound."""
        found: list[TypeParameter] = []
        scope: Scope | None = self.scope
        while scope is not None:
            found.extend(type_ for type_ in scope.types.values() if isinstance(type_, TypeParameter))
            scope = scope.parent
        return found

    def instances_of_generics(self) -> list[Statement]:
        """The bodies of the instances that the block made; each may make more."""
        made: list[Statement] = []
        generics = [f for f in self.scope.names.values() if isinstance(f, LocalFunctionSymbol) and f.type_parameters]
        while any(function.waiting for function in generics):
            for function in generics:
                while function.waiting:
                    types, instance = function.waiting.pop(0)
                    made.append(self._instance_body(function, instance, types))
        return made

    def _instance_body(
        self, function: LocalFunctionSymbol, instance: LocalFunctionSymbol, types: tuple[Type, ...]
    ) -> LocalFunction:
        """The body with the type arguments, where `x is string`, which C# allows for a `T`, may be refused."""
        saved, self.diagnostics = self.diagnostics, []
        self.is_instance, outer = True, self.is_instance
        try:
            if len(function.instances) <= MOST_INSTANCES:
                bound = self._local_function(function.declared_at, instance, types)
                if not self.diagnostics:
                    return bound
            instance.is_simulated = False
            instance.symbols = tuple(
                LocalSymbol(p.name, p.type, "parameter", None, instance, mode=p.mode) for p in instance.parameters
            )
            return LocalFunction(function.declared_at, instance, Block(function.declared_at, []))
        finally:
            self.diagnostics, self.is_instance = saved, outer

    def _function_body(self, node: Node, function: LocalFunctionSymbol, token: Token) -> Block:
        if node.kind == "arrow_body" and (function.returns_reference or _is_reference(node.children[0])):
            return Block(node, [Return(node, self.returned_reference(node, node.children[0], function))])
        if node.kind == "arrow_body":
            value = self.bind_branch(node.children[0])
            if function.result is VOID:
                if not is_statement_expression(value):
                    self.report(
                        value.syntax, "CS0201", "only a call, an assignment or 'new' can be used as a statement"
                    )
                return Block(node, [ExpressionStatement(node, value)])
            return Block(node, [Return(node, self.convert(value, function.result))])
        function.is_iterator = _yields(node)
        if function.is_iterator:
            self._check_iterator(function, token)
        body = self.statement_block(node)
        returns_value = function.result is not VOID and not function.result.has_error and not function.is_iterator
        if returns_value and self.falls_through(body):
            self.report(token, "CS0161", f"not every path through '{function.name}' returns a value")
        return body

    def _check_iterator(self, function: LocalFunctionSymbol, token: Token) -> None:
        """What the signature of an iterator must be (section 14.15): at the name, and at each parameter's name."""
        if iterator_element(function.returns) is None:
            self.report(token, "CS1624", "a function with 'yield' must return IEnumerable<…>")
        for symbol in function.symbols:
            if symbol.mode in ("ref", "out", "in") and symbol.declared_at is not None:
                self.report(symbol.declared_at, "CS1623", "an iterator can't have ref, out or in parameters")


def _is_reference(node: Child) -> bool:
    return isinstance(node, Node) and node.kind == "ref_expression"


_FUNCTIONS = frozenset({"local_function", "simple_lambda", "parenthesized_lambda", "anonymous_method"})


def _yields(body: Node) -> bool:
    """Whether a function's own body has a `yield`; those of functions inside are theirs."""
    waiting: list[Child] = [body]
    while waiting:
        node = waiting.pop()
        if isinstance(node, Node) and node.kind not in _FUNCTIONS:
            if node.kind.startswith("yield_"):
                return True
            waiting.extend(node.children)
    return False
