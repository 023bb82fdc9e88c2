"""Which files of a tree are policies."""

from __future__ import annotations

import codecs
import os
from typing import TYPE_CHECKING

import pytest

from apimpolicy.project.discovery import discover
from apimpolicy.project.root_element import root_name

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"<policies>", b"policies"),
        (b"  \n<policies a='1'/>", b"policies"),
        (codecs.BOM_UTF8 + b"<fragment>", b"fragment"),
        (b"<?xml version='1.0'?><!-- <no> --><!DOCTYPE x><on-error/>", b"on-error"),
        ("<policies>".encode("utf-16"), b"policies"),
        (b"", b""),
        (b"plain", b""),
        (b"<!-- never closed", b""),
        (b"< policies>", b""),
        (b"\xff\xfe", b""),
    ],
)
def test_root_name(head: bytes, expected: bytes) -> None:
    assert root_name(head) == expected


def test_a_tree(tmp_path: Path) -> None:
    def write(name: str, text: str = "<policies/>") -> str:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return str(path)

    expected = [write("a.xml"), write("b/c.policy.xml"), write("b/d.CSHTML", "<!-- x -->\n<fragment/>")]
    write(".git/e.xml")
    write("node_modules/f.xml")
    write("pom.xml", "<project/>")
    write("g.txt")
    os.symlink(tmp_path, tmp_path / "b" / "loop")
    os.symlink("nowhere.xml", tmp_path / "dangling.xml")
    os.symlink("self.xml", tmp_path / "self.xml")

    assert discover([str(tmp_path)]) == (expected, [], [])


def test_named_files_are_taken_as_they_are(tmp_path: Path) -> None:
    other = tmp_path / "anything.txt"
    other.write_text("x")
    (tmp_path / "empty").mkdir()
    found = discover([str(other), "-", str(other), str(tmp_path / "empty"), "missing.xml"])
    assert found.files == [str(other), "-", "missing.xml"]
    assert found.empty == [str(tmp_path / "empty")]
