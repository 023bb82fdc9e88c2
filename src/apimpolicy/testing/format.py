"""The format of test files, declared once: for each table its keys, what each may be, what it means, and an example.

The reader checks files against it (`testing.kinds`), `schema` makes the JSON schema for editors of it, and the page of
the reference its tables. Types of keys use the words of `testing.kinds`, or the name of another table;
`[…]` is a list of them, `{…}` a table with names given by the author (`{header: …}`: names of headers), `|` separates
alternatives. An example is the value as YAML writes it.
"""

from __future__ import annotations

Keys = dict[str, tuple[str, str, str]]
"""By key: what it may be, what it means, and an example."""

SCOPES: Keys = {
    "global": ("text", "The policy of all APIs.", "global.xml"),
    "workspace": ("text", "The policy of the workspace.", "workspace.xml"),
    "product": ("text", "The policy of the product.", "starter.xml"),
    "api": ("text", "The policy of the API.", "orders.xml"),
    "operation": ("text", "The policy of the operation.", "get-order.xml"),
}

SUBJECT: Keys = {
    "policies": ("scopes", "The policy files, or the documents themselves, by scope.", "{api: orders.xml}"),
    "policy": (
        "text",
        "The policy file, relative to this one, or the document itself. Its scope is the API.",
        "orders.xml",
    ),
    "service": (
        "text",
        "A whole service instead: a folder that APIOps extracted, or an apimpolicy.toml with APIs.",
        "extracted",
    ),
}

METHODS: Keys = {
    method: ("text", f"The URL of a {method.upper()}.", "/orders?page=2")
    for method in ("get", "post", "put", "patch", "delete", "head", "options")
}

REQUEST: Keys = {
    **METHODS,
    "method": ("text", "The method, beside `url`.", "PROPFIND"),
    "url": ("text", "The URL, beside `method`.", "/orders"),
    "file": ("text", "The body: the content of a file.", "order.json"),
    "ip-address": ("text", "The caller's address.", "203.0.113.7"),
    "headers": ("headers", "Headers by name, each a text or a list of texts.", "{Accept: application/json}"),
    "body": ("text", "The body, as text.", "'<order />'"),
    "json": ("anything", "The body, as JSON.", "{id: 17}"),
    "compressed": ("gzip, deflate", "Compress the body and set Content-Encoding.", "gzip"),
    "certificate": ("scalar", "The client certificate, by name or as a file; null: none.", "partner"),
    "token": ("scalar|token", "A token of an identity provider, sent as Authorization: Bearer.", "login"),
}

MCP: Keys = {
    "server": ("text", "The MCP server, by the id of its API; the only one unless given.", "orders-mcp"),
    "tool": ("text", "The tool to call; without one, tools/list.", "getOrder"),
    "arguments": ("table", "The arguments of the tool.", "{id: '17'}"),
    "method": ("initialize, tools/list", "Another request than a tool's call.", "initialize"),
}

REQUEST["mcp"] = ("mcp", "A request to an MCP server, instead of a URL.", "{tool: getOrder}")

RESPONSE: Keys = {
    "status": ("status-code", "The status code; default 200.", "404"),
    "reason": ("text", "The reason phrase.", "Not Found"),
    "headers": REQUEST["headers"],
    "body": REQUEST["body"],
    "json": REQUEST["json"],
    "file": REQUEST["file"],
}

WHEN: Keys = {
    "method": ("method", "Only for this method.", "POST"),
    "url": ("text", "Only for URLs that match; `*` matches any characters.", "'*/token'"),
    "body": ("text", "Only for bodies that contain this.", "client_credentials"),
}

ANSWER: Keys = {
    **RESPONSE,
    "takes": ("seconds", "Seconds on the gateway's clock until the response.", "2.5"),
    "raises": ("timeout, refused", "Fail instead of responding: timeout or refused.", "timeout"),
    "message": ("text", "The message of the error.", "No such host is known."),
    "when": ("when", "Only for requests like this.", "{method: POST, url: '*/token'}"),
    "answers": (
        "[answer]",
        "Several responses instead, one per call; the last one repeats.",
        "[{raises: timeout}, {status: 503}, {json: {access_token: abc}}]",
    ),
}

