"""Check policies and evaluate expressions, for assistants."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import nullcontext
from itertools import chain
from typing import TYPE_CHECKING, Any

from apimpolicy.editor.request_actions import existing, is_document, written
from apimpolicy.errors import ConfigurationError
from apimpolicy.project.check_projects import CheckOptions, CheckProjects
from apimpolicy.project.check_run import CheckRun
from apimpolicy.project.discovery import discover, searched
from apimpolicy.report.finding_formats import diagnostic_to_json
from apimpolicy.report.harmless import program_report
from apimpolicy.text.source import Excerpt

if TYPE_CHECKING:
    from apimpolicy.diagnostics import Diagnostic
    from apimpolicy.editor.rpc import Json

_MOST_FINDINGS = 200
_VARIABLE = "value"


def check(policy: str, settings: str = "", **options: Any) -> Json:
    """Return the findings about a file, a folder or a document, as `check --format json` has them.

    `settings` is the configuration of a document, as TOML; the other arguments are those of `CheckOptions`.
    """
    found = CheckOptions(**{name: _listed(value) for name, value in options.items()})
    if not is_document(policy):
        return _report(policy, found)
    with written(policy, settings) as path:
        report = _report(path, found)
    for finding in report["diagnostics"]:
        finding["path"] = os.path.basename(finding["path"])
    return report


def _listed(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _report(path: str, options: CheckOptions) -> Json:
    started = time.perf_counter()
    projects = CheckProjects(options)
    found = discover([existing(path)], projects)
    if found.unreadable:
        raise ConfigurationError(found.unreadable[0])
    if found.empty:
        raise ConfigurationError(f"there are no policies in {path}: {searched()}")
    run = CheckRun(projects)
    run.services.check_options(found.files)
    checks = chain(map(run.one, found.files), run.information(found.files, found.trees))
    findings: list[Diagnostic] = []
    with_holes = 0
    for checked in checks:
        if checked.problem is not None:
            raise ConfigurationError(checked.problem)
        findings += checked.diagnostics()
        with_holes += checked.has_holes
    summary = {
        "files": len(found.files),
        "files_with_placeholders": with_holes,
        "seconds": round(time.perf_counter() - started, 3),
    }
    return _shown(findings, summary)


def _shown(findings: Sequence[Diagnostic], summary: Json) -> Json:
    """Return the report; the most severe findings first where not all are listed."""
    counts = Counter(finding.severity.value for finding in findings)
    listed = [diagnostic_to_json(finding) for finding in findings]
    summary |= {"files_with_findings": len({finding["path"] for finding in listed})}
    summary |= {f"{severity}s": counts[severity] for severity in ("error", "warning", "info")}
    report: Json = program_report(summary=summary, diagnostics=listed)
    if len(listed) > _MOST_FINDINGS:
        order = ("error", "warning", "info")
        listed.sort(key=lambda finding: order.index(finding["severity"]))
        report["diagnostics"] = listed[:_MOST_FINDINGS]
        report["left_out"] = f"{len(listed) - _MOST_FINDINGS} more findings, the least severe ones"
    return report


def audit(path: str, config: str | None = None) -> Json:
    """Return who reaches the backends of a service, as `audit --format json` has it. Raises ConfigurationError."""
    from apimpolicy.project.audit_run import audit_path
    from apimpolicy.report.audit_formats import audit_data

    return audit_data(audit_path(existing(path), config))


def format_policy(policy: str) -> Json:
    """Return the formatted text of a file or a document, and why parts of it were kept. Writes nothing."""
    from apimpolicy.formatting.files import Formatter
    from apimpolicy.project.files import read_data

    with written(policy, "") if is_document(policy) else nullcontext(existing(policy)) as path:
        project = CheckProjects(CheckOptions()).of(path)
        data, _ = read_data(path)
        found = Formatter(project.style, project.check.settings.placeholders).file(data, path)
    text = found.data.decode("utf-8", "replace")
    kept = "; ".join(f"line {line}: {reason}" for line, reason in found.kept)
    return {"text": text, **({"kept": kept} if kept else {})}


def evaluate(expression: str, **setting: Any) -> Json:
    """Return the type and the value of an expression in the inbound section of a request, or the exception.

    Raises DiagnosticError for an expression that doesn't compile.
    """
    from html import escape

    from apimpolicy.editor.request_actions import run
    from apimpolicy.emit.expression import compile_expression

    code = expression.strip()
    code = code if code.startswith("@") else f"@({code})"
    static_type = compile_expression(Excerpt.of(code)).static_type
    variable = f'<set-variable name="{_VARIABLE}" value="{escape(code)}" />'
    policy = f"<policies><inbound>{variable}</inbound></policies>"
    found = run(0, **{**setting, "policy": policy})
    if _VARIABLE in found["variables"]:
        return {"static_type": static_type, **found["variables"][_VARIABLE]}
    error = found["error"] or {}
    return {"static_type": static_type, "exception": error.get("message") or "no value"}
