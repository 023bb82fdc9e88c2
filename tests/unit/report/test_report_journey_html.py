"""The page of a request's journey: what it tells, that no policy puts markup into it, how a browser takes it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest

from apimpolicy import Api, Gateway, Request, Response, Subscription
from apimpolicy.report.journey_html import journey_to_html
from apimpolicy.report.journey_parts import LONGEST_BODY
from apimpolicy.testing.authority import TestAuthority

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from apimpolicy import Result
    from apimpolicy.testing.apim import Apim

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
HOSTILE = "</style></pre><script>document.title='taken'</script><img src=x onerror=alert(1)>\"'&\u202e\x1b"
VOID = {"meta", "br", "img", "link", "input"}

POLICY = """<policies>
    <inbound>
        <base />
        <set-variable name="who" value="@(context.Request.Headers.GetValueOrDefault("X-Who", "nobody"))" />
        <choose>
            <when condition="@(context.Request.Certificate != null &amp;&amp; context.Request.Certificate.Verify())" />
            <otherwise>
                <return-response>
                    <set-status code="403" reason="Who are you?" />
                    <set-body>@((string)context.Variables["who"])</set-body>
                </return-response>
            </otherwise>
        </choose>
    </inbound>
    <outbound><set-header name="X-Seen"><value>yes</value></set-header></outbound>
</policies>"""


class Page(HTMLParser):
    """Reads a page strictly: every element is closed, in order; ids are unique; links on the page lead somewhere."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.texts: list[str] = []
        self.feed(markup)
        self.close()
        assert not self.open
        assert len(set(self.ids)) == len(self.ids)
        assert {link.removeprefix("#") for link in self.links} <= set(self.ids)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        if tag not in VOID:
            self.open.append(tag)
        for name, value in attrs:
            self.attributes.add(name)
            if name == "id":
                self.ids.append(value or "")
            if name == "href":
                self.links.append(value or "")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.texts.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())


def journey(request: Request, policy: str = POLICY, **settings: object) -> Result:
    return Gateway(**settings).run(policy, request)  # type: ignore[arg-type]


def test_the_page_tells_the_way_the_values_and_the_answer() -> None:
    authority = TestAuthority()
    result = journey(
        Request.get(
            "https://contoso.example/orders", headers={"X-Who": "anna"}, certificate=authority.client("partner")
        ),
        negotiate_client_certificate=True,
        certificates={"partner": authority.client("other")},
    )
    text = Page(journey_to_html(result)).text
    for told in (
        "403 Who are you?",
        "decided by",
        "context.Request.Certificate != null true",
        "context.Request.Certificate.Verify() false",
        "with revocation check: it does not verify",
        "PartialChain",
        "uploaded to the gateway",
        "CN=other",
        'who string "anna"',
        "HTTP/1.1 403 Who are you?",
    ):
        assert told in text, told


def test_what_went_to_the_backend_and_came_back_is_shown() -> None:
    result = journey(
        Request.post("https://contoso.example/orders", body='{"id": 1}'),
        "<policies><backend><forward-request /></backend></policies>",
        backend=lambda request: Response(201, json={"made": True}),
    )
    text = Page(journey_to_html(result)).text
    assert "sent POST https://contoso.example/orders" in text
    assert "came back HTTP/1.1 201 Created" in text
    assert '{"made": true}' in text or '{"made":true}' in text


def test_an_error_is_shown_where_it_happened_and_as_last_error() -> None:
    policy = POLICY.replace('context.Variables["who"]', 'context.Variables["nobody"]')
    page = journey_to_html(journey(Request.get("/orders"), policy))
    assert 'class="step failed' in page
    text = Page(page).text
    assert "context.LastError" in text
    assert "nobody" in text


@pytest.mark.parametrize("place", ["header", "body", "url", "variable", "title", "answer", "policy"])
def test_nothing_becomes_markup(place: str) -> None:
    policy = POLICY
    request = Request.post("https://contoso.example/orders", body="x")
    settings: dict[str, object] = {}
    title = ""
    if place == "header":
        request = Request.post("https://contoso.example/", headers={"X-Who": HOSTILE}, body="x")
    elif place == "body":
        request = Request.post("https://contoso.example/", body=HOSTILE)
    elif place == "url":
        request = Request.get("https://contoso.example/?a=<script>'\"&b=\u202e")
    elif place == "title":
        title = HOSTILE
    elif place == "answer":
        policy = "<policies><backend><forward-request /></backend></policies>"
        settings["backend"] = lambda _: Response(200, HOSTILE, headers={"X-A": HOSTILE}, body=HOSTILE)
    elif place == "variable":
        code = '"</pre><script>alert(1)</script>".ToString()'
        policy = POLICY.replace('context.Request.Headers.GetValueOrDefault("X-Who", "nobody")', code)
    else:
        policy = POLICY.replace('name="who"', 'name="&lt;script&gt;&quot;"').replace('["who"]', '["<script>\\""]')
    page = journey_to_html(journey(request, policy, **settings), title)
    read = Page(page)
    assert not read.tags & {"script", "img"}
    assert not any(name.startswith("on") for name in read.attributes)
    assert "style" not in read.attributes
    assert "\u202e" not in page
    assert "\x1b" not in page


