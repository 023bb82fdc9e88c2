"""Writes `shapes.pyi`, which tells type checkers what `shapes.TABLE` says.

Run it after a change of the table: `python -m apimpolicy.csharp.syntax.shape_stubs`.
"""

from __future__ import annotations

from pathlib import Path

from apimpolicy.csharp.syntax.shapes import ROWS, class_name, fields_of

PATH = Path(__file__).with_name("shapes.pyi")

_HEAD = """# Written by `python -m apimpolicy.csharp.syntax.shape_stubs` from the table in shapes.py.

from typing import Final

from apimpolicy.csharp.syntax.nodes import Child, Node, Token

TABLE: Final[str]
ROWS: Final[dict[str, str]]
KINDS: Final[dict[str, type[Shape]]]

def fields_of(kind: str) -> list[str]: ...
def class_name(kind: str) -> str: ...

class Shape(Node):
    def __init__(self, children: list[Child], start: int, end: int) -> None: ...
"""


def stub() -> str:
    text, was_empty = _HEAD, False
    for kind in ROWS:
        is_empty = not fields_of(kind)
        text += _class(kind) if is_empty and was_empty else f"\n{_class(kind)}"
        was_empty = is_empty
    return text


def _class(kind: str) -> str:
    fields = [_property(field) for field in fields_of(kind)]
    if not fields:
        return f"class {class_name(kind)}(Shape): ...\n"
    return f"class {class_name(kind)}(Shape):\n" + "".join(fields)


def _property(field: str) -> str:
    name, _, written = field.partition(":")
    type_ = written.strip() or "Node"
    if name.endswith("…"):
        type_ = f"list[{type_}]"
    elif name.endswith("?"):
        type_ = f"{type_} | None"
    return f"    @property\n    def {name.rstrip('?…')}(self) -> {type_}: ...\n"


if __name__ == "__main__":
    PATH.write_text(stub(), encoding="utf-8")
