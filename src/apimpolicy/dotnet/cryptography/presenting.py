"""A certificate with its key, presented in TLS."""

from __future__ import annotations

import os
import tempfile
from typing import TYPE_CHECKING

from apimpolicy.errors import ConfigurationError

if TYPE_CHECKING:
    import ssl

    from apimpolicy.dotnet.cryptography.certificate import Certificate


def present(context: ssl.SSLContext, certificate: Certificate) -> None:
    """Have a context present a certificate. Raises ConfigurationError for one without a key.

    Python reads it from a file, which is removed at once. Windows can't open a temporary file a second time while it is
    open, so the file is in a temporary folder.
    """
    if not certificate.has_private_key:
        raise ConfigurationError(f"{certificate.subject} has no private key, so it can't be presented")
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "certificate.pem")
        with open(path, "w", encoding="ascii") as file:
            file.write(certificate.to_pem(include_key=True, include_intermediates=True))
        context.load_cert_chain(path)
