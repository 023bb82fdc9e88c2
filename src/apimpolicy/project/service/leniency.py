"""Stand-ins for missing parts of a service: whether they are allowed, and the list of them.

Commands load what they are given inside of `lenient()`: whatever is loaded in the block gets stand-ins, and problems
disable their part only. Elsewhere (the library, pytest's `apim`) the first problem is a ConfigurationError.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from apimpolicy.checkout import open_bytes
from apimpolicy.errors import ConfigurationError
from apimpolicy.gateway.engine import document
from apimpolicy.project.environments import selected, service_name

if TYPE_CHECKING:
    from apimpolicy.gateway.engine.document import AnyPolicy
    from apimpolicy.project.service.completion import ServiceCompletion
    from apimpolicy.project.service.description import Problem, ServiceDescription
    from apimpolicy.project.service.stand_ins import StandIn
    from apimpolicy.text.source import Source


class Leniency:
    """Stand-ins and problems of everything that was loaded, each once.

    With `is_strict` any of it is an error. `is_shown` says that the list was printed, or that a report has it.
    """

    def __init__(self, *, is_strict: bool = False) -> None:
        self.is_strict = is_strict
        self.is_shown = False
        self._stand_ins: dict[tuple[str, str], StandIn] = {}
        self._problems: dict[tuple[str, str], Problem] = {}

    def add(self, stand_ins: Iterable[StandIn], problems: Iterable[Problem]) -> None:
        """Add to the list. Raises ConfigurationError when that is strict and there is something to add."""
        for found in stand_ins:
            self._stand_ins.setdefault((found.kind, found.name), found)
        for problem in problems:
            self._problems.setdefault((problem.message, str(problem.origin)), problem)
        if self.is_strict and self:
            self.is_shown = True
            raise ConfigurationError("\n".join(_sentences(self)))

    def rename(self, named: Callable[[str], str]) -> None:
        """Give the files that the list names other names, each entry once."""
        import attrs

        found = list(self._stand_ins.values()), list(self._problems.values())
        self._stand_ins, self._problems = {}, {}
        self.add(
            (each._replace(origin=each.origin._replace(file=named(each.origin.file))) for each in found[0]),
            (attrs.evolve(each, origin=each.origin._replace(file=named(each.origin.file))) for each in found[1]),
        )

    @property
    def stand_ins(self) -> list[StandIn]:
        return list(self._stand_ins.values())

    @property
    def problems(self) -> list[Problem]:
        return list(self._problems.values())

    def __bool__(self) -> bool:
        return bool(self._stand_ins or self._problems)


_NEEDS = re.compile(rb"\{\{|\$[({]|<<|#\{|__|-id\s*=|managed-identity|openid-config|thumbprint\s*=")


def may_need_stand_ins(policies: Iterable[AnyPolicy]) -> bool:
    """Return whether policies may name something besides themselves, at a glance, which imports nothing."""
    for policy in policies:
        text: object = policy
        if isinstance(policy, Path):
            try:
                with open_bytes(policy) as file:
                    text = file.read()
            except OSError:
                return True
        if isinstance(text, str):
            text = text.encode("utf-8", "surrogatepass")
        if not isinstance(text, bytes) or _NEEDS.search(text) is not None:
            return True
    return False


def _sentences(found: Leniency) -> Iterator[str]:
    yield from map(str, found.problems)
    for each in found.stand_ins:
        yield f"{each.origin}: the {each.kind} '{each.name}' is missing: {each.purpose}"


_current: Leniency | None = None


@contextmanager
def lenient(found: Leniency | None = None) -> Iterator[Leniency]:
    """Stand in for what is missing in everything that is loaded inside of the block; `found` gets the list."""
    global _current
    before, _current = _current, Leniency() if found is None else found
    try:
        with named_placeholders():
            yield _current
    finally:
        _current = before


def allow(found: Leniency) -> None:
    """Stand in for what is missing in everything that this process loads from now on."""
    global _current
    _current = found


@contextmanager
def named_placeholders() -> Iterator[None]:
    """Read placeholders of templates as named values in all policies that are loaded inside of the block."""
    before, document.read_template = document.read_template, read_named_placeholders
    try:
        yield
    finally:
        document.read_template = before


def read_named_placeholders(source: Source) -> Source:
    """Return a policy whose placeholders of templates are references to named values."""
    from apimpolicy.project.embedded.shapes import with_named_placeholders

    return with_named_placeholders(source)


def leniency() -> Leniency | None:
    """Return the list to add to; None if a problem is an error."""
    return _current


_ELSEWHERE = frozenset(
    {"answers", "backend", "cache", "dapr", "guids", "now", "outside", "random-numbers", "request-ids", "seed"}
)
"""Settings that change neither a service nor what it misses."""


class KeptServices:
    """Descriptions and completions by all that they depend on, besides the files, which must stay the same."""

    def __init__(self) -> None:
        self._descriptions: dict[object, ServiceDescription | None] = {}
        self._completions: dict[object, ServiceCompletion] = {}

    def description(
        self, folder: str | None, values: Mapping[str, Any], make: Callable[[], ServiceDescription | None]
    ) -> ServiceDescription | None:
        """Return the description of a folder for a configuration, made when it is first wanted."""
        key = folder, selected(), service_name(), settings_key(values)
        if key not in self._descriptions:
            self._descriptions[key] = make()
        return self._descriptions[key]

    def completion(
        self,
        description: ServiceDescription | None,
        values: Mapping[str, Any],
        known: Mapping[str, Any],
        make: Callable[[], ServiceCompletion],
    ) -> ServiceCompletion:
        """Return a service's needs besides configuration and settings; computed on first use."""
        providers = known.get("openid_providers") or ()
        urls = [_urls(each) for each in (providers if isinstance(providers, (list, tuple)) else [providers])]
        key = id(description), settings_key(values), tuple(known.get("certificates") or ()), tuple(urls)
        if key not in self._completions:
            self._completions[key] = make()
        return self._completions[key]


def _urls(provider: object) -> object:
    """Return a key that is equal for providers that publish at the same URLs."""
    return tuple(getattr(provider, "urls", ())) or id(provider)


def settings_key(values: Mapping[str, Any]) -> str:
    """Return the settings of a configuration, as far as a service depends on them, as a key."""
    return repr({name: value for name, value in values.items() if name not in _ELSEWHERE})
