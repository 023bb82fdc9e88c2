"""Objects attached to XML nodes, and to JSON tokens, whose members for it are the same: `AddAnnotation` and the rest.

Annotations are not copied with a node and show in no text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.dotnet.casts import is_instance
from apimpolicy.dotnet.exceptions import require
from apimpolicy.dotnet.registry import implements
from apimpolicy.dotnet.values import OBJECT
from apimpolicy.dotnet.xml.names import X
from apimpolicy.dotnet.xml.sequences import XSequence, of_type

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apimpolicy.dotnet.types import Type

_NOTHING: tuple[Any, ...] = ()


def _found(node: Any, type_: Type) -> Iterator[Any]:
    return (note for note in tuple(getattr(node, "annotations", _NOTHING)) if is_instance(note, type_))


def _type(type_object: Any) -> Type:
    type_object = require(type_object, "type")
    return type_object.type  # type: ignore[no-any-return]


def add(node: Any, annotation: Any) -> None:
    annotation = require(annotation, "annotation")
    if not hasattr(node, "annotations"):
        node.annotations = []
    node.annotations.append(annotation)


def first_of(types: tuple[Type, ...], node: Any) -> Any:
    """Return the first annotation of a type, or None."""
    return next(_found(node, types[-1]), None)


def first(node: Any, type_object: Any) -> Any:
    return next(_found(node, _type(type_object)), None)


def all_of(types: tuple[Type, ...], node: Any) -> XSequence:
    return XSequence(lambda: _found(node, types[-1]), of_type(types[-1]))


def every(node: Any, type_object: Any) -> XSequence:
    type_ = _type(type_object)
    return XSequence(lambda: _found(node, type_), of_type(OBJECT))


def every_lazily(node: Any, type_object: Any) -> XSequence:
    """Newtonsoft looks at its argument when the sequence is enumerated."""
    return XSequence(lambda: _found(node, _type(type_object)), of_type(OBJECT))


def _remove(node: Any, type_: Type) -> None:
    if hasattr(node, "annotations"):
        node.annotations = [note for note in node.annotations if not is_instance(note, type_)]


def remove_of(types: tuple[Type, ...], node: Any) -> None:
    _remove(node, types[-1])


def remove(node: Any, type_object: Any) -> None:
    _remove(node, _type(type_object))


def _register(name: str, every_function: Any) -> None:
    sequence = "System.Collections.Generic.IEnumerable"
    implements(name, "void AddAnnotation(object annotation)")(add)
    implements(name, "object Annotation(System.Type type)")(first)
    implements(name, "T Annotation<T>() where T : class", types=True)(first_of)
    implements(name, f"{sequence}<object> Annotations(System.Type type)")(every_function)
    implements(name, f"{sequence}<T> Annotations<T>() where T : class", types=True)(all_of)
    implements(name, "void RemoveAnnotations(System.Type type)")(remove)
    implements(name, "void RemoveAnnotations<T>() where T : class", types=True)(remove_of)


_register(X + "XObject", every)
_register("Newtonsoft.Json.Linq.JToken", every_lazily)
