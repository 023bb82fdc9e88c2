"""Hints between the lines: the types of `var` and of policy variables, the names of parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from apimpolicy.binding.nodes import Call, LocalDeclaration, ObjectCreation
from apimpolicy.binding.spelling import shown
from apimpolicy.dotnet.types import ERROR
from apimpolicy.editor.names_completion import types_of
from apimpolicy.editor.partial_binding import nodes_of_kind
from apimpolicy.policies.registry import has_trait
from apimpolicy.syntax import shapes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apimpolicy.checks.expressions import CheckedExpression
    from apimpolicy.checks.flow import State, Variable
    from apimpolicy.editor.analysis import Analysis, PolicyText
    from apimpolicy.text.document import Element


class Hint(NamedTuple):
    """A text at an offset of the file; `is_type` or else the name of a parameter, shown before its argument."""

    offset: int
    text: str
    is_type: bool


def inlay_hints(analysis: Analysis, start: int, end: int) -> list[Hint]:
    """Return the hints in a span of the file, in order."""
    found: set[Hint] = set()
    for policy in analysis.policies:
        for expression in policy.expressions:
            first, last = policy.span(expression.excerpt.start, expression.excerpt.end)
            if first < end and last > start:
                found.update(_of_expression(policy, expression))
        found.update(_of_variables(policy))
    return sorted(hint for hint in found if start <= hint.offset <= end)


def _of_expression(policy: PolicyText, expression: CheckedExpression) -> Iterator[Hint]:
    excerpt = expression.excerpt
    for declaration in nodes_of_kind(expression, LocalDeclaration):
        token = declaration.symbol.declared_at
        if token is not None and _is_var(excerpt.text, token.start) and declaration.symbol.type is not ERROR:
            yield Hint(_place(policy, expression, token.end), f": {shown(declaration.symbol.type)}", True)
    for call in nodes_of_kind(expression, Call):
        yield from _of_arguments(policy, expression, call)
    for made in nodes_of_kind(expression, ObjectCreation):
        yield from _of_arguments(policy, expression, made)


def _is_var(text: str, start: int) -> bool:
    return text[:start].rstrip().endswith("var")


def _of_arguments(policy: PolicyText, expression: CheckedExpression, call: Call | ObjectCreation) -> Iterator[Hint]:
    """Yield the names of the parameters that literals are passed to."""
    method = call.method if isinstance(call, Call) else call.constructor
    syntax = getattr(call.syntax, "arguments", None)
    if method is None or not isinstance(syntax, shapes.Arguments) or len(method.parameters) < 2:
        return
    skips = isinstance(call, Call) and method.is_extension and call.receiver is None
    has_receiver = skips and len(syntax.arguments) < len(method.parameters)
    parameters = method.parameters[1:] if has_receiver else method.parameters
    for argument, parameter in zip(syntax.arguments, parameters, strict=False):
        if argument.name is None and argument.value.kind.endswith("_literal") and parameter.mode != "params":
            yield Hint(_place(policy, expression, argument.start), f"{parameter.name}:", False)


def _place(policy: PolicyText, expression: CheckedExpression, offset: int) -> int:
    excerpt = expression.excerpt
    place = excerpt.locate(offset - 1) + 1 if offset else excerpt.start
    return policy.span(place, place)[0]


def _of_variables(policy: PolicyText) -> Iterator[Hint]:
    """Yield the types of the values that policy variables get, after their names."""
    for element in policy.document.elements():
        if not has_trait(element.name, "sets-variable"):
            continue
        name, value = element.get("name"), element.get("value")
        if name is None or value is None or value.value.expression is None:
            continue
        variable = _after(policy, element).variables.get(name.value.text)
        if variable is not None and variable.types:
            yield Hint(policy.span(name.value.end + 1, name.value.end + 1)[0], f": {types_of(variable)}", True)


def _after(policy: PolicyText, element: Element) -> State:
    """Return the state after a policy, with its own assignments only."""
    from apimpolicy.checks.flow import State, Variable, variables_set_by

    set_here: dict[str, Variable] = {
        name: Variable(types, is_certain, element)
        for name, types, is_certain in variables_set_by(policy.subject, element)
    }
    return State(set_here)
