"""The words in which policies say what they are: traits of a policy, and doubts about an attribute.

    @policy("set-status", sections=ANYWHERE, traits="sets-status")
    class SetStatus:
        reason: str = expression_attribute(required=True, doubt="optional")

Rules, reports and the engine ask `policies.registry.has_trait`, instead of comparing names.
"""

from __future__ import annotations

TRAITS = {
    "answers": "sends the request somewhere or answers it",
    "asks-for-token": "gets a token of a managed identity",
    "branches": "runs the policies of one of its child elements",
    "checks-address": "lets callers through by their address",
    "checks-certificate": "is a check of the caller's certificate",
    "checks-header": "wants a header to have one of some values",
    "checks-status": "is a check of the response's status",
    "checks-token": "is a check of the caller's token",
    "chooses-backend": "names the backend that the request goes to",
    "composes": "the policies inside it make its response",
    "counts-calls": "limits calls, so many in a period",
    "counts-subscription": "counts the calls of a subscription, and does nothing without one",
    "diverts": "sends the request elsewhere than to the backend",
    "ends": "no request continues after it",
    "finds-value": "sets its variable to what the cache has under a key",
    "forwards": "its answer is the response from then on",
    "joins": "continues after the policies inside have ended, even with an error",
    "judges-content": "asks a service whether content is harmful",
    "keeps-responses": "keeps responses in the cache, or looks for one; needs its other half",
    "keeps-values": "reads, writes or removes a value in the cache, by a key",
    "limits": "limits what callers use",
    "logs": "writes to a log",
    "makes-response": "makes up a response, or a part of one",
    "measures": "sends metrics with dimensions",
    "ordered": "the elements inside it stand in a certain order",
    "ranged": "takes numbers within documented bounds",
    "not-in-fragments": "the gateway does not support it in a policy fragment",
    "preflight": "answers preflight requests, in any scope",
    "refuses": "may answer a request in the place of what follows",
    "repeats": "runs the policies inside again; its condition is evaluated after them",
    "replaces-body": "gives a message another body",
    "requests": "sends a request of its own",
    "rewrites-path": "gives the forwarded request another path",
    "routes": "says to which URL the request is forwarded",
    "seen-in-traces": "its messages in traces of real gateways were seen",
    "sets-header": "sets a header of the message",
    "sets-method": "gives the request another method",
    "sets-status": "sets the status of the response",
    "sets-variable": "sets the variable that its name says",
    "unnamed-outputs": "has output variables of which no source says the names",
    "wraps": "the policies inside work on the request itself",
}

DOUBTS = {
    "optional": "its page requires it; the schema, or the pages' own examples and many deployed documents, do not",
    "needed": "the schema does not require it, but without it the policy hardly makes sense",
    "empty": "a real gateway refuses an empty text from an expression; whether it saves an empty literal is not known",
    "expression": "its page allows no expression, and the toolkit or deployed documents have one",
    "disputed-expression": "a real gateway refused to save an expression, and services in production have one",
    "unknown-expression": "no source says whether it may be an expression",
}
"""What the sources disagree about, of an attribute: Microsoft's page of the policy, the gateway's schema as the editor
extension for Visual Studio Code has it, Microsoft's policy toolkit, what real gateways were seen to accept, and
deployed documents. An error needs all of them: of what is doubtful nothing is said, or a warning."""

EFFECTS = {
    "passes": "may go on without changing anything; alone, it does nothing that claims can see",
    "variables": "sets the variables that its attributes *-variable-name name",
    "variable": "may set the variable behind the colon",
    "url": "changes the URL of the request",
    "backend": "changes where the request goes, or who the gateway is to the backend",
    "header": "sets headers of the request; `header:authorization` sets only that one",
    "message-headers": "changes headers of the message that its section is about",
    "message-body": "changes the body of the message that its section is about",
    "refuses": "may refuse the request, with one of the statuses of `refuses_with`, or any where it has none",
    "fails": "may fail with 500",
    "answer-headers": "may add headers to the answer when all others have run",
    "fails-later": "may fail when the response comes, and change once more what it changes",
    "answers": "may answer and end the pipeline",
    "serves": "may give a response in place of the backend's",
}
"""What a policy may do, for proofs. What is not declared doesn't happen; the attributes that are not postponed, and the
contents, are always evaluated. A policy that declares no effects may do anything."""

ACCESS = {
    "passes": "proves nothing about who sent the request, and gives the backend no credential",
    "answers": "answers, so that no request continues",
    "backend": "names the backend, which may have credentials of its own",
    "branches": "runs the policies of the first branch whose condition is true",
    "runs": "runs the policies inside",
    "waits": "runs the policies inside at the same time, and continues even if they fail",
    "forwards": "sends the request to the backend",
    "token": "lets only requests with a valid token on",
    "certificate": "lets only requests with a certain client certificate on",
    "header": "lets only requests on that have a header, with one of its values if there are any",
    "address": "lets only requests from certain addresses on, or not from them",
    "limits": "limits the calls or the tokens of a caller",
    "identity": "gives the backend a token of a managed identity, or puts it into a variable",
    "connection": "puts a token of a stored connection into a variable",
    "credentials": "gives the backend a credential of the gateway",
    "header-set": "sets or removes a header, or a parameter of the query, which may carry a credential",
    "variable-set": "sets a variable, on which conditions may depend",
    "requests": "asks another service, whose answer conditions may depend on",
    "cors": "says from which origins browsers may call",
}
"""What a policy means for who reaches the backend, for `audit`, which decides nothing behind one without a word."""
