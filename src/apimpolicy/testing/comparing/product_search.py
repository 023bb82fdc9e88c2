"""Concolic search over the product of two versions of a policy.

The same inputs go through both; whether the responses and the forwarded requests are equal becomes a branch, which the
search negates like any other. The prover decides that there are no further differences (`proving.equivalence`).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from apimpolicy.concolic.explorer import Explorer
from apimpolicy.concolic.path import PathTooLong
from apimpolicy.concolic.shrinking import shrink
from apimpolicy.concolic.values import Unsupported
from apimpolicy.policies.registry import has_trait
from apimpolicy.proving import equivalence
from apimpolicy.records import Record
from apimpolicy.testing.claims.proving import TOO_LONG
from apimpolicy.testing.comparing.canonical import common, of_element, of_program
from apimpolicy.testing.comparing.causes import Causes
from apimpolicy.testing.comparing.observed_differences import differences
from apimpolicy.testing.comparing.questions import End, questions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from apimpolicy.concolic import solver
    from apimpolicy.concolic.exploration import Exploration
    from apimpolicy.concolic.harness import Harness, Run
    from apimpolicy.concolic.inputs import Inputs
    from apimpolicy.concolic.path import Path
    from apimpolicy.concolic.tracing import Tracer
    from apimpolicy.engine.gateway import Gateway
    from apimpolicy.engine.result import Result
    from apimpolicy.scenarios.assignments import Assignment
    from apimpolicy.scenarios.bounds import Bounds
    from apimpolicy.testing.comparing.elements import Span
    from apimpolicy.testing.comparing.observed_differences import Difference

Kind = tuple[str, ...]
_Shown = tuple[Kind, int]
"""A kind of difference, and the number of the change that it comes from."""
_MOST_CALLS = 1_000
"""A limit of more calls is not used up to show what it does."""
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""Names of headers that requests can have."""
_FEW_SECONDS = 2.0
"""Of searching for further differences where each change has shown one."""


class Found(Record):
    """A difference between the versions, with the smallest request that shows it, through both, and its cause."""

    difference: Difference
    old: Run
    new: Run
    cause: Span | None = None


class Comparison(Record):
    """The result of a comparison: each difference once, and why it is not proven that there are no others.

    `is_same_text`: only the layout differs.
    """

    found: list[Found]
    unsupported_features: tuple[Unsupported, ...]
    inputs: Inputs | None
    is_same_text: bool = False
    causes: Causes | None = None

    @property
    def is_proven(self) -> bool:
        """Return whether there is no difference besides those that were found."""
        return not self.unsupported_features


def compare(
    old: Harness,
    new: Harness,
    bounds: Bounds,
    on_run: Callable[[], None] = lambda: None,
    settings: Sequence[str] = (),
    starts: Sequence[Assignment] = (),
    *,
    knows_scopes: bool = False,
) -> Comparison:
    """Search for requests that two versions treat differently.

    `settings` are the names of settings that differ besides the programs; their effects are not modelled. `starts` are
    requests to begin with. `knows_scopes`: the programs have the policies of all scopes.
    """
    if not settings and of_program(old.program) == of_program(new.program) and not _names_stand_ins(old, new):
        return Comparison([], (), None, True)
    joint = _ProductHarness(old, new, on_run)
    explorer = Explorer(joint, bounds, exhaustive=True)  # type: ignore[arg-type] # it has all that a search needs
    with_body = ({**start, ("body", "there"): True, ("body", "json"): True} for start in ({}, *starts))
    for start in ({}, *starts, *with_body, *_with_limits(old, new, starts)):
        if explorer.run(start) is None and not explorer.outcome.runs:
            break
    others = tuple(Unsupported(f"another setting of the gateway: {name}", "") for name in settings)
    open_reasons = _open_reasons(joint, knows_scopes)
    if open_reasons or not joint.explains_everything:
        if joint.explains_everything and joint.found:
            explorer.bounds = bounds.replaced(seconds=min(bounds.seconds, _FEW_SECONDS))
        explorer.explore()
        if len(joint.found) or open_reasons:
            open_reasons = _open_reasons(joint, knows_scopes)
    found = [joint.smallest(kind, run, explorer.outcome) for kind, run in list(joint.found.items())]
    return Comparison(found, (*others, *open_reasons), explorer.inputs, False, joint.causes)


def _names_stand_ins(old: Harness, new: Harness) -> bool:
    """Return whether the versions have different named values that are made up, and may have the same made-up value."""
    return old.stand_ins.named_values != new.stand_ins.named_values


def _with_limits(old: Harness, new: Harness, starts: Sequence[Assignment]) -> Iterator[Assignment]:
    """Yield requests that come as often as limits allow: the next one shows which limit is lower, or comes first.

    Callers who pass all checks come first: others may be refused before they are counted.
    """
    limits: dict[int, None] = {}
    for step in (*old.program.steps(), *new.program.steps()):
        if has_trait(step.name, "limits-calls"):
            attribute = step.element.get("calls")
            text = "" if attribute is None or attribute.value.expression is not None else attribute.value.text.strip()
            if text.isdigit() and int(text) <= _MOST_CALLS:
                limits[int(text)] = None
    for limit in limits:
        for start in ({}, *starts[:1]):
            yield {**start, ("calls", "before"): limit}


