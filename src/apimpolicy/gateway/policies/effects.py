"""The effects of policies, as data: a class for each kind. A policy's `run` returns one, and the trace keeps it.

    for entry, effect in result.trace.effects(HeaderSet):
        print(entry.path, effect.name, effect.before, effect.after)

`kind` is the name of the class in JSON, `header-set` for `HeaderSet`. Policies make effects of .NET strings; the trace
converts them to Python's when they are read (`readable`), all but the `value` of a variable.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar

from apimpolicy.csharp.dotnet.values import from_utf16
from apimpolicy.records import Record, keyword

if TYPE_CHECKING:
    from apimpolicy.gateway.context.records import Request, Response
    from apimpolicy.gateway.policies.metrics import Metric

    Values = tuple[str, ...]


_WORD_START = re.compile(r"(?<=[a-z])(?=[A-Z])")


class Effect(Record):
    """`text` describes the effect in a few words; `traced` is the entry in a real gateway's trace, if it is known."""

    text: str
    traced: object = keyword(default=None, kw_only=True)
    kind = "effect"
    ends = False
    """True if the policy ended the pipeline."""

    def __init_subclass__(cls) -> None:
        cls.kind = _WORD_START.sub("-", cls.__name__).lower()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.text!r}>"


AnyEffect = TypeVar("AnyEffect", bound=Effect)


def readable(effect: AnyEffect) -> AnyEffect:
    names = [name for name in type(effect)._fields if name != "value"]
    found = {name: _readable(getattr(effect, name)) for name in names}
    changes = {name: value for name, value in found.items() if value is not getattr(effect, name)}
    return effect.replaced(**changes) if changes else effect


def _readable(value: object) -> object:
    if type(value) is str:
        return value if value.isascii() else from_utf16(value)
    if type(value) is tuple:
        texts = tuple(map(_readable, value))
        return value if texts == value else texts
    return value


def is_taken(effect: Effect | None) -> bool:
    """Return whether a part applied; for a choose, whether no condition was true."""
    if isinstance(effect, BranchTaken):
        return effect.taken is None
    return isinstance(effect, Condition) and effect.taken


# Control flow


class BranchTaken(Effect):
    """The branch of a choose: `when[2]`, `otherwise` or None."""

    taken: str | None


class Condition(Effect):
    """A `when`, `otherwise`, or another part that applies to some requests."""

    taken: bool


class Retried(Effect):
    """`waits` are the seconds before each repetition."""

    waits: tuple[float, ...]


class Waited(Effect):
    """`count` policies inside of wait have ended."""

    count: int


class ConcurrencyLimited(Effect):
    """limit-concurrency: how many requests run inside now."""

    key: str
    inside: int


class Included(Effect):
    fragment: str


class BaseInserted(Effect):
    """base: the scope whose policies run here, and their number."""

    scope: str | None
    count: int


class Replaced(Effect):
    """A double ran in the place of the policy."""

    ends: bool


# Messages: `message` is "request" or "response"


class HeaderSet(Effect):
    """The gateway doesn't let policies change a `protected` header."""

    message: str
    name: str
    action: str
    before: Values
    after: Values
    protected: bool = False


class StatusSet(Effect):
    """`before` are the code and the reason."""

    code: int
    reason: str
    before: tuple[int, str]


class BodySet(Effect):
    """`length` is in bytes; `unknown_filters` and `errors` are Liquid's."""

    message: str
    length: int = 0
    unknown_filters: Values = ()
    errors: int = 0


class TextReplaced(Effect):
    """find-and-replace, redirect-content-urls: `count` replacements in a body."""

    message: str
    count: int


class Converted(Effect):
    """json-to-xml, xml-to-json, xsl-transform: `length` is in bytes, None when nothing was converted."""

    message: str
    length: int | None


class MethodSet(Effect):
    before: str
    after: str


class QuerySet(Effect):
    """`request_url` is the backend's."""

    name: str
    action: str
    before: Values
    after: Values
    request_url: str | None = None


class UrlRewritten(Effect):
    """`before` and `after` are path and query; `request_url` is the backend's."""

    before: str
    after: str
    request_url: str | None


