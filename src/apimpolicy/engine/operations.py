"""Matching a request to the operation of an API by its URL template."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import unquote

from apimpolicy.dotnet.values import from_utf16
from apimpolicy.engine.exchange import path_below

if TYPE_CHECKING:
    from apimpolicy.context.entities import Api, Operation
    from apimpolicy.context.messages import RequestMessage

_PARAMETER = re.compile(r"\{(\*?)([^{}/]*+)\}")


def match(request: RequestMessage, api: Api, operation: Operation, method: str) -> dict[str, str] | None:
    """The parameters of the operation's template, or None when the request is not one for it.

    A template is relative to the API's path: `/orders/{id}`, `/files/{*path}`, `/get?a={b}`. Methods and literal parts
    ignore case; a parameter of the query that is not there is no mismatch. `method` is the request's, or that which a
    preflight asks for.
    """
    if from_utf16(operation.method).upper() not in ("*", method.upper()):
        return None
    path = path_below(from_utf16(request.url.path), from_utf16(api.path))
    if path is None:
        return None
    template, _, query = from_utf16(operation.url_template).partition("?")
    names: list[str] = []
    pattern = ""
    position = 0
    for found in _PARAMETER.finditer(template):
        pattern += re.escape(template[position : found.start()]) + ("(.*)" if found[1] else "([^/]+)")
        names.append(found[2])
        position = found.end()
    pattern += re.escape(template[position:])
    matched = re.fullmatch(pattern.rstrip("/") + "/?", path, re.IGNORECASE | re.DOTALL)
    if matched is None:
        return None
    parameters = {name: unquote(value) for name, value in zip(names, matched.groups(), strict=True)}
    for part in query.split("&"):
        name, _, placeholder = part.partition("=")
        found_parameter = _PARAMETER.fullmatch(placeholder)
        values = request.url.query.get_all(name)
        if found_parameter is not None and values:
            parameters[found_parameter[2]] = from_utf16(values[0])
    return parameters
