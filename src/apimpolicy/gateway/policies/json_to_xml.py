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
becomes one element for each item, and an empty array an empty element; null becomes `xsi:nil="true"`; booleans become
`True` and `False`.

Simulated, except for the attributes that only the editor's schema knows (`attribute-prefix`, `namespace-block-name`,
`invalid-character-replacement`, `null-values`, `trim-values`, `empty-values`) and `trim`, which release notes have for
xml-to-json: they fail by name, because they are undocumented. Our choices:

- The separator divides a name only if what precedes it is a declared namespace, so that `first_name` stays whole with
  the default `_`. What XML does not allow in names is written as `_x0020_`.
- An array in an array is an element in an element; items of an array at the root are called `item`.
- No white space and no XML declaration are added; the content type becomes `application/xml`.
- Without a body nothing happens; a body that is not JSON is an error without a reason; `Accept: */*` names no XML type.

Source: https://learn.microsoft.com/azure/api-management/json-to-xml-policy
"""

from __future__ import annotations

from apimpolicy.gateway.policies.conversions import boolean
from apimpolicy.gateway.policies.message_text import BodyConversion
from apimpolicy.gateway.policies.spec import expression_attribute, literal_attribute, policy


@policy(
    "json-to-xml",
    sections="inbound outbound on-error",
    left_out="attributes that no page describes, which fail by name",
    also_in="backend",  # the toolkit,
    effects="message-body message-headers fails",
    chosen_refusal="that it has no reason",
    access="passes",
)
class JsonToXml(BodyConversion):
    source, target = "JSON", "XML"
    undocumented = (
        *("attribute_prefix", "namespace_block_name", "invalid_character_replacement", "null_values", "trim_values"),
        *("empty_values", "trim"),
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
    empty_values: str | None = expression_attribute()
    trim: str | None = expression_attribute()

    def convert(self, text: str) -> str:
        from apimpolicy.gateway.policies.xml_and_json import xml_of

        return xml_of(
            text,
            parses_dates=self.parse_date,
            separator=self.namespace_separator,
            prefix=self.namespace_prefix,
            attributes=self.attribute_block_name,
        )
