"""One request, for people and for programs."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from apimpolicy.gateway.policies.effects import Condition
from apimpolicy.gateway.policies.registry import has_trait
from apimpolicy.report.bounds import LONGEST_BODY, MOST_STEPS, bounded, is_in_full, shortened, shortened_lines
from apimpolicy.report.columns import PLAIN, Style, clip, printable, width
from apimpolicy.report.explanation import Explanation, steps_of
from apimpolicy.report.explanation_notes import unseen_notes
from apimpolicy.report.log_commands import to_json
from apimpolicy.report.outputs.parts import record_of
from apimpolicy.report.outputs.run import (
    Bytes,
    ClauseData,
    EffectData,
    EntryData,
    ErrorData,
    EvaluationData,
    ExplainReport,
    Fact,
    InnerRun,
    McpData,
    RunResult,
)
from apimpolicy.report.result_secrets import hide_secrets_of
from apimpolicy.report.routing_notes import routing_notes
from apimpolicy.report.stand_in_text import with_stand_ins
from apimpolicy.report.terminal import path_from_here
from apimpolicy.report.values import folded, runtime_type, show, value_text, within_limits
from apimpolicy.text.secrets import without_secrets

if TYPE_CHECKING:
    from apimpolicy.gateway.context.headers import Headers
    from apimpolicy.gateway.engine.mcp.endpoint import McpOutcome
    from apimpolicy.gateway.engine.result import Result
    from apimpolicy.gateway.engine.trace import Evaluation, TraceEntry
    from apimpolicy.report.clauses import Clause


# For programs: `run --format json` and `explain --format json`, whose schemas are
# `apimpolicy/schemas/apimpolicy-run-output.schema.json` and `apimpolicy-explain-output.schema.json`.
#
# A body that is not text is {"base64": "…"}. Values are in the form of the conformance suite (`report.values`).


@within_limits
def result_to_json(result: Result) -> str:
    """Return the result, indented, without a line end after it."""
    hide_secrets_of(result)
    return to_json(with_stand_ins(bounded({"version": 1, **_report(result)})), indent=2)


def _report(result: Result) -> RunResult:
    response = result.response
    report: RunResult = {
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
        "assumptions": list(result.assumptions),
        "unseen_texts": [{"text": text, "known": is_seen} for text, is_seen in result.unseen_texts.items()],
    }
    if result.mcp is not None:
        report["mcp"] = _server_data(result.mcp)
    return report


def _server_data(outcome: McpOutcome) -> McpData:
    return record_of(McpData, outcome, inner=outcome.inner and _inner_data(outcome.inner))


def _inner_data(inner: Result) -> InnerRun:
    report: InnerRun = {"request": {"method": inner.request.method, "url": inner.request.url}, **_report(inner)}
    if not inner.response.status_code:
        report["response"] = None
    return report


def explanation_to_json(explanation: Explanation) -> str:
    """Return the explanation, indented, without a line end after it."""
    report: ExplainReport = {
        "version": 1,
        "outcome": explanation.outcome,
        "decided_by": explanation.decided_by,
        "notes": explanation.notes,
        "unseen_texts": [{"text": text, "known": known} for text, known in explanation.unseen_texts.items()],
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
    return to_json(with_stand_ins(bounded(report)), indent=2)


def _clause(clause: Clause) -> ClauseData:
    return record_of(
        ClauseData,
        clause,
        code=" ".join(clause.code),
        facts=[record_of(Fact, fact) for fact in clause.facts],
        parts=map(_clause, clause.parts),
    )


def _headers(headers: Headers) -> list[list[str]]:
    return [[name, value] for name, values in headers.fields() for value in values]


def _body(body: bytes, text: str) -> str | Bytes:
    return {"base64": base64.b64encode(body).decode()} if "\ufffd" in text else text


def _error(error: Any) -> ErrorData | None:
    if error is None:
        return None
    return {
        "source": _cut(error.source),
        "reason": _cut(error.reason),
        "message": _cut(error.message),
        "section": _cut(error.section),
        "path": _cut(error.path),
        "scope": _cut(error.scope),
        "policy_id": _cut(error.policy_id),
    }


def _cut(value: str | None) -> str | None:
    return value and shortened(value)


def _entry(entry: TraceEntry) -> EntryData:
    line, column = entry.position
    return record_of(
        EntryData,
        entry,
        policy=entry.name,
        file=path_from_here(entry.file),
        line=line,
        column=column,
        effect=entry.effect and record_of(EffectData, entry.effect),
        error=_error(entry.error),
        expressions=map(_evaluation_data, entry.evaluations),
    )


def _evaluation_data(evaluation: Evaluation) -> EvaluationData:
    shown: EvaluationData = {"what": evaluation.what, "code": evaluation.code, "type": evaluation.static_type}
    if evaluation.error is not None:
        shown["exception"] = {"type": evaluation.error.dotnet_type_name, "message": shortened(evaluation.error.message)}
    else:
        shown["value"] = value_text(evaluation.value)
    return shown


# For people: every policy with its effect, then the response as it goes over the wire.

_SECTION = 11
_NARROWEST, _WIDEST = 26, 48
_RULE = 57


@within_limits
def render(result: Result, style: Style = PLAIN, *, with_values: bool = False) -> str:
    """Return the trace, a line, the response. `with_values` adds the values of expressions and backend requests."""
    hide_secrets_of(result)
    lines = list(_trace(result, style, with_values))
    if result.mcp is not None:
        lines += _of_server(result.mcp, style, with_values)
    if with_values:
        for request in result.backend_requests:
            lines += ["", style.paint("dim", "reached the backend:")]
            lines += _message(f"{request.method} {request.url}", request.headers, request.body or b"", request.text)
            lines.append("")
    if result.exchange.unmatched is not None:
        lines += (style.fit(printable(note)) for note in routing_notes(result))
    lines += (style.paint("warning", style.fit(printable(f"our choice: {words}"))) for words in result.assumptions)
    lines += (style.paint("dim", style.fit(printable(note))) for note in unseen_notes(result))
    if lines:
        lines.append(style.paint("dim", "─" * _RULE))
    response = result.response
    status = f"HTTP/1.1 {response.status_code} {response.reason}".rstrip()
    lines += _message(status, response.headers, response.body, response.text, style)
    return without_secrets("\n".join(shortened_lines(lines)))


def _trace(result: Result, style: Style, with_values: bool) -> Iterator[str]:
    branched = {id(entry.parent) for entry in result.trace if entry.parent is not None}
    entries = [entry for entry in result.trace if not _is_only_a_frame(entry, branched)]
    more = 0 if is_in_full() else len(entries) - MOST_STEPS
    entries = entries[:MOST_STEPS] if more > 0 else entries
    names = [_name(entry) for entry in entries]
    column = min(max([_NARROWEST, *(width(name) for name in names)]), _WIDEST) + 1
    section = ""
    for entry, name in zip(entries, names, strict=True):
        head = entry.section if entry.section != section else ""
        section = entry.section
        effect = _effect(entry)
        if entry.error is not None:
            effect = style.paint("error", effect)
        elif isinstance(entry.effect, Condition):
            effect = style.paint("good" if entry.effect.taken else "warning", effect)
        padding = " " * max(column - width(name), 1)
        yield style.fit(f"{style.paint('strong', head)}{' ' * (_SECTION - len(head))}{name}{padding}{effect}".rstrip())
        for message in (message for evaluation in entry.evaluations for message in evaluation.messages):
            indent = _SECTION + 2 + len(name) - len(name.lstrip())
            yield f"{' ' * indent}context.Trace  {clip(printable(shortened(message)), style.width - indent - 15)}"
        if with_values:
            for evaluation in entry.evaluations:
                indent = _SECTION + 2 + len(name) - len(name.lstrip())
                for line in _evaluation(evaluation, style.width - indent):
                    yield f"{' ' * indent}{style.paint('dim', line)}"
    if more > 0:
        yield f"… {more:,} more policies ran; --full shows them"


def _of_server(outcome: McpOutcome, style: Style, with_values: bool) -> Iterator[str]:
    """Yield the request inside the service that a tool's call was, and what of the response isn't known."""
    inner = outcome.inner
    if inner is not None:
        url = inner.request.url.partition("://")[2].partition("/")[2]
        yield style.paint("strong", printable(f"{outcome.tool} → {inner.request.method} /{url}"))
        yield from (f"  {line}" for line in _trace(inner, style, with_values))
        response = inner.response
        status = f"{response.status_code} {response.reason}".rstrip() if response.status_code else response.reason
        yield style.fit(printable(f"  → {status}"))
        if outcome.is_error is False:
            yield clip(printable(f"  result  {' '.join(response.text.split())}"), style.width)
    for kind, notes in (("not decided: ", outcome.undecided), ("assumed: ", outcome.assumptions)):
        yield from (style.paint("warning", style.fit(printable(f"{kind}{note}"))) for note in notes)


def _is_only_a_frame(entry: TraceEntry, branched: set[int]) -> bool:
    """Return whether an entry is a `choose` whose branches are shown instead."""
    return has_trait(entry.name, "branches") and entry.error is None and id(entry) in branched


def _name(entry: TraceEntry) -> str:
    """Return a label such as `choose ▸ when 1`, indented inside its parent."""
    depth = 0
    parent = entry.parent
    while parent is not None:
        depth += not has_trait(parent.name, "branches")
        parent = parent.parent
    steps = steps_of(entry).split(" ▸ ")
    shown = " ▸ ".join(steps[-2:]) if entry.name in ("when", "otherwise") else entry.name
    subject = entry.attributes.get("name") or entry.attributes.get("fragment-id")
    if isinstance(subject, str):
        shown += f" {subject}"
    return "  " * depth + clip(shown, _WIDEST - 2 * depth)


def _effect(entry: TraceEntry) -> str:
    if entry.error is not None:
        return f"failed: {printable(shortened(entry.error.message))}"
    return printable(shortened(entry.effect.text)) if entry.effect is not None else ""


def _evaluation(evaluation: Evaluation, available: int) -> Iterator[str]:
    code = clip(folded(evaluation.code, 0, len(evaluation.code)), available - len(evaluation.what) - 2)
    yield f"{evaluation.what}  {code}"
    if evaluation.error is not None:
        value = f"{evaluation.error.dotnet_type_name}: {shortened(evaluation.error.message)}"
    else:
        value = show(evaluation.value)
    yield f"{' ' * len(evaluation.what)}  → {clip(value, available - len(evaluation.what) - 4)}"


def _message(start: str, headers: Headers, body: bytes, text: str, style: Style = PLAIN) -> Iterator[str]:
    yield style.paint("strong", printable(shortened(start)))
    for name, values in headers.fields():
        for value in values:
            yield printable(shortened(f"{name}: {value}"))
    if not body:
        return
    yield ""
    if "\ufffd" in text or "\0" in text:
        yield f"({len(body):,} bytes that are not text)"
    else:
        yield from (printable(line) for line in shortened(text.removesuffix("\n"), LONGEST_BODY).split("\n"))
