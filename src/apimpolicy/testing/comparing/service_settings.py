"""Settings that differ between two descriptions of a service, and what that means for callers.

The fields are those of `setting_table`; an entity is the same on both sides if its id is, or else its URL.

Resources that may exist, and changes that can't be seen, are listed as unknown.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import attrs

from apimpolicy.checkout import open_bytes
from apimpolicy.errors import ConfigurationError
from apimpolicy.gateway.engine.openapi import load_openapi
from apimpolicy.project.files import read_bytes
from apimpolicy.project.service.description import OPERATIONS, FileLocation, Hole, OperationDescription, Sourced
from apimpolicy.report.difference_data import ADDED, CHANGED, REMOVED, SettingChange
from apimpolicy.testing.comparing.setting_table import API, KINDS, OPERATION, REVISION, TOOL, EntityKind, EntitySetting
from apimpolicy.text.source import UNKNOWN_POLICIES, from_utf16

if TYPE_CHECKING:
    from apimpolicy.gateway.engine.steps import Program
    from apimpolicy.project.service.description import (
        ApiDescription,
        ApiFile,
        Gap,
        NamedValueDescription,
        Problem,
        ServiceDescription,
    )
    from apimpolicy.text.document import Document

_KINDS = {
    "API ": "apis",
    "product ": "products",
    "backend ": "backends",
    "named value ": "named-values",
    "fragment ": "fragments",
    "logger ": "loggers",
    "certificate ": "certificates",
    "subscription ": "subscriptions",
}
"""The kinds of resources by the beginning of the names of groups of settings."""
_OF_NO_CALLER = ("loggers", "diagnostics", "version-sets", "groups", "users", "tags")
"""Kinds of resources that no request shows by themselves."""


def gaps_in_code(service: ServiceDescription) -> list[Gap]:
    """Return the parts of code that weren't read, or whose number isn't known."""
    return [gap for gap in service.gaps if os.path.isfile(gap.origin.file)]


def may_be_there(change: SettingChange, old: ServiceDescription, new: ServiceDescription) -> Gap | None:
    """Return why something that one version doesn't describe may be there nevertheless."""
    if change.what == CHANGED or change.subject:
        return None
    side = old if change.what == ADDED else new
    for prefix, kind in _KINDS.items():
        if change.group.startswith(prefix):
            name = change.group.removeprefix(prefix)
            return next((gap for gap in gaps_in_code(side) if gap.covers(kind, (name,))), None)
    return None


class Unread(NamedTuple):
    """A part of the code that wasn't read; `has_changed`: its file differs, so that it may do something else."""

    note: str
    has_changed: bool


def unread(old: ServiceDescription, new: ServiceDescription) -> Iterator[Unread]:
    """Yield each part of the code of both versions that wasn't read and may matter to callers."""
    found: dict[str, bool] = {}
    for side, other in ((new, old), (old, new)):
        known = {(gap.reason, gap.kind, gap.name) for gap in other.gaps}
        for gap in gaps_in_code(side):
            if gap.kind in _OF_NO_CALLER or gap.name:
                continue
            has_changed = (gap.reason, gap.kind, gap.name) not in known or not _is_same_file(gap, side, other)
            text = f"not compared: {gap.reason}"
            found[text] = found.get(text, False) or has_changed
    yield from (Unread(f"{text}; its file changed" if changed else text, changed) for text, changed in found.items())
    for side, other in ((new, old), (old, new)):
        same = {(each.message, os.path.relpath(each.origin.file, other.place)) for each in other.problems}
        for problem in side.problems:
            if not (problem.is_error and problem.leaves_out and os.path.isfile(problem.origin.file)):
                continue
            is_same = (problem.message, os.path.relpath(problem.origin.file, side.place)) in same
            if not is_same or (side is new and not _is_same_file(problem, side, other)):
                version = "" if is_same else f" (only in the {'new' if side is new else 'old'} version)"
                yield Unread(f"not compared: {problem.origin}: {problem.message}{version}", True)


def _is_same_file(part: Gap | Problem, side: ServiceDescription, other: ServiceDescription) -> bool:
    """Return whether the file of a part that isn't read is the same in another version."""
    path = os.path.join(other.place, os.path.relpath(part.origin.file, side.place))
    try:
        return read_bytes(part.origin.file) == read_bytes(path)
    except ConfigurationError:
        return False


