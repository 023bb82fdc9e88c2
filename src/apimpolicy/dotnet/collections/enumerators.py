"""`IEnumerator<T>`: walking a sequence by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.dotnet.collections.arrays import default_value, element_type, iterate_boxed
from apimpolicy.dotnet.environment import environment
from apimpolicy.dotnet.exceptions import NotSupportedException
from apimpolicy.dotnet.metadata import look_up, named
from apimpolicy.dotnet.registry import implements, implements_all, interface_members
from apimpolicy.dotnet.values import OBJECT, box

if TYPE_CHECKING:
    from apimpolicy.dotnet.types import Type

_GENERIC = "System.Collections.Generic."


class Enumerator:
    """An enumerator over any sequence; `current` is the default value before the start and after the end."""

    __slots__ = ("_iterator", "current", "element")

    def __init__(self, source: Any) -> None:
        self.element: Type = element_type(source) or OBJECT
        self._iterator = iter(source)
        self.current: Any = default_value(self.element)

    @property
    def dotnet_type(self) -> Type:
        return named("System.Collections.Generic.IEnumerator", self.element)

    def move_next(self) -> bool:
        environment().step()
        for item in self._iterator:
            self.current = item
            return True
        self.current = default_value(self.element)
        return False

    def reset(self) -> None:
        raise NotSupportedException

    def dispose(self) -> None:
        """End the enumeration; a generator runs its `finally` clauses now."""
        close = getattr(self._iterator, "close", None)
        self._iterator = iter(())
        if close is not None:
            close()


class BoxedEnumerator(Enumerator):
    """The enumerator that the non-generic `IEnumerable.GetEnumerator` returns."""

    __slots__ = ()

    def __init__(self, source: Any) -> None:
        self.element = OBJECT
        self._iterator = iterate_boxed(source)
        self.current = None


@implements("System.Collections.Generic.IEnumerable<T>", "GetEnumerator")
def get_enumerator(source: Any) -> Enumerator:
    return Enumerator(source)


@implements("System.Collections.IEnumerable", "GetEnumerator")
@implements("System.Array", "GetEnumerator")
def get_boxed_enumerator(source: Any) -> Enumerator:
    return BoxedEnumerator(source)


@implements("System.Collections.IEnumerator", "Current")
def get_boxed_current(enumerator: Any) -> Any:
    element = getattr(enumerator, "element", OBJECT)
    return box(element, enumerator.current)


interface_members("System.Collections.Generic.IEnumerator<T>", "Current")
interface_members("System.Collections.IEnumerator", "MoveNext Reset")

_ENUMERATED = (
    "Dictionary<TKey, TValue>",
    "Dictionary<TKey, TValue>.KeyCollection",
    "Dictionary<TKey, TValue>.ValueCollection",
    "HashSet<T>",
    "List<T>",
    "Queue<T>",
    "Stack<T>",
)
for _name in _ENUMERATED:
    _enumerator = f"{_GENERIC}{_name}.Enumerator"
    implements(_GENERIC + _name, f"{_enumerator} GetEnumerator()")(get_enumerator)
    if look_up(_enumerator.replace("<TKey, TValue>", "").replace("<T>", ""), 2 if "TKey" in _name else 1) is not None:
        interface_members(
            _enumerator, {"Current": "current", "bool MoveNext()": "move_next", "void Dispose()": "dispose"}
        )

interface_members("System.CharEnumerator", "Current MoveNext Reset Dispose")

implements_all("string", {"GetEnumerator": get_enumerator})
