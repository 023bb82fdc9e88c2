"""Coverage as one HTML page: every policy file with its lines, coloured, and the tests that reached each part.

The page needs nothing else: no network, no fonts, no scripts from elsewhere, and its content security policy allows
none. Without scripts it still shows files, colours and what is missing; with them, the tests of a part on hover and
focus. What comes from policies and tests is escaped, and in the data for the script no `<` is left.
"""

from __future__ import annotations

import base64
import hashlib
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from apimpolicy.report.columns import printable
from apimpolicy.report.coverage_data import KINDS, PLURALS
from apimpolicy.report.coverage_listing import FULL, NONE, PART, line_states, listing, spans_of
from apimpolicy.report.coverage_text import percent
from apimpolicy.report.harmless import harmless_markup, to_json
from apimpolicy.text.source import Source

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apimpolicy.report.coverage_data import Count, CoverageReport, FileCoverage

MOST_OPEN = 12
"""With more files than this, those without anything missing begin folded."""


def coverage_to_html(report: CoverageReport, title: str = "Policy coverage") -> str:
    """The page. Raises OSError when the package's own style sheet or script cannot be read."""
    style, script = (Path(__file__).with_name(f"coverage_page.{kind}").read_text("utf-8") for kind in ("css", "js"))
    style += "".join(f".w{share}{{width:{share}%}}" for share in range(101))
    policy = (
        f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    return "\n".join(
        [
            "<!DOCTYPE html>",
            '<html lang="en">',
            "<head>",
            '<meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{escape(policy)}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{_text(title)} {percent(report.percent)}</title>",
            f"<style>{style}</style>",
            "</head>",
            "<body>",
            '<a class="skip" href="#files">Skip to the files</a>',
            *_head(report, title),
            "<main>",
            *_overview(report),
            *_key(),
            '<div class="split"><div id="files" tabindex="-1">',
            *(line for number, file in enumerate(report.files) for line in _file(file, number, len(report.files))),
            "</div>",
            '<aside id="panel" aria-live="polite" aria-label="The tests of a part">'
            "<h2>Tests</h2>Point at a coloured part, or tab into a file and move with the arrows, to see which tests "
            "reached it.</aside>",
            "</div></main>",
            f"<footer>{_sum(len(report.tests), 'test')}. A condition counts twice: once when it was true, once when it "
            "was false; what stands left of <code>??</code> and <code>?.</code> when it was null and when it was not."
            "</footer>",
            f'<script type="application/json" id="data">{_data(report)}</script>',
            f"<script>{script}</script>",
            "</body>",
            "</html>",
        ]
    )


def _head(report: CoverageReport, title: str) -> Iterator[str]:
    files = _sum(len(report.files), "policy file")
    yield f"<header><h1>{_text(title)}: {percent(report.percent)}<small>{files}</small></h1>"
    yield '<dl class="totals">'
    for kind in KINDS:
        count = report.count(kind)
        share = 100 * count.covered / count.total if count.total else 100.0
        yield f"<div><dt>{PLURALS[kind]}</dt><dd>{count}</dd>{_bar(share)}</div>"
    yield '</dl><button id="theme" type="button" hidden>Dark</button></header>'


def _overview(report: CoverageReport) -> Iterator[str]:
    heads = "".join(f'<th scope="col">{PLURALS[kind]}</th>' for kind in KINDS)
    yield '<table class="overview"><thead>'
    yield f'<tr><th scope="col">file</th>{heads}<th scope="col">covered</th></tr></thead><tbody>'
    for number, file in enumerate(report.files):
        counts = "".join(f"<td>{_count(file.count(kind))}</td>" for kind in KINDS)
        link = f'<a href="#f{number}">{_text(file.shown_path)}</a>'
        yield f'<tr><th scope="row">{link}</th>{counts}<td>{percent(file.percent)}{_bar(file.percent or 0)}</td></tr>'
    yield "</tbody></table>"


def _key() -> Iterator[str]:
    yield '<ul class="key">'
    for state, meaning in ((FULL, "seen every way"), (PART, "seen one way"), (NONE, "never reached")):
        yield f'<li><b class="p leaf {state}">{meaning}</b></li>'
    yield "<li><kbd>Tab</kbd> into a file, <kbd>←</kbd> <kbd>→</kbd> move, "
    yield "<kbd>n</kbd> <kbd>p</kbd> next and previous gap</li></ul>"


def _file(file: FileCoverage, number: int, files: int) -> Iterator[str]:
    missing = list(file.missing())
    is_open = " open" if missing or files <= MOST_OPEN else ""
    counts = "".join(
        f"<span>{PLURALS[kind]} {_count(file.count(kind))}</span>" for kind in KINDS if file.count(kind).total
    )
    yield f'<details class="file" id="f{number}"{is_open}><summary><h2 class="mono">{_text(file.shown_path)}</h2>'
    yield f"{counts}<span>{percent(file.percent)}</span></summary>"
    spans = spans_of(file)
    first = {index: span.numbers[0] for span in spans for index in span.numbers}
    indexes = {id(place): index for index, place in enumerate(file.places)}
    if missing:
        yield '<ul class="missing">'
        for place in missing:
            anchor = first.get(indexes[id(place)])
            target = f"f{number}" if anchor is None else f"f{number}p{anchor}"
            yield f'<li><a href="#{target}">line {place.line}</a> {_sentence(place.sentence())}</li>'
        yield "</ul>"
    else:
        yield '<p class="all">Everything was seen every way.</p>'
    source = Source(file.text)
    states = line_states(file, source)
    if file.text.endswith(("\n", "\r")):
        states.pop()
    gutter = "".join(f'<span class="{state}">{line}</span>' for line, state in enumerate(states, 1))
    yield f'<div class="listing"><pre class="lines" aria-hidden="true">{gutter}</pre>'
    # A line end at the very beginning of a <pre> is dropped by browsers: one more is put there.
    yield f'<pre class="code">\n{listing(file, spans, f"f{number}p")}</pre></div></details>'


def _data(report: CoverageReport) -> str:
    names = {
        test: index
        for index, test in enumerate(
            sorted({test for file in report.files for place in file.places for test in place.tests})
        )
    }
    places: dict[str, Any] = {}
    for number, file in enumerate(report.files):
        for index, place in enumerate(file.places):
            outcomes = [[outcome, sorted(names[test] for test in tests)] for outcome, tests in place.outcomes.items()]
            places[f"f{number}p{index}"] = [place.kind, printable(place.name), place.line, outcomes]
    content = {"tests": [printable(name) or "(outside of tests)" for name in names], "places": places}
    plain = to_json(content, ensure_ascii=True, separators=(",", ":"))
    return plain.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _sentence(text: str) -> str:
    code, _, rest = text.rpartition("` was ")
    return f"<code>{_text(code[1:])}</code> was {_text(rest)}" if code else _text(text)


def _bar(share: float) -> str:
    state = FULL if share == 100 else PART if share >= 50 else NONE
    return f'<span class="bar {state}" aria-hidden="true"><i class="w{int(share)}"></i></span>'


def _count(count: Count) -> str:
    return str(count) if count.total else "–"


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _text(text: str) -> str:
    return harmless_markup(escape(printable(text)))


def _sum(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"
