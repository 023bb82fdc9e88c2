"""The generators as hypothesis strategies: programs that are right, and ones that mostly are not.

The quick profile, which runs in the suite, is the same every time. `APIMPOLICY_PROPERTY_EXAMPLES=20000` makes it a long
run: so many examples of each property, other ones each time; see the README of this folder.
"""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from csharp_statements import StatementWriter
from csharp_types import ROOTS
from grammar_walks import sentence
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from mutations import Mutator

if TYPE_CHECKING:
    from collections.abc import Callable

    from apimpolicy.csharp.dotnet.types import Type

EXAMPLES = int(os.environ.get("APIMPOLICY_PROPERTY_EXAMPLES", "0"))


def profile(quick: int) -> settings:
    """So many examples, always the same ones; or the long run that was asked for."""
    return settings(
        max_examples=EXAMPLES or quick, derandomize=not EXAMPLES, database=None, suppress_health_check=list(HealthCheck)
    )


class Program(NamedTuple):
    """A body in braces that returns a value of exactly this type; `hidden` is the same without known constants."""

    type: Type
    body: str
    hidden: str

    @property
    def code(self) -> str:
        """As a policy expression: `@(value)` where that is all there is."""
        if self.body.startswith("{ return ") and self.body.count(";") == 1:
            return f"@({self.body.removeprefix('{ return ').removesuffix('; }')})"
        return f"@{self.body}"


@cache
def _below(count: int) -> st.SearchStrategy[int]:
    return st.integers(0, count - 1)


@st.composite
def programs(draw: st.DrawFn, room: int = 10) -> Program:
    """Well-typed programs: half of them only return one expression."""
    picked: list[int] = []

    def pick(count: int) -> int:
        picked.append(draw(_below(count)))
        return picked[-1]

    made, type_ = _written(pick, room, hides_constants=False)
    again = iter(picked)
    hidden, _ = _written(lambda count: next(again), room, hides_constants=True)
    return Program(type_, made, hidden)


def _written(pick: Callable[[int], int], room: int, *, hides_constants: bool) -> tuple[str, Type]:
    writer = StatementWriter(pick, room)
    writer.hides_constants = hides_constants
    type_ = ROOTS[min(pick(len(ROOTS)), pick(len(ROOTS)))]
    if pick(2):
        return writer.body(type_, 3), type_
    return f"{{ return {writer.exactly(type_).text}; }}", type_


@st.composite
def wrong_programs(draw: st.DrawFn, room: int = 6) -> str:
    """Programs with something changed, most of which the compiler refuses."""
    first, second = draw(programs(room)), draw(programs(room))
    return Mutator(lambda count: draw(_below(count))).mutate(first.code, second.code)


@st.composite
def token_soups(draw: st.DrawFn) -> str:
    """Tokens in no order at all."""
    return Mutator(lambda count: draw(_below(count))).soup()


@st.composite
def sentences(draw: st.DrawFn) -> str:
    """What the grammar allows, whatever it may mean."""
    return sentence(lambda count: draw(_below(count)))
