"""The text of the server and that of the client stay the same, whatever is edited in whatever order."""

from __future__ import annotations

import re
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.sampling import examples

from apimpolicy.editor.rpc import TextDocument, path_of, uri_of

LINES = re.compile(r"(\r\n|\r|\n)")
TEXTS = st.text(st.sampled_from(["a", "é", "€", "😀", "\U0010ffff", "\n", "\r", "<", "\t"]), max_size=30)


class Client:
    """What an editor has: UTF-16, as the protocol counts."""

    def __init__(self, text: str) -> None:
        self.units = text.encode("utf-16-le")

    @property
    def text(self) -> str:
        return self.units.decode("utf-16-le")

    def position(self, unit: int) -> dict[str, int]:
        before = self.units[: 2 * unit].decode("utf-16-le")
        parts = LINES.split(before)
        if before.endswith("\r") and self.units[2 * unit : 2 * unit + 2] == b"\n\0":
            return self.position(unit - 1)  # no line begins between the two
        return {"line": len(parts) // 2, "character": len(parts[-1].encode("utf-16-le")) // 2}

    def boundary(self, unit: int) -> int:
        """The next unit that does not split a character."""
        unit = min(unit, len(self.units) // 2)
        is_low = self.units[2 * unit : 2 * unit + 2][1:] and 0xDC <= self.units[2 * unit + 1] <= 0xDF
        unit += 1 if is_low else 0
        return unit - 1 if self.units[2 * unit - 2 : 2 * unit + 2] == b"\r\0\n\0" else unit

    def change(self, first: int, last: int, new: str) -> dict[str, Any]:
        """Replace a span; what the editor sends about it."""
        start, end = sorted((self.boundary(first), self.boundary(last)))
        span = {"start": self.position(start), "end": self.position(end)}
        self.units = self.units[: 2 * start] + new.encode("utf-16-le") + self.units[2 * end :]
        return {"range": span, "text": new}

    def replace(self, new: str) -> dict[str, Any]:
        self.units = new.encode("utf-16-le")
        return {"text": new}


@settings(max_examples=examples(400))
@given(TEXTS, st.lists(st.tuples(st.booleans(), st.integers(0, 40), st.integers(0, 40), TEXTS), max_size=6))
def test_edits_in_any_order(text: str, edits: list[tuple[bool, int, int, str]]) -> None:
    client, server = Client(text), TextDocument("file:///a.xml", text)
    for is_whole, first, last, new in edits:
        change = client.replace(new) if is_whole and first < 10 else client.change(first, last, new)
        server.change([change], 1)
        assert server.text == client.text


@settings(max_examples=examples(400))
@given(TEXTS, st.integers(0, 40))
def test_positions_there_and_back(text: str, unit: int) -> None:
    client, document = Client(text), TextDocument("file:///a.xml", text)
    position = client.position(client.boundary(unit))
    assert document.position(document.offset(position)) == position


TEXT = st.text(st.sampled_from('ab<>"@({;})\n\r\u00e4\u20ac\U0001f600\u2028\x0b.= '), max_size=12)
PLACE = st.tuples(st.integers(0, 9), st.integers(0, 12))


def reference(text: str, start: tuple[int, int], end: tuple[int, int], new: str) -> str:
    """An edit as the protocol defines it, over UTF-16."""

    def offset(line: int, character: int) -> int:
        place, rest = 0, text.encode("utf-16-le")
        for _ in range(line):
            found = [i for mark in ("\r\n", "\n", "\r") if (i := _find(rest[place:], mark)) >= 0]
            if not found:
                return len(rest)
            at = place + min(found)
            place = at + (4 if rest[at : at + 4] == "\r\n".encode("utf-16-le") else 2)
        ends = [place + i for mark in "\n\r" if (i := _find(rest[place:], mark)) >= 0]
        limit = min(ends, default=len(rest))
        wanted = min(place + 2 * character, limit)
        if wanted < len(rest) and 0xDC <= rest[wanted + 1] < 0xE0:
            wanted += 2  # not into the middle of a character
        return wanted

    data = text.encode("utf-16-le")
    first, last = offset(*start), offset(*end)
    return (data[:first] + new.encode("utf-16-le") + data[max(first, last) :]).decode("utf-16-le")


def _find(data: bytes, mark: str) -> int:
    wanted = mark.encode("utf-16-le")
    place = data.find(wanted)
    while place >= 0 and place % 2:
        place = data.find(wanted, place + 1)
    return place


@settings(max_examples=examples(300))
@given(TEXT, st.lists(st.tuples(PLACE, PLACE, TEXT), max_size=6))
def test_edits_leave_server_and_editor_in_agreement(text: str, edits: list[Any]) -> None:
    document = TextDocument("file:///a.xml", text)
    for start, end, new in edits:
        span = [{"line": place[0], "character": place[1]} for place in (start, end)]
        text = reference(text, start, end, new)
        document.change([{"range": {"start": span[0], "end": span[1]}, "text": new}], None)
        assert document.text == text
        for offset in range(len(text) + 1):
            place = document.position(offset)
            assert document.offset(place) == offset or text[offset - 1 : offset + 1] == "\r\n"


def test_paths_and_addresses() -> None:
    assert path_of("file:///a%20b/c.xml") == "/a b/c.xml"
    assert path_of("file:///c%3A/x.xml") == "c:/x.xml"
    assert uri_of("/a b/c.xml") == "file:///a%20b/c.xml"
