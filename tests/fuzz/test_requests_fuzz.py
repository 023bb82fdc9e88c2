"""Any request in any document, an answer out; what the fuzzer found once stays here as rows."""

from __future__ import annotations

import pytest
from tests.fuzz.documents import CORPUS
from tests.fuzz.requests import one

FOUND: list[int] = []
"""Seeds of documents that once failed."""


@pytest.mark.parametrize("seed", [*range(1, 13), *FOUND])
def test_requests_in_documents_that_are_cut_up(seed: int) -> None:
    if not CORPUS.exists():
        pytest.skip("the corpus is not beside this checkout")
    assert one(seed, [path.read_bytes() for path in sorted(CORPUS.rglob("*.xml"))[::5]]) > 0
