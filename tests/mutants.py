"""Change the code in one place, and see whether a test notices: `python -m tests.mutants [ROOM …]`.

    python -m tests.mutants reasoning/languages --count 20 --seed 1

A room is a folder of src/apimpolicy. Each mutant changes one comparison, bound, Boolean, constant, `return`, call or
condition in a copy of the code. The tests of the room run on it, those of `tests/unit/ROOM` and of `LAWS`; of a room
without tests, those that import it. Only tests that reach the changed line run, a sample of them first; all where it
runs while modules are imported, or in another process. Prints how many were killed, survived and timed out, with the
places of what survived. Exits with 1 below `--least`, a percentage, or if the tests fail without a change. Mutants
that can't be told from the code are in `EQUIVALENT`, with a reason.
"""

from __future__ import annotations

import argparse
import ast
import compileall
import copy
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from coverage import CoverageData

ROOT = Path(__file__).parent.parent
CODE = ROOT / "src" / "apimpolicy"
EQUIVALENT = {
    "reasoning/audit/states.py: if one == ALWAYS or not other: return other → if False: return other": (
        "a shorter way to the same alternatives"
    ),
    "reasoning/transfer/messages.py: 443 → (444)": "the port of a URL of which only the path and the query are read",
    "reasoning/proving/equivalence.py: 4_000 → (4001)": "a limit of work, at which nothing else begins",
    "reasoning/proving/equivalence.py: len(old.sent) > 1 → (len(old.sent) >= 1)": (
        "where a single request is sent, the backend is reached, which is compared in any case"
    ),
    "reasoning/proving/proof.py: if self._question is None: return → if False: return": (
        "a question about what is never true has no models, either"
    ),
    "reasoning/transfer/exchanges.py: 255 → (256)": "no part of an address is 256",
    "reasoning/terms/solving.py: 60_000 → (60001)": "a limit of work, at which nothing else begins",
    "reasoning/languages/patterns.py: 512 → (513)": "the size of a cache",
    "reasoning/languages/patterns.py: digit > \"0\" → (digit >= '0')": "no digit is below 0",
    "reasoning/languages/language.py: length > 0 → (length >= 0)": "at most -1 words is no word, too",
}
"""Mutants, as the table names them without the line, and why no test can notice them."""
LAWS = {
    "csharp/binding": ["tests/property/test_generated_code.py", "tests/property/test_policy_programs.py"],
    "csharp/emit": ["tests/property/test_generated_code.py"],
    "checks": ["tests/rules/test_rules.py"],
    "reasoning/proving": ["tests/property/test_refactorings.py"],
    "reasoning/semantics": [
        *("tests/property/test_models_admit_reality.py", "tests/unit/reasoning/proving"),
        "tests/unit/reasoning/transfer/test_model_is_exact.py",
    ],
    "reasoning/transfer": ["tests/property/test_models_admit_reality.py", "tests/unit/reasoning/proving"],
    "testing/comparing": [
        *(f"tests/services/test_{name}.py" for name in ("setting_changes", "service_changes", "moved_policies")),
        *(f"tests/services/test_{name}.py" for name in ("nothing_vanishes", "tested_differences")),
        *(f"tests/services/test_{name}.py" for name in ("inventory", "time_of_comparisons")),
    ],
}
"""Tests of a room that stand elsewhere, since other rooms have a part in them."""
_MOST_REACHING = 40
"""Tests that reach a line and run before the others."""
_MOST_NAMED = 1000
"""Tests that are named one by one; of more, all run."""
_SWAPPED: dict[type[ast.AST], type[ast.AST]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In, ast.And: ast.Or, ast.Or: ast.And,
    ast.Add: ast.Sub, ast.Sub: ast.Add,
}  # fmt: skip
_PASSED, _FAILED = 0, (1, 2)
"""Exit codes of pytest: a test failed, or the mutant can't even be imported. Others say that a test wasn't found."""


class Mutant(NamedTuple):
    """One change: the file, the line, what was and is there, and the whole text."""

    path: Path
    line: int
    last_line: int
    before: str
    after: str
    text: str

    @property
    def name(self) -> str:
        return f"{self.path.relative_to(CODE).as_posix()}: {self.before} → {self.after}"


