"""Changed elements and attributes of policies, by syntax alone: also of documents that the gateway refuses.

Elements that are the same without their layout are paired first; then those between them, by name and by what names
them. Comments, quotes and white space between elements are no change.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Any, NamedTuple

from apimpolicy.policies.placement import SECTIONS
from apimpolicy.report.difference_data import ADDED, CHANGED, MOVED, REMOVED, ElementChange
from apimpolicy.syntax.lexer import tokenize
from apimpolicy.text.markup import read
from apimpolicy.text.source import decode

if TYPE_CHECKING:
    from apimpolicy.engine.steps import Program, Step
    from apimpolicy.engine.trace import Trace
    from apimpolicy.text.document import Attribute, Characters, Document, Element
    from apimpolicy.text.source import Excerpt, Source

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


_NAMING = ("name", "id", "fragment-id", "variable-name", "backend-id", "condition", "counter-key")
"""Attributes that tell elements of one name apart."""


class Span(NamedTuple):
    """The part of a document that a change is about, to find the change of a policy that ran."""

    change: ElementChange
    old: Element | None
    new: Element | None


def document_of(text: bytes | Source, path: str) -> Document:
    """Return the tree of a document, whatever is wrong in it."""
    return read(decode(text, path)[0] if isinstance(text, bytes) else text)


def changed_elements(old: Document | None, new: Document | None, file: str) -> list[Span]:
    """Return the changes between two documents in their order; `file` is the name of the new one."""
    one, other = (list(each.roots) if each is not None else [] for each in (old, new))
    found = list(_of_siblings(one, other, file))
    if not found and old is not None and new is not None and _outside(old) != _outside(new):
        line = 1
        change = ElementChange(file, line, CHANGED, "the text outside of elements", "", _outside(old), _outside(new))
        found.append(Span(change, None, None))
    return found


def _outside(document: Document) -> str:
    return "" if document.roots else " ".join(document.source.text.split())


def _of_siblings(old: Sequence[Element], new: Sequence[Element], file: str) -> Iterator[Span]:
    before, after = ([of_element(each) for each in side] for side in (old, new))
    for what, first, last, start, end in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if what != "equal":
            yield from _of_block(old[first:last], new[start:end], file)


def _of_block(old: Sequence[Element], new: Sequence[Element], file: str) -> Iterator[Span]:
    """Yield the changes between siblings of which none is the same on both sides."""
    pairs = dict(_paired(old, new))
    matched = set(pairs.values())
    for index, element in enumerate(old):
        if index not in pairs:
            yield _whole(element, None, file)
    for index, element in enumerate(new):
        if index in matched:
            before = next(old[one] for one, other in pairs.items() if other == index)
            yield from _of_pair(before, element, file)
        else:
            yield _whole(None, element, file)


def _paired(old: Sequence[Element], new: Sequence[Element]) -> Iterator[tuple[int, int]]:
    """Yield the pairs that are versions of one element: those with the same name and naming attribute first."""
    free = dict(enumerate(new))
    left = dict(enumerate(old))
    for identity in (_identity, lambda element: element.name):
        for index, element in list(left.items()):
            wanted = identity(element)
            found = next((each for each, other in free.items() if wanted and identity(other) == wanted), None)
            if found is not None:
                del free[found], left[index]
                yield index, found


def _identity(element: Element) -> tuple[str, str, str] | None:
    for name in _NAMING:
        if (attribute := element.get(name)) is not None:
            return element.name, name, " ".join(attribute.value.text.split())
    return None


def _of_pair(old: Element, new: Element, file: str) -> Iterator[Span]:
    """Yield the changes of an element: of its attributes, its text, and what is inside."""
    before, after = ({each.name: each for each in element.attributes} for element in (old, new))
    for name in dict.fromkeys((*before, *after)):
        one, other = before.get(name), after.get(name)
        if one is None or other is None or of_value(one.value) != of_value(other.value):
            yield _of_attribute(old, new, name, one, other, file)
    inside = [list(each.elements()) for each in (old, new)]
    if any(inside):
        yield from _of_siblings(inside[0], inside[1], file)
    elif of_element(old)[2] != of_element(new)[2]:
        is_literal = old.expression is None and new.expression is None
        line = _line(new, new.content_start)
        change = ElementChange(
            file, line, CHANGED, _shown(new), "", _text(old), _text(new), _line(old, old.start), is_literal
        )
        yield Span(change, old, new)


def _of_attribute(
    old: Element, new: Element, name: str, one: Attribute | None, other: Attribute | None, file: str
) -> Span:
    given = [each for each in (one, other) if each is not None]
    is_literal = all(each.value.expression is None for each in given)
    texts = [None if each is None else each.value.text.strip() for each in (one, other)]
    line = _line(new, new.start if other is None else other.name_start)
    what = ADDED if one is None else REMOVED if other is None else CHANGED
    change = ElementChange(file, line, what, _shown(new), name, texts[0], texts[1], _line(old, old.start), is_literal)
    return Span(change, old, new)


def _whole(old: Element | None, new: Element | None, file: str) -> Span:
    element = new if new is not None else old
    assert element is not None
    line = _line(element, element.start)
    what = ADDED if old is None else REMOVED
    change = ElementChange(file, line, what, _shown(element), old_line=0 if old is None else line)
    return Span(change, old, new)


def _shown(element: Element) -> str:
    """Return an element as people name it: `<set-header name="X-A">`, `<value> of <set-header name="X-A">`."""
    own = _tag(element)
    parent = element.parent
    if parent is None or parent.name in (*SECTIONS, "policies", "fragment") or _identity(element) is not None:
        return own
    return f"{own} of {_tag(parent)}"


def _tag(element: Element) -> str:
    name = next((each for each in _NAMING if element.get(each) is not None), None)
    attribute = None if name is None else element.get(name)
    if attribute is None or attribute.value.expression is not None or len(attribute.value.text) > 40:
        return f"<{element.name}>" if list(element.elements()) or element.text.strip() else f"<{element.name} />"
    return f'<{element.name} {name}="{attribute.value.text}">'


def _text(element: Element) -> str:
    return " ".join((element.expression.text if element.expression is not None else element.text).split())


def _line(element: Element, offset: int) -> int:
    return element.source.position(offset)[0]


def with_moves(found: Iterable[Span]) -> list[Span]:
    """Return changes, with an element that is removed in one place and added in another as one that moved."""
    spans = list(found)
    gone = {_key(each.old): each for each in spans if each.change.what == REMOVED and each.old is not None}
    kept: list[Span] = []
    moved: set[int] = set()
    for each in spans:
        before = gone.get(_key(each.new)) if each.change.what == ADDED and each.new is not None else None
        if before is None or before.change.attribute or each.change.attribute:
            kept.append(each)
            continue
        moved.add(id(before))
        kept.append(Span(each.change._replace(what=MOVED, old_line=before.change.line), before.old, each.new))
    return [each for each in kept if id(each) not in moved]


def _key(element: Element | None) -> object:
    return None if element is None else of_element(element)
