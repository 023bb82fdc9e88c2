"""Small policies with each kind of effect, their versions with one change, and what requests do in both."""

from __future__ import annotations

import datetime
import html
import re
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from apimpolicy import Gateway, ManagedIdentity, Request, Response
from apimpolicy.errors import ApimPolicyError
from apimpolicy.gateway.policies.registry import specification_of
from apimpolicy.testing.certificates import TestCertificates
from apimpolicy.testing.claims.harnesses import Setup, harness_of
from apimpolicy.testing.comparing.observed_differences import differences
from apimpolicy.text.markup import read
from apimpolicy.text.source import Source

if TYPE_CHECKING:
    from apimpolicy.reasoning.scenarios.harness import Harness
    from apimpolicy.text.document import Element

NOW = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
CERTIFICATES = TestCertificates()


def code(text: str) -> str:
    return html.escape(f"@({text})")


def header(name: str, value: str, action: str = "override") -> str:
    return f'<set-header name="{name}" exists-action="{action}"><value>{value}</value></set-header>'


def variable(name: str, value: str) -> str:
    return f'<set-variable name="{name}" value="{value}" />'


def when(condition: str, then: str, otherwise: str = "") -> str:
    rest = f"<otherwise>{otherwise}</otherwise>" if otherwise else ""
    return f'<choose><when condition="{code(condition)}">{then}</when>{rest}</choose>'


A, B = (f'context.Request.Headers.GetValueOrDefault("{name}", "")' for name in ("X-A", "X-B"))
Q = 'context.Request.Url.Query.GetValueOrDefault("q", "1")'
OK = "context.Response.StatusCode == 200"
RETURN = (
    '<return-response><set-status code="403" reason="No" />' + header("X-R", "1") + "<set-body>no</set-body>"
    "</return-response>"
)
SENT = (
    '<send-request mode="new" response-variable-name="r" ignore-error="true" timeout="5">'
    "<set-url>https://auth.example/a</set-url><set-method>POST</set-method>"
    + header("X-K", code(A))
    + "<set-body>ask</set-body></send-request>"
)
R = '((IResponse)context.Variables["r"])'
INBOUND = {
    "header": header("X-C", "1"),
    "headers": header("X-A", code(Q)) + header("X-A", "b", "append") + header("X-B", "c", "skip"),
    "no header": '<set-header name="X-A" exists-action="delete" />',
    "parameter": '<set-query-parameter name="q" exists-action="override"><value>5</value></set-query-parameter>',
    "path": '<rewrite-uri template="/z?w=1" copy-unmatched-params="false" />',
    "method": "<set-method>PUT</set-method>",
    "address": '<set-backend-service base-url="https://other.example/b" />',
    "body": f"<set-body>{code(A)}</set-body>",
    "text": "<set-body>sent</set-body>",
    "variable": variable("v", code(A)) + variable("w", "1") + header("X-C", code('(string)context.Variables["v"]')),
    "constants": variable("v", "a") + variable("v", "b") + header("X-C", code('context.Variables["v"] + "!"')),
    "guard": when(f'{A} == "a"', RETURN, header("X-C", "2")),
    "guards": when(f'{A} == "a"', header("X-C", "1"), when(f'{A} == "a" || {B} == "b"', RETURN)),
    "unless": when(f'{A} != "a" && {B} == "b"', RETURN),
    "returned": '<return-response response-variable-name="r" />' + header("X-C", "1"),
    "sends": SENT + when(f"{R} != null && {R}.StatusCode == 200", header("X-C", "1"), RETURN),
    "sends twice": SENT + SENT.replace("auth.example", "log.example").replace("POST", "PUT"),
    "one way": '<send-one-way-request mode="new"><set-url>https://log.example/</set-url></send-one-way-request>',
    "check": '<check-header name="X-A" failed-check-httpcode="401" failed-check-error-message="no" ignore-case="true">'
    "<value>a</value></check-header>",
    "addresses": '<ip-filter action="forbid"><address>10.0.0.1</address></ip-filter>',
    "cors": "<cors><allowed-origins><origin>https://a.example</origin></allowed-origins></cors>",
    "mock": '<mock-response status-code="201" content-type="text/plain" />',
    "limit": '<rate-limit-by-key calls="1" renewal-period="60" counter-key="a" />',
    "cached": '<cache-lookup-value key="k" variable-name="v" default-value="none" />'
    + header("X-C", code('(string)context.Variables["v"]')),
    "kept": f'<cache-store-value key="k" value="{code(A)}" duration="60" />',
    "throws": variable("v", code(f"int.Parse({A})")) + header("X-C", "1"),
    "parallel": f'<wait for="all">{when("true", SENT)}</wait>',
    "concurrent": f'<limit-concurrency key="k" max-count="1">{header("X-C", "1")}</limit-concurrency>',
    "trace": '<trace source="a"><message>b</message></trace>' + header("X-C", "1"),
    "reads all": variable("v", "a") + header("X-C", code('string.Join(",", context.Variables.Keys)')),
    "no authorization": '<validate-jwt header-name="Authorization" failed-validation-httpcode="401" '
    'failed-validation-error-message="no"><issuer-signing-keys><key>c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0</key>'
    "</issuer-signing-keys></validate-jwt>",
    "unknown": '<llm-token-limit counter-key="a" tokens-per-minute="5" estimate-prompt-tokens="false" />',
}
BACKEND = {
    "forward": '<forward-request timeout="10" />',
    "retried": f'<retry condition="{code("context.Response == null || context.Response.StatusCode == 503")}" '
    'count="2" interval="0"><forward-request buffer-request-body="true" /></retry>',
    "not always": when(f'{A} != "b"', "<forward-request />"),
    "follows": '<forward-request follow-redirects="true" />',
}
OUTBOUND = {
    "header": header("X-R", "1") + header("X-S", code(Q)),
    "no header": '<set-header name="X-S" exists-action="delete" />',
    "status": '<set-status code="202" reason="Fine" />',
    "body": "<set-body>answer</set-body>",
    "by status": when(f'{OK} || {A} == "a"', header("X-R", "1"), '<set-status code="500" reason="Bad" />'),
    "returned": when(OK, RETURN),
    "sends": SENT + header("X-R", code(f'{R} == null ? "none" : {R}.StatusCode.ToString()')),
    "read": f"<set-body>{code('context.Response.Body.As<string>() + 1')}</set-body>",
}
ON_ERROR = {
    "header": header("X-R", "1"),
    "reason": header("X-R", code("context.LastError.Reason")),
    "status": '<set-status code="418" reason="Tea" />',
    "returned": RETURN,
    "where": header("X-R", code("context.LastError.Path ?? context.LastError.Section")),
}
_PLAIN = {"inbound": "", "backend": "<forward-request />", "outbound": "", "on-error": ""}
_THROWS = variable("t", code('int.Parse(context.Request.Headers["X-B"][0])'))


