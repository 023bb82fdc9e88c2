"""XML against XML Schema, and SOAP bodies against the schemas of a WSDL; the engine is lxml's.

Nothing is loaded: no DTD, no entity, no file, no network. A schema that imports or includes another one finds it among
those that were given with it (the schemas of a WSDL by their namespace, the gateway's by their id); without that an
import is left to what is there, and an include is a ConfigurationError.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lxml import etree

from apimpolicy.csharp.dotnet.environment import environment
from apimpolicy.errors import ConfigurationError
from apimpolicy.gateway.policies.json_schemas import MAX_ERRORS, SchemaViolation, UnverifiableError
from apimpolicy.gateway.policies.own_process import answer
from apimpolicy.gateway.policies.own_process.process import compile_schema, parser, violations_in
from apimpolicy.gateway.policies.surroundings import azure_text

SCHEMA = "http://www.w3.org/2001/XMLSchema"
WSDL = ("http://schemas.xmlsoap.org/wsdl/", "http://www.w3.org/ns/wsdl")
ENVELOPES = ("http://schemas.xmlsoap.org/soap/envelope/", "http://www.w3.org/2003/05/soap-envelope")
_SCHEME = "given:"
_COSTLY = ("pattern", "group", "attributeGroup")
_FEW_DIGITS = 2


def parse_xml(content: bytes) -> Any:
    """Return the root element of an XML text. Raises UnverifiableError for what is none, or has a DTD."""
    try:
        root = etree.fromstring(content, parser())
    except (etree.XMLSyntaxError, ValueError) as error:
        raise UnverifiableError(f"{error}"[:300]) from None
    if root.getroottree().docinfo.doctype:
        raise UnverifiableError(azure_text("xml-with-dtd"))
    return root


class XmlSchema:
    """A compiled schema, of an XSD or of the types of a WSDL. `others` are schemas that it may include, by their id.

    Raises ConfigurationError for what is none.
    """

    def __init__(self, text: str | bytes, others: Mapping[str, str] | None = None) -> None:
        documents = {f"{_SCHEME}{name}": _bytes(other) for name, other in (others or {}).items()}
        try:
            root = etree.fromstring(_bytes(text), parser())
            if root.getroottree().docinfo.doctype:
                raise ConfigurationError("the XML schema cannot be used: it has a DTD")
            schemas = _schemas_of(root)
            main = _joined(schemas, documents) if root.tag != f"{{{SCHEMA}}}schema" else etree.tostring(root)
            located = etree.fromstring(main, parser())
            roots: dict[str, Any] = {}
            waiting = _locate(located, documents)
            while waiting:
                location = waiting.pop()
                if location not in roots:
                    roots[location] = etree.fromstring(documents[location], parser())
                    waiting += _locate(roots[location], documents)
            self._parts = _text(located), {location: _text(one) for location, one in roots.items()}
            self._is_costly = any(map(_may_be_costly, (located, *roots.values())))
            if self._is_costly:
                self._judged([])
            else:
                self._schema = compile_schema(*self._parts)
        except (etree.XMLSyntaxError, etree.XMLSchemaParseError, ValueError) as error:
            raise ConfigurationError(f"the XML schema cannot be used: {str(error)[:300]}") from None

    def violations(self, element: Any) -> list[SchemaViolation]:
        """Return everything in the element that does not conform. Raises UnverifiableError when that is unknown."""
        if self._is_costly:
            (found,) = self._judged([_text(element)])
        else:
            found = violations_in(element, self._schema, MAX_ERRORS)
        if found is None:
            raise UnverifiableError(azure_text("xml-schema-cost"))
        first = element.sourceline or 0
        return [SchemaViolation(message, (line or first, column)) for message, line, column in found]

    def _judged(self, documents: list[str]) -> list[Any]:
        """Return violations in documents, from a subprocess. Raises ConfigurationError, LimitExceededError."""
        schema, given = self._parts
        task = {"schema": schema, "given": given, "documents": documents, "most": MAX_ERRORS}
        found = answer("validate", task, environment().limits)
        if "error" in found:
            raise ConfigurationError(f"the XML schema cannot be used: {str(found['error'])[:300]}")
        return list(found["violations"])


def _may_be_costly(schema: Any) -> bool:
    """Return whether libxml2 may need far more resources than the schema is long: patterns, groups, large numbers."""
    for element in schema.iter(*(f"{{{SCHEMA}}}{name}" for name in _COSTLY)):
        if element.get("ref") is not None or element.tag.endswith("}pattern"):
            return True
    counts = (element.get(name, "") for element in schema.iter("*") for name in ("minOccurs", "maxOccurs"))
    return any(len(count) > _FEW_DIGITS and count.isdigit() for count in counts)


def _text(element: Any) -> str:
    return etree.tostring(element, encoding="unicode", with_tail=False)


def soap_payloads(root: Any) -> list[Any]:
    """Return the elements inside the body of a SOAP envelope. Raises UnverifiableError when it is none."""
    for namespace in ENVELOPES:
        if root.tag == f"{{{namespace}}}Envelope":
            body = root.find(f"{{{namespace}}}Body")
            if body is None:
                raise UnverifiableError(azure_text("soap-without-body"))
            return [child for child in body if isinstance(child.tag, str)]
    raise UnverifiableError(azure_text("soap-missing"))


def _bytes(text: str | bytes) -> bytes:
    return text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text


def _schemas_of(root: Any) -> list[Any]:
    """Return the schemas of a WSDL, or the one that the root is. Raises ConfigurationError."""
    if root.tag == f"{{{SCHEMA}}}schema":
        return [root]
    found = list(root.iter(f"{{{SCHEMA}}}schema"))
    if not found or not any(str(root.tag).startswith(f"{{{namespace}}}") for namespace in WSDL):
        raise ConfigurationError("the XML schema cannot be used: it is neither an XSD nor a WSDL with types")
    return found


def _joined(schemas: list[Any], given: dict[str, bytes]) -> bytes:
    """Return a schema that imports all schemas of a WSDL; they are put into `given`, by their namespace."""
    imports = ""
    for number, schema in enumerate(schemas):
        namespace = schema.get("targetNamespace")
        location = f"{_SCHEME}namespace:{namespace or number}"
        given[location] = etree.tostring(schema, with_tail=False)
        attribute = f' namespace="{_escaped(namespace)}"' if namespace else ""
        imports += f'<xs:import{attribute} schemaLocation="{_escaped(location)}"/>'
    return f'<xs:schema xmlns:xs="{SCHEMA}">{imports}</xs:schema>'.encode()


def _escaped(text: str) -> str:
    from xml.sax.saxutils import escape

    return escape(text, {'"': "&quot;"})


def _locate(schema: Any, given: Mapping[str, bytes]) -> list[str]:
    """Let imports and includes lead to what was given, and nowhere else; return where they lead."""
    locations: list[str] = []
    for kind in ("import", "include", "redefine"):
        for element in schema.iter(f"{{{SCHEMA}}}{kind}"):
            location = element.get("schemaLocation")
            found = _found(location, element.get("namespace"), given)
            if found is not None:
                element.set("schemaLocation", found)
                locations.append(found)
            elif kind != "import":
                raise ConfigurationError(f"the XML schema includes {str(location)[:200]!r}, which the gateway has not")
            elif location is not None:
                del element.attrib["schemaLocation"]
    return locations


def _found(location: str | None, namespace: str | None, given: Mapping[str, bytes]) -> str | None:
    if location is not None:
        if location in given:
            return location
        last = location.replace("\\", "/").rpartition("/")[2]
        for name in (location, last, last.rpartition(".")[0]):
            if f"{_SCHEME}{name}" in given:
                return f"{_SCHEME}{name}"
    by_namespace = f"{_SCHEME}namespace:{namespace}"
    return by_namespace if by_namespace in given else None
