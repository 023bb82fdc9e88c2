"""Writes a service as an extract of APIOps, for what compares folders: policies with all that is around them.

Only what the description has is written; a backend keeps its URL, a value that isn't known its source text.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from apimpolicy.checkout import make_folder, write
from apimpolicy.errors import ConfigurationError
from apimpolicy.project.files import read_bytes
from apimpolicy.project.service.policy_sources import slug

if TYPE_CHECKING:
    from collections.abc import Mapping

    from apimpolicy.project.service.description import ApiDescription, ApiFile, Field, PolicyText, ServiceDescription

_FILES = {"openapi": "specification.json", "wsdl": "specification.wsdl", "graphql": "specification.graphql"}


def write_extract(service: ServiceDescription, root: str) -> dict[str, PolicyText]:
    """Write a service into an empty folder, and return its policies by the path that each was written to."""
    fields: dict[str, Any]
    written: dict[str, PolicyText] = {}
    _policy(written, root, service.policy)
    for workspace in service.workspaces:
        _write(root, "workspaces", workspace.id, "workspaceInformation.json", {"displayName": workspace.name})
        _policy(written, os.path.join(root, "workspaces", slug(workspace.id)), workspace.policy)
    for api in service.apis:
        _api(written, _scope(root, api.workspace), api)
    for each in service.version_sets:
        fields = {"versioningScheme": each.scheme, "versionHeaderName": each.header, "versionQueryName": each.query}
        _write(_scope(root, each.workspace), "version sets", each.id, "versionSetInformation.json", fields)
    for product in service.products:
        scope = _scope(root, product.workspace)
        state = {True: "published", False: "notPublished"}.get(product.is_published.known)  # type: ignore[arg-type]
        fields = {"displayName": product.name, "subscriptionRequired": product.subscription_required, "state": state}
        folder = _write(scope, "products", product.id, "productInformation.json", fields)
        _json(os.path.join(folder, "apis.json"), [{"name": link.text()} for link in product.apis])
        _policy(written, folder, product.policy)
    for subscription in service.subscriptions:
        fields = {"scope": subscription.scope, "state": subscription.state, "displayName": subscription.name}
        keys = {"primaryKey": subscription.primary_key, "secondaryKey": subscription.secondary_key}
        _write(root, "subscriptions", subscription.id, "subscriptionInformation.json", {**fields, **keys})
    for named in service.named_values:
        fields = {"displayName": named.name, "value": named.value.known, "secret": named.is_secret}
        _write(_scope(root, named.workspace), "named values", named.id, "namedValueInformation.json", fields)
    for backend in service.backends:
        _write(_scope(root, backend.workspace), "backends", backend.id, "backendInformation.json", {"url": backend.url})
    for fragment in service.fragments:
        folder = os.path.join(_scope(root, fragment.workspace), "policy fragments", slug(fragment.id))
        _policy(written, folder, fragment.policy)
    return written


def files_of_policies(service: ServiceDescription) -> set[str]:
    """Return the real paths of the files that the policies of a service are written in."""
    return {os.path.realpath(policy.origin.file) for _, policy in service.policies()}


def _scope(root: str, workspace: str | None) -> str:
    return root if workspace is None else os.path.join(root, "workspaces", slug(workspace))


def _api(written: dict[str, PolicyText], scope: str, api: ApiDescription) -> None:
    names = {"header": _plain(api.key_header), "query": _plain(api.key_query)}
    fields = {
        "displayName": api.name,
        "path": api.path,
        "protocols": api.protocols,
        "serviceUrl": api.service_url,
        "apiRevision": api.revision,
        "isCurrent": api.is_current,
        "apiVersion": api.version,
        "apiVersionSetId": None if api.version_set.is_missing else f"/apiVersionSets/{api.version_set.text()}",
        "subscriptionRequired": api.subscription_required,
        "subscriptionKeyParameterNames": {name: each for name, each in names.items() if each is not None} or None,
        "type": api.kind,
    }
    folder = _write(scope, "apis", api.id, "apiInformation.json", fields)
    _policy(written, folder, api.policy)
    for file in api.files:
        if (data := _data(file)) is not None:
            ending = "yaml" if file.format == "openapi" and not data.lstrip().startswith(b"{") else ""
            name = "specification.yaml" if ending else _FILES[file.format]
            _bytes(os.path.join(folder, name), data)
    for each in api.operations:
        operation = {"displayName": each.name, "method": each.method, "urlTemplate": each.template}
        inner = _write(folder, "operations", each.id, "operationInformation.json", operation)
        _policy(written, inner, each.policy)


def _write(root: str, kind: str, id_: str, name: str, fields: Mapping[str, Any]) -> str:
    """Write the information file of a part; return the part's folder."""
    folder = os.path.join(root, kind, id_ if id_.replace(";rev=", "") == slug(id_.replace(";rev=", "")) else slug(id_))
    plain = {key: value for key, each in fields.items() if (value := _plain(each)) is not None}
    _json(os.path.join(folder, name), {"properties": plain})
    return folder


def _plain(value: Field[Any] | Any) -> Any:
    if hasattr(value, "is_missing"):
        return None if value.is_missing else value.known if value.hole is None else value.text()
    return value


def _data(given: PolicyText | ApiFile) -> bytes | None:
    if given.path is not None:
        try:
            return read_bytes(given.path)
        except ConfigurationError:
            return None
    source = getattr(given, "source", None)
    text: str | None = getattr(given, "text", None) if source is None else source.text
    return None if text is None else text.encode()


def _policy(written: dict[str, PolicyText], folder: str, policy: PolicyText | None) -> None:
    if policy is not None and (data := _data(policy)) is not None:
        path = os.path.join(folder, "policy.xml")
        _bytes(path, data)
        written[path] = policy


def _json(path: str, value: object) -> None:
    _bytes(path, json.dumps(value, ensure_ascii=False, indent=2).encode())


def _bytes(path: str, data: bytes) -> None:
    make_folder(os.path.dirname(path))
    write(path, data)
