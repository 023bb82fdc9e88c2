"""Recognize placeholders in a policy file by their shapes.

A pipeline puts values in before the policy is saved. `#{name}#`, `__name__`, `$(name)`, `${name}`, `<<name>>` and the
like mean nothing to the gateway, so that they have no other purpose; `#name#`, `{name}`, `%name%`, `$NAME` and
`YOUR_NAME` do only when they are a whole value. `{{name}}` is the gateway's own, a named value; `{{ name }}` with
blanks is Jinja's or Helm's. A placeholder in angle brackets, `<your-tenant>`, is one that was forgotten, unless the
project says that something replaces it (`placeholders` in its configuration).

Sources: the styles of the task Replace Tokens (https://github.com/qetza/replacetokens-task), and
https://learn.microsoft.com/azure/devops/pipelines/process/variables for `$(name)`.

Policies written in a template language that isn't read: they get one finding instead of what their tags look like.

Terraform, Bicep, ARM, Jinja, Helm and the styles of token replacement are read (`shapes`, `pieces`). The tags of other
languages look like broken markup, and every error about them would follow from that one cause.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property

from apimpolicy.diagnostics import Diagnostic, Severity
from apimpolicy.project.embedded.pieces import Pieces
from apimpolicy.text.document import Characters, Document
from apimpolicy.text.markup import read
from apimpolicy.text.named_values import opaque_spans
from apimpolicy.text.source import Source

PLACEHOLDER = "placeholder."
"""Prefix of the names of named values that stand for placeholders."""
_WORD = r"[A-Za-z_][\w.\-]*+"
_TOKENS = (
    rf"\#\{{\{{?\s*[^{{}}\r\n]{{1,200}}?\s*\}}?\}}\#?"  # #{name}#, #{name}, #{{ name }}
    rf"|\$\{{\{{\s*[^{{}}\r\n]{{1,200}}?\s*\}}\}}"  # ${{ name }}
    rf"|(?<!\$)\$\(\s*{_WORD}\s*\)"  # $(name)
    r"|(?<!\w)__[A-Za-z]\w*?__(?!\w)"  # __name__
    rf"|<<\s*{_WORD}\s*>>|«\s*{_WORD}\s*»"  # <<name>>
    rf"|@\{{\${_WORD}\}}"  # @{{$Class.Name}}, which a C# build replaces; no C# begins with a dollar and a name
)
_BRACES = r"(?<!\{)\{\{-?\s++(?!return\b|break\b)[.$A-Za-z_][\w.\-]*+(?:\s*\|[^{}\r\n]*)?\s++-?\}\}(?!\})"  # {{ name }}
_DOLLAR = r"\$\{[^{}\r\n]{1,200}\}"
_WHOLE = (
    rf"\#{_WORD}\#|\{{[\w.\-:()\[\]' ]{{1,100}}\}}|%{_WORD}%|@@{_WORD}@@|~~?{_WORD}~~?|\[\[\s*{_WORD}\s*\]\]"
    r"|\$[A-Z_][A-Z0-9_]*|YOUR[_-][A-Z][A-Z0-9_-]*"
)
_KEBAB = r"\{[A-Za-z]\w*(?:-[A-Za-z]\w*)+\}"
_TAG = (
    r"%\{~?\s*(?:if|else|endif|for|endfor)\b[^{}]*\}|\{%-?\s*\w[^%]*%\}"
    r"|\{\{-?\s*(?:if|else|end|range|with)\b[^{}]*\}\}"
)
_SHAPES = re.compile(
    r"(?=[%{$#_«@]|<<)"  # what all of them begin with: ten times as fast over a text that has none
    rf"(?:(?P<tag>{_TAG})|(?P<dollar>{_DOLLAR})|(?P<kebab>{_KEBAB})|(?P<token>{_TOKENS})|(?P<braces>{_BRACES}))"
)
_WHOLE_VALUE = rf"\s*({_WHOLE})\s*"
_MAY_BE_WHOLE = re.compile(rf"[\"'>]{_WHOLE_VALUE}[\"'<]")
_IN_HOST = re.compile(r"(?:://[^\s\"'<>/]*|\b(?:base-)?url\s*=\s*[\"']\s*|<set-url>\s*)(?:\#\{|\$\(|<<)")
_TAG_WORD = re.compile(r"[^A-Za-z]*([A-Za-z]+)")
_INTERPOLATED = re.compile(r"\$@?(?:\"|&quot;)")
_NAME = re.compile(r"[A-Za-z_]\w*")

_BEGINS = frozenset(("if", "for", "range", "with", "unless"))
_CONTINUES = frozenset(("else", "elif", "elsif", "elseif"))
_ENDS = frozenset(("endif", "endfor", "end", "endunless"))


def readings(source: Source, placeholders: Sequence[str], values: Mapping[str, str] | None) -> list[Source]:
    text = source.text
    if not placeholders and _SHAPES.search(text) is None and _MAY_BE_WHOLE.search(text) is None:
        return [source]
    pieces = filled(read_shapes(source), placeholders, values)
    return pieces.readings() if pieces.holes or pieces.has_choices else [source]


def has_placeholder(text: str) -> bool:
    """Return whether something is put into a text before it is used, such as into the names in a scaffolding."""
    return "{{" in text or _SHAPES.search(text) is not None or re.fullmatch(_WHOLE_VALUE, text) is not None


def with_named_placeholders(source: Source) -> Source:
    """Return a policy file whose placeholders are references to named values, if it can't be saved as it is, or has
    URLs to which nothing can be sent.

    What a template puts in later can then get a value, or a stand-in, as a named value can.
    """
    if source.origin is not None or _SHAPES.search(source.text) is None:
        return source
    errors = len(_errors(source))
    is_sent_nowhere = _IN_HOST.search(source.text) is not None
    if not errors and not is_sent_nowhere:
        return source
    pieces = _put_together(source, list(_found(source.text)))
    made = pieces.filled(lambda written: f"{{{{{PLACEHOLDER}{_name_of(written)}}}}}").source()
    return made if len(_errors(made)) < errors + is_sent_nowhere else source


def _errors(source: Source) -> list[Diagnostic]:
    from apimpolicy.gateway.policies.validation import validate

    document = read(source)
    return [each for each in (*document.diagnostics, *validate(document)) if each.severity is Severity.ERROR]


def _name_of(written: str) -> str:
    found = re.search(_WORD, written)
    return "value" if found is None else found[0]


def read_shapes(source: Source) -> Pieces:
    """Return the text of a file with its placeholders as holes and its tags (`{% if … %}`) as choices."""
    found = list(_found(source.text))
    if _MAY_BE_WHOLE.search(source.text) is not None:
        found = sorted({*found, *_whole_values(_put_together(source, found).source())})
    return _put_together(source, found)


def filled(pieces: Pieces, placeholders: Sequence[str], values: Mapping[str, str] | None) -> Pieces:
    """Return the text with holes also for a project's own placeholders, and with the values of those that are given."""
    pieces = pieces.with_holes_for(re.compile(_TOKENS))
    for placeholder in placeholders:
        pieces = pieces.with_holes_for(pattern_of(placeholder))
    return pieces.filled(lambda written: _value(written, values)) if values else pieces


