"""validate-odata-request: validate a request's URL, headers and parameters against the OData specification.

```xml
<validate-odata-request error-variable-name="odataErrors" default-odata-version="4.01" max-size="102400" />
```

Simulated, as far as the request alone tells:

- The version in `OData-Version` (without that header `default-odata-version`, 4.0) is a version of OData, and lies
  between `min-odata-version` and `max-odata-version`. The body is not larger than `max-size`.
- Each system query option exists in that version and is given once. `$top` and `$skip` are whole numbers, `$count` is
  true or false; `$filter`, `$orderby`, `$select`, `$expand` and `$search` have closed literals and brackets; `$orderby`
  ends in `asc` or `desc`, if in anything. Version 4.01 knows its options without `$` too.
- Keys in the path have closed literals and brackets.

Checks that need the metadata of the service are left out: the names of entities and properties, and the types of
expressions. No document says which of these the gateway checks.

Our choices, since the documentation says nothing about it: the caller gets 400; the error has the reason "Bad request"
and our own text; the variable of `error-variable-name` gets a list of errors in the form of the other validation
policies.

Source: https://learn.microsoft.com/azure/api-management/validate-odata-request-policy
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from apimpolicy.csharp.dotnet.values import from_utf16
from apimpolicy.gateway.policies.conversions import integer, trimmed
from apimpolicy.gateway.policies.effects import Effect
from apimpolicy.gateway.policies.placement import Placement
from apimpolicy.gateway.policies.spec import PolicyExchange, literal_attribute, policy
from apimpolicy.gateway.policies.surroundings import azure_text
from apimpolicy.gateway.policies.validation_errors import PREVENT, SIZE, ErrorLog, ValidationError

VERSIONS = ("1.0", "2.0", "3.0", "4.0", "4.01")
_OF_4 = (
    *("filter", "orderby", "select", "expand", "top", "skip", "count", "search", "format", "apply"),
    *("skiptoken", "deltatoken"),
)
_OF_4_01 = ("compute", "index", "schemaversion", "id", "levels")
_OF_3 = ("filter", "orderby", "select", "expand", "top", "skip", "inlinecount", "format", "skiptoken")
_EXPRESSIONS = ("filter", "orderby", "select", "expand", "search", "apply", "compute")
_COUNT = re.compile(r"[0-9]{1,18}")


@policy(
    "validate-odata-request",
    sections="inbound",
    placement=Placement(not_at=("operation",), once="section"),
    left_out="checks that need the metadata of the service: its names and types",
    effects="refuses variables",
    chosen_refusal="the status 400 and the text",
    access="passes",
)
class ValidateODataRequest:
    error_variable_name: str | None = literal_attribute(doubt="unknown-expression")
    default_odata_version: str = literal_attribute(trimmed, default="4.0")
    min_odata_version: str | None = literal_attribute(trimmed)
    max_odata_version: str | None = literal_attribute(trimmed)
    max_size: int | None = literal_attribute(integer)

    def run(self, exchange: PolicyExchange) -> Effect:
        log = ErrorLog(exchange, self.error_variable_name)
        errors = [*self.size_errors(exchange), *self.version_errors(exchange), *self.url_errors(exchange)]
        log.add(errors, PREVENT)
        return log.effect(f"OData {self.version(exchange)}")

    def version(self, exchange: PolicyExchange) -> str:
        stated = from_utf16(exchange.request.headers.joined("OData-Version") or "").strip()
        return stated or from_utf16(self.default_odata_version)

    def size_errors(self, exchange: PolicyExchange) -> Iterator[ValidationError]:
        from apimpolicy.gateway.policies.message_text import content_of, size_of

        if self.max_size is None:
            return
        try:
            size = size_of(exchange.request, content_of(exchange.request))
        except ValueError as error:
            yield _error("", "RequestBody", "ValidationException", str(error))
            return
        if size > self.max_size:
            text = azure_text("content-too-long-public", side="Request", size=size, limit=self.max_size)
            yield _error("", "RequestBody", SIZE, text)

    def version_errors(self, exchange: PolicyExchange) -> Iterator[ValidationError]:
        version = self.version(exchange)
        if version not in VERSIONS:
            yield _header_error(azure_text("odata-version-unknown", version=version[:40]))
            return
        for limit, is_wrong, word in (
            (self.min_odata_version, _number(version) < _number(self.min_odata_version), "lower"),
            (self.max_odata_version, _number(version) > _number(self.max_odata_version), "higher"),
        ):
            if limit is not None and is_wrong:
                compared = {"version": version, "compared": word, "limit": from_utf16(limit)}
                yield _header_error(azure_text("odata-version", **compared))

    def url_errors(self, exchange: PolicyExchange) -> Iterator[ValidationError]:
        from urllib.parse import unquote

        version = self.version(exchange)
        options = set(_OF_4 if version.startswith("4") else _OF_3) | (set(_OF_4_01) if version == "4.01" else set())
        url = exchange.request.url
        path = unquote(from_utf16(url.path))
        if problem := _read(path)[1]:
            yield _error(path, "PathParameter", "IncorrectMessage", azure_text("odata-path", problem=problem))
        for name, values in url.query.fields():
            option = from_utf16(name)
            if not option.startswith("$") and not (version == "4.01" and option.lower() in options):
                continue
            plain = option.removeprefix("$")
            plain = plain.lower() if version == "4.01" else plain
            if plain not in options:
                yield _option_error(option, azure_text("odata-option-unknown", option=option, version=version))
            elif len(values) > 1:
                yield _option_error(
                    option, azure_text("values-multiple", side="Request", whole=f"query option {option}")
                )
            elif problem := _problem(plain, from_utf16(values[0]).strip()):
                yield _option_error(option, azure_text("odata-option", option=option, problem=problem))


def _problem(option: str, value: str) -> str:
    """Return the error in the value of an option; empty when there is none."""
    if option in ("top", "skip") and not _COUNT.fullmatch(value):
        return "is not a number of 0 or more"
    if option == "count" and value not in ("true", "false"):
        return "is neither true nor false"
    if option == "inlinecount" and value not in ("allpages", "none"):
        return "is neither allpages nor none"
    if not value or option not in _EXPRESSIONS:
        return "" if value else "is empty"
    parts, problem = _read(value)
    if not problem and option == "orderby" and not all(map(_is_ordered, parts)):
        return "is not a list of expressions with asc or desc"
    return problem


def _is_ordered(part: str) -> bool:
    words = re.sub(r"'[^']*'|\([^()]*\)", "x", part).split()
    return len(words) == 1 or (len(words) > 1 and (words[-1] in ("asc", "desc") or len(words) > 2))


def _read(text: str) -> tuple[list[str], str]:
    """Return the parts that commas outside of brackets and literals divide, and what does not close, empty when
    everything does. A quote within a literal is written twice.
    """
    parts: list[str] = []
    start = 0
    closing: list[str] = []
    in_literal = False
    for index, character in enumerate(text):
        if character == "'":
            in_literal = not in_literal
        elif in_literal:
            continue
        elif character in "([":
            closing.append(")" if character == "(" else "]")
        elif character in ")]" and (not closing or closing.pop() != character):
            return parts, f"has a '{character}' too many"
        elif character == "," and not closing:
            parts.append(text[start:index])
            start = index + 1
    problem = "has a literal that does not end" if in_literal else f"lacks a '{closing[-1]}'" if closing else ""
    return [*parts, text[start:]], problem


def _number(version: str | None) -> float:
    try:
        return float(version or "0")
    except ValueError:
        return 0.0


def _error(name: str, kind: str, rule: str, text: str) -> ValidationError:
    return ValidationError(name, kind, rule, text, text)


def _header_error(text: str) -> ValidationError:
    return _error("OData-Version", "RequestHeader", "IncorrectMessage", text)


def _option_error(option: str, text: str) -> ValidationError:
    return _error(option, "QueryParameter", "IncorrectMessage", text)
