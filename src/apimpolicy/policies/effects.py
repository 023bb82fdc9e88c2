"""What a policy did, as data. A policy's `run` returns one `Effect`; the trace keeps it.

kind              data (keys)
───────────────   ──────────────────────────────────────────────────────────────────────────────────────
branch            taken: "when[2]" | "otherwise" | None                                   choose
condition         taken: bool                                                  when, otherwise
metadata          name, value                                                 trace/metadata, dimension …
header-set        message: "request" | "response", name, action, before, after (tuples of values),
                  protected: bool (the gateway does not let policies change it)
status-set        code: int, reason: str, before: (code, reason)
body-set          message: "request" | "response", length (bytes), unknown_filters, errors (Liquid's)
variable-set      name, value (the .NET value, boxed)
method-set        before, after
query-set         name, action, before, after (tuples of values)
url-rewritten     before, after (path and query), request_url: str | None (of the backend)
backend-set       url: str | None, backend_id: str | None, ignored: bool, service_fabric: tuple of texts,
                  request_url: str | None (of the backend; None where a pool decides later)
forwarded         request: Request, response: Response | None (records; what was sent, what came back),
                  member, pool: str | None (which member of which pool took it)
certificate-checked       valid: bool, reason: str | None, ignored: bool     validate-client-certificate
backend-certificate-set   thumbprint                                         authentication-certificate
token-validated   valid: bool, reason: str | None             validate-jwt, validate-azure-ad-token
token-acquired    resource, client_id: str | None, acquired: bool     authentication-managed-identity
authorization-acquired    provider_id, authorization_id, name, acquired     get-authorization-context
listed            count                          audiences, issuers, claims, keys of token policies
header-checked    name, values                                                        check-header
address-checked   address                                                                ip-filter
text-replaced     message, count                            find-and-replace, redirect-content-urls
converted         message, length: int | None         json-to-xml, xml-to-json, xsl-transform
proxy-set         url, username: str | None                                                 proxy
padded            callback: str | None                                                       jsonp
cross-domain      asked: bool                                                         cross-domain
cors              origin: str | None, allowed: bool, ends: bool                               cors
retried           waits: seconds before each repetition                                      retry
sent              request: Request | None, response: Response | None, error: str (ignored)    send-*request, *-dapr*
waited            count                                                                       wait
limited           key, inside                                                    limit-concurrency
rate-limited      remaining: int | None                                                rate-limit-*
quota-used        calls: int | None                                                         quota-*
tokens-limited    estimated: int, remaining: int | None, remaining_quota: int | None    *-token-limit
event-logged      logger_id, length (bytes), truncated: bool                          log-to-eventhub
message-sent      queue: str | None, topic: str | None, length (bytes)       send-service-bus-message
metric-emitted    metrics: tuple of Metric; empty when they follow later                *emit-*metric
content-checked   texts: int, found: str | None (what was refused)                 llm-content-safety
cache             key, found: bool (semantic: distance: float | None)                           *cache-*
validated         errors: tuple of details, none of them prevented     validate-content, -parameters …
graphql-validated removed: tuple of "Type.field"                            validate-graphql-request
data-requested    source: "sql" | "cosmosdb", count | request           sql-, cosmosdb-data-source
event-published   subscriptions: tuple, body                                         publish-event
replaced          ends: bool (a double ran in the place of a policy)                            any policy
(any)             told: what the trace of a real gateway says of it, where that was seen
response-returned response: Response (a record)                              return-response, mock-response
trace-written     source, severity, message, metadata: dict
included          fragment: str
base              scope: the scope whose policies stand here, or None, count: number of policies
"""

from __future__ import annotations

from apimpolicy.dotnet.values import from_utf16


class Effect:
    """`kind` and `data` as in the table above; `text` says the same in a few words, for people.

    Texts are Python's: .NET strings are converted, when they are read. The `value` of a variable stays the .NET value
    that it is.
    """

    __slots__ = ("_data", "_is_readable", "_text", "kind")

    def __init__(self, kind: str, text: str, **data: object) -> None:
        self.kind = kind
        self._text = text
        self._data = data
        self._is_readable = False

    @property
    def text(self) -> str:
        return from_utf16(self._text)

    @text.setter
    def text(self, text: str) -> None:
        self._text = text

    @property
    def data(self) -> dict[str, object]:
        if not self._is_readable:
            self._data = {key: value if key == "value" else _readable(value) for key, value in self._data.items()}
            self._is_readable = True
        return self._data

    def __repr__(self) -> str:
        return f"Effect({self.kind!r}, {self.text!r})"


def _readable(value: object) -> object:
    if type(value) is str:
        return from_utf16(value)
    if type(value) is tuple:
        return tuple(map(_readable, value))
    return value
