"""Code actions: fixes of findings, suppressions, checks for null, thumbprints, a test."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from apimpolicy.checkout import open_text
from apimpolicy.checks.catalogue import entry_of, rule_class
from apimpolicy.editor.analysis import XML_ENDINGS, Analysis
from apimpolicy.editor.edits import advised_edits, null_checked
from apimpolicy.policies.registry import has_trait
from apimpolicy.project import fixes
from apimpolicy.project.fixes import Edit

if TYPE_CHECKING:
    from apimpolicy.diagnostics import Diagnostic
    from apimpolicy.editor.knowledge import ProjectNames
    from apimpolicy.text.document import Element

_THUMBPRINT = re.compile(r"(?<![0-9A-Za-z])[0-9A-Fa-f]{40}(?![0-9A-Za-z])")
_NO_COMMENTS = (".json",)
"""Files in which no comment can be added: an ARM template has a policy in one JSON string."""
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
    analysis: Analysis, start: int, end: int, diagnostics: Sequence[Diagnostic], knowledge: ProjectNames
) -> list[Action]:
    """Return the changes that are offered for a span of the file, with the findings that touch it."""
    actions: list[Action] = []
    for diagnostic in diagnostics:
        repair = fixes.edits(analysis.source, [diagnostic]) or fixes.variable_edit(analysis.source, diagnostic)
        if repair and diagnostic.label:
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
    found = analysis.code_at(start)
    if found is None:
        return
    excerpt, offset = found.expression.excerpt, found.offset
    for title, first, last, text in null_checked(excerpt.text, offset, offset + end - start):
        span = found.policy.code_span(excerpt, first, last)
        if analysis.text[slice(*span)] == excerpt.text[first:last]:
            yield Action(title, diagnostic, {analysis.path: [Edit(*span, text)]}, is_preferred=True)
            return


def _suppression(analysis: Analysis, diagnostic: Diagnostic) -> Iterator[Action]:
    """Offer a comment before the policy around a finding; its author replaces the reason."""
    start, _ = diagnostic.source.original_span(diagnostic.start, diagnostic.end)
    found = analysis.element_at(start)
    is_possible = not analysis.path.lower().endswith(_NO_COMMENTS) and diagnostic.code not in ("POL041", "POL042")
    if found is None or not is_possible:
        return
    policy, element = found
    around = [element, *element.ancestors()]
    element = next((each for each in around if policy.subject.is_policy(each)), around[-1])
    place, _ = policy.span(element.start, element.start)
    line = analysis.text.rfind("\n", 0, place) + 1
    indent = analysis.text[line:place]
    if not indent.isspace() and indent:
        return
    text = f"<!-- apimpolicy: ignore {diagnostic.code}: {REASON} -->\n{indent}"
    yield Action(f"Ignore {diagnostic.code} here", diagnostic, {analysis.path: [Edit(place, place, text)]})


def _thumbprints(analysis: Analysis, start: int, end: int, knowledge: ProjectNames) -> Iterator[Action]:
    """Offer to make a thumbprint a named value, so that renewing a certificate changes no policy."""
    for found in _THUMBPRINT.finditer(analysis.text):
        if found.end() < start or found.start() > end or analysis.at(found.start()) is None:
            continue
        known = {k.detail.upper(): k.name for k in knowledge.all("named value")}
        name = known.get(found[0].upper()) or _free_name(knowledge)
        edits = {analysis.path: [Edit(*found.span(), "{{" + name + "}}")]}
        if found[0].upper() not in known and knowledge.configuration is not None:
            edits |= _with_named_value(knowledge.configuration, name, found[0])
        yield Action(f"Make the thumbprint the named value '{name}'", None, edits)


def _free_name(knowledge: ProjectNames) -> str:
    number = 1
    while knowledge.find("named value", name := "thumbprint" if number == 1 else f"thumbprint-{number}") is not None:
        number += 1
    return name


def _with_named_value(path: str, name: str, value: str) -> dict[str, list[Edit]]:
    if os.path.basename(path) == "pyproject.toml":
        return {}
    try:
        with open_text(path, encoding="utf-8", newline="") as file:
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
    """Offer a test case for the branch that the caret is in."""
    found = analysis.element_at(offset)
    around = (found[1], *found[1].ancestors()) if found is not None else ()
    branch = next(filter(_is_branch, around), None)
    if branch is not None and analysis.path.lower().endswith(XML_ENDINGS):
        arguments = (analysis.path, branch_path(branch))
        yield Action("Write a test for this branch", command="apimpolicy.newTest", arguments=arguments)


def _is_branch(element: Element) -> bool:
    return element.parent is not None and has_trait(element.parent.name, "branches")


def branch_path(element: Element) -> str:
    """Return the path of an element as traces and test files write it: `choose[1]/when[2]`."""
    steps: list[str] = []
    for current in (element, *element.ancestors()):
        if current.parent is None or current.parent.name in ("policies", "fragment"):
            break
        number = 1 + sum(other.name == current.name for other in current.preceding_siblings())
        steps.insert(0, f"{current.name}[{number}]")
    return "/".join(steps)
