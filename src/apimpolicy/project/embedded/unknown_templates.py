"""Policies written in a template language that isn't read: they get one finding instead of what their tags look like.

Terraform, Bicep, ARM, Jinja, Helm and the styles of token replacement are read (`shapes`, `pieces`). The tags of other
languages look like broken markup, and every error about them would follow from that one cause.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from apimpolicy.diagnostics import Diagnostic, Severity
from apimpolicy.text.source import Source

_LANGUAGES = (
    ("ERB, EJS or ASP", re.compile(r"<%[=\-#@_]?(?=[\s\w\"'])")),
    ("T4 or FreeMarker", re.compile(r"</?#(?:[=+@]|[a-z]+\b)|<#\s")),
    ("PHP", re.compile(r"<\?(?:php\b|=)")),
    ("Handlebars", re.compile(r"\{\{\{?~?[#/^>]\s*\w")),
    ("Razor", re.compile(r"@(?:if|foreach|for|while|switch|using|model|section|inject)\b\s*[(\w]|@Model\b")),
    ("Velocity", re.compile(r"#(?:if|foreach|set|elseif)\s*\(")),
)
_DELIMITER = re.compile(r"(?!<[!/?A-Za-z]|@[({]|&#|\{\{)[^\w\s\"'=/>.,;()\-\\]{2}")
_REPEATED = 3
"""Errors that begin with the same two marks, from which on these are the tags of a template."""


def unknown_template(readings: Sequence[Source], findings: Iterable[Diagnostic]) -> Diagnostic | None:
    """Return the one finding about a policy in a template language that isn't read, if its errors come from that."""
    errors = [finding for finding in findings if finding.severity is Severity.ERROR]
    if not errors or not readings:
        return None
    source = readings[0]
    lines = {source.position(error.start)[0] for error in errors if error.source is source}
    code: list[tuple[int, int]] | None = None
    for language, pattern in _LANGUAGES:
        for found in pattern.finditer(source.text):
            if source.position(found.start())[0] not in lines:
                continue
            code = _code_and_comments(source) if code is None else code
            if not any(start <= found.start() < end for start, end in code):
                return _finding(source, found.start(), found.end(), f"a template in {language}")
    delimiters = Counter(
        delimiter[0]
        for error in errors
        if error.source is source and (delimiter := _DELIMITER.match(source.text, error.start)) is not None
    )
    for mark, count in delimiters.most_common(1):
        if count >= _REPEATED:
            start = source.text.index(mark)
            return _finding(source, start, start + len(mark), f"a template whose tags begin with '{mark}'")
    return None


def _code_and_comments(source: Source) -> list[tuple[int, int]]:
    """Return the spans in which marks of a template language mean something else."""
    from apimpolicy.text.markup import read

    document = read(source)
    code = [(excerpt.start, excerpt.end) for excerpt in document.expressions()]
    return code + [(comment.start, comment.end) for comment, _ in document.comments()]


def _finding(source: Source, start: int, end: int, what: str) -> Diagnostic:
    return Diagnostic(
        "POL029",
        f"this looks like {what}, which can't be read",
        source,
        start,
        end,
        Severity.INFO,
        help="Nothing in this policy was checked. Render the template and check the result, or list its placeholders "
        "under `placeholders` in apimpolicy.toml.",
    )
