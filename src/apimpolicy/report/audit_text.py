"""The result of `audit` as text.

46 operations of 3 APIs                                  1 fragment missing
anyone reaches the backend with our credentials   42     openai/*  managed identity for cognitiveservices
token                                              3     crms      issuer 14b7…, audience 93cb…, claim azp

Changes of access, weaker or stronger (`audit --since`), have the formats of `audit`:

weaker    crms GET /values    token → anyone
weaker    crms GET /list      token
          now accepts the audience partners

JSON: {"version": 1, "tool": {…}, "changes": [{"api": "crms", "operation": "GET /values", "before": "token",
"after": "anyone", "weaker": true, "relation": "weaker", "details": []}]}
"""

from __future__ import annotations

import os
import textwrap
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from apimpolicy.diagnostics import Diagnostic, Severity
from apimpolicy.project.audit_changes import ADDED, REMOVED, Change
from apimpolicy.project.audit_run import AuditRun
from apimpolicy.reasoning.audit import kinds
from apimpolicy.reasoning.audit.access import ANYONE, KEY_WORD, NO_ACCESS, NOT_DECIDED, NOT_LIMITED, limited_by
from apimpolicy.reasoning.audit.analysis import OperationAudit
from apimpolicy.reasoning.audit.findings import AuditFinding, lent_to_anyone, operations_by_api
from apimpolicy.reasoning.audit.order import CHANGED, STRONGER, UNKNOWN, WEAKER
from apimpolicy.reasoning.audit.states import PolicyLocation, TokenCheck
from apimpolicy.report.columns import PLAIN, Style, counted, first_of, printable
from apimpolicy.text.source import Source

NO_REQUEST = "no request reaches a backend"
LENDING = "anyone reaches the backend with our credentials"
UNLESS = ", unless the global policy asks"
"""The condition of an answer: the global policy isn't known, and what is known asks for no more."""
_WIDEST_WORDS = 47
_SHORT = 40
_MOST_LISTED = 12
"""Operations that a finding lists without -v."""
_INDENT = "    "


class Row(NamedTuple):
    """Operations with the same answer: the words for it, whose they are, and details."""

    words: str
    number: int
    apis: str
    details: str
    limits: str = ""
    """Keys that limits count by: `limited per key`."""

    @property
    def shown(self) -> str:
        """The words for people: `none` would read as "no caller", or as no protection."""
        return NO_REQUEST if self.words == NO_ACCESS else self.words


def audit_text(runs: Sequence[AuditRun], style: Style = PLAIN, *, verbose: bool = False) -> str:
    """Return the whole report, service by service, without a line end after it."""
    texts = [_service_text(run, style, verbose=verbose) for run in runs]
    if len(runs) == 1:
        return texts[0]
    heads = (style.paint("strong", f"service {printable(run.service)}") for run in runs)
    titled = (f"{head}\n{text}" for head, text in zip(heads, texts, strict=True))
    return "\n\n".join((*titled, f"{counted(len(runs), 'service')}, {summary(*runs)}"))


def _service_text(run: AuditRun, style: Style, *, verbose: bool) -> str:
    parts = ["\n".join(_table(run, style))]
    parts += ["\n".join(finding_lines(run, each, style, verbose=verbose)) for each in sorted_findings(run.findings)]
    parts.append(summary(run))
    return "\n\n".join(parts)


def sorted_findings(findings: Sequence[AuditFinding]) -> list[AuditFinding]:
    order = {"error": 0, "warning": 1, "info": 2}
    return sorted(findings, key=lambda each: (order[each.severity.value], each.code, each.api))


def title(run: AuditRun) -> str:
    operations = run.audit.operations
    apis = len({each.api.id for each in operations})
    return f"{counted(len(operations), 'operation')} of {counted(apis, 'API')}"


def _table(run: AuditRun, style: Style) -> Iterator[str]:
    found = rows(run.audit.operations)
    missing = len(run.audit.missing_fragments)
    note = f"{counted(missing, 'fragment')} missing" if missing else ""
    words = max([len(row.shown) for row in found], default=0)
    words = min(max(words, 24), _WIDEST_WORDS)
    head = title(run)
    yield f"{style.paint('strong', head)}{' ' * max(words + 11 - len(head), 3)}{note}".rstrip()
    for row in found:
        left = f"{printable(row.shown):<{words}} {row.number:>6,}"
        text = "  ".join(printable(part) for part in (row.apis, row.details, row.limits) if part)
        meaning = "error" if row.words == LENDING else "warning" if row.words == "anyone" else "strong"
        painted = style.paint(meaning, left[:words]) + left[words:]
        if len(left) + 4 + len(text) <= style.width:
            yield f"{painted}    {text}"
            continue
        yield painted
        yield from _wrapped(text, style.width, _INDENT)


