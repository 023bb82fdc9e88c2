"""Statements (C# specification, chapter 13)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.binding import conversions as conv
from apimpolicy.binding import lookup
from apimpolicy.binding.core import name_of
from apimpolicy.binding.lambdas import is_statement_expression
from apimpolicy.binding.nodes import (
    NOT_CONSTANT,
    Bad,
    Block,
    Catch,
    Empty,
    Expression,
    ExpressionStatement,
    Foreach,
    If,
    LocalDeclaration,
    Lock,
    Loop,
    MethodGroup,
    Placeholder,
    Return,
    Statement,
    Statements,
    Try,
    UnknownStatement,
    Using,
)
from apimpolicy.binding.operations import operand_name
from apimpolicy.binding.spelling import shown
from apimpolicy.binding.switches import SwitchBinder
from apimpolicy.binding.symbols import LocalSymbol
from apimpolicy.binding.unbound import UnboundLambda
from apimpolicy.dotnet.metadata import named
from apimpolicy.dotnet.types import ERROR, NULL, NamedType, Type
from apimpolicy.syntax.nodes import Node, Token
from apimpolicy.text.holes import has_hole

if TYPE_CHECKING:
    from apimpolicy.syntax.nodes import Child


class Binder(SwitchBinder):
    """The whole binder: statements on top of expressions."""

    def _embedded(self, node: Child) -> Statement:
        """A statement under if, else or a loop: has its own scope, and is no declaration (CS1023)."""
        saved = self.enter()
        try:
            if node.kind in (  # type: ignore[union-attr]
                "local_declaration_statement",
                "const_declaration_statement",
                "local_function",
                "labeled_statement",
            ):
                self.report(
                    node,
                    "CS1023",
                    "a declaration can't be the only statement here",
                    help="put it in braces",
                )
            return self.bind_statement(node)
        finally:
            self.scope = saved

    def statement_empty_statement(self, node: Node) -> Statement:
        return Empty(node)

    def statement_hole(self, node: Node) -> Statement:
        """Statements that are unknown: text that a template puts in later, which may declare any name."""
        self.has_unknown = self.scope.is_unknown = True
        if self.returns is not None and self.return_type is None:
            self.returns.append(Return(node, self.bad(node)))
        return UnknownStatement(node)

    def statement_expression_statement(self, node: Node) -> Statement:
        written = node.children[0]
        if isinstance(written, Node) and written.kind == "identifier" and has_hole(written.token(0).text):
            return self.statement_hole(node)
        if isinstance(written, Node) and written.kind == "assignment":
            self.allow_stack_memory(written.children[1])
        expression = self.bind(written)
        if isinstance(expression, Bad):
            return ExpressionStatement(node, expression)
        if not is_statement_expression(expression):
            self.report(
                node.children[0],
                "CS0201",
                "only a call, an assignment, an increment or 'new' can be used as a statement",
                help="is 'return' missing?",
            )
            return ExpressionStatement(node, self.bad(node))
        return ExpressionStatement(node, expression)

    # ---------------------------------------------------------------------------------------- control flow

    def statement_if_statement(self, node: Node) -> Statement:
        condition = self.convert_condition(self.bind_value(node.children[0]))
        then = self._embedded(node.children[1])
        otherwise = self._embedded(node.children[2]) if node.children[2] is not None else None
        return If(node, condition, then, otherwise)

    def _loop_body(self, node: Child, kind: str) -> Statement:
        saved = self.enclosing
        self.enclosing = saved._replace(breakable=(*saved.breakable, kind))
        try:
            return self._embedded(node)
        finally:
            self.enclosing = saved

    def statement_while_statement(self, node: Node) -> Statement:
        saved = self.enter()
        try:
            condition = self.convert_condition(self.bind_value(node.children[0]))
            return Loop(node, condition, self._loop_body(node.children[1], "while"), locals_=self.scope.order)
        finally:
            self.scope = saved

    def statement_do_statement(self, node: Node) -> Statement:
        body = self._loop_body(node.children[0], "do")
        return Loop(node, self.convert_condition(self.bind_value(node.children[1])), body, is_do=True)

    def statement_for_statement(self, node: Node) -> Statement:
        first, condition_node, last, body_node = node.children
        saved = self.enter()
        try:
            initializers: list[Statement] = []
            if isinstance(first, Node) and first.kind == "local_declaration":
                initializers.append(self._declaration(first, "local"))
            elif isinstance(first, Node):
                initializers.extend(self._statement_expressions(first))
            condition = self.convert_condition(self.bind_value(condition_node)) if condition_node is not None else None
            incrementors: list[Expression] = []
            if isinstance(last, Node):
                incrementors = [s.expression for s in self._statement_expressions(last)]
            body = self._loop_body(body_node, "for")
            return Loop(
                node, condition, body, initializers=initializers, incrementors=incrementors, locals_=self.scope.order
            )
        finally:
            self.scope = saved

    def _statement_expressions(self, node: Node) -> list[ExpressionStatement]:
        made = []
        for child in node.children:
            expression = self.bind_value(child)
            if not is_statement_expression(expression):
                expression = self.failure(
                    child,
                    "CS0201",
                    "only a call, an assignment or an increment can be used here",
                )
            made.append(ExpressionStatement(child, expression))  # type: ignore[arg-type]
        return made

    def statement_foreach_statement(self, node: Node) -> Statement:
        type_node, token, collection_node, body_node = node.children
        collection, element = self._collection(collection_node)
        saved = self.enter()
        try:
            declared = element if self.is_var(type_node) else self.bind_type(type_node)
            name = name_of(token)
            symbol = LocalSymbol(name, declared, "foreach", token, self.scope.function)
            self.declare(symbol, token)
            placeholder = Placeholder(token, element)  # type: ignore[arg-type]
            value: Expression = placeholder
            if declared is not element and ERROR not in (declared, element):
                value = self._foreach_element(node, placeholder, declared)
            body = self._loop_body(body_node, "foreach")
            return Foreach(node, collection, placeholder, value, symbol, body)
        finally:
            self.scope = saved

    def _foreach_element(self, node: Node, placeholder: Placeholder, target: Type) -> Expression:
        """The implied conversion of each element, explicit ones included (section 13.9.5)."""
        found = conv.explicit_conversion(placeholder.type, target)
        if found is None:
            return self.failure_at(
                node.start,
                node.start + len("foreach"),
                node,
                "CS0030",
                f"elements of type '{shown(placeholder.type)}' can't be converted to '{shown(target)}'",
            )
        return self.apply(placeholder, target, found, explicit=True)

    def _collection(self, node: Child) -> tuple[Expression, Type]:
        collection = self.bind_value(node)
        if isinstance(collection, Bad):
            return collection, ERROR
        if isinstance(collection, (MethodGroup, UnboundLambda)):
            what = operand_name(collection)
            return self.failure(node, "CS0446", f"foreach can't loop over {what}", help="call it"), ERROR
        if collection.type is NULL or (collection.is_constant and collection.constant is None):
            return self.failure(node, "CS0186", "foreach can't loop over null"), ERROR
        element = lookup.element_type(collection.type)
        if element is None and str(collection.type) == "dynamic":
            return collection, collection.type
        if element is None:
            return (
                self.failure(
                    node,
                    "CS1579",
                    f"foreach can't loop over '{shown(collection.type)}': it is not a sequence (IEnumerable)",
                ),
                ERROR,
            )
        return collection, element

    def statement_foreach_variable_statement(self, node: Node) -> Statement:
        target, collection_node, body_node = node.children
        collection, element = self._collection(collection_node)
        saved = self.enter()
        try:
            placeholder = Placeholder(node, element)
            taken: Expression = self.bad(node)
            if not self.declares_parts(target):
                self.report(
                    target, "CS8186", "foreach must declare its variables", help="write var or a type before them"
                )
            elif element is ERROR:
                self.declare_after_error(target)
            else:
                taken = self.deconstruct(node, target, placeholder)
            body = self._loop_body(body_node, "foreach")
            return Foreach(node, collection, placeholder, placeholder, None, body, taken)
        finally:
            self.scope = saved

    # ------------------------------------------------------------------------------- try, using, lock, checked

    def statement_try_statement(self, node: Node) -> Statement:
        body_node, catches_node, finally_node = node.children
        has_catches = catches_node is not None and bool(catches_node.children)  # type: ignore[union-attr]
        body = self._part_of_try("try" if has_catches else "", body_node)
        catches = [self._catch(child) for child in catches_node.children] if catches_node is not None else []  # type: ignore[union-attr, arg-type]
        if not catches and finally_node is None:
            self.report(node, "CS1524", "'try' must have a catch or finally block")
        self._check_catches(catches)
        finally_body = self._part_of_try("finally", finally_node.children[0]) if finally_node is not None else None  # type: ignore[union-attr]
        return Try(node, body, catches, finally_body)

    def _part_of_try(self, part: str, node: Child) -> Block:
        """A block of a try statement, which says what may jump and yield in it; no jump leaves `finally`."""
        saved = self.enclosing
        if part:
            self.enclosing = saved._replace(parts=(*saved.parts, part))
        if part == "finally":
            self.enclosing = self.enclosing._replace(
                breakable=(*saved.breakable, part) if saved.breakable else (), labels=(*saved.labels, None)
            )
        try:
            return self.statement_block(node)  # type: ignore[arg-type]
        finally:
            self.enclosing = saved

    def _check_catches(self, catches: list[Catch]) -> None:
        """CS0160: a clause that an earlier one already covers. CS1017: one behind the clause for everything."""
        earlier: list[NamedType] = []
        takes_all = False
        for clause in catches:
            if takes_all:
                start = clause.syntax.start
                self.report_at(start, start + len("catch"), "CS1017", "a catch without a type must be the last one")
            takes_all = takes_all or (clause.target is None and clause.filter is None)
            if clause.target is not None:
                for caught in earlier:
                    if caught in clause.target.supertypes:
                        where = clause.syntax
                        declaration = where.children[0] if isinstance(where, Node) else None
                        at = declaration.children[0] if isinstance(declaration, Node) else where
                        self.report(at or where, "CS0160", f"an earlier catch already handles '{shown(clause.target)}'")
                        break
                if clause.filter is None:
                    earlier.append(clause.target)

    def _catch(self, node: Node) -> Catch:
        declaration, filter_node, body_node = node.children
        saved = self.enter()
        try:
            target: NamedType | None = None
            symbol: LocalSymbol | None = None
            if declaration is not None:
                type_node, token = declaration.children  # type: ignore[union-attr]
                type_ = self.bind_type(type_node)
                if isinstance(type_, NamedType):
                    target = type_
                    if named("System.Exception") not in type_.supertypes:
                        self.report(type_node, "CS0155", "only a type derived from Exception can be caught")
                if token is not None:
                    name = name_of(token)
                    symbol = LocalSymbol(name, type_, "local", token, self.scope.function)
                    self.declare(symbol, token)
            condition = None
            if filter_node is not None:
                condition = self.convert_condition(self.bind_value(filter_node.children[0]))  # type: ignore[union-attr]
            return Catch(node, target, symbol, condition, self._part_of_try("catch", body_node))
        finally:
            self.scope = saved

    def statement_using_statement(self, node: Node) -> Statement:
        resource_node, body_node = node.children
        saved = self.enter()
        try:
            declarations: list[LocalDeclaration] = []
            resource: Expression | None = None
            types: list[tuple[Type, Node | Token]]
            if isinstance(resource_node, Node) and resource_node.kind == "local_declaration":
                made = self._declaration(resource_node, "using")
                parts = made.statements if isinstance(made, Statements) else (made,)
                declarations = [part for part in parts if isinstance(part, LocalDeclaration)]
                types = [(d.symbol.type, resource_node) for d in declarations]
                for declared in declarations:
                    if declared.value is None and declared.symbol.declared_at is not None:
                        self.report(declared.symbol.declared_at, "CS0210", "a variable in 'using' must be initialized")
            else:
                resource = self.bind_value(resource_node)
                types = [(resource.type, resource.syntax)]
            for type_, where in types:
                if type_ is not ERROR and type_ is not NULL and not _is_disposable(type_):
                    self.report(
                        where, "CS1674", f"'{shown(type_)}' can't be used in 'using': it does not implement IDisposable"
                    )
            return Using(node, declarations, resource, self._embedded(body_node))
        finally:
            self.scope = saved

    def statement_lock_statement(self, node: Node) -> Statement:
        target = self.bind_typed(node.children[0])
        if not isinstance(target, Bad) and not conv.is_reference(target.type):
            self.report(
                node.children[0],
                "CS0185",
                f"'{shown(target.type)}' is not a reference type, so it can't be locked",
            )
        return Lock(node, target, self._embedded(node.children[1]))

    def statement_checked_statement(self, node: Node) -> Statement:
        return self._checked_block(node, checked=True)

    def statement_unchecked_statement(self, node: Node) -> Statement:
        return self._checked_block(node, checked=False)

    def _checked_block(self, node: Node, *, checked: bool) -> Statement:
        saved, self.is_checked = self.is_checked, checked
        try:
            return self.statement_block(node.node(0))
        finally:
            self.is_checked = saved


def _is_disposable(type_: Type) -> bool:
    return any(parent.name == "System.IDisposable" for parent in lookup.supertypes(type_))


__all__ = ["NOT_CONSTANT", "Binder"]
