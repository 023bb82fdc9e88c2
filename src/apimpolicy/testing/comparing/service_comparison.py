"""Compare two versions of a service: the effective policies of each operation, for each caller.

Programs that are the same without their layout need nothing. Of the others, each pair of programs is compared once, and
what differs is reported for the policy that causes it, with the operations that it applies to.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from apimpolicy.errors import ApimPolicyError
from apimpolicy.reasoning.scenarios.scenario import TotalTime
from apimpolicy.report.columns import counted, first_of
from apimpolicy.report.difference_data import ADDED, DIFFERENT, ERROR, REMOVED, SAME, DifferenceItem, DifferenceReport
from apimpolicy.report.remainder import Remainder
from apimpolicy.testing.claims.caller_tokens import OWN
from apimpolicy.testing.claims.requests import request_in_words
from apimpolicy.testing.claims.services import ServiceHarness, ServiceRoute, harness_of_route, with_callers
from apimpolicy.testing.comparing.accepted_values import in_words
from apimpolicy.testing.comparing.elements import document_of, of_element
from apimpolicy.testing.comparing.operations import Effective, LoadingResult, PairedOperations, RouteGroup
from apimpolicy.testing.comparing.product_search import FoundDifference, ProgramComparison, Proofs, compare
from apimpolicy.testing.comparing.service_settings import unknown_steps
from apimpolicy.testing.comparing.sides import Key, Needs, ServiceSide, key_of, key_of_element, key_of_policy
from apimpolicy.testing.first_surroundings import accepted_caller

if TYPE_CHECKING:
    from apimpolicy.gateway.engine.steps import Program, Step
    from apimpolicy.reasoning.scenarios.scenario import Bounds
    from apimpolicy.testing.comparing.versions import VersionPair

_MOST_LISTED = 3
_FEW_SECONDS = 0.3
"""Of searching where the same change was searched for in another operation."""


class _Item(NamedTuple):
    """A difference with its kind, and the policy that causes it."""

    key: Key | None
    kind: tuple[str, ...]
    shown: DifferenceItem


class _Result(NamedTuple):
    """The result for a group: each difference with its policy, why others aren't ruled out, and the policies in it."""

    items: list[_Item]
    reasons: tuple[str, ...]
    keys: frozenset[Key]
    problem: str = ""
    is_broken: bool = False
    """Only the new version can't be loaded."""
    proven: tuple[str, ...] = ()


