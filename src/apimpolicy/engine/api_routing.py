"""Find the API of a request, by path, version and revision.

Documented: the path of an API is behind the host; a version is the next segment, a header or a parameter of the query;
`;rev=2` behind the API's path, and behind the version's segment, means that revision, no `;rev` the current one. Our
choices: of several APIs the one with the longest path counts; paths and versions ignore case; a request for an API with
versions in a header or the query that has none is for the API of the set that has no version, if there is one.

Source: https://learn.microsoft.com/azure/api-management/api-management-versions and api-management-revisions
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from apimpolicy.dotnet.values import from_utf16, to_utf16

if TYPE_CHECKING:
    from apimpolicy.context.messages import RequestMessage
    from apimpolicy.engine.service import Service, ServiceApi

_REVISION = ";rev="


class RoutedApi(NamedTuple):
    """The API, and what of the request's path is its own: `orders/v2;rev=3`."""

    api: ServiceApi
    prefix: str


def find_api(service: Service, request: RequestMessage) -> RoutedApi | None:
    """Return the API that a request is for; None when it is for none."""
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
