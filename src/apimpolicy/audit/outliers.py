"""Operations that are weaker than their siblings, and keys that go around a product."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from apimpolicy.audit.access import ANYONE, KEY_WORD, NO_ACCESS, AccessPath, implied

if TYPE_CHECKING:
    from apimpolicy.audit.analysis import OperationAudit

FEW_SIBLINGS = 2
"""Operations that must agree before another one of their API is called weaker."""


def outliers(operations: Sequence[OperationAudit]) -> list[OperationAudit]:
    """Return the operations of an API that are weaker than most of it."""
    usual = usual_access(operations)
    like = [each for each in operations if each.access.is_decided and each.access.words == usual]
    if not usual or len(like) < FEW_SIBLINGS or usual in (ANYONE, NO_ACCESS):
        return []
    model = like[0].access
    return [each for each in operations if each.access.is_decided and is_weaker(each, model.paths)]


def is_weaker(operation: OperationAudit, paths: Sequence[AccessPath]) -> bool:
    """Return whether a request reaches the backend by an operation with less than any of these paths requires."""
    proofs = [path.proofs for path in paths]
    return any(not any(other <= implied(path.proofs) for other in proofs) for path in operation.access.paths)


def usual_access(operations: Sequence[OperationAudit]) -> str:
    """Return the answer that most operations of an API have; empty if there is none. Undecided ones may have any."""
    found = [each.access for each in operations if each.access.words != NO_ACCESS]
    counts = Counter(each.words for each in found if each.is_decided)
    if not counts:
        return ""
    words, count = counts.most_common(1)[0]
    return words if count * 2 > len(found) else ""


def product_checks(operation: OperationAudit) -> str:
    """Return the checks of an operation's products that a key of the API bypasses."""
    keyed = [each for each in operation.by_entry if each.product]
    around = next((each for each in operation.by_entry if each.product == ""), None)
    if around is None or not keyed or any(each.product is None for each in operation.by_entry):
        return ""
    words = {KEY_WORD}
    common = frozenset.intersection(*(each.proofs for each in keyed)) - around.proofs - words
    return listed(sorted(common))


def listed(words: Iterable[str]) -> str:
    """Return words as a list in a sentence."""
    found = list(words)
    return " and ".join(filter(None, (", ".join(found[:-1]), found[-1]))) if found else ""
