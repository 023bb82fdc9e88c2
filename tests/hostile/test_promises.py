"""Each promise is held to by a test at each entry, or a reason says why not; `SECURITY.md` shows them."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from tests.hostile.checkouts import KINDS

ROOT = Path(__file__).parents[2]
PROMISES = tomllib.loads((Path(__file__).parent / "promises.toml").read_text("utf-8"))
ENTRIES = ("cli", "mcp", "lsp", "dap", "serve", "inspector", "pytest", "action")


def table() -> str:
    """Return the promises with their tests, as `SECURITY.md` shows them."""
    rows = ["| promise | entries with tests | tests |", "| --- | --- | --- |"]
    for promise in PROMISES.values():
        tested = [entry for entry in ENTRIES if isinstance(promise[entry], list)]
        tests = dict.fromkeys(name.split("::")[1] for entry in tested for name in promise[entry])
        shown = ", ".join(f"`{name}`" for name in tests)
        rows.append(f"| {promise['promise']} | {', '.join(tested)} | {shown} |")
    return "\n".join(rows)


@pytest.mark.parametrize("entry", ENTRIES)
@pytest.mark.parametrize("name", PROMISES)
def test_a_cell_names_tests_or_a_reason(name: str, entry: str) -> None:
    cell = PROMISES[name].get(entry)
    assert cell, f"{entry} of [{name}] in promises.toml is empty: name tests, or say why there are none"
    for test in cell if isinstance(cell, list) else ():
        path, _, function = test.partition("::")
        text = (ROOT / path).read_text("utf-8")
        assert re.search(rf"^(?:async )?def {re.escape(function)}\(", text, re.MULTILINE), f"there is no {test}"


def test_there_are_no_other_cells() -> None:
    assert {key for promise in PROMISES.values() for key in promise} == {"promise", "kinds", *ENTRIES}


def test_each_hostile_kind_is_about_a_promise() -> None:
    assert {kind for promise in PROMISES.values() for kind in promise["kinds"]} == set(KINDS)


def test_the_page_shows_the_promises() -> None:
    assert table() in (ROOT / "SECURITY.md").read_text("utf-8")
