"""Settings of a service and their meaning for callers: one row for each field of a description.

A meaning is a text with the old and the new value in it, a text for each new value, or a function of both. An empty
one means that callers notice nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from apimpolicy.project.service.building import HEADER, QUERY

Meaning = str | Mapping[Any, str] | Callable[[Any, Any], str]

_NOT_FOUND = "calls to {old} now get 404; callers must use {new}"
_PARAMETER = re.compile(r"\{[^{}/]*\}")


class Setting(NamedTuple):
    """A field of a description. Without a value, Azure uses the default; values of a secret field are not shown."""

    field: str
    words: str
    meaning: Meaning = ""
    default: Any = None
    is_secret: bool = False


class Kind(NamedTuple):
    """A kind of entities: the list of a description that has them, and the meaning of one that was added or removed."""

    collection: str
    noun: str
    settings: tuple[Setting, ...] = ()
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


API = Kind(
    "apis",
    "API",
    (
        Setting("name", "display name"),
        Setting("path", "path", _path, ""),
        Setting("protocols", "protocols", _protocols, ("https",)),
        Setting("service_url", "backend URL", "requests go to {new}, unless a policy chooses another backend"),
        Setting(
            "backend", "backend of the MCP server", "requests go to {new}, unless a policy chooses another backend"
        ),
        Setting("endpoint", "endpoint of the MCP server", "clients must use the path {new}"),
        Setting("kind", "type", "the gateway handles requests as {new} instead of {old}", "http"),
        Setting("revision", "revision", "calls without a revision in the URL get revision {new}", "1"),
        Setting(
            "is_current",
            "current revision",
            {
                True: "calls without a revision in the URL get this one",
                False: "only calls with ;rev= in the URL get this one",
            },
            True,
        ),
        Setting("version", "version", "callers of version {old} must use version {new}"),
        Setting("version_set", "version set", "callers may have to send the version differently"),
        Setting(
            "subscription_required",
            "subscription required",
            {
                True: "calls without a subscription key are now refused with 401",
                False: "calls without a subscription key are now accepted",
            },
            True,
        ),
        Setting("key_header", "header of the subscription key", "callers must send the key in {new}", HEADER),
        Setting("key_query", "query parameter of the subscription key", "callers must send the key in {new}", QUERY),
        Setting("workspace", "workspace", "the policy of another workspace applies"),
    ),
    "calls below /{path} now reach it",
    "calls below /{path} now get 404",
)
OPERATION = Kind(
    "operations",
    "operation",
    (
        Setting("name", "display name"),
        Setting("method", "method", _NOT_FOUND, "GET"),
        Setting("template", "URL template", _template, "/*"),
        Setting("parameters", "parameters", "policies that validate parameters may refuse other requests", ()),
    ),
    "calls now reach it",
    "calls now get 404",
)
TOOL = Kind(
    "tools",
    "tool",
    (
        Setting("api", "API", "calls reach the API {new} instead of {old}"),
        Setting("operation", "operation", "calls reach the operation {new} instead of {old}"),
        Setting("description", "description", "clients see another description"),
    ),
    "clients can now call it",
    "clients can no longer call it",
)
KINDS = (
    Kind(
        "products",
        "product",
        (
            Setting("name", "display name"),
            Setting(
                "is_published",
                "published",
                {True: "developers can subscribe to it", False: "developers can no longer subscribe to it"},
                True,
            ),
            Setting(
                "subscription_required",
                "subscription required",
                {
                    True: "calls without a subscription key no longer get in by this product",
                    False: "calls to its APIs without a subscription key are now accepted",
                },
                True,
            ),
            Setting(
                "approval_required",
                "approval required",
                {True: "new subscriptions wait for approval", False: "new subscriptions get keys without approval"},
                False,
            ),
            Setting("subscriptions_limit", "subscriptions for each user", "each user can have {new} subscriptions"),
            Setting("groups", "groups", "other developers can see it and subscribe to it", ()),
            Setting("workspace", "workspace"),
        ),
        "its subscription keys are accepted by its APIs",
        "its subscription keys are no longer accepted",
    ),
    Kind(
        "subscriptions",
        "subscription",
        (
            Setting("name", "display name"),
            Setting("scope", "scope", "its keys are good for {new} instead of {old}", "/apis"),
            Setting("state", "state", "its keys are accepted only while it is active", "active"),
            Setting("owner", "owner", "policies see another user"),
            Setting("primary_key", "primary key", "the old key is refused", is_secret=True),
            Setting("secondary_key", "secondary key", "the old key is refused", is_secret=True),
            Setting("allow_tracing", "tracing", default=False),
        ),
        "its keys are accepted",
        "its keys are no longer accepted",
    ),
    Kind(
        "backends",
        "backend",
        (
            Setting("url", "URL", "requests that policies send to it go to {new}"),
            Setting("details", "credentials, pool or circuit breaker", "requests to it change", is_secret=True),
        ),
        "",
        "policies that use it fail",
    ),
    Kind(
        "named_values",
        "named value",
        (
            Setting("name", "display name", "policies that use {old} fail"),
            Setting("value", "value", "policies that use it get the new value"),
            Setting("is_secret", "secret", default=False),
            Setting("key_vault", "secret in Key Vault", "policies that use it get the value of another secret"),
        ),
        "",
        "policies that use it fail",
    ),
    Kind("fragments", "fragment", (), "", "policies that include it fail"),
    Kind("loggers", "logger", (Setting("kind", "type"),), "", "policies that log to it fail"),
    Kind(
        "version_sets",
        "version set",
        (
            Setting("scheme", "place of the version", "callers must send the version in the {new}", "Segment"),
            Setting("header", "header of the version", "callers must send the version in {new}"),
            Setting("query", "query parameter of the version", "callers must send the version in {new}"),
        ),
    ),
    Kind(
        "certificates",
        "certificate",
        (
            Setting("path", "file", "policies that use it get another certificate"),
            Setting("key_vault", "certificate in Key Vault", "policies that use it get another certificate"),
        ),
        "",
        "policies that use it fail",
    ),
    Kind("identities", "managed identity", (Setting("client_id", "client id"),), "", "policies that use it fail"),
    Kind("workspaces", "workspace", (Setting("name", "display name"),)),
)
"""All kinds of a service but APIs, which have operations and are in products."""
