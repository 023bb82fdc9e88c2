"""`python -m apimpolicy` is the command `apimpolicy`."""

from __future__ import annotations

import sys

from apimpolicy.cli import main

if __name__ == "__main__":
    sys.exit(main())
