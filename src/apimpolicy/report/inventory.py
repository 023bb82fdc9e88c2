"""The inventory of a service, as `audit --inventory` shows it: text, plain data, and cards of the HTML page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from apimpolicy.report.columns import PLAIN, Style, counted, printable
from apimpolicy.report.markup import text as markup
from apimpolicy.report.terminal import path_from_here

_MOST_SHOWN = 10
_LONGEST = 80


class InventoryItem(NamedTuple):
    """A resource or a policy: its name in words, and its place."""

    name: str
    file: str
    line: int = 1

    @property
    def place(self) -> str:
        return f"{path_from_here(self.file)}:{self.line}" if self.file else ""


class SharedBackend(NamedTuple):
    """A backend with the ids of the APIs that it has, more than one."""

    backend: str
    apis: tuple[str, ...]


class DifferingValue(NamedTuple):
    """A value in which policies differ: `where` is the element and the attribute, `values` has one for each policy."""

    where: str
    values: tuple[str, ...]


class SimilarPolicies(NamedTuple):
    """Policies that are equal without their layout, but for some values."""

    policies: tuple[InventoryItem, ...]
    differences: tuple[DifferingValue, ...] = ()


class Inventory(NamedTuple):
    """The parts that a service has more than once, or that nothing uses. `service` is its name if there are several."""

    shared: tuple[SharedBackend, ...]
    similar: tuple[SimilarPolicies, ...]
    unused: tuple[InventoryItem, ...]
    unattached: tuple[InventoryItem, ...]
    undecided: tuple[str, ...]
    """Why more may be used than is known here."""
    service: str = ""


def inventory_text(inventories: Sequence[Inventory], style: Style = PLAIN) -> str:
    """Return the inventories of services, without a line end after them."""
    return "\n\n".join("\n".join(_text(each, style)) for each in inventories)


def _text(found: Inventory, style: Style) -> Iterator[str]:
    of = f" of {printable(found.service)}" if found.service else ""
    yield style.paint("strong", f"Inventory{of}")
    for title, rows in _sections(found):
        yield f"  {title}"
        for row in rows[:_MOST_SHOWN]:
            first, *more = (printable(cell) for cell in row)
            yield f"    {first}"
            yield from (f"      {cell}" for cell in more if cell)
        if len(rows) > _MOST_SHOWN:
            yield f"    and {len(rows) - _MOST_SHOWN:,} more (--format json and --html have all)"


def _sections(found: Inventory) -> Iterator[tuple[str, list[tuple[str, ...]]]]:
    """Yield each part of an inventory: its title, and rows of which the first cell names the thing."""
    equal = [each for each in found.similar if not each.differences]
    near = [each for each in found.similar if each.differences]
    title = f"{counted(len(found.shared), 'backend')} of several APIs"
    yield title, [(each.backend, ", ".join(each.apis)) for each in found.shared]
    yield f"{counted(len(equal), 'group')} of equal policies", [_policies(each) for each in equal]
    yield f"{counted(len(near), 'group')} of policies that differ in a few values", [_policies(each) for each in near]
    yield (
        f"{counted(len(found.unused), 'resource')} that nothing here uses",
        [(each.name, each.place) for each in found.unused],
    )
    title = f"{counted(len(found.unattached), 'policy', 'policies')} attached to nothing here"
    yield title, [(each.name, each.place) for each in found.unattached]
    if found.undecided:
        yield "not decided", [(each,) for each in found.undecided]


def _policies(group: SimilarPolicies) -> tuple[str, ...]:
    names = [each.name for each in group.policies]
    more = f" and {len(names) - _MOST_SHOWN:,} more" if len(names) > _MOST_SHOWN else ""
    values = (f"{each.where}: {' | '.join(map(_short, each.values[:_MOST_SHOWN]))}" for each in group.differences)
    return f"{', '.join(names[:_MOST_SHOWN])}{more}", group.policies[0].place, *values


def _short(value: str) -> str:
    line = " ".join(value.split())
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}…"


def inventory_data(found: Inventory) -> dict[str, Any]:
    """Return an inventory as plain data, with all of it."""
    return {
        **({"service": found.service} if found.service else {}),
        "shared_backends": [{"backend": each.backend, "apis": list(each.apis)} for each in found.shared],
        "similar_policies": [
            {
                "policies": [_item(policy) for policy in each.policies],
                "differences": [{"where": one.where, "values": list(one.values)} for one in each.differences],
            }
            for each in found.similar
        ],
        "unused": [_item(each) for each in found.unused],
        "unattached_policies": [_item(each) for each in found.unattached],
        "undecided": list(found.undecided),
    }


def _item(item: InventoryItem) -> dict[str, Any]:
    return {"name": item.name, "path": path_from_here(item.file) if item.file else "", "line": item.line}


def inventory_html(found: Inventory) -> Iterator[str]:
    """Yield a card with a table for each part of an inventory that isn't empty."""
    yield '<section class="card"><h2>Inventory</h2>'
    for title, rows in _sections(found):
        yield f"<h3>{markup(title)}</h3>"
        if rows:
            lines = ("".join(f"<td>{markup(cell)}</td>" for cell in row) for row in rows)
            yield f"<table>{''.join(f'<tr>{line}</tr>' for line in lines)}</table>"
    yield "</section>"
