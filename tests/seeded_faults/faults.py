"""Faults put into policy documents on purpose, each at a known place: what a validator has to find, and where.

A fault is certain: the gateway would refuse the document, or the policy would fail whenever it runs.
"""

from __future__ import annotations

import random
import re
from typing import TYPE_CHECKING, NamedTuple

from apimpolicy.binding.nodes import Binary, Block, Call, PropertyAccess, Return
from apimpolicy.checks.expressions import ExpressionCheck
from apimpolicy.checks.subject import Settings, Subject
from apimpolicy.policies.registry import POLICIES, specification_of
from apimpolicy.policies.spec import SECTIONS
from apimpolicy.text.markup import read
from apimpolicy.text.source import Source

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from apimpolicy.checks.expressions import CheckedExpression
    from apimpolicy.text.document import Element


class Fault(NamedTuple):
    """A mutated text; the finding must touch the characters from `start` to `end`, with one of the codes.

    `codes` are beginnings of codes.
    """

    kind: str
    text: str
    start: int
    end: int
    codes: tuple[str, ...]


def faults(text: str, seed: int) -> Iterator[Fault]:
    """At most one fault of every kind that the document has room for."""
    chance = random.Random(seed)
    subject = Subject(read(Source(text)), ExpressionCheck(), Settings())
    for make in KINDS:
        found = list(make(subject, text))
        if found:
            yield chance.choice(found)(chance)


Maker = "Callable[[random.Random], Fault]"


def _misspelt(name: str, chance: random.Random) -> str:
    """The name with two letters exchanged, one left out, or one doubled; never the name of something else."""
    for _ in range(20):
        place = chance.randrange(1, len(name))
        made = chance.choice(
            (
                name[: place - 1] + name[place] + name[place - 1] + name[place + 1 :],
                name[:place] + name[place + 1 :],
                name[:place] + name[place] + name[place:],
            )
        )
        if made != name and made not in POLICIES and re.fullmatch(r"[A-Za-z][\w-]*", made):
            return made
    return name + "x"


def misspelt_policy(subject: Subject, text: str) -> Iterator[Callable[[random.Random], Fault]]:
    for element in _policies(subject):

        def make(chance: random.Random, element: Element = element) -> Fault:
            name = _misspelt(element.name, chance)
            tag = text[element.content_end : element.end]
            end = tag.replace(element.name, name, 1) if tag.startswith("</") else tag
            made = text[: element.name_start] + name + text[element.name_end : element.content_end] + end
            made += text[element.end :]
            return Fault("policy", made, element.name_start, element.name_start + len(name), ("POL101", "POL107"))

        yield make


def misspelt_attribute(subject: Subject, text: str) -> Iterator[Callable[[random.Random], Fault]]:
    for element in _policies(subject):
        for attribute in element.attributes:
            if attribute.name == "id" or ":" in attribute.name:
                continue

            def make(chance: random.Random, element: Element = element, start: int = attribute.name_start) -> Fault:
                old = re.match(r"[\w-]+", text[start:])
                assert old is not None
                name = _misspelt(old[0], chance)
                made = text[:start] + name + text[start + len(old[0]) :]
                return Fault("attribute", made, element.name_start, start + len(name), ("POL102", "POL103", "POL009"))

            yield make


def misspelt_member(subject: Subject, text: str) -> Iterator[Callable[[random.Random], Fault]]:
    for expression in subject.expressions:
        for node in expression.compiled.nodes:
            if isinstance(node, PropertyAccess):
                name = node.property.name
            elif isinstance(node, Call):
                name = node.method.name
            else:
                continue
            place = _place(expression, text, name, node.syntax.start, node.syntax.end)
            if place is None:
                continue

            def make(chance: random.Random, start: int = place, name: str = name) -> Fault:
                new = name + "Qx"
                made = text[:start] + new + text[start + len(name) :]
                return Fault("member", made, start, start + len(new), ("CS",))

            yield make


def dropped_attribute(subject: Subject, text: str) -> Iterator[Callable[[random.Random], Fault]]:
    for element in _policies(subject):
        specification = specification_of(element.name)
        for slot in specification.attributes if specification is not None else ():
            attribute = element.get(slot.name)
            if not slot.required or attribute is None:
                continue

            def make(
                _: random.Random,
                element: Element = element,
                start: int = attribute.name_start,
                end: int = attribute.value.end + 1,
            ) -> Fault:
                made = text[:start].rstrip() + text[end:]
                return Fault("required attribute", made, element.name_start, element.name_end, ("POL103", "POL113"))

            yield make


