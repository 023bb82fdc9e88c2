"""`check` on repositories as they are: what is skipped, left out or nearly a policy, and where settings come from."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from tests.processes import APIMPOLICY, run_python

import apimpolicy as package
from apimpolicy.diagnostics import Diagnostic, Severity
from apimpolicy.errors import ConfigurationError
from apimpolicy.report.finding_formats import findings_as
from apimpolicy.text.source import Source

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

GOOD = "<policies><inbound><base /></inbound></policies>"
MOCK = "<policies><inbound><base /><mock-response /></inbound></policies>"
RULES = '''
from apimpolicy import Rule

class NoMock(Rule):
    """no-mock: a mock answers instead of the backend.

    It must not.
    """
    code = "CONTOSO001"
    elements = ("mock-response",)
    words = ("<mock-response",)

    def visit_element(self, element):
        yield self.at_element(element, "mock-response is not used here")
'''


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    def make(name: str, text: str) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    return make


def test_sections_of_a_snippet_need_nothing_around_them(
    apimpolicy: Callable[..., Any], write: Callable[..., Path]
) -> None:
    sections = "<inbound><base /></inbound>\n<outbound><base /></outbound>"
    write("a.xml", sections)
    write("b.md", f"```xml\n{sections}\n```\n")
    assert "a.xml:1:2: POL150 warning: these sections have no <policies> element" in apimpolicy("check", "a.xml").out
    assert "no problems in 1 file" in apimpolicy("check", "b.md").out


def test_what_is_not_read_is_said(apimpolicy: Callable[..., Any], write: Callable[..., Path]) -> None:
    write("a.xml", GOOD)
    write("b.md", f"```xml\n{GOOD}\n```")
    write("c.md", f"```xml\n{GOOD}\n```")
    write("d.ipynb", f'{{"source": ["{GOOD}"]}}')
    found = apimpolicy("check", ".")
    assert (found.code, found.err) == (
        0,
        "apimpolicy: did not check 2 Markdown files and 1 notebook with policies (name a file to check it; use -v to "
        "list them)\n",
    )
    assert "did not check d.ipynb: it is a notebook with policies" in apimpolicy("check", ".", "-v").err
    assert apimpolicy("check", ".", "-q").err == ""


def test_nothing_is_skipped_silently(apimpolicy: Callable[..., Any], write: Callable[..., Path]) -> None:
    write("a.xml", GOOD)
    for name in ("pom.xml", "b/web.xml"):
        write(name, "<project/>")
    found = apimpolicy("check", ".")
    assert found.code == 0
    assert found.err == "apimpolicy: skipped 2 .xml files that are not policies (use -v to list them)\n"
    listed = apimpolicy("check", ".", "-v").err
    assert "skipped pom.xml: it is not a policy" in listed
    assert apimpolicy("check", ".", "-q") == (0, "", "")


@pytest.mark.parametrize("root", ["polices", "policy", "Policies"])
def test_a_misspelt_root_is_an_error(apimpolicy: Callable[..., Any], write: Callable[..., Path], root: str) -> None:
    write("a.xml", f"<{root}><inbound><base /></inbound></{root}>")
    found = apimpolicy("check", ".")
    assert found.code == 1
    assert f"a.xml:1:2: POL110 error: a policy document does not begin with <{root}>" in found.out


def test_an_empty_policy_is_an_error(apimpolicy: Callable[..., Any], write: Callable[..., Path]) -> None:
    write("a.xml", GOOD)
    write("b.xml", "\n")
    found = apimpolicy("check", ".")
    assert found.code == 1
    assert "b.xml:1:1: POL005 error" in found.out


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--select", "POL999"], "--select: 'POL999' is neither a code of check nor the name of a rule"),
        (["--ignore", "base-mising"], "did you mean 'base-missing' (POL127)?"),
        (["--extend-select", "polices"], "--extend-select: 'polices'"),
        (["--output-file", "no/where.txt"], "cannot write no/where.txt"),
        (["--rules", "none.py"], "none.py: there is no such file with rules"),
    ],
)
def test_usage(apimpolicy: Callable[..., Any], write: Callable[..., Path], options: list[str], sentence: str) -> None:
    write("a.xml", GOOD)
    found = apimpolicy("check", "a.xml", *options)
    assert found.code == 2
    assert sentence in found.err


def test_names_of_rules(apimpolicy: Callable[..., Any], write: Callable[..., Path]) -> None:
    write("a.xml", MOCK)
    assert "POL408" in apimpolicy("check", "a.xml", "--extend-select", "mock-left").out
    assert "POL408" not in apimpolicy("check", "a.xml", "--extend-select", "POL4", "--ignore", "mock-left").out
    assert apimpolicy("rule", "mock-left").out.startswith("POL408  mock-left: ")


def test_results_do_not_depend_on_the_directory(tmp_path: Path, write: Callable[..., Path], sources: Path) -> None:
    write("project/apimpolicy.toml", "[check]\nextend-select = ['mock-left']\nstrict = true")
    write("project/policies/a.xml", MOCK)
    seen = []
    for directory, path in ((".", "project/policies/a.xml"), ("project", "."), ("project/policies", "a.xml")):
        environment = {"PYTHONPATH": str(sources)}
        command = (*APIMPOLICY, "check", path, "--format", "json")
        done = run_python(*command, cwd=tmp_path / directory, env=environment)
        seen.append((done.returncode, [finding["code"] for finding in json.loads(done.stdout)["diagnostics"]]))
    assert seen == [seen[0]] * 3
    assert seen[0][1] == ["POL408"]


def test_strict_for_some_files(apimpolicy: Callable[..., Any], write: Callable[..., Path]) -> None:
    write("a.xml", MOCK)
    write("b.xml", MOCK)
    warns = "[check]\nextend-select = ['POL408']\nseverity = {POL408 = 'warning'}\n"
    write("apimpolicy.toml", f"{warns}[[check.files]]\npaths = ['b.xml']\nstrict = true")
    assert apimpolicy("check", "a.xml").code == 0
    assert apimpolicy("check", "b.xml").code == 1


def test_reports_to_a_file(apimpolicy: Callable[..., Any], write: Callable[..., Path], tmp_path: Path) -> None:
    write("a.xml", MOCK)
    found = apimpolicy("check", "a.xml", "--format", "sarif", "--output-file", "out.sarif", "--extend-select", "POL408")
    assert found.out.startswith("1 finding (1 info)")
    assert json.loads((tmp_path / "out.sarif").read_text("utf-8"))["runs"][0]["results"][0]["ruleId"] == "POL408"


def test_azure_pipelines() -> None:
    source = Source("a\nbc\n", "p;1]/a.xml")
    bad = Diagnostic("POL1", "100 % ##vso[task.x]\nmore", source, 2, 3, help="Do; it]")
    info = Diagnostic("POL2", "remark", source, 0, 1, Severity.INFO)
    assert findings_as("azure", [bad, info]).split("\n") == [
        "##vso[task.logissue type=error;sourcepath=p%3B1%5D/a.xml;linenumber=2;columnnumber=1;code=POL1;]"
        "100 %AZP25 # #vso[task.x]%0Amore; Do; it]",
        "p;1]/a.xml:1:1: POL2 info: remark",
    ]


def test_rules_of_an_organisation(apimpolicy: Callable[..., Any], write: Callable[..., Path], tmp_path: Path) -> None:
    write("rules.py", RULES)
    for number in range(10):
        write(f"p/{number}.xml", MOCK)
    assert "CONTOSO001" not in apimpolicy("check", "p").out
    assert apimpolicy("check", "p", "--rules", "rules.py").out.count("CONTOSO001 warning") == 10
    assert apimpolicy("check", "p", "--rules", "rules.py", "--jobs", "2").out.count("CONTOSO001 warning") == 10
    assert "CONTOSO001" not in apimpolicy("check", "p", "--rules", "rules.py", "--ignore", "no-mock").out
    assert "It must not." in apimpolicy("check", "p", "--rules", "rules.py", "--explain").out
    assert "It must not." in apimpolicy("rule", "no-mock", "--rules", "rules.py").out
    found = package.check(tmp_path / "p", rule_files=[tmp_path / "rules.py"])
    assert [diagnostic.code for diagnostic in found] == ["CONTOSO001"] * 10


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("x = 1", "has no rules"),
        ("raise ValueError('no')", "ValueError: no"),
        (RULES.replace("CONTOSO001", "POL999"), "'POL999' cannot be the code of NoMock"),
    ],
)
def test_wrong_rules(apimpolicy: Callable[..., Any], write: Callable[..., Path], text: str, sentence: str) -> None:
    write("rules.py", text)
    write("a.xml", GOOD)
    found = apimpolicy("check", "a.xml", "--rules", "rules.py")
    assert found.code == 2
    assert sentence in found.err


def test_rules_of_a_package(apimpolicy: Callable[..., Any], write: Callable[..., Path], tmp_path: Path) -> None:
    """Installed packages bring rules; what lies in the current directory does not."""
    write("site-packages/contoso_rules.py", RULES)
    write("site-packages/contoso-1.dist-info/METADATA", "Metadata-Version: 2.1\nName: contoso\nVersion: 1\n")
    write("site-packages/contoso-1.dist-info/entry_points.txt", "[apimpolicy.rules]\ncontoso = contoso_rules\n")
    write("a.xml", MOCK)
    assert "CONTOSO001" not in apimpolicy("check", "a.xml").out
    sources = f"{package.__path__[0]}/.."
    with_package = f"{sources}:{tmp_path / 'site-packages'}"
    assert "CONTOSO001" in apimpolicy("check", "a.xml", PYTHONPATH=with_package).out
    assert "CONTOSO001  no-mock" in apimpolicy("rule", PYTHONPATH=with_package).out


def test_check_from_python(write: Callable[..., Path], tmp_path: Path) -> None:
    write("p/apimpolicy.toml", "[check]\nextend-select = ['POL408']")
    bad = write("p/a.xml", MOCK)
    (found,) = package.check(tmp_path)
    assert (found.code, found.source.path) == ("POL408", str(bad))
    assert package.check(bad, ignore=["mock-left"]) == []
    for wrong in ({"path": tmp_path / "none.xml"}, {"path": bad, "select": ["POL999"]}):
        with pytest.raises(ConfigurationError):
            package.check(**wrong)  # type: ignore[arg-type]


def test_an_answer_that_is_too_large_is_a_mistake(apimpolicy: Callable[..., Any], write: Callable[..., Path]) -> None:
    write("a.xml", GOOD)
    write("big.json", "x" * (4 * 1024 * 1024 + 1))
    write("apimpolicy.toml", "[backend]\nfile = 'big.json'")
    found = apimpolicy("run", "a.xml", "--get", "/a")
    assert found.code == 2
    assert "big.json is larger than 4 MB" in found.err


@pytest.mark.parametrize(
    ("comment", "codes"),
    [
        ("ignore mock-left: for the demo", []),
        ("ignore POL408, base-missing: for the demo", ["POL041"]),
        ("ignore no-such-rule: for the demo", ["POL041", "POL408"]),
        ("ignore self-signed mocks", ["POL042", "POL408"]),
    ],
)
def test_names_of_rules_in_comments(write: Callable[..., Path], comment: str, codes: list[str]) -> None:
    write("apimpolicy.toml", "[check]\nextend-select = ['POL408']")
    path = write("a.xml", MOCK.replace("<mock-response", f"\n<!-- apimpolicy: {comment} -->\n<mock-response"))
    assert [diagnostic.code for diagnostic in package.check(path)] == codes
