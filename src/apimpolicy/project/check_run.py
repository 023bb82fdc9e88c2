"""Checking many files: with a cache, and with two processes when there are many."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from itertools import chain
from types import FrameType
from typing import TYPE_CHECKING, NamedTuple

from apimpolicy.checks.document import check_readings
from apimpolicy.checks.expressions import ExpressionCheck
from apimpolicy.checks.subject import Settings
from apimpolicy.csharp.dotnet.process_limits import renew
from apimpolicy.diagnostics import Diagnostic, Severity
from apimpolicy.errors import ConfigurationError, LimitExceededError
from apimpolicy.project.check_projects import CheckOptions, CheckProjects, CheckServices, Project
from apimpolicy.project.declared import ConfiguredFragments
from apimpolicy.project.discovery import ENDINGS, discover
from apimpolicy.project.embedded import MARKDOWN, policies_of
from apimpolicy.project.environments import ALL, selected_service, shown_path
from apimpolicy.project.files import SHOWN_STANDARD_INPUT, STANDARD_INPUT, read_data, source_of
from apimpolicy.project.findings import Checked, Findings, merged, to_findings
from apimpolicy.project.layout import place_of
from apimpolicy.project.surroundings import Surroundings
from apimpolicy.text.document import Document
from apimpolicy.text.markup import read
from apimpolicy.text.source import Source, has_hole

if TYPE_CHECKING:
    from apimpolicy.project.cache import Cache
    from apimpolicy.project.known_service import ServiceView
    from apimpolicy.project.replacements import Replacements
    from apimpolicy.project.service.description import PolicyText

SECONDS = 60.0
"""Far more than the largest file takes that is read at all."""


class DeadlineError(BaseException):
    """The time is over. No `except Exception` on the way takes it for something else."""


@contextmanager
def deadline(seconds: float = SECONDS) -> Iterator[None]:
    """Raise DeadlineError inside after so many seconds of processor time, and again if something swallows it.

    Holds in the main thread of a process, and not on Windows, which has no such timer.
    """
    import signal

    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return
    usual = signal.signal(signal.SIGVTALRM, _ring)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds, _AGAIN)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, usual)


_AGAIN = 0.5
"""Seconds after which an unanswered deadline rings again."""


def _ring(number: int, frame: FrameType | None) -> None:
    if frame is not None and frame.f_globals.get("__name__") == "weakref":
        return  # nothing gets out of the callback of a reference but a message that it was ignored
    raise DeadlineError


SMALL = 16_384
"""Bytes of a file that needs no time limit."""
MANY = 400
"""Files from which on a second process pays for its start."""


class CheckRun:
    """One run of `check`: the settings of every file, and what is remembered.

    `seconds` of processor time are the most that one file may take; None is no deadline.
    """

    def __init__(self, projects: CheckProjects, cache: Cache | None = None, seconds: float | None = None) -> None:
        self.seconds = seconds
        self.projects = projects
        self.cache = cache
        self.expression_check = ExpressionCheck()
        self.services = CheckServices(projects)
        self._replacements: Replacements | None = None
        self._surroundings = Surroundings()
        self._fragments: dict[int | str | None, tuple[dict[str, Document], str]] = {}

    def all(self, paths: Sequence[str], jobs: int, done: Callable[[], None]) -> Iterator[Checked]:
        """Check every file, in order. `jobs` 0 means two processes for many files, one for few."""
        if jobs == 0:
            jobs = min(2, os.cpu_count() or 1) if len(paths) >= MANY else 1
        if jobs == 1:
            for path in paths:
                yield self.one(path)
                done()
        else:
            yield from self._in_processes(paths, jobs, done)

    def _in_processes(self, paths: Sequence[str], jobs: int, done: Callable[[], None]) -> Iterator[Checked]:
        from apimpolicy.project.processes import process_pool

        size = max(1, min(64, len(paths) // (jobs * 4) or 1))
        chunks = [list(paths[start : start + size]) for start in range(0, len(paths), size)]
        with process_pool(jobs, _start, self) as pool:
            for results in pool.map(_chunk, chunks):
                for result in results:
                    if self.cache is not None and result.name is not None:
                        self.cache.set(result.name, Findings(result.findings, result.has_holes))
                    yield result
                    done()

    def one(self, path: str) -> Checked:
        """Check one file. With a deadline, a file that takes longer has a problem instead of findings."""
        renew()
        if self.seconds is None or _is_small(path):
            return self._one(path)
        try:
            with deadline(self.seconds):
                return self._one(path)
        except DeadlineError:
            took = f"{path} was left alone: checking it took more than {self.seconds:g} s of processor time"
            return Checked(path, [], problem=took)

    def _one(self, path: str) -> Checked:
        try:
            data, shown = read_data(path)
            environments = self.services.environments_of(path)
            each = [self._in_services(path, data, shown, environment) for environment in environments]
        except ConfigurationError as error:
            return Checked(path, [], problem=str(error))
        except LimitExceededError as error:
            return Checked(path, [], problem=f"{path} was left alone: {error}")
        except MemoryError:
            return Checked(path, [], problem=f"{path} was left alone: checking it needs too much memory")
        found, name = each[0]
        if len(each) > 1:
            found, name = merged(dict(zip(environments, (found for found, _ in each), strict=True))), None
        content = data if path == STANDARD_INPUT else None
        return Checked(path, found.rows, found.has_holes, name=name, data=content)

    def information(self, files: Sequence[str], paths: Sequence[str]) -> Iterator[Checked]:
        """Check the information files of the services of policy files, below these paths; note unknown policies."""
        roots = {root: path for path in files if path != STANDARD_INPUT and (root := place_of(path).root) is not None}
        code = [path for path in files if path != STANDARD_INPUT and place_of(path).root is None]
        if not (roots or code):  # a service may have MCP servers and no policies
            code = [os.path.join(path, "policy.xml") for path in paths if os.path.isdir(path)]
        if not paths or not (roots or code):
            return
        from apimpolicy.project.information_run import InformationRun

        run = InformationRun(self.projects, self.services)
        yield from (*run.all(roots, paths), *run.not_checked(code, paths))
        yield from run.of_services([*roots.values(), *code], paths)
        if self.projects.options.environment is not None:
            yield from self._overlays(roots, paths)

    def _overlays(self, roots: Mapping[str, str], paths: Sequence[str]) -> Iterator[Checked]:
        """Check the policies in the overlays of the selected environments."""
        from apimpolicy.project.overlays import policies_in

        tops = [os.path.join(os.path.abspath(path), "") for path in paths]
        for root, policy in sorted(roots.items()):
            for environment, overlay in self.services.overlays(root, policy):
                if not any(os.path.abspath(overlay.path).startswith(top) for top in tops):
                    continue
                found: list[Diagnostic] = []
                for folders, document in policies_in(source_of(*read_data(overlay.path))[0]):
                    place, data = os.path.join(root, *folders, "policy.xml"), document.text.encode()
                    knowledge = self._knowledge(place, environment, data)
                    settings, named_values, *_ = knowledge
                    found += check_readings([document], self.expression_check, named_values, settings)
                if found:
                    yield Checked(shown_path(overlay.path), to_findings(found))

    def _in_services(self, path: str, data: bytes, shown: str, environment: str | None) -> tuple[Findings, str | None]:
        """Return the findings in one file, in all services of code that it is a part of."""
        names = self.services.names_of(path, environment) if path != STANDARD_INPUT else (None,)
        if len(names) == 1:
            return self._in_environment(path, data, shown, environment)
        each: dict[str | None, Findings] = {}
        for name in names:
            with selected_service(name):
                each[name] = self._in_environment(path, data, shown, environment)[0]
        return merged(each, "service"), None

    def _in_environment(
        self, path: str, data: bytes, shown: str, environment: str | None
    ) -> tuple[Findings, str | None]:
        """Return the findings in one file, and their key in the cache if they depend on nothing else."""
        if environment is not None and self.services.replaces(path, environment):
            return Findings([]), None  # what the overlay has in its place is checked with the overlay
        knowledge = self._knowledge(path, environment, data)
        name = None
        found: Findings | None = None
        lookups = knowledge.lookups
        if self.cache is not None:
            name = self.cache.name_of(data, *knowledge.key())
            found = self.cache.get(name)
        if found is None:
            found = self._found(data, shown, knowledge)
            if knowledge.lookups != lookups:
                name = None  # it depends on other files as well
            if self.cache is not None and name is not None:
                self.cache.set(name, found)
        explained = self._with_replaced_words(found, data, shown, knowledge)
        return explained, name if explained is found else None

    def diagnostics(self, data: bytes, name: str) -> list[Diagnostic]:
        """Return the findings in the bytes of one file, in order. Raises ConfigurationError."""
        source, _ = source_of(data, name)
        knowledge = self._knowledge(name, None, data)
        found = self._with_replaced_words(self._found(data, name, knowledge), data, name, knowledge)
        return [finding.diagnostic(source) for finding in found.rows]

    def _with_replaced_words(self, found: Findings, data: bytes, name: str, knowledge: FileContext) -> Findings:
        """Treat words that a script replaces as placeholders, if that explains errors and makes none."""
        errors = _errors(found)
        if name == SHOWN_STANDARD_INPUT or not errors:
            return found
        from apimpolicy.project.replacements import Replacements

        self._replacements = self._replacements or Replacements()
        words = self._replacements.in_text(name, source_of(data, name)[0].text)
        if not words:
            return found
        settings = knowledge.settings
        settings = settings._replace(placeholders=(*settings.placeholders, *words))
        with_holes = self._found(data, name, knowledge._replace(settings=settings))
        return with_holes if _errors(with_holes) < errors else found

    def _found(self, data: bytes, name: str, knowledge: FileContext) -> Findings:
        settings, named_values, values, *_ = knowledge
        policies, found = policies_of(data, name, settings.placeholders, {**(named_values or {}), **values})
        if knowledge.deployed:
            from apimpolicy.project.deployed_texts import as_deployed, xml_faults

            policies = as_deployed(policies, knowledge.deployed, knowledge.made_up)
            faults = xml_faults(knowledge.deployed, knowledge.made_up)
            found = [*found, *(each for each in faults if settings.wants(each.code))]
        if name.lower().endswith(MARKDOWN):  # the sections of a snippet have nothing around them
            settings = settings._replace(ignore=(*settings.ignore, "POL150"))
        for readings in policies:
            findings = check_readings(readings, self.expression_check, named_values, settings)
            if any(finding.severity is Severity.ERROR for finding in findings):
                from apimpolicy.project.embedded.shapes import unknown_template

                template = unknown_template(readings, findings)
                findings = findings if template is None else [template]
            found += findings
        has_holes = any(has_hole(reading.text) for readings in policies for reading in readings)
        return Findings(to_findings(found), has_holes)

    def _knowledge(self, path: str, environment: str | None, data: bytes) -> FileContext:
        """Collect settings, named values and surroundings of a file in an environment. Raises ConfigurationError."""
        project = self.projects.of(path, environment)
        service = None if path == STANDARD_INPUT else self.services.of(path, environment)
        service = None if service is None else service.around(path)
        settings = project.check.settings_for(path, service)
        options = self.projects.options
        if options.proofs is not None and path != STANDARD_INPUT and path.lower().endswith(ENDINGS):
            settings = settings._replace(proofs=options.proofs(path))
        settings, surroundings = self._surroundings.around(path, project.path, data, settings, service)
        named_values: Mapping[str, str] | None = project.named_values
        shown_environment = environment if options.environment != ALL else None
        if service is not None or project.declared.external or project.environments:
            from apimpolicy.project.known_service import named_values_for

            named_values = named_values_for(named_values, service, project.declared, shown_environment)
        values = {**self.services.values_of(path, environment), **(options.values or {})}
        documents, fragments_key = self._fragments_for(service, project)
        around = service or (ConfiguredFragments(project.declared, documents) if documents else None)
        settings = settings._replace(fragments=documents, service=around)
        others = (
            repr((fragments_key, shown_environment, project.declared))
            if named_values is not project.named_values
            else fragments_key
        )
        deployed, made_up = ([], frozenset[str]()) if service is None else (service.deployed(path), service.made_up)
        return FileContext(settings, named_values, values, others + surroundings, deployed, made_up)

    def _fragments_for(self, service: ServiceView | None, project: Project) -> tuple[dict[str, Document] | None, str]:
        """Return the documents of fragments by id, and a key of their contents. Unreadable ones are left out."""
        if service is None and not project.check.fragments:
            return None, ""
        key = id(service) if service is not None else project.path
        if key not in self._fragments:
            self._fragments[key] = _read_fragments(dict(project.check.fragments), service)
        return self._fragments[key]


class FileContext(NamedTuple):
    """Surroundings of one file: its settings, named values, texts for placeholders, and a key of what else counts."""

    settings: Settings
    named_values: Mapping[str, str] | None
    values: Mapping[str, str]
    others: str
    deployed: Sequence[PolicyText] = ()
    """The policies as they are deployed that are from the file; they follow from the settings' service."""
    made_up: frozenset[str] = frozenset()
    """The named values in them that represent what isn't known."""

    @property
    def lookups(self) -> int:
        return getattr(self.settings.service, "lookups", 0)

    def key(self) -> tuple[str, ...]:
        """Texts that change with any of it."""
        values = repr((self.named_values, self.values))
        return repr(self.settings._replace(fragments=None, wider=(), others=None)), values, self.others


