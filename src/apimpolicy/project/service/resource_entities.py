"""One resource of infrastructure code, and how its properties are read as fields of a description."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.diagnostics import Severity
from apimpolicy.infrastructure.resources import Resource, names_in, segments
from apimpolicy.infrastructure.values import TooLarge, Unknown, Value, is_fully_known, is_known, json_text, shown
from apimpolicy.project.service.description import Field, Hole, Origin, PolicyText, Problem
from apimpolicy.project.service.policy_sources import slug

if TYPE_CHECKING:
    from apimpolicy.project.service.policy_sources import UnknownValues


class Entity:
    """A resource with the ids in its name; problems are added to a list."""

    def __init__(
        self,
        resource: Resource,
        ids: list[str],
        workspace: str | None,
        unknown: UnknownValues,
        problems: list[Problem],
    ) -> None:
        self.unknown = unknown
        self.problems = problems
        self.resource = resource
        self.ids = ids
        self.workspace = workspace
        self.origin = Origin(resource.source.path, *resource.source.position(resource.start))

    @property
    def id(self) -> str:
        return self.ids[-1]

    def problem(self, message: str, part: str = "", help: str = "") -> None:
        """Report something in the resource that can't be used."""
        self.problems.append(Problem(message, self.origin, part, help, severity=Severity.WARNING))

    def place(self, name: str) -> Origin:
        """Return where a property is written."""
        found = self.resource.places.get(name)
        return self.origin if found is None else Origin(found[0].path, *found[0].position(found[1]))

    def text(self, name: str) -> Field[str]:
        return text_of(self.resource.properties.get(name), self.place(name))

    def flag(self, name: str) -> Field[bool]:
        return flag_of(self.resource.properties.get(name), self.place(name))

    def texts(self, name: str) -> Field[tuple[str, ...]]:
        value = self.resource.properties.get(name)
        if value is None:
            return Field()
        if not isinstance(value, list) or not all(isinstance(each, str) and is_known(each) for each in value):
            return Field(hole_of(value), self.place(name))
        return Field(tuple(map(str, value)), self.place(name))

    def policy(self, part: str) -> PolicyText | None:
        """Return the policy of the resource; one that isn't known is a problem."""
        form = str(self.resource.properties.get("format") or "").lower()
        link = self.resource.properties.get("link")
        value = self.resource.properties.get("value")
        if link is not None or form.endswith("-link"):
            written = link if link is not None else value
            shown_link = written.text if isinstance(written, Unknown) else written
            self.problem(f"{part} isn't known: it comes from {shown_link}", part)
            return None
        return self.policy_of(value, part)

    def policy_of(self, value: Value, part: str) -> PolicyText | None:
        if not isinstance(value, str):
            reason = value.text if isinstance(value, Unknown) else "nothing is written"
            self.problem(f"{part} isn't known: {reason}", part)
            return None
        source, start = self.resource.places.get("value", (self.resource.source, self.resource.start))
        return self.unknown.policy(value, source, start)


def hole_of(value: Value) -> Hole:
    if isinstance(value, Unknown):
        return Hole(value.text)
    return Hole(shown(value) if isinstance(value, str) else "a value that isn't known")


def text_of(value: Value, origin: Origin) -> Field[str]:
    if value is None:
        return Field()
    if isinstance(value, str) and is_known(value):
        return Field(str(value), origin)
    if isinstance(value, int | float):
        return Field(str(value), origin)
    return Field(hole_of(value), origin)


def flag_of(value: Value, origin: Origin) -> Field[bool]:
    if isinstance(value, str) and value.lower() in ("true", "false"):
        value = value.lower() == "true"
    if value is None or isinstance(value, bool):
        return Field(value, origin)
    return Field(hole_of(value), origin)


def whole_number_of(value: Value, origin: Origin) -> Field[int]:
    if isinstance(value, str) and value.isdecimal():
        value = int(value)
    if value is None or (isinstance(value, int) and not isinstance(value, bool)):
        return Field(value, origin)
    return Field(hole_of(value), origin)


def last_name_of(value: Value, origin: Origin) -> Field[str]:
    """Return the last name of a resource's id."""
    if value is None:
        return Field()
    found = segments(value) if isinstance(value, str | Unknown) else []
    return Field(id_of(found[-1]), origin) if found else Field(hole_of(value), origin)


def scope_of(value: Value, origin: Origin) -> Field[str]:
    """Return the scope of a subscription as `/products/starter`, `/apis/orders` or `/apis`."""
    if isinstance(value, Unknown):
        return Field(hole_of(value), origin)
    for kind in ("products", "apis"):
        names = names_in(value, [kind])
        if names:
            return Field(f"/{kind}/{id_of(names[0])}", origin)
    parts = [str(each) for each in segments(value)] if isinstance(value, str) else []
    return Field("/apis" if not parts or parts[-1] in ("apis", "") or "service" in parts[-2:] else str(value), origin)


def id_of(value: Value) -> str:
    """Return a name as an id; what isn't known in it is its text."""
    if isinstance(value, Unknown):
        return slug(value.text)
    text = str(value)
    return text if is_known(text) else slug(shown(text))


def json_of(value: dict[str, Any]) -> Value:
    """Return a document that is written as an object as its JSON text; as it is if it isn't known."""
    try:
        return json_text(value) if is_fully_known(value) else value
    except TooLarge:
        return value


def base_id(id_: str) -> str:
    return id_.partition(";rev=")[0]


def first_block(value: Value) -> dict[str, Any]:
    found = value[0] if isinstance(value, list) and value else value
    return found if isinstance(found, dict) else {}


def below_workspace(resource: Resource) -> tuple[str, list[Value], str | None]:
    """Return type and names without those of the workspace, and the workspace's id."""
    names = list(resource.names)
    if resource.type.startswith("workspaces/"):
        return resource.type.partition("/")[2], names[1:], id_of(names[0])
    return resource.type, names, None
