"""A served gateway at saturation for a long time: `python -m benchmarks.soak SECONDS [--summary FILE] [--redis URL]`.

The gateway, its backend, the load (wrk) and the clients that look closely (`soak_clients`) are a process each. Clients
misbehave, so does the backend, and the policy changes every few seconds. Progress is printed once a minute, the summary
at the end, which goes to FILE as well. Exits with 1 unless all of this held:

- **Answers.** Every request of the load was answered, with 200 and the right body; the clients that look closely got
  what they must get. Being slow is no fault, since other work on the machine slows everybody down: the load waits
  PATIENCE, as the clients do.
- **Memory.** A line is laid through the resident memory of the gateway after the warm-up: the first fifth, but two
  minutes at least (by Theil and Sen: the median of the slopes between any two samples, so that single peaks do not
  count). From its beginning to its end it rises by at most GROWTH of the memory. A run of less than ten minutes is too
  short to judge that; the line is printed.
- **Rest.** When the load has ended, the gateway has no request under way, and no task, no thread outside of its pools
  and no open file more than before the first request, within REST_SECONDS (pooled connections are kept for 30 s).
- **Silence.** The gateway said nothing but that it has loaded the policy again, and ended with 0 when it was told to.

Needs wrk, and Linux's /proc.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from itertools import combinations
from pathlib import Path
from typing import Any, NamedTuple
from urllib.request import Request, urlopen

from benchmarks.serving import Server, free_port
from benchmarks.soak_clients import CALLS, PATIENCE, PERIOD

GROWTH = 0.03
REST_SECONDS = 60.0
_WARM_UP, _LEAST_WARM_UP = 0.2, 120.0
_SHORT = 600.0
_SAMPLES = 300
_RELOADS = 10.0
_POOLS = ("apimpolicy_", "asyncio_")

POLICY = f"""<policies><inbound><set-variable name="round" value="{{round}}" />
<set-variable name="n" value="@(context.Request.Url.Query.GetValueOrDefault("n", "none"))" />
<choose><when condition="@(context.Request.Url.Path == "/mocked")"><return-response><set-body>mocked</set-body>
</return-response></when><when condition="@(context.Request.Url.Path == "/counted")">
<rate-limit-by-key calls="{CALLS}" renewal-period="{PERIOD}" counter-key="@((string)context.Variables["n"])" />
<return-response /></when></choose>
<rate-limit-by-key calls="1000000" renewal-period="10" counter-key="@("load " + (string)context.Variables["n"])" />
<cache-lookup-value key="@((string)context.Variables["n"])" variable-name="found" />
<cache-store-value key="@((string)context.Variables["n"])" value="@(new string('a', 200))" duration="5" />
</inbound><backend><choose>
<when condition="@(context.Request.Url.Path == "/hang")"><forward-request timeout="2" /></when>
<when condition="@(context.Request.Url.Path.StartsWith("/whole"))"><forward-request timeout="100" /></when>
<otherwise><forward-request timeout="100" buffer-response="false" /></otherwise></choose></backend>
<outbound><set-header name="X-Round" exists-action="override"><value>{{round}}</value></set-header></outbound>
<on-error><set-header name="X-Failed" exists-action="override"><value>@(context.LastError.Reason)</value></set-header>
</on-error></policies>"""

LOAD = """local n, wrong, threads = 0, 0, {}
function setup(thread) table.insert(threads, thread) end
function init() bad = 0 end
function request()
  n = n + 1
  local paths = { "/mocked", "/good?n=" .. n % 100000, "/good?n=1", "/mocked" }
  return wrk.format(n % 5 == 0 and "POST" or "GET", paths[n % 4 + 1], nil, n % 5 == 0 and string.rep("x", 2000) or nil)
end
function response(status, headers, body)
  if status ~= 200 or (body ~= "mocked" and body ~= "0123456789") then bad = bad + 1 end
end
function done(summary)
  for _, thread in ipairs(threads) do wrong = wrong + thread:get("bad") end
  local e = summary.errors
  io.write(string.format("counted requests=%d wrong=%d connect=%d read=%d write=%d timeout=%d\\n",
    summary.requests, wrong, e.connect, e.read, e.write, e.timeout))
end
"""


class Sample(NamedTuple):
    """The gateway at a moment, in seconds since the load began: memory in MB, threads, files, processor's time in s."""

    seconds: float
    memory: float
    threads: int
    files: int
    cpu: float


