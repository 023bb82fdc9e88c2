"""The resources of API Management that the root modules in a folder deploy, and what can't be known about them.

The root modules are the folders with code that no other module of the folder calls. Each is a deployment of its own.
Where a plan was saved as JSON
(`terraform show -json plan > plan.json`), it is read instead of the code: it has everything exactly.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from itertools import chain
from typing import TYPE_CHECKING, Any

from apimpolicy.project.infrastructure.arm.template import JsonTemplate
from apimpolicy.project.infrastructure.evaluation import TOO_COSTLY, Budget
from apimpolicy.project.infrastructure.files import TERRAFORM, Files, chosen, environment_files
from apimpolicy.project.infrastructure.functions import unmarked
from apimpolicy.project.infrastructure.resources import (
    PROVIDER,
    Note,
    Reading,
    Relevance,
    Resource,
    combined,
    notes_of_guesses,
    updated,
)
from apimpolicy.project.infrastructure.terraform.azurerm import AZAPI, PREFIX, resource_from, resource_of
from apimpolicy.project.infrastructure.terraform.deployments import deployment_of
from apimpolicy.project.infrastructure.terraform.module import FILES, Module
from apimpolicy.project.infrastructure.terraform.parser import read_file
from apimpolicy.project.infrastructure.values import Unknown, Value, can_equal, is_fully_known, is_known
from apimpolicy.text.source import Source

if TYPE_CHECKING:
    from apimpolicy.project.infrastructure.terraform.instances import Instance

_CALLED = re.compile(r'^\s*"?source"?\s*[:=]\s*"(\.[^"]*)"', re.MULTILINE)
_MODULES = frozenset(("modules", "module"))
_ABOUT = re.compile(rf"{PREFIX}|{'|'.join(AZAPI)}|\bmodule\"?[\s:]+[\"{{]")


def read_terraform(files: Files, environment: str | None = None) -> Iterator[Reading]:
    """Yield what each root module in a folder deploys."""
    budget = Budget()
    for folder in roots(files):
        files.used = set()
        reading = _read_root(files, folder, environment, budget)
        if budget.is_spent:
            reading.notes.append(Note(TOO_COSTLY, hides=True))
            reading.unread.append(reading.notes[-1])
        reading.files = frozenset(files.used)
        yield reading


def _read_root(files: Files, folder: str, environment: str | None, budget: Budget) -> Reading:
    reading = Reading(folder, "Terraform", [], [], [])
    module = Module(files, folder, budget)
    module.modules_file = _downloaded(files, folder)
    module.inputs = read_variables(module, variable_files(files, folder, environment))
    instances = list(module.resources())
    deployments = [each for each in map(deployment_of, instances) if each is not None]
    templates = [each for each in deployments if isinstance(each, JsonTemplate)]
    files.deployed |= {os.path.realpath(each.source.path) for each in templates}
    resources = updated(
        [
            *(made for instance in instances if (made := resource_of(instance)) is not None),
            *(resource for each in templates for resource in each.resources()),
        ]
    )
    plan = find_plan(files, folder)
    exact = None if plan is None else planned(plan, resources)
    if exact is not None:
        reading.resources = updated(exact)
        return reading
    if plan is not None:
        reading.notes.append(Note("the plan can't be read, so the code is", plan))
    reading.resources = resources
    relevance = Relevance(resources)
    unread = [note for note in module.unread() if relevance.of(note, "module.")]
    notes_of_templates = (note for each in templates for note in each.all_notes())
    unread += filter(relevance.of, (*(each for each in deployments if isinstance(each, Note)), *notes_of_templates))
    unread += (note for instance in instances if (note := _of_unknown_type(instance)) is not None)
    notes = _notes(module, resources, unread, environment)
    reading.notes += [each for each in notes if resources or (each.source is not None and PREFIX in each.source.text)]
    reading.unread += dict.fromkeys((*unread, *(each for each in notes if each.hides)))
    reading.left_out = lambda: chain(
        (made for each in module.left_out() if (made := resource_of(each)) is not None),
        *(each.left_out() for each in templates),
    )
    return reading


def _of_unknown_type(instance: Instance) -> Note | None:
    """Return a note about a resource that may be one of API Management."""
    type_ = instance.get("type") if instance.type in AZAPI else ""
    kind = type_.text if isinstance(type_, Unknown) else str(type_).partition("@")[0]
    if is_known(kind) and not isinstance(type_, Unknown):
        return None
    if not isinstance(type_, Unknown) and not can_equal(kind.partition("/")[0].lower(), PROVIDER.partition("/")[0]):
        return None
    return Note(f"the type of {instance.address} isn't known", instance.block.source, instance.block.start, hides=True)


def roots(files: Files) -> list[str]:
    """Return the folder itself if it has Terraform code, and those below it that no other one calls as a module.

    What calls the folder itself is an example, or a test, of it.
    """
    folders = [folder for folder in files.below(files.root) if files.names(folder, FILES)]
    called: set[str] = set()
    wanted: list[str] = []
    for folder in folders:
        texts = [source.text for source in files.readable(folder, files.names(folder, FILES))]
        calls = {os.path.normpath(os.path.join(folder, path)) for text in texts for path in _CALLED.findall(text)}
        called |= calls
        if folder == files.root or (files.root not in calls and any(_ABOUT.search(text) for text in texts)):
            wanted.append(folder)
    found = [folder for folder in wanted if folder == files.root or folder not in called] or wanted
    # A folder of modules has none that is deployed by itself, unless there is nothing else.
    modules = [folder for folder in found if not _MODULES.isdisjoint(folder[len(files.root) :].split(os.sep))]
    return [folder for folder in found if folder not in modules] or found


def _downloaded(files: Files, folder: str) -> dict[str, str]:
    """Return where `terraform init` put modules, by address, from the root module's folder."""
    names = (folder, ".terraform", "modules", "modules.json")
    try:
        if not files.exists(*names):
            return {}
        found = json.loads(files.source(*names).text)
        return {each["Key"]: each["Dir"] for each in found["Modules"] if each["Key"]}
    except (LookupError, ValueError, TypeError, RecursionError):
        return {}


