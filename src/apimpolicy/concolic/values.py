"""Values that carry both what they were in a run, and what they are for any request.

`value` is what the real run had. `term` is the same over the inputs, where there is a form; `null` is true where a
reference is null. What has no form for a reason has an `Unsupported`; what has neither is the same in every run.
`form` is what a value with parts is: fields of headers, a JSON tree, a list.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from apimpolicy.concolic import solver

if TYPE_CHECKING:
    from apimpolicy.concolic.origins import Origin

Term = solver.Term
_INFINITE = float("inf")


class Unsupported(NamedTuple):
    """What has no symbolic form, and where it stands: the kind as people know it (`System.Guid.NewGuid`)."""

    kind: str
    place: str

    def __str__(self) -> str:
        return f"{self.kind} ({self.place})" if self.place else self.kind


class ConcolicValue:
    """A value of a run, and its meaning."""

    __slots__ = ("form", "null", "origin", "term", "unsupported", "value")

    def __init__(
        self,
        value: Any = None,
        term: Term | None = None,
        *,
        null: Term | None = None,
        form: Any = None,
        unsupported: Unsupported | None = None,
        origin: Origin | None = None,
    ) -> None:
        self.value = value
        self.term = term
        self.null = null
        self.form = form
        self.unsupported = unsupported
        self.origin = origin
        """How it came about, where it has no term."""

    def as_value(self, value: Any) -> ConcolicValue:
        """The same meaning of another value."""
        return ConcolicValue(
            value, self.term, null=self.null, form=self.form, unsupported=self.unsupported, origin=self.origin
        )

    @property
    def is_constant(self) -> bool:
        """Whether it is the same whatever the request."""
        return self.term is None and self.null is None and self.form is None and self.unsupported is None

    @property
    def is_fixed(self) -> bool:
        """Whether it is the same in every run: a constant, or what a policy has made of constants so far."""
        is_plain = self.term is None and self.null is None and self.unsupported is None
        return self.is_constant or (is_plain and bool(getattr(self.form, "is_fixed", False)))

    @property
    def is_null(self) -> Term:
        """Whether it is null, as a term; what is not known to depend on inputs is as it was."""
        return solver.constant(self.value is None) if self.null is None else self.null

    def __repr__(self) -> str:
        return f"Dual({self.value!r}, {self.term}, lost={self.unsupported})"


class UncertainNull:
    """The form of a null of which nobody knows whether a gateway has it, as the simulator does; `lost` says what."""

    __slots__ = ("unsupported",)

    def __init__(self, unsupported: Unsupported) -> None:
        self.unsupported = unsupported


def term_of(concolic: ConcolicValue) -> Term | None:
    """The value as a term; of a constant the constant. None when there is no form, or it is null."""
    if concolic.term is not None:
        return concolic.term
    if concolic.unsupported is not None or concolic.form is not None:
        return None
    value = concolic.value
    if isinstance(value, (bool, int, str)) or (isinstance(value, float) and abs(value) < _INFINITE):
        return solver.constant(value)
    return None


def first_unsupported(*duals: ConcolicValue | None) -> Unsupported | None:
    """The first of the obstacles of some values."""
    return next(
        (concolic.unsupported for concolic in duals if concolic is not None and concolic.unsupported is not None), None
    )
