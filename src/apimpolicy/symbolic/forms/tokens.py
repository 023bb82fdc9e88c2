"""Tokens: JSON Web Tokens and their claims."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.symbolic import inputs as patterns
from apimpolicy.symbolic import solver, trees
from apimpolicy.symbolic.access import Output
from apimpolicy.symbolic.forms import form
from apimpolicy.symbolic.state import Fields
from apimpolicy.symbolic.values import Dual

if TYPE_CHECKING:
    from apimpolicy.symbolic.forms import Call

_TEXTS = {"Subject": "sub", "Issuer": "iss", "Id": "jti"}


@form("Jwt", "System.Collections.Generic.IReadOnlyDictionary<string, string[]> Claims { get; }")
def claims(call: Call) -> Dual | None:
    own = call.own.form
    return Dual(form=Fields(own.inputs, own.key, folds=False)) if isinstance(own, trees.Jwt) else None


def _claim(name: str, claim: str) -> None:
    @form("Jwt", f"string {name} {{ get; }}")
    def text(call: Call) -> Dual | None:
        own = call.own.form
        if not isinstance(own, trees.Jwt):
            return None
        fields = Fields(own.inputs, own.key, folds=False)
        return Dual(term=fields.value(claim).term, null=solver.no(fields.there(claim)))


for _name, _of in _TEXTS.items():
    _claim(_name, _of)


@form("ContextExtensions", "static Jwt AsJwt(this string s)", but="tokens that are signed; texts that are put together")
def as_jwt(call: Call) -> Dual | None:
    """A text of the request that is a token: then its claims are inputs."""
    key = _text_input(call, call.arguments[0])
    if key is None:
        return None
    provider = call.walker.state.provider
    if provider is not None and key == ("header", "authorization"):  # a token that was made for the request
        call.walker.path.blocked(call.walker.obstacle("a token that is signed", call.node))
        return Dual(form=trees.Jwt(call.walker.inputs, ("token", provider, "claim")))
    return Dual(null=_missing(call, key, "jwt"), form=trees.Jwt(call.walker.inputs, (*key, "claim")))


class Basic:
    """The form of credentials whose name and password are inputs."""

    __slots__ = ("key",)

    def __init__(self, key: tuple[str, ...]) -> None:
        self.key = key


@form("ContextExtensions", "static BasicAuthCredentials AsBasic(this string s)", but="texts that are put together")
def as_basic(call: Call) -> Dual | None:
    """A text of the request that is credentials: then name and password are inputs."""
    key = _text_input(call, call.arguments[0])
    if key is None:
        return None
    return Dual(null=_missing(call, key, "basic"), form=Basic(key))


def _of_basic(name: str, part: str) -> None:
    @form("BasicAuthCredentials", f"string {name} {{ get; }}")
    def text(call: Call) -> Dual | None:
        own = call.own.form
        if not isinstance(own, Basic):
            return None
        return Dual(term=call.walker.inputs.text(*own.key, part, default="x", pattern=patterns.WORD))


_of_basic("UserId", "user")
_of_basic("Password", "password")


@form(
    "ContextExtensions",
    "static bool TryParseJwt(this string s, out Jwt result)",
    but="tokens that are signed; texts that are put together",
)
def try_parse(call: Call) -> Dual | None:
    key = _text_input(call, call.arguments[0])
    if key is None:
        return None
    missing = _missing(call, key, "jwt")
    has_it = call.walker.inputs.value(missing, call.walker.path.assignment) is False
    token = Dual(True if has_it else None, null=missing, form=trees.Jwt(call.walker.inputs, (*key, "claim")))
    return Dual(term=solver.no(missing), form=Output(token))


def _missing(call: Call, key: tuple[str, ...], kind: str) -> solver.Term:
    """Whether a text is no token of this kind, or is not there."""
    there = call.walker.inputs.known.get((*key, "there"))
    is_one = call.walker.inputs.truth(*key, kind)
    return solver.no(is_one if there is None else solver.every(is_one, there.term))


def _text_input(call: Call, text: Dual) -> tuple[str, ...] | None:
    """The one text of the request that a text was made of."""
    if text.term is None:
        return None
    found = [each for each in call.walker.inputs.in_term(text.term) if solver.is_text(each.term)]
    if len(found) != 1:
        return None
    call.walker.path.blocked(call.walker.obstacle("a token in a text", call.node))
    return found[0].key
