"""How often completion offers the name that the author wrote: `python -m benchmarks.completion [COUNT] [SEED]`.

For identifiers of the corpus the code is cut before the name, and the list is compared with it. `whole`: what stands
before is as it was; `broken`: an earlier statement has lost a token, or an unfinished statement stands before.
"""

from __future__ import annotations

import json
import random
import statistics
import sys
import time
from collections import Counter, defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

from apimpolicy.csharp.binding import bind
from apimpolicy.csharp.syntax.lexer import PADDING, tokenize
from apimpolicy.csharp.syntax.nodes import Token
from apimpolicy.csharp.syntax.parser import parse
from apimpolicy.editor.expression_completion import ExpressionCompletion, complete
from apimpolicy.editor.members import keywords
from apimpolicy.errors import PolicySyntaxError
from apimpolicy.text.source import Excerpt

if TYPE_CHECKING:
    from collections.abc import Iterator

CORPUS = Path(__file__).parents[2] / "shared" / "corpus" / "expressions.jsonl"

ROLES = {
    "member_access": "member",
    "conditional_member_access": "member",
    "identifier": "name",
    "named_type": "type",
    "member_initializer": "initializer",
    "argument": "argument name",
}
UNFINISHED = ("var q1 = context.Request.", "if (context.", "context.Trace(", "var q2 = ", "q3", "foreach (var q4 in ")


def expressions() -> list[str]:
    """The expressions that the C# compiler accepts."""
    rows = map(json.loads, CORPUS.read_text(encoding="utf-8").splitlines())
    return [row["code"] for row in rows if row["compiles"] and is_legal(row["code"])]


def is_legal(code: str) -> bool:
    try:
        return not bind(parse(code), Excerpt.of(code)).diagnostics
    except PolicySyntaxError:
        return False


def positions(code: str) -> Iterator[tuple[int, str, str]]:
    """Where each name stands that could be completed, the name, and what it is."""
    for node in parse(code).walk():
        role = ROLES.get(node.kind)
        if role is None:
            continue
        names = [child for child in node.children if isinstance(child, Token) and child.kind in ("NAME", "MEMBER_NAME")]
        for token in names[:1]:
            if token.text and token.text != "var":
                yield token.start, token.text.lstrip("@"), role


def without_one(rng: random.Random, code: str, start: int, every: bool) -> str | None:
    """The code before a name, with a token of an earlier statement gone; None when there is no earlier statement."""
    tokens, _ = tokenize(code[:start], 1)
    kinds = tokens.kinds[:-PADDING]
    ends = [i for i in range(1, len(kinds)) if kinds[i] == "SEMICOLON"]
    closing = [i for i in ends if i] + [i for i in range(1, len(kinds) - 1) if kinds[i] == "RPAR" and i + 1 in ends]
    choice = list(range(2, ends[-1] + 1)) if every and ends else closing
    if not choice:
        return None
    gone = rng.choice(choice)
    return code[: tokens.starts[gone]] + " " + code[tokens.ends[gone] : start]


def with_unfinished(rng: random.Random, code: str, start: int) -> str | None:
    """The code before a name, with an unfinished statement after an earlier one."""
    tokens, _ = tokenize(code[:start], 1)
    ends = [i for i, kind in enumerate(tokens.kinds[:-PADDING]) if kind == "SEMICOLON"]
    if not ends:
        return None
    at = tokens.ends[rng.choice(ends)]
    return f"{code[:at]}\n{rng.choice(UNFINISHED)}\n{code[at:start]}"


