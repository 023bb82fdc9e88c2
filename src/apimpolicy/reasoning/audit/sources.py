"""The values of variables and headers, as far as policies have set them, and the sources of a C# value.

Sources are every part of the request, and whatever of the gateway's, that a value is made of.

    "Bearer " + context.Request.Headers.GetValueOrDefault("x", "{{token}}")      header x, gateway

A literal has no source. A value proves something of the caller only if it is the caller's own: a token that the gateway
put there is valid whoever calls. A value that is found in the gateway's data by a key of the caller is the gateway's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from apimpolicy.csharp.binding import nodes
from apimpolicy.reasoning.audit.origins import Origins, ValueOrigin, constant, is_null, receiver_of
from apimpolicy.reasoning.audit.states import ALWAYS, NEVER, Alternatives, ConditionProofs, both, either

if TYPE_CHECKING:
    from apimpolicy.csharp.binding.nodes import Bound
    from apimpolicy.reasoning.audit.variables import VariableKnowledge

MOST_DEPTH = 60


class ValueSource(NamedTuple):
    """A source: a part of the request by its kind and name, or one of the gateway's."""

    kind: str
    name: str = ""


Sources = frozenset[ValueSource]
NO_SOURCES: Sources = frozenset()
GATEWAY, UNKNOWN_SOURCE, ANSWER, CACHE = ValueSource("gateway"), ValueSource("unknown"), "answer", "cache"
OF_GATEWAY: Sources = frozenset((GATEWAY,))
OF_UNKNOWN: Sources = frozenset((UNKNOWN_SOURCE,))
OF_CALLERS_SERVICE = ValueSource("a service that the caller names")
"""Of what a request asks for: whatever the answer is, the caller can bring it about."""
CHOSEN = frozenset(("header", "query", "body", "url", "parameter", "method"))
"""Parts of the request that every caller can choose."""
_OWN = CHOSEN | {"certificate", "address"}
_FILTERS = frozenset(("Where", "First", "FirstOrDefault", "Single", "SingleOrDefault", "Last", "LastOrDefault"))
_LOOKS_UP = frozenset(("get_Item", "GetValue", "Value", "SelectToken", "GetValueOrDefault", *_FILTERS))
_TOKEN_DOTS = 2


def chosen(sources: Iterable[ValueSource]) -> Sources:
    """Return the sources that every caller can choose."""
    return frozenset(each for each in sources if each.kind in CHOSEN)


def of_caller(sources: Iterable[ValueSource]) -> Sources:
    """Return the sources in the request, with those that the gateway sees for itself: certificate and address."""
    return frozenset(each for each in sources if each.kind in _OWN)


def of_text(text: str) -> Sources:
    """Return the sources of a literal text: the gateway's, if a named value is in it or it could be a token."""
    return OF_GATEWAY if "{{" in text or text.count(".") >= _TOKEN_DOTS else NO_SOURCES


def returned(block: nodes.Block) -> list[Bound]:
    """Return the values that a block returns, without those of lambdas inside."""
    found: list[Bound] = []
    waiting: list[Bound] = [block]
    while waiting:
        each = waiting.pop()
        if isinstance(each, nodes.Return) and each.value is not None:
            found.append(each.value)
        elif not isinstance(each, (nodes.Lambda, nodes.LocalFunction)):
            waiting += each.children()
    return found