MATCHING: Keys = {
    "contains": ("texts", "A text that it contains, or several.", "orders"),
    "matches": ("regex", "A regular expression that matches a part of it.", "'^[0-9]+$'"),
    "equals": ("text", "The whole text.", "orders"),
    "not-contains": ("texts", "A text that it does not contain, or several.", "password"),
}

BODY: Keys = {
    **MATCHING,
    "json": ("anything", "The body as JSON, exactly.", "{orders: []}"),
    "json-subset": ("anything", "JSON that the body contains; more properties are allowed.", "{orders: [{id: 17}]}"),
}

SENT: Keys = {
    "method": ("method|matching", "Its method.", "POST"),
    "url": ("matched", "Its URL.", "https://orders.internal/v2/17"),
    "headers": ("headers", "Its headers; null: the header must be absent.", "{X-User: anna, Authorization: null}"),
    "body": ("body", "Its body: the whole text, or contains, matches, json, json-subset.", "{contains: order}"),
    "json": BODY["json"],
    "json-subset": BODY["json-subset"],
    "certificate": ("scalar", "A part of the subject of its client certificate; null: no certificate.", "gateway"),
}

ERROR: Keys = {
    "source": ("matched", "The policy that failed.", "validate-jwt"),
    "reason": ("matched", "The reason; null: none.", "TokenExpired"),
    "message": ("matched", "The message of the error.", "{contains: expired}"),
    "scope": ("scope|null|matching", "The scope of the policy.", "api"),
    "section": ("section|null|matching", "The section in which it happened.", "inbound"),
    "path": ("matched", "The place of the policy.", "'choose[1]/when[1]/validate-jwt[1]'"),
    "policy-id": ("matched", "The id of the policy.", "check-token"),
}

TRACE_ENTRY: Keys = {
    "section": ("text", "The section that contains it.", "inbound"),
    "source": ("text", "The policy, or the part of the gateway, that wrote it.", "rewrite-uri"),
    "data": (
        "anything",
        "Members that the entry must have; a text can be {contains: …}.",
        "{message: {contains: rewritten}}",
    ),
    "absent": ("boolean", "There must be no such entry.", "true"),
}

EVENT: Keys = {
    "body": ("body", "What was logged.", "{json: {user: anna}}"),
    "size": ("integer", "How many bytes it has.", "204800"),
    "partition-id": ("matched", "The partition.", "'0'"),
    "partition-key": ("matched", "The partition key.", "anna"),
}

BUS_MESSAGE: Keys = {
    "body": ("body", "What was sent.", "order 17"),
    "queue": ("matched", "The queue; null: it went to a topic.", "orders"),
    "topic": ("matched", "The topic; null: it went to a queue.", "orders"),
    "namespace": ("matched", "The namespace.", "contoso.servicebus.windows.net"),
    "client-id": ("matched", "The user-assigned identity; null: the system-assigned one.", "null"),
    "properties": ("table", "All of its properties.", "{kind: order}"),
    "message-id": ("matched", "Its id.", "'17'"),
    "session-id": ("matched", "Its session.", "anna"),
    "time-to-live": ("number or null", "Seconds; null: the default of the queue.", "60"),
}

PUBLICATION: Keys = {
    "pubsub": ("matched", "The component.", "orders-pubsub"),
    "topic": ("matched", "The topic.", "new"),
    "body": ("body", "What was published.", "{json: {id: 17}}"),
}

BINDING: Keys = {
    "name": ("matched", "The binding.", "storage"),
    "operation": ("matched", "The operation; null: none was named.", "create"),
    "data": ("anything", "The data.", "order 17"),
    "metadata": ("table", "All of the metadata.", "{key: '17'}"),
}

METRIC: Keys = {
    "namespace": ("matched", "The namespace.", "API Management"),
    "name": ("matched", "The metric.", "orders"),
    "value": ("number", "Its value.", "1"),
    "dimensions": ("table", "All of its dimensions.", "{User ID: anna}"),
}

