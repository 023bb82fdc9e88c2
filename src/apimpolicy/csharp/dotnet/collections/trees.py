"""Trees of nodes, as JSON and XML have them: siblings, lazy sequences, and objects attached to nodes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from apimpolicy.csharp.dotnet.casts import is_instance
from apimpolicy.csharp.dotnet.environment import environment
from apimpolicy.csharp.dotnet.exceptions import require
from apimpolicy.csharp.dotnet.metadata import named, parse
from apimpolicy.csharp.dotnet.registry import implements
from apimpolicy.csharp.dotnet.types import Type
from apimpolicy.csharp.dotnet.values import OBJECT


class Sibling:
    """Base of nodes with a `parent` that has `children`, and the `place` where they last were among them."""

    __slots__ = ()

    parent: Any
    place: int

    @property
    def next(self) -> Any:
        return self._sibling(1)

    @property
    def previous(self) -> Any:
        return self._sibling(-1)

    def _sibling(self, step: int) -> Any:
        if self.parent is None:
            return None
        siblings = self.parent.children
        index = self.parent.index_of(self) + step
        if not 0 <= index < len(siblings):
            return None
        found = siblings[index]
        found.place = index
        return found

    def siblings(self, *, after: bool) -> Iterator[Any]:
        if self.parent is None:
            return iter(())
        index = self.parent.index_of(self)
        return iter(self.parent.children[index + 1 :] if after else self.parent.children[:index])


def position_of(children: Sequence[Any], node: Any, near: int) -> int:
    """Return the position of this very node, looked for outward from `near`; -1 when it is not there.

    >>> a, b = [1], [1]
    >>> position_of([a, b], b, 0), position_of([a, b], [1], 5)
    (1, -1)
    """
    size = len(children)
    if near < size and children[near] is node:
        return near
    below, above = min(near, size) - 1, near + 1
    looks = 0
    while below >= 0 or above < size:
        looks += 1
        if above < size and children[above] is node:
            environment().step(looks >> 3)
            return above
        if below >= 0 and children[below] is node:
            environment().step(looks >> 3)
            return below
        below -= 1
        above += 1
    environment().step(looks >> 3)
    return -1


# Lazy sequences of nodes: enumerated afresh each time, as .NET's iterators are.


class NodeSequence:
    """`IEnumerable<XElement>` and the like; `start` returns a fresh iterator.

    `type_` is the type or its name; .NET's own iterators are hidden classes that implement it.
    """

    __slots__ = ("_start", "_type")

    def __init__(self, start: Callable[[], Iterator[Any]], type_: Type | str) -> None:
        self._start = start
        self._type = type_

    @property
    def dotnet_type(self) -> Type:
        return parse(self._type) if isinstance(self._type, str) else self._type

    def __iter__(self) -> Iterator[Any]:
        return self._start()


def flatten(source: Iterable[Any], inner: Callable[[Any], Iterable[Any]], type_: str) -> NodeSequence:
    """`SelectMany`, over elements that may be null."""
    return NodeSequence(lambda: (found for node in source if node is not None for found in inner(node)), type_)


def of_type(element: Type) -> Type:
    """`IEnumerable<element>`."""
    return named("System.Collections.Generic.IEnumerable", element)


# Objects attached to XML nodes, and to JSON tokens, whose members for it are the same: `AddAnnotation` and the rest.

_NOTHING: tuple[Any, ...] = ()


def _found(node: Any, type_: Type) -> Iterator[Any]:
    return (note for note in tuple(getattr(node, "annotations", _NOTHING)) if is_instance(note, type_))


def _type(type_object: Any) -> Type:
    return require(type_object, "type").type  # type: ignore[no-any-return]


def add(node: Any, annotation: Any) -> None:
    annotation = require(annotation, "annotation")
    if not hasattr(node, "annotations"):
        node.annotations = []
    node.annotations.append(annotation)


def first(node: Any, type_object: Any) -> Any:
    return next(_found(node, _type(type_object)), None)


def all_of(types: tuple[Type, ...], node: Any) -> NodeSequence:
    return NodeSequence(lambda: _found(node, types[-1]), of_type(types[-1]))


def every(node: Any, type_object: Any) -> NodeSequence:
    type_ = _type(type_object)
    return NodeSequence(lambda: _found(node, type_), of_type(OBJECT))


def every_lazily(node: Any, type_object: Any) -> NodeSequence:
    """Newtonsoft looks at its argument when the sequence is enumerated."""
    return NodeSequence(lambda: _found(node, _type(type_object)), of_type(OBJECT))


def _remove(node: Any, type_: Type) -> None:
    if hasattr(node, "annotations"):
        node.annotations = [note for note in node.annotations if not is_instance(note, type_)]


def remove(node: Any, type_object: Any) -> None:
    _remove(node, _type(type_object))


def _register(name: str, every_function: Any) -> None:
    sequence = "System.Collections.Generic.IEnumerable"
    implements(name, "void AddAnnotation(object annotation)")(add)
    implements(name, "object Annotation(System.Type type)")(first)
    implements(name, "T Annotation<T>() where T : class", types=True)(
        lambda types, node: next(_found(node, types[-1]), None)
    )
    implements(name, f"{sequence}<object> Annotations(System.Type type)")(every_function)
    implements(name, f"{sequence}<T> Annotations<T>() where T : class", types=True)(all_of)
    implements(name, "void RemoveAnnotations(System.Type type)")(remove)
    implements(name, "void RemoveAnnotations<T>() where T : class", types=True)(
        lambda types, node: _remove(node, types[-1])
    )


_register("System.Xml.Linq.XObject", every)
_register("Newtonsoft.Json.Linq.JToken", every_lazily)
