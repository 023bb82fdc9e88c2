"""What a diagnostic looks like, to the character."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from apimpolicy.diagnostics import Diagnostic, Severity
from apimpolicy.report.columns import Style
from apimpolicy.report.terminal import render, render_all
from apimpolicy.text.named_values import substitute
from apimpolicy.text.source import Source

if TYPE_CHECKING:
    from collections.abc import Iterator

POLICY = """\
<policies>
  <choose>
    <when condition="@(context.Request.Certificate.ThumbPrint == "{{partner-thumbprint}}")">
      <set-body>@{
        var a = 1;
        return a;
      }</set-body>
"""


def finding(source: Source, text: str, **options: object) -> Diagnostic:
    start = source.text.index(text)
    options.setdefault("message", "something is wrong")
    return Diagnostic("CS1061", source=source, start=start, end=start + len(text), **options)  # type: ignore[arg-type]


def rows() -> Iterator[tuple[str, Diagnostic, str]]:
    orders = Source(POLICY, "policies/orders.xml")
    yield (
        "label",
        finding(
            orders,
            "ThumbPrint",
            message="'X509Certificate2' has no member 'ThumbPrint'",
            label="did you mean 'Thumbprint'?",
        ),
        """\
policies/orders.xml:3:52: CS1061 error: 'X509Certificate2' has no member 'ThumbPrint'
    2 |   <choose>
    3 |     <when condition="@(context.Request.Certificate.ThumbPrint == "{{partner-thumbprint}}")">
      |                                                    ^^^^^^^^^^ did you mean 'Thumbprint'?""",
    )
    yield (
        "help, and a warning",
        finding(orders, "<choose>", severity=Severity.WARNING, help="Write something else."),
        """\
policies/orders.xml:2:3: CS1061 warning: something is wrong
    1 | <policies>
    2 |   <choose>
      |   ^^^^^^^^
     = Write something else.""",
    )
    yield (
        "several lines",
        finding(orders, "@{\n        var a = 1;\n        return a;\n      }", label="never used"),
        """\
policies/orders.xml:4:17: CS1061 error: something is wrong
    3 |     <when condition="@(context.Request.Certificate.ThumbPrint == "{{partner-thumbprint}}")">
    4 |       <set-body>@{
      |                 ^^
    … 2 lines
    7 |       }</set-body>
      |       ^ never used""",
    )
    yield (
        "three lines",
        finding(orders, "var a = 1;\n        return a;\n      }"),
        """\
policies/orders.xml:5:9: CS1061 error: something is wrong
    4 |       <set-body>@{
    5 |         var a = 1;
      |         ^^^^^^^^^^
    6 |         return a;
    7 |       }</set-body>
      |       ^""",
    )
    yield (
        "the end of the file",
        Diagnostic("POL006", "never closed", orders, len(POLICY), len(POLICY)),
        """\
policies/orders.xml:8:1: POL006 error: never closed
    7 |       }</set-body>
    8 |
      | ^""",
    )
    yield (
        "tabs and wide characters",
        finding(Source('\t<a b="漢字e\u0301" wrong="1"/>', "wide.xml"), "wrong"),
        """\
wide.xml:1:14: CS1061 error: something is wrong
    1 |     <a b="漢字e\u0301" wrong="1"/>
      |                  ^^^^^""",
    )
    yield (
        "control characters do not reach the terminal",
        finding(Source("<a>\x1b[2J\u202eevil", "a\x1b.xml"), "evil", message="an \x07 alarm"),
        """\
a␛.xml:1:9: CS1061 error: an ␇ alarm
    1 | <a>␛[2J\\u202eevil
      |              ^^^^""",
    )
    yield (
        "an empty file",
        Diagnostic("POL027", "too large", Source("", "big.xml"), 0, 0, help="Less."),
        ("big.xml:1:1: POL027 error: too large\n     = Less."),
    )
    yield (
        "CR LF",
        finding(Source("<a>\r\n  <b>\r\n</a>", "crlf.xml"), "<b>\r\n"),
        """\
crlf.xml:2:3: CS1061 error: something is wrong
    1 | <a>
    2 |   <b>
      |   ^^^""",
    )


@pytest.mark.parametrize(("diagnostic", "expected"), [pytest.param(d, e, id=name) for name, d, e in rows()])
def test_rendering(diagnostic: Diagnostic, expected: str) -> None:
    assert render(diagnostic) == expected


def test_a_substituted_source_is_shown_as_the_file_has_it() -> None:
    source, _ = substitute(Source("<a>\n<b c='{{name}}' d='wrong'/>", "f.xml"), {"name": "a\nlong\nvalue"})
    assert render(finding(source, "wrong")).splitlines()[-2:] == [
        "    2 | <b c='{{name}}' d='wrong'/>",
        "      |                    ^^^^^",
    ]
    # A replaced piece is covered as a whole.
    assert render(finding(source, "long")).splitlines()[-1] == "      |       ^^^^^^^^"


@pytest.mark.parametrize("length", [10, 200, 5000, 100_000])
def test_long_lines_show_a_window_around_the_carets(length: int) -> None:
    source = Source("x" * length + "THERE" + "y" * length, "long.xml")
    for width in (40, 80, 120):
        lines = render(finding(source, "THERE", label="here"), Style(width=width)).splitlines()
        assert all(len(line) <= width for line in lines[1:])
        column = lines[1].index("THERE")
        assert lines[2][column : column + 5] == "^^^^^"
        assert ("…" in lines[1]) == (2 * length + 5 > width - 8)


def test_a_long_label_is_wrapped_beside_the_carets() -> None:
    source = Source("<a>" + "word " * 10, "f.xml")
    text = render(finding(source, "<a>", label="one two three " * 10), Style(width=60))
    assert all(len(line) <= 60 for line in text.splitlines())
    assert text.count("one") == 10


def test_colour_marks_severity_and_stays_out_of_the_text() -> None:
    import re

    diagnostic = finding(Source(POLICY, "f.xml"), "ThumbPrint", label="label", help="help")
    coloured = render(diagnostic, Style(is_coloured=True))
    assert "\x1b[1;31mCS1061 error:\x1b[0m" in coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == render(diagnostic)


def test_of_a_great_many_the_first_are_shown_and_the_others_counted() -> None:
    many = [finding(Source(POLICY, "orders.xml"), "choose")] * 12_345
    assert render_all(many).endswith("\n\n… and 12,245 more: `apimpolicy check` lists them.")
    assert render_all(many[:2]) == "\n\n".join(map(render, many[:2]))


class _Stream:
    def __init__(self, is_terminal: bool) -> None:
        self._is_terminal = is_terminal

    def isatty(self) -> bool:
        return self._is_terminal

    def fileno(self) -> int:
        raise OSError


@pytest.mark.parametrize(
    ("is_terminal", "environ", "expected"),
    [
        (False, {}, False),
        (True, {}, True),
        (True, {"TERM": "dumb"}, False),
        (True, {"NO_COLOR": "1"}, False),
        (False, {"FORCE_COLOR": "1"}, True),
        (True, {"NO_COLOR": "1", "FORCE_COLOR": "1"}, False),
        (True, {"NO_COLOR": ""}, True),
    ],
)
def test_when_there_is_colour(is_terminal: bool, environ: dict[str, str], expected: bool) -> None:
    assert Style.of(_Stream(is_terminal), environ).is_coloured is expected  # type: ignore[arg-type]
