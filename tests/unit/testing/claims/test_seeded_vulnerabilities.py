"""The example's claims are proven for its policy; each of six seeded vulnerabilities is found, with a request."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from apimpolicy.reasoning.scenarios.scenario import Bounds
from apimpolicy.testing.case_files import CaseFile, load_case_tree
from apimpolicy.testing.claims.running import prove_file
from apimpolicy.testing.running import run_case
from apimpolicy.testing.tree import read_tree

if TYPE_CHECKING:
    from apimpolicy.report.claim_results import ClaimReport

EXAMPLE = Path(__file__).parents[4] / "examples" / "client-certificate"
POLICY = (EXAMPLE / "orders.xml").read_text("utf-8")
CLAIMS = (EXAMPLE / "orders.test.yaml").read_text("utf-8")
NOBODY = "no request gets through without an uploaded certificate that verifies"
REFUSED = "whoever is refused is told why"
NO_FAILURE = "no request makes the gateway itself fail"

_VERIFY = "!context.Request.Certificate.Verify()"
_ANY = "!context.Deployment.Certificates.Any(c => c.Value.Thumbprint == context.Request.Certificate.Thumbprint)"

HOLES = [
    pytest.param(
        "context.Request.Certificate == null || ", "", NO_FAILURE, "without a certificate", id="no null check"
    ),
    pytest.param(f"|| {_VERIFY}", f"&& {_VERIFY}", NO_FAILURE, "without a certificate", id="&& for ||"),
    pytest.param(f"|| {_VERIFY}", "", NOBODY, "certificate", id="Verify dropped"),
    pytest.param(
        _ANY,
        '!context.Request.Headers.GetValueOrDefault("X-Client", "").Contains("partner")',
        NOBODY,
        "X-Client",
        id="Any replaced by a Contains of a header",
    ),
    pytest.param(
        "context.Request.Certificate == null || ",
        "context.Request.Certificate != null && (",
        NOBODY,
        "without a certificate",
        id="negotiation misread",
    ),
    pytest.param(
        "context.Request.Certificate == null || ",
        '!context.Request.Url.Path.StartsWith("/health") && (context.Request.Certificate == null || ',
        NOBODY,
        "/health",
        id="a path exempted",
    ),
]
"""What is replaced in the policy, what by, the claim that is no longer true, and what the request shows."""


def _file(tmp_path: Path, policy: str) -> CaseFile:
    (tmp_path / "orders.xml").write_text(policy, "utf-8")
    path = tmp_path / "orders.test.yaml"
    path.write_text(CLAIMS, "utf-8")
    return load_case_tree(read_tree(CLAIMS, str(path)), str(path))


def _decided(file: CaseFile) -> dict[str, ClaimReport]:
    return {report.name: report for report in prove_file(file, file.claims, Bounds())}


def test_the_example_is_proven(tmp_path: Path) -> None:
    found = _decided(_file(tmp_path, POLICY))

    assert {name: (report.status, report.reasons) for name, report in found.items()} == {
        NOBODY: ("proven", ()),
        REFUSED: ("proven", ()),
        NO_FAILURE: ("proven", ()),
    }


@pytest.mark.parametrize(("old", "new", "claim", "shows"), HOLES)
def test_a_vulnerability_is_found_with_a_request(tmp_path: Path, old: str, new: str, claim: str, shows: str) -> None:
    holed = POLICY.replace(old, new)
    assert holed != POLICY
    if new.count("(") > new.count(")"):
        holed = holed.replace("Certificate.Thumbprint))", "Certificate.Thumbprint)))")
    file = _file(tmp_path, holed)

    found = _decided(file)[claim]

    assert found.status == "false", found
    assert shows in found.request
    text = CLAIMS.replace("cases:\n", f"cases:\n{re.sub('^', '  ', found.case, flags=re.M).rstrip()}\n", 1)
    case = load_case_tree(read_tree(text, file.path), file.path).cases[0]
    assert run_case(case).sentences == [f"the claim '{claim}' does not hold for this request"]
