"""What is compiled is loaded once a process, before a test runs pytest inside.

Pytester takes away the modules that its runs import. The second copy of a module whose compiled part stays has other
classes than that part: YAML has no constructors then, and no curve is a curve.
"""

from __future__ import annotations

import importlib

COMPILED = (
    "yaml",
    "cryptography.x509",
    *(f"cryptography.hazmat.primitives.asymmetric.{kind}" for kind in ("ec", "rsa")),
)

for _name in COMPILED:
    importlib.import_module(_name)