IDENTITY_REQUEST: Keys = {
    "resource": ("matched", "The resource of the token.", "https://vault.azure.net"),
    "client-id": ("matched", "The user-assigned identity; null: the system-assigned one.", "null"),
}

CONNECTION: Keys = {
    "provider-id": ("matched", "The credential provider.", "github"),
    "authorization-id": ("matched", "The connection.", "orders-bot"),
    "object-id": ("matched", "The identity; managed: the gateway itself.", "managed"),
}

PUBLISHED: Keys = {
    "subscription": ("matched", "The GraphQL subscription.", "onOrder"),
    "body": ("body", "The published result.", "{json: {id: 17}}"),
}

RECORDED: Keys = {
    "events": ("{[event]}", "What log-to-eventhub logged, by logger.", "{orders-log: [{body: 'GET /orders'}]}"),
    "messages": ("[bus-message]", "What send-service-bus-message sent.", "[{queue: orders, body: '17'}]"),
    "publications": ("[publication]", "What publish-to-dapr published.", "[{topic: orders, body: '17'}]"),
    "bindings": ("[binding]", "What invoke-dapr-binding triggered.", "[{name: storage, operation: create}]"),
    "invocations": ("counted", "What was forwarded to services of Dapr.", "[{method: GET}]"),
    "metrics": ("[metric]", "The metrics that were emitted.", "[{name: orders, value: 1}]"),
    "judged": ("[text]", "The texts that content safety checked.", "[Make a bomb]"),
    "identity-requests": (
        "[identity-request]",
        "The tokens that policies requested from managed identities.",
        "[{client-id: null}]",
    ),
    "connections": (
        "[connection]",
        "The connections that policies requested from the credential manager.",
        "[{provider-id: github}]",
    ),
    "provider-requests": (
        "[matched]",
        "The URLs that were requested from identity providers.",
        "['https://login.contoso.example/.well-known/openid-configuration']",
    ),
    "sql": ("[table]", "The statements that a resolver sent; each has these members.", "[{statement: SELECT 1}]"),
    "cosmos": (
        "[table]",
        "The requests of a resolver to Cosmos DB; each has these members.",
        "[{kind: read, id: '7'}]",
    ),
    "published-events": ("[published]", "What publish-event published.", "[{subscription: onOrder}]"),
}

EXPECT: Keys = {
    "status": ("status|[status]", "The status code: a number, a list, or a pattern such as 4xx.", "403"),
    "reason": ("matched", RESPONSE["reason"][1], "Forbidden"),
    "headers": ("headers", "Headers by name; null: the header must be absent.", "{X-Trace: '1', Server: null}"),
    "body": ("body", "The body: the whole text, or contains, matches, json, json-subset.", "{contains: orders}"),
    "json": BODY["json"],
    "json-subset": BODY["json-subset"],
    "backend-requests": ("counted", "The number of requests to backends, or a list of them.", "1"),
    "sent-requests": (
        "counted",
        "The number of requests that policies sent, such as send-request, or a list of them.",
        "[{method: POST, url: 'https://login.example/token', body: {contains: client_id}}]",
    ),
    "request": ("sent", "The request after the policies.", "{headers: {X-User: anna}}"),
    "variables": (
        "table",
        "context.Variables at the end, as JSON or as C# formats them.",
        "{retries: 2, answer: {status: 200}}",
    ),
    "error": ("boolean or null|error", "context.LastError; true: any; false: none.", "{reason: TokenExpired}"),
    "branch": ("texts", "A branch that was taken.", "choose ▸ when 1"),
    "explanation": ("texts", "A text in the explanation.", "not among the uploaded certificates"),
    "effects": ("texts", "What policies did, in this order, in the words of the trace.", "'set-method[1]: PUT'"),
    "trace": ("[trace-entry]", "Entries of the trace in the gateway's own form, in this order.", "[{source: cors}]"),
    "elapsed": ("seconds", "Seconds on the gateway's clock that the request took.", "2.5"),
    "recorded": ("recorded", "What other services received.", "{events: {orders-log: [{body: hello}]}}"),
    "result": ("body", "The text of an MCP tool's result; like `body`.", "{json-subset: {id: 17}}"),
    "is-error": ("boolean or null", "Whether an MCP tool's result is an error; null: not decided.", "false"),
    "tools": ("[text]", "The names of the tools that an MCP server lists.", "[getOrder, createOrder]"),
    "inner": (
        "null|expect",
        "The request of an MCP tool's call to its operation; null: none.",
        "{status: 200, backend-requests: 1}",
    ),
    "refused-at-save": ("texts", "The gateway refuses the document: the codes of all its errors.", "[POL104]"),
    "holds": (
        "texts",
        "Names of claims in this file or the service's apimpolicy.toml that must be true for this request.",
        "[only partners get through]",
    ),
    "warned-at-save": ("[text]", "The codes of all warnings about the documents.", "[POL108]"),
    "misconfigured": ("texts", "A setting of the gateway is missing or invalid: a part of the message.", "no logger"),
    "not-simulated": (
        "texts",
        "The request reaches something that is not simulated: a part of the message.",
        "the policy",
    ),
}

