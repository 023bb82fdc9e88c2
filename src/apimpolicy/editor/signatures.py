"""Members and calls as text, and the overloads of the call around the caret."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from apimpolicy.csharp.binding.nodes import Placeholder
from apimpolicy.csharp.binding.reports import shown
from apimpolicy.csharp.dotnet.signatures import Member, Method, Parameter
from apimpolicy.editor.caret import EnclosingCall, bind_at_caret
from apimpolicy.editor.members import EXTENSION, Offer, extended
from apimpolicy.editor.place import code_at, place_at
from apimpolicy.editor.unfinished import finished

if TYPE_CHECKING:
    from apimpolicy.editor.analysis import Analysis


# Members and calls as text, for completion lists, hovers and signature help

_NAMESPACE = re.compile(r"\b(?:System|Newtonsoft|Microsoft)(?:\.[A-Z]\w*)*\.(?=[A-Z])")


def short(text: str) -> str:
    """Return a signature without namespaces and without its semicolon."""
    return _NAMESPACE.sub("", text).rstrip(";")


def signature(offer: Offer) -> str:
    """Return one line: the type of a property, or the first overload of a method and the number of others."""
    if not offer.members:
        return shown(offer.type)
    first = offer.members[0]
    if not isinstance(first, Method):
        return shown(offer.type)
    more = len(offer.members) - 1
    return method_text(first, offer.distance == EXTENSION) + (f" (+{more})" if more else "")


def method_text(method: Method, skips_first: bool = False) -> str:
    """Return a method as `string Substring(int startIndex, int length)`."""
    parameters = method.parameters[1:] if skips_first and method.is_extension else method.parameters
    generic = f"<{', '.join(p.name for p in method.type_parameters)}>" if method.type_parameters else ""
    name = method.container.definition.simple_name if method.name == "new" else method.name
    written = ", ".join(parameter_text(parameter) for parameter in parameters)
    if f" {method.name}[" in method.signature:
        return f"{shown(method.returns)} {shown(method.container)}[{written}]"
    head = "" if method.name == "new" else f"{shown(method.returns)} "
    return f"{head}{name}{generic}({written})"


def parameter_text(parameter: Parameter) -> str:
    """Return a parameter as `int length = 0`."""
    text = f"{shown(parameter.type)} {parameter.name}"
    if parameter.has_default:
        text += f" = {_constant(parameter.default)}"
    return f"{parameter.mode} {text}" if parameter.mode not in ("", "this") else text


def _constant(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else str(value)


def described(offer: Offer) -> str:
    """Return the text below the signature: all overloads, the declaring type, and what the gateway allows."""
    if not offer.members:
        return ""
    return documentation(offer.members, skips_first=offer.distance == EXTENSION, is_allowed=offer.is_allowed)


def documentation(members: tuple[Member, ...], *, skips_first: bool = False, is_allowed: bool = True) -> str:
    """Return the overloads of a member as Markdown."""
    lines = [
        method_text(member, skips_first) if isinstance(member, Method) else short(member.signature)
        for member in members
    ]
    text = "```csharp\n" + "\n".join(lines) + "\n```"
    if note := note_about(members[0]):
        text += f"\n\n{note}"
    text += f"\n\n`{short(str(members[0].declaring.name))}`"
    return text if is_allowed else f"{text}\n\nThe gateway does not allow it in expressions."


def note_about(member: Member) -> str:
    """Return the note about a member's behavior; empty if there is none."""
    return _notes().get(member.declaring.name, {}).get(member.name, "")


@cache
def _notes() -> dict[str, dict[str, str]]:
    """Return the notes of `member_notes.toml`, by type and member."""
    import tomllib
    from importlib import resources

    return tomllib.loads(resources.files("apimpolicy.editor").joinpath("member_notes.toml").read_text("utf-8"))


# Signature help: the overloads of the call around the caret, and its current parameter


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
