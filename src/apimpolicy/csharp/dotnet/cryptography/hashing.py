"""Hashes and message authentication codes: MD5, SHA1, SHA256, SHA384, SHA512, the `Managed` twins, HMAC over each."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from typing import Any, NoReturn

from apimpolicy.csharp.dotnet.collections.arrays import OFFSETS
from apimpolicy.csharp.dotnet.environment import environment, work_through
from apimpolicy.csharp.dotnet.exceptions import (
    ArgumentException,
    InvalidCastException,
    NullReferenceException,
    ObjectDisposedException,
    PlatformNotSupportedException,
    check_range,
    require,
)
from apimpolicy.csharp.dotnet.metadata import named
from apimpolicy.csharp.dotnet.registry import (
    counts_itself,
    dotnet_class,
    implements,
    implements_all,
    implements_setter,
    member,
)
from apimpolicy.csharp.dotnet.types import NamedType
from apimpolicy.csharp.dotnet.values import Array, byte_array

_NAMESPACE = "System.Security.Cryptography."
_HASHES = ("MD5", "SHA1", "SHA256", "SHA384", "SHA512")


@dotnet_class(_NAMESPACE + "HashAlgorithm", members="HashSize Dispose Clear=dispose")
class HashAlgorithm:
    """A hash, or with a key an HMAC. `hash_size` is in bits."""

    def __init__(self, name: str, type_name: str, key: bytes | None = None) -> None:
        self.name = name
        self.dotnet_type: NamedType = named(_NAMESPACE + type_name)
        self._result: bytes | None = None
        self._disposed = False
        self._key: bytes | None = None
        self.hash_size = hashlib.new(name, usedforsecurity=False).digest_size * 8
        if key is not None:
            self.set_key(byte_array(key))
        else:
            self._state: Any = self._start()

    @property
    def block_size(self) -> int:
        """Bytes in the block that the hash works on; a longer HMAC key is hashed first."""
        return 128 if self.name in ("SHA384", "SHA512") else 64

    def _start(self) -> Any:
        if self._key is not None:
            return hmac.new(self._key, digestmod=self.name.lower())
        return hashlib.new(self.name, usedforsecurity=False)

    @member("ComputeHash(byte[])")
    @counts_itself
    def compute_hash(self, buffer: Array | None) -> Array:
        if self._disposed:
            raise ObjectDisposedException("Cannot access a disposed object.")
        buffer = require(buffer, "buffer")
        work_through(len(buffer) << 2)
        self._state.update(bytes(buffer))
        return byte_array(self._finish())

    @member("ComputeHash(byte[], int, int)")
    def compute_hash_range(self, buffer: Array | None, offset: int, count: int) -> Array:
        return self.compute_hash(byte_array(span(buffer, offset, count, "buffer", "offset")))

    def transform_final_block(self, buffer: Array | None, offset: int, count: int) -> Array:
        """Hash the last part; returns a copy of the input, as .NET does."""
        part = span(buffer, offset, count, "inputBuffer", "inputOffset")
        self._state.update(part)
        self._finish()
        return byte_array(part)

    def transform_block(
        self, buffer: Array | None, offset: int, count: int, output: Array | None, output_offset: int
    ) -> int:
        part = span(buffer, offset, count, "inputBuffer", "inputOffset")
        self._state.update(part)
        if output is not None and output is not buffer:
            if output_offset < 0 or output_offset + count > len(output):
                raise ArgumentException("Value was invalid.")
            output[output_offset : output_offset + count] = part
        return count

    def _finish(self) -> bytes:
        self._result = self._state.digest()
        self._state = self._start()
        return self._result

    @member("Hash")
    def hash(self) -> Array | None:
        """Return the result of the last computation."""
        return None if self._result is None else byte_array(self._result)

    def initialize(self) -> None:
        self._result = None
        self._state = self._start()

    def dispose(self) -> None:
        self._disposed = True

    def key(self) -> Array:
        return byte_array(self._key or b"")

    def set_key(self, key: Array | None) -> None:
        data = bytes(require(key, "value"))
        if len(data) > self.block_size:
            data = hashlib.new(self.name, data, usedforsecurity=False).digest()
        self._key = data
        self._state = self._start()


def span(buffer: Array | None, offset: int, count: int, buffer_name: str, offset_name: str) -> bytes:
    """Return the part of a byte array that a method works on, with .NET's checks."""
    buffer = require(buffer, buffer_name)
    check_range(offset >= 0, offset_name, "Non-negative number required.")
    if count < 0 or count > len(buffer):
        raise ArgumentException("Value was invalid.")
    if len(buffer) - count < offset:
        raise ArgumentException(OFFSETS)
    return bytes(buffer[offset : offset + count])


def new_hmac(name: str, key: Array | None) -> HashAlgorithm:
    """Return an HMAC over the hash of this name, e.g. `SHA256`."""
    if key is None:
        raise NullReferenceException  # .NET reads the length of the key before it looks
    return HashAlgorithm(name, "HMAC" + name, bytes(key))


