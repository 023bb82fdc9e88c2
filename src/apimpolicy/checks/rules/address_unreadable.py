"""address-unreadable: ip-filter contains something that isn't an IP address or a range of them.

**What it does.** Reads the literal addresses in `address` and `address-range` of `ip-filter`: IPv4 or IPv6, both ends
of a range of the same kind, the lower one first.

**Why it matters.** Azure refuses to save the policy. CIDR notation isn't supported.

**Example**

```xml
<ip-filter action="allow">
    <address>10.0.0.0/8</address>
</ip-filter>
```

**Use instead**

```xml
<ip-filter action="allow">
    <address-range from="10.0.0.0" to="10.255.255.255" />
</ip-filter>
```

**Evidence.** The documentation takes addresses and ranges of two addresses; .NET's `IPAddress.Parse` refuses the rest.

**Sources.** https://learn.microsoft.com/azure/api-management/ip-filter-policy
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.checks.rule import Element, Findings, Rule, Severity
from apimpolicy.text.source import is_unknown

if TYPE_CHECKING:
    from ipaddress import IPv4Address, IPv6Address


class AddressUnreadable(Rule):
    code = "POL139"
    severity = Severity.ERROR
    elements = ("ip-filter",)

    def visit_element(self, element: Element) -> Findings:
        for child in element.elements():
            if child.name == "address":
                yield from self.single(child)
            elif child.name == "address-range":
                yield from self.range(child)

    def single(self, element: Element) -> Findings:
        text = element.text.strip()
        if text and element.expression is None and not is_unknown(text) and read(text) is None:
            yield self.at_element(element, not_an_address(text), help=advice(text))

    def range(self, element: Element) -> Findings:
        ends = []
        for name in ("from", "to"):
            text = (self.literal(element, name) or "").strip()
            address = read(text)
            if text and address is None:
                yield self.at_value(element, name, not_an_address(text), help=advice(text))
            if address is None:
                return
            ends.append(address)
        low, high = ends
        if low.version != high.version:
            yield self.at_element(element, "'from' and 'to' must both be IPv4 or both be IPv6")
        elif int(low) > int(high):
            message = f"'from' ({low}) is greater than 'to' ({high})"
            yield self.at_element(element, message, label="matches no address", help="Swap 'from' and 'to'.")


def read(text: str) -> IPv4Address | IPv6Address | None:
    """Parse an address; return None for anything else."""
    from ipaddress import ip_address

    try:
        return ip_address(text)
    except ValueError:
        return None


def not_an_address(text: str) -> str:
    return f"'{text[:60]}' is not an IP address"


def advice(text: str) -> str:
    """Return the address range of a network in CIDR notation."""
    from ipaddress import ip_network

    try:
        network = ip_network(text, strict=False)
    except ValueError:
        return "Write a single IPv4 or IPv6 address, or an address-range."
    return f'CIDR notation is not supported. Write <address-range from="{network[0]}" to="{network[-1]}" />.'