def _wrapped(text: str, width: int, indent: str, first: str = "") -> list[str]:
    """Break text between words only: names and paths stay whole."""
    return textwrap.wrap(
        text,
        width,
        initial_indent=first or indent,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def rows(operations: Sequence[OperationAudit]) -> list[Row]:
    """Return operations by answer, the most open ones first."""
    groups: dict[str, list[OperationAudit]] = {}
    for operation in operations:
        groups.setdefault(answer(operation), []).append(operation)
    order = [LENDING, ANYONE, f"{LENDING}{UNLESS}", f"{ANYONE}{UNLESS}", NOT_DECIDED]
    sort = sorted(groups, key=lambda words: (order.index(words) if words in order else 9, words == NO_ACCESS, words))
    found = [(words, groups[words]) for words in sort]
    return [Row(words, len(group), _apis(group, operations), _details(group), _limits(group)) for words, group in found]


def _limits(group: Sequence[OperationAudit]) -> str:
    """Return what limits of operations count by: `limited by: per key (3); not at all (2)`."""
    counts = Counter(_limited(limited_by(each)) for each in group)
    counts.pop("", None)
    if not counts:
        return ""
    if len(counts) == 1:
        (words,) = counts
        return f"limited by: {words}"
    return "limited by: " + "; ".join(f"{words} ({count})" for words, count in counts.most_common())


def _limited(found: list[str]) -> str:
    """Return words for what limits count by: `per key, others not at all`."""
    words = " and ".join(each for each in found if each != NOT_LIMITED)
    return ", others ".join(filter(None, (words, NOT_LIMITED if NOT_LIMITED in found else "")))


def answer(operation: OperationAudit) -> str:
    access = operation.access
    if access.is_open:
        return LENDING if lent_to_anyone(operation) else "anyone"
    if access.is_decided:
        return access.words
    return NOT_DECIDED if operation.assumed is None else f"{answer(operation.assumed)}{UNLESS}"


def _apis(group: Sequence[OperationAudit], everything: Sequence[OperationAudit]) -> str:
    whole = operations_by_api(everything)
    found: list[str] = []
    for api, operations in operations_by_api(group).items():
        if len(operations) == len(whole[api]):
            found.append(f"{api}/*")
        else:
            found.append(f"{api} {operations[0].name}" if len(operations) == 1 else f"{api} ({len(operations)})")
    return ", ".join(found)


def _details(group: Sequence[OperationAudit]) -> str:
    found: dict[str, None] = {}
    checks: dict[str, dict[str, set[int]]] = {}
    for operation in group:
        found |= dict.fromkeys(_proofs(operation))
        for name, place in _checks(operation):
            files = checks.setdefault(name, {})
            if place is not None:
                files.setdefault(os.path.basename(place.file), set()).add(place.line)
    for name, files in checks.items():
        places = "; ".join(f"{file}:{', '.join(map(str, sorted(lines)))}" for file, lines in files.items())
        found[f"{name} ({places})" if places else name] = None
    return ", ".join(found)


def details(operation: OperationAudit, *, is_whole: bool = False) -> Iterator[str]:
    """Yield words for the proofs, and for what is lent to anyone; `is_whole` for programs."""
    yield from _proofs(operation, is_whole=is_whole)
    for name, place in _checks(operation):
        yield name + (f" ({os.path.basename(place.file)}:{place.line})" if place is not None else "")


def _checks(operation: OperationAudit) -> Iterator[tuple[str, PolicyLocation | None]]:
    """Yield the checks of the policies' own, and what isn't decided, with their places."""
    if not operation.access.is_open:
        for kind in (kinds.OWN, kinds.OPAQUE, kinds.UNDECIDED):
            for fact in operation.access.facts(kind):
                yield fact.subject, operation.places.get(fact)


def _proofs(operation: OperationAudit, *, is_whole: bool = False) -> Iterator[str]:
    if operation.access.is_open:
        yield from lent_to_anyone(operation)
        return
    for fact in operation.access.facts(kinds.TOKEN):
        token = fact.detail[0]
        assert isinstance(token, TokenCheck)
        yield token_words(token, is_whole=is_whole)
    if KEY_WORD in operation.access.words:
        yield from sorted(f"product {fact.subject}" for fact in operation.access.facts(kinds.KEY) if fact.subject)
    for fact in operation.access.facts(kinds.ADDRESS):
        yield counted(len(fact.detail), "address", "addresses")


def token_words(token: TokenCheck, *, is_whole: bool = False) -> str:
    """Return a token check's requirements: `issuer 14b7…, audience 93cb…, claim azp`; `is_whole` shortens none."""
    parts: list[str] = []
    for noun, values in (
        ("issuer", token.issuers),
        ("audience", token.audiences),
        ("application", token.applications),
        ("claim", token.claims),
    ):
        if values and is_whole:
            parts.append(f"{noun} {' or '.join(values)}")
        elif values:
            shown = _short(values[0])
            parts.append(f"{noun} {shown}" + (f" or {len(values) - 1} more" if len(values) > 1 else ""))
    return ", ".join(parts) or "any token"


def _short(value: str) -> str:
    value = value.removeprefix("https://").rstrip("/")
    return value if len(value) <= _SHORT else f"{value[: _SHORT - 1]}…"


def finding_lines(run: AuditRun, finding: AuditFinding, style: Style, *, verbose: bool = False) -> Iterator[str]:
    """Yield a finding with its evidence."""
    severity = finding.severity.value
    head = f"{finding.code} {severity}"
    where = subject(run, finding)
    text = printable(f"{where}: {finding.message}" if where else finding.message)
    first, *more = _wrapped(text, style.width, _INDENT, f"{head}  ")
    yield style.paint(severity, head) + first[len(head) :]
    yield from more
    evidence = list(dict.fromkeys((each.words, shown_place(run, str(each.place))) for each in finding.evidence))
    if finding.attempt is not None:
        evidence.append(("request that ran", request_words(finding)))
    width = max((len(words) for words, _ in evidence), default=0) + 2
    for words, place in evidence:
        yield style.fit(f"{_INDENT}{words:<{width}}{printable(place)}")
    if verbose or (1 < len(finding.operations) <= _MOST_LISTED and not where.endswith("/*")):
        for operation in finding.operations:
            yield f"{_INDENT}{operation.name}"


def request_words(finding: AuditFinding) -> str:
    """Return the request that shows a finding, and what came of it."""
    attempt = finding.attempt
    assert attempt is not None
    headers = [name for name, _ in attempt.request.headers.fields() if name.lower() != "content-type"]
    extra = f" with {', '.join(headers)}" if headers else ""
    return f"{attempt.request.method} {attempt.request.url}{extra}, {attempt.status} from the backend"


def subject(run: AuditRun, finding: AuditFinding) -> str:
    """Return the operations of a finding: `openai/*`, `crms GET /values`, `crms`."""
    if not finding.operations:
        return ""
    whole = [each for each in run.audit.operations if each.api.id == finding.api]
    if len(finding.operations) == len(whole) > 1:
        return f"{finding.api}/*"
    return f"{finding.api} {finding.operations[0].name}" if len(finding.operations) == 1 else finding.api


def shown_place(run: AuditRun, place: str) -> str:
    """Return a place below the audited folder from there."""
    root = os.path.join(os.path.abspath(run.path if os.path.isdir(run.path) else os.path.dirname(run.path)), "")
    full = os.path.abspath(place)
    return os.path.relpath(full, root) if full.startswith(root) else place


def summary(*runs: AuditRun) -> str:
    """Return the last line: how many operations aren't allowed, and what is excepted until when."""
    parts: list[str] = []
    refused = sum(len(run.gate.refused) for run in runs)
    has_gate = any(run.settings.has_gate for run in runs)
    if has_gate:
        parts.append(f"{refused:,} not allowed")
    found = [each.severity.value for run in runs for each in run.findings]
    counts = {word: found.count(word) for word in ("error", "warning", "info")}
    if not has_gate or not refused:
        shown = {word: f"{count:,} info" if word == "info" else counted(count, word) for word, count in counts.items()}
        parts += [shown[word] for word, count in counts.items() if count]
    if excepted := [each.until for run in runs for _, each in run.gate.excepted]:
        parts.append(f"{len(excepted):,} excepted until {min(excepted)}")
    if known := sum(run.known for run in runs):
        parts.append(f"{counted(known, 'finding')} left out by comments or the baseline")
    return f"audit: {', '.join(parts) or 'nothing found'}"


CODE = "audit"
"""The code of a change in annotations and SARIF."""


def changes_text(changes: Sequence[Change], style: Style = PLAIN) -> str:
    """Return a line for each change, the weaker ones first, and a summary."""
    lines: list[str] = []
    for first, operations in changes_together(changes):
        names = f"{first.subject} {first_of(operations, _MOST_TOGETHER)}"
        lines.append(f"{_word(first):<10}{printable(names):<40}  {both_words(first)}")
        lines += (f"{'':<10}{printable(detail)}" for detail in first.details)
    return style.fit("\n".join([*lines, _summary(changes)]))


def changes_as(form: str, changes: Sequence[Change], path: str, style: Style = PLAIN) -> str:
    """Return the changes in a format, without a line end after it; `path` is what was audited."""
    match form:
        case "json":
            from apimpolicy.report.log_commands import indented, program_report

            rows = [
                ({"service": change.service} if change.service else {})
                | {"api": change.api, "operation": change.operation, "before": change.before, "after": change.after}
                | {"weaker": change.is_weaker, "relation": change.relation, "details": list(change.details)}
                for change in _ordered(changes)
            ]
            return indented(program_report(changes=rows))
        case "markdown":
            return "\n".join(_markdown(changes))
        case "sarif" | "azure" | "github":
            from apimpolicy.report.finding_formats import findings_as

            return findings_as(form, _findings(changes, path))
        case "junit":
            from apimpolicy.report.finding_formats import JunitCase, JunitSuite, to_junit

            cases = [
                JunitCase(f"{change.subject} {change.operation}", change.api, text=_words(change))
                if not change.is_weaker
                else JunitCase(f"{change.subject} {change.operation}", change.api, "failed", _words(change), type=CODE)
                for change in _ordered(changes)
            ]
            return to_junit([JunitSuite("apimpolicy audit --since", cases)], 0.0)
    return changes_text(changes, style)


_MOST_TOGETHER = 3
_RELATIONS = (WEAKER, CHANGED, UNKNOWN, STRONGER, ADDED, REMOVED)


def _ordered(changes: Sequence[Change]) -> list[Change]:
    return sorted(changes, key=lambda each: (not each.is_weaker, _RELATIONS.index(each.relation)))


def changes_together(changes: Sequence[Change]) -> list[tuple[Change, list[str]]]:
    """Return the changes that operations of an API have in common, with the operations."""
    found: dict[Change, list[str]] = {}
    for each in _ordered(changes):
        found.setdefault(each._replace(operation=""), []).append(each.operation)
    return list(found.items())


def _word(change: Change) -> str:
    return (
        "open" if change.is_weaker and change.relation == ADDED else _SHORT_WORDS.get(change.relation, change.relation)
    )


_SHORT_WORDS = {UNKNOWN: "unclear"}


def both_words(change: Change) -> str:
    """`token → anyone`"""
    return change.before if change.before == change.after else f"{change.before} → {change.after}"


def _words(change: Change) -> str:
    return "; ".join((f"{_word(change)}: {both_words(change)}", *change.details))


def _summary(changes: Sequence[Change]) -> str:
    words = {WEAKER: "weaker", STRONGER: "stronger", CHANGED: "changed", UNKNOWN: "not comparable"}
    relations = [each.relation for each in changes]
    parts = [f"{sum(each.is_weaker for each in changes):,} weaker"]
    parts += [f"{relations.count(each):,} {words.get(each, each)}" for each in _RELATIONS[1:] if each in relations]
    return f"audit: {', '.join(parts)}"


def _markdown(changes: Sequence[Change]) -> Iterator[str]:
    from apimpolicy.report.markup import plain

    yield f"**{_summary(changes)}**"
    if changes:
        yield ""
        yield "| | operation | before | after |"
        yield "| --- | --- | --- | --- |"
    for each in _ordered(changes):
        after = "; ".join((each.after, *each.details))
        cells = _word(each), plain(f"{each.subject} {each.operation}"), plain(each.before), plain(after)
        yield f"| {' | '.join(cells)} |"


def _findings(changes: Sequence[Change], path: str) -> Iterator[Diagnostic]:
    """Yield an error for each operation with weaker access, and a note for each other change."""
    for each in _ordered(changes):
        severity = Severity.ERROR if each.is_weaker else Severity.INFO
        words = "; ".join((f"{each.before} → {each.after}", *each.details))
        message = f"access is {_word(each)}: {each.subject} {each.operation}: {words}"
        yield Diagnostic(CODE, message, Source("", path), 0, 0, severity)
