"""Regular expressions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.concolic import solver
from apimpolicy.concolic.forms import form
from apimpolicy.concolic.patterns import pattern_of
from apimpolicy.concolic.values import ConcolicValue, term_of
from apimpolicy.records import Record

if TYPE_CHECKING:
    from apimpolicy.concolic.forms import Call
    from apimpolicy.concolic.solver import Term

_REGEX = "System.Text.RegularExpressions.Regex"
_OPTIONS = "System.Text.RegularExpressions.RegexOptions options"
_MATCH = "System.Text.RegularExpressions.Match"
_BUT = "look-around, back references, word boundaries and anchors of lines"


class Matched(Record):
    """The form of a match: whether there is one. What it is has no form."""

    is_one: Term


@form(
    _REGEX,
    "static bool IsMatch(string input, string pattern)",
    f"static bool IsMatch(string input, string pattern, {_OPTIONS})",
    "bool IsMatch(string input)",
    but=_BUT,
)
def is_match(call: Call) -> ConcolicValue | None:
    found = _matching(call)
    return None if found is None else ConcolicValue(term=found)


@form(
    _REGEX,
    f"static {_MATCH} Match(string input, string pattern)",
    f"static {_MATCH} Match(string input, string pattern, {_OPTIONS})",
    f"{_MATCH} Match(string input)",
    but=f"{_BUT}; what is matched",
)
def match(call: Call) -> ConcolicValue | None:
    found = _matching(call)
    return None if found is None else ConcolicValue(form=Matched(found))


@form("System.Text.RegularExpressions.Group", "bool Success { get; }")
def success(call: Call) -> ConcolicValue | None:
    return ConcolicValue(term=call.own.form.is_one) if isinstance(call.own.form, Matched) else None


def _matching(call: Call) -> Term | None:
    """Return whether a string has a match."""
    text = call.arguments[0]
    given = _pattern_given(call)
    term = term_of(text)
    if term is None or given is None:
        return None
    pattern, options = given
    made = pattern_of(pattern, options)
    if made is None:
        return None
    if text.null is not None:
        call.guard(solver.not_(text.null))
    return solver.matches(term, made)


def _pattern_given(call: Call) -> tuple[str, int] | None:
    """Return the pattern and the options, which must be constant."""
    if call.receiver is not None:
        regex = call.own.value
        return (str(regex.pattern), int(regex.options)) if call.own.is_constant and regex is not None else None
    pattern = call.arguments[1]
    options = call.arguments[2] if len(call.arguments) > 2 else ConcolicValue(0)
    if not (pattern.is_constant and isinstance(pattern.value, str) and options.is_constant):
        return None
    return str(pattern.value), int(options.value)
