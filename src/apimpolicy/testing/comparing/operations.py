"""Pairs of operations of two services, and the groups of pairs whose effective programs differ in the same way.

Operations are paired by path, method and template, then by their ids. For each caller, the program of all scopes is
composed on both sides: where they are the same without their layout, nothing is to be compared.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator, Mapping, Sequence, Set
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, NamedTuple

from apimpolicy.errors import ApimPolicyError, DiagnosticError
from apimpolicy.project.service.completion import source_of
from apimpolicy.reasoning.scenarios.harness import StandIns
from apimpolicy.report.difference_data import DIFFERENT, ERROR, UNDECIDED
from apimpolicy.testing.claims.services import KeyedCaller, ServiceRoute, callers_of, routes_of
from apimpolicy.testing.comparing.elements import of_element, of_program
from apimpolicy.testing.tree import problem_in_words
from apimpolicy.text.markup import read

if TYPE_CHECKING:
    from apimpolicy.gateway.engine.document import AnyPolicy
    from apimpolicy.gateway.engine.steps import Program
    from apimpolicy.testing.comparing.sides import ServiceSide

_MOST_GROUPS = 4
_OF_OPERATION = re.compile(r"\.\s*(?:Method|Operation)\b")
_PARAMETER = re.compile(r"\{(\*?)[^{}/]*\}")


class Effective(NamedTuple):
    """An effective program: without layout to compare it, and the program itself, or why it can't be read."""

    canonical: Hashable
    program: Program | None
    problem: ApimPolicyError | None = None
    reads_operation: bool = False


class RouteGroup(NamedTuple):
    """Pairs of routes that have the same two programs, which differ."""

    pairs: list[tuple[ServiceRoute, ServiceRoute]]
    old: Effective
    new: Effective

    @property
    def operations(self) -> tuple[str, ...]:
        """The operations, each once."""
        return tuple(dict.fromkeys(new.label for _, new in self.pairs))


class PairedOperations:
    """The operations of both sides. Raises ConfigurationError when routes can't be found."""

    def __init__(self, old: ServiceSide, new: ServiceSide) -> None:
        self.old = old
        self.new = new
        services = old.gateway.service, new.gateway.service
        assert services[0] is not None
        assert services[1] is not None
        self.callers = _callers(old, new)
        self._known: tuple[dict[Hashable, Effective], dict[Hashable, Effective]] = ({}, {})
        routes = [
            routes_of(service, self.callers, with_all_products=True) for service in services if service is not None
        ]
        self.pairs = [pair for apis in _paired_apis(*routes) for pair in _paired_routes(*apis)]
        self._all = [[route for api in side.values() for route in api] for side in routes]

    def not_paired(self, changed: Set[str]) -> Iterator[str]:
        """Yield a sentence for each operation of one side alone, unless `changed` has the name of its API or product.

        `changed` are the names of the groups of settings that differ.
        """
        for at, side in enumerate(self._all):
            paired = {_key_of_route(pair[at]) for pair in self.pairs}
            for route in side:
                product = route.caller.target if route.caller is not None and route.caller.kind == "product" else ""
                if (
                    changed.isdisjoint((f"API {route.api}", f"product {product}"))
                    and _key_of_route(route) not in paired
                ):
                    yield f"not compared: {route.label}, which only the {('old', 'new')[at]} version has"

    def groups(self) -> list[RouteGroup]:
        """Return the groups whose programs differ, those with the first route of each pair of programs first.

        Programs that read the method or the operation have a group for each of some.
        """
        found: dict[Hashable, dict[str, RouteGroup]] = {}
        for one, other in self.pairs:
            old, new = self._effective(0, one), self._effective(1, other)
            if old.canonical != new.canonical:
                of_programs = found.setdefault((old.canonical, new.canonical), {})
                key = _group_of(other, of_programs) if old.reads_operation or new.reads_operation else ""
                of_programs.setdefault(key, RouteGroup([], old, new)).pairs.append((one, other))
        return [group for rank in zip_longest(*map(dict.values, found.values())) for group in rank if group is not None]

    def problems(self) -> dict[str, str]:
        """Return the first line of each problem that an unchanged program has on both sides."""
        found: dict[str, str] = {}
        for one, other in self.pairs:
            old, new = self._effective(0, one), self._effective(1, other)
            if old.canonical == new.canonical and new.problem is not None:
                found.setdefault(str(new.problem).strip().splitlines()[0], other.label)
        return found

    def _effective(self, side: int, route: ServiceRoute) -> Effective:
        key = tuple(
            (scope, id(policy) if not isinstance(policy, str) else policy) for scope, policy in route.policies.items()
        )
        found = self._known[side].get(key)
        if found is None:
            found = self._known[side][key] = _effective((self.old, self.new)[side], route.policies)
        return found


def _group_of(route: ServiceRoute, groups: Mapping[str, RouteGroup]) -> str:
    alike = [key for key, group in groups.items() if group.pairs[0][1].method == route.method]
    return alike[0] if alike and len(groups) >= _MOST_GROUPS and route.label not in groups else route.label


