"""The setup of a policy that is named on a command line: its test file, else stand-ins for what it needs."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from apimpolicy.checkout import listing
from apimpolicy.checks.expressions import ExpressionCheck
from apimpolicy.checks.subject import Settings, Subject
from apimpolicy.errors import ApimPolicyError
from apimpolicy.project.configuration import read_configuration
from apimpolicy.project.layout import is_service_folder, place_of
from apimpolicy.project.service_tables import ServiceTables
from apimpolicy.project.toml_table import Table
from apimpolicy.testing import first_surroundings
from apimpolicy.testing.case_files import CaseFile, load_case_file, load_case_tree
from apimpolicy.testing.first_surroundings import EMPTY, CaseSurroundings, add_fragments
from apimpolicy.testing.test_file_search import is_about_policies, is_case_file
from apimpolicy.testing.tree import Tree, read_tree

if TYPE_CHECKING:
    from apimpolicy.engine.document import Policy

FRAGMENT = "compared"
AROUND_A_FRAGMENT = (
    f'<policies><inbound><base /><include-fragment fragment-id="{FRAGMENT}" /></inbound>'
    "<backend><base /></backend><outbound><base /></outbound><on-error><base /></on-error></policies>"
)
"""A policy that does nothing but include a fragment."""


def file_about(path: str, *policies: Policy, with_fragments: bool = False) -> CaseFile:
    """Return the test file beside a policy that tests it; without one, stand-ins for what these versions of it need.

    `with_fragments`: files near the policy are fragments that no configuration has, each by its id.
    Raises TestFileError, ConfigurationError.
    """
    return test_file_of(path) or _stand_ins(path, policies, with_fragments)


def scope_in(file: CaseFile, path: str) -> str:
    """Return the scope that a test file gives a policy; by default that of the API."""
    return next((scope for scope, each in file.subject.policies.items() if _is_same(each, path)), "api")


def _is_same(path: object, other: str) -> bool:
    return os.path.exists(other) and os.path.exists(str(path)) and os.path.samefile(str(path), other)


def test_file_of(path: str) -> CaseFile | None:
    """Return the test file beside a policy that tests it; None when there is none."""
    directory = os.path.dirname(path) or os.curdir
    if not os.path.isfile(path):
        return None
    for name in listing(directory):
        beside = os.path.join(directory, name)
        if is_case_file(name) and is_about_policies(beside):
            try:
                file = load_case_file(beside)
            except ApimPolicyError:
                continue
            if any(_is_same(each, path) for each in file.subject.policies.values()):
                return file
    return None


def _stand_ins(path: str, policies: Sequence[Policy], with_fragments: bool) -> CaseFile:
    """Return a test file with stand-ins for everything that the policies need and nothing defines."""
    defaults: dict[str, Any] = {}
    providers: dict[str, Any] = {}
    beside = os.path.join(os.path.dirname(path), "compared.test.json")
    for policy in policies:
        subject = Subject(policy.document, ExpressionCheck(), Settings())
        found = first_surroundings.surroundings_of(subject)
        if with_fragments:
            _add_fragments(found, subject, path, beside)
        _add(defaults, found.defaults)
        providers |= found.providers
    if used := defaults.get("named-values", {}):
        used |= {name: value for name, value in _named_values_around(path).items() if name in used}
    content: dict[str, Any] = {"policy": AROUND_A_FRAGMENT, "claims": [], "defaults": defaults}
    if providers:
        content["openid-providers"] = providers
    file = load_case_tree(read_tree(json.dumps(content), beside), beside)
    file.subject.policies.clear()
    _leave_known(file)
    return file


def _named_values_around(path: str) -> dict[str, str]:
    """Return the named values of the service in whose folder a policy is. Raises ConfigurationError."""
    root = place_of(path).root
    if root is None or not is_service_folder(root):
        return {}
    service = ServiceTables(Table(os.path.join(root, "apimpolicy.toml"), {})).described(root)
    named_values = () if service is None else service.named_values
    return {each.display_name: value for each in named_values if (value := each.value.known) is not None}


def _add_fragments(found: CaseSurroundings, subject: Subject, path: str, beside: str) -> None:
    """Add the files of fragments; fragments without a file stay unknown."""
    add_fragments(found, subject, path, beside)
    fragments = found.defaults.get("gateway", {}).get("fragments", {})
    for name in [name for name, text in fragments.items() if text == EMPTY]:
        del fragments[name]


def _add(known: dict[str, Any], given: dict[str, Any]) -> None:
    for key, value in given.items():
        if isinstance(value, dict):
            _add(known.setdefault(key, {}), value)
        else:
            known[key] = value


def _leave_known(file: CaseFile) -> None:
    """Remove what the configuration defines itself."""
    if file.config is None:
        return
    known = read_configuration(file.config)
    _leave_out(file.defaults, {"named-values": known.get("named-values", {}), "gateway": known})


def _leave_out(table: dict[str, Tree], known: Mapping[str, Any]) -> None:
    for key in [key for key in table if key in known]:
        if isinstance(table[key].value, dict) and isinstance(known[key], dict) and key != "certificates":
            _leave_out(table[key].table(), known[key])
        else:
            del table[key]
