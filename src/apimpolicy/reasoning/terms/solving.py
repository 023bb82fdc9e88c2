"""Satisfiability of formulas: Z3 decides Booleans and numbers, a theory of our own decides texts.

Memberships of texts are Booleans to Z3. Clauses add their meaning as far as a model contradicts it: which memberships
and equalities of texts go together. Texts that are joined of several unknown ones, and operations without a preimage,
are over-approximated: "impossible" is always right, and a model is a proposal. Each question has a Z3 context of its
own, and limits that count work, not time: the same question gets the same answer whatever came before, and however busy
the machine is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from itertools import islice
from typing import Any, NamedTuple

from apimpolicy.reasoning.languages.language import Language, TooLarge, Work, literal, shortest_word
from apimpolicy.reasoning.languages.language import not_ as complement
from apimpolicy.reasoning.languages.patterns import bound_of
from apimpolicy.reasoning.terms import term as terms
from apimpolicy.reasoning.terms.solver_process import Solver
from apimpolicy.reasoning.terms.term import Term, value_of

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
    _compose(classes, found)
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


def _compose(classes: dict[Term, _Class], found: dict[Term, str]) -> None:
    """Give a text that equals one made of others the word that these make, if it may have it.

    Words that are chosen one by one rarely fit together, and each choice that doesn't would be a case by itself.
    """
    for term, known in classes.items():
        if len(known.terms) == 1 or not term.terms:
            continue
        made = value_of(term, {each: word for each, word in found.items() if each.kind == "var"})
        if isinstance(made, str) and all(language.accepts(made) for language, _ in known.languages):
            found.update(dict.fromkeys(known.terms, made))


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


WORK = 40_000_000
"""Z3's count of work for one check."""
STATES = 60_000
"""States of languages that are looked at for one check."""
ROUNDS = 400
"""Models that are looked at before a question is given up."""
_MOST_LINKED = 2_000
"""Statements that equal texts are in the same languages: without more of them there are fewer proofs."""
_MOST_COMPARED = 20
"""The most numbers of a formula at which a measure is stated at once."""
_MOST_REFINED = 40
"""Models whose numbers and words are checked against the texts."""


class Model(NamedTuple):
    """Values of the variables, as far as they matter."""

    values: Mapping[Term, bool | int | str]


class CheckResult(NamedTuple):
    """The result of a question: `status` is "impossible", "possible" or "unknown".

    `core` are the assumptions that "impossible" depends on; `reason` tells why it is unknown.
    """

    status: str
    core: tuple[Term, ...] = ()
    model: Model | None = None
    reason: str = ""


