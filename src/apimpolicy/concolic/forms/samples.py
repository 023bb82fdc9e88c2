"""Members that parse a language of their own: such strings have no form, but a valid sample is worth trying.

On a path where the string is a sample, the result is known; on any other it has its value from the run, marked as
unsupported.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.concolic import solver
from apimpolicy.concolic.access import Output
from apimpolicy.concolic.forms import form
from apimpolicy.concolic.values import ConcolicValue

if TYPE_CHECKING:
    from apimpolicy.concolic.forms import Call

_DATE = ("2026-01-01T00:00:00Z", "2025-12-31T23:00:00Z", "2027-01-01T00:00:00Z", "2001-01-01T00:00:00Z")
_ADDRESS, _NUMBER = ("10.0.0.1", "203.0.113.7"), ("1", "0.5")
_GUID = ("11111111-2222-3333-4444-555555555555",)
_UNREAD = "?"
"""A string that none of them accepts."""
_SAMPLES: dict[tuple[str, str], tuple[str, ...]] = {
    ("System.DateTime", "static System.DateTime Parse(string s)"): _DATE,
    ("System.DateTimeOffset", "static System.DateTimeOffset Parse(string input)"): _DATE,
    ("System.Guid", "static System.Guid Parse(string input)"): _GUID,
    ("double", "static double Parse(string s)"): _NUMBER,
    ("decimal", "static decimal Parse(string s)"): _NUMBER,
    ("System.DateTime", "static bool TryParse(string s, out System.DateTime result)"): _DATE,
    ("System.DateTimeOffset", "static bool TryParse(string input, out System.DateTimeOffset result)"): _DATE,
    ("System.Guid", "static bool TryParse(string input, out System.Guid result)"): _GUID,
    ("System.Net.IPAddress", "static bool TryParse(string ipString, out System.Net.IPAddress address)"): _ADDRESS,
    ("double", "static bool TryParse(string s, out double result)"): _NUMBER,
    ("decimal", "static bool TryParse(string s, out decimal result)"): _NUMBER,
}
"""By member: strings that it accepts."""


def _declare(owner: str, signature: str, samples: tuple[str, ...]) -> None:
    tries = "TryParse" in signature
    tried = (*samples, _UNREAD) if tries else samples

    @form(owner, signature, but=f"all texts but {', '.join(tried)}")
    def sampled(call: Call) -> ConcolicValue | None:
        text = call.arguments[0]
        if tries and text.null is not None:
            call.replayer.path.add_branch(text.null, text.value is None, "null")
            if text.value is None:
                return ConcolicValue(False, form=Output(ConcolicValue()))
        term = text.term
        if term is None:
            return None
        for sample in tried:
            if call.replayer.path.branch_on(solver.equal(term, solver.constant(sample)), "sample"):
                return ConcolicValue(sample != _UNREAD, form=Output(ConcolicValue())) if tries else ConcolicValue()
        return None


for (_owner, _signature), _texts in _SAMPLES.items():
    _declare(_owner, _signature, _texts)
