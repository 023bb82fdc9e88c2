"""Code actions: fixes of findings, suppressions, checks for null, thumbprints, a test.

Edits are in the protocol's form: those that the advice of a finding describes, and checks for null.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from apimpolicy.checks.catalogue import entry_of, rule_class
from apimpolicy.csharp.binding import bind
from apimpolicy.csharp.syntax import shapes
from apimpolicy.csharp.syntax.nodes import Node
from apimpolicy.csharp.syntax.parser import parse
from apimpolicy.diagnostics import Diagnostic
from apimpolicy.editor.analysis import XML_ENDINGS, Analysis, OpenPolicy
from apimpolicy.editor.knowledge import ProjectNames
from apimpolicy.editor.workspace import stored_text
from apimpolicy.errors import PolicySyntaxError
from apimpolicy.gateway.policies.registry import has_trait
from apimpolicy.project import fixes
from apimpolicy.project.fixes import Edit
from apimpolicy.text.document import Element
from apimpolicy.text.source import Excerpt

if TYPE_CHECKING:
    from apimpolicy.editor.language_server import LanguageServer
    from apimpolicy.editor.rpc import Json, TextDocument

# Edits in the protocol's form


def text_edit(document: TextDocument, edit: Edit) -> Json:
    return {"range": document.range(edit.start, edit.end), "newText": edit.text}


def changes_of(server: LanguageServer, edits: dict[str, list[Edit]]) -> dict[str, list[Json]]:
    changes = {}
    for path, found in edits.items():
        document = server.document_of(os.path.abspath(path))
        if document is not None:
            changes[document.uri] = [text_edit(document, edit) for edit in found]
    return changes


# Edits that the advice of a finding describes completely: `Add timeout="5".`, `Write https://…`, `Remove it.`.
# Only the advice tells what to do; here its fixed forms become edits. Advice that leaves a choice to the author has
# none.

_ATTRIBUTE = r"(?P<name>[\w-]+)=\"(?P<value>[^\"]*)\""
_INDENT = "    "
_COMPARISON = re.compile(r"\s*!=\s*(?:\"[^\"\r\n]*\"|[\w.]+)\s*(?:\)\Z|\|\|)")
_VERIFICATION = re.compile(r"(?:[\w.]+)\.(?=\w+\Z)")


class Site(NamedTuple):
    """The place of a finding in the reading of its policy: the span, its text, and the element around it."""

    policy: OpenPolicy
    start: int
    end: int
    element: Element

    @property
    def text(self) -> str:
        return self.policy.source.text[self.start : self.end]


def advised_edits(policy: OpenPolicy, diagnostic: Diagnostic) -> tuple[str, list[Edit]] | None:
    """Return a title and the edits in the file that carry out the advice; None where it isn't complete."""
    start, end = (policy.offset_of(each) for each in diagnostic.source.original_span(diagnostic.start, diagnostic.end))
    element = policy.subject.element_at(start) if 0 <= start <= end else None
    if element is None:
        return None
    site = Site(policy, start, end, element)
    for pattern, make in _FORMS:
        found = pattern.match(diagnostic.help)
        if found is not None and (edits := list(make(site, found))):
            return found[0].rstrip(".,"), [Edit(*policy.span(first, last), text) for first, last, text in edits]
    return None


def _set_attribute(site: Site, advice: re.Match[str]) -> Iterator[Edit]:
    element = next((each for each in _around(site.element) if each.get(advice["name"]) is not None), site.element)
    attribute = element.get(advice["name"])
    if attribute is not None and not attribute.value.parts:
        yield Edit(attribute.value.start, attribute.value.end, advice["value"])
    elif attribute is None:
        yield Edit(element.name_end, element.name_end, f' {advice["name"]}="{advice["value"]}"')


def _around(element: Element) -> Iterator[Element]:
    yield element
    yield from element.elements()


def _add_child(site: Site, advice: re.Match[str]) -> Iterator[Edit]:
    element, text = site.element, site.policy.source.text
    line = text.rfind("\n", 0, element.start) + 1
    margin = text[line : element.start]
    margin = margin if margin.isspace() or not margin else ""
    child = f"\n{margin}{_INDENT}{advice['child']}"
    if element.content_start < element.content_end:
        last = max((each.end for each in element.elements()), default=element.content_start)
        yield Edit(last, last, child)
    elif text[: element.content_start].endswith("/>"):
        end = element.content_start
        start = len(text[: end - 2].rstrip())
        yield Edit(start, end, f">{child}\n{margin}</{element.name}>")


def _replace_value(site: Site, advice: re.Match[str]) -> Iterator[Edit]:
    """Replace a value; where the finding is at an element, its text."""
    start, end, element = site.start, site.end, site.element
    if start == element.name_start:
        start, end = element.content_start, element.content_end
    text = site.policy.source.text[start:end]
    if text.strip() and "<" not in text and "{{" not in text:
        yield Edit(start + len(text) - len(text.lstrip()), end - len(text) + len(text.rstrip()), advice["value"])


def _replace_string(site: Site, advice: re.Match[str]) -> Iterator[Edit]:
    for quote in ('"', "&quot;"):
        if site.text.startswith(quote) and site.text.endswith(quote):
            yield Edit(site.start, site.end, f"{quote}{advice['value']}{quote}")
            return


def _keep_body(site: Site, _: re.Match[str]) -> Iterator[Edit]:
    limit = site.element.end
    call = re.compile(r"As\s*<[^()]*>\s*\(\s*(?=\))").search(site.policy.source.text, site.start, limit)
    if call is not None and "\n" not in site.policy.source.text[site.start : call.start()]:
        yield Edit(call.end(), call.end(), "preserveContent: true")


