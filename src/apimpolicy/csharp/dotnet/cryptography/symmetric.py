"""Symmetric encryption (AES, 3DES, DES), and random bytes."""

from __future__ import annotations

from typing import Any

from apimpolicy.csharp.dotnet.collections.arrays import check_part
from apimpolicy.csharp.dotnet.costs import SLOW
from apimpolicy.csharp.dotnet.cryptography.hashing import span
from apimpolicy.csharp.dotnet.environment import environment, work_through
from apimpolicy.csharp.dotnet.exceptions import ArgumentException, CryptographicException, require
from apimpolicy.csharp.dotnet.metadata import named
from apimpolicy.csharp.dotnet.registry import dotnet_class, implements, implements_all, member
from apimpolicy.csharp.dotnet.types import NamedType
from apimpolicy.csharp.dotnet.values import Array, byte_array
from apimpolicy.errors import NotSimulatedError
from apimpolicy.records import Record

# Symmetric encryption: AES, 3DES and DES, in the modes of .NET Core 3.1 (CBC and ECB) with all of its paddings

_NAMESPACE = "System.Security.Cryptography."
CBC, ECB = 1, 2
NO_PADDING, PKCS7, ZEROS, ANSI_X923, ISO_10126 = 1, 2, 3, 4, 5

_KEY_SIZE = "Specified key is not a valid size for this algorithm."
_IV_SIZE = "Specified initialization vector (IV) does not match the block size for this algorithm."
_PARTIAL_BLOCK = "The input data is not a complete block."
_BAD_PADDING = "Padding is invalid and cannot be removed."


@dotnet_class(_NAMESPACE + "KeySizes", members="MinSize=minimum MaxSize=maximum SkipSize=step")
class KeySizes(Record):
    """A range of sizes in bits."""

    minimum: int
    maximum: int
    step: int

    def allows(self, bits: int) -> bool:
        if not self.minimum <= bits <= self.maximum:
            return False
        return self.step == 0 or (bits - self.minimum) % self.step == 0


class _Cipher(Record):
    """The differences between the algorithms: sizes in bits."""

    name: str
    block_size: int
    key_sizes: KeySizes
    default_key_size: int

    def algorithm(self, key: bytes) -> Any:
        if self.name == "AES":
            from cryptography.hazmat.primitives.ciphers.algorithms import AES

            return AES(key)
        from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES

        # One DES key three times over is single DES; two keys are K1, K2, K1.
        return TripleDES(key * 3 if len(key) == 8 else key + key[:8] if len(key) == 16 else key)


_AES = _Cipher("AES", 128, KeySizes(128, 256, 64), 256)
_TRIPLE_DES = _Cipher("TripleDES", 64, KeySizes(128, 192, 64), 192)
_DES = _Cipher("DES", 64, KeySizes(64, 64, 0), 64)


