"""Every policy name that the gateway knows, and the module that runs it; modules are imported when they are first used.

A policy needs nothing but a module with a class marked `@policy("name", …)`: `apimpolicy.declarations` finds it.
"""

from __future__ import annotations

from functools import cache, lru_cache
from typing import TYPE_CHECKING

from apimpolicy.declarations import declared
from apimpolicy.gateway.policies.placement import EVERYWHERE, Placement

if TYPE_CHECKING:
    from apimpolicy.gateway.policies.spec import AttributeSlot, Specification

_EDITOR = "the schema of the editor extension for Visual Studio Code"

# Names that no documentation describes, and who knows them: `check` warns, and running them fails by name.
RETIRED: dict[str, str] = {
    "set-graphql-resolver": "GraphQL resolvers are resources of the API now, each with a policy document of its own."
}
"""Policies that Microsoft has retired, and what replaces them: `check` warns, and running them fails by name."""

UNDOCUMENTED: dict[str, str] = {
    "authentication-oauth2": "another emulator's list of names",
    "authentication-token": _EDITOR,
    "authentication-token-store": _EDITOR,
    "block": _EDITOR,
    "graphql-data-source": _EDITOR,
    "run-wasm-module": "a preview of October 2026",
    "set-request-metric-dimension-value": _EDITOR,
}


@cache
def names() -> tuple[str, ...]:
    """Return every known name, in order; those that are not simulated too."""
    return tuple(sorted({*declared()["policies"], *UNDOCUMENTED, *RETIRED}))


@cache
def names_with(*traits: str) -> frozenset[str]:
    """Return the simulated policies with one of these traits (`gateway.policies.traits.TRAITS`, and `once`)."""
    wanted = frozenset(traits)
    return frozenset(name for name, said in declared()["policies"].items() if not wanted.isdisjoint(said["traits"]))


def traits_of(name: str) -> tuple[str, ...]:
    """Return the traits of a policy; none, if it is not simulated."""
    said = declared()["policies"].get(name)
    return () if said is None else said["traits"]


def why_not_simulated(name: str) -> str:
    """Return why a known name isn't simulated, as a clause that can follow its name; empty for other names."""
    if (replacement := RETIRED.get(name)) is not None:
        return f"retired: {replacement}"
    source = UNDOCUMENTED.get(name)
    return f"undocumented: it occurs only in {source}." if source is not None else ""


def attribute_of(name: str, attribute: str) -> AttributeSlot | None:
    """Return the declaration of a policy's attribute; None where the policy is not simulated or does not have it."""
    specification = specification_of(name)
    slots = () if specification is None else specification.attributes
    return next((slot for slot in slots if slot.name == attribute), None)


def is_unnamed_output(name: str, attribute: str) -> bool:
    """Return whether an attribute may be an output variable of a policy whose names no source states."""
    return attribute.endswith("-variable-name") and has_trait(name, "undocumented-outputs")


def is_known(name: str) -> bool:
    return name in declared()["policies"] or name in UNDOCUMENTED or name in RETIRED


def has_trait(name: str, *traits: str) -> bool:
    return name in names_with(*traits)


@lru_cache(1024)  # names in documents are arbitrary
def specification_of(name: str) -> Specification | None:
    """Return the specification of a simulated policy; None when it is not simulated, or not known at all."""
    said = declared()["policies"].get(name)
    if said is None:
        return None
    from importlib import import_module

    from apimpolicy.gateway.policies.spec import Specification

    module = import_module(f"apimpolicy.gateway.policies.{said['module']}")
    for value in vars(module).values():
        found = getattr(value, "specification", None)
        if isinstance(found, Specification) and found.name == name:
            return found
    raise LookupError(f"apimpolicy.gateway.policies.{said['module']} defines no policy {name!r}")


def placement_of(name: str) -> Placement:
    """Return where a policy is allowed: everywhere, if it is not simulated."""
    specification = specification_of(name)
    return EVERYWHERE if specification is None else specification.placement


def fidelity_of(name: str) -> str:
    """Return the simulated extent of a policy, or of the policy that a second name is for. Raises LookupError.

    >>> fidelity_of("choose"), fidelity_of("rate-limit-by-key")
    ('full', 'full, except `flexible-retry-window`, which has no effect')
    """
    specification = specification_of(name)
    if specification is None:
        raise LookupError(name)
    return fidelity_of(specification.same_as) if specification.same_as else specification.fidelity


@lru_cache(256)
def did_you_mean(written: str, known: tuple[str, ...]) -> str:
    """Return the known name that is most like the written one, as a question; empty when none is."""
    from difflib import get_close_matches

    names = {name.lower(): name for name in known}
    near = get_close_matches(written.lower()[:64], names, 1, 0.7)
    return f"did you mean '{names[near[0]]}'?" if near else ""
