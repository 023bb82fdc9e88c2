"""The policies on the journey's page, section by section; under each what it got, and its expressions as trees."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.dotnet.values import from_utf16
from apimpolicy.policies.effects import Condition, Forwarded, ResponseReturned, Sent
from apimpolicy.policies.registry import has_trait
from apimpolicy.report.clauses import FAILED, NOT_EVALUATED
from apimpolicy.report.columns import shortened
from apimpolicy.report.explanation import clause_of_evaluation, is_detail, steps_of
from apimpolicy.report.html_style import lines, text
from apimpolicy.report.journey_messages import request_markup, response_markup
from apimpolicy.report.places import short_path
from apimpolicy.report.values import show

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apimpolicy.engine.result import Result
    from apimpolicy.engine.trace import Evaluation, TraceEntry
    from apimpolicy.report.clauses import Clause

MOST_STEPS = 2_000
"""Policies that are shown; a loop can run more."""
_DEEPEST = 6
_LONGEST_VALUE = 300
_LONGEST_CODE = 3_000
_FRAMES = ("choose", "base", "when", "otherwise")


def shown_steps(result: Result) -> dict[int, TraceEntry]:
    """Return the policies to show by their numbers in the trace; branches replace their `choose`."""
    with_branches = {id(entry.parent) for entry in result.trace if entry.parent is not None}
    return {
        number: entry
        for number, entry in enumerate(result.trace[:MOST_STEPS])
        if not is_detail(entry)
        and (not has_trait(entry.name, "branches") or entry.error is not None or id(entry) not in with_branches)
    }


def anchor_of(steps: dict[int, TraceEntry], entry: TraceEntry) -> str | None:
    """Return the id of a policy's place on the page; None when it is not shown."""
    return next((f"e{number}" for number, other in steps.items() if other is entry), None)


def section_cards(result: Result, steps: dict[int, TraceEntry]) -> Iterator[str]:
    """Yield a card for each stretch of policies in one section."""
    decision = result.trace.decision
    deciding = {id(entry) for entry in _around(decision)}
    section = ""
    told: set[str] = set()
    for number, entry in steps.items():
        if entry.section != section:
            if section:
                yield "</ol></section>"
            section = entry.section
            name = text(section)
            anchor = f' id="s-{name}"' if section not in told else ""
            told.add(section)
            yield f'<section class="card"><h2{anchor}>{name}</h2><ol class="steps">'
        yield from _step(result, entry, number, id(entry) in deciding, entry is decision)
    if section:
        yield "</ol></section>"
    if (more := len(result.trace) - MOST_STEPS) > 0:
        yield f'<p class="note">{more:,} more policies ran; they are not shown.</p>'


def _around(entry: TraceEntry | None) -> Iterator[TraceEntry]:
    while entry is not None:
        yield entry
        entry = entry.parent


def _step(result: Result, entry: TraceEntry, number: int, is_deciding: bool, is_decision: bool) -> Iterator[str]:
    kind = _kind(entry, is_decision)
    depth = min(entry.depth, _DEEPEST)
    place = f"{short_path(entry.file)}:{entry.position.line}"
    subject = entry.attributes.get("name") or entry.attributes.get("fragment-id")
    effect = (
        shortened(from_utf16(entry.error.message))
        if entry.error is not None
        else entry.effect.text
        if entry.effect
        else ""
    )
    named = ""
    if isinstance(subject, str) and not effect.startswith(shown := from_utf16(subject)):
        named = f'<span class="subject">{text(shown)}</span>'
    sign = f"<b>{text('failed: ' + effect)}</b>" if entry.error is not None else text(effect)
    decides = '<span class="decides">decides</span>' if is_decision else ""
    row = (
        f'<code class="policy">{text(_name(entry))}</code>{named}<span class="effect">{sign}</span>{decides}'
        f'<span class="place">{text(place)} · {text(entry.scope)}</span>'
    )
    body = "".join(_inside(result, entry))
    yield f'<li class="step {kind} d{depth}" id="e{number}">'
    if body:
        is_open = " open" if is_deciding or entry.error is not None else ""
        yield f'<details{is_open}><summary class="row">{row}</summary><div class="inside">{body}</div></details></li>'
    else:
        yield f'<div class="row">{row}</div></li>'


def _name(entry: TraceEntry) -> str:
    if entry.name not in ("when", "otherwise"):
        return entry.name
    return " ▸ ".join(steps_of(entry).split(" ▸ ")[-2:])


def _kind(entry: TraceEntry, is_decision: bool) -> str:
    if entry.error is not None:
        return "failed"
    if is_decision:
        return "ends"
    if isinstance(entry.effect, Condition):
        return "taken" if entry.effect.taken else "skipped"
    return "frame" if entry.name in _FRAMES else "done"


def _inside(result: Result, entry: TraceEntry) -> Iterator[str]:
    for evaluation in entry.evaluations:
        yield from _expression(result, evaluation)
    expressions = {evaluation.what for evaluation in entry.evaluations}
    plain = {name: value for name, value in entry.attributes.items() if name not in expressions}
    if entry.name not in _FRAMES and plain:
        yield '<h3>as the policy got it</h3><dl class="facts">'
        for name, value in plain.items():
            yield f"<dt>{text(name)}</dt><dd>{_value(value)}</dd>"
        yield "</dl>"
    effect = entry.effect
    if isinstance(effect, (Forwarded, Sent)):
        if effect.request is not None:
            yield f"<h3>sent</h3>{request_markup(effect.request)}"
        if effect.response is not None:
            yield f"<h3>came back</h3>{response_markup(effect.response)}"
    elif isinstance(effect, ResponseReturned):
        yield f"<h3>returned</h3>{response_markup(effect.response)}"


def _value(value: object) -> str:
    if not isinstance(value, str):
        return f"<code>{text(show(value))}</code>"
    shown = from_utf16(value[:_LONGEST_VALUE])
    return f"<code>{text(shown)}{'…' if len(value) > _LONGEST_VALUE else ''}</code>"


def _expression(result: Result, evaluation: Evaluation) -> Iterator[str]:
    line = evaluation.position.line
    yield f"<h3>{text(evaluation.what)} <small>{text(evaluation.static_type)}, line {line}</small></h3>"
    if evaluation.recorder is None and evaluation.error is None:
        yield f"<p><code>{text(evaluation.code)}</code> → <code>{text(show(evaluation.value))}</code></p>"
        return
    yield f'<ul class="tree">{"".join(_clause(clause_of_evaluation(evaluation, result)))}</ul>'


def _clause(clause: Clause) -> Iterator[str]:
    kind = {"true": "true", "false": "false", FAILED: "threw", NOT_EVALUATED: "idle"}.get(clause.verdict, "value")
    whole = "\n".join(clause.code)
    code = lines(whole[:_LONGEST_CODE]) + ("…" if len(whole) > _LONGEST_CODE else "")
    yield f'<li class="{kind}"><div class="clause"><code class="code">{code}</code>'
    yield f'<b class="verdict">{text(clause.verdict)}</b></div>'
    if clause.facts:
        yield '<dl class="facts">'
        yield from (
            f"<dt><code>{text(fact.code)}</code></dt><dd><code>{text(fact.value)}</code></dd>" for fact in clause.facts
        )
        yield "</dl>"
    yield from (f'<p class="note">{text(note)}</p>' for note in clause.notes)
    if clause.parts:
        yield "<ul>"
        for part in clause.parts:
            yield from _clause(part)
        yield "</ul>"
    yield "</li>"
