"""The resources of API Management in a folder of Bicep files and ARM templates, and what can't be known about them.

What is deployed are the files that no other file uses as a module. A template that Bicep compiled from a file beside
it isn't read twice. Parameters come from `.bicepparam` files and from `*.parameters.json` of the same name.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from apimpolicy.infrastructure.arm.template import JsonTemplate
from apimpolicy.infrastructure.bicep.parser import parse_file
from apimpolicy.infrastructure.bicep.template import Template, without_comments
from apimpolicy.infrastructure.evaluation import Budget
from apimpolicy.infrastructure.functions import from_json
from apimpolicy.infrastructure.resources import Note, Reading, combined, notes_of_guesses
from apimpolicy.infrastructure.values import Unknown, Value

if TYPE_CHECKING:
    from apimpolicy.infrastructure.files import Files

_MODULES = re.compile(r"^[ \t]*module[ \t]+\w+[ \t]+'([^'\n]+)'|\bfrom[ \t]+'([^'\n]+)'", re.MULTILINE)
_ABOUT = re.compile(r"Microsoft\.ApiManagement/service|^[ \t]*module\b", re.IGNORECASE | re.MULTILINE)
_ARM = re.compile(r'"\$schema"\s*:\s*"[^"]*deploymentTemplate\.json', re.IGNORECASE)
_SERVICE = re.compile(r"Microsoft\.ApiManagement/service", re.IGNORECASE)
_PLACEHOLDER = re.compile(r"\$\{(\w+)(?:=([^}]*))?\}")
"""A value that `azd` puts in, and its default."""


def read_bicep(files: Files, environment: str | None = None) -> Reading:
    """Return the resources of a folder's Bicep files and ARM templates."""
    budget = Budget()
    reading = Reading([], [])
    for path in deployed(files):
        given, note = parameters_for(files, path, environment, budget)
        template: Template | JsonTemplate
        try:
            if path.endswith(".bicep"):
                template = Template(files, path, budget, given)
            else:
                template = JsonTemplate.of_file(files, path, budget, given, 0, "")
        except LookupError as error:
            reading.notes.append(Note(f"{files.display(path)} can't be read: {error}"))
            continue
        found = list(template.resources())
        if not found:
            if _SERVICE.search(template.source.text):
                reading.notes += combined([*template.all_notes()], "")
            continue
        reading.resources += found
        reading.notes += combined([*template.all_notes()], "") + notes_of_guesses(found)
        if template.unset:
            names = ", ".join(sorted(set(template.unset)))
            advice = note or "Give them a default, or put them into a .bicepparam file."
            reading.notes.append(Note(f"parameters without a value: {names}", template.source, 0, advice))
    return reading


def deployed(files: Files) -> list[str]:
    """Return the files that aren't modules of others."""
    found: list[str] = []
    used: set[str] = set()
    for folder in files.below(files.root):
        names = files.names(folder, (".bicep", ".json"))
        for name in names:
            path = os.path.join(folder, name)
            if name.endswith(".json") and (f"{name[:-5]}.bicep" in names or "parameters" in name.lower()):
                continue
            try:
                text = files.source(path).text
            except LookupError:
                continue
            if name.endswith(".json"):
                if _ARM.search(text[:4096]) and _SERVICE.search(text):
                    found.append(path)
                continue
            for match in _MODULES.finditer(text):
                used.add(os.path.normpath(os.path.join(folder, match[1] or match[2])))
            if _ABOUT.search(text):
                found.append(path)
    return [path for path in found if os.path.normpath(path) not in used]


def parameters_for(files: Files, path: str, environment: str | None, budget: Budget) -> tuple[dict[str, Value], str]:
    """Return the parameters of a file, and what to do if none was chosen."""
    folder, name = os.path.split(path)
    stem = os.path.splitext(name)[0]
    candidates = [
        os.path.join(each, one) for each in files.below(folder) for one in files.names(each, (".bicepparam", ".json"))
    ]
    chosen = [each for each in candidates if _is_for(files, each, path, stem)]
    if environment is not None:
        wanted = re.compile(rf"(?:^|[^A-Za-z0-9]){re.escape(environment)}(?:[^A-Za-z0-9]|$)", re.IGNORECASE)
        named = [each for each in chosen if wanted.search(os.path.relpath(each, folder))]
        chosen = named or [each for each in chosen if _is_plain(each, stem)]
    elif len(chosen) > 1:
        plain = [each for each in chosen if _is_plain(each, stem)]
        if not plain:
            names = ", ".join(os.path.relpath(each, folder) for each in chosen)
            return {}, f"Choose one of the parameter files with --environment: {names}."
        chosen = plain
    return (_parameters(files, chosen[0], budget) if chosen else {}), ""


def _is_plain(path: str, stem: str) -> bool:
    """Return whether a file of parameters is for no environment."""
    name = os.path.basename(path).lower()
    return name in (f"{stem}.bicepparam".lower(), f"{stem}.parameters.json".lower(), "parameters.json")


def _is_for(files: Files, path: str, template: str, stem: str) -> bool:
    name = os.path.basename(path)
    if name.endswith(".bicepparam"):
        using = re.search(r"^[ \t]*using[ \t]+'([^'\n]+)'", files.source(path).text, re.MULTILINE)
        return using is not None and os.path.normpath(
            os.path.join(os.path.dirname(path), using[1])
        ) == os.path.normpath(template)
    lowered = name.lower()
    return "parameters" in lowered and lowered.startswith((stem.lower(), "parameters"))


def _parameters(files: Files, path: str, budget: Budget) -> dict[str, Value]:
    """Return the values that a file of parameters gives."""
    if path.endswith(".bicepparam"):
        template = Template(files, path, budget)
        return {
            each.name: template.value(each.value, template.source, {})
            for each in parse_file(template.source)[0]
            if each.kind == "param" and each.value is not None
        }
    try:
        found = from_json(without_comments(files.source(path).text))["parameters"]
        return {name: _azd(each["value"]) for name, each in found.items() if "value" in each}
    except (LookupError, ValueError, TypeError):
        return {}


def _azd(value: Value) -> Value:
    if isinstance(value, str) and (found := _PLACEHOLDER.fullmatch(value)) is not None:
        return Unknown(found[1]) if found[2] is None else found[2]
    return value
