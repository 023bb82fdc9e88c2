"""The inversion of a claim's conditions: requests with which they may be as a breach of the claim has them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from apimpolicy.errors import ApimPolicyError
from apimpolicy.gateway.engine.own_answers import giving_steps
from apimpolicy.gateway.engine.steps import Step
from apimpolicy.gateway.policies.effects import Forwarded, Sent
from apimpolicy.gateway.policies.registry import has_trait
from apimpolicy.reasoning.proposing.inversion.context import of_message, with_body, with_field, with_url, with_variable
from apimpolicy.reasoning.proposing.inversion.core import Inversion, repair, returned, throwing_requests
from apimpolicy.reasoning.proposing.inversion.recorded import Recorded
from apimpolicy.reasoning.proposing.inversion.values import different, matching
from apimpolicy.reasoning.scenarios.assignments import Assignment, Key
from apimpolicy.testing.claims.conditions import BACKEND, GATEWAY, EvaluatedConditions
from apimpolicy.testing.claims.format import CONDITION
from apimpolicy.testing.claims.reading import REACHES_BACKEND, Expressions, is_expression
from apimpolicy.testing.format import MATCHING
from apimpolicy.testing.tree import Tree

if TYPE_CHECKING:
    from apimpolicy.reasoning.proposing.guided import Guided
    from apimpolicy.reasoning.scenarios.harness import ScenarioRun

_OTHER_STATUSES = (200, 404, 503, 401, 304)


def statuses(tree: Tree, wanted: bool) -> list[int]:
    """Return statuses that meet a condition, or don't."""
    return [*map(_status, tree.texts())] if wanted else [*_OTHER_STATUSES]


def _status(text: str) -> int:
    """Return a status that fits a pattern such as `4xx`."""
    digits = text.lower().replace("xx", "04").replace("x", "0")
    return int(digits) if digits.isdecimal() else _OTHER_STATUSES[0]


def texts(tree: Tree, wanted: bool) -> list[Any]:
    """Return texts that meet a condition, or don't; None for no text."""
    if tree.value in (None, False):
        return [None if wanted else "x"]
    if not isinstance(tree.value, dict):
        return [tree.text()] if wanted else [*different(tree.text()), None]
    made: list[Any] = []
    for key, part in tree.table().items():
        if key == "matches":
            found = matching(part.text())
            made += [found] if found is not None and wanted else []
        elif (key == "not-contains") is not wanted:
            made += part.texts()
    return made or ["x"]


def contents(tree: Tree, wanted: bool) -> list[Any]:
    """Return values that meet a condition on a body or a variable, or don't."""
    if isinstance(tree.value, str) or (isinstance(tree.value, dict) and tree.value.keys() <= MATCHING.keys()):
        return texts(tree, wanted)
    if isinstance(tree.value, dict) and tree.value.keys() <= {"json", "json-subset"}:
        return [value for part in tree.value.values() for value in contents(part, wanted)]
    return [tree.plain()] if wanted else different(tree.plain())


SENT = "then-sent"
_ERRORS_FROM, _FAILED = 400, 500


class Want(NamedTuple):
    """A condition that is to be true or false; `key` is that of a table, empty for a whole condition."""

    key: str
    tree: Tree
    wanted: bool


def _inside(want: Want) -> tuple[list[Want], bool] | None:
    """Return the conditions that one is made of, and whether all of them must be as wanted; None for a simple one."""
    key, tree, wanted = want
    if key in ("all", "any") or (not key and isinstance(tree.value, list)):
        return [Want("", each, wanted) for each in tree.items()], wanted is (key != "any")
    if key == "not":
        return [Want("", tree, not wanted)], True
    if not key and isinstance(tree.value, dict):
        return [Want(name, part, wanted) for name, part in tree.known(CONDITION).items()], wanted
    return None


