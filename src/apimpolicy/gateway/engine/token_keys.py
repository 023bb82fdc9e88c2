"""Keys that sign and encrypt tokens for tests; the gateway never sees more of them than is published.

key = TokenKey("ES256")                          fresh, with an id of its own
key = TokenKey("HS256", secret=b"…32 bytes…")    `key.base64` is what the policy has as <key>
key = TokenKey.of(certificate)                   the private key of a certificate
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from apimpolicy.errors import ConfigurationError

if TYPE_CHECKING:
    from apimpolicy.csharp.dotnet.cryptography.certificate import Certificate

_CURVES = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521"}
_SECRET_BYTES = {"HS256": 32, "HS384": 48, "HS512": 64}
_RSA_BITS = 2048
_CONTENT_BY_SECRET = {32: "A128CBC-HS256", 48: "A192CBC-HS384", 64: "A256CBC-HS512"}
_WRAPPING_BY_SECRET = {16: "A128KW", 24: "A192KW"}
ALGORITHMS = ("none", *_SECRET_BYTES, *_CURVES, "RS256", "RS384", "RS512", "PS256", "PS384", "PS512")


class TokenKey:
    """A key for one algorithm: RS, PS, ES or HS with 256, 384 or 512, or `none`, which signs nothing.

    `id` is the `kid` of its tokens: made from the key unless given, none for a secret; an empty one leaves `kid` out.
    The key itself is made when it is first needed. Raises ConfigurationError for an algorithm that there is not.
    """

    def __init__(
        self, algorithm: str = "RS256", *, id: str | None = None, secret: bytes | None = None, private_key: Any = None
    ) -> None:
        if algorithm not in ALGORITHMS:
            raise ConfigurationError(f"'{algorithm}' signs no tokens; the algorithms are {', '.join(ALGORITHMS)}")
        self.algorithm = algorithm
        self._id = id
        self._secret = secret
        self._private_key = private_key

    @classmethod
    def of(cls, certificate: Certificate, algorithm: str | None = None, *, id: str | None = None) -> TokenKey:
        """Return the private key of a certificate; RS256 or ES256 unless another algorithm is named.

        Raises ConfigurationError when it has no private key.
        """
        if certificate.private_key is None:
            raise ConfigurationError(f"the certificate {certificate.subject} has no private key to sign with")
        is_curve = hasattr(certificate.private_key, "curve")
        return cls(algorithm or ("ES256" if is_curve else "RS256"), id=id, private_key=certificate.private_key)

    def renamed(self, id: str) -> TokenKey:
        """Return this key under another id."""
        private_key = getattr(self._key, "private_key", None)
        return TokenKey(self.algorithm, id=id, secret=self._secret, private_key=private_key)

    @property
    def is_published(self) -> bool:
        """Return whether a provider publishes it: a secret and `none` it does not."""
        return self.algorithm != "none" and self.algorithm not in _SECRET_BYTES

    @cached_property
    def _key(self) -> Any:
        from joserfc.jwk import ECKey, OctKey, RSAKey

        if self.algorithm in _SECRET_BYTES:
            secret = self._secret or secrets.token_bytes(_SECRET_BYTES[self.algorithm])
            return OctKey.import_key(secret)
        if self._private_key is not None:
            kind: Any = ECKey if self.algorithm in _CURVES else RSAKey
            return kind.import_key(self._private_key)
        if self.algorithm in _CURVES:
            return ECKey.generate_key(_CURVES[self.algorithm])
        return RSAKey.generate_key(_RSA_BITS)

    @property
    def id(self) -> str:
        """Return the `kid`; empty when its tokens have none."""
        if self._id is None:
            numbers = {} if not self.is_published else self._key.as_dict(private=False)
            named = json.dumps(numbers, sort_keys=True).encode()
            self._id = hashlib.sha256(named).hexdigest()[:16] if numbers else ""
        return self._id

    @property
    def jwk(self) -> dict[str, Any]:
        """Return the public key as a JSON Web Key."""
        named = {"kid": self.id} if self.id else {}
        return {**self._key.as_dict(private=False), **named, "use": "sig"} if self.is_published else {}

    @property
    def base64(self) -> str:
        """Return a secret as the policy has it in <key>. Raises ConfigurationError for any other key."""
        if self.algorithm not in _SECRET_BYTES:
            raise ConfigurationError(
                f"a key for {self.algorithm} is not a secret; its n and e, or a certificate, verify"
            )
        return base64.b64encode(self._key.raw_value).decode("ascii")

    @property
    def n(self) -> str:
        """Return the modulus of an RSA key, as the policy has it."""
        return str(self.jwk["n"])

    @property
    def e(self) -> str:
        """Return the exponent of an RSA key, as the policy has it."""
        return str(self.jwk["e"])

    def sign(self, payload: Mapping[str, object], headers: Mapping[str, object] | None = None) -> str:
        """Return a token with this payload; `headers` are added to, or replace, `alg`, `typ` and `kid`."""
        header: dict[str, Any] = {"alg": self.algorithm, "typ": "JWT", **({"kid": self.id} if self.id else {})}
        header |= headers or {}
        content = json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()
        if self.algorithm == "none":
            return f"{_encoded(json.dumps(header).encode())}.{_encoded(content)}."
        from joserfc import jws

        registry = jws.JWSRegistry(algorithms=[self.algorithm], strict_check_header=False)
        return jws.serialize_compact(header, content, self._key, registry=registry)

    def __repr__(self) -> str:
        return f"TokenKey({self.algorithm!r})"


def encrypted(token: str, recipient: Certificate | bytes) -> str:
    """Return the token in an encrypted one: for the owner of a certificate (RSA-OAEP), or with a secret.

    A secret of 32, 48 or 64 bytes encrypts directly with A128CBC-HS256, A192CBC-HS384 or A256CBC-HS512, one of 16 or 24
    wraps a key. Raises ConfigurationError for any other length.
    """
    from joserfc import jwe
    from joserfc.jwk import OctKey, RSAKey

    key: Any
    if isinstance(recipient, bytes):
        content = _CONTENT_BY_SECRET.get(len(recipient), "A128CBC-HS256")
        algorithm = "dir" if len(recipient) in _CONTENT_BY_SECRET else _WRAPPING_BY_SECRET.get(len(recipient), "")
        if not algorithm:
            raise ConfigurationError(f"a secret to encrypt with has 16, 24, 32, 48 or 64 bytes, not {len(recipient)}")
        key = OctKey.import_key(recipient)
    else:
        algorithm, content = "RSA-OAEP", "A256CBC-HS512"
        key = RSAKey.import_key(recipient.parsed.public_key())  # type: ignore[arg-type]
    header = {"alg": algorithm, "enc": content, "cty": "JWT"}
    return jwe.encrypt_compact(header, token.encode("ascii"), key, algorithms=[algorithm, content])


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode("ascii").rstrip("=")
