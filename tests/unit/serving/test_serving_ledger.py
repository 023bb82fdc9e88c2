"""The account of what callers hold, and the settings that a checkout can't decide."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

import pytest
from tests.unit.serving.clients import Wire

from apimpolicy import Gateway
from apimpolicy.errors import ConfigurationError
from apimpolicy.project.serve_settings import Limits, ensure_trusted
from apimpolicy.serving import serving
from apimpolicy.serving.ledger import Ledger

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.skipif(os.name == "nt", reason="needs limits of open files")
def test_connections_fit_the_open_files_of_the_process(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    import resource

    given = [(64, 1024)]
    monkeypatch.setattr(resource, "getrlimit", lambda _: given[-1])
    monkeypatch.setattr(resource, "setrlimit", lambda _, limits: given.append(limits))
    assert Ledger(Limits(connections=100)).most_connections == 100
    assert given[-1] == (264, 1024)
    ledger = Ledger(Limits(connections=10_000))
    assert (ledger.most_connections, given[-1]) == (480, (1024, 1024))
    ledger.complain()
    ledger.complain()
    assert caplog.messages == [
        "connections are refused: at most 480 are open at once, by the limit of open files (ulimit -n)"
    ]


def test_one_line_says_that_nothing_can_be_accepted(caplog: pytest.LogCaptureFixture) -> None:
    ledger = Ledger(Limits())
    loop = asyncio.new_event_loop()
    for _ in range(100):
        context = {"message": "socket.accept() out of system resource", "exception": OSError(24, "Too many open files")}
        ledger.handle_error(loop, context)
    loop.close()
    assert len(caplog.messages) == 1


OPENING = {
    "host": "0.0.0.0",
    "backend": "http://a",
    "redis": "redis://a",
    "allow_outside": True,
    "trust_proxy": ["::/0"],
    "workers": 2,
    "host_names": ["login.contoso.example"],
    "body_bytes": 1 << 40,
    "connections": 1_000_000,
    "inspector_port": 80,
    "head_seconds": 3_600.0,
}
HAS_NO_OPTION = {"head_seconds": "--trust-config"}
OTHER_NAMES = {
    "host_names": "--host-name",
    "body_bytes": "--max-body",
    "connections": "--max-connections",
} | HAS_NO_OPTION


@pytest.mark.parametrize("name", OPENING)
def test_a_file_does_not_open_the_gateway(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = {name: OPENING[name], "http": 81}
    option = OTHER_NAMES.get(name, f"--{name.replace('_', '-')}")
    with pytest.raises(ConfigurationError, match=f"opens the gateway .*{option}"):
        ensure_trusted(settings, {}, "apimpolicy.toml")
    ensure_trusted(settings, {name: OPENING[name]}, "apimpolicy.toml")  # the command line says it too
    monkeypatch.setenv("APIMPOLICY_TRUST_CONFIG", "1")
    ensure_trusted(settings, {}, "apimpolicy.toml")


def test_a_file_may_name_this_machine() -> None:
    ensure_trusted({"host": "127.0.0.1", "http": 8081, "allow_outside": False}, {}, "apimpolicy.toml")


def test_a_file_may_lower_limits() -> None:
    lower = dict.fromkeys(Limits.declared, 1) | {"workers": 1, "inspector": False, "tracing": False}
    ensure_trusted(lower, {}, "apimpolicy.toml")


def test_connections_count_before_their_handshake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Connections on which nothing is sent end: those beyond the limit at once, the others after the timeout."""
    monkeypatch.setenv("APIMPOLICY_HOME", str(tmp_path))
    limits = Limits(connections=2, head_seconds=1.0)
    with serving(Gateway(), "<policies><inbound /></policies>", https=True, limits=limits) as url:
        silent = [Wire(url) for _ in range(60)]
        ended = [wire.socket.recv(1) for wire in silent]  # each waits for its end
        for wire in silent:
            wire.close()
    assert ended == [b""] * 60
