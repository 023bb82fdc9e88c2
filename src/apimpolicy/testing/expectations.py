"""Compare a result with the expectations of a test case, in sentences.

expect:
  status: 403                          a number, a list of numbers, or a pattern such as 4xx
  reason: Invalid client certificate   a text, or {contains: …}, {matches: a regular expression}
  headers: {X-Trace: "1", Server: null}    null: the header is not there
  body: {contains: orders}             a text, or contains, matches; or json (equal), json-subset
  json: {orders: []}                   short for body: {json: …}; json-subset likewise
  backend-requests: 1                  how many reached a backend, or a list of {method, url, headers, body, json}
  sent-requests: 0                     the same of send-request and send-one-way-request
  request: {headers: {X-Id: "1"}}      what policies made of the request: method, url, headers, body, json
  variables: {user: anna}              values at the end, as JSON or as C# writes them; of a response, its status …
  error: {reason: TokenExpired}        of context.LastError; true: there was one; false: there was none
  branch: choose ▸ when 1              taken on the way; also choose[1]/when[1], or a list
  explanation: not among the uploaded  a text (or several) that the explanation contains
  effects: "set-status[1]: 404"        the effect of a policy, as in the trace; several in this order
  trace: [{source: rewrite-uri}]       entries of the gateway's own trace, in this order (testing/expectations.py)
  elapsed: 2.5                         seconds that went by on the gateway's clock
  recorded: {events: …}                requests to other services (testing/recorded_services.py)
  holds: only partners get through     claims of the file, by name (testing/claims)
  warned-at-save: [POL108]             codes of the warnings about the documents
  result, is-error, tools, inner       of an MCP server (testing/mcp_cases.py)

Instead of a response, alone:

expect:
  refused-at-save: POL104              the gateway does not accept the document: the codes of its errors
  misconfigured: has no logger         it cannot run it as it is set up: what the message contains
  not-simulated: the policy 'quota'    the request reaches what is not simulated: what the message contains
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NamedTuple

from apimpolicy.csharp.dotnet.values import from_utf16
from apimpolicy.errors import ApimPolicyError, ConfigurationError, DiagnosticError, NotSimulatedError
from apimpolicy.gateway.context.messages import ResponseMessage
from apimpolicy.gateway.policies.effects import Condition
from apimpolicy.testing.differences import (
    as_json,
    body_differs,
    headers_differ,
    json_differs,
    requests_differ,
    short,
    text_differs,
)
from apimpolicy.testing.format import BODY, ERROR, EXPECT, OUTCOMES, TRACE_ENTRY
from apimpolicy.testing.mcp_cases import (
    OF_SERVERS,
    inner_of,
    is_error_differs,
    outcome_in,
    result_differs,
    tools_differ,
    undecided,
)
from apimpolicy.testing.tree import WRONG_KIND, TestFileError, Tree

if TYPE_CHECKING:
    from apimpolicy.gateway.context.records import Response
    from apimpolicy.gateway.engine.result import Result
    from apimpolicy.testing.recorded_services import Recording


class Mismatch(NamedTuple):
    """A difference from what is expected: a sentence, and the line of the test file that expects it."""

    sentence: str
    line: int


class RequestFacts(NamedTuple):
    """The facts about a request besides its result.

    `elapsed` are the seconds that it took on the gateway's clock, `recording` what services got, where that is asked
    for, `warnings` the codes of the warnings about the documents, `holds` says whether a claim holds, by its name.
    """

    elapsed: float
    recording: Recording | None
    warnings: list[str]
    holds: Callable[[Tree], bool]


def mismatches(expect: Tree, result: Result, around: RequestFacts) -> list[Mismatch]:
    """Return all differences between a result and what is expected. Raises TestFileError."""
    found: list[Mismatch] = []
    for key, tree in expect.known(EXPECT).items():
        sentences = list(undecided(key, result)) if key in OBSERVABLE else []
        sentences += _CHECKS[key](tree, result) if key in _CHECKS else _AROUND[key](tree, result, around)
        found += (Mismatch(sentence, tree.line) for sentence in sentences)
    return found


OBSERVABLE = frozenset({"status", "reason", "headers", "body", "json", "json-subset"})
"""Keys about a response that comes over the network."""
_OF_BODIES = frozenset({"body", "json", "json-subset"})


def observable_mismatches(expect: Tree, response: Response, method: str) -> tuple[list[Mismatch], int]:
    expected = expect.known(EXPECT)
    observable = OBSERVABLE - _OF_BODIES if method == "HEAD" else OBSERVABLE
    observable |= {key for key in OF_SERVERS & expected.keys() if expected[key].value is not None}
    seen = SimpleNamespace(response=response, mcp=outcome_in(response) if OF_SERVERS & expected.keys() else None)
    found = [
        Mismatch(sentence, tree.line)
        for key, tree in expected.items()
        if key in observable
        for sentence in _CHECKS[key](tree, seen)
    ]
    return found, sum(key not in observable for key in expected)


def differences_in(key: str, tree: Tree, result: Result) -> Iterator[str]:
    """Yield how a response differs from what a key expects; the key must be one that a result alone decides."""
    return _CHECKS[key](tree, result)


def outcome_mismatches(expect: Tree, error: ApimPolicyError) -> list[Mismatch] | None:
    """Return the mismatches with the error expected instead of a response; None when no error is expected."""
    for key, tree in expect.known(EXPECT).items():
        if key in OUTCOMES and isinstance(error, _ERRORS[key]) and not isinstance(error, TestFileError):
            return [Mismatch(sentence, tree.line) for sentence in _outcome(key, tree, error)]
    return None


def _outcome(key: str, tree: Tree, error: ApimPolicyError) -> Iterator[str]:
    if isinstance(error, DiagnosticError):
        codes = [finding.code for finding in error.diagnostics]
        if codes != tree.texts():
            yield f"expected the document to be refused with {', '.join(tree.texts())}, its errors are {error}"
        return
    for item in tree.items():
        if item.text() not in str(error):
            yield f"expected {_SAID[key]} with {item.text()!r}, the message is {str(error)!r}"


_ERRORS: dict[str, type[ApimPolicyError]] = {
    "refused-at-save": DiagnosticError,
    "misconfigured": ConfigurationError,
    "not-simulated": NotSimulatedError,
}
_SAID = {
    "refused-at-save": "the document to be refused",
    "misconfigured": "the gateway to be set up wrongly",
    "not-simulated": "the request to reach what is not simulated",
}


def _no_outcome(key: str) -> Callable[[Tree, Result], Iterator[str]]:
    def differ(tree: Tree, result: Result) -> Iterator[str]:
        yield f"expected {_SAID[key]}, got {result.response.status_code} {result.response.reason}"

    return differ


def _elapsed(tree: Tree, result: Result, around: RequestFacts) -> Iterator[str]:
    if abs(tree.value - around.elapsed) > 1e-6:
        yield f"expected the request to take {tree.text()} seconds, it took {around.elapsed:g}"


def _warned(tree: Tree, result: Result, around: RequestFacts) -> Iterator[str]:
    if tree.texts() != around.warnings:
        shown = ", ".join(around.warnings) or "none"
        yield f"expected the warnings {', '.join(tree.texts()) or 'none'} about the documents, there are {shown}"


def _holds(tree: Tree, result: Result, around: RequestFacts) -> Iterator[str]:
    for item in tree.items():
        if not around.holds(item):
            yield f"the claim {item.text()!r} does not hold for this request"


def _status(tree: Tree, result: Result) -> Iterator[str]:
    got = result.response.status_code
    if not any(_is_status(item, got) for item in tree.items()):
        wanted = " or ".join(item.text() for item in tree.items())
        yield f"expected status {wanted}, got {got}"


def _is_status(tree: Tree, status: int) -> bool:
    if isinstance(tree.value, int):
        return status == tree.value
    return re.fullmatch(tree.text().lower().replace("x", r"\d"), str(status)) is not None


def _variables(tree: Tree, result: Result) -> Iterator[str]:
    from apimpolicy.csharp.dotnet.system import objects

    for name, expected in tree.table().items():
        if name not in result.exchange.variables:
            names = ", ".join(result.exchange.variables) or "none"
            if expected.value is not None:
                yield f"expected the variable {name!r}, it was not set; set were {names}"
            continue
        value = result.exchange.variables[name]
        if value is None:
            if expected.value is not None:
                yield f"expected the variable {name!r} to be {as_json(expected.plain())}, it is null"
            continue
        if isinstance(value, ResponseMessage) and isinstance(expected.value, dict):
            held = SimpleNamespace(response=value.to_response())
            for key, part in expected.known(OBSERVABLE).items():
                yield from (f"variable {name}: {sentence}" for sentence in _CHECKS[key](part, held))
            continue
        text = from_utf16(objects.text(value))
        if isinstance(expected.value, dict) and set(expected.value) <= set(BODY):
            yield from body_differs(expected, text, f"variable {name}")
            continue
        plain = expected.plain()
        spelled = (
            ("True" if plain else "False")
            if isinstance(plain, bool)
            else expected.text()
            if _is_scalar(plain)
            else None
        )
        if spelled is None:
            yield from json_differs(expected, text, f"variable {name}", subset=False)
        elif text != spelled:
            yield f"expected the variable {name!r} to be {spelled!r}, got {short(text)}"


def _is_scalar(value: Any) -> bool:
    return not isinstance(value, (dict, list)) and value is not None


def _error(tree: Tree, result: Result) -> Iterator[str]:
    error = result.error
    if tree.value in (False, None):
        if error is not None:
            yield f"expected no error, got {error.source} {error.reason}: {from_utf16(error.message)}"
        return
    if error is None:
        yield "expected an error, there was none"
        return
    if tree.value is True:
        return
    for key, part in tree.known(ERROR).items():
        got = getattr(error, key.replace("-", "_"))
        if part.value is None:
            if got is not None:
                yield f"expected the error's {key} to be null, got {got!r}"
        else:
            yield from text_differs(part, from_utf16(got) if got is not None else "", f"the error's {key}")


def _branch(tree: Tree, result: Result) -> Iterator[str]:
    from apimpolicy.report.explanation import steps_of

    taken: dict[str, str] = {}
    for entry in result.trace:
        if entry.name in ("when", "otherwise") and isinstance(entry.effect, Condition) and entry.effect.taken:
            shown = steps_of(entry)
            taken |= {shown: shown, entry.path: shown, shown.rpartition(" ▸ ")[2]: shown}
    for item in tree.items():
        wanted = item.text().replace(" > ", " ▸ ")
        if wanted not in taken:
            known = ", ".join(dict.fromkeys(taken.values())) or "none"
            yield f"expected the branch {wanted}, taken were: {known}"


_BRANCHES = dict.fromkeys(map(ord, "│├└"), " ")


def _explanation(tree: Tree, result: Result) -> Iterator[str]:
    from apimpolicy.report.explanation import explain

    text = str(explain(result))
    joined = " ".join(text.translate(_BRANCHES).split())
    for item in tree.items():
        if item.text() not in text and " ".join(item.text().split()) not in joined:
            yield f"expected the explanation to say {item.text()!r}"


def _effects(tree: Tree, result: Result) -> Iterator[str]:
    told = [f"{entry.path}: {entry.effect.text}" for entry in result.trace if entry.effect is not None]
    rest = iter(told)
    for item in tree.items():
        if item.text() not in rest:
            yield f"expected the effect {item.text()!r} in this place, there were: {'; '.join(told) or 'none'}"
            return


# The trace in the gateway's own form, as `run --gateway-trace` writes it:
#
# trace:
#   - {section: inbound, source: cors, data: Origin header was missing …}
#   - {source: rewrite-uri, data: {request: {url: "https://orders.internal/v2"}}}
#   - {source: set-header, absent: true}
#
# The entries must be there in this order; others may stand between them. Of a table in `data` the members that are
# named must be there with these values; a text must be the whole text, or `{contains: …}`, `{matches: …}`.


def _trace(tree: Tree, result: Result) -> Iterator[str]:
    """Yield a sentence for each entry that is not there, or not where it should be."""
    from apimpolicy.report.gateway_trace import gateway_trace

    sections: dict[str, list[dict[str, Any]]] = gateway_trace(result)["traceEntries"]
    entries = [(section, entry) for section, traced in sections.items() for entry in traced]
    begin = 0
    for item in tree.items():
        expected = item.known(TRACE_ENTRY)
        fitting = [number for number, (section, entry) in enumerate(entries) if _fits(expected, section, entry)]
        if "absent" in expected and expected["absent"].value:
            if fitting:
                yield f"expected the trace to have no entry {_shown(expected)}"
            continue
        following = [number for number in fitting if number >= begin]
        if following:
            begin = following[0] + 1
        else:
            there = ", ".join(f"{section} {entry['source']}" for section, entry in entries)
            alike = [entry["data"] for _, entry in entries if "source" in expected and _is_source(expected, entry)]
            got = f"; those of this source have {as_json(alike)}" if alike else f"; it has {there}"
            yield f"expected the trace to have the entry {_shown(expected)}{' at this place' if fitting else got}"


def _is_source(wanted: dict[str, Tree], entry: dict[str, Any]) -> bool:
    return bool(entry["source"] == wanted["source"].text())


def _fits(wanted: dict[str, Tree], section: str, entry: dict[str, Any]) -> bool:
    if "section" in wanted and wanted["section"].text() != section:
        return False
    if "source" in wanted and not _is_source(wanted, entry):
        return False
    try:
        return "data" not in wanted or _has(wanted["data"].plain(), entry["data"])
    except re.error as error:
        raise wanted["data"].mistake(WRONG_KIND, f"this has an invalid regular expression: {error}") from None


def _has(wanted: Any, got: Any) -> bool:
    """Return whether a value is as it is wanted."""
    if isinstance(wanted, dict):
        if isinstance(got, str) and set(wanted) <= {"contains", "matches"}:
            return wanted.get("contains", "") in got and re.search(wanted.get("matches", ""), got) is not None
        return isinstance(got, dict) and all(key in got and _has(value, got[key]) for key, value in wanted.items())
    if isinstance(wanted, list) and isinstance(got, list):
        return len(wanted) == len(got) and all(_has(one, other) for one, other in zip(wanted, got, strict=True))
    return bool(wanted == got) and isinstance(wanted, bool) is isinstance(got, bool)


def _shown(wanted: dict[str, Tree]) -> str:
    return as_json({key: tree.plain() for key, tree in wanted.items() if key != "absent"})


def _inner(tree: Tree, result: Result, around: RequestFacts) -> Iterator[str]:
    inner = inner_of(result)
    if (tree.value is None) != (inner is None):
        yield f"expected {'no' if inner else 'a'} request to an operation, there was {'one' if inner else 'none'}"
    elif inner is not None:
        yield from (f"inner: {each.sentence}" for each in mismatches(tree, inner, around))


def _recorded(tree: Tree, result: Result, around: RequestFacts) -> Iterator[str]:
    from apimpolicy.testing.recorded_services import differences_of

    assert around.recording is not None
    return differences_of(tree, result, around.recording)


_CHECKS: dict[str, Callable[[Tree, Any], Iterator[str]]] = {
    "status": _status,
    "reason": lambda tree, result: text_differs(tree, result.response.reason, "reason"),
    "headers": lambda tree, result: headers_differ(tree, result.response.headers, "the response"),
    "body": lambda tree, result: body_differs(tree, result.response.text, "body"),
    "json": lambda tree, result: json_differs(tree, result.response.text, "body", subset=False),
    "json-subset": lambda tree, result: json_differs(tree, result.response.text, "body", subset=True),
    "backend-requests": lambda tree, result: requests_differ(tree, result.backend_requests, "to a backend"),
    "sent-requests": lambda tree, result: requests_differ(tree, result.sent_requests, "sent by policies"),
    "request": lambda tree, result: requests_differ(tree, [result.exchange.request.to_request()], "policies changed"),
    "variables": _variables,
    "error": _error,
    "branch": _branch,
    "explanation": _explanation,
    "effects": _effects,
    "trace": _trace,
    "result": result_differs,
    "is-error": is_error_differs,
    "tools": tools_differ,
    **{key: _no_outcome(key) for key in OUTCOMES},
}

_AROUND: dict[str, Callable[[Tree, Result, RequestFacts], Iterator[str]]] = {
    "elapsed": _elapsed,
    "inner": _inner,
    "holds": _holds,
    "recorded": _recorded,
    "warned-at-save": _warned,
}
