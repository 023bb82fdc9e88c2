"""The parser's tables, built with Lark from the grammar: plain values that `marshal` can store.

The build hook stores them beside this module; they are built anew when the grammar has changed. Loading stored tables
takes about a millisecond and does not import Lark. This module imports nothing of the package, so that the build hook
can use it from the source tree.
"""

from __future__ import annotations

import marshal
import os
import re
from collections.abc import Iterable
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from os import PathLike
    from pathlib import Path


FORMAT = 1
"""Raise this when the layout of the tables changes; stored tables of another format are built anew."""

MARSHAL_VERSION = 4
"""Every supported Python reads this version, so that one wheel serves all of them."""

ALWAYS_KEPT = ("RESERVED", "VAR")
"""Terminals that no rule uses: the lexer needs them."""

EXPAND = 1_000_000
"""In a plan, EXPAND + i means the items of the list at position i."""

_WORDS = re.compile(r"\(\?:([\w|]+)\)\\b")


def origin(grammar: bytes) -> tuple[int, bytes]:
    """Return the source of stored tables; comparing the whole grammar is faster than importing hashlib."""
    return FORMAT, grammar.replace(b"\r\n", b"\n")


def store(path: Path, grammar: bytes, tables: dict[str, Any]) -> None:
    """Write tables so that a concurrent reader sees the old file or the new one, never a part of it."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}")
    temporary.write_bytes(marshal.dumps((origin(grammar), tables), MARSHAL_VERSION))
    temporary.replace(path)


class _KeepLexerTerminals:
    """Lark drops unused terminals, except those that a postlex object accepts."""

    always_accept = ALWAYS_KEPT

    def process(self, stream: Any) -> Any:
        return stream


def load_grammar(text: str, **options: Any) -> Any:
    """Return the `lark.Lark` object of the grammar; `options` go to Lark."""
    from lark import Lark

    return Lark(text, parser="lalr", maybe_placeholders=True, postlex=_KeepLexerTerminals(), **options)


def build(text: str) -> dict[str, Any]:
    """Return the tables of a grammar.

    rules        (name of the left side, number of symbols, plan or None, node kind or None) each
    rows         for each state: symbol → a state to shift to, or -1 - the rule to reduce by
    kept         terminals that can be children
    pattern      the master regular expression of the lexer: blanks and comments, then one named group
    words        reserved and contextual words → terminal
    contextual   terminals of contextual words
    punctuation  spellings of plain terminals → terminal
    """
    grammar = load_grammar(text)
    rules = sorted(grammar.rules, key=lambda rule: (str(rule.origin.name), rule.order, repr(rule)))
    rows, start, end = _rows(grammar.parser.parser._parse_table, {rule: number for number, rule in enumerate(rules)})
    return {
        "rules": [_rule(rule) for rule in rules],
        "rows": rows,
        "start": start,
        "end": end,
        "kept": _kept(rules),
        **_lexer(grammar.terminals, set(grammar.ignore_tokens)),
    }


def _rows(parse_table: Any, numbers: dict[Any, int]) -> tuple[list[dict[str, int]], int, int]:
    """The rows, the first and the last state. Lark numbers states differently each time; here the order is a walk's."""
    first = parse_table.start_states["start"]
    order = {first: 0}
    waiting = [first]
    rows: list[dict[str, int]] = []
    known: dict[tuple[tuple[str, int], ...], dict[str, int]] = {}  # equal rows are stored once
    for state in waiting:
        row: dict[str, int] = {}
        for symbol, (action, argument) in sorted(parse_table.states[state].items(), key=lambda entry: str(entry[0])):
            if action.name != "Shift":
                row[str(symbol)] = -1 - numbers[argument]
                continue
            if argument not in order:
                order[argument] = len(order)
                waiting.append(argument)
            row[str(symbol)] = order[argument]
        rows.append(known.setdefault(tuple(row.items()), row))
    return rows, 0, order[parse_table.end_states["start"]]


def _kept(rules: list[Any]) -> tuple[str, ...]:
    symbols = {symbol for rule in rules for symbol in rule.expansion}
    return tuple(sorted({str(symbol.name) for symbol in symbols if symbol.is_term and not symbol.filter_out}))


