"""Texts that are a code of other inputs: JSON, tokens, credentials, Base64, parts. And members of what they contain."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.languages.language import TooLarge
from apimpolicy.languages.operations import Drop, PartOf
from apimpolicy.proposing.forms import form, unknowns_of
from apimpolicy.proposing.names import FIELD, PRINTABLE
from apimpolicy.scenarios.assignments import BASE64, DROPPED, OTHER, PART
from apimpolicy.semantics import json_trees
from apimpolicy.semantics.members import FORMS as KNOWN
from apimpolicy.semantics.unknowns import Unsupported
from apimpolicy.semantics.values import (
    ABSENT,
    NULL,
    Field,
    Host,
    Items,
    Json,
    Opaque,
    Several,
    Text,
    Truth,
    Value,
    merge,
)
from apimpolicy.terms import term as terms

if TYPE_CHECKING:
    from apimpolicy.semantics.members import Call, Form

_CLAIMS = {"Subject": "sub", "Issuer": "iss", "Id": "jti"}
_DICTIONARY = "System.Collections.Generic.IReadOnlyDictionary"

# Texts of values from outside

_to_string = KNOWN["object", "string ToString()"]


@form("object", "string ToString()")
def to_string(call: Call, value: Value) -> Value:
    found: Value = json_trees.shown(call.evaluation, value) if isinstance(value, Json) else _to_string(call, value)
    return found


@form("Newtonsoft.Json.Linq.JToken", "string ToString()")
def token_to_string(call: Call, value: Value) -> Value:
    if not isinstance(value, Json):
        raise Unsupported("the text of JSON that a policy made")
    return json_trees.shown(call.evaluation, value)


# Members of JSON objects whose names no expression writes: there is at most one


_JSON = "Newtonsoft.Json.Linq."
_NAME = "name"


def _other_member(call: Call, token: Value) -> tuple[terms.Term, Text, Json]:
    """Return whether an object has another member, its name, and its value."""
    if not isinstance(token, Json):
        raise Unsupported("the members of an object that a policy made")
    unknowns, path = unknowns_of(call), (*token.path, OTHER)
    is_there = unknowns.input(("json", token.root, path, "there"), terms.TRUTH)
    name = Text(unknowns.input(("json", token.root, path, _NAME), terms.TEXT))
    return is_there, name, Json(token.root, path, token.born)


def _members(call: Call, token: Value, *rest: Value) -> Value:
    is_there, name, value = _other_member(call, token)
    type_, heap = f"{_JSON}JProperty[]", call.evaluation.unknowns.heap
    made = Opaque(("property", name.term, value.key), f"{_JSON}JProperty", 0)
    unknowns_of(call).properties[made.key] = name, value
    return merge(is_there, Items((made,), type_, heap), Items((), type_, heap))


form(f"{_JSON}JObject", f"System.Collections.Generic.IEnumerable<{_JSON}JProperty> Properties()")(_members)
form(f"{_JSON}JToken", f"{_JSON}JEnumerable<T> Children<T>() where T : {_JSON}JToken")(_members)


def _of_property(signature: str, index: int) -> None:
    @form(f"{_JSON}JProperty", signature)
    def part(call: Call, own: Value) -> Value:
        known = unknowns_of(call).properties.get(own.key)
        if known is None:
            raise Unsupported("a property of others")
        return known[index]


_of_property("string Name { get; }", 0)
_of_property(f"{_JSON}JToken Value {{ get; set; }}", 1)


def _by_name(type_: str, signature: str) -> None:
    original = KNOWN[type_, signature]

    @form(type_, signature)
    def item(call: Call, token: Value, key: Value) -> Value:
        if not isinstance(key, Text) or key.constant is not None:
            found: Value = original(call, token, key)
            return found
        is_there, name, value = _other_member(call, token)
        return merge(terms.all_of(is_there, terms.same(name.term, key.term)), value, NULL)


for _type, _signature in list(KNOWN):
    if _type.startswith(_JSON) and " Item[" in _signature:
        _by_name(_type, _signature)


_any = KNOWN[
    "System.Linq.Enumerable",
    "static bool Any<TSource>(this System.Collections.Generic.IEnumerable<TSource> source,"
    " System.Func<TSource, bool> predicate)",
]


@form("System.Array", "static bool Exists<T>(T[] array, System.Predicate<T> match)")
def exists(call: Call, array: Value, match: Value) -> Value:
    found: Value = _any(call, array, match)
    return found


# Tokens and credentials


def place_of(call: Call, text: Value) -> tuple[str, ...]:
    """Return the key of the input that a text is, or is a part of. Raises Unsupported for other texts."""
    if not isinstance(text, Text):
        raise Unsupported("a token in another object")
    return _place(text.term, unknowns_of(call).keys())


def _place(term: terms.Term, names: dict[terms.Term, tuple[str, ...]]) -> tuple[str, ...]:
    match term.kind:
        case "var" if term in names:
            key = tuple(part for part in names[term] if part not in ("first", "second", "rest"))
            if key[0] == "json":
                return (*key_of_root(key[1], names), *steps_of(key[2]), "text")  # type: ignore[arg-type] # as they are
            return key
        case "applied":
            operation, inner = term.parts
            key = _place(inner, names)
            match operation:
                case Drop():
                    return (*key, DROPPED, str(operation.size))
                case PartOf():
                    return (*key, PART, chr(operation.separator), str(operation.place))
            return key
        case "joined":
            parts = [part for part in term.terms if terms.constant_text(part) is None]
            if len(parts) == 1:
                return _place(parts[0], names)
    raise Unsupported("a code in several texts")


def _source(call: Call, text: Value) -> tuple[str, ...]:
    """Return the key of a token."""
    key, providers = place_of(call, text), unknowns_of(call).providers
    return ("token", providers[0]) if key[:2] == ("header", "authorization") and providers else key


def steps_of(path: tuple[str | int, ...]) -> tuple[str, ...]:
    """Return the steps of a path in a tree as parts of a key."""
    return tuple(f"[{each}]" if isinstance(each, int) else f".{each}" for each in path)


def key_of_root(root: Any, names: dict[terms.Term, tuple[str, ...]]) -> tuple[str, ...]:
    """Return the key of the tree at a root. Raises Unsupported for one that a policy made."""
    kind, inner = root
    if kind == json_trees.OUTSIDE:
        return tuple(inner)
    place = _place(inner, names)
    key = names.get(inner, place)
    if key[0] == "json":
        return (*key_of_root(key[1], names), *steps_of(key[2]), "text", "tree")  # type: ignore[arg-type] # as they are
    return (*key[:-1], "tree") if key[-1] == "text" and "body" in key else (*place, "tree")


def _is_good(call: Call, text: Value, kind: str) -> terms.Term:
    key = _source(call, text)
    return unknowns_of(call).truth_of(*key, "good" if key[0] == "token" else kind)


@form("ContextExtensions", "static Jwt AsJwt(this string s)")
def as_jwt(call: Call, text: Value) -> Value:
    if text is NULL:
        return NULL
    return merge(_is_good(call, text, "jwt"), Opaque((json_trees.JWT, _source(call, text)), "Jwt", 0), NULL)


@form("ContextExtensions", "static bool TryParseJwt(this string s, out Jwt result)")
def try_parse_jwt(call: Call, text: Value) -> Value:
    found = as_jwt(call, text)
    return call.evaluation.each([found], lambda leaf: Several(Truth(terms.truth(leaf is not NULL)), leaf))


@form("ContextExtensions", "static BasicAuthCredentials AsBasic(this string s)")
def as_basic(call: Call, text: Value) -> Value:
    if text is NULL:
        return NULL
    made = Opaque(("basic", _source(call, text)), "BasicAuthCredentials", 0)
    return merge(_is_good(call, text, "basic"), made, NULL)


@form("ContextExtensions", "static bool TryParseBasic(this string s, out BasicAuthCredentials result)")
def try_parse_basic(call: Call, text: Value) -> Value:
    found = as_basic(call, text)
    return call.evaluation.each([found], lambda leaf: Several(Truth(terms.truth(leaf is not NULL)), leaf))


def _key_of(value: Value, kind: str) -> tuple[str, ...]:
    """Return the key of a token or of credentials."""
    if not isinstance(value, Opaque) or not isinstance(value.identity, tuple) or value.identity[0] != kind:
        raise Unsupported("a token that a policy made")
    key = value.identity[1]
    return tuple(key[1]) if key[0] == json_trees.OUTSIDE else tuple(key)


def _claim_member(member: str, claim: str) -> None:
    @form("Jwt", f"string {member} {{ get; }}")
    def text(call: Call, own: Value) -> Value:
        key = (*_key_of(own, json_trees.JWT), "claim", claim)
        unknowns = unknowns_of(call)
        return merge(unknowns.truth_of(*key, "there"), unknowns.text_of(*key, language=FIELD), NULL)


for _member, _claim in _CLAIMS.items():
    _claim_member(_member, _claim)


@form("Jwt", f"{_DICTIONARY}<string, string[]> Claims {{ get; }}")
def claims(call: Call, own: Value) -> Value:
    unknowns, key = unknowns_of(call), _key_of(own, json_trees.JWT)

    def claim(name: str) -> Value:
        text = unknowns.text_of(*key, "claim", name, language=FIELD)
        return merge(unknowns.truth_of(*key, "claim", name, "there"), Field(text.term, (text,)), ABSENT)

    return Host("|".join(("claims", *key)), cells=claim)


def _credential(member: str, part: str) -> None:
    @form("BasicAuthCredentials", f"string {member} {{ get; }}")
    def text(call: Call, own: Value) -> Value:
        return unknowns_of(call).text_of(*_key_of(own, "basic"), part, language=PRINTABLE)


_credential("UserId", "user")
_credential("Password", "password")


# Codes


@form("System.Convert", "static byte[] FromBase64String(string s)")
def from_base64(call: Call, text: Value) -> Value:
    if text is NULL:
        return call.evaluation.fail()
    key = (*place_of(call, text), BASE64)
    call.evaluation.throw(terms.not_(unknowns_of(call).truth_of(*key)))
    return Opaque((BASE64, key), "byte[]", 0)


@form("System.Text.Encoding", "string GetString(byte[] bytes)")
def get_string(call: Call, encoding: Value, content: Value) -> Value:
    return unknowns_of(call).text_of(*_key_of(content, BASE64), "text", language=PRINTABLE)


def _mostly_same(type_: str, *signatures: str) -> None:
    """Register members that change only what readable texts do not have: codes of URLs, padding."""
    for signature in signatures:
        original = KNOWN.get((type_, signature))

        @form(type_, signature)
        def same(call: Call, *values: Value, original: Form = original) -> Value:
            if original is not None:
                try:
                    found: Value = original(call, *values)
                    return found
                except (Unsupported, TooLarge):
                    pass
            if not isinstance(values[0], Text):
                raise Unsupported("a text of another type")
            return values[0]


_mostly_same("System.Uri", "static string UnescapeDataString(string stringToUnescape)")
_mostly_same("System.Uri", "static string EscapeDataString(string stringToEscape)")
for _type in ("System.Net.WebUtility", "System.Web.HttpUtility"):
    for _name in ("Html", "Url"):
        _mostly_same(_type, f"static string {_name}Decode(string value)", f"static string {_name}Decode(string str)")
        _mostly_same(
            _type, f"static string {_name}Decode(string encodedValue)", f"static string {_name}Decode(string s)"
        )
_replace = KNOWN["string", "string Replace(string oldValue, string newValue)"]


@form("string", "string Replace(string oldValue, string newValue)")
def replace(call: Call, text: Value, old: Value, new: Value) -> Value:
    if isinstance(old, Text):
        call.evaluation.throw(terms.same(old.term, terms.text("")))
    try:
        found: Value = _replace(call, text, old, new)
        return found
    except (Unsupported, TooLarge):
        return text


_mostly_same(
    "string",
    "string Replace(char oldChar, char newChar)",
    "string PadRight(int totalWidth, char paddingChar)",
    "string PadRight(int totalWidth)",
    "string PadLeft(int totalWidth, char paddingChar)",
    "string Insert(int startIndex, string value)",
)
