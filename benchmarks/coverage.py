"""What coverage of policies costs.

    python benchmarks/coverage.py [--rounds N]

Three questions, each with two sides that run in turns, some milliseconds each; a ratio is the median over the rounds of
the ratio of one turn to the turn beside it:

- requests: one gateway, one request again and again: coverage against none, both with `tracing=True`
- tracing: the same requests with `tracing=True` against `tracing=False`, without coverage
- cases: a whole test file, read and run, as `apimpolicy test` does it: `--coverage` against none
"""

from __future__ import annotations

import argparse
import gc
import statistics
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from apimpolicy.gateway.engine.gateway import Gateway
from apimpolicy.testing.case_files import load_case_file
from apimpolicy.testing.coverage import PolicyCoverage
from apimpolicy.testing.running import run_case

if TYPE_CHECKING:
    from collections.abc import Callable

POLICIES = {
    "small": """
<policies><inbound><base /><choose>
  <when condition="@(context.Request.Headers.GetValueOrDefault("X", "") == "" || context.Request.Method == "POST")">
    <set-header name="A" exists-action="override"><value>@(context.Request.Url.Path ?? "none")</value></set-header>
  </when>
  <otherwise><set-variable name="v" value="@(context.Request.Url.Query.Count)" /></otherwise>
</choose></inbound><backend><base /></backend></policies>""",
    "conditions": "<policies><inbound><base />"
    + "".join(
        f'<set-variable name="v{number}" value="@(context.Request.Method == "GET"'
        f' && (context.User?.Email ?? "") != "{number}"'
        f' ? context.Request.Headers.Count > {number} || context.Request.Url.Path.Length > 3 : false)" />'
        for number in range(30)
    )
    + "</inbound></policies>",
    "loop": """
<policies><inbound><base /><set-variable name="v" value="@{
    var n = 0;
    for (var i = 0; i < 1000; i++) { if (i % 3 == 0 && i > 10) { n += i; } }
    return n;
}" /></inbound></policies>""",
}
CASES = """
policy: p.xml
cases:
  - {name: a get, request: {get: /a}, expect: {status: 200}}
  - {name: a post, request: {post: /a}, expect: {status: 200}}
  - {name: with a header, request: {get: /a, headers: {X: y}}, expect: {status: 200}}
"""
TURN = 0.03
"""Seconds that one side runs before the other has its turn."""


def covered(action: Callable[[], object], collector: PolicyCoverage | None = None) -> Callable[[int], None]:
    """The action so many times, with a collector looking on; with a new one each time when none is given."""

    def run(times: int) -> None:
        with collector or PolicyCoverage() as coverage, coverage.test("a test"):
            for _ in range(times):
                action()

    return run


def plain(action: Callable[[], object]) -> Callable[[int], None]:
    """The action so many times."""

    def run(times: int) -> None:
        for _ in range(times):
            action()

    return run


def seconds(side: Callable[[int], None], times: int) -> float:
    """The time of one call."""
    began = time.perf_counter()
    side(times)
    return (time.perf_counter() - began) / times


def compare(first: Callable[[int], None], second: Callable[[int], None], rounds: int) -> tuple[float, float, float]:
    """Medians: seconds of the one, of the other, and their ratio."""
    for side in (first, second):
        side(20)
    gc.collect()
    gc.freeze()  # what earlier rows left behind is not walked over again and again
    times = [max(5, int(TURN / min(seconds(side, 5), seconds(side, 5)))) for side in (first, second)]
    pairs = [(seconds(first, times[0]), seconds(second, times[1])) for _ in range(rounds)]
    left, right = zip(*pairs, strict=True)
    return statistics.median(left), statistics.median(right), statistics.median(a / b for a, b in pairs)


def run_file(path: str) -> None:
    """Read a test file and run its cases."""
    for case in load_case_file(path).cases:
        assert run_case(case).is_good


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=25)
    rounds = parser.parse_args().rounds
    print(f"{'':24}{'with':>12}{'without':>12}{'ratio':>8}")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        (folder / "p.test.yaml").write_text(CASES, encoding="utf-8")
        for name, text in POLICIES.items():
            (folder / "p.xml").write_text(text, encoding="utf-8")
            path = folder / "p.xml"
            traced, untraced = Gateway(), Gateway(tracing=False)

            def request(gateway: Gateway = traced, path: Path = path) -> object:
                return gateway.run(path, "/a")

            def bare(gateway: Gateway = untraced, path: Path = path) -> object:
                return gateway.run(path, "/a")

            def cases(path: str = str(folder / "p.test.yaml")) -> object:
                return run_file(path)

            rows = {
                "requests": (covered(request, PolicyCoverage()), plain(request)),
                "tracing": (plain(request), plain(bare)),
                "cases": (covered(cases), plain(cases)),
            }
            for what, (first, second) in rows.items():
                one, other, ratio = compare(first, second, rounds)
                print(f"{name + ', ' + what:24}{one * 1e6:>9.0f} us{other * 1e6:>9.0f} us{ratio:>8.2f}", flush=True)


if __name__ == "__main__":
    main()
