"""Time per parse, and per parse and bind: `apimpolicy` against Lark's own parser with the same grammar and texts.

    python benchmarks/parse.py [file.jsonl]

Without an argument the texts come from the corpus beside the checkout. Lark gets its tokens from its contextual lexer
and therefore reads only the texts that need no look-ahead; the ratios count exactly these. The last lines are our times
over all texts.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import lark

from apimpolicy.binding import bind
from apimpolicy.errors import PolicySyntaxError
from apimpolicy.syntax import tables
from apimpolicy.syntax.parser import parse
from apimpolicy.syntax.table_builder import load_grammar
from apimpolicy.text.source import Excerpt

if TYPE_CHECKING:
    from collections.abc import Callable

CORPUS = Path(__file__).parents[2] / "shared" / "corpus" / "expressions.jsonl"


def parse_and_bind(text: str) -> object:
    excerpt = Excerpt.of(text)
    return bind(parse(excerpt), excerpt)


def readable(texts: list[str], read: Callable[[str], object], error: type[Exception]) -> list[str]:
    found = []
    for text in texts:
        try:
            read(text)
        except error:
            continue
        found.append(text)
    return found


def microseconds(texts: list[str], read: Callable[[str], object], rounds: int = 5) -> float:
    """The best time per text."""
    best = float("inf")
    for _ in range(rounds):
        start = time.perf_counter()
        for text in texts:
            read(text)
        best = min(best, time.perf_counter() - start)
    return best / len(texts) * 1e6


def main() -> None:
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else CORPUS
    if not path.exists():
        sys.exit(f"no texts: {path} is absent")
    texts = [json.loads(line)["code"] for line in path.read_text("utf-8").splitlines()]
    grammar: lark.Lark = load_grammar(tables.grammar_path().read_text("utf-8"), propagate_positions=True)

    def read_with_lark(text: str) -> object:
        return grammar.parse(text[1:])

    everything = readable(texts, parse, PolicySyntaxError)
    common = readable(everything, read_with_lark, lark.UnexpectedInput)
    ours, theirs = microseconds(common, parse), microseconds(common, read_with_lark)
    compiled = microseconds(common, parse_and_bind)
    length = sum(map(len, common)) / len(common)
    print(f"{len(common)} texts that both read, {length:.0f} characters on average")
    print(f"  lark        {theirs:8.1f} µs")
    print(f"  apimpolicy  {ours:8.1f} µs   ratio {ours / theirs:.2f}   parsing alone")
    print(f"  apimpolicy  {compiled:8.1f} µs   ratio {compiled / theirs:.2f}   parsing and binding")
    length = sum(map(len, everything)) / len(everything)
    print(f"all {len(everything)} texts, {length:.0f} characters on average")
    print(f"  apimpolicy  {microseconds(everything, parse):8.1f} µs   parsing alone")
    print(f"  apimpolicy  {microseconds(everything, parse_and_bind):8.1f} µs   parsing and binding")


if __name__ == "__main__":
    main()