def _rule(rule: Any) -> tuple[str, int, tuple[int, ...] | None, str | None]:
    """Return a rule's reduction: its value from its symbols' values.

    A plan lists the children: a position, -1 for None, or EXPAND + a position. Without a plan all values are children.
    Without a kind the value is the list of children itself (Lark inlines it above); a kind that begins with "?" is
    left out for one child.
    """
    left = str(rule.origin.name)
    plan: list[int] = []
    absent = [len(run) for run in "".join(str(int(empty)) for empty in rule.options.empty_indices).split("0")]
    for position, symbol in enumerate(rule.expansion):
        if rule.options.empty_indices:
            plan.extend([-1] * absent[position])
        if symbol.is_term and symbol.filter_out and not rule.options.keep_all_tokens:
            continue
        plan.append(position + (EXPAND if not symbol.is_term and symbol.name.startswith("_") else 0))
    if rule.options.empty_indices:
        plan.extend([-1] * absent[-1])
    kind: str | None = str(rule.alias or left)
    if left.startswith("_"):
        kind = None
    elif rule.options.expand1 and not rule.alias:
        kind = f"?{kind}"
    size = len(rule.expansion)
    return left, size, None if plan == list(range(size)) else tuple(plan), kind


def _lexer(terminals: Iterable[Any], ignored: set[str]) -> dict[str, Any]:
    words: dict[str, str] = {}
    contextual: set[str] = set()
    punctuation: dict[str, str] = {}
    groups: list[tuple[int, str, str]] = []
    blanks: list[str] = []
    for terminal in sorted(terminals, key=lambda terminal: str(terminal.name)):
        name, pattern = str(terminal.name), terminal.pattern
        if pattern is None:  # declared only: comes from the look-ahead or from the modes of interpolated strings
            continue
        spelling = pattern.to_regexp()
        if name in ignored:
            blanks.append(spelling)
            continue
        spellings = [pattern.value] if pattern.type == "str" else []
        if alternatives := _WORDS.fullmatch(pattern.value):
            spellings = alternatives[1].split("|")
        if spellings and spellings[0].isalpha():
            words.update(dict.fromkeys(map(str, spellings), name))
            if terminal.priority < 0:
                contextual.add(name)
        elif spellings:
            punctuation[str(pattern.value)] = name
        else:
            groups.append((terminal.priority, name, f"(?P<{name}>{spelling})"))
    # A longer spelling of another terminal begins with a shorter one only among operators: they come first.
    longest_first = sorted(punctuation, key=lambda spelling: (-len(spelling), spelling))
    plain = "|".join(re.escape(spelling) for spelling in longest_first if len(spelling) > 1)
    single = "".join(re.escape(spelling) for spelling in longest_first if len(spelling) == 1)
    ordered = [group for _, _, group in sorted(groups, key=lambda group: (-group[0], group[1]))]
    alternatives_in_order = [*ordered[:1], f"(?P<PUNCTUATION_>{plain})", *ordered[1:], f"(?P<PUNCTUATION>[{single}])"]
    return {
        "blanks": f"(?>(?:{'|'.join(blanks)})*)",
        "pattern": f"(?>(?:{'|'.join(blanks)})*)(?:{'|'.join(alternatives_in_order)})",
        "words": words,
        "contextual": tuple(sorted(contextual)),
        "punctuation": punctuation,
    }


_HERE = os.path.dirname(os.path.abspath(__file__))
STORED: str | PathLike[str] = os.path.join(_HERE, "_tables.bin")


def grammar_path() -> str | PathLike[str]:
    """Return where the grammar is: inside the installed package, or at the top of a checkout."""
    package = os.path.dirname(os.path.dirname(_HERE))
    installed = os.path.join(package, "grammar", "csharp.lark")
    return installed if os.path.exists(installed) else os.path.join(package, "..", "..", "grammar", "csharp.lark")


@cache
def load() -> dict[str, Any]:
    """Return the tables; see `build` for what they hold."""
    grammar = _content(grammar_path())
    try:
        stored_origin, tables = marshal.loads(_content(STORED))
    except (OSError, ValueError, EOFError, TypeError):
        stored_origin, tables = None, {}
    if stored_origin != origin(grammar):
        tables = build(grammar.decode())
        with suppress(OSError):  # a read-only installation: the tables are as good in memory
            from pathlib import Path

            store(Path(STORED), grammar, tables)
    found: dict[str, Any] = tables
    return found


def _content(path: str | PathLike[str]) -> bytes:
    with open(path, "rb") as file:
        return file.read()
