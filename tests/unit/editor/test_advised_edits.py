"""What code actions change: over the documents of all rules, the finding goes and nothing that Azure refuses comes."""

from __future__ import annotations

from pathlib import Path

from apimpolicy.checks.document import check_document
from apimpolicy.checks.expressions import ExpressionCheck
from apimpolicy.checks.subject import Settings
from apimpolicy.diagnostics import Diagnostic, Severity
from apimpolicy.editor.analysis import Analysis
from apimpolicy.editor.code_actions import advised_edits
from apimpolicy.project import fixes
from apimpolicy.text.source import Source

RULES = Path(__file__).parents[2] / "rules"
OFFERED = {
    *("POL129", "POL132", "POL134", "POL143", "POL205", "POL301", "POL304", "POL311", "POL323", "POL332", "POL334"),
    *("POL340", "POL341", "POL403", "POL413", "POL416"),
}
"""Rules whose findings must offer their change."""
CHECK = ExpressionCheck()


def errors(text: str) -> int:
    return sum(finding.severity is Severity.ERROR for finding in check(text, Settings()))


def check(text: str, settings: Settings) -> list[Diagnostic]:
    return list(check_document(Source(text, "a.xml"), CHECK, None, settings))


def test_changes_remove_their_findings() -> None:
    offered: set[str] = set()
    for path in sorted(RULES.glob("POL*/bad*.xml")):
        if path.with_suffix(".toml").exists() or (path.parent / "settings.toml").exists():
            continue
        code = path.parent.name
        text = path.read_text(encoding="utf-8")
        settings = Settings(select=(code,))
        findings = check(text, settings)
        for finding in findings:
            analysis = Analysis(text, str(path), CHECK, settings)
            found = fixes.edits(analysis.source, [finding])
            if not found:
                advised = advised_edits(analysis.policies[0], finding)
                if advised is None:
                    continue
                found = advised[1]
            offered.add(code)
            changed = fixes.apply(text, sorted(found))
            assert len(check(changed, settings)) < len(findings), (path, finding.message, changed)
            assert errors(changed) <= errors(text), (path, finding.message, changed)
    assert offered >= OFFERED, OFFERED - offered
