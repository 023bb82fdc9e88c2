"""The inspector's form: a request as its fields, and the fields as a request.

    {"method": "POST", "url": "/orders", "headers": "Accept: */*\\nX-Mode: test", "body": "…", "certificate": "none",
     "pem": "", "token": "login", "claims": "roles=writer"}

`certificate` is `none`, `same` (that of the request that is edited), `uploaded:ID` (one of the gateway's own) or `pem`
(the text in `pem`). `token` is the provider of a token, `claims` has one of its claims per line. The fields of a
request that was served hide its secrets. A field that comes back as it was shown keeps the request's real value, so
that a request can be edited and sent although its token is never shown.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from apimpolicy.context.headers import Headers
from apimpolicy.context.records import Request
from apimpolicy.dotnet.cryptography.certificate import Certificate
from apimpolicy.errors import ConfigurationError
from apimpolicy.project.caller_tokens import TokenWish, claims_of, token_of
from apimpolicy.project.http_files import parse_request
from apimpolicy.report.result_secrets import hide_secrets_of
from apimpolicy.text.secrets import is_secret_header, without_secrets

if TYPE_CHECKING:
    from apimpolicy.engine.gateway import Gateway
    from apimpolicy.serving.dispatcher import Handled

_NAMES = ("method", "url", "headers", "body", "certificate", "pem", "token", "claims")
_BINARY = "(binary body, sent unchanged)"


def form_of(handled: Handled) -> dict[str, str]:
    """Return the fields of a request that was served, without its secrets."""
    if handled.result is not None:
        hide_secrets_of(handled.result)
    request = handled.request
    headers = "\n".join(f"{name}: {_shown(name, value)}" for name, value in _pairs(request.headers))
    return {
        "method": request.method,
        "url": without_secrets(request.url),
        "headers": headers,
        "body": without_secrets(_text(request)),
        "certificate": "none" if request.certificate is None else "same",
        "pem": "",
    }


def read_form(data: bytes, gateway: Gateway, edited: Handled | None = None) -> Request:
    """Return the request of a form. Raises ConfigurationError, with a sentence for the person who filled it in."""
    form = _fields(data)
    lines = [" ".join(f"{form['method']} {form['url']}".split()), *filter(str.strip, form["headers"].split("\n"))]
    method, url, headers, _ = parse_request("\n".join(lines).encode("utf-8", "surrogatepass"), "the request")
    if not url.startswith(("/", "http://", "https://")):
        raise ConfigurationError(
            f"'{url}' is not a URL: expected a path such as /orders, or https://contoso.example/orders"
        )
    body: bytes | None = form["body"].encode("utf-8", "surrogatepass") or None
    address = "127.0.0.1"
    if edited is not None:
        shown, served = form_of(edited), edited.request
        address = served.ip_address
        url = served.url if url == shown["url"] else url
        body = served.body if form["body"] == shown["body"] else body
        originals = {(name.lower(), _shown(name, value)): value for name, value in _pairs(served.headers)}
        headers = [(name, originals.get((name.lower(), value), value)) for name, value in headers]
    certificate = _certificate(form["certificate"], form["pem"], gateway, edited)
    request = Request(method, url, headers=headers, body=body, certificate=certificate, ip_address=address)
    if not form["token"]:
        return request
    wish = TokenWish(form["token"], claims_of(form["claims"].split("\n") if form["claims"].strip() else ()))
    given = [(name, value) for name, value in headers if name.lower() != "authorization"]
    request.headers = Headers([*given, ("Authorization", f"Bearer {token_of(gateway, wish, request)}")])
    return request


def _fields(data: bytes) -> dict[str, str]:
    try:
        given: Any = json.loads(data)
    except ValueError:
        given = None
    if not isinstance(given, dict) or not all(isinstance(given.get(name, ""), str) for name in _NAMES):
        raise ConfigurationError(f"expected a JSON object with the texts {', '.join(_NAMES)}")
    return {name: given.get(name, "").replace("\r\n", "\n") for name in _NAMES}


def _certificate(choice: str, pem: str, gateway: Gateway, edited: Handled | None) -> Certificate | None:
    kind, _, name = choice.partition(":")
    if kind == "same" and edited is not None:
        return edited.request.certificate
    if kind == "uploaded":
        found = gateway.uploaded.get(name)
        if found is None:
            raise ConfigurationError(f"no certificate named '{name}' is uploaded to the gateway")
        return found
    return Certificate.from_pem(pem) if kind == "pem" else None


def _pairs(headers: Headers) -> list[tuple[str, str]]:
    return [(name, value) for name, values in headers.fields() for value in values]


def _shown(name: str, value: str) -> str:
    return "***" if is_secret_header(name) else without_secrets(value)


def _text(request: Request) -> str:
    if not request.body:
        return ""
    text = request.text
    return _BINARY if "\ufffd" in text or "\0" in text else text.replace("\r\n", "\n")
