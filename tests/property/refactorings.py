"""Refactorings of real policies in a service with all scopes, and edits that look like them and break something.

Each takes the files of a service, by path, and returns those of the new version; None where it doesn't apply.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from apimpolicy.gateway.policies.registry import has_trait
from apimpolicy.text.markup import read
from apimpolicy.text.source import Source

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from apimpolicy.text.document import Element

Files = dict[str, str]
API, GLOBAL, PRODUCT = "apis/orders/policy.xml", "policy.xml", "products/starter/policy.xml"
OPERATION = "apis/orders/operations/get/policy.xml"
FRAGMENT = "policy fragments/extracted/policy.xml"
_BLANK = "<policies><inbound>{}</inbound><backend><forward-request /></backend><outbound /><on-error /></policies>"
_INNER = "<policies><inbound><base />{}</inbound><backend><base /></backend><outbound><base /></outbound></policies>"
_HEADER = '<set-header name="X-{}" exists-action="override"><value>{}</value></set-header>'
_INFORMATION = '{"properties": {"displayName": "Orders", "path": "orders", "subscriptionRequired": true}}'


def service_with(policy: str) -> Files:
    """Return a service whose API has a policy, with policies of every other scope."""
    return {
        GLOBAL: _BLANK.format(_HEADER.format("Global", "1")),
        PRODUCT: _INNER.format(_HEADER.format("Product", "1")),
        "products/starter/productInformation.json": (
            '{"properties": {"displayName": "Starter", "subscriptionRequired": true, "state": "published"}}'
        ),
        "products/starter/apis/orders/productApiInformation.json": "{}",
        API: policy,
        "apis/orders/apiInformation.json": _INFORMATION,
        OPERATION: _INNER.format(_HEADER.format("Operation", "1")),
        "apis/orders/operations/get/operationInformation.json": (
            '{"properties": {"displayName": "Get", "method": "GET", "urlTemplate": "/{id}"}}'
        ),
        "apis/orders/operations/put/operationInformation.json": (
            '{"properties": {"displayName": "Put", "method": "PUT", "urlTemplate": "/{id}"}}'
        ),
    }


def _inbound(text: str) -> list[Element]:
    """Return the policies directly in inbound."""
    found = [each for each in read(Source(text)).elements() if each.name == "inbound"]
    return list(found[0].elements()) if found else []


def _raw(element: Element) -> str:
    return element.source.text[element.start : element.end]


def _replaced(text: str, start: int, end: int, new: str) -> str:
    return text[:start] + new + text[end:]


def _policies(text: str) -> Iterator[Element]:
    """Yield policies of inbound that may be in a fragment and at any scope."""
    for each in _inbound(text):
        is_bound = has_trait(each.name, "not-in-fragments", "preflight", "caches-responses")
        if each.name not in ("base", "include-fragment") and not is_bound:
            yield each


# Without a meaning


def extracted(files: Files) -> Files | None:
    element = next(_policies(files[API]), None)
    if element is None or FRAGMENT in files:
        return None
    include = '<include-fragment fragment-id="extracted" />'
    text = _replaced(files[API], element.start, element.end, include)
    return {**files, API: text, FRAGMENT: f"<fragment>{_raw(element)}</fragment>"}


def renamed(files: Files) -> Files | None:
    text = files[API]
    names = [
        attribute.value.text
        for each in read(Source(text)).elements()
        if has_trait(each.name, "sets-variable") and (attribute := each.get("name")) is not None
    ]
    name = next((each for each in names if re.fullmatch(r"\w+", each)), None)
    if name is None:
        return None
    quotes = ('"', "'", "&quot;")
    for quote in quotes:
        text = re.sub(
            rf"(name={quote}|Variables[^;)]*?{quote}|variable-name={quote}){name}(?={quote})", r"\1renamed", text
        )
    return {**files, API: text}


def inverted(files: Files) -> Files | None:
    """Swap the branches of a decision, with the opposite condition."""
    for each in read(Source(files[API])).elements():
        if not has_trait(each.name, "branches"):
            continue
        whens = [child for child in each.elements() if child.name == "when"]
        condition = whens[0].get("condition") if len(whens) == 1 else None
        if condition is None or condition.value.expression is None or not condition.value.raw.startswith("@("):
            continue
        others = [child for child in each.elements() if child.name == "otherwise"]
        inside = _content(others[0]) if others else ""
        opposite = f"@(!({condition.value.raw[2:-1]}))"
        quote = files[API][condition.value.start - 1]
        new = (
            f"<choose><when condition={quote}{opposite}{quote}>{inside}</when>"
            f"<otherwise>{_content(whens[0])}</otherwise></choose>"
        )
        return {**files, API: _replaced(files[API], each.start, each.end, new)}
    return None


def _content(element: Element) -> str:
    return element.source.text[element.content_start : element.content_end]


def moved_to_a_wider_scope(files: Files) -> Files | None:
    """Move the policy behind `<base />` of the API to the end of the global inbound, whose only API it is."""
    elements = _inbound(files[API])
    at = next((index for index, each in enumerate(elements) if each.name == "base"), None)
    movable = {each.start for each in _policies(files[API])}
    if at != 0 or len(elements) < 2 or elements[1].start not in movable:
        return None
    if has_trait(elements[1].name, "per-subscription", "chooses-backend"):
        return None
    without_product = {name: text for name, text in files.items() if name != PRODUCT}
    text = _replaced(files[API], elements[1].start, elements[1].end, "")
    wider = files[GLOBAL].replace("</inbound>", f"{_raw(elements[1])}</inbound>")
    return {**without_product, API: text, GLOBAL: wider}


def with_parentheses(files: Files) -> Files | None:
    text = files[API]
    for each in read(Source(text)).elements():
        condition = each.get("condition")
        if condition is not None and condition.value.expression is not None and condition.value.raw.startswith("@("):
            value = condition.value
            return {**files, API: _replaced(text, value.start, value.end, f"@(({value.raw[2:-1]}))")}
    return None


REFACTORINGS: dict[str, Callable[[Files], Files | None]] = {
    "extract": extracted,
    "inline": extracted,
    "rename": renamed,
    "invert": inverted,
    "move": moved_to_a_wider_scope,
    "parentheses": with_parentheses,
}
"""`inline` is the reverse: the new version is the old one."""


# With a meaning


def without_negation(files: Files) -> Files | None:
    """Swap the branches of a decision, and forget the opposite condition."""
    new = inverted(files)
    return None if new is None else {**new, API: new[API].replace("@(!(", "@((", 1)}


def read_under_the_old_name(files: Files) -> Files | None:
    """Rename a variable where it is set alone."""
    new = renamed(files)
    if new is None:
        return None
    written = re.search(r'name="renamed"', new[API])
    reads = re.findall(r"Variables[^;)]*?(?:\"|&quot;)renamed", new[API])
    if written is None or not reads:
        return None
    found = re.search(r'<set-variable[^>]*?name="(\w+)"', files[API])
    name = next(
        attribute.value.text
        for each in read(Source(files[API])).elements()
        if has_trait(each.name, "sets-variable") and (attribute := each.get("name")) is not None
    )
    return None if found is None else {**files, API: files[API].replace(f'name="{name}"', 'name="renamed"', 1)}


def extracted_and_forgotten(files: Files) -> Files | None:
    """Extract a policy, without including the fragment."""
    new = extracted(files)
    return None if new is None else {**new, API: new[API].replace('<include-fragment fragment-id="extracted" />', "")}


def extracted_with_another_value(files: Files) -> Files | None:
    new = extracted(files)
    if new is None:
        return None
    text = re.sub(r">([\w./:-]{3,})<", r">\1x<", new[FRAGMENT], count=1)
    return None if text == new[FRAGMENT] else {**new, FRAGMENT: text}


def with_another_value_at_the_operation(files: Files) -> Files | None:
    if any(has_trait(each.name, "terminates") for each in read(Source(files[API])).elements()):
        return None  # it may end every request before
    return {**files, OPERATION: files[OPERATION].replace("<value>1<", "<value>2<")}


def with_another_constant(files: Files) -> Files | None:
    for each in read(Source(files[API])).elements():
        condition = each.get("condition")
        if condition is None or condition.value.expression is None or "LastError" in condition.value.raw:
            continue
        text = re.sub(r'((?:==|!=)\s*(?:"|&quot;))(\w+)', r"\1\2x", condition.value.raw, count=1)
        if text != condition.value.raw:
            return {**files, API: _replaced(files[API], condition.value.start, condition.value.end, text)}
    return None


BREAKING: dict[str, Callable[[Files], Files | None]] = {
    "a forgotten negation": without_negation,
    "a variable that is read under its old name": read_under_the_old_name,
    "a fragment that isn't included": extracted_and_forgotten,
    "a fragment with another value": extracted_with_another_value,
    "another value at the operation": with_another_value_at_the_operation,
    "another constant": with_another_constant,
}
