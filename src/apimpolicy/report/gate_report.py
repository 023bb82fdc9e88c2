"""The result of `apimpolicy gate` as text, as a comment of a pull request, and for programs.

check    no errors, 2 warnings (14 in the baseline)
tests    36 passed
claims   4 proven
audit    weaker for 6 operations
diff     3 changes for callers; everything else is proven the same

Access is weaker for 6 operations: genaigw/*: token → anyone (apis/genaigw/policy.xml:4)

gate: failed by audit; to accept it: --allow weaker, or [gate] allow = ["weaker"]

`--format json`: {"version": 1, "tool": {…}, "status": "failed", "exit_code": 1, "verdict": "failed by audit",
"failed_by": [{"part": "audit", "word": "weaker", "count": 1}], "allowed": [], "parts": [{"name": "audit",
"status": "failed", "summary": "weaker for 6 operations", "known": 0, "findings": [{"word": "weaker", "path": …}]}]}
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from apimpolicy.diagnostics import Diagnostic, Severity
from apimpolicy.project.gate_settings import CHANGES, NOT_RUN, UNDECIDED, WARNINGS, WEAKER, GateSettings
from apimpolicy.report.columns import PLAIN, Style, printable
from apimpolicy.report.difference_formats import MOST_CHARACTERS, folded, within_comment
from apimpolicy.report.log_commands import indented, program_report
from apimpolicy.report.markup import code_span, fenced, plain
from apimpolicy.report.outputs.gate import GatePartData, GateReason
from apimpolicy.report.outputs.parts import record_of
from apimpolicy.report.stand_in_text import stand_in_data

if TYPE_CHECKING:
    from apimpolicy.project.service.leniency import Leniency
    from apimpolicy.report.finding_formats import JunitSuite

PASSED, FAILED, DOES_NOT_APPLY = "passed", "failed", "doesn't apply"
_ACCEPTABLE = (WEAKER, UNDECIDED, CHANGES, WARNINGS)
"""The words that a verdict proposes to allow; whatever else fails should be fixed, or be put into the baseline."""
_WIDEST_NAME = 9
_MOST_LISTED = 10
_REST = "There is more, for which a comment has no room: run `apimpolicy gate -v` to see it."


class GateFinding(NamedTuple):
    """What a part found. `word` allows it, and is empty for what never fails; `key` is its text in a baseline.

    Without a `text` of its own, the text of the part shows it.
    """

    word: str
    diagnostic: Diagnostic
    key: str = ""
    text: Callable[[Style], str] | None = None


class GatePart(NamedTuple):
    """A part of the gate: the line about it, and what it found that isn't in the baseline."""

    name: str
    line: str
    findings: tuple[GateFinding, ...] = ()
    known: int = 0
    """The findings in the baseline."""
    applies: bool = True
    passed: tuple[str, ...] = ()
    """The names of test cases that passed, and of claims that are proven."""
    text: Callable[[Style], str] | None = None
    comment: Callable[[], str] | None = None
    """The part in Markdown, where that is more than its text."""


class Reason(NamedTuple):
    """How many findings of a part have a word."""

    part: str
    word: str
    number: int

    @property
    def data(self) -> GateReason:
        return record_of(GateReason, self, count=self.number)


class GateReport(NamedTuple):
    parts: tuple[GatePart, ...]
    settings: GateSettings
    has_baseline: bool = False
    seconds: float = 0.0
    stand_ins: Leniency | None = None

    @property
    def reasons(self) -> list[Reason]:
        """The words of what was found, by part, whether they fail the gate or not."""
        counts = Counter((part.name, each.word) for part in self.parts for each in part.findings if each.word)
        return [Reason(*key, count) for key, count in counts.items()]

    @property
    def failing(self) -> list[Reason]:
        return [each for each in self.reasons if self.settings.fails(each.word)]

    @property
    def allowed(self) -> list[Reason]:
        """What would fail the gate if it weren't allowed."""
        return [each for each in self.reasons if each.word in self.settings.allow]

    @property
    def is_empty(self) -> bool:
        """Return whether there was nothing to run."""
        return not any(part.applies for part in self.parts)

    def failing_in(self, part: GatePart) -> list[GateFinding]:
        return [each for each in part.findings if each.word and self.settings.fails(each.word)]

    def status(self, part: GatePart) -> str:
        if self.failing_in(part):
            return FAILED
        return PASSED if part.applies else DOES_NOT_APPLY


def verdict(report: GateReport) -> str:
    """Return the outcome, with what to do: `failed by audit; to accept it: --allow weaker, or …`."""
    if report.is_empty:
        return "failed: there are no policies, test files, claims or APIs"
    failing = report.failing
    if not failing:
        allowed = ", ".join(dict.fromkeys(f"{each.word} in {each.part}" for each in report.allowed))
        return "passed" + (f"; allowed: {allowed}" if allowed else "")
    text = f"failed by {' and '.join(dict.fromkeys(each.part for each in failing))}"
    words = list(dict.fromkeys(each.word for each in failing if each.word in _ACCEPTABLE))
    if words:
        options = " ".join(f"--allow {word}" for word in words)
        listed = ", ".join(f'"{word}"' for word in words)
        text += f"; to accept {'it' if len(failing) == 1 else 'them'}: {options}, or [gate] allow = [{listed}]"
    may_wait = any(each.key for part in report.parts for each in report.failing_in(part))
    if may_wait and not report.has_baseline:
        text += "; to fail only for new findings: --write-baseline gate-baseline.json"
    return text


