"""Every one of our choices has a case that a real gateway can decide, or a reason why no request can."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from tests.rows import read_yaml

PAGE = Path("docs/choices.md")
CASES = Path("examples/compare-with-azure/choices.test.yaml")
DECIDED: dict[str, Any] = read_yaml(Path("tests/documentation/choices.yaml").read_text())
REASONS = DECIDED.pop("reasons")


def choices() -> dict[str, list[str]]:
    """What the page says, by sections: the beginning of each bullet, and the question of each row."""
    found: dict[str, list[str]] = {}
    section: list[str] = []
    for line in PAGE.read_text().splitlines():
        if line.startswith("## "):
            section = found.setdefault(line.removeprefix("## "), [])
        elif line.startswith("- "):
            section.append(line.removeprefix("- "))
        elif re.match(r"\| (?!question|---)", line):
            section.append(line.removeprefix("| "))
    return {name: texts for name, texts in found.items() if texts}


def test_every_choice_has_a_case_or_a_reason() -> None:
    on_page = choices()
    assert list(on_page) == list(DECIDED)
    for section, texts in on_page.items():
        rows = DECIDED[section]
        fitting = {text: [begins for begins in rows if text.startswith(begins)] for text in texts}
        assert {text[:60]: found for text, found in fitting.items() if len(found) != 1} == {}
        assert sorted(rows) == sorted(found[0] for found in fitting.values())


def test_cases_and_reasons_are_there() -> None:
    names = [case["name"] for case in read_yaml(CASES.read_text())["cases"]]
    rows = [row for section in DECIDED.values() for row in section.values()]
    assert {row["why"] for row in rows if "why" in row} <= set(REASONS)
    begins = {row["case"] for row in rows if "case" in row}
    assert {each for each in begins if sum(name.startswith(each) for name in names) != 1} == set()


def test_questions_are_answered_as_we_say() -> None:
    import subprocess
    import sys

    command = [sys.executable, "-m", "apimpolicy", "test", str(CASES), "--against", "serve"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout
