"""The HTML page of coverage: escaping, structure, and how it behaves in a browser (Chromium, where there is one)."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
import shutil
import subprocess
from html.parser import HTMLParser
from typing import Any

import pytest

from apimpolicy import Request
from apimpolicy.gateway.engine.gateway import Gateway
from apimpolicy.report.coverage_data import CoveragePoint, CoverageReport, FileCoverage
from apimpolicy.report.coverage_html import coverage_to_html, line_states, listing, spans_of
from apimpolicy.testing.coverage import PolicyCoverage
from apimpolicy.text.source import Source

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--virtual-time-budget=5000",
]  # fmt: skip
EVIL = "</script></pre><script>window.hacked = 1</script><img src=x onerror='window.hacked = 2'>\u202e"
POLICY = f"""<policies>
\t<inbound>
        <!-- {EVIL.replace("-->", "")} & a comment -->
        <choose>
            <when condition="@(context.Request.Method == &quot;PUT&quot; || context.Request.Url.Path == "{EVIL}")">
                <set-variable name="a" value="1" />
            </when>
            <when condition="@(context.Request.Method == "GET"
                || context.Request.Method == "POST")">
                <set-variable name="b" value="2" />
            </when>
        </choose>
    </inbound>
</policies>
"""


@pytest.fixture(scope="module")
def report() -> CoverageReport:
    gateway = Gateway()
    with PolicyCoverage() as coverage:
        for method in ("GET", "POST", "DELETE"):
            with coverage.test(f"{method} {EVIL}"):
                gateway.run(POLICY, Request(method, "/"))
        with coverage.test("another"):
            gateway.run({"product": "<policies><inbound><set-status code='200' /></inbound></policies>"}, "/")
    return coverage.report()


class _Page(HTMLParser):
    """The page as a browser's parser sees it."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.scripts = 0
        self.outside: list[str] = []
        self.code = ""
        self.ids: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.scripts += tag == "script"
        self.outside += [str(value) for name, value in attrs if name in ("src", "srcset", "data", "action")]
        self.outside += [str(value) for name, value in attrs if name == "href" and not str(value).startswith("#")]
        assert not [name for name in given if name.startswith("on") or name == "style"]
        self.ids += [str(given["id"])] if "id" in given else []
        if tag not in ("meta", "input"):
            self.open.append("listing" if tag == "pre" and given.get("class") == "code" else tag)

    def handle_endtag(self, tag: str) -> None:
        opened = self.open.pop()
        assert tag == ("pre" if opened == "listing" else opened)

    def handle_data(self, data: str) -> None:
        if "listing" in self.open:
            self.code += data


def test_nothing_of_a_policy_gets_out(report: CoverageReport) -> None:
    text = coverage_to_html(report)
    page = _Page()
    page.feed(text)
    assert page.open == []
    assert (page.scripts, page.outside) == (2, [])
    assert len(page.ids) == len(set(page.ids))
    assert "://" not in re.sub(r"<pre class=.code.>.*?</pre>", "", text, flags=re.DOTALL)
    assert "\u202e" not in text
    shown = POLICY.replace("\u202e", "\\u202e")
    assert shown in page.code


def test_the_data_is_data(report: CoverageReport) -> None:
    found = re.search(r'id="data">(.*?)</script>', coverage_to_html(report))
    assert found is not None
    assert not set("<>&") & set(found[1])
    data = json.loads(found[1])
    assert sorted(test.partition(" ")[0] for test in data["tests"]) == ["DELETE", "GET", "POST", "another"]


def _place(start: int, end: int, *, around: int | None = None, **outcomes: set[str]) -> CoveragePoint:
    return CoveragePoint("condition", "a", start, end, 1, start + 1, around, dict(outcomes))


LISTINGS = [
    ([], "abc def"),
    ([_place(0, 3, yes={"t"}, no={"t"})], "[F:abc] def"),
    ([_place(0, 3, yes={"t"}, no=set())], "[P:abc] def"),
    ([_place(0, 3, yes=set())], "[N:abc] def"),
    ([_place(4, 7, yes={"t"}), _place(0, 7, yes=set()), _place(4, 5, yes={"t"})], "[N:abc [F:[F:d]ef]]"),
    ([_place(0, 7, yes={"t"}), _place(0, 7, yes=set())], "[P:abc def]"),
    ([_place(0, 5, yes={"t"}), _place(3, 7, yes=set())], "[F:abc[N: d]]ef"),  # the inner one ends with the outer
    ([_place(3, 3, yes={"t"})], "abc def"),
]


@pytest.mark.parametrize(("places", "expected"), LISTINGS)
def test_listing(places: list[CoveragePoint], expected: str) -> None:
    file = FileCoverage("a.xml", "abc def", places)
    found = listing(file, spans_of(file), "p")
    found = re.sub(r'<span class="p (?:leaf )?(\w)\w+"[^>]*>', lambda match: f"[{match[1].upper()}:", found)
    assert html.unescape(found.replace("</span>", "]")) == expected


def test_states_of_lines() -> None:
    text = "a\r\nb\rc\nd\n"
    file = FileCoverage("a.xml", text, [_place(0, 1, yes={"t"}), _place(3, 6, yes=set())])
    assert line_states(file, Source(text)) == ["full", "none", "none", "", ""]


# In a browser

