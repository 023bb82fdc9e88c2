"""Names of headers: those that are well known, and those that requests in `.http` files and test files send."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from apimpolicy.checkout import open_bytes, open_text
from apimpolicy.errors import ApimPolicyError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apimpolicy.testing.tree import Tree

_STORED = Path(__file__).parent / "header_names.txt"
HTTP_ENDING = ".http"


@cache
def well_known() -> tuple[str, ...]:
    """Return the headers that policies use, of HTTP's registry, API Management and Azure Front Door.

    Source: https://www.iana.org/assignments/http-fields/http-fields.xhtml
    """
    return tuple(_STORED.read_text(encoding="ascii").split())


def sent_headers(path: str) -> frozenset[str]:
    """Return the names of headers in a `.http` file or a test file; none if it can't be read."""
    try:
        return frozenset(_of_request(path) if path.endswith(HTTP_ENDING) else _of_tests(path))
    except (ApimPolicyError, OSError, UnicodeDecodeError):
        return frozenset()


def _of_request(path: str) -> Iterator[str]:
    from apimpolicy.project.http_files import parse_request

    with open_bytes(path) as file:
        _, _, headers, _ = parse_request(file.read(), path)
    for name, _ in headers:
        yield name


def _of_tests(path: str) -> Iterator[str]:
    from apimpolicy.testing.tree import read_tree

    with open_text(path, encoding="utf-8-sig") as file:
        waiting: list[Tree] = [read_tree(file.read(), path)]
    while waiting:
        value = waiting.pop().value
        if isinstance(value, dict):
            waiting += value.values()
            headers = value.get("headers")
            if headers is not None and isinstance(headers.value, dict):
                yield from headers.value
        elif isinstance(value, list):
            waiting += value
