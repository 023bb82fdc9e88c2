"""The inspector: requests as they are answered, each one's journey and policies, and the state that they share.

The inspector has a port of its own on this machine. So nothing that a policy or a backend serves shares its origin, and
no header of a proxy matters. Its address, which `apimpolicy serve` prints, ends in a token; all else is 404 there.

GET  /TOKEN/                        the page
GET  /TOKEN/events                  summaries of requests, the last ones and then as they end (server-sent events)
GET  /TOKEN/requests/ID             the journey page; also ID/run, ID/trace, ID/policies, ID/case
POST /TOKEN/requests/ID/replay      send it again
GET  /TOKEN/requests/ID/form        its fields, to be edited (`serving.request_forms`)
POST /TOKEN/requests/ID/send        send the fields in the body, which were its own and edited
POST /TOKEN/send                    send the fields in the body
GET  /TOKEN/certificates            the ids of the uploaded certificates
GET  /TOKEN/providers               the names of the identity providers, for tokens
GET  /TOKEN/state                   counters, caches and circuits
GET  /TOKEN/process                 what this process holds: requests under way, tasks, threads

A request to the gateway whose header `Apim-Debug-Authorization` is the token gets `Apim-Trace-Id` in its answer: the ID
here.
"""

from __future__ import annotations

import asyncio
import hmac
import threading
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from importlib.resources import files
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from apimpolicy.csharp.dotnet.environment import use_environment
from apimpolicy.errors import ConfigurationError
from apimpolicy.gateway.context.headers import Headers
from apimpolicy.gateway.context.records import Request, Response
from apimpolicy.project.manual_requests import issuers_of
from apimpolicy.report.columns import Style
from apimpolicy.report.log_commands import to_json
from apimpolicy.serving.dispatcher import Dispatcher, Handled
from apimpolicy.serving.engine_loop import keep
from apimpolicy.serving.http_messages import own_answer
from apimpolicy.serving.listeners import Summary
from apimpolicy.serving.workers import OWN, Peers
from apimpolicy.text.secrets import without_secrets
from apimpolicy.text.source import number_of

if TYPE_CHECKING:
    from apimpolicy.gateway.engine.gateway import Gateway

DEBUG_HEADER, TRACE_ID = "Apim-Debug-Authorization", "Apim-Trace-Id"
MOST_REQUESTS = 500
MOST_BYTES = 64 << 20
"""Of bodies of the requests that are kept."""
_RECORDED = 24
"""Bytes of recorded values for a byte of a body, which policies read as JSON or XML."""
_OF_A_STEP = 16
_MOST_WAITING = 1_000
HOST = "127.0.0.1"
_OWN_HOSTS = ("localhost", "127.0.0.1", "::1")
"""A page of another origin whose name was made to lead here has another."""
_OWN_HEADER = "X-Apimpolicy"


