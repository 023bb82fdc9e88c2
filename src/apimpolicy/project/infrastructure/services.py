"""The services that deployments make: what one of them deploys, less what is for another service, and what is joined.

A resource names its service, as a value that may be unknown. The resources of one deployment are split where it names
several services for certain. Deployments are joined that name the same known service, and templates of one folder that
take its name from the same parameter, unless they deploy different resources of the same name. All others are services
of their own: nothing says that they belong together.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from apimpolicy.project.infrastructure.values import Unknown, Value, can_equal, hole, is_known
from apimpolicy.records import Record

if TYPE_CHECKING:
    from apimpolicy.project.infrastructure.resources import Reading, Resource


class DeployedService(Record):
    """The resources of one service in the deployments that add to it.

    `name` is that of the service, None if nothing is written. `doubtful` are resources that may be of another service
    of the same deployment, `conflicts` sentences about deployments that could be joined otherwise.
    """

    name: Value
    readings: list[Reading]
    resources: list[Resource]
    conflicts: Sequence[tuple[str, Resource]] = ()

    @property
    def known_name(self) -> str:
        """The name of the service; empty if it isn't known."""
        return self.name if isinstance(self.name, str) and is_known(self.name) else ""

    @property
    def is_made_here(self) -> bool:
        """Return whether the code makes the service itself, and not only resources in it."""
        return any(not each.type for each in self.resources)

    @property
    def has_apis(self) -> bool:
        return any(each.type in ("apis", "workspaces/apis") for each in self.resources)

    def may_be(self, other: DeployedService) -> bool:
        """Return whether another deployment may add to the same service."""
        if self.is_made_here and other.is_made_here:
            return bool(self.known_name) and self.known_name.lower() == other.known_name.lower()
        return _can_equal(self.name, other.name)


def services_of(readings: Iterable[Reading]) -> list[DeployedService]:
    """Return the services of deployments, in order; a deployment without resources is one of its own."""
    found: list[DeployedService] = []
    for part in (part for reading in readings for part in split(reading)):
        same = next((each for each in found if _is_same(each, part)), None)
        if same is None:
            found.append(part)
            continue
        conflict = _conflict(same, part)
        if conflict is None:
            same.resources += part.resources
            same.readings += part.readings
            continue
        one, other = conflict
        words = f"{one.source.path} and {other.source.path} deploy different resources '{other.address}' to one service"
        same.conflicts = (*same.conflicts, (words, one))
        part.conflicts = (*part.conflicts, (words, other))
        found.append(part)
    return found


def split(reading: Reading) -> list[DeployedService]:
    """Return the services of one deployment; a resource that may be of several is in each of them, with a doubt."""
    made = list(dict.fromkeys(_text(each.service) for each in reading.resources if not each.type))
    others = [_text(each.service) for each in reading.resources if each.type and each.service is not None]
    known = (name for name in dict.fromkeys(others) if is_known(name))
    known = (name for name in known if not any(_can_equal(name, each) for each in made))
    heads = list({name.lower(): name for name in (*made, *known)}.values())
    if len(heads) < 2:
        name = next((each.service for each in reading.resources if not each.type), None)
        named = (each.service for each in reading.resources if each.service is not None)
        best = sorted(named, key=lambda each: not (isinstance(each, str) and is_known(each)))
        return [DeployedService(name if made else next(iter(best), None), [reading], reading.resources)]
    found = {name: DeployedService(name, [reading], []) for name in heads}
    for each in reading.resources:
        fitting = _fitting(each, heads)
        doubts = each.doubts | {f"the service of {each.address}"} if len(fitting) > 1 else each.doubts
        for name in fitting:
            found[name].resources.append(each.replaced(doubts=doubts))
    return list(found.values())


def _fitting(resource: Resource, heads: list[str]) -> list[str]:
    """Return the services that a resource may be in, of those of its deployment."""
    own = _text(resource.service)
    equal = [name for name in heads if name.lower() == own.lower()]
    return equal or [name for name in heads if _can_equal(resource.service, name)] or heads


def _is_same(one: DeployedService, other: DeployedService) -> bool:
    """Return whether both are the same service for certain."""
    if one.known_name:
        return one.known_name.lower() == other.known_name.lower()
    if not isinstance(one.name, Unknown) or one.name != other.name or (one.is_made_here and other.is_made_here):
        return False
    places = {os.path.dirname(each.place) for each in (*one.readings, *other.readings)}
    return len(places) == 1 and all(os.path.isfile(each.place) for each in (*one.readings, *other.readings))


def _conflict(one: DeployedService, other: DeployedService) -> tuple[Resource, Resource] | None:
    """Return two different resources of the same name, of two deployments to one service."""
    known = {_key(each): each for each in one.resources}
    for each in other.resources:
        same = known.get(_key(each))
        if same is not None and same.properties != each.properties:
            return same, each
    return None


def _key(resource: Resource) -> tuple[str, ...]:
    revision = resource.properties.get("apiRevision") if resource.type == "apis" else None
    return (resource.type, *(_text(each).lower() for each in resource.names), _text(revision))


def _text(name: Value) -> str:
    return hole(name) if isinstance(name, Unknown) else "" if name is None else str(name)


def _can_equal(one: Value, other: Value) -> bool:
    """Return whether two names can be the same; one that isn't written can be any."""
    first, second = _text(one).lower(), _text(other).lower()
    if not first or not second or first == second:
        return True
    return not (is_known(first) and is_known(second)) and can_equal(first, second)
