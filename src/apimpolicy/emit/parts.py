"""The table of the emitter's parts: the module for each kind of bound node.

The function for a kind of bound node is found by its name: `emit_<kind>` makes a Python expression, `statement_<kind>`
a list of Python statements. A part is imported when the first node of its kinds is emitted.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from apimpolicy.dispatch import Functions

if TYPE_CHECKING:
    import ast

    from apimpolicy.emit.core import Emitter

EXPRESSIONS: Final[dict[str, Callable[[Emitter, Any], ast.expr]]] = Functions(
    "emit",
    "emit_",
    {
        "calls": "local placeholder field_access property_access tuple_element tuple_rest anonymous_member "
        "indexer_access array_access call delegate_call deconstruct_call",
        "operators": "unary binary logical conditional coalesce conditional_access throw_expression",
        "texts": "interpolated_string",
        "conversions": "convert is_type as_type is_pattern type_of",
        "assignments": "assignment compound_assignment deconstruction reference dereference redirection",
        "functions": "lambda method_group method_reference",
        "creation": "object_creation array_creation anonymous_creation tuple_creation default_value",
    },
)

STATEMENTS: Final[dict[str, Callable[[Emitter, Any], list[ast.stmt]]]] = Functions(
    "emit",
    "statement_",
    {
        "statements": "empty expression_statement local_declaration if return block statements labeled break "
        "continue goto switch",
        "loops": "loop foreach",
        "exceptions": "throw try using lock",
        "functions": "local_function yield",
    },
)
