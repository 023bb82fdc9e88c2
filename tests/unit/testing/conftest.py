"""What is compiled, and what is registered, is loaded once a process, before a test runs pytest inside.

Pytester takes away the modules that its runs import. The second copy of a module whose compiled part stays has other
classes than that part: YAML has no constructors then, and no curve is a curve. Policies and rules stay in their
registries, whose pages are the docstrings of modules.
"""

from __future__ import annotations

import importlib

from apimpolicy.checks.catalogue import entries, rule_class
from apimpolicy.gateway.policies.registry import names, specification_of

COMPILED = (
    "yaml",
    "cryptography.x509",
    *(f"cryptography.hazmat.primitives.asymmetric.{kind}" for kind in ("ec", "rsa")),
)

for _name in COMPILED:
    importlib.import_module(_name)
for _policy in names():
    specification_of(_policy)
for _entry in entries():
    rule_class(_entry.module)
