"""JToken: what every token has.

Children know their parent; a token that already has one is copied when it is added elsewhere, as in Newtonsoft. Every
walk over a tree is a loop, so depth costs no stack.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from apimpolicy.dotnet.casts import is_instance
from apimpolicy.dotnet.collections.trees import Sibling
from apimpolicy.dotnet.exceptions import InvalidOperationException
from apimpolicy.dotnet.json import kinds
from apimpolicy.dotnet.json.writer import path_name, write
from apimpolicy.dotnet.registry import dotnet_class, member

if TYPE_CHECKING:
    from apimpolicy.dotnet.json.containers import JContainer
    from apimpolicy.dotnet.values import Array


@dotnet_class(kinds.JTOKEN, members="Type=token_type Remove=detach")
class JToken(Sibling):
    """A node of a JSON tree. `token_type` is a `JTokenType` number.

    `annotations` is there once something was annotated. `place` is where it last was among its siblings.
    """

    __slots__ = ("annotations", "parent", "place")

    dotnet_type_name: str
    token_type: int = kinds.NONE
    has_values = False

    def __init__(self) -> None:
        self.parent: JContainer | None = None
        self.place = 0

    @property
    def short_name(self) -> str:
        """The .NET type's name without its namespace."""
        return self.dotnet_type_name.rpartition(".")[2]

    @property
    def root(self) -> JToken:
        token: JToken = self
        while token.parent is not None:
            token = token.parent
        return token

    @property
    def path(self) -> str:
        parts: list[str] = []
        previous: JToken | None = None
        token: JToken | None = self
        while token is not None:
            if token.token_type == kinds.PROPERTY:
                parts.append(path_name(token.name, is_first=token.parent is None or token.parent.parent is None))  # type: ignore[attr-defined]
            elif previous is not None and token.token_type in (kinds.ARRAY, kinds.CONSTRUCTOR):
                parts.append(f"[{token.index_of(previous)}]")  # type: ignore[attr-defined]
            previous = token
            token = token.parent
        return "".join(reversed(parts)) if self.parent is not None else ""

    @property
    def first(self) -> JToken | None:
        raise self._no_children()

    @property
    def last(self) -> JToken | None:
        raise self._no_children()

    def _no_children(self) -> InvalidOperationException:
        return InvalidOperationException(f"Cannot access child value on {self.dotnet_type_name}.")

    def __iter__(self) -> Iterator[JToken]:
        return iter(())

    @member("Item")
    def get_item(self, key: Any) -> JToken | None:
        raise self._no_children()

    @member("Item", setter=True)
    def set_item(self, key: Any, value: JToken | None) -> None:
        raise InvalidOperationException(f"Cannot set child value on {self.dotnet_type_name}.")

    @member("Children()")
    def child_tokens(self) -> kinds.JEnumerable:
        return kinds.JEnumerable(self.__iter__)

    @member("Children<T>()", types=True)
    def children_of(self, types: tuple[Any, ...]) -> kinds.JEnumerable:
        wanted = types[-1]
        return kinds.JEnumerable(
            lambda: (child for child in self if is_instance(child, wanted)), kinds.j_enumerable_of(wanted)
        )

    @member("Values", types=True)
    def values_as(self, types: tuple[Any, ...]) -> kinds.JEnumerable:
        raise self._no_children()

    def deep_clone(self) -> JToken:
        """Return a copy of the whole tree, without a parent."""
        return self.bare_copy()

    def bare_copy(self) -> JToken:
        """Return a copy without children and without a parent."""
        raise NotImplementedError

    @member("ToString()")
    def to_string(self) -> str:
        return write(self, indented=True)

    @member("ToString(Formatting, JsonConverter[])")
    def format(self, formatting: int, converters: Array | None = None) -> str:
        return write(self, indented=formatting == 1)

    def detach(self) -> None:
        self._parent().remove_child(self)

    def replace(self, value: JToken | None) -> None:
        parent = self._parent()
        parent.set_child(parent.index_of(self), value)

    def add_after_self(self, content: Any) -> None:
        parent = self._parent()
        parent.add_content(parent.index_of(self) + 1, content)

    def add_before_self(self, content: Any) -> None:
        parent = self._parent()
        parent.add_content(parent.index_of(self), content)

    def _parent(self) -> JContainer:
        if self.parent is None:
            raise InvalidOperationException("The parent is missing.")
        return self.parent

    def ancestors(self) -> kinds.JEnumerable:
        return kinds.JEnumerable(lambda: self._upwards(self.parent), kinds.TOKENS)

    def ancestors_and_self(self) -> kinds.JEnumerable:
        return kinds.JEnumerable(lambda: self._upwards(self), kinds.TOKENS)

    @staticmethod
    def _upwards(token: JToken | None) -> Iterator[JToken]:
        while token is not None:
            yield token
            token = token.parent

    def after_self(self) -> kinds.JEnumerable:
        return kinds.JEnumerable(lambda: self.siblings(after=True), kinds.TOKENS)

    def before_self(self) -> kinds.JEnumerable:
        return kinds.JEnumerable(lambda: self.siblings(after=False), kinds.TOKENS)
