"""Values of a run as plain ones of Python, which can be changed and compared."""

from __future__ import annotations

from typing import Any

from apimpolicy.dotnet.system.ip_addresses import IPAddress
from apimpolicy.dotnet.system.uris import Uri
from apimpolicy.dotnet.values import Array, Byte
from apimpolicy.dotnet.xml.containers import XDocument
from apimpolicy.dotnet.xml.elements import XAttribute, XElement


def to_python(value: Any) -> Any:
    """Return a value of .NET as one of Python.

    Arrays of bytes become bytes, others lists; JSON becomes dictionaries and lists; URIs, addresses and XML become
    strings. Anything else is returned as it is.
    """
    if isinstance(value, Array):
        if str(value.element) == "byte":
            return bytes(value)
        return [to_python(each) for each in value]
    if type(value) is list:
        has_bytes = bool(value) and all(isinstance(each, Byte) for each in value)
        return bytes(value) if has_bytes else [to_python(each) for each in value]
    if isinstance(value, Uri):
        return value.original
    if isinstance(value, IPAddress):
        return str(value.to_string())
    if isinstance(value, (XElement, XDocument)):
        return str(value.to_string())
    if isinstance(value, XAttribute):
        return value.value
    kind = getattr(value, "token_type", None)
    if kind is None:
        return value
    if hasattr(value, "key_value_pairs"):
        return {pair.key: to_python(pair.value) for pair in value.key_value_pairs()}
    if hasattr(value, "children") and not callable(value.children):
        return [to_python(each) for each in value.children]
    return to_python(getattr(value, "value", None))