def moved_policy(subject: Subject, text: str) -> Iterator[Callable[[random.Random], Fault]]:
    for element in _policies(subject):
        specification = specification_of(element.name)
        parent = element.parent
        if specification is None or parent is None or parent.name not in SECTIONS or parent.parent is None:
            continue
        for section in parent.parent.elements():
            if section.name not in SECTIONS or section.name in specification.sections:
                continue
            if text[section.content_end : section.end].startswith("</") and section is not parent:

                def make(_: random.Random, element: Element = element, section: Element = section) -> Fault:
                    piece = text[element.start : element.end]
                    place = section.content_end
                    if place > element.start:
                        made = text[: element.start] + text[element.end : place] + piece + text[place:]
                        start = place - len(piece)
                    else:
                        made = text[:place] + piece + text[place : element.start] + text[element.end :]
                        start = place
                    return Fault("section", made, start, start + len(piece), ("POL106",))

                yield make


def changed_type(subject: Subject, text: str) -> Iterator[Callable[[random.Random], Fault]]:
    """A text compared with a number instead."""
    for expression in subject.expressions:
        for node in expression.of_kind(Binary):
            literal = node.right
            if node.operator not in ("==", "!=") or not literal.is_constant or not isinstance(literal.constant, str):
                continue
            if str(node.left.type) != "string" or str(literal.type) != "string" or node.left.is_constant:
                continue
            start = expression.excerpt.locate(literal.syntax.start)
            length = literal.syntax.end - literal.syntax.start
            if text[start : start + length] != expression.excerpt.text[literal.syntax.start : literal.syntax.end]:
                continue
            first = expression.excerpt.locate(node.syntax.start)

            def make(_: random.Random, first: int = first, start: int = start, length: int = length) -> Fault:
                return Fault("type", text[:start] + "5" + text[start + length :], first, start + 1, ("CS",))

            yield make


def removed_return(subject: Subject, text: str) -> Iterator[Callable[[random.Random], Fault]]:
    """The last statement of a block taken out."""
    for expression in subject.expressions:
        bound = expression.compiled.bound
        if not expression.compiled.is_legal or bound is None or not isinstance(bound.body, Block):
            continue
        last = bound.body.statements[-1] if bound.body.statements else None
        if not isinstance(last, Return):
            continue
        start, end = last.syntax.start, last.syntax.end
        first, stop = expression.excerpt.locate(start), expression.excerpt.locate(end - 1) + 1
        if text[first:stop] != expression.excerpt.text[start:end]:
            continue

        begin = expression.excerpt.start

        def make(_: random.Random, begin: int = begin, first: int = first, stop: int = stop) -> Fault:
            return Fault("return", text[:first] + text[stop:], begin, len(text), ("CS",))

        yield make


def unbalanced_quote(subject: Subject, text: str) -> Iterator[Callable[[random.Random], Fault]]:
    """The quotation mark that ends a text taken out: found somewhere from where the expression begins."""
    for expression in subject.expressions:
        for node in expression.compiled.nodes:
            constant = getattr(node, "constant", None)
            if not isinstance(constant, str) or type(node).__name__ != "Literal":
                continue
            end = expression.excerpt.locate(node.syntax.end - 1)
            if text[end] != '"':
                continue

            def make(_: random.Random, begin: int = expression.excerpt.start, end: int = end) -> Fault:
                return Fault("quote", text[:end] + text[end + 1 :], begin, len(text), ("CS", "POL"))

            yield make


KINDS = (
    misspelt_policy,
    misspelt_attribute,
    misspelt_member,
    dropped_attribute,
    moved_policy,
    changed_type,
    removed_return,
    unbalanced_quote,
)


def _policies(subject: Subject) -> Iterator[Element]:
    """The policies of a document, where the document is one."""
    for element in subject.elements:
        is_policy = element.name in POLICIES and element.name != "base" and subject.is_policy(element)
        if is_policy and specification_of(element.name) is not None and not _is_text(element):
            yield element


def _is_text(element: Element) -> bool:
    """Whether the element stands in a text that only looks like markup: the body of set-body, a stylesheet."""
    parent = element.parent
    while parent is not None:
        if parent.name in ("set-body", "xsl-transform", "log-to-eventhub", "value"):
            return True
        parent = parent.parent
    return False


def _place(expression: CheckedExpression, text: str, name: str, start: int, end: int) -> int | None:
    """Where the name of a member stands in the document, if it is written there as it is."""
    code = expression.excerpt.text[start:end]
    found = [match.start() for match in re.finditer(rf"\.\s*{re.escape(name)}\b", code)]
    if len(found) != 1:
        return None
    inside = start + code.index(name, found[0])
    place = expression.excerpt.locate(inside)
    return place if text[place : place + len(name)] == name else None
