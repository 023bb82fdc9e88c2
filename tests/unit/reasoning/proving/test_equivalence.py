"""Two versions of a policy: a response is the same for both only where the same was sent."""

from __future__ import annotations

import html

import pytest

pytest.importorskip("z3")

from test_claims import file_of

from apimpolicy.reasoning.proving.equivalence import KnownDifferences, compare
from apimpolicy.testing.claims.harnesses import harness_of, setup_of
from apimpolicy.testing.comparing.elements import of_element

READ = (
    '<choose><when condition="@(((IResponse)context.Variables[&quot;r&quot;]).StatusCode == 200)">'
    "<return-response /></when></choose>"
)


def variable(code: str) -> str:
    return f'<set-variable name="v" value="{html.escape(code)}" />'


def asked(inside: str, mode: str = "new") -> str:
    return (
        f'<send-request mode="{mode}" response-variable-name="r"><set-url>https://a.b/</set-url>{inside}</send-request>'
    )


SENDS = asked('<set-header name="A"><value>@((string)context.Variables["v"])</value></set-header>')
BODY = asked('<set-body>@((string)context.Variables["v"] + "!")</set-body>')
LIQUID = asked('<set-body template="liquid">{{context.Variables["v"]}}</set-body>')
HEADER = '<set-header name="X-A" exists-action="override"><value>{}</value></set-header>'
ROWS = {
    "the same": (variable("@(1.ToString())") + SENDS, variable("@(1.ToString())") + SENDS, True),
    "another header is sent": (variable('@("a")') + SENDS, variable('@("b")') + SENDS, False),
    "another body is sent": (variable('@("a")') + BODY, variable('@("b")') + BODY, False),
    "another body of a template is sent": (variable('@("a")') + LIQUID, variable('@("b")') + LIQUID, False),
    "an unknown value is sent of another": (
        variable('@("a")') + asked('<set-body>@(string.Format("{0:x}", context.Variables["v"]))</set-body>'),
        variable('@("b")') + asked('<set-body>@(string.Format("{0:x}", context.Variables["v"]))</set-body>'),
        False,
    ),
    "another header is copied": (
        HEADER.format("1") + asked("", "copy") + HEADER.format("3"),
        HEADER.format("2") + asked("", "copy") + HEADER.format("3"),
        False,
    ),
    "what is not sent differs": (
        HEADER.format("1") + asked("") + HEADER.format("3"),
        HEADER.format("2") + asked("") + HEADER.format("3"),
        True,
    ),
    "it is known what the header is": (
        variable('@("a")') + SENDS + variable('@("c")'),
        variable('@("a" + "")') + SENDS + variable('@("c")'),
        True,
    ),
}


@pytest.mark.parametrize("name", ROWS)
def test_versions_are_equivalent_where_the_same_is_sent(name: str) -> None:
    *texts, expected = ROWS[name]
    programs = []
    for inbound in texts:
        file = file_of({"inbound": inbound + READ, "claim": {"never": {"status": 599}}})
        programs.append(harness_of(file.subject.policies, setup_of(file)).program)
    assert compare(*programs, {}, of_element, KnownDifferences()).is_proven is expected
