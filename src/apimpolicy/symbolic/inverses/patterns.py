"""Regular expressions: what a group has matched is replaced where it stands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.dotnet.regex.matches import Capture, Match
from apimpolicy.symbolic import solver
from apimpolicy.symbolic.inverses import inverse
from apimpolicy.symbolic.patterns import pattern_of

if TYPE_CHECKING:
    from apimpolicy.symbolic.inverses import Asked, Wishes
    from apimpolicy.symbolic.values import Dual

_REGEX = "System.Text.RegularExpressions."
_PASSING = ("Groups", "Item", "NextMatch", "Captures")


@inverse(f"{_REGEX}Capture.Value", f"{_REGEX}Capture.ToString")
def captured(asked: Asked) -> Wishes:
    capture = asked.operands[0].value
    searched = _searched(asked.operands[0])
    if searched is None or not isinstance(capture, Capture) or not capture.length:
        return
    end = capture.index + capture.length
    yield {searched: capture.text[: capture.index] + asked.wanted + capture.text[end:]}


def _searched(dual: Dual) -> Dual | None:
    """The text in which something was found."""
    origin = dual.origin
    while origin is not None and origin.name.rpartition(".")[2] in _PASSING:
        origin = origin.operands[0].origin
    if origin is None or not origin.name.endswith(("Regex.Match", "Regex.Matches")):
        return None
    texts = [each for each in origin.operands if isinstance(each.value, str)]
    return texts[0] if texts else None


@inverse(f"{_REGEX}Regex.IsMatch")
def is_match(asked: Asked) -> Wishes:
    """A text that the pattern matches, or one that few do."""
    is_static = isinstance(asked.was(0), str)
    pattern = asked.was(1) if is_static else asked.was(0).pattern
    yield from _wished(asked.operands[0 if is_static else 1], pattern, is_one=asked.wanted)


@inverse(f"{_REGEX}Group.Success")
def success(asked: Asked) -> Wishes:
    match, searched = asked.operands[0].value, _searched(asked.operands[0])
    if isinstance(match, Match) and match.regex is not None and searched is not None:
        yield from _wished(searched, match.regex.pattern, is_one=asked.wanted)


def _wished(text: Dual, pattern: str, *, is_one: bool) -> Wishes:
    made = pattern_of(pattern) if is_one else None
    sample = None if made is None else solver.sample_of(made)
    if sample is not None or not is_one:
        yield {text: "~" if sample is None else sample}


@inverse(
    *(f"{_REGEX}{name}" for name in ("Regex.Match", "GroupCollection.Item", "Match.Groups", "Regex.Matches")),
)
def found(asked: Asked) -> Wishes:
    """What was found is no value that can be wished for; its captures are."""
    nothing: list[dict[Any, Any]] = []
    return nothing
