"""Responses to requests of a policy's own that are given to the caller: the service behind them is a backend too.

A variable has such a response if send-request sets it, or if its value is made with another that has. A policy gives it
to the caller if it writes the response with such a variable. A response of 400 or more gives nothing: it is a refusal.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from apimpolicy.csharp.binding.nodes import Expression
from apimpolicy.errors import ApimPolicyError
from apimpolicy.gateway.context.messages import ResponseMessage
from apimpolicy.gateway.engine.steps import Program, Step, compiled
from apimpolicy.gateway.policies.effects import Sent
from apimpolicy.gateway.policies.registry import has_trait
from apimpolicy.text.source import Excerpt

if TYPE_CHECKING:
    from apimpolicy.gateway.engine.result import Result
    from apimpolicy.text.document import Element

    Variables = frozenset[str]

REFUSED = 400
"""The least status of a response that gives the caller nothing."""
_RESPONSE = "response-variable-name"


def reaches_backend(result: Result) -> bool:
    """Return whether a request was forwarded, or got the response to a request of the policy's own."""
    return result.reached_backend or (bool(result.sent_requests) and _is_given(result))


def _is_given(result: Result) -> bool:
    program, is_given = result.exchange.program, False
    if program is None or result.response.status_code >= REFUSED:
        return False
    giving = giving_steps(program)
    for entry in result.trace:
        variables = giving.get(id(entry.step.element))
        if entry.effect is not None and variables is not None:
            is_given = any(isinstance(result.exchange.variables.get(each), ResponseMessage) for each in variables)
        elif entry.error is result.error is not None:
            is_given = False
        elif entry.effect is not None and entry.effect.ends:
            is_given = isinstance(entry.effect, Sent)
    return is_given


def giving_steps(program: Program) -> dict[int, Variables]:
    """Return the policies that write responses with those of other services, by the identities of their elements.

    The variables are those in which the responses are.
    """
    steps = [*program.steps()]
    origins: dict[str, Variables] = {}
    for step in steps:
        attribute = step.element.get(_RESPONSE)
        if attribute is not None and has_trait(step.name, "requests") and attribute.value.expression is None:
            origins[attribute.value.text] = frozenset((attribute.value.text,))
    setters = [step for step in steps if has_trait(step.name, "sets-variable")] if origins else []
    is_new = bool(origins)
    while is_new:
        is_new = False
        for step in setters:
            name, made = step.element.get("name"), _made_with(step.element, origins)
            if name is not None and not made <= origins.get(name.value.text, frozenset()):
                origins[name.value.text] = origins.get(name.value.text, frozenset()) | made
                is_new = True
    return {id(step.element): made for step in steps if _writes(step) and (made := _made_with(step.element, origins))}


def _writes(step: Step) -> bool:
    if has_trait(step.name, "composes"):
        return True
    around = step.parent
    while around is not None and not has_trait(around.name, "composes", "requests"):
        around = around.parent
    return around is None and has_trait(step.name, "replaces-body") and step.section in ("outbound", "on-error")


def _made_with(element: Element, origins: dict[str, Variables]) -> Variables:
    """Return the variables with responses that the content of a policy is made with."""
    found: Variables = frozenset()
    named = element.get(_RESPONSE)
    if named is not None:
        found |= origins.get(named.value.text, frozenset())
    for part in (element, *element.descendants()):
        if has_trait(part.name, "sets-status"):
            continue
        if part.get("template") is not None:
            found = found.union(*(made for name, made in origins.items() if name in part.text))
        for excerpt in _expressions(part):
            found = found.union(*(origins.get(text, frozenset()) for text in _texts(excerpt)))
    return found


def _expressions(element: Element) -> Iterator[Excerpt]:
    for attribute in element.attributes:
        if attribute.value.expression is not None:
            yield attribute.value.expression
    if element.expression is not None:
        yield element.expression


def _texts(excerpt: Excerpt) -> Iterator[str]:
    try:
        body = compiled(excerpt).bound.body
    except ApimPolicyError:
        return
    for part in body.walk():
        if isinstance(part, Expression) and isinstance(part.constant, str):
            yield part.constant
