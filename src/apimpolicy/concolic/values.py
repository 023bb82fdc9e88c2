"""Concolic values: the value of a run, and its term over the inputs.

`value` is that of the run, `term` the same over the inputs, where there is one; `null` is true where a reference is
null. A value without a term has a reason (`Unsupported`); a value with neither is constant. `form` represents values
with parts: header fields, a JSON tree, a list.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from apimpolicy.concolic import solver
from apimpolicy.records import Record, keyword

if TYPE_CHECKING:
    from collections.abc import Iterable

    from apimpolicy.concolic.origins import Origin

Term = solver.Term
_INFINITE = float("inf")


class Unsupported(NamedTuple):
    """Something without a term, and its place; `kind` is the name that people know (`System.Guid.NewGuid`)."""

    kind: str
    place: str

    def __str__(self) -> str:
        return f"{self.kind} ({self.place})" if self.place else self.kind


class ConcolicValue(Record):
    """The value of a run, and its term over the inputs."""

    value: Any = None
    term: Term | None = None
    null: Term | None = keyword(default=None, kw_only=True)
    form: Any = keyword(default=None, kw_only=True)
    unsupported: Unsupported | None = keyword(default=None, kw_only=True)
    origin: Origin | None = keyword(default=None, kw_only=True)
    """The operation that produced it, where it has no term."""

    def as_value(self, value: Any) -> ConcolicValue:
        """Return the same term with another value."""
        return ConcolicValue(
            value, self.term, null=self.null, form=self.form, unsupported=self.unsupported, origin=self.origin
        )

    @property
    def is_constant(self) -> bool:
        """True if the value is the same for every request."""
        return self.term is None and self.null is None and self.form is None and self.unsupported is None

    @property
    def is_fixed(self) -> bool:
        """True if the value is the same in every run: a constant, or an object built from constants so far."""
        is_plain = self.term is None and self.null is None and self.unsupported is None
        return self.is_constant or (is_plain and bool(getattr(self.form, "is_fixed", False)))

    @property
    def is_null(self) -> Term:
        """A term that is true where it is null; a value of the run where that is unknown."""
        return solver.constant(self.value is None) if self.null is None else self.null

    def __repr__(self) -> str:
        return f"ConcolicValue({self.value!r}, {self.term}, unsupported={self.unsupported})"


class Changeable:
    """The form of an object that expressions build and change; `unsupported` is set after an unknown change."""

    __slots__ = ("unsupported",)

    def __init__(self) -> None:
        self.unsupported: Unsupported | None = None

    def content(self) -> Iterable[ConcolicValue]:
        """Return the values in it."""
        raise NotImplementedError

    @property
    def is_fixed(self) -> bool:
        """True if the value is the same in every run."""
        return self.unsupported is None and all(each.is_fixed for each in self.content())

    def invalidate(self, unsupported: Unsupported) -> None:
        """Forget the content after an unknown change."""
        self.unsupported = unsupported


class UncertainNull(Record):
    """The form of a null that a gateway may not have where the simulator does."""

    unsupported: Unsupported


def term_of(concolic: ConcolicValue) -> Term | None:
    """Return the value as a term; None when it has none, or is null."""
    if concolic.term is not None:
        return concolic.term
    if concolic.unsupported is not None or concolic.form is not None:
        return None
    value = concolic.value
    if isinstance(value, (bool, int, str)) or (isinstance(value, float) and abs(value) < _INFINITE):
        return solver.constant(value)
    return None


def first_unsupported(*values: ConcolicValue | None) -> Unsupported | None:
    """Return the first reason among values why one has no term."""
    return next((each.unsupported for each in values if each is not None and each.unsupported is not None), None)
