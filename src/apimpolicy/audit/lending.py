"""Credentials of the gateway that a request carries, because a policy has written them into it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from apimpolicy.audit.facts import LENDS, GatewayAction
from apimpolicy.policies.registry import has_trait

if TYPE_CHECKING:
    from apimpolicy.audit.states import State
    from apimpolicy.audit.walk import Walk
    from apimpolicy.engine.steps import Step

_VARIABLE = re.compile(r"""Variables[.\w<>?\s]*[\[(]\s*(?:&quot;|")([\w.-]+)""")
_NAMED_VALUE = re.compile(r"\{\{([^{}]+)\}\}")
_CREDENTIAL = re.compile(r"key|secret|password|auth|token|code|credential", re.IGNORECASE)
_PARAMETER = re.compile(r"[?&]([^=&?#]+)=([^&#]*)")
_CREDENTIAL_NAMES = frozenset(
    (
        *("authorization", "api-key", "x-functions-key", "x-api-key", "ocp-apim-subscription-key"),
        *("code", "sig", "subscription-key"),
    )
)
"""Headers and parameters of a URL that carry credentials: of Azure, and of many APIs."""


def lending(walk: Walk, step: Step, state: State, lent: Iterable[str]) -> State:
    for each in dict.fromkeys(lent):
        state = walk.act(step, state, GatewayAction(LENDS, each))
    return state


def lending_texts(walk: Walk, step: Step, state: State) -> State:
    """Lend what the request carries in its URL or in its body, where a policy has written it."""
    if has_trait(step.name, "rewrites-path", "chooses-backend"):
        for attribute in step.element.attributes:
            text = attribute.value.text
            state = lending(walk, step, state, (*lent_in(walk, text), *lent_in_url(walk, text)))
    elif has_trait(step.name, "replaces-body"):
        state = lending(walk, step, state, lent_in(walk, step.element.text))
    return state


def lent_in_url(walk: Walk, text: str) -> Iterator[str]:
    """Yield the credentials of the gateway that the parameters of a URL carry."""
    for name, value in _PARAMETER.findall(text):
        yield from lent_in(walk, value, name.lower())


def lent_in(walk: Walk, text: str, name: str = "") -> Iterator[str]:
    """Yield the credentials of the gateway that a text carries, in a header or a parameter of a name."""
    for found in _NAMED_VALUE.findall(text):
        is_named = name and (name in _CREDENTIAL_NAMES or _CREDENTIAL.search(found))
        if found in walk.service_context.secrets or is_named:
            yield f"named value '{found}'"
    for found in _VARIABLE.findall(text):
        value = walk.knowledge.variable(found)
        if value.kind == "credential":
            yield value.subject
        elif name == "authorization" and value.kind in ("unknown", "answer", "cached"):
            yield f"variable '{found}'"
        elif value.origin is not None and value.origin.kind == "variable":
            inner = walk.knowledge.variable(value.origin.name or "")
            if inner.kind == "credential":
                yield inner.subject
