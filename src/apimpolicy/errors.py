"""The exceptions of apimpolicy, as one tree; no rendering, no I/O.

ApimPolicyError
├── DiagnosticError           carries .diagnostics
│   ├── PolicySyntaxError     the document or an expression cannot be read
│   └── PolicyTypeError       it can be read, but the compiler or the gateway would refuse it
├── ConfigurationError        the simulated gateway was set up wrongly (a broken PEM, a missing named value)
├── NotSimulatedError         Azure does this, apimpolicy does not do it yet: fails loudly, by name
├── LimitExceededError        a policy used more steps, memory, time or nesting than the limits allow
├── InternalError             an internal error in apimpolicy; the original exception is the cause
└── DotnetException           an exception that C# code throws; defined in apimpolicy.csharp.dotnet.exceptions
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from apimpolicy.diagnostics import Diagnostic
    from apimpolicy.text.source import Source


class ApimPolicyError(Exception):
    """The root of every exception that apimpolicy raises on purpose."""


class DiagnosticError(ApimPolicyError):
    """An error with positions: `.diagnostics` holds every finding, in document order."""

    def __init__(self, diagnostics: Sequence[Diagnostic]) -> None:
        self.diagnostics = tuple(diagnostics)
        super().__init__(self.diagnostics)

    def __str__(self) -> str:
        return "\n".join(str(diagnostic) for diagnostic in self.diagnostics)


class PolicySyntaxError(DiagnosticError):
    """The document or the expression cannot be read."""


class PolicyTypeError(DiagnosticError):
    """The expression can be read, but the C# compiler or the gateway would refuse it."""


class ConfigurationError(ApimPolicyError):
    """The simulated gateway, or something it was given, is not usable; the message says what to change."""


class NotSimulatedError(ApimPolicyError):
    """The real gateway has this; the simulation does not reproduce it (yet). Never silently skipped.

    `span` is (source, start, end) of the code that needs it, once known.
    """

    def __init__(self, name: str, reason: str = "") -> None:
        self.name = name
        self.reason = reason
        self.span: tuple[Source, int, int] | None = None
        super().__init__(name, reason)

    def __str__(self) -> str:
        return f"{self.name} is not simulated: {self.reason}" if self.reason else f"{self.name} is not simulated yet"


class LimitExceededError(ApimPolicyError):
    """A policy exceeded one of the limits of the simulation (see `apimpolicy.csharp.dotnet.environment.Limits`).

    `span` is (source, start, end) of the code that was running, once known. Creating an instance
    ends the running evaluation: no more of the policy runs, not even a `finally`.
    """

    when_made: ClassVar[Callable[[], None]] = staticmethod(lambda: None)

    def __init__(self, limit: str, allowed: float) -> None:
        type(self).when_made()
        self.limit = limit
        self.allowed = allowed
        self.span: tuple[Source, int, int] | None = None
        super().__init__(limit, allowed)

    def __str__(self) -> str:
        return f"the policy exceeded the limit '{self.limit}' of {self.allowed:,}"


class InternalError(ApimPolicyError):
    """An internal error in apimpolicy: the policy did something unexpected. The cause is the original error.

    `span` is (source, start, end) of the code that was running, once known.
    """

    def __init__(self, what: str) -> None:
        self.what = what
        self.span: tuple[Source, int, int] | None = None
        super().__init__(what)

    def __str__(self) -> str:
        return f"internal error in apimpolicy, please report it with the expression that shows it: {self.what}"