class Figures:
    """What came of one kind of question."""

    def __init__(self) -> None:
        self.count: Counter[str] = Counter()
        self.times: list[float] = []
        self.lost: list[tuple[str, str, str]] = []

    def ask(self, code: str, caret: int, name: str, role: str) -> None:
        begin = time.process_time()
        found = complete(code, caret)
        self.times.append(time.process_time() - begin)
        self.add(found, name, role, code[max(0, caret - 90) : caret])

    def add(self, found: ExpressionCompletion, name: str, role: str, before: str) -> None:
        labels = [item.label for item in found.items]
        is_offered = name in labels
        self.count["asked"] += 1
        self.count["offered"] += is_offered
        self.count[f"{role}s"] += 1
        self.count[f"{role}s offered"] += is_offered
        if role == "member":
            self.count["ranked"] += 1
            for letters in range(3):
                fitting = [label for label in labels if label.lower().startswith(name[:letters].lower())]
                self.count[f"first five after {letters}"] += name in fitting[:5]
        if not is_offered:
            self.lost.append((role, before.replace("\n", " "), name))

    def show(self, title: str) -> None:
        count = self.count
        asked = count["asked"]
        if not asked:
            return
        ordered = sorted(self.times)
        print(f"{title}: {count['offered'] / asked:.2%} of {asked} offered", end="; ")
        for role in dict.fromkeys(ROLES.values()):
            if count[f"{role}s"]:
                print(f"{role}s {count[f'{role}s offered'] / count[f'{role}s']:.2%}", end=" ")
        print()
        if count["ranked"]:
            shares = [f"{count[f'first five after {n}'] / count['ranked']:.1%} after {n}" for n in range(3)]
            print(f"   members among the first five: {', '.join(shares)} letters")
        p95 = ordered[int(len(ordered) * 0.95)] * 1e3
        times = f"{statistics.median(ordered) * 1e3:.1f} ms median, {p95:.1f} ms p95, {ordered[-1] * 1e3:.0f} ms most"
        print(f"   {times}, of processor time")


def measure(count: int, seed: int) -> dict[str, Figures]:
    rng = random.Random(seed)
    every = [(code, *place) for code in expressions() for place in positions(code)]
    rng.shuffle(every)
    figures: dict[str, Figures] = defaultdict(Figures)
    for code, start, *_ in every[:200]:
        complete(code, start)
    for code, start, name, role in every[:count]:
        figures["whole"].ask(code, start, name, role)
    for code, start, name, role in every[: count // 2]:
        broken: dict[str, str | None] = {
            "an earlier end lost": without_one(rng, code, start, False),
            "any token of an earlier statement lost": without_one(rng, code, start, True),
            "an unfinished statement before": with_unfinished(rng, code, start),
        }
        for title, text in broken.items():
            if text is not None:
                figures[title].ask(text + code[start:], len(text), name, role)
    return figures


def measure_words(count: int, seed: int) -> dict[str, tuple[int, int]]:
    """How many words are among the first five after their first letter, and of how many: keywords and identifiers."""
    rng = random.Random(seed)
    every = [(code, *word) for code in expressions() for word in _words(code)]
    rng.shuffle(every)
    found: Counter[str] = Counter()
    asked: Counter[str] = Counter()
    for kind in ("keywords", "identifiers"):
        for code, start, word, _ in [row for row in every if row[3] == kind][:count]:
            items = complete(code[: start + 1] + code[start + len(word) :], start + 1).items
            asked[kind] += 1
            found[kind] += word in [item.label for item in items if item.label.startswith(word[0])][:5]
    return {kind: (found[kind], asked[kind]) for kind in asked}


def _words(code: str) -> Iterator[tuple[int, str, str]]:
    """Where words stand, the word, and whether it is a keyword; a name that is declared there is no question."""
    used = {start for start, *_ in positions(code)}
    tokens, _ = tokenize(code, 1)
    for index, kind in enumerate(tokens.kinds[:-PADDING]):
        start, word = tokens.starts[index], tokens.spelling(index)
        if start in used and kind == "NAME":
            yield start, word, "identifiers"
        elif word.isalpha() and kind not in ("NAME", "PREDEFINED_TYPE") and word in keywords():
            yield start, word, "keywords"


def main(arguments: list[str]) -> None:
    if not CORPUS.exists():
        print(f"There is no corpus at {CORPUS}.")
        return
    count = int(arguments[0]) if arguments else 3000
    seed = int(arguments[1]) if len(arguments) > 1 else 1
    for kind, (first, asked) in measure_words(count, seed).items():
        print(f"{kind}: {first / asked:.1%} of {asked} among the first five after 1 letter")
    for title, found in measure(count, seed).items():
        found.show(title)
        if "--lost" in arguments:
            for row in found.lost[:25]:
                print("     ", row)


if __name__ == "__main__":
    main(sys.argv[1:])
