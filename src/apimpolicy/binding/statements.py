"""Statements (C# specification, chapter 13)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.binding import conversions as conv
from apimpolicy.binding import lookup
from apimpolicy.binding.complaints import shown
from apimpolicy.binding.flow import Flow
from apimpolicy.binding.lambdas import is_statement_expression
from apimpolicy.binding.nodes import (
    NOT_CONSTANT,
    Bad,
    Block,
    Break,
    Catch,
    Continue,
    Empty,
    Expression,
    ExpressionStatement,
    Foreach,
    Goto,
    If,
    Labeled,
    LocalDeclaration,
    LocalFunction,
    Lock,
    Loop,
    Placeholder,
    Return,
    Statement,
    Statements,
    Switch,
    SwitchLabel,
    SwitchSection,
    Throw,
    Try,
    Using,
    Yield,
)
from apimpolicy.binding.queries import QueryBinder
from apimpolicy.binding.symbols import LocalFunctionSymbol, LocalSymbol, Scope
from apimpolicy.dotnet.metadata import named
from apimpolicy.dotnet.signatures import Parameter
from apimpolicy.dotnet.types import ERROR, NULL, ArrayType, NamedType, SpecialType, Type
from apimpolicy.dotnet.values import VOID
from apimpolicy.syntax import literals
from apimpolicy.syntax.nodes import Node, Token

if TYPE_CHECKING:
    from collections.abc import Sequence

    from apimpolicy.syntax.nodes import Child

_LOOPS = frozenset({"while", "do", "for", "foreach", "switch"})


class Binder(QueryBinder):
    """The whole binder: statements on top of expressions."""

    _breakable: tuple[str, ...] = ()
    _in_catch = False

    # --------------------------------------------------------------------------------------------- scopes

    def declare(self, symbol: LocalSymbol, where: Node | Token) -> None:
        """Declare in the current scope; CS0128 for the same scope, CS0136 when it hides an outer variable."""
        if symbol.name in self.scope.names:
            self.report(where, "CS0128", f"'{symbol.name}' is already declared in this scope")
        else:
            existing = self.scope.find(symbol.name)
            if existing is not None:
                self.report(
                    where, "CS0136", f"'{symbol.name}' is already used in the enclosing scope", help="choose another name"
                )
        self.scope.declare(symbol)

    def _enter(self) -> Scope:
        saved = self.scope
        self.scope = Scope(saved)
        return saved

    # ------------------------------------------------------------------------------------------ dispatch

    def bind_statement(self, node: Child) -> Statement:
        return getattr(self, f"statement_{node.kind}")(node)  # type: ignore[union-attr, no-any-return]

    def _embedded(self, node: Child) -> Statement:
        """A statement under if, else or a loop: has its own scope, and is no declaration (CS1023)."""
        saved = self._enter()
        try:
            if node.kind in (  # type: ignore[union-attr]
                "local_declaration_statement", "const_declaration_statement", "local_function", "labeled_statement"
            ):
                self.report(
                    node,  # type: ignore[arg-type]
                    "CS1023", "a declaration cannot be the only statement here", help="put it in braces"
                )
            return self.bind_statement(node)
        finally:
            self.scope = saved

    def statement_block(self, node: Node) -> Block:
        saved = self._enter()
        try:
            return self._block_in_scope(node)
        finally:
            self.scope = saved

    def _block_in_scope(self, node: Node) -> Block:
        self.scope.later = _declared_names(node)
        self._declare_functions(node)
        statements = [self.bind_statement(child) for child in node.children]
        return Block(node, statements, self.scope.order)

    def bind_function_body(self, node: Node) -> Block:
        saved = (self._breakable, self._in_catch)
        self._breakable, self._in_catch = (), False
        try:
            return self.statement_block(node)
        finally:
            self._breakable, self._in_catch = saved

    def falls_through(self, block: Block) -> bool:
        return Flow().end_reachable(block)

    def statement_empty_statement(self, node: Node) -> Statement:
        return Empty(node)

    def statement_expression_statement(self, node: Node) -> Statement:
        expression = self.bind(node.children[0])
        if isinstance(expression, Bad):
            return ExpressionStatement(node, expression)
        if not is_statement_expression(expression) and not _awaits(node.children[0]):
            self.report(
                node.children[0],  # type: ignore[arg-type]
                "CS0201",
                "only a call, an assignment, an increment or 'new' can be a statement",
                help="is 'return' missing?",
            )
            return ExpressionStatement(node, self.bad(node))
        return ExpressionStatement(node, expression)

    # ---------------------------------------------------------------------------------------- declarations

    def statement_local_declaration_statement(self, node: Node) -> Statement:
        return self._declaration(node.children[0], "local")  # type: ignore[arg-type]

    def _declaration(self, node: Node, kind: str) -> Statement:
        type_node, declarators = node.children
        is_var = self.is_var(type_node)
        type_ = ERROR if is_var else self.bind_type(type_node)
        if type_ is VOID:
            self.report(type_node, "CS1547", "a variable cannot be 'void'")  # type: ignore[arg-type]
            type_ = ERROR
        children: list[Any] = list(declarators.children)  # type: ignore[union-attr]
        if is_var and len(children) > 1:
            self.report(node, "CS0819", "'var' declares one variable at a time")
        made = [self._declarator(child, type_, is_var=is_var, kind=kind) for child in children]
        return made[0] if len(made) == 1 else Statements(node, made)

    def _declarator(self, node: Node, type_: Type, *, is_var: bool, kind: str) -> LocalDeclaration:
        token, initializer = node.children
        name = literals.identifier_name(token.text)  # type: ignore[union-attr]
        symbol = LocalSymbol(name, type_, kind, token, self.scope.function)
        self.declare(symbol, token)  # type: ignore[arg-type]
        if initializer is None:
            if is_var:
                self.report(token, "CS0818", f"'var {name}' needs a value to take its type from")  # type: ignore[arg-type]
            return LocalDeclaration(node, symbol, None)
        if is_var:
            saved, self.being_declared = self.being_declared, symbol
            value = self._var_value(node, name, initializer)
            self.being_declared = saved
            symbol.type = value.type
            return LocalDeclaration(node, symbol, value)
        if initializer.kind == "initializer":  # type: ignore[union-attr]
            if isinstance(type_, ArrayType):
                value = self.array_from(initializer, type_, initializer)  # type: ignore[arg-type]
            else:
                value = self.failure(
                    initializer, "CS0622", "elements in braces need an array type, or 'new'"  # type: ignore[arg-type]
                ) if type_ is not ERROR else self.bad(node)
            return LocalDeclaration(node, symbol, value)
        value = self.convert(self.bind_value(initializer), type_)
        return LocalDeclaration(node, symbol, value)

    def _var_value(self, node: Node, name: str, initializer: Child) -> Expression:
        if initializer.kind == "initializer":  # type: ignore[union-attr]
            return self.failure(node, "CS0820", f"'var {name}' cannot be set from elements in braces", help="write new[] { … }")
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
            self.report(type_node, "CS0822", "a constant needs its type written", help="write int, string, …")  # type: ignore[arg-type]
            type_ = ERROR
        else:
            type_ = self.bind_type(type_node)
        made: list[Statement] = []
        for child in declarators.children:  # type: ignore[union-attr]
            token, initializer = child.children  # type: ignore[union-attr]
            name = literals.identifier_name(token.text)  # type: ignore[union-attr]
            symbol = LocalSymbol(name, type_, "constant", token, self.scope.function)
            self.declare(symbol, token)  # type: ignore[arg-type]
            if initializer is None:
                self.report(token, "CS0145", "a constant needs a value")  # type: ignore[arg-type]
                continue
            value = self.convert(self.bind_value(initializer), type_)
            if isinstance(value, Bad):
                symbol.type = ERROR
                continue
            if not value.is_constant:
                self.report(initializer, "CS0133", f"the value of the constant '{name}' is not a constant")  # type: ignore[arg-type]
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
                        type_parameters, "CS8370", "generic local functions are not supported in policy expressions"  # type: ignore[arg-type]
                    )
                declared = tuple(self._parameter(p) for p in parameters.children)  # type: ignore[union-attr]
                name = literals.identifier_name(token.text)  # type: ignore[union-attr]
                returns = self.bind_type(type_node)
                symbol = LocalFunctionSymbol(name, returns, declared, child)
                if name in self.scope.names:
                    self.report(token, "CS0128", f"'{name}' is already declared in this scope")  # type: ignore[arg-type]
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
        saved = (self.scope, self.returns, self.return_type, self._breakable)
        self.scope = Scope(self.scope, function)
        self.returns, self.return_type, self._breakable = None, function.returns, ()
        try:
            symbols = []
            for parameter, written in zip(function.parameters, node.children[4].children, strict=True):  # type: ignore[union-attr]
                where = written.children[2]  # type: ignore[union-attr]
                symbol = LocalSymbol(
                    parameter.name, parameter.type, "parameter", where, function, mode=parameter.mode
                )
                self.declare(symbol, where)  # type: ignore[arg-type]
                symbols.append(symbol)
            function.symbols = tuple(symbols)
            return LocalFunction(node, function, self._function_body(body_node, function, token))  # type: ignore[arg-type]
        finally:
            self.scope, self.returns, self.return_type, self._breakable = saved

    def _function_body(self, node: Node, function: LocalFunctionSymbol, token: Token) -> Block:
        if node.kind == "arrow_body":
            value = self.bind_value(node.children[0])
            if function.returns is VOID:
                if not is_statement_expression(value):
                    self.report(value.syntax, "CS0201", "only a call, an assignment or 'new' can be a statement")
                return Block(node, [ExpressionStatement(node, value)])
            return Block(node, [Return(node, self.convert(value, function.returns))])
        body = self.statement_block(node)
        if function.returns is not VOID and self.falls_through(body) and not _yields(node):
            self.report(token, "CS0161", f"not every path through '{function.name}' returns a value")
        return body

    # ---------------------------------------------------------------------------------------- control flow

    def statement_if_statement(self, node: Node) -> Statement:
        condition = self.convert_condition(self.bind_value(node.children[0]))
        then = self._embedded(node.children[1])
        otherwise = self._embedded(node.children[2]) if node.children[2] is not None else None
        return If(node, condition, then, otherwise)

    def _loop_body(self, node: Child, kind: str) -> Statement:
        saved, self._breakable = self._breakable, (*self._breakable, kind)
        try:
            return self._embedded(node)
        finally:
            self._breakable = saved

    def statement_while_statement(self, node: Node) -> Statement:
        saved = self._enter()
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
        saved = self._enter()
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
                    child, "CS0201", "only a call, an assignment or an increment can stand here"  # type: ignore[arg-type]
                )
            made.append(ExpressionStatement(child, expression))  # type: ignore[arg-type]
        return made

    def statement_foreach_statement(self, node: Node) -> Statement:
        type_node, token, collection_node, body_node = node.children
        collection, element = self._collection(collection_node)
        saved = self._enter()
        try:
            declared = element if self.is_var(type_node) else self.bind_type(type_node)
            name = literals.identifier_name(token.text)  # type: ignore[union-attr]
            symbol = LocalSymbol(name, declared, "foreach", token, self.scope.function)
            self.declare(symbol, token)  # type: ignore[arg-type]
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
                node.start, node.start + len("foreach"), node, "CS0030", f"elements of type '{shown(placeholder.type)}' cannot be '{shown(target)}'"
            )
        return self.apply(placeholder, target, found, explicit=True)

    def _collection(self, node: Child) -> tuple[Expression, Type]:
        collection = self.bind_typed(node)
        if isinstance(collection, Bad):
            return collection, ERROR
        if collection.type is NULL or (collection.is_constant and collection.constant is None):
            return self.failure(node, "CS0186", "null cannot be looped over"), ERROR  # type: ignore[arg-type]
        element = lookup.element_type(collection.type)
        if element is None and str(collection.type) == "dynamic":
            return collection, collection.type
        if element is None:
            return (
                self.failure(
                    node,  # type: ignore[arg-type]
                    "CS1579", f"a value of type '{shown(collection.type)}' cannot be looped over: it has no elements"
                ),
                ERROR,
            )
        return collection, element

    def statement_foreach_variable_statement(self, node: Node) -> Statement:
        target, collection_node, body_node = node.children
        collection, element = self._collection(collection_node)
        saved = self._enter()
        try:
            placeholder = Placeholder(node, element)
            taken = self.deconstruct(node, target, placeholder) if element is not ERROR else self.bad(node)
            body = self._loop_body(body_node, "foreach")
            return Foreach(node, collection, placeholder, placeholder, None, body, taken)
        finally:
            self.scope = saved

    def statement_switch_statement(self, node: Node) -> Statement:
        value = self.bind_typed(node.children[0])
        saved, saved_breakable = self._enter(), self._breakable
        self._breakable = (*self._breakable, "switch")
        try:
            sections = [self._switch_section(child, value) for child in node.children[1:]]  # type: ignore[arg-type]
            self._check_labels(sections)
            for section in sections:
                if Flow().list_end_reachable(section.statements):
                    label = section.labels[-1].syntax
                    last = section is sections[-1]
                    self.report(
                        label, "CS8070" if last else "CS0163",
                        "control falls out of this case", help="end it with 'break;' or 'return'",
                    )
            return Switch(node, value, sections, self.scope.order)
        finally:
            self.scope, self._breakable = saved, saved_breakable

    def _switch_section(self, node: Node, value: Expression) -> SwitchSection:
        labels_node, *statements = node.children
        saved = self._enter()
        try:
            labels = [self._switch_label(child, value) for child in labels_node.children]  # type: ignore[union-attr, arg-type]
            names = self.scope.names
            self.scope = saved
            # variables declared in a section belong to the whole switch block, those of patterns to the section
            inner = Scope(saved)
            inner.names.update(names)
            self.scope = inner
            bound = [self.bind_statement(child) for child in statements]
            for symbol in inner.order:
                saved.names.setdefault(symbol.name, symbol)
            return SwitchSection(node, labels, bound)
        finally:
            self.scope = saved

    def _switch_label(self, node: Node, value: Expression) -> SwitchLabel:
        if node.kind == "default_label":
            return SwitchLabel(node, None, None)
        pattern_node, guard_node = node.children
        pattern = None
        if not isinstance(value, Bad):
            pattern = self.bind_pattern(pattern_node, value.type)  # type: ignore[arg-type]
        guard = self.convert_condition(self.bind_value(guard_node)) if guard_node is not None else None
        from apimpolicy.binding.nodes import Pattern

        return SwitchLabel(node, pattern or Pattern(node, None, None, self.bad(node)), guard)

    def _check_labels(self, sections: Sequence[SwitchSection]) -> None:
        """CS0152 for a constant that occurs twice."""
        seen: set[Any] = set()
        for section in sections:
            for label in section.labels:
                if label.pattern is None:
                    key: Any = "default:"
                elif label.pattern.value is not None and label.pattern.value.is_constant and label.guard is None:
                    constant = label.pattern.value.constant
                    key = (type(constant), constant)
                else:
                    continue
                if key in seen:
                    shown_label = "default" if key == "default:" else f"case {key[1]!r}"
                    self.report(label.syntax, "CS0152", f"'{shown_label}:' occurs twice in this switch")
                seen.add(key)

    def statement_break_statement(self, node: Node) -> Statement:
        if not self._breakable:
            self.report(node, "CS0139", "there is no loop or switch to break out of")
        return Break(node)

    def statement_continue_statement(self, node: Node) -> Statement:
        if not any(kind != "switch" for kind in self._breakable):
            self.report(node, "CS0139", "there is no loop to continue")
        return Continue(node)

    def statement_goto_statement(self, node: Node) -> Statement:
        return Goto(node, node.children[0].text, None)  # type: ignore[union-attr]

    def statement_goto_case_statement(self, node: Node) -> Statement:
        return Goto(node, None, self.bind_typed(node.children[0]))

    def statement_goto_default_statement(self, node: Node) -> Statement:
        return Goto(node, None, None)

    def statement_labeled_statement(self, node: Node) -> Statement:
        return Labeled(node, node.children[0].text, self.bind_statement(node.children[1]))  # type: ignore[union-attr]

    def statement_return_statement(self, node: Node) -> Statement:
        value = self.bind_value(node.children[0]) if node.children[0] is not None else None
        if self.return_type is not None:
            value = self._return_value(node, value, self.return_type)
        made = Return(node, value)
        if self.returns is not None and self.return_type is None:
            self.returns.append(made)
        return made

    def _return_value(self, node: Node, value: Expression | None, wanted: Type) -> Expression | None:
        if value is None:
            if wanted is not VOID:
                self.report(node, "CS0126", f"a value of type '{shown(wanted)}' must be returned")
            return None
        if wanted is VOID:
            self.report(node, "CS0127", "this function returns nothing, so 'return' takes no value")
            return None
        return self.convert(value, wanted)

    def statement_throw_statement(self, node: Node) -> Statement:
        if node.children[0] is None:
            if not self._in_catch:
                self.report(node, "CS0156", "'throw;' without an exception only rethrows inside a catch clause")
            return Throw(node, None)
        return Throw(node, self._exception(node.children[0]))

    def _exception(self, node: Child) -> Expression:
        value = self.bind_typed(node)
        exception = named("System.Exception")
        if isinstance(value, Bad) or value.type is NULL:
            return value
        if self.classify(value, exception) is None:
            return self.failure(node, "CS0155", "only an exception can be thrown")  # type: ignore[arg-type]
        return self.convert(value, exception)

    # ------------------------------------------------------------------------------- try, using, lock, checked

    def statement_try_statement(self, node: Node) -> Statement:
        body_node, catches_node, finally_node = node.children
        body = self.statement_block(body_node)  # type: ignore[arg-type]
        catches = [self._catch(child) for child in catches_node.children] if catches_node is not None else []  # type: ignore[union-attr, arg-type]
        if not catches and finally_node is None:
            self.report(node, "CS1524", "'try' needs a catch or a finally")
        self._check_catches(catches)
        finally_body = self.statement_block(finally_node.children[0]) if finally_node is not None else None  # type: ignore[union-attr, arg-type]
        return Try(node, body, catches, finally_body)

    def _check_catches(self, catches: list[Catch]) -> None:
        """CS0160: a clause that an earlier one already covers."""
        earlier: list[NamedType] = []
        for clause in catches:
            if clause.target is not None:
                for caught in earlier:
                    if caught in clause.target.supertypes:
                        where = clause.syntax
                        declaration = where.children[0] if isinstance(where, Node) else None
                        at = declaration.children[0] if isinstance(declaration, Node) else where
                        self.report(at or where, "CS0160", f"an earlier catch already takes '{shown(clause.target)}'")
                        break
                if clause.filter is None:
                    earlier.append(clause.target)

    def _catch(self, node: Node) -> Catch:
        declaration, filter_node, body_node = node.children
        saved, saved_in_catch = self._enter(), self._in_catch
        self._in_catch = True
        try:
            target: NamedType | None = None
            symbol: LocalSymbol | None = None
            if declaration is not None:
                type_node, token = declaration.children  # type: ignore[union-attr]
                type_ = self.bind_type(type_node)
                if isinstance(type_, NamedType):
                    target = type_
                    if named("System.Exception") not in type_.supertypes:
                        self.report(type_node, "CS0155", "only an exception can be caught")  # type: ignore[arg-type]
                if token is not None:
                    name = literals.identifier_name(token.text)  # type: ignore[union-attr]
                    symbol = LocalSymbol(name, type_, "local", token, self.scope.function)
                    self.declare(symbol, token)  # type: ignore[arg-type]
            condition = None
            if filter_node is not None:
                condition = self.convert_condition(self.bind_value(filter_node.children[0]))  # type: ignore[union-attr]
            return Catch(node, target, symbol, condition, self.statement_block(body_node))  # type: ignore[arg-type]
        finally:
            self.scope, self._in_catch = saved, saved_in_catch

    def statement_using_statement(self, node: Node) -> Statement:
        resource_node, body_node = node.children
        saved = self._enter()
        try:
            declarations: list[LocalDeclaration] = []
            resource: Expression | None = None
            if isinstance(resource_node, Node) and resource_node.kind == "local_declaration":
                made = self._declaration(resource_node, "using")
                parts = made.statements if isinstance(made, Statements) else (made,)
                declarations = [part for part in parts if isinstance(part, LocalDeclaration)]
                types = [(d.symbol.type, d.syntax) for d in declarations]
            else:
                resource = self.bind_typed(resource_node)
                types = [(resource.type, resource.syntax)]
            for type_, where in types:
                if type_ is not ERROR and type_ is not NULL and not _is_disposable(type_):
                    self.report(where, "CS1674", f"'{shown(type_)}' cannot be used in 'using': it is not disposable")
            return Using(node, declarations, resource, self._embedded(body_node))
        finally:
            self.scope = saved

    def statement_lock_statement(self, node: Node) -> Statement:
        target = self.bind_typed(node.children[0])
        if not isinstance(target, Bad) and not conv.is_reference(target.type):
            self.report(
                node.children[0], "CS0185", f"'{shown(target.type)}' is no reference type, so it cannot be locked"  # type: ignore[arg-type]
            )
        return Lock(node, target, self._embedded(node.children[1]))

    def statement_checked_statement(self, node: Node) -> Statement:
        return self._checked_block(node, checked=True)

    def statement_unchecked_statement(self, node: Node) -> Statement:
        return self._checked_block(node, checked=False)

    def _checked_block(self, node: Node, *, checked: bool) -> Statement:
        saved, self.is_checked = self.is_checked, checked
        try:
            return self.statement_block(node.children[0])  # type: ignore[arg-type]
        finally:
            self.is_checked = saved

    def statement_yield_return_statement(self, node: Node) -> Statement:
        if self.return_type is None:
            self.report_at(1, 2, "CS1624", "'yield' needs an iterator, and a policy expression is none")
        elif not str(self.return_type).startswith("System.Collections."):
            self.report(node, "CS1624", "'yield' needs a function that returns IEnumerable<…>")
        return Yield(node)

    statement_yield_break_statement = statement_yield_return_statement


def _declared_names(block: Node) -> dict[str, int]:
    """The variables that a block's own declarations introduce, with their offsets."""
    found: dict[str, int] = {}
    for child in block.children:
        if isinstance(child, Node) and child.kind == "local_declaration_statement":
            child = child.children[0]  # noqa: PLW2901
        if isinstance(child, Node) and child.kind in ("local_declaration", "const_declaration_statement"):
            for declarator in child.children[1].children:  # type: ignore[union-attr]
                token = declarator.children[0]  # type: ignore[union-attr]
                found[literals.identifier_name(token.text)] = token.start  # type: ignore[union-attr]
    return found


def _awaits(node: Child) -> bool:
    return isinstance(node, Node) and node.kind == "await_expression"


def _yields(node: Node) -> bool:
    return any(inner.kind.startswith("yield_") for inner in node.walk())


def _is_disposable(type_: Type) -> bool:
    return any(parent.name == "System.IDisposable" for parent in lookup.supertypes(type_))


__all__ = ["NOT_CONSTANT", "Binder"]
