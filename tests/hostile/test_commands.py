"""Every command on every hostile checkout: nothing outside is opened, changed or started, and every command ends.

A command runs under an audit hook (`audited.py`) and `RLIMIT_CPU`, which counts its own work and not the clock's.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from tests.hostile.checkouts import KINDS, LATER, SECRET, make
from tests.processes import run_python
from tests.sampling import IS_NIGHTLY, sampled

pytestmark = pytest.mark.skipif(os.name == "nt", reason="needs links, pipes and limits")

HERE = Path(__file__).parent
PROCESSOR_SECONDS = 40
"""The most that any command may take; the operating system ends it then."""
COMMANDS = {
    "overview": (".",),
    "check": ("check", "."),
    "check --fix": ("check", "--fix", "."),
    "check --since": ("check", "--since", "HEAD~1", "."),
    "check --output-file": ("check", "old.xml", "--format", "json", "--output-file", "report.finding_formats"),
    "format": ("format", "."),
    "audit": ("audit", "."),
    "audit --since": ("audit", "--since", "HEAD~1", "."),
    "diff": ("diff", "HEAD~1:.", "."),
    "diff of a folder": ("diff", "HEAD:apis", "apis"),
    "prove": ("prove", "."),
    "run": ("run", ".", "--get", "/orders"),
    "explain": ("explain", ".", "--effective"),
    "test": ("test", "."),
    "new test": ("new", "test", "own.xml", "--force"),
    "new test of a service": ("new", "test", "."),
    "mutate": ("mutate", "."),
    "eval": ("eval", "@(1 + 1)"),
    "lsp": ("lsp",),
    "mcp": ("mcp",),
    "dap": ("dap",),
    "serve": ("serve", ".", "--http", "0", "--https", "0", "--host", "host.invalid"),
}
"""`serve` loads everything, and then ends because it can't listen."""
CERTAIN = [
    *(("links", name) for name in ("check", "format", "new test", "check --output-file", "lsp")),
    *(("embedded_repository", name) for name in ("diff of a folder", "audit --since")),
    *(("named_in_terraform", "run"), ("named_in_bicep", "run"), ("named_in_tests", "test"), ("patterns", "check")),
    *(("named_in_configuration", "serve"), ("growing_values", "check"), ("nested_deployments", "audit")),
    *(("growing_modules", "audit"), ("many_patterns", "check --output-file")),
    *(("python_modules", name) for name in ("check", "test", "mutate", "mcp")),
    *((kind, name) for kind in LATER for name in ("check --since", "diff", "audit --since")),
    *(("deep_folders", "check"), ("links", "mcp"), ("links", "dap")),
]
"""What was a fault once, and one command for each kind of `COSTLY`; these run every time."""
COSTLY = () if IS_NIGHTLY else ("growing_modules", "many_patterns")
"""Kinds on which each command computes for ten seconds, until a bound ends it."""
ROWS = [(kind, name) for kind in KINDS if kind not in COSTLY for name in COMMANDS]


CONVERSATIONS = ("lsp", "mcp", "dap")
MOST_OUTPUT = 6_000_000
"""Bytes that a command writes at most."""


def _conversation(name: str, folder: Path) -> bytes:
    """Return what a client of a command says; nothing to a command without one."""
    given = {"lsp": _messages, "mcp": _calls, "dap": _launches}.get(name)
    return b"" if given is None else given(folder)


def _calls(folder: Path) -> bytes:
    """Return what an assistant sends that has been talked into reading what is none of its business."""
    paths = [
        "own.xml",
        "../outside/policy.xml",
        str(folder.parent / "outside" / "policy.xml"),
        ".env",
        "vendor/policy.xml",
    ]
    client = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "a", "version": "1"}}
    messages: list[dict[str, object]] = [
        {"id": 1, "method": "initialize", "params": client},
        {"method": "notifications/initialized"},
    ]
    for path in paths:
        for tool in ("format", "check"):
            call = {"name": tool, "arguments": {"policy": path}}
            messages.append({"id": len(messages) + 1, "method": "tools/call", "params": call})
    return "".join(f"{json.dumps({'jsonrpc': '2.0', **message})}\n" for message in messages).encode()


def _launches(folder: Path) -> bytes:
    """Return what an editor sends that debugs a policy of the folder, with a configuration of the folder."""
    launch = {"policy": str(folder / "own.xml"), "url": "/orders", "method": "GET", "noDebug": True}
    commands = [
        ("initialize", {"adapterID": "apimpolicy"}),
        ("launch", launch),
        ("configurationDone", {}),
        ("disconnect", {}),
    ]
    bodies = [
        json.dumps({"seq": number, "type": "request", "command": command, "arguments": arguments})
        for number, (command, arguments) in enumerate(commands, 1)
    ]
    return "".join(f"Content-Length: {len(body)}\r\n\r\n{body}" for body in bodies).encode()


def _messages(folder: Path) -> bytes:
    """Return what an editor sends that opens the folder, checks all of it, and writes a test file."""
    calls = [
        ("initialize", {"rootUri": folder.as_uri(), "capabilities": {}}),
        ("workspace/executeCommand", {"command": "apimpolicy.checkAll", "arguments": []}),
        ("workspace/executeCommand", {"command": "apimpolicy.tests", "arguments": []}),
        ("workspace/executeCommand", {"command": "apimpolicy.newTest", "arguments": [str(folder / "own.xml")]}),
        ("shutdown", None),
        ("exit", None),
    ]
    bodies = [
        json.dumps(
            {"jsonrpc": "2.0", "method": method, "params": parameters, **({} if method == "exit" else {"id": number})}
        )
        for number, (method, parameters) in enumerate(calls)
    ]
    return "".join(f"Content-Length: {len(body)}\r\n\r\n{body}" for body in bodies).encode()


@pytest.mark.parametrize(("kind", "name"), dict.fromkeys((*CERTAIN, *sampled(ROWS, 40))))
def test_a_command_stays_in_the_checkout_and_ends(kind: str, name: str, tmp_path: Path) -> None:
    folder = make(kind, tmp_path)
    scratch, home = tmp_path / "scratch", tmp_path / "home"
    for each in (scratch, home):
        each.mkdir()
    outside = tmp_path / "outside"
    before = {path.name: path.read_bytes() for path in outside.iterdir()}
    places = os.pathsep.join(map(str, (folder, scratch, home, HERE.parents[1] / "grammar")))
    done = run_python(
        str(HERE / "audited.py"),
        places,
        *COMMANDS[name],
        cwd=folder,
        env={
            **{key: value for key, value in os.environ.items() if not key.startswith(("COVERAGE", "PYTEST"))},
            "SHARE_OF_BOUNDS": "1" if IS_NIGHTLY else "10",
            "TMPDIR": str(scratch),
            "HOME": str(home),
            "XDG_CACHE_HOME": str(home),
            "APIMPOLICY_HOME": str(home),
        },
        input=_conversation(name, folder),
        processor_seconds=PROCESSOR_SECONDS,
    )
    said = done.stdout + done.stderr
    assert len(said) < MOST_OUTPUT
    if name == "lsp":
        assert '"id":4' in said.replace(" ", "")  # it answered to the end
    assert "VIOLATION" not in said, said[said.find("VIOLATION") :][:500]
    assert "internal error" not in said, said[said.find("internal error") :][:500]
    assert "Traceback" not in said, said[-2000:]
    assert done.returncode in (0, 1, 2, 3, 5), said[-500:]
    assert SECRET not in said
    assert {path.name: path.read_bytes() for path in outside.iterdir()} == before
    assert not (tmp_path / "it-ran").exists()
