"""C#'s explicit conversions from XElement and XAttribute: `(int)element`."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from apimpolicy.dotnet.exceptions import ArgumentNullException
from apimpolicy.dotnet.registry import implements
from apimpolicy.dotnet.system.number_parsing import parse_int
from apimpolicy.dotnet.xml import xml_convert
from apimpolicy.dotnet.xml.names import X

if TYPE_CHECKING:
    from collections.abc import Callable

    from apimpolicy.dotnet.xml.elements import XAttribute, XElement


def _to_boolean(text: str) -> bool:
    return xml_convert.to_boolean(text.lower())


_FROM_TEXT: dict[str, Callable[[str], Any]] = {
    "bool": _to_boolean,
    **{name: partial(parse_int, name) for name in ("int", "uint", "long", "ulong")},
    "float": xml_convert.to_single_precision,
    "double": xml_convert.to_double,
    "decimal": xml_convert.to_decimal,
    "System.DateTime": xml_convert.to_date_time,
    "System.DateTimeOffset": xml_convert.to_date_time_offset,
    "System.TimeSpan": xml_convert.to_time_span,
    "System.Guid": xml_convert.to_guid,
}


def _to_text(node: XElement | XAttribute | None) -> str | None:
    return None if node is None else node.value


def _register(owner: str, parameter: str) -> None:
    def required(convert: Callable[[str], Any]) -> Callable[[Any], Any]:
        def cast(node: XElement | XAttribute | None) -> Any:
            if node is None:
                raise ArgumentNullException(parameter)
            return convert(node.value)

        return cast

    def nullable(convert: Callable[[str], Any]) -> Callable[[Any], Any]:
        return lambda node: None if node is None else convert(node.value)

    operator = f"op_Explicit({X}{owner} {parameter})"
    implements(X + owner, f"static string {operator}")(_to_text)
    for name, convert in _FROM_TEXT.items():
        implements(X + owner, f"static {name} {operator}")(required(convert))
        implements(X + owner, f"static {name}? {operator}")(nullable(convert))


_register("XElement", "element")
_register("XAttribute", "attribute")