@dotnet_class(_NAMESPACE + "SymmetricAlgorithm", members="BlockSize FeedbackSize Padding Dispose Clear=dispose")
class SymmetricAlgorithm:
    """An algorithm with its key, initialisation vector, mode and padding. Sizes are in bits."""

    def __init__(self, cipher: _Cipher, type_name: str) -> None:
        self.dotnet_type: NamedType = named(_NAMESPACE + type_name)
        self._cipher = cipher
        self.block_size = cipher.block_size
        self.feedback_size = 8
        self.padding = PKCS7
        self._mode = CBC
        self._key_size = cipher.default_key_size
        self._key: bytes | None = None
        self._iv: bytes | None = None

    @member("Mode")
    def mode(self) -> int:
        return self._mode

    @member("Mode", setter=True)
    def set_mode(self, mode: int) -> None:
        if mode not in (CBC, ECB):
            raise CryptographicException("Specified cipher mode is not valid for this algorithm.")
        self._mode = mode

    @member("Key")
    def key(self) -> Array:
        """Return the key; a random one is made when none was set."""
        if self._key is None:
            self.generate_key()
        return byte_array(self._key or b"")

    @member("Key", setter=True)
    def set_key(self, key: Array | None) -> None:
        key = require(key, "value")
        if not self._cipher.key_sizes.allows(len(key) * 8):
            raise CryptographicException(_KEY_SIZE)
        self._key = bytes(key)
        self._key_size = len(key) * 8

    @member("IV")
    def iv(self) -> Array:
        """Return the initialisation vector; a random one is made when none was set."""
        if self._iv is None:
            self.generate_iv()
        return byte_array(self._iv or b"")

    @member("IV", setter=True)
    def set_iv(self, iv: Array | None) -> None:
        iv = require(iv, "value")
        if len(iv) * 8 != self.block_size:
            raise CryptographicException(_IV_SIZE)
        self._iv = bytes(iv)

    @member("KeySize")
    def key_size(self) -> int:
        return self._key_size

    @member("KeySize", setter=True)
    def set_key_size(self, bits: int) -> None:
        if not self._cipher.key_sizes.allows(bits):
            raise CryptographicException(_KEY_SIZE)
        self._key_size = bits
        self._key = None

    @member("LegalKeySizes")
    def legal_key_sizes(self) -> Array:
        return Array(named(_NAMESPACE + "KeySizes"), [self._cipher.key_sizes])

    @member("LegalBlockSizes")
    def legal_block_sizes(self) -> Array:
        return Array(named(_NAMESPACE + "KeySizes"), [KeySizes(self.block_size, self.block_size, 0)])

    def valid_key_size(self, bits: int) -> bool:
        return self._cipher.key_sizes.allows(bits)

    def generate_key(self) -> None:
        self._key = environment().random.randbytes(self._key_size // 8)

    @member("GenerateIV")
    def generate_iv(self) -> None:
        self._iv = environment().random.randbytes(self.block_size // 8)

    def dispose(self) -> None:
        self._key = self._iv = None

    @member("CreateEncryptor()")
    def create_encryptor(self) -> CryptoTransform:
        return self.create_encryptor_with(self.key(), self.iv())

    @member("CreateEncryptor(byte[], byte[])")
    def create_encryptor_with(self, key: Array | None, iv: Array | None) -> CryptoTransform:
        return self._transform(key, iv, decrypts=False)

    @member("CreateDecryptor()")
    def create_decryptor(self) -> CryptoTransform:
        return self.create_decryptor_with(self.key(), self.iv())

    @member("CreateDecryptor(byte[], byte[])")
    def create_decryptor_with(self, key: Array | None, iv: Array | None) -> CryptoTransform:
        return self._transform(key, iv, decrypts=True)

    def _transform(self, key: Array | None, iv: Array | None, *, decrypts: bool) -> CryptoTransform:
        key = require(key, "rgbKey")
        if not self._cipher.key_sizes.allows(len(key) * 8):
            raise ArgumentException(_KEY_SIZE, "rgbKey")
        if iv is not None and len(iv) * 8 != self.block_size:
            raise ArgumentException(_IV_SIZE, "rgbIV")
        if iv is None and self._mode == CBC:
            raise CryptographicException(
                "The cipher mode specified requires that an initialization vector (IV) be used."
            )
        from cryptography.hazmat.primitives.ciphers import Cipher, modes

        mode = modes.ECB() if self._mode == ECB else modes.CBC(bytes(iv or b""))
        return CryptoTransform(Cipher(self._cipher.algorithm(bytes(key)), mode), self, decrypts)


@dotnet_class(
    _NAMESPACE + "ICryptoTransform",
    members="InputBlockSize=block_size OutputBlockSize=block_size CanReuseTransform=can_reuse",
)
class CryptoTransform:
    """One run over data in one direction. Only the whole-message form, TransformFinalBlock, is simulated."""

    can_transform_multiple_blocks = True
    can_reuse = True

    def __init__(self, cipher: Any, algorithm: SymmetricAlgorithm, decrypts: bool) -> None:
        self._cipher = cipher
        self._padding = algorithm.padding
        self._decrypts = decrypts
        self.block_size = algorithm.block_size // 8

    def transform_final_block(self, buffer: Array | None, offset: int, count: int) -> Array:
        return byte_array(self.apply(span(buffer, offset, count, "inputBuffer", "inputOffset")))

    def apply(self, data: bytes) -> bytes:
        """Encrypt or decrypt a whole message. Raises CryptographicException as .NET does."""
        environment().check_elements(len(data) + self.block_size)
        work_through(len(data) << 1)
        if not self._decrypts:
            encryptor = self._cipher.encryptor()
            return bytes(encryptor.update(self._pad(data)) + encryptor.finalize())
        if len(data) % self.block_size:
            raise CryptographicException(_PARTIAL_BLOCK)
        decryptor = self._cipher.decryptor()
        return self._unpad(bytes(decryptor.update(data) + decryptor.finalize()))

    def dispose(self) -> None:
        """Do nothing: there is nothing to release."""

    def _pad(self, data: bytes) -> bytes:
        rest = len(data) % self.block_size
        missing = self.block_size - rest
        if self._padding == NO_PADDING:
            if rest:
                raise CryptographicException(_PARTIAL_BLOCK)
            return data
        if self._padding == ZEROS:
            return data + bytes(missing if rest else 0)
        if self._padding == PKCS7:
            return data + bytes([missing]) * missing
        filler = bytes(missing - 1) if self._padding == ANSI_X923 else environment().random.randbytes(missing - 1)
        return data + filler + bytes([missing])

    def _unpad(self, data: bytes) -> bytes:
        if not data or self._padding in (NO_PADDING, ZEROS):
            return data
        length = data[-1]
        if not 0 < length <= self.block_size:
            raise CryptographicException(_BAD_PADDING)
        filler = data[-length:-1]
        if (self._padding == PKCS7 and filler != bytes([length]) * (length - 1)) or (
            self._padding == ANSI_X923 and any(filler)
        ):
            raise CryptographicException(_BAD_PADDING)
        return data[:-length]


@implements(_NAMESPACE + "SymmetricAlgorithm", "Create(string)")
def create_algorithm(name: str | None) -> SymmetricAlgorithm | None:
    """`SymmetricAlgorithm.Create(name)`: None for a name that .NET does not know; names ignore case."""
    bare = require(name, "name").lower().removeprefix(_NAMESPACE.lower())
    if bare in ("aes", "aesmanaged", "aescryptoserviceprovider"):
        return SymmetricAlgorithm(_AES, "AesManaged" if bare == "aesmanaged" else "AesCryptoServiceProvider")
    if bare in ("rijndael", "rijndaelmanaged", "symmetricalgorithm"):
        return SymmetricAlgorithm(_AES, "RijndaelManaged")
    if bare in ("3des", "triple des", "tripledes", "tripledescryptoserviceprovider"):
        return SymmetricAlgorithm(_TRIPLE_DES, "TripleDES")
    if bare in ("des", "descryptoserviceprovider"):
        return SymmetricAlgorithm(_DES, "DES")
    if bare in ("rc2", "rc2cryptoserviceprovider"):
        raise NotSimulatedError('SymmetricAlgorithm.Create("RC2")')
    return None


implements_all(_NAMESPACE + "Aes", {"Create()": lambda: SymmetricAlgorithm(_AES, "Aes")})


# RNGCryptoServiceProvider: random bytes from the environment, so that a seeded run repeats itself


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
