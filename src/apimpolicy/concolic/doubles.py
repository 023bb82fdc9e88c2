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
from apimpolicy.scenarios.doubles import FAILS, PASSES, REFUSALS, error_of, variables_of

if TYPE_CHECKING:
    from apimpolicy.concolic.solver import Term
    from apimpolicy.concolic.tracing import Tracer
    from apimpolicy.engine.exchange import Exchange
    from apimpolicy.engine.steps import Step

PLACE = "double"
"""The place of decisions about doubles."""
_CHOICES = ("", PASSES, FAILS)
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
    return not has_trait(step.name, "terminates") and any(has_trait(step.name, trait) for trait in REFUSALS)


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
