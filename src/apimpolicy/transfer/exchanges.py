"""Policies that send requests or respond: to the backend, to others, to the caller.

A constant URL of `set-backend-service` can't fail; any other may.
"""

from __future__ import annotations

import re

from apimpolicy.context.records import usual_reason
from apimpolicy.engine.steps import Step
from apimpolicy.policies.registry import is_known
from apimpolicy.semantics.state import ANSWER, EMPTY
from apimpolicy.semantics.unknowns import Unsupported
from apimpolicy.semantics.values import (
    NULL,
    Function,
    Host,
    Number,
    Text,
    Value,
    constant_number,
    constant_text,
    constant_truth,
    leaves,
    merge,
    where,
)
from apimpolicy.terms import term as terms
from apimpolicy.transfer import effects
from apimpolicy.transfer.effects import evaluate_all
from apimpolicy.transfer.flow import End, OwnRequest, Sent
from apimpolicy.transfer.run import Run


def transfer_forward_request(run: Run, step: Step) -> None:
    evaluate_all(run, step)
    run.answered(step)
    unknowns = run.unknowns
    unknowns.place = step.where
    run.fail_at_service("the address of the backend", by_backend=terms.TRUE)
    run.sent.append(Sent(run.alive, run.state.copy()))
    if step.element.get("follow-redirects") is not None:
        run.sent.append(Sent(terms.all_of(run.alive, unknowns.truth("a redirect from the backend")), None))
    run.state.set(constant_truth(True), "reached")
    run.fail(unknowns.chance("the backend's failure"), by_backend=terms.TRUE)
    status = run.inputs.status(run.next_generation())
    run.state.set(status, "status")
    run.state.set(constant_truth(True), "has-response")
    run.forget(*ANSWER)
    fails = run.literal(step.element, "fail-on-error-status-code")
    if fails is None or fails.strip().lower() not in ("", "false"):
        assert isinstance(status, Number)
        least, most = terms.number(400), terms.number(599)
        is_error = terms.all_of(terms.at_most(least, status.term), terms.at_most(status.term, most))
        if fails is None:
            is_error = terms.all_of(is_error, unknowns.truth("the attribute fail-on-error-status-code"))
        run.fail(is_error, status, by_backend=terms.TRUE, keeps_headers=True)
    run.mark(step)


def transfer_send_request(run: Run, step: Step) -> None:
    sent = evaluate_all(run, step)
    ignores = _ignores_errors(run, step)
    sent += compose(run, step, ignores=ignores)
    answered(run, step, sent)
    what = f"whether {step.name} fails"
    run.unknowns.place = step.where
    failed = run.unknowns.chance(what)
    if not ignores:
        run.fail(failed)
    variable = run.literal(step.element, "response-variable-name")
    if variable is None:
        run.forget("variable")
    elif variable:
        answer = run.unknowns.value("IResponse", "the response of another service", null=False)
        run.state.set(merge(failed, NULL, answer) if ignores else answer, "variable", variable)
    run.mark(step)


def _ignores_errors(run: Run, step: Step) -> bool:
    """Return whether errors leave the variable null."""
    given = run.literal(step.element, "ignore-error")
    if given is None:
        raise Unsupported("the attribute ignore-error, which isn't known")
    return given.strip().lower() == "true"


def answered(run: Run, step: Step, sent: list[Value]) -> None:
    """Set what the response depends on: the values that are sent, and the message that they are made of or show."""
    mode = step.element.get("mode")
    is_copy = mode is None or mode.value.text.strip().lower() != "new"
    has_template = any(element.get("template") is not None for element in step.element.descendants())
    shows_state = any(isinstance(leaf, (Host, Function)) for value in sent for leaf in leaves(value))
    depends = run.state.signature() if run.canonical and (is_copy or has_template or shows_state) else None
    if run.canonical is not None:
        state = run.state.copy() if is_copy or has_template or shows_state else None
        run.own_requests.append(OwnRequest(run.alive, run.canonical(step.element), tuple(sent), state))
    run.answered(step, depends, *(value.key for value in sent))


def compose(run: Run, step: Step, *, ignores: bool) -> list[Value]:
    """Evaluate the policies inside, which work on the request that is sent; they change nothing else."""
    sent: list[Value] = []
    alive, errors, lost = run.alive, len(run.errors), len(run.lost)
    for inner in step.steps_inside():
        run.reach(inner)
        if is_known(inner.name):
            run.source = inner.name
        sent += evaluate_all(run, inner)
        run.fail(run.unknowns.truth(f"whether {inner.name} fails"))
        run.mark(inner)
        run.source = step.name
    if ignores:
        del run.errors[errors:]
        del run.lost[lost:]
        run.alive = alive
    return sent


def transfer_send_one_way_request(run: Run, step: Step) -> None:
    sent = evaluate_all(run, step)
    answered(run, step, sent + compose(run, step, ignores=False))
    run.fail(run.unknowns.chance(f"whether {step.name} fails"))
    run.mark(step)


_URL = re.compile(r"https?://[A-Za-z0-9.-]+(?::[0-9]{1,4})?(?:/[A-Za-z0-9/._~-]*)?")


def transfer_set_backend_service(run: Run, step: Step) -> None:
    known = run.state.get("backend")
    base_url = step.element.get("base-url")
    specification = step.specification
    if base_url is None or specification is None or specification.effects is None or len(step.element.attributes) > 1:
        effects.transfer_declared(run, step)
        return
    literal = run.literal(step.element, "base-url") or ""
    url = next(iter(effects.evaluate_all(run, step)), constant_text(literal))
    is_known = where(
        url, lambda leaf: terms.truth(isinstance(leaf, Text) and bool(_URL.fullmatch(leaf.constant or "")))
    )
    may_stay = not run.state.is_first("backend") and not all(isinstance(leaf, Text) for leaf in leaves(known))
    if is_known is terms.TRUE:
        run.mark(step)
    else:
        effects.take_effect(run, step, specification.effects)
        url = merge(is_known, url, run.state.get("backend"))
    if may_stay:
        url = merge(run.unknowns.truth("whether a backend of a wider scope stays"), known, url)
    run.state.set(url, "backend")


def transfer_mock_response(run: Run, step: Step) -> None:
    status = run.status(run.attribute(step, "status-code", constant_text("200")))
    run.mark(step)
    run.end(terms.TRUE, status, None)


def transfer_return_response(run: Run, step: Step) -> None:
    run.mark(step)
    variable = step.element.get("response-variable-name")
    status: Value = constant_number(200)
    if variable is not None:
        run.fail(run.unknowns.truth("whether a variable has a response"), by_policy=terms.TRUE)
        status = run.inputs.status(run.next_generation())
    section, before = run.section, run.state
    run.section, run.state = "outbound", run.state.copy()
    run.state.set(status, "status")
    if variable is None:
        run.state.forget("response-header", EMPTY)
        run.state.forget("response-body", EMPTY)
        run.state.set(constant_text(usual_reason(200)), "reason")
    else:
        run.forget(*ANSWER)
    for inner in step.steps_inside():
        run.execute([inner])
    run.section = section
    if (gone := run.lose(terms.TRUE)) is not terms.FALSE:
        run.ends.append(End(gone, run.state, run.state.get("status"), by_policy=terms.TRUE))
    run.state = before
