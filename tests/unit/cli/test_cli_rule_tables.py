"""Rules as tables on the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

RULES = """
[[check.rules]]
code = "CONTOSO001"
name = "no-mock"
message = "this responds instead of the backend"
element = "mock-response"
must-not = true
good = ["<inbound><base /></inbound>"]
bad = ["<inbound><mock-response /></inbound>", "<inbound><base /></inbound>"]
"""


def test_the_rules_of_a_configuration(apimpolicy: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "apimpolicy.toml").write_text(RULES, encoding="utf-8")
    (tmp_path / "a.xml").write_text("<inbound><base /><mock-response /></inbound>", encoding="utf-8")
    found = apimpolicy("check", ".", "--select", "no-mock", "--strict")
    assert found.code == 1
    assert "a.xml:1:19: CONTOSO001 warning: this responds instead of the backend" in found.out
    found = apimpolicy("check", ".", "--select", "CONTOSO", "--strict", "--jobs", "2")
    assert found.code == 1
    assert "CONTOSO001  no-mock: this responds" in apimpolicy("rule", "no-mock").out
    found = apimpolicy("check", ".", "--test-rules")
    assert found.code == 1
    assert "CONTOSO001 does not report its bad example 2" in found.err
    assert "2 examples of 1 rule passed, 1 failed" in found.out
