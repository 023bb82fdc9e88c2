"""The binder's parts: every kind of node has one function, and no module of the room leads back to itself."""

from __future__ import annotations

import ast
import inspect
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

import apimpolicy.binding
from apimpolicy.binding import parts
from apimpolicy.syntax import tables

ROOM = Path(apimpolicy.binding.__file__).parent
TABLES = {"bind": parts.EXPRESSIONS, "statement": parts.STATEMENTS, "type": parts.TYPES}

PARTS_OF_OTHERS = """
    expression_body block_body alias_qualifier anonymous_member argument arguments arrow_body case_label catch_clause
    catch_clauses catch_declaration catch_filter class_constraint constant_pattern constraint_clause
    constraint_clauses constructor_constraint declaration_pattern declarator declarators default_label
    expression_list finally_clause from_clause group_clause interpolation join_clause lambda_parameter
    lambda_parameters let_clause local_declaration orderby_clause ordering parameter parameters
    parenthesized_designation query_body query_clauses query_continuation select_clause sizes struct_constraint
    switch_labels switch_section tuple_element tuple_type_element type_arguments type_parameters where_clause
"""
"""Kinds of nodes that only the function for the node around them reads."""


@cache
def _kinds() -> frozenset[str]:
    """The kinds of nodes that the grammar makes, and the one of the parser for holes."""
    stored = tables.load()
    return frozenset({kind for *_, kind in stored["rules"] if kind and not kind.startswith(("_", "?"))})


def test_every_kind_is_bound_once() -> None:
    bound = Counter(kind for table in TABLES.values() for kind in table.modules)  # type: ignore[attr-defined]
    twice = {kind for kind, count in bound.items() if count > 1} - {"hole", "predefined_type"}
    assert not twice
    assert {*bound, *PARTS_OF_OTHERS.split()} - {"hole"} == _kinds() - {"hole"}
    assert not set(PARTS_OF_OTHERS.split()) & set(bound)


@pytest.mark.parametrize("prefix", TABLES)
def test_functions_have_one_place(prefix: str) -> None:
    """Each function stands in the module that the table names, and no module has one that the table does not know."""
    table = TABLES[prefix]
    for kind, module in table.modules.items():  # type: ignore[attr-defined]
        assert list(inspect.signature(table[kind]).parameters)[:2] == ["binder", "node"], (module, kind)
    defined = {name for path in ROOM.glob("*.py") for name in _top_level(path) if name.startswith(f"{prefix}_")}
    kinds = {name.removeprefix(f"{prefix}_") for name in defined}
    assert kinds & _kinds() <= set(table.modules) | set(PARTS_OF_OTHERS.split())  # type: ignore[attr-defined]


def _top_level(path: Path) -> list[str]:
    names = []
    for statement in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(statement, ast.FunctionDef):
            names.append(statement.name)
        elif isinstance(statement, ast.Assign):
            names += [target.id for target in statement.targets if isinstance(target, ast.Name)]
    return names


def test_no_module_leads_back_to_itself() -> None:
    """Neither at import nor through imports inside functions; only `parts` names modules that it does not import."""
    imports = {path.stem: _imports(path) for path in ROOM.glob("*.py") if path.stem != "__init__"}
    done: set[str] = set()
    while ready := {name for name in imports.keys() - done if imports[name] & imports.keys() <= done | {name}}:
        done |= ready
    assert not imports.keys() - done, f"in or above a circle: {sorted(imports.keys() - done)}"


def _imports(path: Path) -> set[str]:
    """The modules of the room that a module imports when it runs, wherever the import stands."""
    found: set[str] = set()
    waiting: list[ast.AST] = [ast.parse(path.read_text(encoding="utf-8"))]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            continue
        if isinstance(node, ast.ImportFrom) and node.module == "apimpolicy.binding":
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("apimpolicy.binding."):
            found.add((node.module or "").split(".")[2])
        waiting.extend(ast.iter_child_nodes(node))
    return found
