"""Whether a formula has a model: Z3 decides its truth values and numbers, `theory` its texts.

Memberships of texts are truth values to Z3. What they mean is added in clauses, as far as a model contradicts it. Texts
that are joined of several unknown ones, and operations without a preimage, are over-approximated: "impossible" is
always right, and a model is a proposal. Each question has a Z3 context of its own, and limits that count work, not
time: the same question gets the same answer whatever was asked before, and however busy the machine is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from apimpolicy.languages.emptiness import Work
from apimpolicy.languages.language import TooLarge, literal
from apimpolicy.terms import term as terms
from apimpolicy.terms.evaluation import value_of
from apimpolicy.terms.theory import Chosen, Conflict, words_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from apimpolicy.terms.term import Term

WORK = 40_000_000
"""Z3's count of work for one check."""
STATES = 60_000
"""States of languages that are looked at for one check."""
ROUNDS = 400
"""Models that are looked at before a question is given up."""
_MOST_REFINED = 40
"""Models whose numbers and words are compared with what texts really are."""


class Model(NamedTuple):
    """Values of the variables, as far as they matter."""

    values: Mapping[Term, bool | int | str]


class Answer(NamedTuple):
    """What came of a question: `status` is "impossible", "possible" or "unknown".

    `core` are the assumptions that "impossible" depends on; `reason` says why it is unknown.
    """

    status: str
    core: tuple[Term, ...] = ()
    model: Model | None = None
    reason: str = ""


