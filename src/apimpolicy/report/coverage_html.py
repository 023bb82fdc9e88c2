"""Coverage as one HTML page."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from html import escape
from typing import Any

import attrs

from apimpolicy.report.columns import counted, printable
from apimpolicy.report.coverage_data import KINDS, PLURALS, Count, CoveragePoint, CoverageReport, FileCoverage, percent
from apimpolicy.report.log_commands import to_json
from apimpolicy.report.markup import page, text
from apimpolicy.text.document import Comment, Document, Element, MarkupNode
from apimpolicy.text.markup import read
from apimpolicy.text.source import Source

# A policy file as HTML lines: its places as nested spans, its markup in colors.
# All text comes out escaped; what the file says can neither end a span nor begin one.

FULL, PART, NONE = "full", "part", "none"
_INDENT = re.compile(r"(\n)([ \t]+)")


def state_of(places: Iterable[CoveragePoint]) -> str:
    """Return whether all outcomes of some places were seen, some or none."""
    outcomes = [bool(tests) for place in places for tests in place.outcomes.values()]
    return FULL if all(outcomes) else PART if any(outcomes) else NONE


@attrs.define(eq=False)
class Span:
    """The places with one span of the text; `numbers` are their indexes in the file; a leaf has no span inside."""

    start: int
    end: int
    numbers: list[int]
    state: str
    is_leaf: bool = True


def spans_of(file: FileCoverage) -> list[Span]:
    """Return the spans of a file's places, outer ones before inner ones; none crosses the end of one around it."""
    found: dict[tuple[int, int], list[int]] = {}
    for number, place in enumerate(file.places):
        if place.end > place.start:
            found.setdefault((place.start, place.end), []).append(number)
    spans: list[Span] = []
    around: list[Span] = []
    for start, end in sorted(found, key=lambda span: (span[0], -span[1])):
        while around and around[-1].end <= start:
            around.pop()
        end_inside = min(end, around[-1].end) if around else end
        if around:
            around[-1].is_leaf = False
        numbers = found[start, end]
        spans.append(Span(start, end_inside, numbers, state_of(file.places[number] for number in numbers)))
        around.append(spans[-1])
    return spans


def listing(file: FileCoverage, spans: list[Span], prefix: str) -> str:
    """Return the text with its spans; the id of a span is the prefix and the index of its first place."""
    text = file.text
    tokens = dict(_tokens(text))
    edges = {0, len(text), *tokens, *(end for end, _ in tokens.values())}
    edges.update(edge for span in spans for edge in (span.start, span.end))
    places = sorted(edges)
    opening: dict[int, list[Span]] = {}
    for span in spans:
        opening.setdefault(span.start, []).append(span)
    pieces: list[str] = []
    open_ends: list[int] = []
    token = (0, "")
    for start, end in zip(places, [*places[1:], len(text)], strict=True):
        while open_ends and open_ends[-1] <= start:
            open_ends.pop()
            pieces.append("</span>")
        for span in opening.get(start, ()):
            open_ends.append(span.end)
            pieces.append(_open(file, span, prefix))
        token = tokens.get(start, token)
        piece = _shown(text[start:end])
        if open_ends:
            piece = _INDENT.sub(r'\1<span class="s">\2</span>', piece)
        pieces.append(f'<i class="{token[1]}">{piece}</i>' if piece and start < token[0] else piece)
    pieces.append("</span>" * len(open_ends))
    return "".join(pieces)


def line_states(file: FileCoverage, source: Source) -> list[str]:
    """Return the state of each line: of places that begin on it, else of the innermost one around it, else empty."""
    count = source.line_count
    own: list[list[CoveragePoint]] = [[] for _ in range(count)]
    going: list[list[CoveragePoint]] = [[] for _ in range(count)]
    for place in file.places:
        first = source.position(place.start).line
        last = source.position(max(place.end - 1, place.start)).line
        own[first - 1].append(place)
        for line in range(first, last):
            going[line].append(place)
    return [
        state_of(starting) if starting else state_of(over[-1:]) if over else ""
        for starting, over in zip(own, going, strict=True)
    ]


def _open(file: FileCoverage, span: Span, prefix: str) -> str:
    numbers = " ".join(f"{prefix}{number}" for number in span.numbers)
    label = "; ".join(_label(file.places[number]) for number in span.numbers)
    states = f"p leaf {span.state}" if span.is_leaf else f"p {span.state}"
    return (
        f'<span class="{states}" id="{prefix}{span.numbers[0]}" data-p="{numbers}" tabindex="-1" role="note"'
        f' aria-label="{escape(_shown(label))}">'
    )


def _label(place: CoveragePoint) -> str:
    seen = ", ".join(f"{outcome}: {len(tests) or 'no'} tests" for outcome, tests in place.outcomes.items())
    return f"{place.kind} {place.name}, {seen}"


def _end_of_tag(element: Element) -> int:
    end = element.content_start
    return max(end - (2 if element.source.text.endswith("/>", 0, end) else 1), element.name_end)


