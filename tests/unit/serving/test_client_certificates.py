"""Client certificates over real TLS: the example's outcomes as curl, Python and Node see them."""

from __future__ import annotations

import http.client
import json
import shutil
import socket
import ssl
import subprocess
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

import pytest
from cryptography import x509
from tests.unit.serving.clients import eventually, exchange, status

from apimpolicy import Certificate, Gateway, Response
from apimpolicy.serving import serving
from apimpolicy.serving.tls import authority_path, server_certificate
from apimpolicy.testing.authority import TestAuthority

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

POLICY = "examples/client-certificate/orders.xml"
NEGOTIATED, PLAIN = "localhost", "127.0.0.1"


class Caller(NamedTuple):
    """A certificate with its key in a file, or none; and what the policy makes of it."""

    name: str
    status: int


OUTCOMES = [
    Caller("partner", 200),
    Caller("nobody", 403),
    Caller("expired", 403),
    Caller("early", 403),
    Caller("revoked", 403),
    Caller("self-signed", 403),
    Caller("stranger", 403),
    Caller("other-partner", 403),
]


class World(NamedTuple):
    """A gateway that serves over TLS, and the files of its callers."""

    url: str
    authority: str
    folder: Path
    told: list[Any]

    def last(self, count: int) -> Any:
        """The request after so many others, once the gateway has told of it."""
        assert eventually(lambda: len(self.told) > count)
        return self.told[count].request

    def sizes(self) -> list[int]:
        """The lengths of the bodies of requests that said them beforehand, and told the truth."""
        said = [(each.request.url.partition("?size=")[2], len(each.request.body or b"")) for each in self.told]
        return [size for text, size in said if text == str(size)]

    def file(self, name: str) -> str | None:
        return None if name == "nobody" else str(self.folder / f"{name}.pem")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("certificates")
    authority, other = TestAuthority("Contoso Test CA"), TestAuthority("Another CA")
    certificates = {
        "partner": authority.client("partner"),
        "expired": authority.client("partner", not_after="2021-01-01"),
        "early": authority.client("partner", not_before="2048-01-01"),
        "revoked": authority.client("partner"),
        "self-signed": TestAuthority.self_signed("partner"),
        "stranger": other.client("partner"),
        "other-partner": authority.client("another partner", rsa=True),
    }
    authority.revoke(certificates["revoked"])
    for name, certificate in certificates.items():
        (folder / f"{name}.pem").write_text(certificate.to_pem(include_key=True, include_intermediates=True))
    uploaded = {name: each for name, each in certificates.items() if name not in ("other-partner", "stranger")}
    gateway = Gateway(
        certificates=dict(uploaded),
        trusted_roots=[authority.certificate],
        revocation_lists=authority.lists(),
        negotiate_client_certificate=[NEGOTIATED],
        backend=Response(200, json={"orders": []}),
    )
    told: list[Any] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("APIMPOLICY_HOME", str(folder / "home"))
        with serving(gateway, POLICY, https=True, told=told.append) as url:
            port = urlsplit(url).port
            yield World(f"https://{NEGOTIATED}:{port}", str(authority_path()), folder, told)


def with_python(world: World, url: str, certificate: str | None, **versions: Any) -> int:
    context = ssl.create_default_context(cafile=world.authority)
    for name, version in versions.items():
        setattr(context, name, version)
    if certificate is not None:
        context.load_cert_chain(certificate)
    parts = urlsplit(url)
    connection = http.client.HTTPSConnection(parts.hostname or "", parts.port, context=context, timeout=20)
    try:
        connection.request("GET", "/orders")
        response = connection.getresponse()
        response.read()
        return response.status
    finally:
        connection.close()


def with_curl(world: World, url: str, certificate: str | None) -> int:
    command = ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "--cacert", world.authority, f"{url}/orders"]
    command += [] if certificate is None else ["--cert", certificate]
    return int(subprocess.run(command, capture_output=True, text=True, check=True, timeout=30).stdout)


NODE = """const https = require("https"), fs = require("fs");
const [url, ca, pem] = process.argv.slice(1);
const own = pem ? { cert: fs.readFileSync(pem), key: fs.readFileSync(pem) } : {};
https.get(url + "/orders", { ca: fs.readFileSync(ca), ...own },
  (answer) => { answer.resume(); console.log(answer.statusCode); });"""


def with_node(world: World, url: str, certificate: str | None) -> int:
    command = ["node", "-e", NODE, url, world.authority, *([] if certificate is None else [certificate])]
    return int(subprocess.run(command, capture_output=True, text=True, check=True, timeout=30).stdout)


