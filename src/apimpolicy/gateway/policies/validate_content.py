"""validate-content: validate the size, content type and schema of a body.

```xml
<validate-content
    unspecified-content-type-action="prevent"
    max-size="102400"
    size-exceeded-action="prevent"
    errors-variable-name="requestBodyValidation">
    <content-type-map missing-content-type-value="application/json">
        <type from="application/hal+json" to="application/json" />
    </content-type-map>
    <content type="application/json" validate-as="json" action="detect" allow-additional-properties="false" />
</validate-content>
```

Schemas are those of the API's description, `Gateway(openapi="orders.yaml")` or, for SOAP, `Gateway(wsdl=…)`; or those
that `schema-id` names, `Gateway(schemas={"order": …})`: JSON Schema (as text, data or a path) or XSD. `max-size`
concerns the Content-Length, or the length of the body if there is none; compressed bodies (gzip, deflate) are
decompressed first.

Each error has Name, Type, ValidationRule, Details and Action. The errors go to the variable in `errors-variable-name`.
With the action `detect` the pipeline continues. With `prevent` the message is refused: with 400 and the details in
inbound, with 502 and no details in outbound. `context.LastError`
has the reason "Bad request" or "Response not allowed", and the details.

For JSON that ends too early the caller gets 500 instead of 400, as seen on a real gateway.

Simulated, except that schemas' `readOnly`, `writeOnly` and `discriminator`, and their documented maximal size of 4 MB,
are ignored. Our choices, where the documentation is silent:

- An empty body is refused where the API's description requires one (release notes of July 2021); its words are ours.
  Other messages without a body are not validated. A content type counts as specified when the operation has it, or when
  a `content` with a `schema-id` names it.
- The sentences about JSON follow Newtonsoft's validator, those about XML are libxml2's (without a column: position 0),
  with one blank before them. SOAP headers are not validated.
- The variable is a `JArray`, and exists only if there is an error; of several errors the first one makes `LastError`
  and the response.
- An operation that the description does not have, or no description at all with `detect`, is the documented error of a
  schema that does not exist. With `prevent`, a gateway without any description raises ConfigurationError, and so does
  an unknown `schema-id`.
- `schema-ref` with an XML schema, which the documentation does not support, fails by name.
- What cannot be validated is a ValidationException: bodies nested deeper than 512 levels (XML: 256), regular
  expressions that take too long, and schemas whose alternatives multiply.

Source: https://learn.microsoft.com/azure/api-management/validate-content-policy
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from apimpolicy.csharp.dotnet.values import from_utf16
from apimpolicy.gateway.policies.content_schemas import content_errors
from apimpolicy.gateway.policies.conversions import Range, boolean, integer, trimmed
from apimpolicy.gateway.policies.effects import Condition, Effect
from apimpolicy.gateway.policies.message_text import content_of, media_type_of, size_of
from apimpolicy.gateway.policies.spec import child, children, expression_attribute, literal_attribute, part, policy
from apimpolicy.gateway.policies.surroundings import azure_text
from apimpolicy.gateway.policies.validation_errors import ACTIONS, IGNORE, SIZE, UNSPECIFIED, ErrorLog, ValidationError

if TYPE_CHECKING:
    from apimpolicy.gateway.context.description import Content
    from apimpolicy.gateway.policies.spec import PolicyExchange, PolicyStep


@part("type")
class TypeMapping:
    from_: str | None = literal_attribute(trimmed, doubt="unknown-expression")
    when: bool = expression_attribute(boolean, default=False)
    to: str = literal_attribute(trimmed, required=True, doubt="unknown-expression")


@part("content-type-map")
class ContentTypeMap:
    any_content_type_value: str | None = literal_attribute(trimmed)
    missing_content_type_value: str | None = literal_attribute(trimmed)
    types: list[PolicyStep] = children(TypeMapping)


@part("content")
class ContentRule:
    validate_as: str = literal_attribute(required=True, values=("json", "xml", "soap"))
    type: str | None = literal_attribute(trimmed, doubt="unknown-expression")
    action: str = expression_attribute(required=True, values=ACTIONS)
    schema_id: str | None = literal_attribute(trimmed, doubt="unknown-expression", refers="schemas")
    schema_ref: str | None = literal_attribute(trimmed, doubt="unknown-expression")
    allow_additional_properties: bool | None = literal_attribute(boolean)
    case_insensitive_property_names: bool = literal_attribute(boolean, default=False)


@policy(
    "validate-content",
    sections="inbound outbound on-error",
    left_out="`readOnly`, `writeOnly` and `discriminator` in schemas, and the limit on their size",
    traits="bounded-numbers",
    effects="refuses variables",
    access="passes",
)
class ValidateContent:
    unspecified_content_type_action: str = expression_attribute(required=True, values=ACTIONS)
    max_size: int = expression_attribute(integer, required=True, within=Range(0, 4_194_304))
    size_exceeded_action: str = expression_attribute(required=True, values=ACTIONS)
    errors_variable_name: str | None = literal_attribute()
    map: PolicyStep | None = child(ContentTypeMap)
    rules: list[PolicyStep] = children(ContentRule)

    def run(self, exchange: PolicyExchange) -> Effect:
        from apimpolicy.gateway.context.description import content_for

        log = ErrorLog(exchange, self.errors_variable_name)
        message = exchange.message
        side = "Request" if log.of_request else "Response"
        operation = exchange.described_operation
        is_required = log.of_request and operation is not None and operation.requires_body
        if not is_required and (message.body is None or not message.body.remaining):
            return log.effect("no body")
        content, unreadable = b"", ""
        try:
            content = content_of(message)
        except ValueError as problem:
            unreadable = str(problem)
        size = size_of(message, content)
        if self.size_exceeded_action != IGNORE and size > self.max_size:
            sizes = {"side": side, "size": size, "limit": self.max_size}
            texts = azure_text("content-too-long", **sizes), azure_text("content-too-long-public", **sizes)
            log.add([ValidationError("", f"{side}Body", SIZE, *texts)], self.size_exceeded_action)
        sent_type = media_type_of(message)
        media_type = self.mapped(exchange, sent_type)
        described_body = self.described(exchange)
        fitting = self.fitting(exchange, media_type)
        named = any(rule.type and rule.schema_id for rule in fitting)
        described = None if described_body is None else content_for(described_body, media_type)
        if not named and described is None and (described_body is not None or not fitting):
            text = azure_text("content-type-unspecified", type=media_type)
            error = ValidationError(media_type, f"{side}Body", UNSPECIFIED, text, text)
            log.add([error], self.unspecified_content_type_action)
            return log.effect(media_type or "no content type")
        for rule in fitting:
            if rule.action != IGNORE:
                errors = content_errors(exchange, rule, side, media_type, content, described, unreadable)
                log.add(errors, rule.action)
        return log.effect(media_type or "no content type")

    def fitting(self, exchange: PolicyExchange, media_type: str) -> list[ContentRule]:
        """Return the `content` elements for a content type."""
        found: list[ContentRule] = []
        for step in self.rules:
            rule: ContentRule = exchange.evaluate(step)
            fits = not rule.type or from_utf16(rule.type).lower() == media_type
            exchange.note(Condition("applies" if fits else "another content type", taken=fits), step)
            if fits:
                found.append(rule)
        return found

    def mapped(self, exchange: PolicyExchange, media_type: str) -> str:
        """Return the content type that decides: the message's, or what content-type-map makes of it."""
        if self.map is None:
            return media_type
        mapping: ContentTypeMap = exchange.evaluate(self.map)
        for step in mapping.types:
            entry: TypeMapping = exchange.evaluate(step)
            fits = entry.when or (entry.from_ is not None and from_utf16(entry.from_).lower() == media_type)
            exchange.note(Condition(entry.to if fits else "does not apply", taken=fits), step)
            if fits:
                return from_utf16(entry.to).lower()
        if mapping.any_content_type_value:
            return from_utf16(mapping.any_content_type_value).lower()
        if not media_type and mapping.missing_content_type_value:
            return from_utf16(mapping.missing_content_type_value).lower()
        return media_type

    def described(self, exchange: PolicyExchange) -> Sequence[Content] | None:
        """Return the description of this body; None without one."""
        operation = exchange.described_operation
        if operation is None:
            return None
        if exchange.section == "inbound":
            return operation.contents
        response = operation.response_for(exchange.reply.status_code)
        return () if response is None else response.contents
