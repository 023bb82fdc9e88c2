"""`context` and what it leads to: messages, the user, the product and their like.

Reading a body uses it up, unless its content is preserved.
"""

from __future__ import annotations

import functools
from collections.abc import Hashable
from typing import TYPE_CHECKING

from apimpolicy.reasoning.languages.language import (
    Language,
    any_of_text,
    at_least_once,
    containing,
    in_ranges,
    literal,
    not_,
    optional,
    sequence,
    union,
)
from apimpolicy.reasoning.semantics.json_trees import parsed
from apimpolicy.reasoning.semantics.members import MemberCall, form
from apimpolicy.reasoning.semantics.unknowns import Unsupported
from apimpolicy.reasoning.semantics.values import (
    ABSENT,
    NULL,
    FieldValue,
    Host,
    Opaque,
    Text,
    Truth,
    Value,
    constant_text,
    merge,
    where,
)
from apimpolicy.reasoning.terms import term as terms
from apimpolicy.reasoning.terms.term import Term

if TYPE_CHECKING:
    from apimpolicy.reasoning.semantics.evaluation import Evaluation


_DICTIONARY = "System.Collections.Generic.IReadOnlyDictionary"
_CERTIFICATE = "System.Security.Cryptography.X509Certificates.X509Certificate2"


def _host(type_: str, signature: str, path: str) -> None:
    @form(type_, signature)
    def host(call: MemberCall, receiver: Value) -> Value:
        if not isinstance(receiver, Host):
            raise Unsupported(f"the {call.member.name} of another object")
        return Host(path)


_host("IContext", "IRequest Request { get; }", "request")
_host("IContext", f"{_DICTIONARY}<string, object> Variables {{ get; }}", "variables")
_host("IRequest", f"{_DICTIONARY}<string, string[]> Headers {{ get; }}", "headers")
_host("IRequest", f"{_DICTIONARY}<string, string> MatchedParameters {{ get; }}", "matched")
_host("IRequest", "IUrl Url { get; }", "url")
_host("IRequest", "IUrl OriginalUrl { get; }", "original-url")


def entity_of(evaluation: Evaluation, type_: str, name: str, *, is_optional: bool) -> Value:
    """Return an entity of the service: the user, the product …"""
    unknowns = evaluation.unknowns
    made = Opaque(("context", name), type_, 0)
    if not is_optional:
        return made
    return merge(unknowns.input(("there", name.lower()), terms.TRUTH), made, NULL)


_ALWAYS_THERE = {"Api": "IContextApi", "Operation": "IOperation", "Deployment": "IDeployment"}
_OPTIONAL = {"User": "IUser", "Product": "IProduct", "Subscription": "ISubscription", "Workspace": "IWorkspace"}


@form("IContext", *(f"{type_} {name} {{ get; }}" for name, type_ in (_ALWAYS_THERE | _OPTIONAL).items()))
def entity(call: MemberCall, context: Value) -> Value:
    name = call.member.name
    return entity_of(call.evaluation, str(call.type), name, is_optional=name in _OPTIONAL)


@form("IContext", "IResponse Response { get; }")
def response(call: MemberCall, context: Value) -> Value:
    """Return the response. No source says what it is before there is one: no proof depends on that."""
    unknowns = call.evaluation.unknowns
    is_seen_early = unknowns.truth("context.Response before there is a response", ("early response",))
    return merge(terms.any_of(_is_there(call), is_seen_early), Host("response"), NULL)


def _is_there(call: MemberCall) -> terms.Term:
    return call.evaluation.truth(call.evaluation.state.get("has-response"))


@form("ILastError", "string Source { get; }")
def error_source(call: MemberCall, error: Value) -> Value:
    """Return the policy in which the error was raised; unknown for one of a policy of which nothing is known."""
    match error.identity if isinstance(error, Opaque) else None:
        case ("error", str() as source, *_) if source:
            return constant_text(source)
    raise Unsupported("the source of an error")


@form("IContext", "bool Tracing { get; }")
def tracing(call: MemberCall, context: Value) -> Value:
    return call.evaluation.unknowns.value("bool", "context.Tracing", ("context", "Tracing"))


@form("IContext", "void Trace(string message)")
def trace(call: MemberCall, context: Value, message: Value) -> Value:
    return NULL


# The request