def document(**sections: str) -> str:
    texts = {**_PLAIN, **{name.replace("_", "-"): text for name, text in sections.items()}}
    return "<policies>" + "".join(f"<{name}>{text}</{name}>" for name, text in texts.items()) + "</policies>"


def documents() -> dict[str, str]:
    """Return policies with each effect."""
    found = {}
    for section, pieces in (("inbound", INBOUND), ("backend", BACKEND), ("outbound", OUTBOUND), ("on_error", ON_ERROR)):
        for name, piece in pieces.items():
            texts = {section: piece}
            if section == "on_error":
                texts["inbound"] = _THROWS
            found[f"{section} {name}"] = document(**texts)
    return found


# Changes


def changes(text: str) -> Iterator[str]:
    """Yield versions of a policy with one change: a value, a text, a condition, an element less or elsewhere."""
    root = read(Source(text))
    for element in root.elements():
        siblings = list(element.elements())
        for one, other in pairwise(siblings):
            first, between, second = (
                text[one.start : one.end],
                text[one.end : other.start],
                text[other.start : other.end],
            )
            yield text[: one.start] + second + between + first + text[other.end :]
        if element.parent is not None and element.parent.name != "policies":
            yield text[: element.start] + text[element.end :]
            yield text[: element.end] + text[element.start : element.end] + text[element.end :]
        for each in element.attributes:
            yield text[: each.name_start] + text[each.value.end + 1 :]
        spans = [(each.value.start, each.value.end, _values(element, each.name)) for each in element.attributes]
        if not siblings and element.content_end > element.content_start:
            spans.append((element.content_start, element.content_end, ()))
        for start, end, values in spans:
            for value in _near(text[start:end], values):
                yield text[:start] + value + text[end:]


