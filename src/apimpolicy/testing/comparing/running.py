"""Compare two versions of policies, or of whole services, and make a report."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from apimpolicy.errors import ApimPolicyError
from apimpolicy.project.environments import find_configuration
from apimpolicy.project.files import read_bytes
from apimpolicy.project.service.description import FileLocation, PolicyText
from apimpolicy.project.service.pairing import paired
from apimpolicy.reasoning.proving.normal_form import OTHER_VARIABLES
from apimpolicy.reasoning.scenarios.scenario import TotalTime
from apimpolicy.report.columns import counted, first_of
from apimpolicy.report.difference_data import (
    DIFFERENT,
    EQUIVALENT,
    SAME,
    UNDECIDED,
    ComparisonReport,
    DifferenceItem,
    DifferenceReport,
    Journey,
)
from apimpolicy.report.remainder import Remainder
from apimpolicy.testing.case_files import Case, CaseFile, load_case_tree
from apimpolicy.testing.claims.harnesses import test_file_of
from apimpolicy.testing.comparing.changed_files import Accounts, remainder
from apimpolicy.testing.comparing.elements import changed_elements, document_of, with_moves
from apimpolicy.testing.comparing.lone_policies import blank_report, compare_pair
from apimpolicy.testing.comparing.moves import with_moved_policies
from apimpolicy.testing.comparing.observed_differences import Difference, differences, journey_of
from apimpolicy.testing.comparing.service_comparison import ServiceComparison, is_same_document
from apimpolicy.testing.comparing.service_settings import Unread, unread
from apimpolicy.testing.comparing.services import (
    access_changes,
    affected_apis,
    broken_references,
    services_of,
    setting_groups,
    side_of,
)
from apimpolicy.testing.comparing.sides import ServiceSide, documents_of, key_of, service_around
from apimpolicy.testing.comparing.versions import Version, VersionPair, Versions, with_names, without_names
from apimpolicy.testing.running import run_case
from apimpolicy.testing.test_file_search import find_test_files
from apimpolicy.testing.tree import problem_in_words, read_tree

if TYPE_CHECKING:
    from apimpolicy.gateway.engine.result import Result
    from apimpolicy.reasoning.scenarios.scenario import Bounds
    from apimpolicy.report.difference_data import ElementChange
    from apimpolicy.text.document import Document

    BoundsOf = Callable[[str], Bounds]


def compare_versions(
    found: Versions, bounds_of: BoundsOf, on_run: Callable[[], None] = lambda: None, total: TotalTime | None = None
) -> ComparisonReport:
    """Compare two sides. Never raises for what they, or the settings around them, do wrong.

    What isn't compared when the `total` time is over is named, and not decided.
    """
    return _Comparing(found, bounds_of, on_run, total or TotalTime()).report()


class _Comparing:
    """One comparison; its lists grow while services and policies are compared."""

    def __init__(self, found: Versions, bounds_of: BoundsOf, on_run: Callable[[], None], total: TotalTime) -> None:
        self.found = found
        self.bounds_of = bounds_of
        self.on_run = on_run
        self.total = total
        self.left_out: list[str] = []
        self.moved_folders: dict[str, str] = {}
        self.report_ = ComparisonReport()
        self.policies: list[DifferenceReport] = []
        self.changes: list[ElementChange] = []
        self.same = 0
        self.names: dict[str, str] = {}
        self.accounts = Accounts()

    def report(self) -> ComparisonReport:
        started = time.perf_counter()
        pairs = list(self.found.pairs)
        if self.found.folders is not None:
            pairs = self._services(self.found.folders, pairs)
        elif len(pairs) == 1 and self._within_service(pairs[0]):
            pairs = []
        pairs = with_moved_policies(pairs)
        for pair in pairs:
            if pair.old is not None and pair.new is not None and self.found.folders is not None:
                self._add_move(pair.old.path, pair.new.path)
        self._learn_names(pairs)
        for pair in pairs:
            if pair.is_same_text and self.found.is_same_around:
                self._add(pair, None)
                continue
            self._add(pair, self._alone(pair))
            if not self.report_.has_service:  # each policy alone compares the settings that it is run with
                settings = [find_configuration(version.path) for version in _versions(pair)]
                self.accounts.files |= {os.path.realpath(path) for path in settings if path is not None}
        self._add_tested(tested_differences(*self._test_files(), self._is_over))
        return self.report_._replace(
            policies=tuple(self._with_time(self._as_written(policy)) for policy in self.policies),
            changes=tuple(self.changes),
            same=self.same,
            remainder=self._remainder(),
            is_of_files=self.found.folders is None,
            seconds=time.perf_counter() - started,
        )

    def _remainder(self) -> Remainder:
        """Return the changed files that nothing accounts for; two files are all that was given of themselves."""
        if self.found.folders is None:
            return Remainder(())
        for group in self.report_.settings:
            for change in group.changes:
                self.accounts.add_setting(change)
        place = self.found.place.replace(os.sep, "/") if self.found.places else os.curdir  # as git names files
        return remainder(*self.found.folders, self.accounts, self.moved_folders, place)

    def _alone(self, pair: VersionPair) -> DifferenceReport:
        """Compare two versions of a policy that are in no service."""
        if self.total.is_over and pair.old is not None and pair.new is not None and not pair.is_same_text:
            report = blank_report(pair)._replace(status=UNDECIDED)
            self.left_out.append(report.name)
            return report
        return compare_pair(pair, self.bounds_of(pair.path), self.on_run, self.total)

    def _with_time(self, report: DifferenceReport) -> DifferenceReport:
        """Return a report; the first of those that no time was left for says so of all of them."""
        if not self.left_out or report.name != self._shown(self.left_out[0]):
            return report
        names = first_of(map(self._shown, self.left_out), _MOST_LISTED)
        number = counted(len(self.left_out), "policy", "policies")
        return report._replace(reasons=(TotalTime.used_up_before(f"{number}: {names}"),))

    def _add_move(self, old: str, new: str, *, is_folder: bool = False) -> None:
        """Note that a file or a folder is elsewhere below the new folder, if it is."""
        assert self.found.folders is not None
        one, other = (
            os.path.relpath(path, folder).replace(os.sep, "/")
            for path, folder in zip((old, new), self.found.folders, strict=True)
        )
        if one != other:
            self.report_ = self.report_._replace(moved=(*self.report_.moved, (one, other)))
            if is_folder:
                self.moved_folders[one] = other

    def _is_over(self, subject: str) -> bool:
        """Return whether no time is left, and note what is left out then."""
        if self.total.is_over:
            notes = (*self.report_.notes, TotalTime.used_up_before(subject))
            self.report_ = self.report_._replace(notes=notes, is_partial=True)
        return self.total.is_over

    # Services

    def _services(self, folders: tuple[str, str], pairs: list[VersionPair]) -> list[VersionPair]:
        """Compare the services in two folders; return the policies that are in none."""
        try:
            sides = [services_of(folder) for folder in folders]
        except ApimPolicyError as error:
            self._problem(error)
            return pairs
        covered: set[str] = set()
        for pair in paired(*sides):
            try:
                old, new = (side_of(each, root) for each, root in zip(pair, folders, strict=True))
                if old.folder is not None and new.folder is not None:
                    self._add_move(old.folder, new.folder, is_folder=True)
                covered |= self._service(old, new)
            except ApimPolicyError as error:
                self._problem(error)
        return [pair for pair in pairs if not any(os.path.realpath(each.path) in covered for each in _versions(pair))]

    def _service(self, old: ServiceSide, new: ServiceSide) -> set[str]:
        """Compare two versions of a service; return the files of its policies."""
        places = self.found.places
        documents = documents_of(old, new, self.found.place, places)
        self._learn_names(documents.pairs)
        comparison = None
        if old.has_apis and new.has_apis:
            bounds = self.bounds_of(new.root or ".")
            comparison = ServiceComparison(old, new, bounds, self.on_run, total=self.total)
            notes = tuple(with_names(note, places) for note in comparison.notes)
            self.report_ = self.report_._replace(notes=(*self.report_.notes, *notes))
        groups = tuple(setting_groups(old, new, places, self._is_over))
        self.report_ = self.report_._replace(settings=(*self.report_.settings, *groups))
        breaks = (without_names(broken, places) for broken in broken_references(old.description, new.description))
        self.report_ = self.report_._replace(breaks=(*self.report_.breaks, *dict.fromkeys(breaks)))
        has_service = self.report_.has_service or old.has_resources or new.has_resources
        self.report_ = self.report_._replace(has_service=has_service)
        not_read = list(unread(old.description, new.description))
        if comparison is not None:
            changed = {group.name for group in groups}
            not_read += [Unread(note, True) for note in comparison.operations.not_paired(changed)]
        notes = (*self.report_.notes, *(without_names(gap.note, places) for gap in not_read))
        is_partial = self.report_.is_partial or any(gap.has_changed for gap in not_read)
        self.report_ = self.report_._replace(notes=tuple(dict.fromkeys(notes)), is_partial=is_partial)
        if comparison is not None:
            apis = affected_apis(old, new, [change for group in groups for change in group.changes])
            access = access_changes(old, new, comparison, apis)
            self.report_ = self.report_._replace(access=(*self.report_.access, *access))
        self._policies_of(comparison, documents.pairs)
        return documents.files

    def _policies_of(self, comparison: ServiceComparison | None, pairs: Iterable[VersionPair]) -> None:
        made = {} if comparison is None else dict(comparison.reports(pairs))
        if (rest := made.pop(None, None)) is not None:
            self.policies.append(self._named(rest))
        for pair in pairs:
            report = made.get(pair)
            if pair not in made and is_same_document(pair):
                self._add(pair, blank_report(pair).settled(Remainder(()), is_same_text=pair.is_same_text))
            else:
                self._add(pair, report or self._alone(pair))

    def _within_service(self, pair: VersionPair) -> bool:
        """Compare two versions of a file within the service that it belongs to; return False where it is in none."""
        if pair.old is None or pair.new is None or is_same_document(pair):
            return False
        try:
            sides = self._sides_of(pair, pair.old, pair.new)
            if sides is None:
                return False
            keys = {key_of(pair.old), key_of(pair.new)}
            comparison = ServiceComparison(*sides, self.bounds_of(pair.path), self.on_run, keys, self.total)
            if not comparison.groups:
                return False
            self._learn_names([pair])
            self._policies_of(comparison, [pair])
            access = access_changes(*sides, comparison)
        except ApimPolicyError:
            return False
        self.report_ = self.report_._replace(access=(*self.report_.access, *access))
        return True

    def _sides_of(self, pair: VersionPair, old: Version, new: Version) -> tuple[ServiceSide, ServiceSide] | None:
        """Return the service around both versions; two files use that of the new one, each with its own text."""
        first, second = service_around(old.path), service_around(new.path)
        if pair.is_apart:
            return None if first is None or second is None else (first, second)
        at, side = (0, first) if second is None else (1, second)
        if side is None or (first is not None and second is not None):
            return None
        texts = [
            PolicyText(FileLocation(each.path), source=document_of(each.data, each.path).source) for each in (old, new)
        ]
        kept = os.path.realpath((old, new)[at].path)
        made = [ServiceSide(side.folder, replaced={kept: text}) for text in texts]
        return made[0], made[1]

    # Test files

    def _test_files(self) -> tuple[str, str, list[str]]:
        """Return the folders of both versions, and the test files in them by their paths there."""
        if self.found.folders is not None:
            old, new = self.found.folders
            names = {os.path.relpath(path, folder) for folder in (old, new) for path in find_test_files([folder])}
            return old, new, sorted(names)
        sides = [pair.new for pair in self.found.pairs if pair.is_apart and pair.old is not None]
        beside = [test_file_of(each.path) for each in sides if each is not None]
        if not beside or beside[0] is None or self.found.pairs[0].old is None:
            return "", "", []
        old = os.path.dirname(self.found.pairs[0].old.path)
        return old, os.path.dirname(beside[0].path), [os.path.basename(beside[0].path)]

    def _add_tested(self, found: Iterable[Tested]) -> None:
        """Add what the requests of test files show, and nothing else has shown."""
        for each in found:
            path = self._policy_of(each) or self._shown(each.case.file.path)
            at = next((index for index, report in enumerate(self.policies) if report.path == path), -1)
            report = self.policies[at] if at >= 0 else DifferenceReport(path, path, path, DIFFERENT)
            if any(item.kind == each.difference.kind for item in report.items):
                continue
            words = f"the test '{each.case.name}', {each.new.request.method} {each.new.request.url}"
            old, new = journey_of(each.old), journey_of(each.new)
            own = [change for change in self.changes if change.file == path]
            cause = own[0] if len(own) == 1 else None
            item = DifferenceItem(each.difference.sentence, words, old, new, cause, kind=each.difference.kind)
            item = self._item(item, self._shown)
            report = report._replace(items=(*report.items, item), status=DIFFERENT)
            if at < 0:
                self.policies.append(report)
            else:
                self.policies[at] = report

    def _policy_of(self, tested: Tested) -> str:
        """Return the last changed policy that ran; empty where none did."""
        known = {each.path for each in self.policies if each.status in (DIFFERENT, EQUIVALENT, UNDECIDED)}
        for result in (tested.new, tested.old):
            for entry in reversed(result.trace):
                path = self._shown(self.names.get(os.path.normpath(entry.element.source.path), ""))
                if path in known:
                    return path
        return ""

    def _shown(self, text: str) -> str:
        """Return a text with git's names of files, and others relative to the current folder."""
        return with_names(text, (*self.found.places, (os.path.join(os.getcwd(), ""), "")))

    # Policies

    def _as_written(self, report: DifferenceReport) -> DifferenceReport:
        """Return a report whose causes are as the policies have them, without the values of named values."""
        written = {each.key: each for each in self.changes}
        items = [
            item if item.cause is None else item._replace(cause=written.get(item.cause.key, item.cause))
            for item in report.items
        ]
        return report._replace(items=tuple(items))

    def _add(self, pair: VersionPair, report: DifferenceReport | None) -> None:
        if pair.old is not None and pair.new is not None:
            is_proven = report is not None and (report.is_the_same or report.reasons == (OTHER_VARIABLES,))
            self.changes += (change._replace(is_proven=is_proven) for change in _changes(pair))
        for version in _versions(pair):
            source = version.source or document_of(version.data, version.path).source
            self.accounts.add_policy(source, is_whole=":" not in os.path.basename(pair.path))
        if report is None or report.status == SAME:
            self.same += 1
            return
        self.policies.append(self._named(report))
        access = (each._replace(api=self._shown(each.api)) for each in report.access)
        self.report_ = self.report_._replace(access=(*self.report_.access, *access))

    def _problem(self, error: ApimPolicyError) -> None:
        text = with_names(problem_in_words(error), self.found.places)
        self.report_ = self.report_._replace(problem="\n".join(filter(None, (self.report_.problem, text))))

    def _learn_names(self, pairs: Iterable[VersionPair]) -> None:
        """Keep the names of policies' files, for places in what is reported."""
        for pair in pairs:
            for version in _versions(pair):
                for name in (version.path, with_names(version.path, pair.places)):
                    self.names.setdefault(os.path.normpath(name), pair.path.partition(":")[0])

    def _named(self, report: DifferenceReport) -> DifferenceReport:
        """Return the report with the names that files have in git, and policies in infrastructure code."""

        here = (os.path.join(os.getcwd(), ""), "")
        path, subject = report.path, report.subject
        return report._replace(
            path=self._shown(path),
            subject=subject,
            old=self._shown(report.old),
            new=self._shown(report.new),
            items=tuple(self._item(each, self._shown) for each in report.items),
            reasons=tuple(with_names(without_names(each, self.found.places), (here,)) for each in report.reasons),
            problem=self._shown(report.problem),
        )

    def _item(self, item: DifferenceItem, named: Callable[[str], str]) -> DifferenceItem:
        cause = item.cause
        if cause is not None:
            file = self.names.get(os.path.normpath(cause.file)) or without_names(cause.file, self.found.places)
            inside = os.path.relpath(file) if os.path.isabs(file) else file
            cause = cause._replace(file=file if inside.startswith(os.pardir) else inside)
        return item._replace(old=Journey(*map(named, item.old)), new=Journey(*map(named, item.new)), cause=cause)


