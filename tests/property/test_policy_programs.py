"""Programs as people write them are accepted, and each typo in them is one error with the code and place of C#.

Laid out by `format`, and with types in place of `var`, they mean the same.

`python tests/property/test_policy_programs.py 3600` goes on for an hour, with programs that no run had before.
"""

from __future__ import annotations

import re
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest
from bound_trees import described
from csharp_types import spelled
from policy_programs import ProgramWriter, plain, wrong_programs
from running import bound_of

from apimpolicy.csharp.binding.symbols import LocalSymbol
from apimpolicy.csharp.emit.expression import check_expression
from apimpolicy.formatting import csharp
from apimpolicy.project.fixes import apply
from apimpolicy.project.format_settings import LayoutStyle
from apimpolicy.text.source import Excerpt

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apimpolicy.csharp.binding import BoundExpression

SEEDS = range(12)


def found_in(code: str) -> list[tuple[str, int]]:
    return [(diagnostic.code, diagnostic.start) for diagnostic in check_expression(Excerpt.of(code))]


@pytest.mark.parametrize("seed", SEEDS)
def test_a_typo_is_one_error_at_its_place(seed: int) -> None:
    marked = ProgramWriter(seed).write()
    assert found_in(plain(marked)) == []
    for wrong in wrong_programs(marked):
        assert found_in(wrong.code) == [(wrong.expected, wrong.place)], f"{wrong.typo}\n{wrong.code}"


def bound(code: str) -> BoundExpression:
    found = bound_of(code)
    assert found is not None
    assert not found[1].diagnostics, code
    return found[1]


def locals_of(value: Any, seen: set[int]) -> Iterator[LocalSymbol]:
    """Yield the variables of a bound tree."""
    if isinstance(value, LocalSymbol):
        yield value
    if isinstance(value, (list, tuple)):
        for each in value:
            yield from locals_of(each, seen)
    elif "binding" in type(value).__module__ and id(value) not in seen:
        seen.add(id(value))
        slots = (slot for cls in type(value).__mro__ for slot in getattr(cls, "__slots__", ()))
        for slot in slots:
            yield from locals_of(getattr(value, slot, None), seen)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_type_that_is_written_out_means_the_same_as_var(seed: int) -> None:
    code = plain(ProgramWriter(seed).write())
    before = bound(code)
    types = {each.name: spelled(each.type) for each in locals_of(before.body, set())}
    written = re.sub(r"\bvar (\w+)(?= =| in )", lambda found: f"{types[found[1]]} {found[1]}", code)
    assert written != code
    assert described(bound(written)) == described(before)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("column", [1, 60])
def test_a_layout_means_the_same(seed: int, column: int) -> None:
    code = plain(ProgramWriter(seed).write())
    formatted = apply(code, csharp.edits_of(code, column, LayoutStyle()))
    assert described(bound(formatted)) == described(bound(code))


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
