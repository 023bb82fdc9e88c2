"""Policies of infrastructure code as sources that lead back to their files; what isn't known becomes a named value.

`base-url="${var.backend_url}"` is read as `base-url="{{var.backend_url}}"`, so that the value can be given in the
configuration as any other named value, and gets a stand-in until it is.

A policy whose text isn't known becomes a document about which no command decides anything:

    <include-fragment fragment-id="unknown: var.policy isn't known" />
    <choose><when condition="{{unknown-base}}"><base /></when></choose>

The fragment may do anything, and nothing says whether the policy has `<base />`. Requests run without the fragment and
with `<base />`. Equal reasons make equal documents.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from zlib import crc32

import attrs

from apimpolicy.errors import ConfigurationError
from apimpolicy.gateway.policies.placement import SECTIONS
from apimpolicy.gateway.policies.registry import specification_of
from apimpolicy.project.infrastructure.values import MARKED, Part, SourcedText, Unknown, Value, ensure_bounded
from apimpolicy.project.service.description import (
    ApiDescription,
    FileLocation,
    Hole,
    NamedValueDescription,
    PolicyText,
    Sourced,
)
from apimpolicy.text.document import Characters, Element, MarkupNode
from apimpolicy.text.markup import read
from apimpolicy.text.source import OPEN, UNKNOWN_BASE, UNKNOWN_POLICIES, Source, mark

_UNMODELLED = {"a2a": "an A2A agent", "websocket": "a WebSocket API", "graphql": "a GraphQL API"}
"""Kinds of APIs whose requests aren't simulated, in words."""
NOT_IN_CODE = "the global policy isn't in this code"
"""Why the global policy of a service isn't known that is made elsewhere."""
_WITH_POLICIES = (*SECTIONS, "fragment", "when", "otherwise")


def unknown_policy(reason: str, source: Source, start: int = 0, scope: str = "") -> PolicyText:
    """Return a policy that isn't known, for a reason; `source` and `start` are where it is declared.

    `scope` is `global` for that of all APIs, which forwards requests, and `fragment` for a fragment.
    """
    fragment = unknown_policies(reason)
    base = f'<choose><when condition="{{{{{UNKNOWN_BASE}}}}}"><base /></when></choose>'
    around = dict.fromkeys(SECTIONS, base)
    if scope == "global":
        around = {section: "<forward-request />" if section == "backend" else "" for section in SECTIONS}
    sections = "".join(f"<{section}>{fragment}{after}</{section}>" for section, after in around.items())
    text = f"<fragment>{fragment}</fragment>" if scope == "fragment" else f"<policies>{sections}</policies>"
    made = Source(text, source.path, source, ((0, start, False), (len(text), start, True)))
    return PolicyText(FileLocation(source.path, *source.position(start)), source=made, unknown=reason)


def wrapped(policy: PolicyText, before: str, after: str = "", sections: Iterable[str] = SECTIONS) -> PolicyText:
    """Return a policy with something before and after the policies of sections. Raises ConfigurationError."""
    source = policy.read()
    texts: list[str] = []
    anchors: list[tuple[int, int, bool]] = []
    length = position = 0

    def add(text: str, start: int, in_step: bool) -> None:
        nonlocal length
        texts.append(text)
        anchors.append((length, start, in_step))
        length += len(text)

    names = tuple(sections)
    for each in [each for root in read(source).roots for each in root.elements() if each.name in names]:
        is_empty = each.content_end == each.end
        start = each.start if is_empty else each.content_start
        add(source.text[position:start], position, True)
        add(f"<{each.name}>{before}{after}</{each.name}>" if is_empty else before, start, False)
        position = each.end if is_empty else each.content_end
        if not is_empty:
            add(source.text[start:position], start, True)
            add(after, position, False)
    add(source.text[position:], position, True)
    result = Source("".join(texts), source.path, source, tuple(anchors))
    return PolicyText(policy.origin, source=result)


def of_unmodelled(api: ApiDescription) -> PolicyText | None:
    words = unmodelled(api)
    if not words:
        return api.policy
    reason = f"the API '{api.id}' is {words}"
    if api.policy is not None and not api.policy.unknown:
        try:
            return wrapped(api.policy, unknown_policies(reason))
        except ConfigurationError:
            return api.policy
    return unknown_policy(reason, Source("", api.origin.file))


