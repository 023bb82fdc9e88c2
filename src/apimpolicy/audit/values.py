"""The values of variables and headers, as far as policies have set them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from apimpolicy.audit.sources import NO_SOURCES, OF_GATEWAY, OF_UNKNOWN, Sources
from apimpolicy.audit.states import ALWAYS, NEVER, Alternatives, Truth, both, either

if TYPE_CHECKING:
    from apimpolicy.audit.origins import Origin

MOST_CASES = 16
Parts = tuple[tuple[Alternatives, Sources], ...]
"""The sources of a value, each with what was proven where the value has them."""
_LOWERS = frozenset(("ToLower", "ToLowerInvariant"))


class Value(NamedTuple):
    """The value of a variable: one of a few constants, each with what was proven where it is assigned; or an origin.

    None as a constant is a variable that isn't set. `kind` is `cases`, `origin`, `answer` (of a request of the
    policy's own), `cached`, `token` (that was validated), `credential` (of the gateway) or `unknown`.
    """

    kind: str
    cases: tuple[tuple[Alternatives, str | None], ...] = ()
    origin: Origin | None = None
    subject: str = ""
    parts: Parts = ((ALWAYS, OF_UNKNOWN),)
    asked: Sources = NO_SOURCES
    """The sources of the request that an answer is for."""

    @property
    def sources(self) -> Sources:
        return NO_SOURCES.union(*(sources for _, sources in self.parts))

    @classmethod
    def constant(cls, text: str | None, sources: Sources = OF_GATEWAY) -> Value:
        return cls("cases", ((ALWAYS, text),), parts=((ALWAYS, sources),))


UNSET = Value.constant(None, NO_SOURCES)
UNKNOWN = Value("unknown")


def with_default(value: Value, default: str | None) -> Value:
    """Return a value with a default for where it isn't set."""
    if default is None or value.kind != "cases":
        return value
    return value._replace(cases=tuple((proven, default if each is None else each) for proven, each in value.cases))


def equal(known: Value, value: str, members: tuple[str, ...]) -> Truth | None:
    """Return where one of a few constants equals a text; None where only the case of letters may differ."""
    if _LOWERS & {*members}:
        return cases(known.cases, lambda constant: constant is not None and constant.lower() == value)
    alike = [constant for _, constant in known.cases if constant is not None and constant.lower() == value.lower()]
    return cases(known.cases, lambda constant: constant == value) if set(alike) <= {value} else None


def cases(given: Iterable[tuple[Alternatives, str | None]], is_one: object) -> Truth:
    """Return where a test is true of one of a few constants."""
    assert callable(is_one)
    if_true = if_false = NEVER
    for proven, constant in given:
        if is_one(constant):
            if_true = either(if_true, proven)
        else:
            if_false = either(if_false, proven)
    return Truth(if_true, if_false)


def merged(found: Sequence[tuple[Alternatives, Value]]) -> Value:
    """Return the value of a variable where branches meet, each with what has led into it."""
    first = found[0][1]
    if all(value == first for _, value in found):
        return first
    by_sources: dict[Sources, Alternatives] = {}
    for guard, value in found:
        for proven, sources in value.parts:
            by_sources[sources] = either(by_sources.get(sources, NEVER), both(guard, proven))
    parts = tuple((proven, sources) for sources, proven in by_sources.items() if proven)
    if all(value.kind == "cases" for _, value in found):
        by_constant: dict[str | None, Alternatives] = {}
        for guard, value in found:
            for proven, constant in value.cases:
                by_constant[constant] = either(by_constant.get(constant, NEVER), both(guard, proven))
        if len(by_constant) <= MOST_CASES:
            known = tuple((proven, constant) for constant, proven in by_constant.items() if proven)
            return Value("cases", known, parts=parts)
    return Value("unknown", parts=parts)
