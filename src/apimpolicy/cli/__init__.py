"""The command `apimpolicy`. One module per subcommand; `main` is the entry point."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NoReturn

__all__ = ["main"]

_COLLECTION_THRESHOLD = 500_000
_POLICIES_RUN_IN = frozenset({"audit", "diff", "eval", "explain", "mutate", "new", "prove", "run", "test"})
_TREES_READ_BY = frozenset({"check", "format"})
_READ_HERE = frozenset({"check", "format", "lsp", "mcp"})
"""Commands that read files of a stranger in this process: one file, or as long as an editor is open."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line; the exit code. Never raises for what a user did wrong.

    Without `arguments` this is the whole process: it takes those of `sys.argv` and does not return.
    """
    if arguments is None:
        _be_the_process()
    from apimpolicy.cli.program import run

    return run(arguments)


def _be_the_process() -> NoReturn:
    """Run `sys.argv` and end. What is skipped, collecting and freeing memory, is a sixth of `check` of one file."""
    import gc
    import os
    import sys
    from contextlib import suppress

    gc.set_threshold(_COLLECTION_THRESHOLD)
    code = _run(sys.argv[1:])
    if sys.stderr is not None:
        # What a full disk did not take is not worth another exit code.
        with suppress(OSError):
            sys.stderr.flush()
    os._exit(code)


def _reads_trees(command: str | None, arguments: Sequence[str]) -> bool:
    """Return whether a command reads whole folders; a watch lasts, and a single file needs no process of its own."""
    import os

    if command is None or (command not in _TREES_READ_BY and os.path.isdir(command)):
        return not arguments or command is not None  # an overview
    is_tree = any(map(os.path.isdir, arguments)) or list(arguments) == [command]
    return command in _TREES_READ_BY and "--watch" not in arguments and is_tree


def _run(arguments: Sequence[str]) -> int:
    from apimpolicy.cli import wall

    command = next((word for word in arguments if not word.startswith("-")), None)
    wall.build(command, arguments)
    if command in _POLICIES_RUN_IN or _reads_trees(command, arguments):  # the operating system holds it to limits
        from apimpolicy.cli.watched import run_watched

        return run_watched(arguments)
    if command in _READ_HERE:
        from apimpolicy.csharp.dotnet.process_limits import limit_memory

        limit_memory()
    from apimpolicy.cli.program import run

    return run(arguments)
