"""Find the variables that an expression reads from `context.Variables`: with a cast, after a test, through `?.`.

Find reads of bodies in an expression: which body, whether certainly, and whether it is preserved.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import attrs

from apimpolicy.checks.nodes import (
    context_member,
    is_always_evaluated,
    receiver_of,
    tested_for_null,
    type_name,
    unconverted,
)
from apimpolicy.csharp.binding.nodes import AsType, Bound, Call, Convert, Expression, IndexerAccess, PropertyAccess
from apimpolicy.gateway.policies.registry import has_trait

if TYPE_CHECKING:
    from apimpolicy.checks.expressions import CheckedExpression
    from apimpolicy.checks.subject import Subject
    from apimpolicy.csharp.dotnet.types import Type
    from apimpolicy.text.document import Element

OWNERS = {"IRequest": "request", "IResponse": "response"}


@attrs.frozen(eq=False)
class BodyRead:
    """A read of the request's or of the response's body.

    `is_certain`: it happens whenever the expression is evaluated. `preserves`: `preserveContent: true`, or a value that
    is computed.
    """

    which: str
    expression: CheckedExpression
    node: Call
    is_certain: bool
    preserves: bool


def body_reads(expression: CheckedExpression) -> Iterator[BodyRead]:
    """Yield every read of `context.Request.Body` and `context.Response.Body`, in order of the text."""
    if "Body" not in expression.excerpt.text:
        return
    found = [read for node in expression.of_kind(Call) if (read := _body_read(expression, node)) is not None]
    yield from sorted(found, key=lambda read: read.node.syntax.end)


def _body_read(expression: CheckedExpression, node: Call) -> BodyRead | None:
    receiver, _ = receiver_of(node)
    if not isinstance(receiver, PropertyAccess) or receiver.property.name != "Body":
        return None
    which = OWNERS.get(type_name(receiver.receiver))
    if which is None or context_member(receiver.receiver) is None:
        return None
    flag = next((argument for argument in node.arguments if type_name(argument) == "bool"), None)
    preserves = flag is not None and (not flag.is_constant or flag.constant is True)
    return BodyRead(which, expression, node, is_always_evaluated(expression, node), preserves)


@attrs.frozen(eq=False)
class VariableRead:
    """One place where a variable is read, or tested for.

    - `name`: None when it is computed
    - `node`: the access; `value`: the outermost cast around it, or the access itself
    - `how`: `index` (throws when it is not set), `default` (GetValueOrDefault), `question` (ContainsKey, TryGetValue)
    - `wanted`: the type that it is cast to, or the type argument of GetValueOrDefault; None when it stays an object
    - `has_default`: whether GetValueOrDefault has a second argument
    - `is_checked`: the value is tested for null or for its type
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
    found = expression.compiled.variable_reads
    if found is None:
        found = expression.compiled.variable_reads = tuple(_reads(expression))
    return found


class Questions:
    """Finds the variables that conditions test for: `ContainsKey`, `TryGetValue`."""

    def __init__(self, subject: Subject) -> None:
        self._subject = subject
        self._asked: dict[int, set[str | None]] = {}
        """Results of `asked_in`, by the `id` of the element."""

    def is_asked_before(self, expression: CheckedExpression, name: str) -> bool:
        """Return whether a condition around the expression tests for the variable."""
        return any(
            name in self.asked_in(around.parent or around)
            for around in (expression.element, *expression.element.ancestors())
            if around.name in ("when", "otherwise") or has_trait(around.name, "branches")
        )

    def asked_in(self, parent: Element) -> set[str | None]:
        """Return the variables that the conditions of an element's children test for."""
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
            receiver, arguments = receiver_of(node)
            if receiver is None or not is_variables(unconverted(receiver)) or not arguments:
                continue
            if node.method.name == "GetValueOrDefault":
                wanted = node.type_arguments[-1] if node.type_arguments else None
                yield _read(expression, node, arguments[0], "default", wanted, len(arguments) > 1)
            elif node.method.name in ("ContainsKey", "TryGetValue"):
                yield _read(expression, node, arguments[0], "question", None)


def is_variables(node: Bound | None) -> bool:
    return context_member(node) == "Variables"


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
    is_checked = parent is not None and any(tested is unconverted(value) for tested in tested_for_null(parent))
    is_dereferenced = isinstance(parent, (PropertyAccess, IndexerAccess, Call)) and parent.receiver is value
    return VariableRead(name, node, value, how, wanted, has_default, is_checked, is_dereferenced)