class Padded(Effect):
    """jsonp: the callback."""

    callback: str | None


class CorsChecked(Effect):
    origin: str | None = None
    allowed: bool = False
    ends: bool = False


class CrossDomainChecked(Effect):
    """cross-domain: `asked` if the request is for the file."""

    asked: bool


class ResponseReturned(Effect):
    """return-response, mock-response, cross-domain."""

    response: Response
    ends = True


# Variables and what policies read


class VariableSet(Effect):
    """`value` is the .NET value, boxed."""

    name: str
    value: object


class MetadataRead(Effect):
    """A name with a value: metadata of trace, dimensions, headers of a request, parameters of a stylesheet."""

    name: str
    value: object


class Listed(Effect):
    """Audiences, issuers, claims and keys of token policies."""

    count: int


# Backends and other services


class BackendSet(Effect):
    """`request_url` is the backend's, None where a pool decides later."""

    url: str | None
    backend_id: str | None
    ignored: bool = False
    service_fabric: Values = ()
    request_url: str | None = None


class BackendCertificateSet(Effect):
    thumbprint: str


class ProxySet(Effect):
    url: str
    username: str | None


class Forwarded(Effect):
    """The request as it was sent, and the response; `member` of `pool` got it."""

    request: Request
    response: Response | None
    member: str | None = None
    pool: str | None = None


class Sent(Effect):
    """A request of a policy's own: `error` is why it failed, where the policy ignores that."""

    request: Request | None
    response: Response | None
    error: str = ""
    ends: bool = False

    @classmethod
    def answered(cls, request: Request, response: Response, *, ends: bool = False) -> Sent:
        """Return the effect of a request that got a response."""
        return cls(round_trip(request, response), request=request, response=response, ends=ends)


def round_trip(request: Request, response: Response) -> str:
    return f"{request.method} {request.url} → {response.status_code} {response.reason}".rstrip()


class DataRequested(Effect):
    """`source` is `sql`, with the `count` of rows, or `cosmosdb`, with the kind of `request`."""

    source: str
    count: int = 0
    request: str = ""


class EventPublished(Effect):
    subscriptions: Values
    body: str


class EventLogged(Effect):
    """log-to-eventhub: `length` is in bytes."""

    logger_id: str
    length: int
    truncated: bool


class MessageSent(Effect):
    """send-service-bus-message: `length` is in bytes."""

    queue: str | None
    topic: str | None
    length: int


class MetricEmitted(Effect):
    """`metrics` are empty when they follow with the response."""

    metrics: Sequence[Metric]


class TraceWritten(Effect):
    source: str
    severity: str
    message: str
    metadata: Mapping[str, str]


class CacheAccessed(Effect):
    """`distance` is how far the found prompt is, in the semantic cache."""

    key: str | None
    found: bool
    distance: float | None = None


# Credentials and checks


class CertificateChecked(Effect):
    valid: bool
    reason: str | None
    ignored: bool


class TokenValidated(Effect):
    """validate-jwt, validate-azure-ad-token."""

    valid: bool
    reason: str | None


class TokenAcquired(Effect):
    """`variable` has the token, or the header Authorization without one."""

    resource: str
    client_id: str | None
    acquired: bool
    variable: str | None = None


class AuthorizationAcquired(Effect):
    provider_id: str
    authorization_id: str
    name: str
    acquired: bool


class HeaderChecked(Effect):
    name: str
    values: Values


class AddressChecked(Effect):
    address: str


class ContentChecked(Effect):
    """llm-content-safety: `found` is why the content was refused."""

    texts: int
    found: str | None


class Validated(Effect):
    """validate-content, -headers, -parameters and others: details of errors that the policy doesn't prevent."""

    errors: Values


class GraphqlValidated(Effect):
    """`removed` are fields as `Type.field`."""

    removed: Values


class RateLimited(Effect):
    remaining: int | None


class QuotaUsed(Effect):
    calls: int | None


class TokensLimited(Effect):
    estimated: int
    remaining: int | None
    remaining_quota: int | None
