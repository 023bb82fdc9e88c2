"""Check policies, evaluate expressions and send requests, for assistants and editors."""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from itertools import chain
from typing import TYPE_CHECKING, Any

from apimpolicy.editor.named_paths import is_document
from apimpolicy.errors import ConfigurationError
from apimpolicy.project.authority import speaker
from apimpolicy.project.check_projects import CheckOptions, CheckProjects
from apimpolicy.project.check_run import CheckRun
from apimpolicy.project.discovery import discover
from apimpolicy.project.environments import find_configuration
from apimpolicy.report.columns import first_of
from apimpolicy.report.finding_formats import diagnostic_to_json
from apimpolicy.report.log_commands import program_report
from apimpolicy.testing.case_files import CaseFile, load_case_file, load_case_tree
from apimpolicy.testing.running import run_case
from apimpolicy.testing.tree import read_tree
from apimpolicy.text.source import Excerpt

if TYPE_CHECKING:
    from apimpolicy.diagnostics import Diagnostic
    from apimpolicy.editor.rpc import Json
    from apimpolicy.gateway.engine.result import Result

# Settings of a call as the content of a test file, which has a key for each of them.
# A policy is a path or the document itself. Paths are relative to the working directory.

Content = dict[str, Any]
"""Settings by name, or the content of a test file."""
DEFAULTS = ("gateway", "named-values", "now", "backend", "outside", "variables")
"""Settings below `defaults` in a test file."""
OF_FILE = ("certificates", "identity-providers")
"""Settings at the top of a test file."""


def existing(policy: str) -> str:
    """Return a policy that is a document, or a path that exists. Raises ConfigurationError."""
    if not is_document(policy) and not os.path.exists(policy):
        raise ConfigurationError(f"there is no file {policy}, and the text is not a policy document")
    return policy


@contextmanager
def written(policy: str, settings: str) -> Iterator[str]:
    """Write a document beside a configuration, in a folder that is removed afterwards; yield the path."""
    with tempfile.TemporaryDirectory() as folder:
        for name, text in (("policy.xml", policy), ("apimpolicy.toml", settings)):
            with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
                file.write(text)
        yield os.path.join(folder, "policy.xml")


def content_of(setting: Content) -> Content:
    """Return the content of a test file about `policy`, without cases and claims.

    Raises ConfigurationError for a policy that is neither a document nor a path that exists.
    """
    policy = existing(setting["policy"])
    scopes = {scope: existing(each) for scope, each in (setting.get("scopes") or {}).items()}
    content: Content = {"config": _configuration(policy, setting.get("config"))}
    if is_document(policy) or not os.path.isdir(policy):
        content["policies"] = {"api": policy, **scopes}
    elif scopes:
        raise ConfigurationError("'scopes' goes with one policy; in a service every policy has its scope")
    else:
        content["service"] = policy
    content |= {name: setting[name] for name in OF_FILE if setting.get(name) is not None}
    defaults = {name: setting[name] for name in DEFAULTS if setting.get(name) is not None}
    return {**content, "defaults": defaults} if defaults else content


def load(content: Content) -> CaseFile:
    """Return the test file with this content. Raises TestFileError."""
    path = os.path.abspath("arguments.json")
    author = speaker()._replace(folder=os.path.dirname(path))
    return load_case_tree(read_tree(json.dumps(content, indent=1, ensure_ascii=False), path), path, author)


def _configuration(policy: str, given: str | bool | None) -> str | bool:
    """Return the configuration: the one that is named, else the nearest one above a policy that is a file."""
    if given is not None:
        return given
    found = None if is_document(policy) else find_configuration(policy)
    return os.path.abspath(found) if found is not None else False


# Send a request through a policy, for assistants and editors: the result, its explanation, its journey


def run(most_entries: int, **setting: Any) -> Json:
    """Return the result of a request in the form of `run --format json`, with at most so many entries of the trace."""
    from apimpolicy.report.run_results import result_to_json

    found: Json = json.loads(result_to_json(_result(setting)))
    if len(found["trace"]) > most_entries:
        found["left_out"] = f"{len(found['trace']) - most_entries} entries of the trace"
        del found["trace"][most_entries:]
    return found


