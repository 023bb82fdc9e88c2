"""What is around a policy that somebody names: what a test file beside it says, else stand-ins for what it needs."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from apimpolicy.checks.expressions import ExpressionCheck
from apimpolicy.checks.subject import Settings, Subject
from apimpolicy.errors import ApimPolicyError
from apimpolicy.testing import first_surroundings
from apimpolicy.testing.case_files import is_about_policies, is_case_file, load_case_file, load_case_tree
from apimpolicy.testing.tree import read_tree

if TYPE_CHECKING:
    from collections.abc import Sequence

    from apimpolicy.engine.document import Policy
    from apimpolicy.testing.case_files import CaseFile

FRAGMENT = "compared"
AROUND_A_FRAGMENT = (
    f'<policies><inbound><base /><include-fragment fragment-id="{FRAGMENT}" /></inbound>'
    "<backend><base /></backend><outbound><base /></outbound><on-error><base /></on-error></policies>"
)
"""A policy that does nothing but include a fragment."""


def file_about(path: str, *policies: Policy) -> CaseFile:
    """A test file beside a policy that tests it; without one stand-ins for what these versions of it need.

    Raises TestFileError, ConfigurationError.
    """
    return _test_file(path) or _stand_ins(path, policies)


def scope_in(file: CaseFile, path: str) -> str:
    """The scope that a test file gives a policy; that of the API unless it says one."""
    return next((scope for scope, each in file.subject.policies.items() if _is_same(each, path)), "api")


def _is_same(path: object, other: str) -> bool:
    return os.path.exists(other) and os.path.exists(str(path)) and os.path.samefile(str(path), other)


def _test_file(path: str) -> CaseFile | None:
    """A test file beside a policy that tests it: it says what is around it."""
    directory = os.path.dirname(path) or os.curdir
    if not os.path.isfile(path):
        return None
    for name in sorted(os.listdir(directory)):
        beside = os.path.join(directory, name)
        if is_case_file(name) and is_about_policies(beside):
            try:
                file = load_case_file(beside)
            except ApimPolicyError:
                continue
            if any(_is_same(each, path) for each in file.subject.policies.values()):
                return file
    return None


def _stand_ins(path: str, policies: Sequence[Policy]) -> CaseFile:
    """A test file that says what the policies need around them, as far as nobody else does."""
    defaults: dict[str, Any] = {}
    providers: dict[str, Any] = {}
    for policy in policies:
        found = first_surroundings.surroundings_of(Subject(policy.document, ExpressionCheck(), Settings()))
        for key, value in found.defaults.items():
            defaults[key] = {**defaults.get(key, {}), **value} if isinstance(value, dict) else value
        providers |= found.providers
    content: dict[str, Any] = {"policy": AROUND_A_FRAGMENT, "claims": [], "defaults": defaults}
    if providers:
        content["identity-providers"] = providers
    beside = os.path.join(os.path.dirname(path), "compared.test.json")
    file = load_case_tree(read_tree(json.dumps(content), beside), beside)
    file.subject.policies.clear()
    _leave_known(file)
    return file


def _leave_known(file: CaseFile) -> None:
    """Take out named values that the configuration has."""
    if file.config is None or "named-values" not in file.defaults:
        return
    from apimpolicy.project.configuration import read_configuration

    known = read_configuration(file.config).get("named-values", {})
    table = file.defaults["named-values"].table()
    for name in [name for name in table if name in known]:
        del table[name]
