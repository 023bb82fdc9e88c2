"""ip-filter: let only some addresses in, or keep some out.

```xml
<ip-filter action="allow">
    <address>13.66.201.169</address>
    <address-range from="13.66.140.128" to="13.66.140.143" />
</ip-filter>
```

With `allow`, callers from other addresses are refused; with `forbid`, callers from these addresses are.

Callers that are refused read no more than "Forbidden"; `context.LastError` has the details (seen on real gateways).

Simulated in full; the caller's address is the `ip_address` of the `Request`. Our choices: a port behind the address is
ignored; an IPv4 address written as IPv6 counts as the IPv4 address; the status is 403, which the documentation does not
state; a text in the policy that is not an address is an error without a reason.

Source: https://learn.microsoft.com/azure/api-management/ip-filter-policy
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from apimpolicy.gateway.policies.conversions import trimmed
from apimpolicy.gateway.policies.effects import AddressChecked, Condition, Effect
from apimpolicy.gateway.policies.spec import (
    azure_error,
    child_texts,
    children,
    expression_attribute,
    literal_attribute,
    part,
    policy,
)

if TYPE_CHECKING:
    from ipaddress import IPv4Address, IPv6Address

    from apimpolicy.gateway.policies.spec import PolicyExchange, PolicyStep

_WITH_PORT = re.compile(r"\[(?P<v6>[^\]]*)\](?::\d+)?|(?P<v4>[0-9.]+):\d+")


@part("address-range")
class AddressRange:
    from_: str = literal_attribute(trimmed, required=True, doubt="unknown-expression")
    to: str = literal_attribute(trimmed, required=True, doubt="unknown-expression")


@policy(
    "ip-filter",
    sections="inbound",
    choices=("address", "address-range"),
    traits="checks-address",
    refuses_with="403",
    effects="refuses fails",
    access="address",
)
class IpFilter:
    action: str = expression_attribute(required=True, values=("allow", "forbid"))
    addresses: list[str] = child_texts("address", trimmed, filled=True)
    ranges: list[PolicyStep] = children(AddressRange)

    def run(self, exchange: PolicyExchange) -> Effect:
        written = exchange.request.ip_address or ""
        caller = parsed(written)
        if caller is None:
            raise azure_error("caller-address-unknown")
        listed = any(caller == self.own(address) for address in self.addresses)
        for step in self.ranges:
            between: AddressRange = exchange.evaluate(step)
            first, last = self.own(between.from_), self.own(between.to)
            inside = first.version == caller.version == last.version and int(first) <= int(caller) <= int(last)
            exchange.note(Condition("inside" if inside else "outside", taken=inside), step)
            listed = listed or inside
        if self.action == "allow" and not listed:
            raise azure_error("ip-refused", address=written)
        if self.action == "forbid" and listed:
            raise azure_error("ip-blocked")
        return AddressChecked(f"{written} may call", address=written)

    def own(self, written: str) -> IPv4Address | IPv6Address:
        """Return an address of the policy. Raises PolicyError."""
        found = parsed(written)
        if found is None:
            raise azure_error("ip-invalid", text=written)
        return found


def parsed(written: str) -> IPv4Address | IPv6Address | None:
    """Return an address with or without a port, or None."""
    import ipaddress

    port = _WITH_PORT.fullmatch(written)
    text = written if port is None else port["v6"] or port["v4"] or ""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    return address.ipv4_mapped or address if isinstance(address, ipaddress.IPv6Address) else address
