"""Faults put into policy documents on purpose, each at a known place: what a validator has to find, and where.

A fault is certain: the gateway would refuse the document, or the policy would fail whenever it runs.
"""

from __future__ import annotations

import math
import random
import re
from typing import TYPE_CHECKING, NamedTuple

from apimpolicy.checks.expressions import ExpressionCheck
from apimpolicy.checks.subject import Settings, Subject
from apimpolicy.csharp.binding.nodes import Binary, Block, Call, PropertyAccess, Return
from apimpolicy.gateway.policies.registry import is_known, specification_of
from apimpolicy.gateway.policies.spec import SECTIONS
from apimpolicy.text.markup import read
from apimpolicy.text.source import Source

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from apimpolicy.checks.expressions import CheckedExpression
    from apimpolicy.text.document import Attribute, Element


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
        if made != name and not is_known(made) and re.fullmatch(r"[A-Za-z][\w-]*", made):
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
            if not slot.required or attribute is None or "optional" in slot.doubts:
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
            if section.name not in SECTIONS or section.name in specification.sections | specification.also_in:
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


def wrong_value(subject: Subject, text: str) -> Iterator[Callable[[random.Random], Fault]]:
    """A literal that the attribute does not take: another word, a number with a unit, a truth value that is none."""
    for element in _elements(subject):
        specification = subject.specification_of(element)
        for slot in specification.attributes if specification is not None else ():
            attribute = element.get(slot.name)
            wrong = WRONG.get(slot.convert.__name__) if not slot.values else "Nonsense"
            if attribute is not None and wrong is not None and not attribute.value.parts:
                yield _in_place_of(attribute, wrong, "value", ("POL104",), text)


WRONG = {
    "boolean": "yes",
    "integer": "10s",
    "long_integer": "many",
    "number": "00:01:00",
    "double": "one",
    "skew": "ten",
    "moment": "tomorrow",
}
"""Texts that a conversion refuses, by its name."""


def empty_value(subject: Subject, text: str) -> Iterator[Callable[[random.Random], Fault]]:
    """A required attribute that says nothing."""
    for element in _elements(subject):
        specification = subject.specification_of(element)
        for slot in specification.attributes if specification is not None else ():
            attribute = element.get(slot.name)
            if attribute is not None and slot.required and not slot.may_be_empty and attribute.value.raw.strip():
                yield _in_place_of(attribute, "", "empty value", ("POL104",), text)


def expression_in_literal(subject: Subject, text: str) -> Iterator[Callable[[random.Random], Fault]]:
    """An expression where a page says that there is none, and no source has one."""
    for element in _elements(subject):
        specification = subject.specification_of(element)
        for slot in specification.attributes if specification is not None else ():
            attribute = element.get(slot.name)
            doubtful = not slot.doubts.isdisjoint(("expression", "unknown-expression"))
            if attribute is not None and not slot.expression and not doubtful and not attribute.value.parts:
                yield _in_place_of(attribute, "@(context.Api.Id)", "expression", ("POL105",), text)


def wrong_result(subject: Subject, text: str) -> Iterator[Callable[[random.Random], Fault]]:
    """An expression of another type than its attribute needs."""
    for element in _elements(subject):
        specification = subject.specification_of(element)
        for slot in specification.attributes if specification is not None else ():
            attribute = element.get(slot.name)
            if (
                attribute is None
                or not slot.expression
                or slot.convert.__name__ not in ("boolean", "integer", "number")
            ):
                continue
            yield _in_place_of(attribute, "@(context.Api.Id)", "result", ("POL214", "POL105"), text)


def out_of_range(subject: Subject, text: str) -> Iterator[Callable[[random.Random], Fault]]:
    """A number beyond the documented limits."""
    for element in _elements(subject):
        specification = subject.specification_of(element)
        for slot in specification.attributes if specification is not None else ():
            attribute, bounds = element.get(slot.name), slot.within
            if bounds is not None and attribute is not None and not attribute.value.parts:
                number = f"{bounds.greatest + 1:.0f}" if bounds.greatest != math.inf else f"{bounds.least - 1:.0f}"
                yield _in_place_of(attribute, number, "range", ("POL123", "POL104"), text)


def dropped_child(subject: Subject, text: str) -> Iterator[Callable[[random.Random], Fault]]:
    """The only child element of a required kind taken out."""
    for element in _elements(subject):
        specification = subject.specification_of(element)
        if specification is None:
            continue
        required = {slot.child for slot in specification.contents if slot.required}
        required |= {slot.name for slot in specification.children if slot.required}
        for child in element.elements():
            if child.name in required and sum(each.name == child.name for each in element.elements()) == 1:

                def make(_: random.Random, element: Element = element, child: Element = child) -> Fault:
                    made = text[: child.start] + text[child.end :]
                    return Fault("required child", made, element.name_start, element.name_end, ("POL108",))

                yield make


def emptied_child(subject: Subject, text: str) -> Iterator[Callable[[random.Random], Fault]]:
    """The text of an element that has to say something taken out."""
    for element in _elements(subject):
        parent = element.parent and subject.specification_of(element.parent)
        slots = [slot for slot in parent.contents if slot.child == element.name] if parent else []
        own = subject.specification_of(element)
        slots += [slot for slot in own.contents if slot.child is None] if own else []
        if any(slot.filled for slot in slots) and text[element.content_end : element.end].startswith("</"):

            def make(_: random.Random, element: Element = element) -> Fault:
                made = text[: element.content_start] + text[element.content_end :]
                return Fault("empty child", made, element.name_start, element.name_end, ("POL108",))

            yield make


