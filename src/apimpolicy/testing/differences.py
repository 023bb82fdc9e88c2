"""Compare texts, bodies, headers and requests with the expectations of a test case, in sentences."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from apimpolicy.testing.format import BODY, MATCHING, SENT

if TYPE_CHECKING:
    from apimpolicy.gateway.context.headers import Headers
    from apimpolicy.gateway.context.records import Request
    from apimpolicy.testing.tree import Tree


def text_differs(tree: Tree, got: str, what: str) -> Iterator[str]:
    if isinstance(tree.value, dict):
        yield from _by_keys(tree.known(MATCHING), got, what)
    elif got != tree.text():
        yield f"expected {what} {tree.text()!r}, got {short(got)}"


def _by_keys(keys: dict[str, Tree], got: str, what: str) -> Iterator[str]:
    for key, part in keys.items():
        if key == "equals":
            if got != part.text():
                yield f"expected {what} {part.text()!r}, got {short(got)}"
        elif key == "matches":
            if part.pattern().search(got) is None:
                yield f"expected {what} to match {part.text()!r}, got {short(got)}"
        else:
            for item in part.items():
                if (item.text() in got) is not (key == "contains"):
                    does = "to contain" if key == "contains" else "not to contain"
                    yield f"expected {what} {does} {item.text()!r}, got {short(got)}"


def short(text: str) -> str:
    return repr(text if len(text) <= 200 else f"{text[:200]}…")


def as_json(value: Any) -> str:
    import json

    return json.dumps(value, ensure_ascii=False, default=str)


def headers_differ(tree: Tree, headers: Headers, whose: str) -> Iterator[str]:
    for name, wanted in tree.table().items():
        got = headers.get(name)
        if wanted.value in (None, False):
            if got is not None:
                yield f"expected {whose} to have no header {name}, got {got!r}"
        elif got is None:
            yield f"expected {whose} to have the header {name}, it has none"
        else:
            yield from text_differs(wanted, got, f"header {name}")


def body_differs(tree: Tree, text: str, what: str) -> Iterator[str]:
    if not isinstance(tree.value, dict):
        yield from text_differs(tree, text, what)
        return
    parts = tree.known(BODY)
    plain = {key: part for key, part in parts.items() if key in MATCHING}
    yield from _by_keys(plain, text, what)
    for key in ("json", "json-subset"):
        if key in parts:
            yield from json_differs(parts[key], text, what, subset=key == "json-subset")


def json_differs(tree: Tree, text: str, what: str, *, subset: bool) -> Iterator[str]:
    import json

    try:
        got = json.loads(text)
    except ValueError as error:
        yield f"expected {what} to be JSON, got {short(text)} ({error})"
        return
    yield from differences(tree.plain(), got, what, subset)


def differences(wanted: Any, got: Any, place: str, subset: bool) -> Iterator[str]:
    """Yield the first places in which two JSON values differ."""
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
        yield f"expected {place} {as_json(wanted)}, got {as_json(got)}"


def requests_differ(tree: Tree, requests: Sequence[Request], what: str) -> Iterator[str]:
    shown = ": " * bool(requests) + ", ".join(f"{request.method} {request.url}" for request in requests)
    if isinstance(tree.value, (int, bool)):
        count = int(tree.value)
        is_right = bool(requests) == tree.value if isinstance(tree.value, bool) else len(requests) == count
        if not is_right:
            wanted = ("some" if tree.value else "no") if isinstance(tree.value, bool) else str(count)
            yield f"expected {wanted} {_requests(wanted)} {what}, got {len(requests)}{shown}"
        return
    items = tree.items()
    if len(items) != len(requests):
        yield f"expected {len(items)} {_requests(str(len(items)))} {what}, got {len(requests)}{shown}"
    for number, (item, request) in enumerate(zip(items, requests, strict=False), 1):
        whose = f"request {number}" if len(items) > 1 else "the request"
        for key, part in item.known(SENT).items():
            yield from _SENT[key](part, request, whose)


def _requests(count: str) -> str:
    return "request" if count == "1" else "requests"


def _certificate(tree: Tree, request: Request, whose: str) -> Iterator[str]:
    got = None if request.certificate is None else request.certificate.subject
    if (tree.value in (None, False)) is not (got is None) or (got is not None and tree.text() not in got):
        yield f"expected {whose} to carry the certificate {tree.text()}, got {got or 'none'}"


_SENT: dict[str, Callable[[Tree, Request, str], Iterator[str]]] = {
    "method": lambda tree, request, whose: text_differs(tree, request.method, f"{whose}'s method"),
    "url": lambda tree, request, whose: text_differs(tree, request.url, f"{whose}'s url"),
    "headers": lambda tree, request, whose: headers_differ(tree, request.headers, whose),
    "body": lambda tree, request, whose: body_differs(tree, request.text, f"{whose}'s body"),
    "certificate": _certificate,
    "json": lambda tree, request, whose: json_differs(tree, request.text, f"{whose}'s body", subset=False),
    "json-subset": lambda tree, request, whose: json_differs(tree, request.text, f"{whose}'s body", subset=True),
}
