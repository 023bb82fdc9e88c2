"""A service from a folder: `describe` finds out whether it is an extract of APIOps or infrastructure code."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from apimpolicy.checkout import open_bytes
from apimpolicy.diagnostics import Severity
from apimpolicy.errors import ConfigurationError
from apimpolicy.project.infrastructure.files import OUTSIDE, Files
from apimpolicy.project.infrastructure.values import Unknown, Value, hole, is_known
from apimpolicy.project.layout import extracts_in, has_information, is_service_folder, kind_of_folder
from apimpolicy.project.service.description import OPERATIONS, FileLocation, Gap, Problem, ServiceDescription
from apimpolicy.project.service.policy_sources import NOT_IN_CODE, unknown_policy

if TYPE_CHECKING:
    from apimpolicy.project.infrastructure.resources import Note, Reading, Resource
    from apimpolicy.project.overlays import Overlay


def has_service(folder: str) -> bool:
    """Return whether a folder has a service: as an extract, or as infrastructure code."""
    return is_service_folder(folder) or is_code(folder)


def is_code(folder: str) -> bool:
    """Return whether infrastructure code describes the service of a folder.

    Code may keep its policies in folders that are named as those of an extract are; only an extract has information
    files.
    """
    if is_service_folder(folder) and has_information(folder):
        return False

    return is_infrastructure(folder)


def describe(folder: str, overlay: Overlay, environment: str | None = None) -> ServiceDescription:
    """Describe the service in a folder as it is in an environment, or the selected one; `overlay` changes an extract.

    The only extract in a folder below is read where neither the folder nor code in it has APIs. Raises
    ConfigurationError without a service, or with several.
    """
    found = extracts_in(folder)
    extracts = [each for each in found if has_information(each)]
    if is_code(folder):
        from apimpolicy.project.environments import selected

        service = read_infrastructure(folder, environment or selected())
        if service.apis or not extracts:
            return service
    from apimpolicy.project.service.extract import read_extract

    extracts = extracts or found
    if len(extracts) > 1:
        raise ConfigurationError(f"{folder} has {len(extracts)} services: name one of {', '.join(extracts[:5])}")
    return read_extract(extracts[0] if extracts else folder, overlay)


_TERRAFORM = re.compile(rb"azurerm_api_management|Microsoft\.ApiManagement/service", re.IGNORECASE)
_ARM = re.compile(rb"Microsoft\.ApiManagement/service", re.IGNORECASE)
_JSON = re.compile(
    rb'"type"\s*:\s*"(?:azurerm_api_management|azapi_resource|Microsoft\.ApiManagement/service)'
    rb'|"azurerm_api_management\w*"\s*:',
    re.IGNORECASE,
)
_ENDINGS = {".tf": _TERRAFORM, ".tofu": _TERRAFORM, ".bicep": _ARM, ".json": _JSON}
_MOST_FILES = 5_000
MADE_ELSEWHERE = "the code adds to a service that is made elsewhere"
_LARGEST = 4 * 1024 * 1024


def is_infrastructure(folder: str) -> bool:
    """Return whether a folder has infrastructure code of an API Management service."""
    files = Files(folder)
    seen = 0
    for place in files.below(files.root):
        for name in files.names(place, tuple(_ENDINGS)):
            seen += 1
            if seen > _MOST_FILES:
                return False
            if _mentions(os.path.join(place, name), _ENDINGS[os.path.splitext(name)[1]]):
                return True
    return False


def _mentions(path: str, wanted: re.Pattern[bytes]) -> bool:
    try:
        with open_bytes(path) as file:
            return wanted.search(file.read(_LARGEST)) is not None
    except OSError:
        return False


def read_infrastructure(folder: str, environment: str | None = None) -> ServiceDescription:
    """Describe the service that the code in a folder deploys."""
    from apimpolicy.project.infrastructure.bicep.reading import read_bicep
    from apimpolicy.project.infrastructure.terraform.reading import read_terraform
    from apimpolicy.project.service.from_resources import describe_resources

    service = ServiceDescription(folder)
    files = Files(folder, _repository(folder))
    terraform = _reading(read_terraform, files, environment)
    bicep = _reading(read_bicep, files, environment)
    chosen, other, names = terraform, bicep, ("Terraform", "Bicep")
    if len(bicep.resources) > len(terraform.resources):
        chosen, other, names = bicep, terraform, ("Bicep", "Terraform")
    if other.resources:
        message = f"the folder has both Terraform and Bicep code of a service; the {names[0]} code is read"
        advice = "Name the folder of one of them."
        service.problems.append(Problem(message, FileLocation(folder), help=advice, severity=Severity.WARNING))
        service.gaps.append(Gap(f"the {names[1]} code isn't read", FileLocation(other.resources[0].source.path)))
    describe_resources(service, chosen, files)
    read = (chosen,) if chosen.resources else (chosen, other)
    service.problems += [_problem(note) for reading in read for note in reading.notes]
    service.problems += _unread(files, chosen)
    service.gaps += _gaps(chosen, folder)
    is_elsewhere = any(each.reason == MADE_ELSEWHERE for each in service.gaps)
    if service.policy is None and chosen.resources and is_elsewhere:
        first = chosen.resources[0]
        service.policy = unknown_policy(NOT_IN_CODE, first.source, first.start, "global")
    service.read = chosen.files
    if not chosen.resources and not service.problems:
        message = "the code deploys no resource of an API Management service"
        advice = "Where it loops over a parameter or variable, put the value into a parameter or variable file."
        service.problems.append(Problem(message, FileLocation(folder), help=advice, severity=Severity.WARNING))
    return service


def _reading(read: Callable[[Files, str | None], Reading], files: Files, environment: str | None) -> Reading:
    """Return what is read of the code; nothing but a note where it is nested too deeply for that."""
    from apimpolicy.project.infrastructure.resources import Note, Reading

    try:
        return read(files, environment)
    except RecursionError:
        note = Note("the code is nested too deeply, so it isn't read", hides=True)
        return Reading([], [note], [note])


def _repository(folder: str) -> str | None:
    """Return the Git repository around a folder, whose files the code may name; never the user's own folder."""
    from apimpolicy.project.repository import repository_of

    found = repository_of(folder)
    is_git = found is not None and os.path.exists(os.path.join(found, ".git"))
    return found if is_git and found != os.path.expanduser("~") else None