def unknown_in(document: Document) -> Iterator[str]:
    """Yield why parts of a policy aren't known: the same one on both sides is no difference."""
    for element in document.elements():
        fragment = element.get("fragment-id")
        if fragment is not None and fragment.value.text.startswith(UNKNOWN_POLICIES):
            yield fragment.value.text.removeprefix(UNKNOWN_POLICIES)


def unknown_steps(program: Program | None) -> set[str]:
    return set(_unknown(program)) if program is not None else set()


def _unknown(program: Program) -> Iterable[str]:
    for step in program.steps():
        attribute = step.element.get("fragment-id")
        if attribute is not None and attribute.value.text.startswith(UNKNOWN_POLICIES):
            yield attribute.value.text.removeprefix(UNKNOWN_POLICIES)


_LONGEST = 100
_SECRET = re.compile("key|secret|password|pwd|token|connection|credential", re.IGNORECASE)


class _Value(NamedTuple):
    """A value of a setting as it is compared, with its place."""

    value: Any
    origin: FileLocation | None = None
    is_secret: bool = False


def changed_settings(old: ServiceDescription, new: ServiceDescription) -> Iterator[SettingChange]:
    """Yield the settings that differ: those of APIs with their operations and products first."""
    for one, other in _paired(old.apis, new.apis, _place_of_api):
        yield from _api(one, other, old, new)
    for kind in KINDS:
        for one, other in _paired(getattr(old, kind.collection), getattr(new, kind.collection)):
            entity = one or other
            yield from _entity(kind, one, other, f"{kind.noun} {entity.id}")
    was, now = ({each.text() for each in side.hosts} for side in (old, new))
    for host in sorted(was ^ now):
        meaning = "calls to it reach the gateway" if host in now else "calls to it no longer reach the gateway"
        yield SettingChange(f"host name {host}", "", "", _presence(host in now), meaning=meaning)


def group_of(api: str) -> str:
    return f"API {api}"


def products_of(service: ServiceDescription, api: str) -> dict[str, FileLocation]:
    name = api.partition(";")[0].lower()
    return {
        product.id: link.origin for product in service.products for link in product.apis if link.text().lower() == name
    }


def _api(
    one: ApiDescription | None, other: ApiDescription | None, old: ServiceDescription, new: ServiceDescription
) -> Iterator[SettingChange]:
    api = other or one
    assert api is not None
    group = group_of(api.id)
    is_hidden = all(side is None or side.is_current.value is False for side in (one, other))
    yield from _entity(REVISION if is_hidden else API, one, other, group)
    if one is None or other is None:
        return
    before, after = _operations(one, other)
    for first, second in _paired(before, after, _place_of_operation):
        operation = first or second
        without = old if first is None else new
        if (first is None or second is None) and without.is_unread(OPERATIONS, f"{api.id}/{operation.id}"):
            continue
        label = f"operation {operation.method.text()} {operation.template.text()}"
        yield from _entity(OPERATION, first, second, group, label)
    for first, second in _paired(one.tools, other.tools):
        yield from _entity(TOOL, first, second, group, f"tool {(first or second).id}")
    was, now = products_of(old, one.id), products_of(new, other.id)
    for name in sorted(was.keys() ^ now.keys()):
        meaning = f"its subscription keys are {'accepted' if name in now else 'no longer accepted'}"
        what, origin = _presence(name in now), (now | was)[name]
        subject = f"membership in product {name}"
        yield SettingChange(group, subject, "", what, meaning=meaning, file=origin.file, line=origin.line)


_IN_MEANINGS = ("path", "revision")


def _entity(kind: EntityKind, one: Any, other: Any, group: str, subject: str = "") -> Iterator[SettingChange]:
    """Yield the settings in which two entities differ, or that one of them is not there."""
    if one is None or other is None:
        meaning = kind.removed if other is None else kind.added
        entity = one or other
        names = {}
        if kind in (API, REVISION):
            names = {
                field: "" if (value := getattr(entity, field)).is_missing else value.text() for field in _IN_MEANINGS
            }
        what, origin = _presence(other is not None), entity.origin
        meaning = meaning.format(**names)
        yield SettingChange(group, subject, "", what, meaning=meaning, file=origin.file, line=origin.line)
        return
    if one.id != other.id:
        yield SettingChange(group, subject, "id", CHANGED, one.id, other.id, "", other.origin.file, other.origin.line)
    for setting in kind.settings:
        was, now = _value(one, setting), _value(other, setting)
        if was.value == now.value or (setting.field == "details" and (one.url.hole or other.url.hole)):
            continue  # of a backend whose URL isn't known, its details aren't either: the file counts as not compared
        is_secret = was.is_secret or now.is_secret
        before, after = (None, None) if is_secret else (_shown(was.value), _shown(now.value))
        meaning = _meaning(setting, was.value, now.value)
        file, line, _ = now.origin or was.origin or other.origin
        yield SettingChange(group, subject, setting.words, CHANGED, before, after, meaning, file, line)


