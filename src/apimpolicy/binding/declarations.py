"""Blocks, variables, constants, local functions (C# specification, sections 13.3, 13.6 and 7.7)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.binding.flow import Flow
from apimpolicy.binding.jumps import JumpBinder
from apimpolicy.binding.lambdas import is_statement_expression
from apimpolicy.binding.nodes import (
    Bad,
    Block,
    Empty,
    Expression,
    ExpressionStatement,
    LocalDeclaration,
    LocalFunction,
    Return,
    Statement,
    Statements,
)
from apimpolicy.binding.symbols import LocalFunctionSymbol, LocalSymbol, Scope
from apimpolicy.dotnet.signatures import Parameter
from apimpolicy.dotnet.types import ERROR, NULL, ArrayType, SpecialType, Type
from apimpolicy.dotnet.values import VOID
from apimpolicy.syntax import literals
from apimpolicy.syntax.nodes import Node, Token

if TYPE_CHECKING:
    from apimpolicy.syntax.nodes import Child


class DeclarationBinder(JumpBinder):
    """Scopes, blocks and declarations."""

    # --------------------------------------------------------------------------------------------- scopes

    def declare(self, symbol: LocalSymbol, where: Node | Token) -> None:
        """Declare in the current scope; CS0128 for the same scope, CS0136 when it hides an outer variable."""
        self.has_variables = True
        if symbol.name in self.scope.names:
            self.report(where, "CS0128", f"'{symbol.name}' is already declared in this scope")
        else:
            existing = self.scope.find(symbol.name)
            if existing is not None:
                self.report(
                    where,
                    "CS0136",
                    f"'{symbol.name}' is already used in the enclosing scope",
                    help="choose another name",
                )
        self.scope.declare(symbol)

    def enter(self) -> Scope:
        saved = self.scope
        self.scope = Scope(saved)
        return saved

    def statement_block(self, node: Node) -> Block:
        saved = self.enter()
        try:
            return self._block_in_scope(node)
        finally:
            self.scope = saved

    def _block_in_scope(self, node: Node) -> Block:
        self.scope.later = _declared_names(node)
        self._declare_functions(node)
        saved = self.declare_labels(node.children)
        statements = [self.bind_statement(child) for child in node.children]
        self._labels = saved
        return Block(node, statements, self.scope.order)

    def bind_function_body(self, node: Node) -> Block:
        saved = (self._breakable, self._in_catch, self._labels)
        self._breakable, self._in_catch, self._labels = (), False, ()
        try:
            return self.statement_block(node)
        finally:
            self._breakable, self._in_catch, self._labels = saved

    def falls_through(self, block: Block) -> bool:
        return Flow().end_reachable(block)

    # ---------------------------------------------------------------------------------------- declarations

    def statement_local_declaration_statement(self, node: Node) -> Statement:
        return self._declaration(node.children[0], "local")  # type: ignore[arg-type]

    def _declaration(self, node: Node, kind: str) -> Statement:
        type_node, declarators = node.children
        is_var = self.is_var(type_node)
        type_ = ERROR if is_var else self.bind_type(type_node)
        if type_ is VOID:
            self.report(type_node, "CS1547", "a variable cannot be 'void'")
            type_ = ERROR
        children: list[Any] = list(declarators.children)  # type: ignore[union-attr]
        if is_var and len(children) > 1:
            self.report(node, "CS0819", "'var' declares one variable at a time")
        if isinstance(type_node, Node) and type_node.kind == "ref_type":
            for child in children:
                if child.children[1] is None:
                    self.report(child.children[0], "CS8174", "a 'ref' variable needs a value where it is declared")
        made = [self._declarator(child, type_, is_var=is_var, kind=kind) for child in children]
        return made[0] if len(made) == 1 else Statements(node, made)

    def _declarator(self, node: Node, type_: Type, *, is_var: bool, kind: str) -> LocalDeclaration:
        token, initializer = node.children
        name = literals.identifier_name(token.text)  # type: ignore[union-attr]
        symbol = LocalSymbol(name, type_, kind, token, self.scope.function)
        self.declare(symbol, token)  # type: ignore[arg-type]
        if initializer is None:
            if is_var:
                self.report(token, "CS0818", f"'var {name}' needs a value to take its type from")
            return LocalDeclaration(node, symbol, None)
        if is_var:
            saved, self.being_declared = self.being_declared, symbol
            value = self._var_value(node, name, initializer)
            self.being_declared = saved
            symbol.type = value.type
            return LocalDeclaration(node, symbol, value)
        if initializer.kind == "initializer":
            if isinstance(type_, ArrayType):
                value = self.array_from(initializer, type_, initializer)  # type: ignore[arg-type]
            else:
                value = (
                    self.failure(
                        initializer,
                        "CS0622",
                        "elements in braces need an array type, or 'new'",
                    )
                    if type_ is not ERROR
                    else self.bad(node)
                )
            return LocalDeclaration(node, symbol, value)
        value = self.convert(self.bind_value(initializer), type_)
        return LocalDeclaration(node, symbol, value)

    def _var_value(self, node: Node, name: str, initializer: Child) -> Expression:
        if initializer.kind == "initializer":  # type: ignore[union-attr]
            return self.failure(
                node, "CS0820", f"'var {name}' cannot be set from elements in braces", help="write new[] { … }"
            )
        value = self.bind_value(initializer)
        if isinstance(value, Bad):
            return value
        if isinstance(value.type, SpecialType) and str(value.type) != "dynamic":
            what = {NULL: "null"}.get(value.type, f"a {value.type}")
            return self.failure(
                node, "CS0815", f"'var {name}' cannot take its type from {what}", help="write the type instead of 'var'"
            )
        if value.type is VOID:
            return self.failure(node, "CS0815", f"'var {name}' cannot hold the result of a call that returns nothing")
        return value

    def statement_const_declaration_statement(self, node: Node) -> Statement:
        type_node, declarators = node.children
        if self.is_var(type_node):
            self.report(type_node, "CS0822", "a constant needs its type written", help="write int, string, …")
            type_: Type = ERROR
        else:
            type_ = self.bind_type(type_node)
        made: list[Statement] = []
        for child in declarators.children:  # type: ignore[union-attr]
            token, initializer = child.children  # type: ignore[union-attr]
            name = literals.identifier_name(token.text)  # type: ignore[union-attr]
            symbol = LocalSymbol(name, type_, "constant", token, self.scope.function)
            self.declare(symbol, token)  # type: ignore[arg-type]
            if initializer is None:
                self.report(token, "CS0145", "a constant needs a value")
                continue
            value = self.convert(self.bind_value(initializer), type_)
            if isinstance(value, Bad):
                symbol.type = ERROR
                continue
            if not value.is_constant:
                self.report(initializer, "CS0133", f"the value of the constant '{name}' is not a constant")
                continue
            symbol.constant = value.constant
            made.append(LocalDeclaration(child, symbol, value))  # type: ignore[arg-type]
        return made[0] if len(made) == 1 else Statements(node, made)

    def _declare_functions(self, block: Node) -> None:
        """Local functions are known in the whole block, before and after their declaration."""
        for child in block.children:
            if isinstance(child, Node) and child.kind == "local_function":
                _, type_node, token, type_parameters, parameters, _ = child.children
                if type_parameters is not None:
                    self.report(
                        type_parameters,
                        "CS8370",
                        "generic local functions are not supported in policy expressions",
                    )
                declared = tuple(self._parameter(p) for p in parameters.children)  # type: ignore[union-attr]
                name = literals.identifier_name(token.text)  # type: ignore[union-attr]
                returns = self.bind_type(type_node)
                symbol = LocalFunctionSymbol(name, returns, declared, child)
                if name in self.scope.names:
                    self.report(token, "CS0128", f"'{name}' is already declared in this scope")
                self.scope.declare(symbol)

    def _parameter(self, node: Any) -> Parameter:
        modifier, type_node, token, default = node.children
        type_ = self.bind_type(type_node)
        value: Any = None
        if default is not None:
            bound = self.convert(self.bind_value(default), type_)
            if not isinstance(bound, Bad) and not bound.is_constant:
                self.report(default, "CS1736", "the default value must be a constant")
            value = bound.constant if bound.is_constant else None
        mode = modifier.text if modifier is not None else ""
        return Parameter(literals.identifier_name(token.text), type_, mode, default is not None, value)

    def statement_local_function(self, node: Node) -> Statement:
        token, body_node = node.children[2], node.children[5]
        name = literals.identifier_name(token.text)  # type: ignore[union-attr]
        function = self.scope.find(name)
        if not isinstance(function, LocalFunctionSymbol):
            return Empty(node)
        saved = (self.scope, self.returns, self.return_type, self._breakable, self._labels)
        self.scope = Scope(self.scope, function)
        self.returns, self.return_type, self._breakable, self._labels = None, function.returns, (), ()
        try:
            symbols = []
            for parameter, written in zip(function.parameters, node.children[4].children, strict=True):  # type: ignore[union-attr]
                where = written.children[2]
                symbol = LocalSymbol(parameter.name, parameter.type, "parameter", where, function, mode=parameter.mode)
                self.declare(symbol, where)
                symbols.append(symbol)
            function.symbols = tuple(symbols)
            return LocalFunction(node, function, self._function_body(body_node, function, token))  # type: ignore[arg-type]
        finally:
            self.scope, self.returns, self.return_type, self._breakable, self._labels = saved

    def _function_body(self, node: Node, function: LocalFunctionSymbol, token: Token) -> Block:
        if node.kind == "arrow_body":
            value = self.bind_branch(node.children[0])
            if function.returns is VOID:
                if not is_statement_expression(value):
                    self.report(value.syntax, "CS0201", "only a call, an assignment or 'new' can be a statement")
                return Block(node, [ExpressionStatement(node, value)])
            return Block(node, [Return(node, self.convert(value, function.returns))])
        body = self.statement_block(node)
        if function.returns is not VOID and self.falls_through(body) and not _yields(node):
            self.report(token, "CS0161", f"not every path through '{function.name}' returns a value")
        return body


def _declared_names(block: Node) -> dict[str, int]:
    """The variables that a block's own declarations introduce, with their offsets."""
    found: dict[str, int] = {}
    for child in block.children:
        if isinstance(child, Node) and child.kind == "local_declaration_statement":
            child = child.children[0]
        if isinstance(child, Node) and child.kind in ("local_declaration", "const_declaration_statement"):
            for declarator in child.children[1].children:  # type: ignore[union-attr]
                token = declarator.children[0]  # type: ignore[union-attr]
                found[literals.identifier_name(token.text)] = token.start  # type: ignore[union-attr]
    return found


def _yields(node: Node) -> bool:
    return any(inner.kind.startswith("yield_") for inner in node.walk())
