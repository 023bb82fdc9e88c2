"""The variables of a proof: inputs, and unknown values with the reason and the place.

Two unknown results are one value only where everything that they depend on is in their key. What a result depends on
is declared: by the facts of members, by the cells that the gateway's objects show, and by the versions of objects and
bodies. A result that depends on anything else has no key, and is another one each time.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Hashable, Iterable
from typing import TYPE_CHECKING, NamedTuple

from apimpolicy.csharp.binding import nodes
from apimpolicy.csharp.dotnet.signatures import Member
from apimpolicy.reasoning.semantics.facts import has, is_immutable, is_pure
from apimpolicy.reasoning.semantics.state import KINDS_OF_MESSAGES
from apimpolicy.reasoning.semantics.values import (
    INTEGERS,
    NULL,
    Choice,
    Function,
    Host,
    Items,
    Json,
    Number,
    Opaque,
    Parts,
    Query,
    ResultWithOuts,
    Table,
    Text,
    Truth,
    Value,
    merge,
)
from apimpolicy.reasoning.terms import term as terms
from apimpolicy.reasoning.terms.term import Term

if TYPE_CHECKING:
    from apimpolicy.reasoning.semantics.evaluation import Evaluation


class Reason(NamedTuple):
    """Why a value is unknown: what has no form, and where.

    `value` is what it would have to be for a request to break a claim, and `line` the one that would tell it.
    """

    what: str
    where: str = ""
    value: str = ""
    line: str = ""

    def __str__(self) -> str:
        place = f" ({self.where})" if self.where else ""
        value = f": {self.value}" if self.value else ""
        return f"{self.what}{value}{place}{f'; tell it: {self.line}' if self.line else ''}"

    def with_value(self, value: object) -> Reason:
        """Return the reason with the value that a counterexample needs."""
        if isinstance(value, bool):
            return self._replace(value=("yes" if value else "no") if self.what.startswith("whether ") else "")
        return self._replace(value=json.dumps(value, ensure_ascii=False) if isinstance(value, (str, int)) else "")


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
        self.lines: dict[str, str] = {}
        """Lines that would tell what isn't known, by what it is."""
        self.assumptions: dict[str, Term] = {}
        self.written_numbers: dict[Term, Number] = {}
        """The numbers that texts show."""
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
        return terms.variable(name, sort, self._proof)

    def fresh(self, sort: str, what: str, key: Hashable = None) -> Term:
        """Return a new variable that is unknown because of `what`, here; its name follows from the key, if any."""
        number = self.next() if key is None else f"key {self.version_of(('key', key))}"
        made = self.variable(f"{what} #{number}", sort)
        self.reasons[made] = Reason(what, self.place(), line=self.lines.get(what, ""))
        return made

    def note(self, node: int, where: Term, first: Term) -> None:
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
        self.bodies = self.version_of(("bodies", self.next()))

    def chance(self, what: str) -> Term:
        """Return a truth value that does not depend on the request: it may be either."""
        made = self.variable(f"{what} #{self.next()}", terms.TRUTH)
        self.chances[made] = Reason(what, self.place())
        return made

    def truth(self, what: str, key: Hashable = None) -> Term:
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


CHANCE = "chance"
"""Stands among the kinds of cells for all that is not declared: clocks, chance, bodies that are read."""
UNDECLARED = frozenset((CHANCE,))
_URL = frozenset(("url", "query"))
_OF_HOSTS = {
    "headers": frozenset(("header",)),
    "query": frozenset(("query",)),
    "url": _URL,
    "original-url": frozenset[str](),
    "certificates": frozenset[str](),
    "original-query": frozenset[str](),
    "matched": frozenset(("matched",)),
    "variables": frozenset(("variable",)),
    "response-headers": frozenset(("response-header",)),
}
"""The cells that one of the gateway's objects shows; others show all of them."""
_SHOWN = {
    **dict.fromkeys(("Request", "Deployment", "User", "Product", "Subscription", "Api", "Operation"), frozenset[str]()),
    **dict.fromkeys(("OriginalUrl", "IpAddress", "Certificate", "Workspace", "Tracing"), frozenset[str]()),
    **dict.fromkeys(("Url", "Path", "Host", "Scheme", "Port", "QueryString", "Uri"), _URL),
    "Headers": frozenset(("header", "response-header")),
    "Query": frozenset(("query",)),
    "Method": frozenset(("method",)),
    "MatchedParameters": frozenset(("matched",)),
    "Variables": frozenset(("variable",)),
}
"""The cells that members of the gateway's objects show; others show all of them."""
_GATEWAY = ("IContext", "IRequest", "IResponse", "IUrl")
_OF_PARTS = (
    *(nodes.Placeholder, nodes.Literal, nodes.Local, nodes.ArrayAccess, nodes.TupleElement, nodes.AnonymousMember),
    *(nodes.ConditionalAccess, nodes.ArrayCreation, nodes.TupleCreation, nodes.Lambda, nodes.DefaultValue),
    *(nodes.Interpolation, nodes.InterpolatedString, nodes.Logical, nodes.Conditional, nodes.Coalesce, nodes.Pattern),
    *(nodes.IsType, nodes.AsType, nodes.IsPattern, nodes.ThrowExpression, nodes.TypeReference, nodes.TypeOf),
)
"""Nodes whose value depends on their parts alone."""
_INPUTS = ("variable", "context", "certificate", "body", "response-body", "error")
"""Objects of which there is one in each proof: the identity of any other may be that of several equal objects."""
_SEQUENCES = ("System.Collections.Generic.IEnumerable<", "System.Collections.IEnumerable", "System.Linq.")
"""Types whose values may be evaluated anew each time they are read."""


