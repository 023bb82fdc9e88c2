"""A result, or an explanation, for programs: `run --format json` and `explain --format json`.

    {"version": 1,
     "response": {"status_code": 403, "reason": "…", "headers": [["Content-Type", "…"]], "body": "…"},
     "backend_requests": [{"method": "GET", "url": "…", "headers": […], "body": "…"}],
     "variables": {"name": {"type": "string", "value": "…"}},
     "error": {"source": "…", "reason": "…", "message": "…", "section": "…", "path": "…", "scope": "…"} or null,
     "trace": [{"section": "inbound", "scope": "operation", "path": "choose[1]/when[1]", "policy": "when",
                "file": "orders.xml", "line": 12, "column": 5, "effect": {"kind": "condition", "text": "false"},
                "expressions": [{"what": "condition", "code": "@(…)", "type": "bool", "value": "True"}]}],
     "messages": ["what context.Trace wrote"],
     "mcp": {"method": "tools/call", "tool": "getOrder", "arguments": {…}, "result": {…}, "is_error": false or null,
             "inner": {"request": {"method": "GET", "url": "…"}, "response": … or null, …} or null,
             "undecided": ["why a part isn't known"], "assumptions": ["…"]}, of a request to an MCP server}

    {"version": 1, "outcome": "403 …", "decided_by": "…", "notes": […], "path": "…",
     "decisions": [{"place": "…", "verdict": "true", "decisive": true, "code": "…", "clause": CLAUSE or null}]}
    CLAUSE: {"verdict", "code", "facts": [{"code", "value"}], "notes", "parts": [CLAUSE]}

A body that is not text is {"base64": "…"}. Values are in the form of `conformance_values`.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from apimpolicy.report.columns import shortened
from apimpolicy.report.conformance_values import runtime_type
from apimpolicy.report.harmless import to_json
from apimpolicy.report.places import path_from_here
from apimpolicy.report.rendering import value_text, within_limits
from apimpolicy.report.result_secrets import hide_secrets_of
from apimpolicy.report.stand_in_text import with_stand_ins

if TYPE_CHECKING:
    from apimpolicy.context.headers import Headers
    from apimpolicy.engine.mcp.endpoint import McpOutcome
    from apimpolicy.engine.result import Result
    from apimpolicy.engine.trace import Evaluation, TraceEntry
    from apimpolicy.report.clauses import Clause
    from apimpolicy.report.explanation import Explanation

VERSION = 1


@within_limits
def result_to_json(result: Result) -> str:
    """Return the result, indented, without a line end after it."""
    hide_secrets_of(result)
    return to_json(with_stand_ins({"version": VERSION, **_report(result)}), indent=2)


def _report(result: Result) -> dict[str, Any]:
    response = result.response
    report = {
        "response": {
            "status_code": response.status_code,
            "reason": response.reason,
            "headers": _headers(response.headers),
            "body": _body(response.body, response.text),
        },
        "backend_requests": [
            {
                "method": request.method,
                "url": request.url,
                "headers": _headers(request.headers),
                "body": _body(request.body or b"", request.text),
            }
            for request in result.backend_requests
        ],
        "variables": {
            name: {"type": runtime_type(value), "value": value_text(value)}
            for name, value in result.exchange.variables.items()
        },
        "error": _error(result.error),
        "trace": [_entry(entry) for entry in result.trace],
        "messages": [shortened(message) for message in result.trace.messages],
    }
    return report if result.mcp is None else {**report, "mcp": _of_server(result.mcp)}


def _of_server(outcome: McpOutcome) -> dict[str, Any]:
    return {
        "method": outcome.method,
        "tool": outcome.tool or None,
        "arguments": outcome.arguments,
        "result": outcome.result,
        "is_error": outcome.is_error,
        "inner": None if outcome.inner is None else _of_inner(outcome.inner),
        "undecided": outcome.undecided,
        "assumptions": outcome.assumptions,
    }


def _of_inner(inner: Result) -> dict[str, Any]:
    report = {"request": {"method": inner.request.method, "url": inner.request.url}, **_report(inner)}
    return report if inner.response.status_code else {**report, "response": None}


def explanation_to_json(explanation: Explanation) -> str:
    """Return the explanation, indented, without a line end after it."""
    report = {
        "version": VERSION,
        "outcome": explanation.outcome,
        "decided_by": explanation.decided_by,
        "notes": explanation.notes,
        "path": explanation.path,
        "decisions": [
            {
                "place": decision.place,
                "verdict": decision.verdict,
                "decisive": decision.is_decisive,
                "code": decision.text,
                "clause": _clause(decision.clause) if decision.clause is not None else None,
            }
            for decision in explanation.decisions
        ],
    }
    return to_json(with_stand_ins(report), indent=2)


def _clause(clause: Clause) -> dict[str, Any]:
    return {
        "verdict": clause.verdict,
        "code": " ".join(clause.code),
        "facts": [{"code": fact.code, "value": fact.value} for fact in clause.facts],
        "notes": clause.notes,
        "parts": [_clause(part) for part in clause.parts],
    }


def _headers(headers: Headers) -> list[list[str]]:
    return [[name, value] for name, values in headers.fields() for value in values]


def _body(body: bytes, text: str) -> str | dict[str, str]:
    return {"base64": base64.b64encode(body).decode()} if "\ufffd" in text else text


def _error(error: Any) -> dict[str, Any] | None:
    if error is None:
        return None
    names = ("source", "reason", "message", "section", "path", "scope", "policy_id")
    return {name: shortened(value) if isinstance(value := getattr(error, name), str) else value for name in names}


def _entry(entry: TraceEntry) -> dict[str, Any]:
    line, column = entry.position
    return {
        "section": entry.section,
        "scope": entry.scope,
        "path": entry.path,
        "policy": entry.name,
        "file": path_from_here(entry.file),
        "line": line,
        "column": column,
        "effect": {"kind": entry.effect.kind, "text": entry.effect.text} if entry.effect is not None else None,
        "error": _error(entry.error),
        "expressions": [_evaluation(evaluation) for evaluation in entry.evaluations],
    }


def _evaluation(evaluation: Evaluation) -> dict[str, Any]:
    shown: dict[str, Any] = {"what": evaluation.what, "code": evaluation.code, "type": evaluation.static_type}
    if evaluation.error is not None:
        shown["exception"] = {"type": evaluation.error.dotnet_type_name, "message": shortened(evaluation.error.message)}
    else:
        shown["value"] = value_text(evaluation.value)
    return shown
