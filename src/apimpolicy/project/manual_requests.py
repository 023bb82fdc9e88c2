"""Requests that people write by hand: files of requests, and tokens for them.

Tokens of requests that people send by hand: `--token login --claim roles=Orders.Write`.

The providers are those of `[openid-providers]` and `[entra-tenants]`, or stand-ins for the ones that policies name. A
token of a stand-in is for the API that is called: it has the audience and the claims that its policies require.

Requests in `.http` files: a request line, headers, an empty line, the body.

    # a comment
    POST https://contoso.example/orders HTTP/1.1
    Content-Type: application/json

    {"id": 17}

The version may be left out, and so may the method, which is then GET. A line `###` ends the request; what follows is
not read.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from apimpolicy.csharp.dotnet.environment import use_environment
from apimpolicy.errors import ApimPolicyError, ConfigurationError
from apimpolicy.gateway.context.records import Request
from apimpolicy.gateway.engine.api_routing import find_api
from apimpolicy.gateway.engine.document import AnyPolicy
from apimpolicy.gateway.engine.service import ServiceApi
from apimpolicy.gateway.engine.token_issuers import EntraTenant, OpenIdProvider, TokenIssuer
from apimpolicy.project.files import MAXIMUM_MESSAGE_BYTES, read_bytes
from apimpolicy.project.service.completion import publishes
from apimpolicy.project.service.leniency import leniency
from apimpolicy.project.service.likely_values import providers_of
from apimpolicy.text.document import Element

if TYPE_CHECKING:
    from apimpolicy.gateway.engine.gateway import Gateway

if TYPE_CHECKING:
    Issuer = OpenIdProvider | EntraTenant

HOUR = 3600


class TokenWish(NamedTuple):
    """The token to send; without `provider` it is the only one, or the one of the API."""

    provider: str = ""
    claims: Mapping[str, object] = {}
    is_expired: bool = False


def claims_of(given: Sequence[str]) -> dict[str, object]:
    """Return claims of texts such as `roles=Orders.Write`; a repeated name has a list, and JSON is JSON.

    >>> claims_of(["roles=a", "roles=b", 'ids=[1, 2]', "sub=17"])
    {'roles': ['a', 'b'], 'ids': [1, 2], 'sub': '17'}
    """
    found: dict[str, Any] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise ConfigurationError(f"--claim takes NAME=VALUE, such as roles=Orders.Write, not '{text}'")
        new = _value(value)
        if name in found:
            earlier = found[name]
            found[name] = [*(earlier if isinstance(earlier, list) else [earlier]), new]
        else:
            found[name] = new
    return found


def _value(text: str) -> object:
    if text.startswith(("[", "{")) or text in ("true", "false"):
        try:
            found: object = json.loads(text)
        except ValueError:
            return text
        return found
    return text


def issuers_of(gateway: Gateway) -> dict[str, Issuer]:
    """Return the providers of a gateway that issue tokens, by name: its own, and those that stand in."""
    given = gateway.openid_providers
    sources = list(given) if isinstance(given, (list, tuple)) else [given]
    return {each.name or repr(each): each for each in sources if isinstance(each, TokenIssuer)}  # type: ignore[misc]


def token_of(gateway: Gateway, wish: TokenWish, request: Request | None = None, *, hours: float = 1) -> str:
    """Return a token for a request. Raises ConfigurationError."""
    api = None if request is None else _api_of(gateway, request)
    checks = list(_checks(gateway, api))
    name = wish.provider or _only(gateway, checks)
    issuers = issuers_of(gateway)
    if name not in issuers:
        known = f"known: {', '.join(issuers)}" if issuers else "no policy names one by its URL"
        raise ConfigurationError(f"unknown identity provider '{name}' ({known}); add a table [openid-providers.{name}]")
    issuer = issuers[name]
    options: dict[str, Any] = {"claims": dict(wish.claims), "expires_in": -60 if wish.is_expired else hours * HOUR}
    check = next((each for each in checks if publishes(issuer)(each["url"])), None)
    if check is not None:
        is_made_up = name in _stand_ins()
        audience = None if getattr(issuer, "audience", None) and not is_made_up else check.get("audience")
        options["audience"] = audience
        if is_made_up:
            options["claims"] = {**check.get("claims", {}), **wish.claims}
    return issuer.token(**options)


def _only(gateway: Gateway, checks: Sequence[Mapping[str, Any]]) -> str:
    """Return the provider that the API's policies name first, else the only one. Raises ConfigurationError."""
    issuers = issuers_of(gateway)
    for check in checks:
        for name, issuer in issuers.items():
            if publishes(issuer)(check["url"]):
                return name
    if len(issuers) == 1:
        return next(iter(issuers))
    if not issuers:
        raise ConfigurationError("there is no provider of tokens; add a table [openid-providers.login]")
    raise ConfigurationError(f"name the provider of the token with --token: {', '.join(issuers)}")


