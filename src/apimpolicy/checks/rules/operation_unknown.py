"""operation-unknown: a policy belongs to an operation that its API doesn't have.

**What it does.** Looks for a policy in the folder of an operation (as APIOps extracts it) whose name is no operation of
the API's OpenAPI document. Names are compared as an import into Azure rewrites them.

**Why it matters.** Publishing the folder fails: "Operation not found." The policy of a renamed or removed operation
often stays behind.

**Example**

```text
apis/orders/specification.yaml                   operationId: get-order
apis/orders/operations/get-orders/policy.xml
```

**Use instead** the name of the operation, or remove the folder.

**Evidence.** Publishing a folder with APIOps failed with `Operation not found.` (Azure/apiops#761).

**Sources.** https://github.com/Azure/apiops/issues/761, https://github.com/Azure/apiops/issues/329
"""

from __future__ import annotations

from apimpolicy.checks.rule import Findings, Rule, Severity


class OperationUnknown(Rule):
    code = "POL161"
    severity = Severity.ERROR
    known = ("operation",)

    def finish(self) -> Findings:
        service, api, operation = self.settings.service, self.settings.api, self.settings.operation
        root = self.document.root
        if service is None or not api or not operation or root is None:
            return
        missing = service.missing("operations", operation, within=api)
        if missing is not None:
            message = f"the API '{api}' has no operation '{operation}'"
            severity = Severity.ERROR if missing.is_certain else Severity.WARNING
            yield self.at_element(root, message, severity=severity, label=missing.label, help=missing.help)
