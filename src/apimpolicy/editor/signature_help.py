"""Signature help: the overloads of the call around the caret, and its current parameter."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from apimpolicy.binding.nodes import Placeholder
from apimpolicy.editor.caret import bind_at_caret
from apimpolicy.editor.members import extended
from apimpolicy.editor.place import code_at, place_at
from apimpolicy.editor.signatures import method_text, parameter_text
from apimpolicy.editor.unfinished import finished

if TYPE_CHECKING:
    from apimpolicy.dotnet.signatures import Method
    from apimpolicy.editor.analysis import Analysis
    from apimpolicy.editor.caret import EnclosingCall


class Overload(NamedTuple):
    """One signature; `parameters` are its parts, `active` the one at the caret, -1 for none."""

    text: str
    parameters: tuple[str, ...]
    active: int


class SignatureHelp(NamedTuple):
    """The overloads, and the one that fits the number of arguments best."""

    overloads: list[Overload]
    active: int


def signature_help(analysis: Analysis, offset: int) -> SignatureHelp | None:
    """Return the call around an offset of the file; None outside of any."""
    found = analysis.at(offset)
    if found is None:
        return None
    policy, position = found
    place = place_at(policy.document, position)
    if place.kind != "code":
        return None
    code = code_at(place, position)
    return of_code(code.text, code.caret)


def of_code(code: str, caret: int) -> SignatureHelp | None:
    """Return the call around an offset of an expression; None outside of any."""
    for whole in finished(code, caret):
        binder, _ = bind_at_caret(whole.tree, whole.text)
        calls = [call for call in binder.calls if call.methods]
        if calls:
            return _help(calls[0])
        if binder.contexts:
            return None
    return None


def _methods(call: EnclosingCall) -> list[Method]:
    """Return the methods of a call; extension methods only if they take the receiver."""
    if call.receiver is None:
        return list(call.methods)
    receiver = Placeholder(call.node, call.receiver.type)
    candidates = (extended(m, receiver, call.binder) if m.is_extension else m for m in call.methods)
    return [method for method in candidates if method is not None]


def _help(call: EnclosingCall) -> SignatureHelp:
    overloads: list[Overload] = []
    active = 0
    for method in _methods(call):
        skips = method.is_extension and call.receiver is not None
        parameters = method.parameters[1:] if skips else method.parameters
        place = call.parameter_of(method) - (1 if skips else 0)
        if place >= len(parameters) and parameters and parameters[-1].mode == "params":
            place = len(parameters) - 1
        fits = 0 <= place < len(parameters)
        if fits and not (overloads and overloads[active].active >= 0):
            active = len(overloads)
        texts = tuple(parameter_text(parameter) for parameter in parameters)
        overloads.append(Overload(method_text(method, skips), texts, place if fits else -1))
    return SignatureHelp(overloads, active)
