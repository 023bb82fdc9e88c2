"""Named values, `{{display-name}}`: finding them, putting their values in, and doing without.

The gateway replaces them as text before it parses anything: the name is case-sensitive, a value is not looked at again
(named values do not nest), and it may be or contain an expression. What is not a reference here:

- `{{…}}` in the text of a `set-body` with `template="liquid"`, or of one of the Dapr policies with
  `template="Liquid"`: that is Liquid's own output tag, whatever it names;
- `{{…}}` in an XML comment;
- `{{{name}}}`, which in an interpolated string is C# for a brace, a hole and a brace;
- `{{ name }}` with spaces inside the braces: a display name neither begins nor ends with one.

    POL001  a named value that does not exist
"""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import TYPE_CHECKING, NamedTuple

from apimpolicy.diagnostics import Diagnostic
from apimpolicy.text.scanner import scan_code
from apimpolicy.text.source import Excerpt, Source

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MISSING_NAMED_VALUE = "POL001"

_REFERENCE = re.compile(r"\{\{([A-Za-z0-9\-._]++(?: ++[A-Za-z0-9\-._]++)*+)\}\}")
_OPAQUE = re.compile(
    r"<!--|<(set-body|publish-to-dapr|invoke-dapr-binding)\b"
    r"[^<>]*?\btemplate\s*=\s*(?:\"[Ll]iquid\"|'[Ll]iquid')[^<>]*(?<!/)>"
)


class NamedValueReference(NamedTuple):
    """One `{{name}}`; `start` and `end` include the braces."""

    name: str
    start: int
    end: int


def find_named_values(text: str) -> list[NamedValueReference]:
    """Every reference to a named value in a policy document, in order."""
    if "{{" not in text:
        return []
    found: list[NamedValueReference] = []
    position = 0
    for start, end in _opaque_spans(text):
        found.extend(_references(text, position, start))
        position = end
    found.extend(_references(text, position, len(text)))
    return found


def _opaque_spans(text: str) -> Iterator[tuple[int, int]]:
    position = 0
    while opening := _OPAQUE.search(text, position):
        end = text.find("-->" if opening[0] == "<!--" else f"</{opening[1]}", opening.end())
        position = end if end >= 0 else len(text)
        yield opening.end(), position


def _references(text: str, start: int, end: int) -> Iterator[NamedValueReference]:
    for match in _REFERENCE.finditer(text, start, end):
        first, last = match.span()
        if text[first - 1 : first] != "{" or text[last : last + 1] != "}":
            yield NamedValueReference(match[1], first, last)


def substitute(source: Source, values: Mapping[str, str]) -> tuple[Source, list[Diagnostic]]:
    """The source with the values in place of their references, and a POL001 for each one that does not exist.

    The new source has the old one as its `origin`: lines and positions stay those of the file. References without a
    value stay as they are. Without any reference the source itself comes back.
    """
    text = source.text
    pieces: list[str] = []
    anchors: list[tuple[int, int, bool]] = [(0, 0, True)]
    missing: list[Diagnostic] = []
    position = length = 0
    for name, start, end in find_named_values(text):
        value = values.get(name)
        if value is None:
            missing.append(_missing(source, name, start, end, values))
            continue
        pieces += (text[position:start], value)
        length += start - position
        anchors.append((length, start, False))
        length += len(value)
        anchors.append((length, end, True))
        position = end
    if not pieces:
        return source, missing
    pieces.append(text[position:])
    return Source("".join(pieces), source.path, source, tuple(anchors)), missing


def _missing(source: Source, name: str, start: int, end: int, values: Mapping[str, str]) -> Diagnostic:
    alike = next((known for known in values if known.lower() == name.lower()), None)
    advice = (
        f"There is '{alike}': names are case-sensitive."
        if alike
        else f'Add it to apimpolicy.toml, below [named-values]: {_toml_key(name)} = "…"'
    )
    return Diagnostic(MISSING_NAMED_VALUE, f"Cannot find a property '{name}'", source, start, end, help=advice)


def _toml_key(name: str) -> str:
    """The name as a key of TOML: in quotes, where it has a dot or a blank."""
    return name if name.replace("-", "").replace("_", "").isalnum() and name.isascii() else f'"{name}"'


def substitute_placeholders(excerpt: Excerpt) -> Excerpt:
    """The expression with `1` (and spaces, so that offsets stay) for each named value that stands as code.

    In a string, a character or a comment `{{name}}` is text that C# can read, and stays. Of an expression that is not
    terminated nothing is replaced.
    """
    text = excerpt.text
    if "{{" not in text[2:]:
        return excerpt
    scan = scan_code(text, 0, len(text), literals=True)
    if scan.open is not None:
        return excerpt
    literals = sorted(scan.literals)
    starts = [start for start, _ in literals]
    pieces: list[str] = []
    position = 0
    for _, start, end in _references(text, 2, len(text)):
        index = bisect_right(starts, start) - 1
        if index >= 0 and start < literals[index][1]:
            continue
        pieces += (text[position:start], "1".ljust(end - start))
        position = end
    if not pieces:
        return excerpt
    pieces.append(text[position:])
    return Excerpt("".join(pieces), excerpt.source, excerpt.start, excerpt.end, excerpt.anchors)
