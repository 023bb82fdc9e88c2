"""variable-unset-on-error: on-error reads a variable that isn't set when an earlier policy fails.

**What it does.** Looks in `on-error` for `context.Variables["name"]`, and for policies that can fail before the
variable is set: a limit, a check of the caller, a request whose errors aren't ignored, the forwarded request. In a
folder that APIOps has extracted, or with the tables of a service in `apimpolicy.toml`, the policies behind `<base />`
and a missing subscription key count too. Reads are left alone if a condition asks for the variable, or if a condition
about `context.LastError` or the status of the response doesn't fit the failure.

**Why it matters.** The expression throws inside `on-error`, and callers never get the response that you wrote there.

**Example**

```xml
<inbound>
    <rate-limit-by-key calls="10" renewal-period="60" counter-key="@(context.Request.IpAddress)" />
    <set-variable name="dept" value="sales" />
</inbound>
<on-error>
    <set-body>@("Ask " + context.Variables["dept"])</set-body>
</on-error>
```

**Use instead** `context.Variables.GetValueOrDefault("dept", "your department")`, or set the variable first.

**Sources.** https://learn.microsoft.com/azure/api-management/api-management-error-handling-policies,
https://learn.microsoft.com/azure/api-management/api-management-policy-expressions#ContextVariables
"""

from __future__ import annotations

from functools import cached_property

from apimpolicy.checks.failures import Failures, RequestFailure, UnknownPolicyError, Wider, is_true_for
from apimpolicy.checks.nodes import is_always_evaluated
from apimpolicy.checks.rule import CheckedExpression, Element, Findings, Rule
from apimpolicy.checks.variables import Questions, variable_reads
from apimpolicy.csharp.binding.nodes import Bound

MOST_READS = 100


class VariableUnsetOnError(Rule):
    code = "POL240"
    elements = ("on-error",)
    attributes = ("name", "variable-name", "response-variable-name")
    words = ("variables",)

    def finish(self) -> Findings:
        reads = self.reads()
        if not reads:
            return
        names = frozenset(name for name, _, _ in reads)
        try:
            paths = [self.failures(wider, names) for wider in self.settings.wider or ((),)]
            for name, expression, node in reads:
                if name in paths[0].set_before(expression.element):
                    continue
                causes = (self.cause(path, name, expression) for path in paths)
                cause = next((cause for cause in causes if cause is not None), None)
                if cause is not None:
                    message = f"the variable '{name}' isn't set when {described(cause)}"
                    yield self.at_code(expression, node, message, label="throws", help=advice(cause))
        except UnknownPolicyError:
            return

    def failures(self, wider: tuple[Wider, ...], names: frozenset[str]) -> Failures:
        """Return where requests can fail with these documents around."""
        found = Failures(self.subject, wider, names)
        found.walk(self.settings.requires_subscription is True)
        return found

    def reads(self) -> list[tuple[str, CheckedExpression, Bound]]:
        """Return the reads in `on-error` that always throw without the variable: name, expression and node."""
        found: list[tuple[str, CheckedExpression, Bound]] = []
        for expression in self.subject.expressions:
            if self.subject.section_of(expression.element) != "on-error":
                continue
            seen: set[str] = set()
            for read in sorted(variable_reads(expression), key=lambda read: read.node.syntax.start):
                if (
                    read.how == "index"
                    and read.name is not None
                    and read.name not in seen
                    and is_always_evaluated(expression, read.node)
                    and not self._questions.is_asked_before(expression, read.name)
                    and len(found) < MOST_READS
                ):
                    seen.add(read.name)
                    found.append((read.name, expression, read.node))
        return found

    @cached_property
    def _questions(self) -> Questions:
        return Questions(self.subject)

    def cause(self, path: Failures, name: str, expression: CheckedExpression) -> RequestFailure | None:
        """Return the failure, refusals first, before which nothing has set the variable, and that leads here."""
        if name not in path.set_somewhere:
            return None
        fitting = (each for each in path.found if name not in each.is_set and self.is_reached(expression.element, each))
        return min(fitting, key=lambda each: (not each.is_refusal, each.source == "authorization"), default=None)

    def is_reached(self, element: Element, failure: RequestFailure) -> bool:
        """Return whether the branches around a policy are certainly taken after this failure."""
        for branch in (element, *element.ancestors()):
            if branch.name == "on-error":
                break
            if branch.name in ("when", "otherwise"):
                if any(self.is_taken(other, failure) is not False for other in branch.preceding_siblings()):
                    return False
                if branch.name == "when" and self.is_taken(branch, failure) is not True:
                    return False
        return True

    def is_taken(self, branch: Element, failure: RequestFailure) -> bool | None:
        """Return the value of a branch's condition after this failure; None when it depends on more."""
        expression = self.subject.expression_in(branch, "condition")
        return None if expression is None or expression.body is None else is_true_for(expression.body, failure)


def advice(failure: RequestFailure) -> str:
    if failure.source == "authorization":
        return "Use context.Variables.GetValueOrDefault here: no policy runs before that."
    before = "<base />" if failure.scope else f"'{failure.source}'"
    return f"Use context.Variables.GetValueOrDefault here, or set the variable before {before}."


def described(failure: RequestFailure) -> str:
    where = f" of {failure.scope}" if failure.scope else ""
    if failure.source == "authorization":
        return "the subscription key is missing (401)"
    if not failure.is_refusal:
        return f"'{failure.source}'{where} gets no response"
    statuses = " or ".join(map(str, sorted(failure.statuses or ())))
    return f"'{failure.source}'{where} refuses the request" + (f" ({statuses})" if statuses else "")
