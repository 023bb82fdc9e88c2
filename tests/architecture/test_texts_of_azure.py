"""The texts of Azure stand in one table: code asks for them by name, and no text stands in code a second time."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from apimpolicy.gateway.context.azure_texts import azure_entry, azure_texts

PACKAGE = Path(__file__).parents[2] / "src" / "apimpolicy"
ASKING = {"azure_text", "azure_error", "azure_entry", "refusal", "error", "InvalidValueError"}
REFUSING = {"PolicyError", "TokenRefusedError", "GraphQLRequestError", "InvalidValueError", "ValidationError"}
SETTINGS = {"status", "response", "public_message", "headers"}
SHORTEST = 12
BELOW = ("csharp/", "text/")
"""Buildings below the table: they have the words of .NET, of its compiler, and of named values."""


@cache
def trees() -> dict[str, ast.Module]:
    return {str(path.relative_to(PACKAGE)): ast.parse(path.read_text("utf-8")) for path in PACKAGE.rglob("*.py")}


def texts_in(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield the line and text of every literal but docstrings, with `{}` for the parts that are computed."""
    parts = [node for node in ast.walk(tree) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)]
    left_out = {id(node.value) for node in parts}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            left_out |= {id(part) for part in node.values}
            written = (part.value if isinstance(part, ast.Constant) else "{}" for part in node.values)
            yield node.lineno, "".join(map(str, written))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in left_out:
            yield node.lineno, node.value


def calls(names: set[str]) -> Iterator[tuple[str, str, ast.Call]]:
    """Yield the place, the name of the function, and the call."""
    for path, tree in trees().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names:
                yield f"{path}:{node.lineno}", node.func.id, node


def wanted(text: str) -> set[str]:
    return set(re.findall(r"\{(\w+)\}", text))


def test_no_text_stands_in_code() -> None:
    known = {re.sub(r"\{\w+\}", "{}", entry.text): entry for entry in azure_texts()}
    long = [text for text in known if len(text.replace("{}", "")) >= SHORTEST]
    found = [
        f"{path}:{line}: {text}"
        for path, tree in trees().items()
        if not path.startswith(BELOW)
        for line, written in texts_in(tree)
        if len(plain := re.sub(r"\{\w*\}", "{}", written)) >= SHORTEST
        for text in long
        if text in plain
    ]
    assert not found


def test_an_error_is_made_with_a_text_of_the_table() -> None:
    found = [
        place
        for place, _, call in calls(REFUSING)
        for argument in call.args
        if any(" " in text.strip() for _, text in texts_in(ast.Expression(argument)))
    ]
    assert not found


def test_every_call_names_an_entry_and_gives_its_variable_parts() -> None:
    wrong = []
    for place, function, call in calls(ASKING):
        if not call.args or not isinstance(name := call.args[0], ast.Constant):
            continue
        given = {keyword.arg for keyword in call.keywords}
        entry = azure_entry(str(name.value))
        texts = {entry.text} | (
            {azure_entry(entry.shown).text} if entry.shown and "public_message" not in given else set()
        )
        needed = set().union(*map(wanted, texts))
        if None not in given and (
            needed - given or given - needed - (SETTINGS if function == "azure_error" else set())
        ):
            wrong.append(f"{place}: {entry.name} has {needed}, the call {given}")
    assert not wrong


def test_every_entry_with_a_name_is_used() -> None:
    rooms = ("gateway/", "report/", "project/")
    literals = [text for path, tree in trees().items() if path.startswith(rooms) for _, text in texts_in(tree)]
    asked = {*literals, *(entry.shown for entry in azure_texts())}
    computed = tuple(text.removesuffix("{}") for text in literals if text.endswith("-{}"))
    unused = [entry.name for entry in azure_texts() if entry.name not in {"", *asked}]
    assert not [name for name in unused if not (computed and name.startswith(computed))]


def test_names_are_unique_and_each_is_found_without_reading_the_whole_table() -> None:
    named = [entry for entry in azure_texts() if entry.name]
    assert len({entry.name for entry in named}) == len(named)
    for entry in named:
        assert azure_entry(entry.name) == entry
    with pytest.raises(KeyError):
        azure_entry("no-such-text")
    data = tomllib.loads((PACKAGE / "gateway" / "context" / "azure_texts.toml").read_text("utf-8"))
    assert len(azure_texts()) == len(data["text"]) + sum(len(group["texts"]) for group in data["group"])


def test_a_text_that_the_caller_gets_instead_is_there() -> None:
    for entry in azure_texts():
        assert not entry.shown or azure_entry(entry.shown).kind == "response"
