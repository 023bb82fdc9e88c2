"""Operations with policies in the OpenAPI files of a service, and the files that can't be read.

Reading YAML takes seconds for a large file, so that files are parsed only where their text leaves a question: one that
is broken is found at once where it is JSON or small, and else when the API is first used (`ServiceApi.is_lenient`).
"""

from __future__ import annotations

import os
import re
from typing import Any

from apimpolicy.errors import ConfigurationError
from apimpolicy.gateway.context.description import operation_key
from apimpolicy.project.files import read_bytes
from apimpolicy.project.service.description import OPERATIONS, ApiDescription, ApiFile, Problem, ServiceDescription

_SMALL = 16 * 1024
_MOST_BYTES = 16 * 1024 * 1024
_MOST_YAML = 500_000
"""Characters of a YAML document that is parsed: that takes seconds already."""
_OPERATION_ID = re.compile(r"""(?m)["']?\boperationId["']?\s*:\s*(?:"([^"\n]+)"|'([^'\n]+)'|([^\s"',}][^\n,}]*))""")
_METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")


class KnownOperations:
    """The operations of APIs, by all that describes them; each file is read once, as text and, if need be, as data."""

    def __init__(self) -> None:
        self._written: dict[str, dict[str, str]] = {}
        self._described: dict[str, set[str] | None] = {}

    def has(self, api: ApiDescription, name: str) -> bool | None:
        """Return whether an API has an operation of this name; None when its description doesn't tell."""
        own = [each.id.lower() for each in api.operations if not each.method.is_missing]
        if name.lower() in own:
            return True
        file, key = _openapi(api), operation_key(name)
        if file is None:
            return False if own and not api.files else None
        if key in self._ids_in(file):
            return True
        where = file.path or file.text or ""
        if where not in self._described:
            self._described[where] = _described_operations(file)
        described = self._described[where]
        return None if described is None else key in described

    def names(self, api: ApiDescription) -> list[str]:
        file = _openapi(api)
        written = [] if file is None else self._ids_in(file).values()
        return sorted({*written, *(each.id for each in api.operations if not each.method.is_missing)})

    def _ids_in(self, file: ApiFile) -> dict[str, str]:
        where = file.path or file.text or ""
        if where not in self._written:
            self._written[where] = operation_ids(file)
        return self._written[where]


def settle_operations(service: ServiceDescription) -> None:
    """Give policies of operations the ids of the file, and leave out those of operations that don't exist."""
    unread = {gap.name for gap in service.gaps if gap.kind == OPERATIONS}
    for api in service.apis:
        file = _openapi(api)
        problem = _problem(api, file) if file is not None and _is_quick(file) else None
        if file is not None and problem is not None:
            service.problems.append(problem)
            api.files.remove(file)
            file = None
        if file is None:  # its own file is reported
            api.operations = [
                each for each in api.operations if each.method.known is not None or f"{api.id}/{each.id}" not in unread
            ]
        unknown = [each for each in api.operations if each.method.known is None]
        if unknown and file is None and problem is not None:
            api.operations = [each for each in api.operations if each not in unknown]
        elif unknown and file is None:
            names = ", ".join(f"'{each.id}'" for each in unknown[:4]) + (" …" if len(unknown) > 4 else "")
            what = f"policies for the operations {names}" if len(unknown) > 1 else f"a policy for the operation {names}"
            message = f"the API '{api.id}' has {what}, but no file has the URL of {'these' if unknown[1:] else 'this'}"
            first = unknown[0].policy
            origin = unknown[0].origin if first is None else first.origin
            _leave_out(service, api, [each.id for each in unknown], message, origin)
        elif unknown and file is not None:
            _settle(service, api, file)