def _all(module: Module) -> Iterator[Module]:
    yield module
    for child in module.children():
        yield from _all(child)


def _notes(module: Module, resources: list[Resource], kept: list[Note], environment: str | None) -> list[Note]:
    found: list[Note] = []
    for each in _all(module):
        found += [Note(problem.message, source, problem.start, hides=True) for source, problem in each.problems]
        found += [
            Note(f"this value can't be read: {problem.message}", block.source, problem.start)
            for kind, blocks in each.blocks.items()
            if kind in ("locals", "module", "resource")
            for block in blocks.values()
            if block.is_read
            for problem in [*block.body.problems, *(one for a in block.body.attributes.values() for one in a.problems)]
        ]
        found += (note for note in each.own_unread() if note in kept)
    found += _of_variables(module, environment)
    return combined(found, "Run `terraform init`, which downloads them.") + notes_of_guesses(resources)


def _of_variables(module: Module, environment: str | None) -> list[Note]:
    """Return a note about variables without a value, if any is used."""
    unknown = [
        key.removeprefix("var.")
        for key, value in module._found.items()
        if key.startswith("var.") and value == Unknown(key)
    ]
    if not unknown:
        return []
    others = sorted(environment_files(module.files, module.folder, TERRAFORM))
    advice = "Give them a default, or put them into terraform.tfvars."
    if others and environment is None:
        advice = f"Choose the variables of an environment with --environment: {', '.join(others)}."
    names = ", ".join(sorted(unknown))
    block = module.blocks.get("variable", {}).get((sorted(unknown)[0],))
    source, start = (None, 0) if block is None else (block.source, block.start)
    return [Note(f"variables without a value: {names}", source, start, advice)]


# A plan that was saved as JSON (`terraform show -json plan > plan.json`): it has exactly what will be deployed
# What a plan doesn't know until it is applied, such as ids, comes from the code, and so do positions in files.
# Source: https://developer.hashicorp.com/terraform/internals/json-format

MOST_LEVELS = 20


def find_plan(files: Files, folder: str) -> Source | None:
    """Return the plan in a folder; the first one if there are several."""
    sources = files.readable(folder, files.names(folder, (".json",)))
    return next((source for source in sources if '"planned_values"' in source.text), None)


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


# The values of a root module's variables: variable files, those of an environment, and defaults
# Terraform reads `terraform.tfvars` and `*.auto.tfvars` by itself, and files for an environment where it is told to.
# Source: https://developer.hashicorp.com/terraform/language/values/variables#variable-definition-precedence


def variable_files(files: Files, folder: str, environment: str | None) -> list[str]:
    """Return the variable files of a root module, the later ones counting before the earlier ones."""
    names = files.names(folder, TERRAFORM)
    own = [name for name in names if name.startswith("terraform.tfvars")]
    own += [name for name in names if ".auto.tfvars" in name]
    found = [os.path.join(folder, name) for name in own]
    if environment is not None:
        known = environment_files(files, folder, TERRAFORM)
        found += known.get(chosen(known, environment) or "", ())
    return found


def read_variables(module: Module, paths: list[str]) -> dict[str, Value]:
    """Return the values that variable files give; those that can't be read give none."""
    found: dict[str, Value] = {}
    for source in module.files.readable("", paths):
        for name, attribute in read_file(source).attributes.items():
            found[name] = module.value(attribute.value, source, {})
    return found
