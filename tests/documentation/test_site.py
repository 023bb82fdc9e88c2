"""The site is built without a warning and fetches nothing from elsewhere; links work on the repository's host."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests.sampling import nightly

ROOT = Path(__file__).parents[2]
_FENCED = re.compile(r"```.*?```", re.DOTALL)
_FETCHED = re.compile(
    r"""<(?:script|img|iframe|source)\b[^>]*\bsrc=["']?((?:https?:)?//[^"'\s>]+)"""
    r"""|<link\b(?![^>]*\brel=["']?canonical)[^>]*\bhref=["']?((?:https?:)?//[^"'\s>]+)"""
    r"""|url\(["']?((?:https?:)?//[^"')]+)"""
)


@nightly
def test_the_site_is_built_strictly(tmp_path: Path) -> None:
    if importlib.util.find_spec("mkdocs") is None or importlib.util.find_spec("material") is None:
        pytest.skip("mkdocs-material is not installed: pip install --editable '.[dev]'")
    site = tmp_path / "site"
    done = subprocess.run(
        [Path(sys.executable).parent / "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(site)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src"), "PYTHONDONTWRITEBYTECODE": "1"},
    )
    assert done.returncode == 0, done.stdout.decode()
    assert (site / "reference" / "rules" / "POL301" / "index.html").is_file()
    assert not list(site.rglob("*.py"))
    for path in (*site.rglob("*.html"), *site.rglob("*.css")):
        assert not _FETCHED.findall(path.read_text("utf-8")), path


def test_committed_pages_link_to_committed_files() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("needs a checkout of git")
    files = set(listed.stdout.split("\n"))
    known = files | {str(parent) for file in files for parent in Path(file).parents}
    dead = [
        f"{file}: {link}"
        for file in files
        if file.endswith(".md") and not file.startswith("tests/")
        for link in re.findall(r"\]\((?![a-z]+:|#)([^)\s#]+)", _FENCED.sub("", (ROOT / file).read_text("utf-8")))
        if os.path.normpath(os.path.join(os.path.dirname(file), link)) not in known
    ]
    assert not dead