def test_the_page_loads_nothing() -> None:
    page = journey_to_html(journey(Request.get("/orders")))
    assert not re.search(r"""\ssrc\b|href\s*=\s*["']?[^"'#]|url\(|@import|https?://(?!contoso)""", page)
    assert "default-src &#x27;none&#x27;" in page


def test_long_bodies_and_long_loops_are_cut() -> None:
    result = journey(Request.post("/orders", body="x" * (LONGEST_BODY + 5)))
    page = journey_to_html(result)
    assert f"{LONGEST_BODY + 5:,} characters; --full shows them" in page
    again = '<retry condition="@(true)" count="50" interval="0">'
    loop = f"<policies><inbound>{again}{again}<set-method>PUT</set-method></retry></retry></inbound></policies>"
    page = journey_to_html(journey(Request.get("/orders"), loop))
    assert "more policies ran; --full shows them." in Page(page).text


def test_without_tracing_values_stand_alone() -> None:
    result = journey(Request.get("/orders", headers={"X-Who": "anna"}), tracing=False)
    assert '→ "anna"' in Page(journey_to_html(result)).text


def test_explain_writes_the_page(apimpolicy_in: Callable[..., str], tmp_path: Path) -> None:
    (tmp_path / "p.xml").write_text(POLICY)
    said = apimpolicy_in("explain", "p.xml", "--get", "/orders", "--html", "journey.html")
    assert said == "apimpolicy: wrote journey.html\n"
    assert "403 Who are you?" in Page((tmp_path / "journey.html").read_text("utf-8")).text


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_cases_that_fail_leave_a_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], jobs: str
) -> None:
    from apimpolicy.cli import main

    (tmp_path / "p.xml").write_text(POLICY)
    cases = [
        {"name": "gets <through>/..", "expect": {"status": 200}},
        {"name": "is refused", "expect": {"status": 403}},
    ]
    for name in ("a", "b"):
        (tmp_path / f"{name}.test.json").write_text(json.dumps({"policy": "p.xml", "cases": cases}))
    monkeypatch.chdir(tmp_path)
    assert main(["test", "--html", "pages", "--jobs", jobs]) == 1
    assert "apimpolicy: wrote pages" in capsys.readouterr().err
    made = sorted((tmp_path / "pages").iterdir())
    assert [path.name for path in made] == ["01-a-gets-through.html", "02-b-gets-through.html"]
    assert Page(made[0].read_text("utf-8")).text.startswith("gets <through>/..: 403 Who are you?")


def test_the_fixture_writes_a_page(apim: Apim, tmp_path: Path) -> None:
    apim.policy = POLICY
    apim.get("/orders").write_page(tmp_path / "journey.html")
    assert "403 Who are you?" in Page((tmp_path / "journey.html").read_text("utf-8")).text


def test_long_code_is_cut() -> None:
    code = " + ".join(f'"{number:06}"' for number in range(1000))
    policy = f"<policies><inbound><set-variable name='x' value='@({code})' /></inbound></policies>"
    page = journey_to_html(journey(Request.get("/orders"), policy))
    assert '"000000"' in Page(page).text
    assert '"000999"' not in Page(page).text


def test_the_page_says_who_calls_what() -> None:
    gateway = Gateway(api=Api("orders"), subscription=Subscription("anna"))
    result = gateway.run("<policies><inbound /></policies>", Request.get("/orders"))
    assert "api orders , subscription anna" in Page(journey_to_html(result)).text


@pytest.fixture
def apimpolicy_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> object:
    """Run a command line in `tmp_path`; gives what it says on standard error."""
    from apimpolicy.cli import main

    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> str:
        assert main(arguments) == 0
        return capsys.readouterr().err

    return run


def test_a_browser_shows_it(tmp_path: Path) -> None:
    if BROWSER is None:
        pytest.skip("there is no Chromium here")
    result = journey(Request.post("https://contoso.example/", headers={"X-Who": HOSTILE}, body=HOSTILE))
    file = tmp_path / "journey.html"
    file.write_text(journey_to_html(result), encoding="utf-8")
    flags = "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
    flags += " --disable-component-update --disable-sync --hide-scrollbars"
    picture = tmp_path / "journey.png"
    done = subprocess.run(
        [BROWSER, *flags.split(), f"--user-data-dir={tmp_path / 'profile'}", f"--screenshot={picture}", file.as_uri()],
        capture_output=True,
        timeout=300,
        check=False,
    )
    if done.returncode or not picture.is_file():
        pytest.skip(f"the browser does not start here: {done.stderr.decode(errors='replace')[-200:]}")
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert picture.stat().st_size > 5_000
    dumped = subprocess.run(
        [BROWSER, *flags.split(), f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom", file.as_uri()],
        capture_output=True,
        timeout=300,
        check=True,
    ).stdout.decode()
    assert "<title>POST https://contoso.example/: 403 Who are you?</title>" in dumped
    assert "<script" not in dumped
    assert "<img" not in dumped
