"""Doubles of policies in a scenario: the error of one that fails, and the variables of one that passes.

A check that refuses for a reason that no request shows may pass, and one that passes may refuse, so that the code that
handles its error is reached. A proof uses no doubles.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.policies.registry import has_trait

if TYPE_CHECKING:
    from apimpolicy.engine.steps import Step

PASSES, FAILS = "passes", "fails"
REFUSALS = {
    "checks-token": ("TokenNotPresent", 401),
    "checks-certificate": ("ClientCertificateNotFound", 401),
    "limits-calls": ("RateLimitExceeded", 429),
    "limits": ("QuotaExceeded", 403),
    "refuses": ("Forbidden", 403),
}
"""The default reason and status of a check that refuses."""
_SOURCES = {"limits-calls": "rate-limit", "limits": "quota", "checks-certificate": "validate-client-certificate"}
"""The policies that such an error of a wider scope comes from; from validate-jwt without one here."""


def error_of(step: Step, reason: str | None = None) -> dict[str, Any]:
    """Return the default error of a double; with a reason, what belongs to that reason."""
    of_step = next((trait for trait in REFUSALS if has_trait(step.name, trait)), "checks-token")
    trait = next((trait for trait, (known, _) in REFUSALS.items() if known == reason), of_step)
    known, status = REFUSALS[trait]
    source = {"source": _SOURCES.get(trait, "validate-jwt")} if step.inserted or step.name == "base" else {}
    return {"reason": reason or known, "message": "", "status": status, **source}


def variables_of(step: Step) -> list[tuple[str, str]]:
    """Return the variables that a policy sets, with their types."""
    found: list[tuple[str, str]] = []
    for slot in step.specification.attributes if step.specification is not None else ():
        attribute = step.element.get(slot.name)
        if slot.sets is not None and attribute is not None and attribute.value.text:
            found.append((attribute.value.text, slot.sets))
    return found
