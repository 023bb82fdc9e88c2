"""The first day with services of public repositories: each command works, the gate is green, and written cases pass."""

from __future__ import annotations

import os
import shutil
import subprocess
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.sampling import IS_NIGHTLY, sampled

from apimpolicy.cli.program import run
from apimpolicy.project.layout import extracts_in
from apimpolicy.project.service.leniency import lenient
from apimpolicy.reasoning.scenarios.scenario import Bounds
from apimpolicy.testing.case_files import load_case_file
from apimpolicy.testing.running import run_case
from apimpolicy.testing.service_tests import service_tests

if TYPE_CHECKING:
    from collections.abc import Sequence

SERVICES = Path(__file__).resolve().parents[3] / "shared" / "corpus" / "services"
FOLDERS = sorted(path for path in SERVICES.glob("*") if path.is_dir()) if SERVICES.is_dir() else []
COMMANDS: dict[tuple[str, ...], tuple[int, ...]] = {
    (".",): (0,),
    ("check",): (0, 1),
    ("audit",): (0, 1),
    ("diff", ".", "."): (0,),
    ("gate", "--write-baseline", "known.json"): (0,),
    ("gate",): (0,),
    ("check", "--baseline", "known.json"): (0,),
    ("audit", "--since", "HEAD"): (0,),
}
"""Commands about a checkout with the exit codes that they may have, in this order: the baseline stays."""
OF_SERVICES: dict[tuple[str, ...], tuple[int, ...]] = {
    ("prove", "--seconds", "0.5", "--total-seconds", "0.5"): (0, 1, 3),
    ("explain", "--get", "/"): (0,),
    ("explain", "--effective"): (0,),
    ("run", "--get", "/"): (0,),
    ("new", "config", "-o", "-"): (0,),
}
WHO = ("-c", "user.name=a", "-c", "user.email=a@example.com")
APIS = 2 if IS_NIGHTLY else 1
RUNS = 200 if IS_NIGHTLY else 60
pytestmark = pytest.mark.skipif(not FOLDERS, reason="the public services are not beside this checkout")


@pytest.fixture(params=sampled(FOLDERS, 3), ids=lambda folder: folder.name)
def checkout(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(request.param, tmp_path / "checkout")
    monkeypatch.chdir(tmp_path / "checkout")
    for arguments in (("init", "--quiet"), ("add", "--all"), ("commit", "--quiet", "--message", "x")):
        subprocess.run(["git", *WHO, *arguments], check=True, capture_output=True)
    return tmp_path / "checkout"


def outcome(words: Sequence[str], allowed: tuple[int, ...], capsys: pytest.CaptureFixture[str]) -> str:
    """Run a command; empty if it ended as it may, else what it said."""
    code = run(list(words))
    said = "".join(capsys.readouterr())
    is_fine = code in allowed and "internal error" not in said
    return "" if is_fine else f"{' '.join(words)}: {code}\n{said[-1000:]}"


@pytest.mark.usefixtures("checkout")
def test_the_gate_is_green_from_the_baseline_on(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("z3")
    wrong = [outcome(words, allowed, capsys) for words, allowed in COMMANDS.items()]
    for root in extracts_in("."):
        wrong += [outcome([*words[:1], *added(words, root)], allowed, capsys) for words, allowed in OF_SERVICES.items()]
    assert [each for each in wrong if each] == []


def added(words: tuple[str, ...], root: str) -> tuple[str, ...]:
    """Return the arguments of a command with the folder of a service."""
    return (words[1], root, *words[2:]) if words[0] == "new" else (root, *words[1:])


def is_one_of(names: set[str], path: str) -> bool:
    return os.path.basename(path) in names


@pytest.mark.usefixtures("checkout")
def test_written_cases_pass() -> None:
    pytest.importorskip("z3")
    for root in extracts_in("."):
        names = sampled(sorted(path.name for path in Path(root, "apis").iterdir()), APIS)
        wanted = {f"{name}.test.yaml" for name in names}
        bounds = Bounds(runs=RUNS, seconds=60)
        with lenient():
            made = list(service_tests(root, f"{root}/tests", bounds, is_wanted=partial(is_one_of, wanted)))
            assert made
            for each in made:
                assert each.made is not None or "fails with 500" in each.problem or each.problem == "", each
                if each.made is not None:
                    Path(each.output).parent.mkdir(exist_ok=True)
                    Path(each.output).write_text(each.made.text, "utf-8")
                    cases = load_case_file(each.output).cases
                    assert [case.name for case in cases if not run_case(case).is_good] == []
