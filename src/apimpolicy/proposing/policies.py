"""Policies for proposals: what services answer has names, and a policy that needs one may have a double."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.policies.registry import has_trait
from apimpolicy.proposing.evaluation import ProposedEvaluation
from apimpolicy.proposing.forms import FailedPolicy
from apimpolicy.proposing.names import RESPONSES, ProposedInputs, ProposedUnknowns
from apimpolicy.scenarios.doubles import error_of, variables_of
from apimpolicy.semantics.json_trees import JWT
from apimpolicy.semantics.state import ANSWER, REACHABLE, State
from apimpolicy.semantics.values import (
    ABSENT,
    NULL,
    Number,
    Opaque,
    Text,
    Value,
    constant_number,
    constant_truth,
    is_there,
    leaves,
    merge,
)
from apimpolicy.terms import term as terms
from apimpolicy.transfer import effects
from apimpolicy.transfer.policies.send_request import compose
from apimpolicy.transfer.run import Run, Sent, transfer_module

if TYPE_CHECKING:
    from collections.abc import Callable

    from apimpolicy.engine.steps import Step
    from apimpolicy.scenarios.harness import Harness
    from apimpolicy.terms.term import Term
    from apimpolicy.text.source import Excerpt

_MOST_ROUNDS = 3
_MOST_CALLS = 12
"""Earlier calls of the same request; cases with more would be long to read."""
_KEPT = ("body", "response-body", "reason")


class ProposedRun(Run):
    """A run for proposals."""

    evaluation = ProposedEvaluation
    unknowns: ProposedUnknowns
    inputs: ProposedInputs

    def __init__(self, harness: Harness, unknowns: ProposedUnknowns, inputs: ProposedInputs) -> None:
        super().__init__(unknowns, inputs)
        self.harness = harness
        self.handles_errors = any(place.section == "on-error" for place in harness.goals.places.values())
        self.step: Step | None = None
        """The policy that runs."""
        self._failure: tuple[str, tuple[str, ...] | None] = "", None

    def begin(self, section: str) -> None:
        super().begin(section)
        if section == "backend" and self.only_section is None:  # an empty response, before one is received
            self.state.set(constant_number(200), "status")
            self.state.set(constant_truth(True), "has-response")

    def transfer(self, step: Step) -> None:
        around, self.step = self.step, step
        try:
            own = TRANSFERS.get(step.name)
            module = transfer_module(step.name)
            if own is not None:
                own(self, step)
            elif module is effects or step.name in _DECLARED:
                _declared(self, step)
            else:
                module.transfer(self, step)
        finally:
            self.step = around

    def do_anything(self, step: Step) -> None:
        effects.evaluate_all(self, step)
        _fail_as_double(self, step, None)
        for inner in step.steps_inside():
            self.reach(inner)
        self.mark(step)

    def lacks_body(self) -> Term:
        method = self.state.get("method")
        needs_none = (
            [terms.same(method.term, terms.text(each)) for each in ("GET", "HEAD")] if isinstance(method, Text) else []
        )
        return terms.all_of(terms.not_(self.unknowns.truth_of("there", "body")), terms.any_of(*needs_none))

    def fail(self, condition: Term, status: Value | None = None, **more: Any) -> None:
        around, kind, key = self.source, *self._failure
        source = FailedPolicy(around)
        source.double = None if self.step is None else self.harness.double_of(self.step)
        source.kind, source.key = kind, key
        self.source = source
        super().fail(condition, status, **more)
        self.source = around

    def fail_by(self, kind: str, key: tuple[str, ...] | None, condition: Term, *status: Value, **more: Any) -> None:
        """Fail because of a response, or of a double."""
        self._failure = kind, key
        self.fail(condition, *status, **more)
        self._failure = "", None

    def forget(self, *kinds: str) -> None:
        """Forget what a policy replaces; what may change anything changes nothing that matters, mostly."""
        super().forget(*(kind for kind in kinds if kind in _KEPT and kinds != REACHABLE))

    def note_unknown(self, excerpt: Excerpt) -> None:
        """Note nothing: a model would propose what no request shows."""

    def forget_everything(self) -> None:
        """Forget nothing: a run shows what a policy changes."""


def _fail_as_double(run: ProposedRun, step: Step, status: Value | None, by_policy: Term = terms.FALSE) -> None:
    """Refuse where the double of a policy does: no request is looked for that makes the policy refuse."""
    name = run.harness.double_of(step)
    if name is not None:
        failed = run.unknowns.truth_of("double", name, "fails")
        given = status or run.unknowns.number_of("double", name, "status", least=400, most=599)
        run.fail_by("double", None, failed, given, by_policy=by_policy)


def _declared(run: ProposedRun, step: Step) -> None:
    """Run a policy by what it declares."""
    effects.evaluate_all(run, step)
    declared = () if step.specification is None else step.specification.effects or ()
    kept = tuple(each for each in declared if each not in ("variables", "message-body"))
    if "refuses" not in declared and "message-body" in declared:
        kept += ("message-body",)
    effects.changes(run, step, kept)
    _set_variables(run, step)
    counts = _limit(run, step) if has_trait(step.name, "limits-calls") else False
    if "refuses" in declared and not counts:
        _fail_as_double(run, step, None, terms.TRUE)
    elif "fails" in declared or step.specification is None or step.specification.effects is None:
        _fail_as_double(run, step, constant_number(500))
    run.mark(step)


def _set_variables(run: ProposedRun, step: Step) -> None:
    """Set the variables of a policy that a double replaces."""
    name = run.harness.double_of(step)
    for variable, _ in variables_of(step) if name is not None else ():
        key = ("double", name or "", "variable", variable)
        before = run.state.get("variable", variable)
        run.state.set(
            merge(run.unknowns.truth_of(*key, "there"), run.unknowns.tree_of(*key), before), "variable", variable
        )


def _limit(run: ProposedRun, step: Step) -> bool:
    """Refuse after as many calls as a limit allows; return whether that is known."""
    text = _literal(step, "calls").strip()
    if not text.isdigit() or not 0 < int(text) <= _MOST_CALLS:
        return False
    before = run.unknowns.number_of("calls", "before", most=_MOST_CALLS).term
    run.unknowns.prefer(before, terms.equal(before, terms.number(0)), weakly=False)
    run.fail(terms.at_most(terms.number(int(text)), before), constant_number(429), by_policy=terms.TRUE)
    remaining = _literal(step, "remaining-calls-variable-name")
    if remaining:
        left = terms.total(terms.number(int(text) - 1), terms.scaled(-1, before))
        run.state.set(Number(left, "int"), "variable", remaining)
    return True


def _literal(step: Step, name: str) -> str:
    attribute = step.element.get(name)
    return "" if attribute is None or attribute.value.expression is not None else str(attribute.value.text)


def _is_true(step: Step, name: str) -> bool:
    return _literal(step, name).strip().lower() == "true"


def _next_response(run: ProposedRun, kind: str) -> tuple[str, str]:
    """Return the key of the next response of a kind."""
    known = [leaf.constant or 0 for leaf in leaves(run.state.get("count", kind)) if isinstance(leaf, Number)]
    number = max(known, default=0)
    run.state.set(constant_number(number + 1), "count", kind)
    return kind, str(number)


def _forward(run: ProposedRun, step: Step) -> None:
    effects.evaluate_all(run, step)
    key = _next_response(run, RESPONSES[0])
    run.sent.append(Sent(run.alive, run.state.copy()))
    run.state.set(constant_truth(True), "reached")
    run.fail_by(key[0], key, run.unknowns.truth_of(*key, "fails"), by_backend=terms.TRUE)
    status = run.inputs.make(("status", ""), key)
    run.state.set(status, "status")
    run.state.set(constant_truth(True), "has-response")
    for kind in ANSWER:
        run.state.forget(kind, key)
    if _is_true(step, "fail-on-error-status-code") and isinstance(status, Number):
        is_error = terms.at_most(terms.number(400), status.term)
        run.fail_by(key[0], key, is_error, status, by_backend=terms.TRUE, keeps_headers=True)
    run.mark(step)


def _send(run: ProposedRun, step: Step) -> None:
    effects.evaluate_all(run, step)
    ignores = _is_true(step, "ignore-error")
    compose(run, step, ignores=ignores)
    key = _next_response(run, RESPONSES[1])
    failed = run.unknowns.truth_of(*key, "fails")
    if not ignores:
        run.fail_by(key[0], key, failed)
    if variable := _literal(step, "response-variable-name"):
        answer = Opaque(key, "IResponse", 0)
        run.state.set(merge(failed, NULL, answer) if ignores else answer, "variable", variable)
    run.mark(step)


def _send_one_way(run: ProposedRun, step: Step) -> None:
    effects.evaluate_all(run, step)
    compose(run, step, ignores=False)
    _next_response(run, RESPONSES[1])
    run.mark(step)


def _retry(run: ProposedRun, step: Step) -> None:
    """Run a few rounds exactly. After an error of a policy that forwards, the condition is evaluated too."""
    for name in ("count", "interval", "max-interval", "delta", "first-fast-retry"):
        run.attribute(step, name)
    text = _literal(step, "count").strip()
    most = min(int(text) if text.isdigit() else 1, _MOST_ROUNDS)
    rounds = [*step.steps_inside()]
    done: list[tuple[Term, State]] = []
    run.mark(step)
    for number in range(most + 1):
        before = len(run.errors)
        run.execute(rounds)
        if (run.alive is terms.FALSE and len(run.errors) == before) or number == most:
            break
        failed = [error for error in run.errors[before:] if has_trait(error.source, "forwards")]
        for error in failed:
            run.errors.remove(error)
            if error.condition in run.lost:
                run.lost.remove(error.condition)
            state = error.state.copy()
            state.set(error.status, "status")
            state.set(constant_truth(True), "has-response")
            run.state = state if run.alive is terms.FALSE else State.merged(error.condition, state, run.state)
            run.alive = terms.any_of(run.alive, error.condition)
        condition = run.truth(run.attribute(step, "condition"))
        again = terms.all_of(run.alive, condition)
        left = terms.all_of(run.alive, terms.not_(condition))
        _note(run, step, REPEATED, again)
        if not number:
            _note(run, step, NOT_REPEATED, left)
        for error in failed:
            stays = terms.all_of(error.condition, terms.not_(condition))
            if stays is not terms.FALSE:
                run.errors.append(error._replace(condition=stays))
                run.lost.append(stays)
        succeeded = terms.all_of(left, *(terms.not_(error.condition) for error in failed))
        done.append((succeeded, run.state))
        run.alive, run.state = again, run.state.copy()
    for condition, state in done:
        run.state = state if run.alive is terms.FALSE else State.merged(condition, state, run.state)
        run.alive = terms.any_of(run.alive, condition)


REPEATED, NOT_REPEATED = "repeated", "not repeated"
"""The outcomes of a retry."""


def _note(run: Run, step: Step, outcome: str, condition: Term) -> None:
    key = (id(step.element), outcome)
    run.outcomes[key] = terms.any_of(run.outcomes.get(key, terms.FALSE), condition)


def _wait(run: ProposedRun, step: Step) -> None:
    run.attribute(step, "for")
    run.execute([*step.steps_inside()])
    run.mark(step)


def _check_token(run: ProposedRun, step: Step) -> None:
    effects.evaluate_all(run, step)
    providers, unknowns, name = run.unknowns.providers, run.unknowns, run.harness.double_of(step)
    status = constant_number(int(error_of(step)["status"]))
    if providers:
        good = unknowns.truth_of("token", providers[0], "good")
        run.fail(terms.not_(good), status, by_policy=terms.TRUE)
    _fail_as_double(run, step, status, terms.TRUE)
    variable = _literal(step, "output-token-variable-name")
    if variable and (providers or name):
        key = ("token", providers[0]) if providers else ("double", name or "", "variable", variable)
        run.state.set(Opaque((JWT, key), "Jwt", 0), "variable", variable)
    run.mark(step)


def _check_certificate(run: ProposedRun, step: Step) -> None:
    effects.evaluate_all(run, step)
    if run.harness.certificates and not _is_true(step, "ignore-error"):
        shown = run.unknowns.truth_of("there", "certificate")
        run.fail(terms.not_(shown), constant_number(401), by_policy=terms.TRUE)
    _fail_as_double(run, step, constant_number(401), terms.TRUE)
    run.mark(step)


def _look_up_value(run: ProposedRun, step: Step) -> None:
    key = run.attribute(step, "key")
    default = ABSENT if step.element.get("default-value") is None else run.attribute(step, "default-value")
    texts = [leaf for leaf in leaves(key) if isinstance(leaf, Text)]
    name = texts[0].constant if len(texts) == 1 else None
    if name is None:  # a key that depends on the request: the run shows it
        name = unknown_entry(run.harness.double_of(step) or step.place)
    stored = run.state.get("stored", name)
    variable = _literal(step, "variable-name")
    otherwise = run.state.get("variable", variable) if default is ABSENT else default
    found = merge(run.unknowns.truth_of("cache", name, "there"), run.unknowns.tree_of("cache", name), otherwise)
    run.state.set(found if isinstance(stored, Opaque) else stored, "variable", variable)
    run.mark(step)


def unknown_entry(place: str) -> str:
    """Return the name of an entry of the cache whose key only a run shows."""
    return f"?{place}"


def _store_value(run: ProposedRun, step: Step) -> None:
    key, value = run.attribute(step, "key"), run.attribute(step, "value")
    run.attribute(step, "duration")
    if isinstance(key, Text) and key.constant is not None:
        run.state.set(value, "stored", key.constant)
    run.mark(step)


def _wider_scope(run: ProposedRun, step: Step) -> None:
    """Run the policies of wider scopes, which may fail for reasons of their own."""
    run.execute(step.inserted)
    name = run.harness.double_of(step)
    if name is not None and step.section == "inbound" and run.handles_errors:
        failed = run.unknowns.truth_of("double", name, "fails")
        status = run.unknowns.number_of("double", name, "status", least=400, most=599)
        run.fail_by("scope", None, failed, status)


def _skip_preflight(run: ProposedRun, step: Step) -> None:
    effects.evaluate_all(run, step)
    origin = is_there(run.state.get("header", "origin"))
    run.end(terms.all_of(origin, run.unknowns.truth("whether cors answers")), constant_number(200), None)
    run.mark(step)


_DECLARED = frozenset(("set-backend-service", "validate-azure-ad-token"))
TRANSFERS: dict[str, Callable[[ProposedRun, Step], None]] = {
    "forward-request": _forward,
    "send-request": _send,
    "send-one-way-request": _send_one_way,
    "retry": _retry,
    "wait": _wait,
    "validate-jwt": _check_token,
    "validate-azure-ad-token": _check_token,
    "validate-client-certificate": _check_certificate,
    "cache-lookup-value": _look_up_value,
    "cache-store-value": _store_value,
    "cors": _skip_preflight,
    "base": _wider_scope,
}
"""Policies whose transfer differs for proposals."""
