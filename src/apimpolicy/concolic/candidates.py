"""Candidate values for inputs, tried before the solver: strings assembled from the constants of a query.

A policy that parses a string by hand (`Split(';')`, `Split('=')`, `Trim`) is a chain of substrings to the solver, but
only a few words with separators between them to a person.
"""

from __future__ import annotations

import re
from itertools import islice, product
from typing import TYPE_CHECKING, Any, NamedTuple

from apimpolicy.concolic import solver, term_analysis

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from apimpolicy.binding.nodes import Bound
    from apimpolicy.concolic.inputs import Inputs
    from apimpolicy.concolic.solver import Term
    from apimpolicy.engine.trace import TraceEntry
    from apimpolicy.scenarios.assignments import Key

_MOST = 150
_MOST_WORDS = 6
_MOST_PARTS = 5
_FILLERS = ("x", "1", "")
_NUMBER = re.compile(r"[0-9]+")
_MOST_PLACES = 60
"""Positions in a string at which another one is inserted."""


class Target(NamedTuple):
    """The value that a term should get, and the one that it has."""

    term: Term
    value: Any
    before: Any


def try_candidates(
    inputs: Inputs, terms: Sequence[Term], assignment: Mapping[Key, Any], words: Sequence[str]
) -> dict[str, Any] | None:
    """Return values by name under which all terms are true, by trying strings for one input; None when none is found.

    The first term is tried first. `words` are further constants, from near the branch.
    """
    involved = {each.name: each for term in terms for each in inputs.in_term(term)}
    texts = [each for each in involved.values() if solver.is_string(each.term) and not each.choices]
    base = {name: assignment.get(each.key, each.default) for name, each in involved.items()}
    constants = dict.fromkeys([*term_analysis.constants_in(terms), *words])
    candidates = list(islice(_texts(list(constants)), _MOST))
    numbers = sorted(
        {near for number in term_analysis.numbers_in(terms[:1]) for near in (number - 1, number, number + 1)}
    )
    for each in texts:
        own = str(base[each.name])
        for candidate in dict.fromkeys(
            (*_extensions(own, list(constants)), *_with_other_numbers(own, numbers), *candidates)
        ):
            values = {**base, each.name: candidate}
            if _all_hold(terms, [(involved[name].term, value) for name, value in values.items()]):
                return values
    return None


def replaced(
    inputs: Inputs, terms: Sequence[Term], targets: Sequence[Target], assignment: Mapping[Key, Any]
) -> dict[str, Any] | None:
    """Return values that give the targets their values and keep all terms true, by replacing substrings; else None."""
    involved = {each.name: each for term in terms for each in inputs.in_term(term)}
    values = {each.name: assignment.get(each.key, each.default) for each in involved.values()}

    def holds(some: Iterable[Term], given: Mapping[str, Any]) -> bool:
        return _all_hold(some, [(involved[name].term, value) for name, value in given.items()])

    for target in targets:
        condition = solver.equal(target.term, solver.constant(target.value))
        if holds([condition], values):
            continue
        tried = ({**values, name: text} for name, text in _substitutions(target, values))
        fitting = [each for each in tried if holds([condition], each)]
        if not fitting:
            return None
        values = next((each for each in fitting if holds(terms, each)), fitting[0])
    return values if holds(terms, values) else None


def matching(
    inputs: Inputs, terms: Sequence[Term], condition: Term, assignment: Mapping[Key, Any]
) -> dict[str, Any] | None:
    """Return values under which all terms are true, with samples of the patterns that strings have to match."""
    found = [
        (term, term_analysis.sample_of(pattern))
        for term, pattern in term_analysis.matches_in(solver.simplify(condition))
    ]
    if not found or any(sample is None for _, sample in found):
        return None
    there = {each.key: True for each in inputs.in_term(condition) if each.key[-1] == "there"}
    given = {**assignment, **there}
    targets = [Target(term, sample, inputs.value(term, given)) for term, sample in found]
    return replaced(inputs, terms, targets, given)


