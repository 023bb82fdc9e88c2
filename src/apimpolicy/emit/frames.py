"""Python's exceptions seen as C#'s.

`None.attribute` is a NullReferenceException: emitted code does not check receivers of attributes, so the happy path costs
nothing. The place of an error comes from the positions that the emitted code carries.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.dotnet.exceptions import DotnetException, NullReferenceException
from apimpolicy.errors import LimitExceededError

if TYPE_CHECKING:
    from types import TracebackType

    from apimpolicy.text.source import Excerpt, Source

FILENAME_PREFIX = "policy: "
"""Emitted code objects have a file name that begins with this."""
MAX_RECURSION = 1000
CAUGHT = (DotnetException, AttributeError, RecursionError)


def as_dotnet(error: BaseException) -> DotnetException:
    """The C# exception that a Python one stands for; what is none (a fault of ours, a limit) is raised again."""
    if isinstance(error, DotnetException):
        return error
    if isinstance(error, AttributeError) and error.obj is None and error.name is not None and _is_emitted(error):
        found = NullReferenceException()
        found.__cause__ = None
        return found.with_traceback(error.__traceback__)
    if isinstance(error, RecursionError):
        raise LimitExceededError("recursion", MAX_RECURSION) from None
    raise error


def _is_emitted(error: BaseException) -> bool:
    """Whether the innermost frame is emitted code; elsewhere an AttributeError is a fault of the library."""
    traceback = error.__traceback__
    if traceback is None:
        return False
    while traceback.tb_next is not None:
        traceback = traceback.tb_next
    return traceback.tb_frame.f_code.co_filename.startswith(FILENAME_PREFIX)


def span_of(traceback: TracebackType | None, excerpt: Excerpt) -> tuple[Source, int, int] | None:
    """(source, start, end) of the innermost emitted code on a traceback."""
    place: tuple[int, int, int, int] | None = None
    while traceback is not None:
        code = traceback.tb_frame.f_code
        if code.co_filename.startswith(FILENAME_PREFIX):
            for index, (line, end_line, column, end_column) in enumerate(code.co_positions()):
                if index == traceback.tb_lasti // 2:
                    if line is not None and end_line is not None and column is not None and end_column is not None:
                        place = (line, column, end_line, end_column)
                    break
        traceback = traceback.tb_next
    if place is None:
        return None
    source = excerpt.source
    return source, _offset(source, place[0], place[1]), _offset(source, place[2], place[3])


def _offset(source: Source, line: int, column: int) -> int:
    """The offset of a line and a UTF-8 column."""
    starts = source.line_starts
    start = starts[min(line, len(starts)) - 1]
    text = source.line(min(line, len(starts)))
    if text.isascii():
        return start + column
    return start + len(text.encode()[:column].decode("utf-8", "ignore"))
