"""The headers of a Request or Response, as Python code sees them."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Mapping, Sequence


class Headers(Mapping[str, str]):
    """The headers of a `Request` or `Response`: `headers["accept"]` is all values, joined by a comma and a blank.

    Names ignore case. Raises KeyError for a header that is not there; `get_all` returns the values one by one. Blanks
    around a value are removed: no message has them (RFC 9110, section 5.5).
    """

    __slots__ = ("_fields",)

    def __init__(self, fields: Mapping[str, str | Sequence[str]] | Iterable[tuple[str, str]] | None = None) -> None:
        self._fields: dict[str, tuple[str, list[str]]] = {}
        if fields is None:
            return
        if isinstance(fields, Headers):
            self._fields = {key: (name, [*values]) for key, (name, values) in fields._fields.items()}
            return
        pairs = fields.items() if isinstance(fields, (dict, Mapping)) else fields
        for name, value in pairs:
            for single in [value] if isinstance(value, str) else value:
                self._fields.setdefault(name.lower(), (name, []))[1].append(single.strip(" \t"))

    @classmethod
    def made_of(cls, fields: dict[str, tuple[str, list[str]]]) -> Headers:
        """Return the headers of these names and values, by the name in lower case."""
        headers = object.__new__(cls)
        headers._fields = fields
        return headers

    def by_key(self) -> dict[str, tuple[str, list[str]]]:
        """Return names and values by the name in lower case, as they are kept: not to be changed."""
        return self._fields

    def __getitem__(self, name: str) -> str:
        try:
            return ", ".join(self._fields[name.lower()][1])
        except KeyError:
            raise KeyError(name) from None

    def get_all(self, name: str) -> list[str]:
        """Return the values of a header one by one; empty when it is not there."""
        found = self._fields.get(name.lower())
        return list(found[1]) if found else []

    def fields(self) -> list[tuple[str, list[str]]]:
        """Return every name, as first written, with its values."""
        return [(name, list(values)) for name, values in self._fields.values()]

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower() in self._fields

    def __iter__(self) -> Iterator[str]:
        return (name for name, _ in self._fields.values())

    def __len__(self) -> int:
        return len(self._fields)

    def __repr__(self) -> str:
        return f"Headers({dict(self.fields())!r})"


@functools.lru_cache(maxsize=64)
def charset_of(content_type: str) -> str | None:
    """Return the parameter `charset` of a content type, or None.

    >>> charset_of('text/plain; charset="utf-16"')
    'utf-16'
    """
    for parameter in content_type.split(";")[1:]:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset":
            return value.strip().strip('"') or None
    return None
