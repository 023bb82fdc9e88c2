"""Equivalence of two programs: the same responses, and the same requests to the backend, for all requests.

Backends and other services are the same for both. A policy does the same in both programs where its text, the state
that it sees and what it counts are the same; otherwise its effects are unknown in each separately.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from apimpolicy.languages.language import TooLarge
from apimpolicy.proving.proof import Inquiry, ProofResult
from apimpolicy.semantics.inputs import Inputs
from apimpolicy.semantics.state import ANSWER, KINDS
from apimpolicy.semantics.unknowns import Reason, Unknowns
from apimpolicy.semantics.values import Choice, Field, Number, Text, Truth, Value
from apimpolicy.syntax.depth import Frames
from apimpolicy.terms import term as terms
from apimpolicy.transfer.merged import FRAMES, fixed_cells
from apimpolicy.transfer.pipeline import Outcome, outcome_of
from apimpolicy.transfer.run import End, MadeUp, Run

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Hashable, Iterator, Mapping, Sequence

    from apimpolicy.engine.steps import Program
    from apimpolicy.semantics.state import State
    from apimpolicy.terms.term import Term
    from apimpolicy.text.document import Element

_MOST_PAIRS = 4_000
_SENT = ("header", "query", "url", "method", "body", "backend")
BACKEND = "backend"
OWN = "own-request"
"""The kind of differences in requests that policies send themselves."""


class Known(NamedTuple):
    """Known differences, which are left out: kinds of responses, kinds of cells, and single cells."""

    answers: frozenset[tuple[str, str]] = frozenset()
    kinds: frozenset[str] = frozenset()
    cells: frozenset[tuple[str, str]] = frozenset()

    def has(self, kind: str, name: str) -> bool:
        """Return whether differences in a cell are known."""
        return kind in self.kinds or (kind, name) in self.cells


def compare(*programs: Any, **options: Any) -> ProofResult:
    """Return whether no request is treated differently; the arguments are those of `inquiry`."""
    found = inquiry(*programs, **options)
    return found.decide() if isinstance(found, Inquiry) else found


def inquiry(
    old: Program,
    new: Program,
    variables: Mapping[str, Any],
    canonical: Callable[[Element], Hashable],
    known: Known,
    *,
    made_up: Sequence[MadeUp | None] = (None, None),
    knows_scopes: bool = False,
) -> Inquiry | ProofResult:
    """Return the question whether a request is treated differently, but for differences that are known; or the result
    where there is nothing to ask.

    `made_up` are the stand-ins of both. Unless `knows_scopes`, what `<base />` runs isn't known, nor what variables
    requests begin with.
    """
    unknowns = Unknowns()
    names = frozenset(variables) if knows_scopes else None
    inputs = Inputs(unknowns, dict(fixed_cells(variables)), names)
    with Frames(FRAMES):
        outcomes: list[Outcome] = []
        for program, stand_ins in zip((old, new), made_up, strict=True):
            unknowns.begin()
            run = Run(unknowns, inputs, stand_ins or None)
            run.canonical = canonical
            outcomes.append(outcome_of(program, run))
        first, second = outcomes
        if len(first.ends) * len(second.ends) > _MOST_PAIRS:
            return ProofResult(False, reasons=(Reason("policies with too many ends to compare"),))
        if first.unknown_steps != second.unknown_steps:
            return ProofResult(False, reasons=(Reason("what a policy or fragment does that isn't known"),))
        if first.adds_uncounted or second.adds_uncounted:
            return ProofResult(False, reasons=(Reason("headers that policies add to the answer at its end"),))
        wider = terms.FALSE if knows_scopes else terms.any_of(*_wider_scopes(first, second, known))
        if wider is terms.TRUE:
            return ProofResult(False, reasons=(Reason("the policies of wider scopes, at <base />"),))
        formula = terms.any_of(
            wider,
            *_answers(first, second, known),
            *_requests(first, second, known),
            *_own_requests(first, second, known),
        )
    return Inquiry(unknowns, formula)


def _wider_scopes(old: Outcome, new: Outcome, known: Known) -> Iterator[Term]:
    """Yield where the policies of wider scopes run in one program only, or may see another request in inbound."""
    if [each.section for each in old.wider_scopes] != [each.section for each in new.wider_scopes]:
        yield terms.TRUE
        return
    for one, other in zip(old.wider_scopes, new.wider_scopes, strict=True):
        if one.section == "inbound":
            yield terms.not_(terms.iff(one.condition, other.condition))
            both = terms.all_of(one.condition, other.condition)
            yield terms.all_of(both, terms.any_of(*_cells(one.state, other.state, KINDS, known)))


def _own_requests(old: Outcome, new: Outcome, known: Known) -> Iterator[Term]:
    """Yield where policies send other requests of their own."""
    if known.has(OWN, ""):
        return
    keys = [[each.key for each in outcome.own_requests] for outcome in (old, new)]
    if keys[0] != keys[1]:
        yield terms.TRUE
        return
    for one, other in zip(old.own_requests, new.own_requests, strict=True):
        yield terms.not_(terms.iff(one.condition, other.condition))
        both = terms.all_of(one.condition, other.condition)
        for first, second in zip(one.values, other.values, strict=True):
            yield terms.all_of(both, _differ(first, second))
        if one.state is not None and other.state is not None:
            yield terms.all_of(both, terms.any_of(*_cells(one.state, other.state, _SENT, Known())))


def _cells(one: State, other: State, kinds: Container[str], known: Known) -> Iterator[Term]:
    """Yield where cells of two states differ, but for known differences."""
    for kind, name in one.changed(other):
        if kind in kinds and not known.has(kind, name):
            yield terms.TRUE if name == "*" else _differ(one.get(kind, name), other.get(kind, name))


def _answers(old: Outcome, new: Outcome, known: Known) -> Iterator[Term]:
    """Yield where the responses to the same request differ."""
    for one in old.ends:
        for other in new.ends:
            both = terms.all_of(one.condition, other.condition)
            if both is not terms.FALSE:
                yield terms.all_of(both, _differ_in_answer(one, other, known))


def _differ_in_answer(one: End, other: End, known: Known) -> Term:
    reached = _differ(one.state.get("reached"), other.state.get("reached"))
    by = terms.any_of(
        terms.not_(terms.iff(one.by_policy, other.by_policy)), terms.not_(terms.iff(*map(_backend, (one, other))))
    )
    status = terms.any_of(
        _differ(one.status, other.status), _differ(one.state.get("reason"), other.state.get("reason"))
    )
    parts = [reached, by, *([] if known.has("status", "") else [status])]
    shown = terms.any_of(*(terms.all_of(_is(one, was), _is(other, now)) for was, now in known.answers))
    content = [
        terms.TRUE if name == "*" else _differ(one.state.get(kind, name), other.state.get(kind, name))
        for kind, name in one.state.changed(other.state)
        if kind in (*ANSWER, "kept") and kind != "reason" and not known.has(kind, name)
    ]
    return terms.all_of(terms.any_of(*parts, *content), terms.not_(shown))


def _backend(end: End) -> Term:
    return terms.all_of(end.by_backend, terms.not_(end.by_policy))


def _is(end: End, kind: str) -> Term:
    """Return where a response is of a kind: the backend's, or the status and reason of another one."""
    if kind == BACKEND:
        return _backend(end)
    status, _, reason = kind.partition(" ")
    is_status = terms.not_(_differ(end.status, Number(terms.number(int(status)), "int")))
    is_reason = terms.not_(_differ(end.state.get("reason"), Text(terms.text(reason))))
    return terms.all_of(terms.not_(_backend(end)), is_status, is_reason)


