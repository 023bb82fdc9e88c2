"""The state that all parts of the binder share: scopes, diagnostics, and conversion of bound expressions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.binding import advice
from apimpolicy.binding import conversions as conv
from apimpolicy.binding.constants import FoldingError, fold_conversion, is_foldable
from apimpolicy.binding.nodes import (
    NOT_CONSTANT,
    Bad,
    Convert,
    Expression,
    InterpolatedString,
    Lambda,
    Literal,
    MethodGroup,
    MethodReference,
    NamespaceReference,
    Return,
    ThrowExpression,
    TupleCreation,
    TypeReference,
)
from apimpolicy.binding.spelling import shown
from apimpolicy.binding.symbols import LocalSymbol, Scope
from apimpolicy.binding.unbound import DefaultLiteral, UnboundLambda
from apimpolicy.diagnostics import Diagnostic
from apimpolicy.dotnet.types import ERROR, NULL, NamedType, SpecialType, TupleType, Type
from apimpolicy.dotnet.values import DECIMAL, DOUBLE, FLOAT, INT, VOID
from apimpolicy.syntax import literals
from apimpolicy.syntax.nodes import Token

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from apimpolicy.binding.flow import Answer
    from apimpolicy.binding.nodes import Statement
    from apimpolicy.syntax.nodes import Child, Node
    from apimpolicy.text.source import Excerpt


_SHORTEST_BEGINNING = 4
"""Letters that are enough to guess a name by its beginning."""


class BinderCore:
    """One binder binds one expression; it is not reused."""

    def __init__(self, excerpt: Excerpt) -> None:
        self.excerpt = excerpt
        self.diagnostics: list[Diagnostic] = []
        self.scope = Scope(None)
        self.is_checked: bool | None = None
        """True inside `checked`, False inside `unchecked`, None outside of both: constants overflow as errors then."""
        self.returns: list[Return] | None = None
        """Where return statements of the lambda being bound are collected; None in the body of the expression."""
        self.return_type: Type | None = None
        """The declared return type, in a local function."""
        self.has_variables = False
        """Whether anything is declared that could be read before it has a value."""
        self.has_unknown = False
        """Whether a part of the code is unknown (`bind_hole`): then what is assigned where is not checked."""
        self.being_declared: LocalSymbol | None = None
        """The `var` whose value is being bound."""
        self.ends: dict[Statement, Answer] = {}
        """Whether the ends of loops and switches can be reached, as far as somebody asked."""
        self._visitors: dict[str, Callable[[Node], Expression]] = {}

    # ---------------------------------------------------------------------------------------- diagnostics

    def report(
        self,
        node: Child,
        code: str,
        message: str,
        *,
        label: str = "",
        help: str = "",
    ) -> None:
        """Add an error at a node: a child that the grammar says is there."""
        place = written(node)
        self.report_at(place.start, place.end, code, message, label=label, help=help)

    def report_at(self, start: int, end: int, code: str, message: str, *, label: str = "", help: str = "") -> None:
        self.diagnostics.append(Diagnostic.within(self.excerpt, start, end, code, message, label=label, help=help))

    def bad(self, node: Child, type_: Type = ERROR) -> Bad:
        """The expression about which nothing more is reported; `type_` is its type when that is known all the same."""
        return Bad(written(node), type_)

    def bind_hole(self, node: Node) -> Expression:
        """An expression, or a list of arguments, that is unknown: text that a template puts in later."""
        self.has_unknown = True
        return self.bad(node)

    def failure(self, node: Child, code: str, message: str, *, label: str = "", help: str = "") -> Bad:
        """Report, and give back the expression that silences what would follow."""
        self.report(node, code, message, label=label, help=help)
        return self.bad(node)

    def failure_at(
        self, start: int, end: int, node: Child, code: str, message: str, *, label: str = "", help: str = ""
    ) -> Bad:
        """Like `failure`, with a place of its own."""
        self.report_at(start, end, code, message, label=label, help=help)
        return self.bad(node)

    @staticmethod
    def nearest(name: str, names: Iterable[str]) -> str | None:
        """The existing name that somebody probably meant."""
        by_folded = {other.lower(): other for other in names}
        if name.lower() in by_folded:
            return by_folded[name.lower()]
        from difflib import get_close_matches

        found = get_close_matches(name.lower(), list(by_folded), 1, 0.7)
        if not found and len(name) >= _SHORTEST_BEGINNING:
            found = [other for other in by_folded if other.startswith(name.lower())]
        return by_folded[found[0]] if found else None

    def suggestion(self, name: str, names: Iterable[str]) -> str:
        nearest = self.nearest(name, names)
        return f"did you mean '{nearest}'?" if nearest else ""

    # ------------------------------------------------------------------------------------------- dispatch

    def bind(self, node: Child) -> Expression:
        """Bind an expression of any kind: a value, a type, a namespace, a method group, a lambda."""
        kind = node.kind  # type: ignore[union-attr]
        visitor = self._visitors.get(kind)
        if visitor is None:
            visitor = self._visitors[kind] = getattr(self, f"bind_{kind}")
        return visitor(node)  # type: ignore[arg-type]

    def bind_value(self, node: Child) -> Expression:
        """Bind an expression that must be a value (possibly without a type yet: a lambda, null, a method group)."""
        return self.require_value(self.bind(node))

    def require_value(self, expression: Expression) -> Expression:
        if isinstance(expression, TypeReference):
            return self.failure(
                expression.syntax,
                "CS0119",
                f"'{shown(expression.type)}' is a type, which is not valid here",
                help="use a value of this type, or one of its members",
            )
        if isinstance(expression, NamespaceReference):
            return self.failure(
                expression.syntax, "CS0118", f"'{expression.name}' is a namespace but is used like a variable"
            )
        return expression

    def bind_typed(self, node: Child) -> Expression:
        """Bind an expression that must be a value with a type."""
        return self.require_typed(self.bind_value(node))

    def require_typed(self, expression: Expression) -> Expression:
        if isinstance(expression, MethodGroup):
            return self.failure(
                expression.syntax,
                "CS0119",
                f"'{expression.name}' is a method; did you forget the parentheses?",
            )
        return expression

    # ----------------------------------------------------------------------------------------- conversion

    def classify(self, expression: Expression, target: Type) -> conv.Conversion | None:
        """The implicit conversion from an expression (section 10.2), or None."""
        source = expression.type
        if source is ERROR or target is ERROR:
            return conv.IDENTITY
        if not isinstance(source, SpecialType):
            return self._classify_typed(expression, source, target)
        if isinstance(expression, UnboundLambda):
            return conv.LAMBDA if self.lambda_converts(expression, target) else None
        if isinstance(expression, MethodGroup):
            return conv.METHOD_GROUP if self.method_group_target(expression, target) is not None else None
        if isinstance(expression, DefaultLiteral):
            return conv.DEFAULT_LITERAL if target is not VOID else None
        if isinstance(expression, ThrowExpression):
            return conv.THROW
        if isinstance(expression, TupleCreation):
            return self._classify_tuple(expression, target)
        return conv.standard_implicit(source, target)

    def _classify_typed(self, expression: Expression, source: Type, target: Type) -> conv.Conversion | None:
        found = conv.standard_implicit(source, target)
        if found is not None:
            return found
        if isinstance(target, NamedType) and target.name in _FORMATTABLE and is_interpolated(expression):
            return conv.INTERPOLATED
        if isinstance(expression, TupleCreation):
            by_element = self._classify_tuple(expression, target)
            if by_element is not None:
                return by_element
        if expression.is_constant:
            inner = target.underlying
            bare = inner if inner is not None else target
            constant: conv.Conversion | None = None
            if conv.constant_fits(expression.constant, source, bare):
                constant = conv.CONSTANT
            elif conv.is_enum(bare) and source in conv.INTEGRAL_RANGES and expression.constant == 0 and source is INT:
                constant = conv.ENUM_ZERO
            if constant is not None:
                return constant if inner is None else conv.Conversion("nullable", inner=constant)
        return conv.user_conversion(source, target, explicit=False)

    def _classify_tuple(self, expression: TupleCreation, target: Type) -> conv.Conversion | None:
        bare = target.underlying or target
        if not isinstance(bare, TupleType) or len(bare.arguments) != len(expression.elements):
            return conv.standard_implicit(expression.type, target)
        pairs = zip(expression.elements, bare.arguments, strict=True)
        return conv.TUPLE if all(self.classify(e, t) is not None for e, t in pairs) else None

    def lambda_converts(self, unbound: UnboundLambda, target: Type) -> bool:
        raise NotImplementedError

    def method_group_target(self, group: MethodGroup, target: Type) -> MethodReference | None:
        raise NotImplementedError

    def lambda_return_type(self, unbound: UnboundLambda, parameters: tuple[Type, ...]) -> Type | None:
        raise NotImplementedError

    def finish_lambda(self, unbound: UnboundLambda, target: Type) -> Lambda | Bad:
        raise NotImplementedError

    def convert(self, expression: Expression, target: Type, syntax: Node | Token | None = None) -> Expression:
        """Convert implicitly; reports when there is no conversion."""
        if expression.type is target and not isinstance(expression, (UnboundLambda, MethodGroup)):
            return expression
        if isinstance(expression, Bad):
            return self.bad(expression.syntax, target)
        conversion = self.classify(expression, target)
        if conversion is None:
            return self._cannot_convert(expression, target, syntax or expression.syntax)
        return self.apply(expression, target, conversion, syntax)

    def apply(
        self,
        expression: Expression,
        target: Type,
        conversion: conv.Conversion,
        syntax: Node | Token | None = None,
        *,
        explicit: bool = False,
    ) -> Expression:
        """Build the converted expression for a conversion that exists."""
        where = syntax or expression.syntax
        if isinstance(expression, Bad) or target is ERROR:
            return expression
        if isinstance(expression, UnboundLambda):
            return self.finish_lambda(expression, target)
        if isinstance(expression, MethodGroup):
            reference = self.method_group_target(expression, target)
            return reference if reference is not None else self.bad(where)
        if isinstance(expression, DefaultLiteral):
            return self.default_value(where, target)
        if isinstance(expression, ThrowExpression):
            return ThrowExpression(where, target, expression.exception)
        if conversion.kind == "tuple" and isinstance(expression, TupleCreation):
            bare = target.underlying or target
            if isinstance(bare, TupleType):
                elements = [self.convert(e, t) for e, t in zip(expression.elements, bare.arguments, strict=True)]
                return TupleCreation(where, target, elements, bare.names)
        if conversion is conv.IDENTITY and not explicit and expression.type is target:
            return expression
        constant = self._fold(expression, target, conversion, where, explicit=explicit)
        return Convert(
            where,
            target,
            expression,
            conversion,
            is_explicit=explicit,
            is_checked=bool(self.is_checked),
            constant=constant,
        )

    def default_value(self, syntax: Node | Token, target: Type) -> Expression:
        from apimpolicy.binding.nodes import DefaultValue

        return DefaultValue(syntax, target, default_constant(target))

    def _fold(
        self, expression: Expression, target: Type, conversion: conv.Conversion, where: Node | Token, *, explicit: bool
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

    def _cannot_convert(self, expression: Expression, target: Type, syntax: Node | Token) -> Bad:
        source = expression.type
        if source.has_error or target.has_error:
            return self.bad(syntax)
        if isinstance(expression, (UnboundLambda, MethodGroup)):
            return self.report_unconvertible(expression, target, syntax)
        if source is NULL:
            return self.failure(
                syntax, "CS0037", f"'{shown(target)}' cannot be null", help=f"use '{shown(target)}?' to allow null"
            )
        if isinstance(expression, DefaultLiteral):
            return self.failure(syntax, "CS8716", f"'default' can't be used for '{shown(target)}'")
        if (
            isinstance(expression, TupleCreation)
            and isinstance(target, TupleType)
            and len(expression.elements) == len(target.arguments)
        ):
            for element, wanted in zip(expression.elements, target.arguments, strict=True):
                self.convert(element, wanted)
            return self.bad(syntax)
        if source is DOUBLE and isinstance(expression, Literal) and target in (FLOAT, DECIMAL):
            suffix = "F" if target is FLOAT else "M"
            return self.failure(
                syntax,
                "CS0664",
                f"a literal with a decimal point is a 'double', not a '{target}'",
                label=f"write the suffix {suffix}",
            )
        if expression.is_constant and source is INT and target in conv.INTEGRAL_RANGES:
            low, high = conv.INTEGRAL_RANGES[target]
            if not low <= expression.constant <= high:
                return self.failure(
                    syntax, "CS0031", f"the constant '{expression.constant}' cannot be converted to '{target}'"
                )
        if conv.explicit_conversion(source, target) is not None:
            return self.failure(
                syntax,
                "CS0266",
                f"'{shown(source)}' is not converted to '{shown(target)}' implicitly",
                label=f"is a cast missing? ({shown(target)})",
            )
        if source is VOID:
            return self.failure(
                syntax, "CS0029", f"this call returns nothing (void), but a '{shown(target)}' is expected here"
            )
        help = advice.for_conversion(source, target, expression)
        return self.failure(syntax, "CS0029", f"'{shown(source)}' cannot be converted to '{shown(target)}'", help=help)

    def report_unconvertible(self, expression: Expression, target: Type, syntax: Node | Token) -> Bad:
        """Why a lambda or method group does not fit a type."""
        raise NotImplementedError

    def convert_condition(self, expression: Expression) -> Expression:
        """Convert to bool, as conditions demand."""
        from apimpolicy.dotnet.values import BOOL

        return self.convert(self.require_typed(expression), BOOL)

    # ------------------------------------------------------------------------------------------- declared by parts

    def bind_type(self, node: Child) -> Type:
        raise NotImplementedError

    def bind_arguments(self, node: Child) -> Sequence[Any]:
        raise NotImplementedError


_FORMATTABLE = frozenset({"System.FormattableString", "System.IFormattable"})
"""The types that an interpolated string converts to besides `string` (section 10.2.5)."""


def is_interpolated(expression: Expression) -> bool:
    """Whether an expression is an interpolated string, also one without holes."""
    return isinstance(expression, InterpolatedString) or (
        isinstance(expression, Literal) and getattr(expression.syntax, "kind", "") == "interpolated_string"
    )


def written(child: Child) -> Node | Token:
    """A child that the grammar never leaves out."""
    if child is None:
        raise AssertionError("the grammar has no such node")
    return child


def name_of(child: Child) -> str:
    """The name that a token stands for: `@class` is `class`."""
    if not isinstance(child, Token):
        raise AssertionError("the grammar has a name here")
    return literals.identifier_name(child.text)


def default_constant(type_: Type) -> Any:
    """`default(T)` when it is a constant."""
    from decimal import Decimal

    from apimpolicy.dotnet.values import BOOL, CHAR, DECIMAL, DOUBLE, FLOAT

    if type_ is BOOL:
        return False
    if type_ is CHAR:
        return "\0"
    if type_ in conv.INTEGRAL_RANGES or conv.is_enum(type_):
        return 0
    if type_ in (DOUBLE, FLOAT):
        return 0.0
    if type_ is DECIMAL:
        return Decimal(0)
    if conv.is_reference(type_):
        return None
    return NOT_CONSTANT


__all__ = ["BinderCore", "NamedType", "default_constant"]
