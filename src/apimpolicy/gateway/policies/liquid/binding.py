"""The variables of a template: `body` and `context`.

`body` follows the content type (documented): JSON for `application/json`, `text/json` and `…+json`, XML for
`application/xml`, `text/xml` and `…+xml`. Our choices: a body that cannot be read so, of another type or empty is null
(the templates that Azure generates for SOAP services reckon with that); of XML, names are those without namespaces, and
a name may differ in case (those templates write `body.envelope.body.fault`); several child elements of one name are a
list; an element without child elements is its text; child elements come before attributes of the same name. Of JSON,
texts that are dates are DateTimes: those that Newtonsoft's reader takes for dates, and those without seconds, which the
documentation has among its examples and that reader has not.

`context` has what the documentation lists. `context.Variables` it does not list; Microsoft's own samples use it, and
people report that it works.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from apimpolicy.csharp.dotnet.collections.dictionary import Dictionary
from apimpolicy.csharp.dotnet.collections.lists import List
from apimpolicy.csharp.dotnet.environment import environment
from apimpolicy.csharp.dotnet.exceptions import DotnetException
from apimpolicy.csharp.dotnet.json.containers import JArray
from apimpolicy.csharp.dotnet.json.loading import finish, load
from apimpolicy.csharp.dotnet.json.objects import JObject, JProperty
from apimpolicy.csharp.dotnet.json.platform import find_date
from apimpolicy.csharp.dotnet.json.reader import TextReader
from apimpolicy.csharp.dotnet.json.scalars import JValue
from apimpolicy.csharp.dotnet.values import Array
from apimpolicy.csharp.dotnet.xml.containers import XDocument
from apimpolicy.csharp.dotnet.xml.elements import XElement
from apimpolicy.csharp.dotnet.xml.reader import parse_document
from apimpolicy.gateway.context.messages import RequestMessage, ResponseMessage
from apimpolicy.gateway.policies.liquid.values import FoldedHash, Hash, LiquidDrop, XmlElement, XmlText
from apimpolicy.gateway.policies.message_text import is_json, is_xml, read_text

if TYPE_CHECKING:
    from apimpolicy.csharp.dotnet.cryptography.certificate import Certificate
    from apimpolicy.gateway.context.execution import Context
    from apimpolicy.gateway.context.urls import Url

MAXIMUM_DEPTH = 200
"""Objects and lists within each other that are bound; what is deeper is null. Deeper elements are their text."""

_MINUTES = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2})([Zz]|[+-][0-9]{2}(?::?[0-9]{2})?|)")
_INSTANCE = "http://www.w3.org/2001/XMLSchema-instance"


def bind_body(message: RequestMessage | ResponseMessage, *, parses_dates: bool, nil_is_null: bool) -> Any:
    """Return the body of a message. Raises PolicyError for an unknown character set."""
    media_type = message.headers.joined("Content-Type") or ""
    if not is_json(media_type) and not is_xml(media_type):
        return None
    text = read_text(message)
    if not text or not text.strip():
        return None
    try:
        return _json(text, parses_dates) if is_json(media_type) else _xml(text, nil_is_null)
    except DotnetException:
        return None


def _json(text: str, parses_dates: bool) -> Any:
    reader = TextReader(text)
    reader.date_parsing = int(parses_dates)
    if not reader.read():
        return None
    root = load(reader)
    finish(reader)
    return bind(root, parses_dates=parses_dates)


def _xml(text: str, nil_is_null: bool) -> Any:
    root = parse_document(text).root
    if root is None:
        return None
    return XmlElement([(root.name.local, _element(root, nil_is_null, 0))], FoldedHash(), root.value)


def _element(element: XElement, nil_is_null: bool, depth: int) -> Any:
    environment().step()
    entries: list[tuple[str, Any]] = []
    for attribute in element.attribute_list:
        if attribute.is_namespace_declaration:
            continue
        if attribute.name.local == "nil" and attribute.name.namespace_name == _INSTANCE:
            if attribute.value.strip() in ("true", "1"):
                return None if nil_is_null else ""
            continue
        entries.append((attribute.name.local, attribute.value))
    attributes = FoldedHash(entries)
    children = [child for child in element.children if isinstance(child, XElement)]
    if not children or depth > MAXIMUM_DEPTH:
        return XmlText(element.value, attributes)
    found = [(child.name.local, _element(child, nil_is_null, depth + 1)) for child in children]
    return XmlElement(found, attributes, element.value)


def bind(value: Any, *, parses_dates: bool = False, depth: int = 0) -> Any:
    """Return a .NET value, boxed, as templates see it; objects that they know nothing of are null."""

    def inner(value: Any) -> Any:
        return bind(value, parses_dates=parses_dates, depth=depth + 1)

    environment().step()
    if isinstance(value, JValue):
        return _without_seconds(value.value) if parses_dates else value.value
    if depth > MAXIMUM_DEPTH or isinstance(value, ResponseMessage):
        return None
    if isinstance(value, JObject):
        entries: Any = value.children
        return Hash((entry.name, inner(entry.value)) for entry in entries)
    if isinstance(value, JProperty):
        return Hash([(value.name, inner(value.value))])
    if isinstance(value, JArray):
        return [inner(item) for item in value.children]
    if isinstance(value, (Array, List)):
        return [inner(item) for item in value]
    if isinstance(value, Dictionary):
        return Hash((str(pair.key), inner(pair.value)) for pair in value)
    root = value.root if isinstance(value, XDocument) else value
    if isinstance(root, XElement):
        return XmlElement([(root.name.local, _element(root, False, 0))], FoldedHash(), root.value)
    return root


def _without_seconds(value: Any) -> Any:
    """Return the DateTime of a text such as `2012-03-21T05:40Z`; any other value as it is."""
    written = _MINUTES.fullmatch(value) if isinstance(value, str) else None
    found = find_date(f"{written[1]}:00{written[2]}") if written else None
    return value if found is None else found


def bind_context(context: Context) -> LiquidDrop:
    members: dict[str, Callable[[], Any]] = {
        "Request": lambda: _request(context.request),
        "Variables": lambda: Hash((str(pair.key), bind(pair.value)) for pair in context.variables),
    }
    response = context.response
    if response is not None:
        members["Response"] = lambda: LiquidDrop(
            {
                "StatusCode": lambda: response.status_code,
                "Method": lambda: context.request.method,
                "Headers": lambda: FoldedHash(response.headers.fields()),
            }
        )
    return LiquidDrop(members)


def _request(request: RequestMessage) -> LiquidDrop:
    return LiquidDrop(
        {
            **_members(request, method="Method", original_method="OriginalMethod", ip_address="IpAddress"),
            "Url": lambda: _url(request.url),
            "OriginalUrl": lambda: _url(request.original_url),
            "MatchedParameters": lambda: FoldedHash((str(p.key), str(p.value)) for p in request.matched_parameters),
            "HasBody": lambda: request.body is not None,
            "ClientCertificates": lambda: [] if request.certificate is None else [_certificate(request.certificate)],
            "Headers": lambda: FoldedHash(request.headers.fields()),
        }
    )


def _url(url: Url) -> LiquidDrop:
    shown = url.to_string()
    members = _members(url, scheme="Scheme", host="Host", port="Port", path="Path", query_string="QueryString")
    wholes = dict.fromkeys(("ToUri", "ToString"), lambda: shown)
    return LiquidDrop({**members, **wholes, "Query": lambda: FoldedHash(url.query.fields())}, shown)


def _certificate(certificate: Certificate) -> LiquidDrop:
    members = _members(certificate, subject="Subject", issuer="Issuer", thumbprint="Thumbprint")
    return LiquidDrop(members, certificate.subject)


def _members(source: object, **names: str) -> dict[str, Callable[[], Any]]:
    """Return members by their names in templates, for attributes of an object."""
    return {name: partial(getattr, source, attribute) for attribute, name in names.items()}