def _read_cell(type_: str, signature: str, cell: str) -> None:
    @form(type_, signature)
    def read(call: MemberCall, receiver: Value) -> Value:
        return call.evaluation.state.get(cell)


_read_cell("IContext", "ILastError LastError { get; }", "error")
_read_cell("IRequest", "string Method { get; }", "method")
_read_cell("IRequest", "IMessageBody Body { get; }", "body")
_read_cell("IRequest", f"{_CERTIFICATE} Certificate {{ get; }}", "certificate")


@form("IRequest", "string IpAddress { get; }")
def ip_address(call: MemberCall, request: Value) -> Value:
    return Text(call.evaluation.unknowns.input(("address",), terms.TEXT))


# Its URL


_PARTS = ("string Path", "string Host", "string Scheme", "string QueryString", "int Port")


@form("IUrl", *(f"{part} {{ get; }}" for part in _PARTS))
def part_of_url(call: MemberCall, url: Value) -> Value:
    if not isinstance(url, Host):
        raise Unsupported("the URL of another object")
    state = call.evaluation.state
    read = state.first if url.path == "original-url" else state.get
    return read("url", call.member.name)


@form("IUrl", f"{_DICTIONARY}<string, string[]> Query {{ get; }}")
def query(call: MemberCall, url: Value) -> Value:
    if not isinstance(url, Host):
        raise Unsupported("the query of another object")
    return Host("original-query" if url.path == "original-url" else "query")


# The response


@form("IResponse", "int StatusCode { get; }")
def status_code(call: MemberCall, message: Value) -> Value:
    if isinstance(message, Opaque):
        return call.evaluation.unknowns.status_of(message)
    if not isinstance(message, Host):
        raise Unsupported("the status of another response")
    early = call.evaluation.unknowns.value("int", "the status before there is a response", ("early status",))
    return merge(_is_there(call), call.evaluation.state.get("status"), early)


@form("IResponse", f"{_DICTIONARY}<string, string[]> Headers {{ get; }}")
def response_headers(call: MemberCall, message: Value) -> Value:
    if not isinstance(message, Host):
        raise Unsupported("the headers of another response")
    return Host("response-headers")


@form("IResponse", "IMessageBody Body { get; }")
def response_body(call: MemberCall, message: Value) -> Value:
    if not isinstance(message, Host):
        raise Unsupported("the body of another response")
    return call.evaluation.state.get("response-body")


def _in_any_case(word: str) -> Language:
    return sequence(*(any_of_text(letter.lower() + letter.upper()) for letter in word))


@functools.cache
def _utf8() -> Language:
    """Return the content types without a character set, or with one: UTF-8."""
    without = not_(containing(_in_any_case("charset")))
    stated = sequence(literal(";"), optional(literal(" ")), _in_any_case("charset=utf-8"))
    return union(without, sequence(without, stated, optional(sequence(literal(";"), without))))


def is_utf8(content_type: Value) -> Term:
    return where(
        content_type,
        lambda leaf: (
            terms.member(leaf.joined, _utf8()) if isinstance(leaf, FieldValue) else terms.truth(leaf is ABSENT)
        ),
    )


WRITTEN = "written"
"""The first part of the identity of a body that a policy wrote; kind, text and earlier reads follow."""
_ASCII = at_least_once(in_ranges((1, 0x7F)))
_TREES = tuple(f"Newtonsoft.Json.Linq.{name}" for name in ("JToken", "JObject", "JArray"))


def _read(call: MemberCall, body: Value, preserves: Value, kind: str) -> Value:
    """Return the content of a body, constant until the body is used up. Text and JSON are read from one text."""
    if not isinstance(body, Opaque):
        raise Unsupported("a body that is not known")
    evaluation = call.evaluation
    unknowns, key = evaluation.unknowns, _key_of(evaluation, body)
    what = "the content of a body"
    if kind == "string" or kind in _TREES:
        text = _text(evaluation, body, key, what)
        found: Value = text if kind == "string" else parsed(evaluation, text.term, kind)
    else:
        evaluation.throw(unknowns.truth(what, ("throws", kind, key)))
        found = unknowns.value(kind, what, (kind, key))
    if not (isinstance(preserves, Truth) and preserves.term is terms.TRUE):
        unknowns.use_up()
    return found


