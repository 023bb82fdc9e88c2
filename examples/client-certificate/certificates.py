"""The certificates of the example: made on the spot by an authority of our own, real X.509 with real keys.

    python certificates.py FOLDER

writes them as PEM files, without the private keys, so that `apimpolicy run` and `apimpolicy explain` can use them with
`apimpolicy.toml`. The folder `certificates` is what it once wrote.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

from apimpolicy import TestAuthority

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
"""The time at which the example's requests are made."""


class Certificates:
    """Everybody's certificates; a new set with each object."""

    def __init__(self) -> None:
        authority = TestAuthority("Contoso Test CA", not_before="2025-01-01", not_after="2035-01-01")
        begin, end = "2026-01-01", "2027-01-01"
        self.authority = authority.certificate
        self.partner = authority.client("partner", not_before=begin, not_after=end)
        self.renewed = authority.client("partner", not_before="2026-05-01", not_after="2028-05-01")
        self.expired = authority.client("partner", not_before="2025-01-01", not_after="2026-05-31")
        self.stranger = authority.client("stranger", not_before=begin, not_after=end)
        self.impostor = TestAuthority.self_signed("partner", not_before=begin, not_after=end)


def main(folder: str) -> None:
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    for name, certificate in vars(Certificates()).items():
        (target / f"{name}.pem").write_text(certificate.to_pem())
    print(f"wrote {len(list(target.glob('*.pem')))} certificates to {target}")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "certificates")
