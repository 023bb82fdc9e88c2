"""Decryption is inverted by encrypting with the key and vector of the run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.concolic.inverses import inverse
from apimpolicy.concolic.origins import SETS, THROWS
from apimpolicy.concolic.python_values import to_python
from apimpolicy.dotnet.cryptography.symmetric import SymmetricAlgorithm, create_algorithm
from apimpolicy.dotnet.values import byte_array

if TYPE_CHECKING:
    from apimpolicy.concolic.inverses import InverseQuery, Preimages
    from apimpolicy.concolic.values import ConcolicValue

_DECRYPT = "ContextExtensions.Decrypt"
_FINAL = "System.Security.Cryptography.ICryptoTransform.TransformFinalBlock"
_CREATE = "CreateDecryptor"


@inverse(_DECRYPT)
def decrypted(query: InverseQuery) -> Preimages:
    yield {0: _encrypted(query.operands[1], query.operands[2:], query.wanted)}


@inverse(THROWS + _DECRYPT)
def can_be_decrypted(query: InverseQuery) -> Preimages:
    if query.wanted:
        yield {0: b"\1"}
        return
    if len(query.operands) == 4 and len(query.was(3)) != (size := _algorithm(query.was(1)).block_size // 8):
        yield {3: b"\1" * size}
        return
    yield {0: _encrypted(query.operands[1], query.operands[2:], b"x")}


@inverse(_FINAL)
def transformed(query: InverseQuery) -> Preimages:
    yield from _transformed(query, query.wanted)


@inverse(THROWS + _FINAL)
def can_be_transformed(query: InverseQuery) -> Preimages:
    if not query.wanted:
        yield from _transformed(query, b"x")


def _transformed(query: InverseQuery, wanted: bytes) -> Preimages:
    made = query.operands[0].origin
    if made is None or not made.name.endswith(_CREATE):
        return
    data, start, count = query.now(1), query.was(2), query.was(3)
    yield {1: data[:start] + _encrypted(made.operands[0], made.operands[1:], wanted) + data[start + count :]}


def _encrypted(algorithm: ConcolicValue, given: tuple[ConcolicValue, ...], data: bytes) -> bytes:
    """Return the data encrypted with the given key and vector, or those of the algorithm."""
    own = _algorithm(algorithm.value)
    key, vector = (
        [to_python(each.value) for each in given]
        if len(given) == 2
        else [_set(algorithm, name) for name in ("Key", "IV")]
    )
    return own.create_encryptor_with(byte_array(key), None if vector is None else byte_array(vector)).apply(data)


def _algorithm(value: Any) -> SymmetricAlgorithm:
    found = create_algorithm(value) if isinstance(value, str) else value
    if not isinstance(found, SymmetricAlgorithm):
        raise TypeError("no algorithm")
    return found


def _set(algorithm: ConcolicValue, name: str) -> Any:
    """Return the value that a property of an object was last set to; None when it was not."""
    origin = algorithm.origin
    while origin is not None and origin.name.startswith(SETS):
        if origin.name == SETS + name:
            return to_python(origin.operands[1].value)
        origin = origin.operands[0].origin
    return None
