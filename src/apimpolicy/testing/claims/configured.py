"""Claims and bounds of a configuration file: what a platform team requires of every API of its service.

[[claims]]                                           # in apimpolicy.toml
name = "every API checks a token or a certificate"
if = "reaches-backend"
then = {any = ["validate-jwt", "validate-azure-ad-token", "validate-client-certificate"]}

[prove]                                              # bounds of every search, see `scenarios.scenario.Bounds`
seconds = 60
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from apimpolicy.checkout import walk
from apimpolicy.errors import ConfigurationError, DiagnosticError
from apimpolicy.project.configuration import read_configuration
from apimpolicy.project.environments import CONFIGURATION, PYPROJECT, configuration_in, find_configuration
from apimpolicy.project.gateways import require_one
from apimpolicy.project.layout import extracts_in
from apimpolicy.project.named_values import read_text
from apimpolicy.project.service.reading import has_service
from apimpolicy.reasoning.scenarios.scenario import Bounds
from apimpolicy.report.columns import page
from apimpolicy.testing.case_files import Case, CaseFile, load_case_file, load_case_tree
from apimpolicy.testing.claims.reading import Claim, claims_of, library
from apimpolicy.testing.kinds import check
from apimpolicy.testing.test_file_search import find_test_files
from apimpolicy.testing.tree import Tree, problem_in_words, read_tree

_HIDDEN = (".", "node_modules", "__pycache__")


def configurations_with_claims(paths: Sequence[str]) -> Iterator[str]:
    """Yield the configuration files with claims among and below paths."""
    seen: set[str] = set()
    for path in paths:
        for found in [path] if os.path.isfile(path) else _below(path):
            if os.path.basename(found) in (CONFIGURATION, PYPROJECT) and found not in seen and _has_claims(found):
                seen.add(found)
                yield found


def _below(path: str) -> Iterator[str]:
    for directory, folders, _ in walk(path):
        folders[:] = sorted(name for name in folders if not name.startswith(_HIDDEN))
        found = configuration_in(directory)
        if found is not None:
            yield os.path.normpath(found)


def _has_claims(path: str) -> bool:
    try:
        return "claims" in read_configuration(path)
    except ConfigurationError:
        return os.path.basename(path) == CONFIGURATION


def file_of(path: str) -> CaseFile:
    """Return the claims of a configuration as a test file about its service.

    Raises TestFileError for invalid claims, ConfigurationError when there is no service.
    """
    tree = _claims_tree(path)
    values = read_configuration(path)
    if not ("apis" in values or "service" in values):
        raise tree.mistake(
            "POL504",
            "there is no service whose APIs these claims are about",
            help='Add [apis.…], or service = "folder"; put claims about one policy into its test file.',
        )
    service = values.get("service")
    is_here = isinstance(service, dict) and "path" not in service and "apis" not in values
    content = json.dumps({"service": os.curdir if is_here else os.path.basename(path), "claims": []})
    beside = os.path.join(os.path.dirname(path), "claims.test.json")
    file = load_case_tree(read_tree(content, beside), beside)
    file.claims = claims_of(tree, path)
    file.path = path
    return file


def named_claims_of(folder: str) -> CaseFile:
    """Return the named claims as a test file about the service in a folder, for services without claims."""
    directory, name = os.path.split(os.path.normpath(folder))
    path, beside = os.path.join(directory, name, ""), os.path.join(directory, "claims.test.json")
    file = load_case_tree(read_tree(json.dumps({"service": name, "claims": []}), beside), beside)
    file.claims = claims_of(read_tree(json.dumps(list(library())), beside), path)
    file.path = path
    return file


def _claims_tree(path: str) -> Tree:
    table = read_tree(read_text(path), path if path.endswith(".toml") else f"{path}.toml").table()
    if os.path.basename(path) == PYPROJECT:
        table = table["tool"].table()["apimpolicy"].table()
    check(table["claims"], "[claim|text]")
    return table["claims"]


def claims_for(case: Case) -> list[Claim]:
    """Return the claims that a case can name: those of its file, and of the configuration of its service.

    Raises TestFileError, ConfigurationError.
    """
    service = case.subject.service
    config = service if service is not None and os.path.isfile(service) else case.file.config
    if case.subject.policies or config is None or not _has_claims(config):
        return case.file.claims
    return [*case.file.claims, *claims_of(_claims_tree(config), config)]


def bounds_for(path: str, seconds: float | None = None, usual: float | None = None) -> Bounds:
    """Return the bounds of searches about a file: those of the nearest configuration.

    `seconds` overrides its own; `usual` is taken where it has none.

    Raises ConfigurationError for an unknown bound, or one that is not a number above 0.
    """
    config = find_configuration(path)
    table = {} if config is None else read_configuration(config).get("prove", {})
    values: dict[str, Any] = {} if usual is None else {"seconds": usual}
    for key, value in table.items() if isinstance(table, dict) else ():
        name = key.replace("-", "_")
        if name not in Bounds._fields:
            names = ", ".join(field.replace("_", "-") for field in Bounds._fields)
            raise ConfigurationError(f"{config}: '{key}' is not a key of [prove]; the keys are {names}")
        types = (int, float) if name.endswith("seconds") and name != "milliseconds" else (int,)
        if isinstance(value, bool) or not isinstance(value, types) or value <= 0:
            raise ConfigurationError(f"{config}: '{key}' of [prove] must be a number above 0, not {value!r}")
        values[name] = value
    if seconds is not None:
        values["seconds"] = seconds
    return Bounds(**values)


# Find the claims of test files and configurations below folders


class FoundClaims(NamedTuple):
    """Files with their claims, and for each file that can't be read the reason."""

    files: list[tuple[CaseFile, list[Claim]]]
    unreadable: dict[str, str]


def find_claims(paths: Sequence[str], words: Sequence[str] = ()) -> FoundClaims:
    """Return the claims among and below `paths`, limited to those with one of `words` in their name or file."""
    found = FoundClaims([], {})
    configured = list(configurations_with_claims(paths))
    readers = {path: load_case_file for path in find_test_files(paths) if path not in configured}
    for path, read in {**dict.fromkeys(configured, file_of), **readers}.items():
        try:
            file = read(path)
        except (ConfigurationError, DiagnosticError) as error:
            found.unreadable[path] = problem_in_words(error, page())
            continue
        claims = [claim for claim in file.claims if _is_wanted(claim, words)]
        if claims:
            found.files.append((file, claims))
    return found


def claims_of_services(paths: Sequence[str], words: Sequence[str] = ()) -> list[tuple[CaseFile, list[Claim]]]:
    """Return the named claims about each of these folders that has a service: what `prove` decides without others.

    Limited to those with one of `words` in their name or file.
    """
    folders = [path for path in paths if os.path.isdir(path)]
    for path in folders:
        require_one(path)
    services = [each for path in folders for each in ([path] if has_service(path) else extracts_in(path))]
    files = [named_claims_of(each) for each in services]
    selected = [(file, [claim for claim in file.claims if _is_wanted(claim, words)]) for file in files]
    return [(file, claims) for file, claims in selected if claims]


def _is_wanted(claim: Claim, words: Sequence[str]) -> bool:
    text = f"{claim.path} {claim.name}".lower()
    return not words or any(word.lower() in text for word in words)
