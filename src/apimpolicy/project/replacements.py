"""Words that something near a policy replaces before it is saved: `replace(file("policy.xml"), "THUMBPRINTS", …)`.

A word without any mark is a placeholder only where a script, a pipeline or a template of the same repository says so.
Nobody asks before something was found wrong, since looking for the answer reads the repository's scripts.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ENDINGS = (
    *(".tf", ".tofu", ".bicep", ".json", ".py", ".ps1", ".psm1", ".sh", ".bash", ".yml", ".yaml", ".js", ".mjs", ".ts"),
    *(".cs", ".csx", ".go", ".java", ".rb"),
)
_NOT_ENTERED = (".", "node_modules", "__pycache__")
MOST_FILES = 3_000
MOST_BYTES = 1_000_000
MOST_BYTES_OF_ALL = 30_000_000
MOST_LEVELS_UP = 8

_ROOTS = (".git", "apimpolicy.toml")
_PIPELINES = (".github", ".azuredevops", ".azure-pipelines", ".pipelines")
_CALL = re.compile(r"[Rr]eplace\w*\s*\(")
_OPERATOR = re.compile(r"-c?replace\s+(['\"])(.{2,80}?)\1")
_SED = re.compile(r"\bs([/|#,~@])((?:(?!\1)[^\r\n\\]){2,80})\1")
_LITERAL = re.compile(r"\"([^\"\\\r\n]{2,80})\"|'([^'\\\r\n]{2,80})'")
_FORMAT = re.compile(r"(?<!['\"]\.)\b[Ff]ormat[ \t]*\(\s*(?!['\"\s])|\$\w+\s+-f\s")
"""Calls that put values into the `{0}` of a text that is not written there: `format(policy, a)`, `$policy -f $a`."""
_FORMAT_OF = re.compile(r"[\w)\]]\.format\(([^()]*(?:\([^()]*\)[^()]*)*)\)")
"""`policy.format(calls=5)` in Python."""
_KEYWORD = re.compile(r"(?<![\w.])([A-Za-z_]\w*)\s*=(?!=)")
_NUMBERED = tuple(f"{{{number}}}" for number in range(10))
_LIKE_A_PLACEHOLDER = re.compile(r"(?=.*[A-Z_#$%@{<])[^\s\"'].*[^\s\"']")
_SYNTAX = re.compile(r"</?[a-z][\w.-]*[\s/>]|[@{][({]|\bcontext\.")
"""What policies and expressions are written with: an element, the beginning of an expression or a named value."""
_BRACKETS = {"(": ")", "[": "]", "{": "}"}
_WINDOW = 300


class Replacements:
    """What is replaced in the repositories of files; each is read once."""

    def __init__(self) -> None:
        self._words: dict[str, frozenset[str]] = {}

    def in_text(self, path: str, text: str) -> tuple[str, ...]:
        """The words of a policy's text that something in its repository replaces."""
        root = repository_of(path)
        if root not in self._words:
            self._words[root] = frozenset(_words_below(root))
        return tuple(sorted(word for word in self._words[root] if word in text and _is_a_word_of(word, text)))


def repository_of(path: str) -> str:
    """The folder around a file that is a repository or has a configuration; else the file's own folder."""
    own = folder = os.path.dirname(os.path.abspath(path))
    for _ in range(MOST_LEVELS_UP):
        if any(os.path.exists(os.path.join(folder, name)) for name in _ROOTS):
            return folder
        folder = os.path.dirname(folder)
    return own


def _words_below(root: str) -> Iterator[str]:
    read = 0
    for count, path in enumerate(_files(root)):
        if count >= MOST_FILES or read >= MOST_BYTES_OF_ALL:
            return
        if not os.path.isfile(path):  # a pipe keeps whoever opens it waiting
            continue
        try:
            with open(path, encoding="utf-8", errors="replace") as file:
                text = file.read(MOST_BYTES)
        except OSError:
            continue
        read += len(text)
        yield from replaced_words(text)


def _files(root: str) -> Iterator[str]:
    for directory, folders, files in os.walk(root):
        folders[:] = sorted(name for name in folders if name in _PIPELINES or not name.startswith(_NOT_ENTERED))
        yield from (os.path.join(directory, name) for name in sorted(files) if name.lower().endswith(ENDINGS))


def replaced_words(text: str) -> Iterator[str]:
    """The words that a script or a template replaces by something else."""
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


def _end_of_call(text: str, start: int) -> int:
    """Where the parenthesis that was opened before `start` is closed; texts in quotation marks have none."""
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
    if _LIKE_A_PLACEHOLDER.fullmatch(word) is None or _SYNTAX.search(word) is not None:
        return
    if all(word.count(opening) == word.count(closing) for opening, closing in _BRACKETS.items()):
        yield word


def _is_a_word_of(word: str, text: str) -> bool:
    """Whether it stands somewhere in a text as a word of its own: no letter of a longer one is replaced."""
    before = r"(?<!\w)" if word[0].isalnum() else ""
    after = r"(?!\w)" if word[-1].isalnum() else ""
    return re.search(f"{before}{re.escape(word)}{after}", text) is not None
