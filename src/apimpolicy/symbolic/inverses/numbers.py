"""Arithmetic, conversions, and texts of numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.symbolic.inverses import inverse, moments
from apimpolicy.symbolic.inverses.comparisons import same_arrays, sample_of
from apimpolicy.symbolic.inverses.texts import joined
from apimpolicy.symbolic.origins import OUTPUT, THROWS

if TYPE_CHECKING:
    from apimpolicy.symbolic.inverses import Asked, Wishes

_TEXTS = ("int", "long", "short", "double", "decimal", "bool")
_PARSING = [f"{kind}.{name}" for kind in _TEXTS for name in ("Parse", "TryParse")]
_CONVERTING = [f"System.Convert.To{kind}" for kind in ("Int16", "Int32", "Int64", "Double", "Decimal", "Boolean")]


@inverse("Convert", "AsType", "System.Nullable.Value", "System.Nullable.GetValueOrDefault")
def converted(asked: Asked) -> Wishes:
    """A value stays the same, but for its type; of a character the number is its code."""
    is_code = isinstance(asked.was(0), str) and isinstance(asked.wanted, int)
    yield {0: chr(asked.wanted) if is_code else asked.wanted}


@inverse("+")
def added(asked: Asked) -> Wishes:
    if isinstance(asked.wanted, str):
        yield from joined(asked, [0, 1], asked.wanted)
    elif isinstance(asked.wanted, int):
        yield {0: asked.wanted - asked.was(1)}
        yield {1: asked.wanted - asked.was(0)}
    else:
        yield from moments.moved(asked, 1)


@inverse("-")
def subtracted(asked: Asked) -> Wishes:
    if isinstance(asked.wanted, int):
        yield {0: asked.wanted + asked.was(1)}
        yield {1: asked.was(0) - asked.wanted}
    else:
        yield from moments.moved(asked, -1)


@inverse("*")
def multiplied(asked: Asked) -> Wishes:
    for one, other in ((0, 1), (1, 0)):
        factor = asked.was(other)
        if factor and asked.wanted % factor == 0:
            yield {one: asked.wanted // factor}


@inverse("/")
def divided(asked: Asked) -> Wishes:
    yield {0: asked.wanted * asked.was(1)}


@inverse("%")
def rest(asked: Asked) -> Wishes:
    value, divisor = asked.was(0), asked.was(1)
    below = value - value % divisor + asked.wanted
    yield {0: below}
    yield {0: below + divisor}


@inverse("unary -")
def opposite(asked: Asked) -> Wishes:
    yield {0: -asked.wanted}


@inverse("System.Math.Abs")
def absolute(asked: Asked) -> Wishes:
    yield {0: asked.wanted}
    yield {0: -asked.wanted}


@inverse("|")
def either(asked: Asked) -> Wishes:
    if asked.wanted is True:
        yield {0: True}
        yield {1: True}
    else:
        yield {0: asked.wanted, 1: asked.wanted}
        if asked.wanted:
            yield {0: asked.wanted}
            yield {1: asked.wanted}


@inverse("&")
def both(asked: Asked) -> Wishes:
    if asked.wanted is False:
        yield {0: False}
        yield {1: False}
    elif asked.wanted is True:
        yield {0: True, 1: True}
    else:
        for one, other in ((0, 1), (1, 0)):
            mask = asked.was(other)
            if asked.wanted & mask == asked.wanted:
                yield {one: asked.was(one) & ~mask | asked.wanted}


@inverse("^")
def either_alone(asked: Asked) -> Wishes:
    if not asked.wanted:
        yield from same_arrays(asked)
    yield {0: asked.wanted ^ asked.was(1)}
    yield {1: asked.wanted ^ asked.was(0)}


@inverse(*(f"{OUTPUT}{name}" for name in _PARSING))
def parsed_beside(asked: Asked) -> Wishes:
    yield {0: _written(asked.wanted)}


@inverse(*_PARSING, *_CONVERTING)
def parsed(asked: Asked) -> Wishes:
    name, wanted = asked.origin.name, asked.wanted
    if "TryParse" in name:
        yield {0: _sample(name) if wanted else "x"}
    else:
        yield {0: _written(wanted)}


@inverse(*(THROWS + name for name in (*_PARSING, *_CONVERTING)))
def not_parsed(asked: Asked) -> Wishes:
    yield {0: "x" if asked.wanted else _sample(asked.origin.name)}


def _written(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _sample(name: str) -> str:
    return "true" if "ool" in name else "1"


@inverse(f"{THROWS}Convert")
def not_converted(asked: Asked) -> Wishes:
    """What is asked for is a value of the type."""
    if not asked.wanted:
        yield {0: sample_of(asked.node)}


@inverse(*(f"{kind}.ToString" for kind in _TEXTS), "System.Convert.ToString")
def written(asked: Asked) -> Wishes:
    text = str(asked.wanted)
    if isinstance(asked.was(0), str):
        yield {0: text}
    elif text.lower() in ("true", "false"):
        yield {0: text.lower() == "true"}
    else:
        yield {0: int(text)}
