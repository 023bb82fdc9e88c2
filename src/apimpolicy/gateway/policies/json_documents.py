"""A JSON text as plain data, with the place of everything in it; read as Newtonsoft's reader does.

Places are positions of that reader: of a scalar behind it, of a property behind its colon, of an object or
array behind its opening bracket, and once more behind its closing one.
"""

from __future__ import annotations

from typing import Any

import attrs

from apimpolicy.csharp.dotnet.json import reader as tokens
from apimpolicy.csharp.dotnet.values import from_utf16

Path = tuple["str | int", ...]
Place = tuple[int, int]


@attrs.define
class JsonText:
    """`starts`, `ends` and `names` are places (line, position) by the path of a value; `names` of properties."""

    value: Any = None
    starts: dict[Path, Place] = attrs.field(factory=dict)
    ends: dict[Path, Place] = attrs.field(factory=dict)
    names: dict[Path, Place] = attrs.field(factory=dict)


def read_json(text: str, *, folds_names: bool = False) -> JsonText:
    """Read a .NET string; `folds_names` makes property names lower case. Raises JsonReaderException."""
    reader = tokens.TextReader(text)
    reader.date_parsing = 0
    document = JsonText()
    containers: list[Any] = []
    path: list[str | int] = []
    name = ""
    is_read = False
    while reader.read():
        place = (reader.line_number, reader.at - reader.line_start)
        token = reader.token
        if token == tokens.COMMENT:
            continue
        if token == tokens.PROPERTY_NAME:
            name = from_utf16(reader.value)
            name = name.lower() if folds_names else name
            document.names[*path, name] = place
            continue
        if token in (tokens.END_OBJECT, tokens.END_ARRAY):
            document.ends[*path,] = place
            containers.pop()
            if path:
                path.pop()
            continue
        if token in (tokens.START_OBJECT, tokens.START_ARRAY):
            value: Any = {} if token == tokens.START_OBJECT else []
        else:
            value = _scalar(reader)
        if containers:
            around = containers[-1]
            key: str | int = name if isinstance(around, dict) else len(around)
            if isinstance(around, dict):
                around[key] = value
            else:
                around.append(value)
            here: Path = (*path, key)
        else:
            document.value, here, is_read = value, (), True
        document.starts[here] = place
        if isinstance(value, (dict, list)):
            if containers:
                path.append(key)
            containers.append(value)
    if containers or not is_read:
        reader.fail("Unexpected end of content while loading JSON.")
    return document


def _scalar(reader: tokens.TextReader) -> Any:
    value = reader.value
    if reader.token == tokens.STRING:
        return from_utf16(str(value))
    if reader.token == tokens.BOOLEAN:
        return bool(value)
    if reader.token in (tokens.NULL, tokens.UNDEFINED):
        return None
    if reader.token == tokens.INTEGER:
        return int(str(value)) if not isinstance(value, int) else int(value)
    if reader.token == tokens.FLOAT:
        number = float(value)
        return int(number) if number.is_integer() and abs(number) < 1e15 else number
    return reader.fail(f"Unexpected token {reader.token}.")
