"""An exception that C# code threw, as a finding at the place where it was thrown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.diagnostics import Diagnostic
from apimpolicy.report.columns import shortened

if TYPE_CHECKING:
    from apimpolicy.dotnet.exceptions import DotnetException
    from apimpolicy.text.source import Excerpt


def exception_diagnostic(error: DotnetException, excerpt: Excerpt) -> Diagnostic:
    """Return a finding with the exception's type as code, at the whole expression if the position is unknown."""
    if error.span is not None:
        source, start, end = error.span
    else:
        source, start, end = excerpt.source, excerpt.start, excerpt.end
    return Diagnostic(error.dotnet_type_name, shortened(error.message), source, start, end, label="thrown here")
