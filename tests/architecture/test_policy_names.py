"""Names of policies are compared in the policies' own modules; elsewhere traits are asked (`policies.traits.TRAITS`).

`base` and `include-fragment` are syntax: they say where other documents stand. A rule names the policies that it is
about, as its `elements`; what it knows of others are traits.
"""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING

from tests.rows import for_each

from apimpolicy.declarations import declared
from apimpolicy.gateway.policies.registry import names, names_with, specification_of, traits_of
from apimpolicy.gateway.policies.traits import DOUBTS, TRAITS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apimpolicy.gateway.policies.spec import Specification

SOURCES = Path(__file__).parents[2] / "src" / "apimpolicy"
RULES = declared()["rules"]
SYNTAX = {"base", "include-fragment"}
OTHER_MEANINGS = {"block", "cors", "trace"}
"""Names that are also kinds of nodes, of effects, of messages and of keys."""


def compared(path: Path) -> set[str]:
    """Return the names of policies that are compared, matched, keys of tables, or arguments of decorators."""
    text = path.read_text("utf-8")
    if not any(f'"{name}"' in text for name in names()):
        return set()
    found: list[ast.AST] = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Compare):
            found += [node.left, *node.comparators]
        elif isinstance(node, ast.MatchValue):
            found.append(node.value)
        elif isinstance(node, ast.Dict):
            found += [key for key in node.keys if key is not None]
        elif isinstance(node, ast.Subscript):
            found.append(node.slice)
        elif isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            found += node.decorator_list
        elif (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "frozenset") or (
            isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "find"
        ):
            found += node.args
    constants = (part for node in found for part in ast.walk(node) if isinstance(part, ast.Constant))
    texts = {part.value for part in constants if isinstance(part.value, str)}
    return (texts & set(names())) - SYNTAX - OTHER_MEANINGS


def own(path: Path) -> set[str]:
    """The policies that the rule of a module is about."""
    return set(RULES.get(path.stem, {}).get("elements", ())) if path.parent.name == "rules" else set()


@for_each(path for path in sorted(SOURCES.rglob("*.py")) if not path.is_relative_to(SOURCES / "gateway" / "policies"))
def test_names_are_compared_in_their_own_modules(path: Path) -> None:
    assert compared(path) <= own(path)


@for_each(TRAITS)
def test_every_trait_is_had_and_asked_for(trait: str) -> None:
    assert names_with(trait)
    asking = [path for path in SOURCES.rglob("*.py") if path.parent.name != "policies" or path.stem == "registry"]
    assert any(f'"{trait}"' in path.read_text("utf-8") for path in asking)


def test_policies_have_known_traits_only() -> None:
    for name in names():
        assert set(traits_of(name)) <= {*TRAITS, "once"}
        specification = specification_of(name)
        if specification is not None:
            assert set(traits_of(name)) == specification.traits | ({"once"} if specification.placement.once else set())


def parts_of(specification: Specification) -> Iterator[Specification]:
    """A specification and those of the elements that are parts of it."""
    yield specification
    for slot in specification.children:
        if slot.part is not None:
            part = specification.part(slot.name or "")
            assert part is not None
            yield from parts_of(part)


def test_traits_say_what_specifications_have() -> None:
    for specification in filter(None, map(specification_of, names())):
        slots = [slot for each in parts_of(specification) for slot in each.attributes]
        assert ("bounded-numbers" in specification.traits) is any(slot.within is not None for slot in slots), (
            specification
        )
        assert ("caches-responses" in specification.traits) is bool(specification.other_half), specification
        assert ("ordered" in specification.traits) is bool(specification.order), specification


def test_doubts_are_known() -> None:
    found = {
        doubt
        for specification in filter(None, map(specification_of, names()))
        for each in parts_of(specification)
        for slot in each.attributes
        for doubt in slot.doubts
    }
    assert found == set(DOUBTS)
