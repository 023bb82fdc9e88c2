"""A plan that was saved as JSON (`terraform show -json plan > plan.json`): it has exactly what will be deployed.

What a plan doesn't know until it is applied, such as ids, comes from the code, and so do positions in files.

Source: https://developer.hashicorp.com/terraform/internals/json-format
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from apimpolicy.infrastructure.functions import unmarked
from apimpolicy.infrastructure.terraform.azurerm import AZAPI, resource_from
from apimpolicy.infrastructure.values import Unknown, Value, is_fully_known

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apimpolicy.infrastructure.files import Files
    from apimpolicy.infrastructure.resources import Resource
    from apimpolicy.text.source import Source

MOST_LEVELS = 20


def find_plan(files: Files, folder: str) -> Source | None:
    """Return the plan in a folder; the first one if there are several."""
    for name in files.names(folder, (".json",)):
        try:
            source = files.source(folder, name)
        except LookupError:
            continue
        if '"planned_values"' in source.text:
            return source
    return None


def planned(plan: Source, code: list[Resource]) -> list[Resource] | None:
    """Return the resources of a plan, with what only the code has of them; None if it can't be read."""
    try:
        root = json.loads(plan.text)["planned_values"]["root_module"]
        written = {each.address: each for each in code}
        found = [_resource(plan, each, written.get(each["address"])) for each in _resources(root)]
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return None
    return [each for each in found if each is not None]


def _resources(module: dict[str, Any], level: int = 0) -> Iterator[dict[str, Any]]:
    yield from (each for each in module.get("resources", ()) if each.get("mode", "managed") == "managed")
    for child in module.get("child_modules", ()) if level < MOST_LEVELS else ():
        yield from _resources(child, level + 1)


def _resource(plan: Source, given: dict[str, Any], code: Resource | None) -> Resource | None:
    values = unmarked(given["values"])
    source, start = (plan, 0) if code is None else (code.source, code.start)
    made = resource_from(given["type"], values.get, given["address"], source, start)
    if made is None or code is None or made.type != code.type:
        return made
    names = [_exact(*each) for each in zip(made.names, code.names, strict=True)]
    properties = {name: _exact(made.properties.get(name), value) for name, value in code.properties.items()}
    is_plain = given["type"] not in AZAPI or bool(made.properties)
    found = {**properties, **{name: each for name, each in made.properties.items() if name not in properties}}
    return made.replaced(names=names, properties=found if is_plain else code.properties, places=code.places)


def _exact(planned: Value, written: Value) -> Value:
    """Return the value of the plan; the one of the code where the plan has none, or the same, which has its origin."""
    if planned is None or isinstance(planned, Unknown) or planned == written:
        return written
    if isinstance(planned, dict) and isinstance(written, dict) and not is_fully_known(planned):
        return written
    return planned
