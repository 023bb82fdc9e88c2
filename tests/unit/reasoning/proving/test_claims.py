"""Claims as data: what must be proven, what a request must break, and what must never be proven."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.rows import read_yaml
from tests.sampling import sampled

pytest.importorskip("z3")

from apimpolicy.project.service.leniency import lenient
from apimpolicy.reasoning.scenarios.scenario import Bounds
from apimpolicy.testing.case_files import load_case_tree
from apimpolicy.testing.claims.harnesses import harness_of, setup_of
from apimpolicy.testing.claims.reading import Expressions
from apimpolicy.testing.claims.running import prove_file
from apimpolicy.testing.claims.static_proofs import StaticProofs
from apimpolicy.testing.tree import read_tree

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apimpolicy.testing.case_files import CaseFile

CLAIMS: dict[str, dict[str, Any]] = read_yaml(Path(__file__).with_name("claims.yaml").read_text("utf-8"))
FALSE: dict[str, dict[str, Any]] = read_yaml(Path(__file__).with_name("false_claims.yaml").read_text("utf-8"))
REFUSE = '<return-response><set-status code="403" reason="No" /></return-response>'


def written(code: str) -> str:
    """An expression with the words of the file written out."""
    code = re.sub(r"(?<![-\w])H\b", 'context.Request.Headers.GetValueOrDefault("X-H", "")', code)
    return re.sub(r"\bQ\b", 'context.Request.Url.Query.GetValueOrDefault("q", "")', code)


def inbound_of(row: dict[str, Any]) -> str:
    if "inbound" in row:
        code: str = row["inbound"].replace("REFUSE", REFUSE)
        return re.sub(r"@\(.*?\)(?=[\"<])", lambda found: html.escape(written(html.unescape(found[0]))), code)
    condition = f"@({written(row['when'])})" if "when" in row else f"@{written(row['body'])}"
    return f'<choose><when condition="{html.escape(condition)}">{REFUSE}</when></choose>'


def file_of(row: dict[str, Any]) -> CaseFile:
    """Return the test file of a row."""
    policy = (
        f"<policies><inbound><base />{inbound_of(row)}</inbound><backend>{row.get('backend', '<base />')}</backend>"
        f"<outbound><base />{row.get('outbound', '')}</outbound>"
        f"<on-error><base />{row.get('on-error', '')}</on-error></policies>"
    )
    claim = row.get("claim") or {"if": "reaches-backend", "then": f"@({written(row['then'])})"}
    content = json.dumps({"policy": policy.replace("REFUSE", REFUSE), "config": False, "claims": [claim]})
    return load_case_tree(read_tree(content, "made-up.test.json"), "made-up.test.json")


def static_proofs_of(row: dict[str, Any]) -> StaticProofs:
    """Return what decides the claim of a row, without any request."""
    file = file_of(row)
    return StaticProofs(harness_of(file.subject.policies, setup_of(file)), file.claims, Expressions({}))


@pytest.mark.parametrize("name", sampled(FALSE, 40))
def test_a_false_claim_is_never_proven(name: str) -> None:
    static = static_proofs_of(FALSE[name])
    assert not static.decide(0).is_proven
    assert static.decide_under_assumptions(0).is_proven is FALSE[name].get("assumes", False)


UNKNOWN: dict[str, dict[str, Any]] = read_yaml(Path(__file__).with_name("unknown_values.yaml").read_text("utf-8"))


@pytest.mark.parametrize("name", UNKNOWN)
def test_a_claim_depends_on_an_unknown_named_value_only_where_the_policy_does(name: str) -> None:
    with lenient():
        static = static_proofs_of(UNKNOWN[name])
    assert static.harness.stand_ins.named_values == {"x"}
    assumed = static.decide_under_assumptions(0)
    needs_text = any("'x' is a text" in each for each in assumed.assumptions)
    found = "proven if text" if needs_text else "proven" if static.decide(0).is_proven else "open"
    assert found == UNKNOWN[name]["expect"]


_GLOBAL = (
    "<policies><inbound /><backend><forward-request /></backend><outbound /><on-error><return-response>"
    '<set-status code="418" /></return-response></on-error></policies>'
)
_OPERATION = '{"openapi": "3.0.0", "paths": {"/a": {"get": {"responses": {"200": {"description": "OK"}}}}}}'
_OF_BACKEND = (
    '<policies><inbound><set-backend-service backend-id="east" /></inbound><backend><forward-request /></backend>'
    '<outbound><return-response><set-status code="200" /></return-response></outbound><on-error /></policies>'
)
CONFIGURED = {
    "a request for no operation runs the handler of the global policy alone": (
        {"openapi": "api.json"},
        {"global": _GLOBAL, "api": f"<policies><inbound>{REFUSE}</inbound><outbound /><on-error /></policies>"},
        418,
    ),
    "the circuit of a backend is open": (
        {"backends": {"east": {"url": "https://east.internal", "circuit-breaker": {"failures": 1}}}},
        {"api": _OF_BACKEND},
        503,
    ),
}


@pytest.mark.parametrize("name", CONFIGURED)
def test_a_false_claim_about_a_configured_gateway_is_never_proven(name: str, tmp_path: Path) -> None:
    settings, policies, status = CONFIGURED[name]
    (tmp_path / "api.json").write_text(_OPERATION)
    lines = [f"{'.'.join(keys)} = {json.dumps(value)}" for keys, value in _flat(settings)]
    (tmp_path / "apimpolicy.toml").write_text("\n".join(lines))
    for scope, text in policies.items():
        (tmp_path / f"{scope}.xml").write_text(text)
    content = {"policies": {scope: f"{scope}.xml" for scope in policies}, "claims": [{"never": {"status": status}}]}
    path = str(tmp_path / "claims.test.json")
    file = load_case_tree(read_tree(json.dumps(content), path), path)
    static = StaticProofs(harness_of(file.subject.policies, setup_of(file)), file.claims, Expressions({}))
    assert not static.decide_under_assumptions(0).is_proven


def _flat(table: dict[str, Any], *keys: str) -> Iterator[tuple[tuple[str, ...], Any]]:
    for key, value in table.items():
        yield from _flat(value, *keys, key) if isinstance(value, dict) else [((*keys, key), value)]


@pytest.mark.parametrize("name", CLAIMS)
def test_a_claim_gets_its_verdict(name: str) -> None:
    row = CLAIMS[name]
    file = file_of(row)

    seconds = 60 if row["expect"] == "false" else 2  # a search that finds a request ends then
    (report,) = prove_file(file, file.claims, Bounds(seconds=seconds))

    assert report.status != "error", report.problem
    if row["expect"] == "open":
        assert report.status != "proven" or report.assumptions, report
    else:
        assert (report.status, report.assumptions) == (row["expect"], ()), report
