"""Unknown results share a key only through `semantics.unknowns`, which knows all that they depend on."""

from __future__ import annotations

import ast
from importlib import resources

DECLARED = {
    "values.py": "the keys themselves",
    "state.py": "cells are compared",
    "unknowns.py": "the keys of results",
    "operators.py": "the type of an object, which never changes, texts of numbers, and numbers",
    "json_trees.py": "tokens of trees that nothing has changed since",
    "forms/json.py": "tokens of trees that nothing has changed since",
    "loops.py": "constants, the mark of a variable before a loop, a variable that a lambda reads, and what it was",
    "forms/scalars.py": "a Guid",
    "forms/context.py": "a body, with its reads and its character set",
}
"""Modules of `semantics` that read the key of a value, and why that is all that their results depend on."""


def test_a_key_names_all_that_a_result_depends_on() -> None:
    root = resources.files("apimpolicy.reasoning.semantics")
    found = set()
    for folder, prefix in ((root, ""), (root / "forms", "forms/")):
        for module in folder.iterdir():
            if module.name.endswith(".py"):
                tree = ast.parse(module.read_text("utf-8"))
                if any(isinstance(node, ast.Attribute) and node.attr == "key" for node in ast.walk(tree)):
                    found.add(prefix + module.name)
    assert found == DECLARED.keys()
