r"""How much terms say: programs of each kind and operators of each type, against `unknown_outcomes.txt`.

A term never says anything else than a program does. The table has the programs of which terms leave some outcomes open,
and how many of them, so that no form becomes less exact, or vanishes, unnoticed.

PYTHONPATH=.:tests/unit/reasoning/semantics \
    python tests/unit/reasoning/semantics/test_exact_programs.py        writes the table
"""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

pytest.importorskip("z3")

from test_semantic_forms import FORMS, compare, written
from tests.sampling import sampled

from apimpolicy import compile_expression
from apimpolicy.errors import ApimPolicyError

TABLE = Path(__file__).with_name("unknown_outcomes.txt")
ROUNDS = 12
PROGRAMS = Path(__file__).with_name("programs.txt").read_text("utf-8").splitlines()
NUMBERS = ("int", "long", "uint", "ulong", "byte", "sbyte", "short", "ushort", "char")
READ = {**{each: f"{each}.Parse(S)" for each in NUMBERS}, "char": "(S + 'a')[0]", "long": "(long)S.Length - 2"}
BINARY = ("+", "-", "*", "/", "%", "&", "|", "^", "<<", ">>", "==", "!=", "<", "<=", ">", ">=")
BOUNDS = {
    **dict.fromkeys(NUMBERS, ("0", "1", "2")),
    **{each: ("0", "1", "-1", f"{each}.MaxValue", f"{each}.MinValue") for each in ("int", "long", "sbyte", "short")},
    **{each: ("0", f"{each}.MaxValue", "2") for each in ("uint", "ulong", "byte", "ushort")},
    "char": ("'a'", "'\\0'", "1"),
}
TRUTHS = ('(S == "k")', "(T.Length > 1)", "true", "false")
MAYBE = (
    '(S == "" ? (bool?)null : S == "k")',
    '(T == "k" ? (bool?)null : T == "")',
    "(bool?)null",
    "(bool?)true",
    "false",
)
MAYBE_NUMBERS = ('(S == "" ? (int?)null : S.Length)', "(int?)null", "(int?)1", "2")


def operators() -> list[str]:
    """Return operators of each type with bounds, lifted ones, and conversions between all types."""
    found = []
    for type_, operator in itertools.product(NUMBERS, BINARY):
        found += [f"({READ[type_]}) {operator} {bound}" for bound in BOUNDS[type_]]
        found.append(f"{BOUNDS[type_][0]} {operator} ({READ[type_]})")
    found += [
        f"{one} {operator} {other}"
        for one, other in itertools.product(TRUTHS, repeat=2)
        for operator in ("&", "|", "^", "&&", "||", "==", "!=")
    ]
    found += [
        f"({one} {operator} {other})"
        for one, other in itertools.product(MAYBE, repeat=2)
        for operator in ("&", "|", "==", "!=")
    ]
    found += [
        f"({one} {operator} {other})"
        for one, other in itertools.product(MAYBE_NUMBERS, repeat=2)
        for operator in ("+", "/", "<", "==")
    ]
    found += [
        f"{check}(({target})({READ[source]}))"
        for source, target in itertools.permutations(NUMBERS, 2)
        for check in ("checked", "unchecked")
    ]
    found += [f"{operator}({READ[type_]})" for type_ in NUMBERS for operator in ("-", "~", "+")]
    found += [
        f"checked(({READ[type_]}) {operator} {bound})"
        for type_ in NUMBERS[:4]
        for operator in "+-*"
        for bound in BOUNDS[type_]
    ]
    found += [
        f"{{ {type_} n = {READ[type_]}; {change}; return n; }}"
        for type_ in NUMBERS
        for change in ("n++", "--n", "n += 1", "n <<= 1")
    ]
    return [code for code in found if _is_legal(code)]


def _is_legal(code: str) -> bool:
    try:
        return compile_expression(written(code)) is not None
    except ApimPolicyError:
        return False


def unknown_of(code: str) -> int:
    """Return how many outcomes the term of a program leaves open; checks the others."""
    found = compare(code, rounds=ROUNDS)
    assert not found.wrong, found.wrong
    return found.unknown


def table() -> dict[str, int]:
    rows = (row.partition(" ") for row in TABLE.read_text("utf-8").splitlines())
    return {code: int(count) for count, _, code in rows}


OPERATORS = operators()


@pytest.mark.parametrize("code", [*PROGRAMS, *FORMS])
def test_terms_of_programs_are_as_exact_as_the_table_says(code: str) -> None:
    assert unknown_of(code) == table().get(code, 0)


@pytest.mark.parametrize("first", range(16))
def test_terms_of_operators_are_as_exact_as_the_table_says(first: int) -> None:
    known = table()
    for code in sampled(OPERATORS[first::16], 25):
        assert unknown_of(code) == known.get(code, 0), code


if __name__ == "__main__":
    counts = {code: unknown_of(code) for code in (*PROGRAMS, *FORMS, *OPERATORS)}
    TABLE.write_text("".join(f"{count} {code}\n" for code, count in counts.items() if count), "utf-8")
