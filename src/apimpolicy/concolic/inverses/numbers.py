"""Arithmetic, conversions, and texts of numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.concolic.inverses import dates, inverse
from apimpolicy.concolic.inverses.comparisons import same_arrays, sample_of
from apimpolicy.concolic.inverses.strings import joined
from apimpolicy.concolic.origins import OUTPUT, THROWS

if TYPE_CHECKING:
    from apimpolicy.concolic.inverses import InverseQuery, Preimages

_TEXTS = ("int", "long", "short", "double", "decimal", "bool")
_PARSING = [f"{kind}.{name}" for kind in _TEXTS for name in ("Parse", "TryParse")]
_CONVERTING = [f"System.Convert.To{kind}" for kind in ("Int16", "Int32", "Int64", "Double", "Decimal", "Boolean")]


@inverse("Convert", "AsType", "System.Nullable.Value", "System.Nullable.GetValueOrDefault")
def converted(query: InverseQuery) -> Preimages:
    """A value stays the same, but for its type; of a character the number is its code."""
    is_code = isinstance(query.was(0), str) and isinstance(query.wanted, int)
    yield {0: chr(query.wanted) if is_code else query.wanted}


@inverse("+")
def added(query: InverseQuery) -> Preimages:
    if isinstance(query.wanted, str):
        yield from joined(query, [0, 1], query.wanted)
    elif isinstance(query.wanted, int):
        yield {0: query.wanted - query.was(1)}
        yield {1: query.wanted - query.was(0)}
    else:
        yield from dates.moved(query, 1)


@inverse("-")
def subtracted(query: InverseQuery) -> Preimages:
    if isinstance(query.wanted, int):
        yield {0: query.wanted + query.was(1)}
        yield {1: query.was(0) - query.wanted}
    else:
        yield from dates.moved(query, -1)


@inverse("*")
def multiplied(query: InverseQuery) -> Preimages:
    for one, other in ((0, 1), (1, 0)):
        factor = query.was(other)
        if factor and query.wanted % factor == 0:
            yield {one: query.wanted // factor}


@inverse("/")
def divided(query: InverseQuery) -> Preimages:
    yield {0: query.wanted * query.was(1)}


@inverse("%")
def rest(query: InverseQuery) -> Preimages:
    value, divisor = query.was(0), query.was(1)
    below = value - value % divisor + query.wanted
    yield {0: below}
    yield {0: below + divisor}


@inverse("unary -")
def opposite(query: InverseQuery) -> Preimages:
    yield {0: -query.wanted}


@inverse("System.Math.Abs")
def absolute(query: InverseQuery) -> Preimages:
    yield {0: query.wanted}
    yield {0: -query.wanted}


@inverse("|")
def either(query: InverseQuery) -> Preimages:
    if query.wanted is True:
        yield {0: True}
        yield {1: True}
    else:
        yield {0: query.wanted, 1: query.wanted}
        if query.wanted:
            yield {0: query.wanted}
            yield {1: query.wanted}


@inverse("&")
def both(query: InverseQuery) -> Preimages:
    if query.wanted is False:
        yield {0: False}
        yield {1: False}
    elif query.wanted is True:
        yield {0: True, 1: True}
    else:
        for one, other in ((0, 1), (1, 0)):
            mask = query.was(other)
            if query.wanted & mask == query.wanted:
                yield {one: query.was(one) & ~mask | query.wanted}


@inverse("^")
def either_alone(query: InverseQuery) -> Preimages:
    if not query.wanted:
        yield from same_arrays(query)
    yield {0: query.wanted ^ query.was(1)}
    yield {1: query.wanted ^ query.was(0)}


@inverse(*(f"{OUTPUT}{name}" for name in _PARSING))
def parsed_beside(query: InverseQuery) -> Preimages:
    yield {0: _written(query.wanted)}


@inverse(*_PARSING, *_CONVERTING)
def parsed(query: InverseQuery) -> Preimages:
    name, wanted = query.origin.name, query.wanted
    if "TryParse" in name:
        yield {0: _sample(name) if wanted else "x"}
    else:
        yield {0: _written(wanted)}


@inverse(*(THROWS + name for name in (*_PARSING, *_CONVERTING)))
def not_parsed(query: InverseQuery) -> Preimages:
    yield {0: "x" if query.wanted else _sample(query.origin.name)}


def _written(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _sample(name: str) -> str:
    return "true" if "ool" in name else "1"


@inverse(f"{THROWS}Convert")
def not_converted(query: InverseQuery) -> Preimages:
    """Yield a value of the target type."""
    if not query.wanted:
        yield {0: sample_of(query.node)}


@inverse(*(f"{kind}.ToString" for kind in _TEXTS), "System.Convert.ToString")
def written(query: InverseQuery) -> Preimages:
    text = str(query.wanted)
    if isinstance(query.was(0), str):
        yield {0: text}
    elif text.lower() in ("true", "false"):
        yield {0: text.lower() == "true"}
    else:
        yield {0: int(text)}
