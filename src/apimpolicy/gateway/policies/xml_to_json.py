"""xml-to-json: convert a body from XML to JSON.

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
the `version` and `encoding` of the XML declaration as properties at the top; mixed text is an array `#text` where the
first of it is; of one comment the comment stays (`/* … */`), of several the property `$comment` with an empty
array. A `Content-Length` that no longer fits is removed.

Simulated, except for `empty-values` and `trim`, of which only release notes of October 2020 write, and the attributes
that only the editor's schema knows (`preserve-whitespace-nodes`, `trim-values`): they fail by name, because no document
says what they do. Our choices:

- `javascript-friendly`, which no document shows, has names without prefixes, no namespace declarations, attributes
  beside child elements, with `@` only where a child element has the same name.
- An empty element is null, or an empty text if it has a start and an end tag, as in Newtonsoft.Json. Text beside
  attributes or elements is `#text`. All values are texts. White space between elements is left out, as are comments
  with `javascript-friendly`.
- The content type becomes `application/json`. Without a body nothing happens; a body that is not XML is an error
  without a reason; `Accept: */*` names no JSON type.

Source: https://learn.microsoft.com/azure/api-management/xml-to-json-policy
"""

from __future__ import annotations

from apimpolicy.gateway.policies.conversions import boolean
from apimpolicy.gateway.policies.effects import Converted
from apimpolicy.gateway.policies.message_text import BodyConversion
from apimpolicy.gateway.policies.spec import PolicyExchange, expression_attribute, policy
from apimpolicy.gateway.policies.surroundings import azure_text


@policy(
    "xml-to-json",
    sections="inbound outbound on-error",
    left_out="attributes that no page describes, which fail by name",
    also_in="backend",  # the toolkit,
    effects="message-body message-headers fails",
    chosen_refusal="that it has no reason",
    access="passes",
)
class XmlToJson(BodyConversion):
    source, target = "XML", "JSON"
    undocumented = ("preserve_whitespace_nodes", "empty_values", "trim", "trim_values")

    kind: str = expression_attribute(required=True, values=("javascript-friendly", "direct"))
    apply: str = expression_attribute(required=True, values=("always", "content-type-xml"))
    consider_accept_header: bool = expression_attribute(boolean, default=True)
    always_array_child_elements: bool = expression_attribute(boolean, default=False)
    preserve_whitespace_nodes: str | None = expression_attribute()
    empty_values: str | None = expression_attribute()
    trim: str | None = expression_attribute()
    trim_values: str | None = expression_attribute()

    def run(self, exchange: PolicyExchange) -> Converted:
        had_length = "Content-Length" in exchange.message.headers
        effect = super().run(exchange)
        if effect.length is not None:
            removed = f" {azure_text('trace-length-removed')}" if had_length else ""
            effect.traced = azure_text("trace-xml-converted", removed=removed)
        return effect

    def convert(self, text: str) -> str:
        from apimpolicy.gateway.policies.xml_and_json import json_of

        return json_of(text, is_direct=self.kind == "direct", always_arrays=self.always_array_child_elements)
