"""Code actions: fixes of findings, suppressions, checks for null, thumbprints, a test."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, NamedTuple

from apimpolicy.checks.catalogue import entry_of, rule_class
from apimpolicy.editor.advised_edits import advised_edits
from apimpolicy.editor.analysis import XML_ENDINGS
from apimpolicy.editor.null_checks import null_checked
from apimpolicy.policies.registry import has_trait
from apimpolicy.project import fixes
from apimpolicy.project.fixes import Edit

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from apimpolicy.checks.expressions import CheckedExpression
    from apimpolicy.diagnostics import Diagnostic
    from apimpolicy.editor.analysis import Analysis, PolicyText
    from apimpolicy.editor.knowledge import Knowledge
    from apimpolicy.text.document import Element

_THUMBPRINT = re.compile(r"(?<![0-9A-Za-z])[0-9A-Fa-f]{40}(?![0-9A-Za-z])")
_NO_COMMENTS = (".json",)
"""Files in which a line of XML cannot be put between others: an ARM template has a policy in one text."""
REASON = "say why this is right here"


class Action(NamedTuple):
    """A change: its title, the finding that it fixes (or None), edits by file, or a command with its arguments."""

    title: str
    diagnostic: Diagnostic | None = None
    edits: dict[str, list[Edit]] | None = None
    command: str = ""
    arguments: tuple[str, ...] = ()
    is_preferred: bool = False


def code_actions(
    analysis: Analysis, start: int, end: int, diagnostics: Sequence[Diagnostic], knowledge: Knowledge
) -> list[Action]:
    """The changes that are offered for a span of the file, with the findings that touch it."""
    actions: list[Action] = []
    for diagnostic in diagnostics:
        if (repair := fixes.edits(analysis.source, [diagnostic])) and diagnostic.label:
            title = f"Change to '{repair[0].text}'"
            actions.append(Action(title, diagnostic, {analysis.path: repair}, is_preferred=True))
        else:
            actions += _advised(analysis, diagnostic)
        actions += _null_check(analysis, diagnostic)
        actions += _suppression(analysis, diagnostic)
    actions += _thumbprints(analysis, start, end, knowledge)
    actions += _test(analysis, start)
    return actions


def _advised(analysis: Analysis, diagnostic: Diagnostic) -> Iterator[Action]:
    start, _ = diagnostic.source.original_span(diagnostic.start, diagnostic.end)
    place = analysis.at(start)
    found = advised_edits(place[0], diagnostic) if place is not None else None
    if found is not None:
        yield Action(found[0], diagnostic, {analysis.path: found[1]})


def _null_check(analysis: Analysis, diagnostic: Diagnostic) -> Iterator[Action]:
    entry = entry_of(diagnostic.code)
    if entry is None or not rule_class(entry.module).fixed_by_null_check:
        return
    start, end = diagnostic.source.original_span(diagnostic.start, diagnostic.end)
    found = _code_at(analysis, start)
    if found is None:
        return
    policy, expression, offset = found
    for title, first, last, text in null_checked(expression.excerpt.text, offset, offset + end - start):
        excerpt = expression.excerpt
        span = policy.span(excerpt.locate(first), excerpt.locate(last - 1) + 1)
        if analysis.text[slice(*span)] == excerpt.text[first:last]:
            yield Action(title, diagnostic, {analysis.path: [Edit(*span, text)]}, is_preferred=True)
            return


def _code_at(analysis: Analysis, offset: int) -> tuple[PolicyText, CheckedExpression, int] | None:
    found = analysis.at(offset)
    code = found[0].expression_at(found[1]) if found is not None else None
    return (found[0], code[0], code[1]) if found is not None and code is not None else None


def _suppression(analysis: Analysis, diagnostic: Diagnostic) -> Iterator[Action]:
    """A comment before the element; the reason is for people to write, and without one `check` would complain."""
    if analysis.path.lower().endswith(_NO_COMMENTS):
        return
    start, _ = diagnostic.source.original_span(diagnostic.start, diagnostic.end)
    found = analysis.at(start)
    element = found[0].subject.element_at(found[1]) if found is not None else None
    if found is None or element is None or diagnostic.code in ("POL041", "POL042"):
        return
    while element.parent is not None and not found[0].subject.is_policy(element):
        element = element.parent
    place, _ = found[0].span(element.start, element.start)
    line = analysis.text.rfind("\n", 0, place) + 1
    indent = analysis.text[line:place]
    if not indent.isspace() and indent:
        return
    text = f"<!-- apimpolicy: ignore {diagnostic.code}: {REASON} -->\n{indent}"
    yield Action(f"Ignore {diagnostic.code} here", diagnostic, {analysis.path: [Edit(place, place, text)]})


def _thumbprints(analysis: Analysis, start: int, end: int, knowledge: Knowledge) -> Iterator[Action]:
    """A thumbprint in the document as a named value: so that renewing a certificate changes no policy."""
    for found in _THUMBPRINT.finditer(analysis.text):
        if found.end() < start or found.start() > end or analysis.at(found.start()) is None:
            continue
        known = {k.detail.upper(): k.name for k in knowledge.all("named value")}
        name = known.get(found[0].upper()) or _free_name(knowledge)
        edits = {analysis.path: [Edit(*found.span(), "{{" + name + "}}")]}
        if found[0].upper() not in known and knowledge.configuration is not None:
            edits |= _with_named_value(knowledge.configuration, name, found[0])
        yield Action(f"Make the thumbprint the named value '{name}'", None, edits)


def _free_name(knowledge: Knowledge) -> str:
    number = 1
    while knowledge.find("named value", name := "thumbprint" if number == 1 else f"thumbprint-{number}") is not None:
        number += 1
    return name


def _with_named_value(path: str, name: str, value: str) -> dict[str, list[Edit]]:
    if os.path.basename(path) == "pyproject.toml":
        return {}
    try:
        with open(path, encoding="utf-8", newline="") as file:
            text = file.read()
    except (OSError, UnicodeDecodeError):
        return {}
    line = f'{name} = "{value}"\n'
    table = re.search(r"(?m)^\[named-values\][^\r\n]*\r?\n", text)
    if table is not None:
        return {os.path.abspath(path): [Edit(table.end(), table.end(), line)]}
    head = "" if text.endswith("\n") or not text else "\n"
    return {os.path.abspath(path): [Edit(len(text), len(text), f"{head}\n[named-values]\n{line}")]}


def _test(analysis: Analysis, offset: int) -> Iterator[Action]:
    """A test case for the branch that the caret is in."""
    found = analysis.at(offset)
    element = found[0].subject.element_at(found[1]) if found is not None else None
    while element is not None and not _is_branch(element):
        element = element.parent
    if element is not None and analysis.path.lower().endswith(XML_ENDINGS):
        yield Action(
            "Write a test for this branch",
            command="apimpolicy.newTest",
            arguments=(analysis.path, branch_path(element)),
        )


def _is_branch(element: Element) -> bool:
    return element.parent is not None and has_trait(element.parent.name, "branches")


def branch_path(element: Element) -> str:
    """The path of an element as traces and test files write it: `choose[1]/when[2]`."""
    steps: list[str] = []
    current: Element = element
    while current.parent is not None and current.parent.name not in ("policies", "fragment"):
        same = [other for other in current.parent.elements() if other.name == current.name]
        steps.append(f"{current.name}[{same.index(current) + 1}]")
        current = current.parent
    return "/".join(reversed(steps))