def _api_of(gateway: Gateway, request: Request) -> ServiceApi | None:
    if gateway.service is None:
        return None
    with use_environment(gateway.environment()):
        found = find_api(gateway.service, gateway.exchange(request).request)
    return None if found is None else found.api


def _checks(gateway: Gateway, api: ServiceApi | None) -> Iterator[dict[str, Any]]:
    """Yield the providers of the checks in the policies that a request to an API may meet, narrow scopes first."""
    if api is not None:
        yield from (provider for _, provider in providers_of(_elements(gateway, _documents(gateway, api))))


def _documents(gateway: Gateway, api: ServiceApi) -> Iterator[AnyPolicy | None]:
    service = gateway.service
    assert service is not None
    yield from (each.policy for each in api.operations)
    yield from api.operation_policies.values()
    yield api.policy
    yield from (product.policy for product in service.products_of(api))
    yield service.policy
    yield from gateway.fragments.values()


def _elements(gateway: Gateway, documents: Iterable[AnyPolicy | None]) -> Iterator[Element]:
    for document in documents:
        if document is not None:
            try:
                yield from gateway.policies.document(document, "<policy>").document.elements()
            except ApimPolicyError:
                continue  # whoever runs it reports it


def _stand_ins() -> set[str]:
    found = leniency()
    return set() if found is None else {each.name for each in found.stand_ins if each.kind == "issuer"}


_REQUEST_LINE = re.compile(r"(?:([A-Za-z]+)[ \t]+)?(\S+)(?:[ \t]+HTTP/[0-9.]+)?[ \t]*")
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_COMMENTS = ("#", "//")


def load_request(path: str, **options: Any) -> Request:
    """Load the request in a file; `options` are further arguments of `Request`. Raises ConfigurationError."""
    method, url, headers, body = parse_request(read_bytes(path, MAXIMUM_MESSAGE_BYTES), path)
    return Request(method, url, headers=headers, body=body, **options)


def parse_request(data: bytes, path: str = "<request>") -> tuple[str, str, list[tuple[str, str]], bytes | None]:
    """Method, URL, headers and body. Raises ConfigurationError that names file and line."""
    lines = data.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    start = next((index for index, line in enumerate(lines) if line.strip() and not _is_comment(line)), None)
    if start is None:
        raise ConfigurationError(f"{path} holds no request: expected a line such as 'GET https://contoso.example/'")
    request_line = _REQUEST_LINE.fullmatch(_text(lines[start], path, start))
    if request_line is None:
        raise ConfigurationError(
            f"{path}:{start + 1}: expected a method and a URL, such as 'GET https://contoso.example/'"
        )
    headers: list[tuple[str, str]] = []
    position = start + 1
    while position < len(lines) and not lines[position].startswith(b"###"):
        line = _text(lines[position], path, position)
        position += 1
        if not line.strip():
            break
        if line.startswith(_COMMENTS):
            continue
        name, colon, value = line.partition(":")
        if not colon or not _TOKEN.fullmatch(name):
            raise ConfigurationError(f"{path}:{position}: expected a header such as 'Accept: */*', or an empty line")
        headers.append((name, value.strip()))
    return (request_line[1] or "GET").upper(), request_line[2], headers, _body(lines[position:])


def _body(lines: list[bytes]) -> bytes | None:
    end = next((index for index, line in enumerate(lines) if line.startswith(b"###")), len(lines))
    body = b"\n".join(lines[:end])
    # The file's last line end is the file's, not the body's.
    body = body.removesuffix(b"\n").removesuffix(b"\r")
    return body or None


def _is_comment(line: bytes) -> bool:
    return line.lstrip().startswith((b"#", b"//"))


def _text(line: bytes, path: str, index: int) -> str:
    try:
        return line.decode().rstrip("\r")
    except UnicodeDecodeError:
        raise ConfigurationError(f"{path}:{index + 1}: this line is not UTF-8") from None
