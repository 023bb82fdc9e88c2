"""How long evaluation takes, next to hand-written Python over the same objects, and next to CEL.

    python benchmarks/evaluate.py [--rounds N] [--only NAME]

For each expression of `cases.py`: microseconds of the emitted code, of the Python beside it, and the ratio of the two.
The two sides run in turns, some milliseconds each; a ratio is the median over the rounds of the ratio of one turn to
the turn beside it, so that a busy machine slows both. Times are processor time. The last line is the geometric mean of
the ratios.

The emitted code runs with everything that keeps a policy within its limits: the fuel that loops burn, the checks of
lengths and sizes. `CompiledExpression.evaluate` around it finds the environment and tells C#'s exceptions from others;
what that adds to each evaluation stands below the table.

Where CEL can say the same, the column `cel` has the time of cel-python's compiled runner (`pip install cel-python`, for
this benchmark alone; without it the column stays empty), over plain Python values converted beforehand.
"""

from __future__ import annotations

import argparse
import math
import statistics
import time
from typing import TYPE_CHECKING, Any

from cases import CASES, context

from apimpolicy.csharp.dotnet.environment import Environment, use_environment
from apimpolicy.csharp.emit.expression import compile_expression, emit

if TYPE_CHECKING:
    from collections.abc import Callable

_SHORT = 1e-6
TURN = 0.004
"""Seconds that one side runs before the other has its turn."""


def seconds(function: Callable[[Any], Any], argument: Any, calls: int) -> float:
    """The time of one call."""
    began = time.process_time()
    for _ in range(calls):
        function(argument)
    return (time.process_time() - began) / calls


def cel_runner(code: str) -> tuple[Callable[[Any], Any], Any] | None:
    """A CEL program and its values; None without cel-python."""
    try:
        import celpy
    except ModuleNotFoundError:
        return None
    from cases import CEL_VALUES

    environment = celpy.Environment(runner_class=celpy.CompiledRunner)
    program = environment.program(environment.compile(code))
    return program.evaluate, celpy.json_to_cel(CEL_VALUES)


def compare(
    ours: Callable[[Any], Any], theirs: Callable[[Any], Any], subject: Any, other: Any, rounds: int
) -> tuple[float, float, float]:
    """Medians: seconds of the one, of the other, and their ratio."""
    with use_environment(Environment()):
        first = max(1, int(TURN / min(seconds(ours, subject, 1), seconds(ours, subject, 3))))
        second = max(1, int(TURN / min(seconds(theirs, other, 1), seconds(theirs, other, 3))))
    pairs = []
    for _ in range(rounds):
        with use_environment(Environment()):
            pairs.append((seconds(ours, subject, min(first, 400_000)), seconds(theirs, other, second)))
    left, right = zip(*pairs, strict=True)
    return statistics.median(left), statistics.median(right), statistics.median(a / b for a, b in pairs)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=25)
    parser.add_argument("--only", help="cases whose name has this in it")
    options = parser.parse_args()
    subject = context()
    ratios = []
    around = []
    has_cel = True
    print(f"{'':26}{'emitted':>12}{'by hand':>12}{'ratio':>8}{'cel':>14}{'cel/emitted':>13}")
    for case in CASES:
        if options.only and options.only not in case.name:
            continue
        compiled = compile_expression(case.code)
        expected = case.by_hand(subject)
        assert compiled.evaluate(subject) == expected, case.name
        function = emit(compiled.bound)
        ours, hand, ratio = compare(function, case.by_hand, subject, subject, options.rounds)
        ratios.append(ratio)
        if ours < _SHORT:
            whole, part, _ = compare(compiled.evaluate, function, subject, subject, 3)
            around.append(whole - part)
        line = f"{case.name:26}{ours * 1e6:>9.2f} us{hand * 1e6:>9.2f} us{ratio:>8.2f}"
        if case.cel is not None and has_cel:
            found = cel_runner(case.cel)
            has_cel = found is not None
            if found is not None:
                run, values = found
                assert run(values) == expected, case.name
                _, cel, factor = compare(function, run, subject, values, max(3, options.rounds // 5))
                line += f"{cel * 1e6:>11.1f} us{1 / factor:>13.1f}"
        print(line, flush=True)
    mean = math.exp(statistics.fmean(map(math.log, ratios)))
    print(f"{'geometric mean':26}{mean:>32.2f}      median of {options.rounds} rounds, {len(ratios)} expressions")
    if around:
        print(f"`evaluate` around it adds {statistics.median(around) * 1e9:.0f} ns to each evaluation")
    if not has_cel:
        print("cel-python is not installed: no column for it")


if __name__ == "__main__":
    main()
