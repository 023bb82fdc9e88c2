"""Send a request through a policy, for assistants and editors: the result, its explanation, its journey."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from apimpolicy.editor.case_contents import Content, content_of, load
from apimpolicy.errors import ConfigurationError
from apimpolicy.testing.case_files import load_case_file
from apimpolicy.testing.running import run_case

if TYPE_CHECKING:
    from apimpolicy.editor.rpc import Json
    from apimpolicy.engine.result import Result


def run(most_entries: int, **setting: Any) -> Json:
    """Return the result of a request in the form of `run --format json`, with at most so many entries of the trace."""
    from apimpolicy.report.run_json import result_to_json

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
        from apimpolicy.report.explain_text import render

        return render(explanation)
    from apimpolicy.report.run_json import explanation_to_json

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
