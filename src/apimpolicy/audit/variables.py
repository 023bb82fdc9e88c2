"""State at a point besides the facts that the request has proven: its entry, variables, changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from apimpolicy.audit.facts import (
    ADDRESS,
    CERTIFICATE,
    CHOICE,
    NAMED,
    OPAQUE,
    OWN,
    PINNED,
    PRESENTED,
    UNDECIDED,
    Fact,
)
from apimpolicy.audit.states import ALWAYS, FALSE, TRUE, Alternatives, Truth, both, of_fact, truth_of
from apimpolicy.audit.values import UNKNOWN, UNSET, Value, cases, equal, merged, with_default

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from apimpolicy.audit.origins import Origin

_TIMES = frozenset(("NotBefore", "NotAfter"))
_HASHES = frozenset(("Thumbprint", "GetCertHashString", "GetCertHash"))
_SCHEMES = frozenset(("bearer", "basic", "bearer ", "basic "))


class Caller(NamedTuple):
    """The entry of a request: its subscription key, and the product whose policies run."""

    has_key: bool
    product: Mapping[str, str] | None = None
    """Members of the product that expressions read."""


class Target(NamedTuple):
    """Members of the operation and its API that expressions read."""

    operation: Mapping[str, str]
    api: Mapping[str, str]


class Knowledge:
    """The known state; branches work on copies."""

    def __init__(self, caller: Caller, target: Target) -> None:
        self.caller = caller
        self.target = target
        self.variables: dict[str, Value] = {}
        self.others = UNSET
        """The value of all other variables."""
        self.headers: dict[str, int] = {}
        self.written: dict[str, Value] = {}
        """Headers with values that policies have given them."""
        self.generation = 0
        self._counter = [0]
        self.read: set[str] = set()
        """Parts of the operation and its API that conditions read in any branch."""

    def copy(self) -> Knowledge:
        found = object.__new__(Knowledge)
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

    def header_changed(self, name: str | None, value: Value = UNKNOWN) -> None:
        """Note that a header has another value, which may be known; None as the name is any header."""
        self.changed()
        if name is None:
            self.headers, self.written = {"*": self.generation}, {}
            return
        self.headers[name] = self.generation
        self.written[name] = value

    def query_changed(self, name: str | None) -> None:
        self.changed()
        self.headers[f"?{name or '*'}"] = self.generation

    def header_generation(self, name: str) -> int:
        """Return a number for the state of a header: 0 while it is the caller's."""
        return self.headers.get(name, self.headers.get("*", 0))

    def _generation(self, kind: str, name: str) -> int:
        if kind == "header":
            return self.header_generation(name)
        return max(self.headers.get(f"?{name}", 0), self.headers.get("?*", 0))

    def method_changed(self) -> None:
        self.changed()
        self.target = Target({**self.target.operation, "Method": "*"}, self.target.api)

    def forget_variables(self) -> None:
        """Note that a policy may have set any variable."""
        self.changed()
        self.variables, self.others = {}, UNKNOWN

    def variable(self, name: str) -> Value:
        return self.variables.get(name, self.others)

    def set(self, name: str, value: Value) -> None:
        self.changed()
        self.variables[name] = value

    def merge(self, branches: Sequence[tuple[Alternatives, Knowledge]]) -> None:
        """Take over what the branches of a policy know at their ends, each with what has led into it."""
        names = dict.fromkeys(name for _, known in branches for name in known.variables)
        variables: dict[str, Value] = {}
        for name in names:
            variables[name] = merged([(guard, known.variable(name)) for guard, known in branches])
        if any(known.others == UNKNOWN for _, known in branches):
            self.others = UNKNOWN
        if any(known.generation != self.generation for _, known in branches):
            self.changed()
        for header in sorted({header for _, known in branches for header in known.headers}):
            if any(known.headers.get(header) != self.headers.get(header) for _, known in branches):
                if header == "*":
                    self.headers = dict.fromkeys(self.headers, self.generation)
                self.headers[header] = self.generation
        self.variables = variables
        headers = dict.fromkeys(name for _, known in branches for name in known.written)
        self.written = {
            name: merged([(guard, known.written.get(name, UNKNOWN)) for guard, known in branches]) for name in headers
        }

    # What conditions read

    def truth_of_variable(self, name: str, default: str | None = None) -> Truth | None:
        """Return the proofs of a true/false variable; None for another one."""
        value = with_default(self.variable(name), default)
        if value.kind != "cases":
            return None
        words = {(constant or "").lower() for _, constant in value.cases}
        if not words <= {"true", "false", ""}:
            return None
        return cases(value.cases, lambda constant: (constant or "").lower() == "true")

    def absence(self, origin: Origin, *, or_empty: bool = False) -> Truth | None:
        """Return the proofs of `value == null`, or of null or empty; None if not understood."""
        kind, name, members, default = origin
        if default:
            return None
        match kind:
            case "certificate":
                presented = truth_of(Fact(CERTIFICATE, PRESENTED))
                return presented.negated() if not members else Truth(ALWAYS, presented.if_true)
            case "header" if name in self.written and self.written[name].kind == "cases":
                return cases(self.written[name].cases, lambda constant: constant is None or (or_empty and not constant))
            case "header" | "query" if name is not None:
                generation = self._generation(kind, name)
                return truth_of(Fact(CHOICE, f"{kind} '{name}'", (generation,))).negated()
            case "parameter":
                return truth_of(Fact(CHOICE, "the path")).negated()
            case "subscription":
                return FALSE if self.caller.has_key and not members else None if self.caller.has_key else TRUE
            case "user":
                return truth_of(Fact(CHOICE, "an owner of the subscription")).negated() if self.caller.has_key else TRUE
            case "product":
                return TRUE if self.caller.product is None else FALSE if not members else None
            case "operation" | "api" | "url" | "method" | "deployment" if not members:
                return FALSE
            case "lasterror":
                return TRUE
            case "unverified token" | "basic":
                return truth_of(Fact(CHOICE, f"{kind}", (self.generation,))).negated()
            case "variable" if name is not None:
                return self._absence_of_variable(name, members, or_empty)
        return None

    def _absence_of_variable(self, name: str, members: tuple[str, ...], or_empty: bool) -> Truth | None:
        value = self.variable(name)
        if value.kind == "cases":
            return cases(value.cases, lambda constant: constant is None or (or_empty and not constant))
        if value.origin is not None:
            return self.absence(value.origin._replace(members=value.origin.members + members), or_empty=or_empty)
        return FALSE if value.kind in ("answer", "token") and not members else None

    def equality(self, origin: Origin, value: str | int | None, other: Origin) -> Truth | None:
        """Return the proofs of `value == constant`, or `value == other`; None if not understood."""
        kind, name, members, default = origin
        is_written = kind == "header" and name in self.written
        if (
            value == ""
            and not is_written
            and kind not in ("variable", "certificate")
            and (found := self.absence(origin)) is not None
        ):
            return found
        compared = str(value) if value is not None else f"{other.kind} {other.name or ''}".strip()
        match kind:
            case "header" if name in self.written and self.written[name].kind == "cases":
                written = with_default(self.written[name], default)
                return None if value is None else equal(written, str(value), members)
            case "header" | "query" if name is not None:
                if isinstance(value, str) and value.lower() in _SCHEMES:
                    return truth_of(Fact(CHOICE, f"scheme of header '{name}'", (value.lower(),)))
                return self._field(origin, compared)
            case "certificate":
                return _certificate(members, compared)
            case "address":
                return truth_of(Fact(ADDRESS, "", (compared,)))
            case "method" if isinstance(value, str):
                self.read.add("operation")
                method = self.target.operation.get("Method", "*")
                return None if method == "*" else TRUE if method.lower() == value.lower() else FALSE
            case "operation" | "api" | "product" if members and isinstance(value, str):
                return self._entity(kind, members[0], value)
            case "subscription" | "user":
                return truth_of(Fact(OWN, f"the {kind}", (members, compared))) if self.caller.has_key else FALSE
            case "unverified token":
                return truth_of(Fact(OWN, "claims of a token that nothing validates", (members, compared)))
            case "basic":
                return truth_of(Fact(OWN, "user name and password", (members, compared)))
            case "deployment":
                return truth_of(Fact(UNDECIDED, "the gateway's deployment", (members, compared)))
            case "variable" if name is not None:
                return self._equality_of_variable(origin, value, other)
        return None

    def _field(self, origin: Origin, compared: str) -> Truth:
        """Return the proofs of a header or query parameter having a value; the field is present then."""
        kind, name, _, default = origin
        generation = self._generation(kind, name or "")
        present = truth_of(Fact(CHOICE, f"{kind} '{name}'", (generation,)))
        equal = Fact(OWN, f"{kind} '{name}'", (compared, generation))
        found = Truth(both(of_fact(equal), present.if_true), of_fact(equal.opposite))
        return present.negated().or_(found) if default and default == compared else found

    def _entity(self, kind: str, member: str, value: str) -> Truth | None:
        self.read.add(kind)
        known = {"operation": self.target.operation, "api": self.target.api, "product": self.caller.product}[kind]
        if known is None:
            return FALSE
        found = known.get(member)
        return None if found is None else TRUE if found == value else FALSE

    def _equality_of_variable(self, origin: Origin, value: str | int | None, other: Origin) -> Truth | None:
        name, members = origin.name or "", origin.members
        known = with_default(self.variable(name), origin.default)
        if known.kind == "cases":
            return None if value is None else equal(known, str(value), members)
        if known.origin is not None:
            return self.equality(known.origin._replace(members=known.origin.members + members), value, other)
        if known.kind in ("answer", "token"):
            words = "the answer of a request of the policy's own" if known.kind == "answer" else "a claim of the token"
            return truth_of(Fact(OWN, words, (name, members, str(value))))
        return None


def _certificate(members: tuple[str, ...], compared: str) -> Truth:
    presented = Fact(CERTIFICATE, PRESENTED)
    if members[:1] and members[0] in _TIMES:
        one = Fact(OPAQUE, f"certificate's {members[0]}", (compared,))
        return Truth(frozenset((frozenset((presented, one)),)), frozenset((frozenset((presented, one.opposite)),)))
    parts = {"StartsWith", "EndsWith", "Contains", "IsMatch", "Substring", "Length"} & {*members}
    kind = PINNED if not parts and (not members or members[0] in _HASHES) else NAMED
    found = Fact(CERTIFICATE, kind, (compared,) if kind == PINNED else (*members[:1], compared))
    return Truth(frozenset((frozenset((presented, found)),)), frozenset((frozenset((found.opposite,)),)))
