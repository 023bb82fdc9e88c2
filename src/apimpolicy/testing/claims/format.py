"""The format of claims, declared once, as `testing.format` is for the rest of test files."""

from __future__ import annotations

from apimpolicy.testing.format import EXPECT, Keys

_OF_AN_ANSWER = (
    *("status", "reason", "headers", "body", "json", "json-subset", "backend-requests", "sent-requests", "request"),
    *("variables", "error", "branch", "effects"),
)

CONDITION: Keys = {
    "reaches-backend": ("boolean", "Whether a request is forwarded to a backend.", "true"),
    "by": (
        "gateway, policy, backend",
        "Who made the response: the backend (even one that can't be reached), a policy that responds or refuses, or "
        "the gateway itself, after an error.",
        "gateway",
    ),
    "runs": ("texts", "Policies that run and do not fail, by name or id.", "[validate-jwt, rate-limit]"),
    "tool": ("texts", "The MCP tool, or one of several, whose call the server lets through.", "deleteOrder"),
    **{key: EXPECT[key] for key in _OF_AN_ANSWER},
    "all": ("[condition]", "All of these are true, as in a list.", "[reaches-backend, {status: 2xx}]"),
    "any": ("[condition]", "At least one of these is true.", "[validate-jwt, validate-client-certificate]"),
    "not": ("condition", "This is not true.", "{status: 4xx}"),
}

CLAIM: Keys = {
    "name": ("text", "The claim, as a sentence.", "no request gets through without a certificate"),
    "description": ("text", "A comment for readers.", "see the contract with the partners"),
    "skip": ("text or boolean", "Skip the claim, for this reason.", "not yet"),
    "if": ("condition", "The requests that the claim is about; default all.", "reaches-backend"),
    "then": (
        "condition",
        "What is true for each of them. An expression sees the request as it arrived.",
        "'@(context.Request.Certificate != null)'",
    ),
    "then-sent": (
        "texts",
        "An expression that is true for each request to a backend, as it was sent.",
        "'@(!context.Request.Headers.ContainsKey(\"Authorization\"))'",
    ),
    "never": ("condition", "What is true for none of them.", "{status: 500, by: gateway}"),
}
