"""Find the API of a request, by path, version and revision, and its operation, by the URL template.

Documented: the path of an API is behind the host; a version is the next segment, a header or a parameter of the query;
`;rev=2` behind the API's path, and behind the version's segment, means that revision, no `;rev` the current one. Our
choices: of several APIs the one with the longest path counts; paths and versions ignore case; a request for an API with
versions in a header or the query that has none is for the API of the set that has no version, if there is one.

Source: https://learn.microsoft.com/azure/api-management/api-management-versions and api-management-revisions
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote

import attrs

from apimpolicy.csharp.dotnet.environment import assume
from apimpolicy.errors import LimitExceededError
from apimpolicy.gateway.context.description import QUERY, ApiDefinition, OperationDefinition
from apimpolicy.gateway.engine.exchange import Exchange, Unmatched
from apimpolicy.gateway.engine.forwarding import path_below
from apimpolicy.gateway.policies.cors import is_preflight
from apimpolicy.text.source import from_utf16, to_utf16

if TYPE_CHECKING:
    from apimpolicy.gateway.context.entities import Api, Operation
    from apimpolicy.gateway.context.messages import RequestMessage
    from apimpolicy.gateway.engine.service import Service, ServiceApi

_REVISION = ";rev="


class RoutedApi(NamedTuple):
    """The API, and what of the request's path is its own: `orders/v2;rev=3`."""

    api: ServiceApi
    prefix: str


def find_api(service: Service, request: RequestMessage) -> RoutedApi | None:
    path = from_utf16(request.url.path).removeprefix("/").split("/")
    found: RoutedApi | None = None
    longest = -1
    for api in service.apis:
        length = _matched(api, path, request)
        if length is not None and length > longest:
            longest = length
            found = RoutedApi(api, "/".join(path[:length]))
    return found


def prefix_of(api: ServiceApi) -> str:
    """Return the path of an API, with its version and revision."""
    parts = [part for part in from_utf16(api.api.path).strip("/").split("/") if part]
    if api.version_set is not None and api.version_set.scheme == "segment" and api.api.version is not None:
        parts.append(from_utf16(api.api.version))
    path = "/" + "/".join(parts) if parts else ""
    return path if api.api.is_current_revision else f"{path or '/'};rev={from_utf16(api.api.revision)}"


class StatedVersion(NamedTuple):
    """The version of an API that requests state in a header, or else in a parameter of the query."""

    name: str
    version: str
    is_header: bool


def stated_version(api: ServiceApi) -> StatedVersion | None:
    """Return the version that a request for an API must state besides its path; None where the path is enough."""
    versions, version = api.version_set, api.api.version
    if versions is None or not version or versions.scheme == "segment":
        return None
    return StatedVersion(versions.name, from_utf16(version), versions.scheme == "header")


def _matched(api: ServiceApi, path: list[str], request: RequestMessage) -> int | None:
    """Return the number of the API's path segments; None when the request is not for it."""
    entity = api.api
    wanted = [part for part in from_utf16(entity.path).strip("/").split("/") if part]
    versions = api.version_set
    version = None if entity.version is None else from_utf16(entity.version)
    if versions is not None and versions.scheme == "segment":
        wanted += [version] if version else []
    elif versions is not None and (_version_of(api, request) or "").lower() != (version or "").lower():
        return None
    length = len(wanted) or (1 if path[0].lower().startswith(_REVISION) else 0)
    own = path[:length]
    revision = None
    if own and _REVISION in own[-1].lower():
        position = own[-1].lower().index(_REVISION)
        revision = own[-1][position + len(_REVISION) :]
        own = [*own[:-1], own[-1][:position]] if wanted else []
    if [part.lower() for part in own] != [part.lower() for part in wanted]:
        return None
    is_meant = entity.is_current_revision if revision is None else from_utf16(entity.revision) == revision
    return length if is_meant else None


def _version_of(api: ServiceApi, request: RequestMessage) -> str | None:
    """Return the version in a header or in the query of a request."""
    versions = api.version_set
    assert versions is not None
    if versions.scheme == "header":
        return request.headers.joined(versions.name)
    values = request.url.query.get_all(to_utf16(versions.name))
    return from_utf16(values[0]) if values else None


MATCH_SECONDS = 2.0
PARAMETER = re.compile(r"\{(\*?)([^{}/]*+)\}")
"""A parameter of a URL template: `{id}`, or `{*rest}` for everything below."""


def operations_of(description: ApiDefinition | None, operation: Operation | None) -> Sequence[OperationDefinition]:
    """Return the operation that a gateway was given, as it is described; without one all that are described."""
    described = () if description is None else description.operations
    if operation is None:
        return described
    for each in described:
        known = each.operation
        same = (known.method, known.url_template) == (operation.method, operation.url_template)
        if same or known.id == operation.id:
            return (attrs.evolve(each, operation=operation),)
    return (OperationDefinition(operation, is_described=False),)


