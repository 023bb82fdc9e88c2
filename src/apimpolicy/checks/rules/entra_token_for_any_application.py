"""entra-token-for-any-application: any token of the Entra tenant is accepted, whoever it was issued to.

**What it does.** Looks for `validate-azure-ad-token` with none of `client-application-ids`, `backend-application-ids`,
`audiences` and `required-claims`, and for the tenants `common`, `organizations` and `consumers`.

**Why it matters.** Every application of the tenant can get a token and is let in. With `common`, that is every
Microsoft account in the world.

**Example**

```xml
<validate-azure-ad-token tenant-id="common" />
```

**Use instead**

```xml
<validate-azure-ad-token tenant-id="{{tenant}}">
    <client-application-ids><application-id>{{orders-client}}</application-id></client-application-ids>
</validate-azure-ad-token>
```

**Sources.** https://learn.microsoft.com/azure/api-management/validate-azure-ad-token-policy
"""

from __future__ import annotations

from apimpolicy.checks.rule import Element, Findings, Rule

RESTRICTIONS = ("client-application-ids", "backend-application-ids", "audiences", "required-claims")
ALL_TENANTS = ("common", "organizations", "consumers")


class EntraTokenForAnyApplication(Rule):
    code = "POL314"
    elements = ("validate-azure-ad-token",)

    def visit_element(self, element: Element) -> Findings:
        if not any(element.find(name) for name in RESTRICTIONS):
            yield self.at_element(
                element,
                "any token of the tenant is accepted",
                label="whatever application it was issued for",
                help="Add <client-application-ids>, <audiences> or <required-claims>.",
            )
        if self.literal(element, "tenant-id") in ALL_TENANTS and element.find("required-claims") is None:
            yield self.at_value(element, "tenant-id", "tokens of every tenant are accepted", help="Name your tenant.")
