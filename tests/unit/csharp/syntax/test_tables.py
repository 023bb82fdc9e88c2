"""The stored tables follow the grammar, and Lark is only imported to build them."""

from __future__ import annotations

import logging
import marshal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import lark

from apimpolicy.csharp.syntax import tables
from apimpolicy.csharp.syntax.tables import load_grammar

if TYPE_CHECKING:
    import pytest


def test_changed_missing_and_broken_tables_are_built_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    grammar = tmp_path / "csharp.lark"
    stored = tmp_path / "_tables.bin"
    grammar.write_bytes(Path(tables.grammar_path()).read_bytes())
    monkeypatch.setattr(tables, "grammar_path", lambda: grammar)
    monkeypatch.setattr(tables, "STORED", stored)
    first = tables.load.__wrapped__()
    content = stored.read_bytes()
    stored.write_bytes(content[:1000])
    assert tables.load.__wrapped__() == first
    assert marshal.loads(stored.read_bytes()) == marshal.loads(content)
    changed = grammar.read_bytes().replace(b'WHERE.-1: "where"', b'WHERE.-1: "whence"')
    grammar.write_bytes(changed.replace(b"\n", b"\r\n"))
    assert "whence" in tables.load.__wrapped__()["words"]
    assert stored.read_bytes() != content


def test_the_grammar_has_three_conflicts_that_are_meant(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, logger=lark.logger.name):
        load_grammar(Path(tables.grammar_path()).read_text("utf-8"), debug=True)
    conflicts = sorted(record.getMessage().split()[4] for record in caplog.records if "onflict" in record.getMessage())
    assert conflicts == ["ELSE:", "LPAR:", "_INTO:"]


def test_tables_that_cannot_be_stored_still_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "STORED", tmp_path / "absent" / "_tables.bin")
    assert tables.load.__wrapped__()["rows"]


def test_parsing_does_not_import_lark() -> None:
    tables.load()
    script = (
        "import sys; from apimpolicy.csharp.syntax.parser import parse; parse('@(1)'); print('lark' in sys.modules)"
    )
    source = str(Path(tables.__file__).parents[3])
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, env={"PYTHONPATH": source}
    )
    assert done.stdout.strip() == "False"
