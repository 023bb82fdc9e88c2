"""Members that read texts of a language of its own: such texts have no form, but one that can be read is worth trying.

On a way on which the text is such a one, what the member gives is known; on any other it is what it was, with an
obstacle.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.symbolic import solver
from apimpolicy.symbolic.forms import form
from apimpolicy.symbolic.values import Dual, term_of

if TYPE_CHECKING:
    from apimpolicy.symbolic.forms import Call

_DATE = ("2026-01-01T00:00:00Z", "2025-12-31T23:00:00Z", "2027-01-01T00:00:00Z")
_SAMPLES: dict[tuple[str, str], tuple[str, ...]] = {
    ("System.DateTime", "static System.DateTime Parse(string s)"): _DATE,
    ("System.DateTimeOffset", "static System.DateTimeOffset Parse(string input)"): _DATE,
    ("System.Guid", "static System.Guid Parse(string input)"): ("11111111-2222-3333-4444-555555555555",),
    ("double", "static double Parse(string s)"): ("1", "0.5"),
    ("decimal", "static decimal Parse(string s)"): ("1", "0.5"),
}
"""By member: texts that it can read."""


def _declare(owner: str, signature: str, samples: tuple[str, ...]) -> None:
    @form(owner, signature, but=f"all texts but {', '.join(samples)}")
    def sampled(call: Call) -> Dual | None:
        term = term_of(call.arguments[0])
        if term is None or call.arguments[0].is_constant:
            return None
        for sample in samples:
            if call.walker.path.split(solver.equal(term, solver.constant(sample)), "sample"):
                return Dual()
        lost = call.walker.obstacle(f"{owner}.{call.member.name}", call.node)
        call.walker.guard(None, lost)
        return Dual(lost=lost)


for (_owner, _signature), _texts in _SAMPLES.items():
    _declare(_owner, _signature, _texts)
