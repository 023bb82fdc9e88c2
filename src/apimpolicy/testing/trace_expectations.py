"""Compare a trace in the gateway's own form, as `run --gateway-trace` writes it, with the expectations of a case.

trace:
  - {section: inbound, source: cors, data: Origin header was missing …}
  - {source: rewrite-uri, data: {request: {url: "https://orders.internal/v2"}}}
  - {source: set-header, absent: true}

The entries must be there in this order; others may stand between them. Of a table in `data` the members that are named
must be there with these values; a text must be the whole text, or `{contains: …}`, `{matches: …}`.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from apimpolicy.testing.format import TRACE_ENTRY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apimpolicy.engine.result import Result
    from apimpolicy.testing.tree import Tree


def missing_entries(tree: Tree, result: Result) -> Iterator[str]:
    """Yield a sentence for each entry that is not there, or not where it should be."""
    from apimpolicy.report.gateway_trace import gateway_trace

    sections: dict[str, list[dict[str, Any]]] = gateway_trace(result)["traceEntries"]
    entries = [(section, entry) for section, found in sections.items() for entry in found]
    begin = 0
    for item in tree.items():
        wanted = item.known(TRACE_ENTRY)
        fitting = [number for number, (section, entry) in enumerate(entries) if _fits(wanted, section, entry)]
        if "absent" in wanted and wanted["absent"].value:
            if fitting:
                yield f"expected the trace to have no entry {_shown(wanted)}"
            continue
        following = [number for number in fitting if number >= begin]
        if following:
            begin = following[0] + 1
        else:
            there = ", ".join(f"{section} {entry['source']}" for section, entry in entries)
            alike = [entry["data"] for _, entry in entries if "source" in wanted and _is_source(wanted, entry)]
            got = f"; those of this source have {_json(alike)}" if alike else f"; it has {there}"
            yield f"expected the trace to have the entry {_shown(wanted)}{' at this place' if fitting else got}"


def _is_source(wanted: dict[str, Tree], entry: dict[str, Any]) -> bool:
    return bool(entry["source"] == wanted["source"].text())


def _fits(wanted: dict[str, Tree], section: str, entry: dict[str, Any]) -> bool:
    if "section" in wanted and wanted["section"].text() != section:
        return False
    if "source" in wanted and not _is_source(wanted, entry):
        return False
    return "data" not in wanted or _has(wanted["data"].plain(), entry["data"])


def _has(wanted: Any, got: Any) -> bool:
    """Return whether a value is as it is wanted."""
    if isinstance(wanted, dict):
        if isinstance(got, str) and set(wanted) <= {"contains", "matches"}:
            return wanted.get("contains", "") in got and re.search(wanted.get("matches", ""), got) is not None
        return isinstance(got, dict) and all(key in got and _has(value, got[key]) for key, value in wanted.items())
    if isinstance(wanted, list) and isinstance(got, list):
        return len(wanted) == len(got) and all(_has(one, other) for one, other in zip(wanted, got, strict=True))
    return bool(wanted == got) and isinstance(wanted, bool) is isinstance(got, bool)


def _shown(wanted: dict[str, Tree]) -> str:
    return _json({key: tree.plain() for key, tree in wanted.items() if key != "absent"})


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)
