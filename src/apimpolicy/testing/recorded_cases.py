"""A test case from a trace that a real gateway recorded, and the first step in which the simulator differs."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from apimpolicy.project.configuration import load_configuration
from apimpolicy.project.environments import find_configuration
from apimpolicy.report.result_secrets import hide_secrets_in
from apimpolicy.testing.first_cases import FirstCases, Found, relative_path, run_alone, text_of
from apimpolicy.testing.first_surroundings import Surroundings, subject_of, surroundings_of
from apimpolicy.testing.recorded_traces import RecordedTrace, first_difference, read_recorded_trace
from apimpolicy.text.secrets import data_without_secrets

if TYPE_CHECKING:
    from apimpolicy.context.headers import Headers
    from apimpolicy.context.records import Response

NOT_OURS = frozenset(("date", "content-length", "transfer-encoding", "connection", "ocp-apim-trace-location"))
"""Headers of a recorded response that no policy makes."""


def recorded_case(policy: str, trace: str, output: str) -> FirstCases:
    """Return a test file with one case, to be written to `output`, in which secrets are `***`.

    Raises ConfigurationError, DiagnosticError.
    """
    recorded = read_recorded_trace(trace)
    around = surroundings_of(subject_of(policy))
    if recorded.gateway:
        around.defaults["gateway"] = {**around.defaults.get("gateway", {}), **recorded.gateway}
    if recorded.answers:
        around.defaults["backend"] = [_answer(answer) for answer in recorded.answers]
    found = Found(f"as recorded in {os.path.basename(trace)}", _request(recorded), _expect(recorded))
    difference = _difference(policy, output, around, found, recorded)
    if (configuration := find_configuration(policy)) is not None:
        load_configuration(configuration).gateway()  # its secret named values are hidden from then on
    hide_secrets_in([recorded.request, *recorded.answers, *([] if recorded.response is None else [recorded.response])])
    around.defaults = data_without_secrets(around.defaults)
    written = Found(found.name, data_without_secrets(found.request), data_without_secrets(found.expect))
    text = text_of(relative_path(policy, output), around, [written], [])
    return FirstCases(text, [found], [], difference)


def _request(recorded: RecordedTrace) -> dict[str, Any]:
    request = recorded.request
    made: dict[str, Any] = {"method": request.method, "url": request.url}
    if headers := _fields(request.headers):
        made["headers"] = headers
    if request.ip_address != "127.0.0.1":
        made["ip-address"] = request.ip_address
    return made


def _answer(answer: Response) -> dict[str, Any]:
    made: dict[str, Any] = {"status": answer.status_code}
    if answer.reason:
        made["reason"] = answer.reason
    if headers := _fields(answer.headers):
        made["headers"] = headers
    return made


def _fields(headers: Headers) -> dict[str, Any]:
    return {name: values[0] if len(values) == 1 else list(values) for name, values in headers.fields()}


def _expect(recorded: RecordedTrace) -> dict[str, Any]:
    expect: dict[str, Any] = {"backend-requests": len(recorded.answers)}
    response = recorded.response
    if response is not None:
        expect["status"] = response.status_code
        if response.reason:
            expect["reason"] = response.reason
        kept = {name: value for name, value in _fields(response.headers).items() if name.lower() not in NOT_OURS}
        if kept:
            expect["headers"] = {
                name: value if isinstance(value, str) else ", ".join(value) for name, value in kept.items()
            }
    if recorded.variables:
        expect["variables"] = dict(recorded.variables)
    return expect


def _difference(policy: str, output: str, around: Surroundings, found: Found, recorded: RecordedTrace) -> str:
    """Run the case, and return the first step that differs from the recorded ones."""
    outcome = run_alone(policy, output, around, found.request)
    if not outcome.results:
        return outcome.problem
    different = first_difference(recorded, outcome.results[-1])
    return "" if different is None else str(different)
