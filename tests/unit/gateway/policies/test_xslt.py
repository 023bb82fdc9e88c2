"""Stylesheets: what they may do, and what is kept from them."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from apimpolicy import Gateway, Request
from apimpolicy.csharp.dotnet.environment import Limits
from apimpolicy.errors import LimitExceededError, NotSimulatedError
from apimpolicy.gateway.policies import own_process
from apimpolicy.gateway.policies.surroundings import PolicyError
from apimpolicy.gateway.policies.xslt import transform

MICROSOFT = 'xmlns:msxsl="urn:schemas-microsoft-com:xslt" exclude-result-prefixes="msxsl"'
EXSLT = 'xmlns:e="http://exslt.org/common" exclude-result-prefixes="e"'
LIST = "<a><b>1</b><b>2</b></a>"


def stylesheet(body: str, top: str = "", attributes: str = "") -> str:
    return (
        f'<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform" {attributes}>{top}'
        f'<xsl:template match="/">{body}</xsl:template></xsl:stylesheet>'
    )


def run(written: str, document: str = LIST, *, limits: Limits | None = None, **parameters: str) -> str:
    return transform(written, document, parameters, limits or Limits()).decode()


NODE_SET = '<xsl:variable name="v"><q>1</q><q>2</q></xsl:variable><n><xsl:value-of select="count({}($v)/q)" /></n>'
DECLARED = '<?xml version="1.0" encoding="utf-8"?>'


@pytest.mark.parametrize(
    ("body", "top", "attributes", "expected"),
    [
        ('<x><xsl:value-of select="sum(//b)" /></x>', "", "", DECLARED + "<x>3</x>"),
        ('<xsl:value-of select="//b[2]" />', '<xsl:output method="text" />', "", "2"),
        ("<p><br />é</p>", '<xsl:output method="html" />', "", "<p><br>é</p>"),
        ("<x>é</x>", '<xsl:output encoding="utf-16" />', "", DECLARED + "<x>é</x>"),
        ("<x>é</x>", '<xsl:output encoding="us-ascii" omit-xml-declaration="yes" />', "", "<x>&#233;</x>"),
        ("<x><y /></x>", '<xsl:output indent="yes" omit-xml-declaration="yes" />', "", "<x>\n  <y/>\n</x>"),
        (NODE_SET.format("msxsl:node-set"), "", MICROSOFT, DECLARED + "<n>2</n>"),
        (NODE_SET.format("e:node-set"), "", EXSLT, DECLARED + "<n>2</n>"),
    ],
)
def test_results(body: str, top: str, attributes: str, expected: str) -> None:
    assert run(stylesheet(body, top, attributes)) == expected


def test_parameters_are_texts() -> None:
    written = stylesheet('<x a="{$a}" />', '<xsl:param name="a" select="1" /><xsl:output omit-xml-declaration="yes" />')
    assert run(written) == '<x a="1"/>'
    assert run(written, a='"it\'s" //b') == '<x a="&quot;it\'s&quot; //b"/>'


def test_a_declaration_of_the_body_does_not_matter() -> None:
    document = '\n<?xml version="1.0" encoding="utf-16"?><a><b>é</b></a>'
    assert run(stylesheet('<x><xsl:value-of select="a/b" /></x>'), document) == DECLARED + "<x>é</x>"


FILE = Path(__file__).as_uri()


@pytest.mark.parametrize(
    ("written", "document", "message"),
    [
        (stylesheet(f"<xsl:copy-of select=\"document('{FILE}')\" />"), LIST, "refused"),
        (stylesheet("<xsl:copy-of select=\"document('http://127.0.0.1:9/x')\" />"), LIST, "refused"),
        (stylesheet("", f'<xsl:import href="{FILE}" />'), LIST, "nothing outside is reached"),
        (stylesheet("", '<xsl:include href="x.xsl" />'), LIST, "nothing outside is reached"),
        (
            stylesheet('<xsl:value-of select="d:date()" />', "", 'xmlns:d="http://exslt.org/dates-and-times"'),
            LIST,
            "d:date",
        ),
        (stylesheet('<xsl:value-of select="p:f()" />', "", 'xmlns:p="http://xml.apache.org/java"'), LIST, "p:f"),
        (stylesheet('<e:document href="/tmp/x">y</e:document>', "", EXSLT), LIST, "is an extension"),
        (stylesheet('<xsl:message terminate="yes">stop it</xsl:message>'), LIST, "stop it"),
        (stylesheet('<xsl:value-of select="1 +" />'), LIST, "The transformation failed."),
        (stylesheet('<xsl:value-of select="$none" />'), LIST, "Variable 'none' has not been declared"),
        ("<a />", LIST, "is not the root of a stylesheet"),
        (stylesheet("<x>"), LIST, "The stylesheet is not XML"),
        ("<!DOCTYPE x>" + stylesheet("<x />"), LIST, "The stylesheet has a DOCTYPE"),
        (stylesheet("<x />"), "{}", "The body is not XML"),
        (stylesheet("<x />"), '<!DOCTYPE a SYSTEM "file:///etc/passwd"><a />', "The body has a DOCTYPE"),
        (stylesheet("<x />"), f'<!DOCTYPE a [<!ENTITY b SYSTEM "{FILE}">]><a>&b;</a>', "DOCTYPE"),
        (stylesheet("<x />"), '<!DOCTYPE a [<!ENTITY b "bbbb"><!ENTITY c "&b;&b;">]><a>&c;</a>', "DOCTYPE"),
    ],
)
def test_what_fails(written: str, document: str, message: str) -> None:
    with pytest.raises(PolicyError) as raised:
        run(written, document)
    assert message in raised.value.message


@pytest.mark.parametrize(
    "top", ['<msxsl:script language="C#" implements-prefix="u">public string f() { return ""; }</msxsl:script>']
)
def test_scripts_are_not_simulated(top: str) -> None:
    with pytest.raises(NotSimulatedError, match="msxsl:script"):
        run(stylesheet("<x />", top, MICROSOFT))


def named(body: str) -> str:
    return f'<xsl:template name="f"><xsl:param name="n" select="99" /><xsl:param name="t" />{body}</xsl:template>'


CALL = '<xsl:call-template name="f">{}</xsl:call-template>'
LESS = '<xsl:with-param name="n" select="$n - 1" />'
TWICE = '<xsl:with-param name="t" select="concat($t, $t, 1)" />'
HOSTILE = {
    "a template that calls itself": (stylesheet(CALL.format(""), named(CALL.format(""))), {"XSLT recursion"}),
    "two calls from each call": (
        stylesheet(CALL.format(""), named(f'<xsl:if test="$n &gt; 0">{CALL.format(LESS) * 2}</xsl:if>')),
        {"seconds"},
    ),
    "a text that doubles": (stylesheet(CALL.format(""), named(CALL.format(TWICE))), {"seconds", "memory"}),
    "more output than allowed": (stylesheet("<x>" + "a" * 3000 + "</x>"), {"string_length"}),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_a_stylesheet_may_use_up_is_bounded(name: str) -> None:
    written, allowed = HOSTILE[name]
    with pytest.raises(LimitExceededError) as raised:
        run(written, limits=Limits(seconds=0.3, string_length=2000))
    assert raised.value.limit in allowed


NESTED = """<policies><inbound>
    <retry condition="@(true)" count="50" interval="0"><retry condition="@(true)" count="50" interval="0">
        <retry condition="@(true)" count="50" interval="0">
            <xsl-transform><xsl:stylesheet xmlns:xsl="http://www.w3.org/1999/XSL/Transform" version="1.0" />
            </xsl-transform>
        </retry></retry></retry>
</inbound></policies>"""


@pytest.mark.parametrize(("used", "most"), [(0.0, 100), (2.0, 3)])
def test_processes_count_against_the_budget_of_the_request(
    used: float, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[float] = []

    def answered(task: bytes, seconds: float) -> dict[str, Any]:
        given.append(seconds)
        return {"text": "<a />", "used": used}

    monkeypatch.setattr(own_process, "_answer", answered)
    with pytest.raises(LimitExceededError):
        Gateway().run(NESTED, Request("POST", "/", body="<a />"))
    assert len(given) <= most
    assert given == sorted(given, reverse=True)
    assert given[0] <= Limits().seconds


def test_a_process_says_what_it_took() -> None:
    stylesheet = '<x:stylesheet xmlns:x="http://www.w3.org/1999/XSL/Transform" version="1.0" />'
    task = {"kind": "transform", "stylesheet": stylesheet, "document": "<a/>", "parameters": {}}
    task |= {"length": 99, "seconds": 5, "memory": own_process.MEMORY, "path": sys.path}
    found = own_process._answer(json.dumps(task).encode(), 5)
    assert 0 < found["used"] < 5
