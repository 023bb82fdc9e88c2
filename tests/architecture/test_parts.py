"""Rooms made of parts: every kind of node has one function, and no module of a building leads back to itself."""

from __future__ import annotations

import ast
import inspect
from collections import Counter
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import apimpolicy
from apimpolicy.csharp.binding import nodes, parts
from apimpolicy.csharp.emit import core as emitter_parts
from apimpolicy.csharp.syntax import tables
from apimpolicy.dispatch import Functions
from apimpolicy.reasoning.proposing.inversion import core
from apimpolicy.reasoning.semantics import evaluation
from apimpolicy.reasoning.transfer.run import TRANSFERS

if TYPE_CHECKING:
    from collections.abc import Collection

SOURCES = Path(apimpolicy.__file__).parent
BUILDINGS = sorted(path.name for path in SOURCES.iterdir() if (path / "__init__.py").exists())

BINDER = (parts.EXPRESSIONS, parts.STATEMENTS, parts.TYPES)
EMITTER = (emitter_parts.EXPRESSIONS, emitter_parts.STATEMENTS)
TABLES = {(table.room, table.prefix): table for table in (*BINDER, *EMITTER) if isinstance(table, Functions)}
PARAMETERS = {"csharp.binding": ["binder", "node"], "csharp.emit": ["emitter", "node"]}

READ_BY_THE_NODE_AROUND = """
    expression_body block_body alias_qualifier anonymous_member argument arguments arrow_body case_label catch_clause
    catch_clauses catch_declaration catch_filter class_constraint constant_pattern constraint_clause
    constraint_clauses constructor_constraint declaration_pattern declarator declarators default_label
    expression_list finally_clause from_clause group_clause interpolation join_clause lambda_parameter
    lambda_parameters let_clause local_declaration missing_body newer_pattern orderby_clause ordering
    parameter parameters
    parenthesized_designation query_body query_clauses query_continuation select_clause sizes struct_constraint
    switch_labels switch_section tuple_element tuple_type_element type_arguments type_parameters where_clause
"""
"""Kinds of syntax nodes that only the function for the node around them reads."""

NOT_EMITTED = """
    bound expression statement bad unknown_text unknown_statement
    literal
    type_reference namespace_reference out_variable
    catch initializer interpolation pattern switch_label switch_section
"""
"""Kinds of bound nodes: what all have in common, and what stands in no code without errors; constants, which need no
function; what says where something is, and has no value; and what only the node around reads.
"""


@cache
def _syntax() -> frozenset[str]:
    """The kinds of nodes that the grammar makes, and the one of the parser for holes."""
    stored = tables.load()
    return frozenset({kind for *_, kind in stored["rules"] if kind and not kind.startswith(("_", "?"))})


def _bound() -> set[str]:
    """The kinds of bound nodes."""
    classes = [value for value in vars(nodes).values() if isinstance(value, type) and issubclass(value, nodes.Bound)]
    return {cls.kind for cls in classes}


def test_a_kind_is_the_name_of_its_class() -> None:
    assert (nodes.IsType.kind, nodes.Yield.kind, nodes.CompoundAssignment.kind) == (
        "is_type",
        "yield",
        "compound_assignment",
    )


def test_every_kind_of_syntax_is_bound_once() -> None:
    bound = _of_room("csharp.binding")
    twice = {kind for kind, count in bound.items() if count > 1} - {"hole", "predefined_type"}
    assert not twice
    assert {*bound, *READ_BY_THE_NODE_AROUND.split()} - {"hole"} == _syntax() - {"hole"}
    assert not set(READ_BY_THE_NODE_AROUND.split()) & set(bound)


def test_every_kind_of_bound_node_is_emitted_once() -> None:
    emitted = _of_room("csharp.emit")
    assert max(emitted.values()) == 1
    assert {*emitted, *NOT_EMITTED.split()} == _bound()
    assert not set(NOT_EMITTED.split()) & set(emitted)


def _of_room(room: str) -> Counter[str]:
    return Counter(kind for (owner, _), table in TABLES.items() if owner == room for kind in table.modules)


@pytest.mark.parametrize("table", [evaluation.FUNCTIONS, TRANSFERS, core.FUNCTIONS], ids=lambda table: table.room)
def test_functions_are_where_a_table_names_them(table: Functions) -> None:
    assert all(callable(table[kind]) for kind in table.modules)


@pytest.mark.parametrize(("room", "prefix"), TABLES)
def test_functions_have_one_place(room: str, prefix: str) -> None:
    """Each function stands in the module that the table names, and no module has one that the table does not know."""
    table = TABLES[room, prefix]
    for kind, module in table.modules.items():
        assert list(inspect.signature(table[kind]).parameters)[:2] == PARAMETERS[room], (module, kind)
    defined = {name for path in _folder(room).glob("*.py") for name in _top_level(path) if name.startswith(prefix)}
    kinds = {name.removeprefix(prefix) for name in defined}
    assert kinds & (_syntax() if room == "csharp.binding" else _bound()) <= set(table.modules) | _read_elsewhere(room)


def _read_elsewhere(room: str) -> set[str]:
    return set(READ_BY_THE_NODE_AROUND.split()) if room == "csharp.binding" else set()


def _folder(room: str) -> Path:
    return SOURCES.joinpath(*room.split("."))


def _top_level(path: Path) -> list[str]:
    names = []
    for statement in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(statement, ast.FunctionDef):
            names.append(statement.name)
        elif isinstance(statement, ast.Assign):
            names += [target.id for target in statement.targets if isinstance(target, ast.Name)]
    return names


@pytest.mark.parametrize("building", BUILDINGS)
def test_no_module_leads_back_to_itself(building: str) -> None:
    """Neither at import nor through imports inside functions; tables of parts name modules that they don't import."""
    paths = {_module_name(path): path for path in (SOURCES / building).rglob("*.py")}
    imports = {name: _imports(path, paths.keys()) - {name} for name, path in paths.items()}
    done: set[str] = set()
    while ready := {name for name in imports.keys() - done if imports[name] <= done}:
        done |= ready
    assert not imports.keys() - done, f"in or above a circle: {sorted(imports.keys() - done)}"


def _module_name(path: Path) -> str:
    parts = path.relative_to(SOURCES).with_suffix("").parts
    return ".".join((SOURCES.name, *(parts[:-1] if path.stem == "__init__" else parts)))


def _imports(path: Path, modules: Collection[str]) -> set[str]:
    """Return those modules that a module imports when it runs, at its top or inside a function."""
    found: set[str] = set()
    waiting: list[ast.AST] = [ast.parse(path.read_text(encoding="utf-8"))]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            continue
        if isinstance(node, ast.ImportFrom):
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= names if names <= set(modules) else names | {node.module or ""}
        elif isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        waiting.extend(ast.iter_child_nodes(node))
    return found & set(modules)
