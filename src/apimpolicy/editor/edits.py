"""Edits in the protocol's form: those that the advice of a finding describes, and checks for null."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from apimpolicy.binding import bind
from apimpolicy.errors import PolicySyntaxError
from apimpolicy.project.fixes import Edit
from apimpolicy.syntax import shapes
from apimpolicy.syntax.parser import parse
from apimpolicy.text.source import Excerpt

if TYPE_CHECKING:
    from apimpolicy.diagnostics import Diagnostic
    from apimpolicy.editor.analysis import OpenPolicy
    from apimpolicy.editor.language_server import LanguageServer
    from apimpolicy.editor.rpc import Json
    from apimpolicy.editor.text_documents import TextDocument
    from apimpolicy.syntax.nodes import Node
    from apimpolicy.text.document import Element


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