_BY_NAME: dict[str, Callable[[], HashAlgorithm]] = {}
"""Factories of CryptoConfig.CreateFromName by name, compared without case."""


def _create(alias: str | None, kinds: tuple[str, ...]) -> HashAlgorithm | None:
    """`X.Create(name)`: None for an unknown name, InvalidCastException when it is no X."""
    make = _BY_NAME.get(require(alias, "name").lower())
    if make is None:
        return None
    made = make()
    if made.dotnet_type.name.removeprefix(_NAMESPACE).removesuffix("Managed") not in kinds:
        raise InvalidCastException(
            f"Unable to cast object of type '{made.dotnet_type}' to type '{_NAMESPACE}{kinds[-1]}'."
        )
    return made


def _register_hash(name: str) -> None:
    full = _NAMESPACE + name

    def create() -> HashAlgorithm:
        return HashAlgorithm(name, name)

    implements_all(full, {"Create()": create, "Create(string)": lambda alias: _create(alias, (name,))})
    aliases = [name, full, name.replace("SHA", "SHA-")]
    if name == "SHA1":
        aliases += ["SHA", full + "CryptoServiceProvider"]
    if name != "MD5":
        managed: dict[str, Callable[..., Any]] = {
            "new()": lambda: HashAlgorithm(name, name + "Managed"), "Initialize": HashAlgorithm.initialize,
        }  # fmt: skip
        implements_all(full + "Managed", managed)
        aliases.append(full + "Managed")
    _BY_NAME.update((alias.lower(), create) for alias in aliases)


def _register_hmac(name: str) -> None:
    full = f"{_NAMESPACE}HMAC{name}"

    def with_random_key() -> HashAlgorithm:
        length = 128 if name in ("SHA384", "SHA512") else 64
        return HashAlgorithm(name, "HMAC" + name, environment().random.randbytes(length))

    made: dict[str, Callable[..., Any]] = {"new()": with_random_key, "new(byte[])": lambda key: new_hmac(name, key)}
    implements_all(full, made | {"Initialize": HashAlgorithm.initialize})
    _register_key(full)
    if name == "SHA1":
        implements(full, "new(byte[], bool)")(lambda key, _use_managed_sha1: new_hmac("SHA1", key))
    _BY_NAME["hmac" + name.lower()] = _BY_NAME[full.lower()] = with_random_key


def _register_key(full: str) -> None:
    implements(full, "byte[] Key { get; set; }")(HashAlgorithm.key)
    implements_setter(full, "byte[] Key { get; set; }")(HashAlgorithm.set_key)


for _name in _HASHES:
    _register_hash(_name)
    _register_hmac(_name)
_register_key(_NAMESPACE + "HMAC")
_register_key(_NAMESPACE + "KeyedHashAlgorithm")

_HMACS = tuple("HMAC" + name for name in _HASHES)


@implements(_NAMESPACE + "AsymmetricAlgorithm", "Create()")
@implements(_NAMESPACE + "HashAlgorithm", "Create()")
@implements(_NAMESPACE + "HMAC", "Create()")
@implements(_NAMESPACE + "KeyedHashAlgorithm", "Create()")
def no_default_algorithm() -> NoReturn:
    """.NET Core chooses no algorithm by itself."""
    raise PlatformNotSupportedException("This platform does not allow the automatic selection of an algorithm.")


@implements(_NAMESPACE + "HashAlgorithm", "InputBlockSize", "OutputBlockSize")
def transform_block_size(algorithm: HashAlgorithm) -> int:
    """Return 1: as a transform, a hash takes its input byte by byte."""
    return 1


@implements_setter(_NAMESPACE + "HMACSHA384", "ProduceLegacyHmacValues")
@implements_setter(_NAMESPACE + "HMACSHA512", "ProduceLegacyHmacValues")
def set_produces_legacy_values(algorithm: HashAlgorithm, value: bool) -> None:
    """.NET Framework's old values are gone from .NET Core."""
    if value:
        raise PlatformNotSupportedException


implements_all(
    _NAMESPACE + "HMAC",
    {
        "HashName": lambda algorithm: algorithm.name,
        "Initialize": HashAlgorithm.initialize,
        "Create(string)": lambda name: _create(name, (*_HMACS, "HMAC")),
    },
)
implements_all(
    _NAMESPACE + "HashAlgorithm",
    {
        "CanTransformMultipleBlocks": lambda algorithm: True,
        "CanReuseTransform": lambda algorithm: True,
        "Create(string)": lambda name: _create(name, (*_HASHES, *_HMACS, "HashAlgorithm")),
    },
)
implements_all(_NAMESPACE + "HMACSHA384", {"ProduceLegacyHmacValues": lambda algorithm: False})
implements_all(_NAMESPACE + "HMACSHA512", {"ProduceLegacyHmacValues": lambda algorithm: False})

implements_all(_NAMESPACE + "KeyedHashAlgorithm", {"Create(string)": lambda name: _create(name, (*_HMACS, "HMAC"))})
