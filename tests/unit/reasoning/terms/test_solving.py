"""The solver's process: it can be killed, its limits count work, and no answer depends on earlier questions."""

from __future__ import annotations

import gc
import itertools
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("z3")

from tests.unit.reasoning.proving.test_claims import CLAIMS, static_proofs_of

from apimpolicy.reasoning.languages.language import ANY_UNIT, at_least_once, literal
from apimpolicy.reasoning.terms import solver_process
from apimpolicy.reasoning.terms import term as terms
from apimpolicy.reasoning.terms.solver_process import Solver
from apimpolicy.reasoning.terms.solver_program import MEMORY
from apimpolicy.reasoning.terms.solving import Question

if TYPE_CHECKING:
    from collections.abc import Iterator

NAMES = [name for name, row in CLAIMS.items() if "when" in row][:8]


def pigeons(count: int) -> Solver:
    """A question that takes long: so many pigeons in one hole less."""
    made = Solver()
    holes = [[made.node("bool") for _ in range(count - 1)] for _ in range(count)]
    for own in holes:
        made.add(made.node("any", *own))
    for one, other in itertools.combinations(holes, 2):
        for first, second in zip(one, other, strict=True):
            made.add(made.node("any", made.node("not", first), made.node("not", second)))
    return made


def test_a_question_that_takes_too_long_is_killed_and_the_next_one_is_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    before = Solver()
    before.add(before.node("bool"))
    assert before.check([], 1_000_000)[0] == "sat"
    monkeypatch.setattr(solver_process, "SECONDS", 0.1)
    assert pigeons(14).check([], 4_000_000_000)[0] == "unknown"
    monkeypatch.undo()
    assert before.check([], 1_000_000)[0] == "sat"


def test_a_limit_counts_work() -> None:
    assert [pigeons(10).check([], 200_000)[0] for _ in range(2)] == ["unknown"] * 2
    assert pigeons(5).check([], 40_000_000)[0] == "unsat"


def test_the_process_has_bounded_memory() -> None:
    resource = pytest.importorskip("resource")
    code = "from apimpolicy.reasoning.terms.solver_program import *; import resource; limit_memory(); "
    code += "print(resource.getrlimit(resource.RLIMIT_AS)[0], resource.getrlimit(resource.RLIMIT_CORE)[0])"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True).stdout
    most = resource.getrlimit(resource.RLIMIT_AS)[1]
    assert said.split() == [str(MEMORY if most < 0 else min(MEMORY, most)), "0"]


def test_a_failed_assertion_proves_nothing() -> None:
    made = Solver()
    made.add(made.node("truth", False))
    made.add(made.node("at-most", 0, 0))
    assert made.check([], 1_000_000)[0] == "unknown"


def test_the_process_keeps_the_questions_that_were_used_last() -> None:
    solver_process.stop()
    made = [Solver() for _ in range(solver_process.MOST_LIVE + 2)]
    for each in made:
        each.add(each.node("bool"))
    order = [*range(solver_process.MOST_LIVE), 0, *range(solver_process.MOST_LIVE, len(made))]
    for number in order:
        assert made[number].check([], 1_000_000)[0] == "sat"
    kept = [made[number]._number for number in (0, *range(3, len(made)))]
    assert sorted(kept) == sorted(solver_process._live)
    for each in made:  # those that were forgotten are told again
        each.add(each.node("truth", False))
        assert each.check([], 1_000_000)[0] == "unsat"


def test_words_of_texts_that_make_another_fit_together() -> None:
    whole, first, rest = (terms.variable(name, terms.TEXT) for name in ("whole", "first", "rest"))
    is_made_of = terms.same(whole, terms.joined(first, terms.text(","), rest))
    wanted = terms.all_of(is_made_of, terms.member(first, literal("user")), terms.member(rest, at_least_once(ANY_UNIT)))
    found = Question(wanted, lambda _: ()).ask(rounds=1)
    assert found.model is not None
    assert found.model.values[whole] == f"user,{found.model.values[rest]}"


def answers(names: list[str], alive: list[Any]) -> Iterator[tuple[str, Any]]:
    """Decide claims one after another, and return what came of each; all proofs stay alive."""
    for name in names:
        deciding = static_proofs_of(CLAIMS[name])
        alive.append(deciding)
        model = next(iter(deciding.inquiry(0).models()), None)
        values = (
            []
            if model is None
            else [(term.kind, str(term.parts[0]), value) for term, value in model.values.items() if term.kind == "var"]
        )
        yield name, (deciding.decide(0), deciding.decide_under_assumptions(0), values)


def test_no_answer_depends_on_earlier_questions() -> None:
    gc.freeze()  # the collector looks at new objects only
    alive: list[Any] = []
    first = dict(answers(NAMES, alive))
    second = dict(answers(NAMES[::-1], alive))
    assert first == second
    alive.clear()
    gc.collect()
    solver_process.stop()
    assert dict(answers(NAMES[::2], alive)) == {name: first[name] for name in NAMES[::2]}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system can't fork")
def test_a_forked_process_has_a_solver_of_its_own() -> None:
    made = Solver()
    made.add(made.node("bool"))
    assert made.check([], 1_000_000)[0] == "sat"
    child = os.fork()
    if child == 0:
        os._exit(0 if made.check([], 1_000_000)[0] == "sat" else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert made.check([], 1_000_000)[0] == "sat"
