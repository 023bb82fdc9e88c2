"""Differences between the results of one request with two versions of a policy."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from apimpolicy.testing.claims.conditions import BACKEND, answered_by

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from apimpolicy.context.headers import Headers
    from apimpolicy.context.records import Request
    from apimpolicy.engine.result import Result

_HIDDEN = 100


class Difference(NamedTuple):
    """A difference between two results. `kind` is the same for all requests that differ in the same way."""

    kind: tuple[str, ...]
    sentence: str


def differences(old: Result, new: Result) -> Iterator[Difference]:
    """Return the differences in the response, and in what was forwarded."""
    was, now = _answer(old), _answer(new)
    if was != now:
        yield Difference(("answer", was, now), f"was {_status(old)}, is now {_status(new)}")
    else:
        yield from _of_content(old, new)
    if len(old.backend_requests) != len(new.backend_requests):
        if old.reached_backend and new.reached_backend:
            counts = str(len(old.backend_requests)), str(len(new.backend_requests))
            yield Difference(("sent", *counts), f"{counts[1]} requests are forwarded instead of {counts[0]}")
        return
    for one, other in zip(old.backend_requests, new.backend_requests, strict=True):
        yield from _of_request(one, other)


def _answer(result: Result) -> str:
    """Return the kind of a response: the backend's, or the status of another one."""
    if answered_by(result) == BACKEND:
        return BACKEND
    return f"{result.response.status_code} {result.response.reason}".rstrip()


def _status(result: Result) -> str:
    """Return `403 Forbidden`, or that it is the backend's response."""
    whose = " from the backend" if answered_by(result) == BACKEND else ""
    return f"{result.response.status_code} {result.response.reason}".rstrip() + whose


def _of_content(old: Result, new: Result) -> Iterator[Difference]:
    one, other = (f"{each.response.status_code} {each.response.reason}".rstrip() for each in (old, new))
    if one != other:
        yield Difference(("status",), f"the status was {one}, is now {other}")
    yield from _of_headers(old.response.headers, new.response.headers, "the caller")
    if old.response.body != new.response.body:
        was, now = _short(old.response.text), _short(new.response.text)
        yield Difference(("body", "the caller"), f"the body was {was}, is now {now}")


def _of_request(old: Request, new: Request) -> Iterator[Difference]:
    if old.method != new.method:
        yield Difference(("method",), f"the backend gets {new.method} instead of {old.method}")
    if old.url != new.url:
        yield Difference(("url",), f"the request goes to {new.url} instead of {old.url}")
    yield from _of_headers(old.headers, new.headers, "the backend")
    if old.body != new.body:
        was, now = old.text if old.body else "", new.text if new.body else ""
        yield Difference(("body", "the backend"), f"the backend gets {_body(now)} instead of {_body(was)}")
    one, other = (each.certificate.subject if each.certificate else "none" for each in (old, new))
    if one != other:
        yield Difference(("certificate",), f"the backend gets the certificate {other} instead of {one}")


def _of_headers(old: Headers, new: Headers, who: str) -> Iterator[Difference]:
    was, now = _fields(old), _fields(new)
    for name in sorted({*was, *now}):
        one, other = was.get(name), now.get(name)
        if one == other:
            continue
        shown = name.title()
        if one is None:
            sentence = f"{who} now gets {shown}: {_shown(other)}"
        elif other is None:
            sentence = f"{who} no longer gets {shown} (it was {_shown(one)})"
        else:
            sentence = f"{who} gets {shown}: {_shown(other)} instead of {_shown(one)}"
        yield Difference(("header", who, name), sentence)


def _fields(headers: Headers) -> Mapping[str, tuple[str, ...]]:
    """Return headers by name, without the length of the body."""
    found: dict[str, tuple[str, ...]] = {}
    for name, values in headers.fields():
        if name.lower() != "content-length":
            found[name.lower()] = (*found.get(name.lower(), ()), *values)
    return found


def _shown(values: tuple[str, ...] | None) -> str:
    return _cut(", ".join(values or ()))


def _body(text: str) -> str:
    return f"the body {_short(text)}" if text else "no body"


def _short(text: str) -> str:
    return repr(_cut(text)) if text else "nothing"


def _cut(text: str) -> str:
    return text if len(text) <= _HIDDEN else text[: _HIDDEN - 1] + "…"
