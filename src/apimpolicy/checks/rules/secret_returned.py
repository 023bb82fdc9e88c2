"""secret-returned: callers get a secret named value.

**What it does.** Looks for secret named values, and variables that hold one, in the bodies and headers of responses: in
`return-response`, and in `set-body` and `set-header` of `outbound` and `on-error`. Requests that the policy sends are
left alone, and so are expressions that only compare or hash the value.

**Why it matters.** Every caller can read it.

**Example**

```xml
<outbound>
    <set-header name="X-Debug" exists-action="override"><value>{{orders-client-secret}}</value></set-header>
</outbound>
```

**Use instead** the header in `inbound`, where the backend gets it, or no header at all.

**Sources.** https://learn.microsoft.com/azure/api-management/api-management-howto-properties,
https://owasp.org/API-Security/editions/2023/en/0xa8-security-misconfiguration/
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from apimpolicy.checks.rule import Element, Findings, Rule
from apimpolicy.checks.secrets import reaches_result, secrets_written
from apimpolicy.checks.variables import variable_reads
from apimpolicy.gateway.policies.registry import has_trait


class SecretReturned(Rule):
    code = "POL342"
    traits = ("sets-header", "replaces-body", "sets-variable")
    words = ("{{",)

    @cached_property
    def _held(self) -> dict[str, str]:
        """The secret named value in each variable that holds one; filled as elements are visited."""
        return {}

    def visit_element(self, element: Element) -> Findings:
        if has_trait(element.name, "sets-variable"):
            variable = element.get("name")
            if variable is not None:
                for secret in secrets_written(self.subject, element, "value"):
                    self._held.setdefault(variable.value.text, secret)
            return
        subject = self.subject
        is_composed = subject.nearest_with(element.parent, "composes") is not None
        is_response = is_composed or subject.section_of(element) in ("outbound", "on-error")
        if not is_response or subject.nearest_with(element, "requests", "logs"):
            return
        for below in element.descendants():
            for name in dict.fromkeys((*secrets_written(subject, below), *self.held_in(below))):
                message = f"callers get the secret named value '{name}'"
                yield self.at_element(below, message, help="Remove it, or send it to the backend in 'inbound'.")

    def held_in(self, element: Element) -> Iterator[str]:
        for expression in self.subject.expressions_of(element):
            for read in variable_reads(expression):
                secret = self._held.get(read.name or "")
                if secret is not None and read.how != "question" and reaches_result(expression, read.node):
                    yield secret
