"""Certificates that an attacker makes: with the subjects and issuers that a policy compares.

Anybody can make a certificate with any subject and any issuer. Only a thumbprint can't be forged.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from apimpolicy.binding import nodes
from apimpolicy.engine.own_expressions import own_expressions
from apimpolicy.engine.steps import compiled
from apimpolicy.errors import ApimPolicyError
from apimpolicy.semantics.walking import walk

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from apimpolicy.dotnet.cryptography.certificate import Certificate
    from apimpolicy.engine.steps import Step

_NAME = re.compile(r"(?:[A-Z]{1,2}=[^,=+\"\\<>;#]+)(?:, ?[A-Z]{1,2}=[^,=+\"\\<>;#]+)*")
"""A distinguished name such as `CN=partner, O=Contoso`, without quoting."""
_MOST_NAMES = 4


def forged_certificates(steps: Iterable[Step]) -> dict[str, Certificate]:
    """Return certificates by their description: each name as a subject without a trusted issuer, and as an issuer."""
    from apimpolicy.testing.authority import TestAuthority, self_signed

    names = list(dict.fromkeys(_names(steps)))[:_MOST_NAMES]
    found: dict[str, Certificate] = {}
    for name in names:
        try:
            found[f"made by the caller with the subject {name}"] = self_signed(name)
            authority = TestAuthority(name)
            for subject in ("partner", *(other for other in names if other != name)):
                words = f"made by the caller with the subject {subject} and the issuer {name}"
                found[words] = authority.client(subject)
        except ValueError:  # a name that certificates can't have
            continue
    return found


def with_each(
    assignments: Iterable[dict[tuple[str, ...], object]], certificates: Mapping[str, Certificate]
) -> Iterator[dict[tuple[str, ...], object]]:
    """Yield requests, those with a certificate once for each certificate that a caller can show."""
    for assignment in assignments:
        if ("certificate",) not in assignment:
            yield assignment
            continue
        for name in certificates:
            yield {**assignment, ("certificate",): name}


def _names(steps: Iterable[Step]) -> Iterator[str]:
    for step in steps:
        if step.specification is None:
            continue
        for excerpt in own_expressions(step.element, step.specification):
            try:
                body = compiled(excerpt).bound.body
            except ApimPolicyError:
                continue
            for part in walk(body):
                value = part.constant if isinstance(part, nodes.Expression) else None
                if isinstance(value, str) and _NAME.fullmatch(value):
                    yield str(value)
