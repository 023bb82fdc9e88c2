"""What a test case expects of a result, and the sentences that say how it differs.

expect:
  status: 403                          a number, a list of numbers, or a pattern such as 4xx
  reason: Invalid client certificate   a text, or {contains: …}, {matches: a regular expression}
  headers: {X-Trace: "1", Server: null}    null: the header is not there
  body: {contains: orders}             a text, or contains, matches; or json (equal), json-subset
  json: {orders: []}                   short for body: {json: …}; json-subset likewise
  backend-requests: 1                  how many reached a backend, or a list of {method, url, headers, body, json}
  sent-requests: 0                     the same of send-request and send-one-way-request
  request: {headers: {X-Id: "1"}}      what policies made of the request: method, url, headers, body, json
  variables: {user: anna}              values at the end, as JSON or as C# writes them
  error: {reason: TokenExpired}        of context.LastError; false: there was none
  branch: choose ▸ when 1              taken on the way; also choose[1]/when[1], or a list
  explanation: not among the uploaded  a text (or several) that the explanation contains
  effects: "set-status[1]: 404"        what a policy did, as the trace says it; several in this order
  trace: [{source: rewrite-uri}]       entries of the gateway's own trace, in this order (testing/trace_expectations.py)
"""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NamedTuple

from apimpolicy.dotnet.values import from_utf16
from apimpolicy.testing.format import BODY, ERROR, EXPECT, MATCHING, SENT
from apimpolicy.testing.tree import WRONG_KIND, Tree

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from apimpolicy.context.headers import Headers
    from apimpolicy.context.records import Request, Response
    from apimpolicy.engine.result import Result


class Mismatch(NamedTuple):
    """One thing that is not as expected: the sentence, and the line of the test file that expects it."""

    sentence: str
    line: int


def mismatches(expect: Tree, result: Result) -> list[Mismatch]:
    """Everything in which a result differs from what is expected. Raises TestFileError."""
    found: list[Mismatch] = []
    for key, tree in expect.known(EXPECT).items():
        for sentence in _CHECKS[key](tree, result):
            found.append(Mismatch(sentence, tree.line))
    return found


OBSERVABLE = frozenset({"status", "reason", "headers", "body", "json", "json-subset"})
"""What can be seen of an answer that comes over the network."""


def observable_mismatches(expect: Tree, response: Response) -> tuple[list[Mismatch], int]:
    """In what a response from anywhere differs from what is expected; how many expectations it cannot show."""
    expected = expect.known(EXPECT)
    seen = SimpleNamespace(response=response)
    found = [
        Mismatch(sentence, tree.line)
        for key, tree in expected.items()
        if key in OBSERVABLE
        for sentence in _CHECKS[key](tree, seen)
    ]
    return found, sum(key not in OBSERVABLE for key in expected)


def validate(expect: Tree) -> None:
    """Raises TestFileError when an expectation is written wrongly, before anything runs."""
    for key, tree in expect.known(EXPECT).items():
        if key in ("body", "reason") and isinstance(tree.value, dict):
            tree.known(BODY if key == "body" else MATCHING)
        elif key == "status":
            for item in tree.items():
                _is_status(item, 200)
        elif key == "headers" or key == "variables":
            tree.table()
        elif key in ("backend-requests", "sent-requests") and not isinstance(tree.value, (int, bool)):
            for item in tree.items():
                item.known(SENT)
        elif key == "request":
            tree.known(SENT)
        elif key == "trace":
            from apimpolicy.testing.trace_expectations import validate_trace

            validate_trace(tree)
        elif key == "error" and tree.value not in (False, None):
            tree.known(ERROR)


def _status(tree: Tree, result: Result) -> Iterator[str]:
    got = result.response.status_code
    if not any(_is_status(item, got) for item in tree.items()):
        wanted = " or ".join(item.text() for item in tree.items())
        yield f"expected status {wanted}, got {got}"


def _is_status(tree: Tree, status: int) -> bool:
    if isinstance(tree.value, int) and not isinstance(tree.value, bool):
        return status == tree.value
    pattern = tree.text()
    if not re.fullmatch(r"[1-5][0-9xX]{2}", pattern):
        raise tree.mistake(WRONG_KIND, "a status is a number such as 403, or a pattern such as 4xx")
    return re.fullmatch(pattern.lower().replace("x", r"\d"), str(status)) is not None


def _reason(tree: Tree, result: Result) -> Iterator[str]:
    yield from _text(tree, result.response.reason, "reason")


def _headers(tree: Tree, result: Result) -> Iterator[str]:
    yield from _of_headers(tree, result.response.headers, "the response")


