"""Find the policies that read the values of a policy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.concolic.purity import is_pure, variables_read
from apimpolicy.engine.own_expressions import own_expressions
from apimpolicy.policies.registry import has_trait

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from apimpolicy.engine.steps import Step
    from apimpolicy.text.source import Excerpt


def readers(step: Step, steps: Sequence[Step]) -> list[Step] | None:
    """Return those steps that read the results of a step; None when it has other effects, or they are unknown."""
    if step.specification is None or step.specification.holds_policies or not all(map(is_pure, expressions_of(step))):
        return None
    if has_trait(step.name, "logs", "emits-metrics") or _is_composed(step):
        return []
    if has_trait(step.name, "chooses-backend"):
        return None if any(_asks_for_backend(each) for each in steps) else []
    names = _variables_set(step)
    return None if names is None else [each for each in steps if any(_reads(each, name) for name in names)]


def only_refuses(step: Step) -> bool:
    """Return whether a policy either passes a request or ends it with an error, and changes nothing else."""
    return has_trait(step.name, "refuses", "limits") and not has_trait(
        step.name, "terminates", "responds", "runs-policies"
    )


def _variables_set(step: Step) -> list[str] | None:
    """Return the variables that a policy sets; None when it has other effects."""
    if has_trait(step.name, "sets-variable"):
        name = step.element.get("name")
        return None if name is None else [name.value.text]
    if not (only_refuses(step) or has_trait(step.name, "reads-cache")) or _sets_header(step):
        return None
    assert step.specification is not None
    slots = {slot.name for slot in step.specification.attributes if slot.sets is not None}
    return [
        each.value.text for each in step.element.attributes if each.name in slots or each.name.endswith("variable-name")
    ]


def _asks_for_backend(step: Step) -> bool:
    """Return whether an expression of a policy reads the backend's URL."""
    return any("Backend" in excerpt.text or "ServiceUrl" in excerpt.text for excerpt in expressions_of(step))


def _sets_header(step: Step) -> bool:
    """Return whether a policy that counts calls writes its counters to a header."""
    return not has_trait(step.name, "checks-token", "checks-header") and any(
        each.name.endswith("header-name") for each in step.element.attributes
    )


def expressions_of(step: Step) -> Iterator[Excerpt]:
    """Yield the expressions of a policy or a part of one, without those of policies inside."""
    if step.specification is not None:
        yield from own_expressions(step.element, step.specification)


def _is_composed(step: Step) -> bool:
    """Return whether a step composes a request or response of the policy around it, which no expression reads."""
    around = step.parent
    while around is not None:
        if has_trait(around.name, "requests", "composes"):
            return True
        around = around.parent
    return False


def _reads(step: Step, name: str) -> bool:
    """Return whether a step may read a variable: in an expression, by name in an attribute, or in a template."""
    attributes = step.element.attributes
    if any(each.name == "template" or (each.value.text == name and each.name != "name") for each in attributes):
        return True
    read = [variables_read(excerpt) for excerpt in expressions_of(step)]
    return any(names is None or name in names for names in read)
