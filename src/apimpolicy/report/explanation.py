"""The explanation of a response, as a tree of plain nodes; `explain_text` renders it.

Explanation
├── outcome, decided_by          "403 Invalid client certificate", "orders.xml:12 choose ▸ when 1"
├── notes                        sentences about the whole: an error, the backend that answered
└── decisions                    the evaluated conditions, the deciding one first
    └── clause                   see `clauses`: verdict, code, facts, notes, parts
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.dotnet.values import from_utf16
from apimpolicy.policies.effects import Condition, Forwarded
from apimpolicy.policies.registry import is_known, specification_of
from apimpolicy.report.clauses import FAILED, Clause, Evaluated, clause_of, clause_of_block
from apimpolicy.report.columns import shortened
from apimpolicy.report.explanation_notes import certificate_notes
from apimpolicy.report.places import short_path
from apimpolicy.report.result_secrets import hide_secrets_of
from apimpolicy.report.values import show, within_limits

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apimpolicy.engine.mcp.endpoint import McpOutcome
    from apimpolicy.engine.result import Result
    from apimpolicy.engine.trace import Evaluation, TraceEntry

CHOICES = "https://apimpolicy.github.io/apimpolicy/choices/"
"""The page of our choices."""


class Decision:
    """A condition, or an expression that threw: its position and value.

    `clause` is None when the condition is no expression; then `text` is the condition as it is written.
    """

    __slots__ = ("clause", "is_decisive", "place", "text", "verdict")

    def __init__(self, place: str, verdict: str, clause: Clause | None, text: str, is_decisive: bool) -> None:
        self.place = place
        self.verdict = verdict
        self.clause = clause
        self.text = text
        self.is_decisive = is_decisive


class Explanation:
    """An explanation of a response; `str()` is the text for people."""

    __slots__ = ("decided_by", "decisions", "notes", "outcome", "path")

    def __init__(self, outcome: str, decided_by: str) -> None:
        self.outcome = outcome
        self.decided_by = decided_by
        self.decisions: list[Decision] = []
        self.notes: list[str] = []
        self.path = ""

    def __str__(self) -> str:
        from apimpolicy.report.explain_text import render
        from apimpolicy.report.style import page

        return render(self, page())


@within_limits
def explain(result: Result) -> Explanation:
    """Return the explanation of a result. Run with tracing on, it has the values of all sub-expressions."""
    hide_secrets_of(result)
    response = result.response
    ending = result.trace.decision
    explanation = Explanation(f"{response.status_code} {response.reason}".rstrip(), decided_by(result))
    explanation.path = path_of(result)
    explanation.notes += _notes(result, ending)
    if result.mcp is not None:
        if result.mcp.inner is not None:
            explanation = _of_tool(result.mcp, explain(result.mcp.inner))
        explanation.notes += [f"Not decided: {each}." for each in result.mcp.undecided]
        explanation.notes += [f"Assumed: {each}." for each in result.mcp.assumptions]
        if result.mcp.inner is not None:
            return explanation
    deciding = _deciding(result, ending)
    for entry in dict.fromkeys((*deciding, *_conditions(result))):
        explanation.decisions += _decisions(result, entry, entry in deciding)
    return explanation


def _of_tool(outcome: McpOutcome, explanation: Explanation) -> Explanation:
    """Return the explanation of a tool's call, which is that of the request to its operation."""
    explanation.outcome = f"{outcome.tool} → {outcome.operation} → {explanation.outcome.removeprefix('0 ')}"
    return explanation


def place_of(entry: TraceEntry) -> str:
    """`orders.xml:12 choose ▸ when 1`"""
    return f"{short_path(entry.file)}:{entry.position.line} {steps_of(entry)}"


def steps_of(entry: TraceEntry) -> str:
    """`choose ▸ when 1`: the path to a policy; numbers only where there may be several."""
    return steps_of_path(entry.path)


def steps_of_path(path: str) -> str:
    """`choose[1]/when[1]` as `choose ▸ when 1`"""
    steps = []
    for step in filter(None, path.split("/")):
        name, _, number = step.rstrip("]").partition("[")
        steps.append(f"{name} {number}" if name == "when" or (number and number != "1") else name)
    return " ▸ ".join(steps)


def is_detail(entry: TraceEntry) -> bool:
    """Return whether an entry is an element inside of a policy, such as `audiences`, and no step of its own."""
    return entry.parent is not None and not is_known(entry.name) and entry.name not in ("when", "otherwise")


def path_of(result: Result) -> str:
    """`inbound ▸ choose ▸ when 1 = false ▸ backend ▸ forward-request → 200`"""
    parts: list[str] = []
    section = ""
    for entry in result.trace:
        if is_detail(entry):
            continue
        if entry.section != section:
            section = entry.section
            parts.append(section)
        effect = entry.effect
        name = steps_of(entry).rpartition(" ▸ ")[2]
        if isinstance(effect, Condition):
            name += f" = {'true' if effect.taken else 'false'}"
        elif isinstance(effect, Forwarded) and effect.response is not None:
            name += f" → {effect.response.status_code}"
        elif entry.error is not None:
            name += " failed"
        if entry.name != "base":
            parts.append(name)
    return " ▸ ".join(parts)


