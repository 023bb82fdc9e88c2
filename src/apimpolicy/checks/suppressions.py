"""Comments that suppress findings, each with a reason.

    <!-- apimpolicy: ignore POL303: the product's policy has looked at it -->
    <when condition="@(context.Request.Certificate.Thumbprint == …)">

Such a comment counts for the element that follows it, with all that is in it, or, behind something on the same line,
for that line. `ignore-file` counts for the whole document. Several codes are separated by commas; the name of a rule
(`certificate-may-be-null`) can replace its code.

    POL041  a suppression that suppresses nothing
    POL042  a suppression without a code or without a reason

These two are warnings, and cannot be suppressed themselves.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple

from apimpolicy.diagnostics import Diagnostic, Severity

if TYPE_CHECKING:
    from apimpolicy.checks.rule import Rule
    from apimpolicy.checks.subject import Subject
    from apimpolicy.text.document import Comment, Document, Element

UNUSED, INCOMPLETE = "POL041", "POL042"

_MARK = "apimpolicy:"
_OTHERS = r"\s*apimpolicy:\s*equivalent\b"
"""Comments for `apimpolicy mutate`."""
_OF_AUDIT = "AUD"
"""Codes that `audit` finds, which may be there for it alone."""
_CODE = r"(?:[A-Z]+\d+|[a-z]+(?:-[a-z0-9]+)+(?=\s*[,:]))"
"""A code, or the name of a rule, which a comma or a colon ends: a reason may begin with a word like it."""
_FORM = (
    rf"(?s)\s*apimpolicy:\s*ignore(?P<file>-file)?(?=[\s:])\s*(?P<codes>{_CODE}(?:\s*,\s*{_CODE})*)?"
    r"[\s:\-–—]*(?P<reason>.*)"
)


class Suppression(NamedTuple):
    """One comment: the codes, and the span of the source in which it suppresses them."""

    comment: Comment
    codes: tuple[str, ...]
    start: int
    end: int


class Suppressions:
    """The comments of one document: `keep` leaves out what they suppress, then `unused` reports the useless ones.

    A document may have as many comments as findings: neither is compared with all of the others.
    """

    def __init__(self, subject: Subject) -> None:
        self._subject = subject
        self._found: list[Suppression] = []
        self.incomplete: list[Diagnostic] = []
        """Findings about the comments themselves."""
        if _MARK in subject.document.source.text:
            self._found, self.incomplete = _read(subject.document, subject.settings.rules)
        self._suppressed: dict[str, list[tuple[int, int]]] = {}
        """By code: the spans in which it is suppressed, joined, in order."""
        self._places: dict[str, set[int]] = {}
        """By code: the offsets at which something was suppressed."""
        for suppression in sorted(self._found, key=lambda suppression: suppression.start):
            for code in suppression.codes:
                _join(self._suppressed.setdefault(code, []), suppression.start, suppression.end)

    def keep(self, findings: Iterable[Diagnostic]) -> Iterator[Diagnostic]:
        """Yield the findings that no comment suppresses."""
        for finding in findings:
            if self._is_suppressed(finding):
                self._places.setdefault(finding.code, set()).add(finding.start)
            else:
                yield finding

    def _is_suppressed(self, finding: Diagnostic) -> bool:
        spans = self._suppressed.get(finding.code)
        if not spans:
            return False
        index = bisect_right(spans, finding.start, key=itemgetter(0)) - 1
        return index >= 0 and finding.start < spans[index][1]

    def unused(self) -> Iterator[Diagnostic]:
        """Yield a finding for each comment that suppressed nothing of what `keep` has seen."""
        wants = self._subject.settings.wants
        if not wants(UNUSED):
            return
        places = {code: sorted(found) for code, found in self._places.items()}
        for suppression in self._found:
            unused = [
                code
                for code in suppression.codes
                if not _is_used(suppression, places.get(code, ())) and wants(code) and not code.startswith(_OF_AUDIT)
            ]
            if unused:
                what = ", ".join(unused)
                yield _at(suppression.comment, UNUSED, f"this suppresses nothing: {what}", "Remove the comment.")


def _join(spans: list[tuple[int, int]], start: int, end: int) -> None:
    """Add a span to those that begin before it."""
    if spans and start <= spans[-1][1]:
        spans[-1] = spans[-1][0], max(spans[-1][1], end)
    else:
        spans.append((start, end))


def _is_used(suppression: Suppression, places: Sequence[int]) -> bool:
    index = bisect_left(places, suppression.start)
    return index < len(places) and places[index] < suppression.end


def _read(document: Document, rules: tuple[type[Rule], ...]) -> tuple[list[Suppression], list[Diagnostic]]:
    found: list[Suppression] = []
    wrong: list[Diagnostic] = []
    lines = _Lines(document.source.text)
    for comment, following in document.comments():
        if _MARK not in comment.text or re.match(_OTHERS, comment.text):
            continue
        match = re.fullmatch(_FORM, comment.text)
        if match is None or not match["codes"]:
            help = "Write 'apimpolicy: ignore POL301: reason'."
            wrong.append(_at(comment, INCOMPLETE, "this suppression names no code", help))
            continue
        if not match["reason"].strip():
            wrong.append(_at(comment, INCOMPLETE, "the reason is missing", "Add the reason after the code."))
        codes = tuple(_codes(match["codes"], rules))
        found.append(Suppression(comment, codes, *_span(lines, comment, following, bool(match["file"]))))
    return found, wrong


def _codes(text: str, rules: tuple[type[Rule], ...]) -> Iterator[str]:
    """Yield the codes; a name becomes the code of its rule, if there is one."""
    for word in re.split(r"\s*,\s*", text):
        if "-" not in word:
            yield word
            continue
        from apimpolicy.checks.pages import UnknownCodeError, code_of

        try:
            yield code_of(word, rules)
        except UnknownCodeError:
            yield word  # it suppresses nothing, which is a finding


class _Lines:
    """The start of each line of a text, and its first element."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._starts = [0, *(match.end() for match in re.finditer("\n", text))]
        self._firsts: dict[int, int] = {}

    def around(self, offset: int) -> tuple[int, int]:
        """Return the beginning of the line around an offset, and its first character that is not white space."""
        start = self._starts[bisect_right(self._starts, offset) - 1]
        if start not in self._firsts:
            space = re.compile(r"\s*").match(self.text, start)
            self._firsts[start] = space.end() if space is not None else start
        return start, self._firsts[start]


def _span(lines: _Lines, comment: Comment, following: Element | None, whole: bool) -> tuple[int, int]:
    if whole:
        return 0, len(lines.text) + 1
    line_start, first = lines.around(comment.start)
    if first < comment.start:
        return line_start, comment.start
    if following is None:
        return comment.end, comment.end
    return following.start, following.end


def _at(comment: Comment, code: str, message: str, help: str) -> Diagnostic:
    return Diagnostic(code, message, comment.source, comment.start, comment.end, Severity.WARNING, help=help)