SCRIPT = """
setTimeout(function () {
  const found = {};
  const one = function (selector) { return document.querySelector(selector); };
  const listing = one("pre.code");
  const all = Array.from(listing.querySelectorAll(".p"));
  const press = function (key) {
    document.activeElement.dispatchEvent(new KeyboardEvent("keydown", { key: key, bubbles: true, cancelable: true }));
    return all.indexOf(document.activeElement);
  };
  found.hacked = window.hacked || 0;
  found.resources = performance.getEntriesByType("resource").length;
  found.violations = window.violations || 0;
  found.places = all.length;
  found.stops = listing.querySelectorAll("[tabindex='0']").length;
  all[0].focus();
  found.moves = ["ArrowRight", "ArrowDown", "ArrowLeft", "End", "ArrowRight", "Home", "ArrowUp", "n", "p"].map(press);
  found.stopsAfter = listing.querySelectorAll("[tabindex='0']").length;
  press("End");
  found.panel = one("#panel").textContent;
  found.outline = getComputedStyle(document.activeElement).outlineWidth;
  one(".missing a").click();
  found.text = listing.textContent;
  found.lines = one("pre.lines").children.length;
  found.lineHeights = [one("pre.lines").scrollHeight, one("pre.code").scrollHeight];
  one(".skip").focus();
  found.skip = one(".skip").getBoundingClientRect().left >= 0;
  const parse = function (color) { return color.match(/[\\d.]+/g).map(Number); };
  const luminance = function (color) {
    const parts = parse(color).slice(0, 3).map(function (part) {
      part /= 255;
      return part <= 0.03928 ? part / 12.92 : Math.pow((part + 0.055) / 1.055, 2.4);
    });
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2];
  };
  const background = function (element) {
    for (let at = element; at; at = at.parentElement) {
      const color = getComputedStyle(at).backgroundColor;
      if (parse(color).length === 3 || parse(color)[3] === 1) return color;
    }
    return "rgb(255, 255, 255)";
  };
  found.contrast = {};
  found.pages = {};
  for (const theme of ["light", "dark"]) {
    document.documentElement.dataset.theme = theme;
    found.pages[theme] = getComputedStyle(document.body).backgroundColor;
    let worst = [99, ""];
    for (const element of document.querySelectorAll("body *")) {
      const own = Array.from(element.childNodes).some(function (node) {
        return node.nodeType === 3 && node.data.trim();
      });
      if (!own || element.tagName === "SCRIPT") continue;
      const a = luminance(getComputedStyle(element).color);
      const b = luminance(background(element));
      const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
      const name = element.tagName + "." + element.className + " " + element.textContent.slice(0, 30);
      if (ratio < worst[0]) worst = [ratio, name];
    }
    found.contrast[theme] = worst;
  }
  document.documentElement.dataset.theme = "light";
  one("#theme").click();
  found.toggled = document.documentElement.dataset.theme;
  setTimeout(function () {
    found.followed = all.indexOf(document.activeElement);
    const result = document.createElement("pre");
    result.id = "result";
    result.textContent = JSON.stringify(found);
    document.body.append(result);
  }, 50);
}, 20);
"""
WATCH = 'document.addEventListener("securitypolicyviolation", function () { window.violations = 1; });'


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


@pytest.fixture(scope="module")
def seen(report: CoverageReport, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a script in the page found; the page's own content security policy holds, with the script let in."""
    if CHROMIUM is None:
        pytest.skip("there is no Chromium here")
    folder = tmp_path_factory.mktemp("page")
    page = coverage_to_html(report)
    page = page.replace(
        "script-src &#x27;", f"script-src &#x27;{_hash(WATCH)}&#x27; &#x27;{_hash(SCRIPT)}&#x27; &#x27;", 1
    )
    page = page.replace("<title>", f"<script>{WATCH}</script><title>", 1)
    page = page.replace("</body>", f"<script>{SCRIPT}</script></body>")
    (folder / "page.html").write_text(page, "utf-8", newline="\n")
    done = subprocess.run(
        [CHROMIUM, *FLAGS, f"--user-data-dir={folder / 'profile'}", "--dump-dom", (folder / "page.html").as_uri()],
        capture_output=True,
        check=False,
        timeout=120,
    )
    found = re.search(r'<pre id="result">(.*?)</pre>', done.stdout.decode("utf-8", "replace"), re.DOTALL)
    if found is None and done.returncode != 0:
        pytest.skip(f"Chromium does not run here: {done.stderr.decode('utf-8', 'replace')[-300:]}")
    assert found is not None
    result: dict[str, Any] = json.loads(html.unescape(found[1]))
    return result


def test_in_a_browser_the_page_is_alone(seen: dict[str, Any]) -> None:
    assert (seen["hacked"], seen["resources"], seen["violations"]) == (0, 0, 0)
    assert seen["text"] == POLICY.replace("\u202e", "\\u202e")


def test_in_a_browser_arrows_move(seen: dict[str, Any]) -> None:
    last = seen["places"] - 1
    assert seen["stops"] == seen["stopsAfter"] == 1
    assert seen["moves"][:7] == [1, 2, 1, last, last, 0, 0]
    assert seen["moves"][7] > 0
    assert float(seen["outline"].removesuffix("px")) >= 2
    assert seen["skip"]


def test_in_a_browser_the_tests_are_shown(seen: dict[str, Any]) -> None:
    assert "policy, line 10" in seen["panel"]
    assert "reached 2 tests" in seen["panel"]
    assert "GET </script>" in seen["panel"]
    assert seen["followed"] > 0


def test_in_a_browser_both_themes_can_be_read(seen: dict[str, Any]) -> None:
    assert seen["pages"]["light"] != seen["pages"]["dark"]
    assert seen["toggled"] == "dark"
    for theme, (ratio, what) in seen["contrast"].items():
        assert ratio >= 4.5, f"{theme}: {what}"


def test_in_a_browser_numbers_stand_beside_their_lines(seen: dict[str, Any]) -> None:
    assert seen["lines"] == POLICY.count("\n")
    numbers, lines = seen["lineHeights"]
    assert abs(numbers - lines) <= 25  # a scroll bar or the empty line at the end
