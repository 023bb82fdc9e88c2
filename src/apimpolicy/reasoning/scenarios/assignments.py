"""Requests as assignments of inputs: the one place that knows the keys of the inputs.

An input has a key, such as `("header", "x-id")`; `("header", "x-id", "there")` tells whether the header is present. An
assignment gives values to some inputs; the others have their defaults.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from apimpolicy.reasoning.scenarios.scenario import ENTITIES, Scenario, StubResponse

Key = tuple[str, ...]
Assignment = dict[Key, Any]

NULL, TEXT, NUMBER, TRUTH, OBJECT, LIST, JWT = range(7)
"""The kinds of values in trees: of JSON, of variables, of cached values."""
RESPONSE = ("response",)
"""The key of the response with which a section begins that runs alone."""
HOST = "contoso.azure-api.net"
"""The gateway's host, unless a request names another one."""
EARLIER = ("calls", "earlier")
"""The key of a request that came before, whose value is the items of its assignment."""
CLOCK = "clock"
"""The key of the gateway's time, in seconds since 1970."""
TEXTS: dict[tuple[str, str], tuple[str, str, str]] = {
    ("IUser", "Id"): ("user", "id", "user"),
    ("IUser", "Email"): ("user", "email", "user@contoso.example"),
    ("IUser", "FirstName"): ("user", "first-name", "Ada"),
    ("IUser", "LastName"): ("user", "last-name", "Lovelace"),
    ("IProduct", "Id"): ("product", "id", "product"),
    ("IProduct", "Name"): ("product", "name", "product"),
    ("ISubscription", "Id"): ("subscription", "id", "subscription"),
    ("ISubscription", "Name"): ("subscription", "name", "subscription"),
    ("ISubscription", "PrimaryKey"): ("subscription", "primary-key", "00000000000000000000000000000001"),
    ("ISubscription", "Key"): ("subscription", "key", "00000000000000000000000000000001"),
    ("IApi", "Id"): ("api", "id", "api"),
    ("IApi", "Name"): ("api", "name", "api"),
    ("IApi", "Path"): ("api", "path", ""),
    ("IOperation", "Method"): ("operation", "method", "GET"),
    ("IOperation", "UrlTemplate"): ("operation", "url-template", "/"),
    ("IContextApi", "Revision"): ("api", "revision", "1"),
    ("IContextApi", "Version"): ("api", "version", "v1"),
    ("IOperation", "Id"): ("operation", "id", "operation"),
    ("IOperation", "Name"): ("operation", "name", "operation"),
    ("IDeployment", "Region"): ("deployment", "region", "West Europe"),
    ("IDeployment", "ServiceName"): ("deployment", "service-name", "contoso"),
}
"""String members of entities: their keys as inputs, and their defaults."""
MAY_BE_NULL = frozenset({("user", "email"), ("user", "first-name"), ("user", "last-name"), ("api", "version")})
"""Those that may be null."""
_DEFAULTS = {(kind, key): default for kind, key, default in TEXTS.values()}
_QUERY_SAFE = "-._~/:,;@!$*()'"
_OPTIONAL = ("user", "product", "subscription")


def scenario_of(assignment: Assignment, present: Mapping[str, str] | None = None) -> Scenario:
    """Return the request of an assignment; `present` are the ids of entities that exist by default."""
    return _Reader(assignment, present).scenario()


