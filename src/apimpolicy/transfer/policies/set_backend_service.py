"""set-backend-service: another backend; a constant URL can't fail, nor a backend that is there, all else may.

The URL of a backend by its id is no constant to a proof, so that a URL of a narrower scope may not replace it.
"""

from __future__ import annotations

import re

from apimpolicy.engine.steps import Step
from apimpolicy.semantics.values import Text, constant_text, leaves, merge, where
from apimpolicy.terms import term as terms
from apimpolicy.transfer import effects
from apimpolicy.transfer.run import Run

_URL = re.compile(r"https?://[A-Za-z0-9.-]+(?::[0-9]{1,4})?(?:/[A-Za-z0-9/._~-]*)?")


def transfer(run: Run, step: Step) -> None:
    known = run.state.get("backend")
    if len(step.element.attributes) == 1 and run.literal(step.element, "backend-id") in run.plain_backends:
        run.state.set(run.unknowns.value("string", "the URL of a backend", null=False), "backend")
        run.mark(step)
        return
    base_url = step.element.get("base-url")
    specification = step.specification
    if base_url is None or specification is None or specification.effects is None or len(step.element.attributes) > 1:
        effects.transfer(run, step)
        return
    literal = run.literal(step.element, "base-url") or ""
    url = next(iter(effects.evaluate_all(run, step)), constant_text(literal))
    is_known = where(
        url, lambda leaf: terms.truth(isinstance(leaf, Text) and bool(_URL.fullmatch(leaf.constant or "")))
    )
    may_stay = not run.state.is_first("backend") and not all(
        isinstance(leaf, Text) and leaf.constant for leaf in leaves(known)
    )
    if is_known is terms.TRUE:
        run.mark(step)
    else:
        effects.take_effect(run, step, specification.effects)
        url = merge(is_known, url, run.state.get("backend"))
    if may_stay:
        url = merge(run.unknowns.truth("whether a backend of a wider scope stays"), known, url)
    run.state.set(url, "backend")
