"""The variables of a proof: inputs, and unknown values with the reason and the place."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, NamedTuple

from apimpolicy.semantics.values import INTEGERS, NULL, Number, Opaque, Text, Truth, Value, merge
from apimpolicy.terms import term as terms

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable

    from apimpolicy.terms.term import Term


class Reason(NamedTuple):
    """Why a value is unknown: what has no form, and where."""

    what: str
    where: str = ""

    def __str__(self) -> str:
        return f"{self.what} ({self.where})" if self.where else self.what


class Unsupported(Exception):
    """A part of an expression without a form; what contains it becomes unknown."""


_proofs = itertools.count(1)


class Unknowns:
    """The variables of one proof. The same question makes the same names, in the same order.

    `heap` is the version of all objects that can change, `bodies` that of bodies that are read.
    """

    def __init__(self) -> None:
        self._proof = next(_proofs)
        self.reasons: dict[Term, Reason] = {}
        self.chances: dict[Term, Reason] = {}
        """Truth values that may be either for the same request."""
        self.assumptions: dict[str, Term] = {}
        self.heap = 0
        self.bodies = 0
        self.has_escaped = False
        """True if an object of the gateway may be reached through other objects, as a type that can change it."""
        self.place: Callable[[], str] = str
        self.watched: dict[int, bool] = {}
        """Nodes of bound trees whose outcomes are kept, by identity: whether they are about null."""
        self.outcomes: dict[tuple[int, int], Term] = {}
        """Conditions of a watched node's outcomes: 0 true (or null), 1 false (or not null)."""
        self._facts: dict[Term, list[Term]] = {}
        self._terms: dict[Hashable, Term] = {}
        self._count = 0
        self.scope: Hashable = None
        """The scope of unknown values, where two programs are compared: equal scopes have the same ones."""
        self._in_scope: dict[Hashable, int] = {}
        self._versions: dict[Hashable, int] = {}
        self.likely: dict[Term, None] = {}
        """Truth values that proposals of requests have, if they can: where they are true, values are exact."""
        self.inputs: dict[Hashable, Term] = {}
        """Variables that are parts of a request, by what they are."""

    def facts(self, variable: Term) -> Iterable[Term]:
        """Return the facts about a variable."""
        return self._facts.get(variable, ())

    def know(self, variable: Term, *facts: Term) -> None:
        """Add what is known of a variable; facts about several belong to each of them."""
        self._facts.setdefault(variable, []).extend(fact for fact in facts if fact is not terms.TRUE)

    def assume(self, words: str, variable: Term, fact: Term) -> None:
        """Restrict a variable under an assumption, which an answer names when it depends on it."""
        literal = self.assumptions.get(words)
        if literal is None:
            literal = self.assumptions[words] = self.variable(f"assumption {words}", terms.TRUTH)
        self.know(variable, terms.any_of(terms.not_(literal), fact))

    def input(self, key: Hashable, sort: str) -> Term:
        """Return the variable that a part of the request is."""
        found = self.inputs.get(key)
        if found is None:
            found = self.inputs[key] = self.variable(f"input {key}", sort)
        return found

    def variable(self, name: str, sort: str) -> Term:
        """Return the variable of a name, which no other proof has."""
        return terms.variable(name, sort, self._proof)

    def fresh(self, sort: str, what: str, key: Hashable = None) -> Term:
        """Return a new variable that is unknown because of `what`, here; its name follows from the key, if any."""
        number = self.next() if key is None else f"key {self.version_of(('key', key))}"
        made = self.variable(f"{what} #{number}", sort)
        self.reasons[made] = Reason(what, self.place())
        return made

    def note(self, node: int, where: Term, first: Term) -> None:
        """Keep where a watched node has its first outcome, and where the other."""
        for outcome, term in enumerate((first, terms.not_(first))):
            known = self.outcomes.get((node, outcome), terms.FALSE)
            self.outcomes[node, outcome] = terms.any_of(known, terms.all_of(where, term))

    def begin(self) -> None:
        """Begin with another program: where its policies do the same in the same state, they do the same."""
        self.heap = self.bodies = 0
        self.has_escaped = False
        self._in_scope.clear()

    def next(self) -> str:
        """Return a number that is new, within the scope if there is one."""
        if self.scope is None:
            self._count += 1
            return str(self._count)
        number = self._in_scope[self.scope] = self._in_scope.get(self.scope, 0) + 1
        return f"{self.version_of(self.scope)}.{number}"

    def version_of(self, key: Hashable) -> int:
        """Return the number of a version; the same for the same key."""
        return self._versions.setdefault(key, len(self._versions) + 1)

    def change(self) -> None:
        """Say that any object may have changed."""
        self.heap = self.version_of(("heap", self.next()))

    def use_up(self) -> None:
        """Say that any body may have been read."""
        self.bodies = self.version_of(("bodies", self.next()))

    def chance(self, what: str) -> Term:
        """Return a truth value that does not depend on the request: it may be either."""
        made = self.variable(f"{what} #{self.next()}", terms.TRUTH)
        self.chances[made] = Reason(what, self.place())
        return made

    def truth(self, what: str, key: Hashable = None) -> Term:
        """Return an unknown truth value, the same for the same key."""
        if key is None:
            return self.fresh(terms.TRUTH, what)
        found = self._terms.get(key)
        if found is None:
            found = self._terms[key] = self.fresh(terms.TRUTH, what, key)
        return found

    def value(
        self, type_: str, what: str, key: Hashable = None, *, null: bool = True, reads: frozenset[str] | None = None
    ) -> Value:
        """Return an unknown value of a type, the same for the same key; it may be null where `null` is true.

        `reads` are the cells that a sequence shows when it is evaluated.
        """
        if key is None:
            key = self.next()
        is_null = self.truth(what, ("null", type_, key)) if null else terms.FALSE
        if type_.endswith("?"):
            return merge(self.truth(what, ("null", type_, key)), NULL, self._not_null(type_[:-1], what, key, reads))
        if type_ == "bool" or type_ in INTEGERS:
            return self._not_null(type_, what, key, reads)
        return merge(is_null, NULL, self._not_null(type_, what, key, reads))

    def status_of(self, response: Opaque) -> Value:
        """Return the status of a response to a request that a policy sent; nothing changes it."""
        return self.value("int", "the status of another service's response", ("status of", response.identity))

    def _not_null(self, type_: str, what: str, key: Hashable, reads: frozenset[str] | None) -> Value:
        if type_ == "bool":
            return Truth(self.truth(what, ("value", type_, key)))
        if type_ != "string" and type_ not in INTEGERS:
            return Opaque(("value", type_, key), type_, self.heap, reads=reads)
        named = ("value", type_, key)
        variable = self._terms.get(named)
        if variable is None:
            variable = self._terms[named] = self.fresh(terms.TEXT if type_ == "string" else terms.NUMBER, what, named)
            if type_ in INTEGERS:
                least, largest = map(terms.number, INTEGERS[type_])
                self.know(variable, terms.at_most(least, variable), terms.at_most(variable, largest))
        return Text(variable) if type_ == "string" else Number(variable, type_)
