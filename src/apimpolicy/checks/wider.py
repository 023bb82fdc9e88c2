"""A document of a wider scope around the one that is checked."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from apimpolicy.text.document import Document


class Wider:
    """A document of a wider scope: `title` names the scope for messages. The document is read when it is needed."""

    def __init__(self, title: str, read: Callable[[], Document]) -> None:
        self.title = title
        self._read = read

    @cached_property
    def document(self) -> Document:
        return self._read()