class Question:
    """A formula, and known facts about its variables; it can be checked under several assumptions."""

    def __init__(self, formula: Term, facts: Callable[[Term], Iterable[Term]]) -> None:
        self._solver = Solver()
        self._facts = facts
        self._made: dict[Term, int] = {}
        self._constants: list[Term] = []
        """Terms that are constants to Z3, in the order in which it gives their values."""
        self._texts: dict[Term, None] = {}
        self._measures: dict[Term, set[int]] = {}
        self._asserted: set[Term] = set()
        self._linked: set[tuple[Term, Any]] = set()
        self._seen: set[Term] = set()
        self._assert(formula)

    @property
    def variables(self) -> list[Term]:
        """The variables that the formula, and what is known of them, are about."""
        return [term for term in self._made if term.kind == "var"]

    @property
    def all_variables(self) -> Set[Term]:
        """All variables of the formula, with those of texts, of which the solver sees only the languages."""
        return self._seen

    def ask(self, assumptions: Sequence[Term] = (), rounds: int = ROUNDS, work: Work | None = None) -> CheckResult:
        """Return whether there is a model in which the assumptions, which are variables, are true."""
        given = [self._term(each) for each in assumptions]
        names = dict(zip(given, assumptions, strict=True))
        work = work or Work(STATES)
        for number in range(rounds):
            self._link_equal_texts()
            status, core, values = self._solver.check(given, WORK)
            if status == "unsat":
                return CheckResult("impossible", tuple(names[each] for each in core))
            if status != "sat":
                return CheckResult("unknown", reason="the solver gave up")
            model = dict(zip(self._constants, values, strict=False))
            try:
                words = words_for(self._chosen(model), work)
            except Conflict as conflict:
                self._solver.add(self._any([self._negated(each) for each in conflict.chosen]))
                continue
            except TooLarge:
                return CheckResult("unknown", reason="a text has too many conditions")
            if number > _MOST_REFINED or not (self._refine_measures(model) or self._refine_words(words)):
                return CheckResult("possible", model=self._model(model, words))
        return CheckResult("unknown", reason="too many cases")

    def exclude(self, model: Model, names: Iterable[Term]) -> None:
        """Leave a model out, by the values that it gives to these truth values and memberships."""
        node = self._solver.node
        known = [(self._made[each], model.values[each]) for each in names if each in self._made]
        constants = [(made, node("truth" if isinstance(value, bool) else "number", value)) for made, value in known]
        self._solver.add(self._any([node("not", node("equal", *pair)) for pair in constants]))

    # Z3

    def _any(self, parts: list[int]) -> int:
        return self._solver.node("any", *parts) if parts else self._solver.node("truth", False)

    def _negated(self, chosen: Chosen) -> int:
        made = self._made[chosen.atom]
        return self._solver.node("not", made) if chosen.value else made

    def _assert(self, formula: Term) -> None:
        if formula in self._asserted:
            return
        self._asserted.add(formula)
        waiting = [formula]
        while waiting:
            each = waiting.pop()
            before = len(self._made)
            self._solver.add(self._term(each))
            for variable in self._new_variables(before):
                for fact in self._facts(variable):
                    if fact not in self._asserted:
                        self._asserted.add(fact)
                        waiting.append(fact)

    def _new_variables(self, before: int) -> list[Term]:
        found = [*list(self._made)[before:], *self._texts]
        known = [term for term in found if term.kind == "var" and term not in self._seen]
        self._seen.update(known)
        return known

    def _term(self, root: Term) -> int:
        made = self._made
        waiting = [root]
        while waiting:
            term = waiting[-1]
            if term in made:
                waiting.pop()
                continue
            missing = [part for part in term.terms if part.sort != terms.TEXT and part not in made]
            if missing and term.kind not in ("member", "same", "measure"):
                waiting += missing
                continue
            waiting.pop()
            made[term] = self._convert(term)
        return made[root]

    def _convert(self, term: Term) -> int:
        node, parts = self._solver.node, term.parts
        operands = [self._made[part] for part in term.terms if part in self._made]
        match term.kind:
            case "true" | "false":
                return node("truth", term.kind == "true")
            case "var" | "member" | "same" | "measure":
                if term.kind != "var":
                    self._note_texts(term)
                if term.kind == "measure":
                    self._measures[term] = set()
                self._constants.append(term)
                return node("bool" if term.sort == terms.TRUTH else "int")
            case "number":
                return node("number", parts[0])
            case "scaled":
                return node("scaled", parts[0], operands[0])
            case "quotient" | "remainder":
                return node(term.kind, operands[0], parts[0])
            case "not" | "all" | "any" | "at-most" | "sum" | "choice":
                return node(term.kind, *operands)
        raise AssertionError(term.kind)

    def _note_texts(self, term: Term) -> None:
        waiting = term.terms
        while waiting:
            each = waiting.pop()
            if each not in self._texts:
                self._texts[each] = None
                waiting += each.terms

    # Texts

    def _chosen(self, model: Mapping[Term, bool | int | None]) -> list[Chosen]:
        return [
            Chosen(term, value)
            for term, value in model.items()
            if term.kind in ("member", "same") and isinstance(value, bool)
        ]

    def _link_equal_texts(self) -> None:
        """State that equal texts are in the same languages, for those that either was tested for."""
        for atom in [term for term in self._made if term.kind == "same"]:
            one, other = atom.parts
            for language in [*one.languages, *other.languages]:
                if (atom, language) in self._linked:
                    continue
                if len(self._linked) > _MOST_LINKED:
                    return
                self._linked.add((atom, language))
                try:
                    linked = terms.iff(terms.member(one, language), terms.member(other, language))
                except TooLarge:
                    continue
                self._solver.add(self._any([self._solver.node("not", self._made[atom]), self._term(linked)]))

    def _refine_measures(self, model: Mapping[Term, bool | int | None]) -> bool:
        """State which texts have the value of a measure in a model; return whether that is new.

        At first the numbers that the formula compares are stated as well, so that not each below them is a case.
        """
        is_new = False
        for term, linked in list(self._measures.items()):
            found = model.get(term)
            if found is None:
                continue
            bounds = {found - 1, found}
            if not linked:
                compared = (each.parts[0] for each in self._made if each.kind == "number")
                bounds.update(bound + less for bound in islice(compared, _MOST_COMPARED) for less in (-1, 0))
            for bound in bounds - linked:
                linked.add(bound)
                is_new = self._link(term, bound) or is_new
        return is_new

    def _refine_words(self, words: Mapping[Term, str]) -> bool:
        """State which texts are equal for the words of a model, where it differs; return whether that is new."""
        known: dict[Term, bool | int | str] = {term: word for term, word in words.items() if term.kind == "var"}
        is_new = False
        for atom in [term for term in self._made if term.kind == "same"]:
            one, other = atom.parts
            variables = [each for each in _variables(atom) if each in known]
            is_equal = value_of(atom, known)
            key = (atom, tuple(known[each] for each in variables))
            if is_equal is None or key in self._linked or words.get(one) is None or words.get(other) is None:
                continue
            if (words[one] == words[other]) == is_equal:
                continue
            self._linked.add(key)
            fixed = [terms.member(each, literal(str(known[each]))) for each in variables]
            made = self._made[atom] if is_equal else self._solver.node("not", self._made[atom])
            others = [self._solver.node("not", self._term(each)) for each in fixed]
            self._solver.add(self._any([*others, made]))
            is_new = True
        return is_new

    def _link(self, term: Term, bound: int) -> bool:
        measure, text = term.parts
        try:
            defined = terms.member(text, measure.defined)
            inside = terms.member(text, measure.at_most(bound))
        except TooLarge:
            return False
        node = self._solver.node
        low = node("at-most", self._made[term], node("number", bound))
        is_inside, is_defined = self._term(inside), self._term(defined)
        self._solver.add(self._any([node("not", is_defined), node("equal", low, is_inside)]))
        return True

    def _model(self, model: Mapping[Term, bool | int | None], words: Mapping[Term, str]) -> Model:
        values: dict[Term, bool | int | str] = dict(words)
        for term in self._constants:
            if term.kind != "measure":
                found = model.get(term)
                values[term] = (False if term.sort == terms.TRUTH else 0) if found is None else found
        return Model(values)


def _variables(term: Term) -> list[Term]:
    waiting = [term]
    for each in waiting:
        waiting += each.terms
    return [each for each in dict.fromkeys(waiting) if each.kind == "var"]
