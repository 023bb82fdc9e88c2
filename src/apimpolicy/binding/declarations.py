"""Blocks, variables and constants (C# specification, sections 13.3, 13.6 and 7.7)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.binding.core import name_of
from apimpolicy.binding.flow import Flow
from apimpolicy.binding.jumps import Enclosing
from apimpolicy.binding.local_functions import LocalFunctionBinder
from apimpolicy.binding.nodes import (
    Bad,
    Block,
    Expression,
    LocalDeclaration,
    Statement,
    Statements,
)
from apimpolicy.binding.references import REFERENCE_TYPES
from apimpolicy.binding.spelling import shown
from apimpolicy.binding.stack_memory import STACK_KINDS, is_on_stack
from apimpolicy.binding.symbols import LocalFunctionSymbol, LocalSymbol, Scope
from apimpolicy.binding.type_relations import NUMERIC, is_enum, is_ref_struct, is_static_class
from apimpolicy.binding.unbound import DefaultLiteral
from apimpolicy.dotnet.types import ERROR, NULL, ArrayType, SpecialType, Type
from apimpolicy.dotnet.values import BOOL, STRING, VOID
from apimpolicy.syntax import literals
from apimpolicy.syntax.nodes import Node

if TYPE_CHECKING:
    from apimpolicy.syntax.nodes import Child


_CONSTANT_TYPES = frozenset({*NUMERIC, BOOL})


class DeclarationBinder(LocalFunctionBinder):
    """Scopes, blocks and declarations."""

    # --------------------------------------------------------------------------------------------- scopes

    def declare(self, symbol: LocalSymbol, where: Child) -> None:
        """Declare in the current scope; CS0128 for the same scope, CS0136 when it hides an outer variable."""
        self.has_variables = True
        section_of = self.scope.section_of
        known = self.scope.names.get(symbol.name) or (section_of and section_of.names.get(symbol.name))
        if isinstance(known, LocalFunctionSymbol) and known.declared_at.start > _start(where):
            self.report(known.declared_at.token(2), "CS0128", f"'{symbol.name}' is already declared in this scope")
        elif known:
            self.report(where, "CS0128", f"'{symbol.name}' is already declared in this scope")
        else:
            outer = self.scope.parent
            if self.scope.find(symbol.name) is not None or (outer is not None and outer.declares_later(symbol.name)):
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
        self.scope.later, self.scope.statements = _declared_names(node), node.children
        self.declare_functions(node.children)
        saved = self.declare_labels(node.children)
        statements = [self.bind_statement(child) for child in node.children]
        statements.extend(self.instances_of_generics())
        self.enclosing = saved
        return Block(node, statements, self.scope.order)

    def bind_function_body(self, node: Node) -> Block:
        saved, self.enclosing = self.enclosing, Enclosing()
        try:
            return self.statement_block(node)
        finally:
            self.enclosing = saved

    def falls_through(self, block: Block) -> bool:
        return Flow(self.ends).end_reachable(block)

    # ---------------------------------------------------------------------------------------- declarations

    def statement_local_declaration_statement(self, node: Node) -> Statement:
        return self._declaration(node.node(0), "local")

    def _declaration(self, node: Node, kind: str) -> Statement:
        type_node, declarators = node.children
        is_reference = isinstance(type_node, Node) and type_node.kind in REFERENCE_TYPES
        is_var = self.is_var(type_node.children[0] if is_reference else type_node)  # type: ignore[union-attr]
        type_ = ERROR if is_var else self.bind_type(type_node)
        if type_ is VOID:
            self.report(type_node, "CS1547", "a variable cannot be 'void'")
            type_ = ERROR
        if is_static_class(type_):
            self.report(type_node, "CS0723", f"'{shown(type_)}' is a static class and can't be used as a type here")
            type_ = ERROR
        children: list[Any] = list(declarators.children)  # type: ignore[union-attr]
        if is_var and len(children) > 1:
            self.report(node, "CS0819", "'var' can declare only one variable at a time")
        if is_reference:
            for child in children:
                if child.children[1] is None:
                    self.report(child.children[0], "CS8174", "a ref variable must be initialized where it is declared")
        if is_reference:
            read_only = type_node.kind == "ref_readonly_type"  # type: ignore[union-attr]
            made = [
                self._reference_declarator(c, type_, is_var=is_var, kind=kind, read_only=read_only) for c in children
            ]
        else:
            made = [self._declarator(child, type_, is_var=is_var, kind=kind) for child in children]
        return made[0] if len(made) == 1 else Statements(node, made)

    def _declarator(self, node: Node, type_: Type, *, is_var: bool, kind: str) -> LocalDeclaration:
        token, initializer = node.children
        name = name_of(token)
        symbol = LocalSymbol(name, type_, kind, token, self.scope.function)
        self.declare(symbol, token)
        if initializer is None:
            if is_var:
                self.report(token, "CS0818", f"'var {name}' must be initialized, so that its type can be inferred")
            return LocalDeclaration(node, symbol, None)
        if initializer.kind == "ref_expression":
            self.report(
                node,
                "CS8171",
                f"'{name}' is not a ref variable and can't be initialized with 'ref'",
                help="remove 'ref'",
            )
            symbol.type = ERROR
            return LocalDeclaration(node, symbol, self.bad(node))
        if initializer.kind in STACK_KINDS:
            symbol.is_on_stack = True
            self.allow_stack_memory(initializer)
            value = self.stack_value(node.node(1), None if is_var else type_)
            symbol.type = value.type
            return LocalDeclaration(node, symbol, value)
        self.allow_stack_memory(initializer)
        if is_var:
            saved, self.being_declared = self.being_declared, symbol
            value = self._var_value(node, name, initializer)
            self.being_declared = saved
            symbol.type = value.type
            symbol.is_on_stack = is_ref_struct(value.type) and is_on_stack(value)
            return LocalDeclaration(node, symbol, value)
        if initializer.kind == "initializer":
            if isinstance(type_, ArrayType):
                value = self.array_from(initializer, type_, initializer)  # type: ignore[arg-type]
            else:
                value = (
                    self.failure(
                        initializer,
                        "CS0622",
                        "an initializer in braces can only be used for an array, or after 'new'",
                    )
                    if type_ is not ERROR
                    else self.bad(node)
                )
            return LocalDeclaration(node, symbol, value)
        value = self.convert(self.bind_value(initializer), type_)
        symbol.is_on_stack = is_ref_struct(type_) and is_on_stack(value)
        return LocalDeclaration(node, symbol, value)

    def _reference_declarator(
        self, node: Node, type_: Type, *, is_var: bool, kind: str, read_only: bool
    ) -> LocalDeclaration:
        """`ref T name = ref variable;` (section 13.6.2.4)."""
        token, initializer = node.children
        name = name_of(token)
        symbol = LocalSymbol(name, type_, kind, token, self.scope.function)
        symbol.is_reference = True
        symbol.is_readonly_reference = read_only
        self.declare(symbol, token)
        function = self.scope.function
        if isinstance(function, LocalFunctionSymbol) and function.is_iterator:
            self.report(token, "CS8176", "an iterator can't have ref variables")
        if not isinstance(initializer, Node):
            return LocalDeclaration(node, symbol, None)
        value: Expression
        if initializer.kind != "ref_expression":
            value = self.failure(
                node,
                "CS8172",
                f"'{name}' is a ref variable and must be initialized with 'ref'",
                help="write 'ref' before the value",
            )
        else:
            value = self.reference(initializer, read_only=read_only)
            if is_var:
                symbol.type = value.type
            value = self.wanted_reference(initializer.children[0], value, symbol.type, "CS8173")
        if isinstance(value, Bad):
            symbol.type = ERROR
        return LocalDeclaration(node, symbol, value)

    def _var_value(self, node: Node, name: str, initializer: Child) -> Expression:
        if initializer.kind == "initializer":  # type: ignore[union-attr]
            return self.failure(
                node, "CS0820", f"'var {name}' can't be initialized with braces alone", help="write new[] { … }"
            )
        value = self.bind_value(initializer)
        if isinstance(value, Bad):
            return value
        if isinstance(value, DefaultLiteral):
            return self.failure(value.syntax, "CS8716", "'default' needs a type here", help="write default(…)")
        if isinstance(value.type, SpecialType) and str(value.type) != "dynamic":
            what = {NULL: "null"}.get(value.type, f"a {value.type}")
            return self.failure(
                node,
                "CS0815",
                f"the type of 'var {name}' can't be inferred from {what}",
                help="write the type instead of 'var'",
            )
        if value.type is VOID:
            return self.failure(
                node, "CS0815", f"'var {name}' can't be initialized by a call that returns nothing (void)"
            )
        return value

    def statement_const_declaration_statement(self, node: Node) -> Statement:
        type_node, declarators = node.children
        if self.is_var(type_node):
            self.report(
                type_node, "CS0822", "a constant can't be declared with 'var'", help="write its type: int, string, …"
            )
            type_: Type = ERROR
        else:
            type_ = self.bind_type(type_node)
            if not _can_be_constant(type_):
                self.report(type_node, "CS0283", f"a constant can't be of type '{shown(type_)}'", help="use a variable")
                type_ = ERROR
        made: list[Statement] = []
        for child in declarators.children:  # type: ignore[union-attr]
            token, initializer = child.children  # type: ignore[union-attr]
            name = name_of(token)
            symbol = LocalSymbol(name, type_, "constant", token, self.scope.function)
            self.declare(symbol, token)
            if initializer is None:
                self.report(token, "CS0145", "a constant must have a value")
                continue
            self.being_declared, outer = symbol, self.being_declared
            written = self.bind_value(initializer)
            self.being_declared = outer
            value = self.convert(written, type_)
            if isinstance(value, Bad) or type_ is ERROR:
                symbol.type = ERROR
                continue
            if not type_.is_value_type and type_ is not STRING and written.is_constant and written.constant is not None:
                self.report(initializer, "CS0134", f"a constant of type '{shown(type_)}' can only be null")
                continue
            if not value.is_constant:
                self.report(initializer, "CS0133", f"the value of the constant '{name}' is not a constant")
                continue
            symbol.constant = value.constant
            made.append(LocalDeclaration(child, symbol, value))  # type: ignore[arg-type]
        return made[0] if len(made) == 1 else Statements(node, made)


def _start(where: Child) -> int:
    return where.start if where is not None else 0


def _can_be_constant(type_: Type) -> bool:
    """Section 13.6.3: numbers, characters, booleans, enums, strings, and null of a reference type."""
    return type_ is ERROR or not type_.is_value_type or type_ in _CONSTANT_TYPES or is_enum(type_)


def _declared_names(block: Node) -> dict[str, int]:
    """The variables that a block's own declarations introduce, with their offsets."""
    found: dict[str, int] = {}
    for child in block.children:
        if isinstance(child, Node) and child.kind == "local_declaration_statement":
            child = child.children[0]
        if isinstance(child, Node) and child.kind in ("local_declaration", "const_declaration_statement"):
            for declarator in child.node(1).children:
                token = declarator.children[0]  # type: ignore[union-attr]
                found[literals.identifier_name(token.text)] = token.start  # type: ignore[union-attr]
    return found
