"""Seven requests against the client-certificate policy, with their answers and the reasons.

python scenario.py [POLICY]
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from apimpolicy import (
    ApimPolicyError,
    Certificate,
    Gateway,
    KeyVault,
    KeyVaultReference,
    Request,
    Response,
    Result,
    explain,
)

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from certificates import NOW, Certificates  # noqa: E402 - beside this file, wherever it is started from

if TYPE_CHECKING:
    from collections.abc import Iterator

URL = "https://contoso.example/orders"


class Scenario:
    """A gateway as a team would set it up, and the callers that knock on it."""

    def __init__(self, policy: Path = HERE / "orders.xml") -> None:
        self.certificates = Certificates()
        self.scopes = {"global": HERE / "global.xml", "api": policy}

    def gateway(self, *, negotiate: bool = True, uploaded: Certificate | KeyVaultReference | None = None) -> Gateway:
        """`uploaded` stands in the gateway's certificate list under the id `partner`."""
        return Gateway(
            certificates={"partner": uploaded or self.certificates.partner},
            trusted_roots=[self.certificates.authority],
            negotiate_client_certificate=negotiate,
            backend=Response(200, json={"orders": []}),
            now=NOW,
        )

    def call(self, gateway: Gateway, certificate: Certificate | None) -> Result:
        return gateway.run(self.scopes, Request("GET", URL, certificate=certificate))

    def requests(self) -> Iterator[tuple[str, Result]]:
        """The eight requests; the last two are before and after a renewal."""
        have = self.certificates
        yield "1. no certificate", self.call(self.gateway(), None)
        yield "2. a certificate, but negotiation is off", self.call(self.gateway(negotiate=False), have.partner)
        yield "3. self-signed, so not trusted", self.call(self.gateway(), have.impostor)
        yield "4. expired", self.call(self.gateway(), have.expired)
        yield "5. valid, but not among the uploaded ones", self.call(self.gateway(), have.stranger)
        yield "6. valid and uploaded", self.call(self.gateway(), have.partner)
        vault = KeyVault("contoso-kv")
        vault.add("partner", have.partner)
        gateway = self.gateway(uploaded=KeyVaultReference(vault, "partner"))
        vault.add("partner", have.renewed)  # the authority renewed it; nobody touched the gateway or the policy
        yield "7. renewed in Key Vault: the old one", self.call(gateway, have.partner)
        yield "8. renewed in Key Vault: the new one", self.call(gateway, have.renewed)


def main() -> None:
    policy = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "orders.xml"
    for title, result in Scenario(policy).requests():
        response = result.response
        arrived = "reached the backend" if result.reached_backend else "did not reach the backend"
        print(f"{title}\n{'─' * len(title)}\n{response.status_code} {response.reason}; {arrived}\n")
        print(explain(result), end="\n\n\n")


if __name__ == "__main__":
    try:
        main()
    except ApimPolicyError as error:
        sys.exit(str(error))
    except BrokenPipeError:  # the reader has seen enough: `… | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
