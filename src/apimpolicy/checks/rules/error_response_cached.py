"""error-response-cached: the response of a request is cached whatever its status is.

**What it does.** Looks for `cache-store-value` whose value comes from the response of a `send-request`, or from the
backend's, in a document that looks at the status of no response: neither in a condition nor in the expressions that
make the value, nor with `validate-status-code`.

**Why it matters.** One error of the other service is kept for the whole `duration`, and every caller gets it.

**Example**

```xml
<send-request response-variable-name="answer">…</send-request>
<cache-store-value key="rates" value="@(((IResponse)context.Variables["answer"]).Body.As<string>())" duration="3600" />
```

**Use instead**

```xml
<choose>
    <when condition="@(((IResponse)context.Variables["answer"]).StatusCode == 200)">
        <set-variable name="rates" value="@(((IResponse)context.Variables["answer"]).Body.As<string>())" />
        <cache-store-value key="rates" value="@((string)context.Variables["rates"])" duration="3600" />
    </when>
</choose>
```

**Sources.** https://learn.microsoft.com/azure/api-management/cache-store-value-policy,
https://learn.microsoft.com/azure/api-management/send-request-policy
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from functools import cached_property
from typing import NamedTuple

from apimpolicy.checks.nodes import context_member, is_property, type_name
from apimpolicy.checks.rule import CheckedExpression, Element, Findings, Rule
from apimpolicy.checks.variables import variable_reads
from apimpolicy.csharp.binding.nodes import Call, IndexerAccess, PropertyAccess
from apimpolicy.gateway.policies.registry import has_trait

BACKEND = ""
"""The name of `context.Response` among those of variables."""
JSON = frozenset(("JObject", "JToken", "JArray"))


class Held(NamedTuple):
    """The offsets where the response in a variable came from, and since when the variable holds it."""

    origin: int
    since: int


class ErrorResponseCached(Rule):
    code = "POL443"
    needs_all = True
    elements = ("cache-store-value",)

    def visit_element(self, element: Element) -> Findings:
        expression = self.subject.expression_in(element, "value")
        if expression is None or self.looks_at_status:
            return
        origins = [self.responses[name].origin for name in self.read_by(expression) if self.is_known(name, element)]
        if origins and bisect_left(self.decisions, min(origins)) >= bisect_left(self.decisions, element.start):
            help = "Store the value only if the status of the response is 200."
            yield self.at_value(element, "value", "an error response is cached like any other", help=help)

    @cached_property
    def responses(self) -> dict[str, Held]:
        """The variables that hold a response, or all that is in it."""
        found: dict[str, Held] = {}
        for element in self.subject.elements:
            name = element.get("response-variable-name")
            here = Held(element.start, element.start)
            if has_trait(element.name, "forwards") or self.subject.section_of(element) == "outbound":
                found.setdefault(BACKEND, here)
            if has_trait(element.name, "requests") and name is not None:
                found.setdefault(name.value.text, here)
            if has_trait(element.name, "sets-variable") and (name := element.get("name")) is not None:
                for expression in self.subject.expressions_of(element):
                    for each in self.read_by(expression):
                        if each in found:
                            found.setdefault(name.value.text, Held(found[each].origin, element.start))
        return found

    def is_known(self, name: str, element: Element) -> bool:
        return name in self.responses and self.responses[name].since < element.start

    @cached_property
    def looks_at_status(self) -> bool:
        """Return whether a decision or a variable depends on the status of a response."""
        for element in self.subject.elements:
            fails = self.literal(element, "fail-on-error-status-code") == "true"
            if fails or has_trait(element.name, "checks-status"):
                return True
            decides = element.get("condition") is not None or has_trait(element.name, "sets-variable", "caches-values")
            for expression in self.subject.expressions_of(element) if decides else ():
                if any(node.property.name == "StatusCode" for node in expression.of_kind(PropertyAccess)):
                    return True
        return False

    @cached_property
    def decisions(self) -> list[int]:
        """The offsets of conditions that look at what came in a response, and of fragments, which may."""
        return [
            element.start
            for element in self.subject.elements
            if element.name == "include-fragment"
            or (element.get("condition") is not None and any(map(self.decides, self.subject.expressions_of(element))))
        ]

    def decides(self, expression: CheckedExpression) -> bool:
        """Return whether an expression looks at what came in a response, and not only if there is one."""
        reads = (read for read in variable_reads(expression) if not read.is_checked)
        return any(self.is_known(read.name or "", expression.element) for read in reads) or any(
            type_name(node.receiver) == "IResponse" for node in expression.of_kind(PropertyAccess)
        )

    def read_by(self, expression: CheckedExpression) -> Iterator[str]:
        """Yield the variables that an expression returns whole; `BACKEND` for the body of `context.Response`.

        Taking a member out of a body, as in `["access_token"].ToString()`, fails for an error response.
        """
        if any(type_name(node.receiver) in JSON for node in expression.of_kind(IndexerAccess)):
            return
        if any(node.method.name in ("SelectToken", "Value", "Property") for node in expression.of_kind(Call)):
            return
        for read in variable_reads(expression):
            if read.name is not None:
                yield read.name
        for node in expression.of_kind(PropertyAccess):
            if is_property(node, ("IResponse",), "Body") and context_member(node.receiver) is not None:
                yield BACKEND
