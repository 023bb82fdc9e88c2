"""Patterns for paths take linear time; what they match is in tests/unit/project/test_project_ignore_patterns.py."""

from __future__ import annotations

import re

import pytest

from apimpolicy.project.infrastructure.files import Files
from apimpolicy.text.globs import glob_regex

LONG = "a" * 4_000
COSTLY = {
    "*a" * 60 + "*b": LONG,
    "**/a/" * 60 + "b": "a/" * 1_000 + "a",
    "**/*a*a*a*a*a*b/**/c": f"{LONG}/" * 3,
    "?*" * 40 + "b": LONG,
    "[ab]*" * 40 + "c": LONG,
}


@pytest.mark.timeout(60)
@pytest.mark.parametrize("pattern", COSTLY)
def test_a_pattern_gives_up_soon(pattern: str) -> None:
    """Trying all ways to match would take longer than the universe is old."""
    regex = glob_regex(pattern)
    assert regex is not None
    assert re.fullmatch(regex, COSTLY[pattern], re.DOTALL) is None


MATCHES = {
    "*a*b": ["ab", "xaxb", "aab", "xabxb"],
    "a*a": ["aa", "aba"],
    "**/a/**/b": ["a/b", "x/a/y/b", "a/x/a/b"],
    "a/**/b/**/c": ["a/b/c", "a/x/b/b/x/c"],
    "*.{tf,json}": ["a.tf", "b.json"],
    "{x,y}/{a,b*}.tf": ["x/a.tf", "y/bc.tf"],
    "**": ["a", "x/a.tf"],
    "[ab]?.tf": ["ax.tf", "by.tf"],
}


def test_filesets_match(tmp_path) -> None:  # type: ignore[no-untyped-def]
    for pattern, names in MATCHES.items():
        folder = tmp_path / str(list(MATCHES).index(pattern))
        for name in (*names, "other/zz.txt"):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            if not (folder / name).is_dir():
                (folder / name).touch()
        wanted = set(names) | ({"other/zz.txt"} if pattern == "**" else set())
        found = set(Files(str(folder)).matching(str(folder), pattern))
        assert found == {name for name in wanted if (folder / name).is_file()}, pattern
