"""Mutation with Python tests: pytest in processes of its own, one for each change.

A change is killed when a test fails or takes far longer than before; unjudged when the process ends without a result,
or pytest itself fails; otherwise it survives.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from multiprocessing.connection import Connection, wait
from typing import TYPE_CHECKING, Any

import attrs

from apimpolicy.errors import ConfigurationError, DiagnosticError
from apimpolicy.report.mutation_results import INVALID, KILLED, UNJUDGED, Mutant, MutantOutcome

if TYPE_CHECKING:
    from multiprocessing.context import BaseContext

    from apimpolicy.testing.coverage import PolicyCoverage
    from apimpolicy.testing.mutation.pytest_process import TestBaseline

TIMES_AS_LONG, LEAST_SECONDS = 10.0, 20.0
"""The default time limit of a run: a multiple of the tests' earlier duration, plus a margin for pytest itself."""

IMPORTED_BEFORE = (
    "testing.mutation.pytest_process",
    "testing.plugin",
    "testing.apim",
    "testing.authority",
    "gateway.engine.gateway",
    "gateway.engine.document",
    "project.configuration",
    "csharp.dotnet.implementations",
    "csharp.dotnet.system.strings",
    "csharp.dotnet.cryptography.certificate_members",
    "csharp.emit.expression",
    "csharp.emit.calls",
    "csharp.emit.conversions",
    "csharp.emit.operators",
    "csharp.emit.recording",
    "gateway.policies.choose",
    "gateway.policies.forward_request",
    "gateway.policies.return_response",
    "gateway.policies.set_header",
    "gateway.policies.set_variable",
)
"""Modules that nearly every run needs, imported once for all processes."""

SECONDS_TO_END = 5.0
"""Seconds for fixtures to tear down after the result is known."""

_NO_TESTS = 5
"""pytest's exit code when it collected nothing."""


class PytestRuns:
    """Tests in Python, below some paths, with further arguments for pytest; a context manager.

    `all_files`: those too that do not mention `apim`, nor does a conftest.py around them. `seconds` is the time limit
    for one change; None decides by what its tests took.
    """

    def __init__(
        self,
        paths: Sequence[str],
        arguments: Sequence[str] = (),
        seconds: float | None = None,
        *,
        all_files: bool = True,
    ) -> None:
        self.arguments = (*paths, *arguments)
        self.seconds = seconds
        self.all_files = all_files
        self.found: TestBaseline | None = None
        self._context = _context()
        self._scratch = tempfile.TemporaryDirectory(prefix="apimpolicy-mutate-", ignore_cleanup_errors=True)
        self._count = 0

    def __enter__(self) -> PytestRuns:
        return self

    def __exit__(self, *_: object) -> None:
        self._scratch.cleanup()

    def run_baseline(self, coverage: PolicyCoverage) -> TestBaseline:
        """Run all tests with unchanged policies, and add what they reach.

        Raises ConfigurationError when pytest can't collect the tests, or does not end.
        """
        from apimpolicy.gateway.engine.document import load_policy
        from apimpolicy.testing.mutation.pytest_process import run_baseline

        run = self._start(run_baseline)
        baseline: TestBaseline | None = None
        try:
            baseline = run.connection.recv()
            run.is_over = True
        except EOFError:
            run.is_over = True
        finally:
            run.end()
        if baseline is None:
            raise ConfigurationError(f"the Python tests did not finish: {run.how_it_ended}")
        if baseline.problems:
            raise ConfigurationError(f"pytest cannot collect {'; '.join(baseline.problems)}")
        if baseline.code not in (0, 1, _NO_TESTS):
            raise ConfigurationError(f"pytest can't run the Python tests without changes:\n{baseline.output}")
        self.found = baseline
        coverage.fragments.update(baseline.fragments)
        coverage.add(baseline.coverage)
        for path, text, values in baseline.documents:
            if (path, text) not in coverage.documents:
                try:
                    coverage.documents[path, text] = load_policy(
                        text.encode("utf-8", "surrogatepass"), named_values=values, path=path
                    )
                except DiagnosticError:
                    continue  # one that a test loads to see it refused
        return baseline

    def is_for(self, mutant: Mutant) -> bool:
        """Return whether a Python test reaches a change."""
        return self.found is not None and any(name in self.found.seconds for name in mutant.tests)

    def run_all(
        self, outcomes: Mapping[int, MutantOutcome], texts: Mapping[str, str], jobs: int
    ) -> Iterator[tuple[int, MutantOutcome]]:
        """Yield the outcome of each change that survived so far, with its number, as soon as it is known."""
        waiting = list(outcomes.items())
        running: list[tuple[int, MutantOutcome, _Run]] = []
        try:
            while waiting or running:
                while waiting and len(running) < jobs:
                    number, outcome = waiting.pop(0)
                    running.append((number, outcome, self._run_change(outcome.mutant, texts[outcome.mutant.path])))
                first = min(run.until for _, _, run in running)
                ready = wait([run.connection for _, _, run in running], max(0.0, first - time.monotonic()))
                for entry in list(running):
                    number, outcome, run = entry
                    if run.connection in ready:
                        run.listen()
                    if run.is_over or time.monotonic() >= run.until:
                        running.remove(entry)
                        run.end()
                        yield number, run.outcome(outcome)
        finally:
            for _, _, run in running:
                run.end()

    def _run_change(self, mutant: Mutant, text: str) -> _Run:
        from apimpolicy.testing.mutation.pytest_process import run_change

        assert self.found is not None
        tests = [name for name in mutant.tests if name in self.found.seconds]
        files = sorted({self.found.files[name] for name in tests})
        data = mutant.applied(text).encode("utf-8", "surrogatepass")
        took = sum(self.found.seconds[name] for name in tests)
        limit = LEAST_SECONDS + TIMES_AS_LONG * took if self.seconds is None else self.seconds
        return self._start(run_change, mutant.path, data, tests, files, limit=limit)

    def _start(self, function: Any, *arguments: Any, limit: float = float("inf")) -> _Run:
        from apimpolicy.testing.mutation.pytest_process import PytestCommand

        self._count += 1
        scratch = os.path.join(self._scratch.name, str(self._count))
        command = PytestCommand(self.arguments, os.getcwd(), scratch, self.all_files)
        connection, theirs = self._context.Pipe(duplex=False)
        process: Any = self._context.Process(target=_begin, args=(function, command, theirs, *arguments))  # type: ignore[attr-defined]
        process.start()
        theirs.close()
        return _Run(process, connection, limit, time.monotonic() + limit)


