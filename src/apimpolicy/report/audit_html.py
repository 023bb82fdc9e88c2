"""The result of `audit` as an HTML page: `apimpolicy audit --html`.

A sentence with totals, a matrix of APIs that unfolds to operations and to their paths, findings, exceptions, what was
not decided, and the OWASP table. The page needs nothing else and runs no script.
"""

from __future__ import annotations

import datetime
import os
import re
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import NamedTuple

from apimpolicy.checks.pages import address_of_code
from apimpolicy.project.audit_run import AuditRun
from apimpolicy.project.environments import selected
from apimpolicy.project.revisions import commit_at
from apimpolicy.reasoning.audit import kinds
from apimpolicy.reasoning.audit.access import NOT_LIMITED, WEAK_TOKEN, limited_by
from apimpolicy.reasoning.audit.analysis import OperationAudit
from apimpolicy.reasoning.audit.findings import lent_to_anyone, operations_by_api
from apimpolicy.report import audit_text
from apimpolicy.report.audit_formats import ALWAYS, NEVER, SOMETIMES, UNKNOWN, passed_on, presence, when
from apimpolicy.report.caller_matrix import Matrix, matrix_html
from apimpolicy.report.columns import counted
from apimpolicy.report.inventory import Inventory, inventory_html
from apimpolicy.report.markup import page, text
from apimpolicy.text.secrets import markup_without_secrets

LENT, KEPT = "added by the gateway", "kept from the caller"
COLUMNS = ("key", "token", "certificate", "address", "limited by", LENT, KEPT)
_PROOFS = {"key": "subscription key", "token": "token", "certificate": "certificate", "address": "address"}


class Cell(NamedTuple):
    """A cell: on which paths, whether that is bad, and words to show instead."""

    when: str
    is_danger: bool = False
    words: str = ""


def audit_html(runs: Sequence[AuditRun], inventories: Sequence[Inventory] = (), matrices: Sequence[Matrix] = ()) -> str:
    titles = ", ".join(" ".join((run.service, audit_text.title(run))).strip() for run in runs)
    more: dict[str, list[str]] = {}
    for service, card in (
        *((each.service, matrix_html(each)) for each in matrices),
        *((each.service, inventory_html(each)) for each in inventories),
    ):
        more.setdefault(service, []).extend(card)
    bodies = (_body(run, more.get(run.service, ())) for run in runs)
    return markup_without_secrets(page(f"Audit: {titles}", "audit_page.css", chain.from_iterable(bodies)))


def _body(run: AuditRun, more: Sequence[str]) -> Iterator[str]:
    service = f" of {text(run.service)}" if run.service else ""
    yield f'<header><h1>Who reaches the backend{service}</h1><p class="lead">{text(_sentence(run))}</p>'
    yield f"<p>{text(' · '.join(_origin(run)))}</p>"
    yield '<ul class="totals">'
    for row in audit_text.rows(run.audit.operations):
        is_part = row.words in ("anyone", "not decided") or row.words.endswith(audit_text.UNLESS)
        kind = "bad" if row.words == audit_text.LENDING else "part" if is_part else ""
        yield f'<li class="{kind}"><b>{row.number:,}</b>{text(row.shown)}</li>'
    yield "</ul></header><main>"
    yield from _matrix(run)
    yield from _findings(run)
    yield from _exceptions(run)
    yield from _undecided(run)
    yield from more
    yield from _owasp(run)
    yield "</main>"
    yield "<footer>Made by apimpolicy. Requests ran on a simulated gateway; none left the machine.</footer>"


def _origin(run: AuditRun) -> Iterator[str]:
    """Yield what the page is about: the folder, the environment, the commit that is checked out, and the date."""
    folder = run.path if os.path.isdir(run.path) else os.path.dirname(run.path) or os.curdir
    yield os.path.basename(os.path.abspath(run.path))
    if (environment := selected()) is not None:
        yield f"environment {environment}"
    if commit := commit_at(folder):
        yield f"commit {commit}"
    yield datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d")


def _sentence(run: AuditRun) -> str:
    operations = run.audit.operations
    opened = sum(each.access.is_open for each in operations)
    lending = sum(audit_text.answer(each) == audit_text.LENDING for each in operations)
    undecided = sum(not each.access.is_decided for each in operations)
    parts = [f"{audit_text.title(run)}."]
    parts.append(f"{_number(opened)} open to everyone." if opened else "No operation is open to everyone.")
    if lending:
        parts.append(f"{_number(lending)} open with credentials of the gateway.")
    if undecided:
        parts.append(f"{_number(undecided)} undecided.")
    return " ".join((*parts, f"{audit_text.summary(run).capitalize()}."))


def _number(count: int) -> str:
    return "One is" if count == 1 else f"{count:,} are"


