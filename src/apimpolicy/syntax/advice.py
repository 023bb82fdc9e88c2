"""Advice of syntax errors for code in the style of other languages.

Codes and places are the compiler's, these sentences are not. Code that follows them compiles.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from apimpolicy.syntax.newer import ENTITIES

if TYPE_CHECKING:
    from apimpolicy.syntax.failure import Failure

CONDITIONAL: Final = (
    "A conditional is written condition ? value : other value; a member after a null check is written a?.b."
)
_ARRAY = "Write an array as new[] { 1, 2, 3 }."
_FUNCTION = "A function declares its types: int F(int x) { return x; }."
_LAMBDA = "A lambda is written x => expression or (x, y) => expression."
_LOOP = "A loop over elements is written foreach (var item in items) { … }."
_OBJECT = 'Write new { name = value }, or new JObject { { "name", value } } for JSON.'
_SLICE = "Use Substring, Skip or Take."

_WORDS: Final = {
    "and": "Write && for a logical and.",
    "or": "Write || for a logical or.",
    "not": "Write ! for a logical not.",
    "then": "C# has no 'then': write if (condition) statement.",
    "elif": "Write else if (condition).",
    "in": "Write items.Contains(value).",
    "between": "Write low <= value && value <= high.",
    "is": "Write == null, or != null.",
    "like": "Write text.Contains(part), or Regex.IsMatch(text, pattern).",
    "when": CONDITIONAL,
    "instanceof": "Write value is Type.",
    "except": "Write catch (Exception e) { … }.",
    "function": "Write a lambda: x => expression.",
    "let": "Declare a variable with var.",
    "const": "Declare a variable with var.",
}
"""Words at the place of the error."""

_WORDS_BEFORE: Final = {
    **{word: _WORDS[word] for word in ("and", "or", "not")},
    "lambda": "A lambda is written x => expression.",
    "final": "Remove 'final', or write const in its place.",
    "raise": 'An exception is thrown with throw: throw new Exception("text");.',
    "unless": "Write if (!condition).",
    "echo": "Write to the trace with context.Trace(message).",
    "print": "Write to the trace with context.Trace(message).",
    "delete": 'A variable can\'t be removed here; of a JObject write json.Remove("name").',
}
"""Words in front of the place of the error."""

_STRING_PREFIXES: Final = {
    "f": 'An interpolated string is written $"text {value}".',
    "r": 'A string without escapes is written @"text".',
    "b": "The bytes of a text are Encoding.UTF8.GetBytes(text).",
    "u": "Remove the prefix: every C# string is Unicode.",
}
TYPES: Final = "Types can't be declared here: use new { Name = value }, or a tuple."
TYPE_WORDS: Final = frozenset({"record", "class", "struct", "enum", "interface"})


def advice(failure: Failure) -> str:
    """Return a correction, or an empty string when nothing in particular was meant."""
    return (
        _of_operators(failure)
        or _of_strings(failure)
        or _of_words(failure)
        or of_loop(failure)
        or _of_brackets(failure)
        or _WORDS.get(failure.spelling().lower(), "")
    )


def _of_operators(failure: Failure) -> str:
    spelling, before = failure.spelling(), failure.tokens.text[failure.start - 2 : failure.start]
    if spelling == "=" and before in ("==", "!="):
        return f"C# has no {before}=: write == or !=."
    if _hides_a_divisor(failure):
        return "'//' starts a comment: the division of integers is written with one '/'."
    if failure.kind == "ARROW":
        return _LAMBDA
    is_comparison = spelling in ("!=", "==", "<", ">", "<=", ">=") and not failure.after_expression
    if is_comparison and failure.spelling(-1) in ("&&", "||"):
        return "Repeat the value: x != a && x != b."
    if failure.spelling(-2) + failure.spelling(-1) == "<>":
        return "Write != for 'not equal'."
    if failure.previous == "DOT" and failure.kind == "STRING_LITERAL":
        return "Join texts with +."
    if spelling == "/" and not failure.after_expression:
        return 'A regular expression is a string: Regex.IsMatch(text, @"pattern").'
    if spelling == ";" and failure.spelling(-1) in ENTITIES and failure.spelling(-2) == "&":
        return f"'&{failure.spelling(-1)};' is not decoded here: write the character itself."
    return ""


def _of_strings(failure: Failure) -> str:
    if failure.kind == "STRING_LITERAL" and failure.adjacent() and failure.spelling(-1) in _STRING_PREFIXES:
        return _STRING_PREFIXES[failure.spelling(-1)]
    if failure.previous != "STRING_LITERAL":
        return ""
    if failure.tokens.text.startswith('"""', failure.start - 2):
        return 'C# 7.3 has no raw strings: write @"…" and double the quotes inside.'
    if failure.kind == "STRING_LITERAL" or (failure.adjacent() and failure.kind != "COLON"):
        return 'The string ended before this: write \\" for a quote inside a string, or + to join strings.'
    return ""


