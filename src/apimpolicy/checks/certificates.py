"""Uses of the caller's certificate, `context.Request.Certificate`, in an expression."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from apimpolicy.checks.nodes import receiver_of, tested_for_null
from apimpolicy.csharp.binding.nodes import (
    AsType,
    Binary,
    Call,
    ConditionalAccess,
    Convert,
    Local,
    LocalDeclaration,
    Placeholder,
    PropertyAccess,
)

if TYPE_CHECKING:
    from apimpolicy.checks.expressions import CheckedExpression
    from apimpolicy.checks.subject import Subject
    from apimpolicy.csharp.binding.nodes import Bound

IDENTITY = frozenset(
    (
        *("Thumbprint", "Subject", "SubjectName", "Issuer", "IssuerName", "SerialNumber", "FriendlyName", "RawData"),
        *("GetCertHash", "GetCertHashString", "GetSerialNumberString", "GetPublicKeyString", "GetNameInfo"),
        *("GetRawCertData", "GetRawCertDataString"),
    )
)
"""Members that identify the certificate."""

VERIFYING = frozenset(("Verify", "VerifyNoRevocation", "Build"))

_COMPARING = frozenset(
    (
        *("All", "Any", "Compare", "CompareOrdinal", "CompareTo", "Contains", "ContainsKey", "Count", "EndsWith"),
        *("Equals", "First", "FirstOrDefault", "IndexOf", "IsMatch", "SequenceEqual", "Single", "SingleOrDefault"),
        *("StartsWith", "TryGetValue", "Where"),
    )
)


def is_client_certificate(node: Bound) -> bool:
    """Return whether this is `context.Request.Certificate` itself."""
    if not isinstance(node, PropertyAccess) or node.property.name != "Certificate":
        return False
    return node.receiver is not None and str(node.receiver.type) == "IRequest"


class CertificateUse:
    """Uses of the caller's certificate in one expression."""

    def __init__(self, expression: CheckedExpression) -> None:
        self.expression = expression
        self._values = {id(node.symbol): node.value for node in expression.of_kind(LocalDeclaration)}
        self._receivers = {id(node.placeholder): node.receiver for node in expression.of_kind(ConditionalAccess)}

    def is_client_certificate(self, node: Bound | None) -> bool:
        """Return whether the node's value is the caller's certificate, directly or through a local variable."""
        for _ in range(16):
            if isinstance(node, PropertyAccess):
                return is_client_certificate(node)
            if isinstance(node, (Convert, AsType)):
                node = node.operand
            elif isinstance(node, Local):
                node = self._values.get(id(node.symbol))
            elif isinstance(node, Placeholder):
                node = self._receivers.get(id(node))
            else:
                return False
        return False

    def members(self) -> Iterator[tuple[str, PropertyAccess | Call]]:
        for node in self.expression.compiled.nodes:
            if isinstance(node, PropertyAccess) and self.is_client_certificate(node.receiver):
                yield node.property.name, node
            elif isinstance(node, Call):
                receiver, _ = receiver_of(node) if node.method.is_extension else (node.receiver, ())
                if self.is_client_certificate(receiver):
                    yield node.method.name, node

    def verifications(self) -> list[PropertyAccess | Call]:
        """Return the nodes that verify the caller's certificate."""
        return [node for name, node in self.members() if name in VERIFYING]

    def identifications(self) -> list[PropertyAccess | Call]:
        """Return the nodes that read the identity of the certificate."""
        return [node for name, node in self.members() if name in IDENTITY]

    def null_checks(self) -> list[Bound]:
        """Return the nodes that compare the certificate with null, including `?.` and `??`."""
        nodes = self.expression.compiled.nodes
        return [node for node in nodes if any(map(self.is_client_certificate, tested_for_null(node)))]

    def is_compared(self, node: Bound) -> bool:
        """Return whether a value of the certificate ends in a comparison."""
        for around in self.expression.ancestors(node):
            if isinstance(around, Binary) and around.operator in ("==", "!="):
                return True
            if isinstance(around, Call) and around.method.name in _COMPARING:
                return True
        return False


def certificate_uses(subject: Subject) -> list[CertificateUse]:
    return [CertificateUse(each) for each in subject.expressions if "Certificate" in each.excerpt.text]
