"""JSON trees, and values whose type is not known before they are used: bodies, variables of wider scopes, what a cache
has, claims.

A `SymbolicJson` is an input: its kind, and the content for each kind, are inputs by its key. `JsonScalar` and
`BuiltJson` are JSON tokens that a policy made of known values.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.concolic import solver
from apimpolicy.concolic.inputs import ANY, LABEL
from apimpolicy.concolic.number_parsing import parsed, parsed_truth
from apimpolicy.concolic.strings import as_text
from apimpolicy.concolic.values import Changeable, ConcolicValue, Unsupported
from apimpolicy.records import Record
from apimpolicy.scenarios.assignments import JWT, LIST, NULL, NUMBER, OBJECT, OTHER, TEXT, TRUTH

__all__ = ["JWT", "LIST", "NULL", "NUMBER", "OBJECT", "OTHER", "TEXT", "TRUTH", "SymbolicJson"]

if TYPE_CHECKING:
    from collections.abc import Iterable

    from apimpolicy.concolic.inputs import Inputs
    from apimpolicy.concolic.replayer import Replayer
    from apimpolicy.concolic.solver import Term
    from apimpolicy.scenarios.assignments import Key

TOKEN_KINDS = {1: OBJECT, 2: LIST, 6: NUMBER, 8: TEXT, 9: TRUTH, 10: NULL}
_KINDS = (TEXT, NUMBER, TRUTH, OBJECT, LIST, NULL, JWT)
LARGEST = 2**31 - 1


def kind_of(value: Any) -> int | None:
    """Return the kind of a value of a run; None for other values."""
    if value is None:
        return NULL
    if isinstance(value, bool):
        return TRUTH
    if isinstance(value, int):
        return NUMBER
    if isinstance(value, str):
        return TEXT
    if isinstance(value, (dict, list)):
        return OBJECT if isinstance(value, dict) else LIST
    if getattr(value, "payload", None) is not None:
        return JWT
    return TOKEN_KINDS.get(getattr(value, "token_type", -1))


class Token:
    """The form of a JSON token."""

    __slots__ = ()

    def shown(self, replayer: Replayer, concolic: ConcolicValue) -> Term | None:
        """Return the result of `ToString()`."""
        return None

    def explicit(self, replayer: Replayer, concolic: ConcolicValue, target: str) -> ConcolicValue | None:
        """Convert it to a type of .NET."""
        return None

    def child(self, replayer: Replayer, concolic: ConcolicValue, name: str) -> ConcolicValue | None:
        """Return its member of a name."""
        return None

    def items(self, replayer: Replayer, concolic: ConcolicValue) -> list[ConcolicValue] | None:
        """Return its items; None for an object."""
        return None


class SymbolicJson(Token):
    """A tree that comes from outside. `is_token`: it is a JToken, and no plain value of .NET."""

    __slots__ = ("default", "inputs", "is_token", "key")

    def __init__(self, inputs: Inputs, key: Key, *, is_token: bool, default: int = TEXT) -> None:
        self.inputs = inputs
        self.key = key
        self.is_token = is_token
        self.default = default

    @property
    def kind(self) -> Term:
        return self.inputs.int_var(*self.key, "kind", default=self.default, least=NULL, most=self.most)

    @property
    def most(self) -> int:
        """The last of the kinds that it may have."""
        return JWT if self.inputs.has_tokens and not self.is_token else LIST

    @property
    def text(self) -> Term:
        return self.inputs.string_var(*self.key, "text", pattern=ANY)

    @property
    def number(self) -> Term:
        return self.inputs.int_var(*self.key, "number", default=1, least=-LARGEST, most=LARGEST)

    @property
    def truth(self) -> Term:
        return self.inputs.bool_var(*self.key, "truth", default=True)

    @property
    def length(self) -> Term:
        return self.inputs.int_var(*self.key, "length", least=0, most=self.inputs.bounds.list_length)

    def jwt(self) -> Jwt:
        """Return the token that it is."""
        return Jwt(self.inputs, (*self.key, "claim"))

    @property
    def other_name(self) -> Term:
        """The name of a property that no expression names."""
        return self.inputs.string_var(*self.key, f".{OTHER}", "name", default=OTHER, pattern=LABEL)

    def known_as(self, replayer: Replayer, name: str) -> str:
        """Return the name under which a property is an input: its own, or the one for all other names."""
        key = (*self.key, f".{OTHER}")
        if (*key, "name") not in self.inputs.known or not replayer.path.assignment.get((*key, "there")):
            return name
        is_other = replayer.path.assignment.get((*key, "name"), OTHER) == name
        replayer.path.add_branch(solver.equal(self.other_name, solver.constant(name)), is_other, "names")
        return OTHER if is_other else name

    def there(self, name: str) -> Term:
        return self.inputs.bool_var(*self.key, f".{name}", "there")

    def at(self, name: str) -> SymbolicJson:
        return SymbolicJson(self.inputs, (*self.key, f".{name}"), is_token=True)

    def item(self, index: int) -> SymbolicJson:
        return SymbolicJson(self.inputs, (*self.key, f"[{index}]"), is_token=True)

    def decide_kind(self, replayer: Replayer, concolic: ConcolicValue) -> int | None:
        """Return the kind in this run, and branch on it."""
        kind = kind_of(concolic.value)
        if kind == JWT and self.is_token:
            kind = None
        if kind is None:
            replayer.path.mark_inexact(Unsupported("a value of another type", "|".join(self.key)))
            return None
        replayer.path.branch_on_value(
            self.kind, [each for each in _KINDS if each <= self.most], kind, ("kind", self.key)
        )
        return kind

    def value(self, kind: int | None) -> ConcolicValue | None:
        """Return the .NET value, given its kind."""
        if kind == TEXT:
            return ConcolicValue(term=self.text)
        if kind == NUMBER:
            return ConcolicValue(term=self.number)
        return ConcolicValue(term=self.truth) if kind == TRUTH else None

    def shown(self, replayer: Replayer, concolic: ConcolicValue) -> Term | None:
        if is_null(replayer, concolic):
            return solver.constant("")
        kind = self.decide_kind(replayer, concolic)
        if kind == NULL:
            return solver.constant("")
        plain = self.value(kind)
        return None if plain is None else as_text(replayer, plain)

    def explicit(self, replayer: Replayer, concolic: ConcolicValue, target: str) -> ConcolicValue | None:
        target, is_nullable = target.removesuffix("?"), target.endswith("?") or target == "string"
        if target not in ("string", "int", "long", "bool", "double"):
            return None
        if is_null(replayer, concolic):
            if not is_nullable:
                replayer.guard(solver.FALSE)
            return ConcolicValue(None)
        kind = self.decide_kind(replayer, concolic)
        if kind is None:  # a string that Json.NET reads as a date
            return None
        if kind == NULL:
            if not is_nullable:
                replayer.guard(solver.FALSE)
            return ConcolicValue(None)
        plain = self.value(kind)
        if plain is None:
            replayer.guard(solver.FALSE)
            return ConcolicValue(None)
        if target == "string":
            return ConcolicValue(term=as_text(replayer, plain))
        if target == "bool":
            if kind == TEXT:
                return parsed_truth(replayer, plain.term)
            return plain if kind == TRUTH else ConcolicValue(term=plain.term != 0)
        if kind == NUMBER:
            return plain
        if kind == TEXT and target != "double":
            return parsed(replayer, plain, target)
        return None

    def child(self, replayer: Replayer, concolic: ConcolicValue, name: str) -> ConcolicValue | None:
        if self.decide_kind(replayer, concolic) != OBJECT:
            replayer.guard(solver.FALSE)
            return ConcolicValue(None)
        changed = replayer.path.changed.get((*self.key, f".{name}"))
        if changed is not None:
            return changed
        name = self.known_as(replayer, name)
        return ConcolicValue(null=solver.not_(self.there(name)), form=self.at(name))

    def count(self) -> Term:
        """Return the number of present named properties; one more represents all others."""
        self.there(OTHER)
        size = len(self.key)
        there = [
            each.term
            for key, each in self.inputs.known.items()
            if key[:size] == self.key and len(key) == size + 2 and key[-1] == "there"
        ]
        return sum(
            (solver.if_else(each, solver.constant(1), solver.constant(0)) for each in there[1:]),
            start=solver.if_else(there[0], solver.constant(1), solver.constant(0)),
        )

    def pairs(
        self, replayer: Replayer, concolic: ConcolicValue, seen: Any
    ) -> list[tuple[Any, ConcolicValue, ConcolicValue]]:
        """Return the properties of an object in a run: each with its name and its value.

        The set of names is that of the run, marked as unsupported.
        """
        replayer.path.mark_inexact(Unsupported("all names of an object", "|".join(self.key)))
        for key in [each for each in self.inputs.known if each[: len(self.key)] == self.key] or [()]:
            if len(key) == len(self.key) + 2 and key[-1] == "there":
                replayer.path.add_branch(self.inputs.known[key].term, bool(replayer.path.assignment.get(key)), "names")
        other = replayer.path.assignment.get((*self.key, f".{OTHER}", "there"), False)
        replayer.path.add_branch(self.there(OTHER), bool(other), "names")
        called = replayer.path.assignment.get((*self.key, f".{OTHER}", "name"), OTHER) if other else None
        found: list[tuple[Any, ConcolicValue, ConcolicValue]] = []
        for each in seen or ():
            name = getattr(each, "key", None) or getattr(each, "name", None)
            if isinstance(name, str):
                own = ConcolicValue(name, self.other_name) if name == called else ConcolicValue(name)
                form = self.at(OTHER if name == called else name)
                found.append((each, own, ConcolicValue(child_value(concolic.value, name), form=form)))
        return found

    def items(self, replayer: Replayer, concolic: ConcolicValue) -> list[ConcolicValue] | None:
        if self.decide_kind(replayer, concolic) != LIST:
            return None
        values = list(concolic.value)
        replayer.path.branch_on_count(self.length, len(values), self.inputs.bounds.list_length, ("length", self.key))
        return [ConcolicValue(value, form=self.item(index)) for index, value in enumerate(values)]


class Jwt(Record):
    """The form of a Jwt whose claims are inputs."""

    inputs: Inputs
    key: Key


class JsonScalar(Token):
    """A JValue that was made of a value."""

    __slots__ = ("inner",)

    def __init__(self, inner: ConcolicValue) -> None:
        self.inner = inner

    @property
    def is_fixed(self) -> bool:
        """True if the value is the same in every run."""
        return self.inner.is_fixed

    def shown(self, replayer: Replayer, concolic: ConcolicValue) -> Term | None:
        return as_text(replayer, self.inner)

    def explicit(self, replayer: Replayer, concolic: ConcolicValue, target: str) -> ConcolicValue | None:
        if self.inner.is_constant:
            return ConcolicValue()
        term = self.inner.term
        if term is None:
            return None
        fits = {"string": solver.is_string, "int": solver.is_numeric, "long": solver.is_numeric, "bool": solver.is_bool}
        condition = fits.get(target.removesuffix("?"))
        if condition is not None and condition(term):
            return ConcolicValue(term=term, null=self.inner.null)
        if target == "string" and self.inner.null is None:
            return ConcolicValue(term=self.shown(replayer, concolic))
        return None


class BuiltJson(Token, Changeable):
    """An object that a policy made: its members by name, as they were set last."""

    __slots__ = ("fields",)

    def __init__(self, fields: dict[str, ConcolicValue]) -> None:
        super().__init__()
        self.fields = fields

    def content(self) -> Iterable[ConcolicValue]:
        return self.fields.values()

    def child(self, replayer: Replayer, concolic: ConcolicValue, name: str) -> ConcolicValue | None:
        if self.unsupported is not None:
            return ConcolicValue(unsupported=self.unsupported)
        return self.fields.get(name, ConcolicValue(None))


def is_null(replayer: Replayer, concolic: ConcolicValue) -> bool:
    """Return whether a reference is null, and branch on it."""
    if concolic.null is None:
        return concolic.value is None and not isinstance(concolic.form, SymbolicJson)
    replayer.path.add_branch(concolic.null, concolic.value is None, "null")
    return concolic.value is None


def is_plain_null(replayer: Replayer, concolic: ConcolicValue) -> bool:
    """Return whether a value is null, not a token."""
    form = concolic.form
    return isinstance(form, SymbolicJson) and not form.is_token and form.decide_kind(replayer, concolic) == NULL


def explicit(replayer: Replayer, concolic: ConcolicValue, target: str) -> ConcolicValue:
    """Convert a JToken, as `(string)token` does."""
    form = concolic.form
    assert isinstance(form, Token)
    found = form.explicit(replayer, concolic, target)
    if found is not None:
        return found
    unsupported = concolic.unsupported or Unsupported(f"conversion of a JToken to {target}", "")
    replayer.guard(None, unsupported)
    return ConcolicValue(unsupported=unsupported)


class Shown(Record):
    """The form of a text that is a token, written; parsing it gives the token again."""

    token: Token


def token_of(value: ConcolicValue) -> ConcolicValue:
    """Return a value as a JToken."""
    if isinstance(value.form, Token) or value.unsupported is not None or hasattr(value.value, "token_type"):
        return value
    return ConcolicValue(value.value, value.term, null=value.null, form=JsonScalar(value))


class PriorValue:
    """The value that a policy has replaced since."""

    __slots__ = ("token_type",)

    def __init__(self, kind: int) -> None:
        self.token_type = next(number for number, known in TOKEN_KINDS.items() if known == kind)


def child_seen(replayer: Replayer, child: ConcolicValue, value: Any, name: str) -> Any:
    """Return the member of a JObject that a run saw, which the same expression may have changed since."""
    seen, form, path = child_value(value, name), child.form, replayer.path
    if not isinstance(form, SymbolicJson) or child.null is None:
        return seen
    if replayer.inputs.value(child.null, path.assignment) is True:
        return None
    kind = replayer.inputs.value(form.kind, path.assignment)
    return seen if kind in (kind_of(seen), OBJECT, LIST, JWT, None) else PriorValue(kind)


def child_value(value: Any, name: str) -> Any:
    """Return the member of a JObject in a run."""
    found = getattr(value, "get_item", None)
    try:
        return None if found is None else found(name)
    except Exception:
        return None