def _shown(text: str) -> str:
    """Escaped, with line ends that a browser counts as we do, and without what would turn the direction of writing."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if not text.isascii() or not text.replace("\n", "").replace("\t", "").isprintable():
        text = "".join(char if char in "\n\t" else printable(char) for char in text)
    return escape(text)


def _tokens(text: str) -> Iterator[tuple[int, tuple[int, str]]]:
    """Yield names of elements and attributes and comments: start, end and class."""
    document: Document = read(Source(text))
    levels: list[list[MarkupNode]] = [document.children, *(element.children for element in document.elements())]
    for level in levels:
        for node in level:
            if isinstance(node, Comment):
                yield node.start, (node.end, "c")
            elif isinstance(node, Element):
                yield node.start, (node.name_end, "t")
                yield _end_of_tag(node), (node.content_start, "t")
                for attribute in node.attributes:
                    yield attribute.name_start, (attribute.name_end, "n")
                if node.end > node.content_end:
                    yield node.content_end, (node.end, "t")


# Coverage as one HTML page: every policy file with colored lines, and the tests that reached each part.
# The page is self-contained. Without scripts it shows the files, the colors and the gaps; with scripts it also filters
# files and shows the tests of a part on hover and focus. Text from policies and tests is escaped, and the data for the
# script contains no `<`.

_TITLE = "Policy coverage"
MOST_OPEN = 12
"""Above this number of files, files without gaps start folded."""


def coverage_to_html(report: CoverageReport) -> str:
    """Return the page, files with the lowest coverage first. Raises OSError when the package's files can't be read."""
    widths = "".join(f".w{share}{{width:{share}%}}" for share in range(101))
    return page(
        f"{_TITLE} {percent(report.percent)}",
        "coverage_page.css",
        _body(report),
        data=_data(report),
        script="coverage_page.js",
        more_style=widths,
    )


def _body(report: CoverageReport) -> Iterator[str]:
    numbers = sorted(range(len(report.files)), key=lambda number: _order(report.files[number]))
    yield '<a class="skip" href="#files">Skip to the files</a>'
    yield from _head(report)
    yield "<main>"
    yield from _filters(len(report.files))
    yield from _overview(report, numbers)
    yield from _key()
    yield '<div class="split"><div id="files" tabindex="-1">'
    for number in numbers:
        yield from _file(report.files[number], number, len(report.files))
    yield "</div>"
    yield '<aside id="panel" aria-live="polite" aria-label="The tests of a part"><h2>Tests</h2>Point at a colored '
    yield "part, or tab into a file and move with the arrow keys, to see which tests reached it.</aside></div></main>"
    yield f"<footer>{counted(len(report.tests), 'test')}. A condition counts twice: once for true and once for false. "
    yield "The left side of <code>??</code> and <code>?.</code> counts once for null and once for not null.</footer>"


def _order(file: FileCoverage) -> tuple[float, str]:
    return (101.0 if file.percent is None else file.percent, file.shown_path)


def _filters(files: int) -> Iterator[str]:
    """Yield the controls; they appear when the script runs."""
    hidden = "" if files > 1 else " hidden"
    yield f'<form id="filters" role="search" hidden><label{hidden}>Filter files '
    yield '<input id="filter" type="search" placeholder="orders, outbound …" autocomplete="off"></label>'
    yield f'<label{hidden}><input id="gaps" type="checkbox"> Only files with gaps</label>'
    yield '<button id="theme" type="button">Dark</button></form>'
    yield '<p id="no-files" role="status" hidden>No file matches. '
    yield '<button id="clear" type="button">Clear the filter</button></p>'


def _head(report: CoverageReport) -> Iterator[str]:
    files = counted(len(report.files), "policy file")
    yield f"<header><h1>{_TITLE}: {percent(report.percent)}<small>{files}</small></h1>"
    yield '<dl class="totals">'
    for kind in KINDS:
        count = report.count(kind)
        share = 100 * count.covered / count.total if count.total else 100.0
        yield f"<div><dt>{PLURALS[kind]}</dt><dd>{count}</dd>{_bar(share)}</div>"
    yield "</dl></header>"


def _overview(report: CoverageReport, numbers: list[int]) -> Iterator[str]:
    heads = "".join(f'<th scope="col">{PLURALS[kind]}</th>' for kind in KINDS)
    yield '<table class="overview"><thead>'
    yield f'<tr><th scope="col">file</th>{heads}<th scope="col">covered</th></tr></thead><tbody>'
    for number in numbers:
        file = report.files[number]
        counts = "".join(f'<td data-label="{PLURALS[kind]}">{_count(file.count(kind))}</td>' for kind in KINDS)
        link = f'<a href="#f{number}">{text(file.shown_path)}</a>'
        yield f'<tr data-file="f{number}"><th scope="row">{link}</th>{counts}'
        yield f"<td>{percent(file.percent)}{_bar(file.percent or 0)}</td></tr>"
    yield "</tbody></table>"


def _key() -> Iterator[str]:
    yield '<ul class="key">'
    for state, meaning in ((FULL, "every outcome tested"), (PART, "one outcome tested"), (NONE, "never reached")):
        yield f'<li><b class="p leaf {state}">{meaning}</b></li>'
    yield "<li><kbd>Tab</kbd> into a file, <kbd>←</kbd> <kbd>→</kbd> move, "
    yield "<kbd>n</kbd> <kbd>p</kbd> next and previous gap</li></ul>"


def _file(file: FileCoverage, number: int, files: int) -> Iterator[str]:
    missing = list(file.missing())
    is_open = " open" if missing or files <= MOST_OPEN else ""
    counts = "".join(
        f"<span>{PLURALS[kind]} {_count(file.count(kind))}</span>" for kind in KINDS if file.count(kind).total
    )
    yield f'<details class="file" id="f{number}"{is_open}><summary><h2 class="mono">{text(file.shown_path)}</h2>'
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
        yield '<p class="all">No gaps.</p>'
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


def _sentence(sentence: str) -> str:
    code, _, rest = sentence.rpartition("` was ")
    return f"<code>{text(code[1:])}</code> was {text(rest)}" if code else text(sentence)


def _bar(share: float) -> str:
    state = FULL if share == 100 else PART if share >= 50 else NONE
    return f'<span class="bar {state}" aria-hidden="true"><i class="w{int(share)}"></i></span>'


def _count(count: Count) -> str:
    return str(count) if count.total else "–"
