"""Run a command of apimpolicy and end it at an open, write or start outside of the folders that it may use.

python audited.py PLACES ARGUMENT…: PLACES are folders, separated as in PATH. The exit code of a violation is 97.
It also ends at a socket of a network, unless the command is `serve`, and at too many processes. SHARE_OF_BOUNDS in the
environment divides how much of infrastructure code is evaluated,
and how much of git is read.
"""

from __future__ import annotations

import os
import socket
import sys

VIOLATION = 97
_OPENING = (
    "open",
    "os.listdir",
    "os.scandir",
    "os.mkdir",
    "os.remove",
    "os.rmdir",
    "os.rename",
    "os.link",
    "os.symlink",
)
_OPENING = (*_OPENING, "os.truncate", "os.chmod", "os.chown", "os.utime")
_STARTING = ("subprocess.Popen", "os.exec", "os.posix_spawn", "os.spawn", "os.system", "os.startfile", "pty.spawn")
_OF_THE_SYSTEM = (
    "/dev/null",
    "/proc/self/",
    "/usr/share/zoneinfo",
    "/etc/localtime",
    "/usr/lib",
    "/usr/local/lib",
    "/lib",
)
_OF_THE_USER = ("/etc/gitconfig", *map(os.path.expanduser, ("~/.gitconfig", "~/.config/git/config")))
"""Git's configuration: the wall lets git read the files that it includes."""
_OF_THE_SYSTEM = (
    *_OF_THE_SYSTEM,
    *_OF_THE_USER,
    "/sys/fs/cgroup",
    "/proc/cpuinfo",
    "/dev/shm",
    "/sys/devices/system/cpu",
)
_CONNECTING = ("socket.__new__", "socket.connect", "socket.sendto", "socket.sendmsg")
_NETWORKS = (socket.AF_INET, socket.AF_INET6)
_LOOKED_AT = frozenset((*_OPENING, *_STARTING, *_CONNECTING))
MOST_PROCESSES = 60
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


def watch(places: list[str], *, serves: bool = False) -> None:
    """From now on, end this process at a violation; its copies inherit that."""
    processes = 0
    real = [os.path.join(os.path.realpath(place), "") for place in places]
    python = [os.path.join(os.path.realpath(place), "") for place in {*sys.path, sys.prefix, sys.base_prefix} if place]
    within = False

    def violated(what: str) -> None:
        os.write(2, f"\nVIOLATION {what}\n".encode("utf-8", "replace"))
        os._exit(VIOLATION)

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal within, processes
        if within or event not in _LOOKED_AT:
            return
        within = True
        try:
            if event in _CONNECTING:
                is_network = event != "socket.__new__" or arguments[1] in _NETWORKS
                if is_network and not (serves and event == "socket.__new__") and not isinstance(arguments[1], str):
                    violated(f"{event} {arguments[1:]}")
                return
            if event in _STARTING:
                processes += 1
                if processes > MOST_PROCESSES:
                    violated(f"more than {MOST_PROCESSES} processes")
                program = os.fsdecode(arguments[0]) if isinstance(arguments[0], (str, bytes)) else str(arguments[0])
                found = os.path.realpath(program)
                if not os.path.isabs(program) or any(found.startswith(place) for place in real):
                    violated(f"{event} {program}")
                return
            for path in arguments[: 2 if event in ("os.rename", "os.link") else 1]:
                if not isinstance(path, (str, bytes)) or path in ("", b""):
                    continue
                name = os.fsdecode(path)
                found = os.path.join(os.path.realpath(name), "")
                flags = arguments[2] if event == "open" and isinstance(arguments[2], int) else 0
                if flags & getattr(os, "O_PATH", 0):  # where something is, for the wall: it reads nothing
                    continue
                writes = event not in ("open", "os.listdir", "os.scandir") or bool(flags & _WRITES)
                allowed = real if writes else [*real, *python, *_OF_THE_SYSTEM]
                if not found.startswith(tuple(allowed)) and found != "/dev/null/" and "__pycache__" not in found:
                    violated(f"{event} {name} ({found}) {'for writing' if writes else ''}")
                hidden = os.path.basename(name) in (".env", "config") and "/.git/" in found
                if not writes and (hidden or found.endswith("/.env/")):
                    violated(f"{event} {name}, which is hidden")
        finally:
            within = False

    sys.addaudithook(hook)


if __name__ == "__main__":
    arguments = sys.argv[2:]
    watch(sys.argv[1].split(os.pathsep), serves=arguments[0] == "serve")
    sys.argv = ["apimpolicy", *arguments]
    from apimpolicy import checkout
    from apimpolicy.cli import main
    from apimpolicy.project.infrastructure import evaluation

    share = int(os.environ["SHARE_OF_BOUNDS"])
    evaluation.MOST_STEPS //= share
    evaluation.MOST_INSTANCES //= share
    checkout.MOST_GIT_BYTES //= share
    checkout.MOST_GIT_PATHS //= share

    main()
