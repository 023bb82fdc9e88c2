"""Operations with policies in the OpenAPI files of a service, and the files that can't be read.

Reading YAML takes seconds for a large file, so that files are parsed only where their text leaves a question: one that
is broken is found at once where it is JSON or small, and else when the API is first used (`ServiceApi.is_lenient`).
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from apimpolicy.errors import ConfigurationError
from apimpolicy.project.inventory import operation_ids, operation_key
from apimpolicy.project.service.description import Problem

if TYPE_CHECKING:
    from apimpolicy.project.service.description import ApiDescription, ApiFile, ServiceDescription

_SMALL = 16 * 1024


def settle_operations(service: ServiceDescription) -> None:
    """Give policies of operations the ids of the file, and leave out those of operations that don't exist."""
    for api in service.apis:
        file = next((each for each in api.files if each.format == "openapi"), None)
        problem = _problem(api, file) if file is not None and _is_quick(file) else None
        if file is not None and problem is not None:
            service.problems.append(problem)
            api.files.remove(file)
            file = None
        unknown = [each for each in api.operations if each.method.known is None]
        if unknown and file is None and problem is not None:
            api.operations = [each for each in api.operations if each not in unknown]
        elif unknown and file is None:
            names = ", ".join(f"'{each.id}'" for each in unknown[:4]) + (" …" if len(unknown) > 4 else "")
            message = (
                f"the API '{api.id}' has policies for the operations {names}, but no file says what their URLs are"
            )
            first = unknown[0].policy
            origin = unknown[0].origin if first is None else first.origin
            _leave_out(service, api, [each.id for each in unknown], message, origin)
        elif unknown and file is not None:
            _settle(service, api, file)


def _settle(service: ServiceDescription, api: ApiDescription, file: ApiFile) -> None:
    known = operation_ids(file.path) if file.path is not None else {}
    exact = set(known.values())
    for each in [each for each in api.operations if each.method.known is None]:
        if each.id in exact:
            continue
        if file.path is None or operation_key(each.id) not in known:
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
    """Return what is wrong with a file."""
    try:
        _load(file)
    except ConfigurationError as error:
        reason = str(error).removeprefix(f"{file.path} ").removeprefix(f"{file.path}: ")
        message = f"the operations of the API '{api.id}' can't be read: the file {reason}"
        return Problem(message, file.origin, f"the API '{api.id}'", "It takes every request below its path.", api.id)
    return None


def _load(file: ApiFile) -> dict[str, str]:
    from pathlib import Path

    from apimpolicy.dotnet.values import from_utf16
    from apimpolicy.engine.openapi import load_openapi

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
