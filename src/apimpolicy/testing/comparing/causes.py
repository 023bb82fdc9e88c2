"""The changed element that makes two results of one request differ."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from apimpolicy.policies.effects import Condition
from apimpolicy.policies.registry import has_trait, is_known
from apimpolicy.proving.equivalence import OWN
from apimpolicy.testing.claims.conditions import BACKEND
from apimpolicy.testing.comparing.elements import Span, changed_elements, with_moves
from apimpolicy.text.document import Attribute, Document, Element

if TYPE_CHECKING:
    from apimpolicy.engine.result import Result
    from apimpolicy.engine.steps import Program
    from apimpolicy.engine.trace import Trace
    from apimpolicy.testing.comparing.observed_differences import Difference

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
        found: list[Span] = []
        for name in dict.fromkeys((*before, *after)):
            one, other = before.get(name), after.get(name)
            document = other or one
            if document is not None and one is not other and _is_in_both(name, old, new):
                found += changed_elements(one, other, document.source.path)
        self.spans = with_moves(found)
        self._by_element: dict[int, Span] = {}
        for span in self.spans:
            for element in (span.old, span.new):
                if element is not None:
                    self._add(span, element)

    def _add(self, span: Span, element: Element) -> None:
        """Let a change be the cause where its element runs, or the policy that the element is a part of."""
        self._by_element.setdefault(id(element), span)
        if span.old is None or span.new is None or span.change.what == "moved":
            for inner in element.descendants():
                self._by_element[id(inner)] = span
        outer = element
        while not is_known(outer.name) and outer.parent is not None and outer.parent.parent is not None:
            outer = outer.parent
            self._by_element.setdefault(id(outer), span)

    def of(self, difference: Difference, old: Result, new: Result) -> Span | None:
        """Return the change that a difference comes from, as far as the paths of both runs tell."""
        paths = [list(self._in(result.trace)) for result in (old, new)]
        kind, *rest = difference.kind
        if kind == "answer":
            refusing = 0 if rest[1] == BACKEND else 1
            sides = (old, new)[refusing], (old, new)[1 - refusing]
            failed = next(filter(None, (self._failed(side.trace) for side in sides)), None)
            if (decided := failed or self._decided(old.trace, new.trace)) is not None:
                return decided
            for found in (paths[refusing], paths[1 - refusing]):
                if found:
                    return found[-1][1]
            return None
        both = [*paths[0], *paths[1]]
        if kind == "header":
            name = rest[-1]
            named = [span for element, span in both if name in element.raw.lower()]
            if name.startswith("access-control-"):
                named = [span for element, span in both if has_trait(element.name, "preflight")] or named
            if named:
                return named[-1]
        wanted = _WRITERS.get(kind, ())
        writers = [span for element, span in both if has_trait(element.name, *wanted)] if wanted else []
        return writers[-1] if writers else both[0][1] if both else None

    def _failed(self, trace: Trace) -> Span | None:
        """Return the change of the policy whose error ended a run."""
        failed = [entry for entry in trace if entry.error is not None and not entry.is_recovered]
        return self._by_element.get(id(failed[0].element)) if failed else None

    def _decided(self, old: Trace, new: Trace) -> Span | None:
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

    def _in(self, trace: Trace) -> Iterator[tuple[Element, Span]]:
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
    """Return the documents of a program by scope, and of its fragments by name."""
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
