"""What the README shows runs, and does what it says."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from tests.processes import run_python

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
POLICY = ROOT / "examples" / "client-certificate" / "orders.xml"


def snippet(language: str, containing: str) -> str:
    (found,) = (text for text in re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL) if containing in text)
    return str(found)


def test_the_test_file_and_the_test_pass(tmp_path: Path) -> None:
    shutil.copy(POLICY, tmp_path)
    (tmp_path / "orders.test.yaml").write_text(snippet("yaml", "cases:"), encoding="utf-8")
    (tmp_path / "test_orders.py").write_text(snippet("python", "def test_"), encoding="utf-8")
    done = run_python("-m", "pytest", "-q", "-p", "no:cacheprovider", cwd=tmp_path)
    assert "6 passed" in done.stdout, done.stdout + done.stderr


def test_the_claim_is_proven(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("z3")
    from apimpolicy.cli.program import run

    shutil.copy(POLICY, tmp_path)
    claims = snippet("yaml", "cases:") + snippet("yaml", "claims:")
    (tmp_path / "orders.test.yaml").write_text(claims, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert run(["prove", "orders.test.yaml"]) == 0
    assert "1 claim: 1 proven" in capsys.readouterr().out


def test_it_is_short() -> None:
    assert len(README.splitlines()) <= 150


def test_the_hooks_are_those_of_the_repository() -> None:
    hooks = (ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8")
    for name in re.findall(r"- id: (\S+)", snippet("yaml", "rev:")):
        assert f"- id: {name}\n" in hooks
