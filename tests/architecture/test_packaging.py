"""What is built and installed brings the grammar and its tables, and parses without Lark."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from tests.sampling import nightly

ROOT = Path(__file__).parents[2]
TABLES = "apimpolicy/csharp/syntax/_tables.bin"
GRAMMAR = "apimpolicy/grammar/csharp.lark"
LEFT_OUT = shutil.ignore_patterns(
    *(".git", "__pycache__", "dist", "build", ".venv", "*.egg-info", "_tables.bin"),
    *(".*_cache", ".hypothesis", ".ci", "tests", "examples", "docs"),
)

pytestmark = [
    nightly,
    pytest.mark.skipif(importlib.util.find_spec("hatchling") is None, reason="hatchling is not installed"),
    pytest.mark.skipif(importlib.util.find_spec("pip") is None, reason="pip is not installed"),
]


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the checkout without tables, so that no two runs build in the same directory."""
    copy = tmp_path_factory.mktemp("checkout") / "apimpolicy"
    shutil.copytree(ROOT, copy, ignore=LEFT_OUT)
    for name in ("README.md", "LICENSE", "CHANGELOG.md"):
        (copy / name).touch()
    return copy


def run(*command: str | Path, cwd: Path | None = None, path: Path | None = None) -> str:
    environment = {**os.environ, "PIP_NO_INDEX": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    environment.pop("PYTHONPATH", None)
    if path is not None:
        environment["PYTHONPATH"] = str(path)
    done = subprocess.run([*map(str, command)], cwd=cwd, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def pip(*arguments: str | Path) -> None:
    run(sys.executable, "-m", "pip", *arguments, "--no-deps", "--no-build-isolation", "--quiet")


def check_parses(python: str | Path, path: Path | None, directory: Path) -> None:
    """Parse in a new process that is not in the checkout and cannot import Lark."""
    script = (
        "import os, sys; sys.modules['lark'] = None\n"
        "from apimpolicy.csharp.syntax import parser, tables\n"
        "assert os.path.exists(tables.STORED), tables.STORED\n"
        "print(parser.parse('@(1 + 2)'), tables.grammar_path())"
    )
    printed = run(python, "-c", script, cwd=directory, path=path)
    assert printed.startswith("expression_body(binary("), printed


def test_a_wheel_of_the_source_archive(checkout: Path, tmp_path: Path) -> None:
    run(sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", tmp_path, cwd=checkout)
    sdist = next(tmp_path.glob("*.tar.gz"))
    with tarfile.open(sdist) as archive:
        names = {name.split("/", 1)[-1] for name in archive.getnames()}
    assert {"grammar/csharp.lark", "hatch_build.py", f"src/{TABLES}"} <= names
    pip("wheel", sdist, "--wheel-dir", tmp_path)
    wheel = next(tmp_path.glob("*.whl"))
    assert set(zipfile.ZipFile(wheel).namelist()) >= {
        *(TABLES, GRAMMAR, "apimpolicy/_declarations.bin", "apimpolicy/csharp/dotnet/_implementations.bin"),
        *("apimpolicy/schemas/apimpolicy-test.schema.json", "apimpolicy/py.typed"),
        "apimpolicy/schemas/apimpolicy-check-output.schema.json",
    }
    target = tmp_path / "installed"
    pip("install", wheel, "--target", target)
    check_parses(sys.executable, target, tmp_path)


def test_an_editable_installation(checkout: Path, tmp_path: Path) -> None:
    tables = checkout / "src" / TABLES
    tables.unlink(missing_ok=True)
    target = tmp_path / "installed"
    pip("install", "--editable", checkout, "--target", target)
    assert tables.exists()
    assert Path(importlib.util.cache_from_source(checkout / "src" / "apimpolicy" / "cli" / "__init__.py")).exists()
    links = [line for file in target.glob("*.pth") for line in file.read_text("utf-8").splitlines()]
    assert links == [str(checkout / "src")]
    check_parses(sys.executable, Path(links[0]), tmp_path)
