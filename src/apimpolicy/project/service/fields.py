"""The fields of resources, from the properties that Azure Resource Manager gives them, wherever these are written.

`description` has the property of each field, so that a file of an extract (`information.Properties`) and a resource of
infrastructure code (`described.Entity`) are read alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, TypeVar

import attrs

from apimpolicy.project.infrastructure.resources import names_in, segments
from apimpolicy.project.infrastructure.values import Unknown, Value, blocks_in, is_known, shown
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
from apimpolicy.project.service.policy_sources import made_up_id

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
    """The properties of one resource, or in a block of one; null counts as not given.

    A value of another kind is a hole. `origin` is the place of all that isn't known better.
    """

    def __init__(self, values: Mapping[str, Value], origin: FileLocation) -> None:
        self.values = values
        self.origin = origin
        self.workspace: str | None = None

    def get(self, name: str) -> Any:
        return self.values.get(name)

    def place(self, name: str, *path: int) -> FileLocation:
        return self.origin

    def problem(self, message: str, part: str = "") -> None:
        raise NotImplementedError

    def within(self, block: str) -> Fields:
        """Return the properties of a block; none without it."""
        return Fields(first_block(self.get(block)), self.place(block))

    def hole(self, name: str, value: Any, kind: type) -> Hole:
        """Return what isn't known, or isn't of the kind that Azure has there."""
        return hole_of(value)

    def field(self, name: str, kind: type[T]) -> Sourced[T]:
        value = self.get(name)
        if value is None:
            return Sourced()
        if isinstance(value, kind) and not (isinstance(value, bool) and kind is int):
            return Sourced(value, self.place(name))
        return Sourced(self.hole(name, value, kind), self.place(name))

    def text(self, name: str) -> Sourced[str]:
        return text_of(self.get(name), self.place(name))

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
        value = self.get(name)
        if value is None:
            return Sourced()
        if not isinstance(value, list) or not all(isinstance(each, str) and is_known(each) for each in value):
            return Sourced(hole_of(value), self.place(name))
        return Sourced(tuple(map(str, value)), self.place(name))

    def last_name(self, name: str) -> Sourced[str]:
        """Return the last part of a resource id; a hole stays one, such as the id of what other code makes."""
        value, origin = self.get(name), self.place(name)
        if value is None:
            return Sourced()
        found = segments(value) if isinstance(value, str) else []
        return Sourced(id_of(found[-1]), origin) if found else Sourced(hole_of(value), origin)

    def scope(self, name: str) -> Sourced[str]:
        """Return the scope of a subscription as `/products/starter`, `/apis/orders` or `/apis`."""
        value, origin = self.get(name), self.place(name)
        if value is None:
            return Sourced()
        if not isinstance(value, str):
            return Sourced(hole_of(value), origin)
        for kind in ("products", "apis"):
            names = names_in(value, [kind])
            if names and isinstance(names[0], Unknown) and names[0].text.startswith(("module.", "data.")):
                return Sourced(hole_of(names[0]), origin)  # of what this code doesn't make
            if names:
                return Sourced(f"/{kind}/{base_id(id_of(names[0]))}", origin)
        parts = [str(each) for each in segments(value)]
        is_for_all = not parts or parts[-1] in ("apis", "") or "service" in parts[-2:]
        return Sourced("/apis" if is_for_all else str(value), origin)

    def published(self, name: str) -> Sourced[bool]:
        """Return whether the state of a product is that of a published one."""
        state = self.text(name)
        return Sourced(state.hole if state.known is None else state.known.lower() != "notpublished", state.origin)


def hole_of(value: Value) -> Hole:
    if isinstance(value, Unknown):
        return Hole(value.text)
    return Hole(shown(value) if isinstance(value, str) else "a value that isn't known")


def text_of(value: Value, origin: FileLocation) -> Sourced[str]:
    if value is None:
        return Sourced()
    if (isinstance(value, str) and is_known(value)) or isinstance(value, int | float):
        return Sourced(str(value), origin)
    return Sourced(hole_of(value), origin)


def id_of(value: Value) -> str:
    """Return a name as an id; what isn't known in it is its text."""
    if isinstance(value, Unknown):
        return made_up_id(value.text)
    text = str(value)
    return text if is_known(text) else made_up_id(shown(text))


def base_id(id_: str) -> str:
    return id_.partition(";rev=")[0]


def first_block(value: Value) -> Mapping[str, Value]:
    return next(iter(blocks_in(value)), {})


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
