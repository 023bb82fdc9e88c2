"""The inspector's form: a request as its fields, and the fields as a request.

    {"method": "POST", "url": "/orders", "headers": "Accept: */*\\nX-Mode: test", "body": "…", "certificate": "none",
     "pem": "", "token": "login", "claims": "roles=writer"}

`certificate` is `none`, `same` (that of the request that is edited), `uploaded:ID` (one of the gateway's own) or `pem`
(the text in `pem`). `token` is the provider of a token, `claims` has one of its claims per line. The fields of a
request that was served hide its secrets. A field that comes back as it was shown keeps the request's real value, so
that a request can be edited and sent although its token is never shown.
"""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import yaml

from apimpolicy.csharp.dotnet.cryptography.certificate import Certificate
from apimpolicy.errors import ConfigurationError
from apimpolicy.gateway.context.headers import Headers
from apimpolicy.gateway.context.records import Request, Response
from apimpolicy.gateway.policies.effects import Forwarded
from apimpolicy.project.manual_requests import TokenWish, claims_of, parse_request, token_of
from apimpolicy.report.result_secrets import hide_secrets_of
from apimpolicy.text.secrets import HIDDEN, data_without_secrets, is_secret_header, without_secrets

if TYPE_CHECKING:
    from apimpolicy.gateway.engine.gateway import Gateway
    from apimpolicy.serving.dispatcher import Handled, Served

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
        form_shown, served = form_of(edited), edited.request
        address = served.ip_address
        url = served.url if url == form_shown["url"] else url
        body = served.body if form["body"] == form_shown["body"] else body
        originals = {(name.lower(), _shown(name, value)): value for name, value in _pairs(served.headers)}
        headers = [(name, originals.get((name.lower(), value), value)) for name, value in headers]
    certificate = _certificate(form["certificate"], form["pem"], gateway, edited)
    request = Request(method, url, headers=headers, body=body, certificate=certificate, ip_address=address)
    if not form["token"]:
        return request
    wish = TokenWish(form["token"], claims_of(form["claims"].split("\n") if form["claims"].strip() else ()))
    others = [(name, value) for name, value in headers if name.lower() != "authorization"]
    request.headers = Headers([*others, ("Authorization", f"Bearer {token_of(gateway, wish, request)}")])
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


_NOT_OURS = frozenset(
    (
        *("date", "content-length", "connection", "transfer-encoding", "host", "user-agent"),
        *("accept", "accept-encoding", "apim-trace-id", "apim-debug-authorization"),
    )
)


def case_of(handled: Handled, served: Served) -> str:
    """Return the test file. Secrets are replaced by `***`; put test values in their place before you keep the file."""
    result = handled.result
    assert result is not None
    document: dict[str, Any] = _subject(served)
    case: dict[str, Any] = {"name": f"{handled.request.method} {_path(handled.request)}"}
    case["request"] = _request(handled.request)
    answers = [effect.response for _, effect in result.trace.effects(Forwarded)]
    backend = [_response(answer) for answer in answers if answer is not None]
    if backend:
        case["backend"] = backend[0] if len(backend) == 1 else backend
    expect: dict[str, Any] = {"status": handled.response.status_code, "reason": handled.response.reason}
    if headers := _headers(handled.response.headers):
        expect["headers"] = {
            name: value if isinstance(value, str) else ", ".join(value) for name, value in headers.items()
        }
    expect |= _content(handled.response.body, handled.response.text)
    expect["backend-requests"] = len(result.backend_requests)
    case["expect"] = expect
    document["cases"] = [case]
    hide_secrets_of(result)
    text: str = yaml.safe_dump(data_without_secrets(document), sort_keys=False, allow_unicode=True, width=120)
    return f"# A request that was served here. Secrets are {HIDDEN}: put test values in their place.\n{text}"


def _subject(served: Served) -> dict[str, Any]:
    if served.policies is None:
        return {"service": "."}
    paths = {scope: getattr(policy, "path", str(policy)) for scope, policy in served.policies.items()}
    paths = {scope: path for scope, path in paths.items() if not path.startswith("<")}
    return {"policy": paths["api"]} if list(paths) == ["api"] else {"policies": paths}


def _path(request: Request) -> str:
    return "/" + request.url.partition("://")[2].partition("/")[2]


def _request(request: Request) -> dict[str, Any]:
    made: dict[str, Any] = {"method": request.method, "url": request.url}
    if headers := _headers(request.headers):
        made["headers"] = headers
    if request.body:
        made |= _content(request.body, request.text)
    return made


def _response(response: Any) -> dict[str, Any]:
    given: Response = response
    made: dict[str, Any] = {"status": given.status_code}
    if headers := _headers(given.headers):
        made["headers"] = headers
    return {**made, **_content(given.body, given.text)}


def _headers(headers: Headers) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, values in headers.fields():
        if name.lower() not in _NOT_OURS:
            found[name] = values[0] if len(values) == 1 else list(values)
    return found


def _content(body: bytes, text: str) -> dict[str, Any]:
    if not body:
        return {}
    try:
        return {"json": json.loads(text)}
    except ValueError:
        pass
    if "\ufffd" in text:
        return {"body": f"(not text; in base 64: {base64.b64encode(body[:60]).decode()}…)"}
    return {"body": text}