def _requests(old: Outcome, new: Outcome, known: Known) -> Iterator[Term]:
    """Yield where requests to the backend differ; whether there is one is compared with the responses."""
    unknown = [[sent.key for sent in outcome.sent if sent.state is None] for outcome in (old, new)]
    if len(old.sent) != len(new.sent) or unknown[0] != unknown[1] or None in unknown[0]:
        yield terms.TRUE
        return
    for one, other in zip(old.sent, new.sent, strict=True):
        both = terms.all_of(one.condition, other.condition)
        if one.state is not None and other.state is not None:
            yield terms.all_of(both, terms.any_of(*_cells(one.state, other.state, _SENT, known)))
        elif one.key != other.key:
            yield terms.TRUE
        if len(old.sent) > 1:
            yield terms.not_(terms.iff(one.condition, other.condition))


def _differ(one: Value, other: Value, known: Mapping[Term, bool] | None = None) -> Term:
    """Return where two values are not the same; true where that can't be decided."""
    known = known or {}
    values = [one, other]
    for index, value in enumerate(values):
        while isinstance(value, Choice) and value.condition in known:
            value = value.then if known[value.condition] else value.otherwise
        values[index] = value
    one, other = values
    if one.key == other.key:
        return terms.FALSE
    for value in values:
        if isinstance(value, Choice):
            then, otherwise = (_differ(one, other, {**known, value.condition: taken}) for taken in (True, False))
            return terms.choice(value.condition, then, otherwise)
    try:
        if isinstance(one, Text) and isinstance(other, Text):
            return terms.not_(terms.same(one.term, other.term))
        if isinstance(one, Number) and isinstance(other, Number):
            return terms.not_(terms.equal(one.term, other.term))
        if isinstance(one, Truth) and isinstance(other, Truth):
            return terms.not_(terms.iff(one.term, other.term))
        if isinstance(one, Field) and isinstance(other, Field) and len(one.items) == len(other.items) == 1:
            return terms.not_(terms.same(one.joined, other.joined))
    except TooLarge:
        pass
    return terms.TRUE