def gate_text(report: GateReport, style: Style = PLAIN, *, verbose: bool = False) -> str:
    """Return a line for each part, what failed it, and the verdict; with `verbose`, all that was found."""
    lines = [_line(report, part, style) for part in report.parts]
    blocks = ["\n".join(lines)]
    for part in report.parts:
        shown = part.findings if verbose else report.failing_in(part)
        blocks += _texts(part, shown, style)
    meaning = "error" if report.failing or report.is_empty else "good"
    blocks.append(style.fit(f"{style.paint(meaning, 'gate:')} {verdict(report)}"))
    return "\n\n".join(blocks)


def _line(report: GateReport, part: GatePart, style: Style) -> str:
    status = report.status(part)
    meaning = {FAILED: "error", PASSED: "good"}.get(status, "dim")
    name = style.paint(meaning, part.name) + " " * (_WIDEST_NAME - len(part.name))
    return style.fit(f"{name}{printable(part.line)}")


def _texts(part: GatePart, findings: Sequence[GateFinding], style: Style) -> Iterator[str]:
    yield from dict.fromkeys(each.text(style) for each in findings if each.text is not None)
    if part.text is not None and any(each.text is None for each in findings):
        yield part.text(style)


def gate_comment(report: GateReport) -> str:
    """Return the comment of a pull request, without a line end after it; what each part shows is folded."""
    return "\n".join(within_comment(_blocks(report), MOST_CHARACTERS, _REST)).rstrip()


def _blocks(report: GateReport) -> Iterator[str]:
    head, _, advice = verdict(report).partition("; ")
    yield f"**gate: {plain(head)}**" + (f"; {plain(advice)}" if advice else "")
    rows = (f"| {part.name} | {report.status(part)} | {plain(part.line)} |" for part in report.parts)
    yield "\n".join(("| part | | result |", "| --- | --- | --- |", *rows))
    failing = [each for part in report.parts for each in report.failing_in(part)]
    if failing:
        more = [f"- and {len(failing) - _MOST_LISTED} more"] if len(failing) > _MOST_LISTED else []
        yield "\n".join([*map(_item, failing[:_MOST_LISTED]), *more])
    listed = {*failing[:_MOST_LISTED]}
    for part in report.parts:
        content = "" if part.comment is None else part.comment()
        if not content:
            texts = list(_texts(part, part.findings, PLAIN))
            is_listed = {*part.findings} <= listed and not any("\n" in text for text in texts)
            content = fenced("\n\n".join(texts)[: MOST_CHARACTERS // 3]) if texts and not is_listed else ""
        if content:
            yield folded(f"{part.name}: details", content)


def _item(finding: GateFinding) -> str:
    diagnostic = finding.diagnostic
    line = diagnostic.position[0]
    place = f"{code_span(f'{diagnostic.source.path}:{line}')} " if diagnostic.source.path else ""
    return f"- {place}{diagnostic.code}: {plain(diagnostic.message.partition(chr(10))[0])}"


def gate_as(form: str, report: GateReport, exit_code: int) -> str:
    """Return the report as json, sarif, junit, markdown, github or azure, without a line end after it."""
    if form == "json":
        return indented(_data(report, exit_code))
    if form == "markdown":
        return gate_comment(report)
    if form == "junit":
        from apimpolicy.report.finding_formats import to_junit

        return to_junit([_suite(report, part) for part in report.parts], report.seconds)
    from apimpolicy.report.finding_formats import findings_as

    return findings_as(form, (_judged(each, report.settings) for part in report.parts for each in part.findings))


def _judged(finding: GateFinding, settings: GateSettings) -> Diagnostic:
    """Return a finding as an error if it fails the gate, and otherwise as none."""
    diagnostic = finding.diagnostic
    if finding.word and settings.fails(finding.word):
        return diagnostic.replaced(severity=Severity.ERROR)
    return diagnostic.replaced(severity=Severity.WARNING) if diagnostic.severity is Severity.ERROR else diagnostic


def _data(report: GateReport, exit_code: int) -> dict[str, Any]:
    from apimpolicy.report.finding_formats import diagnostic_to_json

    parts: list[GatePartData] = [
        {
            "name": part.name,
            "status": report.status(part),
            "summary": part.line,
            "known": part.known,
            "findings": [
                {"word": finding.word or None, **diagnostic_to_json(_judged(finding, report.settings))}
                for finding in part.findings
            ],
        }
        for part in report.parts
    ]
    return program_report(
        status=FAILED if report.failing or report.is_empty else PASSED,
        exit_code=exit_code,
        verdict=verdict(report),
        failed_by=[finding.data for finding in report.failing],
        allowed=[finding.data for finding in report.allowed],
        parts=parts,
        seconds=round(report.seconds, 3),
        **(stand_in_data(report.stand_ins.stand_ins, report.stand_ins.problems) if report.stand_ins else {}),
    )


def _suite(report: GateReport, part: GatePart) -> JunitSuite:
    """Return a suite with a case for each finding that fails the gate, and for each test and claim that passed."""
    from apimpolicy.report.finding_formats import JunitCase, JunitSuite

    name = f"apimpolicy gate: {part.name}"
    cases = [JunitCase(each, name) for each in part.passed]
    for each in report.failing_in(part):
        found = each.diagnostic
        title = each.key or found.message.partition("\n")[0]
        status = "error" if each.word == NOT_RUN else "failed"
        cases.append(JunitCase(f"{found.code}: {title}", name, status, title, str(found), found.code))
    if not cases:
        status = PASSED if part.applies else "skipped"
        cases.append(JunitCase(part.name, name, status, part.line if status != PASSED else "", part.line))
    return JunitSuite(name, cases)