def _of_headers(tree: Tree, headers: Headers, whose: str) -> Iterator[str]:
    for name, wanted in tree.table().items():
        got = headers.get(name)
        if wanted.value in (None, False):
            if got is not None:
                yield f"expected {whose} to have no header {name}, got {got!r}"
        elif got is None:
            yield f"expected {whose} to have the header {name}, it has none"
        else:
            yield from _text(wanted, got, f"header {name}")


def _body(tree: Tree, result: Result) -> Iterator[str]:
    yield from _of_body(tree, result.response.text, "body")


def _of_body(tree: Tree, text: str, what: str) -> Iterator[str]:
    if not isinstance(tree.value, dict):
        yield from _text(tree, text, what)
        return
    parts = tree.known(BODY)
    plain = {key: part for key, part in parts.items() if key in MATCHING}
    yield from _by_keys(plain, text, what)
    for key in ("json", "json-subset"):
        if key in parts:
            yield from _of_json(parts[key], text, what, subset=key == "json-subset")


def _of_json(tree: Tree, text: str, what: str, *, subset: bool) -> Iterator[str]:
    import json

    try:
        got = json.loads(text)
    except ValueError as error:
        yield f"expected {what} to be JSON, got {_short(text)} ({error})"
        return
    yield from differences(tree.plain(), got, what, subset)


def differences(wanted: Any, got: Any, place: str, subset: bool) -> Iterator[str]:
    """The first places in which two JSON values differ."""
    if isinstance(wanted, dict) and isinstance(got, dict):
        for key, value in wanted.items():
            if key not in got:
                yield f"expected {place} to have {key!r}, it has {', '.join(map(repr, got)) or 'nothing'}"
            else:
                yield from differences(value, got[key], f"{place}.{key}", subset)
        if not subset and (more := [key for key in got if key not in wanted]):
            listed = ", ".join(map(repr, wanted)) or "nothing"
            yield f"expected {place} to have only {listed}, it has {', '.join(map(repr, more))} too"
    elif isinstance(wanted, list) and isinstance(got, list) and (subset or len(wanted) == len(got)):
        if len(got) < len(wanted):
            yield f"expected {place} to have {len(wanted)} items, it has {len(got)}"
        for index, (one, other) in enumerate(zip(wanted, got, strict=False)):
            yield from differences(one, other, f"{place}[{index}]", subset)
    elif wanted != got or isinstance(wanted, bool) is not isinstance(got, bool):
        yield f"expected {place} {_json(wanted)}, got {_json(got)}"


def _backend_requests(tree: Tree, result: Result) -> Iterator[str]:
    yield from _requests(tree, result.backend_requests, "reached a backend")


def _sent_requests(tree: Tree, result: Result) -> Iterator[str]:
    yield from _requests(tree, result.sent_requests, "were sent by policies")


def _request(tree: Tree, result: Result) -> Iterator[str]:
    yield from _requests(tree, [result.exchange.request.to_request()], "policies changed")


def _requests(tree: Tree, requests: Sequence[Request], what: str) -> Iterator[str]:
    shown = ", ".join(f"{request.method} {request.url}" for request in requests) or "none"
    if isinstance(tree.value, (int, bool)):
        count = int(tree.value)
        is_right = bool(requests) == tree.value if isinstance(tree.value, bool) else len(requests) == count
        if not is_right:
            wanted = ("some" if tree.value else "none") if isinstance(tree.value, bool) else str(count)
            yield f"expected {wanted} of the requests that {what}, got {len(requests)}: {shown}"
        return
    items = tree.items()
    if len(items) != len(requests):
        yield f"expected {len(items)} requests that {what}, got {len(requests)}: {shown}"
    for number, (item, request) in enumerate(zip(items, requests, strict=False), 1):
        whose = f"request {number}" if len(items) > 1 else "the request"
        for key, part in item.known(SENT).items():
            if key == "method":
                yield from _text(part, request.method, f"{whose}'s method")
            elif key == "url":
                yield from _text(part, request.url, f"{whose}'s url")
            elif key == "headers":
                yield from _of_headers(part, request.headers, whose)
            elif key == "body":
                yield from _of_body(part, request.text, f"{whose}'s body")
            elif key == "certificate":
                got = None if request.certificate is None else request.certificate.subject
                if (part.value in (None, False)) is not (got is None) or (got is not None and part.text() not in got):
                    yield f"expected {whose} to carry the certificate {part.text()}, got {got or 'none'}"
            else:
                yield from _of_json(part, request.text, f"{whose}'s body", subset=key == "json-subset")


