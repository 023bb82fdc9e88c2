"""Programs of 5 to 40 lines as people write them in policies, and the same with one typo.

A template is a statement with marks around the tokens in which typos happen: `‹member:ToLower›`. A mark says what the
compiler answers when the token is wrong, so the expected code and place are known by construction. `{new}` is a new
variable of the type that the template names; `{string}`, `{int}` and the like are variables that exist.
"""

from __future__ import annotations

import random
import re
from pathlib import Path
from typing import NamedTuple

MARK = re.compile(r"‹(\w+):([^›]*)›")


def _sections() -> dict[str, list[list[str]]]:
    found: dict[str, list[list[str]]] = {}
    for line in Path(__file__).with_name("policy_statements.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            name = line[1 : line.index("]")]
            found[name] = []
        elif line and not line.startswith("#"):
            found[name].append([part.strip() for part in line.split(" | ")])
    return found


_READ = _sections()
STATEMENTS = [("" if declared == "-" else declared, text) for declared, text in _READ["statements"]]
BLOCKS = [(first, last) for first, last in _READ["blocks"]]
RETURNS = [text for (text,) in _READ["returns"]]
FIRST = dict(_READ["first"])
NAMES = ["tenant", "apiKey", "claims", "payload", "count", "result", "region", "token", "userId", "scope", "limit"]


class Wrong(NamedTuple):
    """A program with one typo: what the compiler says first, and where (offset)."""

    code: str
    expected: str
    place: int
    typo: str


class ProgramWriter:
    """Makes one program up."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._known: dict[str, list[str]] = {type_: [] for type_ in FIRST}
        self._used = 0

    def write(self) -> str:
        """The program with its marks."""
        lines = []
        for type_, text in FIRST.items():
            lines.append(self._filled(text, type_))
        lines += self._statements(self._random.randint(1, 14), 1)
        lines.append(self._filled(self._random.choice(RETURNS), ""))
        return "@{\n" + "\n".join("    " + line for line in lines) + "\n}"

    def _statements(self, count: int, depth: int) -> list[str]:
        lines: list[str] = []
        for _ in range(count):
            if depth < 3 and self._random.random() < 0.2:
                opening, closing = self._random.choice(BLOCKS)
                names = {"item": self._name(), "index": self._name(), "error": self._name()}
                for key, name in names.items():
                    opening, closing = opening.replace(f"{{{key}}}", name), closing.replace(f"{{{key}}}", name)
                saved = {type_: list(known) for type_, known in self._known.items()}
                lines.append(self._filled(opening, ""))
                lines += ["    " + line for line in self._statements(self._random.randint(1, 3), depth + 1)]
                self._known = saved
                lines.append(self._filled(closing, ""))
            else:
                type_, text = self._random.choice(STATEMENTS)
                lines.append(self._filled(text, type_))
        return lines

    def _name(self) -> str:
        self._used += 1
        return f"{self._random.choice(NAMES)}{self._used}"

    def _filled(self, text: str, type_: str) -> str:
        other = self._name()
        new = self._name()

        def fill(match: re.Match[str]) -> str:
            kind = match.group(1)
            if kind in ("new", "other"):
                return new if kind == "new" else other
            return self._random.choice(self._known[kind]) if kind in self._known else match.group(0)

        made = re.sub(r"\{(new|other|string|int|bool|list|json|dictionary|builder)\}", fill, text)
        if type_:
            self._known[type_].append(new)
        if "out var {other}" in text:
            self._known["int"].append(other)
        return made


def plain(marked: str) -> str:
    """The program without marks."""
    return MARK.sub(lambda match: match.group(2), marked)


def _misspelt(word: str) -> str:
    """Two letters exchanged, in the middle of the word where it has one."""
    for at in range(max(len(word) // 2 - 1, 0), len(word) - 1):
        if word[at] != word[at + 1]:
            return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    return word + "x"


def wrong_programs(marked: str) -> list[Wrong]:
    """The program with each typo that its marks allow."""
    found = []
    for match in MARK.finditer(marked):
        kind, text = match.groups()
        before, after = plain(marked[: match.start()]), plain(marked[match.end() :])
        place = len(before)
        typo = _TYPOS.get(kind)
        if typo is None:
            continue
        for code, replacement, offset in typo(text, before, after):
            rest = after
            if replacement.endswith("/*"):  # what stands between the brackets of the call is left out
                replacement, rest = replacement.removesuffix("/*"), after.removeprefix("()")
            found.append(Wrong(before + replacement + rest, code, place + offset, f"{kind} {text} → {replacement}"))
    body, _, _ = plain(marked).rpartition("\n    return")
    found.append(Wrong(f"{body}\n}}", "CS0161", 1, "return is missing"))
    return found


def _member(text: str, before: str, after: str) -> list[tuple[str, str, int]]:
    wrong = _misspelt(text)
    made = [("CS1061", wrong, 0)]
    if text.lower() not in (text, "as"):
        made.append(("CS1061", text.lower(), 0))
    if after.startswith("()."):
        made.append(("CS0119", f"{text}/*", 0))
    return made


def _static_member(text: str, before: str, after: str) -> list[tuple[str, str, int]]:
    return [("CS0117", _misspelt(text), 0), ("CS0117", text.lower(), 0)]


def _local(text: str, before: str, after: str) -> list[tuple[str, str, int]]:
    return [("CS0103", _misspelt(text), 0), ("CS0103", text[0].upper() + text[1:], 0)]


def _text_argument(text: str, before: str, after: str) -> list[tuple[str, str, int]]:
    return [*_local(text, before, after), ("CS1503", "5", 0)] if "Add(" not in before[-6:] else [("CS1503", "5", 0)]


def _end(text: str, before: str, after: str) -> list[tuple[str, str, int]]:
    return [("CS1002", "", 0)] if after.startswith("\n") else [("CS1002", "", 1)]


def _quote(text: str, before: str, after: str) -> list[tuple[str, str, int]]:
    return [("CS0103", text.strip('"').replace("-", ""), 0)] if text.strip('"').isalpha() else []


_Typo = "Callable[[str, str, str], list[tuple[str, str, int]]]"
"""(token, text before, text after) to (code, what stands there instead, where from the token on)."""

_TYPOS: dict[str, _Typo] = {  # type: ignore[valid-type]
    "member": _member,
    "smember": _static_member,
    "local": _local,
    "string": _text_argument,
    "static": lambda text, before, after: [("CS0103", _misspelt(text), 0)] if text not in ("int", "string") else [],
    "type": lambda text, before, after: [("CS0246", _misspelt(text), 0)],
    "end": _end,
    "quote": _quote,
    "text": lambda text, before, after: [("CS0029", "5", 0), ("CS0029", "true", 0), ("CS1010", '"gold', 0)],
    "integer": lambda text, before, after: [("CS0029", '"3"', 0), ("CS0029", "true", 0), ("CS0266", "3.5", 0)],
    "boolean": lambda text, before, after: [("CS0029", "1", 0), ("CS0029", '"true"', 0)],
    "number": lambda text, before, after: [("CS1503", '"5"', 0)],
    "name": lambda text, before, after: [("CS1739", "preserve", 0)],
    "equals": lambda text, before, after: [("CS0029", "=", -len(re.search(r"\w+ $", before).group(0)))],  # type: ignore[union-attr]
}