def _errors(found: Findings) -> set[tuple[str, int]]:
    return {(row.code, row.start) for row in found.rows if row.severity == Severity.ERROR}


def _is_small(path: str) -> bool:
    """Return whether a file is too short to take long: most are, and a timer takes longer to set than they take."""
    try:
        return path != STANDARD_INPUT and os.path.getsize(path) < SMALL
    except OSError:
        return True


def _read_fragments(paths: Mapping[str, str], service: ServiceView | None) -> tuple[dict[str, Document], str]:
    from apimpolicy.project.cache import key_of

    reads: dict[str, Callable[[], Source]] = {id_: partial(_source, path) for id_, path in paths.items()}
    if service is not None:
        reads |= service.fragments
    sources: dict[str, Source] = {}
    for id_, make in reads.items():
        with suppress(ConfigurationError):
            sources[id_] = make()
    return {id_: read(source) for id_, source in sources.items()}, key_of(*(each.text for each in sources.values()))


def _source(path: str) -> Source:
    return source_of(*read_data(path))[0]


_run: CheckRun | None = None


def _start(run: CheckRun) -> None:
    """In a new process: what it works with."""
    global _run
    _run = CheckRun(run.projects, run.cache, run.seconds)


def _chunk(paths: list[str]) -> list[Checked]:
    assert _run is not None
    return [_run.one(path) for path in paths]


