"""Progress counts what it says: claims for each API, and test files that will exist."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from apimpolicy.cli import main, progress
from apimpolicy.report import columns

if TYPE_CHECKING:
    from pathlib import Path

POLICY = "<policies><inbound><base /></inbound></policies>"
API = '{"properties": {"path": "%s", "displayName": "A", "subscriptionRequired": false, "serviceUrl": "https://a.b"}}'
CLAIMS = """service: extracted
claims:
  - name: no request fails
    then: '@(context.Request.Method != "")'
"""


class Counts(progress.Progress):
    """A progress that remembers what it counted."""

    made: ClassVar[list[Counts]] = []

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.made.append(self)

    @property
    def counts(self) -> tuple[int, int]:
        return self._done, self._total


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[Counts]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(progress, "Progress", Counts)
    monkeypatch.setattr(Counts, "made", found := [])
    for name in ("one", "two"):
        folder = tmp_path / "extracted" / "apis" / name
        folder.mkdir(parents=True)
        (folder / "apiInformation.json").write_text(API % name)
        (folder / "policy.xml").write_text(POLICY)
    return found


def test_new_test_counts_files_that_will_exist(made: list[Counts], tmp_path: Path) -> None:
    assert main(["new", "test", "extracted", "--jobs", "1", "--seconds", "0.2"]) == 0
    written = len(list(tmp_path.rglob("*.test.yaml")))
    assert [each.counts for each in made] == [(written, written)]


def test_prove_counts_claims_for_each_api(made: list[Counts], tmp_path: Path) -> None:
    pytest.importorskip("z3")
    (tmp_path / "claims.test.yaml").write_text(CLAIMS)
    main(["prove", "claims.test.yaml"])
    assert [each.counts for each in made] == [(2, 2)]


def test_explanations_follow_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    assert columns.page().width == columns.WIDE.width
    monkeypatch.setattr(columns, "is_a_terminal", lambda stream: True)
    monkeypatch.setenv("COLUMNS", "70")
    assert (columns.page().width, columns.page().is_coloured) == (70, False)
