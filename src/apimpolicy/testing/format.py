"""The format of test files, declared once: for each table its keys, what each may be, and what it means.

The readers take the keys from here, `schema` the JSON schema for editors, and the page of the reference its tables.
What a key may be is said in the words of `schema.KINDS`, or as the name of another table; `[…]` is a list of them,
`{…}` a table with names given by the author, `|` stands between alternatives.
"""

from __future__ import annotations

Keys = dict[str, tuple[str, str]]
"""By key: what it may be, and what it means."""

SCOPES: Keys = {
    "global": ("text", ""),
    "workspace": ("text", ""),
    "product": ("text", ""),
    "api": ("text", ""),
    "operation": ("text", ""),
}

SUBJECT: Keys = {
    "policies": ("scopes", "The policy files, or the documents themselves, by scope."),
    "policy": ("text", "The policy file, relative to this one, or the document itself; it is taken for the API's."),
    "service": ("text", "A whole service instead: a folder as APIOps extracts it, or an apimpolicy.toml with APIs."),
}

METHODS: Keys = dict.fromkeys(("get", "post", "put", "patch", "delete", "head", "options"), ("text", ""))

REQUEST: Keys = {
    **METHODS,
    "method": ("text", ""),
    "url": ("text", ""),
    "file": ("text", "The content of a file."),
    "ip-address": ("text", "The caller's address."),
    "headers": ("headers", "Headers by name; null means that there must be none."),
    "body": ("text", "The body: the whole text, or contains, matches, json, json-subset."),
    "json": ("anything", "The body as JSON, exactly."),
    "certificate": ("scalar", "The client certificate, by name or as a file."),
    "token": ("scalar|token", "A token of an identity provider, sent as Authorization: Bearer."),
}

RESPONSE: Keys = {
    "status": ("integer", "The status code: a number, a list, or a pattern such as 4xx."),
    "reason": ("text", "The text beside the status code."),
    "headers": REQUEST["headers"],
    "body": REQUEST["body"],
    "json": REQUEST["json"],
    "file": REQUEST["file"],
}

WHEN: Keys = {"method": ("text", ""), "url": ("text", ""), "body": ("text", REQUEST["body"][1])}

ANSWER: Keys = {
    **RESPONSE,
    "status": ("status-code", RESPONSE["status"][1]),
    "takes": ("seconds", "Seconds on the gateway's clock until it answers."),
    "raises": ("timeout, refused", "Instead of answering: timeout or refused."),
    "message": ("text", "What the error says."),
    "when": ("when", "Only for requests like this."),
}

MATCHING: Keys = dict.fromkeys(("contains", "matches", "equals", "not-contains"), ("texts", ""))

BODY: Keys = {
    **MATCHING,
    "json": REQUEST["json"],
    "json-subset": ("anything", "JSON that the body has at least."),
}

SENT: Keys = {
    "method": ("matched", ""),
    "url": ("matched", ""),
    "headers": REQUEST["headers"],
    "body": ("body", ""),
    "json": BODY["json"],
    "json-subset": BODY["json-subset"],
    "certificate": REQUEST["certificate"],
}

ERROR: Keys = {
    "source": ("matched", ""),
    "reason": ("matched", RESPONSE["reason"][1]),
    "message": ("matched", ANSWER["message"][1]),
    "scope": ("matched", ""),
    "section": ("matched", "The section in which it happened."),
    "path": ("matched", ""),
    "policy-id": ("matched", ""),
}

TRACE_ENTRY: Keys = {
    "section": ("text", "The section that it stands in."),
    "source": ("text", ""),
    "data": ("anything", ""),
    "absent": ("boolean", ""),
}

EXPECT: Keys = {
    "status": ("status|[status]", RESPONSE["status"][1]),
    "reason": ("matched", RESPONSE["reason"][1]),
    "headers": REQUEST["headers"],
    "body": ("body", REQUEST["body"][1]),
    "json": BODY["json"],
    "json-subset": BODY["json-subset"],
    "backend-requests": ("counted", "How many requests reached a backend, or what they were."),
    "sent-requests": ("counted", "How many requests policies sent of their own, or what they were."),
    "request": ("sent", "What policies made of the request."),
    "variables": ("table", "context.Variables at the end, as JSON or as C# writes them."),
    "error": ("boolean or null|error", "context.LastError; false means that there was none."),
    "branch": ("texts", "A branch that was taken: choose ▸ when 1."),
    "explanation": ("texts", "A text that the explanation contains."),
    "effects": ("texts", "What policies did, in this order: their place and the words of the trace."),
    "trace": ("[trace-entry]", "Entries of the trace in the gateway's own form, in this order."),
}

