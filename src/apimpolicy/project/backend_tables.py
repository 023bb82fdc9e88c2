"""The table `[backends]` of a configuration: a URL, or a table for a backend with more to it, or for a pool.

[backends]
plain = "https://plain.internal"

[backends.east]
url = "https://east.internal"
headers = {x-functions-key = "{{east-key}}"}             # also: query
authorization = {scheme = "Bearer", parameter = "…"}
certificates = ["gateway"]                               # ids of uploaded ones
managed-identity = {resource = "https://a.example"}      # also: client-id, of a user-assigned one
azure-region = "westeurope"                              # the value of context.Backend.AzureRegion; also:
validates-certificate-chain = true                       # validates-certificate-name

[backends.east.circuit-breaker]                          # also: percentage, error-reasons; times in seconds
failures = 3
interval = 60
trip-duration = 30
statuses = [429, "500-599"]
accepts-retry-after = true
failure-status = 429                                     # what callers get while the circuit is open, 503 unless given

[backends.both]
pool = ["west", {id = "east", weight = 3, priority = 2}]
session-cookie = "SessionId"
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from apimpolicy.errors import ConfigurationError
from apimpolicy.gateway.engine.backends import (
    AnyBackend,
    Backend,
    BackendPool,
    CircuitBreaker,
    IdentityCredential,
    PoolMember,
)
from apimpolicy.project.toml_table import Table


def backends_of(table: Table) -> dict[str, AnyBackend]:
    """Return the backends by id. Raises ConfigurationError."""
    found: dict[str, AnyBackend] = {}
    for id_, given in table.items():
        if isinstance(given, str):
            found[id_] = given
            continue
        if not isinstance(given, dict):
            raise table.mistake("is a URL, or a table with a 'url' or a 'pool'", id_)
        entry = Table(table.file, given, table.full(id_))
        try:
            found[id_] = _pool(entry) if "pool" in entry else _backend(entry)
        except ConfigurationError as error:
            raise error if str(error).startswith(table.file) else entry.mistake(f"cannot be: {error}") from None
        entry.finish()
    return found


def _backend(table: Table) -> Backend:
    url = table.take("url", str)
    authorization = table.table("authorization")
    breaker = table.table("circuit-breaker")
    options: dict[str, Any] = {
        "headers": _values(table, "headers"),
        "query": _values(table, "query"),
        "certificates": table.texts("certificates") or (),
        "azure_region": table.take("azure-region", str),
        "validates_certificate_chain": table.take("validates-certificate-chain", bool) is not False,
        "validates_certificate_name": table.take("validates-certificate-name", bool) is not False,
    }
    if authorization is not None:
        scheme, parameter = authorization.take("scheme", str), authorization.take("parameter", str)
        authorization.finish()
        options["authorization"] = (scheme or "", parameter or "")
    identity = table.table("managed-identity")
    if identity is not None:
        resource, client_id = identity.take("resource", str), identity.take("client-id", str)
        identity.finish()
        options["managed_identity"] = IdentityCredential(resource or "", client_id)
    if breaker is not None:
        options["circuit_breaker"] = _circuit_breaker(breaker)
    if url is None:
        table.take("pool", list)
        table.finish()
        raise table.mistake("needs a 'url', or a 'pool'")
    return Backend(url, **options)


def _values(table: Table, name: str) -> dict[str, Sequence[str]]:
    inner = table.table(name)
    return {} if inner is None else {key: inner.texts(key) or [] for key, _ in inner.items()}


def _circuit_breaker(table: Table) -> CircuitBreaker:
    options: dict[str, Any] = {
        "percentage": table.number("percentage"),
        "statuses": [_range(table, index, each) for index, each in enumerate(table.take("statuses", list) or [])],
        "error_reasons": table.texts("error-reasons") or (),
        "accepts_retry_after": table.take("accepts-retry-after", bool) or False,
        "failure_status": table.take("failure-status", int),
    }
    for key in ("interval", "trip-duration"):
        if (value := table.number(key)) is not None:
            options[key.replace("-", "_")] = value
    failures = table.take("failures", int)
    table.finish()
    return CircuitBreaker(failures, **options)


def _range(table: Table, index: int, given: object) -> tuple[int, int]:
    """Read a status, or a range of them: `429`, `"500-599"`."""
    if isinstance(given, int) and not isinstance(given, bool):
        return given, given
    first, dash, last = given.partition("-") if isinstance(given, str) else ("", "", "")
    if not (dash and first.strip().isdecimal() and last.strip().isdecimal()):
        raise table.mistake('is a status, or a range such as "500-599"', f"statuses[{index}]")
    return int(first), int(last)


def _pool(table: Table) -> BackendPool:
    members: list[PoolMember | str] = []
    for index, given in enumerate(table.take("pool", list) or []):
        if isinstance(given, str):
            members.append(given)
            continue
        name = f"pool[{index}]"
        entry = Table(table.file, table.checked(given, dict, name), table.full(name))
        id_ = entry.take("id", str)
        options = {key: value for key in ("weight", "priority") if (value := entry.take(key, int)) is not None}
        entry.finish()
        if id_ is None:
            raise entry.mistake("needs an 'id'")
        members.append(PoolMember(id_, **options))
    return BackendPool(members, session_cookie=table.take("session-cookie", str))
