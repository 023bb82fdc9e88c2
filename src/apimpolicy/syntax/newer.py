"""Constructs that policy expressions don't have: those of C# 8 to 12, and unsafe code."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from apimpolicy.diagnostics import DiagnosticInfo
    from apimpolicy.syntax.failure import Failure


# Constructs of C# 8 to 12, recognised where the parser fails: policy expressions are C# 7.3 (CS8370)


def newer_feature(failure: Failure) -> DiagnosticInfo | None:
    """Return the error for a construct of a newer C# where the parser failed."""
    found = _after_operand(failure) or _elsewhere(failure)
    if found is None:
        return None
    name, start, help = found
    place = start, min(max(failure.end, start + 1), len(failure.tokens.text))
    return failure.error("CS8370", f"'{name}' is newer than C# 7.3", at=place, help=help)


def _after_operand(failure: Failure) -> tuple[str, int, str] | None:
    kinds, index, kind = failure.tokens.kinds, failure.index, failure.kind
    if kind == "EQUAL" and failure.previous == "DOUBLE_QUESTION" and failure.adjacent():
        return "coalescing assignment", failure.operand_start(index - 1), "Write x = x ?? value;"
    if failure.previous == "DOT" and (kind == "DOT" or failure.spelling().startswith(".")) and failure.adjacent():
        start = failure.tokens.starts[index - 1]
        if index > 1 and failure.follows_operand(index - 1):
            start = failure.operand_start(index - 1)
        return "range operator", start, "Use Substring, Skip or Take."
    if kind == "REAL_LITERAL" and failure.previous == "DOT":
        return "range operator", failure.operand_start(index - 1), "Use Substring, Skip or Take."
    if not index or not failure.follows_operand(index) or not failure.after_expression:
        return None
    if kind == "SWITCH" and kinds[index + 1] == "LBRACE":
        return "switch expression", failure.operand_start(index), "Use a switch statement, or a chain of ? and :."
    if kind == "BANG" and kinds[index + 1] != "EQUAL":
        return "nullable reference types", failure.operand_start(index), "Remove the '!'."
    if failure.spelling() == "with" and kinds[index + 1] == "LBRACE":
        return "with expression", failure.operand_start(index), "Create a new object."
    return _after_pattern(failure)


def _after_pattern(failure: Failure) -> tuple[str, int, str] | None:
    """`and`, `or` and property patterns after `is`."""
    kinds, index = failure.tokens.kinds, failure.index
    first = index - 1
    while first > 0 and kinds[first] not in ("IS", "CASE", "LPAR", "LBRACE", "SEMICOLON", "COMMA"):
        first -= 1
    if kinds[first] not in ("IS", "CASE"):
        return None
    start = failure.tokens.starts[first + 1]
    for word, operator in (("and", "&&"), ("or", "||")):
        if failure.spelling() == word or (failure.spelling(-1) == word and first < index - 2):
            return f"{word} pattern", start, f"Write two comparisons with {operator}."
    if failure.kind == "LBRACE":
        return "recursive patterns", start, "Name the value and compare its members: x is T t && t.Length == 1."
    if failure.spelling(-1) == "not" and kinds[first + 1] == "NAME":
        return "not pattern", start, "Write !(x is …)."
    return None


def _elsewhere(failure: Failure) -> tuple[str, int, str] | None:
    kinds, index, kind, starts = failure.tokens.kinds, failure.index, failure.kind, failure.tokens.starts
    if failure.previous == "IS":
        if kind == "LBRACE":
            return "recursive patterns", failure.start, "Compare the members: x != null && x.Length == 1."
        if kind == "RELATIONAL_OPERATOR":
            return "relational pattern", failure.start, "Write the comparison without 'is'."
    if index > 1 and kinds[index - 2] in ("IS", "CASE") and failure.spelling(-1) == "not":
        return "not pattern", starts[index - 1], "Write !(x is …), or x != null."
    if kind == "CARET" and failure.accepts("INTEGER_LITERAL") and kinds[index + 1] != "RPAR":
        return "index operator", failure.start, "Count from the start: a[a.Length - 1]."
    if failure.previous == "USING" and failure.is_name(index):
        is_import = kinds[index + 1] in ("SEMICOLON", "DOT")
        help = "Remove it: the usual namespaces are imported." if is_import else "Write using (var x = …) { … }."
        return "using declarations", starts[index - 1], help
    if failure.spelling() == "static" and failure.accepts("RETURN"):
        return "static local functions", failure.start, "Remove 'static'."
    opening = failure.opening()
    if opening > 0 and kinds[opening] == "LPAR" and kinds[opening - 1] == "NEW":
        return "target-typed object creation", starts[opening - 1], "Write the type: new Type(…)."
    if kind == "DOT" and failure.tokens.text.startswith("..", failure.start) and failure.accepts("INTEGER_LITERAL"):
        return "range operator", failure.start, "Use Substring, Skip or Take."
    if kind == "LSQB" and failure.previous == "EQUAL" and kinds[index + 1] == "RSQB":
        return "collection expressions", failure.start, "Write new Type[] { … } or new List<Type> { … }."
    return None


