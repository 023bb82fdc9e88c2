"""The changes of releases name policies that exist, and the command lists what they touch."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from apimpolicy.checks.rules.changed_by_release import changes, releases
from apimpolicy.cli import main
from apimpolicy.gateway.policies.registry import is_known

if TYPE_CHECKING:
    import pytest

TESTS = Path(__file__).parents[1]


def test_each_change_is_complete() -> None:
    for change in changes():
        assert re.fullmatch(r"20[12][0-9]-[01][0-9]", change["release"]), change
        assert all(map(is_known, change.get("elements", ()))), change
        assert change.get("state", "simulated") in ("simulated", "not simulated", "about something else"), change
        assert (TESTS / change.get("test", "")).exists(), change
        assert change["text"].endswith("."), change
    assert releases() == sorted(releases(), reverse=True)


def test_what_a_release_touches(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "policy.xml").write_text(
        "<policies><inbound><cors><allowed-origins><origin>https://a.example</origin></allowed-origins></cors></inbound>"
        "<backend><base /></backend><outbound /><on-error /></policies>"
    )
    assert main(["check", "--release", "2022-10", str(tmp_path)]) == 0
    assert (
        "POL146 info: changed in 2022-10: The policies work in fragments; a cors there answers preflight requests."
        in capsys.readouterr().out
    )
    assert main(["check", "--release", "2026-06", str(tmp_path)]) == 0
    assert "POL146" not in capsys.readouterr().out


def test_a_release_that_is_not_known(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--release", "2019-01", str(tmp_path)]) == 2
    assert "no changes of '2019-01' are known; releases with changes: 2026-06, 2026-03" in capsys.readouterr().err
