"""Vary what a caller chooses in a request: one that gets through whatever its values are proves nothing."""

from __future__ import annotations

import json
import re
import string
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import TYPE_CHECKING, Any

from apimpolicy.context.records import Request

if TYPE_CHECKING:
    import random

    from apimpolicy.audit.analysis import OperationAudit

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
    kinds = (string.digits, string.ascii_lowercase, string.ascii_uppercase)
    return "".join(chance.choice(next((kind for kind in kinds if each in kind), each)) for each in text)