class Rest(NamedTuple):
    """What the gateway holds when nothing is asked of it."""

    under_way: int
    tasks: int
    threads: int
    files: int


class Soak:
    """One run, of so many seconds."""

    def __init__(self, folder: Path, seconds: float, options: list[str]) -> None:
        self.folder = folder
        self.seconds = seconds
        self.policy = folder / "soak.xml"
        self.log = folder / "log"
        self.samples: list[Sample] = []
        self.turn = 0
        backend = free_port()
        self.backend = Server("backend", _module("soak_backend", str(backend)), backend, folder)
        port, secure = str(free_port()), str(free_port())
        self._change_policy()
        command = [sys.executable, "-m", "apimpolicy", "serve", str(self.policy), "--quiet", "--http", port]
        command += ["--https", secure, "--backend", f"http://127.0.0.1:{backend}", *options]
        with self.log.open("w") as log:
            self.gateway = Server("soak", command, int(port), folder, log=log)
        self.before = self._rest()

    def run(self) -> list[str]:
        """Do it; the lines of the summary. The last one is the verdict, which begins with OK or WRONG."""
        script = self.folder / "load.lua"
        script.write_text(LOAD)
        url = f"http://127.0.0.1:{self.gateway.port}"
        wrk = ["wrk", "-t1", "-c32", f"-d{self.seconds:.0f}s", f"--timeout={PATIENCE:.0f}s", "--latency"]
        load = subprocess.Popen([*wrk, "-s", str(script), url], stdout=subprocess.PIPE, text=True)
        looking = _module("soak_clients", str(self.gateway.port), str(self.seconds))
        clients = subprocess.Popen(looking, stdout=subprocess.PIPE, text=True)
        self._watch(time.monotonic())
        said, found = load.communicate()[0], json.loads(clients.communicate()[0])
        rest = self._rest_at_the_end()
        self.gateway.process.send_signal(signal.SIGTERM)
        code = self.gateway.process.wait(60)
        return self._summary(said, found, rest, code)

    def end(self) -> None:
        for server in (self.gateway, self.backend):
            if server.process.poll() is None:
                server.process.send_signal(signal.SIGTERM)
                server.process.wait(60)

    def _watch(self, began: float) -> None:
        step = max(1.0, self.seconds / _SAMPLES)
        shown = changed = began
        while (now := time.monotonic()) < began + self.seconds and self.gateway.process.poll() is None:
            time.sleep(min(step, began + self.seconds - now))
            if (taken := _sample(self.gateway, began)) is not None:
                self.samples.append(taken)
            now = time.monotonic()
            if now - changed >= min(_RELOADS, self.seconds / 10):
                changed = now
                self._change_policy()
            if now - shown >= min(60.0, self.seconds / 4):
                shown = now
                print(_line(self.samples), flush=True)

    def _change_policy(self) -> None:
        made = self.folder / "next"
        made.write_text(POLICY.format(round=self.turn))
        made.replace(self.policy)
        self.turn += 1

    def _rest(self) -> Rest:
        request = Request(f"http://127.0.0.1:{self.gateway.port}/_apimpolicy/process", headers={"Connection": "close"})
        with urlopen(request, timeout=PATIENCE) as answer:
            found: dict[str, Any] = json.load(answer)
        threads = [name for name in found["threads"] if not name.startswith(_POOLS)]
        time.sleep(0.5)
        return Rest(found["under_way"], found["tasks"], len(threads), _files(self.gateway.process.pid))

    def _rest_at_the_end(self) -> Rest:
        ends = time.monotonic() + REST_SECONDS
        while (found := self._rest()) != self.before and time.monotonic() < ends:
            if not any(now > then for now, then in zip(found, self.before, strict=True)):
                break
            time.sleep(1)
        return found

    def _summary(self, said: str, found: dict[str, Any], rest: Rest, code: int) -> list[str]:
        first, growth, slope = line_through([(each.seconds, each.memory) for each in self._warm()])
        counted = {name: int(number) for name, number in re.findall(r"(\w+)=(\d+)", said)}
        lost = {name: number for name, number in counted.items() if name != "requests" and number}
        unexpected = [line for line in self.log.read_text().splitlines() if not _is_expected(line)]
        wrong = {
            f"the memory grew by {growth:.1f} MB after the warm-up": growth > GROWTH * first and self.seconds >= _SHORT,
            f"of the load, answers were lost or wrong: {lost}": bool(lost) or not counted.get("requests"),
            f"{found['wrong']} answers to the clients that look closely": found["wrong"] > 0,
            f"something is left: {rest}, before it was {self.before}": any(
                now > then for now, then in zip(rest, self.before, strict=True)
            ),
            f"the gateway said {len(unexpected)} lines": bool(unexpected),
            f"the gateway ended with {code}": code != 0,
        }
        failures = [what for what, is_so in wrong.items() if is_so]
        return [
            *said.strip().splitlines(),
            f"clients that look closely: {json.dumps(found['counts'])}, the slowest took {found['slowest']} s",
            *[f"  {each}" for each in (*found["shown"], *unexpected[:50])],
            f"the policy changed {self.turn - 1} times",
            _line(self.samples),
            f"memory after the warm-up: {first:.1f} MB, {growth:+.2f} MB until the end, {slope * 3600:+.2f} MB an hour",
            f"at rest: {rest}, before the first request: {self.before}",
            f"WRONG: {'; '.join(failures)}"
            if failures
            else f"OK: {self.seconds:.0f} s, {counted['requests']} requests",
        ]

    def _warm(self) -> list[Sample]:
        begins = min(max(self.seconds * _WARM_UP, _LEAST_WARM_UP), self.seconds / 2)
        return [each for each in self.samples if each.seconds >= begins] or self.samples