def explain(*, as_text: bool = False, **setting: Any) -> Any:
    """Return why a request got its response: in the form of `explain --format json`, or as text."""
    from apimpolicy.report.explanation import explain as explanation_of

    explanation = explanation_of(_result(setting))
    if as_text:
        from apimpolicy.report.explanation import render

        return render(explanation)
    from apimpolicy.report.run_results import explanation_to_json

    return json.loads(explanation_to_json(explanation))


def journey(**setting: Any) -> str:
    """Return the journey of a request as a page of HTML."""
    from apimpolicy.report.journey_html import journey_to_html

    return journey_to_html(_result(setting))


def _result(setting: Content) -> Result:
    """Send the request, or the requests of the test case that `case` names; return the last result."""
    named = setting.pop("case", None)
    if named is None:
        content = content_of(setting)
        content["cases"] = [{"name": "request", "request": setting.pop("request", {"get": "/"}), "expect": {}}]
        case = load(content).cases[0]
    else:
        case = _case(named["path"], named["name"])
    outcome = run_case(case)
    if outcome.error is not None:
        raise outcome.error
    if not outcome.results:
        raise ConfigurationError(outcome.problem or "no request was sent")
    return outcome.results[-1]


def _case(path: str, name: str) -> Any:
    for case in load_case_file(path).cases:
        if case.name == name:
            return case
    raise ConfigurationError(f"there is no case '{name}' in {path}")


_MOST_FINDINGS = 200
_VARIABLE = "value"


def check(policy: str, settings: str = "", **options: Any) -> Json:
    """Return the findings about a file, a folder or a document, as `check --format json` has them.

    `settings` is the configuration of a document, as TOML; the other arguments are those of `CheckOptions`.
    """
    found = CheckOptions(**{name: _listed(value) for name, value in options.items()})
    if not is_document(policy):
        return _report(existing(policy), found)
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
    discovery = discover([path], projects)
    if discovery.unreadable:
        raise ConfigurationError(discovery.unreadable[0])
    if discovery.empty:
        raise ConfigurationError(discovery.why_empty(path))
    run = CheckRun(projects)
    run.services.check_options(discovery.files)
    checks = chain(map(run.one, discovery.files), run.information(discovery.files, discovery.trees))
    findings: list[Diagnostic] = []
    with_holes = 0
    for checked in checks:
        if checked.problem is not None:
            raise ConfigurationError(checked.problem)
        findings += checked.diagnostics()
        with_holes += checked.has_holes
    summary = {
        "files": len(discovery.files),
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


_MOST_OPERATIONS = 8
"""Operations that an answer of `audit` has in detail."""


def audit(service: str, config: str | None = None, operation: str = "") -> Json:
    """Return who reaches the backends of a service, as `audit --format json` has it, for some operations in detail.

    `operation` is a part of an API's or an operation's name. Raises ConfigurationError.
    """
    from apimpolicy.project.audit_run import audit_services
    from apimpolicy.report.audit_formats import audit_data

    data = audit_data(*audit_services(existing(service), config))
    names = {id(row): f"{row['api']} {row['name']}" for row in data["operations"]}
    selected = [row for row in data["operations"] if operation.lower() in names[id(row)].lower()]
    if operation and not selected:
        raise ConfigurationError(f"there is no operation '{operation}'; there are {first_of(names.values(), 20)}")
    others = selected[_MOST_OPERATIONS:]
    data["operations"] = selected[:_MOST_OPERATIONS]
    if others:
        by_access: dict[str, list[str]] = {}
        for row in others:
            by_access.setdefault(row["access"], []).append(names[id(row)])
        words = "; ".join(f"{access}: {', '.join(listed)}" for access, listed in by_access.items())
        data["left_out"] = f"details of {len(others)} operations, which 'operation' shows: {words}"
    return data


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

    from apimpolicy.csharp.emit.expression import compile_expression

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
