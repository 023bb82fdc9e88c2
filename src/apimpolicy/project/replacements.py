"""Words that a script replaces in a policy before it is saved: `replace(file("policy.xml"), "THUMBPRINTS", …)`.

A word without any mark is a placeholder only if a script, a pipeline or a template of the same repository replaces it.
Elements and attributes that a script sets through an XML library are placeholders too (`edits`). `check` reads the
scripts of a repository only after it has found an error that such a placeholder could explain.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from apimpolicy.project import edits
from apimpolicy.project.repository import repository_of, scripts_around

if TYPE_CHECKING:
    from collections.abc import Iterator

_CALL = re.compile(r"[Rr]eplace\w*\s*\(")
_TEMPLATE_FILE = re.compile(r"\btemplatefile\s*\(\s*\"((?:[^\"\r\n{]|\$\{[^{}\r\n]*\})+)\"")
_OPERATOR = re.compile(r"-c?replace\s+(['\"])(.{2,80}?)\1")
_SED = re.compile(r"\bs([/|#,~@])((?:(?!\1)[^\r\n\\]){2,80})\1")
_LITERAL = re.compile(r"\"([^\"\\\r\n]{2,80})\"|'([^'\\\r\n]{2,80})'")
_FORMAT = re.compile(r"(?<!['\"]\.)\b[Ff]ormat[ \t]*\(\s*(?!['\"\s])|\$\w+\s+-f\s")
"""Calls that put values into the `{0}` of a text that is not written there: `format(policy, a)`, `$policy -f $a`."""
_ELEMENT = re.compile(r"<([a-z][\w.-]*)(?:\s[^<>]*)?>.*</\1\s*>", re.DOTALL)
_FORGOTTEN = re.compile(r"(?<=>)<[A-Z][\w .-]*>(?=<)")
_PLAIN = re.compile(r"[a-z][\w.-]{2,}")
_FORMAT_OF = re.compile(r"[\w)\]]\.format\(([^()]*(?:\([^()]*\)[^()]*)*)\)")
"""`policy.format(calls=5)` in Python."""
_KEYWORD = re.compile(r"(?<![\w.])([A-Za-z_]\w*)\s*=(?!=)")
_NUMBERED = tuple(f"{{{number}}}" for number in range(10))
_LIKE_A_PLACEHOLDER = re.compile(r"(?=.*[A-Z_#$%@{<])[^\s\"'].*[^\s\"']")
_SYNTAX = re.compile(r"</?[a-z][\w.-]*[\s/>]|[@{][({]|\bcontext\.")
"""Beginnings that policies and expressions have: an element, the beginning of an expression or a named value."""
_BRACKETS = {"(": ")", "[": "]", "{": "}"}
_WINDOW = 300


class Replacements:
    """Texts that scripts replace in the repositories of files; each repository is read once."""

    def __init__(self) -> None:
        self._found: dict[str, tuple[frozenset[str], frozenset[str], frozenset[str], frozenset[str]]] = {}

    def in_text(self, path: str, text: str) -> tuple[str, ...]:
        """Return the parts of a policy's text that a script in its repository replaces, in order of the alphabet."""
        folder = os.path.dirname(os.path.abspath(path))
        root = repository_of(folder) or folder
        if root not in self._found:
            texts = [script for _, script in scripts_around(root)]
            self._found[root] = (
                frozenset(word for script in texts for word in replaced_words(script)),
                frozenset(word for script in texts for word in plain_words(script)),
                frozenset(name for script in texts for name in edits.edited_names(script)),
                frozenset(pattern for script in texts for pattern in template_files(script)),
            )
        words, plain, edited, templates = self._found[root]
        found = {word for word in words if word in text and _is_a_word_of(word, text)}
        found |= {word for word in plain if word in text and edits.is_bare_attribute(word, text)}
        for name in edited:
            found.update(edits.written_as(name, text))
        if any(re.fullmatch(pattern, os.path.basename(path)) for pattern in templates):
            found.add("${…}")
        return tuple(sorted(found))


def template_files(text: str) -> Iterator[str]:
    """Yield patterns of the names of files that Terraform reads as templates: each `${…}` in them is a placeholder."""
    for call in _TEMPLATE_FILE.finditer(text):
        parts = re.split(r"\$\{[^{}]*\}", call[1])
        yield ".*".join(map(re.escape, parts)).rpartition("/")[2]


def replaced_words(text: str) -> Iterator[str]:
    """Yield the words that a script or a template replaces."""
    if "eplace" in text:
        for call in _CALL.finditer(text):
            for literal in _LITERAL.finditer(text, call.end(), _end_of_call(text, call.end())):
                yield from _if_placeholder(literal[1] or literal[2])
        for operator in _OPERATOR.finditer(text):
            yield from _if_placeholder(operator[2])
    if "ormat" in text or " -f " in text:
        if _FORMAT.search(text) is not None:
            yield from _NUMBERED
        for call in _FORMAT_OF.finditer(text):
            yield from _NUMBERED
            yield from (f"{{{name}}}" for name in _KEYWORD.findall(call[1]))
    if "sed" in text or "perl" in text:
        for command in _SED.finditer(text):
            yield from _if_placeholder(command[2])


def plain_words(text: str) -> Iterator[str]:
    """Yield lower-case words that a script replaces; they count only as bare attributes of a policy."""
    for call in _CALL.finditer(text):
        for literal in _LITERAL.finditer(text, call.end(), _end_of_call(text, call.end())):
            if _PLAIN.fullmatch(word := literal[1] or literal[2]):
                yield word
    yield from (operator[2] for operator in _OPERATOR.finditer(text) if _PLAIN.fullmatch(operator[2]))


def _end_of_call(text: str, start: int) -> int:
    """Return the offset after the parenthesis that closes the one before `start`, ignoring quoted texts."""
    depth, index, last = 1, start, min(len(text), start + _WINDOW)
    while index < last and depth:
        character = text[index]
        if character in "\"'" and (literal := _LITERAL.match(text, index)) is not None:
            index = literal.end()
            continue
        depth += (character == "(") - (character == ")")
        index += 1
    return index


def _if_placeholder(word: str) -> Iterator[str]:
    if (element := _ELEMENT.fullmatch(word)) is not None:
        forgotten = _FORGOTTEN.findall(word)
        yield from forgotten or (element[0],)
        return
    if _LIKE_A_PLACEHOLDER.fullmatch(word) is None or _SYNTAX.search(word) is not None:
        return
    if all(word.count(opening) == word.count(closing) for opening, closing in _BRACKETS.items()):
        yield word


def _is_a_word_of(word: str, text: str) -> bool:
    """Return whether a text contains the placeholder as a word of its own: no letter of a longer one is replaced."""
    before = r"(?<!\w)" if word[0].isalnum() else ""
    after = r"(?!\w)" if word[-1].isalnum() else ""
    return re.search(f"{before}{re.escape(word)}{after}", text) is not None
