"""Terms: hash-consed, and folded as they are made, so that equal terms are mostly the same object.

    truth values   true false var not all any member(text, language) same(text, text) at-most(number, number)
    numbers        number var sum scaled choice measure(measure, text) remainder quotient
    texts          text var joined applied(operation, text)

A membership is normal: operations on its text have moved into the language as preimages, constant parts of joined texts
as derivatives. `value_of` evaluates a term under an assignment of its variables,
by which forms are compared with the implementation.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

from apimpolicy.reasoning.languages.language import ANYTHING, NOTHING, Language, leading, literal, reverse, states_of
from apimpolicy.reasoning.languages.language import not_ as complement
from apimpolicy.reasoning.languages.operations import Erase, Operation, ToLower, ToUpper, Trim, preimage

if TYPE_CHECKING:
    from apimpolicy.reasoning.terms.measures import Measure


TRUTH, NUMBER, TEXT = "truth", "number", "text"
_MOST_STATES_OF_JOINED = 24


class Term:
    """A term. `sort` is TRUTH, NUMBER or TEXT; `parts` are terms, and what else it is made of."""

    __slots__ = ("__weakref__", "bounds", "id", "kind", "languages", "parts", "sort")

    kind: str
    languages: dict[Language, None]
    """Of a text: the languages that it was tested for, so that equal texts share them."""
    bounds: dict[int, Term]
    """Of a number: where it is at most a constant, as far as that was asked."""
    sort: str
    parts: tuple[Any, ...]
    id: int

    @property
    def terms(self) -> list[Term]:
        return [part for part in self.parts if isinstance(part, Term)]

    def __repr__(self) -> str:
        return f"<Term {self.kind} {self.parts!r}>"


_known: WeakValueDictionary[tuple[Any, ...], Term] = WeakValueDictionary()
_ids = itertools.count()


def _make(kind: str, sort: str, *parts: Any) -> Term:
    key = (kind, sort, *parts)
    found = _known.get(key)
    if found is None:
        found = Term()
        found.kind, found.sort, found.parts, found.id = kind, sort, parts, next(_ids)
        found.languages, found.bounds = {}, {}
        _known[key] = found
    return found


# Truth values

TRUE = _make("true", TRUTH)
FALSE = _make("false", TRUTH)


def truth(value: bool) -> Term:
    return TRUE if value else FALSE


def variable(name: str, sort: str, proof: int = 0) -> Term:
    """Return the variable of a name; names are unique within a proof, whose number keeps those of others apart."""
    return _make("var", sort, name, proof)


def not_(term: Term) -> Term:
    if term is TRUE or term is FALSE:
        return FALSE if term is TRUE else TRUE
    if term.kind == "not":
        inner: Term = term.parts[0]
        return inner
    return _make("not", TRUTH, term)


def all_of(*terms: Term) -> Term:
    return _combined("all", terms, TRUE, FALSE)


def any_of(*terms: Term) -> Term:
    return _combined("any", terms, FALSE, TRUE)


def _combined(kind: str, terms: Iterable[Term], neutral: Term, absorbing: Term) -> Term:
    kept: dict[Term, None] = {}
    for term in terms:
        if term is absorbing:
            return absorbing
        if term is not neutral:
            kept[term] = None
    if len(kept) == 1:
        return next(iter(kept))
    if not kept:
        return neutral
    if any(term.kind == "not" and term.parts[0] in kept for term in kept):
        return absorbing
    return _make(kind, TRUTH, *kept)


def choice(condition: Term, then: Term, otherwise: Term) -> Term:
    """Return `then` where the condition is true, else `otherwise`; of truth values or numbers."""
    if condition is TRUE or then is otherwise:
        return then
    if condition is FALSE:
        return otherwise
    if then.sort == TRUTH:
        if TRUE in (then, otherwise) or FALSE in (then, otherwise):
            return any_of(all_of(condition, then), all_of(not_(condition), otherwise))
        return all_of(any_of(not_(condition), then), any_of(condition, otherwise))
    if condition.kind == "not":
        return _make("choice", then.sort, condition.parts[0], otherwise, then)
    return _make("choice", then.sort, condition, then, otherwise)


def iff(one: Term, other: Term) -> Term:
    return choice(one, other, not_(other))


# Texts


def text(value: str) -> Term:
    return _make("text", TEXT, value)


def constant_text(term: Term) -> str | None:
    return term.parts[0] if term.kind == "text" else None


def applied(operation: Operation, term: Term) -> Term:
    value = constant_text(term)
    if value is not None:
        return text(operation.apply(value))
    if term.kind == "applied" and term.parts[0] == operation and isinstance(operation, (ToUpper, ToLower, Trim, Erase)):
        return term
    return _make("applied", TEXT, operation, term)


def joined(*terms: Term) -> Term:
    parts: list[Term] = []
    for term in terms:
        parts += term.parts if term.kind == "joined" else (term,)
    merged: list[Term] = []
    for part in parts:
        value = constant_text(part)
        if value is not None and merged and (last := constant_text(merged[-1])) is not None:
            merged[-1] = text(last + value)
        elif value != "":
            merged.append(part)
    if len(merged) < 2:
        return merged[0] if merged else text("")
    return _make("joined", TEXT, *merged)


def member(term: Term, language: Language) -> Term:
    """Return whether a text is a word of a language. Raises TooLarge."""
    term.languages[language] = None
    while term.kind == "applied":
        language = preimage(term.parts[0], language)
        term = term.parts[1]
    if language is ANYTHING or language is NOTHING:
        return truth(language is ANYTHING)
    if language.kind == "not":
        return not_(member(term, complement(language)))
    if term.kind == "text":
        return truth(language.accepts(term.parts[0]))
    if term.kind == "joined":
        return _joined_member(term.parts, language)
    return _make("member", TRUTH, term, language)


def _joined_member(parts: tuple[Term, ...], language: Language) -> Term:
    """Move constant parts of a joined text into the language, and take others apart by its states."""
    first = constant_text(parts[0])
    if first is not None:
        return member(joined(*parts[1:]), language.after(first))
    last = constant_text(parts[-1])
    if last is not None:
        rest = reverse(reverse(language).after(last[::-1]))
        return member(joined(*parts[:-1]), rest)
    behind = joined(*parts[1:])
    states = [state for state in states_of(language, _MOST_STATES_OF_JOINED) if state is not NOTHING]
    return any_of(*(all_of(member(parts[0], leading(language, state)), member(behind, state)) for state in states))


def same(one: Term, other: Term) -> Term:
    """Return whether two texts are equal, unit by unit. Raises TooLarge."""
    if one is other:
        return TRUE
    for first, second in ((one, other), (other, one)):
        value = constant_text(first)
        if value is not None:
            return member(second, literal(value))
    return _make("same", TRUTH, *sorted((one, other), key=lambda term: term.id))


# Numbers


def number(value: int) -> Term:
    return _make("number", NUMBER, value)


def constant_number(term: Term) -> int | None:
    return term.parts[0] if term.kind == "number" else None


def measure(of: Measure, term: Term) -> Term:
    value = constant_text(term)
    if value is not None and (known := of.of(value)) is not None:
        return number(known)
    return _make("measure", NUMBER, of, term)


def total(one: Term, other: Term) -> Term:
    first, second = constant_number(one), constant_number(other)
    if first is not None and second is not None:
        return number(first + second)
    if first == 0 or second == 0:
        return other if first == 0 else one
    return _make("sum", NUMBER, one, other)


def scaled(factor: int, term: Term) -> Term:
    value = constant_number(term)
    if value is not None or factor in (0, 1):
        return number(0) if factor == 0 else term if value is None else number(factor * value)
    return _make("scaled", NUMBER, factor, term)


def quotient(term: Term, divisor: int) -> Term:
    """Return a number divided by a positive constant, rounded down."""
    value = constant_number(term)
    return number(value // divisor) if value is not None else _make("quotient", NUMBER, divisor, term)


def remainder(term: Term, divisor: int) -> Term:
    """Return the remainder of dividing by a positive constant, from 0 to below it."""
    value = constant_number(term)
    return number(value % divisor) if value is not None else _make("remainder", NUMBER, divisor, term)


def at_most(one: Term, other: Term) -> Term:
    """Return whether a number is at most another. Raises TooLarge."""
    if one is other:
        return TRUE
    first, second = constant_number(one), constant_number(other)
    if first is not None and second is not None:
        return truth(first <= second)
    if second is not None:
        return _at_most_constant(one, second)
    if first is not None:
        return not_(_at_most_constant(other, first - 1))
    return _make("at-most", TRUTH, one, other)


def _at_most_constant(term: Term, bound: int) -> Term:
    found = term.bounds.get(bound)
    if found is None:
        found = term.bounds[bound] = _with_bound(term, bound)
    return found


def _with_bound(term: Term, bound: int) -> Term:
    parts = term.parts
    match term.kind:
        case "measure":
            return member(parts[1], parts[0].at_most(bound))
        case "choice":
            return choice(parts[0], _at_most(parts[1], bound), _at_most(parts[2], bound))
        case "scaled" if parts[0] > 0:
            return _at_most(parts[1], bound // parts[0])
        case "scaled":
            return not_(_at_most(parts[1], _below(bound, parts[0])))
        case "sum":
            for known, rest in (parts, parts[::-1]):
                value = constant_number(known)
                if value is not None:
                    return _at_most(rest, bound - value)
    return _make("at-most", TRUTH, term, number(bound))


def _below(bound: int, factor: int) -> int:
    """Return the largest x with factor * x > bound, for a negative factor."""
    return -(bound // -factor) - 1


def _at_most(term: Term, bound: int) -> Term:
    return at_most(term, number(bound))


def equal(one: Term, other: Term) -> Term:
    """Return whether two numbers are equal. Raises TooLarge."""
    if one.kind == "number":
        one, other = other, one
    return all_of(at_most(one, other), at_most(other, one))


Value = bool | int | str


def value_of(root: Term, assignment: Mapping[Term, Value]) -> Value | None:
    """Return the value of a term; None where it depends on a variable without one."""
    known: dict[Term, Value | None] = {}
    waiting = [root]
    while waiting:
        term = waiting[-1]
        if term in known:
            waiting.pop()
            continue
        missing = [part for part in term.terms if part not in known]
        if missing:
            waiting += missing
            continue
        waiting.pop()
        known[term] = (
            assignment.get(term) if term.kind == "var" else part_value(term, [known[part] for part in term.terms])
        )
    return known[root]


def part_value(term: Term, values: list[Any]) -> Value | None:
    """Return the value of a term that has these values of its parts; None where it depends on one without."""
    parts = term.parts
    match term.kind:
        case "true" | "false":
            return term.kind == "true"
        case "all":
            return False if False in values else None if None in values else True
        case "any":
            return True if True in values else None if None in values else False
        case "choice":
            if values[0] is None:
                return values[1] if values[1] == values[2] else None
            chosen: Value | None = values[1] if values[0] else values[2]
            return chosen
        case "text" | "number":
            constant: Value = parts[0]
            return constant
    if None in values:
        return None
    match term.kind:
        case "not":
            return not values[0]
        case "member":
            return bool(parts[1].accepts(values[0]))
        case "same":
            return bool(values[0] == values[1])
        case "at-most":
            return bool(values[0] <= values[1])
        case "joined":
            return "".join(values)
        case "applied":
            applied: str = parts[0].apply(values[0])
            return applied
        case "measure":
            measured: int | None = parts[0].of(values[0])
            return measured
        case "sum":
            return int(values[0] + values[1])
        case "scaled":
            return int(parts[0] * values[0])
        case "quotient":
            return int(values[0] // parts[0])
        case "remainder":
            return int(values[0] % parts[0])
    raise AssertionError(term.kind)
