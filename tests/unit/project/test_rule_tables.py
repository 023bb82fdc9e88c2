"""Rules as tables: the rows of `rule_tables.toml`, and the rules of a configuration."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from apimpolicy.checks.document import check_readings
from apimpolicy.checks.expressions import ExpressionCheck
from apimpolicy.checks.subject import Settings
from apimpolicy.errors import ConfigurationError
from apimpolicy.project.embedded import policies_of
from apimpolicy.project.rule_tables import rules_of_table
from apimpolicy.project.toml_table import Table
from apimpolicy.text.markup import read
from apimpolicy.text.source import Source

ROWS: list[dict[str, Any]] = tomllib.loads(Path(__file__).with_name("rule_tables.toml").read_text("utf-8"))["row"]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["name"])
def test_a_rule_as_a_table(row: dict[str, Any]) -> None:
    text = f'[[rules]]\ncode = "{row.get("code", "CONTOSO001")}"\nname = "a-rule"\nmessage = "a message"\n{row["rule"]}'
    table = Table("rules.toml", tomllib.loads(text))
    if "mistake" in row:
        with pytest.raises(ConfigurationError) as error:
            rules_of_table(table)
        assert row["mistake"] in str(error.value)
        return
    fragments = {"check": read(Source(row["fragment"]))} if "fragment" in row else None
    settings = Settings(
        ("CONTOSO001",), rules=tuple(rules_of_table(table)), scope=row.get("scope"), fragments=fragments
    )
    document = f"<policies><inbound>{row['inbound']}</inbound></policies>".encode()
    policies, _ = policies_of(document, "products/a.xml")
    found = check_readings(policies[0], ExpressionCheck(), row.get("named-values"), settings)
    spans = [each.source.original_span(each.start, each.end) for each in found]
    assert [document[start:end].decode() for start, end in spans] == row["found"]
