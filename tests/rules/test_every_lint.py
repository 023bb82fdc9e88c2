"""Every lint that was planned has a code: one document for each, and what finds it.

The rules' own folders hold the exact output; here nothing is to be forgotten. `S`, `X`, `C`, `B` are structure,
expressions, security and behaviour. A row says what is known besides the document, as the fields of `Settings`.
"""

from __future__ import annotations

from typing import Any

from tests.rows import for_each

from apimpolicy.checks.document import check_document
from apimpolicy.checks.expressions import ExpressionCheck
from apimpolicy.checks.subject import Settings
from apimpolicy.text.source import Source


def inbound(policies: str) -> str:
    return f"<policies><inbound><base />{policies}</inbound></policies>"


def section(name: str, policies: str) -> str:
    return f"<policies><inbound><base /></inbound><{name}><base />{policies}</{name}></policies>"


def value(code: str, name: str = "v") -> str:
    return f'<set-variable name="{name}" value="{code}" />'


def when(condition: str, policies: str = "<base />") -> str:
    return f'<choose><when condition="{condition}">{policies}</when></choose>'


SEND = '<send-request mode="new" response-variable-name="r"{}>{}</send-request>'
URL = "<set-url>https://a.example</set-url><set-method>GET</set-method>"
HEADER_A = "context.Request.Headers.GetValueOrDefault(&quot;{}&quot;)"
UNVERIFIED = "@(context.Request.Certificate == null || !context.Request.Certificate.Verify())"
JWT = '<validate-jwt header-name="Authorization"{}>{}</validate-jwt>'
KEYS = "<issuer-signing-keys><key>{{key}}</key></issuer-signing-keys>"
AUDIENCES = "<audiences><audience>a</audience></audiences>"
CORS = "<cors{}><allowed-origins><origin>{}</origin></allowed-origins></cors>"
PRINT = "context.Request.Certificate.Thumbprint"
LIMIT = '<rate-limit-by-key calls="1" renewal-period="{}" counter-key="{}" />'
RETURN = '<return-response><set-status code="200" reason="OK" />{}</return-response>'
HEADER = '<set-header name="{}" exists-action="{}"><value>{}</value></set-header>'
METRIC = '<emit-metric name="m" value="1">{}</emit-metric>'

