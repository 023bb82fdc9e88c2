"""What members of .NET and of `context` mean over the inputs; a form is declared by the member's exact signature.

    @form("string", "bool Contains(string value)")
    def contains(call: Call) -> Dual | None: ...

A form gets the receiver and the arguments, says with `call.guard` when the member throws, and gives the meaning of the
result; None where it has none for these arguments. A form of a type is found for its interfaces and derived types by
the type that declares the member. The modules below are all that there are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from apimpolicy.binding import nodes
    from apimpolicy.dotnet.signatures import Member
    from apimpolicy.symbolic.solver import Term
    from apimpolicy.symbolic.values import Dual
    from apimpolicy.symbolic.walker import Walker

_Form = TypeVar("_Form", bound="Callable[[Call], Dual | None]")

FORMS: dict[tuple[str, str], Callable[[Call], Dual | None]] = {}
EXCEPTIONS: dict[tuple[str, str], str] = {}
"""For what a form has no answer; everything else that it is asked is exact."""
_MODULES = (
    "texts",
    "text_lists",
    "numbers",
    "contexts",
    "messages",
    "bodies",
    "json_trees",
    "lists",
    "queries",
    "json_lists",
    "dictionaries",
    "moments",
    "chances",
    "tokens",
    "regexes",
    "samples",
    "coding",
)
_loaded = False


class Call:
    """A use of a member in a run: what it is given, and the walker."""

    __slots__ = ("arguments", "member", "node", "receiver", "walker")

    def __init__(
        self, walker: Walker, node: nodes.Expression, member: Member, receiver: Dual | None, arguments: list[Dual]
    ) -> None:
        self.member = member
        self.walker = walker
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
    def own(self) -> Dual:
        """The receiver of a member that has one."""
        assert self.receiver is not None
        return self.receiver

    @property
    def value(self) -> Any:
        """What the member gave in the run; None when it threw."""
        return self.walker.peek(self.node)

    def name_of(self, dual: Dual) -> str | None:
        """A text that names something: a constant, or what it was in the run, which decides the way."""
        from apimpolicy.symbolic import solver
        from apimpolicy.symbolic.values import term_of

        if not isinstance(dual.value, str) or dual.lost is not None:
            return None
        if not dual.is_constant:
            term = term_of(dual)
            if term is None or not solver.is_text(term):
                return None
            self.walker.path.hold(solver.equal(term, solver.constant(str(dual.value))), True, "name")
        return str(dual.value)

    def guard(self, term: Term) -> None:
        """It throws unless this is so."""
        self.walker.guard(term)


def form(owner: str, *signatures: str, but: str = "") -> Callable[[_Form], _Form]:
    """Declare what the members of these signatures mean; `but` says for what there is no form."""

    def register(function: _Form) -> _Form:
        for signature in signatures:
            FORMS[owner, signature] = function
            if but:
                EXCEPTIONS[owner, signature] = but
        return function

    return register


def form_of(owner: str, signature: str) -> Callable[[Call], Dual | None] | None:
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
