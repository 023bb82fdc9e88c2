"""The names of fields of JSON output, which change only by addition."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from apimpolicy.report.outputs.json_schema import OUTPUTS, output_schema

RECORDED = Path(__file__).parent / "output_fields.txt"
"""A field a line, with its output; `?` marks one that can be missing. A new field is a new line."""


def fields(output: str) -> list[str]:
    schema = output_schema(output)

    def of(part: dict[str, Any], path: str, around: tuple[str, ...]) -> Iterator[str]:
        if (name := part.get("$ref")) is not None:
            if name not in around:
                yield from of(schema["definitions"][name.rpartition("/")[2]], path, (*around, name))
            return
        for field, kind in part.get("properties", {}).items():
            mark = "" if field in part["required"] else "?"
            yield f"{output} {path}{field}{mark}"
            yield from of(kind, f"{path}{field}.", around)
        inner = [part[key] for key in ("items", "additionalProperties") if key in part]
        for each in (*inner, *part.get("anyOf", ()), *part.get("allOf", ())):
            yield from of(each, path, around)

    return sorted(of(schema, "", ()))


@pytest.mark.parametrize("output", OUTPUTS)
def test_no_field_is_lost(output: str) -> None:
    recorded = [line for line in RECORDED.read_text("utf-8").splitlines() if line.partition(" ")[0] == output]
    assert fields(output) == recorded


def test_a_field_has_a_kind() -> None:
    untyped = [
        f"{name}.{field}"
        for output in OUTPUTS
        for name, record in output_schema(output)["definitions"].items()
        for field, kind in record["properties"].items()
        if not kind
    ]
    assert untyped == ["McpData.result"]