def find_operation(
    exchange: Exchange, description: ApiDefinition | None, operation: Operation | None, has_cors: Callable[[], bool]
) -> bool:
    """Find the operation of a request; False when none of them matches."""
    operations = operations_of(description, operation)
    if not operations and description is not None and description.takes_everything:
        return True
    if enter_operation(exchange, exchange.context.api, operations, has_cors) is not None:
        return True
    exchange.unmatched = Unmatched(operations=[each.operation for each in operations])
    return False


def enter_operation(
    exchange: Exchange, api: Api, operations: Sequence[OperationDefinition], has_cors: Callable[[], bool]
) -> OperationDefinition | None:
    """Return the operation that a request is for, and set it in the exchange; None when there is none.

    A preflight that a cors policy sees is for the operation that it asks about.
    """
    request = exchange.request
    method = request.method
    if is_preflight(request) and not any(each.operation.method == "OPTIONS" for each in operations) and has_cors():
        method = request.headers.joined("Access-Control-Request-Method") or ""
    found = choose(request, api, operations, method)
    if found is None:
        return None
    described, parameters = found
    exchange.context.operation = described.operation
    exchange.url_template = described.operation.url_template
    exchange.described_operation = described if described.is_described else None
    request.match_parameters(parameters)
    return described


def choose(
    request: RequestMessage, api: Api, operations: Iterable[OperationDefinition], method: str
) -> tuple[OperationDefinition, dict[str, str]] | None:
    """Return the operation that a request is for, and the parameters of its template; None when there is none.

    Of several the one whose template is the most literal counts, segment by segment from the left (`/orders/new` before
    `/orders/{id}` before `/{*path}`), then the first one: our choice, no document states it.
    """
    found: list[tuple[tuple[list[int], bool], OperationDefinition, dict[str, str]]] = []
    for described in operations:
        parameters = match(request, api, described.operation, method)
        if parameters is not None:
            parameters = {**_required(request, described), **parameters}
            template = from_utf16(described.operation.url_template).partition("?")[0]
            kinds = [2 if "{*" in part or part == "*" else 1 if "{" in part else 0 for part in template.split("/")]
            found.append(((kinds, described.operation.method == "*"), described, parameters))
    if not found:
        return None
    _, described, parameters = min(found, key=lambda entry: entry[0])
    return described, parameters


def _required(request: RequestMessage, described: OperationDefinition) -> dict[str, str]:
    """Return the required parameters of the query, which are in the template of an imported operation.

    Seen: the weather API of Azure-Samples/AI-Gateway reads such a one from `context.Request.MatchedParameters`.
    """
    names = [each.name for each in described.parameters if each.location == QUERY and each.required]
    given = {name: request.url.query.get_all(to_utf16(name)) for name in names}
    return {name: from_utf16(values[0]) for name, values in given.items() if values}


def match(request: RequestMessage, api: Api, operation: Operation, method: str) -> dict[str, str] | None:
    """Return the parameters of the operation's template, or None when the request is not one for it.

    A template is relative to the API's path: `/orders/{id}`, `/files/{*path}`, `/files/*` with everything below,
    `/get?a={b}`. Methods and literal parts
    ignore case; a parameter of the query that is not there is no mismatch. `method` is the request's, or that which a
    preflight names.
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
    for placeholder_match in PARAMETER.finditer(template):
        pattern += re.escape(template[position : placeholder_match.start()]) + (
            "(.*)" if placeholder_match[1] else "([^/]+)"
        )
        names.append(placeholder_match[2])
        position = placeholder_match.end()
    rest = template[position:]
    pattern += re.escape(rest.removesuffix("/*"))
    matched = _matched_path(pattern.rstrip("/") + ("(?:/.*)?" if rest.endswith("/*") else "/?"), path, template)
    if matched is None:
        return None
    if rest.endswith("/*") and re.fullmatch(pattern, path, re.IGNORECASE | re.DOTALL):
        assume(f"{template} matches a path that ends before its /* too; in one report it does not")
    parameters = {name: unquote(value) for name, value in zip(names, matched.groups(), strict=True)}
    for part in query.split("&"):
        name, _, placeholder = part.partition("=")
        found_parameter = PARAMETER.fullmatch(placeholder)
        values = request.url.query.get_all(name)
        if found_parameter is not None and values:
            parameters[found_parameter[2]] = from_utf16(values[0])
    return parameters


def _matched_path(pattern: str, path: str, template: str) -> Any:
    """Return the match of a template's pattern. Raises LimitExceededError for one that takes too long."""
    if all(part.count("{") <= 1 for part in template.split("/")) and template.count("{*") <= 1:
        return re.fullmatch(pattern, path, re.IGNORECASE | re.DOTALL)
    # Several parameters in one segment divide it in many ways, which only this library gives up in time.
    import regex  # type: ignore[import-untyped]  # types-regex is optional

    try:
        return regex.fullmatch(pattern, path, regex.IGNORECASE | regex.DOTALL, timeout=MATCH_SECONDS)
    except TimeoutError:
        raise LimitExceededError("url_template_seconds", MATCH_SECONDS) from None
