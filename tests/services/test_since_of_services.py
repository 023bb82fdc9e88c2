"""`audit --since` and `gate --since` of a checkout with several services: each is compared with what it was."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from tests.services.test_deployments import CHECKED, FORMS, OPEN, extract, written

from apimpolicy.cli import main

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

KNOWN = ("terraform", "bicep", "extracts", "terraform and bicep", "terraform and an extract")
BY_NAME = ("terraform", "bicep")
Changes = list[tuple[str, str, str]]


def commit(root: Path) -> None:
    who = ("-c", "user.name=a", "-c", "user.email=a@example.com")
    for arguments in (("init", "--quiet"), ("add", "--all"), ("commit", "--quiet", "--message", "x")):
        subprocess.run(["git", *who, *arguments], check=True, capture_output=True, cwd=root)


@pytest.fixture
def since(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, Changes]]:
    monkeypatch.chdir(tmp_path)

    def compared(*options: str) -> tuple[int, Changes]:
        code = main(["audit", ".", "--since", "HEAD", "--format", "json", *options])
        changes = json.loads(capsys.readouterr().out)["changes"]
        return code, sorted((each.get("service", ""), each["relation"], each["after"]) for each in changes)

    return compared


def in_git(root: Path, form: str) -> Path:
    shutil.rmtree(written(root, FORMS[form]) / ".git")
    commit(root)
    return root


def open_psn(root: Path) -> None:
    for path in (root / "psn").rglob("*.xml"):
        path.write_text(path.read_text().replace(CHECKED, OPEN))


@pytest.mark.parametrize("form", KNOWN)
def test_the_service_that_became_weaker(
    form: str, since: Callable[..., tuple[int, Changes]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = in_git(tmp_path, form)
    assert since() == (0, [])
    open_psn(root)
    assert since() == (1, [("psn", "weaker", "anyone")])
    assert since("--service", "psn") == (1, [("", "weaker", "anyone")])
    assert since("--service", "prod") == (0, [])
    assert main(["audit", "--since", "HEAD"]) == 1
    assert capsys.readouterr().out.startswith("weaker    psn: orders GET /")


@pytest.mark.parametrize("form", KNOWN)
def test_a_service_that_is_new_or_gone(form: str, since: Callable[..., tuple[int, Changes]], tmp_path: Path) -> None:
    root = in_git(tmp_path, form)
    shutil.rmtree(root / "prod")
    assert since() == (0, [("prod", "removed", "not there")])
    commit(root)
    written(root / "prod", extract(OPEN))
    shutil.rmtree(root / "prod" / ".git")
    assert since() == (1, [("prod", "added", "anyone")])


@pytest.mark.parametrize("form", [*BY_NAME, "extracts"])
def test_a_service_that_moved(form: str, since: Callable[..., tuple[int, Changes]], tmp_path: Path) -> None:
    root = in_git(tmp_path, form)
    (root / "psn").rename(root / "moved")
    assert since() == (0, [])
    (root / "moved").rename(root / "psn")
    open_psn(root)
    (root / "psn").rename(root / "moved")
    assert since() == (1, [("moved", "weaker", "anyone")])


def test_the_gate_says_which_service(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("z3")
    root = in_git(tmp_path, "terraform")
    open_psn(root)
    monkeypatch.chdir(root)
    assert main(["gate", "--since", "HEAD"]) == 1
    assert "Access is weaker for 1 operation: psn: orders GET /" in " ".join(capsys.readouterr().out.split())
