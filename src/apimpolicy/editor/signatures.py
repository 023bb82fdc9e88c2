"""Members and calls as text, for completion lists, hovers and signature help."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from apimpolicy.binding.spelling import shown
from apimpolicy.dotnet.signatures import Method
from apimpolicy.editor.members import EXTENSION

if TYPE_CHECKING:
    from apimpolicy.dotnet.signatures import Member, Parameter
    from apimpolicy.editor.members import Offer

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
