"""Find the variables that an expression reads from `context.Variables`: with a cast, after a test, through `?.`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from apimpolicy.binding.nodes import (
    AsType,
    Binary,
    Call,
    Coalesce,
    ConditionalAccess,
    Convert,
    Expression,
    IndexerAccess,
    IsPattern,
    IsType,
    PropertyAccess,
)
from apimpolicy.policies.registry import has_trait

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apimpolicy.binding.nodes import Bound
    from apimpolicy.checks.expressions import CheckedExpression
    from apimpolicy.checks.subject import Subject
    from apimpolicy.dotnet.types import Type
    from apimpolicy.text.document import Element


@attrs.frozen(eq=False)
class VariableRead:
    """One place where a variable is read or asked for.

    - `name`: None when it is computed
    - `node`: the access; `value`: the outermost cast around it, or the access itself
    - `how`: `index` (throws when it is not set), `default` (GetValueOrDefault), `question` (ContainsKey, TryGetValue)
    - `wanted`: the type that it is cast to, or that GetValueOrDefault was asked for; None when it stays an object
    - `has_default`: whether GetValueOrDefault has a second argument
    - `is_checked`: the value is held against null, or asked for its type
    - `is_dereferenced`: a member of the value is used without `?.`
    """

    name: str | None
    node: Expression
    value: Expression
    how: str
    wanted: Type | None
    has_default: bool
    is_checked: bool
    is_dereferenced: bool


def variable_reads(expression: CheckedExpression) -> tuple[VariableRead, ...]:
    """Return every read of a variable in an expression, in no particular order."""
    found = expression.compiled.variable_reads
    if found is None:
        found = expression.compiled.variable_reads = tuple(_reads(expression))
    return found


class Questions:
    """Which variables conditions ask for: `ContainsKey`, `TryGetValue`."""

    def __init__(self, subject: Subject) -> None:
        self._subject = subject
        self._asked: dict[int, set[str | None]] = {}
        """What `asked_in` has found, by the `id` of the element."""

    def is_asked_before(self, expression: CheckedExpression, name: str) -> bool:
        """Return whether a condition around the expression asks for the variable."""
        element: Element | None = expression.element
        while element is not None:
            is_branch = element.name in ("when", "otherwise") or has_trait(element.name, "branches")
            if is_branch and name in self.asked_in(element.parent or element):
                return True
            element = element.parent
        return False

    def asked_in(self, parent: Element) -> set[str | None]:
        """Return the variables for which the children of an element ask."""
        if id(parent) not in self._asked:
            self._asked[id(parent)] = {
                read.name
                for branch in parent.elements()
                for condition in self._subject.expressions_of(branch)
                for read in variable_reads(condition)
                if read.how == "question"
            }
        return self._asked[id(parent)]


def _reads(expression: CheckedExpression) -> Iterator[VariableRead]:
    if "Variables" not in expression.excerpt.text:
        return
    for node in expression.compiled.nodes:
        if isinstance(node, IndexerAccess):
            if is_variables(node.receiver):
                yield _read(expression, node, node.arguments[0], "index", None)
        elif isinstance(node, Call):
            receiver, arguments = node.receiver, node.arguments
            if receiver is None and arguments:
                receiver, arguments = arguments[0], arguments[1:]
            if receiver is None or not is_variables(_plain(receiver)) or not arguments:
                continue
            if node.method.name == "GetValueOrDefault":
                wanted = node.type_arguments[-1] if node.type_arguments else None
                yield _read(expression, node, arguments[0], "default", wanted, len(arguments) > 1)
            elif node.method.name in ("ContainsKey", "TryGetValue"):
                yield _read(expression, node, arguments[0], "question", None)


def is_variables(node: Bound | None) -> bool:
    """Return whether this is `context.Variables`."""
    return (
        isinstance(node, PropertyAccess)
        and node.property.name == "Variables"
        and node.receiver is not None
        and str(node.receiver.type) == "IContext"
    )


def _read(
    expression: CheckedExpression,
    node: Expression,
    key: Expression,
    how: str,
    wanted: Type | None,
    has_default: bool = False,
) -> VariableRead:
    value: Expression = node
    for around in expression.ancestors(node):
        if isinstance(around, (Convert, AsType)) and around.operand is value:
            value = around
            if wanted is None and (isinstance(around, AsType) or around.is_explicit):
                wanted = around.type
        else:
            break
    parent = next(iter(expression.ancestors(value)), None)
    name = key.constant if key.is_constant and isinstance(key.constant, str) else None
    return VariableRead(
        name, node, value, how, wanted, has_default, _is_checked(parent, value), _is_dereferenced(parent, value)
    )


def _is_checked(parent: Bound | None, value: Expression) -> bool:
    if isinstance(parent, Binary) and parent.operator in ("==", "!="):
        return any(side.is_constant and side.constant is None for side in map(_plain, (parent.left, parent.right)))
    if isinstance(parent, (ConditionalAccess, Coalesce)):
        return (parent.receiver if isinstance(parent, ConditionalAccess) else parent.left) is value
    return isinstance(parent, (IsPattern, IsType))


def _is_dereferenced(parent: Bound | None, value: Expression) -> bool:
    if isinstance(parent, (PropertyAccess, IndexerAccess)):
        return parent.receiver is value
    return isinstance(parent, Call) and parent.receiver is value


def _plain(node: Expression) -> Expression:
    while isinstance(node, Convert):
        node = node.operand
    return node