def _open_reasons(joint: _ProductHarness, knows_scopes: bool) -> tuple[Unsupported, ...]:
    """Return why it isn't proven that there are no other differences; nothing where it is."""
    old, new = joint.old, joint.new
    if old.variables != new.variables:
        return (Unsupported("versions with different variables", ""),)
    known = _known(kind for kind, _ in joint.found)
    proof_result = equivalence.compare(
        old.program,
        new.program,
        old.variables,
        of_element,
        known,
        made_up=(old.stand_ins, new.stand_ins),
        knows_scopes=knows_scopes,
    )
    if proof_result.is_proven:
        return ()
    reasons = tuple(dict.fromkeys(Unsupported(*reason) for reason in proof_result.reasons))
    return reasons or (Unsupported("requests that may differ, and were not found", ""),)


def _known(kinds: Iterable[Kind]) -> equivalence.Known:
    """Return the differences that requests have shown, as the prover leaves them out."""
    answers: set[tuple[str, str]] = set()
    cells: set[tuple[str, str]] = set()
    names: set[str] = set()
    for kind in kinds:
        match kind:
            case ("answer", was, now):
                answers.add((was, now))
            case ("header", "the backend", name):
                cells.add(("header", name))
            case ("header", _, name):
                cells.add(("response-header", name))
            case ("body", who):
                names.add("body" if who == "the backend" else "response-body")
            case ("url",):
                names |= {"url", "query", "backend"}
            case ("method" | "status",):
                names.add(kind[0])
            case (equivalence.OWN, *_):
                names.add(equivalence.OWN)
    return equivalence.Known(frozenset(answers), frozenset(names), frozenset(cells))


class _ProductHarness:
    """A product of two harnesses: each run is one through the old version and one through the new."""

    def __init__(self, old: Harness, new: Harness, on_run: Callable[[], None]) -> None:
        self.old = old
        self.new = new
        self.causes = Causes(old.program, new.program)
        new.certificates = {**new.certificates, **old.certificates}
        old.certificates = {**new.certificates, **old.certificates}
        self.on_run = on_run
        self.goals = new.goals
        self.handles_errors = old.handles_errors or new.handles_errors
        self.found: dict[_Shown, Run] = {}
        self.unsupported_features: dict[Unsupported, None] = {}
        self._ends: list[End] = []
        self._shown: set[_Shown] = set()
        old.on_result = new.on_result = self._keep

    def _keep(self, tracer: Tracer, gateway: Gateway, result: Result) -> list[Path]:
        self._ends.append(End(tracer, result))
        return []

    def declare(self, inputs: Inputs) -> None:
        self.old.declare(inputs)
        self.new.declare(inputs)

    def run(self, inputs: Inputs, assignment: Assignment) -> Run:
        """Return both runs as one, with the branches of both and of the comparison at the end."""
        self._ends.clear()
        self._shown = set()
        self.on_run()
        first = self.old.run(inputs, assignment)
        if first.result is None:
            return first
        second = self.new.run(inputs, assignment, first.path)
        if second.result is None:
            return second
        is_possible = all(_NAME.fullmatch(name) for name in first.scenario.headers)
        for difference in differences(first.result, second.result) if is_possible else ():
            shown = difference.kind, self._cause(difference, first.result, second.result)
            self._shown.add(shown)
            self.found.setdefault(shown, second)
        second.continuations = self._asked(*self._ends)
        return second

    def _asked(self, old: End, new: End) -> list[Path]:
        """Return a path for each aspect in which the results could differ for another request."""
        if common(old.result.trace, new.result.trace) == len(old.result.trace) == len(new.result.trace):
            return []
        paths: list[Path] = []
        for question in questions(old, new):
            path = new.tracer.path.fork()
            unsupported = _require_equal(question, path)
            if unsupported is None:
                paths.append(path)
            elif not self._shown:
                self.unsupported_features.setdefault(unsupported)
        return paths

    @property
    def explains_everything(self) -> bool:
        """Return whether each changed element is the cause of a difference, or there is no difference at all."""
        spans = self.causes.spans
        shown = {(id(spans[cause].old), id(spans[cause].new)) for _, cause in self.found if cause >= 0}
        return not self.found or all((id(each.old), id(each.new)) in shown for each in spans)

    def _cause(self, difference: Difference, old: Result, new: Result) -> int:
        """Return the number of the change that a difference comes from; -1 without one."""
        found = self.causes.of(difference, old, new)
        return -1 if found is None else self.causes.spans.index(found)

    def smallest(self, shown: _Shown, run: Run, explored: Exploration) -> Found:
        """Return the smallest request that differs in this way, because of this change."""
        kept = shrink(self, explored.inputs, run, lambda _: shown in self._shown)  # type: ignore[arg-type] # it runs
        old = self.old.run(explored.inputs, kept.assignment)
        new = self.new.run(explored.inputs, kept.assignment)
        assert old.result is not None
        assert new.result is not None
        results = old.result, new.result
        same = [each for each in differences(*results) if (each.kind, self._cause(each, *results)) == shown]
        return Found(same[0], old, new, None if shown[1] < 0 else self.causes.spans[shown[1]])


def _require_equal(question: solver.Term | Unsupported, path: Path) -> Unsupported | None:
    """Continue a path with a comparison; return what prevents it. A comparison that is false has found a difference."""
    if isinstance(question, Unsupported):
        return question
    is_equal = path.inputs.value(question, path.assignment)
    path.is_finished = is_equal is False
    if not isinstance(is_equal, bool):
        return Unsupported("a value without a form", "")
    try:
        path.add_branch(question, is_equal, "equal")
    except PathTooLong:
        return TOO_LONG
    return next(iter(path.unsupported_features), None)
