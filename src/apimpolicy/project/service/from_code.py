"""The services that the infrastructure code in a folder deploys, as descriptions."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress

from apimpolicy.diagnostics import Severity
from apimpolicy.errors import ConfigurationError
from apimpolicy.project.authority import author_of, may_name
from apimpolicy.project.environments import find_configuration
from apimpolicy.project.infrastructure.bicep.reading import read_bicep
from apimpolicy.project.infrastructure.files import OUTSIDE, Files
from apimpolicy.project.infrastructure.resources import Note, Reading, Resource
from apimpolicy.project.infrastructure.services import DeployedService, services_of
from apimpolicy.project.infrastructure.terraform.module import FILES as TERRAFORM_FILES
from apimpolicy.project.infrastructure.terraform.reading import read_terraform
from apimpolicy.project.infrastructure.values import Unknown, Value, hole, is_known
from apimpolicy.project.layout import kind_of_folder
from apimpolicy.project.named_values import written_configuration
from apimpolicy.project.service.description import OPERATIONS, FileLocation, Gap, Problem, ServiceDescription
from apimpolicy.project.service.from_resources import describe_resources
from apimpolicy.project.service.policy_sources import NOT_IN_CODE, unknown_policy
from apimpolicy.project.service.scripts import gaps_of_commands

_CODE = (*TERRAFORM_FILES, ".bicep")
MADE_ELSEWHERE = "the code adds to a service that is made elsewhere"


class CodeService:
    """A service that code in a folder deploys; `others` are the further ones of the folder, and code without any."""

    def __init__(self, deployed: DeployedService, files: Files, others: Sequence[DeployedService]) -> None:
        self.deployed = deployed
        self.files = files
        self.others = others
        self.known_name = deployed.known_name

    @property
    def place(self) -> str:
        """The real path of the folder or the template that deploys the service, or of the folder of several."""
        places = [each.place for each in self.deployed.readings]
        return places[0] if len(places) == 1 else self.files.root

    @property
    def path(self) -> str | None:
        """The path to name instead of the folder; None where none has all of this service and nothing of another."""
        place = self.place if os.path.isdir(self.place) else os.path.dirname(self.place)
        around = os.path.join(place, "")
        is_root = any(each.place == place for each in self.deployed.readings)
        for other in () if is_root else self.others:
            if other.has_apis and any(os.path.join(each.place, "").startswith(around) for each in other.readings):
                return None
        own = {each.place for each in self.deployed.readings}
        if any(each.place in own for other in self.others for each in other.readings):
            return None
        return os.path.normpath(self.files.display(place))

    @property
    def label(self) -> str:
        """The name that tells the service from others of the folder."""
        if self.path is not None:
            return os.path.relpath(self.path, self.files.shown)
        is_unique = all(each.known_name.lower() != self.known_name.lower() for each in self.others)
        if self.known_name and is_unique:
            return self.known_name
        return os.path.relpath(self.place, self.files.root)

    def describe(self) -> ServiceDescription:
        """Describe the service, with what may be missing of it."""
        deployed, files = self.deployed, self.files
        service = ServiceDescription(files.shown)
        unread = [note for reading in deployed.readings for note in reading.unread]
        describe_resources(service, deployed.resources, [*unread, *self._foreign_policies()], files)
        shown = (*(each for each in self.others if not each.resources), deployed)
        notes = (note for each in shown for reading in each.readings for note in reading.notes)
        parts = _parts_by_place(deployed.resources)
        service.problems += (_problem(note, parts) for note in dict.fromkeys(notes))
        for words, resource in deployed.conflicts:
            service.problems.append(Problem(words, _place(resource), severity=Severity.WARNING))
        service.problems += _unread(files, deployed.resources)
        service.gaps += _gaps(deployed, unread, files.shown)
        service.gaps += self._gaps_of_others()
        if service.policy is None and deployed.resources and not deployed.is_made_here:
            first = deployed.resources[0]
            service.policy = unknown_policy(NOT_IN_CODE, first.source, first.start, "global")
        elif service.policy is None and (note := next(self._foreign("policies"), None)) and note.source is not None:
            service.policy = unknown_policy(note.message, note.source, note.start, "global")
        service.read = frozenset(path for reading in deployed.readings for path in reading.files)
        service.gaps += self._gaps_of_files(service.read)
        if not deployed.resources and not service.problems:
            message = "the code deploys no resource of an API Management service"
            advice = "Where it loops over a parameter or variable, put the value into a parameter or variable file."
            service.problems.append(Problem(message, FileLocation(files.shown), help=advice, severity=Severity.WARNING))
        return service

    def _foreign_policies(self) -> Iterator[Note]:
        return (note for type_ in ("apis/policies", "apis/operations/policies") for note in self._foreign(type_))

    def _foreign(self, type_: str) -> Iterator[Note]:
        """Yield notes about what other deployments may set in this service: nothing of their own APIs."""
        for other in self.others:
            own = {_text(each.names[0]) for each in other.resources if each.type == "apis"}
            for each in other.resources if self.deployed.may_be(other) else ():
                if each.type == type_ and own.isdisjoint(map(_text, each.names[:1])):
                    message = f"the deployment {self._name(other)} may set it"
                    yield Note(message, each.source, each.start, texts=frozenset(map(_text, each.names[:1])))

    def _name(self, other: DeployedService) -> str:
        return os.path.relpath(other.readings[0].place, self.files.root)

    def _gaps_of_others(self) -> Iterator[Gap]:
        """Yield the gaps that other deployments of the folder make, which may add to this service."""
        for other in self.others:
            if other.resources and self.deployed.may_be(other):
                message = f"the deployment {self._name(other)} may add to this service"
                yield Gap(message, FileLocation(self.files.shown))
            elif not other.resources:
                for note in dict.fromkeys(note for reading in other.readings for note in reading.unread):
                    yield _gap(note)

    def _gaps_of_files(self, read: Iterable[str]) -> Iterator[Gap]:
        """Yield what commands in the code create, and the code that can't be read."""
        for path in sorted(read):
            yield from gaps_of_commands(self.files.display(path), self.files.source(path).text)
        for path, reason in self.files.refused.items():
            if reason != OUTSIDE and path.endswith(_CODE):
                yield Gap(f"the file can't be read: {reason}", FileLocation(path))


