"""Members of what comes from outside, as inputs. They come before the forms of `semantics`."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from apimpolicy.languages.language import TooLarge
from apimpolicy.languages.operations import Drop, PartOf
from apimpolicy.proposing.names import (
    FIELD,
    PRINTABLE,
    RESPONSES,
    ProposedInputs,
    ProposedUnknowns,
    fields_of_response,
    is_response,
)
from apimpolicy.scenarios.assignments import BASE64, DROPPED, MAY_BE_NULL, OTHER, PART, TEXTS
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
    Number,
    Opaque,
    Several,
    Text,
    Truth,
    Value,
    constant_text,
    merge,
)
from apimpolicy.terms import term as terms

if TYPE_CHECKING:
    from collections.abc import Callable

    from apimpolicy.proposing.evaluation import ProposedEvaluation
    from apimpolicy.semantics.members import Call, Form

for _name in ("bodies", "collections", "context", "entities", "fields", "json", "objects", "strings"):
    import_module(f"apimpolicy.semantics.forms.{_name}")  # they register the forms that these come before
FORMS: dict[tuple[str, str], Form] = {}
_DICTIONARY = "System.Collections.Generic.IReadOnlyDictionary"
_MOST_GROUPS = 2
_CLAIMS = {"Subject": "sub", "Issuer": "iss", "Id": "jti"}


def form(type_: str, *signatures: str) -> Callable[[Form], Form]:
    """Register what members mean for proposals, by type and exact signature."""

    def register(function: Form) -> Form:
        for signature in signatures:
            FORMS[type_, signature] = function
        return function

    return register


def _unknowns(call: Call) -> ProposedUnknowns:
    unknowns = call.evaluation.unknowns
    assert isinstance(unknowns, ProposedUnknowns)
    return unknowns


# Responses


def _of_response(signature: str, own: Callable[[Call, tuple[str, ...]], Value]) -> None:
    original = KNOWN.get(("IResponse", signature))

    @form("IResponse", signature)
    def member(call: Call, message: Value) -> Value:
        if isinstance(message, Opaque) and is_response(message.identity):
            return own(call, message.identity)
        if original is None or not isinstance(message, Host):
            return call.evaluation.state.get("reason")
        found: Value = original(call, message)
        return found


def _inputs(call: Call) -> ProposedInputs:
    unknowns = _unknowns(call)
    return ProposedInputs(unknowns)


_of_response("int StatusCode { get; }", lambda call, key: _inputs(call).make(("status", ""), key))
_of_response("string StatusReason { get; }", lambda call, key: _inputs(call).make(("reason", ""), key))
_of_response("IMessageBody Body { get; }", lambda call, key: Opaque(("service", key), "IMessageBody", 0))
_of_response(
    f"{_DICTIONARY}<string, string[]> Headers {{ get; }}",
    lambda call, key: fields_of_response(_unknowns(call), _inputs(call), key),
)


@form("IContext", "IResponse Response { get; }")
def response(call: Call, host: Value) -> Value:
    return merge(call.evaluation.truth(call.evaluation.state.get("has-response")), Host("response"), NULL)


def _read(call: Call, body: Value, kind: str) -> Value | None:
    """Return the content of a body that comes from outside."""
    if not isinstance(body, Opaque) or not isinstance(body.identity, tuple):
        return None
    if kind != "string" and not kind.startswith("Newtonsoft.Json.Linq."):
        return None
    unknowns = _unknowns(call)
    match body.identity:
        case ("service", key):
            text = unknowns.text_of(*key, "body", "text", language=PRINTABLE)
        case ("body",):
            text = unknowns.text_of("body", "text", language=PRINTABLE)
        case _:
            return None
    return text if kind == "string" else json_trees.parsed(call.evaluation, text.term, kind)


def _body_member(signature: str, kind_of: Callable[[Call], str]) -> None:
    original = KNOWN["IMessageBody", signature]

    @form("IMessageBody", signature)
    def member(call: Call, body: Value, *rest: Value) -> Value:
        own = _read(call, body, kind_of(call))
        found: Value = original(call, body, *rest) if own is None else own
        return found


for _type, _signature in list(KNOWN):
    if _type == "IMessageBody":
        _generic = _signature.startswith("T As<T>")
        _body_member(
            _signature, (lambda call: str(call.type_arguments[-1])) if _generic else (lambda call: str(call.type))
        )


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
    unknowns, path = _unknowns(call), (*token.path, OTHER)
    is_there = unknowns.input(("json", token.root, path, "there"), terms.TRUTH)
    name = Text(unknowns.input(("json", token.root, path, _NAME), terms.TEXT))
    return is_there, name, Json(token.root, path, token.born)


def _members(call: Call, token: Value, *rest: Value) -> Value:
    is_there, name, value = _other_member(call, token)
    type_, heap = f"{_JSON}JProperty[]", call.evaluation.unknowns.heap
    made = Opaque(("property", name.term, value.key), f"{_JSON}JProperty", 0)
    _unknowns(call).properties[made.key] = name, value
    return merge(is_there, Items((made,), type_, heap), Items((), type_, heap))


form(f"{_JSON}JObject", f"System.Collections.Generic.IEnumerable<{_JSON}JProperty> Properties()")(_members)
form(f"{_JSON}JToken", f"{_JSON}JEnumerable<T> Children<T>() where T : {_JSON}JToken")(_members)


def _of_property(signature: str, index: int) -> None:
    @form(f"{_JSON}JProperty", signature)
    def part(call: Call, own: Value) -> Value:
        known = _unknowns(call).properties.get(own.key)
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
    return _place(text.term, _unknowns(call).keys())


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
    key, providers = place_of(call, text), _unknowns(call).providers
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
    return _unknowns(call).truth_of(*key, "good" if key[0] == "token" else kind)


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
        unknowns = _unknowns(call)
        return merge(unknowns.truth_of(*key, "there"), unknowns.text_of(*key, language=FIELD), NULL)


for _member, _claim in _CLAIMS.items():
    _claim_member(_member, _claim)


@form("Jwt", f"{_DICTIONARY}<string, string[]> Claims {{ get; }}")
def claims(call: Call, own: Value) -> Value:
    unknowns, key = _unknowns(call), _key_of(own, json_trees.JWT)

    def claim(name: str) -> Value:
        text = unknowns.text_of(*key, "claim", name, language=FIELD)
        return merge(unknowns.truth_of(*key, "claim", name, "there"), Field(text.term, (text,)), ABSENT)

    return Host("|".join(("claims", *key)), cells=claim)


def _credential(member: str, part: str) -> None:
    @form("BasicAuthCredentials", f"string {member} {{ get; }}")
    def text(call: Call, own: Value) -> Value:
        return _unknowns(call).text_of(*_key_of(own, "basic"), part, language=PRINTABLE)


_credential("UserId", "user")
_credential("Password", "password")


# The user, the product and their like


def _entity(owner: str, name: str, kind: str, key: str) -> None:
    signature = f"string {name} {{ get; }}"

    @form(owner, signature)
    def text(call: Call, own: Value) -> Value:
        unknowns = _unknowns(call)
        fixed = call.evaluation.state.first("entity", f"{kind} {key}")
        if isinstance(fixed, Text) and fixed.constant is not None:
            return fixed
        found = unknowns.text_of(kind, key)
        return merge(unknowns.truth_of(kind, key, "there"), found, NULL) if (kind, key) in MAY_BE_NULL else found


for (_owner, _name), (_kind, _key, _) in TEXTS.items():
    _entity(_owner, _name, _kind, _key)


@form("IUser", "System.Collections.Generic.IEnumerable<IGroup> Groups { get; }")
def groups(call: Call, user: Value) -> Value:
    length = _unknowns(call).number_of("groups", "length", most=_MOST_GROUPS).term
    items = [Opaque(("group", f"[{number}]"), "IGroup", 0) for number in range(_MOST_GROUPS)]
    heap = call.evaluation.unknowns.heap
    found: Value = Items((), "IGroup[]", heap)
    for count in range(1, _MOST_GROUPS + 1):
        found = merge(terms.at_most(terms.number(count), length), Items(tuple(items[:count]), "IGroup[]", heap), found)
    return found


def _of_group(name: str) -> None:
    @form("IGroup", f"string {name} {{ get; }}")
    def text(call: Call, group: Value) -> Value:
        if not isinstance(group, Opaque) or not isinstance(group.identity, tuple) or group.identity[0] != "group":
            raise Unsupported("a group of others")
        return _unknowns(call).text_of("groups", group.identity[1], name.lower())


for _name in ("Id", "Name"):
    _of_group(_name)


# Errors


class FailedPolicy(str):
    """The name of a policy that failed, with the name of its double, and how it failed."""

    __slots__ = ("double", "key", "kind")

    double: str | None
    kind: str
    key: tuple[str, ...] | None


def _of_error(name: str) -> None:
    @form("ILastError", f"string {name} {{ get; }}")
    def text(call: Call, error: Value) -> Value:
        identity = error.identity if isinstance(error, Opaque) else None
        if not isinstance(identity, tuple) or len(identity) < 3 or not isinstance(identity[1], FailedPolicy):
            raise Unsupported("a part of an error")
        unknowns, source, reason = _unknowns(call), identity[1], identity[2]
        if (
            source.kind in ("double", "scope")
            and source.double is not None
            and (name, source.kind) != ("Source", "double")
        ):
            return unknowns.text_of("double", source.double, name.lower())
        if name == "Source":
            return constant_text(str(source))
        if name == "Reason" and source.kind in RESPONSES and source.key is not None:
            late = unknowns.truth_of(*source.key, "late")
            return merge(late, constant_text("Timeout"), constant_text("BackendConnectionFailure"))
        if name == "Reason" and isinstance(reason, str) and reason != "None":
            return constant_text(reason)
        raise Unsupported("a part of an error")


for _name in ("Source", "Reason", "Message"):
    _of_error(_name)


# Codes


@form("System.Convert", "static byte[] FromBase64String(string s)")
def from_base64(call: Call, text: Value) -> Value:
    if text is NULL:
        return call.evaluation.fail()
    key = (*place_of(call, text), BASE64)
    call.evaluation.throw(terms.not_(_unknowns(call).truth_of(*key)))
    return Opaque((BASE64, key), "byte[]", 0)


@form("System.Text.Encoding", "string GetString(byte[] bytes)")
def get_string(call: Call, encoding: Value, content: Value) -> Value:
    return _unknowns(call).text_of(*_key_of(content, BASE64), "text", language=PRINTABLE)


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
# Chance


@form("System.Random", "new")
def new_random(evaluation: ProposedEvaluation, *arguments: Value) -> Value:
    if not arguments:
        return Opaque(("random",), "System.Random", 0)
    (seed,) = arguments
    names = evaluation.unknowns.keys() if isinstance(evaluation.unknowns, ProposedUnknowns) else {}
    key = names.get(seed.term) if isinstance(seed, Number) else None
    if key is None or key[-1] != "hash":
        raise Unsupported("a generator with a seed")
    return Opaque(("seeded", "|".join(key)), "System.Random", 0)


@form("System.Random", "int Next(int minValue, int maxValue)", "int Next(int maxValue)", "int Next()")
def next_number(call: Call, source: Value, *bounds: Value) -> Value:
    known = [bound.constant for bound in bounds if isinstance(bound, Number) and bound.constant is not None]
    is_named = isinstance(source, Opaque) and isinstance(source.identity, tuple)
    if len(known) < len(bounds) or not is_named:
        raise Unsupported("random numbers")
    least, most = {0: (0, (1 << 31) - 1), 1: (0, *known[:1]), 2: tuple(known)}[len(known)]
    assert isinstance(source, Opaque)
    assert isinstance(source.identity, tuple)
    if source.identity[0] not in ("random", "seeded") or least >= most:
        raise Unsupported("random numbers")
    unknowns = _unknowns(call)
    number = unknowns.number_in_order(source.identity)
    return unknowns.number_of(*source.identity, number, str(least), str(most), least=least, most=most - 1)


@form("System.Random", "double NextDouble()")
def next_double(call: Call, source: Value) -> Value:
    raise Unsupported("random fractions")


@form("IContext", "System.Guid RequestId { get; }")
def request_id(call: Call, host: Value) -> Value:
    return Opaque(("id", ("request-id",)), "System.Guid", 0)


@form("System.Guid", "static System.Guid NewGuid()")
def new_guid(call: Call) -> Value:
    return Opaque(("id", ("guid", _unknowns(call).number_in_order("guid"))), "System.Guid", 0)


@form("System.Guid", "int GetHashCode()")
def hash_of_guid(call: Call, guid: Value) -> Value:
    if not isinstance(guid, Opaque) or not isinstance(guid.identity, tuple) or guid.identity[0] != "id":
        raise Unsupported("a Guid")
    return _unknowns(call).number_of(*guid.identity[1], "hash", least=-(1 << 31), most=(1 << 31) - 1)
