"""`System.Collections.Generic.LinkedList<T>` and its nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.dotnet.collections.arguments import copy_into, require
from apimpolicy.dotnet.collections.comparers import default_key
from apimpolicy.dotnet.collections.generic import MODIFIED, GenericCollection
from apimpolicy.dotnet.environment import environment
from apimpolicy.dotnet.exceptions import InvalidOperationException
from apimpolicy.dotnet.metadata import named
from apimpolicy.dotnet.registry import dotnet_class, implements_all, member

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from apimpolicy.dotnet.types import Type

_NODE = "System.Collections.Generic.LinkedListNode<T>"


@dotnet_class(_NODE)
class LinkedListNode:
    """A node; `list` is None while it is in none."""

    __slots__ = ("list", "next", "previous", "types", "value")

    def __init__(self, types: tuple[Type, ...], value: Any) -> None:
        self.types = types
        self.value = value
        self.list: LinkedList | None = None
        self.next: LinkedListNode | None = None
        self.previous: LinkedListNode | None = None

    @property
    def dotnet_type(self) -> Type:
        return named("System.Collections.Generic.LinkedListNode", *self.types)


@dotnet_class("System.Collections.Generic.LinkedList<T>")
class LinkedList(GenericCollection):
    """A doubly linked list."""

    __slots__ = ("count", "first", "last")

    definition_name = "System.Collections.Generic.LinkedList"

    def __init__(self, types: tuple[Type, ...], items: Iterable[Any] = ()) -> None:
        super().__init__(types)
        self.count = 0
        self.first: LinkedListNode | None = None
        self.last: LinkedListNode | None = None
        for item in items:
            self.add_last(item)

    @staticmethod
    @member("new(IEnumerable<T>)", types=True)
    def from_collection(types: tuple[Type, ...], collection: Any) -> LinkedList:
        return LinkedList(types, require(collection, "collection"))

    def __iter__(self) -> Iterator[Any]:
        version = self.version
        node = self.first
        while node is not None:
            yield node.value
            if self.version != version:
                raise InvalidOperationException(MODIFIED)
            node = node.next

    def _check(self, node: LinkedListNode | None) -> LinkedListNode:
        if require(node, "node").list is not self:
            raise InvalidOperationException("The LinkedList node does not belong to current LinkedList.")
        return node  # type: ignore[return-value]  # require has refused None

    def _check_new(self, node: LinkedListNode | None, parameter: str = "node") -> LinkedListNode:
        if require(node, parameter).list is not None:
            raise InvalidOperationException("The LinkedList node already belongs to a LinkedList.")
        return node  # type: ignore[return-value]  # require has refused None

    def _link(self, node: LinkedListNode, previous: LinkedListNode | None, following: LinkedListNode | None) -> None:
        node.list, node.previous, node.next = self, previous, following
        if previous is None:
            self.first = node
        else:
            previous.next = node
        if following is None:
            self.last = node
        else:
            following.previous = node
        self.count += 1
        self.version += 1
        self.check_room(self.count)

    @member("AddFirst(T)")
    def add_first(self, value: Any) -> LinkedListNode:
        node = LinkedListNode(self.types, value)
        self._link(node, None, self.first)
        return node

    @member("AddLast(T)")
    def add_last(self, value: Any) -> LinkedListNode:
        node = LinkedListNode(self.types, value)
        self._link(node, self.last, None)
        return node

    def add(self, value: Any) -> None:
        self.add_last(value)

    @member("AddAfter(LinkedListNode<T>, T)")
    def add_after(self, node: LinkedListNode | None, value: Any) -> LinkedListNode:
        place = self._check(node)
        made = LinkedListNode(self.types, value)
        self._link(made, place, place.next)
        return made

    @member("AddBefore(LinkedListNode<T>, T)")
    def add_before(self, node: LinkedListNode | None, value: Any) -> LinkedListNode:
        place = self._check(node)
        made = LinkedListNode(self.types, value)
        self._link(made, place.previous, place)
        return made

    @member("AddFirst(LinkedListNode<T>)")
    def add_first_node(self, node: LinkedListNode | None) -> None:
        self._link(self._check_new(node), None, self.first)

    @member("AddLast(LinkedListNode<T>)")
    def add_last_node(self, node: LinkedListNode | None) -> None:
        self._link(self._check_new(node), self.last, None)

    @member("AddAfter(LinkedListNode<T>, LinkedListNode<T>)")
    def add_node_after(self, node: LinkedListNode | None, new: LinkedListNode | None) -> None:
        place = self._check(node)
        self._link(self._check_new(new, "newNode"), place, place.next)

    @member("AddBefore(LinkedListNode<T>, LinkedListNode<T>)")
    def add_node_before(self, node: LinkedListNode | None, new: LinkedListNode | None) -> None:
        place = self._check(node)
        self._link(self._check_new(new, "newNode"), place.previous, place)

    @member("Remove(LinkedListNode<T>)")
    def remove_node(self, node: LinkedListNode | None) -> None:
        gone = self._check(node)
        if gone.previous is None:
            self.first = gone.next
        else:
            gone.previous.next = gone.next
        if gone.next is None:
            self.last = gone.previous
        else:
            gone.next.previous = gone.previous
        gone.list = gone.next = gone.previous = None
        self.count -= 1
        self.version += 1

    @member("Remove(T)")
    def remove(self, value: Any) -> bool:
        node = self.find(value)
        if node is not None:
            self.remove_node(node)
        return node is not None

    def remove_first(self) -> None:
        self._check_not_empty()
        self.remove_node(self.first)

    def remove_last(self) -> None:
        self._check_not_empty()
        self.remove_node(self.last)

    def _check_not_empty(self) -> None:
        if self.first is None:
            raise InvalidOperationException("The LinkedList is empty.")

    def clear(self) -> None:
        while self.first is not None:
            self.remove_node(self.first)
        self.version += 1

    def _matches(self, value: Any, node: LinkedListNode) -> bool:
        key = default_key(self.types[0])
        environment().step()
        return bool(node.value == value if key is None else key(node.value) == key(value))

    def find(self, value: Any) -> LinkedListNode | None:
        node = self.first
        while node is not None and not self._matches(value, node):
            node = node.next
        return node

    def find_last(self, value: Any) -> LinkedListNode | None:
        node = self.last
        while node is not None and not self._matches(value, node):
            node = node.previous
        return node

    def contains(self, value: Any) -> bool:
        return self.find(value) is not None

    def copy_to(self, array: Any, index: int) -> None:
        copy_into(list(self), array, index, "index")


implements_all(_NODE, {"new": LinkedListNode}, types=True)
implements_all("System.Collections.Generic.LinkedList<T>", {"new()": LinkedList}, types=True)