def _settle(service: ServiceDescription, api: ApiDescription, file: ApiFile) -> None:
    known = operation_ids(file)
    exact = set(known.values())
    for each in [each for each in api.operations if each.method.known is None]:
        if each.id in exact:
            continue
        if operation_key(each.id) not in known:
            known = known | _parsed(file)
            exact = set(known.values())
        found = known.get(operation_key(each.id))
        if found is not None:
            each.id = found
        elif known:
            names = ", ".join(list(known.values())[:8])
            message = f"the API '{api.id}' has a policy for the operation '{each.id}', which doesn't exist"
            origin = each.origin if each.policy is None else each.policy.origin
            _leave_out(service, api, [each.id], message, origin, f"Its operations are {names}.")


def _leave_out(
    service: ServiceDescription, api: ApiDescription, ids: list[str], message: str, origin: object, help: str = ""
) -> None:
    service.problems.append(Problem(message, origin, f"the API '{api.id}'", help, api=api.id))  # type: ignore[arg-type]
    api.operations = [each for each in api.operations if each.id not in ids]


def _is_quick(file: ApiFile) -> bool:
    if file.path is None:
        return len(file.text or "") < _SMALL
    try:
        return file.path.endswith(".json") or os.path.getsize(file.path) < _SMALL
    except OSError:
        return True


def _problem(api: ApiDescription, file: ApiFile) -> Problem | None:
    try:
        _load(file)
    except ConfigurationError as error:
        reason = str(error).removeprefix(f"{file.path} ").removeprefix(f"{file.path}: ")
        message = f"the operations of the API '{api.id}' can't be read: the file {reason}"
        return Problem(message, file.origin, f"the API '{api.id}'", "It takes every request below its path.", api.id)
    return None


def _load(file: ApiFile) -> dict[str, str]:
    from pathlib import Path

    from apimpolicy.csharp.dotnet.values import from_utf16
    from apimpolicy.gateway.engine.openapi import load_openapi

    if file.path is None and file.text is None:
        return {}
    found = load_openapi(Path(file.path) if file.path is not None else (file.text or "").encode())
    ids = [from_utf16(each.operation.id) for each in found.operations]
    return {operation_key(each): each for each in ids}


def _parsed(file: ApiFile) -> dict[str, str]:
    try:
        return _load(file)
    except ConfigurationError:
        return {}


def _openapi(api: ApiDescription) -> ApiFile | None:
    return next((each for each in api.files if each.format == "openapi"), None)


def operation_ids(file: ApiFile) -> dict[str, str]:
    """Return the ids of operations in an OpenAPI document, by their keys, searched for as text."""
    ids = ((match[1] or match[2] or match[3]).strip() for match in _OPERATION_ID.finditer(_text(file)))
    return {operation_key(id_): id_ for id_ in ids}


def _text(file: ApiFile) -> str:
    """Return the text of a file; an empty one if it can't be read or is too large."""
    if file.path is None:
        return file.text or ""
    try:
        return read_bytes(file.path, _MOST_BYTES).decode("utf-8-sig", "replace")
    except ConfigurationError:
        return ""


def _described_operations(file: ApiFile) -> set[str] | None:
    """Return the keys of all operations in an OpenAPI document; None if it isn't one, or Azure generates an id."""
    from apimpolicy.gateway.engine.data_files import parse_json_or_yaml

    text = _text(file)
    if len(text) > _MOST_YAML and not text.lstrip().startswith("{"):
        return None
    try:
        data = parse_json_or_yaml(text.encode("utf-8", "surrogatepass"), file.path or "") if text else None
    except ConfigurationError:
        return None
    if not isinstance(data, dict) or not ("openapi" in data or "swagger" in data):
        return None
    paths = data.get("paths")
    items: list[Any] = list(paths.values()) if isinstance(paths, dict) else [None]
    if not all(isinstance(item, dict) and "$ref" not in item for item in items):
        return None
    ids: list[Any] = [
        operation.get("operationId") if isinstance(operation, dict) else None
        for item in items
        for method, operation in item.items()
        if method in _METHODS
    ]
    return {operation_key(each) for each in ids} if ids and all(isinstance(each, str) for each in ids) else None