class ServiceComparison:
    """The comparison of the operations of two services. Raises ConfigurationError for services without gateways."""

    def __init__(
        self,
        old: ServiceSide,
        new: ServiceSide,
        bounds: Bounds,
        on_run: Callable[[], None],
        only: Collection[Key] = (),
        total: TotalTime | None = None,
    ) -> None:
        self.old = old
        self.new = new
        self.bounds = bounds
        self.on_run = on_run
        self.total = total or TotalTime()
        self.operations = PairedOperations(old, new)
        self.notes = [f"{place}: {words}" for words, place in self.operations.problems().items()]
        groups = self.operations.groups()
        self.groups = [each for each in groups if not only or not _keys(each).isdisjoint(only)]
        self._searched: dict[object, ProgramComparison] = {}
        self._proofs: dict[Hashable, Proofs] = {}
        self._results = list(self._compared())

    @property
    def changed_routes(self) -> list[tuple[ServiceRoute, ServiceRoute]]:
        return [pair for group in self.groups for pair in group.pairs]

    def _compared(self) -> Iterator[_Result]:
        if not self.groups:
            return
        sides = [
            [step.element for group in self.groups for step in _steps_of(getattr(group, name))]
            for name in ("old", "new")
        ]
        needs = Needs.of(sides[0], sides[1])
        setups = self.old.setup(needs, None), self.new.setup(needs, self.old)
        opened = [with_callers(setup.service, self.operations.callers) for setup in setups]
        reason = ""
        for number, group in enumerate(self.groups):
            keys = frozenset(_keys(group))
            if self.total.is_over:
                reason = reason or TotalTime.used_up_before(_operations_of(self.groups[number:]))
                yield _Result([], (reason,), keys)
                continue
            if unknown := unknown_steps(group.old.program) ^ unknown_steps(group.new.program):
                yield _Result([], tuple(sorted(unknown)), keys)
                continue
            problems = [group.old.problem, group.new.problem]
            harnesses: list[ServiceHarness] = []
            for side in (0, 1):
                try:
                    harnesses.append(harness_of_route(group.pairs[0][side], setups[side], opened[side]))
                except ApimPolicyError as error:
                    problems[side] = error
            if any(problems):
                status, reasons, problem = LoadingResult.of(*problems)
                yield _Result([], reasons, keys, problem, is_broken=status == ERROR)
                continue
            elements = [step.element for step in _steps(group)]
            one, other = harnesses
            own = (name for name in (*one.providers, *other.providers) if name.startswith(OWN))
            one.providers = other.providers = tuple(dict.fromkeys((*needs.names_for(elements), *own)))
            starts = [accepted_caller(elements, [name]) for name in one.providers] or [accepted_caller(elements, ())]
            change = tuple(_changed_documents(group))
            earlier = self._searched.get(change)
            bounds = self.bounds if earlier is None else self._bounds_after(earlier)
            if earlier is not None:
                starts += [run.new.assignment for run in earlier.found]
            proofs = self._proofs.setdefault((group.old.canonical, group.new.canonical), {})
            comparison = compare(
                one, other, bounds, self.on_run, (), starts, proofs, knows_scopes=True, total=self.total
            )
            self._searched.setdefault(change, comparison)
            items = list(_items(comparison, group, other))
            sentences = {run.difference.kind: run.difference.sentence for run in comparison.found}
            lost = Remainder(sentences, {item.kind for item in items})
            yield _Result(
                items, tuple(dict.fromkeys((*map(str, comparison.reasons), *lost.rest))), keys, proven=comparison.proven
            )

    def _bounds_after(self, known: ProgramComparison) -> Bounds:
        """Return the bounds of a search for a change that was searched for in another operation."""
        seconds = 0.0 if known.explains_everything else min(self.bounds.seconds, _FEW_SECONDS)
        return self.bounds.replaced(seconds=seconds)

    # Reports

    def reports(self, pairs: Iterable[VersionPair]) -> Iterator[tuple[VersionPair | None, DifferenceReport | None]]:
        """Yield each policy that differs, or causes a difference; None for one that no operation has.

        What belongs to none of the policies is yielded without a pair, so that nothing that was found is lost.
        """
        items = dict.fromkeys(_merged(item for result in self._results for item in result.items))
        identities = {_identity(item) for item in items}
        told: set[int] = set()
        for pair in pairs:
            keys = {key_of(version) for version in (pair.old, pair.new) if version is not None}
            own = [item for item in items if item.key in keys]
            if own or not is_same_document(pair):
                results = [result for result in self._results if not result.keys.isdisjoint(keys)]
                told |= set(map(id, results))
                differences = tuple(item.shown for item in own)
                is_unused = (pair.old is None or pair.new is None) and _is_fragment(pair)
                yield pair, _report(pair, differences, results, identities) if own or results or is_unused else None
                for item in own:
                    del items[item]
        rest = [result for result in self._results if id(result) not in told and (result.reasons or result.problem)]
        if items or rest:
            file = next((item.key[0] for item in items if item.key is not None), self.new.root or "")
            blank = DifferenceReport(file, file, file, SAME)
            yield None, _settled(blank, tuple(item.shown for item in items), rest, identities)


def is_same_document(pair: VersionPair) -> bool:
    if pair.old is None or pair.new is None:
        return False
    if pair.is_same_text:
        return True
    trees = [document_of(each.source or each.data, each.name) for each in (pair.old, pair.new)]
    if not trees[0].roots and not trees[1].roots:
        return False
    return [of_element(root) for root in trees[0].roots] == [of_element(root) for root in trees[1].roots]


def _operations_of(groups: Sequence[RouteGroup]) -> str:
    names = list(dict.fromkeys(name for group in groups for name in group.operations))
    return f"{counted(len(names), 'operation')}: {first_of(names, _MOST_LISTED)}"


def _steps(group: RouteGroup) -> list[Step]:
    return [*_steps_of(group.old), *_steps_of(group.new)]


def _steps_of(side: Effective) -> list[Step]:
    return [] if side.program is None else list(side.program.steps())


