"""The module that implements each type; a module is imported when one of its types is first used at run time.

The index is made of what the modules register (`implementation_index`) and kept in `_implementations.bin`: the build
writes it, and in a checkout it is made again when a member is not found and a source has changed.
"""

from __future__ import annotations

import marshal
import os
from functools import cache

from apimpolicy.csharp.host import IMPLEMENTED_IN

HERE = os.path.dirname(os.path.abspath(__file__))
PACKAGE = os.path.dirname(os.path.dirname(HERE))
STORE = os.path.join(HERE, "_implementations.bin")
_ROOMS = (os.path.join("csharp", "dotnet"), os.path.join(*IMPLEMENTED_IN))
"""Packages that register implementations."""

Index = dict[str, tuple[str, ...]]


def modules_of(type_name: str) -> tuple[str, ...]:
    """Full names of the modules that implement a type, given its full name without type arguments."""
    return _index().get(type_name, ())


def all_modules() -> tuple[str, ...]:
    return tuple(sorted({module for modules in _index().values() for module in modules}))


@cache
def _index() -> Index:
    try:
        with open(STORE, "rb") as file:
            found: Index = marshal.loads(file.read())["index"]
    except (OSError, ValueError, EOFError, TypeError, KeyError):
        return make()
    return found if all(map(_exists, {module for modules in found.values() for module in modules})) else make()


def _exists(module: str) -> bool:
    """Return whether a module is there: in a checkout it may be gone since the index was made."""
    return os.path.exists(os.path.join(PACKAGE, *module.split(".")[1:]) + ".py")


@cache
def has_changed() -> bool:
    """Return whether a source is newer than the index, which is then made again; only in a checkout, and once."""
    if not os.path.exists(os.path.join(PACKAGE, "..", "..", "hatch_build.py")):
        return False
    try:
        with open(STORE, "rb") as file:
            if marshal.loads(file.read())["prints"] == _fingerprints():
                return False
    except (OSError, ValueError, EOFError, TypeError, KeyError):
        pass
    known = _index()
    made = make()
    _index.cache_clear()
    return made != known


def make() -> Index:
    """Make the index in a process of its own, and keep it where that can be written."""
    import subprocess
    import sys

    # Not in PYTHONPATH: pip takes what an editable installation names out of the path while it builds it again.
    program = "import marshal, sys; sys.path.insert(0, sys.argv[1]); "
    program += "from apimpolicy.csharp.dotnet import implementation_index as i, implementations as s; "
    program += "found = i.read(); s.store(found); sys.stdout.buffer.write(marshal.dumps(found))"
    # -P: nothing is imported from the folder in which this runs.
    command = [sys.executable, "-P", "-c", program, os.path.dirname(PACKAGE)]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    made: Index = marshal.loads(done.stdout)
    return made


def store(index: Index) -> None:
    """Write the index beside this module; nothing happens where that cannot be written."""
    try:
        with open(f"{STORE}.{os.getpid()}", "wb") as file:
            file.write(marshal.dumps({"prints": _fingerprints(), "index": index}))
        os.replace(f"{STORE}.{os.getpid()}", STORE)
    except OSError:
        pass


def sources() -> list[str]:
    """Return the paths of all modules that may register something."""
    return sorted(
        os.path.join(folder, name)
        for room in _ROOMS
        for folder, _, names in os.walk(os.path.join(PACKAGE, room))
        for name in names
        if name.endswith(".py")
    )


def _fingerprints() -> list[tuple[str, int, int]]:
    found = ((path, os.stat(path)) for path in sources())
    return [(os.path.relpath(path, PACKAGE), status.st_mtime_ns, status.st_size) for path, status in found]