def _matrix(run: AuditRun) -> Iterator[str]:
    yield '<section class="card matrix"><h2>APIs</h2>'
    heads = "".join(f'<span class="cell">{text(column)}</span>' for column in COLUMNS)
    yield f'<div class="row head" aria-hidden="true"><span class="name">API, operations</span>{heads}</div>'
    for api, operations in operations_by_api(run.audit.operations).items():
        count = counted(len(operations), "operation")
        cells = {column: _joined([_cell(each, column) for each in operations]) for column in COLUMNS}
        yield f'<details class="api"><summary class="row"><span class="name">{text(api)} <small>{count}</small></span>'
        yield f"{_markup(cells)}</summary>"
        for operation in operations:
            yield from _operation(run, operation)
        yield "</details>"
    yield "</section>"


def _operation(run: AuditRun, operation: OperationAudit) -> Iterator[str]:
    cells = {column: _cell(operation, column) for column in COLUMNS}
    name = f'<span class="name">{text(operation.name)} <small>{text(audit_text.answer(operation))}</small></span>'
    yield f'<details class="operation"><summary class="row">{name}{_markup(cells)}</summary><div class="path">'
    for path in operation.access.paths:
        yield f"<p>Reached with: {_with_code(path.words)}</p>"
    words = ", ".join(audit_text.details(operation))
    if words:
        yield f"<p>{_with_code(words)}</p>"
    lent = [
        f"{action.subject} ({when(operation, action.subject)})"
        for action in operation.actions
        if action.kind == kinds.LENDS
    ]
    if lent:
        yield f"<p>The gateway adds: {text(', '.join(lent))}</p>"
    passed = [
        f"{credential['what']} ({credential['when']})"
        for credential in passed_on(operation)
        if credential["when"] != NEVER
    ]
    if passed:
        yield f"<p>The caller's credentials that reach the backend: {text(', '.join(passed))}</p>"
    places = dict.fromkeys(
        (place.policy, audit_text.shown_place(run, str(place))) for place in operation.places.values()
    )
    if places:
        items = "".join(f"<li>{text(policy or 'here')} <code>{text(place)}</code></li>" for policy, place in places)
        yield f"<p>Policies on this path:</p><ul>{items}</ul>"
    attempt = run.attempts.get(operation.key)
    if attempt is not None:
        yield f"<p>A request that ran: <code>{text(f'{attempt.request.method} {attempt.request.url}')}</code>, "
        yield f"{attempt.status} from the backend.</p>"
    yield "</div></details>"


def _cell(operation: OperationAudit, column: str) -> Cell:
    if column == "token" and presence(operation, kinds.TOKEN) == NEVER:
        weak = presence(operation, WEAK_TOKEN)
        return Cell(weak, words="" if weak in (NEVER, UNKNOWN) else "weak")
    if column in _PROOFS:
        return Cell(presence(operation, _PROOFS[column]))
    if column == KEPT:
        found = [each["when"] for each in passed_on(operation)]
        return Cell(ALWAYS if ALWAYS in found else SOMETIMES if SOMETIMES in found else NEVER)
    if column == LENT:
        found = [when(operation, action.subject) for action in operation.actions if action.kind == kinds.LENDS]
        is_danger = operation.access.is_open and bool(lent_to_anyone(operation))
        return Cell(ALWAYS if ALWAYS in found else SOMETIMES if found else NEVER, is_danger)
    limits = limited_by(operation)
    when_limited = NEVER if limits in ([], [NOT_LIMITED]) else SOMETIMES if NOT_LIMITED in limits else ALWAYS
    return Cell(when_limited, words=", ".join(limits))


def _joined(cells: Sequence[Cell]) -> Cell:
    words = {cell.when for cell in cells}
    is_danger = any(cell.is_danger for cell in cells)
    shown = ", ".join(dict.fromkeys(part for cell in cells for part in cell.words.split(", ") if part))
    if len(words) == 1:
        return Cell(words.pop(), is_danger, shown)
    return Cell(UNKNOWN if words == {UNKNOWN, NEVER} else SOMETIMES, is_danger, shown)


def _markup(cells: dict[str, Cell]) -> str:
    shown = {ALWAYS: "always", SOMETIMES: "some paths", NEVER: "–", UNKNOWN: "unknown"}
    classes = {ALWAYS: "always", SOMETIMES: "some", NEVER: "never", UNKNOWN: "unknown"}
    neutral = {"always": "neutral", "some": "neutral"}

    def kind(column: str, cell: Cell) -> str:
        found = classes[cell.when]
        if column == "limited by" and cell.when == NEVER and cell.words:
            return "unlimited"
        return "danger" if cell.is_danger else neutral.get(found, found) if column in COLUMNS[5:] else found

    return "".join(
        f'<span class="cell {kind(column, cell)}" data-label="{text(column)}"'
        f' title="{text(column)}: {cell.when}">{text(cell.words) or shown[cell.when]}</span>'
        for column, cell in cells.items()
    )


