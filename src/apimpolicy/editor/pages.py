"""The pages of policies, attributes and codes, as Markdown for a hover or a list."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from apimpolicy.policies import conversions
from apimpolicy.policies.registry import specification_of, why_not_simulated

if TYPE_CHECKING:
    from apimpolicy.policies.spec import AttributeSlot, Specification

_EXAMPLE = re.compile(r"```xml\n(.*?)```", re.DOTALL)
_ABOUT_PYTHON = re.compile(r"^Simulated|`Gateway\(|`gateway\.|`result\.")
_KINDS: dict[object, str] = {
    conversions.boolean: "true or false",
    conversions.integer: "a whole number",
    conversions.number: "a number",
}


@lru_cache(256)
def policy_page(name: str) -> str:
    """Return the page of a policy; empty for an unknown name."""
    specification = specification_of(name)
    if specification is None:
        reason = why_not_simulated(name)
        return f"**{name}**\n\nNot simulated, {reason}" if reason else ""
    return f"{specification.documentation}\n\nSections: {', '.join(sorted(specification.sections))}."


def page_for_editors(name: str) -> str:
    """Return the page of a policy without the paragraphs about the simulator, which the site has."""
    return "\n\n".join(part for part in policy_page(name).split("\n\n") if not _ABOUT_PYTHON.search(part))


@lru_cache(256)
def summary(name: str) -> str:
    """Return the summary of a policy: the text after its name."""
    page = policy_page(name).partition("\n")[0]
    return page.partition(": ")[2] or page


def attribute_page(specification: Specification, slot: AttributeSlot) -> str:
    """Return an attribute's page."""
    said = [f"**{slot.name}** of `{specification.name}`: {kind_of(slot)}"]
    said.append(
        "Required." if slot.required else f"Default: `{_shown(slot.default)}`." if slot.default is not None else ""
    )
    said.append("May be an expression." if slot.expression else "The gateway evaluates no expression in it.")
    if slot.sets:
        said.append(f"Names a variable, which becomes a `{slot.sets}`.")
    return "\n\n".join(part for part in said if part)


def kind_of(slot: AttributeSlot) -> str:
    """Return the values of an attribute in words."""
    if slot.values:
        return "one of " + ", ".join(f"`{value}`" for value in slot.values)
    return _KINDS.get(slot.convert, "a text")


def _shown(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
