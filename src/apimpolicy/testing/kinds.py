"""The kinds of `testing.format`: the values that each takes, and the check of a tree against it.

`|` separates alternatives; a value is checked against the first one that takes values of its kind.
"""

from __future__ import annotations

import datetime
import re
from functools import cache
from typing import TYPE_CHECKING

from apimpolicy.project.toml_table import KIND_NAMES, kind_of
from apimpolicy.testing import format as tables
from apimpolicy.testing.claims.format import CLAIM, CONDITION
from apimpolicy.testing.tree import WRONG_KIND, Mistakes, Tree

if TYPE_CHECKING:
    from apimpolicy.testing.format import Keys

_TEXT = (str, int, float, bool, datetime.datetime, datetime.date)
_NOTHING = type(None)

DATE = KIND_NAMES[datetime.datetime]

KINDS: dict[str, tuple[tuple[type, ...], str]] = {
    "anything": ((object,), "anything"),
    "text": (_TEXT, "a text"),
    "scalar": ((*_TEXT, _NOTHING), "a text or null"),
    "text or null": ((*_TEXT, _NOTHING), "a text or null"),
    "text or boolean": ((str, bool), "a text, true or false"),
    "boolean": ((bool,), "true or false"),
    "boolean or null": ((bool, _NOTHING), "true, false or null"),
    "null": ((_NOTHING,), "null"),
    "integer": ((int,), "a whole number"),
    "number": ((int, float), "a number"),
    "number or null": ((int, float, _NOTHING), "a number or null"),
    "count": ((int, bool), "a whole number, true or false"),
    "seconds": ((int, float), "a number"),
    "status-code": ((int,), "a whole number"),
    "pattern": ((str,), "a pattern such as 4xx"),
    "regex": (_TEXT, "a regular expression"),
    "method": ((str,), "a method such as GET"),
    "date": ((str, datetime.datetime, datetime.date), DATE),
    "list": ((list,), "a list"),
    "table": ((dict,), "a table"),
}
"""By word: the types of Python that values have in a tree, and how a message says it."""

COMBINED = {
    "texts": "text|[text]",
    "status": "integer|pattern",
    "matched": "scalar|matching",
    "body": "scalar|body-parts",
    "counted": "count|sent|[sent]",
    "headers": "{header: scalar|list|matching}",
    "condition": "text|condition-keys|[condition]",
    "scope": ", ".join(tables.SCOPES),
    "section": "inbound, backend, outbound, on-error",
}
"""Words that stand for others."""

_TABLES = (
    *("answer", "binding", "bus-message", "case", "certificate", "connection", "double", "double-error", "error"),
    *("event", "expect", "file", "given", "identity-request", "last-error", "matching", "mcp", "metric", "named-value"),
    *("provider", "provider-state", "publication", "published", "recorded", "request", "resolve", "response", "scopes"),
    *("secret", "sent", "signing-key", "step", "token", "trace-entry", "when"),
)
TABLES: dict[str, Keys] = {name: getattr(tables, name.replace("-", "_").upper()) for name in _TABLES}
TABLES |= {"body-parts": tables.BODY, "claim": CLAIM, "condition-keys": CONDITION}

STATUS = re.compile(r"[1-5][0-9xX]{2}")
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""A name of a method: https://httpwg.org/specs/rfc9110.html#tokens"""


def check(tree: Tree, words: str) -> None:
    """Raises TestFileError with the place, where a value is not of the kind that the format wants there."""
    for alternative in alternatives(words):
        if takes(alternative, tree.value):
            _check_inside(tree, alternative)
            return
    wanted = " or ".join(dict.fromkeys(map(_described, alternatives(words))))
    raise tree.mistake(WRONG_KIND, f"this must be {wanted}, not {kind_of(tree.value)}")


def check_table(tree: Tree, keys: Keys) -> None:
    """Raise TestFileError with all keys of a table that are unknown, and all values of the wrong kind."""
    mistakes = Mistakes()
    given = tree.known(keys, mistakes)
    with mistakes.kept():
        check_keys(given, keys)
    mistakes.end()


def check_keys(given: dict[str, Tree], keys: Keys) -> None:
    mistakes = Mistakes()
    for key, tree in given.items():
        with mistakes.kept():
            check(tree, keys[key][0])
    mistakes.end()


@cache
def alternatives(words: str) -> tuple[str, ...]:
    """Return the alternatives of a kind, with words that stand for others written out."""
    found = parts(words)
    if len(found) > 1:
        return tuple(alternative for part in found for alternative in alternatives(part))
    return alternatives(COMBINED[words]) if words in COMBINED else (words,)


def parts(words: str) -> list[str]:
    """Return the alternatives as they are written: the texts between `|` outside of brackets."""
    found, depth = [""], 0
    for character in words:
        depth += (character in "[{") - (character in "]}")
        if character == "|" and not depth:
            found.append("")
        else:
            found[-1] += character
    return found


def inner(kind: str) -> str:
    """Return the kind of the values in a list or table."""
    return kind[1:-1].rpartition(": ")[2]


def types_of(kind: str) -> tuple[type, ...]:
    """Return the types of Python that values of one alternative have in a tree."""
    if kind.startswith("["):
        return (list,)
    if kind.startswith("{") or kind in TABLES or kind == "gateway":
        return (dict,)
    return KINDS[kind][0] if kind in KINDS else (str,)


def _described(kind: str) -> str:
    if kind in KINDS:
        return KINDS[kind][1]
    types = types_of(kind)
    return "a list" if list in types else "a table" if dict in types else f"one of {kind}"


def takes(kind: str, value: object) -> bool:
    """Return whether an alternative is one for values of this type."""
    types = types_of(kind)
    if isinstance(value, bool) and bool not in types and object not in types:
        return False
    return isinstance(value, types)


def _check_inside(tree: Tree, kind: str) -> None:
    if kind.startswith("["):
        for item in tree.items():
            check(item, inner(kind))
    elif kind.startswith("{"):
        for item in tree.table().values():
            check(item, inner(kind))
    elif kind in TABLES:
        check_table(tree, TABLES[kind])
    elif kind in KINDS:
        _check_value(tree, kind)
    elif kind != "gateway" and tree.value not in kind.split(", "):
        raise tree.mistake(WRONG_KIND, f"this is one of {kind}")


def _check_value(tree: Tree, kind: str) -> None:
    if kind == "date":
        tree.moment()
    elif kind == "pattern" and STATUS.fullmatch(tree.value) is None:
        raise tree.mistake(WRONG_KIND, "a status is a number such as 403, or a pattern such as 4xx")
    elif kind == "method" and _TOKEN.fullmatch(tree.value) is None:
        raise tree.mistake(WRONG_KIND, "this is not a valid HTTP method")
    elif kind == "regex":
        tree.pattern()
    elif kind == "status-code" and not 100 <= tree.value <= 999:
        raise tree.mistake(WRONG_KIND, "a status is a number of three digits")
    elif kind == "seconds" and tree.value < 0:
        raise tree.mistake(WRONG_KIND, "seconds must not be negative")
