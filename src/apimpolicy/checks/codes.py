"""Codes of findings as people write them: `POL301`, a beginning such as `POL3` or `CS`, or the name of a rule."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from apimpolicy.checks.audit_codes import audit_codes
from apimpolicy.checks.catalogue import entries

if TYPE_CHECKING:
    from apimpolicy.checks.rule import Rule

_FOREIGN = re.compile(r"(?!POL|APIM|CS\d)[A-Z]{2,}[A-Z0-9-]*\d+")
_COMPILER = re.compile(r"CS\d{0,4}|C")


class UnknownCodeError(ValueError):
    """No code starts like this, and no rule has this name. The message suggests similar ones."""


def code_of(text: str, rules: Iterable[type[Rule]] = (), *, foreign: bool = False) -> str:
    """Return the code, or the beginning of codes, that a text means; `rules` are those besides the catalogue's.

    With `foreign`, a code that is unlike ours may be that of an organisation's rule which is not loaded now.
    Raises UnknownCodeError.
    """
    word = text.strip()
    names = {entry.module.replace("_", "-"): entry.code for entry in entries()}
    names |= {each.name: each.code for each in audit_codes().values()}
    names |= {rule.name(): rule.code for rule in rules}
    if (code := names.get(word.lower().replace("_", "-"))) is not None:
        return code
    code = word.upper()
    if code and (_COMPILER.fullmatch(code) or any(known.startswith(code) for known in _codes(rules))):
        return code
    if foreign and _FOREIGN.fullmatch(word) and not _near(code, rules):
        return code
    raise UnknownCodeError(f"'{text}' is neither a code of check nor the name of a rule; {_hint(word, names, rules)}")


def _codes(rules: Iterable[type[Rule]]) -> list[str]:
    """Return every code but the compiler's."""
    from apimpolicy.checks.pages import all_codes

    return [*(entry.code for entry in entries()), *all_codes(), *(rule.code for rule in rules)]


def _hint(word: str, names: dict[str, str], rules: Iterable[type[Rule]]) -> str:
    from difflib import get_close_matches

    if near := get_close_matches(word.lower().replace("_", "-"), names, 1, 0.6):
        return f"did you mean '{near[0]}' ({names[near[0]]})?"
    if near := _near(word.upper(), rules):
        return f"did you mean '{near[0]}'? `apimpolicy rule` lists them all"
    return "`apimpolicy rule` lists them all"


def _near(code: str, rules: Iterable[type[Rule]]) -> list[str]:
    """Return similar codes. A POL code with other digits has none."""
    from difflib import get_close_matches

    return [] if re.fullmatch(r"POL\d+", code) else get_close_matches(code, _codes(rules), 1, 0.8)
