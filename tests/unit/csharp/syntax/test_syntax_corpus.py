"""Real expressions and the real compiler's verdicts."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from tests.tree_printer import print_tree

from apimpolicy.csharp.syntax.parser import parse
from apimpolicy.errors import PolicySyntaxError

if TYPE_CHECKING:
    import pytest
    from syntax_rows import Row

    from apimpolicy.diagnostics import Diagnostic

SYNTAX_CODES = """
    CS0150 CS0230 CS0443 CS0594 CS0650 CS0742 CS1001 CS1002 CS1003 CS1009 CS1010 CS1011 CS1012 CS1013 CS1021 CS1022
    CS1026 CS1031 CS1035 CS1039 CS1040 CS1056 CS1513 CS1514 CS1524 CS1525 CS1526 CS1586 CS1733 CS8076 CS8086 CS8124
    CS8077 CS8641"""
"""What the compiler's lexer and parser report. CS0150 is the binder's too."""

LEFT_TO_THE_BINDER = ("target-typed conditional expression", "stackalloc in nested expressions")
"""Newer than C# 7.3, and nothing that the grammar could refuse."""

PARSED_IN_TYPES = "nullable reference types"
"""Newer than C# 7.3: `value!` does not parse, `string?` does, and the binder refuses it."""


def first_diagnostic(code: str) -> Diagnostic | None:
    try:
        parse(code)
    except PolicySyntaxError as error:
        return error.diagnostics[0]
    return None


def test_every_corpus_expression_that_compiles_parses(corpus: list[Row]) -> None:
    compiling = [row.code for row in corpus if row.error is None]
    assert len(compiling) >= 1481
    assert [code for code in compiling if first_diagnostic(code)] == []


def test_every_conformance_expression_without_a_syntax_error_parses(conformance: list[Row]) -> None:
    readable = [row.code for row in conformance if row.error is None or must_parse(row.error)]
    assert len(readable) > 3300
    assert [code for code in readable if first_diagnostic(code)] == []


def is_syntactic(error: dict[str, str]) -> bool:
    if error["code"] == "CS8370":
        return not any(words in error["message"] for words in (*LEFT_TO_THE_BINDER, PARSED_IN_TYPES))
    return error["code"] in SYNTAX_CODES.split()


def must_parse(error: dict[str, str]) -> bool:
    return not is_syntactic(error) and PARSED_IN_TYPES not in error["message"]


def may_parse(error: dict[str, str]) -> bool:
    """Return whether an error of the compiler may be one of the binder here, as constructs of newer C# are."""
    return not is_syntactic(error) or error["code"] in ("CS0150", "CS8370")


def test_syntax_errors_are_reported_as_the_compiler_does(
    corpus: list[Row], conformance: list[Row], capsys: pytest.CaptureFixture[str]
) -> None:
    found: Counter[str] = Counter()
    codes: Counter[str] = Counter()
    elsewhere = []
    for row in [*corpus, *conformance]:
        if row.error is None:
            continue
        diagnostic = first_diagnostic(row.code)
        if diagnostic is None:
            if not may_parse(row.error):
                elsewhere.append(("accepted", row))
            continue
        wanted = row.error["code"]
        same = diagnostic.code == wanted
        codes[f"{wanted} {'agrees' if same else 'differs: ' + diagnostic.code}"] += 1
        found["rows"] += 1
        found["code"] += same
        found["column"] += diagnostic.position == (row.error["line"], row.error["column"])
        if diagnostic.position.line != row.error["line"]:
            elsewhere.append(("line", row))
    with capsys.disabled():
        print(f"\nsyntax errors: {dict(found)}")
        print("\n".join(f"  {code}: {count}" for code, count in sorted(codes.items())))
    assert elsewhere == []
    assert found["rows"] >= 135
    assert found["code"] / found["rows"] > 0.97
    assert found["column"] / found["rows"] > 0.97


def test_printing_and_parsing_again_gives_an_equal_tree(corpus: list[Row], conformance: list[Row]) -> None:
    different = []
    for row in [*corpus, *conformance]:
        if first_diagnostic(row.code):
            continue
        tree = parse(row.code)
        if repr(parse(print_tree(tree))) != repr(tree):
            different.append(row.code)
    assert different == []


def test_positions_nest_and_tokens_are_the_text(corpus: list[Row]) -> None:
    for row in corpus:
        if first_diagnostic(row.code):
            continue
        for node in parse(row.code).walk():
            assert 0 < node.start <= node.end <= len(row.code)
            place = node.start
            for child in node.children:
                if child is not None:
                    assert place <= child.start <= child.end <= node.end, (row.code, node)
                    place = child.end
                    if not hasattr(child, "children"):
                        assert row.code[child.start : child.end] == child.text
