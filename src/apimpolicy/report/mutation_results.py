"""Mutants and their outcomes, for people and for programs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import attrs

from apimpolicy.report.columns import PLAIN, Style, clip, counted, first_of, printable, width
from apimpolicy.report.log_commands import indented, program_report
from apimpolicy.report.outputs.mutate import CheckResult, MutantData
from apimpolicy.report.outputs.parts import record_of
from apimpolicy.report.terminal import path_from_here

KILLED, SURVIVED, INVALID, UNJUDGED, SUPPRESSED = STATUSES = ("killed", "survived", "invalid", "unjudged", "suppressed")

CERTIFICATE, TOKEN, LIMIT = CHECKS = ("certificate", "token", "limit")
"""The reported checks: of the client certificate, of tokens, and limits of calls."""


@attrs.frozen
class Mutant:
    """A change of a policy file.

    `kind` is `remove`, `condition`, `operand`, `comparison`, `constant` or `attribute`; `text` replaces the file's
    characters from `start` to `end`; `line` and `column` count from 1. `tests` are the names of those that reach the
    place. `removes` are the checks that it removes entirely; `about` those that it only changes. `reason` is why a
    comment keeps it from being tried.
    """

    path: str
    kind: str
    start: int
    end: int
    text: str
    line: int
    column: int
    description: str
    tests: tuple[str, ...] = ()
    removes: tuple[str, ...] = ()
    about: tuple[str, ...] = ()
    reason: str = ""

    def applied(self, text: str) -> str:
        return text[: self.start] + self.text + text[self.end :]


@attrs.frozen
class MutantOutcome:
    """The outcome of a mutant: killed by the test of that name, survived, or invalid or unjudged because of a problem.

    Invalid mutants are those that Azure would refuse; unjudged ones made pytest end without a failed test. For a killed
    mutant, `problem` tells where it took too long. `diff` shows the lines that a survivor changes.
    """

    mutant: Mutant
    status: str
    killed_by: str = ""
    problem: str = ""
    diff: str = ""


# Results of mutation on a terminal: survivors with their changes, the certificate check, the score

MOST_LINES = 8
"""Lines of a survivor's diff."""
MOST_NAMED = 3
"""Places or tests that a sentence names."""


@attrs.frozen
class Score:
    killed: int
    survived: int
    invalid: int
    suppressed: int
    unjudged: int = 0

    @classmethod
    def of(cls, outcomes: Sequence[MutantOutcome]) -> Score:
        counts = Counter(outcome.status for outcome in outcomes)
        return cls(**{status: counts[status] for status in STATUSES})

    @property
    def percent(self) -> float:
        """The share of counted mutants that were killed; 100 when there are none."""
        counted = self.killed + self.survived
        return 100.0 * self.killed / counted if counted else 100.0


def survivor(outcome: MutantOutcome, style: Style = PLAIN) -> str:
    """Return a surviving change: its place, its description, and the lines."""
    mutant = outcome.mutant
    ran = f"({mutant.kind}; {counted(len(mutant.tests), 'test')} still passed)"
    lines = [f"{style.paint('strong', place_of(mutant))}  {printable(mutant.description)}  {style.paint('dim', ran)}"]
    changed = [line for line in outcome.diff.splitlines() if line[1:].strip()]
    for line in changed[:MOST_LINES]:
        text = _window(line, mutant.column, style.width - 2)
        lines.append(f"  {style.paint('bad' if line.startswith('-') else 'good', text)}")
    if len(changed) > MOST_LINES:
        lines.append(style.paint("dim", f"  … {counted(len(changed) - MOST_LINES, 'more line')}"))
    return "\n".join([style.fit(lines[0]), *lines[1:]])


def unreached(outcomes: Sequence[MutantOutcome]) -> list[str]:
    """Return a line for each file with changes that no test reaches."""
    counts: dict[str, list[Mutant]] = {}
    for outcome in outcomes:
        if outcome.status == SURVIVED and not outcome.mutant.tests:
            counts.setdefault(outcome.mutant.path, []).append(outcome.mutant)
    return [
        f"{printable(path_from_here(path))}: {counted(len(mutants), 'change')} that no test reaches, "
        f"the first on line {mutants[0].line}"
        for path, mutants in counts.items()
    ]


def unjudged(outcomes: Sequence[MutantOutcome]) -> list[str]:
    """Return a line for each change whose run was aborted."""
    return [
        f"{place_of(outcome.mutant)}  {printable(outcome.mutant.description)}: {printable(outcome.problem)}"
        for outcome in outcomes
        if outcome.status == UNJUDGED
    ]


