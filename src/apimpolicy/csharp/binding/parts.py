"""The table of the binder's parts: the module for each kind of syntax.

The function for a kind of syntax node is found by its name: `bind_<kind>` makes an expression, `statement_<kind>` a
statement and `type_<kind>` the type that type syntax denotes. A part is imported when the first node of its kinds is
bound: most expressions need few of them. What has no type of its own (`literals`) is converted by the module that knows
it, a `Form`.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, Protocol, cast

from apimpolicy.dispatch import Functions

if TYPE_CHECKING:
    from apimpolicy.csharp.binding.core import Binder
    from apimpolicy.csharp.binding.nodes import Bad, Expression, Statement
    from apimpolicy.csharp.binding.type_relations import Conversion
    from apimpolicy.csharp.dotnet.types import Type
    from apimpolicy.csharp.syntax.nodes import Node, Token

    class Form(Protocol):
        """Converts expressions without a type of their own: the modules `lambdas` and `method_groups`."""

        def conversion(self, binder: Binder, expression: Any, target: Type) -> Conversion | None:
            """Return the implicit conversion to a type, or None."""

        def converted(self, binder: Binder, expression: Any, target: Type) -> Expression:
            """Return the value of the type, which a conversion leads to; reports what is wrong inside."""

        def unconvertible(self, binder: Binder, expression: Any, target: Type, syntax: Node | Token) -> Bad:
            """Report why there is no conversion."""

        def return_type(self, binder: Binder, expression: Any, parameters: tuple[Type, ...]) -> Type | None:
            """Return the return type of a call with arguments of these types, for inference; None if unknown."""


EXPRESSIONS: Final[dict[str, Callable[[Binder, Node], Expression]]] = Functions(
    "csharp.binding",
    "bind_",
    {
        "names": "identifier predefined_type alias_qualified_name hole",
        "literals": "integer_literal real_literal character_literal string_literal verbatim_string_literal "
        "true_literal false_literal null_literal default_literal parenthesized this_expression base_expression",
        "access": "member_access conditional_member_access",
        "calls": "invocation element_access conditional_element_access",
        "operations": "binary logical_and logical_or unary logical_not bitwise_not",
        "conditional": "conditional coalesce throw_expression",
        "assignments": "assignment compound_assignment prefix_increment postfix_increment",
        "lambdas": "simple_lambda parenthesized_lambda anonymous_method",
        "creation": "object_creation member_initializer indexer_initializer initializer anonymous_object_creation "
        "tuple interpolated_string",
        "array_creation": "array_creation array_creation_with_initializer implicit_array_creation "
        "stackalloc stackalloc_with_initializer implicit_stackalloc",
        "functions": "await_expression",
        "patterns": "is_pattern declaration_expression cast as_type is_type typeof sizeof default_expression "
        "checked_expression unchecked_expression",
        "queries": "query_expression",
        "newer_features": "with_expression static_lambda",
        "references": "ref_expression",
    },
)

STATEMENTS: Final[dict[str, Callable[[Binder, Node], Statement]]] = Functions(
    "csharp.binding",
    "statement_",
    {
        "declarations": "block local_declaration_statement const_declaration_statement",
        "statements": "empty_statement expression_statement if_statement hole checked_statement unchecked_statement "
        "while_statement do_statement for_statement foreach_statement try_statement using_statement lock_statement",
        "deconstruction": "foreach_variable_statement",
        "patterns": "switch_statement",
        "jumps": "return_statement throw_statement break_statement continue_statement goto_statement "
        "goto_case_statement goto_default_statement labeled_statement yield_return_statement yield_break_statement",
        "local_functions": "local_function",
        "newer_features": "static_local_function",
    },
)

TYPES: Final[dict[str, Callable[[Binder, Node], Type]]] = Functions(
    "csharp.binding",
    "type_",
    {"names": "hole predefined_type named_type nullable_type array_type tuple_type ref_type ref_readonly_type"},
)


class _Forms(dict[type, Any]):
    """The modules by the classes of expressions that they convert; None for all other classes."""

    names: Final = {"UnboundLambda": "lambdas", "MethodGroup": "method_groups"}

    def __missing__(self, cls: type) -> Any:
        module = self.names.get(cls.__name__)
        form = self[cls] = import_module(f"apimpolicy.csharp.binding.{module}") if module is not None else None
        return form


_FORMS: Final = _Forms()


def form_of(expression: Expression) -> Form | None:
    """Return the form that converts an untyped expression; None for a typed expression or a literal."""
    return cast("Form | None", _FORMS[type(expression)])
