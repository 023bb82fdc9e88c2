"""`pytest --apim-cov`: in one process and in several."""

from __future__ import annotations

import json
import shutil
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from _pytest.pytester import Pytester

pytest_plugins = ["pytester"]
PROJECT = Path(__file__).parent / "coverage_project"

processes = pytest.mark.parametrize(
    "options",
    [[], pytest.param(["-n", "2"], marks=pytest.mark.skipif(find_spec("xdist") is None, reason="needs pytest-xdist"))],
    ids=["one", "two"],
)


@pytest.fixture
def project(pytester: Pytester, monkeypatch: pytest.MonkeyPatch) -> Pytester:
    monkeypatch.setenv("PYTEST_ADDOPTS", "-p no:hypothesispytest -p no:anyio -p no:cacheprovider")
    for file in PROJECT.iterdir():
        shutil.copy(file, pytester.path / file.name)
    pytester.makepyfile("""
        def test_in_python(apim, authority):
            apim.trust(authority).configure(negotiate_client_certificate=True)
            assert apim.run("orders.xml", apim.request("/orders")).status_code == 403
    """)
    return pytester


@processes
def test_the_table_and_a_file(project: Pytester, options: list[str]) -> None:
    result = project.runpytest("-p", "no:cacheprovider", "--apim-cov-report", "c.json", *options)
    result.assert_outcomes(passed=6)
    result.stdout.fnmatch_lines(
        [
            "*= policies =*",
            "orders.xml *9/10 *5/6 *11/14 *83 %",
            "orders.xml:15  when 1 was never taken",
            "coverage: policies 10/12, branches 5/6, conditions 11/14",
        ]
    )
    found = json.loads((project.path / "c.json").read_text())
    first = next(place for place in found["files"][1]["places"] if place["name"].endswith("Certificate == null"))
    (name,) = first["outcomes"]["true"]
    assert name.endswith("::test_in_python")
    assert "orders.test.yaml::the partner" in first["outcomes"]["false"]


@pytest.mark.parametrize(("limit", "code"), [("80", pytest.ExitCode.OK), ("85", pytest.ExitCode.TESTS_FAILED)])
def test_too_little(project: Pytester, limit: str, code: pytest.ExitCode) -> None:
    result = project.runpytest("-p", "no:cacheprovider", "--apim-cov-fail-under", limit)
    assert result.ret == code
    assert ("less than 85 %" in result.stdout.str()) is (limit == "85")


def test_a_name_without_a_format(project: Pytester) -> None:
    result = project.runpytest("-p", "no:cacheprovider", "--apim-cov-report", "c.txt")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*c.txt does not end in the name of a format; there are .html (HTML)*"])


def test_a_file_that_cannot_be_written(project: Pytester) -> None:
    result = project.runpytest("-p", "no:cacheprovider", "--apim-cov-report", "nowhere/c.json")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stdout.fnmatch_lines(["cannot write nowhere/c.json: No such file or directory"])


def test_is_off_by_default(project: Pytester) -> None:
    assert "coverage" not in project.runpytest("-p", "no:cacheprovider").stdout.str()
