"""Commands that start in milliseconds: forks of one process that has imported what they need.

`run_python` does what `subprocess.run` does for `python ARGUMENT…`, and `start_python` what `Popen` does. At night, and
on systems without `fork`, each command is a new interpreter.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import gc
import importlib
import json
import os
import runpy
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from tests.sampling import IS_NIGHTLY

if TYPE_CHECKING:
    from collections.abc import Mapping

APIMPOLICY = ("-m", "apimpolicy")
MODULES = (
    *("pytest", "yaml", "lxml.etree", "regex", "joserfc.jwt", "cryptography.x509", "tomllib", "http.client"),
    *(f"apimpolicy.cli.{name}" for name in ("check", "eval", "explain", "format", "mutate", "new", "program", "run")),
    *(f"apimpolicy.cli.{name}" for name in ("audit", "diff", "overview", "prove", "rule", "serve", "test", "watched")),
    *("apimpolicy.csharp.binding.parts", "apimpolicy.csharp.emit.core", "apimpolicy.gateway.engine.partial_runs"),
    *(f"apimpolicy.testing.{name}" for name in ("authority", "plugin", "running", "claims.running", "solved_cases")),
    *("apimpolicy.project.audit_run", "apimpolicy.formatting.files", "apimpolicy.serving.command"),
)
_ROOT = Path(__file__).parent.parent
_IS_FORKED = hasattr(os, "fork") and not IS_NIGHTLY
_lock = threading.Lock()


def run_python(
    *arguments: str,
    input: bytes = b"",
    cwd: str | Path | None = None,
    env: Mapping[str, str] | None = None,
    timeout: float | None = None,
    is_merged: bool = False,
    processor_seconds: int | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end; `is_merged` writes both streams into the first. Raises subprocess.TimeoutExpired."""
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        given.write(input)
        given.seek(0)
        if _IS_FORKED:
            request = {
                "arguments": arguments,
                "cwd": str(cwd or Path.cwd()),
                "env": dict(os.environ if env is None else env),
                "processor_seconds": processor_seconds,
            }
            code = _forked(request, timeout, given, out, out if is_merged else err)
        else:
            code = subprocess.run(
                [sys.executable, *arguments],
                cwd=cwd,
                env=env,
                timeout=timeout,
                check=False,
                stdin=given,
                stdout=out,
                stderr=out if is_merged else err,
                preexec_fn=functools.partial(_limit, processor_seconds) if processor_seconds else None,
            ).returncode
        for file in (out, err):
            file.seek(0)
        return subprocess.CompletedProcess(
            list(arguments), code, out.read().decode("utf-8", "replace"), err.read().decode("utf-8", "replace")
        )


def start_python(*arguments: str, env: Mapping[str, str]) -> subprocess.Popen[str] | Forked:
    """Start a command that writes both streams into `stdout`."""
    if not _IS_FORKED:
        streams: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
        return subprocess.Popen([sys.executable, *arguments], env=env, **streams)
    reads, writes = os.pipe()
    request = {"arguments": arguments, "cwd": str(Path.cwd()), "env": dict(env), "processor_seconds": None}
    with open(os.devnull, "rb") as nothing, open(writes, "wb") as out:
        return Forked(request, nothing, out, out, stdout=open(reads, encoding="utf-8"))


class Forked:
    """A forked command, with what `subprocess.Popen` has."""

    def __init__(self, request: dict[str, Any], *streams: IO[bytes], stdout: IO[str] | None = None) -> None:
        self.arguments = request["arguments"]
        self.stdout = stdout
        self._code: int | None = None
        body = json.dumps(request).encode()
        self._told, tells = socket.socketpair(type=socket.SOCK_SEQPACKET)
        with tells, _lock:
            fds = [*(each.fileno() for each in streams), tells.fileno()]
            socket.send_fds(_server(), [len(body).to_bytes(8, "big")], fds)
            _server().sendall(body)
        self.pid = int(self._told.recv(20))

    def wait(self, timeout: float | None = None) -> int:
        """Return the exit code; a negative one is that of a signal. Raises subprocess.TimeoutExpired."""
        if self._code is None:
            self._told.settimeout(timeout)
            try:
                self._code = os.waitstatus_to_exitcode(int(self._told.recv(20)))
            except (TimeoutError, BlockingIOError):
                raise subprocess.TimeoutExpired(self.arguments, timeout or 0) from None
            self._told.close()
        return self._code

    def poll(self) -> int | None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self.wait(0)
        return None

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)


def _forked(request: dict[str, Any], timeout: float | None, *streams: IO[bytes]) -> int:
    """Run a command to its end, and return its exit code."""
    process = Forked(request, *streams)
    try:
        return process.wait(timeout)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        process.wait()
        raise


@functools.cache
def _server() -> socket.socket:
    """Start the process that forks; it ends when this one does."""
    here, there = socket.socketpair()
    command = [sys.executable, "-X", "utf8", "-m", "tests.processes", str(there.fileno())]
    server = subprocess.Popen(command, cwd=_ROOT, pass_fds=[there.fileno()], stdin=subprocess.DEVNULL)
    there.close()

    @atexit.register
    def end() -> None:
        here.close()
        server.wait()

    return here


def _serve(channel: socket.socket) -> None:
    for name in MODULES:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()
    while True:
        size, fds, *_ = socket.recv_fds(channel, 8, 4)
        if not size:
            return
        with channel.makefile("rb", buffering=0) as file:
            body = b""
            while len(body) < int.from_bytes(size, "big"):
                body += file.read(int.from_bytes(size, "big") - len(body)) or b""
        if os.fork() == 0:
            channel.close()
            _tell(json.loads(body), *fds)
            return
        for fd in fds:
            os.close(fd)
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass


def _tell(request: dict[str, Any], stdin: int, stdout: int, stderr: int, tells: int) -> None:
    """Fork the command, and tell its number and its wait status."""
    child = os.fork()
    if child == 0:
        os.close(tells)
        _become(request, (stdin, stdout, stderr))
        return
    for fd in (stdin, stdout, stderr):
        os.close(fd)
    with contextlib.suppress(BrokenPipeError):
        os.write(tells, b"%d" % child)
        status = os.waitpid(child, 0)[1]
        os.write(tells, b"%d" % status)
    os._exit(0)


def _become(request: dict[str, Any], streams: tuple[int, int, int]) -> None:
    """Run what `python` would run with these arguments."""
    for number, fd in enumerate(streams):
        os.dup2(fd, number)
    for fd in {*streams} - {0, 1, 2}:
        os.close(fd)
    if "PYTHONUNBUFFERED" in request["env"]:
        sys.stdout, sys.stderr = (os.fdopen(fd, "w", buffering=1, errors="replace", closefd=False) for fd in (1, 2))
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["env"])
    if request["processor_seconds"]:
        _limit(request["processor_seconds"])
    sys.path[1:1] = filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))
    first, *rest = request["arguments"]
    if first == "-m":
        sys.path[0] = os.getcwd()
        sys.argv = rest
        runpy.run_module(rest[0], run_name="__main__", alter_sys=True)
    else:
        sys.path[0] = os.path.dirname(os.path.abspath(first))
        sys.argv = [first, *rest]
        runpy.run_path(first, run_name="__main__")


def _limit(seconds: int) -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))


if __name__ == "__main__":
    _serve(socket.socket(fileno=int(sys.argv[1])))
