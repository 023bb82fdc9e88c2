"""One run of `gate`: what its parts share, and what they have in common."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import cached_property
from importlib.util import find_spec
from typing import TYPE_CHECKING, TypeAlias

from apimpolicy.cli.diff import compare
from apimpolicy.cli.program import say
from apimpolicy.cli.progress import waiting
from apimpolicy.diagnostics import Diagnostic, Severity
from apimpolicy.errors import ApimPolicyError, ConfigurationError
from apimpolicy.project.gate_settings import ERRORS, NOT_RUN, WARNINGS
from apimpolicy.project.revisions import is_shallow, revision_of
from apimpolicy.project.service.leniency import Leniency, lenient
from apimpolicy.project.service.reading import kept_services
from apimpolicy.report.columns import Style, counted, printable
from apimpolicy.report.gate_report import GateFinding, GatePart, GateReport
from apimpolicy.report.result_findings import finding_at

if TYPE_CHECKING:
    from apimpolicy.project.baseline import Baseline
    from apimpolicy.report.difference_data import ComparisonReport
    from apimpolicy.testing.comparing.versions import Versions

NEEDS_SOLVER = "it needs the solver: pip install 'apimpolicy[prove]'"
BY_SEVERITY = {Severity.ERROR: ERRORS, Severity.WARNING: WARNINGS}


def keyed(finding: GateFinding) -> Diagnostic:
    """Return a finding as it is in a baseline, without what may differ from run to run."""
    return finding.diagnostic.replaced(message=finding.key)


class GateRun:
    """One run: what its parts share."""

    def __init__(self, path: str, since: str | None, test_paths: Sequence[str], baseline: Baseline | None) -> None:
        self.path = path
        self.since = since
        self.test_paths = test_paths
        self.baseline = baseline
        self.stand_ins = Leniency()
        self.versions: Versions | None = None
        self.unreadable: set[str] = set()
        """The test files that can't be read, which each is reported once."""

    def parts(self, check: Part, others: Mapping[str, Part]) -> tuple[GatePart, ...]:
        """Run all parts; `check` needs no stand-ins. Raises ConfigurationError for a revision that doesn't exist."""
        with ExitStack() as stack:
            stack.enter_context(kept_services())
            if self.since is not None:
                self.versions = stack.enter_context(_versions(self.since, self.path))
            found = {"check": self._guarded("check", check)}
            stack.enter_context(lenient(self.stand_ins))
            found |= {name: self._guarded(name, part) for name, part in others.items()}
        return tuple(found.values())

    def _guarded(self, name: str, part: Part) -> GatePart:
        try:
            with waiting(name):
                return part(self)
        except ApimPolicyError as error:
            from apimpolicy.testing.tree import problem_in_words

            return not_run(name, problem_in_words(error))

    def judged(self, findings: Sequence[GateFinding]) -> tuple[list[GateFinding], int]:
        """Return the findings that the baseline doesn't have, and how many it has."""
        if self.baseline is None:
            return list(findings), 0
        fresh = [each for each in findings if not (each.key and self.baseline.takes(keyed(each)))]
        return fresh, len(findings) - len(fresh)

    def say_what_is_gone(self, report: GateReport) -> None:
        """Report entries of the baseline that no longer occur, if every part could run."""
        has_run = not any(each.word == NOT_RUN for part in report.parts for each in part.findings)
        if self.baseline is not None and has_run and (count := self.baseline.gone):
            what = "1 entry" if count == 1 else f"{count} entries"
            say(f"{what} of {self.baseline.path} no longer occur{'s' * (count == 1)}; refresh it with --write-baseline")

    @property
    def old_folder(self) -> str | None:
        """The folder as it was at the revision; None where it wasn't there."""
        return None if self.versions is None or self.versions.folders is None else self.versions.folders[0]

    @cached_property
    def comparison(self) -> ComparisonReport | None:
        """The comparison with the revision, which `audit` takes places from; None where nothing can be compared."""
        if self.versions is None or not has_solver():
            return None
        from apimpolicy.gateway.engine.token_issuers import shared_keys

        with shared_keys():
            return compare(self.versions)


Part: TypeAlias = Callable[[GateRun], GatePart]


@contextmanager
def _versions(revision: str, path: str) -> Iterator[Versions | None]:
    """Yield the folder at a revision and now; None where it wasn't there. Raises ConfigurationError."""
    try:
        found = revision_of(revision, path)
    except ConfigurationError as error:
        raise ConfigurationError(f"--since {revision}: {error}") from None
    if found is None:
        more = "; this clone is shallow: fetch more of its history with git fetch --unshallow" * is_shallow(path)
        raise ConfigurationError(f"--since {revision}: git has no such revision{more}")
    if found.find(path) is None:
        yield None
        return
    from apimpolicy.testing.comparing.versions import versions

    with versions(f"{revision}:{path}", path) as both:
        yield both


def has_solver() -> bool:
    return find_spec("z3") is not None


def not_run(name: str, problem: str) -> GatePart:
    """Return a part that applies and can't run, which fails the gate."""
    first = problem.strip().partition("\n")[0]
    found = GateFinding(NOT_RUN, finding_at("", 1, "gate", f"{name}: {problem}"), text=sentence(f"{name}: {problem}"))
    return GatePart(name, f"can't run: {first}", (found,))


def sentence(text: str) -> Callable[[Style], str]:
    lines = "\n".join(map(printable, text.splitlines()))
    return lambda style: style.fit(lines)


def severities(findings: Sequence[GateFinding]) -> str:
    """`no errors, 2 warnings`"""
    found = [each.word for each in findings]
    errors, warnings = found.count(ERRORS), found.count(WARNINGS)
    return f"{counted(errors, 'error') if errors else 'no errors'}, " + (
        counted(warnings, "warning") if warnings else "no warnings"
    )


def in_baseline(known: int) -> str:
    return f" ({known:,} in the baseline)" if known else ""
