"""Comments that keep a finding quiet, each with the reason why.

    <!-- apimpolicy: ignore POL303: the product's policy has looked at it -->
    <when condition="@(context.Request.Certificate.Thumbprint == …)">

Such a comment counts for the element that follows it, with all that is in it, or, behind something on the same line,
for that line. `ignore-file` counts for the whole document. Several codes are separated by commas; the name of a rule
(`certificate-may-be-null`) can stand for its code.

    POL041  a suppression that suppresses nothing
    POL042  a suppression without a code or without a reason

These two are warnings, and cannot be suppressed themselves.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from apimpolicy.diagnostics import Diagnostic, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apimpolicy.checks.rule import Rule
    from apimpolicy.checks.subject import Subject
    from apimpolicy.text.document import Comment, Document, Element

UNUSED, INCOMPLETE = "POL041", "POL042"

_MARK = "apimpolicy:"
_OTHERS = r"\s*apimpolicy:\s*equivalent\b"
"""Comments for `apimpolicy mutate`."""
_CODE = r"(?:[A-Z]+\d+|[a-z]+(?:-[a-z0-9]+)+(?=\s*[,:]))"
"""A code, or the name of a rule, which a comma or a colon ends: a reason may begin with a word like it."""
_FORM = (
    rf"(?s)\s*apimpolicy:\s*ignore(?P<file>-file)?(?=[\s:])\s*(?P<codes>{_CODE}(?:\s*,\s*{_CODE})*)?"
    r"[\s:\-–—]*(?P<reason>.*?)\s*"
)


class Suppression:
    """One comment: the codes, and the span of the source for which they are quiet."""

    __slots__ = ("codes", "comment", "end", "start", "used")

    def __init__(self, comment: Comment, codes: tuple[str, ...], start: int, end: int) -> None:
        self.comment = comment
        self.codes = codes
        self.start = start
        self.end = end
        self.used: set[str] = set()

    def covers(self, finding: Diagnostic) -> bool:
        return finding.code in self.codes and self.start <= finding.start < self.end


def apply_suppressions(subject: Subject, findings: list[Diagnostic]) -> list[Diagnostic]:
    """The findings that no comment suppresses, and those about the comments themselves."""
    document = subject.document
    if _MARK not in document.source.text:
        return findings
    suppressions, kept = _read(document, subject.settings.rules)
    for finding in findings:
        quiet = [suppression for suppression in suppressions if suppression.covers(finding)]
        for suppression in quiet:
            suppression.used.add(finding.code)
        if not quiet:
            kept.append(finding)
    for suppression in suppressions:
        unused = [code for code in suppression.codes if code not in suppression.used and subject.settings.wants(code)]
        if unused and subject.settings.wants(UNUSED):
            what = ", ".join(unused)
            kept.append(_at(suppression.comment, UNUSED, f"nothing to ignore here: {what}", "Take the comment out."))
    return kept


def _read(document: Document, rules: tuple[type[Rule], ...]) -> tuple[list[Suppression], list[Diagnostic]]:
    found: list[Suppression] = []
    wrong: list[Diagnostic] = []
    for comment, following in document.comments():
        if _MARK not in comment.text or re.match(_OTHERS, comment.text):
            continue
        match = re.fullmatch(_FORM, comment.text)
        if match is None or not match["codes"]:
            wrong.append(
                _at(
                    comment,
                    INCOMPLETE,
                    "this does not say what to ignore",
                    "Write 'apimpolicy: ignore POL301: reason'.",
                )
            )
            continue
        if not match["reason"]:
            wrong.append(_at(comment, INCOMPLETE, "the reason is missing", "Say after the code why it is all right."))
        codes = tuple(_codes(match["codes"], rules))
        found.append(Suppression(comment, codes, *_span(document, comment, following, bool(match["file"]))))
    return found, wrong


def _codes(text: str, rules: tuple[type[Rule], ...]) -> Iterator[str]:
    """The codes; a name becomes the code of its rule, if there is one."""
    for word in re.split(r"\s*,\s*", text):
        if "-" not in word:
            yield word
            continue
        from apimpolicy.checks.codes import UnknownCodeError, code_of

        try:
            yield code_of(word, rules)
        except UnknownCodeError:
            yield word  # it suppresses nothing, which is a finding


def _span(document: Document, comment: Comment, following: Element | None, whole: bool) -> tuple[int, int]:
    text = document.source.text
    if whole:
        return 0, len(text) + 1
    line_start = text.rfind("\n", 0, comment.start) + 1
    if text[line_start : comment.start].strip():
        return line_start, comment.start
    if following is None:
        return comment.end, comment.end
    return following.start, following.end


def _at(comment: Comment, code: str, message: str, help: str) -> Diagnostic:
    return Diagnostic(code, message, comment.source, comment.start, comment.end, Severity.WARNING, help=help)