def _use_tls(site: Site, _: re.Match[str]) -> Iterator[Edit]:
    if site.text.startswith("http://"):
        yield Edit(site.start, site.start + len("http"), "https")


def _remove(site: Site, _: re.Match[str]) -> Iterator[Edit]:
    """Remove the element whose name the finding is at, with its line."""
    element, text = site.element, site.policy.source.text
    if site.start != element.name_start or element.is_unclosed:
        return
    line = text.rfind("\n", 0, element.start)
    is_alone = line >= 0 and text[line : element.start].isspace() and text[element.end : element.end + 1] in "\r\n"
    yield Edit(line if is_alone else element.start, element.end, "")


def _remove_attribute(site: Site, _: re.Match[str]) -> Iterator[Edit]:
    for attribute in site.element.attributes:
        if attribute.name_start <= site.start <= attribute.value.end:
            start = len(site.policy.source.text[: attribute.name_start].rstrip())
            yield Edit(start, attribute.value.end + 1, "")


def _verify(site: Site, _: re.Match[str]) -> Iterator[Edit]:
    """Verify the certificate before a comparison that refuses, by itself or in a chain of `||`."""
    found = site.policy.expression_at(site.start)
    receiver = _VERIFICATION.match(site.text)
    if found is None or receiver is None:
        return
    code, offset = found[0].excerpt.text, found[1]
    before = code[:offset].rstrip()
    is_chain = "&&" not in code and (before.endswith("||") or before == "@(")
    if is_chain and _COMPARISON.match(code, offset + len(site.text)) is not None:
        certificate = receiver[0].rstrip(".")
        checked = f"{certificate} == null || " if f"{certificate} == null" not in before else ""
        yield Edit(site.start, site.start, f"{checked}!{certificate}.Verify() || ")


_FORMS: tuple[tuple[re.Pattern[str], Callable[[Site, re.Match[str]], Iterator[Edit]]], ...] = (
    (re.compile(r"Add `\|\| !context\.Request\.Certificate\.Verify\(\)`"), _verify),
    (re.compile(rf"(?:Add|Use|Write) {_ATTRIBUTE}"), _set_attribute),
    (re.compile(r"Add (?P<child><([\w-]+)(?: [^<>…]*)?(?:/>|>[^<>…]*</\2>))"), _add_child),
    (re.compile(r"(?:Start with|Write) (?P<value>https?://[^\s…,]+|\d[\d.]*)(?=\.(?:\Z|\s))"), _replace_value),
    (re.compile(r"Write '(?P<value>[\w.-]+)'\."), _replace_value),
    (re.compile(r"Write \"(?P<value>[\w.-]+)\"\."), _replace_string),
    (re.compile(r"Write As<…>\(preserveContent: true\)\."), _keep_body),
    (re.compile(r"Use https://\."), _use_tls),
    (re.compile(r"Remove (?:it|this policy)\."), _remove),
    (re.compile(r"Remove the attribute\."), _remove_attribute),
)


# `?.` in the place of a dot, in a form that compiles and means the same for values that aren't null.
# A condition stays a condition: `!x.Verify()` becomes `x?.Verify() != true`, which is also
# true without a certificate.

_LINKS = (shapes.MemberAccess, shapes.Invocation, shapes.ElementAccess)


def null_checked(code: str, start: int, end: int) -> Iterator[tuple[str, int, int, str]]:
    """Yield changes for a span of an expression that compile: a title, the replaced span, and the new text."""
    try:
        tree = parse(code)
    except PolicySyntaxError:
        return
    wanted = _type_of(code)
    if not wanted:
        return
    parents = {id(child): node for node in tree.walk() for child in node.children}
    for access in _accesses(tree, start, end):
        for title, first, last, text in _changes(code, access, parents):
            if _type_of(code[:first] + text + code[last:]) == wanted:
                yield title, first, last, text
                break


def _accesses(tree: Node, start: int, end: int) -> list[shapes.MemberAccess]:
    """Return the member accesses whose name is in the span, or that end there."""
    found = [node for node in tree.walk() if isinstance(node, shapes.MemberAccess)]
    return [node for node in found if start <= node.name.start < end or (node.start <= start and node.end == end)]


def _changes(code: str, access: shapes.MemberAccess, parents: dict[int, Node]) -> Iterator[tuple[str, int, int, str]]:
    dot = code.rindex(".", access.receiver.end, access.name.start)
    whole: Node = access
    while isinstance(parent := parents.get(id(whole)), _LINKS) and parent.children[0] is whole:
        whole = parent
    checked = f"{code[whole.start : dot]}?{code[dot : whole.end]}"
    yield "Use '?.', which returns null for null", whole.start, whole.end, checked
    if isinstance(parent, shapes.LogicalNot):
        yield "Check for null: '?.' and '!= true'", parent.start, parent.end, f"{checked} != true"
        yield "Check for null: '?.' and '!= true'", parent.start, parent.end, f"({checked} != true)"
    yield "Check for null: '?.' and '== true'", whole.start, whole.end, f"{checked} == true"
    yield "Check for null: '?.' and '== true'", whole.start, whole.end, f"({checked} == true)"


def _type_of(code: str) -> str:
    """Return the static type of an expression; empty when the compiler refuses it."""
    try:
        tree = parse(code)
    except PolicySyntaxError:
        return ""
    bound = bind(tree, Excerpt.of(code))
    return "" if bound.diagnostics else bound.static_type


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
    text = stored_text(path, encoding="utf-8")
    if text is None:
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
