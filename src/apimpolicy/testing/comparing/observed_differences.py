"""Differences between the results of one request with two versions of a policy.

GUIDs that the gateway made are not compared: their order depends on how many a version makes.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

from apimpolicy.reasoning.proving.equivalence import OWN
from apimpolicy.report.difference_data import Journey
from apimpolicy.report.explanation import explain
from apimpolicy.testing.claims.conditions import BACKEND, GATEWAY, answered_by

if TYPE_CHECKING:
    from apimpolicy.gateway.context.headers import Headers
    from apimpolicy.gateway.context.records import Request
    from apimpolicy.gateway.engine.result import Result

_LONGEST = 100
_FAILURE = 500
_BEFORE = 30
"""Characters shown before the place where long texts differ."""
_TOKEN = re.compile(r"(?:Bearer )?[\w-]+\.([\w-]+)\.[\w-]*", re.IGNORECASE)
_GUID = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}|\b[0-9a-fA-F]{32}\b")


class Difference(NamedTuple):
    """A difference between two results. `kind` is the same for all requests that differ in the same way."""

    kind: tuple[str, ...]
    sentence: str


def differences(old: Result, new: Result) -> Iterator[Difference]:
    found = list(_all(old, new))
    if any(_GUID.search(each.sentence) for each in found):
        written = _written(old) | _written(new)
        found = [each for each in found if not _is_made(each, written)]
    yield from (Difference(each.kind, each.sentence) for each in found)


class _Compared(NamedTuple):
    """A difference with the whole texts that differ."""

    kind: tuple[str, ...]
    sentence: str
    old: str = ""
    new: str = ""


def _is_made(found: _Compared, written: set[str]) -> bool:
    """Return whether texts differ only in GUIDs that are written nowhere."""

    def masked(text: str) -> str:
        return _GUID.sub(lambda guid: guid[0] if guid[0].lower() in written else "", text)

    return found.old != found.new and masked(found.old) == masked(found.new)


def _written(result: Result) -> set[str]:
    """Return the GUIDs in the request and in the documents of a result."""
    sources = {id(entry.element.source): entry.element.source.text for entry in result.trace}
    request = result.request
    fields = [value for _, values in request.headers.fields() for value in values]
    texts = [*sources.values(), request.url, *fields, request.text if request.body else ""]
    return {found.lower() for text in texts for found in _GUID.findall(text)}


def _all(old: Result, new: Result) -> Iterator[_Compared]:
    was, now = _answer(old), _answer(new)
    statuses = old.response.status_code, new.response.status_code
    if statuses[0] == statuses[1] >= _FAILURE and (old.error is not None or new.error is not None):
        pass  # callers notice no difference between two failures
    elif was != now:
        yield _Compared(("answer", was, now), f"was {_status(old)}, is now {_status(new)}")
    elif answered_by(old) != GATEWAY or answered_by(new) != GATEWAY:
        yield from _of_content(old, new)
    if len(old.backend_requests) == len(new.backend_requests):
        for one, other in zip(old.backend_requests, new.backend_requests, strict=True):
            yield from _of_request(one, other)
    elif old.reached_backend and new.reached_backend and was == now:
        counts = str(len(old.backend_requests)), str(len(new.backend_requests))
        what = "request is" if counts[1] == "1" else "requests are"
        yield _Compared(("sent", *counts), f"{counts[1]} {what} forwarded instead of {counts[0]}")
    yield from _of_own_requests(old, new, is_same_answer=was == now)


def _of_own_requests(old: Result, new: Result, *, is_same_answer: bool) -> Iterator[_Compared]:
    """Yield differences in the requests that policies send themselves."""
    counts = len(old.sent_requests), len(new.sent_requests)
    if counts[0] != counts[1]:
        if is_same_answer:
            what = "request of their own" if counts[1] == 1 else "requests of their own"
            yield _Compared((OWN, "count"), f"policies send {counts[1]} {what} instead of {counts[0]}")
        return
    for one, other in zip(old.sent_requests, new.sent_requests, strict=True):
        for found in _of_request(one, other, f"the service at {_host(other.url)}"):
            yield found._replace(kind=(OWN, *found.kind))


def _host(url: str) -> str:
    return url.partition("://")[2].partition("/")[0] or url


def _answer(result: Result) -> str:
    if answered_by(result) == BACKEND:
        return BACKEND
    return f"{result.response.status_code} {result.response.reason}".rstrip()


def _status(result: Result) -> str:
    """Return `403 Forbidden`, or that it is the backend's response."""
    whose = " from the backend" if answered_by(result) == BACKEND else ""
    return f"{result.response.status_code} {result.response.reason}".rstrip() + whose


