"""Runs a stylesheet in a process of its own, within limits."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from lxml import etree

from apimpolicy.errors import LimitExceededError, NotSimulatedError
from apimpolicy.gateway.policies.own_process import TEMPLATE_DEPTH, answer
from apimpolicy.gateway.policies.own_process.process import parser
from apimpolicy.gateway.policies.surroundings import azure_error

if TYPE_CHECKING:
    from apimpolicy.csharp.dotnet.environment import Limits

_DECLARATION = re.compile(r"<\?xml version=\"1\.0\"(?: encoding=\"([^\"]*)\")?( standalone=\"[^\"]*\")?\?>\n?")
_OWN_DECLARATION = re.compile(r"\s*<\?xml\s.*?\?>", re.DOTALL)


def transform(stylesheet: str, document: str, parameters: Mapping[str, str], limits: Limits) -> bytes:
    """Return the transformed document, in UTF-8.

    Raises PolicyError for what is not XML, no stylesheet or fails in it, NotSimulatedError for extensions, and
    LimitExceededError for one that takes too long, needs too much memory, nests too deep or writes too much.
    """
    document = _OWN_DECLARATION.sub("", document, count=1) if document.lstrip().startswith("<?xml") else document
    tree = read(stylesheet.encode(), "The stylesheet")
    check(tree)
    read(document.encode(), "The body")
    task = {"stylesheet": with_one_node_set(stylesheet), "document": document, "parameters": dict(parameters)}
    found = answer("transform", task, limits)
    if "error" in found:
        message = str(found["error"])
        if "infinite template recursion" in message:
            raise LimitExceededError("XSLT recursion", TEMPLATE_DEPTH)
        raise azure_error("transformation-failed", details=message)
    return _declared(str(found["text"])).encode()


def _declared(text: str) -> str:
    """Return the result with .NET's XML declaration, which names the encoding."""
    found = _DECLARATION.match(text)
    if found is None:
        return text
    return f'<?xml version="1.0" encoding="utf-8"{found[2] or ""}?>' + text[found.end() :]


# Find the forbidden parts of a stylesheet before it runs
# libxslt knows more extensions than .NET, and others; whatever a stylesheet calls beyond XSLT 1.0 and `node-set` is
# refused here, so that nothing works that would not work on the gateway.

XSL = "http://www.w3.org/1999/XSL/Transform"
MICROSOFT = "urn:schemas-microsoft-com:xslt"
EXSLT = "http://exslt.org/common"

_CALL = re.compile(r"(?<![\w.-])([\w.-]+):([\w.-]+)\s*\(")
_QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'")
_FUNCTIONS = {EXSLT: ("node-set", "object-type"), MICROSOFT: ("node-set",)}


def read(markup: bytes, what: str) -> Any:
    """Return the tree of a document without a DOCTYPE, as lxml's. Raises PolicyError."""
    try:
        tree = etree.ElementTree(etree.fromstring(markup, parser()))
    except etree.XMLSyntaxError as error:
        raise azure_error("document-not-xml", what=what, details=error.msg) from None
    if tree.docinfo.doctype:  # type: ignore[attr-defined]
        raise azure_error("document-with-doctype", what=what)
    return tree


def check(tree: Any) -> None:
    """Raises PolicyError for what the gateway would not do, NotSimulatedError for what is not simulated."""
    root = tree.getroot()
    if root.tag not in (f"{{{XSL}}}stylesheet", f"{{{XSL}}}transform"):
        raise azure_error("stylesheet-root", name=root.tag)
    for element in root.iter():
        if not isinstance(element.tag, str):
            continue
        if element.tag == f"{{{MICROSOFT}}}script":
            raise NotSimulatedError("msxsl:script in xsl-transform", "scripts run nowhere here")
        if element.tag in (f"{{{XSL}}}import", f"{{{XSL}}}include"):
            raise azure_error("stylesheet-outside", href=element.get("href"))
        for prefix, name in _calls(element):
            uri = element.nsmap.get(prefix)
            if name not in _FUNCTIONS.get(uri, ()):
                raise azure_error("stylesheet-function", name=f"{prefix}:{name}", namespace=uri or "")
        _check_extension_elements(element, root)


def _check_extension_elements(element: Any, root: Any) -> None:
    if element.tag.startswith((f"{{{EXSLT}}}", f"{{{MICROSOFT}}}", "{http://exslt.org/", "{http://xmlsoft.org/")):
        raise azure_error("stylesheet-extension", name=element.tag)
    attribute = "extension-element-prefixes" if element is root else f"{{{XSL}}}extension-element-prefixes"
    for prefix in element.get(attribute, "").split():
        if element.nsmap.get(None if prefix == "#default" else prefix) not in (MICROSOFT, EXSLT):
            raise NotSimulatedError("extension elements in xsl-transform")


def _calls(element: Any) -> Iterator[tuple[str, str]]:
    """Yield the functions with a prefix that an element's attributes call."""
    for value in element.attrib.values():
        if "(" in value and ":" in value:
            for found in _CALL.finditer(_QUOTED.sub("''", value)):
                yield found[1], found[2]


def with_one_node_set(markup: str) -> str:
    return markup.replace(f'"{MICROSOFT}"', f'"{EXSLT}"').replace(f"'{MICROSOFT}'", f"'{EXSLT}'")