def _gaps(reading: Reading, folder: str) -> Iterator[Gap]:
    """Yield the reasons why the service may have more resources than the code deploys with the known values."""
    if not any(not each.type for each in reading.resources):
        yield Gap(MADE_ELSEWHERE, FileLocation(folder))
    for note in dict.fromkeys(reading.unread):
        yield Gap(f"the module {note.module} isn't read" if note.module else note.message, _origin(note))
    for each in reading.resources:
        doubts = f"the number of {each.address} isn't known: {', '.join(sorted(each.doubts))}"
        yield from _named(each, doubts if each.doubts else f"the name of {each.address} isn't known")
    for each in reading.left_out():
        yield from _named(
            each, f"{each.address} isn't deployed with the known values: {', '.join(sorted(each.doubts))}"
        )


def _named(resource: Resource, reason: str) -> Iterator[Gap]:
    """Yield the gaps of a resource, for each of its names that isn't known or that other values would deploy."""
    kind = kind_of_folder(resource.type.rpartition("/")[2])
    origin = FileLocation(resource.source.path, *resource.source.position(resource.start))
    if resource.type == "apis/operations" and (resource.doubts or not all(map(is_known, resource.names))):
        yield Gap(reason, origin, OPERATIONS, "/".join(map(_text, resource.names[-2:])))
    if kind is None:
        return
    display = resource.properties.get("displayName") if kind.id == "named-values" else None
    for name in (*resource.names[-1:], display):
        if name is not None and (resource.doubts or not is_known(name)):
            yield Gap(reason, origin, kind.id, _text(name))


def _text(name: Value) -> str:
    return hole(name) if isinstance(name, Unknown) else str(name)


def _problem(note: Note) -> Problem:
    return Problem(note.message, _origin(note), help=note.help, severity=Severity.WARNING)


def _origin(note: Note) -> FileLocation:
    return (
        FileLocation("") if note.source is None else FileLocation(note.source.path, *note.source.position(note.start))
    )


def _unread(files: Files, reading: Reading) -> list[Problem]:
    """Report the files that the code names and that can't be read; those outside of the folder in one line."""
    if not reading.resources:
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
        found.append(Problem(message, FileLocation(files.shown), help=advice, severity=Severity.WARNING))
    return found
