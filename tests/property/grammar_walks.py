"""Code by the grammar alone: sentences of `grammar/csharp.lark`, with names that exist and types that rarely fit."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lark.load_grammar import load_grammar

if TYPE_CHECKING:
    from collections.abc import Callable

GRAMMAR = Path(__file__).parents[2] / "grammar" / "csharp.lark"

WORDS: dict[str, tuple[str, ...]] = {
    "NAME": (
        "x",
        "y",
        "z",
        "a",
        "context",
        "_",
        "string_",
        "List",
        "Dictionary",
        "Func",
        "Action",
        "Enumerable",
        "DateTime",
        "Math",
        "Convert",
        "JObject",
        "Guid",
        "Exception",
        "Select",
        "Where",
        "First",
        "ToString",
        "Length",
        "Count",
        "Request",
        "Method",
        "Headers",
        "Value",
        "HasValue",
        "Item1",
        "Parse",
        "Key",
        "Add",
        "Equals",
        "DayOfWeek",
        "Friday",
        "Max",
        "Body",
        "As",
        "Variables",
        "GetValueOrDefault",
        "Regex",
        "Match",
        "Encoding",
        "Array",
        "var",
        "dynamic",
        "nameof",
        "F",
    ),
    "INTEGER_LITERAL": ("1", "0", "7", "2147483648", "1u", "1L", "0xFF", "18446744073709551615"),
    "REAL_LITERAL": ("1.5", "1m", "1f", ".5", "1e9"),
    "CHARACTER_LITERAL": ("'a'", "'\\n'"),
    "STRING_LITERAL": ('"a"', '""', '"{0}"'),
    "VERBATIM_STRING_LITERAL": ('@"b"',),
    "INTERPOLATED_START": ('$"',),
    "INTERPOLATED_TEXT": ("t", "{{"),
    "INTERPOLATION_FORMAT": (":X", ":0.0"),
    "_INTERPOLATED_END": ('"',),
    "_INTERPOLATION_LBRACE": ("{",),
    "_INTERPOLATION_RBRACE": ("}",),
    "PREDEFINED_TYPE": ("int", "string", "bool", "object", "double", "decimal", "char", "byte", "long", "void"),
    "ASSIGNMENT_OPERATOR": ("+=", "-=", "*=", "&=", "<<="),
    "EQUALITY_OPERATOR": ("==", "!="),
    "SHIFT_OPERATOR": ("<<", ">>"),
    "RELATIONAL_OPERATOR": ("<", ">", "<=", ">="),
    "INCREMENT_OPERATOR": ("++", "--"),
    "ADDITIVE_OPERATOR": ("+", "-"),
    "MULTIPLICATIVE_OPERATOR": ("*", "/", "%"),
    "ORDERING_DIRECTION": ("ascending", "descending"),
    "LABEL": ("x", "a"),
    "MEMBER_NAME": ("Length", "A", "Capacity", "Message"),
    "_CAST_LPAR": ("(",),
    "_CONDITIONAL_ACCESS": ("?",),
    "_DEFAULT_LABEL": ("default",),
    "_EXPRESSION_LT": ("<",),
    "_LAMBDA_LPAR": ("(",),
    "_NULLABLE": ("?",),
    "_THROW_EXPRESSION": ("throw",),
    "_TYPE_GT": (">",),
    "_TYPE_LT": ("<",),
    "RANK": ("[]", "[,]"),
    "UNBOUND_TYPE_ARGUMENTS": ("<>", "<,>"),
}


@cache
def _grammar() -> tuple[dict[str, list[Any]], dict[str, int], dict[str, str]]:
    """Rules by name, the least number of words of each name, and the text of the terminals that are spelled out."""
    loaded, _ = load_grammar(GRAMMAR.read_text(encoding="utf-8"), str(GRAMMAR), [], False)
    terminals, found, _ = loaded.compile(["start"], "*")
    rules: dict[str, list[Any]] = {}
    for rule in sorted(found, key=repr):
        rules.setdefault(str(rule.origin.name), []).append(rule)
    texts = {t.name: t.pattern.value for t in terminals if type(t.pattern).__name__ == "PatternStr"}
    lengths: dict[str, int] = {}
    while True:
        before = dict(lengths)
        for name, choices in rules.items():
            known = [count for rule in choices if (count := _length(rule, lengths)) is not None]
            if known:
                lengths[name] = min(known)
        if lengths == before:
            return rules, lengths, texts


def _length(rule: Any, lengths: dict[str, int]) -> int | None:
    parts = [1 if symbol.is_term else lengths.get(str(symbol.name)) for symbol in rule.expansion]
    return None if None in parts else sum(part for part in parts if part is not None)


def sentence(pick: Callable[[int], int], room: int = 70) -> str:
    """A whole policy expression that the grammar derives; after `room` steps it takes the shortest way to its end."""
    rules, lengths, texts = _grammar()
    written: list[str] = []
    left = room

    def walk(name: str) -> None:
        nonlocal left
        choices = rules[name]
        left -= 1
        if len(choices) > 1 and left <= pick(room):
            least = min(_length(rule, lengths) or 0 for rule in choices)
            choices = [rule for rule in choices if _length(rule, lengths) == least]
        rule = choices[pick(len(choices))]
        for symbol in rule.expansion:
            terminal = str(symbol.name)
            if not symbol.is_term:
                walk(terminal)
            elif not terminal.startswith("_MARK"):
                options = WORDS.get(terminal) or (texts.get(terminal, ""),)
                written.append(options[pick(len(options))])

    walk("start")
    return f"@{_joined(written)}"


def _joined(words: list[str]) -> str:
    """The words with blanks between them, except inside of a string's pieces."""
    text = ""
    inside = 0
    for word in words:
        if word.startswith("$"):
            inside += 1
        text += word if inside and not word.isalnum() else f"{word} "
        if inside and word == '"':
            inside -= 1
    return text.strip()