CERTIFICATE: Keys = {
    "subject": ("text", ""),
    "issued-by": ("text", ""),
    "file": ("text", REQUEST["file"][1]),
    "password": ("text", ""),
    "not-before": ("date", ""),
    "not-after": ("date", ""),
    "self-signed": ("boolean", ""),
    "revoked": ("boolean", ""),
    "dns-names": ("[text]", ""),
}

PROVIDER: Keys = {
    "issuer": ("text", ""),
    "algorithm": ("text", ""),
    "url": ("text", ""),
    "audience": ("texts", ""),
    "claims": ("table", ""),
}

TOKEN: Keys = {
    "from": ("text", ""),
    "subject": ("text", ""),
    "issuer": ("text", ""),
    "header": ("text", ""),
    "scheme": ("text", ""),
    "audience": ("texts", ""),
    "claims": ("table", ""),
    "expires-in": ("number or null", ""),
    "starts-in": ("number or null", ""),
    "signed-with": ("another-key, nothing", ""),
}

DOUBLE_ERROR: Keys = {
    "reason": ("text", RESPONSE["reason"][1]),
    "message": ("text", ANSWER["message"][1]),
    "status": ("integer", RESPONSE["status"][1]),
}

DOUBLE: Keys = {
    "variables": ("table", "context.Variables that it sets."),
    "headers": REQUEST["headers"],
    "error": ("double-error", "The error that it ends with."),
    "response": ("response", "The response that expressions see, where no backend was asked."),
}

LAST_ERROR: Keys = {key: ("text", meaning) for key, (_, meaning) in ERROR.items()}

PART: Keys = {
    "section": ("texts", "The section that runs alone, or several: inbound, backend, outbound, on-error."),
    "only": ("text", "The only policy that runs: its id, or its place, as outbound/set-header[1]."),
    "response": DOUBLE["response"],
    "last-error": ("last-error", "context.LastError, where on-error runs alone."),
    "replace": ("{null|double}", "Doubles of policies, by the policies' ids."),
}

GIVEN: Keys = {
    "gateway": ("gateway", "Settings of the gateway, the keys of apimpolicy.toml; certificates by name."),
    "named-values": ("table", "Named values; {thumbprint: partner} is that certificate's."),
    "now": ("date", "The gateway's time; 2026-01-01T00:00:00Z unless given."),
    "backend": ("answer|[answer]", "What the backend answers: one answer, or one after another."),
    "outside": ("answer|[answer]", "What answers send-request; the backend does unless given."),
    "request": ("request", "The request."),
    "variables": ("table", "context.Variables from the start, as if a wider scope had set them."),
    **PART,
    "expect": ("expect", "What the answer must be."),
}

STEP: Keys = {
    "name": ("text", "What the case says, as a sentence."),
    "request": GIVEN["request"],
    "expect": GIVEN["expect"],
    "advance": ("number", "Seconds that go by before the request."),
}

CASE: Keys = {
    "name": STEP["name"],
    "description": ("text", "Anything that helps a reader."),
    "skip": ("text or boolean", "Why the case is not run."),
    "each": ("[table]", "A table: the case runs once for each row, with $name replaced by the row's value."),
    "steps": ("[step]", "Several requests to one gateway, one after another."),
    **SUBJECT,
    **GIVEN,
}

FILE: Keys = {
    "$schema": ("text", ""),
    **SUBJECT,
    "config": (
        "text or boolean",
        "The gateway's configuration; without it, the nearest one beside or above this file.",
    ),
    "certificates": ("{certificate}", "Certificates by name, besides those that every file has: partner, expired …"),
    "identity-providers": ("{provider}", "Identity providers by name, which issue the tokens of requests."),
    "defaults": ("given", "For every case; a case's own keys come on top."),
    "cases": ("[case]", "The cases."),
}
