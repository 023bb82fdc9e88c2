"""The language server as an editor uses it: a process, its streams, a policy of some 500 lines.

    python benchmarks/editor.py [KEYSTROKES] [EDITS]        300 keystrokes for the times, 10,000 edits for the memory
    python benchmarks/editor.py large                       2,000 and 5,000 lines alone

After each keystroke inside an expression: the time until diagnostics are there, and until completion is. Goals: 60 ms
and 30 ms in the middle, twice that for 95 of 100; start to first diagnostics 400 ms; memory flat over the edits.
Diagnostics wait 20 ms for further keystrokes, which is part of the time.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

BLOCK = """\
        <choose>
            <when condition="@(context.Request.Headers.GetValueOrDefault("X-Kind-{0}", "") == "{0}")">
                <set-variable name="kind{0}" value="@((string)context.Variables.GetValueOrDefault("user", "nobody"))" />
                <set-header name="X-Kind-{0}" exists-action="override">
                    <value>@{{
                        var parts = context.Request.Url.Path.Split('/');
                        var found = parts.Where(part => part.Length > {0}).Select(part => part.ToLower()).ToList();
                        if (found.Count > {0})
                        {{
                            return string.Join(",", found);
                        }}
                        return context.Request.Method;
                    }}</value>
                </set-header>
            </when>
        </choose>
