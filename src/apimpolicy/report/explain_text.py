"""An explanation as text, for terminals and for the message of a failing test.

403 Invalid client certificate, decided by orders.xml:12 choose ▸ when 1

true   context.Request.Certificate == null
       || !context.Request.Certificate.Verify()
├ false  context.Request.Certificate == null
│        context.Request.Certificate  CN=partner (A1B2…)
└ true   !context.Request.Certificate.Verify()
         chain: CN=partner ← CN=Partner CA (not among the trusted roots)   UntrustedRoot
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.report.clauses import FAILED, NOT_EVALUATED
from apimpolicy.report.columns import clip, printable, width, wrap
from apimpolicy.report.style import PLAIN
from apimpolicy.text.secrets import without_secrets

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apimpolicy.report.clauses import Clause, Fact
    from apimpolicy.report.explanation import Decision, Explanation
    from apimpolicy.report.style import Style

_WIDEST_CODE = 60
MOST_LINES = 60
"""Maximum of lines for the code of a part, since every part around it repeats the code."""


def render(explanation: Explanation, style: Style = PLAIN) -> str:
    """Return the whole explanation, without a line end after it."""
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


def render_clause(clause: Clause, style: Style = PLAIN) -> str:
    """Return an expression with its parts and their values, without a line end after it."""
    return without_secrets("\n".join(_clause(clause, "", "", style)))


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
    yield from _clause(clause, "", "", style)


def _clause(clause: Clause, first: str, later: str, style: Style) -> Iterator[str]:
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
        yield from _clause(part, later + ("└ " if is_last else "├ "), later + ("  " if is_last else "│ "), style)


def _code(text: str, available: int) -> list[str]:
    return wrap(printable(text), max(available, 20))


def _facts(facts: list[Fact], available: int) -> Iterator[str]:
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
