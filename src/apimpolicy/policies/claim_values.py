"""Claims that Python code gave, as boxed .NET values."""

from __future__ import annotations

import json

from apimpolicy.dotnet.metadata import named
from apimpolicy.dotnet.values import STRING, box, string_array, to_utf16


def to_dotnet(value: object) -> object:
    """Convert texts, truth values, whole numbers (long) and other numbers (double); lists of texts as `string[]`;
    anything else as JSON text.

    >>> to_dotnet({"a": 1})
    '{"a": 1}'
    """
    if value is None:
        return None
    if isinstance(value, bool):
        return box(named("System.Boolean"), value)
    if isinstance(value, int) and -(1 << 63) <= value < 1 << 63:
        return box(named("System.Int64"), value)
    if isinstance(value, float):
        return box(named("System.Double"), value)
    if isinstance(value, str):
        return box(STRING, to_utf16(value))
    if isinstance(value, list | tuple) and all(isinstance(item, str) for item in value):
        return string_array(map(to_utf16, value))
    return box(STRING, to_utf16(json.dumps(value, ensure_ascii=False, default=str)))