def key_of(evaluation: Evaluation, *parts: Hashable | Value) -> Hashable:
    """Return the key of a result that depends on these values and constants alone; None for one that has no key."""
    found: list[Hashable] = []
    for part in parts:
        key = _of_value(evaluation, part, {}) if isinstance(part, Value) else part
        if key is None:
            return None
        found.append(key)
    return tuple(found)


def _of_value(evaluation: Evaluation, value: Value, known: dict[int, Hashable]) -> Hashable:
    if isinstance(value, Choice):
        if id(value) not in known:
            parts = [_of_value(evaluation, part, known) for part in (value.then, value.otherwise)]
            known[id(value)] = None if None in parts else ("choice", value.condition, *parts)
        return known[id(value)]
    heap, is_first = evaluation.unknowns.heap, evaluation.state.is_first
    reads = reads_of(value)
    if CHANCE in reads or not is_first(*reads):
        return None
    match value:
        case Function():
            captured = [(name, type_, _of_value(evaluation, part, known)) for name, type_, part in value.captured]
            is_closed = all(key is not None for _, _, key in captured)
            return ("function", value.code, heap, *captured) if is_closed else None
        case Items() if value.made == heap:
            items = [_of_value(evaluation, item, known) for item in value.items]
            return None if None in items else ("items", value.type, value.comparer, value.rest, *items)
        case Parts() | Json():
            return value.key if (value.made if isinstance(value, Parts) else value.born) == heap else None
        case Opaque():
            if value.reads is None and value.type.startswith(_SEQUENCES):
                return None
            if value.born == heap or is_immutable(value.type):
                return value.key
            return (value.key, heap) if _is_single(value.identity) else None
        case Table() if value.made == heap:
            entries = [(name, _of_value(evaluation, part, known)) for name, part in value.entries]
            is_known = all(key is not None for _, key in entries)
            return ("table", value.type, value.comparer, *entries) if is_known else None
        case Items() | Table() | Query():
            return None
    return value.key


def _is_single(identity: Hashable) -> bool:
    """Return whether an identity is that of one object, not of several objects that were equal once."""
    if not isinstance(identity, tuple):
        return False
    if identity[0] == "as":
        return _is_single(identity[1])
    return identity[0] in _INPUTS or (identity[0] == "value" and isinstance(identity[2], str))


def is_single(value: Value) -> bool:
    """Return whether the key of a value is that of one object, so that references to it can be compared."""
    return _is_single(value.identity) if isinstance(value, Opaque) else getattr(value, "constant", None) is not None


def reads_of(value: Value) -> frozenset[str]:
    """Return the kinds of cells that a value shows when it is read, perhaps later."""
    match value:
        case Host():
            return _OF_HOSTS.get(value.path, KINDS_OF_MESSAGES)
        case Function():
            return value.reads.union(*(reads_of(each) for _, _, each in value.captured))
        case Opaque():
            return frozenset() if value.reads is None or is_immutable(value.type) else value.reads
        case Items():
            return frozenset[str]().union(*map(reads_of, value.items))
        case Table():
            return frozenset[str]().union(*(reads_of(each) for _, each in value.entries))
        case Query():
            return reads_of(value.source).union(*(reads_of(function) for _, function in value.steps))
        case Choice():
            return reads_of(value.then) | reads_of(value.otherwise)
    return frozenset()


def reads_of_all(values: Iterable[Value]) -> frozenset[str]:
    """Return the kinds of cells that any of several values shows."""
    return frozenset[str]().union(*map(reads_of, values))


def reads_of_code(body: nodes.Bound) -> frozenset[str]:
    """Return the kinds of cells that code reads; UNDECLARED is among them if it depends on more than it declares."""
    return frozenset[str]().union(*map(_reads_of_node, body.walk()))


def _reads_of_node(part: nodes.Bound) -> frozenset[str]:
    if isinstance(part, nodes.PropertyAccess) and part.property.declaring.name in _GATEWAY:
        if has("fresh", part.property):
            return UNDECLARED
        return _SHOWN.get(part.property.name, KINDS_OF_MESSAGES)
    if isinstance(part, nodes.Expression) and part.is_constant:
        return frozenset()
    member: Member | None = None
    match part:
        case nodes.PropertyAccess() | nodes.IndexerAccess():
            member = part.property
        case nodes.Call() if all(parameter.mode not in ("out", "ref") for parameter in part.method.parameters):
            member = part.method
        case nodes.ObjectCreation() if not part.initializers:
            member = part.constructor
        case nodes.FieldAccess():
            return frozenset() if part.receiver is None and "readonly" in part.field.signature else UNDECLARED
        case nodes.Unary():
            return frozenset()
        case nodes.Binary():
            if part.method is None:
                return frozenset()
            member = part.method
        case nodes.Convert():
            if part.conversion.kind != "user":
                return frozenset()
            member = part.conversion.method
        case _:
            return frozenset() if isinstance(part, _OF_PARTS) else UNDECLARED
    return frozenset() if member is not None and is_pure(member) else UNDECLARED


def is_pristine(evaluation: Evaluation, value: Value) -> bool:
    """Return whether a value is still what its key describes: nothing has changed since it was made."""
    if isinstance(value, (Items, Parts)):
        return value.made == evaluation.unknowns.heap and all(
            is_pristine(evaluation, item) for item in getattr(value, "items", ())
        )
    if isinstance(value, (Json, Opaque)):
        return value.born == evaluation.unknowns.heap or (isinstance(value, Opaque) and is_immutable(value.type))
    return not isinstance(value, (ResultWithOuts, Query, Table))
