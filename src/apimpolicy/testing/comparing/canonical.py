"""Policies without their layout: what two versions have in common however they are written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.syntax.lexer import tokenize

if TYPE_CHECKING:
    from apimpolicy.engine.steps import Program, Step
    from apimpolicy.engine.trace import Trace
    from apimpolicy.text.document import Characters, Element
    from apimpolicy.text.source import Excerpt

_known: dict[int, tuple[Element, Any]] = {}


def of_program(program: Program) -> Any:
    """Return the steps of each section, without layout and comments."""
    return [(step.scope, step.section, step.path, of_element(step.element)) for step in program.steps()]


def of_element(element: Element) -> Any:
    """Return an element with everything inside, without layout."""
    known = _known.get(id(element))
    if known is None:
        inner = tuple(of_element(each) for each in element.elements())
        text = _code(element.expression) if element.expression is not None else "" if inner else element.text
        known = _known[id(element)] = element, (*_head(element), text, inner)
    return known[1]


def _head(element: Element) -> tuple[str, tuple[tuple[str, str], ...]]:
    return element.name, tuple(sorted((each.name, of_value(each.value)) for each in element.attributes))


def of_value(value: Characters) -> str:
    """Return the value of an attribute without layout."""
    return value.text if value.expression is None else _code(value.expression)


def _code(excerpt: Excerpt) -> str:
    """Return the tokens of an expression, which have neither layout nor comments; of one that has none, its text."""
    tokens, errors = tokenize(excerpt.text, 1)
    if errors:
        return excerpt.text
    return "\0".join(map(tokens.spelling, range(len(tokens.kinds))))


def common(one: Trace, other: Trace) -> int:
    """Return the number of policies at the start that two paths share."""
    number = 0
    for first, second in zip(one, other, strict=False):
        if (first.scope, first.section) != (second.scope, second.section) or not _same(first.step, second.step):
            break
        number += 1
    return number


def _same(one: Step, other: Step) -> bool:
    """Return whether two steps do the same; policies inside them are steps of their own."""
    return bool(_own(one) == _own(other))


def _own(step: Step) -> Any:
    element, specification = step.element, step.specification
    if specification is not None and not specification.holds_policies:
        return of_element(element)
    names = () if specification is None else specification.own_children
    return *_head(element), tuple(of_element(each) for each in element.elements() if each.name in names)
