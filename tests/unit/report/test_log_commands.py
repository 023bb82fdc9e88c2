"""Text of strangers in what people, pipelines and programs read: no line is a command, and nothing is invisible."""

from __future__ import annotations

import html
import io
import json
import re
import sys
from typing import TYPE_CHECKING
from xml.etree import ElementTree

import pytest

from apimpolicy.cli import main
from apimpolicy.report.finding_formats import attribute
from apimpolicy.report.finding_formats import text as junit_text
from apimpolicy.report.log_commands import (
    HarmlessStream,
    markup_without_log_commands,
    to_json,
    visible_lines,
    without_log_commands,
    write_report,
)
from apimpolicy.report.markup import text as html_text

if TYPE_CHECKING:
    from pathlib import Path

COMMANDS = (
    "##vso[task.setvariable variable=PATH]/tmp/evil",
    "x ##vso[task.complete]",
    "##[error]x",
    "a ##[add-mask]b",
    "##teamcity[x]",
    "#\u034f#vso[task.complete]",
    "##v\ufe0fso[task.complete]",
    "##\u00advso[task.complete]",
    "##" + "\u034f" * 100 + "vso[task.complete]",
    "::add-mask::x",
    "  \t\u00a0::error file=a::x",
    "\ufe0f:\u034f:error::x",
    "a\n::error::x",
    "a\r::error::x",
    "::token::",
)
PLAIN = (
    "::1",
    "::ffff:10.0.0.1",
    "a ::add-mask::x",
    "global::System.String",
    "## heading [1]",
    "# a",
    "##",
    "#\u00e4 [x]",
    "naïve :: x ::",
)

IGNORED = "[\u00ad\u034f\ufe0f]"


def is_command(text: str) -> bool:
    """What an agent and a runner obey, as their source code says, with characters that comparisons ignore left out."""
    text = re.sub(IGNORED, "", text)
    lines = re.split(r"[\r\n]", text)
    return bool(re.search(r"##\w*\[", text)) or any(re.match(r"\s*::[^\r\n]*?::", line) for line in lines)


@pytest.mark.parametrize("text", COMMANDS)
def test_no_line_is_a_command(text: str) -> None:
    assert is_command(text)
    assert not is_command(without_log_commands(text))
    assert not is_command(to_json([text]))
    assert not is_command(to_json({text: 1}, ensure_ascii=False, separators=(",", ":")))
    assert not is_command(markup_without_log_commands(html.escape(text)))


@pytest.mark.parametrize("text", PLAIN)
def test_what_is_no_command_stays(text: str) -> None:
    assert without_log_commands(text) == text


@pytest.mark.parametrize("text", COMMANDS)
def test_data_stay_what_they_are(text: str) -> None:
    assert json.loads(to_json([text], ensure_ascii=False)) == [text]
    assert html.unescape(markup_without_log_commands(html.escape(text))) == text


INVISIBLE = "a\x1b[31m\x07\u202e\u2066\u200b\x9b\r\x00\x7f\ud800b"


def test_what_is_invisible_is_shown_as_what_it_is() -> None:
    assert visible_lines("a\x1b\u202e\r\nb\t\x9b") == "a␛\\u202e\nb \\u009b"
    for shown in (visible_lines(INVISIBLE), html_text(INVISIBLE), junit_text(INVISIBLE), attribute(INVISIBLE)):
        assert shown.isprintable()
    ElementTree.fromstring(f"<a>{junit_text(INVISIBLE)}</a>")
    assert to_json([INVISIBLE[:-2]], ensure_ascii=False).isprintable()
    assert json.loads(to_json([INVISIBLE + "\U000e0001"], ensure_ascii=False)) == [INVISIBLE + "\U000e0001"]


def test_a_stream_sees_whole_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    sink = io.StringIO()
    stream = HarmlessStream(sink)
    monkeypatch.setattr(sys, "stdout", stream)
    for piece in ("::", "add-mask::x\n", "a ", "#", "#vso[x]\n", "a", "\n"):
        stream.write(piece)
    stream.write("a ")
    stream.flush()
    stream.write("::error::x\n")
    write_report("::error::own")
    stream.write("::error::x")
    stream.flush()
    assert sink.getvalue() == ": :add-mask::x\na # #vso[x]\na\na ::error::x\n::error::own\n: :error::x"


POLICY = """<policies><inbound>
<set-variable name="x" value="@(context.Request.Hedaers[&quot;##vso[task.complete]\x1b\u202e&quot;])" />
<set-variable name="y" value="a" ##vso[task.complete]="b\u202e" ::error::x="\u202e" />
</inbound><backend><forward-request /></backend><outbound /><on-error /></policies>"""


@pytest.mark.parametrize("form", ["text", "json", "sarif", "github", "azure", "junit"])
def test_no_report_of_check_has_a_foreign_command(
    form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    name = "::error::##vso[x]\u202e.xml"
    (tmp_path / name).write_text(POLICY)
    monkeypatch.chdir(tmp_path)
    assert main(["check", name, "--format", form]) == 1
    found = capsys.readouterr()
    for line in (found.out + found.err).splitlines():
        assert line.isprintable()
        if form == "github":
            assert line.startswith("::error file=")
            line = line[2:].replace("::", "", 1)
        elif form == "azure":
            assert line.startswith("##vso[task.logissue ")
            line = line[6:]
        assert not is_command(line)


@pytest.mark.parametrize("arguments", [["run"], ["run", "--trace"], ["explain"], ["run", "--format", "json"]])
def test_no_report_of_a_request_has_a_command(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.xml").write_text(
        "<policies><inbound><return-response><set-status code='200' reason='::error::x' />"
        "<set-header name='##vso[x]'><value>::error::\u202e</value></set-header>"
        "<set-body>::error file=a::x\n::error::y\x9b ##vso[task.complete]</set-body>"
        "</return-response></inbound></policies>"
    )
    monkeypatch.chdir(tmp_path)
    main([arguments[0], "a.xml", "--get", "/::error::##vso[x]", *arguments[1:]])
    found = capsys.readouterr()
    assert found.out.replace("\n", "").isprintable()
    assert not is_command(found.out + found.err)


def test_no_report_of_cases_has_a_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.xml").write_text("<policies><inbound><return-response /></inbound></policies>")
    cases = [
        {"name": name, "expect": {"status": 999}} for name in ("::error::x", "red \x1b[31m \x07", "##vso[x]\u202e")
    ]
    (tmp_path / "a.test.json").write_text(json.dumps({"policy": "a.xml", "cases": cases}))
    monkeypatch.chdir(tmp_path)
    assert main(["test", "a.test.json", "-v", "--junit", "a.junit.xml", "--html", "pages"]) == 1
    output = capsys.readouterr()
    texts = [output.out, output.err, *(path.read_text() for path in tmp_path.rglob("*ml") if path.name != "a.xml")]
    assert len(texts) == 6
    for text in texts:
        assert text.replace("\n", "").isprintable()
        assert not is_command(text)