def _of_words(failure: Failure) -> str:
    before = failure.spelling(-1).lower()
    if before in _WORDS_BEFORE:
        return _WORDS_BEFORE[before]
    if before in ("if", "while", "switch", "elif") and failure.accepts("LPAR"):
        return f"Write the condition in parentheses: {'if' if before == 'elif' else before} (condition)."
    if failure.kind == "IF" and failure.after_expression:
        return CONDITIONAL
    tokens = failure.tokens
    opening = failure.opening(failure.index - 1) if failure.previous == "RPAR" else failure.opening()
    if opening < 1 or tokens.kinds[opening] != "LPAR":
        return ""
    words = tokens.spelling(opening - 1), tokens.spelling(opening - 2) if opening > 1 else ""
    if failure.kind == "LBRACE" and words[0] in ("elif", "elseif", "elsif"):
        return _WORDS["elif"]
    if words[1] in ("function", "def", "fn", "func", "fun"):
        return _FUNCTION
    return TYPES if words[1] in TYPE_WORDS else ""


def of_loop(failure: Failure) -> str:
    """Return the syntax of a loop over elements, where one of another language is used."""
    if failure.previous == "FOR" and failure.kind == "NAME":
        return _LOOP
    opening = failure.opening()
    if failure.kind in ("COLON", "NAME") and opening > 0 and failure.tokens.spelling(opening - 1) in ("for", "foreach"):
        return _LOOP
    is_in_for = failure.previous == "LPAR" and failure.index > 1 and failure.spelling(-2) == "for"
    return _LOOP if is_in_for and failure.kind == "CONST" else ""


def _of_brackets(failure: Failure) -> str:
    opening = failure.opening()
    around = failure.tokens.kinds[opening] if opening >= 0 else ""
    if failure.kind == "COLON" and failure.tokens.text.startswith(":=", failure.tokens.starts[failure.index]):
        return "Write = to give a variable its value."
    if failure.kind == "COLON" and around == "LBRACE" and failure.accepts("COMMA"):
        if opening and failure.tokens.kinds[opening - 1] == "NEW":
            return "Write each member as name = value."
        return "Write each pair in braces of its own, with a comma: { key, value }."
    if failure.kind == "COLON" and around == "LSQB":
        return _SLICE
    if failure.kind == "LSQB" and failure.accepts("INTEGER_LITERAL"):
        return "Compare the elements one by one." if failure.previous == "IS" else _ARRAY
    if failure.kind == "LBRACE" and failure.accepts("INTEGER_LITERAL"):
        return _OBJECT
    return ""


def of_type(failure: Failure, name: str) -> str:
    """Return a hint for a predefined type where a value must be: `int("5")`."""
    if failure.kind == "LPAR":
        if name in ("string", "object"):
            return "Convert a value with value.ToString()."
        return f"Convert a text with {name}.Parse(text), another value with ({name})value."
    return f"'{name}' is a type; write a value, a member such as {name}.…, or typeof({name})."


def _hides_a_divisor(failure: Failure) -> bool:
    """Return whether `a // b;` precedes the token, where the comment swallowed the end of the statement."""
    end = failure.tokens.ends[failure.index - 1] if failure.index else 0
    comment = failure.tokens.text[end : failure.start].lstrip()
    if not comment.startswith("//"):
        return False
    divisor, closing, _ = comment[2:].strip().partition(";")
    return bool(closing) and divisor.strip().replace(".", "").replace("_", "").isalnum()
