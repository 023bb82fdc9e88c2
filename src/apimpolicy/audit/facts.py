"""What a request has proven, or may choose, at a point of the pipeline; and what the gateway has done there.

A fact about a condition has a sign: `is_true` False means that the condition was false. Where it was found is kept
beside it, so that the same check in two places is one fact.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from apimpolicy.text.document import Element

KEY, TOKEN, CERTIFICATE, ADDRESS = "key", "token", "certificate", "address"
OWN = "own"
"""A comparison that the policy's author wrote: when it is true the caller knew a value; false is anyone's choice."""
OPAQUE = "opaque"
"""A condition that is not understood: either outcome may be a check of the caller."""
UNDECIDED = "undecided"
"""A condition, or a policy, whose effect depends on what is not known."""
CHOICE = "choice"
"""A property of the request that every caller can choose."""

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
        """Whether every caller can bring this about."""
        if self.kind == CHOICE:
            return True
        return not self.is_true and self.kind in (OWN, CERTIFICATE, ADDRESS)


class Token(NamedTuple):
    """What a check of tokens demands; `weaknesses` are words for what it leaves open."""

    issuers: tuple[str, ...] = ()
    audiences: tuple[str, ...] = ()
    claims: tuple[str, ...] = ()
    applications: tuple[str, ...] = ()
    weaknesses: tuple[str, ...] = ()
    urls: tuple[str, ...] = ()
    """Where the keys are published, as the policy has it."""


class Place(NamedTuple):
    """Where a policy is written. `policy` is its name, `start` and `end` are offsets in `text`'s file."""

    file: str
    line: int
    column: int
    policy: str = ""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" if self.line else self.file


class Deed(NamedTuple):
    """Something that the gateway does to a request on its way to the backend."""

    kind: str
    """`lends`, `replaces` (a header or a parameter of the caller), `limits`, `asks`."""

    subject: str


def place_of(element: Element) -> Place:
    """Return where an element begins."""
    line, column = element.source.position(element.start)
    return Place(element.source.path, line, column, element.name)
