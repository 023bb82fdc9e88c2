"""Patterns of files to leave out, held to what git itself says."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apimpolicy.project.repository import IgnorePatterns

if TYPE_CHECKING:
    from pathlib import Path

ROWS = """
a.xml | a.xml b/a.xml | aa.xml
/a.xml | a.xml | b/a.xml
*.xml | a.xml b/c.xml | a.xm
b/*.xml | b/a.xml | c/b/a.xml b/c/a.xml
b/ | b/a.xml c/b/d.xml | b
**/b | b c/b c/d/b/e | bb
b/** | b/a b/c/d | b
a/**/b | a/b a/x/b a/x/y/b | ab
a**b | ab axxb | a/b
?.xml | a.xml | ab.xml
[ab].xml | a.xml | c.xml
[!a].xml | b.xml | a.xml
[a-c]x | bx | dx
\\#a | #a | a
# a | | a
a\\*b | a*b | axb
*  | x y/z |
 """


@pytest.mark.parametrize("row", [line for line in ROWS.splitlines() if line.strip()])
def test_rows(row: str, tmp_path: Path) -> None:
    pattern, fits, others = (part.strip() for part in row.split("|"))
    patterns = IgnorePatterns(str(tmp_path), [pattern])
    assert [name for name in fits.split() if not patterns.leaves_out(str(tmp_path / name))] == []
    assert [name for name in others.split() if patterns.leaves_out(str(tmp_path / name))] == []


def test_the_last_pattern_decides(tmp_path: Path) -> None:
    patterns = IgnorePatterns(str(tmp_path), ["*.xml", "!a.xml"])
    assert not patterns.leaves_out(str(tmp_path / "a.xml"))
    assert patterns.leaves_out(str(tmp_path / "b.xml"))


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("git") is None:
        pytest.skip("git is not installed")
    path = tmp_path_factory.mktemp("repository")
    subprocess.run(["git", "init", "-q", str(path)], check=True)
    return path


NAMES = st.lists(st.text("ab.", min_size=1, max_size=3).filter(lambda name: name.strip(".")), min_size=1, max_size=4)


@settings(max_examples=60)
@given(pattern=st.text("ab./*?![]\\-", min_size=1, max_size=8), names=NAMES)
def test_git_says_the_same(repository: Path, pattern: str, names: list[str]) -> None:
    (repository / ".gitignore").write_text(f"{pattern}\n")
    name = "/".join(names)
    done = subprocess.run(
        ["git", "check-ignore", "--no-index", "-q", name], cwd=repository, check=False, capture_output=True
    )
    assert IgnorePatterns(str(repository), [pattern]).leaves_out(str(repository / name)) is (done.returncode == 0)
