"""The theory of texts: whether memberships and equalities of texts that a model chose go together."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from apimpolicy.languages.language import Language, TooLarge, Work, literal, shortest_word
from apimpolicy.languages.language import not_ as complement
from apimpolicy.languages.patterns import bound_of

if TYPE_CHECKING:
    from apimpolicy.terms.term import Term

_MOST_STATES_OF_CONFLICTS = 800


class Chosen(NamedTuple):
    """An atom with the value that a model gives it."""

    atom: Term
    value: bool


class Conflict(Exception):
    """Chosen values that do not go together; at least one must be another."""

    def __init__(self, chosen: Iterable[Chosen]) -> None:
        super().__init__()
        self.chosen = tuple(chosen)


class _Class:
    """Texts that are equal, with why, and the languages that they must be in."""

    def __init__(self, term: Term) -> None:
        self.terms = [term]
        self.reasons: list[Chosen] = []
        self.languages: list[tuple[Language, Chosen]] = []


def words_for(chosen: Iterable[Chosen], work: Work) -> dict[Term, str]:
    """Return a text for each text term. Raises Conflict, and TooLarge where the languages are too large to tell."""
    chosen = list(chosen)
    classes = _classes(chosen)
    for each in chosen:
        if each.atom.kind == "member":
            term, language = each.atom.parts
            _class_of(term, classes).languages.append((language if each.value else complement(language), each))
    for atom, value in chosen:
        if atom.kind == "same" and not value and classes[atom.parts[0]] is classes[atom.parts[1]]:
            raise Conflict([Chosen(atom, value), *classes[atom.parts[0]].reasons])
    found = {term: _word(each, work) for term, each in classes.items()}
    _check_different(chosen, classes, found, work)
    return found


def _class_of(term: Term, classes: dict[Term, _Class]) -> _Class:
    found = classes.get(term)
    if found is None:
        found = classes[term] = _Class(term)
    return found


def _classes(chosen: list[Chosen]) -> dict[Term, _Class]:
    classes: dict[Term, _Class] = {}
    for each in chosen:
        if each.atom.kind != "same":
            continue
        one, other = (_class_of(term, classes) for term in each.atom.parts)
        if each.value and one is not other:
            one.terms += other.terms
            one.reasons += [*other.reasons, each]
            for term in other.terms:
                classes[term] = one
    return classes


def _tightest(languages: list[tuple[Language, Chosen]]) -> list[tuple[Language, Chosen]]:
    """Return the languages without bounds of numbers that others make superfluous."""
    kept: list[tuple[Language, Chosen]] = []
    upper: dict[bool, tuple[int, tuple[Language, Chosen]]] = {}
    for pair in languages:
        is_upper = pair[0].kind != "not"
        bound = bound_of(pair[0] if is_upper else pair[0].parts[0])
        if bound is None:
            kept.append(pair)
            continue
        best = upper.get(is_upper)
        if best is None or (bound < best[0] if is_upper else bound > best[0]):
            upper[is_upper] = bound, pair
    return [*kept, *(pair for _, pair in upper.values())]


def _word(known: _Class, work: Work) -> str:
    known.languages = _tightest(known.languages)
    languages = [language for language, _ in known.languages]
    found = shortest_word(languages, work=work)
    if found is not None:
        return found
    kept = _needed(known.languages, work)
    raise Conflict(dict.fromkeys([*(reason for _, reason in kept), *known.reasons]))


def _needed(languages: list[tuple[Language, Chosen]], work: Work) -> list[tuple[Language, Chosen]]:
    """Return languages without a word in common of which none can be left out: many are left out at once first."""
    kept = list(languages)
    size = max(len(kept) // 2, 1)
    while size:
        start = 0
        while start < len(kept):
            fewer = kept[:start] + kept[start + size :]
            try:
                is_empty = shortest_word([each[0] for each in fewer], _MOST_STATES_OF_CONFLICTS, work) is None
            except TooLarge:
                is_empty = False
            if fewer and is_empty:
                kept = fewer
            else:
                start += size
        size //= 2
    return kept


def _check_different(chosen: list[Chosen], classes: dict[Term, _Class], found: dict[Term, str], work: Work) -> None:
    """Give texts that must differ different words, where they have more than one."""
    for each in chosen:
        if each.atom.kind != "same" or each.value:
            continue
        one, other = each.atom.parts
        if found[one] != found[other]:
            continue
        for term in (one, other):
            known = classes[term]
            others = [*(language for language, _ in known.languages), complement(literal(found[term]))]
            another = shortest_word(others, work=work)
            if another is not None:
                found.update(dict.fromkeys(known.terms, another))
                break
        else:
            reasons = [reason for term in (one, other) for _, reason in classes[term].languages]
            why = [reason for term in (one, other) for reason in classes[term].reasons]
            raise Conflict(dict.fromkeys([each, *reasons, *why]))
