"""Measure the depth of a tree, and make stack space for deep ones.

The grammar's own nesting is bounded by `MAXIMUM_DEPTH`; chains to the left (`a.b().c()`, `a + b + c`) are as long as
the text. Everything after the parser walks trees recursively, and Python's compiler recurses in C. So code that may be
deep runs in a thread with a large stack and a limit of frames that fits its depth; everything else pays nothing.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from contextvars import copy_context
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Final, TypeVar

from apimpolicy.csharp.syntax.nodes import Node, Token

if TYPE_CHECKING:
    from types import TracebackType

_Result = TypeVar("_Result")

MAXIMUM_DEPTH: Final = 1600
"""A tree with more levels than this is refused (CS8078). No form takes more than three levels for one of its own, so
that 500 fit of each: of calls in calls, of blocks in blocks, of dictionaries in dictionaries."""

ORDINARY_DEPTH: Final = 100
"""Levels of a tree that need no more room than Python gives to everybody."""

_SHORT: Final = 200
"""Characters of code that cannot make a tree of many levels."""

FRAMES_PER_LEVEL: Final = 24
"""More than any walk takes for one level of the syntax tree, rewritten queries included."""

_FRAMES: Final = 12_000
"""Room for what is not deep: code too short to measure."""

_STACK: Final = 256 * 1024 * 1024
"""Bytes of address space for a deep walk; memory is used as far as the walk gets."""

_LINKS = frozenset(
    {
        *("member_access", "invocation", "element_access", "binary", "logical_or", "logical_and"),
        *("is_type", "is_pattern", "as_type"),
    }
)
"""Kinds whose first child is on the same level when it is one of them too: links of a chain."""

_CONDITIONAL_LINKS = frozenset({"conditional_member_access", "conditional_element_access"})
"""`a?.b?.c` means `a == null ? null : (a.b?.c)`: each `?.` is a level."""

_PARTS = frozenset(
    {
        *("block", "arrow_body", "expression_statement", "return_statement", "expression_list", "throw_statement"),
        *("local_declaration_statement", "local_declaration", "const_declaration_statement", "declarators"),
        *("declarator", "parameters", "parameter", "lambda_parameters", "lambda_parameter", "type_parameters"),
        *("switch_section", "switch_labels", "case_label", "catch_clauses", "catch_clause", "finally_clause"),
        *("catch_declaration", "catch_filter", "arguments", "argument", "tuple_element", "tuple_type_element"),
        *(
            "sizes",
            "initializer",
            "parenthesized",
            "member_initializer",
            "indexer_initializer",
            "anonymous_member",
            "type_arguments",
        ),
        *("interpolation", "query_body", "query_clauses", "from_clause", "let_clause", "where_clause", "join_clause"),
        *("orderby_clause", "ordering", "select_clause", "group_clause", "query_continuation"),
    }
)
"""Kinds that stand on the level of the node around them, unless that is of the same kind."""


def beyond(tree: Node, levels: int) -> Node | None:
    """Return a node below so many levels, if there is one. Links of a chain are on one level."""
    level: list[Node] = [tree]
    for _ in range(levels):
        following: list[Node] = []
        for node in level:  # grows while it is walked over
            kind, children = node.kind, node.children
            is_link = kind in _LINKS
            for child in children:
                if isinstance(child, Node):
                    below = child.kind
                    is_same = below in _PARTS and below != kind
                    if is_link and child is children[0]:
                        is_same = is_same or below in _LINKS or below in _CONDITIONAL_LINKS
                    (level if is_same else following).append(child)
        if not following:
            return None
        level = following
    return level[0]


def depth(tree: Node) -> int:
    """Return the levels of the tree itself, links and all; 0 when its text is too short to have many."""
    if tree.end - tree.start < _SHORT:
        return 0
    count = 0
    level: list[Node] = [tree]
    while level:
        count += 1
        level = [c for node in level for c in node.children if c is not None and type(c) is not Token]
    return count


class Frames:
    """A context manager under which more Python frames fit than usual; may be nested.

    The limit belongs to the whole process: it is raised by those that need it and put back by the last, whatever
    thread they run in. Python calling Python takes no C stack from Python 3.11 on.
    """

    _lock = threading.Lock()
    _users = 0
    _usual = 0

    def __init__(self, count: int = _FRAMES) -> None:
        self._count = count

    def __enter__(self) -> None:
        cls = Frames
        with cls._lock:
            if cls._users == 0:
                cls._usual = sys.getrecursionlimit()
            cls._users += 1
            wanted = cls._usual + self._count
            if sys.getrecursionlimit() < wanted:
                sys.setrecursionlimit(wanted)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        cls = Frames
        with cls._lock:
            cls._users -= 1
            if cls._users == 0:
                sys.setrecursionlimit(cls._usual)


_starting = threading.Lock()
"""The size of stacks is a setting of the process: one thread at a time starts one."""

_MOST_IDLE: Final = 4


class _Worker:
    """A thread with a large stack that is kept: starting one takes longer than most expressions."""

    idle: ClassVar[list[_Worker]] = []

    def __init__(self) -> None:
        self._job: Callable[[], None] | None = None
        self._has_job = threading.Lock()
        self._has_job.acquire()
        with _starting:
            usual = threading.stack_size(_STACK)
            try:
                threading.Thread(target=self._work, name="deep expression", daemon=True).start()
            finally:
                threading.stack_size(usual)

    def _work(self) -> None:
        while True:
            self._has_job.acquire()
            job, self._job = self._job, None  # an idle worker keeps nothing alive
            if job is None:
                return
            job()
            del job

    def _start(self, job: Callable[[], None] | None) -> None:
        self._job = job
        self._has_job.release()

    @classmethod
    def run(cls, function: Callable[[], _Result]) -> _Result:
        """Return the result of a function that runs in a worker, or raise its error."""
        try:
            worker = cls.idle.pop()
        except IndexError:
            worker = cls()
        results: list[_Result] = []
        errors: list[BaseException] = []
        is_done = threading.Lock()
        is_done.acquire()

        def job() -> None:
            try:
                results.append(function())
            except BaseException as error:  # raised again by the thread that waits
                errors.append(error)
            finally:
                is_done.release()

        worker._start(job)
        is_done.acquire()
        if len(cls.idle) < _MOST_IDLE:
            cls.idle.append(worker)
        else:
            worker._start(None)
        if errors:
            raise errors.pop()
        return results[0]


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_Worker.idle.clear)


def with_room(levels: int, function: Callable[..., _Result], *arguments: Any) -> _Result:
    """Call a function where walks of `levels` levels fit; return its result or raise."""
    frames = max(levels * FRAMES_PER_LEVEL, _FRAMES)
    with Frames(frames):
        if levels <= ORDINARY_DEPTH:
            return function(*arguments)
        return _Worker.run(partial(copy_context().run, function, *arguments))
