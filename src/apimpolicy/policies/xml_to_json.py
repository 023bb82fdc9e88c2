"""xml-to-json: turn a body from XML into JSON.

```xml
<xml-to-json kind="direct" apply="content-type-xml" consider-accept-header="false" />
```

`<s:a xmlns:s="urn:x" n="1"><b>2</b><b/></s:a>` becomes, depending on `kind`,

    direct                 {"s$a":{"@xmlns$s":"urn:x","@n":"1","b":["2",null]}}
    javascript-friendly    {"a":{"n":"1","b":["2",null]}}

Child elements with the same name become an array; with `always-array-child-elements="true"` a single one does, too.
`apply="content-type-xml"` leaves bodies of other types alone. With `consider-accept-header` (true unless given) the
body is converted only if the request's `Accept` names a JSON type. In inbound the policy changes the request, after
that the response.

Seen on real gateways, and not documented, all for `direct`: `$` in place of the colon in names, `@` before attributes,
and the `version` of the XML declaration as a property at the top.

Simulated, except for the attributes that only the editor's schema knows (`preserve-whitespace-nodes`, `empty-values`,
`trim-values`): they fail by name, because no document says what they do. Our choices:

- What `javascript-friendly` is, which no document shows: names without prefixes, no namespace declarations, attributes
  beside child elements, with `@` only where a child element has the same name.
- An empty element is null, or an empty text if it has a start and an end tag, as in Newtonsoft.Json. Text beside
  attributes or elements is `#text`. All values are texts. Comments, and white space between elements, are left out.
- The content type becomes `application/json`. Without a body nothing happens; a body that is not XML is an error
  without a reason; `Accept: */*` names no JSON type.

Source: https://learn.microsoft.com/azure/api-management/xml-to-json-policy
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.dotnet.exceptions import DotnetException
from apimpolicy.errors import NotSimulatedError
from apimpolicy.policies.conversions import boolean
from apimpolicy.policies.effects import Effect
from apimpolicy.policies.media_types import accepts, is_json, is_xml
from apimpolicy.policies.message_text import read_text
from apimpolicy.policies.spec import PolicyError, expression_attribute, policy

if TYPE_CHECKING:
    from apimpolicy.dotnet.json.objects import JObject
    from apimpolicy.dotnet.json.tokens import JToken
    from apimpolicy.dotnet.xml.elements import XAttribute, XElement
    from apimpolicy.dotnet.xml.names import XName
    from apimpolicy.policies.spec import Exchange

MAXIMUM_DEPTH = 200
"""Elements within elements."""


@policy("xml-to-json", sections="inbound outbound on-error")
class XmlToJson:
    kind: str = expression_attribute(required=True, values=("javascript-friendly", "direct"))
    apply: str = expression_attribute(required=True, values=("always", "content-type-xml"))
    consider_accept_header: bool = expression_attribute(boolean, default=True)
    always_array_child_elements: bool = expression_attribute(boolean, default=False)
    preserve_whitespace_nodes: str | None = expression_attribute()
    empty_values: str | None = expression_attribute(values=("preserve", "as-null"))
    trim_values: str | None = expression_attribute()

    def run(self, exchange: Exchange) -> Effect:
        for field in ("preserve_whitespace_nodes", "empty_values", "trim_values"):
            if getattr(self, field) is not None:
                raise NotSimulatedError(f"xml-to-json {field.replace('_', '-')}", "no document says what it does")
        message = exchange.message
        kind = "request" if exchange.changes_request else "response"
        reason = self.reason_against(exchange)
        text = None if reason else read_text(message)
        if not text:
            return Effect("converted", f"left alone: {reason or 'no body'}", message=kind, length=None)
        try:
            converted = self.convert(text)
        except DotnetException as error:
            raise PolicyError(None, f"The body cannot be converted to JSON. {error.message}") from None
        had_length = "Content-Length" in message.headers
        message.set_body(converted)
        message.headers.set("Content-Type", ["application/json"])
        length = len(message.body.remaining) if message.body is not None else 0
        shown = f"XML to JSON, {length:,} bytes"
        return Effect("converted", shown, message=kind, length=length, had_length=had_length)

    def reason_against(self, exchange: Exchange) -> str:
        """Why nothing is to be converted, or an empty text."""
        content_type = exchange.message.headers.joined("Content-Type")
        if self.apply == "content-type-xml" and not is_xml(content_type):
            return "the content type is not XML"
        if self.consider_accept_header and not accepts(exchange.request.headers.joined("Accept"), is_json):
            return "the Accept header names no JSON"
        return ""

    def convert(self, text: str) -> str:
        """JSON from XML, both .NET strings. Raises DotnetException."""
        from apimpolicy.dotnet.json.objects import JObject
        from apimpolicy.dotnet.json.scalars import JValue
        from apimpolicy.dotnet.json.writer import write
        from apimpolicy.dotnet.xml.reader import parse_document

        document = parse_document(text)
        made = JObject()
        is_direct = self.kind == "direct"
        if is_direct and document.declaration is not None:
            for part in ("version", "encoding", "standalone"):
                stated = getattr(document.declaration, part)
                if stated:
                    made.property_to_fill(part).value = JValue.of_string(stated)
        root = document.root
        assert root is not None
        names = _Names(is_direct)
        tree = _Tree(names, always_arrays=self.always_array_child_elements)
        made.property_to_fill(names.of_element(root)).value = tree.value(root, 0)
        return write(made, indented=False)


class _Names:
    """What elements and attributes are called in JSON."""

    def __init__(self, is_direct: bool) -> None:
        self.is_direct = is_direct

    def of_element(self, element: XElement) -> str:
        return self._qualified(element, element.name) if self.is_direct else element.name.local

    def of_attribute(self, element: XElement, attribute: XAttribute) -> str | None:
        """None for one that is left out."""
        if not self.is_direct:
            return None if attribute.is_namespace_declaration else attribute.name.local
        if attribute.is_namespace_declaration:
            return f"@xmlns${attribute.name.local}" if attribute.name.namespace_name else "@xmlns"
        return "@" + self._qualified(element, attribute.name)

    def _qualified(self, element: XElement, name: XName) -> str:
        prefix = element.get_prefix_of_namespace(name.namespace) if name.namespace_name else None
        return f"{prefix}${name.local}" if prefix else name.local


class _Tree:
    """Elements as values."""

    def __init__(self, names: _Names, *, always_arrays: bool) -> None:
        self.names = names
        self.always_arrays = always_arrays

    def value(self, element: XElement, depth: int) -> JToken:
        from apimpolicy.dotnet.environment import environment
        from apimpolicy.dotnet.json.objects import JObject
        from apimpolicy.dotnet.json.scalars import JValue
        from apimpolicy.dotnet.xml.elements import XElement
        from apimpolicy.dotnet.xml.nodes import XText

        environment().step()
        if depth > MAXIMUM_DEPTH:
            raise PolicyError(None, f"The XML is nested more than {MAXIMUM_DEPTH} deep.")
        children: dict[str, list[JToken]] = {}
        texts: list[str] = []
        for child in element.children:
            if isinstance(child, XElement):
                children.setdefault(self.names.of_element(child), []).append(self.value(child, depth + 1))
            elif isinstance(child, XText):
                texts.append(child.value)
        made = JObject()
        self.add_attributes(made, element, children)
        if not made.children and not children:
            return JValue.null() if not texts and element.is_empty else JValue.of_string("".join(texts))
        self.add_children(made, children)
        if texts:
            made.property_to_fill("#text").value = JValue.of_string("".join(texts))
        return made

    def add_attributes(self, made: JObject, element: XElement, children: dict[str, list[JToken]]) -> None:
        from apimpolicy.dotnet.json.scalars import JValue

        for attribute in element.attribute_list:
            name = self.names.of_attribute(element, attribute)
            if name is not None:
                name = f"@{name}" if name in children else name
                made.property_to_fill(name).value = JValue.of_string(attribute.value)

    def add_children(self, made: JObject, children: dict[str, list[JToken]]) -> None:
        from apimpolicy.dotnet.json.arrays import JArray

        for name, values in children.items():
            is_array = self.always_arrays or len(values) > 1
            made.property_to_fill(name).value = JArray.create(values) if is_array else values[0]
