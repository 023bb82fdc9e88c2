"""RNGCryptoServiceProvider: random bytes from the environment, so that a seeded run repeats itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.dotnet.collections.arguments import check_part
from apimpolicy.dotnet.costs import SLOW
from apimpolicy.dotnet.environment import environment
from apimpolicy.dotnet.exceptions import require
from apimpolicy.dotnet.registry import dotnet_class, implements, member

if TYPE_CHECKING:
    from apimpolicy.dotnet.values import Array

_NAMESPACE = "System.Security.Cryptography."


@dotnet_class(_NAMESPACE + "RandomNumberGenerator")
@dotnet_class(_NAMESPACE + "RNGCryptoServiceProvider")
class RandomNumberGenerator:
    """Draws from `environment().random`."""

    def dispose(self) -> None:
        """Do nothing: there is nothing to release."""

    @member("GetBytes(byte[])")
    def get_bytes(self, data: Array | None) -> None:
        data = require(data, "data")
        data[:] = environment().random.randbytes(len(data))

    @member("GetBytes(byte[], int, int)")
    def get_bytes_range(self, data: Array | None, offset: int, count: int) -> None:
        data = require(data, "data")
        check_part(offset, count, len(data), start="offset")
        data[offset : offset + count] = environment().random.randbytes(count)

    @member("GetNonZeroBytes", cost=SLOW)
    def get_non_zero_bytes(self, data: Array | None) -> None:
        data = require(data, "data")
        random = environment().random
        data[:] = (random.randrange(1, 256) for _ in range(len(data)))


@implements(_NAMESPACE + "RNGCryptoServiceProvider", "new")
def create(_unused: object = None) -> RandomNumberGenerator:
    """.NET Core ignores text and bytes; CspParameters, which policies cannot make, can only be null."""
    return RandomNumberGenerator()
