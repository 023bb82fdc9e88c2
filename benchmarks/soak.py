"""A served gateway at saturation for a long time: `python -m benchmarks.soak SECONDS [--redis URL]`.

Meanwhile clients misbehave, backends too, and the policy changes. Every so often it prints the memory, the threads and
the open files of the server; at the end it says whether they stayed flat and what was answered. Exits with 1 when the
memory grew by more than a tenth after the first fifth of the time, when threads or files grew, when a request of a
well-behaved client got no answer, or when the server printed a traceback. Needs wrk, and Linux's /proc.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.serving import Server, free_port

POLICY = """<policies><inbound><set-variable name="round" value="{round}" />
<set-variable name="n" value="@(context.Request.Url.Query.GetValueOrDefault("n", "none"))" />
<choose><when condition="@(context.Request.Url.Path == "/mocked")"><return-response><set-body>mocked</set-body>
</return-response></when></choose>
<rate-limit-by-key calls="100000" renewal-period="10" counter-key="@((string)context.Variables["n"])" />
<cache-lookup-value key="@((string)context.Variables["n"])" variable-name="found" />
<cache-store-value key="@((string)context.Variables["n"])" value="@(new string('a', 200))" duration="5" />
</inbound><backend><forward-request timeout="2" buffer-response="false" /></backend>
<outbound><set-header name="X-Round" exists-action="override"><value>{round}</value></set-header></outbound>
<on-error><set-header name="X-Failed" exists-action="override"><value>@(context.LastError.Reason)</value></set-header>
</on-error></policies>"""
SCRIPT = """local n = 0
request = function()
  n = n + 1
  local paths = { "/mocked", "/good?n=" .. n % 100000, "/good?n=1", "/mocked" }
  return wrk.format(n % 5 == 0 and "POST" or "GET", paths[n % 4 + 1], nil, n % 5 == 0 and string.rep("x", 2000) or nil)
end
"""


class Sample(NamedTuple):
    """What the server held at a moment: memory in MB, threads, files."""

    seconds: float
    memory: float
    threads: int
    files: int


async def backend(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answers well, and badly where the path asks for it."""
    with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            length = re.search(rb"(?i)content-length: (\d+)", head)
            if length:
                await reader.readexactly(int(length[1]))
            if b"/reset" in head:
                break
            if b"/hang" in head:
                await asyncio.sleep(30)
            if b"/events" in head:
                writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
                for _ in range(100):
                    writer.write(b"5\r\ndata\n\r\n")
                    await writer.drain()
                    await asyncio.sleep(0.01)
                writer.write(b"0\r\n\r\n")
            else:
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123456789")
            await writer.drain()
    writer.close()


def serve_backend(port: int) -> None:
    async def run() -> None:
        server = await asyncio.start_server(backend, "127.0.0.1", port)
        await server.serve_forever()

    threading.Thread(target=lambda: asyncio.run(run()), daemon=True).start()


async def misbehave(port: int, ends: float, counts: dict[str, int]) -> None:
    """Clients that leave, stop, talk nonsense, and ask for what fails."""
    random.seed(1)
    while time.monotonic() < ends:
        kind = random.choice(["leave", "nonsense", "half", "/reset", "/hang", "/events", "left events", "good"])
        counts[kind] = counts.get(kind, 0) + 1
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            path = kind if kind.startswith("/") else "/events" if kind == "left events" else "/good"
            request = f"GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode()
            if kind == "nonsense":
                request = os.urandom(100)
            elif kind == "half":
                request = request[:20]
            writer.write(request)
            await writer.drain()
            if kind in ("leave", "half", "left events"):
                await asyncio.sleep(0.05)
                writer.transport.abort()
                continue
            answer = await asyncio.wait_for(reader.read(), 60)
            if kind in ("/reset", "/hang") and b" 500 " not in answer[:20]:
                counts["wrong"] = counts.get("wrong", 0) + 1
            if kind == "good" and b" 200 " not in answer[:20]:
                counts["wrong"] = counts.get("wrong", 0) + 1
            writer.close()


