"""Lark itself is the judge of the driver: the same grammar and the same tokens must give the same trees."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import lark
import pytest
from lark.lexer import Lexer
from tests.sampling import sampled

from apimpolicy.csharp.syntax import tables
from apimpolicy.csharp.syntax.lexer import END, tokenize
from apimpolicy.csharp.syntax.lookahead import Lookahead, candidates
from apimpolicy.csharp.syntax.nodes import Node, Token
from apimpolicy.csharp.syntax.parser import parse
from apimpolicy.csharp.syntax.tables import load_grammar
from apimpolicy.errors import PolicySyntaxError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from syntax_rows import Row

ROWS = 700


class SpecificationLexer(Lexer):
    """Our tokens and look-ahead, as a lexer that follows the state of Lark's own parser."""

    __future_interface__ = 1

    def __init__(self, _: Any) -> None:
        self.contextual = frozenset(tables.load()["contextual"])

    def lex(self, lexer_state: Any, parser_state: Any) -> Iterator[lark.Token]:
        tokens, _ = tokenize(lexer_state.text.text, 1)
        lookahead = Lookahead(tokens, self.contextual)
        index = 0
        while tokens.kinds[index] != END:
            kind, width = tokens.kinds[index], 1
            row = parser_state.parse_conf.states[parser_state.position]
            for terminal, question in candidates(row, self.contextual).get(kind, ()):
                taken = question(lookahead, index)
                if taken >= 0:
                    kind, width = terminal, taken
                    break
            else:
                kind = "NAME" if kind in self.contextual else kind
            start = tokens.starts[index]
            end = tokens.ends[index + width - 1] if width else start
            yield lark.Token(kind, tokens.text[start:end])
            index += width


@pytest.fixture(scope="module")
def judge() -> lark.Lark:
    grammar: lark.Lark = load_grammar(Path(tables.grammar_path()).read_text("utf-8"), lexer=SpecificationLexer)
    return grammar


def plain(tree: Any) -> Any:
    """Both kinds of trees as nested tuples."""
    if isinstance(tree, Node):
        return (tree.kind, [plain(child) for child in tree.children])
    if isinstance(tree, lark.Tree):
        return (str(tree.data), [plain(child) for child in tree.children])
    if isinstance(tree, Token):
        return (tree.kind, tree.text)
    return tree if tree is None else (tree.type, str(tree))


def test_trees_are_lark_s(judge: lark.Lark, corpus: list[Row], conformance: list[Row]) -> None:
    compared = 0
    for row in sampled([*corpus, *conformance], ROWS):
        try:
            tree = parse(row.code)
        except PolicySyntaxError:
            continue
        assert plain(tree) == plain(judge.parse(row.code)), row.code
        compared += 1
    assert compared > 0.8 * ROWS


def test_tokens_are_lark_s(corpus: list[Row], conformance: list[Row]) -> None:
    basic = load_grammar(Path(tables.grammar_path()).read_text("utf-8"), lexer="basic")
    compared = 0
    for row in sampled([*corpus, *conformance], ROWS):
        if '$"' in row.code or '$@"' in row.code or row.error is not None:
            continue
        tokens, mistake = tokenize(row.code, 1)
        assert mistake is None
        ours = list(zip(tokens.starts, tokens.ends, tokens.kinds, strict=True))[: -tokens.kinds.count(END)]
        theirs = list(basic.lex(" " + row.code[1:]))
        assert [place[:2] for place in ours] == [(token.start_pos, token.end_pos) for token in theirs], row.code
        for (_, _, kind), token in zip(ours, theirs, strict=True):
            # Lark's basic lexer takes a word with a priority of its own for a name.
            assert kind == token.type or token.type == "NAME", row.code
        compared += 1
    assert compared > 0.5 * ROWS
