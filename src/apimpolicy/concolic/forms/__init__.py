"""The symbolic meaning of members of .NET and of `context`; a form is declared with the member's exact signature.

    @form("string", "bool Contains(string value)")
    def contains(call: Call) -> ConcolicValue | None: ...

A form gets the receiver and the arguments, declares with `call.guard` when the member throws, and returns the result
with its term; None where it has none for these arguments. Interfaces and derived types share the form of the type that
declares the member.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from apimpolicy.concolic import solver
from apimpolicy.concolic.values import term_of
from apimpolicy.records import Record

if TYPE_CHECKING:
    from collections.abc import Callable

    from apimpolicy.binding import nodes
    from apimpolicy.concolic.replayer import Replayer
    from apimpolicy.concolic.solver import Term
    from apimpolicy.concolic.values import ConcolicValue
    from apimpolicy.dotnet.signatures import Member

_Form = TypeVar("_Form", bound="Callable[[Call], ConcolicValue | None]")

FORMS: dict[tuple[str, str], Callable[[Call], ConcolicValue | None]] = {}
EXCEPTIONS: dict[tuple[str, str], str] = {}
"""The values for which a form has no result; for all others it is exact."""
_MODULES = (
    "strings",
    "string_splits",
    "numbers",
    "context_members",
    "messages",
    "bodies",
    "json_trees",
    "lists",
    "queries",
    "json_lists",
    "dictionaries",
    "dates",
    "randomness",
    "tokens",
    "regexes",
    "samples",
    "coding",
)
_loaded = False


class Call(Record):
    """A call of a member in a run: the receiver, the arguments, and the replayer."""

    replayer: Replayer
    node: nodes.Expression
    member: Member
    receiver: ConcolicValue | None
    arguments: list[ConcolicValue]

    @property
    def owner(self) -> str:
        """The type that declares the member."""
        return str(self.member.declaring.name)

    @property
    def name(self) -> str:
        """The member as people know it."""
        return f"{self.owner}.{self.member.name}"

    @property
    def own(self) -> ConcolicValue:
        """The receiver of a member that has one."""
        assert self.receiver is not None
        return self.receiver

    @property
    def value(self) -> Any:
        """The result of the member in the run; None when it threw."""
        return self.replayer.peek(self.node)

    def name_of(self, concolic: ConcolicValue) -> str | None:
        """Return the value of a string that is used as a name; branch on it when it is not constant."""
        if not isinstance(concolic.value, str) or concolic.unsupported is not None:
            return None
        if not concolic.is_constant:
            term = term_of(concolic)
            if term is None or not solver.is_string(term):
                return None
            self.replayer.path.add_branch(solver.equal(term, solver.constant(str(concolic.value))), True, "name")
        return str(concolic.value)

    def guard(self, term: Term) -> None:
        """State that the member throws unless a term is true."""
        self.replayer.guard(term)


def form(owner: str, *signatures: str, but: str = "") -> Callable[[_Form], _Form]:
    """Declare the form of members by their signatures; `but` names the values for which there is none."""

    def register(function: _Form) -> _Form:
        for signature in signatures:
            FORMS[owner, signature] = function
            if but:
                EXCEPTIONS[owner, signature] = but
        return function

    return register


def form_of(owner: str, signature: str) -> Callable[[Call], ConcolicValue | None] | None:
    """Return the form of a member, if it has one."""
    load()
    return FORMS.get((owner, signature))


def load() -> None:
    """Import all forms."""
    global _loaded
    if not _loaded:
        import importlib

        _loaded = True
        for name in _MODULES:
            importlib.import_module(f"{__name__}.{name}")