OUTCOMES = ("refused-at-save", "misconfigured", "not-simulated")
"""Outcomes instead of a response."""

CERTIFICATE: Keys = {
    "subject": ("text", "The subject; default the name in this file.", "'CN=orders, O=Contoso'"),
    "issued-by": ("text", "The authority: test-ca (default), other-ca, or any other name.", "other-ca"),
    "file": ("text", "A file instead: PEM, DER or PKCS #12.", "legacy.pfx"),
    "password": ("text", "The file's password.", "secret"),
    "not-before": ("date", "The start of its validity.", "2026-02-01"),
    "not-after": ("date", "The end of its validity.", "2026-05-31"),
    "self-signed": ("boolean", "Signed by itself, not by an authority.", "true"),
    "revoked": ("boolean", "Its authority has revoked it.", "true"),
    "dns-names": ("[text]", "Its alternative names.", "[partner.example]"),
    "serial-number": ("integer", "Its serial number.", "0x1234"),
    "key": ("ec, rsa", "The kind of its key: ec (default) or rsa.", "rsa"),
}

PROVIDER: Keys = {
    "issuer": ("text", "The issuer of its tokens.", "https://login.contoso.example"),
    "tenant": (
        "text",
        "The id of a Microsoft Entra tenant, instead of an issuer.",
        "11111111-2222-3333-4444-555555555555",
    ),
    "algorithm": ("text", "The algorithm of its signatures; default RS256.", "ES256"),
    "url": ("text", "Where its configuration is.", "https://login.contoso.example/openid.json"),
    "jwks-url": ("text", "Where its keys are.", "https://login.contoso.example/keys"),
    "audience": ("texts", "The default audience of its tokens.", "orders"),
    "claims": ("table", "Claims that all of its tokens have.", "{roles: [reader]}"),
    "domain": ("text", "A domain of the tenant.", "contoso.onmicrosoft.com"),
    "endpoint": ("text", "The login endpoint of the tenant.", "https://login.microsoftonline.us"),
    "client-id": ("text", "The application, for a tenant.", "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"),
}

PROVIDER_STATE: Keys = {
    "reachable": ("boolean", "Whether it responds from now on.", "false"),
    "rotate": ("keep-old, drop-old", "Sign with a new key; keep publishing the old ones, or not.", "keep-old"),
}

SIGNING_KEY: Keys = {
    "algorithm": ("text", "RS, PS, ES or HS with 256, 384 or 512.", "HS256"),
    "secret": ("text", "The secret, for HS.", "a secret of 32 bytes, not one more"),
    "certificate": ("text", "The certificate whose private key it is.", "partner"),
    "id": ("text", "The `kid`.", "key-1"),
}

SECRET: Keys = {"secret": ("text", "A secret of 16, 24, 32, 48 or 64 bytes.", "a secret of 32 bytes, not a bit!")}

