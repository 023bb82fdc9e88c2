"""include-fragment: the policies of the fragment."""

from __future__ import annotations

from apimpolicy.engine.steps import Step
from apimpolicy.semantics.unknowns import Unsupported
from apimpolicy.transfer.policies import base
from apimpolicy.transfer.run import Run


def transfer(run: Run, step: Step) -> None:
    if run.made_up is not None and run.made_up.is_fragment(step):
        raise Unsupported("a fragment that isn't known")
    base.transfer(run, step)
