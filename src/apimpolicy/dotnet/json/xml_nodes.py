"""`SerializeXNode` of JsonConvert.

<a x="1"><b>t</b><b>u</b><c/></a>        {"a":{"@x":"1","b":["t","u"],"c":null}}
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from apimpolicy.dotnet.json.loading import load
from apimpolicy.dotnet.json.reader import TextReader
from apimpolicy.dotnet.json.xml_writing import json_text
from apimpolicy.dotnet.registry import implements
from apimpolicy.dotnet.xml.containers import XContainer
from apimpolicy.dotnet.xml.nodes import XComment
from apimpolicy.errors import NotSimulatedError

if TYPE_CHECKING:
    from apimpolicy.dotnet.json.tokens import JToken
    from apimpolicy.dotnet.xml.nodes import XObject

_NOT_IN_NAMES = re.compile(r"[^\w.\-:]|^[^\w:]|^\d")


def encode_name(name: str) -> str:
    """Return a name with what XML does not allow written as `_x0020_`."""
    return _NOT_IN_NAMES.sub(lambda match: f"_x{ord(match.group()):04X}_", name)


@implements("Newtonsoft.Json.JsonConvert", "SerializeXNode(XObject)")
def serialize_node(node: XObject | None) -> str:
    return json_text(node)


def node_token(node: XObject) -> JToken:
    """Return the tree that `SerializeObject` writes for a node; objects can't contain comments."""
    reader = TextReader(json_text(node))
    reader.date_parsing = 0
    if any(isinstance(item, XComment) for item in ([node, *node.below()] if isinstance(node, XContainer) else [node])):
        raise NotSimulatedError("JSON serialization of XML with comments, other than with SerializeXNode")
    reader.read()
    return load(reader)
