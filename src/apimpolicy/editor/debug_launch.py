"""Launch a debug session, and the stopping points inside expressions."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dis import opname
from functools import lru_cache
from pathlib import Path
from types import CodeType, FrameType
from typing import TYPE_CHECKING, Any, NamedTuple

from apimpolicy.csharp.emit.runtime import EXCERPT, FILENAME_PREFIX, _offset, file_of
from apimpolicy.csharp.syntax import shapes
from apimpolicy.csharp.syntax.nodes import Node
from apimpolicy.csharp.syntax.parser import parse
from apimpolicy.editor.named_paths import admit, author_of_session
from apimpolicy.errors import ConfigurationError
from apimpolicy.text.source import Excerpt, Source

if TYPE_CHECKING:
    from apimpolicy.editor.rpc import Json
    from apimpolicy.gateway.engine.gateway import Gateway


# Launch a debug session: a policy with a request, from a `.http` file or a URL, or a case of a test file


def launched(arguments: Json) -> Callable[[], str]:
    """Return a function that runs the request and returns its outcome as text. Raises ConfigurationError.

    `policy` with `httpFile` (a request as text) or `url`, `method`, `headers`, `body`, `certificate` (a file), `scopes`
    (files by scope), `config`; or `test`, a test file, with `case`, the name of a case in it.
    """
    admit(arguments, author_of_session(str(arguments.get("test") or arguments.get("policy") or "")))
    if arguments.get("test"):
        return _case(str(arguments["test"]), str(arguments.get("case", "")))
    if arguments.get("policy"):
        return _policy(arguments)
    needed = "a debug session needs a 'policy' with a 'url' or an 'httpFile', or a 'test' with a 'case'"
    raise ConfigurationError(needed)


def _case(path: str, name: str) -> Callable[[], str]:
    from apimpolicy.testing.case_files import load_case_file
    from apimpolicy.testing.running import run_case

    cases = load_case_file(path).cases
    case = next((case for case in cases if not name or case.name == name), None)
    if case is None:
        raise ConfigurationError(f"{path} has no case '{name}'; it has {', '.join(repr(case.name) for case in cases)}")

    def run() -> str:
        outcome = run_case(case)
        said = [outcome.problem] if outcome.problem else outcome.sentences
        return "\n".join((f"{outcome.status}: {case.name}", *said)) + "\n"

    return run


def _policy(arguments: Json) -> Callable[[], str]:
    policy = Path(str(arguments["policy"]))
    if not policy.is_file():
        raise ConfigurationError(f"there is no policy {policy}")
    scopes = {"api": policy, **{scope: Path(path) for scope, path in (arguments.get("scopes") or {}).items()}}
    gateway = _gateway(arguments, str(policy))
    request = _request(arguments)

    def run() -> str:
        from apimpolicy.report.columns import Style
        from apimpolicy.report.explanation import explain, render

        return render(explain(gateway.run(scopes, request)), Style(False)) + "\n"

    return run


def _gateway(arguments: Json, policy: str) -> Gateway:
    from apimpolicy.project.configuration import empty_configuration, load_configuration
    from apimpolicy.project.environments import find_configuration

    path = arguments.get("config") or find_configuration(policy)
    configuration = load_configuration(os.fspath(path)) if path is not None else empty_configuration()
    return configuration.gateway()


def _request(arguments: Json) -> Any:
    from apimpolicy.gateway.context.records import Request

    options: Json = {}
    if arguments.get("certificate"):
        from apimpolicy.csharp.dotnet.cryptography.certificate import Certificate

        options["certificate"] = Certificate.from_file(str(arguments["certificate"]), arguments.get("password"))
    if arguments.get("httpFile"):
        from apimpolicy.project.manual_requests import load_request

        return load_request(str(arguments["httpFile"]), **options)
    body = arguments.get("body")
    method = str(arguments.get("method") or ("GET" if body is None else "POST"))
    headers = [(str(name), str(value)) for name, value in (arguments.get("headers") or {}).items()]
    return Request(method, str(arguments.get("url") or "/"), headers=headers, body=body, **options)


# Stopping points inside an expression: statements, operands of `&&`, `||`, `??` and `?:`, lambdas.
# Emitted code carries the places of the policy (`emit.runtime`), so that each instruction belongs to the innermost
# point
# around it. All of this exists only while a request is debugged.

_GO_ON = frozenset(("LOAD_ATTR", "LOAD_METHOD", "PRECALL", "CALL", "CALL_KW", "CALL_METHOD"))
"""Instructions that begin nothing. For code over several lines, Python records only the name's position for them."""

