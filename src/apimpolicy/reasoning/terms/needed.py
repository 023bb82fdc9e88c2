"""Variables that a model needs: those whose values make a formula true; all others could have any value.

A conjunction needs all of its parts, a disjunction one that is true: the one that needs fewest unknown variables.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from apimpolicy.reasoning.terms.term import Term, Value, part_value

if TYPE_CHECKING:
    Need = dict[Term, None]


def needed(formula: Term, values: Mapping[Term, Value], is_unknown: Callable[[Term], bool]) -> list[Term]:
    """Return the unknown variables that a formula needs to be true in a model, in the order in which they come.

    `values` are those of variables, and of memberships and equalities of texts.
    """
    known: dict[Term, Value | None] = {}
    needs: dict[Term, Need] = {}
    waiting = [formula]
    while waiting:
        term = waiting[-1]
        if term in needs:
            waiting.pop()
            continue
        if missing := [part for part in term.terms if part not in needs]:
            waiting += missing
            continue
        waiting.pop()
        known[term] = values.get(term)
        if known[term] is None and term.kind != "var":
            known[term] = part_value(term, [known[part] for part in term.terms])
        needs[term] = _needs(term, known, needs, is_unknown)
    return list(needs[formula])


def _needs(
    term: Term, known: Mapping[Term, Any], needs: Mapping[Term, Need], is_unknown: Callable[[Term], bool]
) -> Need:
    """Return what a term needs to have its value."""
    match term.kind:
        case "var":
            return {term: None} if is_unknown(term) else {}
        case "all" | "any" if known[term] is (term.kind == "any"):
            return min((needs[part] for part in term.parts if known[part] is known[term]), key=len)
        case "choice" if known[term.parts[0]] is not None:
            condition, then, otherwise = term.parts
            return needs[condition] | needs[then if known[condition] else otherwise]
    found: Need = {}
    for part in term.terms:
        found |= needs[part]
    return found
