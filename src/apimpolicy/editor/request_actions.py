"""Send a request through a policy, for assistants and editors."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from apimpolicy.errors import ConfigurationError
from apimpolicy.project.environments import find_configuration
from apimpolicy.testing.case_files import CaseFile, load_case_file, load_case_tree
from apimpolicy.testing.running import run_case
from apimpolicy.testing.tree import read_tree

if TYPE_CHECKING:
    from apimpolicy.editor.rpc import Json
    from apimpolicy.engine.result import Result


# Settings of a call as the content of a test file, which has a key for each of them.
# A policy is a path or the document itself. Paths are relative to the working directory.

Content = dict[str, Any]
"""Settings by name, or the content of a test file."""
DEFAULTS = ("gateway", "named-values", "now", "backend", "outside", "variables")
"""Settings below `defaults` in a test file."""
OF_FILE = ("certificates", "identity-providers")
"""Settings at the top of a test file."""


def is_document(policy: str) -> bool:
    """Return whether a policy is given as the document itself, and not as a path."""
    return policy.lstrip().startswith("<")


def existing(policy: str) -> str:
    """Return a policy that is a document, or a path that exists. Raises ConfigurationError."""
    if not is_document(policy) and not os.path.exists(policy):
        raise ConfigurationError(f"there is no file {policy}, and the text is not a policy document")
    return policy


@contextmanager
def written(policy: str, settings: str) -> Iterator[str]:
    """Write a document beside a configuration, in a folder that is removed afterwards; yield the path."""
    with tempfile.TemporaryDirectory() as folder:
        for name, text in (("policy.xml", policy), ("apimpolicy.toml", settings)):
            with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
                file.write(text)
        yield os.path.join(folder, "policy.xml")


def content_of(setting: Content) -> Content:
    """Return the content of a test file about `policy`, without cases and claims.

    Raises ConfigurationError for a policy that is neither a document nor a path that exists.
    """
    policy = existing(setting["policy"])
    scopes = {scope: existing(each) for scope, each in (setting.get("scopes") or {}).items()}
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
    """Return the test file with this content. Raises TestFileError."""
    path = os.path.abspath("arguments.json")
    return load_case_tree(read_tree(json.dumps(content, indent=1, ensure_ascii=False), path), path)


def _configuration(policy: str, given: str | bool | None) -> str | bool:
    """Return the configuration: the one that is named, else the nearest one above a policy that is a file."""
    if given is not None:
        return given
    found = None if is_document(policy) else find_configuration(policy)
    return os.path.abspath(found) if found is not None else False


# Send a request through a policy, for assistants and editors: the result, its explanation, its journey


def run(most_entries: int, **setting: Any) -> Json:
    """Return the result of a request in the form of `run --format json`, with at most so many entries of the trace."""
    from apimpolicy.report.run_results import result_to_json

    found: Json = json.loads(result_to_json(_result(setting)))
    if len(found["trace"]) > most_entries:
        found["left_out"] = f"{len(found['trace']) - most_entries} entries of the trace"
        del found["trace"][most_entries:]
    return found


def explain(*, as_text: bool = False, **setting: Any) -> Any:
    """Return why a request got its response: in the form of `explain --format json`, or as text."""
    from apimpolicy.report.explanation import explain as explanation_of

    explanation = explanation_of(_result(setting))
    if as_text:
        from apimpolicy.report.explanation import render

        return render(explanation)
    from apimpolicy.report.run_results import explanation_to_json

    return json.loads(explanation_to_json(explanation))


def journey(**setting: Any) -> str:
    """Return the journey of a request as a page of HTML."""
    from apimpolicy.report.journey_html import journey_to_html

    return journey_to_html(_result(setting))


def _result(setting: Content) -> Result:
    """Send the request, or the requests of the test case that `case` names; return the last result."""
    named = setting.pop("case", None)
    if named is None:
        content = content_of(setting)
        content["cases"] = [{"name": "request", "request": setting.pop("request", {"get": "/"}), "expect": {}}]
        case = load(content).cases[0]
    else:
        case = _case(named["path"], named["name"])
    outcome = run_case(case)
    if outcome.error is not None:
        raise outcome.error
    if not outcome.results:
        raise ConfigurationError(outcome.problem or "no request was sent")
    return outcome.results[-1]


def _case(path: str, name: str) -> Any:
    for case in load_case_file(path).cases:
        if case.name == name:
            return case
    raise ConfigurationError(f"there is no case '{name}' in {path}")
