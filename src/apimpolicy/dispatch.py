"""Dispatch by kinds of nodes: how the binder and the emitter find the function for a node."""

from __future__ import annotations

from importlib import import_module
from typing import Any


class Functions(dict[str, Any]):
    """The functions of a room by kind of node, as far as they were needed.

    A function is found by its name, `prefix` and the kind; `modules` says in which modules of the room the functions
    for which kinds stand. A module is imported when the first node of its kinds comes: most code needs few of them.
    """

    def __init__(self, room: str, prefix: str, modules: dict[str, str]) -> None:
        self.modules = {kind: module for module, kinds in modules.items() for kind in kinds.split()}
        self.room = room
        self.prefix = prefix

    def __missing__(self, kind: str) -> Any:
        part = import_module(f"apimpolicy.{self.room}.{self.modules[kind]}")
        function = self[kind] = getattr(part, self.prefix + kind)
        return function
