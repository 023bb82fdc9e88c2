"""Settings of a call as the content of a test file, which has a place for each of them.

A policy is a path or the document itself. Paths are meant from the working directory.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from apimpolicy.errors import ConfigurationError
from apimpolicy.project.configuration_files import find_configuration
from apimpolicy.testing.case_files import load_case_tree
from apimpolicy.testing.tree import read_tree

if TYPE_CHECKING:
    from apimpolicy.testing.case_files import CaseFile

Content = dict[str, Any]
"""Settings by name, or the content of a test file."""
DEFAULTS = ("gateway", "named-values", "now", "backend", "outside", "variables")
"""Settings that stand below `defaults` of a test file."""
OF_FILE = ("certificates", "identity-providers")
"""Settings that stand in a test file itself."""


def is_document(policy: str) -> bool:
    """Return whether a policy is given as the document itself, and not as a path."""
    return policy.lstrip().startswith("<")


def content_of(setting: Content) -> Content:
    """Return the content of a test file about `policy`, without cases and claims.

    Raises ConfigurationError for a policy that is neither a document nor a path that exists.
    """
    policy = setting["policy"]
    scopes = setting.get("scopes") or {}
    for each in (policy, *scopes.values()):
        if not is_document(each) and not os.path.exists(each):
            raise ConfigurationError(f"there is no file {each}, and the text is not a policy document")
    content: Content = {"config": _configuration(policy, setting.get("config"))}
    if is_document(policy) or not os.path.isdir(policy):
        content["policies"] = {"api": policy, **scopes}
    elif scopes:
        raise ConfigurationError("'scopes' goes with one policy; in a service every policy has its scope")
    else:
        content["service"] = policy
    content |= {name: setting[name] for name in OF_FILE if setting.get(name) is not None}
    defaults = {name: setting[name] for name in DEFAULTS if setting.get(name) is not None}
    return {**content, "defaults": defaults} if defaults else content


def load(content: Content) -> CaseFile:
    """Return the test file with this content. Raises TestFileError for what is wrong in it."""
    path = os.path.abspath("arguments.json")
    return load_case_tree(read_tree(json.dumps(content, indent=1, ensure_ascii=False), path), path)


def _configuration(policy: str, given: str | bool | None) -> str | bool:
    """Return the configuration: the one that is named, else the nearest one above a policy that is a file."""
    if given is not None:
        return given
    found = None if is_document(policy) else find_configuration(policy)
    return os.path.abspath(found) if found is not None else False
