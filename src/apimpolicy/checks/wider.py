"""A document of a wider scope around the one that is checked."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from apimpolicy.text.document import Document


class Wider:
    """A document of a wider scope: `title` names the scope for messages. The document is read when it is needed."""

    def __init__(self, title: str, read: Callable[[], Document]) -> None:
        self.title = title
        self._read = read
        self._document: Document | None = None

    @property
    def document(self) -> Document:
        """The document."""
        if self._document is None:
            self._document = self._read()
        return self._document
