"""Replace the content of policy files for one block of code: mutation runs a changed policy without writing it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

_texts: dict[str, bytes] = {}


@contextmanager
def replace_file(path: str, data: bytes) -> Iterator[None]:
    """Let the engine read `data` where it would read this policy file."""
    name = os.path.abspath(path)
    _texts[name] = data
    try:
        yield
    finally:
        del _texts[name]


def replacement_of(path: str | os.PathLike[str]) -> bytes | None:
    """Return the replaced content of a file; None when the file itself is to be read."""
    return _texts.get(os.path.abspath(path)) if _texts else None
