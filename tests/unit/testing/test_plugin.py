"""The pytest plugin, in a pytest of its own: fixtures, the marker, test files, and what a failure shows."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from _pytest.pytester import Pytester

pytest_plugins = ["pytester"]
FILES = Path(__file__).parent / "files"


@pytest.fixture
def project(pytester: Pytester) -> Pytester:
    for policy in FILES.glob("*.xml"):
        (pytester.path / policy.name).write_text(policy.read_text())
    return pytester


def test_a_test_in_python(project: Pytester) -> None:
    project.makepyfile("""
        import pytest

        @pytest.fixture
        def orders(apim, authority):
            apim.trust(authority).configure(negotiate_client_certificate=True)
            apim.backend.answer(200, json={"orders": []})
            apim.policy = "orders.xml"
            return apim

        def test_a_renewed_key_vault_certificate_needs_no_change(orders, authority):
            vault = orders.key_vault("contoso-kv")
            vault.add("partner", old := authority.client("partner"))
            orders.upload("partner", key_vault=vault, name="partner")
            vault.add("partner", new := authority.client("partner"))
            assert orders.get("/orders", certificate=new).json() == {"orders": []}
            assert [request.method for request in orders.backend.requests] == ["GET"]
            refused = orders.get("/orders", certificate=old)
            assert (refused.status_code, refused.reason) == (403, "Invalid client certificate")
            assert "not among the uploaded certificates" in refused.explanation
            assert refused.branches == ["choose ▸ when 1"]

        def test_time(orders, authority):
            orders.upload("late", late := authority.client("late", not_after="2026-01-02"))
            assert orders.get("/orders", certificate=late).status_code == 200
            orders.clock.advance(days=2)
            assert orders.get("/orders", certificate=late).status_code == 403

        @pytest.mark.parametrize("apim", [{"negotiate_client_certificate": on} for on in (True, False)], indirect=True)
        def test_several_gateways(apim, authority, request):
            apim.trust(authority).upload("partner", partner := authority.client("partner"))
            expected = 200 if "apim0" in request.node.name else 403
            assert apim.run("orders.xml", apim.request("/orders", certificate=partner)).status_code == expected

        @pytest.mark.apim(named_values={"a": "1"})
        def test_the_marker(apim):
            policy = "<policies><inbound><set-variable name='a' value='{{a}}' /></inbound></policies>"
            assert apim.run(policy, "/").variables["a"] == "1"

        def test_services(apim):
            apim.outside.answer(404).answer(200, url="*/token", method="POST", json={"access_token": "x"})
            apim.backend.answer(503).answer_with(lambda request: __import__("apimpolicy").Response(201))
            apim.policy = "limit.xml"
            assert apim.get("/a").status_code == 201
            assert apim.get("/a").status_code == 429
            apim.clock.advance(minutes=1)
            assert apim.get("/a").variables["access"] == "x"
    """)
    project.runpytest("-q", "-p", "no:cacheprovider").assert_outcomes(passed=6)


def test_a_failure_shows_the_way(project: Pytester) -> None:
    project.makepyfile("""
        def test_it(apim):
            assert apim.run("orders.xml", "/orders").status_code == 200
    """)
    result = project.runpytest("-p", "no:cacheprovider")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["*apim, the last request*", "403 Invalid client certificate, decided by orders.xml:6 choose ▸ when 1"]
    )


def test_test_files_are_collected(project: Pytester) -> None:
    (project.path / "orders.test.yaml").write_text(
        "policy: orders.xml\n"
        "cases:\n"
        "  - {name: right, request: {get: /a}, expect: {status: 403}}\n"
        "  - {name: wrong, request: {get: /a}, expect: {status: 200}}\n"
        "  - {name: later, skip: not yet, expect: {status: 200}}\n"
    )
    (project.path / "broken.test.yaml").write_text("policy: orders.xml\ncases:\n  - {expct: {}}\n")
    result = project.runpytest("-p", "no:cacheprovider", "-rs", "--continue-on-collection-errors")
    result.assert_outcomes(passed=1, failed=1, skipped=1, errors=1)
    result.stdout.fnmatch_lines(
        ["*broken.test.yaml:3:6: POL502 error: 'expct' is not a key here", "*did you mean 'expect'?*"]
    )
    result.stdout.fnmatch_lines(["✗ wrong *orders.test.yaml:4", "  expected status 200, got 403"])
