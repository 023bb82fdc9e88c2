"""The tables `api`, `operation`, `product`, `subscription`, `user`, `deployment` of a configuration as entities."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any

from apimpolicy.context import entities

if TYPE_CHECKING:
    from apimpolicy.project.toml_table import Table

_STATES = {"published": entities.PUBLISHED, "not-published": entities.NOT_PUBLISHED}

_PLAIN: dict[str, dict[str, type]] = {
    "api": {
        "id": str,
        "name": str,
        "path": str,
        "service-url": str,
        "is-current-revision": bool,
        "revision": str,
        "version": str,
        "kind": str,
    },
    "operation": {"id": str, "name": str, "method": str, "url-template": str},
    "product": {
        "id": str,
        "name": str,
        "approval-required": bool,
        "subscription-required": bool,
        "subscriptions-limit": int,
    },
    "subscription": {
        "id": str,
        "name": str,
        "key": str,
        "primary-key": str,
        "secondary-key": str,
        "created-date": datetime.datetime,
        "start-date": datetime.datetime,
        "end-date": datetime.datetime,
    },
    "user": {
        "id": str,
        "email": str,
        "first-name": str,
        "last-name": str,
        "note": str,
        "registration-date": datetime.datetime,
    },
    "deployment": {"service-name": str, "service-id": str, "region": str, "gateway-id": str},
}


def entity_of(name: str, table: Table, id_: str | None = None) -> Any:
    """Return the entity of a table, whose keys are the constructor's with hyphens. Raises ConfigurationError.

    `id_` is the id when it is the table's name, which then has no key of its own for it.
    """
    options: dict[str, Any] = {} if id_ is None else {"id": id_}
    kind: type[Any]
    for key, kind in _PLAIN[name].items():
        if key == "id" and id_ is not None:
            continue
        if (value := table.take(key, kind)) is not None:
            options[key.replace("-", "_")] = value
    options |= _special(name, table)
    table.finish()
    return getattr(entities, name.title())(**options)


def _special(name: str, table: Table) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if name == "api":
        if (protocols := table.texts("protocols")) is not None:
            found["protocols"] = protocols
        header, query = table.take("subscription-key-header", str), table.take("subscription-key-query", str)
        if header or query:
            found["subscription_key_parameter_names"] = entities.SubscriptionKeyParameterNames(
                header or "Ocp-Apim-Subscription-Key", query or "subscription-key"
            )
    elif name == "product":
        found["groups"] = _groups(table)
        if (state := table.choice("state", tuple(_STATES))) is not None:
            found["state"] = _STATES[state]
    elif name == "user":
        found["groups"] = _groups(table)
        identities = table.take("identities", dict) or {}
        found["identities"] = [
            entities.UserIdentity(table.checked(id_, str, f"identities.{provider}"), provider)
            for provider, id_ in identities.items()
        ]
    return found


def _groups(table: Table) -> list[entities.Group]:
    """Groups are given by their names, and the id is the name in lower case; or as tables with `id` and `name`."""
    value = table.take("groups", object)
    listed = [value] if isinstance(value, str) else table.checked(value or [], list, "groups")
    return [_group(table, each, f"groups[{index}]") for index, each in enumerate(listed)]


def _group(table: Table, given: Any, place: str) -> entities.Group:
    if not isinstance(given, dict):
        name = table.checked(given, str, place)
        return entities.Group(name.lower(), name)
    inner = table.within(given, place)
    id_, named = inner.take("id", str), inner.take("name", str)
    inner.finish()
    if id_ is None and named is None:
        raise inner.mistake("a group has an 'id' or a 'name'")
    return entities.Group(id_ or (named or "").lower(), named or id_ or "")