def _of_content(old: Result, new: Result) -> Iterator[_Compared]:
    one, other = (f"{each.response.status_code} {each.response.reason}".rstrip() for each in (old, new))
    if one != other:
        yield _Compared(("status",), f"the status was {one}, is now {other}")
    yield from _of_headers(old.response.headers, new.response.headers, "the caller")
    if old.response.body != new.response.body:
        was, now = old.response.text, new.response.text
        shown, now_shown = _texts(was, now)
        yield _Compared(("body", "the caller"), f"the body was {shown}, is now {now_shown}", was, now)


def _of_request(old: Request, new: Request, who: str = "the backend") -> Iterator[_Compared]:
    if old.method != new.method:
        yield _Compared(("method",), f"{who} gets {new.method} instead of {old.method}")
    moved = old.url != new.url
    if moved:
        was, now = _cut(old.url, new.url)
        what = "the request goes" if who == "the backend" else "a request of a policy goes"
        yield _Compared(("url",), f"{what} to {now} instead of {was}", old.url, new.url)
    hidden = ("host",) if moved and _host(old.url) != _host(new.url) else ()
    yield from _of_headers(old.headers, new.headers, who, hidden)
    if old.body != new.body:
        was, now = old.text if old.body else "", new.text if new.body else ""
        shown, now_shown = _texts(was, now)
        yield _Compared(("body", who), f"{who} gets the body {now_shown} instead of {shown}", was, now)
    one, other = (each.certificate.subject if each.certificate else "none" for each in (old, new))
    if one != other:
        yield _Compared(("certificate",), f"{who} gets the certificate {other} instead of {one}")


def _of_headers(old: Headers, new: Headers, who: str, hidden: tuple[str, ...] = ()) -> Iterator[_Compared]:
    was, now = _fields(old), _fields(new)
    spelled = {name.lower(): name for headers in (old, new) for name, _ in headers.fields()}
    for name in sorted({*was, *now} - {*hidden}):
        one, other = was.get(name), now.get(name)
        if one == other:
            continue
        shown = spelled[name]
        before, after = (", ".join(values or ()) for values in (one, other))
        first, second = _tokens(before, after) or _cut(before, after)
        if one is None:
            sentence = f"{who} now gets {shown}: {second}".rstrip()
        elif other is None:
            sentence = f"{who} no longer gets {shown} (it was {first or 'empty'})"
        elif first == second:
            sentence = f"{who} gets {shown} {_times(other)} instead of {_times(one)}: {second}"
        else:
            sentence = f"{who} gets {shown}: {second or 'empty'} instead of {first or 'empty'}"
        yield _Compared(("header", who, name), sentence, before, after)


def _tokens(one: str, other: str) -> tuple[str, str] | None:
    """Return the claims in which two tokens differ, in place of the tokens; None for other texts."""
    tokens = [_TOKEN.fullmatch(text.strip()) for text in (one, other)]
    if tokens[0] is None or tokens[1] is None:
        return None
    try:
        before, after = (
            json.loads(base64.urlsafe_b64decode(token[1] + "=" * (-len(token[1]) % 4)))
            for token in tokens
            if token is not None
        )
        names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    except (ValueError, AttributeError, TypeError):
        return None
    if not names:
        return None
    first, second = (", ".join(f"{name} {side.get(name)}" for name in names) for side in (before, after))
    first, second = _cut(first, second)
    return f"a token with {first}", f"a token with {second}"


def _times(values: tuple[str, ...]) -> str:
    return {1: "once", 2: "twice"}.get(len(values), f"{len(values)} times")


def _fields(headers: Headers) -> Mapping[str, tuple[str, ...]]:
    """Return headers by name, without the length of the body."""
    found: dict[str, tuple[str, ...]] = {}
    for name, values in headers.fields():
        if name.lower() != "content-length":
            found[name.lower()] = (*found.get(name.lower(), ()), *values)
    return found


def _texts(one: str, other: str) -> tuple[str, str]:
    first, second = _cut(one, other)
    return repr(first) if one else "empty", repr(second) if other else "empty"


def _cut(one: str, other: str) -> tuple[str, str]:
    """Return two texts, long ones from shortly before the place where they differ."""
    start = 0
    if max(len(one), len(other)) > _LONGEST:
        differing = (index for index, pair in enumerate(zip(one, other, strict=False)) if pair[0] != pair[1])
        same = next(differing, min(len(one), len(other)))
        start = max(same - _BEFORE, 0)
    return _shortened(one, start), _shortened(other, start)


def _shortened(text: str, start: int) -> str:
    shown = ("…" if start else "") + text[start:]
    return shown if len(shown) <= _LONGEST else shown[: _LONGEST - 1] + "…"


# The outcome of a request in words, for reports of comparisons


def journey_of(result: Result) -> Journey:
    explanation = explain(result)
    return Journey(explanation.outcome, explanation.decided_by, explanation.path, str(explanation))