def _effective(side: ServiceSide, policies: Mapping[str, AnyPolicy]) -> Effective:
    try:
        program = side.program(policies)
    except ApimPolicyError as error:
        return Effective(("unread", tuple(_as_written(policies))), None, error)
    made_up = StandIns(side.gateway.made_up.get("named_values", frozenset()))
    reads_operation = any(_OF_OPERATION.search(step.element.raw) is not None for step in program.steps())
    return Effective(_hashable(of_program(program, made_up)), program, reads_operation=reads_operation)


def _hashable(value: Any) -> Hashable:
    return tuple(map(_hashable, value)) if isinstance(value, (list, tuple)) else value


def _as_written(policies: Mapping[str, AnyPolicy]) -> Iterator[Hashable]:
    """Yield the documents of scopes without layout, as far as they can be read."""
    for scope, policy in policies.items():
        try:
            yield scope, tuple(of_element(root) for root in read(source_of(policy)).roots)
        except ApimPolicyError:
            yield scope, str(policy)


class LoadingResult(NamedTuple):
    """The result of a comparison where a version can't be loaded: as the fields of a report."""

    status: str
    reasons: tuple[str, ...] = ()
    problem: str = ""

    @classmethod
    def of(cls, old: ApimPolicyError | None, new: ApimPolicyError | None) -> LoadingResult:
        """Return the result for the problems of both versions, of which at least one has one."""
        if new is None:
            assert old is not None
            return cls(DIFFERENT, (), f"the old version can't be loaded, the new one can: {problem_in_words(old)}")
        words = problem_in_words(new)
        if old is not None and _identity(old) == _identity(new):
            return cls(UNDECIDED, (f"both versions have a problem: {words.strip().splitlines()[0]}",))
        return cls(ERROR, (), words)


def _identity(error: ApimPolicyError) -> object:
    """Return a problem, whatever the file is called and where in it it is."""
    if isinstance(error, DiagnosticError):
        return [(each.code, each.message) for each in error.diagnostics]
    return type(error), str(error)


# Pairs


def _callers(old: ServiceSide, new: ServiceSide) -> list[KeyedCaller]:
    """Return the callers of both services; an API with another id at the same path has the same caller's key."""
    assert old.gateway.service is not None
    assert new.gateway.service is not None
    callers = callers_of(old.gateway.service, new.gateway.service)
    by_path: dict[object, KeyedCaller] = {}
    for service in (old.gateway.service, new.gateway.service):
        for api in service.apis:
            caller = next(each for each in callers if (each.kind, each.target) == ("api", api.base_id))
            first = by_path.setdefault((api.api.path.lower(), api.api.version), caller)
            if first is not caller and service is new.gateway.service:
                callers[callers.index(caller)] = type(caller)(caller.kind, caller.target, first.number)
    return callers


def _paired_apis(
    old: Mapping[str, list[ServiceRoute]], new: Mapping[str, list[ServiceRoute]]
) -> Iterator[tuple[list[ServiceRoute], list[ServiceRoute]]]:
    left = {id_.lower(): routes for id_, routes in new.items() if routes}
    by_place = {_place(routes[0]): id_ for id_, routes in left.items()}
    for id_, routes in old.items():
        if not routes:
            continue
        found = by_place.get(_place(routes[0]))
        if found is None or found not in left:
            found = id_.lower() if id_.lower() in left and _is_free(left[id_.lower()], old) else None
        if found is not None:
            yield routes, left.pop(found)


def _is_free(routes: Sequence[ServiceRoute], old: Mapping[str, list[ServiceRoute]]) -> bool:
    """Return whether no API had the path of these routes before."""
    return all(not others or _place(others[0]) != _place(routes[0]) for others in old.values())


def _place(route: ServiceRoute) -> object:
    versions = {name.lower(): value for name, value in route.headers.items() if not is_key(route, value)}
    return route.prefix.lower(), tuple(sorted(versions.items())), route.query


def is_key(route: ServiceRoute, value: str) -> bool:
    return route.caller is not None and value == route.caller.key


def _paired_routes(
    old: Sequence[ServiceRoute], new: Sequence[ServiceRoute]
) -> Iterator[tuple[ServiceRoute, ServiceRoute]]:
    known: dict[object, ServiceRoute] = {}
    for route in new:
        known.setdefault(_key(route), route)
    for route in old:
        if (other := known.get(_key(route))) is not None:
            yield route, _at_same_url(route, other)


def _at_same_url(old: ServiceRoute, new: ServiceRoute) -> ServiceRoute:
    """Return a route whose requests have the URLs of another one, which differ in names of parameters at most."""
    return new.replaced(template=old.template) if old.prefix.lower() == new.prefix.lower() else new


def _key_of_route(route: ServiceRoute) -> object:
    return route.api, _key(route)


def _key(route: ServiceRoute) -> object:
    path = route.label.partition(" ")[2].removeprefix(route.prefix)
    return route.method, _PARAMETER.sub(r"{\1}", path).rstrip("/").lower(), _caller(route)


def _caller(route: ServiceRoute) -> object:
    if route.caller is None or route.caller.kind == "api":
        return None if route.caller is None else "api"
    return route.caller.target.lower()