def _keys(group: RouteGroup) -> set[Key]:
    """Return the policies that a group's programs are made of."""
    return {key for side in (group.old, group.new) if side.program is not None for key in _keys_of(side.program)}


def _keys_of(program: Program) -> Iterator[Key]:
    yield from (key_of_policy(policy) for policy in program.scopes.values())
    yield from (key_of_element(step.element) for step in program.steps() if step.parent is not None)


def _changed_documents(group: RouteGroup) -> Iterator[object]:
    """Yield the documents that differ, on both sides, without layout."""
    if group.old.program is None or group.new.program is None:
        return
    one, other = (
        {scope: tuple(map(of_element, policy.document.roots)) for scope, policy in program.scopes.items()}
        for program in (group.old.program, group.new.program)
    )
    for scope in dict.fromkeys((*one, *other)):
        if one.get(scope) != other.get(scope):
            yield scope, one.get(scope), other.get(scope)


def _items(found: ProgramComparison, group: RouteGroup, harness: ServiceHarness) -> Iterator[_Item]:
    program = group.new.program
    assert program is not None
    last = key_of_policy([*program.scopes.values()][-1])
    for each in found.found:
        element = None if each.cause is None else each.cause.new or each.cause.old
        key = last if element is None else key_of_element(element)
        yield _Item(key, each.difference.kind, _item(each, group, harness))


def _item(each: FoundDifference, group: RouteGroup, harness: ServiceHarness) -> DifferenceItem:
    words = request_in_words(each.new.scenario, harness) + _with_key(group.pairs[0][1])
    if each.new.scenario.token is not None:
        words = in_words(words, each.new.scenario.token[0])
    return each.item(words, group.operations)


def _with_key(route: ServiceRoute) -> str:
    if route.caller is None:
        return ""
    return " with a key" if route.caller.kind == "api" else f" with a key of the product {route.caller.target}"


def _identity(item: _Item) -> Hashable:
    return item.key, item.kind, item.shown.cause


def _merged(found: Iterator[_Item]) -> list[_Item]:
    merged: dict[object, _Item] = {}
    for item in found:
        identity = _identity(item)
        before = merged.get(identity)
        if before is None:
            merged[identity] = item
            continue
        operations = tuple(dict.fromkeys((*before.shown.operations, *item.shown.operations)))
        merged[identity] = before._replace(shown=before.shown._replace(operations=operations))
    return list(merged.values())


def _report(
    pair: VersionPair, items: tuple[DifferenceItem, ...], results: Sequence[_Result], shown: Collection[Hashable]
) -> DifferenceReport:
    names = (pair.old.name if pair.old else "", pair.new.name if pair.new else "")
    path, subject = pair.label
    report = _settled(DifferenceReport(path, *names, SAME, subject=subject), items, results, shown)
    if pair.old is None or pair.new is None:
        report = report._replace(status=ADDED if pair.old is None else REMOVED, is_unnoticed=report.is_the_same)
    return report


def _is_fragment(pair: VersionPair) -> bool:
    """Return whether a policy is a fragment; one that no operation includes is noticed by none."""
    return any(
        root.name == "fragment"
        for each in (pair.old, pair.new)
        if each is not None
        for root in document_of(each.source or each.data, each.name).roots
    )


def _settled(
    blank: DifferenceReport, items: tuple[DifferenceItem, ...], results: Sequence[_Result], shown: Collection[Hashable]
) -> DifferenceReport:
    """Return the report on what was found, and on what isn't decided, in the operations of a policy.

    `shown` are the differences that the whole report has, with this policy or with another one.
    """
    reasons = tuple(dict.fromkeys(reason for result in results for reason in result.reasons))
    problems = [result for result in results if result.problem]
    problem = "\n".join(dict.fromkeys(result.problem for result in problems))
    open_ones = [result.proven for result in results if result.reasons]
    proven = tuple(each for each in (open_ones or [()])[0] if all(each in others for others in open_ones))
    report = blank._replace(items=items, problem=problem, proven=proven)
    if items or problems:
        status = ERROR if any(result.is_broken for result in problems) else DIFFERENT
        return report._replace(status=status, reasons=reasons)
    given: dict[Hashable, str] = {_identity(item): item.shown.sentence for each in results for item in each.items}
    return report.settled(Remainder(given | {reason: reason for reason in reasons}, shown))
