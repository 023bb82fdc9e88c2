"""Collects what tests reach, from the traces of every gateway while it is active.

A file that is loaded repeatedly, or with other named values, stays one file. An inline text counts under the name that
the gateway gives it; the global policy of a new service belongs to no file and does not count.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Any

from apimpolicy.csharp.binding.flow import NULLNESS, key_of
from apimpolicy.csharp.binding.nodes import Bound
from apimpolicy.csharp.emit.recording import UNREACHED, Recorder
from apimpolicy.gateway.engine.document import Policy, global_policy
from apimpolicy.gateway.engine.observation import Observer, observed_by
from apimpolicy.reasoning.scenarios.goals import outcomes_of
from apimpolicy.report.coverage_data import CoveragePoint, CoverageReport, FileCoverage, merged, place_keys
from apimpolicy.testing.coverage.places import NodeKey, places_of
from apimpolicy.text.source import UNKNOWN_POLICIES, Excerpt, Source

if TYPE_CHECKING:
    from apimpolicy.gateway.engine.exchange import Exchange
    from apimpolicy.gateway.engine.trace import Trace, TraceEntry

WAITING, KEPT = 6, 3
"""Numbers of buffered traces, and of the newest that are read again: requests may nest, when a backend makes one
while it responds to another. Few, because Python's garbage collector walks over all buffered ones."""
MOST_NODES = 20_000

_Slot = tuple[int, bool]
"""Twice the index of a condition's place, and whether it is about null."""


def _outcome(code: int, is_about_null: bool, value: object) -> int:
    return code + ((value is not None) if is_about_null else (not value))


class _Conditions:
    """Receives the values of an expression's nodes, and records the outcomes of its conditions."""

    __slots__ = ("_known", "_seen", "slots")

    def __init__(self, known: dict[Bound, _Slot | None], seen: set[int], slots: dict[NodeKey, _Slot]) -> None:
        self._known = known
        self._seen = seen
        self.slots = slots

    def take(self, node: Bound, value: Any) -> None:
        slot = self._slot(node)
        if slot is not None:
            self._seen.add(_outcome(*slot, value))

    def of_loop(self, nodes: tuple[Bound, ...]) -> Callable[[Sequence[Any]], None] | None:
        slots = map(self._slot, nodes)
        wanted = [(index, *slot) for index, slot in enumerate(slots) if slot is not None]
        return partial(self._take_round, wanted) if wanted else None

    def _take_round(self, wanted: list[tuple[int, int, bool]], values: Sequence[Any]) -> None:
        """Record the outcomes of a round; a condition with both outcomes is no longer watched."""
        seen = self._seen
        for condition in wanted[:]:
            index, code, is_about_null = condition
            value = values[index]
            if value is not UNREACHED:
                outcome = _outcome(code, is_about_null, value)
                seen.add(outcome)
                if outcome ^ 1 in seen:
                    wanted.remove(condition)

    def take_all(self, recorder: Recorder) -> None:
        known, seen = self._known, self._seen
        nodes_of_loop, take_round = None, None
        for node, value in recorder.kept:
            if type(node) is tuple:
                if node is not nodes_of_loop:
                    nodes_of_loop, take_round = node, self.of_loop(node)
                if take_round is not None:
                    take_round(value)
                continue
            try:
                slot = known[node]
            except KeyError:
                slot = self._slot(node)
            if slot is not None:
                code, is_about_null = slot
                seen.add(code + ((value is not None) if is_about_null else (not value)))

    def _slot(self, node: Bound) -> _Slot | None:
        known = self._known
        if node not in known:
            known[node] = self.slots.get(key_of(node))
        return known[node]


class _Table:
    """A text of a file, with named values: maps its elements and nodes to places in the file."""

    __slots__ = ("branches", "conditions", "failed", "policies", "seen")

    def __init__(self, file: _CoveredFile, policy: Policy, known: dict[Bound, _Slot | None]) -> None:
        found = places_of(policy)
        index = file.add(found.places)
        self.seen, self.failed = file.seen, file.failed
        self.policies = {start: index[place] for start, place in found.policies.items()}
        self.branches = {start: index[place] for start, place in found.branches.items()}
        self.conditions: dict[tuple[int, int], _Conditions] = {}
        for span, nodes in found.conditions.items():
            slots = {key: (2 * index[place], _is_about_null(found.places[place])) for key, place in nodes.items()}
            self.conditions[span] = _Conditions(known, file.seen, slots)


def _is_about_null(place: CoveragePoint) -> bool:
    return next(iter(place.outcomes)) == NULLNESS[0]


