"""reference-unknown: a policy names a resource that the service doesn't have.

**What it does.** Looks for attributes that name a backend, logger, certificate, schema, cache, authorization provider
or authorization, or the API or operation of a limit, where the folder of the service (as APIOps extracts it) has no
such resource. A kind of resource that the folder doesn't list at all is not checked. `include-fragment` has POL135,
`{{named-values}}` have POL001.

A missing resource is an error. It is a warning for the APIs and operations of a limit and for a cache, where no source
says that Azure refuses them, and for a policy with `ignore-error="true"`. It is a warning with the reason where the
service may have more than is known: the folder was extracted with a filter, the infrastructure code adds to a service
that is made elsewhere, or a module, the list of a loop or a condition isn't known. Nothing is reported for what an
overlay, another service in the repository, Terraform, Bicep or a script declares, or `external` in `apimpolicy.toml`.

**Why it matters.** Azure refuses to save the policy: "Backend with id 'x' could not be found.", "Logger not found".
Where it doesn't look, the request fails, or the limit limits nothing.

**Example**

```xml
<set-backend-service backend-id="ordres" />
```

**Use instead** the name of the resource's folder: `orders` for `backends/orders/backendInformation.json`. If the
resource lives elsewhere, declare it in `apimpolicy.toml`: `external = ["backends/ordres"]`.

**Evidence.** A gateway answered `Error in element 'set-backend-service' on line 3, column 4: Backend with id 'x' could
not be found.` (2026), and `Logger not found`.

**Sources.** https://github.com/Azure/apiops/issues/56, https://github.com/Azure/apiops/issues/878,
https://github.com/MicrosoftDocs/azure-docs/issues/87460
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.checks.rule import Element, Findings, Rule, Severity

if TYPE_CHECKING:
    from apimpolicy.checks.references import MissingReference

_OTHER_RULE = "fragments"
_NOT_REFUSED = ("apis", "operations", "caches")
"""Kinds of which no source says that Azure looks for them, or that a request fails without one."""
_WITHIN = {"operations": "apis", "authorizations": "authorization-providers"}
"""Kinds whose resources belong to one of another kind, which the same element names, or the one around it."""


class ReferenceUnknown(Rule):
    code = "POL160"
    severity = Severity.ERROR
    known = ("service",)

    def finish(self) -> Findings:
        for element in self.subject.elements:
            for kind, names in self._references(element).items():
                missing = self._missing(element, kind, [name for _, name in names])
                if missing is not None:
                    yield self.at_value(
                        element,
                        names[0][0],
                        missing.message,
                        severity=self._severity_of(element, kind, missing),
                        label=missing.label,
                        help=missing.help,
                    )

    def _references(self, element: Element) -> dict[str, list[tuple[str, str]]]:
        """Return the names in an element by kind. Kinds of which not all resources are known are left out."""
        specification = self.subject.specification_of(element)
        found: dict[str, list[tuple[str, str]]] = {}
        for slot in specification.attributes if specification is not None else ():
            if slot.refers and slot.refers != _OTHER_RULE and element.get(slot.name) is not None:
                name = self.literal(element, slot.name) or ""
                found.setdefault(slot.refers, []).append((slot.name, name.strip()))
        return {kind: names for kind, names in found.items() if all(name for _, name in names)}

    def _missing(self, element: Element, kind: str, names: list[str]) -> MissingReference | None:
        service = self.settings.service
        assert service is not None
        if kind not in _WITHIN:
            return service.missing(kind, *names)
        owner = _WITHIN[kind]
        around = self._references(element).get(owner)
        if around is None and element.parent is not None:
            around = self._references(element.parent).get(owner)
        if around is not None:
            return service.missing(kind, *names, within=around[0][1])
        api = self.settings.api if kind == "operations" else None
        return service.missing(kind, *names, within=api) if api else None

    def _severity_of(self, element: Element, kind: str, missing: MissingReference) -> Severity:
        is_ignored = self.literal(element, "ignore-error") == "true"
        return self.severity if missing.is_certain and kind not in _NOT_REFUSED and not is_ignored else Severity.WARNING
