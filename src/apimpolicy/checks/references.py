"""Queries of rules about the service of a document: whether a resource exists."""

from __future__ import annotations

from typing import NamedTuple, Protocol


class MissingReference(NamedTuple):
    """A resource that is named and that the service doesn't have.

    `is_certain`: all resources of this kind are known; else `reason` says why there may be others. `near` are names
    that were meant, the nearest first, `deleted` is the revision that still had it, where a change deletes it.
    """

    noun: str
    name: str
    is_certain: bool
    near: tuple[str, ...] = ()
    known: tuple[str, ...] = ()
    deleted: str = ""
    reason: str = ""

    @property
    def message(self) -> str:
        """The message, without a full stop."""
        if self.deleted:
            return f"the {self.noun} '{self.name}' is still used here, but was deleted since {self.deleted}"
        if not self.is_certain:
            return f"no {self.noun} '{self.name}' is known"
        return f"the service has no {self.noun} '{self.name}'"

    @property
    def label(self) -> str:
        return f"did you mean '{self.near[0]}'?" if self.near and not self.deleted else ""

    @property
    def help(self) -> str:
        """The advice, or a list of existing names."""
        if self.deleted:
            return f"Keep the {self.noun}, or remove what uses it."
        why = f"The service may have it: {self.reason}." if self.reason else ""
        shown = ", ".join(self.known[:_MOST_SHOWN])
        more = f" and {len(self.known) - _MOST_SHOWN} more" if len(self.known) > _MOST_SHOWN else ""
        return " ".join(filter(None, (why, f"Known names: {shown}{more}." if shown else "")))


_MOST_SHOWN = 8


class KnownService(Protocol):
    """The service around a document. Its `repr` changes whenever an answer could."""

    def missing(self, kind: str, *names: str, within: str = "") -> MissingReference | None:
        """Return the missing reference if no resource of this kind has one of these names; None if one may exist.

        `within` is the id of the API, for its operations, or of the authorization provider.
        """
