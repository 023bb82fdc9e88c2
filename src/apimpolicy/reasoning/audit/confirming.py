"""Confirm what an audit finds by requests that run: an operation that one of them reaches is open to anyone."""

from __future__ import annotations

import json
import random
import re
import string
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from apimpolicy.gateway.context.records import Request
from apimpolicy.reasoning.audit import kinds
from apimpolicy.reasoning.audit.requests import Attempt, Rehearsal, anonymous
from apimpolicy.reasoning.audit.states import Alternative, Alternatives, Fact, both, either, of_facts

if TYPE_CHECKING:
    from apimpolicy.reasoning.audit.analysis import OperationAudit, ServiceAudit

Search: TypeAlias = Callable[[str, str], Request | None]
"""Finds a request without credentials that reaches the backend, for an API and an operation by its name."""
UNCONFIRMED = "no request that ran reached the backend"
"""The reason why an operation isn't decided that the analysis alone calls open."""
_VARIANTS = 5
_MOST_SEARCHES = 25
"""Operations of a service that are searched; each takes a second or two."""


def first_anonymous(rehearsal: Rehearsal, operation: OperationAudit) -> Attempt:
    """Run anonymous requests until one reaches a backend; return the first one otherwise."""
    first: Attempt | None = None
    for alternative, request in anonymous(operation):
        attempt = rehearsal.send(request)
        first = first or attempt
        if attempt.reached or (attempt.sent and any(fact[:2] == (kinds.VIA, kinds.SENT) for fact in alternative)):
            return attempt._replace(reached=True)
    assert first is not None
    return first


class Confirmed(NamedTuple):
    """An audit in which open operations come with a request that reached the backend, by the operation's key.

    An operation without one is open only by what no request shows: a value of the gateway's, chance, or the cache.
    """

    audit: ServiceAudit
    attempts: Mapping[tuple[str, str], Attempt]


def confirmed(audit: ServiceAudit, rehearsal: Rehearsal | None, search: Search | None = None) -> Confirmed:
    """Run a request for each open operation; if none reaches the backend, the operation isn't decided.

    `search` finds requests for operations with conditions that aren't understood, or without a request so far: one that
    also gets through with other values opens the operation to everyone.
    """
    attempts: dict[tuple[str, str], Attempt] = {}
    operations: list[OperationAudit] = []
    searches = 0
    for operation in audit.operations:
        attempt = None
        if operation.access.is_open:
            attempt = None if rehearsal is None else first_anonymous(rehearsal, operation)
        is_reached = attempt is not None and attempt.reached
        is_open = is_reached or (operation.access.is_open and _is_open_by_gateway(operation))
        if rehearsal is not None and search is not None and not is_open and _may_open(operation):
            searches += 1
            request = _searched(rehearsal, operation, search) if searches <= _MOST_SEARCHES else None
            if request is not None:
                attempt, is_reached = request, True
                operation = _opened(operation)
        elif rehearsal is not None and search is not None and not is_reached and _is_forged(operation):
            searches += 1
            request = _forged(rehearsal, operation, search) if searches <= _MOST_SEARCHES else None
            attempt, is_reached = (request, True) if request is not None else (attempt, False)
        if attempt is not None and is_reached:
            attempts[operation.key] = attempt
        elif operation.access.is_open and not is_open:
            operation = _unconfirmed(operation, attempt)
        operations.append(operation)
    return Confirmed(audit._replace(operations=operations), attempts)


def _may_open(operation: OperationAudit) -> bool:
    return operation.access.is_open or bool(_custom(operation.alternatives))


def _custom(alternatives: Alternatives) -> list[Alternative]:
    """Return the alternatives whose only checks are conditions of the policy, without unknown values."""
    return [
        each
        for each in alternatives
        if all(
            fact.is_free or (fact.kind in (kinds.OPAQUE, kinds.OWN) and "{{" not in str(fact.detail)) for fact in each
        )
    ]


def _opened(operation: OperationAudit) -> OperationAudit:
    """Return an operation that a request without credentials reaches; what it lends to all of them, it lends to it."""
    if operation.access.is_open:
        return operation
    shown, custom = of_facts(Fact(kinds.CHOICE, "a request that was found")), _custom(operation.alternatives)
    actions = {
        action: either(proven, shown) if all(any(each >= one for one in proven) for each in custom) else proven
        for action, proven in operation.actions.items()
    }
    return operation._replace(alternatives=either(operation.alternatives, shown), actions=actions)


def _searched(rehearsal: Rehearsal, operation: OperationAudit, search: Search) -> Attempt | None:
    """Return an attempt with a request that gets through, also with other values of all that it sends."""
    request = search(operation.api.id, operation.name)
    if request is None or request.certificate is not None:
        return None
    attempt = rehearsal.send(request)
    if not attempt.reached or attempt.sent:  # what other services answer is made up
        return None
    others = (varied(request, operation, random.Random(seed)) for seed in range(_VARIANTS))
    return attempt if all(rehearsal.send(each).reached for each in others) else None