def line_through(points: list[tuple[float, float]]) -> tuple[float, float, float]:
    """Theil's and Sen's line through points: its value at the first one, its rise until the last one, its slope.

    >>> line_through([(0, 10), (1, 11), (2, 90), (3, 13)])
    (10.0, 3.0, 1.0)
    """
    slopes = [(b[1] - a[1]) / (b[0] - a[0]) for a, b in combinations(points, 2) if b[0] > a[0]]
    slope = float(statistics.median(slopes)) if slopes else 0.0
    at_zero = statistics.median(value - slope * time for time, value in points)
    return at_zero + slope * points[0][0], slope * (points[-1][0] - points[0][0]), slope


def _module(name: str, *arguments: str) -> list[str]:
    return [sys.executable, "-m", f"benchmarks.{name}", *arguments]


def _sample(server: Server, began: float) -> Sample | None:
    """None when the gateway has ended."""
    process = server.process.pid
    status = dict(re.findall(r"(VmRSS|Threads):\s+(\d+)", Path(f"/proc/{process}/status").read_text()))
    if len(status) < 2:
        return None
    memory, threads = int(status["VmRSS"]) / 1024, int(status["Threads"])
    return Sample(time.monotonic() - began, memory, threads, _files(process), server.cpu())


def _files(process: int) -> int:
    return len(os.listdir(f"/proc/{process}/fd"))


def _line(samples: list[Sample]) -> str:
    """How it stands, with the part of a processor that the gateway has used since the sample a minute before."""
    last = samples[-1]
    before = next((each for each in samples if each.seconds >= last.seconds - 60), samples[0])
    busy = (last.cpu - before.cpu) / max(last.seconds - before.seconds, 0.001)
    numbers = f"{last.memory:7.1f} MB  {last.threads:3} threads  {last.files:4} files  {busy:4.0%} of a processor"
    return f"{last.seconds:8.0f} s  {numbers}"


def _is_expected(line: str) -> bool:
    """Whether a line of the gateway is one of those at its beginning, or says that it has loaded the policy again."""
    return line == "apimpolicy: loaded again" or not line.startswith(("apimpolicy:", "Traceback", "Exception", "Task"))


def main() -> int:
    parser = argparse.ArgumentParser(prog="benchmarks.soak")
    parser.add_argument("seconds", type=float, nargs="?", default=60.0)
    parser.add_argument("--summary", type=Path)
    given, options = parser.parse_known_args()
    with tempfile.TemporaryDirectory() as made:
        soak = Soak(Path(made), given.seconds, options)
        try:
            lines = soak.run()
        finally:
            soak.end()
    print("\n".join(lines))
    if given.summary is not None:
        given.summary.write_text("\n".join(lines) + "\n")
    return int(lines[-1].startswith("WRONG"))


if __name__ == "__main__":
    sys.exit(main())