# `check` from Python: the findings of files and trees, as values.
#
# for diagnostic in check("policies"):
#     print(diagnostic)                     policies/orders.xml:5:60: CS1061 error: …


def check(
    path: str | os.PathLike[str],
    *,
    config: str | os.PathLike[str] | None = None,
    named_values: Mapping[str, str] | None = None,
    select: Sequence[str] = (),
    ignore: Sequence[str] = (),
    rule_files: Sequence[str | os.PathLike[str]] = (),
    environment: str | None = None,
) -> list[Diagnostic]:
    """Return the findings in a policy file, or in all policies of a folder, in the order of the files.

    The same as `apimpolicy check PATH`: settings are those of the nearest `apimpolicy.toml` above each file unless
    `config` names one; `select` and `ignore` take codes, beginnings of codes and names of rules; `rule_files` are
    files of Python with rules of your own. `environment` is the name of one, or `all`. Baselines do not count here.

    Raises ConfigurationError when a file cannot be read, a folder has no policies, or a setting is wrong.
    """
    options = CheckOptions(
        config=None if config is None else os.fspath(config),
        named_values=None if named_values is None else dict(named_values),
        select=tuple(select),
        ignore=tuple(ignore),
        rule_files=tuple(os.fspath(file) for file in rule_files),
        environment=environment,
    )
    projects = CheckProjects(options)
    discovery = discover([os.fspath(path)], projects)
    if discovery.unreadable:
        raise ConfigurationError(discovery.unreadable[0])
    if discovery.empty:
        raise ConfigurationError(discovery.why_empty(os.fspath(path)))
    run = CheckRun(projects)
    run.services.check_options(discovery.files)
    diagnostics: list[Diagnostic] = []
    for checked in chain(map(run.one, discovery.files), run.information(discovery.files, discovery.trees)):
        if checked.problem is not None:
            raise ConfigurationError(checked.problem)
        diagnostics += checked.diagnostics()
    return diagnostics
