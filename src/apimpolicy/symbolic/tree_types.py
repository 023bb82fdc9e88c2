"""What C# makes of a tree whose type is not known: casts, `as` and `is`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.symbolic import solver
from apimpolicy.symbolic.trees import JWT, LIST, NULL, NUMBER, OBJECT, TEXT, TRUTH, Tree, is_null
from apimpolicy.symbolic.values import Dual, Obstacle

if TYPE_CHECKING:
    from apimpolicy.symbolic.solver import Term
    from apimpolicy.symbolic.walker import Walker

_J = "Newtonsoft.Json.Linq."
_TARGETS = {"string": TEXT, "int": NUMBER, "long": NUMBER, "bool": TRUTH, "Jwt": JWT}
_TARGETS |= {_J + "JObject": OBJECT, _J + "JArray": LIST}


def cast(walker: Walker, dual: Dual, target: str) -> Dual:
    """`(T)value` of an object whose type is not known, or of a token to a kind of token."""
    form = dual.form
    assert isinstance(form, Tree)
    if is_null(walker, dual):
        return Dual(None)
    if target in ("object", _J + "JToken"):
        return Dual(form=form, null=dual.null)
    kind = form.decide_kind(walker, dual)
    if kind == NULL and not form.is_token:
        if target in ("int", "long", "bool"):
            walker.guard(solver.FALSE)
        return Dual(None)
    wanted = _TARGETS.get(target.removesuffix("?"))
    if wanted is None:
        if target == _J + "JValue" and kind not in (OBJECT, LIST):
            return Dual(form=form)
        walker.guard(None, Obstacle(f"a value of type {target}", "|".join(form.key)))
        return Dual(lost=Obstacle(f"a value of type {target}", "|".join(form.key)))
    if kind != wanted or (form.is_token and kind not in (OBJECT, LIST)):
        walker.guard(solver.FALSE)
        return Dual(None)
    if kind == JWT:
        return Dual(form=form.jwt())
    return (
        Dual(form=Tree(form.inputs, form.key, is_token=True)) if kind in (OBJECT, LIST) else form.value(kind) or Dual()
    )


def cast_silently(dual: Dual, target: str) -> Dual:
    """The value as a type that it has been seen to have."""
    form = dual.form
    assert isinstance(form, Tree)
    wanted = _TARGETS.get(target)
    if wanted in (OBJECT, LIST) or form.is_token or wanted is None:
        return Dual(dual.value, form=form)
    plain = form.value(wanted)
    return Dual(dual.value, None if plain is None else plain.term)


def as_type(walker: Walker, dual: Dual, target: str) -> Dual:
    """`value as T`: null when it is of another type."""
    asked = is_type(dual, target)
    form = dual.form
    assert isinstance(form, Tree)
    plain = cast_silently(dual, target)
    return Dual(None, plain.term, null=solver.no(asked), form=plain.form)


def is_type(dual: Dual, target: str) -> Term:
    """Whether a value is of a type."""
    form = dual.form
    assert isinstance(form, Tree)
    there = [] if dual.null is None else [solver.no(dual.null)]
    if target == _J + "JValue" and form.is_token:
        return solver.every(*there, form.kind != OBJECT, form.kind != LIST)
    if target == _J + "JToken" and form.is_token:
        return solver.every(*there)
    wanted = _TARGETS.get(target)
    if wanted is None or (form.is_token and wanted not in (OBJECT, LIST)) or (target == "long" and not form.is_token):
        return solver.FALSE
    return solver.every(*there, solver.equal(form.kind, solver.constant(wanted)))
