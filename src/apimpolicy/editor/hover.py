"""Hovers: pages, signatures, values, and the places where a variable was set."""

from __future__ import annotations

import re
from typing import NamedTuple

from apimpolicy.checks.expressions import CheckedExpression
from apimpolicy.checks.flow import Variable, variables_set_by
from apimpolicy.csharp.binding.nodes import Call
from apimpolicy.csharp.binding.reports import shown
from apimpolicy.editor.analysis import Analysis, OpenPolicy
from apimpolicy.editor.caret import nodes_of_kind
from apimpolicy.editor.expression_completion import complete as complete_code
from apimpolicy.editor.knowledge import Occurrence, ProjectNames, occurrence_at
from apimpolicy.editor.names_completion import types_of, where_set
from apimpolicy.editor.navigation import can_rename, local_at
from apimpolicy.editor.pages import attribute_page, page_for_editors
from apimpolicy.editor.signatures import documentation
from apimpolicy.errors import ConfigurationError
from apimpolicy.gateway.policies.spec import SECTIONS
from apimpolicy.project.embedded import is_policy
from apimpolicy.project.files import read_data
from apimpolicy.report.markup import code_span, fenced
from apimpolicy.text.document import Element

_WORD = re.compile(r"@?[^\W\d]\w*")
_PREVIEW = 20
"""Lines of a fragment."""


class Hover(NamedTuple):
    """Markdown about a span of the file."""

    text: str
    start: int
    end: int


def hover(analysis: Analysis, offset: int, knowledge: ProjectNames) -> Hover | None:
    found = analysis.at(offset)
    if found is None:
        return None
    policy, position = found
    occurrence = occurrence_at(analysis, offset)
    if occurrence is not None and (text := _of_name(occurrence, policy, position, knowledge)):
        return Hover(text, occurrence.start, occurrence.end)
    code = policy.expression_at(position)
    if code is not None:
        return _of_code(policy, *code) or _of_local(analysis, offset)
    element = policy.subject.element_at(position)
    return _of_markup(policy, element, position) if element is not None else None


def _of_name(occurrence: Occurrence, policy: OpenPolicy, offset: int, knowledge: ProjectNames) -> str:
    if occurrence.kind == "variable":
        return _of_variable(occurrence, policy, offset, knowledge)
    if occurrence.kind == "header":
        return ""
    known = knowledge.find(occurrence.kind, occurrence.name)
    if known is None:
        return f"The {occurrence.kind} {code_span(occurrence.name)}: the project does not say more of it."
    if occurrence.kind == "fragment" and (text := _preview(known.path)):
        return f"The fragment {code_span(known.name)}\n\n{fenced(text, 'xml')}\n\n{code_span(known.path)}"
    return f"The {occurrence.kind} {code_span(known.name)}: {code_span(known.detail)}\n\n{code_span(known.path)}"


def _preview(path: str) -> str:
    try:
        data, _ = read_data(path)
    except ConfigurationError:
        return ""
    if not is_policy(text := data.decode("utf-8", "replace").lstrip("\ufeff")):
        return ""  # a fragment in a configuration
    lines = text.rstrip().splitlines()
    return "\n".join(lines[:_PREVIEW] + ["…"] * (len(lines) > _PREVIEW))


def _of_variable(occurrence: Occurrence, policy: OpenPolicy, offset: int, knowledge: ProjectNames) -> str:
    element = policy.subject.element_at(offset)
    if element is None:
        return ""
    name = occurrence.name
    before = policy.subject.flow.before(element).variables.get(name)
    if occurrence.sets:
        return _of_setting(name, policy, element, before)
    if before is None:
        others = [known for known in knowledge.elsewhere("variable", policy.source.path) if known.name == name]
        if others:
            return f"The variable {code_span(name)}, {', '.join(known.detail for known in others)}"
        return f"The variable {code_span(name)}, which nothing before this sets."
    said = f": {code_span(types_of(before))}" if before.types else ", of unknown type"
    return f"The variable {code_span(name)}{said}\n\n{where_set(before)}"


def _of_setting(name: str, policy: OpenPolicy, element: Element, before: Variable | None) -> str:
    """Describe a variable at the policy that sets it."""
    found = next((types for set_, types, _ in variables_set_by(policy.subject, element) if set_ == name), None)
    said = f": {code_span(types_of(Variable(found, True)))}" if found else ", of a type that is known when it runs"
    text = f"Sets the variable {code_span(name)}{said}"
    return f"{text}\n\nIt replaces an earlier value. {where_set(before)}" if before is not None else text


def _of_code(policy: OpenPolicy, expression: CheckedExpression, offset: int) -> Hover | None:
    text = expression.excerpt.text
    word = next((word for word in _WORD.finditer(text) if word.start() <= offset <= word.end()), None)
    if word is None:
        return None
    said = _of_call(expression, word.start()) or _of_word(text, word[0].lstrip("@"), word.end())
    if not said:
        return None
    return Hover(said, *policy.code_span(expression.excerpt, *word.span()))


def _of_local(analysis: Analysis, offset: int) -> Hover | None:
    local, span = local_at(analysis, offset), can_rename(analysis, offset)
    if local is None or span is None:
        return None
    symbol = local.symbol
    return Hover(f"{fenced(f'{shown(symbol.type)} {symbol.name}', 'csharp')}\n\n{symbol.kind}", *span)


def _of_call(expression: CheckedExpression, start: int) -> str:
    for node in nodes_of_kind(expression, Call):
        name = getattr(getattr(node.syntax, "target", None), "name", None)
        if getattr(name, "start", -1) == start:
            return documentation((node.method,), skips_first=node.method.is_extension)
    return ""


def _of_word(code: str, word: str, end: int) -> str:
    item = next((item for item in complete_code(code, end).items if item.label == word), None)
    if item is None or item.kind == "keyword":
        return ""
    if item.documentation:
        return item.documentation
    return f"{fenced(item.detail or item.label, 'csharp')}\n\n{item.kind}"


def _of_markup(policy: OpenPolicy, element: Element, offset: int) -> Hover | None:
    specification = policy.subject.specification_of(element)
    if element.name_start <= offset <= element.name_end:
        page = page_for_editors(element.name) if policy.subject.is_policy(element) else ""
        if not page and element.name in SECTIONS:
            page = f"The section {code_span(element.name)}."
        if not page and specification is not None:
            page = f"A part of {code_span(element.parent.name if element.parent else '')}."
        return Hover(page, *policy.span(element.name_start, element.name_end)) if page else None
    for attribute in element.attributes:
        slot = policy.subject.slot_of(element, attribute.name)
        if attribute.name_start <= offset <= attribute.name_end and specification is not None and slot is not None:
            span = policy.span(attribute.name_start, attribute.name_end)
            return Hover(attribute_page(specification, slot), *span)
    return None
