"""A guarantee is an empty remainder: "the same" has one constructor."""

from __future__ import annotations

import ast
from pathlib import Path

from apimpolicy.report.difference_data import UNDECIDED, ComparisonReport, DifferenceReport, verdict
from apimpolicy.report.remainder import Remainder

SOURCES = Path(__file__).parents[2] / "src" / "apimpolicy"
SAME = ("EQUIVALENT", "SAME")
MAY_BE_BLANK = "DifferenceReport"
"""A report begins as one of the same texts; `settled` or another status follows."""


def _names_of_calls(node: ast.AST) -> set[str]:
    """Names inside of calls that are arguments, which are looked at by themselves."""
    calls = [each for each in ast.walk(node) if isinstance(each, ast.Call)]
    return {inner.id for call in calls for inner in ast.walk(call) if isinstance(inner, ast.Name)}


def test_only_a_settled_report_says_the_same() -> None:
    found: list[str] = []
    for path in SOURCES.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call):
                given = [*node.args, *(keyword.value for keyword in node.keywords)]
                names = {inner.id for each in given for inner in ast.walk(each) if isinstance(inner, ast.Name)}
                names -= {name for inner in given for name in _names_of_calls(inner)}
                is_blank = isinstance(node.func, ast.Name) and node.func.id == MAY_BE_BLANK
                if "EQUIVALENT" in names or ("SAME" in names and not is_blank):
                    found.append(f"{path.relative_to(SOURCES)}:{node.lineno}")
    found = [each for each in found if not each.startswith("report/")]
    assert found == []
    text = (SOURCES / "report" / "difference_data.py").read_text("utf-8")
    assert text.count("SAME if is_same_text else EQUIVALENT") == 1


def test_a_rest_is_not_the_same() -> None:
    blank = DifferenceReport("a.xml", "a", "b", "same")
    assert blank.settled(Remainder({1: "a difference"}, ())).status == UNDECIDED
    assert blank.settled(Remainder({1: "a difference"}, {1})).is_complete


def test_a_report_without_an_account_is_not_the_same() -> None:
    assert not ComparisonReport().is_complete
    assert not verdict(ComparisonReport()).startswith("Nothing changes")
    assert ComparisonReport(remainder=Remainder(())).is_complete
    assert not ComparisonReport(remainder=Remainder(("a.tpl",))).is_complete
