"""The audit asks the search of `prove` where it doesn't understand a condition."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from test_access import gateway_of
from tests.rows import read_yaml

from apimpolicy.reasoning.audit.analysis import audit_service
from apimpolicy.reasoning.audit.confirming import confirmed
from apimpolicy.reasoning.audit.requests import Rehearsal
from apimpolicy.reasoning.audit.walk import ServiceContext
from apimpolicy.testing.claims.anonymous_requests import AnonymousRequests

ROWS = read_yaml((Path(__file__).parent / "searched.yaml").read_text(encoding="utf-8"))
_WHEN = re.compile(r"when\((.*)\)$", re.DOTALL)


def policy_of(text: str) -> str:
    return _WHEN.sub(lambda found: f"<choose><when condition='{_code(found[1])}'>REFUSE</when></choose>", text.strip())


def _code(text: str) -> str:
    code = text.strip().replace("&", "&amp;").replace("<", "&lt;").replace("'", "&apos;")
    return f"@{code}" if code.startswith("{") else f"@({code})"


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["name"])
def test_a_search_decides_what_anyone_passes(row: dict[str, Any]) -> None:
    gateway = gateway_of({**row, "policy": policy_of(row["policy"])})
    assert gateway.service is not None
    rehearsal = Rehearsal(gateway)
    found = audit_service(gateway.service, ServiceContext.of(gateway))
    audit, attempts = confirmed(found, rehearsal, AnonymousRequests(rehearsal.gateway))
    (operation,) = audit.operations
    assert operation.access.words == row["access"]
    assert bool(attempts) is (row["access"] == "anyone")
