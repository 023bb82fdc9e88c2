"""Unsafe code, recognised where the parser fails: the grammar has no pointers, since a policy has no `unsafe`.

The codes are the compiler's for code without an unsafe context: CS0227, CS0214, CS0193, and CS1575 of `stackalloc`.
The places are not verified with a real compiler; they follow the compiler's sources as we know them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from apimpolicy.diagnostics import DiagnosticInfo
    from apimpolicy.syntax.failure import Failure

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
