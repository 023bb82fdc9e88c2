"""Elements and attributes of policies that a script sets through an XML library before the policy is saved.

    $xml.policies.inbound.cors.'allowed-origins'.origin = $origin               (PowerShell)
    doc.SelectSingleNode("//set-backend-service/@base-url").Value = url;       (.NET)
    root.find(".//origin").text = origin                                        (Python)

Only a file that names XML and policies counts; its names explain nothing but errors at elements with these names.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_STEP = r"(?:[\w-]+|'[\w-]+'|\"[\w-]+\")(?:\[[^\]\r\n]{0,40}\])?"
_ASSIGNED = re.compile(rf"\$\w+((?:\.{_STEP}){{2,20}})\s*=(?!=)")
"""A property path of PowerShell: each step is an element or, at the end, an attribute."""

_NAME = re.compile(r"[\w-]+")
_XPATH = re.compile(
    r"(?:SelectSingleNode|SelectNodes|XPathSelectElements?|findall|find|xpath|XPath)\W{1,5}[\"']([^\"'\r\n]{1,200})[\"']"
)
_LAST_STEP = re.compile(r"@?([a-z][\w.-]*)(?:\[[^\]]*\])?(?:/text\(\))?\Z")
_ATTRIBUTE = re.compile(r"(?:SetAttribute|SetAttributeValue|\.set|setAttribute)\s*\(\s*[\"']([\w.-]+)[\"']")
_SETS = re.compile(r"\.(?:InnerText|InnerXml|text|Value|value|textContent)\s*=(?!=)")
_CONTENT = ("InnerText", "InnerXml", "Value", "text")


def edited_names(text: str) -> Iterator[str]:
    """Yield the names of elements and attributes of a policy that a script sets."""
    if "polic" not in text.lower() or "xml" not in text.lower():
        return
    for path in _ASSIGNED.finditer(text):
        steps = [step.lower() for step in _NAME.findall(path[1])]
        names = [name for name in _NAME.findall(path[1]) if name not in _CONTENT and not name.isdigit()]
        if ("policies" in steps or "fragment" in steps) and names:
            yield names[-1]
    if _SETS.search(text) is not None:
        for path in _XPATH.finditer(text):
            if (step := _LAST_STEP.search(path[1])) is not None:
                yield step[1]
    yield from (attribute[1] for attribute in _ATTRIBUTE.finditer(text))


def written_as(name: str, text: str) -> Iterator[str]:
    """Yield the texts that an element or attribute with a name has in a policy, if it holds no other element."""
    if name not in text:
        return
    quoted = re.escape(name)
    for found in re.finditer(
        rf"<{quoted}(?:\s[^<>]*)?(?:/>|>[^<]*</{quoted}\s*>)|(?<=\s){quoted}\s*=\s*(?:\"[^\"<]*\"|'[^'<]*')", text
    ):
        yield found[0]


def is_bare_attribute(word: str, text: str) -> bool:
    """Return whether a word is in a tag of a policy as an attribute without a value."""
    return re.search(rf"<[a-z][^<>]*\s{re.escape(word)}(?=\s*/?>|\s+[\w-]+\s*=)", text) is not None
