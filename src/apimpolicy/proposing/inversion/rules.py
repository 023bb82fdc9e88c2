"""The function for each kind of node that is inverted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.binding import nodes
from apimpolicy.proposing.inversion.members import (
    anonymous_created,
    array_access,
    array_created,
    called,
    created,
    indexer_access,
    property_access,
)
from apimpolicy.proposing.inversion.operators import (
    access_if,
    binary_operator,
    by_operand,
    by_value,
    coalesce,
    compound,
    conditional,
    interpolated,
    logical_operator,
    placeholder,
    type_test,
    unary_operator,
)
from apimpolicy.proposing.inversion.variables import local_variable

if TYPE_CHECKING:
    from apimpolicy.proposing.inversion.core import Rules

RULES: Rules = {
    nodes.Convert: by_operand,
    nodes.AsType: by_operand,
    nodes.Unary: unary_operator,
    nodes.Logical: logical_operator,
    nodes.Binary: binary_operator,
    nodes.Conditional: conditional,
    nodes.Coalesce: coalesce,
    nodes.ConditionalAccess: access_if,
    nodes.Placeholder: placeholder,
    nodes.IsType: type_test,
    nodes.IsPattern: type_test,
    nodes.InterpolatedString: interpolated,
    nodes.Local: local_variable,
    nodes.Assignment: by_value,
    nodes.CompoundAssignment: compound,
    nodes.PropertyAccess: property_access,
    nodes.IndexerAccess: indexer_access,
    nodes.ArrayAccess: array_access,
    nodes.Call: called,
    nodes.ObjectCreation: created,
    nodes.ArrayCreation: array_created,
    nodes.AnonymousCreation: anonymous_created,
}