def pattern_of(placeholder: str) -> re.Pattern[str]:
    """Return the pattern for a setting such as `#{…}#`; a setting without `…` is the placeholder itself.

    The text between `<` and `>` is no element name: it has an upper-case letter, an underscore or a blank in it.
    """
    before, ellipsis, after = placeholder.replace("...", "…").partition("…")
    if not ellipsis:
        return re.compile(re.escape(before))
    needed = r"(?=[^<>]*[A-Z_ ])" if before.endswith("<") else ""
    return re.compile(rf"{re.escape(before)}{needed}[\w.\- ()\[\]'/:]{{1,200}}?{re.escape(after)}")


def _value(written: str, values: Mapping[str, str] | None) -> str | None:
    """Return the given value of a placeholder: by its name, or by the last part of one with dots (`var.name`)."""
    names = re.findall(r"[A-Za-z_][\w\-]*", written)
    whole = re.search(_WORD, written)
    for name in (whole[0] if whole else "", names[-1] if names else ""):
        if values and name in values:
            return values[name]
    return None


def _found(text: str) -> Iterator[tuple[int, int, bool]]:
    """Placeholders and tags, as (start, end, whether it is a tag); those of Liquid are its own."""
    spans = [*opaque_spans(text), (len(text), len(text))]
    start, end = spans.pop(0)
    matches = list(_SHAPES.finditer(text))
    names = _NamesOfCode(text, matches)
    for match in matches:
        while match.start() >= end and spans:
            start, end = spans.pop(0)
        kind = match.lastgroup
        if start <= match.start() < end and kind in ("tag", "braces") and match[0].startswith("{"):
            continue
        is_code = kind in ("kebab", "dollar") and _is_interpolated(text, match.start())
        if (kind == "kebab" and not is_code) or (is_code and match[0] in names):
            continue
        yield match.start(), match.end(), kind == "tag"


def _is_interpolated(text: str, position: int) -> bool:
    """Return whether a place is in an interpolated string of C# that begins on its line."""
    begin = max(text.rfind("\n", 0, position) + 1, position - 1000)
    opened = [found.end() for found in _INTERPOLATED.finditer(text, begin, position)]
    return bool(opened) and '"' not in text[opened[-1] : position] and "&quot;" not in text[opened[-1] : position]


class _NamesOfCode:
    """Return the placeholders that name parts of the code around: `context`, or a name that occurs elsewhere too."""

    def __init__(self, text: str, matches: Sequence[re.Match[str]]) -> None:
        self.text = text
        self.matches = matches

    @cached_property
    def _elsewhere(self) -> Counter[str]:
        inside = Counter(name for match in self.matches for name in _NAME.findall(match[0]))
        return Counter(_NAME.findall(self.text)) - inside

    def __contains__(self, placeholder: str) -> bool:
        return any(name == "context" or self._elsewhere[name] > 0 for name in _NAME.findall(placeholder))


def _whole_values(source: Source) -> Iterator[tuple[int, int, bool]]:
    """Yield values and texts that consist of a placeholder, by their positions in the file."""
    for characters in _characters(read(source)):
        if not characters.parts and (found := re.fullmatch(_WHOLE_VALUE, characters.raw)) is not None:
            start = characters.start + found.start(1)
            yield (*source.original_span(start, start + len(found[1])), False)


def _characters(document: Document) -> Iterator[Characters]:
    from apimpolicy.text.document import TextNode

    for element in document.elements():
        yield from (attribute.value for attribute in element.attributes)
        yield from (child for child in element.children if isinstance(child, TextNode))


def _put_together(source: Source, found: Sequence[tuple[int, int, bool]]) -> Pieces:
    pieces = Pieces(source)
    position = 0
    for start, end, is_tag in found:
        if start < position:
            continue
        pieces.copy(position, start)
        if is_tag:
            _tag(pieces, source.text[start:end])
        else:
            pieces.hole(start, end)
        position = end
    pieces.copy(position, len(source.text))
    return pieces


def _tag(pieces: Pieces, tag: str) -> None:
    found = _TAG_WORD.match(tag)
    word = found[1] if found is not None else ""
    if word in _BEGINS:
        pieces.begin_choice()
    elif word in _CONTINUES:
        pieces.next_branch()
    elif word in _ENDS:
        pieces.end_choice()


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
