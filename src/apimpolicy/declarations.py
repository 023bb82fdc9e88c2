"""Read the declarations of policies, rules and the package from their sources, without importing them.

A cold check imports the modules that a document needs, so names, traits and conditions have to be known before.
Python's own parser reads them from the sources; the result is kept in `_declarations.bin`. The build writes this file,
and a checkout writes it again when a source has changed. Declared values must be literals, or consist of constants of
the same module.
"""

from __future__ import annotations

import marshal
import os
from collections.abc import Iterator
from functools import cache
from typing import Any

HERE = os.path.dirname(os.path.abspath(__file__))
STORE = "_declarations.bin"
POLICIES, RULES = os.path.join("gateway", "policies"), os.path.join("checks", "rules")
_RULE_FIELDS = ("code", "by_default", "elements", "traits", "attributes", "members", "words", "known")

Declared = dict[str, Any]


@cache
def declared() -> dict[str, dict[str, Any]]:
    """Return the declarations of `policies` by name and `rules` by module; `exports` are public names."""
    prints = _fingerprints() if os.path.exists(os.path.join(HERE, "..", "..", "hatch_build.py")) else None
    try:
        with open(os.path.join(HERE, STORE), "rb") as file:
            stored = marshal.loads(file.read())
        if prints is None or stored["prints"] == prints:
            found: dict[str, dict[str, Any]] = stored["declared"]
            return found
    except (OSError, ValueError, EOFError, TypeError, KeyError):
        pass
    return store()


def store() -> dict[str, dict[str, Any]]:
    """Read the sources, and store the result if the folder can be written."""
    found = read()
    path = os.path.join(HERE, STORE)
    try:
        with open(f"{path}.{os.getpid()}", "wb") as file:
            file.write(marshal.dumps({"prints": _fingerprints(), "declared": found}))
        os.replace(f"{path}.{os.getpid()}", path)
    except OSError:
        pass
    return found


def read() -> dict[str, dict[str, Any]]:
    """Parse the sources. Raises LookupError for a declared value that does not consist of literals."""
    policies = {made["name"]: made for stem, text in _sources(POLICIES) for made in _policies(stem, text)}
    rules = {stem: made for stem, text in _sources(RULES) if (made := _rule(stem, text)) is not None}
    return {
        "exports": _exports(),
        "policies": dict(sorted(policies.items())),
        "rules": dict(sorted(rules.items(), key=lambda item: str(item[1]["code"]))),
    }


def _exports() -> dict[str, str]:
    """Return the public names of the package, each with its module."""
    import ast

    with open(os.path.join(HERE, "__init__.py"), encoding="utf-8") as file:
        tree = ast.parse(file.read())
    return {
        alias.name: str(node.module)
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if alias.asname == alias.name
    }


def _fingerprints() -> list[tuple[str, int, int]]:
    status = os.stat(os.path.join(HERE, "__init__.py"))
    found = [("", status.st_mtime_ns, status.st_size)]
    for folder in (POLICIES, RULES):
        with os.scandir(os.path.join(HERE, folder)) as entries:
            for entry in entries:
                if entry.name.endswith(".py"):
                    status = entry.stat()
                    found.append((entry.name, status.st_mtime_ns, status.st_size))
    return sorted(found)


def _sources(folder: str) -> Iterator[tuple[str, str]]:
    for name in sorted(os.listdir(os.path.join(HERE, folder))):
        if name.endswith(".py"):
            with open(os.path.join(HERE, folder, name), encoding="utf-8") as file:
                yield name[: -len(".py")], file.read()


def _policies(stem: str, text: str) -> Iterator[Declared]:
    """Yield the policies that a module defines with `@policy("name", traits="…")`, with those that follow from others.

    A policy refuses if it declares so among its effects, or with which statuses.
    """
    import ast

    for node in ast.walk(ast.parse(text)) if "\n@policy(" in text else ():
        for decorator in node.decorator_list if isinstance(node, ast.ClassDef) else ():
            match decorator:
                case ast.Call(func=ast.Name(id="policy"), args=[ast.Constant(value=str(name))], keywords=keywords):
                    given = {keyword.arg: keyword.value for keyword in keywords}
                    words = {key: _words_of(given.get(key)) for key in ("traits", "effects", "refuses_with")}
                    once = "once=" in ast.unparse(given["placement"]) if "placement" in given else False
                    refuses = bool(words["refuses_with"]) or "refuses" in words["effects"]
                    derived = [trait for trait, has in (("refuses", refuses), ("once", once)) if has]
                    yield {"name": name, "module": stem, "traits": (*words["traits"], *derived)}


def _words_of(node: Any) -> list[str]:
    """Return the words of a literal text."""
    import ast

    return [] if node is None else ast.literal_eval(node).split()


def _rule(stem: str, text: str) -> Declared | None:
    """Return the code of a module's rule, and the conditions under which a document needs it."""
    import ast

    tree = ast.parse(text)
    constants = {
        target.id: node.value
        for node in tree.body
        if isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value is not None
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(target, ast.Name)
    }
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and any(getattr(base, "id", "") == "Rule" for base in node.bases):
            fields = {
                statement.targets[0].id: _value(statement.value, constants, stem)
                for statement in node.body
                if isinstance(statement, ast.Assign)
                and isinstance(statement.targets[0], ast.Name)
                and statement.targets[0].id in _RULE_FIELDS
            }
            return {"module": stem, **fields}
    return None


def _value(node: Any, constants: dict[str, Any], stem: str) -> Any:
    """Evaluate an expression of literals, `tuple`, and constants of the module."""
    import ast
    import math

    builtins: dict[str, Any] = {"tuple": tuple, "frozenset": frozenset, "dict": dict, "math": math}
    used = [part for part in ast.walk(node) if isinstance(part, ast.Name)]
    bound = {part.id for part in used if isinstance(part.ctx, ast.Store)}
    names = {part.id for part in used} - bound - builtins.keys()
    if not names <= constants.keys():
        raise LookupError(f"{stem}: the fields of a rule must consist of literals, not of {', '.join(sorted(names))}")
    known = {name: _value(constants[name], constants, stem) for name in names}
    return eval(compile(ast.Expression(node), stem, "eval"), {"__builtins__": builtins, **known})
