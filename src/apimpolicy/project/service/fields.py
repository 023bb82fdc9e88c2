"""The fields of resources, from the properties that Azure Resource Manager gives them, wherever these are written.

`description` has the property of each field, so that a file of an extract (`information.Properties`) and a resource of
infrastructure code (`described.Entity`) are read alike.
"""

from __future__ import annotations

from functools import cache
from typing import Any, TypeVar

import attrs

from apimpolicy.project.service.description import (
    CertificateDescription,
    Described,
    FileLocation,
    Hole,
    LoggerDescription,
    NamedValueDescription,
    Property,
    Sourced,
    SubscriptionDescription,
    VersionSetDescription,
)

T = TypeVar("T")
D = TypeVar("D", bound=Described)

WHOLLY_READ: dict[str, type[Described]] = {
    "version-sets": VersionSetDescription,
    "named-values": NamedValueDescription,
    "loggers": LoggerDescription,
    "subscriptions": SubscriptionDescription,
    "certificates": CertificateDescription,
}
"""Kinds whose properties are all that they have: no policy, and nothing in them."""


class Fields:
    """The properties of one resource; null counts as not given, and a value of another kind is a hole."""

    origin: FileLocation
    workspace: str | None = None

    def get(self, name: str) -> Any:
        raise NotImplementedError

    def place(self, name: str, *path: int) -> FileLocation:
        raise NotImplementedError

    def problem(self, message: str, part: str = "") -> None:
        raise NotImplementedError

    def within(self, block: str) -> Fields:
        """Return the properties of a block; none without it."""
        raise NotImplementedError

    def hole(self, name: str, value: Any, kind: type) -> Hole:
        """Return what isn't known, or isn't of the kind that Azure has there."""
        raise NotImplementedError

    def field(self, name: str, kind: type[T]) -> Sourced[T]:
        value = self.get(name)
        if value is None:
            return Sourced()
        if isinstance(value, kind) and not (isinstance(value, bool) and kind is int):
            return Sourced(value, self.place(name))
        return Sourced(self.hole(name, value, kind), self.place(name))

    def text(self, name: str) -> Sourced[str]:
        raise NotImplementedError

    def plain_text(self, name: str) -> Sourced[str]:
        """Return a text in which nothing is a placeholder of a pipeline."""
        return self.text(name)

    def flag(self, name: str) -> Sourced[bool]:
        """Return true or false, which Azure also takes as a text."""
        value = self.get(name)
        if isinstance(value, str) and value.lower() in ("true", "false"):
            return Sourced(value.lower() == "true", self.place(name))
        return self.field(name, bool)

    def whole_number(self, name: str) -> Sourced[int]:
        """Return a whole number, which Azure also takes as a text."""
        value = self.get(name)
        if isinstance(value, str) and value.strip().isdecimal():
            return Sourced(int(value), self.place(name))
        return self.field(name, int)

    def texts(self, name: str) -> Sourced[tuple[str, ...]]:
        raise NotImplementedError

    def last_name(self, name: str) -> Sourced[str]:
        """Return the last part of a resource id; a hole stays one."""
        raise NotImplementedError

    def scope(self, name: str) -> Sourced[str]:
        """Return the scope of a subscription as `/products/starter`, `/apis/orders` or `/apis`."""
        return self.text(name)

    def published(self, name: str) -> Sourced[bool]:
        """Return whether the state of a product is that of a published one."""
        state = self.text(name)
        return Sourced(None if state.known is None else state.known.lower() != "notpublished", state.origin)


def fields_of(kind: type, found: Fields) -> dict[str, Sourced[Any]]:
    """Return the fields of a record by their names, as far as they are properties."""
    return {name: _read(found, each) for name, each in _properties(kind).items()}


def record_of(kind: type[D], id_: str, found: Fields) -> D:
    """Return a resource by its properties."""
    return kind(id_, found.origin, workspace=found.workspace, **fields_of(kind, found))


@cache
def _properties(kind: type) -> dict[str, Property]:
    return {each.name: each.metadata[Property] for each in attrs.fields(kind) if Property in each.metadata}


def _read(found: Fields, given: Property) -> Sourced[Any]:
    block, _, name = next((each for each in given.names if found.get(each) is not None), given.names[0]).rpartition(".")
    value: Sourced[Any] = getattr(found.within(block) if block else found, given.reader)(name)
    return value
