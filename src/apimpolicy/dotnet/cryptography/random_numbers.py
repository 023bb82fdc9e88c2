"""RNGCryptoServiceProvider: random bytes from the environment, so that a seeded run repeats itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.dotnet.costs import SLOW
from apimpolicy.dotnet.environment import environment
from apimpolicy.dotnet.exceptions import ArgumentException, ArgumentOutOfRangeException, require
from apimpolicy.dotnet.registry import dotnet_class, implements, interface_members, member

if TYPE_CHECKING:
    from apimpolicy.dotnet.values import Array

_NAMESPACE = "System.Security.Cryptography."


@dotnet_class(_NAMESPACE + "RandomNumberGenerator")
@dotnet_class(_NAMESPACE + "RNGCryptoServiceProvider")
class RandomNumberGenerator:
    """Draws from `environment().random`."""

    def dispose(self) -> None:
        """Nothing is held."""

    @member("GetBytes(byte[])")
    def get_bytes(self, data: Array | None) -> None:
        data = require(data, "data")
        data[:] = environment().random.randbytes(len(data))

    @member("GetBytes(byte[], int, int)")
    def get_bytes_range(self, data: Array | None, offset: int, count: int) -> None:
        data = require(data, "data")
        for name, value in (("offset", offset), ("count", count)):
            if value < 0:
                raise ArgumentOutOfRangeException(name, "Non-negative number required.")
        if count > len(data) - offset:
            raise ArgumentException(
                "Offset and length were out of bounds for the array or count is greater than the number of elements"
                " from index to the end of the source collection."
            )
        data[offset : offset + count] = environment().random.randbytes(count)

    @member("GetNonZeroBytes", cost=SLOW)
    def get_non_zero_bytes(self, data: Array | None) -> None:
        data = require(data, "data")
        random = environment().random
        data[:] = (random.randrange(1, 256) for _ in range(len(data)))


@implements(_NAMESPACE + "RNGCryptoServiceProvider", "new")
@implements(_NAMESPACE + "RandomNumberGenerator", "Create()")
def create(_unused: object = None) -> RandomNumberGenerator:
    """.NET Core ignores text and bytes; CspParameters, which policies cannot make, can only be null."""
    return RandomNumberGenerator()


interface_members(_NAMESPACE + "RandomNumberGenerator", "Dispose")


@implements(_NAMESPACE + "RandomNumberGenerator", "GetInt32(int, int)")
def get_int32(low: int, high: int) -> int:
    if low >= high:
        raise ArgumentException("Range of random number does not contain at least one possibility.")
    return _number(low, high)


@implements(_NAMESPACE + "RandomNumberGenerator", "GetInt32(int)")
def get_int32_below(high: int) -> int:
    if high <= 0:
        raise ArgumentOutOfRangeException("toExclusive", "Positive number required.")
    return _number(0, high)


def _number(low: int, high: int) -> int:
    """A number from `low` up to, not including, `high`; the next one that is written down for a test, if there is."""
    surroundings = environment()
    found = None if surroundings.script is None else surroundings.script.number(low, high)
    return surroundings.random.randrange(low, high) if found is None else int(found)
