"""`context` and what it leads to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.semantics.members import Call, form
from apimpolicy.semantics.unknowns import Unsupported
from apimpolicy.semantics.values import NULL, Host, Opaque, Text, Value, constant_text, merge
from apimpolicy.terms import term as terms

if TYPE_CHECKING:
    from apimpolicy.semantics.evaluation import Evaluation

_DICTIONARY = "System.Collections.Generic.IReadOnlyDictionary"
_CERTIFICATE = "System.Security.Cryptography.X509Certificates.X509Certificate2"


def _host(type_: str, signature: str, path: str) -> None:
    @form(type_, signature)
    def host(call: Call, receiver: Value) -> Value:
        if not isinstance(receiver, Host):
            raise Unsupported(f"the {call.member.name} of another object")
        return Host(path)


_host("IContext", "IRequest Request { get; }", "request")
_host("IContext", f"{_DICTIONARY}<string, object> Variables {{ get; }}", "variables")
_host("IRequest", f"{_DICTIONARY}<string, string[]> Headers {{ get; }}", "headers")
_host("IRequest", f"{_DICTIONARY}<string, string> MatchedParameters {{ get; }}", "matched")
_host("IRequest", "IUrl Url { get; }", "url")
_host("IRequest", "IUrl OriginalUrl { get; }", "original-url")


def _entity(type_: str, name: str, *, is_optional: bool) -> None:
    @form("IContext", f"{type_} {name} {{ get; }}")
    def entity(call: Call, receiver: Value) -> Value:
        return entity_of(call.evaluation, type_, name, is_optional=is_optional)


def entity_of(evaluation: Evaluation, type_: str, name: str, *, is_optional: bool) -> Value:
    """Return an entity of the service: the user, the product …"""
    unknowns = evaluation.unknowns
    made = Opaque(("context", name), type_, 0)
    if not is_optional:
        return made
    return merge(unknowns.input(("there", name.lower()), terms.TRUTH), made, NULL)


for _type, _name in (("IContextApi", "Api"), ("IOperation", "Operation"), ("IDeployment", "Deployment")):
    _entity(_type, _name, is_optional=False)
for _type, _name in (
    ("IUser", "User"),
    ("IProduct", "Product"),
    ("ISubscription", "Subscription"),
    ("IWorkspace", "Workspace"),
):
    _entity(_type, _name, is_optional=True)


@form("IContext", "IResponse Response { get; }")
def response(call: Call, context: Value) -> Value:
    """Return the response. No source says what it is before there is one: no proof depends on that."""
    return merge(terms.any_of(_is_there(call), _is_seen_early(call)), Host("response"), NULL)


def _is_there(call: Call) -> terms.Term:
    return call.evaluation.truth(call.evaluation.state.get("has-response"))


def _is_seen_early(call: Call) -> terms.Term:
    return call.evaluation.unknowns.truth("context.Response before there is a response", ("early response",))


@form("IContext", "ILastError LastError { get; }")
def last_error(call: Call, context: Value) -> Value:
    return call.evaluation.state.get("error")


@form("ILastError", "string Source { get; }")
def error_source(call: Call, error: Value) -> Value:
    """Return the policy in which the error was raised; unknown for one of a policy of which nothing is known."""
    match error.identity if isinstance(error, Opaque) else None:
        case ("error", str() as source, *_) if source:
            return constant_text(source)
    raise Unsupported("the source of an error")


@form("IContext", "bool Tracing { get; }")
def tracing(call: Call, context: Value) -> Value:
    return call.evaluation.unknowns.value("bool", "context.Tracing", ("context", "Tracing"))


@form("IContext", "void Trace(string message)")
def trace(call: Call, context: Value, message: Value) -> Value:
    return NULL


# The request


@form("IRequest", "string Method { get; }")
def method(call: Call, request: Value) -> Value:
    return call.evaluation.state.get("method")


@form("IRequest", "string IpAddress { get; }")
def ip_address(call: Call, request: Value) -> Value:
    return Text(call.evaluation.unknowns.input(("address",), terms.TEXT))


@form("IRequest", f"{_CERTIFICATE} Certificate {{ get; }}")
def certificate(call: Call, request: Value) -> Value:
    return call.evaluation.state.get("certificate")


@form("IRequest", "IMessageBody Body { get; }")
def body(call: Call, request: Value) -> Value:
    return call.evaluation.state.get("body")


# Its URL


def _part_of_url(type_: str, name: str) -> None:
    @form("IUrl", f"{type_} {name} {{ get; }}")
    def part(call: Call, url: Value) -> Value:
        if not isinstance(url, Host):
            raise Unsupported("the URL of another object")
        state = call.evaluation.state
        read = state.first if url.path == "original-url" else state.get
        return read("url", name)


for _type, _name in (
    ("string", "Path"),
    ("string", "Host"),
    ("string", "Scheme"),
    ("string", "QueryString"),
    ("int", "Port"),
):
    _part_of_url(_type, _name)


@form("IUrl", f"{_DICTIONARY}<string, string[]> Query {{ get; }}")
def query(call: Call, url: Value) -> Value:
    if not isinstance(url, Host):
        raise Unsupported("the query of another object")
    return Host("original-query" if url.path == "original-url" else "query")


# The response


@form("IResponse", "int StatusCode { get; }")
def status_code(call: Call, message: Value) -> Value:
    if isinstance(message, Opaque):
        return call.evaluation.unknowns.status_of(message)
    if not isinstance(message, Host):
        raise Unsupported("the status of another response")
    early = call.evaluation.unknowns.value("int", "the status before there is a response", ("early status",))
    return merge(_is_there(call), call.evaluation.state.get("status"), early)


@form("IResponse", f"{_DICTIONARY}<string, string[]> Headers {{ get; }}")
def response_headers(call: Call, message: Value) -> Value:
    if not isinstance(message, Host):
        raise Unsupported("the headers of another response")
    return Host("response-headers")


@form("IResponse", "IMessageBody Body { get; }")
def response_body(call: Call, message: Value) -> Value:
    if not isinstance(message, Host):
        raise Unsupported("the body of another response")
    return call.evaluation.state.get("response-body")
