"""Callers who present what only one version accepts: an audience, an issuer, a value of a claim, an address."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from apimpolicy.gateway.policies.ip_filter import parsed
from apimpolicy.gateway.policies.registry import has_trait
from apimpolicy.project.service.likely_values import literal_attribute, providers_of

if TYPE_CHECKING:
    from apimpolicy.reasoning.scenarios.assignments import Assignment
    from apimpolicy.text.document import Element

_MOST_CALLERS = 12
_AUDIENCE, _ISSUER, _CLAIM, _WITHOUT, _ADDRESS, _HEADER = "audience", "issuer", "claim", "without", "address", "header"


class AcceptedValue(NamedTuple):
    """A value that a check accepts: of a claim or a header with a name, or alone."""

    kind: str
    name: str
    value: str

    @property
    def words(self) -> str:
        """Words for a token with the value."""
        if self.kind == _CLAIM:
            return f"with {self.value} in the claim {self.name}"
        return f"without the claim {self.name}" if self.kind == _WITHOUT else f"with the {self.kind} {self.value}"


def changed_values(old: Iterable[Element], new: Iterable[Element]) -> list[AcceptedValue]:
    """Return the values that the checks of only one version accept, and the claims that only one requires."""
    one, other = ({value for element in side for value in _accepted_by(element)} for side in (old, new))
    return sorted(one ^ other)[:_MOST_CALLERS]


def providers_with(
    elements: Iterable[Element], values: Iterable[AcceptedValue]
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the providers that the checks of tokens need, then those of tokens with one of the values, with words."""
    tables = [table for _, table in providers_of(elements)]
    yield from (("", table) for table in tables)
    for value in values:
        for table in tables:
            if (changed := _with_value(table, value)) is not None and changed not in tables:
                yield value.words, changed


def numbered(given: Iterable[tuple[str, dict[str, Any]]]) -> dict[str, dict[str, Any]]:
    """Return each different provider by a name, which for a special token has words for it."""
    found: dict[str, dict[str, Any]] = {}
    for words, table in given:
        if table not in found.values():
            number = len(found) + 1
            found[f"{words} ({number})" if words else f"login-{number}"] = table
    return found


def in_words(request: str, provider: str) -> str:
    """Return a request in words, with those for its token in the place of the provider's name."""
    words = provider.rpartition(" (")[0]
    return request.replace(f"token of {provider}", f"token {words}" if words else "token")


def requests_with_values(values: Iterable[AcceptedValue]) -> Iterator[Assignment]:
    """Yield inputs with an address, or with the value of a header."""
    for kind, name, value in values:
        if kind == _ADDRESS:
            yield {("address",): value}
        elif kind == _HEADER:
            yield {("header", name, "there"): True, ("header", name): value}


def _with_value(table: dict[str, Any], accepted: AcceptedValue) -> dict[str, Any] | None:
    """Return a provider whose tokens have a value; None where the value isn't one of a token."""
    kind, name, value = accepted
    claims = table.get("claims", {})
    match kind:
        case "audience":
            return {**table, "audience": value}
        case "issuer":  # not one that the provider publishes
            return None if value == table["issuer"] else {**table, "claims": {**claims, "iss": value}}
        case "claim":
            return {**table, "claims": {**claims, name: value}}
        case "without" if name in claims:
            return {**table, "claims": {key: each for key, each in claims.items() if key != name}}
    return None


def _accepted_by(element: Element) -> Iterator[AcceptedValue]:
    if has_trait(element.name, "checks-token"):
        for part in element.descendants():
            group = getattr(part.parent, "name", "")
            text = part.text.strip()
            if part.expression is not None:
                continue
            if part.name == "audience" or (part.name == "application-id" and group == "backend-application-ids"):
                yield AcceptedValue(_AUDIENCE, "", text)
            elif part.name == "application-id":
                yield AcceptedValue(_CLAIM, "azp", text)
            elif part.name == "issuer":
                yield AcceptedValue(_ISSUER, "", text)
            elif part.name == "claim":
                name = literal_attribute(part, "name")
                yield AcceptedValue(_WITHOUT, name, "")
                values = [value.text.strip() for value in part.elements() if value.expression is None]
                yield from (AcceptedValue(_CLAIM, name, value) for value in values)
                if separator := literal_attribute(part, "separator"):
                    yield AcceptedValue(_CLAIM, name, separator.join(values))
    elif has_trait(element.name, "checks-address"):
        ends = [literal_attribute(address, name) for address in element.elements() for name in ("from", "to")]
        texts = [*ends, *(each.text.strip() for each in element.elements() if each.expression is None)]
        yield from (AcceptedValue(_ADDRESS, "", text) for text in texts if text and parsed(text) is not None)
    elif has_trait(element.name, "checks-header"):
        name = literal_attribute(element, "name").lower()
        values = [value.text.strip() for value in element.elements() if value.expression is None]
        yield from (AcceptedValue(_HEADER, name, value) for value in values if name)