class ClaimInversion:
    """The inversion of claims' conditions after one run."""

    def __init__(self, guided: Guided, expressions: Expressions, run: ScenarioRun) -> None:
        assert run.result is not None
        assert run.gateway is not None
        self.guided = guided
        self.run = run
        self.result = run.result
        self.program = guided.harness.program
        self.inversion: Inversion = guided.inversion(run)
        variables = guided.harness.variables_of(run.scenario)
        self.conditions = EvaluatedConditions(run.result, run.gateway, expressions, variables)

    def degree(self, want: Want) -> float:
        inside = _inside(want)
        if inside is None:
            return float(self._is_met(want))
        degrees = [*map(self.degree, inside[0])]
        return (sum(degrees) / len(degrees) if inside[1] else max(degrees)) if degrees else 1.0

    def _is_met(self, want: Want) -> bool:
        key, tree, wanted = want
        try:
            if key == SENT:
                return self.conditions.holds_when_sent(tree) is wanted
            return (self.conditions.is_key_met(key, tree) if key else self.conditions.is_met(tree)) is wanted
        except (ApimPolicyError, ValueError):
            return False

    def requests(self, want: Want) -> Iterator[Assignment]:
        """Yield requests with which a condition may be as wanted; none where it is."""
        if self.degree(want) == 1:
            return
        inside = _inside(want)
        if inside is not None:
            for turn in zip_longest(*map(self.requests, inside[0])):
                yield from (assignment for assignment in turn if assignment is not None)
            return
        key, tree, outcome = want
        if key == SENT:
            yield from self._toward(self._forwards())
            for item in tree.items():
                for number in range(len(self.result.backend_requests)):
                    yield from self._expression(item, number, wanted=outcome)
        elif not key and is_expression(tree.text()):
            yield from self._expression(tree, None, wanted=outcome)
        elif key in _INVERSES:
            yield from _INVERSES[key](self, tree, outcome)
        else:
            yield from self.response(key, tree, outcome)
            yield from self._responds()  # with another message than this one

    # Expressions

    def _expression(self, tree: Tree, sent: int | None, *, wanted: bool) -> Iterator[Assignment]:
        self.conditions.expression(tree, sent)
        recorded = self.inversion.recorded(
            self.conditions.evaluations[-1], 0 if sent is None else self._forwarded()[sent]
        )
        if recorded.error is not None:
            yield from repair(self.inversion, recorded)
        yield from returned(self.inversion, recorded, wanted)

    def _forwarded(self) -> list[int]:
        return [index for index, entry in enumerate(self.inversion.trace) if isinstance(entry.effect, Forwarded)]

    # What the path of a request decides

    def _forwards(self) -> list[Step]:
        return [step for step in self.program.steps() if has_trait(step.name, "forwards")]

    def _toward(self, steps: Iterable[Step]) -> Iterator[Assignment]:
        reached = {id(entry.step) for entry in self.inversion.trace}
        for step in steps:
            if id(step) not in reached:
                yield from self.guided.toward(step, self.run, self.inversion)

    def _past(self, steps: Iterable[Step]) -> Iterator[Assignment]:
        for step in steps:
            yield from self.guided.past(step, self.inversion)

    def runs(self, tree: Tree, wanted: bool) -> Iterator[Assignment]:
        names = tree.texts()
        if names == [REACHES_BACKEND]:
            yield from self.reaches_backend(tree, wanted)
            return
        steps = [step for step in self.program.steps() if step.name in names or step.policy_id in names]
        if wanted:
            yield from self._toward(steps)
        else:
            yield from self._past(steps)

    def reaches_backend(self, tree: Tree, wanted: bool) -> Iterator[Assignment]:
        if wanted is (tree.value is not False):
            giving = giving_steps(self.program)
            yield from self._toward([step for step in self.program.steps() if id(step.element) in giving])
            yield from self._toward(self._forwards())
        else:
            yield from self._responds()

    def by(self, tree: Tree, wanted: bool) -> Iterator[Assignment]:
        is_backend = tree.value == BACKEND
        if tree.value == GATEWAY and wanted:
            yield from self._fails()
        yield from self._toward(self._forwards()) if is_backend is wanted else self._responds()

    def _responds(self) -> Iterator[Assignment]:
        yield from self._toward([step for step in self.program.steps() if has_trait(step.name, "refuses")])
        yield from self.inversion.sources.responses()
        yield from self.inversion.sources.failures({})

    def _fails(self) -> Iterator[Assignment]:
        """Yield requests with which an expression throws."""
        for index, entry in enumerate(self.inversion.trace):
            for each in entry.evaluations:
                yield from throwing_requests(self.inversion, self.inversion.recorded(each, index))

    def error(self, tree: Tree, wanted: bool) -> Iterator[Assignment]:
        told = tree.table() if isinstance(tree.value, dict) else {}
        names = {key: part.text() for key, part in told.items() if isinstance(part.value, str)}
        yield from self._toward(step for step in self.program.steps() if step.name == names.get("source"))
        yield from self.inversion.sources.failures(names if wanted else {})
        if wanted and tree.value:
            yield from self._fails()

    def count(self, tree: Tree, wanted: bool) -> Iterator[Assignment]:
        """Yield requests with which more or fewer requests are sent."""
        yield from self._toward(self._forwards())
        for step in self.program.steps():
            if has_trait(step.name, "repeats"):
                yield from self.guided.repeated(step, self.inversion, wanted=True)
                yield from self.guided.repeated(step, self.inversion, wanted=False)
            elif has_trait(step.name, "requests"):
                yield from self.guided.toward(step, self.run, self.inversion)
                yield from self._past([step])
        yield from self._responds()

    # Values

    def _at_end(self) -> tuple[Recorded, Key]:
        end = len(self.inversion.trace)
        return self.inversion.at(end), self.inversion.sources.answer(end)

    def status(self, tree: Tree, wanted: bool) -> Iterator[Assignment]:
        for value in statuses(tree, wanted):
            yield from self._toward(step for step in self.program.steps() if _names(step, str(value)))
            if value >= _ERRORS_FROM:
                yield from self._responds()
            if value == _FAILED:
                yield from self._fails()
        if self.result.reached_backend:
            yield from self.response("status", tree, wanted)
        else:
            yield from self._toward(self._forwards())

    def reason(self, tree: Tree, wanted: bool) -> Iterator[Assignment]:
        for text in texts(tree, wanted):
            yield from self._toward(step for step in self.program.steps() if _names(step, text))
        yield from self.response("reason", tree, wanted)
        yield from self._responds()

    def response(self, key: str, tree: Tree, wanted: bool, message: Key | None = None) -> Iterator[Assignment]:
        """Yield requests with another response, as a key of conditions has it; the one at the end unless given."""
        end = self.inversion.at(len(self.inversion.trace))
        message = message or self.inversion.sources.answer(end.index)
        match key:
            case "status":
                for value in statuses(tree, wanted):
                    yield from self.inversion.sources.status(message, value)
            case "reason":
                for text in texts(tree, wanted):
                    yield from of_message(self.inversion, end, message, "StatusReason", text)
            case "headers":
                yield from self._fields(end, (*message, "header"), tree, wanted)
            case "body" | "json" | "json-subset":
                for value in contents(tree, wanted):
                    yield from with_body(self.inversion, end, message, value)

    def _fields(self, recorded: Recorded, kind: str | Key, tree: Tree, wanted: bool) -> Iterator[Assignment]:
        for name, part in tree.table().items():
            for text in texts(part, wanted):
                yield from with_field(self.inversion, recorded, kind, name, text)

    def variables(self, tree: Tree, wanted: bool) -> Iterator[Assignment]:
        end = self.inversion.at(len(self.inversion.trace))
        for name, part in tree.table().items():
            setter = self.inversion.sources.setter(name, end.index)
            if setter is not None and isinstance(setter[1].effect, Sent) and isinstance(part.value, dict):
                for key, each in part.value.items():
                    yield from self.response(key, each, wanted, self.inversion.sources.sent(setter[0]))
                continue
            for value in contents(part, wanted):
                yield from with_variable(self.inversion, end, name, value)

    def request(self, tree: Tree, wanted: bool) -> Iterator[Assignment]:
        yield from self._toward(self._forwards())
        for index in self._forwarded()[-1:]:
            recorded = self.inversion.at(index)
            for key, part in tree.table().items():
                if key == "headers":
                    yield from self._fields(recorded, "header", part, wanted)
                elif key == "method":
                    for text in texts(part, wanted):
                        yield from self.inversion.sources.member(("Request", "Method"), "", text)
                elif key == "url":
                    for text in filter(None, texts(part, wanted)):
                        yield from self._url(recorded, text)
                elif key in ("body", "json", "json-subset"):
                    for value in contents(part, wanted):
                        yield from with_body(self.inversion, recorded, (), value)

    def _url(self, recorded: Recorded, text: str) -> Iterator[Assignment]:
        """Yield requests with a URL at the backend that has the parts of a text."""
        parts = urlsplit(text)
        name, is_parameter, value = text.rpartition("?")[2].partition("=")
        if is_parameter:
            yield from with_field(self.inversion, recorded, "query", name, value)
        for part, wanted in (("Host", parts.netloc), ("Path", parts.path)):
            if wanted:
                yield from with_url(self.inversion, recorded, part, wanted)
                yield from self.inversion.sources.member(("Request", "Url", part), "", wanted)


_INVERSES: dict[str, Callable[[ClaimInversion, Tree, bool], Iterator[Assignment]]] = {
    "": ClaimInversion.runs,
    "runs": ClaimInversion.runs,
    REACHES_BACKEND: ClaimInversion.reaches_backend,
    "by": ClaimInversion.by,
    "error": ClaimInversion.error,
    "backend-requests": ClaimInversion.count,
    "sent-requests": ClaimInversion.count,
    "status": ClaimInversion.status,
    "reason": ClaimInversion.reason,
    "variables": ClaimInversion.variables,
    "request": ClaimInversion.request,
}


def _names(step: Step, text: str) -> bool:
    """Return whether an attribute of a policy, without policies inside, is a text."""
    inside = () if any(step.steps_inside()) else step.element.elements()
    return any(part.value.text == text for each in (step.element, *inside) for part in each.attributes)
