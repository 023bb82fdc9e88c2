"""The parity ledger lists every observation once, and the home page has its totals."""

from __future__ import annotations

from pathlib import Path

from docs import parity_ledger  # type: ignore[attr-defined]

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
    assert totals in " ".join((DOCS / "index.md").read_text("utf-8").split())