def unknown_child(subject: Subject, text: str) -> Iterator[Callable[[random.Random], Fault]]:
    """An element that belongs nowhere, inside a policy."""
    for element in _policies(subject):
        if text[element.content_end : element.end].startswith("</") and not _is_free(element):

            def make(_: random.Random, element: Element = element) -> Fault:
                place, piece = element.content_end, "<nothing-known />"
                made = text[:place] + piece + text[place:]
                return Fault("unknown child", made, place, place + len(piece), ("POL107", "POL101"))

            yield make


def repeated_child(subject: Subject, text: str) -> Iterator[Callable[[random.Random], Fault]]:
    """A part that may stand once, twice."""
    for element in _elements(subject):
        specification = subject.specification_of(element)
        single = {slot.name for slot in specification.children if slot.single} if specification is not None else set()
        if element.name in ("send-request", "send-one-way-request"):
            single |= {"set-url", "set-method", "set-body"}
        for child in element.elements():
            if child.name in single:

                def make(_: random.Random, child: Element = child) -> Fault:
                    piece = text[child.start : child.end]
                    made = text[: child.end] + piece + text[child.end :]
                    return Fault("repeated child", made, child.end, child.end + len(piece), ("POL107", "POL124"))

                yield make


def repeated_section(subject: Subject, text: str) -> Iterator[Callable[[random.Random], Fault]]:
    """A section twice."""
    for element in subject.elements:
        if element.name in SECTIONS and element.parent is not None and element.parent.name == "policies":

            def make(_: random.Random, element: Element = element) -> Fault:
                piece = text[element.start : element.end]
                made = text[: element.end] + piece + text[element.end :]
                return Fault("repeated section", made, element.end, element.end + len(piece), ("POL110",))

            yield make


def second_in_backend(subject: Subject, text: str) -> Iterator[Callable[[random.Random], Fault]]:
    """Another policy beside the one in backend."""
    for element in subject.elements:
        if element.name != "backend" or element.parent is None or element.parent.name != "policies":
            continue
        if next(element.elements(), None) is not None:

            def make(_: random.Random, element: Element = element) -> Fault:
                place, piece = element.content_end, '<set-variable name="a" value="1" />'
                made = text[:place] + piece + text[place:]
                return Fault("second in backend", made, place, place + len(piece), ("POL138",))

            yield make


def text_in_element(subject: Subject, text: str) -> Iterator[Callable[[random.Random], Fault]]:
    """Words where only elements belong."""
    for element in _elements(subject):
        specification = subject.specification_of(element)
        if specification is None or specification.takes_text or _is_free(element):
            continue
        if text[element.content_end : element.end].startswith("</"):

            def make(_: random.Random, element: Element = element) -> Fault:
                place = element.content_end
                made = text[:place] + "words" + text[place:]
                return Fault("text", made, element.content_start, place + 5, ("POL107",))

            yield make


def unbraced(subject: Subject, text: str) -> Iterator[Callable[[random.Random], Fault]]:
    """A statement without braces."""
    for expression in subject.expressions:
        bound = expression.compiled.bound
        start = expression.excerpt.start
        if (
            (
                expression.compiled.is_legal
                and bound is not None
                and isinstance(bound.body, Block)
                and text[start + 1] == "{"
            )
            and bound.return_types
            and all(str(type_) == "string" for type_ in bound.return_types)
        ):

            def make(_: random.Random, start: int = start) -> Fault:
                piece = " if (context.Api.Id == null) return context.Api.Id; "
                made = text[: start + 2] + piece + text[start + 2 :]
                return Fault("braces", made, start, start + 2 + len(piece), ("POL030",))

            yield make


def relative_url(subject: Subject, text: str) -> Iterator[Callable[[random.Random], Fault]]:
    """A URL without its scheme."""
    for element in _elements(subject):
        for name in ("base-url", "url"):
            attribute = element.get(name)
            if attribute is not None and re.fullmatch(r"https://[\w.-]+\.[a-z]+(?:/[\w./-]*)?", attribute.value.raw):
                bare = attribute.value.raw.removeprefix("https://")
                if element.name in ("set-backend-service", "openid-config"):
                    yield _in_place_of(attribute, bare, "relative URL", ("POL140",), text)


def _in_place_of(
    attribute: Attribute, value: str, kind: str, codes: tuple[str, ...], text: str
) -> Callable[[random.Random], Fault]:
    """Another value for an attribute."""
    start, end = attribute.value.start, attribute.value.end

    def make(_: random.Random) -> Fault:
        return Fault(kind, text[:start] + value + text[end:], attribute.name_start, start + len(value) + 1, codes)

    return make


def _elements(subject: Subject) -> Iterator[Element]:
    """The policies and their parts, those of texts not."""
    known = {id(element) for element in _policies(subject)}
    for element in subject.elements:
        around: Element | None = element
        while around is not None and id(around) not in known:
            around = around.parent
        if around is not None and not _is_text(element) and subject.specification_of(element) is not None:
            yield element


def _is_free(element: Element) -> bool:
    """Whether anything may stand in it, as text."""
    return element.name in (
        "set-body",
        "xsl-transform",
        "log-to-eventhub",
        "value",
        "cross-domain",
        "message",
        "payload",
    )


KINDS = (
    wrong_value,
    empty_value,
    expression_in_literal,
    wrong_result,
    out_of_range,
    dropped_child,
    emptied_child,
    unknown_child,
    repeated_child,
    repeated_section,
    second_in_backend,
    text_in_element,
    unbraced,
    relative_url,
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
        is_policy = is_known(element.name) and element.name != "base" and subject.is_policy(element)
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