def _findings(run: AuditRun) -> Iterator[str]:
    yield '<section class="card"><h2>Findings</h2>'
    if not run.findings:
        yield "<p>Nothing was found.</p>"
    for finding in audit_text.sorted_findings(run.findings):
        severity = finding.severity.value
        where = audit_text.subject(run, finding)
        head = f"{where}: {finding.message}" if where else finding.message
        yield f'<div class="finding {severity}">{_linked(finding.code)} {severity} · {_with_code(head)}<ul>'
        for each in dict.fromkeys(finding.evidence):
            yield f"<li>{_with_code(each.words)} <code>{text(audit_text.shown_place(run, str(each.place)))}</code></li>"
        if finding.attempt is not None:
            yield f"<li>request that ran <code>{text(audit_text.request_words(finding))}</code></li>"
        yield "</ul></div>"
    yield "</section>"


def _linked(code: str) -> str:
    """Return a code as a link to the page that explains it."""
    return f'<a href="{text(address_of_code(code))}"><b>{text(code)}</b></a>'


def _with_code(sentence: str) -> str:
    """Return a sentence as HTML, with code elements where it has backticks."""
    return re.sub("`([^`]+)`", r"<code>\1</code>", text(sentence))


def _exceptions(run: AuditRun) -> Iterator[str]:
    if not run.settings.exemptions:
        return
    yield '<section class="card"><h2>Exceptions</h2><table><thead><tr><th>For<th>Reason<th>Owner<th>Until</tr></thead>'
    for each in run.settings.exemptions:
        cells = (each.shown, each.reason, each.owner, str(each.until))
        yield f"<tr>{''.join(f'<td>{text(cell)}</td>' for cell in cells)}</tr>"
    yield "</table></section>"


def _undecided(run: AuditRun) -> Iterator[str]:
    found = [each for each in run.audit.operations if not each.access.is_decided]
    if not found:
        return
    yield '<section class="card"><h2>Not decided, and why</h2><table><thead><tr><th>Operation<th>Reason</tr></thead>'
    for operation in found:
        reasons = ", ".join(dict.fromkeys(fact.subject for fact in operation.access.facts(kinds.UNDECIDED)))
        yield f"<tr><td>{text(f'{operation.api.id} {operation.name}')}</td><td>{_with_code(reasons)}</td></tr>"
    yield "</table></section>"


def _owasp(run: AuditRun) -> Iterator[str]:
    yield '<section class="card"><h2>OWASP API Security Top 10 (2023)</h2>'
    yield "<table><thead><tr><th>Risk<th>Found<th>What is decided here</tr></thead>"
    for risk in RISKS:
        count = sum(each.code in risk.codes for each in run.findings)
        shown = f"{counted(count, 'finding')}, in part" if risk.codes else "not decidable at the gateway"
        if risk.number == "API7":
            shown = "see check"
        yield f"<tr><td>{risk.number} {text(risk.name)}</td><td>{shown}</td><td>{_with_code(risk.words)}</td></tr>"
    yield "</table></section>"


# The OWASP API Security Top 10 (2023), and how much of each risk `audit` can decide at the gateway
# Source: https://owasp.org/API-Security/editions/2023/en/0x11-t10/


class Risk(NamedTuple):
    """A risk; without `codes` nothing at the gateway decides it, and no finding means nothing."""

    number: str
    name: str
    words: str
    codes: tuple[str, ...] = ()


RISKS = (
    Risk("API1", "Broken Object Level Authorization", "Only the backend knows whose object it is."),
    Risk(
        "API2",
        "Broken Authentication",
        "Whether a request without a proof reaches the backend, and how strong the checks are. Not: passwords, how"
        " tokens are issued.",
        ("AUD001", "AUD002", "AUD005", "AUD006", "AUD007", "AUD012", "AUD014", "AUD015"),
    ),
    Risk("API3", "Broken Object Property Level Authorization", "Only the backend knows which properties are whose."),
    Risk(
        "API4",
        "Unrestricted Resource Consumption",
        "Whether limits of calls apply to all callers. Not: what a call costs the backend.",
        ("AUD008", "AUD016"),
    ),
    Risk(
        "API5",
        "Broken Function Level Authorization",
        "Operations weaker than their siblings, and paths that bypass a product. Not: roles inside the backend.",
        ("AUD003", "AUD004"),
    ),
    Risk(
        "API6", "Unrestricted Access to Sensitive Business Flows", "Which flows are sensitive is not written anywhere."
    ),
    Risk(
        "API7",
        "Server Side Request Forgery",
        "Not reported by this audit; `check` reports URLs that are made of the request.",
    ),
    Risk(
        "API8",
        "Security Misconfiguration",
        "Cross-origin access. `check` reports plain HTTP, weak TLS and error details.",
        ("AUD009",),
    ),
    Risk(
        "API9",
        "Improper Inventory Management",
        "Versions and revisions that are weaker than the current one. Not: APIs outside of this service.",
        ("AUD010",),
    ),
    Risk("API10", "Unsafe Consumption of APIs", "How the backend trusts other APIs is not seen at the gateway."),
)