@attrs.define(eq=False)
class _Run:
    """A process and its messages."""

    process: Any
    connection: Connection
    limit: float
    until: float
    words: list[tuple[Any, ...]] = attrs.field(factory=list)
    is_over: bool = False

    def listen(self) -> None:
        """Receive one message; the first verdict is enough."""
        from apimpolicy.testing.mutation.pytest_process import RUNNING

        try:
            self.words.append(self.connection.recv())
        except (EOFError, OSError):
            self.is_over = True
        else:
            self.is_over = self.words[-1][0] != RUNNING

    def end(self) -> None:
        """End the process, with those that it started, if it still runs."""
        if self.is_over:
            self.process.join(SECONDS_TO_END)
        if self.process.is_alive():
            try:
                os.killpg(self.process.pid, signal.SIGKILL)
            except (AttributeError, OSError):  # Windows; or it has not come so far as to have a group
                self.process.kill()
        self.process.join()
        self.connection.close()

    @property
    def how_it_ended(self) -> str:
        code = self.process.exitcode
        return (
            f"signal {-code} ended the process"
            if code is not None and code < 0
            else f"the process exited with code {code}"
        )

    def outcome(self, so_far: MutantOutcome) -> MutantOutcome:
        """Return the outcome of the messages."""
        from apimpolicy.testing.mutation.pytest_process import ENDED, FAILED, REFUSED, RUNNING

        last = self.words[-1] if self.words else ()
        test = next((word[1] for word in reversed(self.words) if word[0] == RUNNING), "")
        if last and last[0] == FAILED:
            return attrs.evolve(so_far, status=KILLED, killed_by=last[1], diff="")
        if last and last[0] == REFUSED:
            return attrs.evolve(so_far, status=INVALID, problem=last[2], diff="")
        if last and last[0] == ENDED:
            if last[1] == 0:
                return so_far
            return attrs.evolve(so_far, status=UNJUDGED, problem=f"pytest ended with code {last[1]}", diff="")
        if not self.is_over:
            problem = f"still running after {self.limit:.0f} s"
            return attrs.evolve(so_far, status=KILLED, killed_by=test or "pytest", problem=problem, diff="")
        problem = f"{self.how_it_ended}{' in ' + test if test else ''}"
        return attrs.evolve(so_far, status=UNJUDGED, problem=problem, diff="")


def _begin(function: Any, *arguments: Any) -> None:
    """Start a process group, so that the process and its children can be ended together."""
    if hasattr(os, "setsid"):
        os.setsid()
    function(*arguments)


def _context() -> BaseContext:
    """Return a fork server that has imported the heavy modules, where the system has one."""
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([f"apimpolicy.{name}" for name in IMPORTED_BEFORE])
    return context
