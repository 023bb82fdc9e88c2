"""The options of `check`: formats, selection, baseline, repairs, cache, processes, watching."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.rows import read_yaml

from apimpolicy.cli.progress import watch
from apimpolicy.project.files import fingerprint

if TYPE_CHECKING:
    from collections.abc import Callable

BAD = """\
<policies>
  <inbound>
    <set-hedder name="A" exists-action="override"><value>1</value></set-hedder>
    <choose>
      <when condition="@(context.Request.Certificate.Thumbprint == "x" || context.Request.Methd == "GET")">
        <return-response>
          <set-status code="403" />
        </return-response>
      </when>
    </choose>
    <send-request mode="copy" timeout="5" />
  </inbound>
</policies>
"""
MENDED = BAD.replace("set-hedder", "set-header").replace("Methd", "Method")


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    path = tmp_path / "bad.xml"
    path.write_text(BAD)
    return path


def test_selection(apimpolicy: Callable[..., Any], bad: Path) -> None:
    def codes(*options: str) -> list[str]:
        found = json.loads(apimpolicy("check", "bad.xml", "--format", "json", *options).out)
        return [finding["code"] for finding in found["diagnostics"]]

    assert codes() == ["POL101", "CS1061", "POL103"]
    assert codes("--ignore", "CS") == ["POL101", "POL103"]
    assert codes("--select", "CS", "--select", "POL103") == ["CS1061", "POL103"]
    assert codes("--select", "POL", "--ignore", "POL1") == []
    assert codes("--ignore", "POL1", "--select", "POL103") == ["POL103"]


def test_rules_that_are_off_can_be_asked_for(apimpolicy: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_text("<inbound><mock-response /></inbound>")
    assert "no problems" in apimpolicy("check", "a.xml").out
    assert "POL408" in apimpolicy("check", "a.xml", "--extend-select", "POL408").out


def test_scope_and_tier(apimpolicy: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_text("<inbound><base /><quota calls='1' renewal-period='3600' /></inbound>")
    assert apimpolicy("check", "a.xml").code == 0
    found = apimpolicy("check", "a.xml", "--scope", "api")
    assert (found.code, "POL120" in found.out) == (1, True)
    (tmp_path / "a.xml").write_text(
        "<inbound><quota-by-key calls='1' renewal-period='300' counter-key='@(1)' /></inbound>"
    )
    assert "POL121" in apimpolicy("check", "a.xml", "--tier", "consumption").out


def test_github(apimpolicy: Callable[..., Any], bad: Path) -> None:
    lines = apimpolicy("check", "bad.xml", "--format", "github").out.splitlines()
    assert lines[0] == (
        "::error file=bad.xml,line=3,endLine=3,col=6,endColumn=15,title=POL101::"
        "unknown policy 'set-hedder'%0Adid you mean 'set-header'?"
    )
    assert [line.partition(" ")[0] for line in lines] == ["::error", "::error", "::warning"]


def test_junit(apimpolicy: Callable[..., Any], bad: Path, tmp_path: Path) -> None:
    (tmp_path / "good.xml").write_text("<policies />")
    suites = ElementTree.fromstring(apimpolicy("check", ".", "--format", "junit").out)
    assert (suites.tag, suites.get("tests"), suites.get("failures")) == ("testsuites", "2", "1")
    cases = {case.get("name"): case for case in suites.iter("testcase")}
    failure = cases["bad.xml"].find("failure")
    assert failure is not None
    assert failure.get("type") == "POL101"
    assert "bad.xml:5:91: CS1061 error" in (failure.text or "")
    assert list(cases["good.xml"]) == []


def test_sarif(apimpolicy: Callable[..., Any], bad: Path) -> None:
    """The parts of the standard that code scanning needs; a whole report was validated when this was written."""
    report = json.loads(apimpolicy("check", "bad.xml", "--format", "sarif").out)
    assert report["version"] == "2.1.0"
    (run,) = report["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == ["POL101", "CS1061", "POL103"]
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["level"] in ("error", "warning", "note")
        assert result["message"]["text"]
        (location,) = result["locations"]
        region = location["physicalLocation"]["region"]
        assert location["physicalLocation"]["artifactLocation"]["uri"] == "bad.xml"
        assert (region["startLine"], region["startColumn"]) < (region["endLine"], region["endColumn"])


def test_statistics_and_explain(apimpolicy: Callable[..., Any], bad: Path) -> None:
    lines = apimpolicy("check", "bad.xml", "--statistics").out.splitlines()
    assert lines[0] == "     1  CS1061  error    a type without that member"
    assert "POL101  an unknown policy." in apimpolicy("check", "bad.xml", "--explain").out


def test_difference_and_repair(apimpolicy: Callable[..., Any], bad: Path) -> None:
    found = apimpolicy("check", "bad.xml", "--diff")
    assert found.code == 1
    assert '\n+    <set-header name="A" exists-action="override"><value>1</value></set-header>\n' in found.out
    assert bad.read_text() == BAD
    found = apimpolicy("check", "bad.xml", "--fix")
    assert bad.read_text() == MENDED
    assert "fixed 3 problems" in found.err
    assert apimpolicy("check", "bad.xml", "--diff").code == 0


def test_a_misspelled_value_is_fixed(apimpolicy: Callable[..., Any], tmp_path: Path) -> None:
    path = tmp_path / "a.xml"
    text = '<inbound><set-header name="A" exists-action="{}"><value>1</value></set-header></inbound>'
    path.write_text(text.format("ovveride"))
    apimpolicy("check", "a.xml", "--fix")
    assert path.read_text() == text.format("override")


def test_a_repair_keeps_line_ends_and_mark(apimpolicy: Callable[..., Any], tmp_path: Path) -> None:
    path = tmp_path / "a.xml"
    path.write_bytes(b"\xef\xbb\xbf" + BAD.replace("\n", "\r\n").encode())
    apimpolicy("check", "a.xml", "--fix")
    assert path.read_bytes() == b"\xef\xbb\xbf" + MENDED.replace("\n", "\r\n").encode()


def test_baseline(apimpolicy: Callable[..., Any], bad: Path, tmp_path: Path) -> None:
    found = apimpolicy("check", "bad.xml", "--write-baseline", "known.json")
    assert (found.code, found.out) == (0, "wrote 3 findings to known.json\n")
    found = apimpolicy("check", "bad.xml", "--baseline", "known.json")
    assert found.code == 0
    assert "3 findings of the baseline left out" in found.out
    # A second one of a kind is new; that lines moved is not.
    text = BAD.replace("<choose>", "\n\n<set-hedder /><choose>", 1)
    bad.write_text(text)
    found = apimpolicy("check", "bad.xml", "--baseline", "known.json")
    assert (found.code, found.out.count("set-hedder'")) == (1, 1)
    bad.write_text("<policies />")
    assert "3 entries of known.json no longer occur" in apimpolicy("check", "bad.xml", "--baseline", "known.json").err
    (tmp_path / "known.json").write_text("[]")
    assert "known.json is not a baseline" in apimpolicy("check", "bad.xml", "--baseline", "known.json").err


def test_cache_and_processes_say_the_same(apimpolicy: Callable[..., Any], tmp_path: Path) -> None:
    for number in range(12):
        (tmp_path / f"{number}.xml").write_text(BAD.replace('"x"', f'"{number}"') if number % 2 else "<policies />")
    directory = {"APIMPOLICY_CACHE_DIR": str(tmp_path / "cache")}

    def findings(*options: str) -> Any:
        return json.loads(apimpolicy("check", ".", "--format", "json", *options, **directory).out)["diagnostics"]

    first = findings("--no-cache", "--jobs", "1")
    assert len(first) == 18
    assert not (tmp_path / "cache").exists()
    assert findings() == first
    (cached,) = (tmp_path / "cache").iterdir()
    assert len(json.loads(cached.read_text())["entries"]) == 7
    assert findings() == first
    assert findings("--jobs", "2") == first
    assert findings("--jobs", "2", "--no-cache") == first
    # What is selected is not mistaken for what was remembered.
    assert len(findings("--select", "CS")) == 6
    cached.write_text("broken")
    assert findings() == first


def test_suppressions_in_a_run(apimpolicy: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_text(
        "<inbound>\n<!-- apimpolicy: ignore POL133: the backend wants it empty -->\n<set-header name='A' />\n</inbound>"
    )
    assert "no problems" in apimpolicy("check", "a.xml").out


@pytest.mark.parametrize("code", ["POL301", "pol101", "CS1061", "APIM0001", "POL030"])
def test_pages(apimpolicy: Callable[..., Any], code: str) -> None:
    found = apimpolicy("rule", code)
    assert found.code == 0
    assert found.out.startswith(f"{code.upper()}  ")
    assert "https://learn.microsoft.com" in found.out


@pytest.mark.parametrize("code", ["CS9999", "cs8600", "POL999", "CS106", "CS10610", "nonsense"])
def test_no_page(apimpolicy: Callable[..., Any], code: str) -> None:
    found = apimpolicy("rule", code)
    assert found.code == 2
    assert not found.out
    assert code.upper() in found.err
    assert ("misc/cs" in found.err) == (len(code) == 6 and code.upper().startswith("CS"))


def test_list_of_rules(apimpolicy: Callable[..., Any]) -> None:
    lines = apimpolicy("rule").out.splitlines()
    assert any(line.startswith("POL301    certificate-not-verified: ") for line in lines)


@pytest.mark.parametrize(
    ("incomplete", "expected"),
    [
        ("POL33", ["POL330", "POL331", "POL332", "POL333", "POL334", "POL335", "POL336", "POL337"]),
        ("pol301", ["POL301"]),
        ("error-", ["error-details-returned", "error-hidden-by-ok", "error-response-cached"]),
        ("APIM", ["APIM0001", "APIM0002", "APIM0006"]),
        ("unicorn", []),
    ],
)
def test_codes_complete_in_the_shell(incomplete: str, expected: list[str]) -> None:
    from click.shell_completion import ShellComplete

    from apimpolicy.cli.program import program

    shell = ShellComplete(program, {}, "apimpolicy", "_APIMPOLICY_COMPLETE")
    for line in (["rule"], ["check", "--select"], ["check", "a.xml", "--ignore"], ["check", "--extend-select"]):
        found = shell.get_completions(line, incomplete)
        assert [item.value for item in found] == expected
        assert all(item.help for item in found)


def test_watching(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apimpolicy.cli.progress.collect", lambda: None)
    path = tmp_path / "a.xml"
    path.write_text("1")
    seen: list[str] = []

    def action() -> int:
        seen.append(path.read_text())
        path.write_text(path.read_text() + "1")
        return 0

    watch([str(tmp_path)], action, rounds=3)
    assert seen == ["1", "11", "111"]
    assert capsys.readouterr().err == f"waiting for changes in {tmp_path}; Ctrl-C ends it\n" * 3
    assert fingerprint([str(path)])[0][2] == 4


def test_hooks_pass_over_what_is_no_policy(apimpolicy: Callable[..., Any], bad: Path, tmp_path: Path) -> None:
    (tmp_path / "pom.xml").write_text("<project />")
    (tmp_path / "package.json").write_text('{"name": "<x>"}')
    found = apimpolicy("check", "--policies-only", "pom.xml", "package.json")
    assert (found.code, found.out, found.err) == (0, "", "")
    assert "in 1 of 1 file" in apimpolicy("check", "--policies-only", "pom.xml", "bad.xml").out
    assert apimpolicy("check", "pom.xml").code == 1


def test_fragments_of_the_configuration_are_known(apimpolicy: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "apimpolicy.toml").write_text("[fragments]\ncheck-caller = 'f.xml'\n")
    (tmp_path / "f.xml").write_text("<fragment><set-variable name='a' value='1' /></fragment>")
    (tmp_path / "a.xml").write_text(
        "<policies><inbound><include-fragment fragment-id='check-callers' /></inbound></policies>"
    )
    found = apimpolicy("check", "a.xml")
    assert found.code == 0
    assert "POL135 warning: the fragment 'check-callers' is not among the known ones" in found.out


def test_a_file_named_like_an_option_hides_nothing(apimpolicy: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "bad.xml").write_text(BAD, encoding="utf-8")
    (tmp_path / "--exclude=*.xml").write_text(BAD, encoding="utf-8")
    said = apimpolicy("check", "--policies-only", "--exclude=*.xml", "bad.xml")
    assert said.code == 2
    assert "'--exclude=*.xml' is an option and also a file" in said.err
    assert apimpolicy("check", "--policies-only", "--", "--exclude=*.xml", "bad.xml").code == 1


def test_the_hooks_end_their_options() -> None:
    hooks = read_yaml((Path(__file__).parents[3] / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    assert all(hook["args"][-1] == "--" for hook in hooks if hook.get("pass_filenames", True))


def test_a_baseline_before_it_is_written(apimpolicy: Callable[..., Any], bad: Path, tmp_path: Path) -> None:
    (tmp_path / "apimpolicy.toml").write_text('[check]\nbaseline = "known.json"\n')
    found = apimpolicy("check", "bad.xml")
    assert found.code == 2
    assert (
        "the baseline known.json does not exist yet; write it with the same command and --write-baseline known.json"
        in found.err
    )
    assert apimpolicy("check", "bad.xml", "--write-baseline", "known.json").code == 0
    assert apimpolicy("check", "bad.xml").code == 0
