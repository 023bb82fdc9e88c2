"""Two versions of a policy are never the same for the prover where a request shows a difference.

Small policies with each effect get each small change. Changes without a meaning are recognized.
"""

from __future__ import annotations

import pytest
from tests.sampling import IS_NIGHTLY, sampled

pytest.importorskip("z3")

from tests.unit.reasoning.proving import policy_pairs as pairs

from apimpolicy.reasoning.proving import equivalence
from apimpolicy.reasoning.proving.equivalence import KnownDifferences, compare
from apimpolicy.reasoning.proving.normal_form import normal_form
from apimpolicy.reasoning.proving.proof import ProofResult
from apimpolicy.reasoning.scenarios.harness import Harness
from apimpolicy.testing.comparing.elements import of_element
from apimpolicy.testing.comparing.product_search import _known

DOCUMENTS = pairs.documents()
EACH = 1000 if IS_NIGHTLY else 3


def compared(old: Harness, new: Harness, known: KnownDifferences | None = None) -> ProofResult:
    return compare(old.program, new.program, {}, of_element, known or KnownDifferences(), knows_scopes=True)


def parts_of(kind: tuple[str, ...]) -> set[str]:
    return {equivalence.REQUESTS} if kind[0] in ("sent", "certificate") else _known([kind]).parts()


@pytest.mark.parametrize("name", DOCUMENTS)
def test_versions_that_differ_are_never_the_same(name: str) -> None:
    text = DOCUMENTS[name]
    old = pairs.harness(text)
    assert old is not None
    for changed in sampled(dict.fromkeys(pairs.changes(text)), EACH):
        new = pairs.harness(changed)
        if new is None:
            continue
        found, shown = compared(old, new), pairs.kinds(text, changed)
        is_same = normal_form(old.program) == normal_form(new.program)
        assert not (shown and (is_same or found.is_proven)), f"{shown}\n{changed}"
        assert not {part for kind in shown for part in parts_of(kind)}.intersection(found.parts), f"{shown}\n{changed}"
        for known in (_known(shown - {kind}) for kind in sorted(shown)):
            if known != _known(shown):
                assert not compared(old, new, known).is_proven, f"{shown} {known}\n{changed}"
