"""What reads the values that a policy gives, where that is all that it does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.engine.own_expressions import own_expressions
from apimpolicy.policies.registry import has_trait
from apimpolicy.symbolic.purity import is_pure, variables_read

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from apimpolicy.engine.steps import Step
    from apimpolicy.text.source import Excerpt


def readers(step: Step, steps: Sequence[Step]) -> list[Step] | None:
    """The steps that read what a step gives, of these; None when it does more than give values, or nobody knows."""
    if step.specification is None or step.specification.holds_policies or not all(map(is_pure, expressions_of(step))):
        return None
    if has_trait(step.name, "logs", "measures") or _is_composed(step):
        return []
    name = step.element.get("name")
    if not has_trait(step.name, "sets-variable") or name is None:
        return None
    return [each for each in steps if _reads(each, name.value.text)]


def expressions_of(step: Step) -> Iterator[Excerpt]:
    """The expressions of a policy or part itself."""
    if step.specification is not None:
        yield from own_expressions(step.element, step.specification)


def _is_composed(step: Step) -> bool:
    """Whether a step makes a part of a request or an answer that a policy around it sends: nothing reads it here."""
    around = step.parent
    while around is not None:
        if has_trait(around.name, "requests", "composes"):
            return True
        around = around.parent
    return False


def _reads(step: Step, name: str) -> bool:
    """Whether a step may read a variable: in an expression, by its name in an attribute, or in a template."""
    attributes = step.element.attributes
    if any(each.name == "template" or (each.value.text == name and each.name != "name") for each in attributes):
        return True
    read = [variables_read(excerpt) for excerpt in expressions_of(step)]
    return any(names is None or name in names for names in read)
