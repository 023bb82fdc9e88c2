"""Floor 7: the command `apimpolicy`. One module per subcommand; `main` is the entry point."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line (`sys.argv` by default); the exit code. Never raises for what a user did wrong."""
    from apimpolicy.cli.program import run

    return run(arguments)
