"""The parser's tables: stored beside this module by the build hook, built anew when the grammar has changed.

Loading stored tables takes about a millisecond and does not import Lark.
"""

from __future__ import annotations

import marshal
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from apimpolicy.syntax.table_builder import build, origin, store

STORED = Path(__file__).with_name("_tables.bin")


def grammar_path() -> Path:
    """Where the grammar is: inside the installed package, or at the top of a checkout."""
    package = Path(__file__).parents[1]
    installed = package / "grammar" / "csharp.lark"
    return installed if installed.exists() else package.parents[1] / "grammar" / "csharp.lark"


@cache
def load() -> dict[str, Any]:
    """The tables; see `table_builder.build` for what they hold."""
    grammar = grammar_path().read_bytes()
    try:
        stored_origin, tables = marshal.loads(STORED.read_bytes())
    except (OSError, ValueError, EOFError, TypeError):
        stored_origin, tables = None, {}
    if stored_origin != origin(grammar):
        tables = build(grammar.decode())
        with suppress(OSError):  # a read-only installation: the tables are as good in memory
            store(STORED, grammar, tables)
    return tables  # type: ignore[no-any-return]
