"""body-read-twice: a body is read again after it was consumed.

**What it does.** Looks for `context.Request.Body.As…` and `context.Response.Body.As…` where an earlier read always
happens, without `preserveContent: true`, and no `set-body` comes between the two.

**Why it matters.** A body is a stream. Reading it without `preserveContent: true` consumes it. The second read returns
nothing, and something fails later, far from the cause.

**Example**

```xml
<set-variable name="id" value="@((string)context.Request.Body.As<JObject>()["id"])" />
<set-variable name="kind" value="@((string)context.Request.Body.As<JObject>()["kind"])" />
```

**Use instead**

```xml
<set-variable name="id" value="@((string)context.Request.Body.As<JObject>(preserveContent: true)["id"])" />
<set-variable name="kind" value="@((string)context.Request.Body.As<JObject>(preserveContent: true)["kind"])" />
```

**Sources.** https://learn.microsoft.com/azure/api-management/api-management-policy-expressions#ref-imessagebody
"""

from __future__ import annotations

from apimpolicy.checks.rule import CheckedExpression, Findings, Rule
from apimpolicy.checks.variables import body_reads
from apimpolicy.gateway.policies.registry import has_trait


class BodyReadTwice(Rule):
    code = "POL204"
    members = ("Body",)

    def visit_expression(self, expression: CheckedExpression) -> Findings:
        consumed = dict(self.subject.flow.before(expression.element).consumed)
        if has_trait(expression.element.name, "repeats"):  # whose condition is evaluated after the policies inside
            consumed.clear()
        for read in body_reads(expression):
            before = consumed.get(read.which)
            if before is not None:
                excerpt = before.expression.excerpt
                where, help = "in this expression", "Keep the first result in a variable, or write {}."
                if excerpt.start != expression.excerpt.start:
                    where, help = f"on line {excerpt.source.position(excerpt.start).line}", "Write {} on that line."
                message = f"the body of the {read.which} was already consumed {where}"
                yield self.at_code(expression, read.node, message, help=help.format("As<…>(preserveContent: true)"))
            if read.is_certain and not read.preserves:
                consumed.setdefault(read.which, read)
