"""What a policy did, as data. A policy's `run` returns one `Effect`; the trace keeps it.

kind              data (keys)
───────────────   ──────────────────────────────────────────────────────────────────────────────────────
branch            taken: "when[2]" | "otherwise" | None                                   choose
condition         taken: bool                                                  when, otherwise
metadata          name, value                                                              trace/metadata
header-set        message: "request" | "response", name, action, before, after (tuples of values),
                  protected: bool (the gateway does not let policies change it)
status-set        code: int, reason: str, before: (code, reason)
body-set          message: "request" | "response", length (bytes)
variable-set      name, value (the .NET value, boxed)
method-set        before, after
query-set         name, action, before, after (tuples of values)
url-rewritten     before, after (path and query)
backend-set       url: str | None, backend_id: str | None, ignored: bool
forwarded         request: Request, response: Response | None (records; what was sent, what came back)
certificate-checked       valid: bool, reason: str | None, ignored: bool     validate-client-certificate
backend-certificate-set   thumbprint                                         authentication-certificate
header-checked    name, values                                                        check-header
address-checked   address                                                                ip-filter
text-replaced     message, count                                                  find-and-replace
padded            callback: str | None                                                       jsonp
cross-domain      asked: bool                                                         cross-domain
cors              origin: str | None, allowed: bool                                           cors
retried           waits: seconds before each repetition                                      retry
sent              request: Request | None, response: Response | None                   send-*request
waited            count                                                                       wait
limited           key, inside                                                    limit-concurrency
rate-limited      remaining: int | None                                                rate-limit-*
quota-used        calls: int | None                                                         quota-*
cache             key, found: bool                                                    cache-*-value
response-returned response: Response (a record)                              return-response, mock-response
trace-written     source, severity, message, metadata: dict
included          fragment: str
base              scope: the scope whose policies stand here, or None, count: number of policies
"""

from __future__ import annotations

from apimpolicy.dotnet.values import from_utf16


class Effect:
    """`kind` and `data` as in the table above; `text` says the same in a few words, for people.

    Texts are Python's: .NET strings are converted. The `value` of a variable stays the .NET value that it is.
    """

    __slots__ = ("data", "kind", "text")

    def __init__(self, kind: str, text: str, **data: object) -> None:
        self.kind = kind
        self.text = from_utf16(text)
        self.data = {key: _readable(value) if key != "value" else value for key, value in data.items()}

    def __repr__(self) -> str:
        return f"Effect({self.kind!r}, {self.text!r})"


def _readable(value: object) -> object:
    if type(value) is str:
        return from_utf16(value)
    if type(value) is tuple:
        return tuple(map(_readable, value))
    return value
