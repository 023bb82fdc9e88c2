"""json-to-xml: convert a body from JSON to XML.

```xml
<json-to-xml
    apply="always"
    consider-accept-header="false"
    namespace-separator=":"
    namespace-prefix="xmlns"
    attribute-block-name="#attrs" />
```

`{"v1:a": {"xmlns:v1": "urn:x", "#attrs": {"n": "1"}, "b": [2, null]}}` becomes

    <v1:a xmlns:v1="urn:x" n="1"><b>2</b><b xsi:nil="true" xmlns:xsi="…"/></v1:a>

`apply="content-type-json"` doesn't change bodies of other types. With `consider-accept-header` (true unless given) the
body is converted only if the request's `Accept` names an XML type. In inbound the policy changes the request, after
that the response. With `parse-date="false"` dates stay as they are written; otherwise they are parsed, and written in
XML format.

Seen on real gateways, and not documented: the root is `Document` when the JSON has more than one property; an array
becomes one element for each item, and an empty array an empty element; null becomes `xsi:nil="true"`.

Simulated, except for the attributes that only the editor's schema knows (`attribute-prefix`, `namespace-block-name`,
`invalid-character-replacement`, `null-values`, `trim-values`, `empty-values`): they fail by name, because they are
undocumented. Our choices:

- The separator divides a name only if what precedes it is a declared namespace, so that `first_name` stays whole with
  the default `_`. What XML does not allow in names is written as `_x0020_`.
- An array in an array is an element in an element; items of an array at the root are called `item`.
- No white space and no XML declaration are added; the content type becomes `application/xml`.
- Without a body nothing happens; a body that is not JSON is an error without a reason; `Accept: */*` names no XML type.

Source: https://learn.microsoft.com/azure/api-management/json-to-xml-policy
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.dotnet.exceptions import ArgumentException
from apimpolicy.policies.body_conversion import BodyConversion
from apimpolicy.policies.conversions import boolean
from apimpolicy.policies.spec import PolicyError, expression_attribute, literal_attribute, policy

if TYPE_CHECKING:
    from apimpolicy.dotnet.json.tokens import JToken
    from apimpolicy.dotnet.xml.containers import XContainer
    from apimpolicy.dotnet.xml.elements import XElement
    from apimpolicy.dotnet.xml.names import XName

MAXIMUM_DEPTH = 200
"""Objects and arrays within each other."""

_ROOT = "Document"
_ITEM = "item"
_XML = "http://www.w3.org/XML/1998/namespace"
_XMLNS = "http://www.w3.org/2000/xmlns/"
_INSTANCE = "http://www.w3.org/2001/XMLSchema-instance"
_WITHOUT_FORMATTING = 1


@policy(
    "json-to-xml",
    sections="inbound outbound on-error",
    left_out="the attributes that only the editor's schema knows, which fail by name",
    also_in="backend",  # the toolkit,
    effects="message-body message-headers fails",
    access="passes",
)
class JsonToXml(BodyConversion):
    source, target = "JSON", "XML"
    undocumented = (
        *("attribute_prefix", "namespace_block_name", "invalid_character_replacement", "null_values", "trim_values"),
        "empty_values",
    )

    apply: str = expression_attribute(required=True, values=("always", "content-type-json"))
    consider_accept_header: bool = expression_attribute(boolean, default=True)
    parse_date: bool = literal_attribute(boolean, default=True, doubt="expression")
    namespace_separator: str = expression_attribute(default="_")
    namespace_prefix: str | None = expression_attribute()
    attribute_block_name: str | None = expression_attribute()
    attribute_prefix: str | None = expression_attribute()
    namespace_block_name: str | None = expression_attribute()
    invalid_character_replacement: str | None = expression_attribute()
    null_values: str | None = expression_attribute()
    trim_values: str | None = literal_attribute()
    empty_values: str | None = expression_attribute(values=("preserve", "as-null"))

    def convert(self, text: str) -> str:
        """Convert JSON to XML, both .NET strings. Raises DotnetException."""
        from apimpolicy.dotnet.json.arrays import JArray
        from apimpolicy.dotnet.json.loading import finish, load
        from apimpolicy.dotnet.json.objects import JObject, JProperty
        from apimpolicy.dotnet.json.reader import TextReader
        from apimpolicy.dotnet.json.scalars import JValue
        from apimpolicy.dotnet.xml.containers import XDocument
        from apimpolicy.dotnet.xml.writer import write

        reader = TextReader(text)
        reader.date_parsing = int(self.parse_date)
        if not reader.read():
            reader.fail("Error reading JToken from JsonReader.")
        root = load(reader)
        finish(reader)
        tree = _Tree(self.namespace_separator, self.namespace_prefix, self.attribute_block_name)
        document = XDocument()
        properties = (
            [item for item in root.children if isinstance(item, JProperty)] if isinstance(root, JObject) else []
        )
        if len(properties) == 1 and not isinstance(properties[0].value, JArray):
            tree.add(document, properties[0].name, properties[0].value, 0)
        elif isinstance(root, (JObject, JValue)):
            tree.add(document, _ROOT, root, 0)
        else:
            made = JObject()
            made.property_to_fill(_ITEM).value = root
            tree.add(document, _ROOT, made, 0)
        return write(document, _WITHOUT_FORMATTING)


class _Tree:
    """Puts properties into elements; `scopes` are the namespaces by prefix, innermost last."""

    def __init__(self, separator: str, prefix: str | None, attributes: str | None) -> None:
        self.separator = separator
        self.prefix = prefix
        self.attributes = attributes
        self.scopes: list[dict[str, str]] = [{"xml": _XML} if separator == ":" else {}]

    def add(self, parent: XContainer, name: str, value: JToken | None, depth: int) -> None:
        from apimpolicy.dotnet.json.arrays import JArray

        if isinstance(value, JArray) and value.children:
            for item in value.children:
                parent.add(self.element(name, item, depth))
        else:
            parent.add(self.element(name, value, depth))

    def element(self, name: str, value: JToken | None, depth: int) -> XElement:
        from apimpolicy.dotnet.environment import environment
        from apimpolicy.dotnet.json.arrays import JArray
        from apimpolicy.dotnet.json.objects import JObject, JProperty
        from apimpolicy.dotnet.json.scalars import JValue
        from apimpolicy.dotnet.xml.content import text_of
        from apimpolicy.dotnet.xml.elements import XAttribute, XElement
        from apimpolicy.dotnet.xml.names import NO_NAMESPACE, XMLNS, XNamespace

        environment().step()
        if depth > MAXIMUM_DEPTH:
            raise PolicyError(None, f"The JSON is nested more than {MAXIMUM_DEPTH} deep.")
        items = [item for item in value.children if isinstance(item, JProperty)] if isinstance(value, JObject) else []
        declared = {item.name: self.declared(item) for item in items}
        self.scopes.append({prefix: _text(item.value) for item in items if (prefix := declared[item.name]) is not None})
        made = XElement(self.name(name))
        for item in items:
            prefix = declared[item.name]
            if prefix is not None:
                _check_declaration(prefix, _text(item.value))
                attribute = XMLNS.get_name(prefix) if prefix else NO_NAMESPACE.get_name("xmlns")
                made.add_attribute(XAttribute(attribute, _text(item.value)))
            elif item.name == self.attributes and isinstance(item.value, JObject):
                for entry in item.value.children:
                    assert isinstance(entry, JProperty)
                    made.add_attribute(XAttribute(self.name(entry.name, is_attribute=True), _text(entry.value)))
            else:
                self.add(made, item.name, item.value, depth + 1)
        if isinstance(value, JArray):
            for inner in value.children:
                made.add(self.element(name, inner, depth + 1))
        elif isinstance(value, JValue) and value.value is not None:
            made.add(text_of(value.value))
        elif not isinstance(value, JObject):
            made.add_attribute(XAttribute(XNamespace.get(_INSTANCE).get_name("nil"), "true"))
            made.add_attribute(XAttribute(XMLNS.get_name("xsi"), _INSTANCE))
        self.scopes.pop()
        return made

    def declared(self, item: Any) -> str | None:
        """Return the prefix that a property declares, empty for the default namespace; None for any other property."""
        from apimpolicy.dotnet.json.scalars import JValue

        if not self.prefix or not item.name.startswith(self.prefix) or not isinstance(item.value, JValue):
            return None
        rest = item.name[len(self.prefix) :]
        if not rest:
            return ""
        return rest[len(self.separator) :] if self.separator and rest.startswith(self.separator) else None

    def name(self, written: str, *, is_attribute: bool = False) -> XName:
        from apimpolicy.dotnet.json.xml_nodes import encode_name
        from apimpolicy.dotnet.xml.names import NO_NAMESPACE, XNamespace

        prefix, separator, local = written.partition(self.separator) if self.separator else (written, "", "")
        wanted = prefix if separator and local else None if is_attribute else ""
        for scope in reversed(self.scopes):
            if wanted is not None and wanted in scope:
                local = local if wanted else written
                return XNamespace.get(scope[wanted]).get_name(encode_name(local.replace(":", "_x003A_")))
        return self.plain(written, is_attribute=is_attribute, encode=encode_name, nothing=NO_NAMESPACE)

    def plain(self, written: str, *, is_attribute: bool, encode: Any, nothing: Any) -> XName:
        """Return a name whose prefix is not declared: the whole of it, in the default namespace if it is
        an element's.
        """
        from apimpolicy.dotnet.xml.names import XNamespace

        space = nothing
        if not is_attribute:
            default = next((scope[""] for scope in reversed(self.scopes) if "" in scope), None)
            space = nothing if default is None else XNamespace.get(default)
        return space.get_name(encode(written.replace(":", "_x003A_")) or "_")  # type: ignore[no-any-return]


def _check_declaration(prefix: str, namespace: str) -> None:
    """Raises ArgumentException for a declaration that XML does not have."""
    if prefix and not namespace:
        raise ArgumentException("Cannot use a prefix with an empty namespace.")
    if prefix == "xmlns" or namespace == _XMLNS or (prefix == "xml") != (namespace == _XML):
        raise ArgumentException(f"The prefix '{prefix}' cannot be bound to the namespace '{namespace}'.")


def _text(value: Any) -> str:
    from apimpolicy.dotnet.json.scalars import JValue
    from apimpolicy.dotnet.json.writer import write
    from apimpolicy.dotnet.xml.content import text_of

    if isinstance(value, JValue):
        return "" if value.value is None else text_of(value.value)
    return write(value, indented=False)