_NO_STOP = frozenset(("block", "empty_statement", "local_function", "labeled_statement"))


class Point(NamedTuple):
    """A span of the file at which the debugger may stop; not where a part of it that begins there is one itself."""

    source: Source
    start: int
    end: int
    is_stop: bool = True

    @property
    def line(self) -> int:
        return self.source.position(self.start).line

    def holds(self, start: int, end: int) -> bool:
        return self.start <= start and end <= self.end


def is_policy_code(frame: FrameType) -> bool:
    return frame.f_code.co_filename.startswith(FILENAME_PREFIX) and EXCERPT in frame.f_globals


@lru_cache(maxsize=512)
def points_of(excerpt: Excerpt) -> tuple[Point, ...]:
    """Return the points of an expression, inner ones before those around them."""
    tree = parse(excerpt)
    source = file_of(excerpt.source)
    spans = {(node.start, node.end) for node in _stops(tree) if node.end > node.start}
    found = []
    for start, end in spans:
        first, last = excerpt.locate(start), excerpt.locate(end - 1) + 1
        found.append(Point(source, *excerpt.source.original_span(first, last)))
    found.sort(key=lambda point: point.end - point.start)
    starts: set[int] = set()
    for index, point in enumerate(found):
        found[index] = point._replace(is_stop=point.start not in starts)
        starts.add(point.start)
    return tuple(found)


def _stops(tree: Node) -> Iterator[Node]:
    for node in tree.walk():
        kind = node.kind
        if isinstance(node, shapes.ExpressionBody):
            yield node.expression
        elif kind.endswith("_statement") and kind not in _NO_STOP:
            yield node
        elif isinstance(node, (shapes.LogicalAnd, shapes.LogicalOr, shapes.Coalesce)):
            yield from (node.left, node.right)
        elif isinstance(node, shapes.Conditional):
            yield from (node.condition, node.when_true, node.when_false)
        elif isinstance(node, (shapes.SimpleLambda, shapes.ParenthesizedLambda)):
            yield node.body


@lru_cache(maxsize=512)
def _places(code: CodeType, excerpt: Excerpt) -> tuple[Point | None, ...]:
    """Return the point of each instruction of a code object; None for an instruction that begins nothing."""
    source = file_of(excerpt.source)
    points = points_of(excerpt)
    found: list[Point | None] = []
    known: dict[tuple[int, int], Point | None] = {}
    for index, (line, end_line, column, end_column) in enumerate(code.co_positions()):
        if opname[code.co_code[2 * index]] in _GO_ON:
            found.append(None)
            continue
        if line is None or end_line is None or column is None or end_column is None or line > source.line_count:
            found.append(None)
            continue
        span = _offset(source, line, column), _offset(source, end_line, end_column)
        if span not in known:
            known[span] = next((point for point in points if point.holds(*span)), None) if span[0] < span[1] else None
        found.append(known[span])
    return tuple(found)


def point_at(frame: FrameType) -> Point | None:
    """Return the point of a frame's next instruction."""
    places = _places(frame.f_code, frame.f_globals[EXCERPT])
    index = frame.f_lasti // 2
    return places[index] if 0 <= index < len(places) else None
