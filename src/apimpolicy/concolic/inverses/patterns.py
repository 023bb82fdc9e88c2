"""Regular expressions: replace the text that a group has matched."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.concolic import term_analysis
from apimpolicy.concolic.inverses import inverse
from apimpolicy.concolic.patterns import pattern_of
from apimpolicy.concolic.python_values import to_python
from apimpolicy.dotnet.regex.expressions import Regex
from apimpolicy.dotnet.regex.matches import Capture

if TYPE_CHECKING:
    from apimpolicy.concolic.inverses import InverseQuery, Preimages
    from apimpolicy.concolic.origins import Origin
    from apimpolicy.concolic.values import ConcolicValue

_REGEX = "System.Text.RegularExpressions."
_PASSING = ("Groups", "Item", "NextMatch", "Captures")


@inverse(f"{_REGEX}Capture.Value", f"{_REGEX}Capture.ToString")
def captured(query: InverseQuery) -> Preimages:
    """The text with another one in the place of what was captured; where nothing was, a sample of the pattern."""
    concolic = query.operands[0]
    search = _search(concolic)
    if search is None:
        return
    capture = concolic.value
    if not capture.length:
        sample = _sample(search)
        capture = None if sample is None else _picked(concolic, _regex(search), sample)
    if isinstance(capture, Capture) and capture.length:
        end = capture.index + capture.length
        yield {_searched(search): capture.text[: capture.index] + query.wanted + capture.text[end:]}


def _search(concolic: ConcolicValue) -> Origin | None:
    """Return the call of Match or Matches that a capture, a group or a collection of them comes from."""
    origin = concolic.origin
    while origin is not None and origin.name.rpartition(".")[2] in _PASSING:
        origin = origin.operands[0].origin
    return origin if origin is not None and origin.name.endswith(("Regex.Match", "Regex.Matches")) else None


def _picked(concolic: ConcolicValue, regex: Regex, text: str) -> Any:
    """Return the value of a capture if this were the searched text."""
    origin = concolic.origin
    assert origin is not None
    what = origin.name.rpartition(".")[2]
    if what in ("Match", "Matches"):
        return regex.match(text) if what == "Match" else regex.matches(text)
    of = _picked(origin.operands[0], regex, text)
    if what == "Item":
        return of.get_item(to_python(origin.operands[1].value))
    return of.next_match() if what == "NextMatch" else of.groups if what == "Groups" else of.captures


def _is_static(call: Origin) -> bool:
    return not isinstance(call.operands[0].value, Regex)


def _searched(call: Origin) -> ConcolicValue:
    """Return the text that a call of Match, Matches or IsMatch searches."""
    return call.operands[0 if _is_static(call) else 1]


def _regex(call: Origin) -> Regex:
    """Return the regular expression of a call of Match, Matches or IsMatch."""
    if not _is_static(call):
        regex: Regex = call.operands[0].value
        return regex
    pattern, *options = (to_python(each.value) for each in call.operands[1:3])
    return Regex.create(pattern, *options)


def _sample(call: Origin) -> str | None:
    """Return a text in which the pattern has a match; None when none is found."""
    pattern = pattern_of(_regex(call).pattern)
    return None if pattern is None else term_analysis.sample_of(pattern)


@inverse(f"{_REGEX}Regex.IsMatch")
def is_match(query: InverseQuery) -> Preimages:
    """A text that the pattern matches, or one that few do."""
    yield from _wished(query.origin, is_one=query.wanted)


@inverse(f"{_REGEX}Group.Success")
def success(query: InverseQuery) -> Preimages:
    search = _search(query.operands[0])
    if search is not None:
        yield from _wished(search, is_one=query.wanted)


def _wished(call: Origin, *, is_one: bool) -> Preimages:
    sample = _sample(call) if is_one else "~"
    if sample is not None:
        yield {_searched(call): sample}


@inverse(
    *(f"{_REGEX}{name}" for name in ("Regex.Match", "GroupCollection.Item", "Match.Groups", "Regex.Matches")),
)
def found(query: InverseQuery) -> Preimages:
    """Yield nothing: a match can't be chosen, only its captures."""
    nothing: list[dict[Any, Any]] = []
    return nothing