def _window(line: str, column: int, room: int) -> str:
    """Return a line of a diff, cut at its beginning when the change would be out of sight."""
    if width(line) > room and column > room // 2:
        line = f"{line[0]}…{line[column - room // 3 :]}"
    return clip(line, room)


def place_of(mutant: Mutant) -> str:
    """Return the place of a mutant: `orders.xml:12:30`."""
    return f"{printable(path_from_here(mutant.path))}:{mutant.line}:{mutant.column}"


NAMES = {CERTIFICATE: "certificate check", TOKEN: "token check", LIMIT: "call limit"}


def check_sentences(outcomes: Sequence[MutantOutcome]) -> list[str]:
    """Return sentences that say whether tests notice when checks of certificates or tokens, or limits, are removed.

    Tokens and limits are left out where there are none.
    """
    sentences = [sentence for check in CHECKS if (sentence := check_sentence(outcomes, check))]
    if not any(CERTIFICATE in outcome.mutant.removes for outcome in _tried(outcomes)):
        sentences.insert(0, "None of the changes removes a check of the client certificate.")
    return sentences


def would_notice(outcomes: Sequence[MutantOutcome], check: str) -> bool | None:
    """Return whether a test fails for every change that removes a check; None when no such change was tried."""
    gone = [outcome.status for outcome in _tried(outcomes) if check in outcome.mutant.removes]
    return SURVIVED not in gone if gone else None


def _tried(outcomes: Sequence[MutantOutcome]) -> list[MutantOutcome]:
    return [outcome for outcome in outcomes if outcome.status in (KILLED, SURVIVED)]


def check_sentence(outcomes: Sequence[MutantOutcome], check: str) -> str:
    if (is_noticed := would_notice(outcomes, check)) is None:
        return ""
    gone = [outcome for outcome in _tried(outcomes) if check in outcome.mutant.removes]
    start = f"Without the {NAMES[check]},"
    if not is_noticed:
        unnoticed = [outcome.mutant for outcome in gone if outcome.status == SURVIVED]
        return f"{start} all tests still pass: {_places(unnoticed)}."
    names = dict.fromkeys(f"'{printable(outcome.killed_by)}'" for outcome in gone)
    sentence = f"{start} {first_of(names, MOST_NAMED)} would fail"
    weaker = [outcome.mutant for outcome in outcomes if check in outcome.mutant.about and outcome.status == SURVIVED]
    if weaker and check != LIMIT:  # one more call is no vulnerability
        return f"{sentence}. All tests still pass with a weaker one: {_places(weaker)}."
    return f"{sentence}."


def score_line(score: Score, seconds: float, style: Style = PLAIN) -> str:
    """Return the score: `41 of 44 changes noticed (93 %), 2 not counted (they do not compile) in 3.10 s`."""
    counted = score.killed + score.survived
    parts = [f"{score.killed:,} of {counted:,} changes noticed ({int(score.percent)} %)"]
    parts += [f"{score.invalid:,} not counted (they do not compile)"] if score.invalid else []
    parts += [f"{score.unjudged:,} not counted (the run was aborted)"] if score.unjudged else []
    parts += [f"{score.suppressed:,} suppressed by comments"] if score.suppressed else []
    return style.paint("bad" if score.survived else "good", f"{', '.join(parts)} in {seconds:.2f} s")


def _places(mutants: Sequence[Mutant]) -> str:
    found = dict.fromkeys(f"{place_of(mutant)} {printable(mutant.description)}" for mutant in mutants)
    return first_of(found, MOST_NAMED, ", and ")


# For programs: `mutate --format json`; the schema is `apimpolicy/schemas/apimpolicy-mutate-output.schema.json`.


def mutation_to_json(outcomes: Sequence[MutantOutcome], seconds: float) -> str:
    """Return the whole report, indented, without a final line end."""
    score = Score.of(outcomes)
    summary = {
        "changes": score.killed + score.survived,
        **{status: getattr(score, status) for status in STATUSES},
        "percent": round(score.percent, 2),
        "seconds": round(seconds, 3),
    }
    checks = {check: _result(outcomes, check) for check in CHECKS}
    return indented(program_report(summary=summary, checks=checks, mutants=list(map(_mutant, outcomes))))


def _result(outcomes: Sequence[MutantOutcome], check: str) -> CheckResult | None:
    noticed = would_notice(outcomes, check)
    return None if noticed is None else {"noticed": noticed, "sentence": check_sentence(outcomes, check)}


def _mutant(outcome: MutantOutcome) -> MutantData:
    mutant = outcome.mutant
    return record_of(
        MutantData,
        mutant,
        path=printable(path_from_here(mutant.path)),
        replacement=mutant.text,
        status=outcome.status,
        killed_by=outcome.killed_by,
        problem=outcome.problem,
        diff=outcome.diff,
    )
