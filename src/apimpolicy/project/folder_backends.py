"""A backend in an APIOps folder, `backends/<id>/backendInformation.json`, as the gateway takes it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from apimpolicy.gateway.engine.backends import Backend, BackendPool, CircuitBreaker, IdentityCredential, PoolMember
from apimpolicy.project.toml_table import Table

_DURATION = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?", re.IGNORECASE)
_UNITS = (86_400, 3600, 60, 1)


def backend_of(file: str, values: Mapping[str, Any]) -> Backend | BackendPool:
    """Return a backend from its properties, which are written in a file. Raises ConfigurationError."""
    properties = Table(file, _without_nulls(values), "properties")
    if (properties.take("type", str) or "Single").lower() == "pool":
        return _pool(properties)
    url = properties.take("url", str)
    if url is None:
        raise properties.mistake("is missing: a backend has one", "url")
    credentials, tls = properties.table("credentials"), properties.table("tls")
    breaker = properties.table("circuitBreaker")
    rules = [] if breaker is None else breaker.tables("rules")
    if len(rules) > 1:
        assert breaker is not None
        raise breaker.mistake("has more than one rule; Azure takes one", "rules")
    return Backend(
        url,
        headers={} if credentials is None else _values(credentials, "header"),
        query={} if credentials is None else _values(credentials, "query"),
        authorization=_authorization(credentials),
        certificates=_certificates(credentials),
        managed_identity=_managed_identity(credentials),
        circuit_breaker=_circuit_breaker(breaker, rules[0]) if breaker is not None and rules else None,
        validates_certificate_chain=_is_on(tls, "validateCertificateChain"),
        validates_certificate_name=_is_on(tls, "validateCertificateName"),
    )


def _values(credentials: Table, name: str) -> dict[str, list[str]]:
    table = credentials.table(name)
    return {} if table is None else {key: table.texts(key) or [] for key, _ in table.items()}


def _authorization(credentials: Table | None) -> tuple[str, str] | None:
    table = None if credentials is None else credentials.table("authorization")
    if table is None:
        return None
    return table.take("scheme", str) or "", table.take("parameter", str) or ""


def _certificates(credentials: Table | None) -> list[str]:
    """Return the ids of certificates; thumbprints, which the extractor writes for older services, count as ids."""
    if credentials is None:
        return []
    paths = credentials.texts("certificateIds") or credentials.texts("certificate") or []
    return [path.rstrip("/").rpartition("/")[2] for path in paths]


def _managed_identity(credentials: Table | None) -> IdentityCredential | None:
    table = None if credentials is None else credentials.table("managedIdentity")
    if table is None:
        return None
    return IdentityCredential(table.take("resource", str) or "", table.take("clientId", str) or None)


def _is_on(tls: Table | None, name: str) -> bool:
    return tls is None or tls.take(name, bool) is not False


def _failure_status(breaker: Table) -> int | None:
    response = breaker.table("failureResponse")
    return None if response is None else _whole(response, "statusCode")


def _circuit_breaker(breaker: Table, rule: Table) -> CircuitBreaker:
    condition = rule.table("failureCondition")
    if condition is None:
        raise rule.mistake("is missing", "failureCondition")
    failures, percentage = _whole(condition, "count"), condition.number("percentage")
    if (failures is None) == (percentage is None):
        raise condition.mistake("has either a 'count' or a 'percentage'")
    return CircuitBreaker(
        failures,
        percentage=percentage,
        interval=_seconds(condition, "interval") or 60.0,
        trip_duration=_seconds(rule, "tripDuration") or 60.0,
        statuses=[
            (_whole(each, "min") or 0, _whole(each, "max") or 999) for each in condition.tables("statusCodeRanges")
        ],
        error_reasons=condition.texts("errorReasons") or [],
        accepts_retry_after=rule.take("acceptRetryAfter", bool) or False,
        failure_status=_failure_status(breaker),
        name=rule.take("name", str) or "",
    )


def _pool(properties: Table) -> BackendPool:
    pool = properties.table("pool")
    members = [] if pool is None else pool.tables("services")
    if pool is None or not members:
        raise properties.mistake("names no services: a pool has at least one", "pool")
    affinity = pool.table("sessionAffinity")
    session = None if affinity is None else affinity.table("sessionId")
    return BackendPool([_member(each) for each in members], session_cookie=_cookie(session))


def _cookie(session: Table | None) -> str | None:
    if session is None:
        return None
    return session.take("name", str) or "SessionId"


def _member(table: Table) -> PoolMember:
    path = table.take("id", str)
    if path is None:
        raise table.mistake("is missing", "id")
    weight, priority = _whole(table, "weight"), _whole(table, "priority")
    return PoolMember(
        path.rstrip("/").rpartition("/")[2],
        weight=1 if weight is None else weight,
        priority=1 if priority is None else priority,
    )


def _without_nulls(value: Any) -> Any:
    """Return a JSON value without the keys whose value is null."""
    if isinstance(value, dict):
        return {key: _without_nulls(inner) for key, inner in value.items() if inner is not None}
    return value


def _seconds(table: Table, name: str) -> float | None:
    """Return an ISO 8601 duration (`PT1M`) in seconds; None when it is not given. Raises ConfigurationError."""
    text = table.take(name, str)
    if text is None:
        return None
    found = _DURATION.fullmatch(text)
    if found is None or not any(found.groups()):
        raise table.mistake(f"must be a duration such as PT1M, not '{text}'", name)
    return sum(float(part) * unit for part, unit in zip(found.groups(), _UNITS, strict=True) if part)


def _whole(table: Table, name: str) -> int | None:
    """Return a whole number, which Azure also takes as a text. Raises ConfigurationError."""
    value = table.take(name, object)
    if isinstance(value, str) and value.strip().isdecimal():
        return int(value)
    return None if value is None else table.checked(value, int, name)
