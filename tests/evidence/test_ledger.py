"""The parity ledger lists every observation once, and the home page has its totals."""

from __future__ import annotations

from pathlib import Path

import pytest
from docs import parity_ledger, text_reference  # type: ignore[attr-defined]

from apimpolicy.gateway.context.azure_texts import azure_texts

DOCS = Path(__file__).parents[2] / "docs"


def test_every_observation_is_in_the_ledger_once() -> None:
    found = parity_ledger.observations()
    assert len({each.id for each in found}) == len(found)
    assert {each.strength for each in found} <= set(parity_ledger.STRENGTHS)
    assert all(each.date and each.source and each.seen for each in found)


def test_a_difference_has_a_reason_on_the_page() -> None:
    different = [each for each in parity_ledger.observations() if not each.agrees]
    assert different
    assert all(each.why in parity_ledger.page() for each in different)


def test_the_home_page_has_the_totals() -> None:
    totals = parity_ledger.totals(parity_ledger.observations())
    assert totals in words_of(DOCS / "index.md")


@pytest.mark.parametrize("path", [DOCS / "index.md", DOCS.parent / "README.md"])
def test_the_numbers_of_texts_are_right(path: Path) -> None:
    assert text_reference.totals() in words_of(path)


def test_every_text_is_on_its_page_and_counted_for_its_policies() -> None:
    rows = text_reference.page().count(" | seen | "), text_reference.page().count(" | ours | ")
    marks = [each.mark for each in azure_texts()]
    assert rows == (marks.count("seen"), marks.count("ours"))
    assert "| `check-header` | 1 seen, 2 documented | 2 seen, 1 ours |" in parity_ledger.page()


def words_of(path: Path) -> str:
    return " ".join(path.read_text("utf-8").split())