def _header_of(body: Opaque) -> str:
    """Return the kind of the headers that say how a body is read."""
    is_request = body.identity == ("body",) or _is_written(body, "body")
    return "header" if is_request else "response-header"


def _is_written(body: Opaque, kind: str) -> bool:
    return isinstance(body.identity, tuple) and body.identity[:2] == (WRITTEN, kind)


def _key_of(evaluation: Evaluation, body: Opaque) -> tuple[Hashable, ...]:
    """Return the key of one content of a body: the body, its reads, and its character set."""
    content_type = evaluation.state.get(_header_of(body), "content-type").key
    key: tuple[Hashable, ...] = (body.identity, evaluation.unknowns.bodies, content_type)
    return key if body.identity in (("body",), ("response-body",)) else (*key, body.key)


def _text(evaluation: Evaluation, body: Opaque, key: tuple[Hashable, ...], what: str) -> Text:
    """Return the text of a body: the request's own, one that set-body wrote, or an unknown one."""
    unknowns, state = evaluation.unknowns, evaluation.state
    name = "header", "content-type"
    if body.identity == ("body",) and not unknowns.bodies and state.get(*name).key == state.first(*name).key:
        evaluation.throw(unknowns.truth("the character set of a body", ("throws", key)))
        return Text(unknowns.input(("body", "text"), terms.TEXT))
    found = unknowns.value("string", what, key, null=False)
    assert isinstance(found, Text)
    if isinstance(body.identity, tuple) and body.identity[0] == WRITTEN:
        _, _, written, bodies = body.identity
        if unknowns.bodies == bodies:
            content_type = state.get(_header_of(body), "content-type")
            is_exact = terms.all_of(is_utf8(content_type), terms.member(written, _ASCII))
            unknowns.know(found.term, terms.any_of(terms.not_(is_exact), terms.same(found.term, written)))
            evaluation.throw(terms.all_of(terms.not_(is_exact), unknowns.truth(what, ("throws", key))))
            return Text(written) if is_exact is terms.TRUE else found
    evaluation.throw(unknowns.truth("the character set of a body", ("throws", key)))
    return found


@form("IMessageBody", "T As<T>(bool preserveContent = false)")
def read_as(call: MemberCall, body: Value, preserves: Value) -> Value:
    return _read(call, body, preserves, str(call.type_arguments[-1]))


_OPTIONS = "(bool preserveContent = false, Newtonsoft.Json.JsonSerializerSettings settings = null)"


@form("IMessageBody", *(f"Newtonsoft.Json.Linq.{kind} As{kind}{_OPTIONS}" for kind in ("JToken", "JObject", "JArray")))
def read_as_json(call: MemberCall, body: Value, preserves: Value, settings: Value) -> Value:
    if settings is not NULL:
        raise Unsupported("a body that is read with settings")
    return _read(call, body, preserves, str(call.type))


_FORM = "System.Collections.Generic.IDictionary<string, System.Collections.Generic.IList<string>>"


@form("IMessageBody", f"{_FORM} AsFormUrlEncodedContent(bool preserveContent = false)")
def read_as_form(call: MemberCall, body: Value, preserves: Value) -> Value:
    return _read(call, body, preserves, str(call.type))


ENTITIES = {
    "IContextApi": "api",
    "IApi": "api",
    "IOperation": "operation",
    "IProduct": "product",
    "ISubscription": "subscription",
    "IUser": "user",
    "IDeployment": "deployment",
}
_MEMBERS = {"Id": "id", "Name": "name", "Method": "method", "Key": "key", "Path": "path", "UrlTemplate": "url-template"}
"""Members of entities that are texts and never null, with their inputs."""


def _text_of_entity(call: MemberCall, receiver: Value) -> Value:
    member, kind = call.member.name, ENTITIES[call.member.declaring.name]
    if not isinstance(receiver, Opaque) or receiver.identity != ("context", kind.title()):
        raise Unsupported(f"the {member} of another {kind}")
    return call.evaluation.state.first("entity", f"{kind} {_MEMBERS[member]}")


for _type in ENTITIES:
    form(_type, *(f"string {member} {{ get; }}" for member in _MEMBERS))(_text_of_entity)


@form("IDeployment", f"System.Collections.Generic.IReadOnlyDictionary<string, {_CERTIFICATE}> Certificates {{ get; }}")
def certificates(call: MemberCall, deployment: Value) -> Value:
    return Host("certificates")
