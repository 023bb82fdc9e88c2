"""Places of the keys of a JSON text: the offset of each value, by its path.

    places_of('{"properties": {"path": "orders"}}')             {("properties",): 15, ("properties", "path"): 24}

A path has keys and, in lists, numbers. The text may be broken: places end where it does.
"""

from __future__ import annotations

import re

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+"|[{}\[\],:]|[^\s{}\[\],:"]+')

Path = tuple[str | int, ...]


def places_of(text: str) -> dict[Path, int]:
    """Return the offsets of all values but the outermost."""
    found: dict[Path, int] = {}
    open_paths: list[Path] = []
    counts: list[int] = []
    path: Path = ()
    key: str | int | None = None
    is_key = False
    for token in _TOKEN.finditer(text):
        sign = token[0]
        if sign in "{[":
            here = path if key is None else (*path, key)
            if key is not None:
                found.setdefault(here, token.start())
            open_paths.append(path)
            path, is_key, key = here, sign == "{", 0 if sign == "[" else None
            counts.append(0 if sign == "[" else -1)
        elif sign in "}]":
            if not open_paths:
                break
            path, key = open_paths.pop(), None
            counts.pop()
        elif sign == ",":
            if counts and counts[-1] >= 0:
                counts[-1] += 1
                key = counts[-1]
            is_key = bool(counts) and counts[-1] < 0
        elif sign == ":":
            is_key = False
        elif is_key:
            key = sign[1:-1]
        elif key is not None:
            found.setdefault((*path, key), token.start())
    return found
