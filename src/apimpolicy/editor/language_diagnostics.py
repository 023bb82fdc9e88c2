"""Findings as the protocol has them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from apimpolicy.checks.pages import address_of_code
from apimpolicy.diagnostics import Severity

if TYPE_CHECKING:
    from apimpolicy.diagnostics import Diagnostic
    from apimpolicy.editor.rpc import Json
    from apimpolicy.editor.text_documents import TextDocument

_WITH_PAGES: Final = ("CS", "POL", "APIM")
_SEVERITIES: Final = {Severity.ERROR: 1, Severity.WARNING: 2, Severity.INFO: 3}


def to_diagnostic(document: TextDocument, finding: Diagnostic) -> Json:
    """Convert one finding; its help and label follow the message."""
    start, end = finding.source.original_span(finding.start, finding.end)
    advice = "\n".join(part for part in (finding.label, finding.help) if part)
    made: Json = {
        "range": document.range(start, max(end, start)),
        "severity": _SEVERITIES[finding.severity],
        "code": finding.code,
        "source": "apimpolicy",
        "message": f"{finding.message}\n{advice}" if advice else finding.message,
    }
    if finding.code.startswith(_WITH_PAGES):
        made["codeDescription"] = {"href": address_of_code(finding.code)}
    return made
