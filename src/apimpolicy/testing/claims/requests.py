"""A request for which a claim does not hold: in a sentence, and as a test case."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import attrs
import yaml

from apimpolicy.errors import ConfigurationError
from apimpolicy.gateway.engine.own_answers import reaches_backend
from apimpolicy.project.manual_requests import issuers_of
from apimpolicy.project.named_values import read_text
from apimpolicy.report.claim_results import FALSE, ClaimReport, FoundRequest
from apimpolicy.report.explanation import explain
from apimpolicy.testing.case_files import CaseFile, load_case_tree
from apimpolicy.testing.case_writer import answers_in_words, request_words
from apimpolicy.testing.claims.caller_tokens import CallerTokens
from apimpolicy.testing.claims.harnesses import UPLOADED, table_of
from apimpolicy.testing.first_expectations import case_of, request_of
from apimpolicy.testing.running import run_case
from apimpolicy.testing.tree import Tree, read_tree

if TYPE_CHECKING:
    from apimpolicy.reasoning.scenarios.harness import Harness, ScenarioRun
    from apimpolicy.reasoning.scenarios.scenario import Scenario
    from apimpolicy.testing.claims.proving import Verdict
    from apimpolicy.testing.claims.reading import Claim

_WIDTH = 110


def request_in_words(scenario: Scenario, harness: Harness) -> str:
    """Return a request in words: `GET /orders without a certificate`."""
    asked = attrs.evolve(scenario, answers=[], sent_answers=[])
    words = request_words(asked, f"{scenario.method} {scenario.url}")
    words = words.replace(f"the certificate {UPLOADED}", "the uploaded certificate ")
    has_none = bool(harness.certificates) and scenario.certificate is None
    return f"{words} without a certificate" if has_none else words


def sent_request(run: ScenarioRun) -> FoundRequest:
    """Return a request as it was sent, with each value of its headers."""
    assert run.result is not None
    request = run.result.request
    headers = ((name, value) for name in request.headers for value in request.headers.get_all(name))
    body = None if request.body is None else request.body.decode("utf-8", "replace")
    return FoundRequest(request.method, request.url, tuple(headers), body)


def outcome_in_words(run: ScenarioRun) -> str:
    """Return an outcome in words: `reaches the backend and gets 200 OK`; with other responses that are not 200."""
    result = run.result
    assert result is not None
    answer = f"gets {result.response.status_code} {result.response.reason}".rstrip()
    others = answers_in_words(run.scenario)
    return (f"reaches the backend and {answer}" if reaches_backend(result) else answer) + (
        f", if {' and '.join(others)}" if others else ""
    )


def report_of(verdict: Verdict, harness: Harness) -> ClaimReport:
    claim, run = verdict.claim, verdict.run
    report = ClaimReport(
        claim.path,
        claim.name,
        claim.line,
        verdict.status,
        reasons=verdict.reasons,
        assumptions=verdict.assumptions,
        vacuous=verdict.vacuous,
        hint=verdict.hint,
        problem=verdict.problem,
    )
    if run is None or run.result is None:
        return report
    return report._replace(
        status=FALSE,
        sent=sent_request(run),
        request=f"{request_in_words(run.scenario, harness)} {outcome_in_words(run)}",
        why=verdict.why,
        explanation=str(explain(run.result)),
    )


def claim_case(file: CaseFile, claim: Claim, run: ScenarioRun, harness: Harness) -> dict[str, Any]:
    """Return a test case with the request, for a file with these defaults: see `checked`."""
    scenario = run.scenario
    content = case_of(scenario)
    request = content.pop("request")
    certificate = str(request.get("certificate", ""))
    if certificate.startswith(UPLOADED):
        name = request["certificate"] = certificate.removeprefix(UPLOADED)
        content["gateway"] = {**content.get("gateway", {}), "certificates": {name: name}}
    request |= {
        key: None for key in ("certificate", "token") if key not in request and _has_default(file, "request", key)
    }
    _add_token(content, request, scenario, file, run, harness)
    words = request_in_words(scenario, harness)
    case: dict[str, Any] = {"name": f"{claim.name}: {words}", "request": request, **content}
    for key in ("backend", "outside"):
        if key in file.defaults and key not in case:
            case[key] = {"status": 200}
    expect = {"expect": {"holds": claim.name}}
    if scenario.earlier is None and not scenario.calls_before:
        return case | expect
    steps: list[dict[str, Any]] = [{} for _ in range(scenario.calls_before)]
    if scenario.earlier is not None:
        earlier = request_of(scenario.earlier)
        _add_token(case, earlier, scenario.earlier, file, run, harness)
        case["request"], steps = {}, [{"request": earlier}, *({"request": request} for _ in steps)]
        expect["request"] = request
    return case | {"steps": [*steps, expect]}


def _add_token(
    case: dict[str, Any],
    request: dict[str, Any],
    scenario: Scenario,
    file: CaseFile,
    run: ScenarioRun,
    harness: Harness,
) -> None:
    """Write the token of a scenario into a request, and its provider into the case if the file has none."""
    if scenario.token is None or run.gateway is None:
        return
    name = scenario.token[0]
    declared = () if file.identities is None else tuple(file.identities.names)
    tokens = CallerTokens(issuers_of(run.gateway), declared, harness.program.steps())
    if name not in declared:
        case["openid-providers"] = {**case.get("openid-providers", {}), name: table_of(tokens.issuers[name])}
    if options := tokens.options(*scenario.token):
        request["token"] = {"from": name, **options}


def checked(path: str, case: dict[str, Any]) -> dict[str, Any]:
    """Return the case of a claim after running it: it fails as long as the claim does not hold for its request.

    Raises ConfigurationError when a test file can't express the request.
    """
    if not _fails(path, case):
        raise ConfigurationError("a test file can't express this request with everything around it")
    return case


def _has_default(file: CaseFile, key: str, inner: str) -> bool:
    return key in file.defaults and inner in file.defaults[key].table()


def _fails(path: str, case: dict[str, Any]) -> bool:
    """Return whether the case fails today, which shows that it reproduces the result."""
    cases = load_case_tree(read_tree(with_case(path, case), path), os.path.abspath(path)).cases
    outcome = run_case(next(each for each in cases if each.name == case["name"]))
    return outcome.status == "failed"


def block_of(case: dict[str, Any], indent: int = 2) -> str:
    text: str = yaml.safe_dump([case], sort_keys=False, allow_unicode=True, width=_WIDTH, default_flow_style=None)
    return "".join(" " * indent + line + "\n" for line in text.splitlines())


def with_case(path: str, case: dict[str, Any]) -> str:
    """Return the text of a test file, which need not exist, with one more case.

    Raises ConfigurationError when the file is not YAML, or can't be read.
    """
    if not path.endswith((".yaml", ".yml")):
        raise ConfigurationError(f"cases are written to YAML only, and {path} is not; paste it")
    if not os.path.exists(path):
        return f"cases:\n{block_of(case)}"
    text = read_text(path).removeprefix("\ufeff")
    table = read_tree(text, path).table()
    cases = table.get("cases")
    if cases is None or not isinstance(cases.value, list) or not cases.value:
        return f"{text.rstrip()}\n\ncases:\n{block_of(case)}"
    if text[cases.start : cases.start + 1] == "[":
        raise ConfigurationError(f"the cases of {path} stand in brackets; paste the new one")
    end = len(text[: _end(cases)].rstrip())
    rest = text[end:].lstrip("\n")
    return f"{text[:end]}\n\n{block_of(case, _column(text, cases.start))}" + (f"\n{rest}" if rest else "")


def _end(tree: Tree) -> int:
    """Return where the last scalar in a tree ends; YAML counts comments behind a table as part of it."""
    while isinstance(tree.value, (dict, list)) and tree.value and tree.source.text[tree.start] not in "[{":
        tree = [*tree.value.values()][-1] if isinstance(tree.value, dict) else tree.value[-1]
    return tree.end


def _column(text: str, offset: int) -> int:
    """Return the column of a list's first dash, from 0."""
    return offset - (text.rfind("\n", 0, offset) + 1)
