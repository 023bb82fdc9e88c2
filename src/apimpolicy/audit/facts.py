"""Facts: what a request has proven, or may choose, at a point of the pipeline; and what the gateway has done there.

A fact about a condition has a sign: `is_true` False means that the condition was false. Places are kept beside facts,
so that the same check in two places is one fact.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from apimpolicy.audit.sources import Sources
    from apimpolicy.text.document import Element

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


class Fact(NamedTuple):
    """One fact. `subject` is what it is about; `detail` distinguishes facts of one subject."""

    kind: str
    subject: str
    detail: tuple[object, ...] = ()
    is_true: bool = True

    @property
    def opposite(self) -> Fact:
        return self._replace(is_true=not self.is_true)

    @property
    def is_free(self) -> bool:
        """Return whether every caller can bring this about."""
        if self.kind in (CHOICE, GATEWAY, FORGED, VIA):
            return True
        return not self.is_true and self.kind in (OWN, CERTIFICATE, ADDRESS)


class Token(NamedTuple):
    """Requirements of a token check; `weaknesses` describe the open points.

    `is_weak`: callers that the API isn't for can get an accepted token.
    """

    issuers: tuple[str, ...] = ()
    audiences: tuple[str, ...] = ()
    claims: tuple[str, ...] = ()
    applications: tuple[str, ...] = ()
    weaknesses: tuple[str, ...] = ()
    urls: tuple[str, ...] = ()
    """URLs of the published keys, according to the policy."""
    is_weak: bool = False
    source: tuple[str, str] | None = None
    """The kind and the name of what the token was in, if it is one part of the request."""


class PolicyLocation(NamedTuple):
    """The location of a policy. `policy` is its name, `start` and `end` are offsets in `text`'s file."""

    file: str
    line: int
    column: int
    policy: str = ""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" if self.line else self.file


class GatewayAction(NamedTuple):
    """An action of the gateway on a request before it reaches the backend."""

    kind: str
    """`lends`, `replaces` (a header or a parameter of the caller), `limits`, `counts`, `asks`."""

    subject: str
    sources: Sources = frozenset()


def attribute_of(element: Element, name: str) -> str:
    """Return the text of an attribute; empty without it."""
    found = element.get(name)
    return "" if found is None else found.value.text.strip()


def location_of(element: Element) -> PolicyLocation:
    line, column = element.source.position(element.start)
    return PolicyLocation(element.source.path, line, column, element.name)
