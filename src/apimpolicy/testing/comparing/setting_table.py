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
from apimpolicy.errors import ConfigurationError
from apimpolicy.project.authority import Author, Role, may_name
from apimpolicy.project.configuration import read_configuration
from apimpolicy.project.files import read_bytes
from apimpolicy.project.named_values import read_text
from apimpolicy.project.service.building import HEADER, QUERY
from apimpolicy.testing.tree import read_tree

if TYPE_CHECKING:
    from apimpolicy.reasoning.scenarios.harness import Harness
    from apimpolicy.testing.case_files import CaseFile

Meaning = str | Mapping[Any, str] | Callable[[Any, Any], str]

_NOT_FOUND = "calls to {old} now get 404; callers must use {new}"
_GOES_TO = "requests go to {new}, unless a policy chooses another backend"
_GOES_NOWHERE = "requests now fail, unless a policy chooses a backend"
_PARAMETER = re.compile(r"\{[^{}/]*\}")


class EntitySetting(NamedTuple):
    """A field of a description. Without a value, Azure uses the default; values of a secret field are not shown.

    `without` is the meaning where the new version has no value.
    """

    field: str
    words: str
    meaning: Meaning = ""
    default: Any = None
    is_secret: bool = False
    without: str = ""


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


def _version(old: Any, new: Any) -> str:
    return f"callers of version {old} must use version {new}" if old else f"callers must now state version {new}"


def _kind(collection: str, noun: str, meanings: tuple[str, str], *settings: tuple[Any, ...]) -> EntityKind:
    """`meanings` are those of an added and of a removed entity; `settings` have the fields of an EntitySetting."""
    return EntityKind(collection, noun, tuple(EntitySetting(*each) for each in settings), *meanings)


API = _kind(
    "apis",
    "API",
    ("calls below /{path} now reach it", "calls below /{path} now get 404"),
    ("name", "display name"),
    ("path", "path", _path, ""),
    ("protocols", "protocols", _protocols, ("https",)),
    ("service_url", "backend URL", _GOES_TO, None, False, _GOES_NOWHERE),
    ("backend", "backend of the MCP server", _GOES_TO, None, False, _GOES_NOWHERE),
    ("endpoint", "endpoint of the MCP server", "clients must use the path {new}"),
    ("kind", "type", "the gateway handles requests as {new} instead of {old}", "http"),
    ("revision", "revision", "calls without a revision in the URL get revision {new}", "1"),
    (
        "is_current",
        "current revision",
        {
            True: "calls without a revision in the URL get this one",
            False: "only calls with ;rev= in the URL get this one",
        },
        True,
    ),
    ("version", "version", _version, None, False, "callers no longer state a version"),
    ("version_set", "version set", "callers may have to send the version differently"),
    (
        "subscription_required",
        "subscription required",
        {
            True: "calls without a subscription key are now refused with 401",
            False: "calls without a subscription key are now accepted",
        },
        True,
    ),
    ("key_header", "header of the subscription key", "callers must send the key in {new}", HEADER),
    ("key_query", "query parameter of the subscription key", "callers must send the key in {new}", QUERY),
    ("workspace", "workspace", "the policy of another workspace applies"),
)
REVISION = API._replace(
    added="only calls with ;rev={revision} in the URL reach it",
    removed="calls with ;rev={revision} in the URL now get 404",
)
"""An API's revision that isn't the current one."""
OPERATION = _kind(
    "operations",
    "operation",
    ("calls now reach it", "calls now get 404"),
    ("name", "display name"),
    ("method", "method", _NOT_FOUND, "GET"),
    ("template", "URL template", _template, "/*"),
    ("parameters", "parameters", "policies that validate parameters may refuse other requests", ()),
)
TOOL = _kind(
    "tools",
    "tool",
    ("clients can now call it", "clients can no longer call it"),
    ("api", "API", "calls reach the API {new} instead of {old}"),
    ("operation", "operation", "calls reach the operation {new} instead of {old}"),
    ("description", "description", "clients see another description"),
)
KINDS = (
    _kind(
        "products",
        "product",
        ("its subscription keys are accepted by its APIs", "its subscription keys are no longer accepted"),
        ("name", "display name"),
        (
            "is_published",
            "published",
            {True: "developers can subscribe to it", False: "developers can no longer subscribe to it"},
            True,
        ),
        (
            "subscription_required",
            "subscription required",
            {
                True: "calls without a subscription key no longer get in by this product",
                False: "calls to its APIs without a subscription key are now accepted",
            },
            True,
        ),
        (
            "approval_required",
            "approval required",
            {True: "new subscriptions wait for approval", False: "new subscriptions get keys without approval"},
            False,
        ),
        ("subscriptions_limit", "subscriptions for each user", "the most that each user can have: {new}"),
        ("groups", "groups", "other developers can see it and subscribe to it", ()),
        ("workspace", "workspace"),
    ),
    _kind(
        "subscriptions",
        "subscription",
        ("its keys are accepted", "its keys are no longer accepted"),
        ("name", "display name"),
        ("scope", "scope", "its keys are good for {new} instead of {old}", "/apis"),
        ("state", "state", "its keys are accepted only while it is active", "active"),
        ("owner", "owner", "policies see another user"),
        ("primary_key", "primary key", "the old key is refused", None, True),
        ("secondary_key", "secondary key", "the old key is refused", None, True),
        ("allow_tracing", "tracing", "", False),
    ),
    _kind(
        "backends",
        "backend",
        ("", "policies that use it fail"),
        ("url", "URL", "requests that policies send to it go to {new}"),
        ("details", "credentials, pool or circuit breaker", "requests to it change", None, True),
    ),
    _kind(
        "named_values",
        "named value",
        ("", "policies that use it fail"),
        ("name", "display name", "policies that use {old} fail"),
        ("value", "value", "policies that use it get the new value"),
        ("is_secret", "secret", "", False),
        ("key_vault", "secret in Key Vault", "policies that use it get the value of another secret"),
    ),
    _kind("fragments", "fragment", ("", "policies that include it fail")),
    _kind("loggers", "logger", ("", "policies that log to it fail"), ("kind", "type")),
    _kind(
        "version_sets",
        "version set",
        ("", ""),
        ("scheme", "place of the version", "callers must send the version in the {new}", "Segment"),
        ("header", "header of the version", "callers must send the version in {new}"),
        ("query", "query parameter of the version", "callers must send the version in {new}"),
    ),
    _kind(
        "certificates",
        "certificate",
        ("", "policies that use it fail"),
        ("key_vault", "certificate in Key Vault", "policies that use it get another certificate"),
    ),
    _kind("identities", "managed identity", ("", "policies that use it fail")),
    _kind("workspaces", "workspace", ("", ""), ("name", "display name")),
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
    try:
        path = may_name(Author(Role.CHECKOUT, folder), value)
    except ConfigurationError:  # it isn't read by other commands either
        return value
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