def _values(element: Element, name: str) -> tuple[str, ...]:
    specification = specification_of(element.name)
    slots = () if specification is None else specification.attributes
    return next((tuple(slot.values) for slot in slots if slot.name == name and slot.values), ())


_LITERAL = re.compile(r"&quot;([^&]*)&quot;|(==|!=|&amp;&amp;|\|\|)|\b(\d+)\b")
_OPPOSITES = {"==": "!=", "!=": "==", "&amp;&amp;": "||", "||": "&amp;&amp;"}


def _near(value: str, values: tuple[str, ...]) -> Iterator[str]:
    if value.startswith("@"):
        for found in _LITERAL.finditer(value):
            if found[2]:
                new = _OPPOSITES[found[2]]
            else:
                new = f"&quot;{found[1]}x&quot;" if found[1] is not None else str(int(found[3]) + 1)
            yield value[: found.start()] + new + value[found.end() :]
        return
    yield from (each for each in values if each != value)
    if value.isdecimal():
        yield str(int(value) + 1)
    elif not values:
        yield {"true": "false", "false": "true"}.get(value, value + "x")


# Runs

REQUESTS = [
    Request("GET", "https://a.example/p", ip_address="10.0.0.1"),
    Request("GET", "https://a.example/p?q=2&q=3", headers={"X-A": "a", "X-B": "b", "Origin": "https://a.example"}),
    Request("POST", "https://a.example/p?w=2", headers={"X-A": "b", "X-B": "5"}, body="given"),
    Request("PUT", "https://a.example/", headers={"X-A": ["5", "6"], "X-B": "c", "X-C": "1"}, body="given"),
    Request("POST", "https://a.example/", headers={"X-A": "a", "X-B": "b", "X-C": ["1", "2"], "X-T": "1"}),
    Request(
        "OPTIONS",
        "https://a.example/p",
        headers={"X-A": "ax", "Origin": "https://a.example", "Access-Control-Request-Method": "GET"},
    ),
    Request("GET", "https://a.example/p", ip_address="10.0.0.1"),
    Request("GET", "https://a.example/p", headers={"X-A": "a"}),
]
"""The last but one is the first one again, so that counters and caches are seen. Services fail for the last one."""
OK_ANSWER = Response(200, headers={"X-R": "0", "X-S": ["1", "2"]}, body="given")
ANSWERS: list[Response | None] = [*[OK_ANSWER] * (len(REQUESTS) - 1), None]
ANSWERS[2] = Response(503, headers={"Location": "https://a.example/q"})
ANSWERS[3] = Response(302, headers={"X-S": "1", "Location": "https://a.example/q"}, body="")
"""Responses of backends and other services to each request: the same, whatever a version sends."""


def harness(text: str, wider: str = "", **settings: Any) -> Harness | None:
    """Return the harness of a policy; None for one that a gateway refuses."""
    made_up = {"named_values": settings.pop("made_up", ()), "fragments": settings.pop("made_up_fragments", ())}
    gateway = Gateway(now=NOW, backend=Response(200), managed_identity=ManagedIdentity(), **settings)
    gateway.made_up = {name: frozenset(each) for name, each in made_up.items()}
    scopes = {"api": text, **({"global": wider} if wider else {})}
    try:
        return harness_of(scopes, Setup(gateway, NOW, CERTIFICATES))
    except ApimPolicyError:
        return None


@cache
def outcomes(text: str, wider: str = "") -> list[Any]:
    """Return what requests do, one after the other."""
    made = harness(text, wider)
    assert made is not None
    current: Response | None = OK_ANSWER

    def answer(_: Any) -> Response:
        if current is None:
            raise TimeoutError
        return current

    found = []
    gateway = Gateway(**{**made.settings, "backend": answer, "outside": answer})
    for request, current in zip(REQUESTS, ANSWERS, strict=True):  # noqa: B007 - `answer` reads it
        found.append(gateway.run(made.scopes, request))
    return found


def kinds(one: str, other: str, wider: str = "") -> set[tuple[str, ...]]:
    """Return the kinds of differences that requests show."""
    pairs = zip(outcomes(one, wider), outcomes(other, wider), strict=True)
    return {each.kind for old, new in pairs for each in differences(old, new)}
