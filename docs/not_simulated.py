"""The page `not-simulated`: members that policies can use and that fail by name when they run."""

from __future__ import annotations

from apimpolicy.csharp.dotnet.metadata import TypeDefinition, all_definitions
from apimpolicy.csharp.dotnet.registry import find_implementation, reason_against
from apimpolicy.csharp.dotnet.signatures import Field, Member

INTRODUCTION = """\
# What is not simulated

These members of .NET types are allowed in policy expressions, but not implemented here. `check` accepts them; when one
runs, it fails by name. {implemented} of {total} allowed members are implemented.
"""


def is_allowed(definition: TypeDefinition, member: Member) -> bool:
    """Return whether the gateway's documentation allows the member in an expression."""
    use, _, names = definition.use.partition(" ")
    if definition.use in ("all", "context"):
        return True
    listed = [name.strip() for name in names.removeprefix("except ").split(",")]
    own = "constructor" if member.name == "new" else member.name
    if use == "only":
        return own in listed
    return use == "all" and own not in listed and f"{own}()" not in listed


def is_implemented(definition: TypeDefinition, member: Member) -> bool:
    if isinstance(member, Field) and member.is_constant:
        return True
    if definition.kind == "delegate" or definition.name == "System.Nullable" or definition.is_tuple:
        return True  # these are the emitter's own business
    return find_implementation(definition, member.signature) is not None


def page() -> str:
    total = implemented = 0
    missing: list[str] = []
    for definition in sorted(all_definitions(), key=lambda d: (d.name, d.arity)):
        if definition.use == "not allowed":
            continue
        members = [member for member in definition.all_members() if is_allowed(definition, member)]
        absent = [member for member in members if not is_implemented(definition, member)]
        total += len(members)
        implemented += len(members) - len(absent)
        if absent:
            missing.append(f"\n## {definition.open_type}\n")
            for member in absent:
                reason = reason_against(definition, member.signature)
                missing.append(f"- `{member.signature}`" + (f": {reason}" if reason else ""))
    return INTRODUCTION.format(implemented=implemented, total=total) + "\n".join(missing) + "\n"