def _substitutions(target: Target, values: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the inputs of a term, each with the old value replaced by the new one."""
    name = solver.name_of(target.term)
    if name in values:
        yield name, target.value
        return
    old, new = target.before or "", target.value
    for each in sorted(solver.names_of(target.term)):
        text = values.get(each)
        if not isinstance(text, str) or not isinstance(old, str) or not isinstance(new, str):
            continue
        places = [place for place in range(len(text) + 1) if text.startswith(old, place)]
        for place in (places if old else places[::-1])[:_MOST_PLACES]:
            yield each, text[:place] + new + text[place + len(old) :]


_words: dict[int, tuple[Any, list[str]]] = {}
_MOST_KNOWN = 2000
_LONGEST = 40


def literals_in(entry: TraceEntry | None) -> list[str]:
    """Return the string and character literals in the expressions of a policy."""
    found: dict[str, None] = {}
    for evaluation in () if entry is None else entry.evaluations:
        if evaluation.expression is not None:
            found.update(dict.fromkeys(_words_in(evaluation.expression.bound.body)))
    return list(found)


def _words_in(body: Bound) -> list[str]:
    known = _words.get(id(body))
    if known is not None and known[0] is body:
        return known[1]
    found: dict[str, None] = {}
    waiting = [body]
    while waiting:
        node = waiting.pop()
        value = getattr(node, "constant", None)
        if isinstance(value, str) and 0 < len(value) <= _LONGEST:
            found[str(value)] = None
        waiting.extend(reversed(node.children()))
    if len(_words) > _MOST_KNOWN:
        _words.clear()
    _words[id(body)] = body, list(found)
    return list(found)


def try_single_input(
    inputs: Inputs, terms: Sequence[Term], condition: Term, assignment: Mapping[Key, Any]
) -> dict[str, Any] | None:
    """Return values that satisfy a comparison of one input with a constant, unless other terms contradict it."""
    found = term_analysis.comparison(condition)
    if found is None or found[0] not in inputs.by_name:
        return None
    name, operator, value = found
    own = inputs.by_name[name]
    if operator == "!=":
        value = next((each for each in (own.default, *own.choices) if each != value), None)
    elif operator in ("<", ">"):
        value = value - 1 if operator == "<" else value + 1
    if value is None:
        return None
    involved = {each.name: each for term in terms for each in inputs.in_term(term)}
    values = {each.name: assignment.get(each.key, each.default) for each in involved.values()} | {name: value}
    pairs = [(inputs.by_name[each].term, given) for each, given in values.items()]
    return values if _all_hold(terms, pairs) else None


def _all_hold(terms: Iterable[Term], values: list[tuple[Term, Any]]) -> bool:
    return all(solver.evaluate(term, values) is True for term in terms)


def _extensions(text: str, constants: Sequence[str]) -> Iterator[str]:
    """Yield variants of a string: with more at its end, or in place of a filler."""
    separators, words = _separators_and_words(constants)
    for separator in separators:
        for count in range(1, _MOST_PARTS):
            yield text + f"{separator}x" * count
        for word in words:
            yield text + separator + word
    for word in words:
        yield text + word
        if text.endswith("x"):
            yield text[:-1] + word
    for separator, word in product(separators, words):
        yield text + separator + word
    for place in range(min(len(text), _MOST_PLACES)):
        yield f"{text[:place]}x{text[place:]}"


def _with_other_numbers(text: str, numbers: Sequence[int]) -> Iterator[str]:
    """Yield a string with its numbers replaced."""
    for found in _NUMBER.finditer(text):
        for number in numbers:
            if number >= 0:
                yield f"{text[: found.start()]}{number}{text[found.end() :]}"


def _separators_and_words(constants: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return separators, and words; a word with a separator at one end (`",a"`) gives both."""
    separators = dict.fromkeys(each for each in constants if each and not _is_word(each))
    words: dict[str, None] = {}
    known = set(constants)
    for each in constants:
        if _is_word(each):
            inner = next((each[at:] for at in (1, 2) if each[at:] in known and not _is_word(each[:at])), each)
            inner = next((inner[:-at] for at in (1, 2) if inner[:-at] in known and not _is_word(inner[-at:])), inner)
            separators.update(dict.fromkeys(part for part in each.split(inner) if part))
            words[inner] = None
    return list(separators), list(words)[:_MOST_WORDS]


def _is_word(text: str) -> bool:
    return any(character.isalnum() for character in text)


def _texts(constants: Sequence[str]) -> Iterator[str]:
    """Yield single words, then words and fillers with separators between them."""
    separators, words = _separators_and_words(constants)
    yield from words
    parts = [*words, *_FILLERS]
    for separator in separators:
        for one, other in product(parts, parts):
            yield f"{one}{separator}{other}"
    for first, second in product(separators, separators):
        for word in words:
            yield f"x{first}{word}{second}x"
            yield f"{word}{second}x{first}x"
            yield f"{word}{second}x{second}x"
    for separator in separators:
        for count in range(2, 5):
            yield separator.join(["x"] * (count + 1))
