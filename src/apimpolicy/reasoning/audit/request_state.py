"""The state of a request at a point besides what it has proven: its fields, the variables, and their sources."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple, Self

from apimpolicy.reasoning.audit.origins import ValueOrigin
from apimpolicy.reasoning.audit.sources import (
    NO_SOURCES,
    OF_GATEWAY,
    OF_UNKNOWN,
    UNKNOWN,
    UNSET,
    KnownValue,
    Parts,
    Sources,
    ValueSource,
    merged,
)
from apimpolicy.reasoning.audit.states import ALWAYS, Alternatives

if TYPE_CHECKING:
    from apimpolicy.reasoning.languages.language import Language

_OF_REQUEST = frozenset(("certificate", "address", "body", "url", "method", "subscription", "user", "connection"))


class AuditedCaller(NamedTuple):
    """The entry of a request: its subscription key, and the product whose policies run."""

    has_key: bool
    product: Mapping[str, str] | None = None
    """Members of the product that expressions read."""


class AuditedTarget(NamedTuple):
    """Members of the operation and its API that expressions read."""

    operation: Mapping[str, str]
    api: Mapping[str, str]
    paths: Language | None = None
    """The paths of its requests, with that of the API and without; None when policies or the service choose them."""


class RequestState:
    """Knowledge about the request and variables at a point; branches work on copies."""

    def __init__(self, caller: AuditedCaller, target: AuditedTarget) -> None:
        self.caller = caller
        self.target = target
        self.variables: dict[str, KnownValue] = {}
        self.others = UNSET
        """The value of all other variables."""
        self.headers: dict[str, int] = {}
        self.written: dict[str, KnownValue] = {}
        """Headers, and parameters of the query behind a `?`, with values that policies have given them."""
        self.generation = 0
        self._counter = [0]
        self.read: set[str] = set()
        """Parts of the operation and its API that conditions read in any branch."""
        self.fields: set[ValueSource] = set()
        """Headers and parameters of the query that expressions read."""
        self.assigned: dict[str, Sources] = {}
        """The sources of all that any branch has assigned to a variable."""

    def copy(self) -> Self:
        found = object.__new__(type(self))
        found.__dict__.update(self.__dict__)
        found.variables, found.headers, found.written = dict(self.variables), dict(self.headers), dict(self.written)
        return found

    def next_generation(self) -> int:
        """Return a number for a state of the request that no condition has seen before."""
        self._counter[0] += 1
        return self._counter[0]

    def changed(self) -> None:
        """Note that a policy changed something that conditions may look at."""
        self.generation = self.next_generation()

    def header_changed(self, name: str | None, value: KnownValue = UNKNOWN) -> None:
        """Note that a header has another value, which may be known; None as the name is any header."""
        self.changed()
        if name is None:
            self.headers, self.written = {"*": self.generation}, {}
            return
        self.headers[name] = self.generation
        self.written[name] = value

    def query_changed(self, name: str | None, value: KnownValue = UNKNOWN) -> None:
        self.changed()
        if name is None:
            self.written = {each: known for each, known in self.written.items() if not each.startswith("?")}
        else:
            self.written[f"?{name}"] = value
        self.headers[f"?{name or '*'}"] = self.generation

    def body_changed(self, value: KnownValue) -> None:
        self.changed()
        self.written["body"] = value

    def path_changed(self) -> None:
        self.target = self.target._replace(paths=None)

    def is_written(self, origin: ValueOrigin) -> bool:
        """Return whether a policy has changed a header or a parameter of the query."""
        return origin.name is None or bool(self.generation_of(origin.kind, origin.name))

    def written_to(self, origin: ValueOrigin) -> KnownValue:
        return self.field(f"?{origin.name}" if origin.kind == "query" else origin.name or "*")

    def field(self, key: str) -> KnownValue:
        """Return the value of a header, a parameter of the query behind a `?`, or the body."""
        if key in self.written:
            return self.written[key]
        if key == "body":
            return KnownValue("unknown", parts=((ALWAYS, frozenset((ValueSource("body"),))),))
        kind, name = ("query", key[1:]) if key.startswith("?") else ("header", key)
        if name == "*" or self.generation_of(kind, name):
            return UNKNOWN
        return KnownValue(
            "origin", origin=ValueOrigin(kind, name), parts=((ALWAYS, frozenset((ValueSource(kind, name),))),)
        )

    def parts_of(self, origin: ValueOrigin) -> Parts:
        return self.variable(origin.name or "").parts if origin.kind == "variable" else self.written_to(origin).parts

    def sources_of(self, origin: ValueOrigin) -> Sources:
        """Return the sources of a value by its origin, whatever of it is read."""
        kind, name = origin.kind, origin.name
        if kind in ("header", "query", "variable") and name is not None:
            if kind != "variable":
                self.fields.add(ValueSource(kind, name))
            return NO_SOURCES.union(*(sources for _, sources in self.parts_of(origin)))
        if kind in ("header", "headers", "query"):
            kind = kind.removesuffix("s")
            changed = [key for key in self.written if key.startswith("?") == (kind == "query") and key != "body"]
            return NO_SOURCES.union({ValueSource(kind)}, *(self.written[key].sources for key in changed))
        if kind == "body":
            return self.field("body").sources
        if kind in ("parameter", "parameters"):
            return frozenset((ValueSource("parameter", name or ""),))
        if kind in _OF_REQUEST:
            return frozenset((ValueSource(kind),))
        if kind in ("response", "lasterror"):
            return frozenset((ValueSource("response"),))
        return OF_UNKNOWN if kind in ("variable", "variables") else OF_GATEWAY

    def header_generation(self, name: str) -> int:
        """Return a number for the state of a header: 0 while it is the caller's."""
        return self.headers.get(name, self.headers.get("*", 0))

    def generation_of(self, kind: str, name: str) -> int:
        """Return a number for the state of a header or a parameter of the query: 0 while it is the caller's."""
        if kind == "header":
            return self.header_generation(name)
        return max(self.headers.get(f"?{name}", 0), self.headers.get("?*", 0))

    def method_changed(self) -> None:
        self.changed()
        self.target = self.target._replace(operation={**self.target.operation, "Method": "*"})

    def forget_variables(self) -> None:
        """Note that a policy may have set any variable."""
        self.changed()
        self.variables, self.others = {}, UNKNOWN

    def after_any_policy(self) -> Self:
        """Return the state after an error: variables may have what any branch has assigned to them, or nothing."""
        found = self.copy()
        found.forget_variables()
        parts = {name: ((ALWAYS, sources),) for name, sources in self.assigned.items()}
        found.variables = {name: KnownValue("unknown", parts=each) for name, each in parts.items()}
        return found

    def variable(self, name: str) -> KnownValue:
        return self.variables.get(name, self.others)

    def set(self, name: str, value: KnownValue) -> None:
        self.changed()
        self.assigned[name] = self.assigned.get(name, NO_SOURCES) | value.sources
        self.variables[name] = value

    def merge(self, branches: Sequence[tuple[Alternatives, Self]]) -> None:
        """Take over what the branches of a policy know at their ends, each with what has led into it."""
        if any(branch.target.paths is not self.target.paths for _, branch in branches):
            self.path_changed()
        if any(branch.target.operation != self.target.operation for _, branch in branches):
            self.method_changed()
        names = dict.fromkeys(name for _, branch in branches for name in branch.variables)
        variables: dict[str, KnownValue] = {}
        for name in names:
            variables[name] = merged([(guard, branch.variable(name)) for guard, branch in branches])
        if any(branch.others == UNKNOWN for _, branch in branches):
            self.others = UNKNOWN
        if any(branch.generation != self.generation for _, branch in branches):
            self.changed()
        for header in sorted({header for _, branch in branches for header in branch.headers}):
            if any(branch.headers.get(header) != self.headers.get(header) for _, branch in branches):
                if header == "*":
                    self.headers = dict.fromkeys(self.headers, self.generation)
                self.headers[header] = self.generation
        self.variables = variables
        headers = dict.fromkeys(name for _, branch in branches for name in branch.written)
        self.written = {name: merged([(guard, branch.field(name)) for guard, branch in branches]) for name in headers}
