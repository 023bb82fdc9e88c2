"""Suggestions for names that do not exist: misspelled ones, and names of other languages or newer .NET versions.

A suggestion fits its place: a method where something is called, and only an extension method that takes the receiver.
Following it must compile (`tests/unit/csharp/binding/test_followed_help.py`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from apimpolicy.csharp.binding import lookup
from apimpolicy.csharp.binding.advice import is_json, one_of_several
from apimpolicy.csharp.binding.core import Binder
from apimpolicy.csharp.binding.foreign_names import ARRAY_MEMBERS, MEMBERS, NAMES, OPERATORS, SYNONYMS, TYPE_WORDS
from apimpolicy.csharp.binding.inference import takes_receiver
from apimpolicy.csharp.binding.nodes import Expression
from apimpolicy.csharp.dotnet.metadata import named
from apimpolicy.csharp.dotnet.signatures import Method
from apimpolicy.csharp.dotnet.types import AnonymousType, ArrayType, NamedType, Type
from apimpolicy.csharp.dotnet.values import OBJECT, STRING
from apimpolicy.csharp.host import ABSENT_MEMBERS, PARTS, PATHS
from apimpolicy.csharp.syntax.nodes import Node, Token

_ABSENT = {
    **ABSENT_MEMBERS,
    "System.Collections.Generic.IReadOnlyDictionary": 'look it up by its name: .GetValueOrDefault("{}", "")',
}
"""Hints by type, for a property that does not exist."""
_METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE"})
_COUNTS = ("Length", "Count")
_CATCH = re.compile(r"\bcatch\s*\(\s*$")
_CAST_BEFORE = re.compile(r"\(([\w.]+(?:<[\w., <>]*>)?(?:\[\])?)\)\s*\Z")
_ASSIGNMENT = re.compile(r"\s*=[^=>]")


def for_name(binder: Binder, name: str, names: Iterable[str]) -> tuple[str, str]:
    """(label, help) for a name that nothing has here; both may be empty."""
    if name in _METHODS:
        return "", f'write the text in quotes: "{name}"'
    known = NAMES.get(name) or NAMES.get(name.lower())
    if known is not None:
        return _label(known) if not known.endswith(".") else ("", known[:-1])
    found = binder.nearest_names(name, names)
    if found and found[0].lower() == name.lower():
        return _label(found[0])
    for type_name, path in PATHS:
        member = next((m for m in lookup.member_names(named(type_name)) if m.lower() == name.lower()), None)
        if member is not None:
            return _label(f"{path}.{member}")
    return _label(found[0]) if found else ("", "")


def for_type_word(binder: Binder, node: Node | Token, name: str) -> str:
    """Return a hint for a word of another language that is used as a type."""
    if _CATCH.search(binder.excerpt.text[: node.start]) and binder.excerpt.text[node.end :].lstrip().startswith(")"):
        return f"write catch (Exception {name})"
    return TYPE_WORDS.get(name, "")


def is_assigned(binder: Binder, node: Node) -> bool:
    text = binder.excerpt.text
    return text[: node.start].rstrip()[-1:] in ("{", "}", ";") and _ASSIGNMENT.match(text, node.end) is not None


def _label(meant: str) -> tuple[str, str]:
    return f"did you mean '{meant}'?", ""


def for_static_member(binder: Binder, type_: Type, name: str, *, is_called: bool) -> tuple[str, str]:
    """(label, help) for a member that a type does not have."""
    help = _known_member(type_, name)
    if help:
        return help
    members = [m for m in lookup.member_names(type_) if _is_member(type_, m, is_static=True, is_called=is_called)]
    found = binder.nearest_names(name, members)
    return _label(found[0]) if found else ("", "")


def for_member(binder: Binder, receiver: Expression, name: str, *, is_called: bool) -> tuple[str, str]:
    """(label, help) for a member that a value does not have."""
    type_ = receiver.type
    inner = type_.underlying
    if inner is not None and lookup.find_members(inner, name):
        return "", f"the value may be null: use .Value.{name} or ?.{name}"
    if type_ is OBJECT:
        cast = _CAST_BEFORE.search(binder.excerpt.text[: receiver.syntax.start])
        if cast is not None and is_called:
            return "", f"a cast takes all that follows it: write (({cast[1]})…).{name}(…)"
        if lookup.find_members(STRING, name):
            return "", f"an 'object' has few members: cast it to the type that is meant, ((string)…).{name}"
        if is_called:
            has_own = bool(lookup.find_members(named("Newtonsoft.Json.Linq.JObject"), name))
            meant = f"((JObject)…).{name}(…)" if has_own else "((string)…) or ((JObject)…)"
            return "", f"an 'object' has few members: cast it to the type that is meant, {meant}"
        return "", f"an 'object' has few members: cast it to the type that is meant, ((JObject)…)[\"{name}\"] for JSON"
    replacement = _known_member(type_, name) or _synonym(binder, receiver, name, is_called=is_called)
    if replacement:
        return replacement
    if isinstance(type_, ArrayType) and type_.element is STRING and lookup.find_members(STRING, name):
        return "", one_of_several(receiver)
    part, type_of_part = PARTS.get(str(type_), ("", ""))
    if part:
        member = next((m for m in lookup.member_names(named(type_of_part)) if m.lower() == name.lower()), None)
        if member is not None:
            return _label(f"{part}.{member}")
    if isinstance(type_, AnonymousType):
        nearest = binder.nearest_names(name, [member for member, _ in type_.members])
        return _label(nearest[0]) if nearest else ("", "")
    own = _instance_members(type_, is_called=is_called)
    if name[:3].lower() == "get" and name[3:4].isupper():
        nearest = binder.nearest_names(name[3:], _instance_members(type_, is_called=False))
        if nearest:
            return "", f"write the property {nearest[0]}, without parentheses"
    names = [*own, *lookup.extension_method_names()] if is_called else own
    nearest = [m for m in binder.nearest_names(name, names) if m in own or _extends(binder, receiver, m)]
    is_other_case = bool(nearest) and nearest[0].lower() == name.lower()
    if isinstance(type_, NamedType) and is_json(type_) and not is_called and not is_other_case:
        return "", f'to read a JSON property, use its name: ["{name}"]'
    if not nearest and not is_called and isinstance(type_, NamedType):
        return "", _ABSENT.get(type_.name, "").format(name)
    return _label(nearest[0]) if nearest else ("", "")


def _known_member(type_: Type, name: str) -> tuple[str, str] | None:
    """Return label and help for a member of another language, or of a newer .NET, that the type lacks."""
    lower = name.lower()
    for parent in lookup.supertypes(type_) if not isinstance(type_, ArrayType) else ():
        definition = parent.definition.name if isinstance(parent, NamedType) else ""
        found = MEMBERS.get((definition, lower))
        if found:
            return ("", found[:-1]) if found.endswith(".") else _label(found)
    if isinstance(type_, ArrayType) and lower in ARRAY_MEMBERS:
        return "", "an array keeps its length: use a List, as in array.ToList()"
    if lookup.enumerable_argument(type_) is not None and lower == "join" and name != "Join":
        return "", "write string.Join(separator, values)"
    if lookup.enumerable_argument(type_) is not None and lower in OPERATORS:
        return "", f"'{name}' is newer than the .NET of policies: write {OPERATORS[lower]}"
    return None


def _synonym(binder: Binder, receiver: Expression, name: str, *, is_called: bool) -> tuple[str, str] | None:
    for synonym in SYNONYMS.get(name.lower(), ()):
        if synonym == name:
            continue
        members = lookup.find_members(receiver.type, synonym)
        if synonym in _COUNTS:
            if any(not isinstance(member, Method) for member in members):
                help = f"'{synonym}' is a property: write it without parentheses" if is_called else ""
                return f"did you mean '{synonym}'?", help
        elif members or _extends(binder, receiver, synonym):
            return _label(synonym)
    if name.lower() in SYNONYMS and SYNONYMS[name.lower()][0] in _COUNTS and _extends(binder, receiver, "Count"):
        return _label("Count" if is_called else "Count()")
    return None


def _instance_members(type_: Type, *, is_called: bool) -> list[str]:
    return [m for m in lookup.member_names(type_) if _is_member(type_, m, is_static=False, is_called=is_called)]


def _is_member(type_: Type, name: str, *, is_static: bool, is_called: bool) -> bool:
    members = lookup.find_members(type_, name)
    return any(
        getattr(member, "is_static", False) == is_static and isinstance(member, Method) == is_called
        for member in members
    )


def _extends(binder: Binder, receiver: Expression, name: str) -> bool:
    return any(takes_receiver(method, receiver, binder) for method in lookup.extension_methods(name))
