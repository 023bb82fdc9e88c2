"""Whose requests a local gateway answers: no host that a stranger can register, no page of another site."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.unit.serving.clients import exchange, status
from tests.unit.serving.commands import Serve

from apimpolicy.serving.callers import Callers
from apimpolicy.serving.http_messages import IncomingRequest

if TYPE_CHECKING:
    from pathlib import Path

CALLERS = Callers(lambda: ["api.contoso.example", "Portal.Contoso.example"], ["https://shop.example/"])


def refused(host: str, **headers: str) -> int:
    incoming = IncomingRequest()
    incoming.host = host
    incoming.fields = {name.replace("_", "-"): (name, [value]) for name, value in headers.items()}
    found = CALLERS.refusal_for(incoming)
    return 0 if found is None else found[0]


@pytest.mark.parametrize(
    ("host", "code"),
    [
        *((name, 0) for name in ("localhost", "localhost:8080", "a.localhost", "127.0.0.1:8443", "[::1]:80", "[::1]")),
        *((name, 0) for name in ("api.contoso.example", "API.contoso.example:443", "portal.contoso.example.", "")),
        *((name, 0) for name in ("gateway", "gateway:8080", "10.0.0.7:8080", "host.docker.internal", "apim.test")),
        *((name, 421) for name in ("evil.example", "evil.example:8080", "api.contoso.example.evil.example")),
        *((name, 421) for name in ("evil.example?x.localhost", "evil.example\0.localhost", "evil.example/.test")),
        *((name, 421) for name in ("127.0.0.1.evil.example", "localhost.evil.example", "1.2.3", "a.xinternal")),
    ],
)
def test_hosts(host: str, code: int) -> None:
    assert refused(host) == code
    assert refused(host) == code  # from memory


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({}, 0),
        ({"origin": "https://evil.example"}, 0),  # no browser that knows Sec-Fetch-Site, such as curl in a test of CORS
        *(({"sec_fetch_site": site}, 0) for site in ("same-origin", "same-site", "none")),
        ({"sec_fetch_site": "cross-site"}, 403),
        ({"sec_fetch_site": "Cross-Site", "origin": "https://evil.example"}, 403),
        ({"sec_fetch_site": "cross-site", "origin": "null"}, 403),
        ({"sec_fetch_site": "cross-site", "origin": "http://localhost.evil.example"}, 403),
        ({"sec_fetch_site": "cross-site", "origin": "http://[::1"}, 403),
        ({"sec_fetch_site": "cross-site", "origin": "https://[::1].evil.example"}, 403),
        ({"sec_fetch_site": "cross-site", "origin": "http://localhost@evil.example"}, 403),
        ({"sec_fetch_site": "cross-site", "origin": "http://[::1]:3000"}, 0),
        ({"sec_fetch_site": "cross-site", "origin": "http://localhost:3000"}, 0),
        ({"sec_fetch_site": "cross-site", "origin": "http://127.0.0.1:3000"}, 0),
        ({"sec_fetch_site": "cross-site", "origin": "https://shop.example"}, 0),
    ],
)
def test_pages(headers: dict[str, str], code: int) -> None:
    assert refused("localhost", **headers) == code


def test_the_command_looks_at_hosts_and_pages(tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_text("<policies><inbound><return-response /></inbound></policies>")
    options = ("--host-name", "api.contoso.example", "--allow-origin", "https://shop.example")
    serve = Serve(tmp_path, str(tmp_path / "a.xml"), *options)
    try:
        for head, code in (
            ("Host: localhost", 200),
            ("Host: api.contoso.example", 200),
            ("Host: evil.example", 421),
            ("Host: localhost\r\nSec-Fetch-Site: cross-site\r\nOrigin: https://evil.example", 403),
            ("Host: localhost\r\nSec-Fetch-Site: cross-site\r\nOrigin: https://shop.example", 200),
        ):
            answer = exchange(serve.http, f"GET / HTTP/1.1\r\n{head}\r\nConnection: close\r\n\r\n".encode())
            assert status(answer) == code, (head, answer)
    finally:
        serve.end()
