"""Settings of a service and their meaning for callers: one row for each field of a description.

A meaning is a text with the old and the new value in it, a text for each new value, or a function of both. An empty
one means that callers notice nothing.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from types import NoneType
from typing import TYPE_CHECKING, Any, NamedTuple

from apimpolicy.checkout import walk
from apimpolicy.project.configuration import read_configuration
from apimpolicy.project.files import read_bytes
from apimpolicy.project.named_values import read_text
from apimpolicy.project.service.building import HEADER, QUERY
from apimpolicy.testing.tree import read_tree

if TYPE_CHECKING:
    from apimpolicy.scenarios.harness import Harness
    from apimpolicy.testing.case_files import CaseFile

Meaning = str | Mapping[Any, str] | Callable[[Any, Any], str]

_NOT_FOUND = "calls to {old} now get 404; callers must use {new}"
_PARAMETER = re.compile(r"\{[^{}/]*\}")


class EntitySetting(NamedTuple):
    """A field of a description. Without a value, Azure uses the default; values of a secret field are not shown."""

    field: str
    words: str
    meaning: Meaning = ""
    default: Any = None
    is_secret: bool = False


class EntityKind(NamedTuple):
    """A kind of entities: the list of a description that has them, and the meaning of one that was added or removed."""

    collection: str
    noun: str
    settings: tuple[EntitySetting, ...] = ()
    added: str = ""
    removed: str = ""


def _protocols(old: Any, new: Any) -> str:
    texts = [f"calls over {each} are now accepted" for each in sorted({*new} - {*old})]
    texts += [f"calls over {each} are no longer accepted" for each in sorted({*old} - {*new})]
    return "; ".join(texts)


def _path(old: Any, new: Any) -> str:
    return "" if old.lower() == new.lower() else f"calls below /{old} now get 404; callers must use /{new}"


def _template(old: Any, new: Any) -> str:
    if _PARAMETER.sub("{}", old).lower() == _PARAMETER.sub("{}", new).lower():
        return "" if old.lower() == new.lower() else "policies see parameters with other names"
    return _NOT_FOUND.format(old=old, new=new)


API = EntityKind(
    "apis",
    "API",
    (
        EntitySetting("name", "display name"),
        EntitySetting("path", "path", _path, ""),
        EntitySetting("protocols", "protocols", _protocols, ("https",)),
        EntitySetting("service_url", "backend URL", "requests go to {new}, unless a policy chooses another backend"),
        EntitySetting(
            "backend", "backend of the MCP server", "requests go to {new}, unless a policy chooses another backend"
        ),
        EntitySetting("endpoint", "endpoint of the MCP server", "clients must use the path {new}"),
        EntitySetting("kind", "type", "the gateway handles requests as {new} instead of {old}", "http"),
        EntitySetting("revision", "revision", "calls without a revision in the URL get revision {new}", "1"),
        EntitySetting(
            "is_current",
            "current revision",
            {
                True: "calls without a revision in the URL get this one",
                False: "only calls with ;rev= in the URL get this one",
            },
            True,
        ),
        EntitySetting("version", "version", "callers of version {old} must use version {new}"),
        EntitySetting("version_set", "version set", "callers may have to send the version differently"),
        EntitySetting(
            "subscription_required",
            "subscription required",
            {
                True: "calls without a subscription key are now refused with 401",
                False: "calls without a subscription key are now accepted",
            },
            True,
        ),
        EntitySetting("key_header", "header of the subscription key", "callers must send the key in {new}", HEADER),
        EntitySetting(
            "key_query", "query parameter of the subscription key", "callers must send the key in {new}", QUERY
        ),
        EntitySetting("workspace", "workspace", "the policy of another workspace applies"),
    ),
    "calls below /{path} now reach it",
    "calls below /{path} now get 404",
)
OPERATION = EntityKind(
    "operations",
    "operation",
    (
        EntitySetting("name", "display name"),
        EntitySetting("method", "method", _NOT_FOUND, "GET"),
        EntitySetting("template", "URL template", _template, "/*"),
        EntitySetting("parameters", "parameters", "policies that validate parameters may refuse other requests", ()),
    ),
    "calls now reach it",
    "calls now get 404",
)
TOOL = EntityKind(
    "tools",
    "tool",
    (
        EntitySetting("api", "API", "calls reach the API {new} instead of {old}"),
        EntitySetting("operation", "operation", "calls reach the operation {new} instead of {old}"),
        EntitySetting("description", "description", "clients see another description"),
    ),
    "clients can now call it",
    "clients can no longer call it",
)
KINDS = (
    EntityKind(
        "products",
        "product",
        (
            EntitySetting("name", "display name"),
            EntitySetting(
                "is_published",
                "published",
                {True: "developers can subscribe to it", False: "developers can no longer subscribe to it"},
                True,
            ),
            EntitySetting(
                "subscription_required",
                "subscription required",
                {
                    True: "calls without a subscription key no longer get in by this product",
                    False: "calls to its APIs without a subscription key are now accepted",
                },
                True,
            ),
            EntitySetting(
                "approval_required",
                "approval required",
                {True: "new subscriptions wait for approval", False: "new subscriptions get keys without approval"},
                False,
            ),
            EntitySetting(
                "subscriptions_limit", "subscriptions for each user", "each user can have {new} subscriptions"
            ),
            EntitySetting("groups", "groups", "other developers can see it and subscribe to it", ()),
            EntitySetting("workspace", "workspace"),
        ),
        "its subscription keys are accepted by its APIs",
        "its subscription keys are no longer accepted",
    ),
    EntityKind(
        "subscriptions",
        "subscription",
        (
            EntitySetting("name", "display name"),
            EntitySetting("scope", "scope", "its keys are good for {new} instead of {old}", "/apis"),
            EntitySetting("state", "state", "its keys are accepted only while it is active", "active"),
            EntitySetting("owner", "owner", "policies see another user"),
            EntitySetting("primary_key", "primary key", "the old key is refused", is_secret=True),
            EntitySetting("secondary_key", "secondary key", "the old key is refused", is_secret=True),
            EntitySetting("allow_tracing", "tracing", default=False),
        ),
        "its keys are accepted",
        "its keys are no longer accepted",
    ),
    EntityKind(
        "backends",
        "backend",
        (
            EntitySetting("url", "URL", "requests that policies send to it go to {new}"),
            EntitySetting("details", "credentials, pool or circuit breaker", "requests to it change", is_secret=True),
        ),
        "",
        "policies that use it fail",
    ),
    EntityKind(
        "named_values",
        "named value",
        (
            EntitySetting("name", "display name", "policies that use {old} fail"),
            EntitySetting("value", "value", "policies that use it get the new value"),
            EntitySetting("is_secret", "secret", default=False),
            EntitySetting("key_vault", "secret in Key Vault", "policies that use it get the value of another secret"),
        ),
        "",
        "policies that use it fail",
    ),
    EntityKind("fragments", "fragment", (), "", "policies that include it fail"),
    EntityKind("loggers", "logger", (EntitySetting("kind", "type"),), "", "policies that log to it fail"),
    EntityKind(
        "version_sets",
        "version set",
        (
            EntitySetting("scheme", "place of the version", "callers must send the version in the {new}", "Segment"),
            EntitySetting("header", "header of the version", "callers must send the version in {new}"),
            EntitySetting("query", "query parameter of the version", "callers must send the version in {new}"),
        ),
    ),
    EntityKind(
        "certificates",
        "certificate",
        (
            EntitySetting("path", "file", "policies that use it get another certificate"),
            EntitySetting("key_vault", "certificate in Key Vault", "policies that use it get another certificate"),
        ),
        "",
        "policies that use it fail",
    ),
    EntityKind(
        "identities", "managed identity", (EntitySetting("client_id", "client id"),), "", "policies that use it fail"
    ),
    EntityKind("workspaces", "workspace", (EntitySetting("name", "display name"),)),
)
"""All kinds of a service but APIs, which have operations and are in products."""


# Settings that differ around two versions of a policy, besides fragments, wider scopes and named values.
#
# Those three are part of the compared programs. Any other setting can change what the same policy does without a trace
# in the policy: they are compared as they are written, files by their content.

_COMPARED_OTHERWISE = ("named-values", "fragments", "policy", "policies")
_OF_COMMANDS = ("audit", "check", "claims", "prove", "serve", "cases", "$schema", "config", "environments", "external")
_OF_REQUESTS_TO_A_SERVICE = ("apis", "products", "subscriptions", "workspaces", "version-sets")
"""A policy that is compared runs alone, without the rest of its service."""
_BY_NAME = ("backends", "schemas", "loggers")
"""Tables whose entries policies name."""


def settings_that_differ(old: CaseFile, new: CaseFile, one: Harness, other: Harness) -> list[str]:
    """Return the names of settings that differ and may matter. Raises ConfigurationError, TestFileError."""
    was, now = _settings(old), _settings(new)
    texts = _texts(one) + _texts(other)
    names = [name for name in sorted({*was, *now}) if _differs(name, was.get(name), now.get(name), texts)]
    values = (one.settings.get("named_values") or {}, other.settings.get("named_values") or {})
    changed = [name for name in {**values[0], **values[1]} if values[0].get(name) != values[1].get(name)]
    written = repr((was, now))
    return names + [f"the named value {name}" for name in sorted(changed) if f"{{{{{name}}}}}" in written]


def _differs(name: str, was: Any, now: Any, texts: str) -> bool:
    if was == now:
        return False
    if name.split()[0] not in _BY_NAME or not all(isinstance(each, (dict, NoneType)) for each in (was, now)):
        return True
    one, other = was or {}, now or {}
    changed = [each for each in {**one, **other} if one.get(each) != other.get(each)]
    return 'id="@' in texts or "id='@" in texts or any(each in texts for each in changed)


def _texts(harness: Harness) -> str:
    sources = {id(step.element.source): step.element.source.text for step in harness.program.steps()}
    return "\n".join(sources.values())


def _settings(file: CaseFile) -> dict[str, Any]:
    """Return the gateway settings of the configuration and the test file, by key."""
    found: dict[str, Any] = {}
    if file.config is not None:
        found |= _filled(read_configuration(file.config), file.config)
    if os.path.isfile(file.path):
        given = read_tree(read_text(file.path), file.path).plain()
        defaults = given.pop("defaults", None) or {}
        for name, value in {**given, **(defaults.pop("gateway", None) or {}), **defaults}.items():
            found |= {f"{name} of the test file": each for each in _filled({name: value}, file.path).values()}
    return found


def _filled(values: Mapping[str, Any], path: str) -> dict[str, Any]:
    left_out = (*_COMPARED_OTHERWISE, *_OF_COMMANDS, *_OF_REQUESTS_TO_A_SERVICE)
    folder = os.path.dirname(path)
    return {name: _with_content(value, folder) for name, value in values.items() if name not in left_out}


def _with_content(value: Any, folder: str) -> Any:
    """Return a value, with the content of the files that it names."""
    if isinstance(value, dict):
        return {name: _with_content(each, folder) for name, each in value.items()}
    if isinstance(value, list):
        return [_with_content(each, folder) for each in value]
    if not isinstance(value, str) or "\0" in value or "\n" in value:
        return value
    path = os.path.join(folder, value)
    if value and os.path.isfile(path):
        return value, read_bytes(path)
    return (value, list(_backends(path))) if value and os.path.isdir(path) else value


def _backends(folder: str) -> Iterator[tuple[str, bytes]]:
    """Yield the backends of a service's folder, the only resources that matter to a policy that runs alone."""
    for directory, folders, names in walk(folder):
        folders.sort()
        if os.path.basename(os.path.dirname(directory)) == "backends":
            for name in sorted(names):
                path = os.path.join(directory, name)
                yield os.path.relpath(path, folder), read_bytes(path)
