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
from typing import TYPE_CHECKING, NamedTuple

from apimpolicy.diagnostics import Diagnostic
from apimpolicy.text.holes import FIRST_NAMED_VALUE, mark
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
    for start, end in opaque_spans(text):
        found.extend(_references(text, position, start))
        position = end
    found.extend(_references(text, position, len(text)))
    return found


def opaque_spans(text: str) -> Iterator[tuple[int, int]]:
    """Where double braces are Liquid's, or nobody's: templates in Liquid and comments, as (start, end)."""
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
        else "Add it to the named values: [named-values] in apimpolicy.toml."
    )
    return Diagnostic(MISSING_NAMED_VALUE, f"Cannot find a property '{name}'", source, start, end, help=advice)


def named_values_as_holes(excerpt: Excerpt) -> Excerpt:
    """The expression with the mark of a hole (see `holes`) for each `{{name}}`: in code, in strings, in comments.

    The gateway puts the value in before it compiles the expression, wherever the reference stands.
    """
    if "{{" not in excerpt.text[2:]:
        return excerpt
    numbers: dict[str, int] = {}
    pieces = [
        (start, end, mark(FIRST_NAMED_VALUE + numbers.setdefault(name, len(numbers))))
        for name, start, end in _references(excerpt.text, 2, len(excerpt.text))
    ]
    return excerpt.replaced(pieces) if pieces else excerpt
