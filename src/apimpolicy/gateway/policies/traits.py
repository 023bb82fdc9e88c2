"""The words with which policies declare facts: traits, effects, meaning for access, and doubts about attributes.

    @policy("set-status", traits="sets-status")
    class SetStatus:
        reason: str = expression_attribute(required=True, doubt="optional")

Rules, reports and the engine ask `policies.registry.has_trait`, instead of comparing names.
"""

from __future__ import annotations

TRAITS = {
    "acquires-token": "gets a token of a managed identity",
    "bounded-numbers": "has attributes with documented bounds",
    "branches": "runs the policies of one of its child elements",
    "builds-response": "makes a response, or a part of one",
    "caches-responses": "stores responses in the cache, or looks one up; has no effect without its other half",
    "caches-values": "reads, writes or removes a value in the cache, by a key",
    "checks-address": "checks the caller's address",
    "checks-certificate": "checks the caller's certificate",
    "checks-header": "checks a header",
    "checks-status": "checks the response's status",
    "checks-token": "checks the caller's token",
    "chooses-backend": "names the backend that the request goes to",
    "composes": "the policies inside it make its response",
    "emits-metrics": "sends metrics with dimensions",
    "forwards": "its response is the response from then on",
    "forwards-elsewhere": "sends the request elsewhere than to the backend",
    "limits": "limits what callers use",
    "limits-calls": "limits the number of calls in a period",
    "logs": "writes to a log",
    "moderates-content": "asks a service whether content is harmful",
    "not-in-fragments": "the gateway does not support it in a policy fragment",
    "ordered": "the elements inside it have an order",
    "parallel": "continues after the policies inside have ended, even with an error",
    "per-subscription": "counts the calls of a subscription, and does nothing without one",
    "preflight": "responds to preflight requests, in any scope",
    "reads-cache": "sets its variable to the cached value of a key",
    "refuses": "may respond in place of what follows",
    "repeats": "runs the policies inside again; its condition is evaluated after them",
    "replaces-body": "replaces the body of a message",
    "requests": "sends a request of its own",
    "responds": "sends the request somewhere, or responds to it",
    "rewrites-path": "changes the path of the forwarded request",
    "routes": "sets the URL to which the request is forwarded",
    "runs-policies": "the policies inside work on the request itself",
    "seen-in-traces": "its messages in traces of real gateways were seen",
    "sets-header": "sets a header of the message",
    "sets-method": "sets the method of the request",
    "sets-status": "sets the status of the response",
    "sets-variable": "sets the variable that its name attribute names",
    "terminates": "no request continues after it",
    "undocumented-outputs": "has output variables whose names are undocumented",
}

DOUBTS = {
    "optional": "its page requires it; the schema, or the pages' own examples and many deployed documents, do not",
    "needed": "the schema does not require it, but without it the policy hardly makes sense",
    "empty": "a real gateway refuses an empty text from an expression; whether it saves an empty literal is not known",
    "expression": "its page allows no expression, and the toolkit or deployed documents have one",
    "disputed-expression": "a real gateway refused to save an expression, and services in production have one",
    "unknown-expression": "no source says whether it may be an expression",
}
"""Disagreements of the sources about an attribute. They are Microsoft's page of the policy, the gateway's schema in the
editor extension for Visual Studio Code, Microsoft's policy toolkit, what real gateways were seen to accept, and
deployed documents. `check` reports an error only when all of them agree, else a warning or nothing."""

EFFECTS = {
    "passes": "may continue without changing anything; alone, it does nothing that claims can see",
    "variables": "sets the variables that its attributes *-variable-name name",
    "variable": "may set the variable behind the colon",
    "url": "changes the URL of the request",
    "backend": "changes where the request goes, or how the gateway identifies itself to the backend",
    "header": "sets headers of the request; `header:authorization` sets only that one",
    "message-headers": "changes headers of the message that its section changes",
    "message-body": "changes the body of the message that its section changes",
    "refuses": "may refuse the request, with one of the statuses of `refuses_with`, or any where it has none",
    "fails": "may fail with 500",
    "answer-headers": "may add headers to the response after all others have run",
    "fails-later": "may fail when the response comes, and change once more what it changes",
    "answers": "may respond and end the pipeline",
    "serves": "may give a response in place of the backend's",
}
"""Effects of a policy, for proofs. What is not declared doesn't happen; the attributes that are not postponed, and the
contents, are always evaluated. A policy that declares no effects may do anything."""

ACCESS = {
    "passes": "proves nothing about the caller, and gives the backend no credential",
    "answers": "responds, so that no request continues",
    "backend": "names the backend, which may have credentials of its own",
    "branches": "runs the policies of the first branch whose condition is true",
    "runs": "runs the policies inside",
    "waits": "runs the policies inside at the same time, and continues even if they fail",
    "forwards": "sends the request to the backend",
    "token": "requires a valid token",
    "certificate": "requires a client certificate, one of those listed if there is a list",
    "header": "requires a header, with one of its values if there are any",
    "address": "requires an address from a list, or one that is not on it",
    "limits": "limits the calls or the tokens of a caller",
    "identity": "gives the backend a token of a managed identity, or puts it into a variable",
    "connection": "puts a token of a stored connection into a variable",
    "credentials": "gives the backend a credential of the gateway",
    "header-set": "sets or removes a header, or a parameter of the query, which may carry a credential",
    "variable-set": "sets a variable, on which conditions may depend",
    "requests": "asks another service, whose response conditions may depend on, or the caller may get",
    "invokes": "asks another service, whose response the caller gets or a variable",
    "cached-completion": "may respond with a cached completion, which another caller got",
    "cached-response": "may respond with a cached response, which another caller got",
    "cached-value": "sets its variable to a cached value",
    "stores": "stores the response or a value in the cache",
    "cors": "lists the origins from which browsers may call",
}
"""Meaning of a policy for access to the backend. `audit` decides nothing behind a policy that declares none."""
