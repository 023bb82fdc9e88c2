"""Exit codes of every command."""

from __future__ import annotations

from typing import Final

CLEAN: Final = 0
FINDINGS: Final = 1
"""A policy or an expression is wrong, or an expression threw an exception."""
USAGE: Final = 2
"""The command line, a file or the configuration is not usable."""
NO_TESTS: Final = 5
"""There was no test to run, as pytest has it."""
INTERNAL: Final = 3
"""An internal error in apimpolicy."""
UNDECIDED: Final = 3
"""`prove` and `diff` could neither prove something nor find a request that shows the opposite."""
STOPPED: Final = 4
"""The operating system stopped a policy that used too much processor time or memory."""
BROKEN_PIPE: Final = 141
"""The reader closed the output, as for programs that SIGPIPE ends."""
INTERRUPTED: Final = 130
