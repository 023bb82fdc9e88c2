"""Makes the index of `csharp.dotnet.implementations`: python -m apimpolicy.csharp.dotnet.implementation_index

Every module that registers something is imported, and what it registers is noted. That is done in a process of its own,
in which nothing was imported before. It needs the standard library only, since it runs while the package is built.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterator
from importlib.machinery import SourceFileLoader
from types import ModuleType
from typing import Any

from apimpolicy.csharp.dotnet import implementations, registry

_MARKS = ("apimpolicy.csharp.dotnet.registry import", "apimpolicy.csharp.dotnet.linq")
"""Imports of modules that register something."""


def read() -> dict[str, tuple[str, ...]]:
    """Return the modules that implement each type, by its name without type arguments."""
    found: dict[str, set[str]] = {}
    importing: list[str] = []
    import_module = SourceFileLoader.exec_module

    def import_noting(loader: SourceFileLoader, module: ModuleType) -> None:
        importing.append(module.__name__)
        import_module(loader, module)
        importing.pop()

    SourceFileLoader.exec_module = import_noting  # type: ignore[method-assign, assignment]
    for table in ("_registered", "_setters", "_classes", "_names", "_reasons"):
        setattr(registry, table, _Noting(found, importing))
    implementations.modules_of = _refuse
    for name in _modules():
        importlib.import_module(name)
    return {name: tuple(sorted(modules)) for name, modules in sorted(found.items())}


def _refuse(type_name: str) -> tuple[str, ...]:
    raise RuntimeError(
        f"a module asks for the implementation of {type_name} while it is imported: ask when it is called"
    )


class _Noting(dict[tuple[str, str], Any]):
    """A table of registrations that notes for each type which modules were being imported, innermost last."""

    def __init__(self, found: dict[str, set[str]], importing: list[str]) -> None:
        super().__init__()
        self._found = found
        self._importing = importing

    def __setitem__(self, key: tuple[str, str], value: Any) -> None:
        super().__setitem__(key, value)
        self._found.setdefault(key[0].partition("`")[0], set()).add(self._importing[-1])


def _modules() -> Iterator[str]:
    """Yield the names of the modules that register something."""
    for path in implementations.sources():
        with open(path, encoding="utf-8") as file:
            text = file.read()
        if any(mark in text for mark in _MARKS):
            inside = os.path.relpath(path, implementations.PACKAGE)[: -len(".py")]
            yield f"apimpolicy.{inside.replace(os.sep, '.')}"


if __name__ == "__main__":
    implementations.store(read())
