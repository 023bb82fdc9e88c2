"""Test doubles of policies, where a search may use them: for outcomes that no request can cause.

A check that refuses for a reason without a term may pass, and a check that passes may refuse, so that the code that
handles its error is reached. A proof uses no doubles.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.concolic import inputs as patterns
from apimpolicy.concolic import solver
from apimpolicy.concolic.symbolic_json import JWT, TEXT, SymbolicJson
from apimpolicy.concolic.values import ConcolicValue
from apimpolicy.dotnet.values import to_utf16
from apimpolicy.policies.registry import has_trait

if TYPE_CHECKING:
    from apimpolicy.concolic.solver import Term
    from apimpolicy.concolic.tracing import Tracer
    from apimpolicy.engine.exchange import Exchange
    from apimpolicy.engine.steps import Step

PLACE = "double"
"""The place of decisions about doubles."""
PASSES, FAILS = "passes", "fails"
_CHOICES = ("", PASSES, FAILS)
_REFUSALS = {
    "checks-token": ("TokenNotPresent", 401),
    "checks-certificate": ("ClientCertificateNotFound", 401),
    "limits-calls": ("RateLimitExceeded", 429),
    "limits": ("QuotaExceeded", 403),
    "refuses": ("Forbidden", 403),
}
"""The default reason and status of a check that refuses."""
_SOURCES = {"limits-calls": "rate-limit", "limits": "quota", "checks-certificate": "validate-client-certificate"}
"""The policies that such an error of a wider scope comes from; from validate-jwt without one here."""
_KINDS = {"Jwt": JWT, "string": TEXT}


def _kind(tracer: Tracer, name: str) -> Term:
    return tracer.inputs.one_of("double", name, choices=_CHOICES)


def _chosen(tracer: Tracer, step: Step) -> tuple[str, str] | None:
    name = tracer.harness.double_of(step)
    if name is None:
        return None
    return name, tracer.path.assignment.get(("double", name), "")


def may_fail(tracer: Tracer, step: Step) -> bool:
    """Return whether to try making a passed policy refuse: a check, or a wider scope, with an on-error."""
    if not tracer.harness.handles_errors or tracer.harness.double_of(step) is None:
        return False
    if step.inserted or step.name == "base":
        return step.section == "inbound" and step.scope != "global" and step.name == "base"
    return not has_trait(step.name, "terminates") and any(has_trait(step.name, trait) for trait in _REFUSALS)


def branch_on_failing_double(tracer: Tracer, step: Step) -> None:
    """Branch on the double of a policy that passed: it may fail instead."""
    name = tracer.harness.double_of(step)
    assert name is not None
    tracer.path.add_branch(solver.equal(_kind(tracer, name), solver.constant(FAILS)), False, PLACE)


LAST_RESORT = "last resort"
"""The place of branches that are negated last."""


def branch_on_passing_double(tracer: Tracer, step: Step, *, is_understood: bool = False) -> None:
    """Branch on the double of a policy that failed: it may pass instead."""
    name = tracer.harness.double_of(step)
    if name is not None:
        place = LAST_RESORT if is_understood else PLACE
        tracer.path.add_branch(solver.equal(_kind(tracer, name), solver.constant(PASSES)), False, place)


def has_failed(tracer: Tracer, step: Step) -> bool:
    """Return whether a double failed; the parts of its error are inputs then."""
    chosen = _chosen(tracer, step)
    if chosen is None or chosen[1] != FAILS:
        return False
    name = chosen[0]
    tracer.path.add_branch(solver.equal(_kind(tracer, name), solver.constant(FAILS)), True, PLACE)
    inputs, said = tracer.inputs, error_of(step)
    status = inputs.int_var("double", name, "status", default=said.pop("status"), least=400, most=599)
    tracer.state.error_status = ConcolicValue(term=status)
    tracer.state.last_error = {
        part: ConcolicValue(
            term=inputs.string_var("double", name, part, default=default, pattern=patterns.NAME if default else None)
        )
        for part, default in said.items()
    }
    return True


def error_of(step: Step, reason: str | None = None) -> dict[str, Any]:
    """Return the default error of a double; with a reason, what belongs to that reason."""
    of_step = next((trait for trait in _REFUSALS if has_trait(step.name, trait)), "checks-token")
    trait = next((trait for trait, (known, _) in _REFUSALS.items() if known == reason), of_step)
    known, status = _REFUSALS[trait]
    source = {"source": _SOURCES.get(trait, "validate-jwt")} if step.inserted or step.name == "base" else {}
    return {"reason": reason or known, "message": "", "status": status, **source}


def apply_passing_double(tracer: Tracer, exchange: Exchange, step: Step) -> None:
    """Make the variables of a policy inputs after its double passed."""
    chosen = _chosen(tracer, step)
    if chosen is None:
        return
    name = chosen[0]
    tracer.path.add_branch(solver.equal(_kind(tracer, name), solver.constant(PASSES)), True, PLACE)
    for variable, kind in variables_of(step):
        key = ("double", name, "variable", variable)
        there = tracer.inputs.bool_var(*key, "there")
        has_it = bool(tracer.path.assignment.get((*key, "there")))
        tracer.path.add_branch(there, has_it, PLACE)
        if has_it:
            value: Any = exchange.variables.get(variable)
            tree = SymbolicJson(tracer.inputs, key, is_token=False, default=_KINDS.get(kind, TEXT))
            tracer.state.variables[to_utf16(variable)] = ConcolicValue(value, form=tree)


def variables_of(step: Step) -> list[tuple[str, str]]:
    """Return the variables that a policy sets, with their types."""
    found: list[tuple[str, str]] = []
    for slot in step.specification.attributes if step.specification is not None else ():
        attribute = step.element.get(slot.name)
        if slot.sets is not None and attribute is not None and attribute.value.text:
            found.append((attribute.value.text, slot.sets))
    return found
