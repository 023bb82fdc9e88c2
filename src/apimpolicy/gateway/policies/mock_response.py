"""mock-response: end the pipeline and return an example response.

```xml
<mock-response status-code="200" content-type="application/json" />
```

The response is an example of the operation for this status (and content type), otherwise a sample made from the schema,
otherwise no content. Examples and schemas are those of the API's description, `Gateway(openapi="orders.yaml")`.

Simulated for examples of every kind, and for samples in JSON and XML. A sample of another content type fails by name;
so does `enabled="false"`, which only the editor's schema knows. Our choices:

- `index`, which only the editor's schema and Microsoft's toolkit know, selects one of several examples, counted
  from 0; if there are fewer, a sample is made.
- Without `content-type` the first content with an example counts, otherwise the first content; a content type that the
  operation does not have returns no content. The header Content-Type is set when there is content.
- The values of a sample, which are undocumented: `example`, `default`, `const` or the first `enum` value where
  the schema has one, otherwise a fixed value of the right type and format; the first alternative of `oneOf` and
  `anyOf`; all properties of an object, one item of an array.
- A sample in XML follows the `xml` objects of the schemas (name, namespace, prefix, attribute, wrapped), as OpenAPI
  explains them. The root is called like the schema's definition, otherwise `root`, and items of an array at the root
  `item`.

Source: https://learn.microsoft.com/azure/api-management/mock-response-policy
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.csharp.dotnet.values import from_utf16, to_utf16
from apimpolicy.errors import NotSimulatedError
from apimpolicy.gateway.policies.conversions import STATUS_CODES, boolean, integer
from apimpolicy.gateway.policies.effects import Effect, ResponseReturned
from apimpolicy.gateway.policies.spec import PolicyExchange, literal_attribute, policy

if TYPE_CHECKING:
    from apimpolicy.gateway.context.description import Content


@policy(
    "mock-response",
    sections="inbound outbound on-error",
    left_out='samples in other formats than JSON and XML, and `enabled="false"`, which fail by name',
    traits="terminates responds builds-response bounded-numbers",
    access="answers",
)
class MockResponse:
    status_code: int = literal_attribute(integer, default=200, within=STATUS_CODES)
    content_type: str | None = literal_attribute()
    enabled: bool = literal_attribute(boolean, default=True)
    index: int = literal_attribute(integer, default=0)

    def run(self, exchange: PolicyExchange) -> Effect:
        if not self.enabled:
            raise NotSimulatedError('mock-response enabled="false"', "it is undocumented")
        response = exchange.make_response(self.status_code)
        content = self.content(exchange)
        body = None if content is None else _body(exchange, content, self.index)
        if content is not None and body is not None:
            if content.media_type and "*" not in content.media_type:
                response.headers.set("Content-Type", [to_utf16(content.media_type)])
            response.set_body(body)
        exchange.end(response)
        answer = response.to_response()
        return ResponseReturned(f"{answer.status_code} {answer.reason}".rstrip(), response=answer)

    def content(self, exchange: PolicyExchange) -> Content | None:
        """Return the described content for the status and the content type."""
        operation = exchange.described_operation
        response = None if operation is None else operation.response_for(self.status_code)
        if response is None or not response.contents:
            return None
        if self.content_type:
            return response.content_for(from_utf16(self.content_type).partition(";")[0].strip())
        with_example = [content for content in response.contents if content.examples]
        return (with_example or response.contents)[0]


def _body(exchange: PolicyExchange, content: Content, index: int) -> bytes | None:
    """Return an example as bytes, or a sample of the schema; None when there is neither."""
    import json

    is_json = "json" in content.media_type or "*" in content.media_type
    if 0 <= index < len(content.examples):
        example = content.examples[index]
        if isinstance(example, str) and not (is_json and not _is_json(example)):
            return example.encode("utf-8", "replace")
        return json.dumps(example, ensure_ascii=False, indent=2).encode("utf-8", "replace")
    description = exchange.services.documents.description
    if content.schema is None or description is None:
        return None
    if "xml" in content.media_type:
        from apimpolicy.gateway.policies.sample_bodies import xml_sample

        return xml_sample(description, content.schema).encode("utf-8", "replace")
    if not is_json:
        raise NotSimulatedError(
            f"mock-response with a sample in {content.media_type}", "samples are made in JSON and XML only"
        )
    from apimpolicy.gateway.policies.sample_bodies import SampleMaker

    sample = SampleMaker(description).sample(content.schema)
    return json.dumps(sample, ensure_ascii=False, indent=2).encode("utf-8", "replace")


def _is_json(text: str) -> bool:
    import json

    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True
