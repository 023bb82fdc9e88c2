"""Policies of infrastructure code as sources that lead back to their files; what isn't known becomes a named value.

`base-url="${var.backend_url}"` is read as `base-url="{{var.backend_url}}"`, so that the value can be given in the
configuration as any other named value, and gets a stand-in until it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from zlib import crc32

from apimpolicy.infrastructure.values import MARKED, Part, Text, Unknown, Value, ensure_bounded
from apimpolicy.project.service.description import Field, Hole, NamedValueDescription, Origin, PolicyText
from apimpolicy.project.service.unknown_policies import places_of_policies, unknown_policies, wrapped
from apimpolicy.text.source import OPEN, Source

LONGEST_NAME = 80


class UnknownValues:
    """The unknown values in policies and backends, as named values."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self.described: list[NamedValueDescription] = []

    def name(self, text: str, origin: Origin) -> str:
        """Return the name of the named value that represents an unknown value."""
        if text not in self._names:
            name = slug(text)[:LONGEST_NAME]
            taken = set(self._names.values())
            number = 2
            while name in taken:
                name = f"{slug(text)[: LONGEST_NAME - 4]}-{number}"
                number += 1
            self._names[text] = name
            self.described.append(NamedValueDescription(name, origin, value=Field(Hole(text), origin), is_made_up=True))
        return self._names[text]

    def filled(self, text: str, origin: Origin, policies: frozenset[int] = frozenset()) -> str:
        """Return a text with references to named values for what isn't known, and fragments at some offsets."""
        if OPEN not in text:
            return str(text)

        def fill(found: re.Match[str]) -> str:
            expression = found[0][1:-1]
            if found.start() in policies:
                return unknown_policies(f"{expression} isn't known")
            return f"{{{{{self.name(expression, origin)}}}}}"

        return MARKED.sub(fill, text)

    def filled_deeply(self, value: Value, origin: Origin) -> Value:
        """Return a value with references to named values for what isn't known in its texts. Raises TooLarge."""
        ensure_bounded(value)
        return self._filled(value, origin)

    def _filled(self, value: Value, origin: Origin) -> Value:
        if isinstance(value, Unknown):
            return f"{{{{{self.name(value.text, origin)}}}}}"
        if isinstance(value, dict):
            return {key: self._filled(each, origin) for key, each in value.items()}
        if isinstance(value, list):
            return [self._filled(each, origin) for each in value]
        return self.filled(value, origin) if isinstance(value, str) else value

    def policy(self, value: str, source: Source, start: int) -> PolicyText | None:
        """Return a policy; `source` and `start` are where it is declared. None if all of it is unknown."""
        parts = value.parts if isinstance(value, Text) else ()
        whole = _whole_file(parts)
        if whole is not None:
            return PolicyText(Origin(whole.path), path=whole.path)
        policies = places_of_policies(value) if OPEN in value else frozenset[int]()
        if policies is None:
            return None
        main = _main(parts) or source
        made = self._source(parts or (Part(str(value), source, start, start, False),), main, policies)
        return PolicyText(Origin(main.path, *made.position(0)), source=made)

    def perhaps(self, policy: PolicyText, condition: str, origin: Origin) -> PolicyText:
        """Return a policy that is deployed only if an unknown condition is true, which becomes a named value."""
        before = f'<choose><when condition="{{{{{self.name(condition, origin)}}}}}">'
        return wrapped(policy, before, "</when><otherwise><base /></otherwise></choose>")

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
            origin = Origin(part.source.path, *part.source.position(part.start))
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
