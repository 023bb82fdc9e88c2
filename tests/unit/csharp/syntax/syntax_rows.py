"""Expressions with the real compiler's verdict, from the shared material beside the checkout."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

import pytest

SHARED = Path(__file__).parents[5] / "shared"


class Row(NamedTuple):
    """An expression and the first error of the real compiler, if any."""

    code: str
    error: dict[str, Any] | None


def stored_rows(path: str) -> list[dict[str, Any]]:
    file = SHARED / path
    if not file.exists():
        pytest.skip(f"the shared material is absent: {path}")
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()]