LINTS: list[tuple[str, str, str, dict[str, Any]]] = [
    ("S01", "POL007", inbound("<choose></chose>"), {}),
    ("S02", "POL101", inbound("<set-hedder />"), {}),
    ("S02 of the schema alone", "POL114", inbound("<authentication-oauth2 />"), {}),
    ("S03", "POL102", inbound(HEADER.format("a", "skip", "b").replace("exists-", "exist-")), {}),
    ("S04", "POL103", inbound('<set-variable name="a" />'), {}),
    ("S05", "POL104", inbound('<rate-limit calls="many" renewal-period="60" />'), {}),
    ("S06", "POL105", inbound('<include-fragment fragment-id="@(context.Api.Id)" />'), {}),
    ("S07", "POL107", inbound(JWT.format("", "<required-claims><claim name='a' /></required-claims>" + KEYS)), {}),
    ("S07 of requests", "POL124", inbound(SEND.format(' timeout="5"', "<set-body>a</set-body>" + URL)), {}),
    ("S08", "POL107", inbound('<set-header name="a" exists-action="skip">text</set-header>'), {}),
    ("S09", "POL106", section("outbound", '<rate-limit calls="1" renewal-period="60" />'), {}),
    ("S10", "POL120", inbound('<quota calls="1" renewal-period="3600" />'), {"scope": "api"}),
    ("S11", "POL121", inbound(LIMIT.format(60, "@(context.Api.Id)")), {"tier": "consumption"}),
    ("S12", "POL122", inbound('<rate-limit calls="1" renewal-period="60" />' * 2), {}),
    ("S13", "POL137", inbound('<set-backend-service base-url="https://a.example" backend-id="b" />'), {}),
    ("S13 event hub", "POL113", inbound('<log-to-eventhub logger-id="a" partition-id="0" partition-key="b" />'), {}),
    ("S13 token", "POL113", inbound("<validate-jwt><openid-config url='https://a.example' /></validate-jwt>"), {}),
    ("S13 limit", "POL113", inbound('<llm-token-limit counter-key="@(context.Api.Id)" />'), {}),
    ("S14", "POL123", inbound('<rate-limit calls="1" renewal-period="301" />'), {}),
    ("S15", "POL123", inbound('<quota-by-key calls="1" renewal-period="10" counter-key="@(context.Api.Id)" />'), {}),
    ("S16", "POL123", section("backend", '<retry condition="@(true)" count="51" interval="1"><base /></retry>'), {}),
    ("S17 no when", "POL108", inbound("<choose></choose>"), {}),
    ("S17 order", "POL125", inbound("<choose><otherwise><base /></otherwise><when condition='true' /></choose>"), {}),
    ("S18", "POL109", "<fragment><base /></fragment>", {}),
    (
        "S18 cache",
        "POL130",
        '<fragment><cache-lookup vary-by-developer="false" vary-by-developer-groups="false" /></fragment>',
        {},
    ),
    ("S18 size", "POL130", f"<fragment><!-- {'x' * 530_000} --></fragment>", {}),
    ("S19", "POL127", "<policies><inbound></inbound></policies>", {"scope": "api"}),
    ("S20", "POL128", inbound(""), {"scope": "global"}),
    ("S21", "POL136", "<inbound><base /></inbound>", {}),
    ("S22 child", "POL107", inbound('<wait for="all"><set-header name="a" exists-action="delete" /></wait>'), {}),
    ("S22 none", "POL126", inbound('<wait for="all"></wait>'), {}),
    ("S23", "POL129", inbound(METRIC.format("".join(f'<dimension name="d{n}" value="a" />' for n in range(6)))), {}),
    ("S23 none", "POL129", inbound(METRIC.format("")), {}),
    (
        "S24",
        "POL123",
        inbound(
            '<validate-content unspecified-content-type-action="prevent" max-size="5000000" size-exceeded-action='
            '"prevent"><content type="application/json" validate-as="json" action="prevent" /></validate-content>'
        ),
        {},
    ),
    ("S24 GraphQL", "POL123", inbound('<validate-graphql-request max-size="200000" max-depth="4" />'), {}),
    (
        "S25",
        "POL113",
        inbound(
            '<validate-client-certificate><identities><identity issuer-certificate-id="a" issuer-subject="b" />'
            "</identities></validate-client-certificate>"
        ),
        {},
    ),
    (
        "S25 number",
        "POL107",
        inbound(
            "<validate-client-certificate><identities>"
            + "".join(f'<identity thumbprint="{n:040}" />' for n in range(11))
            + "</identities></validate-client-certificate>"
        ),
        {},
    ),
    (
        "S26",
        "POL132",
        inbound(
            '<xsl-transform><xsl:stylesheet version="2.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">'
            "</xsl:stylesheet></xsl-transform>"
        ),
        {},
    ),
    ("S27", "POL131", inbound(value("a").replace(" /", ' id="i" /') * 2), {}),
    ("X01", "CS1525", inbound(value("@(1 + )")), {}),
    ("X02", "POL030", inbound(value("@{ if (true) return 1; return 2; }")), {}),
    ("X03", "APIM0001", inbound(value('@(System.IO.File.Exists("a"))'.replace('"', "&quot;"))), {}),
    ("X04", "APIM0002", inbound(value("@(System.Net.IPAddress.HostToNetworkOrder(1))")), {}),
    ("X05", "APIM0006", inbound(value("@{ dynamic a = 1; return a; }")), {}),
    ("X06", "CS0161", inbound(value("@{ if (context.Tracing) { return 1; } }")), {}),
    ("X07", "CS1061", inbound(value("@(context.Request.Methud)")), {}),
    ("X08", "POL214", inbound(when("@(context.Request.Headers.Count)")), {}),
    ("X09", "CS1012", inbound(value("@(context.Request.Method == 'GET')")), {}),
    ("X10", "POL201", inbound(value("@(context.Variables[&quot;x&quot;])")).replace("<base />", ""), {}),
    (
        "X11",
        "POL202",
        inbound(value("@(1)", "n") + value("@(context.Variables.GetValueOrDefault&lt;string&gt;(&quot;n&quot;))")),
        {},
    ),
    ("X12", "POL202", inbound(value("1", "n") + value("@((int)context.Variables[&quot;n&quot;])")), {}),
    ("X13 certificate", "POL303", inbound(value(f"@({PRINT})")), {}),
    ("X13 caller", "POL216", inbound(value("@(context.User.Email)")), {}),
    ("X13 token", "POL209", inbound(value("@(context.Request.Method.AsJwt().Subject)")), {}),
    ("X13 error", "POL206", inbound(value("@(context.LastError.Message)")), {}),
    (
        "X13 answer",
        "POL411",
        inbound(
            SEND.format(' ignore-error="true" timeout="5"', URL)
            + value("@(((IResponse)context.Variables[&quot;r&quot;]).StatusCode)")
        ),
        {},
    ),
    ("X14 twice", "POL204", inbound(value("@(context.Request.Body.As&lt;string&gt;())") * 2), {}),
    ("X14 lost", "POL205", inbound(value("@(context.Request.Body.As&lt;string&gt;())")), {}),
    ("X15", "POL206", inbound(value("@(context.Response.StatusCode)")), {}),
    ("X16", "POL215", section("outbound", value("@(context.Request.Body.As&lt;string&gt;())")), {}),
    ("X17", "POL211", inbound(value("@(Regex.IsMatch(context.Request.Url.Path, &quot;^(a+)+$&quot;))")), {}),
    (
        "X18",
        "POL210",
        inbound(value("@(int.Parse(context.Request.Headers.GetValueOrDefault(&quot;a&quot;, &quot;&quot;)))")),
        {},
    ),
    ("X19", "POL212", inbound(value("@(context.Request.Headers.GetValueOrDefault(&quot;a&quot;).Split(',')[1])")), {}),
    ("X19 first", "POL212", inbound(value("@(context.Request.Headers[&quot;a&quot;].First())")), {}),
    ("X20", "POL208", inbound('<cache-lookup-value key="@(DateTime.Now.ToString())" variable-name="b" />'), {}),
    ("X20 random", "POL208", inbound('<cache-lookup-value key="@(new Random().Next())" variable-name="b" />'), {}),
    ("X21", "POL207", inbound('<rewrite-uri template="/a/@(context.Api.Id)" />'), {}),
    ("X22", "POL001", inbound(value("{{nobody}}")), {"named_values": {"somebody": "a"}}),
    ("X22 in another", "POL217", inbound(value("{{a}}")), {"named_values": {"a": "{{b}}", "b": "c"}}),
    ("X23", "POL213", inbound(value("@(context.Product.Apis.Count())")), {}),
    ("C01", "POL301", inbound(when(f"@({PRINT} != &quot;{'A' * 40}&quot;)")), {}),
    ("C02", "POL302", inbound(when(UNVERIFIED)), {}),
    ("C03", "POL303", inbound(when("@(!context.Request.Certificate.Verify())")), {}),
    ("C03 asked for", "POL308", inbound(when("@(context.Request.Certificate == null)")), {"negotiates": False}),
    ("C04", "POL304", inbound(when(f"@({PRINT} == &quot;{'ab' * 20}&quot;)")), {}),
    ("C05", "POL305", inbound('<validate-client-certificate validate-trust="false" />'), {}),
    ("C06", "POL306", inbound(f'<authentication-certificate thumbprint="{"A" * 40}" />'), {}),
    ("C07", "POL310", inbound(JWT.format("", "<openid-config url='https://a.example' />")), {}),
    ("C08", "POL311", inbound(JWT.format(' require-signed-tokens="false"', KEYS + AUDIENCES)), {}),
    ("C09", "POL312", inbound(JWT.format(' clock-skew="600"', KEYS + AUDIENCES)), {}),
    ("C10", "POL313", inbound(JWT.format("", KEYS.replace("{{key}}", "c2VjcmV0c2VjcmV0c2VjcmV0") + AUDIENCES)), {}),
    ("C11", "POL320", inbound(CORS.format(' allow-credentials="true"', "*")), {}),
    ("C12", "POL321", inbound(CORS.format("", "*")), {}),
    ("C12 methods", "POL321", inbound("<cors><allowed-methods><method>*</method></allowed-methods></cors>"), {}),
    ("C13", "POL322", inbound(when("@(context.Tracing)", CORS.format("", "https://a.example"))), {}),
    ("C14", "POL330", inbound(HEADER.format("Authorization", "override", "Basic dXNlcjpwYXNzd29yZA==")), {}),
    ("C15", "POL331", inbound('<trace source="a"><message>@(context.Subscription.Key)</message></trace>'), {}),
    ("C16", "POL332", inbound('<set-backend-service base-url="http://a.example" />'), {}),
    (
        "C17",
        "POL333",
        inbound(
            SEND.format(
                ' timeout="5"', "<set-url>@(context.Request.Headers.GetValueOrDefault(&quot;a&quot;))</set-url>"
            )
        ),
        {},
    ),
    ("C18", "POL334", inbound(HEADER.format("X-User-Id", "skip", "@(context.User.Id)")), {}),
    (
        "C19",
        "POL340",
        inbound(
            '<cache-lookup vary-by-developer="false" vary-by-developer-groups="false" '
            'allow-private-response-caching="true" />'
        ),
        {},
    ),
    ("C20", "POL341", inbound('<llm-semantic-cache-lookup score-threshold="0.05" embeddings-backend-id="e" />'), {}),
    ("C21", "POL335", inbound(when(f"@({HEADER_A.format('X-Forwarded-For')} == &quot;10.0.0.1&quot;)")), {}),
    (
        "C21 range",
        "POL139",
        inbound('<ip-filter action="allow"><address-range from="10.0.0.9" to="10.0.0.1" /></ip-filter>'),
        {},
    ),
    ("C22", "POL314", inbound('<validate-azure-ad-token tenant-id="common" />'), {}),
    ("C23", "POL336", inbound(value("@(Convert.ToBase64String(MD5.Create().ComputeHash(new byte[0])))")), {}),
    ("C24", "POL337", section("on-error", "<set-body>@(context.LastError.Message)</set-body>"), {}),
    ("B01", "POL401", "<policies><inbound><base /></inbound><backend></backend></policies>", {}),
    ("B01 twice", "POL138", section("backend", "<forward-request />"), {}),
    ("B02", "POL402", "<policies><backend><forward-request timeout='600' /></backend></policies>", {}),
    (
        "B03",
        "POL403",
        "<policies><backend><retry condition='@(true)' count='2' interval='1'><forward-request /></retry></backend>"
        "</policies>",
        {},
    ),
    ("B04", "POL404", inbound('<cache-lookup vary-by-developer="false" vary-by-developer-groups="false" />'), {}),
    ("B05", "POL420", inbound(when("@(context.Request.Method == &quot;GET&quot;)", "<set-body>a</set-body>")), {}),
    ("B06", "POL412", inbound(RETURN.format('<set-body template="liquid">{{body.a}}</set-body>')), {}),
    ("B07", "POL413", inbound('<set-body template="liquid">{{body.a | upcase}}</set-body>'), {}),
    ("B08", "POL414", inbound('<rewrite-uri template="/v2/{b}" />'), {"url_template": "/{a}"}),
    (
        "B09",
        "POL415",
        inbound('<set-backend-service backend-id="a" /><set-backend-service base-url="https://b.example" />'),
        {},
    ),
    ("B10", "POL406", inbound(HEADER.format("Content-Length", "override", "1")), {}),
    ("B11", "POL407", inbound(RETURN.format("") + value("a")), {}),
    ("B12", "POL408", inbound("<mock-response />"), {}),
    (
        "B13",
        "POL421",
        inbound('<rate-limit calls="1" renewal-period="60" />'),
        {"scope": "api", "requires_subscription": False},
    ),
    ("B14", "POL409", inbound(LIMIT.format(60, "all")), {}),
    ("B14 one for all", "POL409", inbound(LIMIT.format(60, "@(context.Api.Id)")), {}),
    ("B15", "POL416", inbound(SEND.format("", URL)), {}),
    (
        "B16",
        "POL417",
        section("outbound", f'<send-one-way-request mode="new" timeout="5">{URL}</send-one-way-request>' * 2),
        {"gateway": "self-hosted"},
    ),
    ("B17", "POL418", section("outbound", when("@(context.Response.StatusReason == &quot;Busy&quot;)")), {}),
    ("B18", "POL410", section("on-error", "<set-body>sorry</set-body>"), {}),
]


@for_each(LINTS)
def test_a_lint_has_a_code(lint: str, code: str, document: str, known: dict[str, Any]) -> None:
    settings = Settings(extend=("POL",), **known)
    found = check_document(Source(document, "a.xml"), ExpressionCheck(), settings.named_values, settings)
    assert code in {finding.code for finding in found}, [str(finding) for finding in found]


def test_none_is_left_out() -> None:
    numbers: dict[str, set[int]] = {letter: set() for letter in "SXCB"}
    for lint, *_ in LINTS:
        numbers[lint[0]].add(int(lint[1:3]))
    assert numbers == {letter: set(range(1, last + 1)) for letter, last in zip("SXCB", (27, 23, 24, 18), strict=True)}