class Inspector:
    """Keeps the last requests, and shows them to those who know the token."""

    def __init__(self, dispatcher: Dispatcher, token: str, peers: Peers | None = None) -> None:
        self.dispatcher = dispatcher
        self.token = token
        self.peers = peers
        self._kept: OrderedDict[int, Handled] = OrderedDict()
        self._bytes = 0
        self._watchers: set[asyncio.Queue[Handled | bytes | None]] = set()

    def add(self, handled: Handled) -> None:
        """Keep a request that has been answered, and notify open pages."""
        self._kept[handled.number] = handled
        self._bytes += _size(handled)
        while len(self._kept) > MOST_REQUESTS or (self._bytes > MOST_BYTES and len(self._kept) > 1):
            self._bytes -= _size(self._kept.popitem(last=False)[1])
        for watcher in self._watchers:
            if watcher.qsize() < _MOST_WAITING:
                watcher.put_nowait(handled)

    def close(self) -> None:
        """End the event streams of open pages."""
        for watcher in self._watchers:
            watcher.put_nowait(None)

    def answer(self, request: Request, done: Callable[[Handled], None], loop: asyncio.AbstractEventLoop) -> None:
        given = request.headers.get(DEBUG_HEADER)
        if given is not None and self._is_token(given):
            self.dispatcher.answer(request, lambda handled: done(_with_trace_id(handled, self.id_of(handled))), loop)
            return
        self.dispatcher.answer(request, done, loop)

    def answer_page(self, request: Request, done: Callable[[Handled], None], loop: asyncio.AbstractEventLoop) -> None:
        """Answer a request to the inspector's own port."""
        parts = urlsplit(request.url)
        token, slash, path = parts.path.removeprefix("/").partition("/")
        handled = Handled(0, request)
        if not self._may_see(request, parts.hostname or "", token):
            handled.response = text_page("The inspector's address is the one that `apimpolicy serve` printed.", 404)
        elif not slash:
            handled.response = Response(301, headers={"Location": f"/{token}/"})
        elif (peer := self._peer_of(path)) is not None:
            keep(loop.create_task(self._ask_peer(peer, path, handled, done)))
            return
        else:
            handled.response = self.page(request, path, loop)
        done(handled)

    def answer_peer(self, request: Request, done: Callable[[Handled], None], loop: asyncio.AbstractEventLoop) -> None:
        """Answer another worker, on a socket that only workers can reach."""
        handled = Handled(0, request)
        handled.response = self.page(request, urlsplit(request.url).path.removeprefix("/"), loop)
        done(handled)

    def id_of(self, handled: Handled) -> str:
        """Return the id of a request: its number, after the worker's number if there are several workers."""
        return str(handled.number) if self.peers is None else f"{self.peers.worker}-{handled.number}"

    def _peer_of(self, path: str) -> int | None:
        """Return the other worker that a page belongs to."""
        worker = path.removeprefix("requests/").partition("-")[0] if path.startswith("requests/") else ""
        others = () if self.peers is None else self.peers.others
        number = number_of(worker)
        return number if number in others else None

    async def _ask_peer(self, peer: int, path: str, handled: Handled, done: Callable[[Handled], None]) -> None:
        assert self.peers is not None
        request = handled.request
        headers = {_OWN_HEADER: "1"} if _OWN_HEADER in request.headers else {}
        handled.response = await self.peers.ask(peer, request.method, f"/{path}", headers, request.body)
        done(handled)

    def _is_token(self, given: str) -> bool:
        return hmac.compare_digest(given.encode("utf-8", "surrogateescape"), self.token.encode())

    def _may_see(self, request: Request, host: str, token: str) -> bool:
        """Return whether the caller knows the token, and is not a page of another origin in a browser."""
        site = request.headers.get("Sec-Fetch-Site", "none")
        return self._is_token(token) and host in _OWN_HOSTS and site in ("none", "same-origin")

    def page(self, request: Request, path: str, loop: asyncio.AbstractEventLoop) -> Response:
        """Return the page for a path after the token."""
        if path in PAGES:
            return static_page(path)
        if path == "events":
            headers = Headers({"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
            events = _Events(self, is_own=urlsplit(request.url).query == OWN)
            return Response.made_of(200, "OK", headers, b"", events)  # type: ignore[arg-type] # it is only sent
        if path == "state":
            return json_page(_state(self.dispatcher.served.gateway))
        if path == "process":
            return json_page(_held(self.dispatcher, loop))
        if path == "certificates":
            return json_page(list(self.dispatcher.served.gateway.certificates))
        if path == "providers":
            return json_page(list(issuers_of(self.dispatcher.served.gateway)))
        if path == "send":
            return self._send(request, None, loop)
        kind, _, rest = path.partition("/")
        id_, _, what = rest.partition("/")
        number = number_of(id_.rpartition("-")[2])
        handled = self._kept.get(number) if kind == "requests" and number is not None else None
        if handled is not None and self.id_of(handled) != id_:
            handled = None
        if handled is None:
            return text_page("Page not found, or the request is no longer kept.", 404)
        return self._of(handled, what, request, loop)

    def _of(self, handled: Handled, what: str, request: Request, loop: asyncio.AbstractEventLoop) -> Response:
        if what in ("replay", "send"):
            return self._send(request, handled, loop, is_replay=what == "replay")
        if what == "form":
            from apimpolicy.serving.request_forms import form_of

            return json_page(form_of(handled))
        if handled.result is None:
            return text_page(handled.problem)
        if what == "":
            from apimpolicy.report.journey_html import journey_to_html

            return Response(200, headers=html_headers(), body=journey_to_html(handled.result))
        if what == "run":
            from apimpolicy.report.run_results import result_to_json

            return Response(200, headers={"Content-Type": "application/json"}, body=result_to_json(handled.result))
        if what == "trace":
            from apimpolicy.report.gateway_trace import gateway_trace

            return json_page(gateway_trace(handled.result))
        if what == "policies":
            return text_page(_effective(handled))
        if what == "case":
            from apimpolicy.serving.request_forms import case_of

            name = f"request-{handled.number}.test.yaml"
            headers = {"Content-Type": "text/yaml; charset=utf-8"}
            headers["Content-Disposition"] = f'attachment; filename="{name}"'
            return Response(200, headers=headers, body=case_of(handled, self.dispatcher.served))
        return text_page("Page not found.", 404)

    def _send(
        self, request: Request, handled: Handled | None, loop: asyncio.AbstractEventLoop, *, is_replay: bool = False
    ) -> Response:
        """Send a request to the gateway: one that was served, or the one in the body."""
        if request.method != "POST" or _OWN_HEADER not in request.headers:
            return own_answer(405, f"Use POST with the header {_OWN_HEADER} to send a request.")
        if is_replay and handled is not None:
            sent = _again(handled.request)
        else:
            from apimpolicy.serving.request_forms import read_form

            try:
                sent = read_form(request.body or b"", self.dispatcher.served.gateway, handled)
            except ConfigurationError as error:
                return own_answer(400, str(error))
        self.dispatcher.answer(sent, lambda _: None, loop)
        return json_page({"number": self.id_of(Handled(self.dispatcher.count, sent))})


class _Events:
    """The body of an event stream, which lasts as long as it is read."""

    def __init__(self, inspector: Inspector, *, is_own: bool) -> None:
        self._inspector = inspector
        self._queue: asyncio.Queue[Handled | bytes | None] = asyncio.Queue()
        self._peers = None if is_own else inspector.peers

    async def parts(self) -> AsyncIterator[bytes]:
        inspector = self._inspector
        inspector._watchers.add(self._queue)
        workers = [] if self._peers is None else self._peers.others
        others = [asyncio.ensure_future(self._listen(worker)) for worker in workers]
        try:
            for handled in list(inspector._kept.values()):
                yield _event(handled, inspector.id_of(handled))
            yield b"event: ready\ndata:\n\n"
            while True:
                try:
                    event = await asyncio.wait_for(self._queue.get(), 15)
                except TimeoutError:
                    yield b": still here\n\n"
                    continue
                if event is None:
                    return
                yield event if isinstance(event, bytes) else _event(event, inspector.id_of(event))
        finally:
            for listener in others:
                listener.cancel()
            inspector._watchers.discard(self._queue)

    async def _listen(self, worker: int) -> None:
        """Pass on the events of another worker."""
        assert self._peers is not None
        async for event in self._peers.events(worker, "/events"):
            if event.startswith(b"id:"):
                self._queue.put_nowait(event)

    def close(self) -> None:
        self._inspector._watchers.discard(self._queue)


def _event(handled: Handled, number: str) -> bytes:
    summary = Summary(handled)
    data = {name: getattr(summary, name) for name in Summary.__slots__}
    data |= {"number": number, "line": str(summary)}
    return f"id: {number}\ndata: {to_json(data)}\n\n".encode()


def _with_trace_id(handled: Handled, number: str) -> Handled:
    given = handled.response
    headers = Headers({**dict(given.headers.fields()), TRACE_ID: number})
    handled.response = Response.made_of(given.status_code, given.reason, headers, given.body, given.stream)
    return handled


def _again(request: Request) -> Request:
    return Request.made_of(
        request.method, request.url, request.headers, request.body, request.certificate, request.ip_address
    )


def _effective(handled: Handled) -> str:
    """Return the policies of all scopes that the request met, as one document."""
    from apimpolicy.report.service_text import effective_text

    assert handled.result is not None
    program = handled.result.exchange.program
    return "No policy ran." if program is None else effective_text(program, Style())


def _size(handled: Handled) -> int:
    """Return about how many bytes a request holds: its bodies, and what was recorded of its values."""
    bodies = len(handled.request.body or b"") + len(handled.response.body)
    if handled.result is None:
        return bodies + 10_000
    running = handled.result.exchange.environment
    return bodies * _RECORDED + (running.limits.steps - running.steps_left) * _OF_A_STEP + 10_000


def _state(gateway: Gateway) -> list[dict[str, str]]:
    with use_environment(gateway.environment()):
        return [entry._asdict() for entry in gateway.services.state.entries()]


def _held(dispatcher: Dispatcher, loop: asyncio.AbstractEventLoop) -> dict[str, Any]:
    return {
        "answered": dispatcher.count - dispatcher.under_way,
        "under_way": dispatcher.under_way,
        "tasks": len(asyncio.all_tasks(loop)),
        "threads": [each.name for each in threading.enumerate()],
    }


# The inspector's responses: its own files, and data, with the headers that keep them on this page

_SCRIPTS = ("inspector.js", "inspector_send.js", "inspector_views.js")
PAGES = {name: ("apimpolicy.serving", name) for name in ("inspector.css", *_SCRIPTS)}
PAGES |= {"": ("apimpolicy.serving", "inspector.html"), "page_colors.css": ("apimpolicy.report", "page_colors.css")}
_TYPES = {"html": "text/html; charset=utf-8", "css": "text/css", "js": "text/javascript"}
_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; frame-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'self'"
)


def html_headers() -> dict[str, str]:
    """Return the headers of a page that the inspector shows in its frame."""
    headers = {"Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store"}
    return {**headers, "X-Frame-Options": "SAMEORIGIN", "Referrer-Policy": "no-referrer"}


def static_page(path: str) -> Response:
    """Return one of the inspector's own files."""
    package, name = PAGES[path]
    data = files(package).joinpath(name).read_bytes()
    headers = {"Content-Type": _TYPES[name.rpartition(".")[2]], "Cache-Control": "no-cache"}
    headers |= {"Content-Security-Policy": _POLICY, "Referrer-Policy": "no-referrer"}
    return Response(200, headers=headers, body=data)


def json_page(value: Any) -> Response:
    body = to_json(value, ensure_ascii=False, indent=1)
    return Response(200, headers={"Content-Type": "application/json", "Cache-Control": "no-store"}, body=body)


def text_page(text: str, status: int = 200) -> Response:
    """Return text without secrets."""
    headers = {"Content-Type": "text/plain; charset=utf-8", "Cache-Control": "no-store"}
    return Response(status, headers=headers, body=without_secrets(text))