def code_services(folder: str, environment: str | None = None) -> list[CodeService]:
    """Return the services that the code in a folder deploys; one without resources where it deploys none."""
    files = Files(folder, _repository(folder))
    files.modules = _modules(folder)
    readings = [*_readings(read_terraform, files, environment), *_readings(read_bicep, files, environment)]
    found = services_of(readings)
    with_resources = [each for each in found if each.resources]
    deployed = with_resources or found[:1] or [DeployedService(None, [], [])]
    return [CodeService(each, files, [other for other in found if other is not each]) for each in deployed]


def _modules(folder: str) -> dict[str, str]:
    """Return the folders and files in the place of modules, as the nearest configuration has them."""
    path = find_configuration(folder)
    values = {} if path is None else written_configuration(path)
    table = values.get("service")
    given = table.get("modules") if isinstance(table, dict) else None
    author = author_of(os.path.abspath(path or ""))
    found: dict[str, str] = {}
    for part, each in given.items() if isinstance(given, dict) else ():
        with suppress(ConfigurationError):  # `service_tables` reports it
            if isinstance(each, str):
                found[part] = os.path.realpath(may_name(author, each))
    return found


def _readings(
    read: Callable[[Files, str | None], Iterable[Reading]], files: Files, environment: str | None
) -> list[Reading]:
    """Return what is read of the code; where it is nested too deeply for that, a note."""
    found: list[Reading] = []
    try:
        found += read(files, environment)
    except RecursionError:
        note = Note("the code is nested too deeply, so it isn't read", hides=True)
        found.append(Reading(files.root, "code", [], [note], [note]))
    return found


def _repository(folder: str) -> str | None:
    """Return the Git repository around a folder, whose files the code may name; never the user's own folder."""
    from apimpolicy.project.repository import repository_of

    found = repository_of(folder)
    is_git = found is not None and os.path.exists(os.path.join(found, ".git"))
    return found if is_git and found != os.path.expanduser("~") else None


