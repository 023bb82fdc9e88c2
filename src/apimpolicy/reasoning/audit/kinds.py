"""The kinds of facts and of actions of the gateway."""

from __future__ import annotations

LENDS, REPLACES, LIMITS, ASKS = "lends", "replaces", "limits", "asks"
"""The kinds of a GatewayAction."""
COUNTS = "counts"
"""The kind of what a limit counts by; its sources are those of the key."""
KEY, TOKEN, CERTIFICATE, ADDRESS = "key", "token", "certificate", "address"
OWN = "own"
"""A comparison that the policy's author wrote: when it is true the caller knew a value; false is anyone's choice."""
OPAQUE = "opaque"
"""A condition that is not understood: either outcome may be a check of the caller."""
UNDECIDED = "undecided"
"""A condition, or a policy, whose effect depends on what is not known."""
CHOICE = "choice"
"""A property of the request that every caller can choose."""

GATEWAY = "gateway"
"""The outcome of a check that isn't about the caller: of a value that the gateway put there, or of chance."""
FORGED = "forged"
"""A check that a caller passes with what the caller makes up: keys, a list, a service, both sides of a comparison."""
VIA = "via"
"""How data reaches the caller without a forwarded request: from a cache, or by a request of the policy's own."""
CACHED, SENT = "a cached response", "a request of the policy's own"

VERIFIED, PINNED, NAMED, PRESENTED = "verified", "pinned", "named", "presented"
"""Of a certificate: its chain was checked, its thumbprint compared, another name of it compared, or none of these."""
