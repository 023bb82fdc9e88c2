from __future__ import annotations

import pytest
from syntax_rows import Row, stored_rows


@pytest.fixture(scope="session")
def corpus() -> list[Row]:
    return [Row(row["code"], (row.get("errors") or [None])[0]) for row in stored_rows("corpus/expressions.jsonl")]


@pytest.fixture(scope="session")
def conformance() -> list[Row]:
    rows = stored_rows("conformance/expressions.jsonl")
    return [Row(row["expr"], (row["expect"].get("errors") or [None])[0]) for row in rows]
