"""Values that are likely to fit a named value of which only the name and the policies around it are known."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from apimpolicy.dotnet.exceptions import DotnetException
from apimpolicy.policies.conversions import InvalidValueError
from apimpolicy.policies.registry import specification_of
from apimpolicy.text.markup import read
from apimpolicy.text.named_values import find_named_values
from apimpolicy.text.source import Source

if TYPE_CHECKING:
    from apimpolicy.policies.spec import AttributeSlot, ContentSlot, Specification
    from apimpolicy.text.document import Element

BASE64_KEY = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
GUID = "11111111-2222-3333-4444-555555555555"
THUMBPRINT = "A1" * 20
ADDRESS = "203.0.113.10"
"""Of a range that is kept for examples."""
_URL_BEGINS = r"""(?:url\s*=\s*["']|<set-url>|<issuer>|<origin>)\s*"""
_URL = re.compile(r"(?:url|endpoint|uri|authority|issuer)s?\b|[a-z0-9](?:url|endpoint|uri)s?\b")
_NUMBER = re.compile(r"\b(?:count|limit|seconds|duration|timeout|ttl|max|calls|period|interval|bandwidth|port)s?\b")
_ID = re.compile(r"\b(?:tenant(?: ?id)?|(?:client|app|application) ?id)s?\b")
_NUMBERS = ("10", "200", "1", "0")


def is_thumbprint(name: str) -> bool:
    """Return whether a named value is the thumbprint of a certificate, by its name."""
    return "thumbprint" in name.lower()


def likely_value(name: str, text: str, otherwise: str) -> str:
    """Return a value of the kind that the name or its uses in the text suggest, such as a URL; else `otherwise`.

    Where it is used in policies, the gateway accepts it, as far as one value can be accepted everywhere.
    """
    guess = _likely(name, text, otherwise)
    uses = [use for use in _uses(text) if use.name == name]
    listed: list[str] = [value for use in uses for value in getattr(use.slot, "values", ())]
    candidates = [guess, *listed, "true", *_NUMBERS]
    return max(candidates, key=lambda value: sum(use.accepts(value) for use in uses))


def words_of(name: str) -> str:
    """Return the words of a name, in lower case and with blanks between them.

    >>> words_of("maxRetryCount_of-API")
    'max retry count of api'
    """
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|[^A-Za-z0-9]+", " ", name)
    return parted.lower().strip()


def _likely(name: str, text: str, otherwise: str) -> str:
    words, reference = words_of(name), re.escape("{{" + name + "}}")
    if is_thumbprint(name):
        return THUMBPRINT
    if re.search(_URL_BEGINS + reference, text) or _URL.search(words):
        host = re.sub(r"[^a-z0-9-]+", "-", name.lower()).strip("-")
        return f"https://{host}.example{'/' if re.search(reference + r'[A-Za-z0-9{]', text) else ''}"
    if re.search(r"<address>\s*" + reference + r"""|<address-range[^>]*?=\s*["']\s*""" + reference, text):
        return ADDRESS
    if re.search(r"<key(?:\s[^>]*)?>\s*" + reference, text) or ("FromBase64String" in text and "key" in name.lower()):
        return BASE64_KEY
    quoted = r"""["']?\s*""" + reference + r"""\s*["']?"""
    if re.search(r"(?:bool|Boolean)\.Parse\(\s*" + quoted + "|ToBoolean\\(\\s*" + quoted, text):
        return "true"
    compared = r"""["']?\)?\s*\.?(?:==|Equals\(|ToLower\(\) ==)\s*["'](?:true|false)"""
    if re.search(reference + compared, text, re.IGNORECASE):
        return "true"
    if re.search(r"(?:int|long|double)\.(?:Try)?Parse\(\s*" + quoted + r"|\s[<>]=?\s*" + reference, text):
        return "10"
    if _NUMBER.search(words):
        return "10"
    return GUID if _ID.search(words) else otherwise


class _Use(NamedTuple):
    """A text of a policy in which a named value is, and what the gateway does with the text."""

    name: str
    text: str
    slot: AttributeSlot | ContentSlot

    def accepts(self, value: str) -> bool:
        """Return whether the gateway accepts the text with a value."""
        written = self.text.replace("{{" + self.name + "}}", value)
        try:
            converted = self.slot.convert(written)
        except (DotnetException, InvalidValueError):
            return False
        within = getattr(self.slot, "within", None)
        is_within = within is None or not isinstance(converted, (int, float)) or within.has(converted)
        return is_within and not self.slot.why_invalid(converted)


@functools.lru_cache(maxsize=4)
def _uses(text: str) -> list[_Use]:
    if "{{" not in text:
        return []
    return [use for element in read(Source(text)).elements() for use in _uses_in(element)]


def _uses_in(element: Element) -> Iterator[_Use]:
    """Yield the uses of named values in the literal texts of an element that are nothing but text and one of them."""
    specification = specification_at(element)
    for slot in () if specification is None else specification.attributes:
        attribute = element.get(slot.name)
        if attribute is not None and attribute.value.expression is None:
            yield from _uses_of(attribute.value.text, slot)
    above = None if element.parent is None else specification_at(element.parent)
    for owner, child in ((specification, None), (above, element.name)):
        for content in () if owner is None or element.expression is not None else owner.contents:
            if content.child == child:
                yield from _uses_of(element.text, content)


def _uses_of(text: str, slot: AttributeSlot | ContentSlot) -> Iterator[_Use]:
    names = {each.name for each in find_named_values(text)}
    if len(names) == 1:
        yield _Use(names.pop(), text, slot)


def specification_at(element: Element) -> Specification | None:
    """Return the specification of a policy, or of a part of one, such as the keys of validate-jwt."""
    found = specification_of(element.name)
    if found is not None or element.parent is None:
        return found
    above = specification_at(element.parent)
    return None if above is None else above.part(element.name)