def _versions(pair: VersionPair) -> list[Version]:
    return [each for each in (pair.old, pair.new) if each is not None]


def _changes(pair: VersionPair) -> list[ElementChange]:
    if pair.is_same_text:
        return []
    trees: list[Document | None] = [
        None if each is None else document_of(each.source or each.data, each.name) for each in (pair.old, pair.new)
    ]
    file = pair.path.partition(":")[0] if pair.label[1] else pair.path
    return [span.change for span in with_moves(changed_elements(trees[0], trees[1], file))]


# The requests of test files, run through both versions: people know what matters, and how to get there.
#
# A test file is read in the folders of both versions, so that each finds its own policies. A case that doesn't give the
# same twice proves nothing.

_MOST_CASES = 100
_MOST_LISTED = 3


class Tested(NamedTuple):
    """A difference between the results of a case."""

    case: Case
    difference: Difference
    old: Result
    new: Result


def tested_differences(old: str, new: str, names: Iterable[str], is_over: Callable[[str], bool]) -> Iterator[Tested]:
    """Yield the differences that test files below two folders show; a file that both have is that of the new one.

    `is_over` gets the name of a file, and tells that it isn't to be run, nor are those after it.
    """
    left = _MOST_CASES
    for name in names:
        if is_over(f"the cases of {name}"):
            return
        try:
            path = os.path.join(new, name)
            text = read_bytes(path if os.path.isfile(path) else os.path.join(old, name)).decode("utf-8-sig")
            files = [_read(text, os.path.join(folder, name)) for folder in (old, old, new)]
        except (ApimPolicyError, UnicodeDecodeError):
            continue  # `test` reports it
        for file in files:
            file.certificates = files[-1].certificates
        for cases in zip(*(file.cases for file in files), strict=True):
            left -= 1
            if left < 0:
                return
            yield from _of_case(*cases)


def _read(text: str, path: str) -> CaseFile:
    return load_case_tree(read_tree(text, path), path)


def _of_case(old: Case, again: Case, new: Case) -> Iterator[Tested]:
    first, second, third = (run_case(case).results for case in (old, again, new))
    for one, same, other in zip(first, second, third, strict=False):
        chance = {each.kind for each in differences(one, same)}
        yield from (Tested(new, each, one, other) for each in differences(one, other) if each.kind not in chance)
