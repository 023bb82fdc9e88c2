"""The prover alone: no false claim of any table is proven, also behind guards that hardly any request passes.

`prove` tries requests before it proves, and so hides what the model of the prover gets wrong.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from tests.sampling import sampled

pytest.importorskip("z3")

from tests.unit.reasoning.proving import test_claims, test_common_claims

from apimpolicy.testing.case_files import load_case_tree
from apimpolicy.testing.claims.harnesses import harness_of, setup_of
from apimpolicy.testing.claims.reading import Expressions
from apimpolicy.testing.claims.static_proofs import StaticProofs
from apimpolicy.testing.tree import read_tree

if TYPE_CHECKING:
    from apimpolicy.testing.case_files import CaseFile

GUARD = (
    '<choose><when condition="@(context.Request.Headers.GetValueOrDefault(&quot;X-Guard&quot;, &quot;&quot;) != '
    "&quot;g-41&quot; || context.Request.Url.Query.GetValueOrDefault(&quot;guard&quot;, &quot;&quot;) != "
    '&quot;q-17&quot;METHOD)"><return-response><set-status code="451" reason="No" /></return-response></when></choose>'
)
METHOD = " || context.Request.Method != &quot;POST&quot;"


def _of_claims() -> dict[str, CaseFile]:
    rows = {**test_claims.FALSE, **{name: row for name, row in test_claims.CLAIMS.items() if row["expect"] != "proven"}}
    return {name: row for name, row in rows.items() if not row.get("assumes")}


def _of_tables() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for table in test_common_claims.TABLES.values():
        for name, row in table.items():
            false = [[is_true, claim] for is_true, claim in row["claims"] if not is_true]
            if false:
                found[name] = {**row, "claims": false}
    return found


CLAIMS, TABLES = _of_claims(), _of_tables()


def guarded(file: CaseFile, row: dict[str, Any]) -> CaseFile:
    """Return a test file whose policy only lets requests with a header, a parameter and a method on."""
    (policy,) = file.subject.policies.values()
    text = policy.text if hasattr(policy, "text") else str(policy)
    guard = GUARD.replace("METHOD", "" if re.search(r"[Mm]ethod|OPTIONS|preflight", json.dumps(row)) else METHOD)
    start = re.search(r"<inbound>\s*(<base />)?", text)
    assert start is not None
    text = text[: start.end()] + guard + text[start.end() :]
    content = {"policy": text, "config": False, "claims": [_keys(claim) for claim in file.claims]}
    if "gateway" in row:
        content["defaults"] = {"gateway": row["gateway"]}
    return load_case_tree(read_tree(json.dumps(content), "guarded.test.json"), "guarded.test.json")


def _keys(claim: Any) -> dict[str, Any]:
    return {"name": claim.name, **{key: _plain(tree) for key, tree in claim.parts.items()}}


def _plain(tree: Any) -> Any:
    if isinstance(tree.value, dict):
        return {key: _plain(part) for key, part in tree.value.items()}
    return [_plain(part) for part in tree.value] if isinstance(tree.value, list) else tree.value


def proven(file: CaseFile) -> list[str]:
    """Return the claims of a file that the prover proves."""
    static = StaticProofs(harness_of(file.subject.policies, setup_of(file)), file.claims, Expressions({}))
    return [claim.name for index, claim in enumerate(file.claims) if static.decide(index).is_proven]


@pytest.mark.parametrize("name", sampled(CLAIMS, 25))
def test_a_false_claim_behind_guards_is_never_proven(name: str) -> None:
    assert not proven(guarded(test_claims.file_of(CLAIMS[name]), CLAIMS[name]))


@pytest.mark.parametrize("name", sampled(TABLES, 12))
def test_the_prover_alone_proves_no_false_claim_of_a_table(name: str) -> None:
    file = test_common_claims.file_of(TABLES[name])
    assert not proven(file)
    assert not proven(guarded(file, TABLES[name]))