TOKEN: Keys = {
    "from": ("text", "The identity provider; default the first one.", "login"),
    "subject": ("text or null", "The claim `sub`.", "anna"),
    "issuer": ("text", "The claim `iss`.", "https://somebody.example"),
    "header": ("text", "The header that contains it; default Authorization.", "X-Token"),
    "query": ("text", "The query parameter that contains it instead.", "access_token"),
    "scheme": ("text", "The scheme before it; default Bearer.", "JWT"),
    "audience": ("texts", "The claim `aud`.", "orders"),
    "claims": ("table", "Other claims; null removes one.", "{roles: [reader], sub: null}"),
    "expires-in": ("number or null", "Seconds until it expires; default 3600; null: never.", "-60"),
    "starts-in": ("number", "Seconds until it is valid.", "60"),
    "signed-with": (
        "another-key, the-same-id, nothing|signing-key",
        "The key: another one, another one with the provider's key id, none, or this one.",
        "another-key",
    ),
    "encrypted-for": ("text|secret", "The certificate, or the secret, that it is encrypted for.", "partner"),
    "jose-headers": ("table", "Members of the token's own header.", "{typ: at+jwt}"),
    "client-id": ("text", "The application, for a tenant.", "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"),
    "version": ("integer", "1 or 2, for a tenant.", "1"),
    "cut": ("integer", "The number of characters to cut off at its end.", "3"),
}

NAMED_VALUE: Keys = {
    "thumbprint": ("text", "The thumbprint of a certificate.", "partner"),
    "modulus": ("text", "The modulus of the key of an identity provider.", "login"),
    "exponent": ("text", "The exponent of the key of an identity provider.", "login"),
    "secret": ("text", "The secret of an identity provider whose algorithm is HS…, in Base64.", "login"),
}

DOUBLE_ERROR: Keys = {
    "source": ("text", "The policy that fails; default the replaced one.", "check-header"),
    "reason": ("text", "The reason's name.", "TokenExpired"),
    "message": ("text", "The message of the error.", "No token."),
    "status": ("integer", "The status code of the gateway's response; default 500.", "401"),
    "scope": ("text", "The scope that it comes from.", "global"),
    "section": ("text", "The section in which it happened.", "inbound"),
    "path": ("text", "The place of the policy.", "'check-header[1]'"),
    "policy-id": ("text", "The id of the policy.", "check-token"),
}

DOUBLE: Keys = {
    "variables": ("table", "context.Variables that it sets, in the format of `variables`.", "{partner: contoso}"),
    "headers": ("{text}", "Headers that it sets.", "{X-Partner: '17'}"),
    "error": ("double-error", "The error that it ends with.", "{reason: QuotaExceeded, status: 403}"),
    "response": ("response", "The response that it ends the request with.", "{status: 401}"),
}

LAST_ERROR: Keys = {key: ("text", meaning, "'x'") for key, (_, meaning, _) in ERROR.items()}

PART: Keys = {
    "section": (
        "section|[section]",
        "Run only this section, or several: inbound, backend, outbound, on-error.",
        "outbound",
    ),
    "only": ("text", "Run only this policy: its id, or its place.", "'outbound/set-header[1]'"),
    "response": ("response", "The value of context.Response until a policy replaces it.", "{status: 503}"),
    "last-error": ("last-error", "context.LastError, if only on-error runs.", "{reason: Timeout}"),
    "replace": (
        "{null|double}",
        "Doubles of policies, by their ids or places; null does nothing.",
        "{check-quota: {error: {status: 403}}, 'api inbound/base[1]': null}",
    ),
}

RESOLVE: Keys = {
    "arguments": ("table", "The field's arguments, context.GraphQL.Arguments.", "{id: 17}"),
    "parent": ("table", "The object that the field belongs to, context.GraphQL.Parent.", "{name: Ada}"),
}