def _is_forged(operation: OperationAudit) -> bool:
    """Return whether callers pass the checks of an operation with what they make up, and with nothing else."""
    return any(
        all(fact.is_free for fact in each) and any(fact.kind == kinds.FORGED for fact in each)
        for each in operation.alternatives
    )


def _forged(rehearsal: Rehearsal, operation: OperationAudit, search: Search) -> Attempt | None:
    """Return an attempt with a request that gets through without a credential: made up values need not vary."""
    request = search(operation.api.id, operation.name)
    if request is None or request.certificate is not None or "Authorization" in request.headers:
        return None
    attempt = rehearsal.send(request)
    return attempt if attempt.reached and not attempt.sent else None


def _is_open_by_gateway(operation: OperationAudit) -> bool:
    """Return whether no request shows that it is open: it needs a value of the gateway's, a cached response, or
    something that the caller makes up.
    """
    return any(
        all(fact.is_free for fact in each)
        and any(fact.kind in (kinds.GATEWAY, kinds.FORGED, kinds.VIA) for fact in each)
        for each in operation.alternatives
    )


def _unconfirmed(operation: OperationAudit, attempt: Attempt | None) -> OperationAudit:
    problem = "" if attempt is None else attempt.problem or f"status {attempt.status}"
    fact = Fact(kinds.UNDECIDED, f"{UNCONFIRMED}{f' ({problem})' if problem else ''}")
    return operation._replace(
        alternatives=both(operation.alternatives, of_facts(fact)),
        actions={action: both(found, of_facts(fact)) for action, found in operation.actions.items()},
    )


# Vary what a caller chooses in a request: one that gets through whatever its values are proves nothing

_SCHEMES = frozenset(("basic", "bearer"))
_FIXED = frozenset(("content-type", "host"))
_TOKEN = re.compile(r"([\w-]+)\.([\w-]+)\.([\w-]*)")


def varied(request: Request, operation: OperationAudit, chance: random.Random) -> Request:
    """Return a request for an operation with other values of the same kind: letters for letters, digits for digits.

    Content types, names of schemes, and what selects the version of an API stay.
    """
    versions = operation.api.version_set
    fixed = _FIXED if versions is None else _FIXED | {versions.name.lower()}
    url, mark, query = request.url.partition("?")
    fields = [field.partition("=") for field in query.split("&")] if mark else []
    parameters = (f"{name}{equal}{_kept(name, value, fixed, chance)}" for name, equal, value in fields)
    return Request(
        request.method,
        f"{_path(url, operation.template, chance)}{mark}{'&'.join(parameters)}",
        headers={
            name: [_kept(name, value, fixed, chance) for value in values] for name, values in request.headers.fields()
        },
        body=_body(request.text, chance) if request.body else None,
        ip_address=f"203.0.113.{chance.randrange(1, 255)}",
    )


def _kept(name: str, value: str, fixed: frozenset[str], chance: random.Random) -> str:
    if name.lower() in fixed:
        return value
    scheme, space, rest = value.partition(" ")
    return f"{scheme} {_other(rest, chance)}" if space and scheme.lower() in _SCHEMES else _other(value, chance)


def _path(url: str, template: str, chance: random.Random) -> str:
    """Return a URL with other values of the parameters that fill a whole segment of a template."""
    parts, names = url.split("/"), template.partition("?")[0].split("/")
    for back, name in enumerate(reversed(names), 1):
        if "*" in name:
            return url
        if name.startswith("{") and name.endswith("}") and back <= len(parts):
            parts[-back] = _other(parts[-back], chance)
    return "/".join(parts)


def _body(text: str, chance: random.Random) -> str:
    try:
        return json.dumps(_other_json(json.loads(text), chance))
    except ValueError:
        return _other(text, chance)


def _other_json(value: Any, chance: random.Random) -> Any:
    if isinstance(value, dict):
        return {name: _other_json(each, chance) for name, each in value.items()}
    if isinstance(value, list):
        return [_other_json(each, chance) for each in value]
    if isinstance(value, bool) or value is None:
        return value
    return _other(value, chance) if isinstance(value, str) else value + chance.randrange(1, 100)


def _other(text: str, chance: random.Random) -> str:
    """Return another text of the same form; of a token, one with other values of its claims."""
    if token := _TOKEN.fullmatch(text):
        try:
            claims = json.loads(urlsafe_b64decode(token[2] + "=" * (-len(token[2]) % 4)))
        except ValueError:
            claims = None
        if isinstance(claims, dict):
            made = json.dumps(
                {name: value if name == "exp" else _other_json(value, chance) for name, value in claims.items()}
            )
            return f"{token[1]}.{urlsafe_b64encode(made.encode()).decode().rstrip('=')}.{token[3]}"
    alphabets = (string.digits, string.ascii_lowercase, string.ascii_uppercase)
    return "".join(chance.choice(next((one for one in alphabets if each in one), each)) for each in text)
