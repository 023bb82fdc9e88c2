"""The format of claims, declared once, as `testing.format` is for the rest of test files."""

from __future__ import annotations

from apimpolicy.testing.format import EXPECT, Keys

_OF_AN_ANSWER = (
    *("status", "reason", "headers", "body", "json", "json-subset", "backend-requests", "sent-requests", "request"),
    *("variables", "error", "branch", "effects"),
)

CONDITION: Keys = {
    "reaches-backend": ("boolean", "Whether anything is forwarded to a backend.", "true"),
    "by": (
        "gateway, policy, backend",
        "Who made the response: the backend (even one that can't be reached), a policy that responds or refuses, or "
        "the gateway itself, where something failed.",
        "gateway",
    ),
    "runs": ("texts", "Policies that run and do not fail, by name or id.", "[validate-jwt, rate-limit]"),
    **{key: EXPECT[key] for key in _OF_AN_ANSWER},
    "all": ("[condition]", "All of these hold, as in a list.", "[reaches-backend, {status: 2xx}]"),
    "any": ("[condition]", "At least one of these holds.", "[validate-jwt, validate-client-certificate]"),
    "not": ("condition", "This does not hold.", "{status: 4xx}"),
}

CLAIM: Keys = {
    "name": ("text", "What is claimed, as a sentence.", "no request gets through without a certificate"),
    "description": ("text", "Anything that helps a reader.", "see the contract with the partners"),
    "skip": ("text or boolean", "Why the claim is not looked at.", "not yet"),
    "if": ("condition", "For which requests the claim is made; for all unless given.", "reaches-backend"),
    "then": (
        "condition",
        "What holds for each of them. An expression is about the request as it came.",
        "'@(context.Request.Certificate != null)'",
    ),
    "then-sent": (
        "texts",
        "An expression that holds for each request that reaches a backend, as it was sent.",
        "'@(!context.Request.Headers.ContainsKey(\"Authorization\"))'",
    ),
    "never": ("condition", "What holds for none of them.", "{status: 500, by: gateway}"),
}