class Question:
    """A formula, and what is known of its variables; it can be asked under several assumptions."""

    def __init__(self, formula: Term, facts: Callable[[Term], Iterable[Term]]) -> None:
        import z3

        self.z3: Any = z3
        self.context = z3.Context()
        self.solver = z3.Solver(ctx=self.context)
        self.solver.set("max_memory", 800)
        self.solver.set("random_seed", 0)
        self._facts = facts
        self._made: dict[Term, Any] = {}
        self._texts: dict[Term, Any] = {}
        self._measures: dict[Term, set[int]] = {}
        self._asserted: set[Term] = set()
        self._linked: set[tuple[Term, Any]] = set()
        self._seen: set[Term] = set()
        self._assert(formula)

    @property
    def variables(self) -> list[Term]:
        """The variables that the formula, and what is known of them, are about."""
        return [term for term in self._made if term.kind == "var"]

    def ask(self, assumptions: Sequence[Term] = (), rounds: int = ROUNDS) -> Answer:
        """Return whether there is a model in which the assumptions, which are variables, are true."""
        given = [self._term(each) for each in assumptions]
        names = {str(made): each for made, each in zip(given, assumptions, strict=True)}
        work = Work(STATES)
        for number in range(rounds):
            self._link_equal_texts()
            self.solver.set("rlimit", WORK)
            found = self.solver.check(*given)
            if found == self.z3.unsat:
                return Answer("impossible", tuple(names[str(each)] for each in self.solver.unsat_core()))
            if found != self.z3.sat:
                return Answer("unknown", reason="the solver gave up")
            model = self.solver.model()
            try:
                words = words_for(self._chosen(model), work)
            except Conflict as conflict:
                self.solver.add(self._or([self._negated(each) for each in conflict.chosen]))
                continue
            except TooLarge:
                return Answer("unknown", reason="a text has too many conditions")
            if number > _MOST_REFINED or not (self._refine_measures(model, words) or self._refine_words(words)):
                return Answer("possible", model=self._model(model, words))
        return Answer("unknown", reason="too many cases")

    def exclude(self, model: Model, names: Iterable[Term]) -> None:
        """Leave a model out, by the values that it gives to these truth values and memberships."""
        parts = [self._made[each] for each in names if each in self._made]
        values = [model.values[each] for each in names if each in self._made]
        self.solver.add(self._or([part != value for part, value in zip(parts, values, strict=True)]))

    # Z3

    def _or(self, parts: list[Any]) -> Any:
        return self.z3.Or(*parts, self.context) if not parts else self.z3.Or(parts)

    def _negated(self, chosen: Chosen) -> Any:
        made = self._made[chosen.atom]
        return self.z3.Not(made) if chosen.value else made

    def _assert(self, formula: Term) -> None:
        """Assert a formula, with what is known of each variable in it."""
        if formula in self._asserted:
            return
        self._asserted.add(formula)
        waiting = [formula]
        while waiting:
            each = waiting.pop()
            before = len(self._made)
            self.solver.add(self._term(each))
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

    def _term(self, root: Term) -> Any:
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

    def _convert(self, term: Term) -> Any:
        z3, parts, context = self.z3, term.parts, self.context
        values = [self._made[part] for part in term.terms if part in self._made]
        match term.kind:
            case "true" | "false":
                return z3.BoolVal(term.kind == "true", context)
            case "var":
                return z3.Bool(parts[0], context) if term.sort == terms.TRUTH else z3.Int(parts[0], context)
            case "not":
                return z3.Not(values[0])
            case "all":
                return z3.And(values)
            case "any":
                return z3.Or(values)
            case "member" | "same":
                self._note_texts(term)
                return z3.Bool(f"{term.kind}!{len(self._made)}", context)
            case "at-most":
                return values[0] <= values[1]
            case "number":
                return z3.IntVal(parts[0], context)
            case "measure":
                self._note_texts(term)
                self._measures[term] = set()
                return z3.Int(f"measure!{len(self._made)}", context)
            case "sum":
                return values[0] + values[1]
            case "scaled":
                return parts[0] * values[0]
            case "choice":
                return z3.If(values[0], values[1], values[2])
            case "quotient":
                return values[0] / parts[0]
            case "remainder":
                return values[0] % parts[0]
        raise AssertionError(term.kind)

    def _note_texts(self, term: Term) -> None:
        waiting = term.terms
        while waiting:
            each = waiting.pop()
            if each not in self._texts:
                self._texts[each] = None
                waiting += each.terms

    # Texts

    def _chosen(self, model: Any) -> list[Chosen]:
        found: list[Chosen] = []
        for term, made in self._made.items():
            if term.kind in ("member", "same"):
                value = model.eval(made)
                if self.z3.is_true(value) or self.z3.is_false(value):
                    found.append(Chosen(term, self.z3.is_true(value)))
        return found

    def _link_equal_texts(self) -> None:
        """Say that equal texts are in the same languages, for those that either was asked to be in."""
        for atom in [term for term in self._made if term.kind == "same"]:
            one, other = atom.parts
            for language in [*one.languages, *other.languages]:
                if (atom, language) in self._linked:
                    continue
                self._linked.add((atom, language))
                try:
                    linked = terms.iff(terms.member(one, language), terms.member(other, language))
                except TooLarge:
                    continue
                self.solver.add(self.z3.Implies(self._made[atom], self._term(linked)))

    def _refine_measures(self, model: Any, words: Mapping[Term, str]) -> bool:
        """Say of a measure's value in a model which texts have it, unless that was said; whether anything was new."""
        is_new = False
        for term, linked in list(self._measures.items()):
            value = model.eval(self._made[term])
            if not self.z3.is_int_value(value):
                continue
            found = value.as_long()
            for bound in {found - 1, found} - linked:
                linked.add(bound)
                is_new = self._link(term, bound) or is_new
        return is_new

    def _refine_words(self, words: Mapping[Term, str]) -> bool:
        """Say which texts are equal for the words of a model, where it says otherwise; whether anything was new."""
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
            made = self._made[atom] if is_equal else self.z3.Not(self._made[atom])
            self.solver.add(self._or([*(self.z3.Not(self._term(each)) for each in fixed), made]))
            is_new = True
        return is_new

    def _link(self, term: Term, bound: int) -> bool:
        measure, text = term.parts
        try:
            defined = terms.member(text, measure.defined)
            inside = terms.member(text, measure.at_most(bound))
        except TooLarge:
            return False
        low = self._made[term] <= bound
        is_inside, is_defined = self._term(inside), self._term(defined)
        self.solver.add(self.z3.Implies(is_defined, low == is_inside))
        return True

    def _model(self, model: Any, words: Mapping[Term, str]) -> Model:
        values: dict[Term, bool | int | str] = dict(words)
        for term, made in self._made.items():
            if term.kind in ("var", "member", "same"):
                value = model.eval(made, model_completion=True)
                values[term] = self.z3.is_true(value) if term.sort == terms.TRUTH else value.as_long()
        return Model(values)


def _variables(term: Term) -> list[Term]:
    waiting = [term]
    for each in waiting:
        waiting += each.terms
    return [each for each in dict.fromkeys(waiting) if each.kind == "var"]