class SourceReader:
    """Finds sources in one bound expression."""

    def __init__(self, origins: Origins, known: VariableKnowledge) -> None:
        self.origins = origins
        self.known = known
        self._reading: set[int] = set()

    def of(self, node: Bound | None, depth: int = 0) -> Sources:
        if node is None or depth > MOST_DEPTH:
            return NO_SOURCES if node is None else OF_UNKNOWN
        text = constant(node)
        if text is not None or is_null(node):
            return of_text(text) if isinstance(text, str) else NO_SOURCES
        following = depth + 1
        match node:
            case nodes.UnknownText():
                return OF_GATEWAY
            case nodes.Local() | nodes.Placeholder():
                return self._of_definitions(node, following)
            case nodes.ConditionalAccess():
                return self.of(node.access, following)
            case nodes.IndexerAccess():
                return self._keyed(node.receiver, list(node.arguments), following)
            case nodes.ArrayAccess():
                return self.of(node.array, following)
            case nodes.Call():
                return self._call(node, following)
            case nodes.PropertyAccess():
                return self._property(node, following)
            case nodes.Lambda():
                return self.of(node.body, following)
            case nodes.Block():
                return self._all(returned(node), following)
        return self._all(node.children(), following)

    def of_all(self, given: Iterable[Bound]) -> Sources:
        return self._all(given, 0)

    def _all(self, given: Iterable[Bound], depth: int) -> Sources:
        return frozenset[ValueSource]().union(*(self.of(each, depth) for each in given))

    def _of_definitions(self, node: nodes.Local | nodes.Placeholder, depth: int) -> Sources:
        key = id(node.symbol) if isinstance(node, nodes.Local) else id(node)
        if key in self._reading:
            return NO_SOURCES
        self._reading.add(key)
        try:
            return self._all(self.origins.definitions.get(key, ()), depth)
        finally:
            self._reading.discard(key)

    def _property(self, node: nodes.PropertyAccess, depth: int) -> Sources:
        origin = self.origins.of(node)
        if node.receiver is None or not origin.kind or origin.members:
            return self.of(node.receiver, depth)
        return self.known.sources_of(origin)

    def _keyed(self, receiver: Bound, arguments: list[Bound], depth: int) -> Sources:
        """Return the sources of what a collection has under a key: the key is not one of them."""
        found = self.origins.of(receiver)
        if found.members or found.kind not in ("headers", "variables", "query", "parameters"):
            return self.of(receiver, depth)
        return self.known.sources_of(self.origins.keyed(found, arguments))

    def _call(self, node: nodes.Call, depth: int) -> Sources:
        receiver, arguments = receiver_of(node)
        if receiver is None:
            return NO_SOURCES
        name, found = node.method.name, self.origins.of(receiver)
        if found.kind in ("headers", "variables", "query", "parameters") and not found.members and arguments:
            return self._keyed(receiver, arguments, depth) | self._all(arguments[1:], depth)
        sources = self.of(receiver, depth)
        if name in _LOOKS_UP and sources and not of_caller(sources):
            return sources
        return sources | self._all(arguments, depth)


MOST_CASES = 16
Parts = tuple[tuple[Alternatives, Sources], ...]
"""The sources of a value, each with what was proven where the value has them."""


class KnownValue(NamedTuple):
    """The value of a variable: one of a few constants, each with what was proven where it is assigned; or an origin.

    None as a constant is a variable that isn't set. `kind` is `cases`, `origin`, `answer` (of a request of the
    policy's own), `cached`, `token` (that was validated), `credential` (of the gateway) or `unknown`.
    """

    kind: str
    cases: tuple[tuple[Alternatives, str | None], ...] = ()
    origin: ValueOrigin | None = None
    subject: str = ""
    parts: Parts = ((ALWAYS, OF_UNKNOWN),)
    asked: Sources = NO_SOURCES
    """The sources of the request that an answer is for."""
    of_type: str = "string"
    """The C# type of the constants; empty if they have several."""

    @property
    def sources(self) -> Sources:
        return NO_SOURCES.union(*(sources for _, sources in self.parts))

    @classmethod
    def constant(cls, text: str | None, sources: Sources = OF_GATEWAY) -> KnownValue:
        return cls("cases", ((ALWAYS, text),), parts=((ALWAYS, sources),))


UNSET = KnownValue.constant(None, NO_SOURCES)
UNKNOWN = KnownValue("unknown")


def with_default(value: KnownValue, default: str | None) -> KnownValue:
    """Return a value with a default for where it isn't set."""
    if default is None or value.kind != "cases":
        return value
    return value._replace(cases=tuple((proven, default if each is None else each) for proven, each in value.cases))


def cases(given: Iterable[tuple[Alternatives, str | None]], is_one: Callable[[str | None], bool]) -> ConditionProofs:
    """Return where a test is true of one of a few constants."""
    if_true = if_false = NEVER
    for proven, text in given:
        if is_one(text):
            if_true = either(if_true, proven)
        else:
            if_false = either(if_false, proven)
    return ConditionProofs(if_true, if_false)


def merged(found: Sequence[tuple[Alternatives, KnownValue]]) -> KnownValue:
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
        by_text: dict[str | None, Alternatives] = {}
        for guard, value in found:
            for proven, text in value.cases:
                by_text[text] = either(by_text.get(text, NEVER), both(guard, proven))
        if len(by_text) <= MOST_CASES:
            known = tuple((proven, text) for text, proven in by_text.items() if proven)
            types = {value.of_type for _, value in found}
            return KnownValue("cases", known, parts=parts, of_type=types.pop() if len(types) == 1 else "")
    return KnownValue("unknown", parts=parts)
