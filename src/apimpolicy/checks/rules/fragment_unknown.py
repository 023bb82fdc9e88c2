"""fragment-unknown: an included fragment isn't among the known ones.

**What it does.** Looks for `include-fragment` with an id that isn't among the fragments in the folder of the service
(as APIOps extracts it), nor declared by the configuration or elsewhere in the repository. That is an error.

Where not all fragments are known, because the folder was extracted with a filter or a module isn't read, it is a
warning with the reason. Where the fragments of the configuration are all that is known, an id that resembles one of
them is a warning, and any other is at most an info.

**Why it matters.** If the service doesn't have the fragment, Azure refuses to save the policy: "Policy fragment with
id 'x' could not be found."

**Example**

```xml
<include-fragment fragment-id="check-callers" />
```

**Use instead** the id of the fragment.

**Evidence.** Gateways answer `Policy fragment with id 'x' could not be found.`

**Sources.** https://learn.microsoft.com/azure/api-management/include-fragment-policy,
https://github.com/Azure/apiops/issues/668
"""

from __future__ import annotations

from apimpolicy.checks.rule import Element, Findings, Rule, Severity


class FragmentUnknown(Rule):
    code = "POL135"
    severity = Severity.INFO
    elements = ("include-fragment",)
    known = ("service",)

    def visit_element(self, element: Element) -> Findings:
        service, name = self.settings.service, self.literal(element, "fragment-id")
        missing = service.missing("fragments", name) if service is not None and name is not None else None
        if missing is None:
            return
        message, severity = missing.message, Severity.ERROR
        if not missing.is_certain:
            message = f"the fragment '{name}' is not among the known ones"
            severity = Severity.WARNING if missing.near or missing.reason else self.severity
        yield self.at_value(element, "fragment-id", message, severity=severity, label=missing.label, help=missing.help)
