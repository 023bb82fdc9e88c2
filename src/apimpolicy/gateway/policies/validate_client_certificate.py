"""validate-client-certificate: refuse a caller whose client certificate is not valid, or not one of those named.

```xml
<validate-client-certificate
    validate-revocation="true"
    validate-trust="true"
    validate-not-before="true"
    validate-not-after="true"
    ignore-error="false">
    <identities>
        <identity common-name="partner" issuer-subject="CN=Contoso Test CA" />
    </identities>
</validate-client-certificate>
```

The certificate is accepted if it passes every enabled check, and matches all attributes of at least one of up to ten
identities: `thumbprint`, `serial-number`, `common-name`, `subject`, `dns-name`, `issuer-subject`, `issuer-thumbprint`,
`issuer-certificate-id`. Without identities, only the checks apply. The gateway must request a certificate from callers
("Negotiate client certificate"), as for `context.Request.Certificate`. With `ignore-error="true"` a failure is only
recorded in the trace. To identify the gateway to the backend, use authentication-certificate.

Simulated in full: the gateway's settings (`trusted_roots`, `intermediates`, `revocation_lists`) and its clock decide
about trust, validity and revocation.

No document states what a refusal looks like. Ours, not Azure's: the reasons `ClientCertificateNotFound`,
`ClientCertificateNotAsked`, `ClientCertificateNotValid` and `ClientCertificateIdentityNotMatched`; the messages, which
are for you and not for the caller; status 401 (`Gateway(refused_certificate_status=…)`), and "Invalid client
certificate." as the message in the body. Our other choices:

- `validate-trust` covers the whole chain, except for the validity period of the certificate itself. Without it, only
  revocation is checked. With `validate-revocation`, an unavailable revocation list is a failure, as it is for
  `Verify()`.
- `issuer-certificate-id` requires that the key of the uploaded certificate signed the caller's certificate.
- An identity without attributes matches every certificate.
- Thumbprints and serial numbers are compared ignoring case, spaces, colons and leading zeros. Names are compared part
  by part in the order of `Subject`, ignoring case and spaces around the parts. `dns-name` is compared with each DNS
  name of the certificate literally (`*.contoso.com` is not a wildcard).

Source: https://learn.microsoft.com/azure/api-management/validate-client-certificate-policy
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, cast

from apimpolicy.csharp.dotnet.environment import environment
from apimpolicy.csharp.dotnet.values import from_utf16, to_utf16
from apimpolicy.gateway.policies.certificates import (
    common_names,
    dns_names,
    find_by_id,
    is_issued_by,
    same_hexadecimal,
    same_name,
    same_text,
)
from apimpolicy.gateway.policies.conversions import boolean
from apimpolicy.gateway.policies.effects import CertificateChecked, Condition, Effect
from apimpolicy.gateway.policies.spec import (
    PolicyError,
    PolicyExchange,
    PolicyStep,
    azure_error,
    child,
    children,
    literal_attribute,
    part,
    policy,
)

if TYPE_CHECKING:
    from apimpolicy.csharp.dotnet.cryptography.certificate import Certificate
    from apimpolicy.csharp.dotnet.cryptography.chain import Chain

MOST_IDENTITIES = 10
_REVOCATION = frozenset({"Revoked", "RevocationStatusUnknown"})
_TRUE_FALSE = ("true", "false")


@part(
    "identity", exclusive=(("issuer-certificate-id", "issuer-subject"), ("issuer-certificate-id", "issuer-thumbprint"))
)
class Identity:
    thumbprint: str | None = literal_attribute(doubt="unknown-expression")
    serial_number: str | None = literal_attribute(doubt="unknown-expression")
    common_name: str | None = literal_attribute(doubt="unknown-expression")
    subject: str | None = literal_attribute(doubt="unknown-expression")
    dns_name: str | None = literal_attribute(doubt="unknown-expression")
    issuer_subject: str | None = literal_attribute(doubt="unknown-expression")
    issuer_thumbprint: str | None = literal_attribute(doubt="unknown-expression")
    issuer_certificate_id: str | None = literal_attribute(doubt="unknown-expression", refers="certificates")

    def mismatches(self, certificate: Certificate, issuer: Certificate | None, uploaded: Any) -> Iterator[str]:
        """Yield a sentence for each claim that the certificate does not have."""
        names, hosts = common_names(certificate), dns_names(certificate)
        for claim, expected, compare, actual in (
            ("thumbprint", self.thumbprint, same_hexadecimal, [certificate.thumbprint]),
            ("serial-number", self.serial_number, same_hexadecimal, [certificate.serial_number]),
            ("common-name", self.common_name, same_text, names),
            ("subject", self.subject, same_name, [certificate.subject]),
            ("dns-name", self.dns_name, same_text, hosts),
            ("issuer-subject", self.issuer_subject, same_name, [certificate.issuer]),
        ):
            if expected is not None and not compare(expected, *actual):
                yield f"{claim} is '{expected}', the certificate has {_quoted(actual)}"
        if self.issuer_thumbprint is not None:
            if issuer is None:
                yield f"issuer-thumbprint is '{self.issuer_thumbprint}', the issuer {certificate.issuer} is not known"
            elif not same_hexadecimal(self.issuer_thumbprint, issuer.thumbprint):
                yield f"issuer-thumbprint is '{self.issuer_thumbprint}', the issuer has '{issuer.thumbprint}'"
        if self.issuer_certificate_id is not None:
            authority = find_by_id({pair.key: pair.value for pair in uploaded}, self.issuer_certificate_id)
            if authority is None:
                yield f"no certificate is uploaded under the issuer-certificate-id '{self.issuer_certificate_id}'"
            elif not is_issued_by(certificate, authority):
                yield (
                    f"issuer-certificate-id is '{self.issuer_certificate_id}', which is {authority.subject},"
                    " and did not sign the certificate"
                )


@part("identities")
class IdentitiesElement:
    identities: list[PolicyStep] = children(Identity, required=True, most=MOST_IDENTITIES)


@policy(
    "validate-client-certificate",
    sections="inbound",
    traits="checks-certificate",
    effects="refuses",
    chosen_refusal="the status, reason and text",
    access="certificate",
)
class ValidateClientCertificate:
    validate_revocation: bool = literal_attribute(boolean, default=True, values=_TRUE_FALSE)
    validate_trust: bool = literal_attribute(boolean, default=True, values=_TRUE_FALSE)
    validate_not_before: bool = literal_attribute(boolean, default=True, values=_TRUE_FALSE)
    validate_not_after: bool = literal_attribute(boolean, default=True, values=_TRUE_FALSE)
    ignore_error: bool = literal_attribute(boolean, default=False, values=_TRUE_FALSE)
    identities: PolicyStep | None = child(IdentitiesElement)

    def run(self, exchange: PolicyExchange) -> Effect:
        failure = self.failure(exchange)
        certificate = exchange.request.certificate
        if isinstance(failure, PolicyError):
            effect = CertificateChecked(failure.message, valid=False, reason=failure.reason, ignored=self.ignore_error)
            if self.ignore_error:
                return effect
            exchange.note(effect)
            failure.status = exchange.services.settings.refused_certificate_status
            raise failure
        assert certificate is not None
        shown = certificate.subject + (f" is {failure}" if failure else "")
        return CertificateChecked(shown, valid=True, reason=None, ignored=False)

    def failure(self, exchange: PolicyExchange) -> PolicyError | str:
        """Return the error, or the identity that fits."""
        certificate = exchange.request.certificate
        if certificate is None:
            if exchange.asks_for_certificate:
                return azure_error("client-certificate-missing")
            return azure_error("client-certificate-not-asked", host=exchange.request.original_url.host)
        trust = environment().trust
        found = None if trust is None else trust.build(certificate, check_revocation=self.validate_revocation)
        chain = cast("Chain | None", found)
        wrong = [*self.times(certificate), *self.chain(certificate, chain)]
        if wrong:
            return azure_error("client-certificate-invalid", subject=certificate.subject, details="; ".join(wrong))
        return self.identity(exchange, certificate, _issuer(certificate, chain))

    def times(self, certificate: Certificate) -> Iterator[str]:
        from apimpolicy.csharp.dotnet.cryptography.issuing import ticks_of

        now = environment().utc_now()
        if self.validate_not_before and now < ticks_of(certificate.valid_from):
            yield f"not valid before {certificate.valid_from:%Y-%m-%d %H:%M:%S} UTC (validate-not-before)"
        if self.validate_not_after and now > ticks_of(certificate.valid_until):
            yield f"expired on {certificate.valid_until:%Y-%m-%d %H:%M:%S} UTC (validate-not-after)"

    def chain(self, certificate: Certificate, chain: Chain | None) -> Iterator[str]:
        for status in () if chain is None else chain.statuses:
            if status.name == "NotTimeValid" and status.certificate is certificate:
                continue
            about = "" if status.certificate is certificate else f"{status.certificate.subject} is "
            if status.name in _REVOCATION:
                yield f"{about}{status.explanation} (validate-revocation: {status.name})"
            elif self.validate_trust:
                yield f"{about}{status.explanation} (validate-trust: {status.name})"

    def identity(
        self, exchange: PolicyExchange, certificate: Certificate, issuer: Certificate | None
    ) -> PolicyError | str:
        if self.identities is None:
            return ""
        steps = exchange.evaluate(self.identities).identities
        exchange.note(Condition(f"{len(steps)} given", taken=True), self.identities)
        failed: list[str] = []
        for number, step in enumerate(steps, 1):
            identity: Identity = exchange.evaluate(step)
            uploaded = exchange.context.deployment.certificates
            wrong = [from_utf16(sentence) for sentence in identity.mismatches(certificate, issuer, uploaded)]
            exchange.note(Condition("; ".join(wrong) or "fits", taken=not wrong), step)
            if not wrong:
                return f"identity[{number}]"
            failed.append(f"identity[{number}]: {'; '.join(wrong)}")
        details = to_utf16(". ".join(failed))
        return azure_error("client-certificate-unlisted", subject=certificate.subject, details=details)


def _issuer(certificate: Certificate, chain: Chain | None) -> Certificate | None:
    """Return the certificate of the issuer, if it is known and did sign."""
    if certificate.is_self_issued:
        return certificate
    if chain is None or len(chain.elements) < 2 or not is_issued_by(certificate, chain.elements[1]):
        return None
    return chain.elements[1]


def _quoted(found: list[str]) -> str:
    return " and ".join(f"'{value}'" for value in found) if found else "none"
