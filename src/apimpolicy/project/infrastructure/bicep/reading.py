"""The resources of API Management that the templates in a folder deploy, and what can't be known about them.

What is deployed are the files that no other file uses as a module, each on its own. A template that Bicep compiled
from a file beside it isn't read twice. Parameters come from `.bicepparam` files and from `*.parameters.json` of the
same name.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

from apimpolicy.project.infrastructure.arm.template import JsonTemplate
from apimpolicy.project.infrastructure.bicep.parser import parse_file
from apimpolicy.project.infrastructure.bicep.template import BicepTemplate, without_comments
from apimpolicy.project.infrastructure.evaluation import TOO_COSTLY, Budget
from apimpolicy.project.infrastructure.files import BICEP, Files, candidates, chosen, environment_of
from apimpolicy.project.infrastructure.functions import from_json
from apimpolicy.project.infrastructure.resources import Note, Reading, Relevance, combined, notes_of_guesses
from apimpolicy.project.infrastructure.values import Unknown, Value
from apimpolicy.text.source import Source

_MODULES = re.compile(r"^[ \t]*module[ \t]+\w+[ \t]+'([^'\n]+)'|\bfrom[ \t]+'([^'\n]+)'", re.MULTILINE)
_ABOUT = re.compile(r"Microsoft\.ApiManagement/service|^[ \t]*module\b", re.IGNORECASE | re.MULTILINE)
_ARM = re.compile(r'"\$schema"\s*:\s*"[^"]*deploymentTemplate\.json', re.IGNORECASE)
_SERVICE = re.compile(r"Microsoft\.ApiManagement/service", re.IGNORECASE)
_PLACEHOLDER = re.compile(r"\$\{(\w+)(?:=([^}]*))?\}")
"""A value that `azd` puts in, and its default."""


def read_bicep(files: Files, environment: str | None = None) -> Iterator[Reading]:
    """Yield what each Bicep file and ARM template in a folder deploys that is no module of another."""
    budget = Budget()
    for path in deployed(files):
        files.used = set()
        reading = _read_template(files, path, environment, budget)
        if budget.is_spent:
            reading.notes.append(Note(TOO_COSTLY, hides=True))
            reading.unread.append(reading.notes[-1])
        reading.files = frozenset(files.used)
        yield reading


def _read_template(files: Files, path: str, environment: str | None, budget: Budget) -> Reading:
    reading = Reading(path, "Bicep", [], [], [])
    parameters, note = parameters_for(files, path, environment, budget)
    template: BicepTemplate | JsonTemplate
    try:
        if path.endswith(".bicep"):
            template = BicepTemplate(files, path, budget, parameters)
        else:
            template = JsonTemplate.of_file(files, path, budget, parameters, 0, "")
    except LookupError as error:
        reason = files.refused.pop(files.display(path), str(error))
        reading.notes.append(Note(f"the template can't be read: {reason}", Source("", files.display(path)), hides=True))
        reading.unread.append(reading.notes[-1])
        return reading
    resources = list(template.resources())
    notes = [*filter(Relevance(resources).of, template.all_notes())]
    if not resources:
        if _SERVICE.search(template.source.text):
            reading.notes += combined(notes, "")
        return reading
    reading.resources = resources
    reading.unread += [hiding for hiding in notes if hiding.hides]
    reading.notes += combined(notes, "") + notes_of_guesses(resources)
    if template.unset:
        names = ", ".join(sorted(set(template.unset)))
        advice = note or "Give them a default, or put them into a .bicepparam file."
        reading.notes.append(Note(f"parameters without a value: {names}", template.source, 0, advice))
    reading.left_out = template.left_out
    return reading


def deployed(files: Files) -> list[str]:
    """Return the files that aren't modules of others, and that no Terraform code deploys."""
    templates: list[str] = []
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
                    templates.append(path)
                continue
            for match in _MODULES.finditer(text):
                used.add(os.path.normpath(os.path.join(folder, match[1] or match[2])))
            if _ABOUT.search(text):
                templates.append(path)
    return [path for path in templates if os.path.normpath(path) not in used and path not in files.deployed]


def parameters_for(files: Files, path: str, environment: str | None, budget: Budget) -> tuple[dict[str, Value], str]:
    """Return the parameters of a file, and what to do if none was chosen."""
    folder, name = os.path.split(path)
    stem = os.path.splitext(name)[0].lower()
    known = declared_parameters(files, path)
    fitting: dict[str, dict[str, Value]] = {}
    for each in candidates(files, files.below(folder), BICEP):
        found = _parameters(files, each, path, budget)
        if found and found.keys() <= known:  # Azure refuses parameters that a template doesn't have
            fitting[each] = found
    plain = [each for each in fitting if os.path.basename(each).lower() in _plain_names(stem)]
    named = {name: each for each in [*fitting][::-1] if (name := environment_of(files, each))}
    if environment is not None:
        wanted = named.get(chosen(named, environment) or "")
        best = plain if wanted is None else [wanted]
    else:
        best = plain or list(fitting)
        if len(fitting) > 1 and not plain:
            names = ", ".join(sorted(named)) or "none of the parameter files is named for one"
            return {}, f"Choose the parameters of an environment with --environment: {names}."
    return (fitting[best[0]] if best else {}), ""


def declared_parameters(files: Files, path: str) -> set[str]:
    """Return the names of the parameters that a template has."""
    source = files.source(path)
    if path.endswith(".bicep"):
        return {each.name for each in parse_file(source)[0] if each.kind == "param"}
    try:
        return set(from_json(without_comments(source.text))["parameters"])
    except (LookupError, ValueError, TypeError):
        return set()


def _plain_names(stem: str) -> set[str]:
    """Return the names of parameter files that are for no environment."""
    return {f"{stem}.bicepparam", f"{stem}.parameters.json", f"{stem}.params.json", "parameters.json", "params.json"}


def _parameters(files: Files, path: str, template: str, budget: Budget) -> dict[str, Value]:
    """Return the values in a parameter file; none if it is another kind of file, or for another template."""
    try:
        text = files.source(path).text
        if path.endswith(".bicepparam"):
            using = re.search(r"^[ \t]*using[ \t]+'([^'\n]+)'", text, re.MULTILINE)
            used = "" if using is None else os.path.join(os.path.dirname(path), using[1])
            if os.path.normpath(used) != os.path.normpath(template):
                return {}
            given = BicepTemplate(files, path, budget)
            return {
                each.name: given.value(each.value, given.source, {})
                for each in given.declarations
                if each.kind == "param" and each.value is not None
            }
        found = from_json(without_comments(text))["parameters"]
        return {name: _azd(each["value"]) for name, each in found.items() if "value" in each}
    except (LookupError, ValueError, TypeError, AttributeError):
        return {}


def _azd(value: Value) -> Value:
    if isinstance(value, str) and (found := _PLACEHOLDER.fullmatch(value)) is not None:
        return Unknown(found[1]) if found[2] is None else found[2]
    return value
