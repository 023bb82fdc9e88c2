"""Equivalence of two programs: the same responses, and the same requests to the backend, for all requests.

Backends and other services are the same for both. A policy does the same in both programs where its text, the state
that it sees and what it counts are the same; otherwise its effects are unknown in each separately.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Hashable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from apimpolicy.csharp.syntax.depth import Frames
from apimpolicy.gateway.engine.steps import Program
from apimpolicy.reasoning.languages.language import TooLarge
from apimpolicy.reasoning.proving.normal_form import OTHER_VARIABLES
from apimpolicy.reasoning.proving.proof import FRAMES, Inquiry, ProofResult, fixed_cells
from apimpolicy.reasoning.semantics.state import ANSWER, KINDS, Inputs, State
from apimpolicy.reasoning.semantics.unknowns import Reason, Unknowns
from apimpolicy.reasoning.semantics.values import Choice, FieldValue, Number, Text, Truth, Value
from apimpolicy.reasoning.terms import term as terms
from apimpolicy.reasoning.terms.term import Term
from apimpolicy.reasoning.transfer.flow import End
from apimpolicy.reasoning.transfer.pipeline import Outcome, outcome_of
from apimpolicy.reasoning.transfer.run import MadeUp, Run
from apimpolicy.text.document import Element

_MOST_PAIRS = 4_000
_MOST_CHOICES = 4_000
"""Pairs of values with choices to compare; proofs that succeed need a few hundred."""
_SENT = ("header", "query", "url", "method", "body", "backend")
_SEEN = tuple(kind for kind in KINDS if kind != "variable")
BACKEND = "backend"
OUTCOMES = "who reaches the backend, and statuses"
CONTENTS = "headers and bodies of responses"
REQUESTS = "requests to the backend"
OWN_REQUESTS = "requests of policies' own"
"""The parts of a comparison."""
OWN = "own-request"
"""The kind of differences in requests that policies send themselves."""
_PARTS = {OWN: OWN_REQUESTS, "status": OUTCOMES, "response-body": CONTENTS, "response-header": CONTENTS}
"""By the kind of difference; the others are about requests to the backend."""


class KnownDifferences(NamedTuple):
    """Known differences, which are left out: kinds of responses, kinds of cells, and single cells."""

    answers: frozenset[tuple[str, str]] = frozenset()
    kinds: frozenset[str] = frozenset()
    cells: frozenset[tuple[str, str]] = frozenset()

    def parts(self) -> set[str]:
        kinds = self.kinds | {kind for kind, _ in self.cells}
        found = {_PARTS.get(kind, REQUESTS) for kind in kinds}
        return found | {OUTCOMES} if self.answers else found

    def has(self, kind: str, name: str) -> bool:
        return kind in self.kinds or (kind, name) in self.cells


def compare(*programs: Any, **options: Any) -> ProofResult:
    """Return whether no request is treated differently; the arguments are those of `inquiry`."""
    found = inquiry(*programs, **options)
    return found.decide() if isinstance(found, Inquiry) else found


def inquiry(
    old: Program,
    new: Program,
    variables: Mapping[str, Any],
    canonical: Callable[[Element, MadeUp | None], Hashable],
    known: KnownDifferences,
    *,
    made_up: Sequence[MadeUp | None] = (None, None),
    knows_scopes: bool = False,
) -> EquivalenceInquiry | ProofResult:
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
            run.canonical = partial(_canonical, canonical, stand_ins or None)
            outcomes.append(outcome_of(program, run))
        first, second = outcomes
        if len(first.ends) * len(second.ends) > _MOST_PAIRS:
            return ProofResult(False, reasons=(Reason("policies with too many ends to compare"),))
        if first.unknown_steps != second.unknown_steps:
            return ProofResult(False, reasons=(Reason("what a policy or fragment does that isn't known"),))
        differences = _Differences(known)
        wider, shared = terms.FALSE, terms.FALSE
        if not knows_scopes:
            wider = terms.any_of(*differences.wider_scopes(first, second))
            shared = terms.any_of(*differences.shared_variables(first, second))
        if wider is terms.TRUE:
            return ProofResult(False, reasons=(Reason("the policies of wider scopes, at <base />"),))
        parts = {
            REQUESTS: terms.any_of(*differences.requests(first, second)),
            OWN_REQUESTS: terms.any_of(*differences.own_requests(first, second)),
            OUTCOMES: terms.any_of(*differences.outcomes(first, second)),
            CONTENTS: terms.any_of(*differences.contents(first, second)),
        }
    return EquivalenceInquiry(unknowns, wider, shared, parts, known.parts())


def _canonical(
    canonical: Callable[[Element, MadeUp | None], Hashable], made_up: MadeUp | None, element: Element
) -> Hashable:
    return canonical(element, made_up)


class EquivalenceInquiry(Inquiry):
    """Whether a request is treated differently. `decide` also says which of the `parts` are the same, but for those in
    which there are `known` differences. `wider` is where policies of wider scopes see another request or response,
    `variables` where they see other variables.
    """

    def __init__(
        self, unknowns: Unknowns, wider: Term, variables: Term, parts: Mapping[str, Term], known: Container[str]
    ) -> None:
        super().__init__(unknowns, terms.any_of(wider, variables, *parts.values()))
        self._wider = wider
        self._parts, self._known = parts, known

    def decide(self) -> ProofResult:
        """Return the result, with the parts that are proven to be the same."""
        result = super().decide()
        if result.is_proven or not _is_never(self.unknowns, self._wider):
            return result
        same = [name for name, part in self._parts.items() if _is_never(self.unknowns, part)]
        reasons = (Reason(OTHER_VARIABLES),) if len(same) == len(self._parts) else result.reasons
        return result._replace(parts=tuple(name for name in same if name not in self._known), reasons=reasons)


def _is_never(unknowns: Unknowns, formula: Term) -> bool:
    return formula is not terms.TRUE and Inquiry(unknowns, formula).decide().is_proven


class _Differences:
    """Formulas about where two outcomes differ, but for known differences.

    What follows from the choices in two values is computed once for each pair of them.
    """

    def __init__(self, known: KnownDifferences) -> None:
        self.known = known
        self._conditions: dict[Hashable, frozenset[Term]] = {}
        self._found: dict[Hashable, Term] = {}

    def wider_scopes(self, old: Outcome, new: Outcome) -> Iterator[Term]:
        """Yield where the policies of wider scopes run in one program only, or may see another request or response."""
        if [each.section for each in old.wider_scopes] != [each.section for each in new.wider_scopes]:
            yield terms.TRUE
            return
        pairs = [(one, other) for one in old.ends for other in new.ends] if self.known.answers else []
        told = (terms.all_of(one.condition, other.condition, self._is_known(one, other)) for one, other in pairs)
        open_ = terms.not_(terms.any_of(*told))  # behind inbound, who gets there is a part of the outcome
        for one, other in zip(old.wider_scopes, new.wider_scopes, strict=True):
            both = terms.all_of(one.condition, other.condition)
            seen = terms.all_of(both, terms.any_of(*self._cells(one.state, other.state, _SEEN)))
            differ = terms.any_of(terms.not_(terms.iff(one.condition, other.condition)), seen)
            yield differ if one.section == "inbound" else terms.all_of(differ, open_)

    def shared_variables(self, old: Outcome, new: Outcome) -> Iterator[Term]:
        """Yield where the policies of other scopes may see another value of a variable: in this place, or behind it."""
        for one, other in zip(old.wider_scopes, new.wider_scopes, strict=False):
            both = terms.all_of(one.condition, other.condition)
            yield terms.all_of(both, self._variables(one.state, other.state))
        yield from self._answers(old, new, lambda one, other: self._variables(one.state, other.state))

    def _variables(self, one: State, other: State) -> Term:
        return terms.any_of(*self._cells(one, other, ("variable",)))

    def own_requests(self, old: Outcome, new: Outcome) -> Iterator[Term]:
        if self.known.has(OWN, ""):
            return
        keys = [[each.key for each in outcome.own_requests] for outcome in (old, new)]
        if keys[0] != keys[1]:
            yield terms.TRUE
            return
        for one, other in zip(old.own_requests, new.own_requests, strict=True):
            yield terms.not_(terms.iff(one.condition, other.condition))
            both = terms.all_of(one.condition, other.condition)
            for first, second in zip(one.values, other.values, strict=True):
                yield terms.all_of(both, self.differ(first, second))
            if one.state is not None and other.state is not None:
                yield terms.all_of(both, terms.any_of(*self._cells(one.state, other.state, _SENT, is_own=True)))

    def _cells(self, one: State, other: State, kinds: Container[str], *, is_own: bool = False) -> Iterator[Term]:
        """Yield where cells of two states differ, but for known differences, which own requests have none of."""
        for kind, name in one.changed(other):
            if kind in kinds and (is_own or not self.known.has(kind, name)):
                yield terms.TRUE if name == "*" else self.differ(one.get(kind, name), other.get(kind, name))

    def outcomes(self, old: Outcome, new: Outcome) -> Iterator[Term]:
        """Yield where the same request reaches the backend in one program only, or gets another status."""
        return self._answers(old, new, self._differ_in_outcome)

    def contents(self, old: Outcome, new: Outcome) -> Iterator[Term]:
        """Yield where responses to the same request have other headers or another body."""
        return self._answers(old, new, self._differ_in_content)

    def _answers(self, old: Outcome, new: Outcome, differ: Callable[[End, End], Term]) -> Iterator[Term]:
        for one in old.ends:
            for other in new.ends:
                both = terms.all_of(one.condition, other.condition)
                if both is not terms.FALSE:
                    yield terms.all_of(both, differ(one, other), terms.not_(self._is_known(one, other)))

    def _is_known(self, one: End, other: End) -> Term:
        answers = self.known.answers
        return terms.any_of(*(terms.all_of(self._is(one, was), self._is(other, now)) for was, now in answers))

    def _differ_in_outcome(self, one: End, other: End) -> Term:
        reached = self.differ(one.state.get("reached"), other.state.get("reached"))
        by = terms.any_of(
            terms.not_(terms.iff(one.by_policy, other.by_policy)), terms.not_(terms.iff(*map(_backend, (one, other))))
        )
        status = terms.any_of(
            self.differ(one.status, other.status), self.differ(one.state.get("reason"), other.state.get("reason"))
        )
        return terms.any_of(reached, by, *([] if self.known.has("status", "") else [status]))

    def _differ_in_content(self, one: End, other: End) -> Term:
        return terms.any_of(
            *(
                terms.TRUE if name == "*" else self.differ(one.state.get(kind, name), other.state.get(kind, name))
                for kind, name in one.state.changed(other.state)
                if kind in (*ANSWER, "kept") and kind != "reason" and not self.known.has(kind, name)
            )
        )

    def _is(self, end: End, kind: str) -> Term:
        """Return where a response is of a kind: the backend's, or the status and reason of another one."""
        if kind == BACKEND:
            return _backend(end)
        status, _, reason = kind.partition(" ")
        is_status = terms.not_(self.differ(end.status, Number(terms.number(int(status)), "int")))
        is_reason = terms.not_(self.differ(end.state.get("reason"), Text(terms.text(reason))))
        return terms.all_of(terms.not_(_backend(end)), is_status, is_reason)

    def requests(self, old: Outcome, new: Outcome) -> Iterator[Term]:
        """Yield where requests to the backend differ; whether there is one is compared with the responses."""
        unknown = [[sent.key for sent in outcome.sent if sent.state is None] for outcome in (old, new)]
        if len(old.sent) != len(new.sent) or unknown[0] != unknown[1] or None in unknown[0]:
            yield terms.TRUE
            return
        for one, other in zip(old.sent, new.sent, strict=True):
            both = terms.all_of(one.condition, other.condition)
            if one.state is not None and other.state is not None:
                yield terms.all_of(both, terms.any_of(*self._cells(one.state, other.state, _SENT)))
            elif one.key != other.key:
                yield terms.TRUE
            if len(old.sent) > 1:
                yield terms.not_(terms.iff(one.condition, other.condition))

    def differ(self, one: Value, other: Value, known: Mapping[Term, bool] | None = None) -> Term:
        """Return where two values are not the same; true where that can't be decided.

        `known` are the outcomes of the conditions of choices around both.
        """
        known = known or {}
        one, other = _taken(one, known), _taken(other, known)
        if one.key == other.key:
            return terms.FALSE
        chosen = one if isinstance(one, Choice) else other
        if not isinstance(chosen, Choice):
            return _differ_as_values(one, other)
        asked = self._conditions_of(one) | self._conditions_of(other)
        key = one.key, other.key, frozenset(outcome for outcome in known.items() if outcome[0] in asked)
        difference = self._found.get(key)
        if difference is None and len(self._found) >= _MOST_CHOICES:
            return terms.TRUE
        if difference is None:
            condition = chosen.condition
            then, otherwise = (self.differ(one, other, {**known, condition: taken}) for taken in (True, False))
            difference = self._found[key] = terms.choice(condition, then, otherwise)
        return difference

    def _conditions_of(self, value: Value) -> frozenset[Term]:
        if not isinstance(value, Choice):
            return frozenset()
        found = self._conditions.get(value.key)
        if found is None:
            inside = self._conditions_of(value.then) | self._conditions_of(value.otherwise)
            found = self._conditions[value.key] = inside | {value.condition}
        return found


def _backend(end: End) -> Term:
    return terms.all_of(end.by_backend, terms.not_(end.by_policy))


def _taken(value: Value, known: Mapping[Term, bool]) -> Value:
    """Return the part of a value that is left when conditions are known."""
    while isinstance(value, Choice) and value.condition in known:
        value = value.then if known[value.condition] else value.otherwise
    return value


def _differ_as_values(one: Value, other: Value) -> Term:
    try:
        if isinstance(one, Text) and isinstance(other, Text):
            return terms.not_(terms.same(one.term, other.term))
        if isinstance(one, Number) and isinstance(other, Number):
            return terms.not_(terms.equal(one.term, other.term))
        if isinstance(one, Truth) and isinstance(other, Truth):
            return terms.not_(terms.iff(one.term, other.term))
        if isinstance(one, FieldValue) and isinstance(other, FieldValue) and len(one.items) == len(other.items) == 1:
            return terms.not_(terms.same(one.joined, other.joined))
    except TooLarge:
        pass
    return terms.TRUE
