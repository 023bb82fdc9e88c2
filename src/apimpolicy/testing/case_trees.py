"""Operations on the trees of test files: tables on top of others, and rows of `each` in a case."""

from __future__ import annotations

import re

from apimpolicy.testing.format import METHODS, OUTCOMES
from apimpolicy.testing.tree import Tree

ADDRESSES = frozenset((*METHODS, "url", "mcp"))
"""Keys of a request that say where it goes."""


def merged_trees(below: Tree, above: Tree, key: str) -> Tree:
    """Merge two tables, the upper one's keys first; anything else is the upper one."""
    if not isinstance(below.value, dict) or not isinstance(above.value, dict):
        return above
    kept = dict(below.value)
    if key == "expect":
        kept = _without_outcomes(kept, above.value)
    if key == "request" and not ADDRESSES.isdisjoint(above.value):
        others = (*METHODS, "url", "method") if "mcp" in above.value else (*METHODS, "url", "method", "mcp")
        kept = {name: part for name, part in kept.items() if name not in others}
    if any(name in above.value for name in ("body", "json", "file", "json-subset", "json_subset")):
        kept = {name: part for name, part in kept.items() if name not in ("body", "json", "file", "json-subset")}
    for name, part in above.value.items():
        twin = name.replace("-", "_") if name.replace("-", "_") in kept else name.replace("_", "-")
        if twin in kept and twin != name:
            del kept[twin]
        kept[name] = merged_trees(kept[name], part, name) if name in kept else part
    return Tree(above.source, kept, above.start, above.end, above.key_start)


def with_mcp(request: Tree | None, message: Tree | None) -> Tree | None:
    """Return a request to an MCP server with this message, which is beside it in the case."""
    if message is None:
        return request
    above = Tree(message.source, {"mcp": message}, message.start, message.end, message.key_start)
    return above if request is None else merged_trees(request, above, "request")


def _without_outcomes(below: dict[str, Tree], above: dict[str, Tree]) -> dict[str, Tree]:
    """Return the expectations of `below` compatible with `above`: of a response, or of an outcome instead."""
    has_outcome = any(key.replace("_", "-") in OUTCOMES for key in above)
    if has_outcome:
        return {}
    return {key: part for key, part in below.items() if not above or key.replace("_", "-") not in OUTCOMES}


_PLACEHOLDER = re.compile(r"\$(?:\{([\w-]+)\}|([\w-]*\w))")


def filled_tree(tree: Tree, values: dict[str, Tree]) -> Tree:
    """Return the tree with `$name` and `${name}` replaced by a row's values; a text that is only one
    becomes the value.
    """
    if isinstance(tree.value, dict):
        table = {_filled_text(key, values): filled_tree(part, values) for key, part in tree.value.items()}
        return Tree(tree.source, table, tree.start, tree.end, tree.key_start)
    if isinstance(tree.value, list):
        items = [filled_tree(part, values) for part in tree.value]
        return Tree(tree.source, items, tree.start, tree.end, tree.key_start)
    if not isinstance(tree.value, str) or "$" not in tree.value:
        return tree
    whole = _PLACEHOLDER.fullmatch(tree.value)
    if whole is not None and (whole[1] or whole[2]) in values:
        found = values[whole[1] or whole[2]]
        return Tree(found.source, found.value, found.start, found.end, tree.key_start)
    return Tree(tree.source, _filled_text(tree.value, values), tree.start, tree.end, tree.key_start)


def _filled_text(text: str, values: dict[str, Tree]) -> str:
    def value_of(match: re.Match[str]) -> str:
        name = match[1] or match[2]
        if name not in values:
            return match[0]
        value = values[name]
        if isinstance(value.value, (dict, list)):
            import json

            return json.dumps(value.plain(), ensure_ascii=False, default=str)
        return "null" if value.value is None else str(value.text()).strip("\"'")

    return _PLACEHOLDER.sub(value_of, text)
