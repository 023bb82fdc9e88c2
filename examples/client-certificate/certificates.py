"""The certificates of the example: made on the spot by an authority of our own, real X.509 with real keys.

    python certificates.py FOLDER

writes them as PEM files, without the private keys, so that `apimpolicy run` and `apimpolicy explain` can use them with
`apimpolicy.toml`. The folder `certificates` is what it once wrote. With `--keys` they have their keys, and a revocation
list and a configuration come along, so that callers can present them to
`apimpolicy serve orders.xml --config FOLDER/apimpolicy.toml`.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

from apimpolicy import Certificate, TestAuthority

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
"""The time at which the example's requests are made."""


class Certificates:
    """Everybody's certificates; a new set with each object."""

    def __init__(self) -> None:
        authority = TestAuthority("Contoso Test CA", not_before="2025-01-01", not_after="2035-01-01")
        begin, end = "2026-01-01", "2027-01-01"
        self.issuer = authority
        self.authority = authority.certificate
        self.partner = authority.client("partner", not_before=begin, not_after=end)
        self.renewed = authority.client("partner", not_before="2026-05-01", not_after="2028-05-01")
        self.expired = authority.client("partner", not_before="2025-01-01", not_after="2026-05-31")
        self.stranger = authority.client("stranger", not_before=begin, not_after=end)
        self.impostor = TestAuthority.self_signed("partner", not_before=begin, not_after=end)


CONFIGURATION = """now = 2026-06-01T12:00:00Z
negotiate-client-certificate = true
trusted-roots = ["authority.pem"]
revocation-lists = ["authority.crl"]
certificates = {partner = "partner.pem", expired = "expired.pem", revoked = "revoked.pem"}
backend = {json = {orders = []}}
"""


def main(folder: str, *, with_keys: bool = False) -> None:
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    made = Certificates()
    for name, certificate in vars(made).items():
        if isinstance(certificate, Certificate):
            (target / f"{name}.pem").write_text(certificate.to_pem(include_key=with_keys and name != "authority"))
    if with_keys:
        revoked = made.issuer.client("partner", not_before="2026-01-01", not_after="2027-01-01")
        made.issuer.revoke(revoked)
        (target / "revoked.pem").write_text(revoked.to_pem(include_key=True))
        (target / "authority.crl").write_bytes(made.issuer.crl())
        (target / "apimpolicy.toml").write_text(CONFIGURATION)
    print(f"wrote {len(list(target.glob('*.pem')))} certificates to {target}")


if __name__ == "__main__":
    given = [argument for argument in sys.argv[1:] if argument != "--keys"]
    main(given[0] if given else "certificates", with_keys="--keys" in sys.argv)