class _Reader:
    def __init__(self, assignment: Assignment, present: Mapping[str, str] | None = None) -> None:
        self.given = assignment
        self.present = present or {}

    def get(self, *key: str, default: Any = None) -> Any:
        return self.given.get(key, default)

    def scenario(self) -> Scenario:
        scenario = Scenario(
            method=self.get("method", default="GET"),
            headers=self.repeated("header"),
            address=self.get("address"),
            request_id=self.request_id(),
            now=self.get(CLOCK),
            calls_before=self.get("calls", "before", default=0),
            guids=self.guids(),
            variables=self.named("variable"),
            entities=self.entities(),
            groups=self.groups(),
            answers=self.answers("answer"),
            response=self.answer(RESPONSE),
            sent_answers=self.answers("sent"),
        )
        scenario.url = self.url(scenario)
        if self.get("body", "there"):
            scenario.body, scenario.json, scenario.has_json = self.body(("body",), default="x")
        if (kind := self.get("certificate")) not in (None, "none"):
            scenario.certificate = kind
        self.token(scenario)
        if (earlier := self.get(*EARLIER)) is not None:
            scenario.earlier = scenario_of(dict(earlier), self.present)
        scenario.cache = self.named("cache")
        scenario.random_numbers = self.random_numbers()
        scenario.doubles = {
            key[1]: self.double(key[:2], value)
            for key, value in self.given.items()
            if key[0] == "double" and len(key) == 2 and value
        }
        return scenario

    def request_id(self) -> str | None:
        wanted = self.get("request-id", "hash")
        return None if wanted is None else _guid_of(wanted)

    def guids(self) -> list[str]:
        """Return the new GUIDs in order, as far as their values matter."""
        known = {int(key[1]): value for key, value in self.given.items() if key[0] == "guid" and key[-1] == "hash"}
        return [_guid_of(known.get(number, number + 1)) for number in range(max(known, default=-1) + 1)]

    def random_numbers(self) -> list[float]:
        """Return the random numbers in order; those that don't matter are 0."""
        known = {int(key[1]): value for key, value in self.given.items() if key[0] == "random"}
        return [known.get(number, 0) for number in range(max(known, default=-1) + 1)]

    def double(self, key: Key, kind: str) -> dict[str, Any]:
        """Return the double of a policy."""
        if kind == "fails":
            size = len(key)
            said = {each[size]: value for each, value in self.given.items() if each[:size] == key and len(each) > size}
            return {"error": {name: value for name, value in said.items() if name != "variable"}}
        return {
            "variables": {
                each[3]: self.tree(each[:4], TEXT)
                for each, there in self.given.items()
                if each[:3] == (*key, "variable") and len(each) == 5 and each[4] == "there" and there
            }
        }

    def token(self, made: Scenario) -> None:
        for key, value in self.given.items():
            if len(key) == 2 and key[0] == "token" and value != "none":
                claims = {
                    each[3]: self.value_of_claim(each[:4])
                    for each, there in self.given.items()
                    if each[:3] == ("token", key[1], "claim") and len(each) == 5 and each[4] == "there" and there
                }
                options: dict[str, Any] = {"expires-in": -60} if value == "expired" else {}
                if claims:
                    options["claims"] = claims
                if (scheme := self.get(*key, "scheme")) is not None:
                    options["scheme"] = scheme
                made.token = key[1], options

    def value_of_claim(self, key: Key) -> str | list[str]:
        value = self.given.get(key, "x")
        return [*map(str, value)] if isinstance(value, tuple) else str(value)

    def url(self, made: Scenario) -> str:
        path: str = self.get("path", default="/")
        matched = self.fields("matched", folds=False)
        query: dict[str, str | list[str]] = self.repeated("query")
        if matched:
            operation = made.entities.setdefault("operation", {})
            assert operation is not None
            if ("path",) in self.given:
                query |= {f"p{index}": value for index, value in enumerate(matched.values())}
                parameters = "&".join(f"p{index}={{{name}}}" for index, name in enumerate(matched))
                operation["url-template"] = "/{*rest}?" + parameters
            else:
                operation["url-template"] = "".join(f"/{{{name}}}" for name in matched)
                path = "".join("/" + quote(value or "x", safe="") for value in matched.values())
            operation.setdefault("method", made.method)
        host = self.get("host")
        written = "&".join(
            f"{quote(name)}={quote(text, safe=_QUERY_SAFE, errors='surrogatepass')}"
            for name, value in query.items()
            for text in ([value] if isinstance(value, str) else value)
        )
        scheme = self.get("scheme", default="https")
        around = f"{scheme}://{host or HOST}" if host or scheme != "https" else ""
        return around + path + (f"?{written}" if written else "")

    def fields(self, *key: str, folds: bool = True) -> dict[str, str]:
        """Return the fields of a kind that are present."""
        size = len(key)
        found: dict[str, str] = {}
        for each, value in self.given.items():
            if each[:size] == key and len(each) == size + 2 and each[-1] == "there" and value:
                name = each[size]
                found[name.title() if folds and key[-1] == "header" else name] = self.text(each[:-1])
        return found

    def repeated(self, kind: str) -> dict[str, str | list[str]]:
        """Return the headers or parameters that are present; repeated ones with a list of their values."""
        found: dict[str, str | list[str]] = {**self.fields(kind)}
        for key, values in self.given.items():
            if key[0] == kind and len(key) == 3 and key[2] == "values" and self.given.get((*key[:2], "there")):
                found[key[1].title() if kind == "header" else key[1]] = list(values)
        return found

    def named(self, kind: str) -> dict[str, Any]:
        return {
            key[1]: self.tree(key[:2], TEXT)
            for key, value in self.given.items()
            if key[0] == kind and len(key) == 3 and key[2] == "there" and value
        }

    def tree(self, key: Key, default: int) -> Any:
        """Return a value of any kind."""
        kind = self.given.get((*key, "kind"), default)
        if kind == NULL:
            return None
        if kind == TEXT:
            return self.text((*key, "text"))
        if kind == NUMBER:
            return self.given.get((*key, "number"), 1)
        if kind == TRUTH:
            return self.given.get((*key, "truth"), True)
        if kind == JWT:
            return f'@("{token_text(self.claims(key))}".AsJwt())'
        if kind == LIST:
            length = self.given.get((*key, "length"), 0)
            return [self.tree((*key, f"[{index}]"), TEXT) for index in range(length)]
        size = len(key)
        there = [
            inner[:-1]
            for inner, value in self.given.items()
            if inner[:size] == key and len(inner) == size + 2 and inner[-1] == "there" and value
        ]
        return {member[-1][1:]: self.tree(member, TEXT) for member in there}

    def claims(self, key: Key) -> dict[str, str]:
        """Return the claims of a token."""
        return self.fields(*key, "claim", folds=False)

    def text(self, key: Key, default: str = "x") -> str:
        """Return a string, which may be JSON or a token."""
        if self.given.get((*key, "jwt")):
            return f"Bearer {token_text(self.claims(key))}"
        if self.given.get((*key, "json")):
            return json.dumps(self.tree((*key, "tree"), OBJECT), ensure_ascii=False)
        return str(self.given.get(key, default))

    def body(self, key: Key, default: str | None) -> tuple[str | None, Any, bool]:
        """Return text, JSON, and whether the body is JSON."""
        size = len(key)
        has_tree = any(each[:size] == key and each[size : size + 1] == ("tree",) for each in self.given)
        if self.given.get((*key, "json")):
            return None, self.tree((*key, "tree"), OBJECT) if has_tree else {}, True
        return (self.text((*key, "text")) if (*key, "text") in self.given else default), None, False

    def entities(self) -> dict[str, dict[str, Any] | None]:
        entities: dict[str, dict[str, Any] | None] = {}
        for kind in ENTITIES:
            values = {
                key[1]: value
                for key, value in self.given.items()
                if key[0] == kind and len(key) == 2 and key[1] != "there" and key not in MAY_BE_NULL
            }
            for field in sorted(MAY_BE_NULL):
                if field[0] == kind and self.get(*field, "there"):
                    values[field[1]] = self.get(*field, default=_DEFAULTS[field])
            if "id" in values and kind not in ("user", "deployment"):
                values.setdefault("name", kind)
            if "primary-key" in values:
                values.setdefault("key", _DEFAULTS["subscription", "key"])
            if kind in self.present:
                if not self.get(kind, "there", default=True):
                    entities[kind] = None
                elif values:
                    entities[kind] = {"id": self.present[kind], **values}
                continue
            if kind in _OPTIONAL and not self.get(kind, "there"):
                continue
            if values or kind in _OPTIONAL:
                entities[kind] = values
        return entities

    def groups(self) -> list[dict[str, str]]:
        return [
            {
                "id": self.get("groups", f"[{index}]", "id", default=f"group-{index}"),
                "name": self.get("groups", f"[{index}]", "name", default=f"group-{index}"),
            }
            for index in range(self.get("groups", "length", default=0))
        ]

    def answers(self, kind: str) -> list[StubResponse]:
        numbers = [int(key[1]) for key in self.given if key[0] == kind]
        return [self.answer((kind, str(index))) for index in range(max(numbers, default=-1) + 1)]

    def answer(self, key: Key) -> StubResponse:
        made = StubResponse(status=self.given.get((*key, "status"), 200), headers=self.fields(*key, "header"))
        if self.given.get((*key, "reason", "there")):
            made.reason = self.given.get((*key, "reason"), "OK")
        made.body, made.json, made.has_json = self.body((*key, "body"), default=None)
        if self.given.get((*key, "fails")):
            made.raises = "timeout" if self.given.get((*key, "late")) else "refused"
        return made


def token_text(claims: Mapping[str, Any]) -> str:
    """Return a token with these claims, without a signature."""

    def part(content: Mapping[str, Any]) -> str:
        data = json.dumps(content, separators=(",", ":")).encode()
        return base64.urlsafe_b64encode(data).decode().rstrip("=")

    return f"{part({'alg': 'none'})}.{part(claims)}."


def _guid_of(hash_code: int) -> str:
    """Return a GUID that has this hash code."""
    return f"{hash_code & 0xFFFFFFFF:08x}-0000-0000-0000-000000000000"
