"""`apimpolicy mutate` with Python tests: which tests run, the outcomes, options, exit codes."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

POLICY = """<policies>
    <inbound>
        <set-variable name="kind" value="plain" />
        <choose>
            <when condition="@(context.Request.Method == &quot;PUT&quot;)">
                <return-response><set-status code="405" reason="No" /></return-response>
            </when>
        </choose>
    </inbound>
    <backend><forward-request /></backend>
    <outbound>
        <set-header name="X-Kind" exists-action="override">
            <value>@((string)context.Variables["kind"] + {{number}})</value>
        </set-header>
    </outbound>
</policies>
"""

LIMITS = '<policies><inbound><rate-limit-by-key calls="2" renewal-period="60" counter-key="all" /></inbound></policies>'

CONFTEST = """
import pytest
from apimpolicy import Gateway, load_policy

@pytest.fixture(scope="module")
def answer():
    policy = load_policy("tests/../orders.xml", named_values={"number": "7"})
    return Gateway().run(policy, "/orders")
"""

TESTS = """
import os
from apimpolicy import Gateway, load_policy

LIMITS = load_policy("limits.xml")  # at import, before any test runs

def test_put_is_refused(apim):
    apim.configure(named_values={"number": "7"})
    assert apim.run("orders.xml", apim.request("/", method="PUT")).status_code == 405

def test_nothing_of_policies():
    assert True

def test_the_fixture_of_several(answer):
    assert answer.response.status_code == 200

def test_the_same_fixture(answer):
    assert answer.response.headers.get("X-Kind") == "plain7"

def test_limits():
    gateway = Gateway()
    assert [gateway.run(LIMITS, "/").response.status_code for _ in range(3)] == [200, 200, 429]

class TestCrash:
    def test_that_ends_the_process(self, apim):
        answer = apim.configure(named_values={"number": "7"}).run("orders.xml", apim.request("/?crash"))
        if answer.header("X-Kind-mutant"):
            os._exit(9)
