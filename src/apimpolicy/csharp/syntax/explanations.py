"""Errors of texts that do not parse, with the codes and places of the C# compiler."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.csharp.syntax.advice import (
    CONDITIONAL,
    TYPE_WORDS,
    TYPES,
    advice,
    newer_feature,
    of_loop,
    of_type,
    unsafe_code,
)
from apimpolicy.diagnostics import DiagnosticInfo

if TYPE_CHECKING:
    from apimpolicy.csharp.syntax.failure import ParseFailure


# Errors of texts that do not parse, with the codes and places of the C# compiler.
# The parser stops at the first token that no rule allows. Which code the compiler gives depends on what it was
# reading:
# the state of the parser says what could have come instead, and the brackets around the place say in what.

_STATEMENT_WORDS = frozenset(
    {
        *("RETURN", "IF", "WHILE", "DO", "FOR", "FOREACH", "SWITCH", "THROW", "BREAK", "CONTINUE", "GOTO", "TRY"),
        *("USING", "LOCK", "CONST", "CASE", "ELSE", "CATCH", "FINALLY"),
    }
)
_CLOSING = frozenset({"RPAR", "RSQB", "RBRACE", "SEMICOLON", "_INTERPOLATION_RBRACE", "INTERPOLATION_FORMAT", "$END"})

_OUTSIDE = frozenset({"RESERVED", "CLASS", "STRUCT", "READONLY"})
"""Keywords that no statement begins with."""

_BINARY_OPERATORS = frozenset(
    {
        *("RELATIONAL_OPERATOR", "EQUALITY_OPERATOR", "SHIFT_OPERATOR", "BAR", "CARET", "DOUBLE_AMPERSAND"),
        *("DOUBLE_BAR", "DOUBLE_QUESTION", "IS", "AS", "EQUAL", "ASSIGNMENT_OPERATOR"),
    }
)
"""Operators in front of which Roslyn misses an operand where a statement could begin (`IsPossibleExpression`)."""

_MODIFIERS = frozenset({"readonly", "volatile", "public", "private", "protected", "internal"})
"""Words in front of a declaration that no variable and no local function can have."""

_QUERY_WORDS = {"on": "CS0743", "equals": "CS0744", "by": "CS0745"}
"""The words that a clause of a query wants, with the codes of their absence."""


def explain(failure: ParseFailure) -> DiagnosticInfo:
    return (
        _root(failure)
        or newer_feature(failure)
        or unsafe_code(failure)
        or _number(failure)
        or _statement(failure)
        or _expression(failure)
        or _type_or_name(failure)
        or _particular(failure)
        or _continuation(failure)
    )


def _missing(failure: ParseFailure, code: str, what: str, help: str = "") -> DiagnosticInfo:
    """Report that something is missing before the token, or at the end of the line before it (Roslyn's rule)."""
    return failure.error(code, f"{what} expected", at=failure.missing_place(), help=help or advice(failure))


def _root(failure: ParseFailure) -> DiagnosticInfo | None:
    if failure.index:
        return None
    help = "Write @( … ) for an expression, or @{ … } for a block of statements."
    return failure.error("CS1525", f"invalid expression term '{failure.spelling()}'", help=help)


def _number(failure: ParseFailure) -> DiagnosticInfo | None:
    if failure.previous in ("INTEGER_LITERAL", "REAL_LITERAL") and failure.adjacent():
        spelling = failure.spelling()
        if spelling[:1] in ("e", "E") and failure.spelling(-1)[-1].isdigit():
            help = "Write the exponent, as in 1e3."
            return failure.error(
                "CS0595", "this number has no digits after its 'e'", at=failure.from_token(-1), help=help
            )
        if spelling.startswith("_") or (failure.spelling(-1) == "0" and spelling[:1] in ("x", "X", "b", "B")):
            return failure.error("CS1013", "this number is not valid", at=failure.from_token(-1))
    return None


def _statement(failure: ParseFailure) -> DiagnosticInfo | None:
    """Return where a statement could begin, or a section of a switch."""
    if not failure.accepts("RETURN"):
        if failure.accepts("CASE") and failure.accepts("RBRACE"):
            return _missing(failure, "CS1513", "}", "A switch section must start with case or default.")
        return None
    if failure.kind == "ELSE":
        help = "An else must directly follow the statement or block of its if."
        return failure.error("CS8641", "'else' cannot start a statement", help=help)
    if failure.kind in ("CATCH", "FINALLY"):
        if _is_in_try(failure):
            return _missing(failure, "CS1513", "}", "A block inside the try block isn't closed.")
        return _missing(failure, "CS1003", "'try'")
    if failure.kind in _BINARY_OPERATORS:
        term = f"invalid expression term '{failure.spelling()}'"
        return failure.error("CS1525", term, at=failure.missing_place(), help=advice(failure))
    if failure.accepts("RBRACE"):
        help = "Close the block with }." if failure.kind in _CLOSING else ""
        following = failure.tokens.kinds[failure.index + 1]
        if failure.spelling() in _MODIFIERS and (failure.is_name(failure.index + 1) or following == "PREDEFINED_TYPE"):
            message = f"the modifier '{failure.spelling()}' can't be used here"
            return failure.error("CS0106", message, help="Remove the modifier.")
        if failure.kind in _OUTSIDE:
            word = failure.spelling()
            help = TYPES if word in TYPE_WORDS else f"'{word}' can't be used in a policy expression."
            if failure.tokens.kinds[failure.opening() - 1] == "TRY":
                place = failure.tokens.span(failure.index - 1)
                return failure.error("CS1524", "catch or finally expected", at=place, help=help)
        return _missing(failure, "CS1513", "}", help)
    return failure.error("CS1525", f"invalid expression term '{failure.spelling()}'")


def _is_in_try(failure: ParseFailure) -> bool:
    """Return whether the token is anywhere inside an open try block, which `catch` ends."""
    opening = failure.opening()
    while opening > 0:
        if failure.tokens.kinds[opening - 1] == "TRY":
            return True
        opening = failure.opening(opening)
    return False


def _expression(failure: ParseFailure) -> DiagnosticInfo | None:
    kind = failure.kind
    if not failure.accepts("INTEGER_LITERAL"):
        if failure.previous == "PREDEFINED_TYPE" and failure.accepts("DOT") and not failure.accepts("NAME"):
            return _type_as_expression(failure)
        return None
    if kind == "PARAMS":
        return _params(failure)
    if kind == "RSQB" and failure.previous == "LSQB":
        return _missing(failure, "CS0443", "value", "Write the index or the key between the brackets.")
    opening = failure.opening()
    if kind == "COMMA" and opening > 0 and failure.tokens.kinds[opening] == "LPAR" and failure.follows_operand(opening):
        return _missing(failure, "CS0839", "argument", "Remove one of the commas, or write the argument.")
    if kind == "COLON" and failure.previous == "CASE":
        return failure.error("CS0150", "constant value expected", help="Write case value:, or default:.")
    if kind == "ARROW":
        return _missing(failure, "CS1001", "identifier", "A lambda is written x => expression.")
    if kind in ("_INTERPOLATION_RBRACE", "INTERPOLATION_FORMAT"):
        return _missing(failure, "CS1733", "expression", "Write {{ and }} for braces in an interpolated string.")
    if kind == "RPAR" and failure.previous == "LSQB":
        return _missing(failure, "CS1003", "','")
    term = failure.spelling() if kind != "$END" else ")"
    help = advice(failure)
    if kind in _STATEMENT_WORDS and not of_loop(failure):
        help = "Use a block for statements: @{ … return value; }."
    elif kind == "RELATIONAL_OPERATOR" and failure.tokens.kinds[failure.index + 1] == "NAME":
        help = "Replace the <placeholder> by a value."
    return failure.error("CS1525", f"invalid expression term '{term}'", at=failure.missing_place(), help=help)


def _params(failure: ParseFailure) -> DiagnosticInfo:
    """The compiler reads a stray `params` as the start of a lambda's parameter, and misses its name after the type."""
    kinds, last = failure.tokens.kinds, failure.index
    while kinds[last + 1] in ("PREDEFINED_TYPE", "DOT", "LSQB", "RSQB") or failure.is_name(last + 1):
        last += 1
    end = failure.tokens.ends[last]
    help = "'params' belongs in the declaration of a function; remove it from the call."
    return failure.error("CS1001", "identifier expected", at=(end, end + 1), help=help)


def _type_as_expression(failure: ParseFailure) -> DiagnosticInfo:
    """A predefined type is an expression only in front of a dot."""
    kinds, index = failure.tokens.kinds, failure.index
    name = failure.spelling(-1)
    help = of_type(failure, name)
    if failure.kind == "RPAR" and kinds[index - 2] == "LPAR" and not failure.follows_operand(index - 2):
        return failure.error("CS1525", "invalid expression term ')'", help=help)
    return failure.error("CS1525", f"invalid expression term '{name}'", at=failure.tokens.span(index - 1), help=help)


def _type_or_name(failure: ParseFailure) -> DiagnosticInfo | None:
    """Return where a type or a name must come, or where a type was that needs more."""
    accepts, kinds, index = failure.accepts, failure.tokens.kinds, failure.index
    needs_more = accepts("LPAR") and accepts("LBRACE") and not failure.after_expression
    if failure.previous == "NEW" and failure.kind == "LSQB":
        return _implicit_array(failure)
    if kinds[index - 2 : index] == ["LSQB", "RSQB"] and kinds[index - 3] == "NEW":
        return _missing(failure, "CS1514", "{", "Write the elements: new[] { 1, 2, 3 }.")
    if failure.previous == "NEW" or (needs_more and failure.after_type_of("NEW")):
        message = "a 'new' expression must have (), [] or {} after the type"
        help = "Write new Type(arguments), new Type[size], new Type[] { … } or new { … }."
        return failure.error("CS1526", message, at=failure.missing_place(), help=help)
    if failure.previous == "RSQB" and accepts("LBRACE") and not failure.after_expression:
        opening = index - 1
        while kinds[opening] != "LSQB":
            opening -= 1
        place = failure.tokens.span(opening, index - 1)
        help = "Write the size, new int[3], or the elements, new int[] { 1, 2, 3 }."
        return failure.error("CS1586", "an array must have a size or an initializer", at=place, help=help)
    if kinds[index + 1] == "IN" and accepts("_MARK_DECONSTRUCTION") and not accepts("INTEGER_LITERAL"):
        help, place = "Write foreach (var item in items).", failure.tokens.span(index + 1)
        return failure.error("CS0230", "'foreach' must declare a variable", at=place, help=help)
    if accepts("PREDEFINED_TYPE") or accepts("_MARK_TYPE") or accepts("_MARK_DECLARATION"):
        return _missing(failure, "CS1031", "type")
    if accepts("NAME") and not accepts("RPAR") and not accepts("IN"):
        word = failure.spelling()
        help = f"'{word}' is a C# keyword; to use it as a name, write @{word}." if word.isalpha() else advice(failure)
        if kinds[index - 2 : index] == ["CONST", "NAME"]:
            help = "A constant has a type: const int name = 1. Or declare a variable with var."
        elif failure.kind == "LSQB" and failure.previous in ("DOT", "CONDITIONAL_DOT", "QMARK_DOT"):
            help = "Index after a null check without a dot: value?[key]."
        return _missing(failure, "CS1001", "identifier", help)
    return None


def _implicit_array(failure: ParseFailure) -> DiagnosticInfo:
    """`new[` is followed by commas and `]` alone."""
    following = failure.at(failure.index + 1)
    help = "Write new Type[size], or new[] { … } with the elements."
    if following.kind in _SIZES or failure.is_name(following.index):
        return following.error("CS0178", "',' or ']' expected", help=help)
    return failure.error("CS1003", "']' expected", at=following.missing_place(), help=help)


_SIZES = frozenset(
    {"INTEGER_LITERAL", "REAL_LITERAL", "STRING_LITERAL", "CHARACTER_LITERAL", "LPAR", "ADDITIVE_OPERATOR", "NULL"}
)
"""Tokens that begin an expression that may be meant as an array size; names begin one too."""


def _particular(failure: ParseFailure) -> DiagnosticInfo | None:
    accepts = failure.accepts
    if failure.kind == "LSQB" and accepts("EQUAL") and accepts("SEMICOLON") and not accepts("DOT"):
        help = "Put the brackets after the type: int[] x."
        return failure.error("CS0650", "the brackets of an array must follow its type", help=help)
    if accepts("_SELECT") and accepts("_GROUP"):
        message, help = "a query must end with a select or group clause", "End the query with select."
        return failure.error("CS0742", message, at=failure.missing_place(), help=help)
    if failure.after_expression:
        return None
    if accepts("CATCH") and accepts("FINALLY"):
        help = advice(failure) or "Add a catch or finally block."
        return failure.error(
            "CS1524", "catch or finally expected", at=failure.tokens.span(failure.index - 1), help=help
        )
    if accepts("LBRACE") and accepts("ARROW") and accepts("SEMICOLON"):  # the body of a local function
        return _missing(failure, "CS1002", ";", advice(failure) or "Write the body in braces: { … }.")
    if accepts("LBRACE"):
        return _missing(failure, "CS1514", "{", "Write the body in braces: { … }." if failure.kind == "COLON" else "")
    if accepts("LPAR"):
        is_type = failure.previous == "TYPEOF"
        help = "Write typeof(Type), or value.GetType() for the type of a value." if is_type else ""
        return _missing(failure, "CS1003", "'('", help)
    if accepts("IN"):
        return _missing(failure, "CS1515", "'in'")
    for terminal, spelling in (("WHILE", "while"), ("ARROW", "=>"), ("COLON", ":"), ("EQUAL", "=")):
        if accepts(terminal) and not accepts("COMMA") and not accepts("SEMICOLON"):
            return _missing(failure, "CS1003", f"'{spelling}'", CONDITIONAL if spelling == ":" else "")
    return None


def _member_after(failure: ParseFailure) -> int | None:
    """Return the token that doesn't fit after `a.b`, which the compiler takes for the type of a member of a class."""
    kinds, place = failure.tokens.kinds, failure.index
    if not failure.is_name(place) or kinds[place + 1] != "DOT":
        return None
    while failure.is_name(place) and kinds[place + 1] == "DOT":
        place += 2
    if not failure.is_name(place) or failure.is_name(place + 1):
        return None
    return place + 1


def _continuation(failure: ParseFailure) -> DiagnosticInfo:
    """After something complete: an operator, a comma or a closing bracket is missing."""
    accepts, kind = failure.accepts, failure.kind
    opening = failure.opening()
    kinds = failure.tokens.kinds
    if opening < 0:
        if kinds[0] == "LBRACE":
            # The compiler reads on as in a class, where a statement can't stand.
            what, help = "unexpected text after the end of the expression", "Remove what follows the last }."
            if kind in _STATEMENT_WORDS:
                return failure.error("CS1519", what, help=help)
            if (member := _member_after(failure)) is not None:
                return failure.error("CS1519", what, at=failure.tokens.span(member), help=help)
            return failure.error("CS1022", what, help=help)
        help = "The expression is complete here; is there one closing bracket too many?"
        return _missing(failure, "CS1002", ";", help)
    if kind == "IN" and accepts("COMMA") and accepts("SEMICOLON"):  # no statement begins with it
        help = "A loop over elements is written foreach (var item in items)."
        return failure.error("CS1003", "',' expected", help=help)
    named_argument = kinds[failure.index - 2] in ("LPAR", "COMMA", "LSQB")
    if accepts("COLON") and not named_argument:
        in_conditional = "QMARK" in kinds[opening : failure.index]
        return _missing(failure, "CS1003", "':'", CONDITIONAL if in_conditional else "")
    for terminal, spelling in (("_ON", "on"), ("_EQUALS", "equals"), ("_BY", "by")):
        if accepts(terminal):
            return _missing(failure, _QUERY_WORDS[spelling], f"'{spelling}'")
    if kinds[opening] == "LPAR":
        if kind == "RPAR" and accepts("COMMA") and not accepts("RPAR"):
            return failure.error("CS8124", "a tuple must have at least two elements")
        if accepts("SEMICOLON"):
            return _missing(failure, "CS1002", ";")
        in_arguments = opening > 0 and failure.follows_operand(opening)
        if in_arguments and kind not in _CLOSING and kind not in _STATEMENT_WORDS and kind != "LBRACE":
            return _missing(failure, "CS1003", "','")
        is_end = kinds[failure.index] == "$END" and not advice(failure)
        return _missing(failure, "CS1026", ")", "Close the ( that is open here." if is_end else "")
    if kinds[opening] == "LSQB":
        return _missing(failure, "CS1003", "']'" if kind in _CLOSING else "','")
    if kinds[opening] == "LBRACE":
        if accepts("SEMICOLON"):
            return _missing(failure, "CS1002", ";", advice(failure) or "A statement ends with a semicolon.")
        if kind in _CLOSING or kind == "COLON":
            return _missing(failure, "CS1513", "}", advice(failure))
        return _missing(failure, "CS1003", "','")
    return _missing(failure, "CS1003", "'}'", "The expression in the interpolated string must end here.")


# Errors of the lexer: characters that begin no token

UNEXPECTED_CHARACTER = "CS1056"
UNCLOSED = frozenset({"CS1010", "CS1039"})

_CHARACTER_HELP = {
    "`": 'A C# string is written with double quotes: "text", or $"text {value}" with values in it.',
    "\\": 'A backslash can only be used inside a string: "\\\\".',
    "$": 'An interpolated string is written $"text {value}".',
    "@": "Write @ only once, before the whole expression; inside it is plain C#.",
    "“": 'Use straight double quotes: "text".',
    "”": 'Use straight double quotes: "text".',
    "‘": 'Use straight double quotes: "text".',
    "’": 'Use straight double quotes: "text".',
}


def lexical_error(text: str, place: int) -> DiagnosticInfo:
    line_end = min(end for end in (text.find("\n", place), text.find("\r", place), len(text)) if end >= 0)
    rest = text[place : place + 2]
    if rest.startswith('"'):
        return DiagnosticInfo("CS1010", "the string is not closed on its line", place, line_end, help=_UNCLOSED_STRING)
    if rest.startswith("'"):
        help = 'A string is written with double quotes: "text".'
        return DiagnosticInfo("CS1010", "the character literal is not closed", place, line_end, help=help)
    if rest == '@"':
        return DiagnosticInfo(
            "CS1039", "the verbatim string is not closed", place, line_end, help='Add the closing quote (").'
        )
    if rest == "/*":
        return DiagnosticInfo(
            "CS1035", "the comment is not closed", place, line_end, help="Add */ at the end of the comment."
        )
    character = text[place]
    help = _CHARACTER_HELP.get(character, "")
    return DiagnosticInfo(UNEXPECTED_CHARACTER, f"unexpected character '{character}'", place, place + 1, help=help)


_UNCLOSED_STRING = 'Add the closing quote ("), write \\" for a quote in the string, or use @"…" for several lines.'
