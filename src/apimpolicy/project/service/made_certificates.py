"""A certificate with a key of its own, for one that a gateway has and a repository doesn't.

It is made once in a process: two gateways that are compared have the same one.
"""

from __future__ import annotations

import datetime
import functools

from apimpolicy.csharp.dotnet.cryptography.certificate import Certificate
from apimpolicy.csharp.dotnet.cryptography.issuing import common_name, issue, new_key

_BEGIN, _END = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC), datetime.datetime(2049, 12, 31, tzinfo=datetime.UTC)


@functools.lru_cache(maxsize=256)
def self_signed(name: str, thumbprint: str | None = None) -> Certificate:
    """Make a self-signed certificate with its private key; `name` is a common name, `CN=partner`.

    With a thumbprint, policies find the certificate by it, whatever its content is.
    """
    key = new_key(rsa=True)  # as nearly all are: policies that sign ask for it
    subject = common_name(name.removeprefix("CN=")[:64] or "stand-in")
    made = Certificate(issue(subject, key, _BEGIN, _END, serial_number=0x1000))
    made.private_key = key
    if thumbprint is not None:
        made.thumbprint = thumbprint.upper()
    return made
