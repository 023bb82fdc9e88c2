"""The codes of `audit`: name, severity and page, from `audit_codes.toml`."""

from __future__ import annotations

import os
from functools import cache
from typing import NamedTuple

from apimpolicy.diagnostics import Severity


class AuditCode(NamedTuple):
    """A code with its name (`open-with-credentials`), its severity and its page, which begins with the name."""

    code: str
    name: str
    severity: Severity
    page: str


@cache
def audit_codes() -> dict[str, AuditCode]:
    import tomllib

    with open(os.path.join(os.path.dirname(__file__), "audit_codes.toml"), "rb") as file:
        rows = tomllib.load(file)
    return {
        code: AuditCode(code, row["name"], Severity(row["severity"]), f"{row['name']}: {row['page'].strip()}")
        for code, row in rows.items()
    }
