"""One request's journey as an HTML page: every policy with its effect, every expression with the values of its parts.

    Path("journey.html").write_text(journey_to_html(result), encoding="utf-8")

The page needs nothing else and runs no script; all that comes from policies and messages is escaped. It holds what the
request held, tokens and bodies too: who may see the one may see the other.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from apimpolicy.csharp.dotnet.values import from_utf16
from apimpolicy.report import journey_parts
from apimpolicy.report.bounds import shortened
from apimpolicy.report.explanation import Explanation, explain, steps_of_path
from apimpolicy.report.journey_parts import text
from apimpolicy.report.markup import page
from apimpolicy.report.values import show, type_name, within_limits
from apimpolicy.text.secrets import markup_without_secrets

if TYPE_CHECKING:
    from apimpolicy.gateway.engine.result import Result
    from apimpolicy.gateway.engine.trace import TraceEntry


@within_limits
def journey_to_html(result: Result, title: str = "") -> str:
    """Return the page of a result; run with tracing on, it has the values of all sub-expressions.

    `title` says whose journey it is, such as a test's name; the request's method and URL unless given. Raises OSError
    when the package's own style sheet cannot be read.
    """
    explanation = explain(result)
    request = result.request
    name = title or f"{request.method} {request.url}"
    made = page(f"{name}: {explanation.outcome}", "journey_page.css", _body(result, explanation, name))
    return markup_without_secrets(made)


def status_class(code: int) -> str:
    return "good" if code < 300 else "moved" if code < 400 else "client" if code < 500 else "server"


def _body(result: Result, explanation: Explanation, name: str) -> Iterator[str]:
    steps = journey_parts.shown_steps(result)
    yield '<a class="skip" href="#journey">Skip to the journey</a>'
    yield from _head(result, steps, explanation, name)
    yield '<main id="journey" tabindex="-1">'
    yield '<section class="card" aria-labelledby="request"><h2 id="request">The request</h2>'
    yield f"{_recognised(result)}{journey_parts.request_markup(result.request)}</section>"
    yield from journey_parts.section_cards(result, steps)
    yield '<section class="card" aria-labelledby="response"><h2 id="response">The response</h2>'
    yield f"{journey_parts.response_markup(result.response)}</section>"
    yield from _error(result)
    yield from journey_parts.certificates_card(result)
    yield from _variables(result)
    yield from _messages(result)
    yield "</main>"
    yield "<footer>Made by apimpolicy with a simulated gateway.</footer>"


def _head(result: Result, steps: dict[int, TraceEntry], explanation: Explanation, name: str) -> Iterator[str]:
    code = result.response.status_code
    yield f'<header><p class="name">{text(name)}</p>'
    yield f'<h1><b class="status {status_class(code)}">{code}</b> {text(result.response.reason)}</h1>'
    ending = result.trace.decision
    decided = f"<code>{text(explanation.decided_by)}</code>" if ending is not None else text(explanation.decided_by)
    if ending is not None and (anchor := journey_parts.anchor_of(steps, ending)) is not None:
        decided = f'<a href="#{anchor}">{decided}</a>'
    yield f'<p class="decided">decided by {decided}</p>'
    yield from (f'<p class="note">{text(note)}</p>' for note in explanation.notes)
    yield from _path(result, steps)
    yield "</header>"


def _path(result: Result, steps: dict[int, TraceEntry]) -> Iterator[str]:
    """Yield the stations, each with a link: caller, sections, backend requests, answer."""
    code = result.response.status_code
    yield '<nav aria-label="The path of the request"><ol class="path"><li><a href="#request">caller</a></li>'
    linked = {entry.section for entry in steps.values()}
    for section in dict.fromkeys(entry.section for entry in result.trace):
        entries = result.trace.section(section)
        failed = any(entry.error is not None for entry in entries)
        count = sum(entry.name != "base" for entry in entries)
        sign = "failed" if failed else f"{count} {'step' if count == 1 else 'steps'}"
        kind = ' class="bad"' if failed else ""
        link = f' href="#s-{text(section)}"' if section in linked else ""
        yield f"<li{kind}><a{link}>{text(section)}</a><small>{sign}</small></li>"
    yield f'<li class="{status_class(code)}"><a href="#response">{code}</a></li></ol></nav>'


def _recognised(result: Result) -> str:
    """Return the API, operation, product, subscription and user of the request, as far as they are known."""
    context: Any = result.exchange.context
    names = []
    for kind in ("api", "operation", "product", "subscription", "user"):
        entity = getattr(context, kind)
        if entity is not None and entity.id not in ("", kind):  # as they are called while nobody says
            names.append(f"{kind} <code>{text(from_utf16(entity.id))}</code>")
    return f'<p class="with">{", ".join(names)}</p>' if names else ""


def _error(result: Result) -> Iterator[str]:
    error = result.error
    if error is None:
        return
    yield '<section class="card" aria-labelledby="error"><h2 id="error">context.LastError</h2><dl class="facts">'
    where = " ▸ ".join(filter(None, (error.section, steps_of_path(error.path or ""))))
    for name, value in (
        ("Source", error.source),
        ("Reason", error.reason),
        ("Message", shortened(error.message)),
        ("Scope", error.scope),
        ("Where", where),
        ("PolicyId", error.policy_id),
    ):
        if value:
            yield f"<dt>{name}</dt><dd>{text(from_utf16(value))}</dd>"
    yield "</dl></section>"


def _variables(result: Result) -> Iterator[str]:
    if not result.exchange.variables:
        return
    yield '<section class="card" aria-labelledby="variables"><h2 id="variables">context.Variables</h2>'
    yield '<div class="wide"><table><thead><tr><th scope="col">name</th><th scope="col">type</th>'
    yield '<th scope="col">value at the end</th></tr></thead><tbody>'
    for name, value in result.exchange.variables.items():
        kind = "" if value is None else type_name(value)
        yield f'<tr><th scope="row"><code>{text(from_utf16(name))}</code></th><td>{text(kind)}</td>'
        yield f"<td><code>{text(show(value))}</code></td></tr>"
    yield "</tbody></table></div></section>"


def _messages(result: Result) -> Iterator[str]:
    if not result.trace.messages:
        return
    yield '<section class="card" aria-labelledby="messages"><h2 id="messages">What context.Trace wrote</h2><ul>'
    yield from (f"<li>{text(shortened(message))}</li>" for message in result.trace.messages)
    yield "</ul></section>"
