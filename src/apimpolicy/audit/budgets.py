"""Keys that the limits of an operation count by: a subscription, a subject, an address, or what callers choose.

A limit whose key the caller chooses is none: with another value in the header, the count begins again. A header counts
if something has proven it, and the session of a client of MCP behind a token.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.audit.facts import COUNTS, KEY, TOKEN, GatewayAction
from apimpolicy.audit.outgoing import source_of
from apimpolicy.audit.sources import Source
from apimpolicy.audit.states import NEVER, Alternative, either
from apimpolicy.dotnet.values import from_utf16

if TYPE_CHECKING:
    from apimpolicy.audit.analysis import OperationAudit

PER_KEY, PER_SUBJECT, PER_ADDRESS, PER_CERTIFICATE = "per key", "per subject", "per address", "per certificate"
TOGETHER, NOT_LIMITED = "all callers together", "not at all"
_FREE = frozenset(("header", "query", "body"))
_SESSION = Source("header", "mcp-session-id")
_WORDS = {
    "subscription": PER_KEY,
    "user": PER_KEY,
    "header": PER_SUBJECT,
    "query": PER_SUBJECT,
    "body": PER_SUBJECT,
    "certificate": PER_CERTIFICATE,
    "address": PER_ADDRESS,
}


def limited_by(operation: OperationAudit) -> list[str]:
    """Return what limits count by, the narrowest first; `not at all` for the callers whom nothing limits."""
    found: dict[str, None] = {}
    limited = NEVER
    for action, alternatives in operation.actions.items():
        if action.kind != COUNTS or evaded_by(operation, action):
            continue
        kinds = {each.kind for each in action.sources}
        found[next((words for kind, words in _WORDS.items() if kind in kinds), TOGETHER)] = None
        limited = either(limited, alternatives)
    if not operation.alternatives:
        return []
    return [*found, *([] if limited == operation.alternatives else [NOT_LIMITED])]


def evaded_by(operation: OperationAudit, action: GatewayAction) -> list[str]:
    """Return words for what of a limit's key callers choose and nothing has proven: `header 'x-user'`."""
    if action.kind != COUNTS:
        return []
    free = {each for each in action.sources if each.kind in _FREE}
    for alternative in operation.actions[action] if free else ():
        free_here = {each for each in free if not _is_proven(each, alternative, operation)}
        if free_here:
            return [f"{each.kind} '{each.name}'" if each.name else f"the {each.kind}" for each in sorted(free_here)]
    return []


def _is_proven(source: Source, alternative: Alternative, operation: OperationAudit) -> bool:
    header = from_utf16(operation.api.api.subscription_key_parameter_names.header).lower()
    if source == Source("header", header) and any(fact.kind == KEY for fact in alternative):
        return True
    if source == _SESSION and any(fact.kind == TOKEN for fact in alternative):
        return True
    return any(source_of(fact) == source for fact in alternative)
