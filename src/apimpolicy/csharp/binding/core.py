"""The binder: the state that all parts share, dispatch by kinds of nodes, and conversion of bound expressions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from apimpolicy.csharp.binding import advice, lookup, nodes, type_relations
from apimpolicy.csharp.binding import conversions as conv
from apimpolicy.csharp.binding.constants import FoldingError, default_constant, fold_conversion, is_foldable
from apimpolicy.csharp.binding.literals import DefaultLiteral
from apimpolicy.csharp.binding.nodes import NOT_CONSTANT, Bad, Expression, Goto, Statement
from apimpolicy.csharp.binding.parts import EXPRESSIONS, STATEMENTS, TYPES, form_of
from apimpolicy.csharp.binding.reports import Reports, name_of, name_of_open_type, shown
from apimpolicy.csharp.binding.symbols import Enclosing, LocalFunctionSymbol, LocalSymbol, Scope
from apimpolicy.csharp.dotnet.types import ERROR, NULL, NamedType, SpecialType, TupleType, Type
from apimpolicy.csharp.dotnet.values import BOOL, DECIMAL, DOUBLE, FLOAT, INT, OBJECT, VOID
from apimpolicy.csharp.syntax import shapes

if TYPE_CHECKING:
    from apimpolicy.csharp.binding.flow import Answer
    from apimpolicy.csharp.binding.overloads import Argument
    from apimpolicy.csharp.dotnet.signatures import Method
    from apimpolicy.csharp.syntax.nodes import Child, Node, Token
    from apimpolicy.text.source import Excerpt


class _Within:
    """Gives a binder other values while a `with` statement runs."""

    __slots__ = ("_binder", "_saved")

    def __init__(self, binder: Binder, values: dict[str, Any]) -> None:
        state = binder.__dict__
        self._binder = binder
        self._saved = {name: state[name] for name in values}
        state.update(values)

    def __enter__(self) -> None:
        pass

    def __exit__(self, *_: object) -> None:
        self._binder.__dict__.update(self._saved)


class Binder(Reports):
    """One binder binds one expression; it is not reused."""

    def __init__(self, excerpt: Excerpt) -> None:
        super().__init__(excerpt)
        self.scope = Scope(None)
        self.is_checked: bool | None = None
        """True inside `checked`, False inside `unchecked`, None outside of both: constants overflow as errors then."""
        self.has_variables = False
        """True if a variable is declared that could be read unassigned."""
        self.has_unknown = False
        """True if a part of the code is unknown (`hole`): then definite assignment is not checked."""
        self.ends: dict[Statement, Answer] = {}
        """Reachability of the ends of loops and switches, as far as evaluated."""

        # The function that is being bound.
        self.returns: list[nodes.Return] | None = None
        """The return statements of the lambda being bound; None in the body of the expression."""
        self.return_type: Type | None = None
        """The declared return type, in a local function."""
        self.awaits_in = "expression"
        """Context of the code: `async` (a lambda or function), `lambda`, `function`, or a policy's `expression`."""
        self.binds_instance = False
        """True if a generic function is bound with type arguments: a never-null `T` may have `?.`."""
        self.enclosing = Enclosing()
        self.gotos: Sequence[Goto] = ()
        """The `goto case` and `goto default` of the innermost switch."""

        # The place that is being bound.
        self.being_declared: LocalSymbol | None = None
        """The `var` whose value is being bound."""
        self.meant_as_argument = ""
        """The name in front of `=` in the argument that is being bound."""
        self.takes_unbound = False
        """True if an unbound generic type is allowed here: `typeof(List<>)`."""

        # Chains of `.`, `?.`, calls and indexes.
        self.known_receiver: tuple[Node, Expression] | None = None
        """The node whose value is already known: the receiver inside a `?.` chain."""
        self.plain_link: Child = None
        """The node whose chain is known to have no `?.` that is still to be bound."""
        self.called: Child = None
        """The node that is called: members that are neither methods nor delegates are passed over (section 12.5)."""

    # ------------------------------------------------------------------------------------------- dispatch

    def bind(self, node: Node) -> Expression:
        """Bind an expression of any kind: a value, a type, a namespace, a method group, a lambda."""
        return EXPRESSIONS[node.kind](self, node)

    def bind_type(self, node: Node) -> Type:
        """Return the type that type syntax denotes; `types.ERROR` after a report."""
        return TYPES[node.kind](self, node)

    def bind_statement(self, node: Node) -> Statement:
        return STATEMENTS[node.kind](self, node)

    def bind_block(self, node: Node) -> nodes.Block:
        """Bind `{ … }`, which has a scope of its own."""
        block = self.bind_statement(node)
        if not isinstance(block, nodes.Block):
            raise AssertionError("the grammar has a block here")
        return block

    def bind_embedded(self, node: Node) -> Statement:
        """Return a statement under if, else or a loop: has its own scope, and is no declaration (CS1023)."""
        with self.in_scope():
            if node.kind in _DECLARATIONS:
                message = "a declaration can't be the only statement here"
                self.report(node, "CS1023", message, help="put it in braces")
            return self.bind_statement(node)

    def hole(self, node: Node, receiver: Expression | None = None) -> Bad:
        """Return an expression, or a list of arguments, that is unknown: text that a template puts in later.

        With a receiver it is a member of that.
        """
        self.has_unknown = True
        return self.bad(node)

    def unknown_type(self, node: Node) -> Type:
        """Return a type that is unknown: text that a template puts in later."""
        self.has_unknown = True
        return ERROR

    def unfinished_call(
        self, node: Node, methods: Sequence[Method], arguments: Sequence[Argument], receiver: Expression | None
    ) -> None:
        """A call of one of these methods has an argument that is unknown, or wrong by itself; nothing follows here."""

    def bind_value(self, node: Node) -> Expression:
        return self.require_value(self.bind(node))

    def require_value(self, expression: Expression) -> Expression:
        if isinstance(expression, nodes.TypeReference):
            message = f"'{shown(expression.type)}' is a type, which is not valid here"
            help = "use a value of this type, or one of its members"
            return self.failure(expression.syntax, "CS0119", message, help=help)
        if isinstance(expression, nodes.NamespaceReference):
            message = f"'{expression.name}' is a namespace but is used like a variable"
            return self.failure(expression.syntax, "CS0118", message)
        return expression

    def bind_typed(self, node: Node) -> Expression:
        return self.require_typed(self.bind_value(node))

    def require_typed(self, expression: Expression) -> Expression:
        if isinstance(expression, nodes.MethodGroup):
            message = f"'{expression.name}' is a method; did you forget the parentheses?"
            return self.failure(expression.syntax, "CS0119", message)
        return expression

    # --------------------------------------------------------------------------------------------- scopes

    def within(self, **values: Any) -> _Within:
        """Return the context in which these attributes have other values."""
        return _Within(self, values)

    def in_scope(self, function: object = None) -> _Within:
        return _Within(self, {"scope": Scope(self.scope, function)})

    def declare_variable(self, token: Token, type_: Type, kind: str = "local") -> LocalSymbol:
        symbol = LocalSymbol(name_of(token), type_, kind, token, self.scope.function)
        self.declare(symbol, token)
        return symbol

    def declare(self, symbol: LocalSymbol, where: Child) -> None:
        """Declare in the current scope; CS0128 for the same scope, CS0136 when it hides an outer variable."""
        self.has_variables = True
        section_of = self.scope.section_of
        known = self.scope.names.get(symbol.name) or (section_of and section_of.names.get(symbol.name))
        if isinstance(known, LocalFunctionSymbol) and known.declared_at.start > (
            where.start if where is not None else 0
        ):
            self.report(known.declared_at.name, "CS0128", f"'{symbol.name}' is already declared in this scope")
        elif known:
            self.report(where, "CS0128", f"'{symbol.name}' is already declared in this scope")
        else:
            outer = self.scope.parent
            if self.scope.find(symbol.name) is not None or (outer is not None and outer.declares_later(symbol.name)):
                message = f"'{symbol.name}' is already used in the enclosing scope"
                self.report(where, "CS0136", message, help="choose another name")
        self.scope.declare(symbol)

    # ----------------------------------------------------------------------------------------- conversion

    def classify(self, expression: Expression, target: Type) -> type_relations.Conversion | None:
        """Return the implicit conversion from an expression (section 10.2), or None."""
        source = expression.type
        if source is ERROR or target is ERROR:
            return type_relations.IDENTITY
        if not isinstance(source, SpecialType):
            return self._classify_typed(expression, source, target)
        form = form_of(expression)
        if form is not None:
            return form.conversion(self, expression, target)
        if isinstance(expression, DefaultLiteral):
            return type_relations.DEFAULT_LITERAL if target is not VOID else None
        if isinstance(expression, nodes.ThrowExpression):
            return type_relations.THROW
        if isinstance(expression, nodes.TupleCreation):
            return self._classify_tuple(expression, target)
        return conv.standard_implicit(source, target)

    def _classify_typed(self, expression: Expression, source: Type, target: Type) -> type_relations.Conversion | None:
        found = conv.standard_implicit(source, target)
        if found is not None:
            return found
        if isinstance(target, NamedType) and target.name in _FORMATTABLE and nodes.is_interpolated(expression):
            return type_relations.INTERPOLATED
        if isinstance(expression, nodes.TupleCreation):
            by_element = self._classify_tuple(expression, target)
            if by_element is not None:
                return by_element
        if expression.is_constant:
            inner = target.underlying
            bare = inner if inner is not None else target
            constant: type_relations.Conversion | None = None
            if conv.constant_fits(expression.constant, source, bare):
                constant = type_relations.CONSTANT
            elif (
                type_relations.is_enum(bare)
                and source in type_relations.INTEGRAL_RANGES
                and expression.constant == 0
                and source is INT
            ):
                constant = type_relations.ENUM_ZERO
            if constant is not None:
                return constant if inner is None else type_relations.Conversion("nullable", inner=constant)
        return conv.user_conversion(source, target, explicit=False)

    def _classify_tuple(self, expression: nodes.TupleCreation, target: Type) -> type_relations.Conversion | None:
        bare = target.underlying or target
        if not isinstance(bare, TupleType) or len(bare.arguments) != len(expression.elements):
            return conv.standard_implicit(expression.type, target)
        pairs = zip(expression.elements, bare.arguments, strict=True)
        return type_relations.TUPLE if all(self.classify(e, t) is not None for e, t in pairs) else None

    def return_type_of(self, expression: Expression, parameters: tuple[Type, ...]) -> Type | None:
        """Return the return type of a lambda or method group called with arguments of these types (12.6.3.13)."""
        form = form_of(expression)
        return form.return_type(self, expression, parameters) if form is not None else None

    def unconvertible(self, expression: Expression, target: Type, syntax: Node | Token) -> Bad:
        form = form_of(expression)
        return form.unconvertible(self, expression, target, syntax) if form is not None else self.bad(syntax)

    def convert(self, expression: Expression, target: Type, syntax: Node | Token | None = None) -> Expression:
        """Convert implicitly; reports when there is no conversion."""
        if expression.type is target and (not isinstance(target, SpecialType) or form_of(expression) is None):
            return expression
        if isinstance(expression, Bad):
            self._report_open_type(expression.syntax, target)
            return self.bad(expression.syntax, target)
        conversion = self.classify(expression, target)
        if conversion is None:
            return self._cannot_convert(expression, target, syntax or expression.syntax)
        return self.apply(expression, target, conversion, syntax)

    def apply(
        self,
        expression: Expression,
        target: Type,
        conversion: type_relations.Conversion,
        syntax: Node | Token | None = None,
        *,
        explicit: bool = False,
    ) -> Expression:
        where = syntax or expression.syntax
        if isinstance(expression, Bad) or target is ERROR:
            return expression
        if isinstance(expression.type, SpecialType):
            form = form_of(expression)
            if form is not None:
                return form.converted(self, expression, target)
            if isinstance(expression, DefaultLiteral):
                return self.default_value(where, target)
            if isinstance(expression, nodes.ThrowExpression):
                return nodes.ThrowExpression(where, target, expression.exception)
        if conversion.kind == "tuple" and isinstance(expression, nodes.TupleCreation):
            bare = target.underlying or target
            if isinstance(bare, TupleType):
                elements = [self.convert(e, t) for e, t in zip(expression.elements, bare.arguments, strict=True)]
                return nodes.TupleCreation(where, target, tuple(elements), bare.names)
        if conversion is type_relations.IDENTITY and not explicit and expression.type is target:
            return expression
        constant = self._fold(expression, target, conversion, where, explicit=explicit)
        return nodes.Convert(
            where,
            target,
            expression,
            conversion,
            is_explicit=explicit,
            is_checked=bool(self.is_checked),
            constant=constant,
        )

    def default_value(self, syntax: Node | Token, target: Type) -> Expression:
        return nodes.DefaultValue(syntax, target, constant=default_constant(target))

    def _fold(
        self,
        expression: Expression,
        target: Type,
        conversion: type_relations.Conversion,
        where: Node | Token,
        *,
        explicit: bool,
    ) -> Any:
        if not expression.is_constant:
            return NOT_CONSTANT
        if conversion.kind == "identity":
            return expression.constant
        if conversion.kind == "null":
            return None if target is not NULL and target.underlying is None else NOT_CONSTANT
        if conversion.kind == "reference":
            return expression.constant if expression.constant is None else NOT_CONSTANT
        if conversion.kind not in ("numeric", "constant", "enum") or not is_foldable(target):
            return NOT_CONSTANT
        try:
            return fold_conversion(
                expression.constant,
                expression.type,
                target,
                checked=explicit and self.is_checked is not False,
                explicit=explicit,
            )
        except FoldingError as error:
            help = "put it in unchecked(…) to wrap around" if error.code == "CS0221" else ""
            self.report(where, error.code, error.message, help=help)
            return NOT_CONSTANT

    def _report_open_type(self, created: Node | Token, target: Type) -> None:
        """`List<int> x = new List<>();`: the compiler reports first that the one type is not the other."""
        if not isinstance(created, shapes.ObjectCreation) or not isinstance(target, NamedType) or target is OBJECT:
            return
        name, arity = name_of_open_type(created.type)
        for definition in lookup.types_named(name, arity) if not target.has_error else ():
            code = "CS0266" if target.kind == "interface" and not definition.is_sealed else "CS0029"
            is_same = target.definition is definition
            help = f"write new {shown(target)}(…)" if is_same else "write the types between '<' and '>'"
            self.report(created, code, f"'{name}<>' cannot be converted to '{shown(target)}'", help=help)

    def _cannot_convert(self, expression: Expression, target: Type, syntax: Node | Token) -> Bad:
        source = expression.type
        if source.has_error or target.has_error:
            return self.bad(syntax)
        form = form_of(expression)
        if form is not None:
            return form.unconvertible(self, expression, target, syntax)
        if source is NULL:
            message = f"'{shown(target)}' cannot be null"
            return self.failure(syntax, "CS0037", message, help=f"use '{shown(target)}?' to allow null")
        if isinstance(expression, DefaultLiteral):
            return self.failure(syntax, "CS8716", f"'default' can't be used for '{shown(target)}'")
        if (
            isinstance(expression, nodes.TupleCreation)
            and isinstance(target, TupleType)
            and len(expression.elements) == len(target.arguments)
        ):
            for element, element_type in zip(expression.elements, target.arguments, strict=True):
                self.convert(element, element_type)
            return self.bad(syntax)
        if source is DOUBLE and isinstance(expression, nodes.Literal) and target in (FLOAT, DECIMAL):
            suffix = "F" if target is FLOAT else "M"
            message = f"a literal with a decimal point is a 'double', not a '{target}'"
            return self.failure(syntax, "CS0664", message, label=f"write the suffix {suffix}")
        if expression.is_constant and source is INT and target in type_relations.INTEGRAL_RANGES:
            low, high = type_relations.INTEGRAL_RANGES[target]
            if not low <= expression.constant <= high:
                message = f"the constant '{expression.constant}' cannot be converted to '{target}'"
                return self.failure(syntax, "CS0031", message)
        if conv.explicit_conversion(source, target) is not None:
            message = f"'{shown(source)}' is not converted to '{shown(target)}' implicitly"
            help = advice.for_sequence(source, target)
            if help:
                return self.failure(syntax, "CS0266", message, help=help)
            help = advice.for_null(source, target)
            return self.failure(syntax, "CS0266", message, label=f"is a cast missing? ({shown(target)})", help=help)
        if source is VOID:
            message = f"this call returns nothing (void), but a '{shown(target)}' is expected here"
            return self.failure(syntax, "CS0029", message)
        help = advice.for_conversion(source, target, expression)
        return self.failure(syntax, "CS0029", f"'{shown(source)}' cannot be converted to '{shown(target)}'", help=help)

    def bind_condition(self, node: Node) -> Expression:
        return self.convert(self.bind_value(node), BOOL)


_DECLARATIONS = frozenset(
    {
        "local_declaration_statement",
        "const_declaration_statement",
        "local_function",
        "static_local_function",
        "labeled_statement",
    }
)
_FORMATTABLE = frozenset({"System.FormattableString", "System.IFormattable"})
"""The types that an interpolated string converts to besides `string` (section 10.2.5)."""
