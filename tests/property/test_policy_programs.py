"""Programs as people write them are accepted, and each typo in them is one error with the code and place of C#.

`python tests/property/test_policy_programs.py 3600` goes on for an hour, with programs that no run had before.
"""

from __future__ import annotations

import sys
import time

import pytest
from policy_programs import ProgramWriter, plain, wrong_programs

from apimpolicy.csharp.emit.expression import check_expression
from apimpolicy.text.source import Excerpt

SEEDS = range(12)


def found_in(code: str) -> list[tuple[str, int]]:
    return [(diagnostic.code, diagnostic.start) for diagnostic in check_expression(Excerpt.of(code))]


@pytest.mark.parametrize("seed", SEEDS)
def test_a_typo_is_one_error_at_its_place(seed: int) -> None:
    marked = ProgramWriter(seed).write()
    assert found_in(plain(marked)) == []
    for wrong in wrong_programs(marked):
        assert found_in(wrong.code) == [(wrong.expected, wrong.place)], f"{wrong.typo}\n{wrong.code}"


def run_for(seconds: float) -> None:
    """Say what differs, as long as there is time."""
    seed = first = int(time.time())
    count = 0
    while time.time() - first < seconds:
        marked = ProgramWriter(seed).write()
        if found := found_in(plain(marked)):
            print(f"seed {seed}: a legal program has {found}\n{plain(marked)}", flush=True)
        for wrong in wrong_programs(marked) if not found else ():
            count += 1
            if (found := found_in(wrong.code)) != [(wrong.expected, wrong.place)]:
                print(f"seed {seed}: {wrong.typo}: {wrong.expected} at {wrong.place} expected, got {found}", flush=True)
        seed += 1
    print(f"{seed - first} programs, {count} typos", flush=True)


if __name__ == "__main__":
    run_for(float(sys.argv[1]))
