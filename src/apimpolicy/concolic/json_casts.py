"""Casts, `as` and `is` of a JSON tree whose type is not known."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.concolic import solver
from apimpolicy.concolic.symbolic_json import JWT, LIST, NULL, NUMBER, OBJECT, TEXT, TRUTH, SymbolicJson, is_null
from apimpolicy.concolic.values import ConcolicValue, Unsupported

if TYPE_CHECKING:
    from apimpolicy.concolic.replayer import Replayer
    from apimpolicy.concolic.solver import Term

_J = "Newtonsoft.Json.Linq."
_TARGETS = {"string": TEXT, "int": NUMBER, "long": NUMBER, "bool": TRUTH, "Jwt": JWT}
_TARGETS |= {_J + "JObject": OBJECT, _J + "JArray": LIST}


def cast(replayer: Replayer, concolic: ConcolicValue, target: str) -> ConcolicValue:
    """Return `(T)value` for an object of unknown type, or for a token."""
    form = concolic.form
    assert isinstance(form, SymbolicJson)
    if is_null(replayer, concolic):
        return ConcolicValue(None)
    if target in ("object", _J + "JToken"):
        return ConcolicValue(form=form, null=concolic.null)
    kind = form.decide_kind(replayer, concolic)
    if kind == NULL and not form.is_token:
        if target in ("int", "long", "bool"):
            replayer.guard(solver.FALSE)
        return ConcolicValue(None)
    wanted = _TARGETS.get(target.removesuffix("?"))
    if wanted is None:
        if target == _J + "JValue" and kind not in (OBJECT, LIST):
            return ConcolicValue(form=form)
        replayer.guard(None, Unsupported(f"a value of type {target}", "|".join(form.key)))
        return ConcolicValue(unsupported=Unsupported(f"a value of type {target}", "|".join(form.key)))
    if kind != wanted or (form.is_token and kind not in (OBJECT, LIST)):
        replayer.guard(solver.FALSE)
        return ConcolicValue(None)
    if kind == JWT:
        return ConcolicValue(form=form.jwt())
    return (
        ConcolicValue(form=SymbolicJson(form.inputs, form.key, is_token=True))
        if kind in (OBJECT, LIST)
        else form.value(kind) or ConcolicValue()
    )


def cast_silently(concolic: ConcolicValue, target: str) -> ConcolicValue:
    """Return the value as a type that a test has shown."""
    form = concolic.form
    assert isinstance(form, SymbolicJson)
    wanted = _TARGETS.get(target)
    if wanted in (OBJECT, LIST) or form.is_token or wanted is None:
        return ConcolicValue(concolic.value, form=form)
    plain = form.value(wanted)
    return ConcolicValue(concolic.value, None if plain is None else plain.term)


def as_type(replayer: Replayer, concolic: ConcolicValue, target: str) -> ConcolicValue:
    """Return `value as T`: null when it has another type."""
    condition = is_type(concolic, target)
    form = concolic.form
    assert isinstance(form, SymbolicJson)
    plain = cast_silently(concolic, target)
    return ConcolicValue(None, plain.term, null=solver.not_(condition), form=plain.form)


def is_type(concolic: ConcolicValue, target: str) -> Term:
    """Return whether a value has a type."""
    form = concolic.form
    assert isinstance(form, SymbolicJson)
    there = [] if concolic.null is None else [solver.not_(concolic.null)]
    if target == _J + "JValue" and form.is_token:
        return solver.all_of(*there, form.kind != OBJECT, form.kind != LIST)
    if target == _J + "JToken" and form.is_token:
        return solver.all_of(*there)
    wanted = _TARGETS.get(target)
    if wanted is None or (form.is_token and wanted not in (OBJECT, LIST)) or (target == "long" and not form.is_token):
        return solver.FALSE
    return solver.all_of(*there, solver.equal(form.kind, solver.constant(wanted)))
