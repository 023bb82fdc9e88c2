"""Every test has a page without an edge: readline, which pytest loads, sets `COLUMNS`, which would break lines."""

import os

os.environ.pop("COLUMNS", None)
