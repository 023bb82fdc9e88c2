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
def project(pytester: Pytester, monkeypatch: pytest.MonkeyPatch) -> Pytester:
    monkeypatch.setenv("PYTEST_ADDOPTS", "-p no:hypothesispytest -p no:anyio -p no:cacheprovider")
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

        def test_what_test_files_say_too(apim):
            from apimpolicy import Response
            apim.configure(random_numbers=[3], cache={"rate": 2}, named_values={})
            apim.backend.answers(TimeoutError, Response(503), Response(200))
            forward = "<retry condition='@(context.Response.StatusCode != 200)' count='3' interval='2'>"
            policy = f"<policies><backend>{forward}<forward-request timeout='5' /></retry></backend></policies>"
            result = apim.run(policy, "/")
            assert (result.status_code, result.elapsed) == (200, 9)
            numbers = "@(new Random().Next(5) + (int)context.Variables['given'])".replace("'", '"')
            policy = f"<policies><inbound><set-variable name='n' value='{numbers}' /></inbound></policies>"
            given = apim.run(policy, "/", variables={"given": "@(1 + 1)"})
            assert given.variables["n"] == 5
            apim.outside.answer(json={"id": 17})
            asked = "<set-method>GET</set-method><set-url>https://data.example</set-url>"
            resolver = f"<http-data-source><http-request>{asked}</http-request></http-data-source>"
            assert apim.resolve(resolver, arguments={"id": 17}).json() == {"id": 17}

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
    project.runpytest("-q", "-p", "no:cacheprovider").assert_outcomes(passed=7)


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
        ["*broken.test.yaml:3:6: POL502 error: unknown key 'expct'", "*did you mean 'expect'?*"]
    )
    result.stdout.fnmatch_lines(["✗ wrong *orders.test.yaml:4", "  expected status 200, got 403"])


def test_files_of_other_tools_are_left_alone(project: Pytester) -> None:
    project.path.joinpath("a.test.json").write_text('{"name": "x", "tests": [], "service": {}}')
    project.path.joinpath("b.test.yaml").write_text("- hosts: all\n  tasks: []\n")
    project.path.joinpath("c.test.yaml").write_text("apiVersion: v1\nkind: Service\nspec: {cases: 3}\n")
    own = "cases: [{name: one, request: {get: /}, expect: {status: 200}}]\n"
    project.path.joinpath("d.test.yaml").write_text(f"policy: small.xml\n{own}")
    project.path.joinpath("e.test.json").write_text(
        '{"policy": "small.xml", "cases": [{"request": {"get": "/"}, "expect": {}}]}'
    )
    project.path.joinpath("f.test.yaml").write_text(f"polcy: small.xml\n{own}")
    project.path.joinpath("small.xml").write_text("<policies />")
    result = project.runpytest("-q", "-p", "no:cacheprovider", "--continue-on-collection-errors")
    result.assert_outcomes(passed=2, errors=1)
    result.stdout.fnmatch_lines(["*f.test.yaml:1:1: POL502*unknown key 'polcy'*"])
    project.makeini("[pytest]\napim_test_files =\n")
    project.runpytest("-q").assert_outcomes()
    project.makeini("[pytest]\napim_test_files = d.*\n")
    project.runpytest("-q").assert_outcomes(passed=1)


def test_a_failure_shows_the_test_and_not_the_library(project: Pytester) -> None:
    project.path.joinpath("bad.xml").write_text(
        '<policies><inbound><set-variable name="a" value="@(context.Request.Methd)" /></inbound></policies>'
    )
    project.makepyfile("""
        def test_compile(apim):
            apim.policy = "bad.xml"
            apim.get("/a")

        def test_setting(apim):
            apim.configure(negotiate_client_certificat=True).run("bad.xml", "/a")

        def test_backend(apim):
            def answer(request):
                raise RuntimeError("from the test")
            apim.backend.answer_with(answer)
            apim.run("<policies><backend><forward-request /></backend></policies>", "/a")
    """)
    result = project.runpytest("-q")
    result.assert_outcomes(failed=3)
    result.stdout.no_fnmatch_line("*gateway.py*")
    result.stdout.fnmatch_lines(
        [
            '>*apim.get("/a")',
            "*the policy does not compile*",
            "*CS1061 error: 'IRequest' has no member 'Methd'",
            "*^^^^^ did you mean 'Method'?",
            "*'negotiate_client_certificat' is not a setting of Gateway; did you mean 'negotiate_client_certificate'?",
            "*RuntimeError: from the test",
        ]
    )
    assert "gateway.py" in project.runpytest("-q", "--full-trace").stdout.str()


def test_failures_end_at_the_edge_of_the_page(project: Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    project.makefile(".test.yaml", broken="policy: orders.xml\ncases:\n  - request: 7\n    expct: {}\n")
    project.makefile(".test.yaml", failing="policy: orders.xml\ncases:\n  - expect: {status: 204}\n")
    project.makepyfile("""
        def test_a(apim):
            apim.policy = "orders.xml"
            assert apim.get("/orders").status_code == 204
    """)
    result = project.runpytest("-q", "--continue-on-collection-errors")
    result.assert_outcomes(failed=2, errors=1)
    result.stdout.fnmatch_lines(["*POL502*unknown key 'expct'", "*decided by orders.xml*", "path: inbound*"])
    lines = [line for line in result.outlines if not line.startswith(("E  ", "FAILED", "ERROR"))]
    assert [line for line in lines if len(line) > 80 and " " in line.strip()] == []


def test_coverage_py_does_not_warn(project: Pytester) -> None:
    pytest.importorskip("pytest_cov", reason="pytest-cov is not installed")
    project.makepyfile("""
        def test_a(apim):
            apim.run('<policies><inbound><set-variable name="a" value="@(1 + 1)" /></inbound></policies>', "/a")
    """)
    result = project.runpytest_subprocess("-q", "--cov=.", "--cov-branch")
    result.assert_outcomes(passed=1)
    assert "CoverageWarning" not in result.stdout.str() + result.stderr.str()