def _value(entity: Any, setting: EntitySetting) -> _Value:
    if setting.field == "details":
        backend = entity.backend
        return _Value(attrs.evolve(backend, url="") if hasattr(backend, "url") else backend, None, True)
    if setting.field == "parameters":
        return _Value(tuple(sorted(_parameter(each) for each in entity.parameters)))
    found = getattr(entity, setting.field)
    if setting.field == "groups":
        return _Value(tuple(sorted(each.text() for each in found)))
    if not isinstance(found, Sourced):
        return _Value(found)
    value = setting.default if found.is_missing else found.value
    is_secret = setting.is_secret or (setting.field == "value" and _may_be_secret(entity))
    return _Value(value, found.origin if found.origin.file else None, is_secret)


def _parameter(parameter: Any) -> str:
    return f"{parameter.name} in the {parameter.place}{' (required)' if parameter.required.known else ''}"


def _may_be_secret(named: NamedValueDescription) -> bool:
    """Return whether a named value is marked as a secret, may be, or has the name of one."""
    return named.is_secret.value not in (None, False) or _SECRET.search(named.display_name) is not None


def _meaning(setting: EntitySetting, was: Any, now: Any) -> str:
    if now is None and setting.without:
        return setting.without
    if isinstance(setting.meaning, str):
        return setting.meaning.format(old=_shown(was), new=_shown(now))
    if isinstance(was, Hole) or isinstance(now, Hole):
        return "the effect is unknown, because a value is"
    return setting.meaning(was, now) if callable(setting.meaning) else setting.meaning.get(now, "")


def _shown(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Hole):
        return value.text
    text = ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _presence(is_there: bool) -> str:
    return ADDED if is_there else REMOVED


# Entities that are the same on both sides


def _paired(
    old: Iterable[Any], new: Iterable[Any], place: Callable[[Any], object] | None = None
) -> Iterator[tuple[Any, Any]]:
    """Yield entities with the same id, then those with the same place, then those of one side."""
    was, now = ({each.id.lower(): each for each in side} for side in (old, new))
    moved: dict[object, Any] = {}
    if place is not None:
        moved = {place(each): each for id_, each in now.items() if id_ not in was}
    used: set[str] = set()
    for id_, one in was.items():
        other = now.get(id_)
        if other is None and place is not None:
            other = moved.get(place(one))
        used |= {other.id.lower()} if other is not None else set()
        yield one, other
    yield from ((None, other) for id_, other in now.items() if id_ not in used)


def _place_of_api(api: ApiDescription) -> object:
    return api.path.value, api.version.value, api.revision.value


def _place_of_operation(operation: OperationDescription) -> object:
    return operation.method.value, operation.template.value


def _operations(
    one: ApiDescription, other: ApiDescription
) -> tuple[Sequence[OperationDescription], Sequence[OperationDescription]]:
    """Return the operations of both; those of files are read only where the files differ."""
    before, after = ([_content(each) for each in api.files if each.format == "openapi"] for api in (one, other))
    if before == after:
        return _written(one), _written(other)
    return _written(one) + _described(one), _written(other) + _described(other)


def _written(api: ApiDescription) -> list[OperationDescription]:
    return [each for each in api.operations if not each.method.is_missing]


def _described(api: ApiDescription) -> list[OperationDescription]:
    """Return the operations of an API's OpenAPI files that are not written otherwise."""
    written = {described_operation.id.lower() for described_operation in _written(api)}
    operations: list[OperationDescription] = []
    for file in api.files:
        content = _content(file)
        if file.format != "openapi" or content is None:
            continue
        try:
            described = load_openapi(content).operations
        except ConfigurationError:
            continue  # reported as a problem of the service
        for each in described:
            operation = each.operation
            description = OperationDescription(
                from_utf16(operation.id),
                file.origin,
                name=Sourced(from_utf16(operation.name)),
                method=Sourced(from_utf16(operation.method)),
                template=Sourced(from_utf16(operation.url_template)),
            )
            operations += [description] if description.id.lower() not in written else []
    return operations


def _content(file: ApiFile) -> bytes | None:
    if file.path is None:
        return file.text.encode() if file.text is not None else None
    try:
        with open_bytes(file.path) as opened:
            return opened.read()
    except OSError:
        return None
