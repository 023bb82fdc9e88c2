"""The lens "reached by: …" above the policy of an API or an operation: what `audit` finds in the service around it.

Nothing runs here: opening a file of a stranger's repository runs none of its policies.
"""

from __future__ import annotations

import functools
from collections import Counter
from typing import TYPE_CHECKING

from apimpolicy.errors import ApimPolicyError
from apimpolicy.project.fingerprints import fingerprint
from apimpolicy.project.layout import is_service_folder, place_of

if TYPE_CHECKING:
    from apimpolicy.audit.analysis import OperationAudit

MOST_FILES = 1000
"""Files of a service; a larger one is not analysed for a lens."""
_MOST_SERVICES = 4
LONGEST = 100
"""Characters of a lens, beyond which it leaves out what tokens must have; `audit` shows that."""
MOST_CALLERS = 4


def reached_by(path: str) -> str:
    """Return the callers that reach the backend by the API or operation of a saved policy file; empty elsewhere."""
    place = place_of(path)
    if place.root is None or place.api is None or not is_service_folder(place.root):
        return ""
    files = fingerprint([place.root])
    if len(files) > MOST_FILES:
        return ""
    found = [each for each in _operations(place.root, tuple(files)) if each.api.id == place.api]
    if place.operation is not None:
        found = [each for each in found if each.id == place.operation]
    if not found:
        return ""
    line = _line(Counter(map(_words, found)))
    return line if len(line) <= LONGEST else _line(Counter(each.access.words for each in found))


def _line(words: Counter[str]) -> str:
    """Return the callers, the most frequent ones first, with the number of operations of each."""
    if words.total() == 1:
        return f"reached by: {next(iter(words))}"
    listed = words.most_common(MOST_CALLERS)
    others = words.total() - sum(count for _, count in listed)
    shown = [f"{text} ({count})" for text, count in listed] + ([f"others ({others})"] if others else [])
    return f"reached by: {', '.join(shown)}"


@functools.lru_cache(maxsize=_MOST_SERVICES)
def _operations(root: str, files: tuple[object, ...]) -> tuple[OperationAudit, ...]:
    """Return the operations of a service, analysed again when one of its files has changed."""
    from apimpolicy.project.audit_run import analysed
    from apimpolicy.project.service.leniency import lenient

    try:
        with lenient():
            audit = analysed(root)
    except ApimPolicyError:
        return ()
    return () if audit is None else tuple(audit.operations)


def _words(operation: OperationAudit) -> str:
    """Return the backend's callers with the required tokens: `token (issuer 14b7…, audience orders)`."""
    from apimpolicy.audit.facts import TOKEN, Token
    from apimpolicy.report.audit_text import token_words

    access = operation.access
    required = [detail for fact in access.facts(TOKEN) for detail in fact.detail if isinstance(detail, Token)]
    tokens = dict.fromkeys(map(token_words, required))
    return access.words + (f" ({'; '.join(tokens)})" if any(tokens) else "")
