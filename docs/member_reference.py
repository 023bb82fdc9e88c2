"""The pages `reference/members`: the types of the gateway's list, their members and their state."""

from __future__ import annotations

import re
from collections import defaultdict

from docs.not_simulated import is_allowed, is_implemented  # type: ignore[import-not-found]

from apimpolicy.csharp.dotnet.metadata import TypeDefinition, all_definitions
from apimpolicy.csharp.dotnet.registry import reason_against
from apimpolicy.csharp.dotnet.signatures import Field, Member

CONTEXT = "context"
"""The page of the types without a namespace: those of the `context` object."""

INDEX = """\
# Members of .NET in policy expressions

The types that the gateway's documentation allows in expressions, by namespace. *Simulated* counts the allowed members
that run here. The compiler knows the others too; they fail by name when they run, and the type's page has the reason.
Types that are not on the list are refused (APIM0001), except delegates and tuples.

| type | allowed | simulated |
| --- | --- | --- |
"""

PAGE = """\
# {title}

Members are allowed by the gateway and simulated unless noted. Overloads follow their member. Names of types have no
namespace.
"""

_NAMESPACE = re.compile(r"\b(?:System|Newtonsoft|Microsoft)(?:\.[A-Z]\w*)*\.(?=[A-Z])")
_CALL = re.compile(r"^(?P<head>[^(]*?)(?P<arguments>\(.*\))$")


def short(signature: str) -> str:
    return _NAMESPACE.sub("", signature).rstrip(";")


def state(definition: TypeDefinition, member: Member) -> str:
    """Return the note about a member; empty if it is allowed and simulated."""
    said = [] if is_allowed(definition, member) else ["not allowed"]
    if not is_implemented(definition, member):
        reason = reason_against(definition, member.signature)
        said.append("not simulated" + (f": {reason}" if reason else ""))
    return "; ".join(said)


def overloads(definition: TypeDefinition) -> list[str]:
    """Return a line for each member name and state: the first signature, then the parameters of its overloads."""
    groups: dict[tuple[str, str], list[str]] = defaultdict(list)
    for member in definition.all_members():
        groups[member.name, state(definition, member)].append(short(member.signature))
    return [f"- {collapsed(signatures)}" + (f" — {said}" if said else "") for (_, said), signatures in groups.items()]


def collapsed(signatures: list[str]) -> str:
    """`a F(x)` and `a F(y)` as `a F(x)`, `(y)`."""
    shown: list[str] = []
    before = ""
    for signature in signatures:
        match = _CALL.match(signature)
        head = match["head"] if match else signature
        shown.append(f"`{match['arguments']}`" if match and head == before else f"`{signature}`")
        before = head
    return ", ".join(shown)


def allowed_in_words(definition: TypeDefinition) -> str:
    return (
        "all members"
        if definition.use in ("all", "context")
        else definition.use.replace("all except", "all except for")
    )


def section(definition: TypeDefinition) -> str:
    lines = [f"\n## {short(str(definition.open_type))}\n"]
    if definition.kind == "enum":
        values = ", ".join(f"`{name}` = {value}" for name, value in definition.enum_values.items())
        return "\n".join([*lines, f"An enumeration: {values}.", ""])
    if definition.kind == "delegate":
        return "\n".join([*lines, "A delegate.", ""])
    return "\n".join([*lines, f"Allowed: {allowed_in_words(definition)}.", "", *overloads(definition), ""])


def counted(definition: TypeDefinition) -> tuple[int, int]:
    """Allowed members, and how many of them are simulated."""
    allowed = [
        member
        for member in definition.all_members()
        if is_allowed(definition, member) and not (isinstance(member, Field) and definition.kind == "enum")
    ]
    return len(allowed), sum(is_implemented(definition, member) for member in allowed)


def listed() -> dict[str, list[TypeDefinition]]:
    """The allowed types by namespace."""
    found: dict[str, list[TypeDefinition]] = defaultdict(list)
    for definition in sorted(all_definitions(), key=lambda d: (d.name.lower(), d.arity)):
        if definition.use != "not allowed":
            found[definition.namespace or (CONTEXT if definition.use == "context" else "System")].append(definition)
    return dict(sorted(found.items()))


def pages() -> dict[str, str]:
    """Every page by its path below `reference`."""
    made: dict[str, str] = {}
    index = [INDEX.rstrip("\n")]
    for namespace, definitions in listed().items():
        title = "The context object" if namespace == CONTEXT else namespace
        body = "".join(map(section, definitions))
        made[f"members/{namespace}.md"] = PAGE.format(title=title) + body
        index.append(f"| **[{title}](members/{namespace}.md)** | | |")
        for definition in definitions:
            allowed, simulated = counted(definition)
            of_all = "all" if simulated == allowed else f"{simulated} of {allowed}"
            words = allowed_in_words(definition) if definition.kind not in ("enum", "delegate") else definition.kind
            index.append(f"| {short(str(definition.open_type)).replace('|', ' ')} | {words} | {of_all} |")
    made["members.md"] = "\n".join(index) + "\n"
    return made
