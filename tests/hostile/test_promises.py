"""Each promise is held to by a test at each entry, or a reason says why not; `SECURITY.md` shows them."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from tests.hostile.checkouts import KINDS
from tests.hostile.test_commands import COMMANDS

ROOT = Path(__file__).parents[2]
PROMISES = tomllib.loads((Path(__file__).parent / "promises.toml").read_text("utf-8"))
ENTRIES = ("cli", "mcp", "lsp", "dap", "serve", "inspector", "pytest", "action")
ON_EACH_KIND = "tests/hostile/test_commands.py::test_a_command_stays_in_the_checkout_and_ends"
OWN_COMMANDS = ("mcp", "lsp", "dap", "serve")
"""Entries that are a command; the others of `COMMANDS` are those of the command line."""


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
    assert {key for promise in PROMISES.values() for key in promise} == {"promise", "kinds", "beside", *ENTRIES}


def _cell(name: str, entry: str, kind: str) -> str:
    """Return the test of a promise at an entry on a kind of checkout, or the reason why there is none."""
    cell = PROMISES[name][entry]
    if isinstance(cell, str):
        return cell
    commands = (entry,) if entry in OWN_COMMANDS else tuple(set(COMMANDS).difference(OWN_COMMANDS)) * (entry == "cli")
    if ON_EACH_KIND in cell and kind in KINDS and set(commands) & set(COMMANDS):
        return ON_EACH_KIND
    return str(PROMISES[name].get("beside", {}).get(entry, ""))


def test_each_promise_is_held_to_at_each_entry_on_each_kind() -> None:
    cells = [(name, entry, kind) for name in PROMISES for entry in ENTRIES for kind in KINDS]
    assert len(cells) > 1_000
    assert [cell for cell in cells if not _cell(*cell)] == []
    beside = {(name, entry) for name, promise in PROMISES.items() for entry in promise.get("beside", {})}
    assert [each for each in beside if ON_EACH_KIND in PROMISES[each[0]][each[1]]] == []  # no reason that nothing needs


def test_each_hostile_kind_is_about_a_promise() -> None:
    assert {kind for promise in PROMISES.values() for kind in promise["kinds"]} == set(KINDS)


def test_the_page_shows_the_promises() -> None:
    assert table() in (ROOT / "SECURITY.md").read_text("utf-8")
