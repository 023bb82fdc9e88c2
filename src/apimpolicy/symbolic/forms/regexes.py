"""Regular expressions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.symbolic import solver
from apimpolicy.symbolic.forms import form
from apimpolicy.symbolic.patterns import pattern_of
from apimpolicy.symbolic.values import Dual, term_of

if TYPE_CHECKING:
    from apimpolicy.symbolic.forms import Call

_REGEX = "System.Text.RegularExpressions.Regex"
_OPTIONS = "System.Text.RegularExpressions.RegexOptions options"
_IGNORE_CASE = 1


@form(
    _REGEX,
    "static bool IsMatch(string input, string pattern)",
    f"static bool IsMatch(string input, string pattern, {_OPTIONS})",
    but="look-around, back references, \\b and options but IgnoreCase",
)
def is_match(call: Call) -> Dual | None:
    text, pattern = call.arguments[0], call.arguments[1]
    options = call.arguments[2].value if len(call.arguments) > 2 else 0
    term = term_of(text)
    if term is None or not pattern.is_constant or not isinstance(pattern.value, str) or options not in (0, 1, 512, 513):
        return None
    made = pattern_of(pattern.value, ignores_case=bool(options & _IGNORE_CASE))
    if made is None:
        return None
    if text.null is not None:
        call.guard(solver.no(text.null))
    return Dual(term=solver.matches(term, made))
