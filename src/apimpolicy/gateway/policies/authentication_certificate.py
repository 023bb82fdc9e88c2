"""authentication-certificate: identify the gateway to the backend with a client certificate.

```xml
<authentication-certificate certificate-id="gateway" />
<authentication-certificate body="@(context.Variables.GetValueOrDefault<byte[]>(&quot;pfx&quot;))" password="{{pfx-password}}" />
```

The certificate is an uploaded one, found by `certificate-id`, whatever its case, or by `thumbprint`; or it is `body`, the bytes of a
PKCS#12 file, with its `password`. Azure recommends the id, because a thumbprint changes when Key Vault renews the
certificate. The policy doesn't check the caller: use validate-client-certificate for that.

Simulated in full: the backend sees the certificate as the `certificate` of the `Request` that it gets. Inside
send-request the certificate goes to the address of that request. Our choices: a text as `body` is read as Base64;
`body` takes precedence over `certificate-id`, and that over `thumbprint`; PEM and DER are accepted as well as PKCS#12;
a certificate that is missing, cannot be read, or has no private key is an error with status 500, without a reason, with
our own message.

Source: https://learn.microsoft.com/azure/api-management/authentication-certificate-policy
"""  # noqa: E501 - the example is one line, as people write it

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.csharp.dotnet.values import BYTE, Array, from_utf16
from apimpolicy.errors import ConfigurationError
from apimpolicy.gateway.policies.certificates import uploaded_certificate
from apimpolicy.gateway.policies.conversions import text, trimmed, typed
from apimpolicy.gateway.policies.effects import BackendCertificateSet, Effect
from apimpolicy.gateway.policies.spec import PolicyExchange, azure_error, expression_attribute, policy

if TYPE_CHECKING:
    from apimpolicy.csharp.dotnet.cryptography.certificate import Certificate


@policy(
    "authentication-certificate",
    sections="inbound",
    alternatives=("thumbprint", "certificate-id", "body"),
    exclusive=(("thumbprint", "certificate-id"),),
    effects="fails backend",
    access="credentials",
)
class AuthenticationCertificate:
    thumbprint: str | None = expression_attribute(trimmed)
    certificate_id: str | None = expression_attribute(trimmed, refers="certificates")
    body: object = expression_attribute(typed)
    password: str | None = expression_attribute()

    def run(self, exchange: PolicyExchange) -> Effect:
        certificate = self.certificate(exchange)
        if not certificate.has_private_key:
            raise azure_error("certificate-without-key", subject=certificate.subject)
        if exchange.composed_request is not None:
            exchange.composed_request.certificate = certificate
        else:
            exchange.backend_certificate = certificate
        return BackendCertificateSet(certificate.subject, thumbprint=certificate.thumbprint)

    def certificate(self, exchange: PolicyExchange) -> Certificate:
        """Return the certificate that is meant. Raises PolicyError."""
        if self.body is not None:
            return self.from_body(self.body)
        if self.certificate_id is not None:
            return uploaded_certificate(exchange, self.certificate_id)
        from apimpolicy.gateway.policies.certificates import same_hexadecimal

        for pair in exchange.context.deployment.certificates:
            if same_hexadecimal(self.thumbprint or "", pair.value.thumbprint):
                return pair.value  # type: ignore[no-any-return]
        raise azure_error("certificate-thumbprint-unknown", thumbprint=self.thumbprint)

    def from_body(self, body: object) -> Certificate:
        import base64
        import binascii

        try:
            if isinstance(body, Array) and body.element is BYTE:
                data = bytes(body)
            else:
                data = base64.b64decode(text(body).encode("ascii", "replace"), validate=True)
            password = None if self.password is None else from_utf16(self.password)
            return _read(data, password)
        except (binascii.Error, ConfigurationError) as error:
            raise azure_error("certificate-unreadable", details=error) from None


def _read(data: bytes, password: str | None) -> Certificate:
    from apimpolicy.csharp.dotnet.cryptography.certificate import Certificate
    from apimpolicy.csharp.dotnet.cryptography.certificate_parts import looks_like_pkcs12

    if looks_like_pkcs12(data):
        return Certificate.from_pkcs12(data, password)
    return Certificate.from_pem(data, password) if b"-----BEGIN" in data else Certificate.from_der(data)
