"""What serving costs, against the bare stack in the same run: `python -m benchmarks.serving [SECONDS]`.

| what | against | at most |
| --- | --- | --- |
| a mocked answer | a bare uvicorn application | 2.5x of its time |
| a forwarded request | a bare proxy of uvicorn and aiohttp | 1.7x |
| a TLS handshake | uvicorn's own | 1.3x |

Servers take turns, several times, so that what else runs on the machine meets all of them; the figure is the smallest
time of the processor for a request that a server was seen to take, which other processes disturb least. Requests a
second and latencies are wrk's, at the best turn. Needs wrk.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

TURNS = 6
CONNECTIONS = 32
HANDSHAKES = 300
_TICK = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100

MOCKED = (
    """<policies><inbound><mock-response status-code="200" content-type="application/json" /></inbound></policies>"""
)
COMPOSED = """<policies><inbound><return-response><set-status code="200" reason="Fine" /><set-header name="X-Method">
<value>@(context.Request.Method + "!")</value></set-header><set-body>hello</set-body></return-response></inbound>
</policies>"""
FORWARDED = """<policies><inbound><base />
<set-header name="X-Seen"><value>@(context.Request.Method)</value></set-header></inbound></policies>"""


class Figures(NamedTuple):
    """Of one turn: microseconds of the processor for a request, requests a second, latencies in ms."""

    cpu: float
    rate: float
    p50: float
    p99: float


class Server:
    """A server in a process of its own."""

    def __init__(self, name: str, command: list[str], port: int, folder: Path, log: Any = None) -> None:
        self.name = name
        self.port = port
        environment = {**os.environ, "APIMPOLICY_HOME": str(folder)}
        to = subprocess.DEVNULL if log is None else log
        self.process = subprocess.Popen(command, stdout=to, stderr=to, env=environment)
        self.figures: list[Figures] = []
        ends = time.monotonic() + 30
        while time.monotonic() < ends:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                return
            except OSError:
                time.sleep(0.05)
        raise TimeoutError(f"{name} does not begin")

    def cpu(self) -> float:
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICK

    def turn(self, seconds: int) -> None:
        before = self.cpu()
        url = f"http://127.0.0.1:{self.port}/orders"
        command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds:.0f}", "--latency", url]
        said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        used = self.cpu() - before
        count, rate = _number(r"([\d.]+) requests in", said), _number(r"Requests/sec:\s+([\d.]+)", said)
        if "Non-2xx" in said or not count:
            raise RuntimeError(f"{self.name} does not answer with 200: {said}")
        self.figures.append(Figures(used / count * 1e6, rate, _time("50%", said), _time("99%", said)))

    def best(self) -> Figures:
        return Figures(
            min(each.cpu for each in self.figures),
            max(each.rate for each in self.figures),
            min(each.p50 for each in self.figures),
            min(each.p99 for each in self.figures),
        )

    def handshakes(self, context: ssl.SSLContext) -> None:
        """Handshakes one after another, each on a connection of its own."""
        before = self.cpu()
        for _ in range(HANDSHAKES):
            with socket.create_connection(("127.0.0.1", self.port)) as plain:
                context.wrap_socket(plain, server_hostname="localhost").close()
        self.figures.append(Figures((self.cpu() - before) / HANDSHAKES * 1e6, 0.0, 0.0, 0.0))

    def end(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)


def _number(pattern: str, text: str) -> float:
    found = re.search(pattern, text)
    return float(found[1]) if found else 0.0


def _time(label: str, text: str) -> float:
    found = re.search(rf"{label}\s+([\d.]+)(us|ms|s)", text)
    return float(found[1]) * {"us": 0.001, "ms": 1.0, "s": 1000.0}[found[2]] if found else 0.0


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def main(seconds: int) -> None:
    if shutil.which("wrk") is None:
        sys.exit("benchmarks.serving needs wrk (Debian's package wrk)")
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        servers: list[Server] = []
        try:
            _measure(folder, seconds, servers)
        finally:
            for server in servers:
                server.end()


def _measure(folder: Path, seconds: int, servers: list[Server]) -> None:
    from apimpolicy.serving.tls import server_certificate

    certificate = server_certificate(folder=folder / "serve")

    def bare(name: str, *arguments: str) -> Server:
        port = free_port()
        command = [sys.executable, "-m", "benchmarks.bare_server", str(port), *arguments]
        servers.append(Server(name, command, port, folder))
        return servers[-1]

    def ours(name: str, policy: str, *options: str, secure: bool = False) -> Server:
        path = folder / f"{name.replace(' ', '-').replace(',', '')}.xml"
        path.write_text(policy)
        ports = free_port(), free_port()
        command = [
            sys.executable,
            "-m",
            "apimpolicy",
            "serve",
            str(path),
            "--http",
            str(ports[0]),
            "--https",
            str(ports[1]),
        ]
        servers.append(Server(name, [*command, "--quiet", *options], ports[secure], folder))
        return servers[-1]

    lean = ("--no-inspector", "--no-tracing")
    application = bare("bare application", "plain")
    base = f"http://127.0.0.1:{application.port}"
    proxy = bare("bare proxy", "proxy", base)
    mocked = ours("mocked", MOCKED, *lean)
    composed = ours("composed", COMPOSED, *lean)
    watched = ours("mocked, traced and inspected", MOCKED)
    forwarded = ours("forwarded", FORWARDED, "--backend", base, *lean)
    groups = ((application, (mocked, composed, watched)), (proxy, (forwarded,)))
    for _ in range(TURNS):
        for against, several in groups:
            for server in (against, *several):
                server.turn(seconds)
    print(f"{'':30} {'µs of processor':>16} {'ratio':>7} {'requests/s':>11} {'p50 ms':>8} {'p99 ms':>8}")
    for against, several in groups:
        for server in (against, *several):
            best = server.best()
            ratio = best.cpu / against.best().cpu
            print(f"{server.name:30} {best.cpu:16.1f} {ratio:7.2f} {best.rate:11,.0f} {best.p50:8.2f} {best.p99:8.2f}")
    context = ssl.create_default_context(cafile=certificate.authority)
    plain = bare("bare TLS", "plain", "", certificate.chain, certificate.key)
    asking = ours("asking TLS", MOCKED, "--negotiate", *lean, secure=True)
    for _ in range(TURNS):
        for server in (plain, asking):
            server.handshakes(context)
    for server in (plain, asking):
        best = server.best()
        print(f"{server.name:30} {best.cpu:16.1f} {best.cpu / plain.best().cpu:7.2f}   (a handshake)")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
