"""Names of policies are compared in the policies' own modules; elsewhere traits are asked (`policies.spec.TRAITS`).

`base` and `include-fragment` are syntax: they say where other documents stand. A rule may name the policies that it is
about; what it knows of others are traits.
"""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

import pytest

from apimpolicy.policies.registry import names, names_with, specification_of, traits_of
from apimpolicy.policies.spec import TRAITS

SOURCES = Path(__file__).parents[2] / "src" / "apimpolicy"
SYNTAX = {"base", "include-fragment"}
OTHER_MEANINGS = {"block", "trace"}
"""Names that are also kinds of nodes, of messages and of keys."""

KNOWN = {
    "report/cors_notes.py": 1,
    "report/gateway_trace.py": 1,
    "report/gateway_trace_entries.py": 7,
    "testing/first_requests.py": 2,
    "testing/first_surroundings.py": 6,
    "testing/recorded_traces.py": 5,
}
"""Comparisons that are left; the number only falls. The traces are a format of its own, in which these are sources."""


def compared(path: Path) -> list[str]:
    """The names of policies with which something is compared: by an operator, in a `match`, as the key of a table."""
    found: list[str] = []
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        sides: list[ast.expr] = []
        if isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
        elif isinstance(node, ast.MatchValue):
            sides = [node.value]
        for side in sides:
            parts = side.elts if isinstance(side, (ast.Tuple, ast.Set, ast.List)) else [side]
            found += [part.value for part in parts if isinstance(part, ast.Constant) and isinstance(part.value, str)]
    return [name for name in found if name in set(names()) - SYNTAX - OTHER_MEANINGS]


def test_names_are_compared_in_their_own_modules() -> None:
    paths = [
        path
        for path in SOURCES.rglob("*.py")
        if not path.is_relative_to(SOURCES / "policies") and not path.is_relative_to(SOURCES / "checks" / "rules")
    ]
    found = Counter({path.relative_to(SOURCES).as_posix(): len(compared(path)) for path in paths})
    assert {path: count for path, count in found.items() if count} == KNOWN


@pytest.mark.parametrize("trait", TRAITS)
def test_every_trait_is_had_and_asked_for(trait: str) -> None:
    assert names_with(trait)
    asking = [path for path in SOURCES.rglob("*.py") if path.parent.name != "policies"]
    assert any(f'"{trait}"' in path.read_text("utf-8") for path in asking)


def test_policies_have_known_traits_only() -> None:
    for name in names():
        assert set(traits_of(name)) <= {*TRAITS, "once"}
        specification = specification_of(name)
        if specification is not None:
            assert set(traits_of(name)) == specification.traits | ({"once"} if specification.placement.once else set())
