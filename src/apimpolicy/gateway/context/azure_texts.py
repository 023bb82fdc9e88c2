"""The texts that Azure shows: refusals of saved policies, errors, entries of traces, and the gateway's own responses.

`azure_texts.toml` has them, each with its mark: *seen* on a gateway, *reported*, *documented*, or *ours* (our choice).
A name in braces is a variable part of a text. The simulator takes its texts from here by `name` (`azure_text`). The
messages of .NET's exceptions are not Azure's: `csharp` has those.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from functools import cache
from typing import Any, Final, NamedTuple

from apimpolicy.csharp.dotnet.environment import note_unseen

KINDS: Final = {
    "saved": "this text is shown when a policy can't be saved",
    "error": "context.LastError has this text",
    "trace": "a trace has this text",
    "response": "the gateway responds with this text",
}
MARKS: Final = ("seen", "reported", "documented", "ours")
UNSEEN: Final = ("documented", "ours")
"""The marks of texts that no gateway was seen to show."""
_LEAST_PART = 12
"""Letters of a part of a text that can be told from any other: more than a word."""
_LEAST_CODE = 6
"""Letters and digits of such a part with digits: `IDX10205`."""
_LIMIT = 20_000
"""Characters of a pasted text that are compared; more are left out."""


class AzureText(NamedTuple):
    """A text of Azure; `reason`, `raised_by`, `status` and its `phrase` are those of an error, where known.

    `name` is that by which the simulator refers to it, if it has the text; `shown` names the text that the caller gets
    instead of the error's.
    """

    text: str
    kind: str
    mark: str
    source: str
    date: str
    cause: str
    action: str
    codes: tuple[str, ...] = ()
    policies: tuple[str, ...] = ()
    reason: str = ""
    raised_by: str = ""
    status: int | None = None
    name: str = ""
    phrase: str = ""
    shown: str = ""

    def filled(self, **values: object) -> str:
        """Return the text with its variable parts. Raises KeyError for one without a value."""
        return re.sub(r"\{(\w+)\}", lambda found: str(values[found[1]]), self.text) if "{" in self.text else self.text

    @property
    def pieces(self) -> list[str]:
        """Return the letters and digits of the parts that don't vary, in order."""
        return [piece for part in re.split(r"\{\w+\}", self.text) if (piece := _plain(part))]

    def page(self) -> str:
        """Return the entry as Markdown."""
        facts = {
            "LastError.Source": self.raised_by,
            "LastError.Reason": self.reason,
            "Status": str(self.status or ""),
            "Policies": ", ".join(self.policies),
            "Codes of `check`": ", ".join(self.codes),
        }
        return "\n\n".join(
            (
                f"{self.text}",
                f"**Where.** In Azure, {KINDS[self.kind]}.",
                f"**Cause.** {self.cause}",
                f"**What to do.** {self.action}",
                *(f"**{name}.** {value}" for name, value in facts.items() if value),
                f"**Evidence.** {self.mark.capitalize()}: {self.source} ({self.date}).",
            )
        )


class Found(NamedTuple):
    """The entries that a pasted text matches, best first; where there is none, the `nearest` entry, if any."""

    matches: list[AzureText]
    nearest: AzureText | None


@cache
def _blocks() -> list[str]:
    """Return the parts of the table, each of which is TOML too: a run needs few of them, and parsing is slow."""
    with open(os.path.join(os.path.dirname(__file__), "azure_texts.toml"), encoding="utf-8") as file:
        return file.read().split("\n\n")


def _entries(block: str) -> Iterator[AzureText]:
    """Yield a `text` by itself, or those of a `group`, whose other facts are the same."""
    import tomllib

    data = tomllib.loads(block)
    rows: list[dict[str, Any]] = data.get("text", [])
    for group in data.get("group", ()):
        texts = group.pop("texts").items()
        rows += [group | (own if isinstance(own, dict) else {"text": own}) | {"name": name} for name, own in texts]
    for row in rows:
        yield AzureText(**row | {name: tuple(row.get(name, ())) for name in ("codes", "policies")})


@cache
def azure_texts() -> tuple[AzureText, ...]:
    """Return all entries, in the order of the table."""
    return tuple(entry for block in _blocks() for entry in _entries(block))


@cache
def azure_entry(name: str) -> AzureText:
    """Return the entry that the simulator knows by a name. Raises KeyError for an unknown one."""
    for block in _blocks():
        if f'\nname = "{name}"\n' in block or f"\n{name} = " in block:
            for entry in _entries(block):
                if entry.name == name:
                    return entry
    raise KeyError(name)


def azure_text(name: str, /, **values: object) -> str:
    """Return the text that the simulator knows by a name, with its variable parts.

    Notes that no gateway was seen to show it, if so. Raises KeyError.
    """
    entry = azure_entry(name)
    text = entry.filled(**values)
    if entry.mark in UNSEEN:
        note_unseen(text, entry.mark)
    return text


def texts_of_code(code: str) -> list[AzureText]:
    """Return the texts that Azure shows for what a code of `check` reports."""
    return [each for each in azure_texts() if code in each.codes]


def find_texts(pasted: str, limit: int = 3) -> Found:
    """Return the entries that a pasted text contains, or is a part of.

    Case, white space, punctuation and JSON around the message don't matter.
    """
    pasted = pasted[:_LIMIT]
    scores: dict[AzureText, int] = {}
    for form in {_plain(part) for part in _messages(pasted)}:
        for entry in azure_texts():
            if score := _score(entry.pieces, form):
                scores[entry] = max(score, scores.get(entry, 0))
    best = max(scores.values(), default=0)
    matches = [entry for entry in sorted(scores, key=lambda entry: -scores[entry]) if 2 * scores[entry] >= best][:limit]
    return Found(matches, None if matches else _nearest(pasted))


def _score(pieces: list[str], form: str) -> int:
    """Return how many characters of an entry and a pasted text are the same; 0 where they don't match."""
    if len(form) >= (_LEAST_CODE if re.search(r"\d", form) else _LEAST_PART) and any(form in piece for piece in pieces):
        return len(form)
    at = 0
    for piece in pieces:
        if (found := form.find(piece, at)) < 0:
            return 0
        at = found + len(piece)
    return sum(map(len, pieces))


def _nearest(pasted: str) -> AzureText | None:
    """Return the entry that shares most of its words with a text; None where it shares less than a third."""
    words = set(_words(pasted))

    def share(entry: AzureText) -> float:
        own = set(_words(re.sub(r"\{\w+\}", " ", entry.text)))
        return len(own & words) / max(1, min(len(own), len(words)))

    best = max(azure_texts(), key=share)
    return best if len(words) > 1 and share(best) >= 1 / 3 else None


def _words(text: str) -> list[str]:
    return re.findall(r"\w{3,}", _unescaped(text).lower())


def _plain(text: str) -> str:
    """Return a text's letters and digits, in lower case."""
    return re.sub(r"[\W_]+", "", _unescaped(text)).lower()


def _unescaped(text: str) -> str:
    import html

    text = re.sub(r"\\u([0-9a-fA-F]{4})", lambda found: chr(int(found[1], 16)), text)
    return html.unescape(re.sub(r"\\+[nrt]", " ", text))


def _messages(text: str) -> Iterator[str]:
    """Yield a text and, of JSON, the strings in it."""
    import json

    yield text
    try:
        yield from _strings(json.loads(text))
    except (ValueError, RecursionError):
        return


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _strings(each)
