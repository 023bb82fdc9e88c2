"""The parser's tables: stored beside this module by the build hook, built anew when the grammar has changed.

Loading stored tables takes about a millisecond and does not import Lark.
"""

from __future__ import annotations

import marshal
import os
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING, Any

from apimpolicy.syntax.table_builder import build, origin, store

if TYPE_CHECKING:
    from os import PathLike

_HERE = os.path.dirname(os.path.abspath(__file__))
STORED: str | PathLike[str] = os.path.join(_HERE, "_tables.bin")


def grammar_path() -> str | PathLike[str]:
    """Return where the grammar is: inside the installed package, or at the top of a checkout."""
    package = os.path.dirname(_HERE)
    installed = os.path.join(package, "grammar", "csharp.lark")
    return installed if os.path.exists(installed) else os.path.join(package, "..", "..", "grammar", "csharp.lark")


@cache
def load() -> dict[str, Any]:
    """Return the tables; see `table_builder.build` for what they hold."""
    grammar = _content(grammar_path())
    try:
        stored_origin, tables = marshal.loads(_content(STORED))
    except (OSError, ValueError, EOFError, TypeError):
        stored_origin, tables = None, {}
    if stored_origin != origin(grammar):
        tables = build(grammar.decode())
        with suppress(OSError):  # a read-only installation: the tables are as good in memory
            from pathlib import Path

            store(Path(STORED), grammar, tables)
    found: dict[str, Any] = tables
    return found


def _content(path: str | PathLike[str]) -> bytes:
    with open(path, "rb") as file:
        return file.read()
