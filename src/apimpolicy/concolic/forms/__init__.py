"""What members of .NET and of `context` mean over the inputs; a form is declared by the member's exact signature.

    @form("string", "bool Contains(string value)")
    def contains(call: Call) -> Dual | None: ...

A form gets the receiver and the arguments, says with `call.guard` when the member throws, and gives the meaning of the
result; None where it has none for these arguments. A form of a type is found for its interfaces and derived types by
the type that declares the member. The modules below are all that there are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from apimpolicy.concolic import solver
from apimpolicy.concolic.values import term_of

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
"""For what a form has no answer; everything else that it is asked is exact."""
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


class Call:
    """A use of a member in a run: what it is given, and the walker."""

    __slots__ = ("arguments", "member", "node", "receiver", "replayer")

    def __init__(
        self,
        replayer: Replayer,
        node: nodes.Expression,
        member: Member,
        receiver: ConcolicValue | None,
        arguments: list[ConcolicValue],
    ) -> None:
        self.member = member
        self.replayer = replayer
        self.node = node
        self.receiver = receiver
        self.arguments = arguments

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
        """What the member gave in the run; None when it threw."""
        return self.replayer.peek(self.node)

    def name_of(self, concolic: ConcolicValue) -> str | None:
        """A text that names something: a constant, or what it was in the run, which decides the way."""
        if not isinstance(concolic.value, str) or concolic.unsupported is not None:
            return None
        if not concolic.is_constant:
            term = term_of(concolic)
            if term is None or not solver.is_string(term):
                return None
            self.replayer.path.add_branch(solver.equal(term, solver.constant(str(concolic.value))), True, "name")
        return str(concolic.value)

    def guard(self, term: Term) -> None:
        """It throws unless this is so."""
        self.replayer.guard(term)


def form(owner: str, *signatures: str, but: str = "") -> Callable[[_Form], _Form]:
    """Declare what the members of these signatures mean; `but` says for what there is no form."""

    def register(function: _Form) -> _Form:
        for signature in signatures:
            FORMS[owner, signature] = function
            if but:
                EXCEPTIONS[owner, signature] = but
        return function

    return register


def form_of(owner: str, signature: str) -> Callable[[Call], ConcolicValue | None] | None:
    """The form of a member, if it has one."""
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
