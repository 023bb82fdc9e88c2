"""A comparison that runs out of time names what it left out, and says nothing of it; the clock of the tests counts."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest
from tests.services.test_service_changes import FILES, write

from apimpolicy.cli import main
from apimpolicy.reasoning.scenarios.scenario import Bounds, TotalTime
from apimpolicy.report.difference_data import UNDECIDED, verdict
from apimpolicy.report.difference_formats import to_markdown
from apimpolicy.report.difference_text import comparison
from apimpolicy.testing.comparing.running import compare_versions
from apimpolicy.testing.comparing.versions import versions

if TYPE_CHECKING:
    from pathlib import Path

    from apimpolicy.report.difference_data import ComparisonReport

LONE = '<policies><inbound><set-header name="X-A"><value>{}</value></set-header></inbound></policies>'
LONE_NAMES = ("a.xml", "b.xml", "c.xml", "d.xml")
TEST_FILE = "policy: a.xml\ncases:\n  - name: it passes\n    request: {get: /}\n    expect: {status: 200}\n"
STEPS = (0, 1, 2, 5, 20, 60, 1_000_000)
EVERYTHING = STEPS[-1]


@pytest.fixture(scope="module")
def sides(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Both versions of a service and of policies beside it: all of them change, and a setting."""
    root = tmp_path_factory.mktemp("time")
    for side, (value, key) in {"old": ("1", "false"), "new": ("2", "true")}.items():
        service = root / side / "service"
        write(service, FILES)
        for name, text in FILES.items():
            changed = text.replace("<value>a<", f"<value>a{value}<").replace("<value>delete<", f"<value>{value}<")
            (service / "apis" / "orders" / name).write_text(changed.replace('d": false', f'd": {key}'))
        for name in LONE_NAMES:
            (root / side / name).write_text(LONE.format(value))
        (root / side / "a.test.yaml").write_text(TEST_FILE)
    return root / "old", root / "new"


def compared(sides: tuple[Path, Path], steps: int) -> ComparisonReport:
    clock = itertools.count()
    with versions(*map(str, sides)) as found:
        total = TotalTime(steps, lambda: float(next(clock)))
        return compare_versions(found, lambda _: Bounds(seconds=0.3), total=total)


@pytest.mark.parametrize("steps", STEPS)
def test_everything_that_changes_is_shown_or_named(sides: tuple[Path, Path], steps: int) -> None:
    report = compared(sides, steps)
    names = {policy.path.rpartition("new/")[2]: policy for policy in report.policies}
    operations = ("service/apis/orders/operations/get/policy.xml", "service/apis/orders/operations/delete/policy.xml")
    assert {*LONE_NAMES, *operations} <= names.keys()
    for policy in names.values():
        assert policy.items or policy.reasons or policy.status == UNDECIDED
    assert "Nothing changes" not in verdict(report)
    assert not report.is_complete or steps == EVERYTHING
    said = comparison(report), to_markdown(report)
    if steps == EVERYTHING:
        assert all("--total-seconds" not in text for text in said)
        assert len(report.items) >= len(LONE_NAMES) + 1
    if not steps:
        for text in said:
            assert "the time was used up before 4 policies" in text
            assert "the time was used up before 2 operations: " in text
            assert "the time was used up before requests that show the settings of the API orders" in text
            assert "the time was used up before the cases of a.test.yaml" in text


def test_more_steps_show_more(sides: tuple[Path, Path]) -> None:
    shown = [len(compared(sides, steps).items) for steps in (0, 20, EVERYTHING)]
    assert shown == sorted(shown)
    assert shown[0] == 0
    assert shown[-1] > shown[0]


def test_the_option_is_the_limit(sides: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diff", *map(str, sides), "--total-seconds", "0.1"]) == 1
    assert "--total-seconds gives more" in capsys.readouterr().out
