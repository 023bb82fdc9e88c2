"""Forms agree with the implementation: each term, under the values of a run, against the run's result."""

from __future__ import annotations

import html
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("z3")

from apimpolicy.concolic import forms, inverses
from apimpolicy.concolic.harness import Harness
from apimpolicy.concolic.inputs import Inputs
from apimpolicy.concolic.origins import COPIED, HAS_ITEM, IS_AMONG, ITEM, OUTPUT, THROWS
from apimpolicy.concolic.replayer import PARTS
from apimpolicy.dotnet.metadata import all_definitions
from apimpolicy.scenarios.assignments import CLOCK
from apimpolicy.scenarios.bounds import Bounds

if TYPE_CHECKING:
    from apimpolicy.concolic.values import ConcolicValue

LINES = (Path(__file__).parent / "expressions.txt").read_text(encoding="utf-8").splitlines()
EXPRESSIONS = [line for line in LINES if line and not line.startswith("#")]
TEXTS = st.sampled_from(["abc", "ABC", "", "x", "a,b", ",", "abc,x", "b", "a b", "cbcb", "aab", "&%+", "abc,", "1"])
NUMBERS = st.sampled_from(["0", "7", "12", "-3", "999999999", "007"])
EXAMPLES = settings(max_examples=4, deadline=None, derandomize=True, database=None)


def policy_of(expression: str) -> str:
    return f'<policies><inbound><set-variable name="seen" value="@({html.escape(expression)})" /></inbound></policies>'


@st.composite
def assignments(draw: st.DrawFn) -> dict[Any, Any]:
    """Values for all that the expressions ask for."""
    found: dict[Any, Any] = {
        ("header", "n", "there"): True,
        ("header", "n"): draw(NUMBERS),
        ("header", "q", "there"): draw(st.booleans()),
        ("header", "q"): draw(TEXTS),
        ("path",): draw(st.sampled_from(["/", "/a/b", "/b"])),
        ("method",): draw(st.sampled_from(["GET", "POST"])),
        ("query", "q", "there"): draw(st.booleans()),
        ("query", "q"): draw(TEXTS),
        ("body", "there"): True,
        ("body", "json"): True,
        ("body", "tree", ".x", "there"): draw(st.booleans()),
        ("clock",): draw(st.sampled_from([1767225600, 1780272000, 1780300799, 1798761599, 1582934400])),
        ("groups", "length"): draw(st.integers(0, 2)),
        ("api", "version", "there"): draw(st.booleans()),
        ("user", "email", "there"): draw(st.booleans()),
    }
    for name in ("a", "b"):
        found |= {("header", name, "there"): True, ("header", name): draw(TEXTS)}
    for name in ("user", "product", "subscription"):
        found[name, "there"] = draw(st.booleans())
    kinds = {"s": 1, "n": 2, "t": 3, "j": 4, "i": 2, "b": 3, "v": 1}
    for name, kind in kinds.items():
        there = name in "sntj" or draw(st.booleans())
        found |= {("variable", name, "there"): there, ("variable", name, "kind"): kind}
        found |= {("variable", name, "text"): draw(TEXTS), ("variable", name, "number"): draw(st.integers(-5, 5))}
        found[("variable", name, "truth")] = draw(st.booleans())
    tree = {"a": 1, "i": 2, "b": 3, "l": 5, "o": 4}
    for name, kind in tree.items():
        key = ("variable", "j", f".{name}")
        found |= {(*key, "there"): draw(st.booleans()), (*key, "kind"): draw(st.sampled_from([kind, kind, 0, 2]))}
        found |= {(*key, "text"): draw(TEXTS), (*key, "length"): draw(st.integers(0, 2))}
    return found


def is_right(concolic: ConcolicValue, inputs: Inputs, assignment: dict[Any, Any], value: Any) -> bool:
    """Whether the meaning is what it was."""
    if concolic.null is not None:
        is_null = inputs.value(concolic.null, assignment)
        if is_null is not (value is None):
            return False
        if is_null:
            return True
    if concolic.term is None or value is None:
        return True
    meant = inputs.value(concolic.term, assignment)
    return meant is None or meant == (int(value) if isinstance(value, int) and not isinstance(value, bool) else value)


def follow(expression: str, assignment: dict[Any, Any]) -> tuple[Any, ConcolicValue | None, Any, Inputs]:
    """A run: what is known of the way, what the expression means, and what it came to."""
    harness = harnesses.get(expression)
    if harness is None:
        harness = harnesses[expression] = Harness(policy_of(expression))
    inputs = Inputs(Bounds())
    run = harness.run(inputs, assignment)
    assert run.result is not None, run.problem
    return run, run.tracer.state.variables.get("seen"), run.result.exchange.variables.get("seen"), inputs


harnesses: dict[str, Harness] = {}


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_a_form_agrees_with_the_implementation(expression: str) -> None:
    @EXAMPLES
    @given(assignments())
    def check(assignment: dict[Any, Any]) -> None:
        run, meant, value, inputs = follow(expression, assignment)
        assert not run.path.mispredicted, [str(each.unsupported) for each in run.path.mispredicted]
        if meant is not None:
            assert is_right(meant, inputs, run.path.assignment, value), (meant, value)

    check()


def test_every_form_is_of_a_member_that_there_is() -> None:
    forms.load()
    known = {(each.declaring.name, each.signature) for type_ in all_definitions() for each in type_.all_members()}
    assert [key for key in forms.FORMS if key not in known] == []


def test_every_inverse_is_of_something_that_there_is() -> None:
    members = {f"{each.declaring.name}.{each.name}" for type_ in all_definitions() for each in type_.all_members()}
    made = {f"new {type_.name}" for type_ in all_definitions()}
    there = members | made | {kind.__name__ for kind in PARTS} | set(_OPERATIONS)
    names = {name.removeprefix(THROWS).removeprefix(OUTPUT) for name in inverses.known()}
    assert sorted(names - there) == []


_OPERATIONS = (
    *("==", "!=", "<", "<=", ">", ">=", "+", "-", "*", "/", "%", "|", "&", "^", "unary !", "unary -"),
    *("is null", CLOCK, ITEM, HAS_ITEM, IS_AMONG, COPIED),
)
