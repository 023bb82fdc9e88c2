"""The text of the server and that of the client stay the same, whatever is edited in whatever order."""

from __future__ import annotations

import re
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from apimpolicy.editor.text_documents import TextDocument

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


@settings(max_examples=400, deadline=None)
@given(TEXTS, st.lists(st.tuples(st.booleans(), st.integers(0, 40), st.integers(0, 40), TEXTS), max_size=6))
def test_edits_in_any_order(text: str, edits: list[tuple[bool, int, int, str]]) -> None:
    client, server = Client(text), TextDocument("file:///a.xml", text)
    for is_whole, first, last, new in edits:
        change = client.replace(new) if is_whole and first < 10 else client.change(first, last, new)
        server.change([change], 1)
        assert server.text == client.text


@settings(max_examples=400, deadline=None)
@given(TEXTS, st.integers(0, 40))
def test_positions_there_and_back(text: str, unit: int) -> None:
    client, document = Client(text), TextDocument("file:///a.xml", text)
    position = client.position(client.boundary(unit))
    assert document.position(document.offset(position)) == position