def unmodelled(api: ApiDescription) -> str:
    """Return what an API is whose requests aren't simulated; an empty text for others."""
    words = _UNMODELLED.get((api.kind.known or "").lower())
    if words is not None:
        return f"{words}, which isn't simulated"
    is_empty = api.is_server and not (api.has_tools or api.has_backend)
    return "an MCP server without tools and without a backend" if is_empty else ""


def unknown_calls(tools: Iterable[str]) -> str:
    """Return the reason why proofs don't know what a call of one of these tools does."""
    return f"the calls of the tools {', '.join(sorted(tools)) or 'of the server'} aren't followed"


def unknown_policies(reason: str) -> str:
    """Return the element in place of policies that aren't known."""
    shown = reason.replace("{{", "{ {").replace("}}", "} }")
    shown = shown.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    quote = "'" if '"' in shown and "'" not in shown else '"'
    return f"<include-fragment fragment-id={quote}{UNKNOWN_POLICIES}{shown.replace(quote, '&quot;')}{quote} />"


def unknown_fragments(policies: Iterable[PolicyText]) -> frozenset[str]:
    """Return the ids of the fragments that represent what isn't known in policies."""
    return fragment_ids(source for each in policies if (source := _with_unknown(each)) is not None)


def fragment_ids(texts: Iterable[Source]) -> frozenset[str]:
    """Return the ids of the fragments in texts that represent what isn't known."""
    elements = (element for source in texts for element in read(source).elements())
    ids = (each.value.text for element in elements if (each := element.get("fragment-id")) is not None)
    return frozenset(id_ for id_ in ids if id_.startswith(UNKNOWN_POLICIES))


def _with_unknown(policy: PolicyText) -> Source | None:
    """Return the text of a policy that has something unknown; `diff` writes such policies into files."""
    try:
        source = policy.read()
    except ConfigurationError:
        return None
    return source if UNKNOWN_POLICIES in source.text else None


def places_of_policies(text: str) -> frozenset[int] | None:
    """Return the offsets of the marks in a policy that represent policies; None if the whole policy isn't known."""
    numbered = MARKED.sub(lambda found: mark(0).replace("0", "0" * (len(found[0]) - 2)), text)
    document = read(Source(numbered, holes=("",)))
    root = document.root
    if (
        root is None
        or any(map(_marks, document.children))
        or (root.name == "policies" and any(map(_marks, root.children)))
    ):
        return None
    inside = (element for element in document.elements() if _holds_policies(element))
    return frozenset(place for element in inside for child in element.children for place in _marks(child))


def _marks(node: MarkupNode) -> list[int]:
    """Return the offsets of the marks in a text between elements."""
    if not isinstance(node, Characters):
        return []
    return [found.start() for found in MARKED.finditer(node.source.text, node.start, node.end)]


def _holds_policies(element: Element) -> bool:
    """Return whether the content of an element is policies."""
    if element.name in _WITH_POLICIES:
        return True
    specification = specification_of(element.name)
    return specification is not None and any(slot.part is None for slot in specification.children)


LONGEST_NAME = 80


