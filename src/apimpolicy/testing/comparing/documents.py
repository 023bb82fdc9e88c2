"""The policies of two versions of a service, paired by what they apply to."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from apimpolicy.checkout import listing
from apimpolicy.errors import ConfigurationError
from apimpolicy.project.layout import is_service_folder, place_of
from apimpolicy.project.repository import repository_of
from apimpolicy.project.service.reading import is_code
from apimpolicy.testing.comparing.sides import ServiceSide
from apimpolicy.testing.comparing.versions import Pair, Places, Version, with_names

if TYPE_CHECKING:
    from apimpolicy.engine.document import Policy
    from apimpolicy.project.service.description import PolicyText, ServiceDescription
    from apimpolicy.text.document import Element

Key = tuple[str, int]
"""The file and the line of a policy, by which it is found again in a program."""
_MOST_FOLDERS = 6
_CODE = (".tf", ".tofu", ".bicep")


class Documents(NamedTuple):
    """The pairs of a service's policies, and the real paths of all files that they are in."""

    pairs: list[Pair]
    files: set[str]


def documents_of(old: ServiceSide, new: ServiceSide, place: str, places: Places) -> Documents:
    """Return the policies of both sides; `place` is the path of the new side without its revision."""
    before, after = (dict(_policies(side.description)) for side in (old, new))
    files = {os.path.realpath(text.path or text.origin.file) for side in (before, after) for text in side.values()}
    pairs: list[Pair] = []
    for subject in dict.fromkeys((*before, *after)):
        one, other = before.get(subject), after.get(subject)
        versions = [
            None if text is None else _version(text, subject, side, places) for text, side in ((one, old), (other, new))
        ]
        shown, side = (other, new) if other is not None else (one, old)
        assert shown is not None
        pairs.append(Pair(_label(shown, side, place), versions[0], versions[1], True, places))
    return Documents(pairs, files)


def _policies(description: ServiceDescription) -> Iterator[tuple[str, PolicyText]]:
    """Yield the policies of a service with what they apply to."""
    for subject, owner in _subjects(description):
        if owner.policy is not None:
            yield subject, owner.policy


def _subjects(description: ServiceDescription) -> Iterator[tuple[str, Any]]:
    yield "all APIs", description
    for each in description.workspaces:
        yield f"workspace {each.id}", each
    for kind, owners in (("product", description.products), ("fragment", description.fragments)):
        for owner in owners:
            yield f"{kind} {owner.id}{_within(owner.workspace)}", owner
    for api in description.apis:
        yield f"API {api.id}{_within(api.workspace)}", api
        for operation in api.operations:
            yield f"operation {operation.id} of API {api.id}{_within(api.workspace)}", operation


def _within(workspace: str | None) -> str:
    return f" of workspace {workspace}" if workspace is not None else ""


def _version(text: PolicyText, subject: str, side: ServiceSide, places: Places) -> Version:
    try:
        source = text.read()
    except ConfigurationError:
        return Version(with_names(text.path or "", places), b"", text.path or "")
    file = os.path.normpath(text.path or text.origin.file)
    is_own_file = _is_extracted(text, side)
    name = file if text.source is None else f"{file}:{text.origin.line}"
    return Version(
        with_names(name, places),
        source.text.encode("utf-8", "surrogatepass"),
        file,
        "" if is_own_file else subject,
        source,
    )


def _is_extracted(text: PolicyText, side: ServiceSide) -> bool:
    """Return whether the place of a policy's file tells what it applies to."""
    return side.folder is not None and text.path is not None and not is_code(side.folder)


def _label(text: PolicyText, side: ServiceSide, place: str) -> str:
    """Return the path of a policy below the place of the comparison, with the line in code."""
    file = os.path.normpath(text.path or text.origin.file)
    inside = os.path.relpath(os.path.realpath(file), os.path.realpath(side.root or "."))
    path = os.path.normpath(os.path.join(place, inside))
    return path if text.source is None else f"{path}:{text.origin.line}"


def key_of(version: Version) -> Key:
    """Return the key of a version of a policy."""
    return version.path, 1 if version.source is None else version.source.position(0).line


def key_of_policy(policy: Policy) -> Key:
    """Return the key of a policy of a program."""
    return os.path.normpath(policy.original.path), policy.original.position(0).line


def key_of_element(element: Element) -> Key:
    """Return the key of the policy that an element is in."""
    return os.path.normpath(element.source.path), element.source.position(0).line


def service_around(path: str) -> ServiceSide | None:
    """Return the service that a policy file belongs to: an extract, or code that names it.

    Raises ConfigurationError for a service that can't be read.
    """
    root = place_of(path).root
    if root is not None and is_service_folder(root):
        return ServiceSide(root)
    folders = reversed(list(_folders_with_code(path)))  # the outermost gives modules their values
    sides = (ServiceSide(each) for each in folders if is_code(each))
    return next((each for each in sides if os.path.realpath(path) in _files(each)), None)


def _folders_with_code(path: str) -> Iterator[str]:
    """Yield the folders around a file that have code, up to the root of the repository, if it is in one."""
    folder = os.path.dirname(os.path.abspath(path))
    root = repository_of(folder)
    for _ in range(_MOST_FOLDERS):
        if root is None or len(folder) < len(root):
            return
        if any(name.endswith(_CODE) for name in listing(folder)):
            yield folder
        folder = os.path.dirname(folder)


def _files(side: ServiceSide) -> set[str]:
    return {os.path.realpath(text.path or text.origin.file) for _, text in side.description.policies()}
