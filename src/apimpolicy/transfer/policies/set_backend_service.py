"""set-backend-service: another backend; a literal URL can't fail, all else may."""

from __future__ import annotations

import re

from apimpolicy.engine.steps import Step
from apimpolicy.semantics.values import constant_text
from apimpolicy.transfer import effects
from apimpolicy.transfer.run import Run

_URL = re.compile(r"https?://[A-Za-z0-9.-]+(?::[0-9]{1,4})?(?:/[A-Za-z0-9/._~-]*)?")


def transfer(run: Run, step: Step) -> None:
    url = run.literal(step.element, "base-url")
    if url is None or _URL.fullmatch(url) is None or len(step.element.attributes) > 1:
        effects.transfer(run, step)
        return
    run.state.set(constant_text(url), "backend")
    run.mark(step)
