"""Blanks between two C# tokens on one line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from apimpolicy.formatting.csharp_roles import Roles
    from apimpolicy.syntax.lexer import Tokens

_ALWAYS_AROUND: Final = frozenset(
    ("=", "=>", "&&", "||", "??", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "<<=", ">>=", "==", "!=")
)
_NEVER_BEFORE: Final = frozenset((";", ",", ")", "]", ".", "::", "++", "--"))
_NEVER_AFTER: Final = frozenset(("(", "[", ".", "::", "!", "~"))
_CALLED_LIKE_FUNCTIONS: Final = frozenset(
    ("typeof", "default", "sizeof", "checked", "unchecked", "nameof", "base", "this")
)
_AFTER_TYPE_ARGUMENTS: Final = frozenset(("(", ")", ".", ",", ";", "[", "]", ">", "?", "::"))
_BEFORE_OPERAND: Final = frozenset(("(", "[", "{", ",", ";", "=", "=>", "&&", "||", "??", "?", ":", "return", "case"))


def blank_between(tokens: Tokens, index: int, roles: Roles) -> bool | None:
    """Return whether one blank belongs before the token at `index`; None where the author decides."""
    before, after = tokens.spelling(index - 1), tokens.spelling(index)
    kind_before, kind_after = tokens.kinds[index - 1], tokens.kinds[index]
    start_before, start_after = tokens.starts[index - 1], tokens.starts[index]
    if start_after in roles.glued:
        return False
    if start_before in roles.binary and start_before + len(before) == start_after and start_after in roles.glued:
        return False
    if start_after in roles.binary or start_after in roles.conditional:
        return True
    if before[-1:] == after[:1] and after[:1] in ("+", "-"):  # "- -a" is not "--a"
        return True
    if start_before in roles.binary or start_before in roles.glued or start_before in roles.conditional:
        return True
    if before in _ALWAYS_AROUND or after in _ALWAYS_AROUND:
        return True
    if after in ("++", "--"):
        return None if before in _BEFORE_OPERAND or kind_before == "SEMICOLON" else False
    if before in ("++", "--"):
        return None
    if after in _NEVER_BEFORE or before in _NEVER_AFTER:
        return False
    if start_before in roles.casts or start_after in roles.nullable:
        return False
    if before == "," or before == ";":
        return True
    if after == ":":
        return False
    if before == ":":
        return True
    if before == "?" or after == "?":  # of ?. and ?[, and types
        return False if start_before not in roles.nullable else _is_word(kind_after) or after == "{"
    if before in "+-&*" and before:  # of one operand: binary ones are above
        return False
    if before == "<" or after in ("<", ">"):
        return False
    if before == ">":
        return after not in _AFTER_TYPE_ARGUMENTS
    if after == "{" or before == "}" or before == "{" or after == "}":
        return not (before == "{" and after == "}")
    if after == "(":
        return _before_bracket(before, kind_before)
    if after == "[":
        return False if kind_before == "NAME" or before in (")", "]", "new", "stackalloc") else None
    if before in (")", "]"):
        return True if _is_word(kind_after) or after in "!~" else None
    return True if _is_word(kind_before) and _is_word(kind_after) else None


def _before_bracket(before: str, kind: str) -> bool | None:
    if kind == "NAME" or before in (")", "]", ">") or before in _CALLED_LIKE_FUNCTIONS or before in ("new", "string"):
        return None if before in (")", "]", "new") else False
    return True if before.isidentifier() else None


def _is_word(kind: str) -> bool:
    return kind not in ("LPAR", "RPAR", "LSQB", "RSQB", "LBRACE", "RBRACE", "END", "$END") and (
        kind.isupper() or kind.startswith("_")
    )
