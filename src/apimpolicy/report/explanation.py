"""The explanation of a response, as a tree of plain nodes, and as text.

Explanation
├── outcome, decided_by          "403 Invalid client certificate", "orders.xml:12 choose ▸ when 1"
├── notes                        sentences about the whole: an error, the backend that answered
└── decisions                    the evaluated conditions, the deciding one first
    └── clause                   see `clauses`: verdict, code, facts, notes, parts
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from apimpolicy.csharp.binding.nodes import Expression
from apimpolicy.csharp.dotnet.values import from_utf16
from apimpolicy.gateway.engine.steps import compiled
from apimpolicy.gateway.policies.effects import Condition, Forwarded
from apimpolicy.gateway.policies.registry import is_known, specification_of
from apimpolicy.records import Record
from apimpolicy.report.bounds import shortened
from apimpolicy.report.certificate_notes import certificate_notes
from apimpolicy.report.clauses import FAILED, NOT_EVALUATED, Clause, Evaluated, StatedFact, clause_of, clause_of_block
from apimpolicy.report.columns import PLAIN, Style, clip, page, printable, width, wrap
from apimpolicy.report.explanation_notes import cors_notes, is_answered_preflight, missing_notes, unseen_notes
from apimpolicy.report.result_secrets import hide_secrets_of
from apimpolicy.report.routing_notes import routing_notes
from apimpolicy.report.terminal import short_path
from apimpolicy.report.values import show, within_limits
from apimpolicy.text.secrets import without_secrets

if TYPE_CHECKING:
    from apimpolicy.gateway.engine.mcp.endpoint import McpOutcome
    from apimpolicy.gateway.engine.result import Result
    from apimpolicy.gateway.engine.trace import Evaluation, TraceEntry

CHOICES = "https://apimpolicy.github.io/apimpolicy/choices/"
"""The page of our choices."""


class Decision(Record):
    """A condition, or an expression that threw: its position and value.

    `clause` is None when the condition is no expression; then `text` is the condition as it is written.
    """

    place: str
    verdict: str
    clause: Clause | None
    text: str
    is_decisive: bool


class Explanation:
    """An explanation of a response; `str()` is the text for people."""

    __slots__ = ("decided_by", "decisions", "notes", "outcome", "path", "unseen_texts")

    def __init__(self, outcome: str, decided_by: str) -> None:
        self.outcome = outcome
        self.decided_by = decided_by
        self.decisions: list[Decision] = []
        self.notes: list[str] = []
        self.path = ""
        self.unseen_texts: dict[str, str] = {}

    def __str__(self) -> str:
        return render(self, page())


@within_limits
def explain(result: Result) -> Explanation:
    hide_secrets_of(result)
    response = result.response
    ending = result.trace.decision
    explanation = Explanation(f"{response.status_code} {response.reason}".rstrip(), decided_by(result))
    explanation.path = path_of(result)
    explanation.notes += _notes(result, ending)
    explanation.unseen_texts = result.unseen_texts
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
    if "Origin" in result.request.headers and is_answered_preflight(result) and result.trace.named("cors"):
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
    return Evaluated(compiled(evaluation.excerpt).bound.body, evaluation.excerpt.text, evaluation.recorder)


def _clause(evaluation: Evaluation, evaluated: Evaluated) -> Clause:
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
    yield from unseen_notes(result)
    if ending is None and result.reached_backend:
        sent = result.backend_requests[-1]
        yield f"The request reached the backend: {sent.method} {sent.url}"
    yield from missing_notes(result)
    if "Origin" in result.request.headers:
        yield from cors_notes(result)
    yield from routing_notes(result)


# An explanation as text, for terminals and for the message of a failing test.
#
# 403 Invalid client certificate, decided by orders.xml:12 choose ▸ when 1
#
# true   context.Request.Certificate == null
#        || !context.Request.Certificate.Verify()
# ├ false  context.Request.Certificate == null
# │        context.Request.Certificate  CN=partner (A1B2…)
# └ true   !context.Request.Certificate.Verify()
#          chain: CN=partner ← CN=Partner CA (not among the trusted roots)   UntrustedRoot

_WIDEST_CODE = 60
MOST_LINES = 60
"""Maximum of lines for the code of a part, since every part around it repeats the code."""


def render(explanation: Explanation, style: Style = PLAIN) -> str:
    lines = [style.paint("strong", f"{printable(explanation.outcome)}, decided by {printable(explanation.decided_by)}")]
    for note in explanation.notes:
        lines += wrap(printable(note), style.width)
    deciding = [decision for decision in explanation.decisions if decision.is_decisive]
    others = [decision for decision in explanation.decisions if not decision.is_decisive]
    for index, decision in enumerate(deciding):
        lines.append("")
        if index or len(deciding) > 1:
            lines.append(style.paint("dim", printable(decision.place)))
        lines += _decision(decision, style)
    if others and deciding:
        lines += ["", "Before that:" if len(others) == 1 else "Before and around that:"]
        lines += (_summary(decision, style) for decision in others)
    else:
        for decision in others:
            lines += ["", style.paint("dim", printable(decision.place)), *_decision(decision, style)]
    if explanation.path:
        lead = "path: "
        path = wrap(printable(explanation.path), style.width - len(lead))
        lines += ["", style.paint("dim", lead) + path[0], *(" " * len(lead) + more for more in path[1:])]
    return style.fit(without_secrets("\n".join(lines)))


def render_clause(clause: Clause) -> str:
    """Return an expression with its parts and their values, without a line end after it."""
    return without_secrets("\n".join(_clause_lines(clause, "", "", PLAIN)))


def _summary(decision: Decision, style: Style) -> str:
    code = " ".join(decision.clause.code) if decision.clause is not None else decision.text
    return f"  {_painted(decision.verdict, style)}  {printable(decision.place)}  {clip(code, style.width // 2)}"


def _decision(decision: Decision, style: Style) -> Iterator[str]:
    clause = decision.clause
    if clause is None:
        first, *others = decision.text.splitlines() or [""]
        yield f"{_painted(decision.verdict, style)}  {clip(first, style.width - 10)}"
        yield from (clip(line, style.width) for line in others)
        return
    yield from _clause_lines(clause, "", "", style)


def _clause_lines(clause: Clause, first: str, later: str, style: Style) -> Iterator[str]:
    """Yield the lines of a clause; `first` and `later` are the tree's lines before its first and its other lines."""
    column = width(clause.verdict) + 2 if clause.verdict not in ("true", "false") else 7
    indent = " " * column
    code = [line for text in clause.code for line in _code(text, style.width - width(first) - column)]
    if len(code) > MOST_LINES:
        code = [*code[:MOST_LINES], "…"]
    yield f"{first}{_painted(clause.verdict, style)}{' ' * (column - width(clause.verdict))}{code[0]}"
    body = later + indent
    for line in code[1:]:
        yield body + line
    for line in _facts(clause.facts, style.width - width(body)):
        yield body + line
    for note in clause.notes:
        for line in wrap(printable(note), style.width - width(body)):
            yield (body + style.paint("strong", line)).rstrip()
    for index, part in enumerate(clause.parts):
        is_last = index == len(clause.parts) - 1
        yield from _clause_lines(part, later + ("└ " if is_last else "├ "), later + ("  " if is_last else "│ "), style)


def _code(text: str, available: int) -> list[str]:
    return wrap(printable(text), max(available, 20))


def _facts(facts: list[StatedFact], available: int) -> Iterator[str]:
    """Yield codes and values in two columns. The value of a wide code gets its own line."""
    narrow = [width(printable(fact.code)) for fact in facts if width(printable(fact.code)) <= _WIDEST_CODE]
    column = max(narrow, default=0)
    for fact in facts:
        code, value = printable(fact.code), printable(fact.value)
        if width(code) <= column and column + 2 + width(value) <= available:
            yield code + " " * (column - width(code) + 2) + value
        else:
            yield from wrap(code, available)
            yield from (f"  {line}" for line in wrap(value, available - 2))


def _painted(verdict: str, style: Style) -> str:
    meaning = {"true": "good", "false": "warning", FAILED: "error", NOT_EVALUATED: "dim"}.get(verdict, "strong")
    return style.paint(meaning, verdict)
