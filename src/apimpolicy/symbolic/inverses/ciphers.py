"""What is decrypted can be encrypted: with the key and all that a run had."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.dotnet.cryptography.symmetric import SymmetricAlgorithm, create_algorithm
from apimpolicy.dotnet.values import byte_array
from apimpolicy.symbolic.inverses import inverse
from apimpolicy.symbolic.origins import SETS, THROWS
from apimpolicy.symbolic.plain import plain

if TYPE_CHECKING:
    from apimpolicy.symbolic.inverses import Asked, Wishes
    from apimpolicy.symbolic.values import Dual

_DECRYPT = "ContextExtensions.Decrypt"
_FINAL = "System.Security.Cryptography.ICryptoTransform.TransformFinalBlock"
_CREATE = "CreateDecryptor"


@inverse(_DECRYPT)
def decrypted(asked: Asked) -> Wishes:
    yield {0: _encrypted(asked.operands[1], asked.operands[2:], asked.wanted)}


@inverse(THROWS + _DECRYPT)
def can_be_decrypted(asked: Asked) -> Wishes:
    if asked.wanted:
        yield {0: b"\1"}
        return
    if len(asked.operands) == 4 and len(asked.was(3)) != (size := _algorithm(asked.was(1)).block_size // 8):
        yield {3: b"\1" * size}
        return
    yield {0: _encrypted(asked.operands[1], asked.operands[2:], b"x")}


@inverse(_FINAL)
def transformed(asked: Asked) -> Wishes:
    yield from _transformed(asked, asked.wanted)


@inverse(THROWS + _FINAL)
def can_be_transformed(asked: Asked) -> Wishes:
    if not asked.wanted:
        yield from _transformed(asked, b"x")


def _transformed(asked: Asked, wanted: bytes) -> Wishes:
    made = asked.operands[0].origin
    if made is None or not made.name.endswith(_CREATE):
        return
    data, start, count = asked.now(1), asked.was(2), asked.was(3)
    yield {1: data[:start] + _encrypted(made.operands[0], made.operands[1:], wanted) + data[start + count :]}


def _encrypted(algorithm: Dual, given: tuple[Dual, ...], data: bytes) -> bytes:
    """The data encrypted, with the key and the vector that are given, or that the algorithm was given."""
    own = _algorithm(algorithm.value)
    key, vector = (
        [plain(each.value) for each in given] if len(given) == 2 else [_set(algorithm, name) for name in ("Key", "IV")]
    )
    return own.create_encryptor_with(byte_array(key), None if vector is None else byte_array(vector)).apply(data)


def _algorithm(value: Any) -> SymmetricAlgorithm:
    found = create_algorithm(value) if isinstance(value, str) else value
    if not isinstance(found, SymmetricAlgorithm):
        raise TypeError("no algorithm")
    return found


def _set(algorithm: Dual, name: str) -> Any:
    """What a property of an object was set to last; None where it was not."""
    origin = algorithm.origin
    while origin is not None and origin.name.startswith(SETS):
        if origin.name == SETS + name:
            return plain(origin.operands[1].value)
        origin = origin.operands[0].origin
    return None