class _CoveredFile:
    """A policy file; `seen` are twice the index of a place, plus the number of the outcome, in the running test.

    `failed` are twice the indexes of the conditions whose expression threw.
    """

    def __init__(self, path: str, text: str) -> None:
        self.coverage = FileCoverage(path, text)
        self.seen: set[int] = set()
        self.failed: set[int] = set()
        self._known: dict[tuple[Any, ...], int] = {}

    def add(self, places: list[Any]) -> list[int]:
        """Return the indexes of these places; new ones are added."""
        index: list[int] = []
        for key, place in zip(place_keys(places), places, strict=True):
            if key not in self._known:
                self._known[key] = len(self.coverage.places)
                place.around = None if place.around is None else index[place.around]
                self.coverage.places.append(place)
            index.append(self._known[key])
        return index

    def credit(self, test: str) -> None:
        for code in self.seen:
            place = self.coverage.places[code >> 1]
            list(place.outcomes.values())[code & 1].add(test)
        for code in self.failed:
            self.coverage.places[code >> 1].failed.add(test)
        self.seen.clear()
        self.failed.clear()


class PolicyCoverage(Observer):
    """The collector; a context manager that is active while it is entered."""

    def __init__(self) -> None:
        self._files: dict[tuple[str, str], _CoveredFile] = {}
        self._tables: dict[tuple[str, str], _Table] = {}
        self._ignored = global_policy().original
        self.documents: dict[tuple[str, str], Policy] = {}
        """The documents that were seen, by path and text: of each the first, with the named values that it had."""
        self.fragments: dict[str, str] = {}
        """The paths of the fragments whose policies were reached, by the ids under which they were included."""
        self._waiting: list[Trace] = []
        self._nodes: dict[Bound, _Slot | None] = {}
        self._test = ""
        self._tests: dict[str, None] = {}
        self._others: list[CoverageReport] = []
        self._last: tuple[Source, _Table | None] | None = None
        self._watching: AbstractContextManager[None] | None = None

    def __enter__(self) -> PolicyCoverage:
        self._watching = observed_by(self)
        self._watching.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._watching is not None
        self._watching.__exit__(kind, error, trace)
        self._credit()

    @contextmanager
    def test(self, name: str) -> Iterator[None]:
        """Credit everything inside to the test of this name."""
        self._credit()
        around, self._test = self._test, name
        self._tests[name] = None
        try:
            yield
        finally:
            self._credit()
            self._test = around

    def add(self, other: CoverageReport) -> None:
        """Take over what another process collected."""
        self._others.append(other)

    def report(self) -> CoverageReport:
        self._credit()
        files = [file.coverage for file in self._files.values()]
        return merged([CoverageReport(files, list(self._tests)), *self._others])

    # Events of gateways

    def document_loaded(self, policy: Policy) -> None:
        source = policy.document.source
        if self._last is not None and self._last[0] is source:
            return
        if policy.original is self._ignored or policy.path.startswith(f"<fragment {UNKNOWN_POLICIES}"):
            return
        path = policy.path if policy.path.startswith("<") else os.path.abspath(policy.path)
        table = self._tables.get((path, source.text))
        if table is None:
            file = self._files.setdefault((path, policy.original.text), _CoveredFile(path, policy.original.text))
            table = self._tables[path, source.text] = _Table(file, policy, self._nodes)
            self.documents.setdefault((path, policy.original.text), policy)
        self._last = (source, table)

    def request_started(self, exchange: Exchange) -> None:
        self._waiting.append(exchange.trace)
        if len(self._waiting) >= WAITING:
            self._look(self._waiting)
            del self._waiting[:-KEPT]

    def recorder(self, excerpt: Excerpt) -> Recorder | None:
        """Return a recorder that passes on the values for which it has no room, where there are conditions."""
        table = self._table(excerpt.source)
        conditions = None if table is None else table.conditions.get((excerpt.start, excerpt.end))
        return None if conditions is None else Recorder(overflow=conditions)

    # Results

    def _credit(self) -> None:
        self._look(self._waiting)
        self._waiting.clear()
        for file in self._files.values():
            file.credit(self._test)

    def _table(self, source: Source) -> _Table | None:
        if self._last is None or self._last[0] is not source:
            path = source.path if source.path.startswith("<") else os.path.abspath(source.path)
            self._last = (source, self._tables.get((path, source.text)))
        return self._last[1]

    def _look(self, traces: Iterable[Trace]) -> None:
        if len(self._nodes) > MOST_NODES:
            self._nodes.clear()
        for trace in traces:
            for entry in trace:
                table = self._table(entry.element.source)
                if table is None:
                    continue
                index = table.policies.get(entry.element.start)
                if index is not None:
                    table.seen.add(2 * index)
                around = entry.parent
                if around is not None and around.name == "include-fragment":
                    self._included(around, entry.file)
                branch = table.branches.get(entry.element.start)
                if branch is not None:
                    table.seen.update(2 * branch + number for number in outcomes_of(entry))
                for evaluation in entry.evaluations:
                    conditions = table.conditions.get((evaluation.excerpt.start, evaluation.excerpt.end))
                    if conditions is not None and evaluation.recorder is not None:
                        conditions.take_all(evaluation.recorder)
                        if evaluation.error is not None:
                            table.failed.update(code for code, _ in conditions.slots.values())

    def _included(self, include: TraceEntry, path: str) -> None:
        name = include.element.get("fragment-id")
        if name is not None and not path.startswith("<"):
            self.fragments[name.value.text] = os.path.abspath(path)