GIVEN: Keys = {
    "gateway": (
        "gateway",
        "Settings of the gateway, the keys of apimpolicy.toml; certificates by name. null removes one.",
        "{certificates: {partner: partner}, user: {id: anna}, cache: {rate: 1.5}, random-numbers: [7]}",
    ),
    "named-values": (
        "{null|text|named-value}",
        "Named values; {thumbprint: partner} is the thumbprint of that certificate; null removes one.",
        "{host: orders.internal, allowed: {thumbprint: partner}}",
    ),
    "now": ("date", "The gateway's time; default 2026-01-01T00:00:00Z.", "2026-06-01T12:00:00Z"),
    "backend": (
        "answer|[answer]",
        "The response of the backend, or a list of responses in order.",
        "[{raises: timeout}, {status: 200, json: {orders: []}}]",
    ),
    "outside": (
        "answer|[answer]",
        "The response to send-request; default the backend's.",
        "{when: {url: '*/token'}, json: {access_token: abc}}",
    ),
    "dapr": ("answer|[answer]", "The response of the Dapr sidecar.", "{status: 500}"),
    "openid-providers": (
        "{null|provider}",
        "Identity providers that differ in this case; null removes one.",
        "{login: {issuer: 'https://login.contoso.example', algorithm: ES256}}",
    ),
    "openid-provider-states": (
        "{provider-state}",
        "Changes of identity providers before the request, by name.",
        "{login: {reachable: false}}",
    ),
    "request": ("request", "The request; default GET /.", "{get: /orders, certificate: partner}"),
    "mcp": (
        "mcp",
        "A request to an MCP server: the key `mcp` of `request`.",
        "{tool: getOrder, arguments: {id: '17'}}",
    ),
    "resolve": ("resolve", "Run the policy as the resolver of a GraphQL field.", "{arguments: {id: 17}}"),
    "variables": (
        "table",
        "context.Variables at the start, as if a wider scope had set them: texts, numbers, booleans, null, JSON. "
        "An expression has its value and type.",
        "{user: anna, tries: 3, since: '@(DateTime.UtcNow)', nothing: null}",
    ),
    **PART,
    "expect": ("expect", "The expected response.", "{status: 200}"),
}

STEP: Keys = {
    "name": ("text", "The step, as a sentence.", "the second call within a minute"),
    "request": GIVEN["request"],
    "mcp": GIVEN["mcp"],
    "resolve": GIVEN["resolve"],
    "openid-provider-states": GIVEN["openid-provider-states"],
    "expect": GIVEN["expect"],
    "advance": ("seconds", "Seconds to advance the clock before the request.", "60"),
}

CASE: Keys = {
    "name": ("text", "The case, as a sentence.", "a partner gets through"),
    "description": ("text", "A comment for readers.", "see the table of partners"),
    "skip": ("text or boolean", "Skip the case, for this reason.", "not yet"),
    "each": (
        "[table]",
        "A table: the case runs once for each row, with $name replaced by the row's value.",
        "[{certificate: expired, status: 403}, {certificate: partner, status: 200}]",
    ),
    "steps": (
        "[step]",
        "Several requests to one gateway, one after another.",
        "[{expect: {status: 200}}, {advance: 60, expect: {status: 429}}]",
    ),
    **SUBJECT,
    **GIVEN,
}

FILE: Keys = {
    "$schema": ("text", "The JSON schema, for editors.", "apimpolicy-test.schema.json"),
    **SUBJECT,
    "config": ("text or boolean", "The gateway's configuration; default the nearest one.", "false"),
    "certificates": (
        "{certificate}",
        "Certificates by name, besides those that every file has: partner, expired …",
        "{late: {not-after: 2026-05-31}}",
    ),
    "openid-providers": (
        "{provider}",
        "Identity providers by name, which issue the tokens of requests.",
        "{login: {issuer: 'https://login.contoso.example'}}",
    ),
    "defaults": ("given", "Keys for every case; a case's own keys override them.", "{request: {get: /orders}}"),
    "cases": ("[case]", "The cases.", "[{name: anybody, expect: {status: 200}}]"),
    "claims": (
        "[claim|text]",
        "Claims about every request, for `apimpolicy prove`. A text is the name of a predefined claim.",
        "[authenticated, {name: no request makes the gateway itself fail, never: {status: 500, by: gateway}}]",
    ),
}
