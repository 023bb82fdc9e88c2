"""Changed elements of policies, and the one that makes two results of one request differ.

Elements that are the same without their layout are paired first; then those between them, by name and by what names
them. Comments, quotes and white space between elements are no change. Changes are found by syntax alone, also in
documents that the gateway refuses.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Any, NamedTuple

from apimpolicy.csharp.syntax.lexer import tokenize
from apimpolicy.gateway.policies.effects import Condition
from apimpolicy.gateway.policies.placement import SECTIONS
from apimpolicy.gateway.policies.registry import has_trait, is_known, specification_of
from apimpolicy.reasoning.proving.equivalence import OWN
from apimpolicy.report.difference_data import ADDED, CHANGED, MOVED, REMOVED, ElementChange
from apimpolicy.testing.claims.conditions import BACKEND
from apimpolicy.text.document import Attribute, Characters, Document, Element
from apimpolicy.text.markup import read
from apimpolicy.text.source import decode

if TYPE_CHECKING:
    from apimpolicy.gateway.engine.result import Result
    from apimpolicy.gateway.engine.steps import Program, Step
    from apimpolicy.gateway.engine.trace import Trace
    from apimpolicy.reasoning.transfer.run import MadeUp
    from apimpolicy.testing.comparing.observed_differences import Difference
    from apimpolicy.text.source import Excerpt, Source

_known: dict[tuple[int, MadeUp | None], tuple[Element, Any]] = {}


def of_program(program: Program, made_up: MadeUp | None = None) -> Any:
    """Return the steps of each section, without layout and comments."""
    return [(step.scope, step.section, step.path, of_element(step.element, made_up)) for step in program.steps()]


def of_element(element: Element, made_up: MadeUp | None = None) -> Any:
    """Return an element with everything inside, without layout.

    A text with something `made_up` in it is that with the name in its place: equal stand-ins don't make equal values.
    """
    made_up = made_up or None
    known = _known.get((id(element), made_up))
    if known is None:
        inner = tuple(of_element(each, made_up) for each in element.elements())
        if element.expression is not None:
            text = _code(element.expression, made_up)
        else:
            text = _plain(element, made_up, has_inner=bool(inner))
        made = (*_head(element, made_up), text, inner)
        known = _known[id(element), made_up] = element, made
    return known[1]


def _plain(element: Element, made_up: MadeUp | None, *, has_inner: bool) -> str:
    """Return the text of an element: that of markup as it is written, of other elements without those inside."""
    if not has_inner:
        names = "" if made_up is None else made_up.written(element.source, element.content_start, element.content_end)
        return names or (element.text.strip() if element.name in SECTIONS else element.text)
    specification = specification_of(element.name)
    is_markup = specification is not None and specification.takes_markup
    return element.source.text[element.content_start : element.content_end] if is_markup else ""


def _head(element: Element, made_up: MadeUp | None = None) -> tuple[str, tuple[tuple[str, str], ...]]:
    return element.name, tuple(sorted((each.name, of_value(each.value, made_up)) for each in element.attributes))


def of_value(value: Characters, made_up: MadeUp | None = None) -> str:
    """Return the value of an attribute without layout."""
    if value.expression is not None:
        return _code(value.expression, made_up)
    return (made_up.written(value.source, value.start, value.end) if made_up is not None else "") or value.text


def _code(excerpt: Excerpt, made_up: MadeUp | None = None) -> str:
    """Return the tokens of an expression, which have neither layout nor comments; of one that has none, its text."""
    written = "" if made_up is None else made_up.written(excerpt.source, excerpt.start, excerpt.end)
    if written:
        return " ".join(written.split())
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
    return bool(_own(one) == _own(other))


def _own(step: Step) -> Any:
    element, specification = step.element, step.specification
    if specification is not None and not specification.holds_policies:
        return of_element(element)
    names = () if specification is None else specification.own_children
    return *_head(element), tuple(of_element(each) for each in element.elements() if each.name in names)


_NAMING = ("name", "id", "fragment-id", "variable-name", "backend-id", "condition", "counter-key")
"""Attributes that tell elements of one name apart."""


class ElementSpan(NamedTuple):
    """The part of a document that a change is about, to find the change of a policy that ran."""

    change: ElementChange
    old: Element | None
    new: Element | None


def document_of(text: bytes | Source, path: str) -> Document:
    """Return the tree of a document, whatever is wrong in it."""
    return read(decode(text, path)[0] if isinstance(text, bytes) else text)


def changed_elements(old: Document | None, new: Document | None, file: str) -> list[ElementSpan]:
    """Return the changes between two documents in their order; `file` is the name of the new one."""
    one, other = (list(each.roots) if each is not None else [] for each in (old, new))
    found = list(_of_siblings(one, other, file))
    if not found and old is not None and new is not None and _outside(old) != _outside(new):
        line = 1
        change = ElementChange(file, line, CHANGED, "the text outside of elements", "", _outside(old), _outside(new))
        found.append(ElementSpan(change, None, None))
    return found


_MOST_QUOTED = 6
"""Conditions and policies that are quoted of an element that was added or removed."""


def _outside(document: Document) -> str:
    return "" if document.roots else " ".join(document.source.text.split())


def _of_siblings(old: Sequence[Element], new: Sequence[Element], file: str) -> Iterator[ElementSpan]:
    before, after = ([of_element(each) for each in side] for side in (old, new))
    for what, first, last, start, end in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if what != "equal":
            yield from _of_block(old[first:last], new[start:end], file)


def _of_block(old: Sequence[Element], new: Sequence[Element], file: str) -> Iterator[ElementSpan]:
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


def _of_pair(old: Element, new: Element, file: str) -> Iterator[ElementSpan]:
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
        is_literal = old.expression is None and new.expression is None and not _is_of_trace(new)
        line = _line(new, new.content_start)
        change = ElementChange(
            file, line, CHANGED, _shown(new), "", _text(old), _text(new), _line(old, old.start), is_literal
        )
        yield ElementSpan(change, old, new)


def _of_attribute(
    old: Element, new: Element, name: str, one: Attribute | None, other: Attribute | None, file: str
) -> ElementSpan:
    given = [each for each in (one, other) if each is not None]
    is_literal = all(each.value.expression is None for each in given) and not _is_name(new, name)
    texts = [None if each is None else each.value.text.strip() for each in (one, other)]
    line = _line(new, new.start if other is None else other.name_start)
    what = ADDED if one is None else REMOVED if other is None else CHANGED
    change = ElementChange(file, line, what, _shown(new), name, texts[0], texts[1], _line(old, old.start), is_literal)
    return ElementSpan(change, old, new)


def _is_name(element: Element, attribute: str) -> bool:
    """Return whether an attribute has a name that only other policies use: of a variable, of a fragment, in a trace."""
    is_variable = attribute.endswith("variable-name") or (
        attribute == "name" and has_trait(element.name, "sets-variable")
    )
    return is_variable or attribute == "fragment-id" or _is_of_trace(element)


def _is_of_trace(element: Element) -> bool:
    """Return whether an element writes to the trace alone, and to no logger."""
    around = element if has_trait(element.name, "logs") or element.parent is None else element.parent
    specification = specification_of(around.name)
    if specification is None or not has_trait(around.name, "logs"):
        return False
    return not any(slot.refers for slot in specification.attributes)


def _whole(old: Element | None, new: Element | None, file: str) -> ElementSpan:
    element = new if new is not None else old
    assert element is not None
    line = _line(element, element.start)
    what = ADDED if old is None else REMOVED
    text = _contents(element)
    before, after = (None, text) if old is None else (text, None)
    change = ElementChange(file, line, what, _shown(element), "", before, after, 0 if old is None else line)
    return ElementSpan(change, old, new)


def _contents(element: Element) -> str | None:
    """Return the conditions and the policies in one that holds others; None of those that hold none."""
    if not any(element.elements()):
        return None
    words: list[str] = []
    for each in (element, *element.descendants()):
        condition = each.get("condition")
        if condition is not None:
            words.append(f"{each.name} {' '.join(condition.value.text.split())}")
        elif each is not element and specification_of(each.name) is not None:
            words.append(_tag(each))
    words = list(dict.fromkeys(words))
    rest = f" and {len(words) - _MOST_QUOTED} more" if len(words) > _MOST_QUOTED else ""
    return ", ".join(words[:_MOST_QUOTED]) + rest or None


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


def with_moves(found: Iterable[ElementSpan]) -> list[ElementSpan]:
    """Return changes, with an element that is removed in one place and added in another as one that moved."""
    spans = list(found)
    gone = {_key(each.old): each for each in spans if each.change.what == REMOVED and each.old is not None}
    kept: list[ElementSpan] = []
    moved: set[int] = set()
    for each in spans:
        before = gone.get(_key(each.new)) if each.change.what == ADDED and each.new is not None else None
        if before is None or before.change.attribute or each.change.attribute:
            kept.append(each)
            continue
        moved.add(id(before))
        kept.append(ElementSpan(each.change._replace(what=MOVED, old_line=before.change.line), before.old, each.new))
    return [each for each in kept if id(each) not in moved]


def _key(element: Element | None) -> object:
    return None if element is None else of_element(element)


_WRITERS = {
    "url": ("routes", "chooses-backend"),
    "method": ("sets-method",),
    "status": ("sets-status", "composes", "responds", "repeats"),
    "sent": ("repeats", "forwards"),
    "body": ("replaces-body", "builds-response"),
    OWN: ("requests",),
}
"""The traits of policies that make a part of a message, by the kind of difference."""

_FRAGMENT = "fragment "


class Causes:
    """The changed elements of two programs, by the elements of the policies that ran."""

    def __init__(self, old: Program, new: Program) -> None:
        before, after = _documents(old), _documents(new)
        found: list[ElementSpan] = []
        for name in dict.fromkeys((*before, *after)):
            one, other = before.get(name), after.get(name)
            document = other or one
            if document is not None and one is not other and _is_in_both(name, old, new):
                found += changed_elements(one, other, document.source.path)
        self.spans = with_moves(found)
        self._by_element: dict[int, ElementSpan] = {}
        for span in self.spans:
            for element in (span.old, span.new):
                if element is not None:
                    self._add(span, element)

    def _add(self, span: ElementSpan, element: Element) -> None:
        """Let a change be the cause where its element runs, or the policy that the element is a part of."""
        self._by_element.setdefault(id(element), span)
        if span.old is None or span.new is None or span.change.what == "moved":
            for inner in element.descendants():
                self._by_element[id(inner)] = span
        outer = element
        while not is_known(outer.name) and outer.parent is not None and outer.parent.parent is not None:
            outer = outer.parent
            self._by_element.setdefault(id(outer), span)

    def of(self, difference: Difference, old: Result, new: Result) -> ElementSpan | None:
        """Return the change that a difference comes from, as far as the paths of both runs tell."""
        paths = [list(self._in(result.trace)) for result in (old, new)]
        kind, *rest = difference.kind
        if kind == "answer":
            refusing = 0 if rest[1] == BACKEND else 1
            sides = (old, new)[refusing], (old, new)[1 - refusing]
            failed = next(filter(None, (self._failed(side.trace) for side in sides)), None)
            if (decided := failed or self._decided(old.trace, new.trace)) is not None:
                return decided
            for path in (paths[refusing], paths[1 - refusing]):
                if path:
                    return path[-1][1]
            return None
        both = [*paths[0], *paths[1]]
        if kind == "header":
            name = rest[-1]
            named = [span for element, span in both if name in element.raw.lower()]
            if name.startswith("access-control-"):
                named = [span for element, span in both if has_trait(element.name, "preflight")] or named
            if named:
                return named[-1]
        traits = _WRITERS.get(kind, ())
        writers = [span for element, span in both if has_trait(element.name, *traits)] if traits else []
        return writers[-1] if writers else both[0][1] if both else None

    def _failed(self, trace: Trace) -> ElementSpan | None:
        failed = [entry for entry in trace if entry.error is not None and not entry.is_recovered]
        return self._by_element.get(id(failed[0].element)) if failed else None

    def _decided(self, old: Trace, new: Trace) -> ElementSpan | None:
        """Return the first changed condition that was true on one side only."""
        outcomes = [
            {
                id(span): (span, entry.effect.taken)
                for entry in trace
                if isinstance(entry.effect, Condition) and (span := self._by_element.get(id(entry.element))) is not None
            }
            for trace in (old, new)
        ]
        for key, (span, taken) in outcomes[0].items():
            if key in outcomes[1] and outcomes[1][key][1] != taken:
                return span
        return None

    def _in(self, trace: Trace) -> Iterator[tuple[Element, ElementSpan]]:
        for entry in trace:
            span = self._by_element.get(id(entry.element))
            if span is not None:
                yield entry.element, span


def _is_in_both(name: str, old: Program, new: Program) -> bool:
    """Return whether both programs include a fragment; of one that one program leaves out, another change is the cause.

    True for documents of scopes.
    """
    return not name.startswith(_FRAGMENT) or all(
        any(attribute is not None and f"{_FRAGMENT}{attribute.value.text}" == name for attribute in _includes(program))
        for program in (old, new)
    )


def _includes(program: Program) -> Iterator[Attribute | None]:
    return (step.element.get("fragment-id") for step in program.steps() if step.name == "include-fragment")


def _documents(program: Program) -> dict[str, Document]:
    found = {scope: policy.document for scope, policy in program.scopes.items()}
    for step in program.steps():
        attribute = step.element.get("fragment-id") if step.name == "include-fragment" else None
        if attribute is not None and step.inserted:
            found.setdefault(f"{_FRAGMENT}{attribute.value.text}", _document_of(step.inserted[0].element))
    return found


def _document_of(element: Element) -> Document:
    root = element
    while root.parent is not None:
        root = root.parent
    return Document(root.source, [root], [])
