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


ABOUT_RESOURCES = """
[[check.rules]]
code = "CONTOSO002"
name = "known-hosts"
message = "this host isn't in the list"
about = "backend"
must = {host = "*.contoso.internal"}
good = [{url = "https://a.contoso.internal"}, {host = "b.contoso.internal"}, {name = "pool", url = []}]
bad = [{url = "https://a.example.com"}, {name = "without"}]

[[check.rules]]
code = "CONTOSO003"
name = "checks-tokens"
message = "this API checks no token"
about = "api"
must = {element = "validate-jwt", within = "inbound"}
good = [{policy = "<inbound><validate-jwt header-name='Authorization' /></inbound>"}]
bad = [{name = "orders"}, {policy = "<inbound><validate-jwt header-name='Authorization' /></inbound>"}]

[[check.rules]]
code = "CONTOSO004"
name = "no-key-for-all"
message = "this key opens every API"
about = "subscription"
with = {scope = "/apis"}
must-not = true
good = [{scope = "/products/starter"}]
bad = [{scope = "/apis"}]

[[check.rules]]
code = "CONTOSO005"
name = "protocols"
message = "this API is open to http"
about = "api"
must-not = {protocols = "http"}
must-match = {path = "[a-z/]+"}
good = [{protocols = ["https"], path = "a/b"}]
bad = [{protocols = ["https", "http"], path = "a"}, {protocols = "https", path = "A"}]
"""


def test_the_examples_of_rules_about_resources(apimpolicy: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "apimpolicy.toml").write_text(ABOUT_RESOURCES, encoding="utf-8")
    found = apimpolicy("check", ".", "--test-rules")
    assert found.code == 1
    assert found.err.strip().endswith("CONTOSO003 does not report its bad example 2")
    assert "12 examples of 4 rules passed, 1 failed" in found.out