"""


def policy_of(lines: int) -> str:
    blocks = "".join(BLOCK.format(number) for number in range(lines // BLOCK.count("\n")))
    return f"<policies>\n    <inbound>\n        <base />\n{blocks}    </inbound>\n</policies>\n"


POLICY = policy_of(500)
LARGE = {2_000: 30, 5_000: 60}
"""Lines, and the milliseconds of processor time that a completion may take."""
URI = "file:///nowhere/orders.xml"
MARKS = 20
"""Looks at the memory while somebody edits."""
WARM = 4
"""Of them, how many belong to the start."""
TYPED = '\n                        var one = context.Request.Headers.GetValueOrDefault("A", "b").Substring(1).Trim();'


class Session:
    """A server in a process of its own."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "apimpolicy", "lsp"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self._in, self._out = self.process.stdin, self.process.stdout
        self._number = 0
        self.request("initialize", {"processId": None, "rootUri": None, "capabilities": {}})
        self.notify("initialized", {})

    def _send(self, message: dict[str, Any]) -> None:
        data = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self._in.write(b"Content-Length: %d\r\n\r\n" % len(data) + data)
        self._in.flush()

    def read(self) -> dict[str, Any]:
        length = 0
        while line := self._out.readline().strip():
            length = int(line.partition(b":")[2])
        message: dict[str, Any] = json.loads(self._out.read(length))
        return message

    def notify(self, method: str, params: dict[str, Any]) -> None:
        self._send({"method": method, "params": params})

    def request(self, method: str, params: dict[str, Any]) -> Any:
        self._number += 1
        self._send({"id": self._number, "method": method, "params": params})
        while (message := self.read()).get("id") != self._number:
            pass
        return message["result"]

    def diagnostics(self) -> None:
        while self.read().get("method") != "textDocument/publishDiagnostics":
            pass

    def open(self, policy: str = POLICY) -> None:
        document = {"uri": URI, "languageId": "xml", "version": 1, "text": policy}
        self.notify("textDocument/didOpen", {"textDocument": document})
        self.diagnostics()

    def change(self, start: dict[str, int], end: dict[str, int], text: str) -> None:
        change = {"range": {"start": start, "end": end}, "text": text}
        self.notify("textDocument/didChange", {"textDocument": {"uri": URI, "version": 2}, "contentChanges": [change]})

    def complete(self, position: dict[str, int]) -> Any:
        return self.request("textDocument/completion", {"textDocument": {"uri": URI}, "position": position})

    def memory(self) -> float:
        """Megabytes of the server; 0 where the system does not say."""
        try:
            status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="utf-8")
        except OSError:
            return 0.0
        return int(status.partition("VmRSS:")[2].split()[0]) / 1024

    def processor_time(self) -> float:
        """Seconds of processor time that the server has taken; 0 where the system does not say."""
        try:
            fields = Path(f"/proc/{self.process.pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        except OSError:
            return 0.0
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def close(self) -> None:
        self.request("shutdown", {})
        self.notify("exit", {})
        self.process.wait(10)


def typing(session: Session, keystrokes: int, policy: str = POLICY) -> tuple[list[float], list[float]]:
    """The seconds until diagnostics, and until completion, while somebody types statements into an expression."""
    line = policy[: policy.index("var parts", len(policy) // 2)].count("\n")
    position = {
        "line": line,
        "character": len("                        var parts = context.Request.Url.Path.Split('/');"),
    }
    checked: list[float] = []
    completed: list[float] = []
    for number in range(keystrokes):
        character = TYPED[number % len(TYPED)]
        begin = time.perf_counter()
        session.change(position, position, character)
        if character == "\n":
            position = {"line": position["line"] + 1, "character": 0}
        else:
            position = {"line": position["line"], "character": position["character"] + 1}
        session.complete(position)
        completed.append(time.perf_counter() - begin)
        session.diagnostics()
        checked.append(time.perf_counter() - begin)
    return checked, completed


def show(name: str, times: list[float], goal: float) -> None:
    ordered = sorted(times)
    middle, late = statistics.median(ordered) * 1e3, ordered[int(len(ordered) * 0.95)] * 1e3
    print(f"{name:<34} {middle:6.1f} ms  (goal {goal:g})   95 of 100 {late:6.1f} ms  (goal {2 * goal:g})")


def growth(edits: int) -> None:
    """The memory of a server over many edits."""
    session = Session()
    session.open()
    line = POLICY[: POLICY.index("var parts")].count("\n")
    place = {"line": line, "character": 24}
    marks: list[float] = []
    for number in range(edits):
        typed = f"var x{number // 2} = context.Request.Method; "
        end = {"line": line, "character": 24 + len(typed)}
        session.change(place, end if number % 2 else place, "" if number % 2 else typed)
        if number % 20 == 0:
            session.complete({"line": line, "character": 24 + typed.index("Method")})
            session.diagnostics()
        if number % (edits // MARKS or 1) == 0:
            session.complete(place)
            marks.append(session.memory())
    session.complete(place)
    marks.append(session.memory())
    session.close()
    warm = marks[WARM:]
    slope = statistics.linear_regression(range(len(warm)), warm).slope * MARKS
    curve = ", ".join(f"{mark:.1f}" for mark in marks)
    print(f"memory over {edits:,} edits             {curve} MB")
    spread = max(warm) - min(warm)
    print(f"{'after warm-up':<34} {slope:+6.2f} MB in as many edits   {spread:.1f} MB between most and least")


def large(keystrokes: int = 40) -> None:
    """The server's processor time for completion alone, and with the diagnostics after it, in large files."""
    for lines, goal in LARGE.items():
        policy = policy_of(lines)
        session = Session()
        session.open(policy)
        typing(session, 3, policy)
        at = policy.index("context.Request.Method", len(policy) // 2) + len("context.Request.")
        line = policy.count("\n", 0, at)
        position = {"line": line, "character": at - policy.rindex("\n", 0, at) - 1}
        completed: list[float] = []
        checked: list[float] = []
        for number in range(keystrokes):
            before = session.processor_time()
            end = {**position, "character": position["character"] + 1}
            session.change(position, position if number % 2 else end, "M" if number % 2 else "")
            session.complete(position)
            completed.append(session.processor_time() - before)
            session.diagnostics()
            checked.append(session.processor_time() - before)
        session.close()
        figures = statistics.mean(completed) * 1e3, goal, statistics.mean(checked) * 1e3
        print("{:,} lines: completion {:.0f} ms (goal {}), with diagnostics {:.0f} ms".format(lines, *figures))


def main(keystrokes: int, edits: int) -> None:
    print(f"a policy of {POLICY.count(chr(10))} lines, {keystrokes} keystrokes")
    starts: list[float] = []
    for _ in range(5):
        begin = time.perf_counter()
        session = Session()
        session.open()
        starts.append(time.perf_counter() - begin)
        session.close()
    session = Session()
    session.open()
    before = session.processor_time()
    checked, completed = typing(session, keystrokes)
    taken = (session.processor_time() - before) / keystrokes
    session.close()
    show("diagnostics after a keystroke", checked, 60)
    show("completion after a keystroke", completed, 30)
    print(f"{'both, of the server’s processor time':<34} {taken * 1e3:6.1f} ms a keystroke")
    print(f"{'start to first diagnostics':<34} {statistics.median(starts) * 1e3:6.1f} ms  (goal 400)")
    large()
    growth(edits)


if __name__ == "__main__":
    if sys.argv[1:] == ["large"]:
        sys.exit(large())
    main(*(int(each) for each in sys.argv[1:]) if len(sys.argv) > 2 else (300, 10_000))
