"""`apimpolicy new test` for a policy with more conditions than a search follows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from apimpolicy.cli.program import run

if TYPE_CHECKING:
    from pathlib import Path

WHEN = """<choose><when condition="@(context.Request.Method == &quot;PUT&quot;)"><base /></when></choose>"""


@pytest.mark.parametrize(("count", "is_told"), [(2_001, True), (3, False)])
def test_that_a_search_may_find_nothing_is_told_before_it(
    count: int, is_told: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("z3", reason="the extra [prove] is not installed")
    from apimpolicy.errors import ConfigurationError

    def search(*_: object, **__: object) -> None:
        raise ConfigurationError("the search begins")

    monkeypatch.setattr("apimpolicy.testing.solved_cases.solved_cases", search)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.xml").write_text(f"<policies><inbound>{WHEN * count}</inbound></policies>")
    assert run(["new", "test", "a.xml"]) == 2
    told = "a.xml has 2,001 conditions, and a search follows at most 2,000"
    assert (told in capsys.readouterr().err.partition("the search begins")[0]) == is_told
