"""Byte arrays: texts with a unit for each byte. A code of unknown bytes is another unknown text."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any

from apimpolicy.languages.language import counted, in_ranges
from apimpolicy.languages.operations import Drop, Take
from apimpolicy.proposing import sequences as _sequences  # noqa: F401 # these forms come before its
from apimpolicy.proposing.coded_texts import place_of
from apimpolicy.proposing.forms import FORMS, form, unknowns_of
from apimpolicy.proposing.names import PRINTABLE
from apimpolicy.proposing.texts import part_of
from apimpolicy.scenarios.assignments import BASE64
from apimpolicy.semantics.evaluation import as_text
from apimpolicy.semantics.members import FORMS as KNOWN
from apimpolicy.semantics.unknowns import Unsupported
from apimpolicy.semantics.values import NULL, Items, Number, Opaque, Text, Truth, Value, constant_text
from apimpolicy.terms import term as terms
from apimpolicy.terms.measures import Length, Unit

if TYPE_CHECKING:
    from apimpolicy.semantics.members import Call, Form
    from apimpolicy.terms.term import Term

_BYTES = "bytes"
_CONVERT, _ENCODING, _LINQ = "System.Convert", "System.Text.Encoding", "System.Linq.Enumerable"
_SIZES = {"MD5": 16, "SHA1": 20, "SHA256": 32, "SHA384": 48, "SHA512": 64}


def octets(term: Term) -> Value:
    """Return the byte array with these units."""
    return Opaque((_BYTES, term), "byte[]", 0)


def units_of(value: Value) -> Term:
    """Return the units of a byte array. Raises Unsupported for other objects."""
    if isinstance(value, Items) and value.type == "byte[]":
        known = [item.constant if isinstance(item, Number) else None for item in value.items]
        return terms.text("".join(chr(each) for each in known if each is not None))
    if not isinstance(value, Opaque) or not isinstance(value.identity, tuple) or value.identity[0] != _BYTES:
        raise Unsupported("bytes that are not known")
    return value.identity[1]  # type: ignore[no-any-return]


def _coded(call: Call, what: str, octets_: Value) -> Value:
    """Return an unknown text that is a code of bytes."""
    term = units_of(octets_)
    return call.evaluation.unknowns.value("string", what, (what, term), null=False)


@form(_CONVERT, "static byte[] FromBase64String(string s)")
def from_base64(call: Call, text: Value) -> Value:
    if text is NULL:
        return call.evaluation.fail()
    unknowns, term = unknowns_of(call), as_text(text).term
    constant = terms.constant_text(term)
    if constant is not None:
        try:
            return octets(terms.text(base64.b64decode(constant, validate=True).decode("latin-1")))
        except (binascii.Error, ValueError):
            return call.evaluation.fail()
    if term in unknowns.codes:
        return octets(unknowns.codes[term])
    key = (*place_of(call, text), BASE64)
    call.evaluation.throw(terms.not_(unknowns.truth_of(*key)))
    return octets(unknowns.text_of(*key, "text").term)


@form(_CONVERT, "static string ToBase64String(byte[] inArray)")
def to_base64(call: Call, value: Value) -> Value:
    constant = terms.constant_text(units_of(value))
    if constant is not None:
        return constant_text(base64.b64encode(constant.encode("latin-1", "replace")).decode())
    found = _coded(call, "Base64 of bytes", value)
    unknowns_of(call).codes[as_text(found).term] = units_of(value)
    return found


@form("System.BitConverter", "static string ToString(byte[] value)")
def to_hexadecimal(call: Call, value: Value) -> Value:
    return _coded(call, "hexadecimal digits of bytes", value)


@form(
    "System.BitConverter",
    *(
        f"static {type_} To{name}(byte[] value, int startIndex)"
        for type_, name in (("short", "Int16"), ("int", "Int32"))
    ),
)
def to_number(call: Call, value: Value, start: Value) -> Value:
    term, first = units_of(value), start.constant if isinstance(start, Number) else None
    if first is None:
        raise Unsupported("bytes at an unknown place")
    found = terms.number(0)
    for index in range(2):
        found = terms.total(found, terms.scaled(256**index, _unit(term, first + index)))
    return Number(found, str(call.type))


def _unit(term: Term, place: int) -> Term:
    """Return the unit at a place, of the text that it comes from."""
    match term.kind:
        case "applied" if isinstance(term.parts[0], Take) and place < term.parts[0].size:
            return _unit(term.parts[1], place)
        case "applied" if isinstance(term.parts[0], Drop):
            return _unit(term.parts[1], place + term.parts[0].size)
        case "joined":
            first, text = term.parts[0], terms.constant_text(term.parts[0])
            is_part = first.kind == "applied" and isinstance(first.parts[0], Take)
            size = len(text) if text is not None else first.parts[0].size if is_part else None
            if size is not None:
                return _unit(first, place) if place < size else _unit(terms.joined(*term.parts[1:]), place - size)
    return terms.measure(Unit(place), term)


@form(_ENCODING, "byte[] GetBytes(string s)")
def get_bytes(call: Call, encoding: Value, text: Value) -> Value:
    return octets(as_text(text).term)


@form(_ENCODING, "string GetString(byte[] bytes)")
def get_string(call: Call, encoding: Value, content: Value) -> Value:
    term = units_of(content)
    if term.kind == "var":
        call.evaluation.unknowns.know(term, terms.member(term, PRINTABLE))
    return Text(term)


# Hashes: what a run computes is found by comparing


@form("System.Security.Cryptography.HashAlgorithm", "byte[] ComputeHash(byte[] buffer)")
def compute_hash(call: Call, algorithm: Value, content: Value) -> Value:
    name = getattr(algorithm, "type", "").rpartition(".")[2].removeprefix("HMAC")
    key = ("hash", getattr(algorithm, "key", None), units_of(content))
    found = call.evaluation.unknowns.value("string", "a hash", key, null=False)
    size = _SIZES.get(name)
    if size is not None and isinstance(found, Text):
        unknowns_of(call).lengths[found.term] = terms.number(size)
        call.evaluation.unknowns.know(found.term, terms.member(found.term, counted(in_ranges((0, 255)), size, size)))
    return octets(as_text(found).term)


# Parts of arrays


def _over(type_: str, signature: str, own: Any) -> None:
    """Register what a member is of a byte array; of other sequences it is what it was."""
    original: Form | None = FORMS.get((type_, signature)) or KNOWN.get((type_, signature))

    @form(type_, signature)
    def member(call: Call, value: Value, *rest: Value) -> Value:
        try:
            units = units_of(value)
        except Unsupported:
            if original is None:
                raise
            found: Value = original(call, value, *rest)
            return found
        return own(call, units, *rest)  # type: ignore[no-any-return]


_SOURCE = "this System.Collections.Generic.IEnumerable<TSource> "
_RESULT = "static System.Collections.Generic.IEnumerable<TSource>"


def _count(value: Value) -> int:
    found = value.constant if isinstance(value, Number) else None
    if found is None or found < 0:
        raise Unsupported("a number of items that is not known")
    return found


def _length(call: Call, units: Term) -> Value:
    known = unknowns_of(call).lengths.get(units)
    return Number(known, "int") if known is not None else Number(terms.measure(Length(), units), "int")


_over("System.Array", "int Length { get; }", _length)
_over(_LINQ, f"static int Count<TSource>({_SOURCE}source)", _length)
_over(
    _LINQ,
    f"{_RESULT} Take<TSource>({_SOURCE}source, int count)",
    lambda _, units, count: octets(terms.applied(Take(_count(count)), units)),
)
_over(
    _LINQ,
    f"{_RESULT} Skip<TSource>({_SOURCE}source, int count)",
    lambda _, units, count: octets(terms.applied(Drop(_count(count)), units) if _count(count) else units),
)
_over(_LINQ, f"static TSource[] ToArray<TSource>({_SOURCE}source)", lambda _, units: octets(units))
_over(
    _LINQ,
    f"static bool SequenceEqual<TSource>({_SOURCE}first, System.Collections.Generic.IEnumerable<TSource> second)",
    lambda _, units, other: Truth(terms.same(units, units_of(other))),
)


def new_array(evaluation: Any, size: Value) -> Value:
    """Return a new byte array, of zeros where its length is known."""
    if not isinstance(size, Number):
        raise Unsupported("an array of another length")
    if size.constant is not None:
        return octets(terms.text("\0" * size.constant))
    found = evaluation.unknowns.fresh(terms.TEXT, "an array of bytes")
    evaluation.unknowns.lengths[found] = size.term
    return octets(found)


def copied(call: Call, source: Value, start: Value, target: Value, place: Value, count: Value) -> Value:
    """Return an array to which bytes of another one were copied."""
    part, known = part_of(call, units_of(source), _term(start), _term(count)), units_of(target)
    if known in unknowns_of(call).lengths:
        return octets(part)
    first, size = _count(place), _count(count)
    end = terms.applied(Drop(first + size), known)
    return octets(terms.joined(terms.applied(Take(first), known) if first else terms.text(""), part, end))


def _term(value: Value) -> Term:
    if not isinstance(value, Number):
        raise Unsupported("an index that is not known")
    return value.term


@form(
    "ContextExtensions", "static byte[] Decrypt(this byte[] input, System.Security.Cryptography.SymmetricAlgorithm alg)"
)
def decrypted(call: Call, content: Value, algorithm: Value) -> Value:
    return octets(as_text(_coded(call, "decrypted bytes", content)).term)


def item_of(value: Value, index: Value) -> tuple[Term, Value]:
    """Return where a byte array has no byte at a place, and the byte there."""
    place, units = _count(index), units_of(value)
    return terms.at_most(terms.measure(Length(), units), terms.number(place)), Number(_unit(units, place), "byte")