def _gap(note: Note) -> Gap:
    reason = f"the module {note.module} isn't read" if note.module else note.message
    return Gap(reason, _origin(note), is_assumed=note.is_assumed)


def _gaps(deployed: DeployedService, unread: Iterable[Note], folder: str) -> Iterator[Gap]:
    """Yield the reasons why the service may have more resources than the code deploys with the known values."""
    if not deployed.is_made_here:
        yield Gap(MADE_ELSEWHERE, FileLocation(folder))
    yield from map(_gap, dict.fromkeys(unread))
    for each in deployed.resources:
        doubts = f"the number of {each.address} isn't known: {', '.join(sorted(each.doubts))}"
        yield from _named(each, doubts if each.doubts else f"the name of {each.address} isn't known")
    for each in (each for reading in deployed.readings for each in reading.left_out()):
        yield from _named(
            each, f"{each.address} isn't deployed with the known values: {', '.join(sorted(each.doubts))}"
        )


def _named(resource: Resource, reason: str) -> Iterator[Gap]:
    """Yield the gaps of a resource, for each of its names that isn't known or that other values would deploy."""
    kind = kind_of_folder(resource.type.rpartition("/")[2])
    origin = _place(resource)
    if resource.type == "apis/operations" and (resource.doubts or not all(map(is_known, resource.names))):
        yield Gap(reason, origin, OPERATIONS, "/".join(map(_text, resource.names[-2:])))
    if kind is None:
        return
    display = resource.properties.get("displayName") if kind.id == "named-values" else None
    for name in (*resource.names[-1:], display):
        if name is not None and (resource.doubts or not is_known(name)):
            yield Gap(reason, origin, kind.id, _text(name))


def _place(resource: Resource) -> FileLocation:
    return FileLocation(resource.source.path, *resource.source.position(resource.start))


def _text(name: Value) -> str:
    return hole(name) if isinstance(name, Unknown) else str(name)


def _problem(note: Note, parts: Mapping[FileLocation, set[str]]) -> Problem:
    """Return the problem of a note, with the API or product that the code at its place is for."""
    made = parts.get(_origin(note), set())
    part = next(iter(made)) if len(made) == 1 else ""
    return Problem(note.message, _origin(note), part, note.help, severity=Severity.WARNING)


def _parts_by_place(resources: Iterable[Resource]) -> Mapping[FileLocation, set[str]]:
    """Return the APIs and products to which resources belong, by the places in the code that make them.

    The link of an API to a product belongs to the API.
    """
    found: dict[FileLocation, set[str]] = {}
    for each in resources:
        index = 1 if each.type == "products/apis" else 0
        kind = kind_of_folder(each.type.split("/")[index])
        has_part = kind is not None and kind.id in ("apis", "products") and is_known(each.names[index])
        part = f"the {kind.noun} '{each.names[index]}'" if kind is not None and has_part else ""
        found.setdefault(_place(each), set()).add(part)
    return found


def _origin(note: Note) -> FileLocation:
    return (
        FileLocation("") if note.source is None else FileLocation(note.source.path, *note.source.position(note.start))
    )


def _unread(files: Files, resources: Sequence[Resource]) -> list[Problem]:
    """Report the files that the code names and that can't be read; those outside of the folder in one line."""
    if not resources:
        return []
    outside = [path for path, reason in files.refused.items() if reason == OUTSIDE]
    found = [
        Problem(f"the file can't be read: {reason}", FileLocation(path), severity=Severity.WARNING)
        for path, reason in files.refused.items()
        if reason != OUTSIDE
    ]
    if outside:
        names = [os.path.relpath(path, files.shown) for path in outside]
        message = f"files outside of the folder aren't read: {', '.join(names[:4])}{' …' * (len(names) > 4)}"
        advice = "Pass a folder that contains them. In a Git repository, code can read all files that aren't hidden."
        place = files.mention(outside[0])
        origin = FileLocation(files.shown) if place is None else FileLocation(*place)
        found.append(Problem(message, origin, help=advice, severity=Severity.WARNING))
    return found
