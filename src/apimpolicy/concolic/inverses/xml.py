"""XML that was parsed from a string: its parts. The wanted element is XML, or the text that it contains."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

from apimpolicy.concolic.inverses import inverse
from apimpolicy.concolic.origins import THROWS

if TYPE_CHECKING:
    from collections.abc import Callable

    from apimpolicy.concolic.inverses import InverseQuery, Preimages

_X = "System.Xml.Linq."
_PARSING = (f"{_X}XElement.Parse", f"{_X}XDocument.Parse")


@inverse(*_PARSING, f"{_X}XDocument.Root", f"{_X}XObject.Document", f"{_X}XNode.ToString")
def itself(query: InverseQuery) -> Preimages:
    yield {0: query.wanted}


@inverse(*(THROWS + name for name in _PARSING))
def is_xml(query: InverseQuery) -> Preimages:
    yield {0: "<" if query.wanted else "<a>x</a>"}


@inverse(f"{_X}XElement.Value")
def text_of(query: InverseQuery) -> Preimages:
    def change(element: ElementTree.Element) -> None:
        del element[:]
        element.text = query.wanted

    yield {0: _changed(query.now(0), change)}


@inverse(f"{_X}XAttribute.Value")
def attribute_text(query: InverseQuery) -> Preimages:
    yield {0: query.wanted}


@inverse(f"{_X}XElement.Attribute")
def attribute(query: InverseQuery) -> Preimages:
    name = _name(query.was(1))

    def change(element: ElementTree.Element) -> None:
        element.attrib.pop(name, None)
        if query.wanted is not None:
            element.set(name, query.wanted)

    yield {0: _changed(query.now(0), change)}


@inverse(f"{_X}XContainer.Element")
def child(query: InverseQuery) -> Preimages:
    name = _name(query.was(1))

    def change(element: ElementTree.Element) -> None:
        _replace(element, element.find(name), name, query.wanted)

    yield {0: _changed(query.now(0), change)}


@inverse(f"{_X}XContainer.Elements", f"{_X}XContainer.Descendants")
def children(query: InverseQuery) -> Preimages:
    """Yield an element with as many children as wanted, in order; more are appended."""
    name = _name(query.was(1)) if len(query.operands) > 1 else "x"
    is_deep = query.origin.name.endswith("Descendants")

    def change(element: ElementTree.Element) -> None:
        have = [each for each in element.iter(name) if each is not element] if is_deep else element.findall(name)
        for index, wanted in enumerate(query.wanted):
            _replace(element, have[index] if index < len(have) else None, name, wanted)

    yield {0: _changed(query.now(0), change)}


def _name(name: Any) -> str:
    """Return the name of an element or attribute in Python's notation."""
    text = name if isinstance(name, str) else str(name.to_string())
    return str(text)


def _changed(text: str, change: Callable[[ElementTree.Element], None]) -> str:
    root = ElementTree.fromstring(text)
    change(root)
    return ElementTree.tostring(root, encoding="unicode")


def _replace(around: ElementTree.Element, old: ElementTree.Element | None, name: str, wanted: Any) -> None:
    """Put an element in the place of another one, or at the end; None takes it away."""
    parent = next((each for each in around.iter() if old is not None and old in list(each)), around)
    place = len(parent) if old is None else list(parent).index(old)
    if old is not None:
        parent.remove(old)
    if wanted is None:
        return
    if isinstance(wanted, str) and wanted.startswith("<"):
        parent.insert(place, ElementTree.fromstring(wanted))
        return
    made = ElementTree.Element(name)
    made.text = wanted if isinstance(wanted, str) else ""
    parent.insert(place, made)