def _variables(tree: Tree, result: Result) -> Iterator[str]:
    from apimpolicy.dotnet.system import objects

    for name, wanted in tree.table().items():
        if name not in result.exchange.variables:
            known = ", ".join(result.exchange.variables) or "none"
            if wanted.value is not None:
                yield f"expected the variable {name!r}, it was not set; set were {known}"
            continue
        value = result.exchange.variables[name]
        if value is None:
            if wanted.value is not None:
                yield f"expected the variable {name!r} to be {_json(wanted.plain())}, it is null"
            continue
        text = from_utf16(objects.text(value))
        if isinstance(wanted.value, dict) and set(wanted.value) <= set(BODY):
            yield from _of_body(wanted, text, f"variable {name}")
            continue
        plain = wanted.plain()
        spelled = (
            ("True" if plain else "False") if isinstance(plain, bool) else wanted.text() if _is_scalar(plain) else None
        )
        if spelled is None:
            yield from _of_json(wanted, text, f"variable {name}", subset=False)
        elif text != spelled:
            yield f"expected the variable {name!r} to be {spelled!r}, got {_short(text)}"


def _is_scalar(value: Any) -> bool:
    return not isinstance(value, (dict, list)) and value is not None


def _error(tree: Tree, result: Result) -> Iterator[str]:
    error = result.error
    if tree.value in (False, None):
        if error is not None:
            yield f"expected no error, got {error.source} {error.reason}: {from_utf16(error.message)}"
        return
    if error is None:
        yield "expected an error, there was none"
        return
    for key, part in tree.known(ERROR).items():
        got = getattr(error, key.replace("-", "_"))
        if part.value is None:
            if got is not None:
                yield f"expected the error's {key} to be null, got {got!r}"
        else:
            yield from _text(part, from_utf16(got) if got is not None else "", f"the error's {key}")


def _branch(tree: Tree, result: Result) -> Iterator[str]:
    from apimpolicy.report.explanation import steps_of

    taken: dict[str, str] = {}
    for entry in result.trace:
        if entry.name in ("when", "otherwise") and entry.effect is not None and entry.effect.data.get("taken"):
            shown = steps_of(entry)
            taken |= {shown: shown, entry.path: shown, shown.rpartition(" ▸ ")[2]: shown}
    for item in tree.items():
        wanted = item.text().replace(" > ", " ▸ ")
        if wanted not in taken:
            known = ", ".join(dict.fromkeys(taken.values())) or "none"
            yield f"expected the branch {wanted}, taken were: {known}"


def _explanation(tree: Tree, result: Result) -> Iterator[str]:
    from apimpolicy.report.explanation import explain

    text = str(explain(result))
    joined = " ".join(text.split())
    for item in tree.items():
        if item.text() not in text and " ".join(item.text().split()) not in joined:
            yield f"expected the explanation to say {item.text()!r}"


def _effects(tree: Tree, result: Result) -> Iterator[str]:
    told = [f"{entry.path}: {entry.effect.text}" for entry in result.trace if entry.effect is not None]
    rest = iter(told)
    for item in tree.items():
        if item.text() not in rest:
            yield f"expected the effect {item.text()!r} in this place, there were: {'; '.join(told) or 'none'}"
            return


def _trace(tree: Tree, result: Result) -> Iterator[str]:
    from apimpolicy.testing.trace_expectations import missing_entries

    yield from missing_entries(tree, result)


def _text(tree: Tree, got: str, what: str) -> Iterator[str]:
    if isinstance(tree.value, dict):
        yield from _by_keys(tree.known(MATCHING), got, what)
    elif got != tree.text():
        yield f"expected {what} {tree.text()!r}, got {_short(got)}"


def _by_keys(keys: dict[str, Tree], got: str, what: str) -> Iterator[str]:
    for key, part in keys.items():
        if key == "equals":
            if got != part.text():
                yield f"expected {what} {part.text()!r}, got {_short(got)}"
        elif key == "matches":
            try:
                is_match = re.search(part.text(), got) is not None
            except re.error as error:
                raise part.mistake(WRONG_KIND, f"this is not a regular expression: {error}") from None
            if not is_match:
                yield f"expected {what} to match {part.text()!r}, got {_short(got)}"
        else:
            for item in part.items():
                if (item.text() in got) is not (key == "contains"):
                    does = "to contain" if key == "contains" else "not to contain"
                    yield f"expected {what} {does} {item.text()!r}, got {_short(got)}"


def _short(text: str) -> str:
    return repr(text if len(text) <= 200 else f"{text[:200]}…")


def _json(value: Any) -> str:
    import json

    return json.dumps(value, ensure_ascii=False, default=str)


_CHECKS: dict[str, Callable[[Tree, Any], Iterator[str]]] = {
    "status": _status,
    "reason": _reason,
    "headers": _headers,
    "body": _body,
    "json": lambda tree, result: _of_json(tree, result.response.text, "body", subset=False),
    "json-subset": lambda tree, result: _of_json(tree, result.response.text, "body", subset=True),
    "backend-requests": _backend_requests,
    "sent-requests": _sent_requests,
    "request": _request,
    "variables": _variables,
    "error": _error,
    "branch": _branch,
    "explanation": _explanation,
    "effects": _effects,
    "trace": _trace,
}