def changed(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes that may take the place of one."""
    made = copy.deepcopy(node)
    match made:
        case ast.Compare(ops=[operator]) if type(operator) in _SWAPPED:
            made.ops = [_SWAPPED[type(operator)]()]  # type: ignore[list-item]
            yield made
        case ast.BoolOp() | ast.BinOp() if type(made.op) in _SWAPPED:
            made.op = _SWAPPED[type(made.op)]()  # type: ignore[assignment]
            yield made
        case ast.UnaryOp(op=ast.Not()):
            yield made.operand
        case ast.Constant(value=bool()):
            yield ast.Constant(not made.value)
        case ast.Constant(value=int(number)):
            yield ast.Constant(number + 1)
        case ast.Return(value=ast.expr()) if not isinstance(made.value, ast.Constant):
            yield ast.Return(ast.Constant(None))
        case ast.Expr(value=ast.Call()):
            yield ast.Pass()
        case ast.If():
            yield ast.If(ast.Constant(False), made.body, made.orelse)


def mutants(path: Path) -> Iterator[Mutant]:
    """Yield all mutants of a file. Annotations, docstrings and what only type checkers read stay as they are."""
    text = path.read_text("utf-8")
    tree = ast.parse(text)
    skipped: set[int] = set()
    for node in ast.walk(tree):
        hints = [getattr(node, name, None) for name in ("annotation", "returns")]
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            hints.append(node)
        skipped |= {id(inner) for hint in hints if isinstance(hint, ast.AST) for inner in ast.walk(hint)}
    for node in ast.walk(tree):
        if id(node) in skipped or not isinstance(node, ast.expr | ast.stmt):
            continue
        for other in changed(node):
            yield _mutant(path, text, node, other)


def _mutant(path: Path, text: str, node: ast.expr | ast.stmt, other: ast.AST) -> Mutant:
    ast.fix_missing_locations(other)
    lines = text.encode().splitlines(keepends=True)
    start = sum(map(len, lines[: node.lineno - 1])) + node.col_offset
    end = sum(map(len, lines[: (node.end_lineno or node.lineno) - 1])) + (node.end_col_offset or 0)
    written = ast.unparse(other).replace("\n", "\n" + " " * node.col_offset)
    if isinstance(other, ast.expr):
        written = f"({written})"
    data = text.encode()
    made = (data[:start] + written.encode() + data[end:]).decode()
    short = [" ".join(each.split())[:60] for each in (data[start:end].decode(), written)]
    return Mutant(path, node.lineno, node.end_lineno or node.lineno, short[0], short[1], made)


def tests_of(room: str) -> list[str]:
    """Return the tests of a room, or of what imports it."""
    folder = ROOT / "tests" / "unit" / room
    if folder.is_dir():
        return [str(folder.relative_to(ROOT)), *LAWS.get(room, ())]
    module = "apimpolicy." + room.replace("/", ".")
    files = (path for path in ROOT.glob("tests/**/test_*.py") if module in path.read_text("utf-8"))
    return [str(path.relative_to(ROOT)) for path in sorted(files)]


def run(tests: list[str], copied: Path, seconds: float, *options: str) -> int | None:
    """Run tests with a copy of the code, and return the exit code of pytest; None after so many seconds."""
    environment = {**os.environ, "PYTHONPATH": str(copied), "PYTHONDONTWRITEBYTECODE": "1"}
    environment["COVERAGE_FILE"] = str(copied / ".coverage")
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "--hypothesis-profile", "ci"]
    try:
        done = subprocess.run(
            [*command, *options, *tests], cwd=ROOT, env=environment, capture_output=True, timeout=seconds, check=False
        )
    except subprocess.TimeoutExpired:
        return None
    return done.returncode


def judge(mutant: Mutant, rounds: Iterable[list[str]], tests: list[str], copied: Path, seconds: float) -> str:
    """Return whether tests notice a mutant: those of one round after the other, and all if one isn't found."""
    target = copied / "apimpolicy" / mutant.path.relative_to(CODE)
    target.write_text(mutant.text, "utf-8")
    try:
        code: int | None = _PASSED
        for chosen in rounds:
            code = run(chosen, copied, seconds)
            if code not in (None, _PASSED, *_FAILED):
                code = run(tests, copied, seconds)
            if code != _PASSED:
                break
        return "timed out" if code is None else "survived" if code == _PASSED else "killed"
    finally:
        shutil.copy2(mutant.path, target)


class Reached:
    """The tests that reach each line of a room."""

    def __init__(self, room: str, tests: list[str], copied: Path) -> None:
        self._data = CoverageData(str(copied / ".coverage"))
        self._copied = copied
        self._tests = tests
        self._contexts: dict[Path, dict[int, list[str]]] = {}
        options = f"--cov={copied / 'apimpolicy' / room}", "--cov-context=test", "--cov-report="
        code = run(tests, copied, 3600, *options)
        if code != _PASSED:  # traced, some tests take too long
            code = run(tests, copied, 3600)
        self.is_green = code == _PASSED
        self._data.read()

    def rounds(self, mutant: Mutant) -> Iterator[list[str]]:
        """Yield a sample of the tests that reach a line, then the others; all tests where that isn't known."""
        path = self._copied / "apimpolicy" / mutant.path.relative_to(CODE)
        if path not in self._contexts:
            self._contexts[path] = self._data.contexts_by_lineno(str(path))
        lines = range(mutant.line, mutant.last_line + 1)
        contexts = dict.fromkeys(each for line in lines for each in self._contexts[path].get(line, ()))
        names = list(dict.fromkeys(name.rpartition("|")[0] for name in contexts if name))
        sample = names[:: len(names) // _MOST_REACHING + 1]
        if names:
            yield sample
        is_known = any(name for contexts_of_line in self._contexts[path].values() for name in contexts_of_line)
        if "" in contexts or not is_known or len(names) > _MOST_NAMED:
            yield self._tests
        elif len(names) > len(sample):
            yield [name for name in names if name not in {*sample}]


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("rooms", nargs="+", metavar="ROOM", help="a folder of src/apimpolicy")
    parser.add_argument("--seed", type=int, default=0, help="which sample (default: 0)")
    parser.add_argument("--count", type=int, default=20, help="mutants per room (default: 20)")
    parser.add_argument("--seconds", type=float, default=300, help="for the tests of one mutant (default: 300)")
    parser.add_argument("--least", type=float, default=0, help="exit with 1 if fewer percent are noticed")
    options = parser.parse_args(arguments)
    total: Counter[str] = Counter()
    is_green = True
    with tempfile.TemporaryDirectory() as folder:
        copied = Path(folder) / "src"
        shutil.copytree(CODE, copied / "apimpolicy", ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copytree(ROOT / "grammar", Path(folder) / "grammar")
        compileall.compile_dir(copied, quiet=1)
        for room in options.rooms:
            tests = tests_of(room)
            files = sorted((CODE / room).rglob("*.py"))
            known = [each for path in files for each in mutants(path) if each.name not in EQUIVALENT]
            sample = random.Random(options.seed).sample(known, min(options.count, len(known)))
            count: Counter[str] = Counter()
            start = time.monotonic()
            reached = Reached(room, tests, copied) if tests else None
            is_green = is_green and reached is not None and reached.is_green
            for mutant in sample if reached is not None and reached.is_green else ():
                result = judge(mutant, reached.rounds(mutant), tests, copied, options.seconds)
                count[result] += 1
                if result == "survived":
                    place = mutant.path.relative_to(ROOT).as_posix()
                    print(f"  {place}:{mutant.line}: {mutant.before} → {mutant.after}", flush=True)
            if reached is None or not reached.is_green:
                print(f"{room}: {'its tests fail without a change' if tests else 'no test imports it'}", flush=True)
            words = ", ".join(f"{number} {result}" for result, number in sorted(count.items()))
            print(f"{room}: {words} of {len(known)} mutants, {time.monotonic() - start:.0f} s", flush=True)
            total += count
    noticed = 100 * (total["killed"] + total["timed out"]) / max(1, total.total())
    print(f"noticed {noticed:.0f} % of {total.total()}")
    return 1 if noticed < options.least or not is_green else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
