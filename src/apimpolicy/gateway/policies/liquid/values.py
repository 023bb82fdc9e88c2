"""The values of templates, their members, and comparing them.

null, Booleans, numbers and texts are .NET values as elsewhere (boxed; `apimpolicy.csharp.dotnet.values`); dates are
DateTime. Beside them are lists and:

    Hash          names with values, counting exactly: JSON objects, dictionaries
    FoldedHash    the same, ignoring case: headers, the parameters of a query
    XmlElement    an element with child elements; XmlText, a str, is one without
    Pair          a name with its value, an item of a loop over a Hash
    Drop          an object of the gateway with the members that templates may see
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from apimpolicy.csharp.dotnet.environment import environment
from apimpolicy.csharp.dotnet.registry import bound
from apimpolicy.csharp.dotnet.system import objects
from apimpolicy.csharp.dotnet.values import Boxed, type_of
from apimpolicy.gateway.policies.liquid.markup import LiquidError
from apimpolicy.records import Record


@cache
def library(type_name: str, signature: str) -> Callable[..., Any]:
    """Return a member as a function of receiver and arguments. Raises NotSimulatedError."""
    return bound(type_name, signature)


class Hash(dict[str, Any]):
    """Names with values."""

    def find(self, name: str) -> tuple[bool, Any]:
        return name in self, self.get(name)


class FoldedHash(Hash):
    """Names with values; looking one up ignores case."""

    def __init__(self, entries: Iterable[tuple[str, Any]] = ()) -> None:
        super().__init__(entries)
        self.folded = {name.lower(): value for name, value in self.items()}

    def find(self, name: str) -> tuple[bool, Any]:
        folded = name.lower()
        return folded in self.folded, self.folded.get(folded)


class XmlText(str):
    """The text of an element without child elements; its attributes can be looked up."""

    attributes: FoldedHash

    def __new__(cls, text: str, attributes: FoldedHash) -> XmlText:
        made = super().__new__(cls, text)
        made.attributes = attributes
        return made


class XmlElement(Record):
    """An element with child elements, each by its name without a namespace; `text` is all text inside."""

    children: list[tuple[str, Any]]
    attributes: FoldedHash
    text: str

    def find(self, name: str) -> tuple[bool, Any]:
        """Return the child elements of a name (one, or a list), case ignored if need be; else an attribute."""
        folded = name.lower()
        found = [value for own, value in self.children if own == name]
        found = found or [value for own, value in self.children if own.lower() == folded]
        if not found:
            return self.attributes.find(name)
        return True, found[0] if len(found) == 1 else found


class Pair(Record):
    """A name with its value; DotLiquid calls the name `itemName`, too, and looks into the value for other names."""

    key: str
    value: Any

    def find(self, name: str) -> tuple[bool, Any]:
        if name in ("Key", "itemName"):
            return True, self.key
        if name in ("Value", self.key):
            return True, self.value
        return self.value.find(name) if isinstance(self.value, _NAMED) else (False, None)


class LiquidDrop(Record):
    """An object of the gateway; `members` are computed when they are read, `shown` is its text as a whole."""

    members: Mapping[str, Callable[[], Any]]
    shown: str = ""

    def find(self, name: str) -> tuple[bool, Any]:
        member = self.members.get(name)
        return member is not None, None if member is None else member()


_NAMED = (Hash, XmlElement, Pair, LiquidDrop)


def member(value: Any, key: Any, *, bracketed: bool) -> Any:
    """Return the value under a name or an index, null when there is none. Raises LiquidError for an index out of
    range.

    `size`, `first` and `last` work on everything that can be counted, unless it has such a name or they are bracketed.
    """
    if isinstance(key, str):
        is_there, result = False, None
        if isinstance(value, _NAMED):
            is_there, result = value.find(key)
        elif isinstance(value, XmlText):
            is_there, result = value.attributes.find(key)
        if is_there:
            return result
        return None if bracketed else _counted(value, key)
    if isinstance(value, Pair) and key in (0, 1):
        return value.value if key else value.key
    if isinstance(key, int) and not isinstance(key, bool) and isinstance(value, (list, range)):
        if not 0 <= key < len(value):
            message = "Index was out of range. Must be non-negative and less than the size of the collection."
            raise LiquidError(f"{message} (Parameter 'index')")
        return value[int(key)]
    return None


def _counted(value: Any, key: str) -> Any:
    if key.lower() not in ("size", "first", "last") or key not in (key.lower(), key.title()):
        return None
    found = items(value)
    if found is None:
        return None
    if key.lower() == "size":
        return len(value) if isinstance(value, str) else len(found)
    return None if not found else found[0 if key.lower() == "first" else -1]


def items(value: Any) -> Sequence[Any] | None:
    """Return the items of a loop; None for a value without items. Those of a text are its characters."""
    if isinstance(value, (list, range)):
        return value
    if isinstance(value, Hash):
        return [Pair(name, entry) for name, entry in value.items()]
    if isinstance(value, XmlElement):
        return [child for _, child in value.children]
    if isinstance(value, XmlText):
        return [value] if value else []
    if isinstance(value, str):
        environment().new_elements(len(value))
        return list(value)
    return None


def is_true(value: Any) -> bool:
    return value is not None and value is not False


def text_of(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (XmlElement, LiquidDrop)) or type(value) is str:
        return plain(value)
    if not isinstance(value, str):
        found = items(value)
        if found is not None:
            return joined(found, "")
    return plain(value)


def joined(values: Iterable[Any], glue: str) -> str:
    """Return the texts of values with something between them; the length is checked while it grows."""
    here, parts, length = environment(), [], 0
    for value in values:
        here.step()
        part = plain(value)
        length += len(part) + len(glue)
        here.check_length(length)
        parts.append(part)
    return glue.join(parts)


def plain(value: Any) -> str:
    """`ToString()`; null is empty."""
    if isinstance(value, LiquidDrop):
        return value.shown
    if isinstance(value, XmlElement):
        return value.text
    if isinstance(value, Pair):
        return f"[{value.key}, {plain(value.value)}]"
    if isinstance(value, Hash):
        return "DotLiquid.Hash"
    if isinstance(value, (list, range)):
        return "System.Collections.Generic.List`1[System.Object]"
    return str.__str__(value) if isinstance(value, XmlText) else objects.text(value)


def is_convertible(value: Any) -> bool:
    """Return whether .NET would convert it to another type: a text, a number, a Boolean or a date."""
    return not isinstance(value, (*_NAMED, list, range))


def without_box(value: Any) -> Any:
    """Return a value as keys compare: XML text as text, numbers of one kind as numbers."""
    if isinstance(value, XmlText):
        return str.__str__(value)
    return int(value) if isinstance(value, Boxed) and isinstance(value, int) else value


def converted(value: Any, like: Any) -> Any:
    """`Convert.ChangeType(value, like.GetType())`. Raises DotnetException."""
    change = library("System.Convert", "static object ChangeType(object value, System.Type conversionType)")
    return change(plain_text(value), objects.type_object(type_of(plain_text(like))))


def to_int32(value: Any) -> int:
    """`Convert.ToInt32(value)`. Raises DotnetException."""
    return library("System.Convert", "static int ToInt32(object value)")(value)  # type: ignore[no-any-return]


def plain_text(value: Any) -> Any:
    """Return a text as it is, without a box around it."""
    return str.__str__(value) if isinstance(value, str) else value


def compare_values(left: Any, right: Any) -> int | None:
    """Return a number below 0, 0 or above it; None when one value is null. Raises DotnetException, LiquidError."""
    if left is None or right is None:
        return None
    if not is_convertible(left) or not is_convertible(right):
        raise LiquidError("Object must implement IConvertible.")
    right = converted(right, left)
    if isinstance(left, str):
        compare = library("string", "static int Compare(string strA, string strB)")
        return int(compare(plain_text(left), right))
    left, right = without_box(left), without_box(right)
    if not hasattr(left, "__lt__") or not hasattr(right, "__lt__"):
        raise LiquidError("At least one object must implement IComparable.")
    return int(right < left) - int(left < right)
