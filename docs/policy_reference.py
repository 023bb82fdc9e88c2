"""The pages `reference/policies`: every policy, where it is allowed, and which parts are simulated."""

from __future__ import annotations

from apimpolicy.gateway.policies.placement import GATEWAYS, SCOPES
from apimpolicy.gateway.policies.registry import fidelity_of, names, placement_of, specification_of, why_not_simulated
from apimpolicy.gateway.policies.spec import SECTIONS, AttributeSlot, ChildrenSlot, Specification

INDEX = """\
# Policies

All known policy names. *Simulated* lists what a run leaves out or does differently; "not simulated" marks names that no
documentation describes: `check` knows them, and a run that reaches one fails by name. *Ours* marks pages with choices
that Azure's documentation doesn't make. Sections, scopes and gateways are the documented ones. The policies follow the
documentation until August 2026, release notes until June 2026, and observations of real gateways until October 2026.

| policy | sections | scopes | gateways | simulated | ours |
| --- | --- | --- | --- | --- | --- |
"""


def sections_of(specification: Specification) -> str:
    found = [section for section in SECTIONS if section in specification.sections]
    return "all" if len(found) == len(SECTIONS) else ", ".join(found) or "resolver"


def without(all_of: tuple[str, ...], left_out: tuple[str, ...]) -> str:
    """Return the remaining names, in the shorter form."""
    if not left_out:
        return "all"
    remaining = [name for name in all_of if name not in left_out]
    return f"all but {', '.join(left_out)}" if len(left_out) < len(remaining) else ", ".join(remaining)


def shown(default: object) -> str:
    if isinstance(default, float):
        return f"{default:g}"
    return str(default).lower() if isinstance(default, bool) else str(default) or '""'


def attribute_row(slot: AttributeSlot) -> str:
    if slot.values:
        values = ", ".join(f"`{value}`" for value in slot.values)
    else:
        values = {"boolean": "true or false", "integer": "whole number", "number": "number"}.get(
            getattr(slot.convert, "__name__", ""), "text"
        )
    default = "" if slot.default is None else f"`{shown(slot.default)}`"
    needed = "yes" if slot.required else ""
    return f"| `{slot.name}` | {values} | {needed} | {default} | {'yes' if slot.expression else ''} |"


def attribute_table(specification: Specification) -> list[str]:
    if not specification.attributes:
        return []
    head = ["| attribute | value | required | default | expression |", "| --- | --- | --- | --- | --- |"]
    return [*head, *map(attribute_row, specification.attributes), ""]


def child_rows(specification: Specification) -> list[str]:
    """What may stand inside of an element, a line each."""
    rows = []
    if specification.takes_text:
        rows.append("- a text or an expression" + (", elements included" if specification.takes_markup else ""))
    for texts in specification.contents:
        if texts.child is not None:
            rows.append(f"- `<{texts.child}>`, {'one' if texts.required else 'none'} or more: a text or an expression")
    for slot in specification.children:
        if slot.part is not None:
            rows.append(f"- `<{slot.name}>`, {how_many(slot)}")
        else:
            rows.append("- policies" + (": " if slot.known else "") + ", ".join(f"`{name}`" for name in slot.known))
    return rows


def how_many(slot: ChildrenSlot) -> str:
    if slot.single:
        return "one" if slot.required else "at most one"
    return f"{'one' if slot.required else 'none'} {'or more' if slot.most is None else f'to {slot.most}'}"


def elements(specification: Specification, parents: tuple[str, ...] = ()) -> list[str]:
    """The attributes and children of an element, then those of the elements in it that are no policies."""
    name = specification.name
    lines = [f"### `<{name}>` in `<{parents[-1]}>`" if parents else f"## `<{name}>`", ""]
    table, rows = attribute_table(specification), child_rows(specification)
    lines += [*table, *(["Children:", "", *rows, ""] if rows else [])]
    if not table and not rows:
        lines += ["Neither attributes nor children.", ""]
    for slot in specification.children:
        part = None if slot.name is None else specification.part(slot.name)
        if part is not None and part.name not in parents:
            lines += elements(part, (*parents, name))
    return lines


def page(name: str, specification: Specification) -> str:
    placement = placement_of(name)
    title, _, rest = specification.documentation.partition("\n")
    summary = title.removeprefix(f"{name}: ")
    facts = [
        f"- Sections: {sections_of(specification)}",
        f"- Scopes: {without(SCOPES, placement.not_at)}",
        f"- Gateways: {without(GATEWAYS, placement.not_on)}",
        *([f"- Tiers: {', '.join(placement.tiers)}"] if placement.tiers else []),
        *([f"- At most once in a {placement.once}"] if placement.once else []),
        f"- Simulated: {fidelity_of(name)}",
    ]
    head = [f"# {name}", "", summary[:1].upper() + summary[1:], "", *facts, ""]
    text, source, address = rest.strip("\n").rpartition("\n\nSource: ")
    parts = [*head, text if source else address, "", *elements(specification)]
    return "\n".join([*parts, *([f"Source: <{address}>", ""] if source else [])])


def row(name: str) -> str:
    specification = specification_of(name)
    if specification is None:
        reason = why_not_simulated(name)
        return f"| {name} | | | | not simulated{f', {reason}' if reason else ''} | |"
    placement = placement_of(name)
    cells = (
        f"[{name}](policies/{name}.md)",
        sections_of(specification),
        without(SCOPES, placement.not_at),
        without(GATEWAYS, placement.not_on),
        fidelity_of(name),
        "yes" if "our choice" in specification.documentation.lower() else "",
    )
    return f"| {' | '.join(cells)} |"


def pages() -> dict[str, str]:
    """Every page by its path below `reference`."""
    made = {"policies.md": INDEX + "\n".join(map(row, names())) + "\n"}
    for name in names():
        specification = specification_of(name)
        if specification is not None:
            made[f"policies/{name}.md"] = page(name, specification)
    return made
