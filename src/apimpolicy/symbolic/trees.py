"""JSON trees, and values whose type is not known before they are used: bodies, variables of wider scopes, what a cache
has, claims.

A `Tree` is an input: its kind, and for each kind what it holds, are inputs by its key. `Scalar` and `Built` are tokens
that a policy made of values that are known.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.symbolic import solver
from apimpolicy.symbolic.values import Dual, Obstacle

if TYPE_CHECKING:
    from apimpolicy.symbolic.inputs import Inputs, Key
    from apimpolicy.symbolic.solver import Term
    from apimpolicy.symbolic.walker import Walker

NULL, TEXT, NUMBER, TRUTH, OBJECT, LIST, JWT = range(7)
"""What the input `kind` of a tree says."""
TOKEN_KINDS = {1: OBJECT, 2: LIST, 6: NUMBER, 8: TEXT, 9: TRUTH, 10: NULL}
_KINDS = (TEXT, NUMBER, TRUTH, OBJECT, LIST, NULL, JWT)
OTHER = "other"
"""What stands for a name that nobody asks for: what it is called is an input, where somebody looks at all names."""
LARGEST = 2**31 - 1


def kind_of(value: Any) -> int | None:
    """The kind of a value of a run; None for another."""
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

    def shown(self, walker: Walker, dual: Dual) -> Term | None:
        """It as `ToString()` shows it."""
        return None

    def explicit(self, walker: Walker, dual: Dual, target: str) -> Dual | None:
        """It converted to a type of .NET."""
        return None

    def child(self, walker: Walker, dual: Dual, name: str) -> Dual | None:
        """What it has under a name."""
        return None

    def items(self, walker: Walker, dual: Dual) -> list[Dual] | None:
        """Its items; of an object none."""
        return None


class Tree(Token):
    """A tree that comes from outside. `is_token`: it is a JToken, and no plain value of .NET."""

    __slots__ = ("default", "inputs", "is_token", "key")

    def __init__(self, inputs: Inputs, key: Key, *, is_token: bool, default: int = TEXT) -> None:
        self.inputs = inputs
        self.key = key
        self.is_token = is_token
        self.default = default

    @property
    def kind(self) -> Term:
        return self.inputs.number(*self.key, "kind", default=self.default, least=NULL, most=self.most)

    @property
    def most(self) -> int:
        """The last of the kinds that it may have."""
        return JWT if self.inputs.has_tokens and not self.is_token else LIST

    @property
    def text(self) -> Term:
        from apimpolicy.symbolic.inputs import ANY

        return self.inputs.text(*self.key, "text", pattern=ANY)

    @property
    def number(self) -> Term:
        return self.inputs.number(*self.key, "number", default=1, least=-LARGEST, most=LARGEST)

    @property
    def truth(self) -> Term:
        return self.inputs.truth(*self.key, "truth", default=True)

    @property
    def length(self) -> Term:
        return self.inputs.number(*self.key, "length", least=0, most=self.inputs.bounds.list_length)

    def jwt(self) -> Jwt:
        """The token that it is."""
        return Jwt(self.inputs, (*self.key, "claim"))

    @property
    def other_name(self) -> Term:
        """What a property is called that nobody asks for."""
        from apimpolicy.symbolic.inputs import LABEL

        return self.inputs.text(*self.key, f".{OTHER}", "name", default=OTHER, pattern=LABEL)

    def known_as(self, walker: Walker, name: str) -> str:
        """By what the inputs of a property are known: one of this name, or the other one, if that is its name."""
        key = (*self.key, f".{OTHER}")
        if (*key, "name") not in self.inputs.known or not walker.path.assignment.get((*key, "there")):
            return name
        is_other = walker.path.assignment.get((*key, "name"), OTHER) == name
        walker.path.hold(solver.equal(self.other_name, solver.constant(name)), is_other, "names")
        return OTHER if is_other else name

    def there(self, name: str) -> Term:
        return self.inputs.truth(*self.key, f".{name}", "there")

    def at(self, name: str) -> Tree:
        return Tree(self.inputs, (*self.key, f".{name}"), is_token=True)

    def item(self, index: int) -> Tree:
        return Tree(self.inputs, (*self.key, f"[{index}]"), is_token=True)

    def decide_kind(self, walker: Walker, dual: Dual) -> int | None:
        """The kind in this run, which decides the way."""
        kind = kind_of(dual.value)
        if kind == JWT and self.is_token:
            kind = None
        if kind is None:
            walker.path.blocked(Obstacle("a value of another type", "|".join(self.key)))
            return None
        walker.path.choose(self.kind, [each for each in _KINDS if each <= self.most], kind, ("kind", self.key))
        return kind

    def value(self, kind: int | None) -> Dual | None:
        """The plain value, of this kind."""
        if kind == TEXT:
            return Dual(term=self.text)
        if kind == NUMBER:
            return Dual(term=self.number)
        return Dual(term=self.truth) if kind == TRUTH else None

    def shown(self, walker: Walker, dual: Dual) -> Term | None:
        from apimpolicy.symbolic.texts import as_text

        if is_null(walker, dual):
            return solver.constant("")
        kind = self.decide_kind(walker, dual)
        if kind == NULL:
            return solver.constant("")
        plain = self.value(kind)
        return None if plain is None else as_text(walker, plain)

    def explicit(self, walker: Walker, dual: Dual, target: str) -> Dual | None:
        from apimpolicy.symbolic.texts import as_text

        target, is_nullable = target.removesuffix("?"), target.endswith("?") or target == "string"
        if target not in ("string", "int", "long", "bool", "double"):
            return None
        if is_null(walker, dual):
            if not is_nullable:
                walker.guard(solver.FALSE)
            return Dual(None)
        kind = self.decide_kind(walker, dual)
        if kind is None:  # a text that Json.NET reads as a date
            return None
        if kind == NULL:
            if not is_nullable:
                walker.guard(solver.FALSE)
            return Dual(None)
        plain = self.value(kind)
        if plain is None:
            walker.guard(solver.FALSE)
            return Dual(None)
        if target == "string":
            return Dual(term=as_text(walker, plain))
        if target == "bool":
            return (
                plain if kind == TRUTH else _parsed_truth(walker, plain) if kind == TEXT else Dual(term=plain.term != 0)
            )
        if kind == NUMBER:
            return plain
        if kind == TEXT and target != "double":
            from apimpolicy.symbolic.forms.numbers import parsed

            return parsed(walker, plain, target)
        return None

    def child(self, walker: Walker, dual: Dual, name: str) -> Dual | None:
        if self.decide_kind(walker, dual) != OBJECT:
            walker.guard(solver.FALSE)
            return Dual(None)
        changed = walker.path.changed.get((*self.key, f".{name}"))
        if changed is not None:
            return changed
        name = self.known_as(walker, name)
        return Dual(null=solver.no(self.there(name)), form=self.at(name))

    def count(self) -> Term:
        """How many of the names that were asked for it has; one more stands for any other."""
        self.there(OTHER)
        size = len(self.key)
        there = [
            each.term
            for key, each in self.inputs.known.items()
            if key[:size] == self.key and len(key) == size + 2 and key[-1] == "there"
        ]
        return sum(
            (solver.choice(each, solver.constant(1), solver.constant(0)) for each in there[1:]),
            start=solver.choice(there[0], solver.constant(1), solver.constant(0)),
        )

    def pairs(self, walker: Walker, dual: Dual, seen: Any) -> list[tuple[Any, Dual, Dual]]:
        """What an object of a run has: each thing that was seen, its name, and its value. Which there are is as it
        was, with an obstacle.
        """
        walker.path.blocked(Obstacle("all names of an object", "|".join(self.key)))
        for key in [each for each in self.inputs.known if each[: len(self.key)] == self.key] or [()]:
            if len(key) == len(self.key) + 2 and key[-1] == "there":
                walker.path.hold(self.inputs.known[key].term, bool(walker.path.assignment.get(key)), "names")
        other = walker.path.assignment.get((*self.key, f".{OTHER}", "there"), False)
        walker.path.hold(self.there(OTHER), bool(other), "names")
        called = walker.path.assignment.get((*self.key, f".{OTHER}", "name"), OTHER) if other else None
        found: list[tuple[Any, Dual, Dual]] = []
        for each in seen or ():
            name = getattr(each, "key", None) or getattr(each, "name", None)
            if isinstance(name, str):
                own = Dual(name, self.other_name) if name == called else Dual(name)
                form = self.at(OTHER if name == called else name)
                found.append((each, own, Dual(child_value(dual.value, name), form=form)))
        return found

    def items(self, walker: Walker, dual: Dual) -> list[Dual] | None:
        if self.decide_kind(walker, dual) != LIST:
            return None
        values = list(dual.value)
        walker.path.count(self.length, len(values), self.inputs.bounds.list_length, ("length", self.key))
        return [Dual(value, form=self.item(index)) for index, value in enumerate(values)]


class Jwt:
    """The form of a Jwt whose claims are inputs."""

    __slots__ = ("inputs", "key")

    def __init__(self, inputs: Inputs, key: Key) -> None:
        self.inputs = inputs
        self.key = key


class Scalar(Token):
    """A JValue that was made of a value."""

    __slots__ = ("inner",)

    def __init__(self, inner: Dual) -> None:
        self.inner = inner

    @property
    def is_fixed(self) -> bool:
        """Whether it is the same in every run."""
        return self.inner.is_fixed

    def shown(self, walker: Walker, dual: Dual) -> Term | None:
        from apimpolicy.symbolic.texts import as_text

        return as_text(walker, self.inner)

    def explicit(self, walker: Walker, dual: Dual, target: str) -> Dual | None:
        if self.inner.is_constant:
            return Dual()
        term = self.inner.term
        if term is None:
            return None
        fits = {"string": solver.is_text, "int": solver.is_number, "long": solver.is_number, "bool": solver.is_truth}
        asked = fits.get(target.removesuffix("?"))
        if asked is not None and asked(term):
            return Dual(term=term, null=self.inner.null)
        if target == "string" and self.inner.null is None:
            return Dual(term=self.shown(walker, dual))
        return None


class Built(Token):
    """An object that a policy made: what it has under each name, as it was set last."""

    __slots__ = ("fields", "lost")

    def __init__(self, fields: dict[str, Dual]) -> None:
        self.fields = fields
        self.lost: Obstacle | None = None

    @property
    def is_fixed(self) -> bool:
        """Whether it is the same in every run."""
        return self.lost is None and all(value.is_fixed for value in self.fields.values())

    def spoil(self, lost: Obstacle) -> None:
        """Something unknown was done to it."""
        self.lost = lost

    def child(self, walker: Walker, dual: Dual, name: str) -> Dual | None:
        if self.lost is not None:
            return Dual(lost=self.lost)
        return self.fields.get(name, Dual(None))


def is_null(walker: Walker, dual: Dual) -> bool:
    """Whether a reference is null, which decides the way."""
    if dual.null is None:
        return dual.value is None and not isinstance(dual.form, Tree)
    walker.path.hold(dual.null, dual.value is None, "null")
    return dual.value is None


def is_plain_null(walker: Walker, dual: Dual) -> bool:
    """Whether it is a plain null, and no token."""
    form = dual.form
    return isinstance(form, Tree) and not form.is_token and form.decide_kind(walker, dual) == NULL


def _parsed_truth(walker: Walker, plain: Dual) -> Dual:
    is_true = solver.matches(plain.term, solver.ignoring_case("true"))
    walker.guard(solver.some(is_true, solver.matches(plain.term, solver.ignoring_case("false"))))
    return Dual(term=is_true)


def shown(walker: Walker, dual: Dual) -> Term | None:
    form = dual.form
    assert isinstance(form, Token)
    return form.shown(walker, dual)


def explicit(walker: Walker, dual: Dual, target: str) -> Dual:
    """A conversion of a JToken, as `(string)token`."""
    form = dual.form
    assert isinstance(form, Token)
    found = form.explicit(walker, dual, target)
    if found is not None:
        return found
    lost = dual.lost or Obstacle(f"conversion of a JToken to {target}", "")
    walker.guard(None, lost)
    return Dual(lost=lost)


class Shown:
    """The form of a text that is a token, written; parsing it gives the token again."""

    __slots__ = ("token",)

    def __init__(self, token: Token) -> None:
        self.token = token


def token_of(value: Dual) -> Dual:
    """A value as a JToken."""
    if isinstance(value.form, Token) or value.lost is not None or hasattr(value.value, "token_type"):
        return value
    return Dual(value.value, value.term, null=value.null, form=Scalar(value))


class _Was:
    """What was there before a policy put something else in its place."""

    __slots__ = ("token_type",)

    def __init__(self, kind: int) -> None:
        self.token_type = next(number for number, known in TOKEN_KINDS.items() if known == kind)


def child_seen(walker: Walker, child: Dual, value: Any, name: str) -> Any:
    """What a run saw under a name of a JObject, which the same expression may have changed since."""
    seen, form, path = child_value(value, name), child.form, walker.path
    if not isinstance(form, Tree) or child.null is None:
        return seen
    if walker.inputs.value(child.null, path.assignment) is True:
        return None
    kind = walker.inputs.value(form.kind, path.assignment)
    return seen if kind in (kind_of(seen), OBJECT, LIST, JWT, None) else _Was(kind)


def child_value(value: Any, name: str) -> Any:
    """What a JObject of a run has under a name."""
    found = getattr(value, "get_item", None)
    try:
        return None if found is None else found(name)
    except Exception:
        return None
