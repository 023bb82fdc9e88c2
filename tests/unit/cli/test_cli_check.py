"""`apimpolicy check`: output, exit codes, what it imports."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

GOOD = b"<policies><inbound><set-variable name='a' value='@(context.Request.Method)' /></inbound></policies>"
BAD = b"""\
<policies>
  <inbound>
    <choose>
      <when condition="@(context.Request.Methud == "GET")">
        <set-method>PUT</set-method>
      </when>
    </choose>
  </inbound>
</policies>
"""
WARNED = b"<policies><inbound><send-request mode='copy' /></inbound></policies>"


def timeless(text: str) -> str:
    return re.sub(r"\d+\.\d\d s", "0.00 s", text)


def test_all_is_well_takes_one_line(apimpolicy: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "good.xml").write_bytes(GOOD)
    found = apimpolicy("check", "good.xml")
    assert (found.code, timeless(found.out), found.err) == (0, "no problems in 1 file, 0.00 s\n", "")


def test_a_mistake(apimpolicy: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "bad.xml").write_bytes(BAD)
    (tmp_path / "policies" / "good.xml").write_bytes(GOOD)
    found = apimpolicy("check", "policies")
    assert found.code == 1
    lines = timeless(found.out).splitlines()
    assert re.fullmatch(r"policies/bad.xml:4:42: CS1061 error: .*'Methud'.*", lines[0])
    assert lines[2] == '    4 |       <when condition="@(context.Request.Methud == "GET")">'
    assert lines[3].startswith("      |                                          ^^^^^^")
    assert lines[-1] == "1 problem (1 error) in 1 of 2 files, 0.00 s"
    assert "\x1b" not in found.out


def test_colour_when_it_is_forced(apimpolicy: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "bad.xml").write_bytes(BAD)
    assert "\x1b[1;31m" in apimpolicy("check", "bad.xml", FORCE_COLOR="1").out


def test_json(apimpolicy: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "bad.xml").write_bytes(BAD)
    found = apimpolicy("check", "bad.xml", "--format", "json")
    assert found.code == 1
    report = json.loads(found.out)
    assert report["version"] == 1
    assert report["summary"]["errors"] == 1
    assert [(d["path"], d["line"], d["column"], d["code"]) for d in report["diagnostics"]] == [
        ("bad.xml", 4, 42, "CS1061")
    ]


def test_json_of_nothing_wrong_is_json_too(apimpolicy: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "good.xml").write_bytes(GOOD)
    assert json.loads(apimpolicy("check", "good.xml", "--format", "json").out)["diagnostics"] == []


def test_warnings_fail_only_when_strict(apimpolicy: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "warned.xml").write_bytes(WARNED)
    assert apimpolicy("check", "warned.xml").code == 0
    assert apimpolicy("check", "warned.xml", "--strict").code == 1


def test_standard_input(apimpolicy: Callable[..., Any]) -> None:
    assert apimpolicy("check", "-", stdin=GOOD).code == 0
    found = apimpolicy("check", "-", stdin=BAD)
    assert found.code == 1
    assert found.out.startswith("<stdin>:4:42:")


@pytest.mark.parametrize(
    ("name", "text"), [("v.json", '{"code": "1", "n": 2}'), ("v.toml", '[named-values]\ncode = "1"\nn = 2\n')]
)
def test_named_values(apimpolicy: Callable[..., Any], tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    (tmp_path / "p.xml").write_text(
        '<inbound><set-variable name="a" value="@({{code}} + {{n}})" />'
        '<set-variable name="b" value="{{missing}}" /></inbound>'
    )
    assert apimpolicy("check", "p.xml").code == 0
    found = apimpolicy("check", "p.xml", "--named-values", name)
    assert found.code == 1
    assert "POL001" in found.out


@pytest.mark.parametrize(
    ("name", "data", "code", "sentence"),
    [
        ("cut.xml", BAD[:150], 1, "error:"),
        ("latin.xml", "<policies><!-- ü --></policies>".encode("latin-1"), 1, "POL002"),
        ("utf16.xml", "<policies/>".encode("utf-16"), 1, "POL003"),
        ("empty.xml", b"", 1, "POL005"),
        ("big.xml", b"<policies>" + b" " * 10_000_000 + b"</policies>", 1, "larger than 4 MB"),
        ("deep.xml", b"<choose>" * 100_000, 1, "POL019"),
        ("binary.xml", bytes(range(256)) * 10, 1, "error:"),
    ],
)
def test_bad_documents(
    apimpolicy: Callable[..., Any], tmp_path: Path, name: str, data: bytes, code: int, sentence: str
) -> None:
    (tmp_path / name).write_bytes(data)
    found = apimpolicy("check", name)
    assert found.code == code
    assert sentence in found.out


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["check", "missing.xml"], "missing.xml: there is no such file or directory"),
        (
            ["check", ".", "--require-policies"],
            "there are no policies in .: no file (.xml, .policy, .cshtml) begins with <policies>",
        ),
        (["format"], "missing argument 'PATH"),
        (["check", "x.xml", "--strikt"], "no such option '--strikt'; did you mean '--strict'?\n"),
        (["check", "x.xml", "--env", "dev"], "no such option '--env'; did you mean '--environment'?\n"),
        (["check", "x.xml", "--json"], "no such option '--json'; did you mean '--format'?\n"),
        (["serve", "--port", "80"], "no such option '--port'; did you mean '--http' or '--https'?\n"),
        (["serve", "--por", "80"], "no such option '--por'\n"),
        (["check", "x.xml", "--named-values", "missing.json"], "missing.json: there is no such file"),
        (["check", "x.xml", "--config", "missing.toml"], "missing.toml: there is no such file"),
        (["chek"], "did you mean 'check'?"),
    ],
)
def test_usage(apimpolicy: Callable[..., Any], arguments: list[str], sentence: str) -> None:
    found = apimpolicy(*arguments)
    assert found.code == 2
    assert found.out == ""
    assert sentence in found.err


TOOLKIT = """using Microsoft.Azure.ApiManagement.PolicyToolkit.Authoring;
namespace Contoso;
[Document]
public class Orders : IDocument
{
    public void Inbound(IInboundContext context) { context.Base(); }
}
"""


@pytest.mark.parametrize(
    ("text", "is_toolkit"),
    [
        (TOOLKIT, True),
        (TOOLKIT.replace("IDocument", "IFragment"), True),
        (TOOLKIT.replace(" : IDocument", ""), False),
        (TOOLKIT.replace("Microsoft.Azure.ApiManagement.PolicyToolkit.Authoring", "System"), False),
    ],
)
def test_policies_in_csharp_of_the_policy_toolkit(
    apimpolicy: Callable[..., Any], tmp_path: Path, text: str, is_toolkit: bool
) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "Orders.cs").write_text(text, encoding="utf-8")
    found = apimpolicy("check", ".")
    assert found.code == 0
    assert ("compile them with azure-apim-policy-compiler" in found.err) is is_toolkit
    assert ("there are no policies in ." in found.err) is not is_toolkit


def test_a_folder_without_policies_is_no_error(apimpolicy: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("<policies><inbound /></policies>", encoding="utf-8")
    found = apimpolicy("check", ".")
    assert (found.code, found.out) == (0, "")
    assert "there are no policies in .: no file (.xml, .policy, .cshtml) begins with <policies>" in found.err
    assert "no template (.tf, .tofu, .hcl, .tfvars, .tpl," in found.err
    assert "no source file (.ps1, .psm1, .py, .cs, .csx) has a whole one in a string" in found.err
    assert "did not check 1 Markdown file with policies" in found.err
    assert apimpolicy("check", ".", "--quiet").err == ""
    found = apimpolicy("check", ".", "--format", "sarif")
    assert (found.code, json.loads(found.out)["runs"][0]["results"]) == (0, [])


def test_one_unreadable_file_does_not_hide_the_others(apimpolicy: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "bad.xml").write_bytes(BAD)
    found = apimpolicy("check", "missing.xml", "bad.xml")
    assert found.code == 2
    assert "CS1061" in found.out


def test_version_and_help(apimpolicy: Callable[..., Any]) -> None:
    assert apimpolicy("--version").out.startswith("apimpolicy ")
    for command in ((), ("check",), ("eval",), ("run",), ("explain",)):
        found = apimpolicy(*command, "--help")
        assert found.code == 0
        assert "Examples:" in found.out


def test_a_reader_who_goes_away(tmp_path: Path, sources: Path) -> None:
    (tmp_path / "p").mkdir()
    for number in range(60):  # three times the output that a pipe takes
        (tmp_path / "p" / f"{number}.xml").write_bytes(BAD.replace(b"Methud", b"Methud" * 500))
    errors = tmp_path / "errors"
    with (
        errors.open("wb") as stderr,
        subprocess.Popen(
            [sys.executable, "-m", "apimpolicy", "check", "p"],
            stdout=subprocess.PIPE,
            stderr=stderr,
            cwd=tmp_path,
            env={"PYTHONPATH": str(sources)},
        ) as check,
    ):
        assert check.stdout is not None
        check.stdout.readline()
        check.stdout.close()
        assert check.wait(60) == 141
    assert errors.read_bytes() == b""


def test_check_imports_only_what_it_needs(tmp_path: Path, sources: Path) -> None:
    (tmp_path / "bad.xml").write_bytes(BAD)
    code = (
        "import sys; from apimpolicy.cli import main; code = main(['check', 'bad.xml']); "
        "print('\\n'.join(sys.modules), file=sys.stderr); sys.exit(code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={"PYTHONPATH": str(sources)},
        check=False,
    )
    assert done.returncode == 1
    loaded = set(done.stderr.split())
    forbidden = {
        "lxml",
        "cryptography",
        "lark",
        "regex",
        "httpx",
        "ssl",
        "sqlite3",
        "apimpolicy.gateway.engine",
        "apimpolicy.csharp.emit",
    }
    assert not loaded & forbidden