def sample(process: int, began: float) -> Sample:
    status = Path(f"/proc/{process}/status").read_text()
    memory = int((re.search(r"VmRSS:\s+(\d+)", status) or [0, 0])[1]) / 1024
    threads = int((re.search(r"Threads:\s+(\d+)", status) or [0, 0])[1])
    return Sample(time.monotonic() - began, memory, threads, len(os.listdir(f"/proc/{process}/fd")))


def main(seconds: float, options: list[str]) -> int:
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        (folder / "load.lua").write_text(SCRIPT)
        policy = folder / "soak.xml"
        policy.write_text(POLICY.format(round=0))
        ports = free_port(), free_port(), free_port()
        serve_backend(ports[2])
        command = [sys.executable, "-m", "apimpolicy", "serve", str(policy), "--quiet", "--http", str(ports[0])]
        command += ["--https", str(ports[1]), "--backend", f"http://127.0.0.1:{ports[2]}", *options]
        log = (folder / "log").open("w+")
        server = Server("soak", command, ports[0], folder, log=log)
        try:
            return _soak(server, policy, folder, seconds)
        finally:
            if server.process.poll() is None:
                server.process.send_signal(signal.SIGTERM)
                server.process.wait(60)


def _soak(server: Server, policy: Path, folder: Path, seconds: float) -> int:
    began = time.monotonic()
    ends = began + seconds
    url = f"http://127.0.0.1:{server.port}"
    load = subprocess.Popen(
        ["wrk", "-t1", "-c32", f"-d{seconds:g}", "--latency", "-s", str(folder / "load.lua"), url],
        stdout=subprocess.PIPE,
        text=True,
    )
    counts: dict[str, int] = {}
    clients = threading.Thread(target=lambda: asyncio.run(_all_clients(server.port, ends, counts)))
    clients.start()
    samples: list[Sample] = []
    turn = 0
    while time.monotonic() < ends:
        time.sleep(min(max(seconds / 60, 1.0), max(ends - time.monotonic(), 0.1)))
        turn += 1
        policy.write_text(POLICY.format(round=turn))
        samples.append(sample(server.process.pid, began))
        print(f"{samples[-1].seconds:8.0f} s  {samples[-1].memory:7.1f} MB  {samples[-1].threads:3} threads", end="  ")
        print(f"{samples[-1].files:4} files", flush=True)
    said = load.communicate()[0]
    clients.join()
    time.sleep(2)
    rest = sample(server.process.pid, began)
    server.process.send_signal(signal.SIGTERM)
    code = server.process.wait(60)
    text = (folder / "log").read_text()
    print(said)
    print(f"clients that misbehave: {counts}")
    return _verdict(samples, rest, said, counts, text, code)


async def _all_clients(port: int, ends: float, counts: dict[str, int]) -> None:
    await asyncio.gather(*(misbehave(port, ends, counts) for _ in range(8)))


def _verdict(samples: list[Sample], rest: Sample, said: str, counts: dict[str, Any], text: str, code: int) -> int:
    early = samples[len(samples) // 5 : len(samples) // 5 + max(len(samples) // 5, 1)]
    late = samples[-max(len(samples) // 5, 1) :]
    before, after = (sum(each.memory for each in part) / len(part) for part in (early, late))
    wrong = {
        f"the memory grew from {before:.0f} to {after:.0f} MB": after > before * 1.1,
        f"{rest.threads} threads are left": rest.threads > 40,
        f"{rest.files} files are left open": rest.files > 60,
        "requests got no answer": "Socket errors" in said or "Non-2xx" in said or counts.get("wrong", 0) > 0,
        "the server printed a traceback": "Traceback" in text,
        f"the server ended with {code}": code != 0,
    }
    for what, is_so in wrong.items():
        if is_so:
            print(f"WRONG: {what}")
    if "Traceback" in text:
        print(text[-3000:])
    print(f"memory {before:.1f} → {after:.1f} MB, {rest.threads} threads and {rest.files} files at the end")
    return 1 if any(wrong.values()) else 0


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]) if len(sys.argv) > 1 else 60.0, sys.argv[2:]))