# Unsafe code, recognised where the parser fails: the grammar has no pointers, since a policy has no `unsafe`.
# The codes are the compiler's for code without an unsafe context: CS0227, CS0214, CS0193, and CS1575 of `stackalloc`.
# The places are not verified with a real compiler; they follow the compiler's sources as we know them.

ENTITIES = frozenset({"amp", "lt", "gt", "quot", "apos"})

_HELP = "Policy expressions have no pointers."


def unsafe_code(failure: Failure) -> DiagnosticInfo | None:
    """Return the error for something that only unsafe code has."""
    spelling, tokens, index = failure.spelling(), failure.tokens, failure.index
    if spelling == "unsafe" and failure.accepts("RETURN"):
        return failure.error("CS0227", "unsafe code is not allowed here", help=_HELP)
    if spelling == "fixed" and failure.accepts("RETURN"):
        return failure.error("CS0214", "'fixed' can only be used in unsafe code", help=_HELP)
    if spelling == "*" and failure.previous == "PREDEFINED_TYPE":
        message = "pointer types can only be used in unsafe code"
        return failure.error("CS0214", message, at=failure.from_token(-1), help=_HELP)
    if failure.previous != "RSQB" and failure.after_type_of("STACKALLOC"):
        help = "Write the size: stackalloc int[3]."
        place = _last_type(failure, "STACKALLOC")
        return failure.error("CS1575", "'stackalloc' must have a size", at=place, help=help)
    if failure.accepts("INTEGER_LITERAL") and index:
        if spelling == "&" and failure.spelling(1) in ENTITIES and failure.spelling(2) == ";":
            return _entity(failure)
        if spelling == "&":
            return failure.error("CS0214", "the address-of operator can only be used in unsafe code", help=_HELP)
        if spelling == "*":
            is_power = failure.spelling(-1) == "*" and failure.adjacent()
            return failure.error(
                "CS0193",
                "'*' can only be applied to a pointer, and policy expressions have none",
                help="A power is written Math.Pow(x, y)." if is_power else _HELP,
            )
        if spelling == ">" and failure.spelling(-1) == "-" and failure.adjacent():
            help = "A member follows a dot: write '.' for '->'."
            if failure.is_name(index - 2) and tokens.ends[index - 2] < tokens.starts[index - 1]:
                help = "A lambda is written with '=>': x => expression."
                name = tokens.spelling(index - 2)
                if not _is_named_before(failure, name):
                    message = f"the name '{name}' does not exist in this context"
                    return failure.error("CS0103", message, at=tokens.span(index - 2), help=help)
            place = failure.operand_start(index - 1), failure.end
            message = "'->' can only be applied to a pointer, and policy expressions have none"
            return failure.error("CS0193", message, at=place, help=help)
    return None


def _is_named_before(failure: Failure, name: str) -> bool:
    """Return whether the name also occurs before the operand, as in its declaration."""
    tokens = failure.tokens
    names = map(tokens.spelling, range(failure.index - 2))
    return name == "context" or name in names


def _entity(failure: Failure) -> DiagnosticInfo:
    """`&quot;` in code that is not read as XML: the compiler stops at its semicolon."""
    tokens, index = failure.tokens, failure.index
    entity = tokens.text[failure.start : tokens.ends[index + 2]]
    help = f"'{entity}' is not decoded here: write the character itself."
    if failure.opening() >= 0 and tokens.kinds[failure.opening()] == "LPAR":
        return failure.error("CS1026", ") expected", at=tokens.span(index + 2), help=help)
    return failure.error("CS0214", "the address-of operator can only be used in unsafe code", help=help)


def _last_type(failure: Failure, word: str) -> tuple[int, int]:
    """Return the type between the keyword and the token."""
    tokens, place = failure.tokens, failure.index - 1
    while tokens.kinds[place - 1] != word:
        place -= 1
    return tokens.starts[place], tokens.ends[failure.index - 1]