"""

INI = """
[pytest]
addopts = -x --junitxml=junit.xml -n 2
"""
CASES = "policy: limits.xml\ncases: [{name: one call, request: {get: /}, expect: {status: 200}}]\n"


class Mutation(NamedTuple):
    """The JSON report, with its mutants by place and description."""

    report: dict[str, Any]
    found: dict[str, dict[str, Any]]


def write(folder: Path) -> None:
    tests = folder / "tests"
    tests.mkdir()
    (folder / "orders.xml").write_text(POLICY)
    (folder / "limits.xml").write_text(LIMITS)
    (tests / "conftest.py").write_text(CONFTEST)
    (tests / "test_orders.py").write_text(TESTS)


def mutate(apimpolicy: Callable[..., Any], *options: str, code: int = 0) -> Mutation:
    done = apimpolicy("mutate", *options, "--format", "json")
    assert done.code == code, done.err
    report = json.loads(done.out)
    found = {f"{mutant['path']}:{mutant['line']} {mutant['description']}": mutant for mutant in report["mutants"]}
    return Mutation(report, found)


def test_tests_in_python(apimpolicy: Callable[..., Any], tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "pytest.ini").write_text(INI if pytest.importorskip("xdist") else "[pytest]\n")
    (tmp_path / "limits.test.yaml").write_text(CASES)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}
    report, found = mutate(apimpolicy, "--pytest", "--jobs", "2")
    names = {name: (mutant["status"], mutant["killed_by"]) for name, mutant in found.items()}
    test = "tests/test_orders.py::test_"
    assert names == {
        "limits.xml:1 without <rate-limit-by-key>": ("killed", f"{test}limits"),
        'limits.xml:1 calls="2" becomes "3"': ("killed", f"{test}limits"),
        'limits.xml:1 renewal-period="60" becomes "61"': ("survived", None),
        'limits.xml:1 counter-key="all" becomes "all-mutant"': ("survived", None),
        "orders.xml:3 without <set-variable>": ("killed", f"{test}the_fixture_of_several"),
        'orders.xml:3 name="kind" becomes "kind-mutant"': ("killed", f"{test}the_fixture_of_several"),
        'orders.xml:3 value="plain" becomes "plain-mutant"': ("killed", f"{test}the_same_fixture"),
        "orders.xml:4 without <choose>": ("killed", f"{test}put_is_refused"),
        "orders.xml:5 when 1 is never taken": ("killed", f"{test}put_is_refused"),
        'orders.xml:5 == becomes != in `context.Request.Method == "PUT"`': ("killed", f"{test}put_is_refused"),
        'orders.xml:5 "PUT" becomes "PUT!"': ("killed", f"{test}put_is_refused"),
        "orders.xml:6 without <return-response>": ("killed", f"{test}put_is_refused"),
        "orders.xml:6 without <set-status>": ("killed", f"{test}put_is_refused"),
        'orders.xml:6 code="405" becomes "406"': ("killed", f"{test}put_is_refused"),
        'orders.xml:6 reason="No" becomes "No-mutant"': ("survived", None),
        "orders.xml:10 without <forward-request>": ("survived", None),
        "orders.xml:12 without <set-header>": ("killed", f"{test}the_same_fixture"),
        'orders.xml:12 name="X-Kind" becomes "X-Kind-mutant"': ("killed", f"{test}the_same_fixture"),
        'orders.xml:12 exists-action="override" becomes "skip"': ("survived", None),
        'orders.xml:13 "kind" becomes "kind!"': ("killed", f"{test}the_fixture_of_several"),
    }
    assert set(found["orders.xml:12 without <set-header>"]["tests"]) == {
        f"{test}the_fixture_of_several",
        f"{test}the_same_fixture",
        "tests/test_orders.py::TestCrash::test_that_ends_the_process",
    }
    assert set(found["limits.xml:1 without <rate-limit-by-key>"]["tests"]) == {
        "limits.test.yaml: one call",
        f"{test}limits",
    }
    assert report["checks"]["certificate"] is None
    assert report["checks"]["limit"] == {
        "noticed": True,
        "sentence": f"Without the call limit, '{test}limits' would fail.",
    }
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()} == before


def test_a_change_that_ends_the_process_is_not_judged(apimpolicy: Callable[..., Any], tmp_path: Path) -> None:
    write(tmp_path)
    start, end = POLICY.index("        <choose>"), POLICY.index("    </inbound>")
    (tmp_path / "orders.xml").write_text(POLICY[:start] + POLICY[end:])
    report, found = mutate(apimpolicy, "orders.xml", "--jobs", "2", "--pytest-args", "-k ends_the_process")
    crashed = found['orders.xml:7 name="X-Kind" becomes "X-Kind-mutant"']
    assert crashed["status"] == "unjudged"
    assert crashed["problem"].startswith(
        "the process exited with code 9 in tests/test_orders.py::TestCrash::test_that_ends"
    )
    assert all(mutant["tests"] == [] or "TestCrash" in mutant["tests"][0] for mutant in found.values())
    assert report["summary"]["unjudged"] == 1
    assert set(found) == {name for name in found if name.startswith("orders.xml")}


def test_an_invalid_change_is_not_killed(apimpolicy: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_text(
        '<policies><inbound><set-variable name="v" value="@{ int? a = null; int n = a ?? 3; return n; }" />'
        "</inbound></policies>"
    )
    (tmp_path / "test_a.py").write_text(
        "def test_a(apim):\n    assert apim.run('a.xml', apim.request('/')).variables['v'] == 3\n"
    )
    found = mutate(apimpolicy, "a.xml", "--pytest").found
    refused = found["a.xml:1 without `3`"]
    assert (refused["status"], refused["killed_by"]) == ("invalid", None)
    assert "CS0266" in refused["problem"]
    assert found["a.xml:1 3 becomes 4"]["status"] == "killed"
    assert found["a.xml:1 without `a`"]["status"] == "survived"


def test_a_test_that_never_ends(apimpolicy: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_text('<policies><inbound><set-variable name="v" value="v" /></inbound></policies>')
    (tmp_path / "test_a.py").write_text(
        "import time\n"
        "def test_a(apim):\n"
        "    while apim.run('a.xml', apim.request('/')).variables.get('v') != 'v':\n"
        "        time.sleep(0.1)\n"
    )
    found = mutate(apimpolicy, "test_a.py", "--time-limit", "2").found
    assert {mutant["status"] for mutant in found.values()} == {"killed"}
    assert {mutant["problem"] for mutant in found.values()} == {"still running after 2 s"}


FAILING = "def test_wrong(apim):\n    assert apim.run('orders.xml', apim.request('/')).status_code == 418\n"
APART = "def test_of_something_else():\n    assert False\n"


@pytest.mark.parametrize(
    ("file", "options", "code", "message"),
    [
        (FAILING, ["--pytest"], 1, "1 test fails without any change; fix that first: tests/test_b"),
        (APART, ["--pytest", "--limit", "1"], 0, "skipped 1 failing test that reaches no policy: tests/test_b"),
        ("import nothing_of_this_name  # apim", ["--pytest"], 2, "pytest cannot collect tests/test_b.py: ModuleNotFou"),
        ("import os\nos._exit(7)", ["--pytest"], 2, "the Python tests did not finish: the process exited with code 7"),
        ("def test(apim): pass", ["--pytest-args", "--no-such-option"], 2, "unrecognized arguments: --no-such-option"),
        ("def test(apim): pass", ["--pytest-args", "-k 'open"], 2, "can't parse --pytest-args: No closing"),
        ("def test(apim): pass", ["--pytest-args", "-k nothing_of_this_name"], 2, "there is nothing to change"),
    ],
)
def test_failures_without_changes_are_reported(
    apimpolicy: Callable[..., Any], tmp_path: Path, file: str, options: list[str], code: int, message: str
) -> None:
    write(tmp_path)
    (tmp_path / "orders.xml").write_text(POLICY.replace("{{number}}", "7"))
    (tmp_path / "tests" / "test_b.py").write_text(file)
    done = apimpolicy("mutate", *options)
    assert done.code == code
    assert message in done.err


def test_tests_that_do_not_mention_apim_are_left_alone(apimpolicy: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "test_a.py").write_text("raise RuntimeError('this must not run')\n")
    (tmp_path / "limits.xml").write_text(LIMITS)
    assert "no Python test mentions apim" in apimpolicy("mutate").err
    (tmp_path / "limits.test.yaml").write_text(CASES)
    assert apimpolicy("mutate").code == 0
    assert "pytest cannot collect test_a.py: RuntimeError: this must" in apimpolicy("mutate", "--pytest").err
    (tmp_path / "test_b.py").write_text("raise RuntimeError('nor this')  # apim\n")
    assert apimpolicy("mutate", "--no-pytest").code == 0
    done = apimpolicy("mutate")  # a stranger's program runs only when it is asked for
    assert (done.code, "--pytest runs them" in done.err) == (0, True)
    (tmp_path / "conftest.py").write_text("raise RuntimeError('nor this')  # apim\n")
    assert apimpolicy("mutate", "limits.xml").code == 0
    (tmp_path / "limits.test.yaml").unlink()
    done = apimpolicy("mutate", "limits.xml")
    assert (done.code, "--pytest runs them" in done.err) == (2, True)
    assert "RuntimeError: nor this" in apimpolicy("mutate", "test_b.py").err
    (tmp_path / "limits.test.yaml").write_text(CASES)
    (tmp_path / "conftest.py").unlink()
    (tmp_path / "test_b.py").write_text("def test(apim): assert apim.run('limits.xml', '/').status_code == 200\n")
    mentioning = ("--pytest-args", "")
    assert mutate(apimpolicy, *mentioning).found["limits.xml:1 without <rate-limit-by-key>"]["tests"] == [
        "limits.test.yaml: one call",
        "test_b.py::test",
    ]
    (tmp_path / "conftest.py").write_text("# for apim\n")
    assert "pytest cannot collect test_a.py: RuntimeError: this must" in apimpolicy("mutate", *mentioning).err


def test_json_and_text_agree(apimpolicy: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "limits.xml").write_text(LIMITS)
    (tmp_path / "limits.test.yaml").write_text(CASES)
    report = mutate(apimpolicy, "--fail-under", "50", code=1).report
    lines = apimpolicy("mutate", "--fail-under", "50").out.splitlines()
    summary = report["summary"]
    assert report["tool"]["name"] == "apimpolicy"
    assert re.sub(r"\d+\.\d\d s", "0.00 s", lines[-2]) == (
        f"{summary['killed']} of {summary['changes']} changes noticed ({summary['percent']:.0f} %) in 0.00 s"
    )
    assert lines[-1] == "0 % is less than 50 %"
    assert report["checks"]["limit"]["sentence"] in " ".join(lines)


def test_there_is_a_bound_on_the_changes_that_are_tried(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from apimpolicy.cli import mutate
    from apimpolicy.cli.program import run

    (tmp_path / "limits.xml").write_text(LIMITS)
    (tmp_path / "limits.test.yaml").write_text(CASES)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(mutate, "MOST_CHANGES", 2)
    assert run(["mutate", "--format", "json"]) == 0
    said = capsys.readouterr()
    assert len(json.loads(said.out)["mutants"]) == 2
    assert "trying 2 of " in said.err
    assert run(["mutate", "--format", "json", "--limit", "3"]) == 0
    assert len(json.loads(capsys.readouterr().out)["mutants"]) == 3