CLIENTS: dict[str, Callable[[World, str, str | None], int]] = {
    "python": with_python,
    "curl": with_curl,
    "node": with_node,
}


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("caller", OUTCOMES, ids=lambda caller: caller.name)
def test_outcomes(world: World, client: str, caller: Caller) -> None:
    if client != "python" and shutil.which(client) is None:
        pytest.skip(f"{client} is not installed")
    assert CLIENTS[client](world, world.url, world.file(caller.name)) == caller.status


def test_where_the_host_does_not_negotiate_nobody_is_asked(world: World) -> None:
    url, count = world.url.replace(NEGOTIATED, PLAIN), len(world.told)
    assert with_python(world, url, world.file("partner")) == 403
    assert world.last(count).certificate is None


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_versions_of_tls(world: World, version: ssl.TLSVersion) -> None:
    both = {"minimum_version": version, "maximum_version": version}
    count = len(world.told)
    assert with_python(world, world.url, world.file("partner"), **both) == 200
    assert world.last(count).certificate.subject == "CN=partner"


def test_intermediates_come_along(tmp_path: Path) -> None:
    root = TestAuthority("Root CA")
    below = root.intermediate("Issuing CA")
    partner = below.client("partner")
    (tmp_path / "partner.pem").write_text(partner.to_pem(include_key=True, include_intermediates=True))
    gateway = Gateway(
        certificates={"partner": partner},
        trusted_roots=[root.certificate],
        revocation_lists=root.lists(),
        negotiate_client_certificate=True,
    )
    told: list[Any] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("APIMPOLICY_HOME", str(tmp_path))
        with serving(gateway, POLICY, https=True, told=told.append) as url:
            world = World(url, str(authority_path()), tmp_path, told)
            assert with_python(world, url, world.file("partner")) == 200
    assert [each.subject for each in told[0].request.certificate.intermediates] == ["CN=Issuing CA"]


@pytest.mark.parametrize(
    "data", [b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", b"\x16\x03\x01\x00\x05garbage", b"\x00" * 70_000]
)
def test_what_is_not_tls_hurts_nobody(world: World, data: bytes) -> None:
    assert status(exchange(world.url, data)) == 0
    assert with_python(world, world.url, None) == 403


def test_a_handshake_that_stops_hurts_nobody(world: World) -> None:
    parts = urlsplit(world.url)
    waiting = [socket.create_connection((parts.hostname or "", parts.port or 0)) for _ in range(20)]
    assert with_python(world, world.url, None) == 403
    for each in waiting:
        each.close()


def test_large_uploads_and_kept_connections(world: World) -> None:
    context = ssl.create_default_context(cafile=world.authority)
    context.load_cert_chain(world.file("partner") or "")
    parts = urlsplit(world.url)
    connection = http.client.HTTPSConnection(parts.hostname or "", parts.port, context=context, timeout=60)
    for size in (0, 3 << 20, 10):
        connection.request("POST", f"/orders?size={size}", body=b"x" * size)
        assert json.loads(connection.getresponse().read()) == {"orders": []}
        assert eventually(lambda size=size: size in world.sizes())
    connection.close()


def test_the_certificate_of_the_server_is_kept_and_made_anew_when_it_must(tmp_path: Path) -> None:
    first = server_certificate(["contoso.example"], tmp_path)
    assert server_certificate(["contoso.example"], tmp_path) == first
    text = (tmp_path / "server.pem").read_text()
    assert server_certificate([], tmp_path) == first
    assert (tmp_path / "server.pem").read_text() == text
    server_certificate(["another.example"], tmp_path)
    assert (tmp_path / "server.pem").read_text() != text
    assert (tmp_path / "authority.key").stat().st_mode & 0o077 == 0
    (tmp_path / "server.pem").write_text("no certificate")
    server_certificate([], tmp_path)
    assert Certificate.from_file(tmp_path / "server.pem").issuer == Certificate.from_file(first.authority).subject


def test_the_authority_signs_for_this_machine_and_what_the_user_names(tmp_path: Path) -> None:
    def permitted() -> set[str]:
        found = x509.load_pem_x509_certificate((tmp_path / "authority.pem").read_bytes())
        constraints = found.extensions.get_extension_for_class(x509.NameConstraints)
        assert constraints.critical
        return {str(each.value) for each in constraints.value.permitted_subtrees or ()}

    own = {"localhost", "127.0.0.1/32", "::1/128"}
    server_certificate([], tmp_path)
    assert permitted() == own
    key = (tmp_path / "authority.key").read_bytes()
    server_certificate(["api.contoso.example", "10.0.0.1"], tmp_path)
    server_certificate(["*.test"], tmp_path)
    assert permitted() == own | {"api.contoso.example", "10.0.0.1/32", "test"}
    assert (tmp_path / "authority.key").read_bytes() == key
    text = (tmp_path / "authority.pem").read_text()
    server_certificate(["api.contoso.example"], tmp_path)
    assert (tmp_path / "authority.pem").read_text() == text