def decided_by(result: Result) -> str:
    """Return the cause of the response: a position such as `orders.xml:12 choose ▸ when 1`, or a few words."""
    ending = result.trace.decision
    if ending is not None:
        branch = _branch(ending)
        return place_of(branch or ending)
    if result.error is not None and result.error.source in ("configuration", "authorization"):
        return "the gateway itself, before any policy of the API"
    if result.error is not None:
        return "an error that no policy handled"
    if result.mcp is not None and result.mcp.method:
        inner = result.mcp.inner
        status = "" if inner is None else f" → {inner.response.status_code or inner.response.reason}"
        return " ".join(filter(None, ("the MCP server:", result.mcp.method, result.mcp.tool))) + status
    if result.reached_backend:
        return "the backend"
    if "Origin" in result.request.headers:
        from apimpolicy.report.explanation_notes import is_answered_preflight

        if is_answered_preflight(result) and result.trace.named("cors"):
            return "the gateway itself, which responds to every preflight with 200"
    return "no policy: nothing was forwarded to a backend"


def _branch(entry: TraceEntry | None) -> TraceEntry | None:
    """Return the `when` or `otherwise` around a policy, the innermost one."""
    while entry is not None and entry.name not in ("when", "otherwise"):
        entry = entry.parent
    return entry


def _deciding(result: Result, ending: TraceEntry | None) -> list[TraceEntry]:
    """Return the entries whose expressions settled the answer, from the innermost outwards."""
    found: list[TraceEntry] = []
    if ending is not None and any(evaluation.error is not None for evaluation in ending.evaluations):
        found.append(ending)
    if result.error is not None:
        found += [
            entry for entry in result.trace if entry.error is not None and entry not in found and entry.evaluations
        ]
    branch = _branch(ending)
    while branch is not None:
        if branch.name == "otherwise":
            found += [entry for entry in result.trace if entry.parent is branch.parent and entry.name == "when"]
        else:
            found.append(branch)
        branch = _branch(branch.parent)
    return found


def _conditions(result: Result) -> Iterator[TraceEntry]:
    return (entry for entry in result.trace if entry.name == "when" and entry.evaluations)


def _decisions(result: Result, entry: TraceEntry, is_decisive: bool) -> Iterator[Decision]:
    if entry.evaluations and entry.name != "when":
        evaluations = [evaluation for evaluation in entry.evaluations if evaluation.error is not None]
    else:
        evaluations = entry.evaluations
    if not evaluations and isinstance(entry.effect, Condition):
        verdict = "true" if entry.effect.taken else "false"
        yield Decision(place_of(entry), verdict, None, str(entry.attributes.get("condition", "")), is_decisive)
    for evaluation in evaluations:
        clause = clause_of_evaluation(evaluation, result)
        verdict = FAILED if evaluation.error is not None else show(evaluation.value)
        yield Decision(place_of(entry), verdict, clause, evaluation.code, is_decisive)


def clause_of_evaluation(evaluation: Evaluation, result: Result) -> Clause:
    """Return the parts of an expression with their values; what certificates had to do with them, and what it threw."""
    evaluated = evaluated_of(evaluation)
    clause = _clause(evaluation, evaluated)
    certificate_notes(clause, evaluated, result)
    if evaluation.error is not None:
        _note_error(clause, evaluation)
    return clause


def evaluated_of(evaluation: Evaluation) -> Evaluated:
    """Return the bound tree of an evaluation, with its values."""
    from apimpolicy.engine.steps import compiled

    return Evaluated(compiled(evaluation.excerpt).bound.body, evaluation.excerpt.text, evaluation.recorder)


def _clause(evaluation: Evaluation, evaluated: Evaluated) -> Clause:
    from apimpolicy.binding.nodes import Expression

    if isinstance(evaluated.root, Expression):
        return clause_of(evaluated.root, evaluated)
    verdict = FAILED if evaluation.error is not None else show(evaluation.value)
    return clause_of_block(evaluated.root, verdict, evaluated)


def _note_error(clause: Clause, evaluation: Evaluation) -> None:
    error = evaluation.error
    assert error is not None
    failed = next((leaf for leaf in clause.leaves() if leaf.verdict == FAILED), clause)
    failed.notes.append(f"{error.dotnet_type_name}: {shortened(error.message)}")


def _notes(result: Result, ending: TraceEntry | None) -> Iterator[str]:
    error = result.error
    if error is not None:
        where = " ▸ ".join(filter(None, (error.section, steps_of_path(error.path or ""))))
        yield " ".join(filter(None, (where or error.source, "failed:", error.reason)))
        yield shortened(from_utf16(error.message))
        specification = specification_of(from_utf16(error.source))
        if specification is not None and specification.chosen_refusal:
            yield f"Of this error no source tells {specification.chosen_refusal}: our choice, see {CHOICES}#policies"
    for words in result.assumptions:
        yield f"No source decides this, our choice: {words}. See {CHOICES}"
    if ending is None and result.reached_backend:
        sent = result.backend_requests[-1]
        yield f"The request reached the backend: {sent.method} {sent.url}"
    if "Origin" in result.request.headers:
        from apimpolicy.report.explanation_notes import cors_notes

        yield from cors_notes(result)
    from apimpolicy.report.explanation_notes import routing_notes

    yield from routing_notes(result)
