"""`System.Text.RegularExpressions`."""

from __future__ import annotations

from apimpolicy.languages.patterns import NotRegular, language_of
from apimpolicy.semantics.evaluation import as_number, as_text, constant_of
from apimpolicy.semantics.members import Call, form
from apimpolicy.semantics.unknowns import Unsupported
from apimpolicy.semantics.values import NULL, Pattern, Truth, Value
from apimpolicy.terms import term as terms

_REGEX = "System.Text.RegularExpressions.Regex"
_OPTIONS = "System.Text.RegularExpressions.RegexOptions options"


@form(
    _REGEX,
    "static bool IsMatch(string input, string pattern)",
    f"static bool IsMatch(string input, string pattern, {_OPTIONS})",
)
def is_match(call: Call, text: Value, pattern: Value, options: Value | None = None) -> Value:
    chosen = 0 if options is None else as_number(options).constant
    if chosen is None:
        raise Unsupported("options that are not constant")
    return _matched(call, text, constant_of(pattern), chosen)


@form(_REGEX, "bool IsMatch(string input)")
def is_match_of(call: Call, pattern: Value, text: Value) -> Value:
    if not isinstance(pattern, Pattern):
        raise Unsupported("a Regex that is not known")
    return _matched(call, text, pattern.pattern, pattern.options)


def _matched(call: Call, text: Value, pattern: str, options: int) -> Value:
    try:
        language = language_of(pattern, options)
    except NotRegular:
        raise Unsupported("a regular expression beyond regular languages") from None
    if text is NULL:
        return call.evaluation.fail()
    return Truth(terms.member(as_text(text).term, language))
