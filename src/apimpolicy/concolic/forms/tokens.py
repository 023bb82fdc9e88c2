"""Tokens: JSON Web Tokens and their claims."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.concolic import inputs as patterns
from apimpolicy.concolic import solver, symbolic_json
from apimpolicy.concolic.access import Output
from apimpolicy.concolic.forms import form
from apimpolicy.concolic.state import Fields
from apimpolicy.concolic.values import ConcolicValue
from apimpolicy.records import Record

if TYPE_CHECKING:
    from apimpolicy.concolic.forms import Call

_TEXTS = {"Subject": "sub", "Issuer": "iss", "Id": "jti"}


@form("Jwt", "System.Collections.Generic.IReadOnlyDictionary<string, string[]> Claims { get; }")
def claims(call: Call) -> ConcolicValue | None:
    own = call.own.form
    return ConcolicValue(form=Fields(own.inputs, own.key, folds=False)) if isinstance(own, symbolic_json.Jwt) else None


def _claim(name: str, claim: str) -> None:
    @form("Jwt", f"string {name} {{ get; }}")
    def text(call: Call) -> ConcolicValue | None:
        own = call.own.form
        if not isinstance(own, symbolic_json.Jwt):
            return None
        fields = Fields(own.inputs, own.key, folds=False)
        return ConcolicValue(term=fields.value(claim).term, null=solver.not_(fields.there(claim)))


for _name, _of in _TEXTS.items():
    _claim(_name, _of)


@form("ContextExtensions", "static Jwt AsJwt(this string s)", but="signed tokens; concatenated strings")
def as_jwt(call: Call) -> ConcolicValue | None:
    """Return the token that a string of the request is; its claims become inputs."""
    key = _text_input(call, call.arguments[0])
    if key is None:
        return None
    provider = call.replayer.state.provider
    if provider is not None and key == ("header", "authorization"):  # a token that was made for the request
        call.replayer.path.mark_inexact(call.replayer.unsupported_at("a token that is signed", call.node))
        return ConcolicValue(form=symbolic_json.Jwt(call.replayer.inputs, ("token", provider, "claim")))
    return ConcolicValue(null=_missing(call, key, "jwt"), form=symbolic_json.Jwt(call.replayer.inputs, (*key, "claim")))


class Basic(Record):
    """The form of credentials whose name and password are inputs."""

    key: tuple[str, ...]


@form("ContextExtensions", "static BasicAuthCredentials AsBasic(this string s)", but="concatenated strings")
def as_basic(call: Call) -> ConcolicValue | None:
    """Return the credentials that a string of the request is; user name and password become inputs."""
    key = _text_input(call, call.arguments[0])
    if key is None:
        return None
    return ConcolicValue(null=_missing(call, key, "basic"), form=Basic(key))


def _of_basic(name: str, part: str) -> None:
    @form("BasicAuthCredentials", f"string {name} {{ get; }}")
    def text(call: Call) -> ConcolicValue | None:
        own = call.own.form
        if not isinstance(own, Basic):
            return None
        return ConcolicValue(term=call.replayer.inputs.string_var(*own.key, part, default="x", pattern=patterns.WORD))


_of_basic("UserId", "user")
_of_basic("Password", "password")


@form(
    "ContextExtensions",
    "static bool TryParseJwt(this string s, out Jwt result)",
    but="signed tokens; concatenated strings",
)
def try_parse(call: Call) -> ConcolicValue | None:
    key = _text_input(call, call.arguments[0])
    if key is None:
        return None
    missing = _missing(call, key, "jwt")
    has_it = call.replayer.inputs.value(missing, call.replayer.path.assignment) is False
    token = ConcolicValue(
        True if has_it else None, null=missing, form=symbolic_json.Jwt(call.replayer.inputs, (*key, "claim"))
    )
    return ConcolicValue(term=solver.not_(missing), form=Output(token))


def _missing(call: Call, key: tuple[str, ...], kind: str) -> solver.Term:
    """Return whether a string is missing, or no token of this kind."""
    there = call.replayer.inputs.known.get((*key, "there"))
    is_one = call.replayer.inputs.bool_var(*key, kind)
    return solver.not_(is_one if there is None else solver.all_of(is_one, there.term))


def _text_input(call: Call, text: ConcolicValue) -> tuple[str, ...] | None:
    """Return the one string of the request that a value was computed from."""
    if text.term is None:
        return None
    found = [each for each in call.replayer.inputs.in_term(text.term) if solver.is_string(each.term)]
    if len(found) != 1:
        return None
    call.replayer.path.mark_inexact(call.replayer.unsupported_at("a token in a text", call.node))
    return found[0].key
