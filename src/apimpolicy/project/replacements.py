"""Words that a script replaces in a policy before it is saved: `replace(file("policy.xml"), "THUMBPRINTS", …)`.

A word without any mark is a placeholder only if a script, a pipeline or a template of the same repository replaces it.
Elements and attributes that a script sets through an XML library are placeholders too (`edited_names`). `check` reads
the scripts of a repository only after it has found an error that such a placeholder could explain.

A script counts for the policies that it can read (`_Script.reaches`): a program that replaces "Token" in texts of its
own explains nothing. A word that the policy's C# declares, or has as a member, is that name.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import NamedTuple

from apimpolicy.project.repository import repository_of, scripts_around
from apimpolicy.text.markup import read
from apimpolicy.text.scanner import LITERALS
from apimpolicy.text.source import Source

_CALL = re.compile(r"[Rr]eplace\w*\s*\(")
_TEMPLATE_FILE = re.compile(r"\btemplatefile\s*\(\s*\"((?:[^\"\r\n{]|\$\{[^{}\r\n]*\})+)\"")
_OPERATOR = re.compile(r"-c?replace\s+(['\"])(.{2,80}?)\1")
_SED = re.compile(r"\bs([/|#,~@])((?:(?!\1)[^\r\n\\]){2,80})\1")
_LITERAL = re.compile(r"\"([^\"\\\r\n]*)\"|'([^'\\\r\n]*)'")
"""A literal of any length: what is between two short ones isn't one."""
_SHORTEST, _LONGEST = 2, 80
"""Characters of a placeholder."""
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


_IDENTIFIER = re.compile(r"[A-Za-z_]\w*")
_READS = re.compile(
    r"""\b(?:open|file|templatefile|read_text|read_bytes|\w*ReadAll\w+|readFile(?:Sync)?|ReadFile|loadTextContent|XML\.parse"""
    r"""|parse|Load)\(\s*(?!["'`)])|\.read_text\(\)|\b(?:Get-Content|gc|cat|type)\s|\bsed\b|\benvsubst\b"""
)
"""Calls that read a file whose name is computed."""
_NAMED = (
    r"\.\s*{word}\b|(?<!\w){word}\s*=>|\b(?:from|let|into|join)\s+{word}\b|(?<![\w.])(?!(?:as|await|case|else|in|is|new|on"
    r"|return|throw|when|where|yield)\b)[\w>\]?]+\s+{word}\s*(?:=(?!=)|[;,)]|in\b)"
)
"""Where C# has a name that it declares, or a member."""
_ABOUT_POLICIES = re.compile(r"polic(?:y|ies)|\bapim|api-?management", re.IGNORECASE)


class _Script(NamedTuple):
    """A file that replaces or sets parts of texts; a word is a placeholder in the policies that the script reaches."""

    path: str
    text: str
    words: frozenset[str]
    plain: frozenset[str]
    edited: frozenset[str]
    templates: frozenset[str]

    @classmethod
    def of(cls, path: str, text: str) -> _Script:
        words, plain, edited = replaced_words(text), plain_words(text), edited_names(text)
        sets = map(frozenset, (words, plain, edited, template_files(text)))
        return cls(path, text, *sets)

    def reaches(self, policy: str, root: str) -> bool:
        """Return whether the script can read a policy: it names the file, its ending or a folder of it.

        A script of the repository that is about policies and reads files whose names it computes, or gets a text to
        replace in, may get any of them.
        """
        folders = os.path.relpath(os.path.dirname(policy), root).split(os.sep)
        stem, ending = os.path.splitext(os.path.basename(policy))
        names = "|".join(re.escape(name) for name in folders if len(name) > 2 and name != os.pardir)
        if re.search(rf"(?<![\w-]){re.escape(stem)}(?![\w-])|\*?{re.escape(ending)}\b", self.text):
            return True
        if names and re.search(rf"[/\\\"'`](?:{names})(?=[/\\\"'`])", self.text):
            return True
        is_inside = self.path.startswith(os.path.join(root, ""))
        return (is_inside and _ABOUT_POLICIES.search(self.text) is not None) and (
            _READS.search(self.text) is not None or self.path.endswith((".bicep", ".tf", ".tofu", ".json"))
        )


class Replacements:
    """Texts that scripts replace in the repositories of files; each repository is read once."""

    def __init__(self) -> None:
        self._found: dict[str, list[_Script]] = {}

    def in_text(self, path: str, text: str) -> tuple[str, ...]:
        """Return the parts of a policy's text that a script in its repository replaces, in order of the alphabet."""
        policy = os.path.abspath(path)
        folder = os.path.dirname(policy)
        root = repository_of(folder) or folder
        if root not in self._found:
            scripts = [_Script.of(place, script) for place, script in scripts_around(root)]
            self._found[root] = [each for each in scripts if each.words or each.plain or each.edited or each.templates]
        found: set[str] = set()
        for script in self._found[root]:
            parts = {word for word in script.words if word in text and _is_a_word_of(word, text)}
            parts |= {word for word in script.plain if word in text and is_bare_attribute(word, text)}
            for name in script.edited:
                parts.update(written_as(name, text))
            if any(re.fullmatch(pattern, os.path.basename(path)) for pattern in script.templates):
                found.add("${…}")
            if not parts <= found and script.reaches(policy, root):
                found |= parts
        return tuple(sorted(found - _names_in(text, found)))