class UnknownValues:
    """The unknown values in policies and backends, as named values."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self.described: list[NamedValueDescription] = []

    def name(self, text: str, origin: FileLocation) -> str:
        if text not in self._names:
            name = slug(text)[:LONGEST_NAME]
            taken = set(self._names.values())
            number = 2
            while name in taken:
                name = f"{slug(text)[: LONGEST_NAME - 4]}-{number}"
                number += 1
            self._names[text] = name
            self.described.append(
                NamedValueDescription(name, origin, value=Sourced(Hole(text), origin), is_made_up=True)
            )
        return self._names[text]

    def filled(self, text: str, origin: FileLocation, policies: frozenset[int] = frozenset()) -> str:
        """Return a text with references to named values for what isn't known, and fragments at some offsets."""
        if OPEN not in text:
            return str(text)

        def fill(found: re.Match[str]) -> str:
            expression = found[0][1:-1]
            if found.start() in policies:
                return unknown_policies(f"{expression} isn't known")
            return f"{{{{{self.name(expression, origin)}}}}}"

        return MARKED.sub(fill, text)

    def filled_deeply(self, value: Value, origin: FileLocation) -> Value:
        """Return a value with references to named values for what isn't known in its texts. Raises TooLarge."""
        ensure_bounded(value)
        return self._filled(value, origin)

    def _filled(self, value: Value, origin: FileLocation) -> Value:
        if isinstance(value, Unknown):
            return f"{{{{{self.name(value.text, origin)}}}}}"
        if isinstance(value, dict):
            return {key: self._filled(each, origin) for key, each in value.items()}
        if isinstance(value, list):
            return [self._filled(each, origin) for each in value]
        return self.filled(value, origin) if isinstance(value, str) else value

    def policy(self, value: str, source: Source, start: int) -> PolicyText | None:
        """Return a policy; `source` and `start` are where it is declared. None if all of it is unknown."""
        parts = value.parts if isinstance(value, SourcedText) else ()
        whole = _whole_file(parts)
        if whole is not None:
            return PolicyText(FileLocation(whole.path), path=whole.path)
        policies = places_of_policies(value) if OPEN in value else frozenset[int]()
        if policies is None:
            return None
        main = _main(parts) or source
        made = self._source(parts or (Part(str(value), source, start, start, False),), main, policies)
        return PolicyText(FileLocation(main.path, *made.position(0)), source=made)

    def perhaps(self, policy: PolicyText, condition: str, origin: FileLocation) -> PolicyText:
        """Return a policy that is deployed only if an unknown condition is true, which becomes a named value."""
        before = f'<choose><when condition="{{{{{self.name(condition, origin)}}}}}">'
        found = wrapped(policy, before, "</when><otherwise><base /></otherwise></choose>")
        return attrs.evolve(found, is_conditional=True)

    def _source(self, parts: Iterable[Part], main: Source, policies: frozenset[int]) -> Source:
        """Return the text of parts as a source whose positions are those of the file that most of it is from.

        What isn't known becomes a named value; at the offsets `policies`, an unknown fragment.
        """
        texts: list[str] = []
        anchors: list[tuple[int, int, bool]] = []
        length = last = read = 0
        for part in parts:
            is_own = part.source is main
            start, end = (part.start, part.end) if is_own else (last, last)
            if anchors and last != start:
                anchors.append((length, last, True))
            origin = FileLocation(part.source.path, *part.source.position(part.start))
            text = self.filled(part.text, origin, frozenset(place - read for place in policies))
            read += len(part.text)
            anchors.append((length, start, is_own and part.verbatim and text == part.text))
            texts.append(text)
            length, last = length + len(text), end
        anchors.append((length, last, True))
        return Source("".join(texts), main.path, main, tuple(anchors))


def slug(text: str) -> str:
    """Return a text as a name: letters, digits, `-`, `_` and `.`.

    >>> slug('var.urls["eu"]')
    'var.urls-eu'
    """
    return re.sub(r"[^A-Za-z0-9._]+", "-", text).strip("-") or "value"


def made_up_id(text: str) -> str:
    """Return the id of a resource whose name isn't known; long ones end in a checksum."""
    found = slug(text)
    return found if len(found) <= LONGEST_NAME else f"{found[: LONGEST_NAME - 9]}-{crc32(found.encode()):08x}"


def _whole_file(parts: tuple[Part, ...]) -> Source | None:
    """Return the file that a text is all of."""
    if len(parts) == 1 and parts[0].verbatim:
        source = parts[0].source
        if source.origin is None and parts[0].text == source.text:
            return source
    return None


def _main(parts: tuple[Part, ...]) -> Source | None:
    """Return the file that most of a text is from."""
    counts: dict[int, int] = {}
    sources: dict[int, Source] = {}
    for part in parts:
        sources[id(part.source)] = part.source
        counts[id(part.source)] = counts.get(id(part.source), 0) + (len(part.text) if part.verbatim else 1)
    return sources[max(counts, key=lambda key: counts[key])] if counts else None
