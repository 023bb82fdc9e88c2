"""Facts that members declare: which are pure, and whose results are never null.

A pure member changes nothing, and returns the same for the same arguments while nothing else changes them; it may
throw. A member that declares nothing may change its arguments and everything reachable from them. Members are named
one by one, or by their signature where overloads differ: there are no patterns of names.
"""

from __future__ import annotations

import functools
from importlib import resources
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from apimpolicy.dotnet.signatures import Member

EVERY = "*"


@functools.cache
def declared() -> dict[str, dict[str, frozenset[str]]]:
    """Return the declared facts: by fact, by type, the names and signatures of members."""
    found: dict[str, dict[str, frozenset[str]]] = {}
    fact = ""
    text = resources.files("apimpolicy.semantics").joinpath("facts.txt").read_text("utf-8")
    for line in text.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        if not line.startswith(" "):
            fact = line.strip()
            found[fact] = {}
            continue
        type_, _, members = line.strip().partition(":")
        members = members.strip()
        names = members.split(" | ") if "(" in members else members.split()
        found[fact][type_] = found[fact].get(type_, frozenset()) | frozenset(names)
    return found


def has(fact: str, member: Member) -> bool:
    """Return whether a member declares a fact."""
    names = declared()[fact].get(member.declaring.name, frozenset())
    return EVERY in names or member.name in names or member.signature in names


def is_pure(member: Member) -> bool:
    """Return whether a member declares that it changes nothing and depends on its arguments alone."""
    return has("pure", member)


def is_immutable(type_: str) -> bool:
    """Return whether the values of a type never change."""
    return type_ in declared()["immutable"] or type_.rstrip("?") in declared()["immutable"]