def _names_in(text: str, words: set[str]) -> set[str]:
    candidates = [word for word in words if _IDENTIFIER.fullmatch(word)]
    if not candidates:
        return set()
    code = "\n".join(LITERALS.sub(" ", part.text[2:-1]) for part in read(Source(text)).expressions())
    return {word for word in candidates if _is_a_name(word, code)}


def _is_a_name(word: str, code: str) -> bool:
    """Return whether C# declares a word, has it as a member, or uses it as the parameter of a lambda."""
    return re.search(_NAMED.format(word=word), code) is not None


def template_files(text: str) -> Iterator[str]:
    """Yield patterns of the names of files that Terraform reads as templates: each `${…}` in them is a placeholder."""
    for call in _TEMPLATE_FILE.finditer(text):
        parts = re.split(r"\$\{[^{}]*\}", call[1])
        yield ".*".join(map(re.escape, parts)).rpartition("/")[2]


def replaced_words(text: str) -> Iterator[str]:
    if "eplace" in text:
        for call in _CALL.finditer(text):
            for word in _literals(text, call.end()):
                yield from _if_placeholder(word)
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
        yield from (word for word in _literals(text, call.end()) if _PLAIN.fullmatch(word))
    yield from (operator[2] for operator in _OPERATOR.finditer(text) if _PLAIN.fullmatch(operator[2]))


def _literals(text: str, start: int) -> Iterator[str]:
    """Yield the literals in the call before `start` that are as long as placeholders."""
    for literal in _LITERAL.finditer(text, start, _end_of_call(text, start)):
        word = literal[1] or literal[2] or ""
        if _SHORTEST <= len(word) <= _LONGEST:
            yield word


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


# Elements and attributes of policies that a script sets through an XML library before the policy is saved.
#
#     $xml.policies.inbound.cors.'allowed-origins'.origin = $origin               (PowerShell)
#     doc.SelectSingleNode("//set-backend-service/@base-url").Value = url;       (.NET)
#     root.find(".//origin").text = origin                                        (Python)
#
# Only a file that names XML and policies counts; its names explain nothing but errors at elements with these names.

_STEP = r"(?:[\w-]+|'[\w-]+'|\"[\w-]+\")(?:\[[^\]\r\n]{0,40}\])?"
_ASSIGNED = re.compile(rf"\$\w+((?:\.{_STEP}){{2,20}})\s*=(?!=)")
"""A property path of PowerShell: each step is an element or, at the end, an attribute."""

_NAME = re.compile(r"[\w-]+")
_XPATH = re.compile(
    r"(?:SelectSingleNode|SelectNodes|XPathSelectElements?|findall|find|xpath|XPath)\W{1,5}[\"']([^\"'\r\n]{1,200})[\"']"
)
_LAST_STEP = re.compile(r"@?([a-z][\w.-]*)(?:\[[^\]]*\])?(?:/text\(\))?\Z")
_ATTRIBUTE = re.compile(r"(?:SetAttribute|SetAttributeValue|\.set|setAttribute)\s*\(\s*[\"']([\w.-]+)[\"']")
_SETS = re.compile(r"\.(?:InnerText|InnerXml|text|Value|value|textContent)\s*=(?!=)")
_CONTENT = ("InnerText", "InnerXml", "Value", "text")


def edited_names(text: str) -> Iterator[str]:
    """Yield the names of elements and attributes of a policy that a script sets."""
    if "polic" not in text.lower() or "xml" not in text.lower():
        return
    for path in _ASSIGNED.finditer(text):
        steps = [step.lower() for step in _NAME.findall(path[1])]
        names = [name for name in _NAME.findall(path[1]) if name not in _CONTENT and not name.isdigit()]
        if ("policies" in steps or "fragment" in steps) and names:
            yield names[-1]
    if _SETS.search(text) is not None:
        for path in _XPATH.finditer(text):
            if (step := _LAST_STEP.search(path[1])) is not None:
                yield step[1]
    yield from (attribute[1] for attribute in _ATTRIBUTE.finditer(text))


def written_as(name: str, text: str) -> Iterator[str]:
    """Yield the texts that an element or attribute with a name has in a policy, if it holds no other element."""
    if name not in text:
        return
    quoted = re.escape(name)
    for found in re.finditer(
        rf"<{quoted}(?:\s[^<>]*)?(?:/>|>[^<]*</{quoted}\s*>)|(?<=\s){quoted}\s*=\s*(?:\"[^\"<]*\"|'[^'<]*')", text
    ):
        yield found[0]


def is_bare_attribute(word: str, text: str) -> bool:
    """Return whether a word is in a tag of a policy as an attribute without a value."""
    return re.search(rf"<[a-z][^<>]*\s{re.escape(word)}(?=\s*/?>|\s+[\w-]+\s*=)", text) is not None
