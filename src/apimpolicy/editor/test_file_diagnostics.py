"""Diagnostics of test files: every key and value that the format does not have, then what reading the file reports."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.errors import DiagnosticError
from apimpolicy.testing import kinds
from apimpolicy.testing.case_files import load_case_tree
from apimpolicy.testing.test_file_search import is_content_about_policies
from apimpolicy.testing.tree import TestFileError, Tree, read_tree

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apimpolicy.diagnostics import Diagnostic
    from apimpolicy.testing.format import Keys


def diagnostics(text: str, path: str) -> list[Diagnostic]:
    """Return the errors of a test file; none for the test files of other tools."""
    if not is_content_about_policies(text.encode("utf-8", "replace"), path):
        return []
    try:
        tree = read_tree(text, path)
        found = list(_in_value(tree, "file", is_template=False))
        if not found:
            load_case_tree(tree, path)
    except DiagnosticError as error:
        return list(error.diagnostics)
    return found


def _in_value(tree: Tree, words: str, *, is_template: bool) -> Iterator[Diagnostic]:
    """Check one value. `is_template`: rows of `each` replace `$name` in it, so that a text may become anything."""
    if is_template and isinstance(tree.value, str) and "$" in tree.value:
        return
    kind = next((each for each in kinds.alternatives(words) if kinds.takes(each, tree.value)), "")
    if kind in kinds.TABLES:
        yield from _in_table(tree, kinds.TABLES[kind], is_template or "each" in tree.table())
    elif kind.startswith(("[", "{")):
        inner: Any = tree.value.values() if kind.startswith("{") else tree.items()
        for item in inner:
            yield from _in_value(item, kind[1:-1], is_template=is_template)
    else:
        try:
            kinds.check(tree, words)
        except TestFileError as error:
            yield from error.diagnostics


def _in_table(tree: Tree, keys: Keys, is_template: bool) -> Iterator[Diagnostic]:
    for key, value in tree.table().items():
        try:
            (name,) = Tree(tree.source, {key: value}, tree.start, tree.end).known(keys)
        except TestFileError as error:
            yield from error.diagnostics
        else:
            yield from _in_value(value, keys[name][0], is_template=is_template)
