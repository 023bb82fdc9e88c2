"""Save a served request as a test case: the request, the answers of backends, and the response."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import yaml

from apimpolicy.policies.effects import Forwarded
from apimpolicy.report.result_secrets import hide_secrets_of
from apimpolicy.text.secrets import HIDDEN, data_without_secrets

if TYPE_CHECKING:
    from apimpolicy.context.headers import Headers
    from apimpolicy.context.records import Request, Response
    from apimpolicy.serving.dispatcher import Handled, Served

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
