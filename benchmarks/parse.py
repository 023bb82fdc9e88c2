"""Time to parse, and to parse and bind: `apimpolicy` against Lark's own parser with the same grammar and texts.

    python benchmarks/parse.py [--rounds N] [file.jsonl]

Without a file the texts come from the corpus beside the checkout. Two comparisons:

- All texts that are legal syntax. C#'s grammar needs look-ahead that no context-free lexer has, so Lark gets its tokens
  from an adapter: our tokenizer and our look-ahead, as a lexer that follows the state of Lark's parser. What is
  measured on Lark's side is `Lark.parse`: the adapter, Lark's parse loop, Lark's tree with the position of every node
  (`propagate_positions`, since our nodes have positions too). A test holds both to identical trees
  (`tests/unit/csharp/syntax/test_lark_agreement.py`). The line below it is Lark without positions, which does less than
  we do.
- The texts that Lark reads by itself, with its contextual lexer: those that need no look-ahead.

On our side stands `parse`, and `parse` followed by `bind`: names, types, overloads, conversions, constants, definite
assignment, for all the code of the text. All sides run in turns within one process, one round over all texts at a
time; a ratio is the median over the rounds of the ratio within one round. Times are processor time.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import lark
from lark.lexer import Lexer

from apimpolicy.csharp.binding import bind
from apimpolicy.csharp.syntax import tables
from apimpolicy.csharp.syntax.lexer import END, tokenize
from apimpolicy.csharp.syntax.lookahead import Lookahead, candidates
from apimpolicy.csharp.syntax.parser import parse
from apimpolicy.csharp.syntax.tables import load_grammar
from apimpolicy.errors import PolicySyntaxError
from apimpolicy.text.source import Excerpt

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Reader = Callable[[str], object]

CORPUS = Path(__file__).parents[2] / "shared" / "corpus" / "expressions.jsonl"


class SpecificationLexer(Lexer):
    """Our tokens and look-ahead for Lark's parser; what to ask in a state is remembered, as our driver does."""

    __future_interface__ = 1

    def __init__(self, _: Any) -> None:
        self.contextual = frozenset(tables.load()["contextual"])
        self.questions: dict[int, Any] = {}

    def lex(self, lexer_state: Any, parser_state: Any) -> Iterator[lark.Token]:
        tokens, _ = tokenize(lexer_state.text.text, 1)
        lookahead = Lookahead(tokens, self.contextual)
        kinds, starts, ends, text = tokens.kinds, tokens.starts, tokens.ends, tokens.text
        states, contextual, questions = parser_state.parse_conf.states, self.contextual, self.questions
        index = 0
        while (kind := kinds[index]) != END:
            width = 1
            state = parser_state.position
            asked = questions.get(state)
            if asked is None:
                asked = questions[state] = candidates(states[state], contextual)
            for terminal, question in asked.get(kind, ()):
                taken = question(lookahead, index)
                if taken >= 0:
                    kind, width = terminal, taken
                    break
            else:
                if kind in contextual:
                    kind = "NAME"
            start = starts[index]
            end = ends[index + width - 1] if width else start
            yield lark.Token(kind, text[start:end], start, None, None, None, None, end)
            index += width


def parse_and_bind(text: str) -> object:
    excerpt = Excerpt.of(text)
    return bind(parse(excerpt), excerpt)


def readable(texts: list[str], read: Reader, error: type[Exception]) -> list[str]:
    found = []
    for text in texts:
        try:
            read(text)
        except error:
            continue
        found.append(text)
    return found


def seconds(texts: list[str], read: Reader) -> float:
    start = time.process_time()
    for text in texts:
        read(text)
    return (time.process_time() - start) / len(texts)


def compare(title: str, texts: list[str], readers: dict[str, Reader], rounds: int) -> None:
    """Print the medians, and the ratios to the first reader."""
    for read in readers.values():
        seconds(texts, read)
    measured: dict[str, list[float]] = {name: [] for name in readers}
    for _ in range(rounds):
        for name, read in readers.items():
            measured[name].append(seconds(texts, read))
    print(f"{len(texts)} {title}, {sum(map(len, texts)) / len(texts):.0f} characters on average")
    first = next(iter(measured.values()))
    for name, times in measured.items():
        ratio = statistics.median(own / base for own, base in zip(times, first, strict=True))
        print(f"  {name:40}{statistics.median(times) * 1e6:8.1f} us   ratio {ratio:.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("file", nargs="?", type=Path, default=CORPUS)
    options = parser.parse_args()
    if not options.file.exists():
        sys.exit(f"no texts: {options.file} is absent")
    texts = [json.loads(line)["code"] for line in options.file.read_text("utf-8").splitlines()]
    grammar = Path(tables.grammar_path()).read_text("utf-8")
    with_positions = load_grammar(grammar, lexer=SpecificationLexer, propagate_positions=True)
    without_positions = load_grammar(grammar, lexer=SpecificationLexer)
    alone = load_grammar(grammar, propagate_positions=True)

    def read_alone(text: str) -> object:
        return alone.parse(text[1:])

    everything = readable(texts, parse, PolicySyntaxError)
    ours: dict[str, Reader] = {"apimpolicy, parsing": parse, "apimpolicy, parsing and binding": parse_and_bind}
    theirs: dict[str, Reader] = {"Lark, parsing": with_positions.parse}
    more: dict[str, Reader] = {"Lark, parsing without positions": without_positions.parse}
    compare("texts, all that are legal", everything, {**theirs, **ours, **more}, options.rounds)
    common = readable(everything, read_alone, lark.UnexpectedInput)
    compare("texts that Lark reads by itself", common, {"Lark, lexing and parsing": read_alone, **ours}, options.rounds)


if __name__ == "__main__":
    main()
