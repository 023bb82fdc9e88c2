"""What `evaluate.py` measures: policy expressions, and beside each the Python that somebody would write by hand.

The Python works on the same objects of the simulated gateway and gives the same result for every input: it looks for
null where C# would throw, and wraps around where C# does. It has no fuel and no limits: what these cost is ours to pay.
Where CEL can say the same, `cel` says it, over the plain values of `CEL_VALUES`.
"""

from __future__ import annotations

import base64
import datetime
import re
from typing import TYPE_CHECKING, Any

from apimpolicy.csharp.dotnet.cryptography.certificate import Certificate
from apimpolicy.csharp.dotnet.json.loading import parse_object
from apimpolicy.gateway.context.entities import Deployment
from apimpolicy.gateway.context.execution import Context
from apimpolicy.gateway.context.header_fields import HeaderCollection
from apimpolicy.gateway.context.messages import RequestMessage
from apimpolicy.gateway.context.urls import Url

if TYPE_CHECKING:
    from collections.abc import Callable


class Case:
    """One expression, the same by hand, and the same in CEL when CEL can say it."""

    def __init__(self, name: str, code: str, by_hand: Callable[[Any], Any], cel: str | None = None) -> None:
        self.name = name
        self.code = code
        self.by_hand = by_hand
        self.cel = cel


CASES: list[Case] = []


def case(name: str, code: str, cel: str | None = None) -> Callable[[Callable[[Any], Any]], Callable[[Any], Any]]:
    def register(by_hand: Callable[[Any], Any]) -> Callable[[Any], Any]:
        CASES.append(Case(name, code, by_hand, cel))
        return by_hand

    return register


@case(
    "introduction's condition",
    "@(context.Request.Certificate == null"
    " || !context.Deployment.Certificates.Any(c => c.Value.Thumbprint == context.Request.Certificate.Thumbprint))",
    "certificate == null || !certificates.exists(c, c.thumbprint == certificate.thumbprint)",
)
def condition(context: Any) -> bool:
    return context.request.certificate is None or not any(
        c.value.thumbprint == context.request.certificate.thumbprint for c in context.deployment.certificates
    )


@case(
    "header",
    '@(context.Request.Headers.GetValueOrDefault("Authorization", "").StartsWith("Bearer "))',
    '"authorization" in headers && headers["authorization"].startsWith("Bearer ")',
)
def header(context: Any) -> bool:
    value: str | None = context.request.headers.joined("Authorization")
    return value is not None and value.startswith("Bearer ")


@case(
    "query parameter",
    '@(context.Request.OriginalUrl.Query.GetValueOrDefault("page", "1"))',
    '"page" in query ? query["page"] : "1"',
)
def query_parameter(context: Any) -> str:
    value: str | None = context.request.original_url.query.joined("page")
    return "1" if value is None else value


@case(
    "comparisons",
    '@(context.Request.Method == "GET" && context.Request.OriginalUrl.Port == 443'
    ' && context.Request.OriginalUrl.Host != "localhost")',
    'method == "GET" && port == 443 && host != "localhost"',
)
def comparisons(context: Any) -> bool:
    request = context.request
    url = request.original_url
    return bool(request.method == "GET" and url.port == 443 and url.host != "localhost")


@case("text", '@(context.Request.OriginalUrl.Path.ToLower().Replace("/v1/", "/v2/").Trim(\'/\'))')
def text(context: Any) -> str:
    path: str = context.request.original_url.path
    return path.lower().replace("/v1/", "/v2/").strip("/")


@case(
    "interpolation",
    '@($"{context.Request.Method} {context.Request.OriginalUrl.Host}{context.Request.OriginalUrl.Path}")',
    'method + " " + host + path',
)
def interpolation(context: Any) -> str:
    request = context.request
    url = request.original_url
    return f"{request.method or ''} {url.host or ''}{url.path or ''}"


@case(
    "list of texts",
    "@{ var parts = new List<string>();"
    ' foreach (var name in "a,b,c,d,e".Split(\',\')) { parts.Add(name.ToUpper() + "=" + name); }'
    ' return string.Join("&", parts); }',
)
def list_of_texts(_: Any) -> str:
    parts = []
    for name in ["a", "b", "c", "d", "e"]:
        parts.append(name.upper() + "=" + name)
    return "&".join(parts)


@case(
    "LINQ",
    "@(context.Request.OriginalUrl.Path.Split('/').Where(part => part != \"\").Select(part => part.Length).Sum())",
)
def linq(context: Any) -> int:
    return sum(len(part) for part in context.request.original_url.path.split("/") if part != "")


@case(
    "JSON",
    '@{ var body = (JObject)context.Variables["body"]; var total = 0;'
    ' foreach (var item in (JArray)body["items"]) { total += (int)item["price"]; } return total; }',
)
def json(context: Any) -> int:
    body = context.variables.get_item("body")
    total = 0
    for item in body.get_item("items"):
        total = wrapped(total + item.get_item("price").value)
    return total


@case("10,000 iterations", "@{ int s = 0; for (int i = 0; i < 10000; i++) { s += i % 7; } return s; }")
def iterations(_: Any) -> int:
    s = 0
    for i in range(10000):
        s += i % 7
        if not -0x80000000 <= s <= 0x7FFFFFFF:
            s = wrapped(s)
    return s


@case(
    "wrap-around",
    "@{ int hash = 17; foreach (char c in context.Request.OriginalUrl.Path) { hash = hash * 31 + c; } return hash; }",
)
def wrap_around(context: Any) -> int:
    hash = 17
    for c in context.request.original_url.path:
        hash = wrapped(wrapped(hash * 31) + ord(c))
    return hash


@case(
    "digits",
    "@{ int sum = 0; foreach (char c in context.Request.OriginalUrl.Path)"
    " { if (c >= '0' && c <= '9') { sum = sum * 10 + (c - '0'); } } return sum; }",
)
def digits(context: Any) -> int:
    sum = 0
    for c in context.request.original_url.path:
        if "0" <= c <= "9":
            sum = wrapped(wrapped(sum * 10) + (ord(c) - 48))
    return sum


@case(
    "exception",
    "@{ try { return int.Parse(context.Request.OriginalUrl.Host); } catch (FormatException) { return -1; } }",
)
def exception(context: Any) -> int:
    try:
        return int(context.request.original_url.host)
    except ValueError:
        return -1


@case(
    "dictionary",
    '@{ var limits = new Dictionary<string, int> { { "free", 10 }, { "gold", 1000 } };'
    ' return limits.ContainsKey("gold") ? limits["gold"] + limits["free"] : 0; }',
)
def dictionary(_: Any) -> int:
    limits = {"free": 10, "gold": 1000}
    return wrapped(limits["gold"] + limits["free"]) if "gold" in limits else 0


@case(
    "variable",
    '@(context.Variables.GetValueOrDefault<string>("tier", "free") == "gold")',
    '"tier" in variables && variables["tier"] == "gold"',
)
def variable(context: Any) -> bool:
    variables = context.variables
    return bool((variables.get_item("tier") if variables.contains_key("tier") else "free") == "gold")


@case(
    "switch",
    '@{ switch (context.Request.Method) { case "GET": case "HEAD": return "read"; case "POST": return "create";'
    ' default: return "change"; } }',
    'method == "GET" || method == "HEAD" ? "read" : (method == "POST" ? "create" : "change")',
)
def switch(context: Any) -> str:
    match context.request.method:
        case "GET" | "HEAD":
            return "read"
        case "POST":
            return "create"
        case _:
            return "change"


@case("regular expression", '@(Regex.IsMatch(context.Request.OriginalUrl.Path, "^/orders/[0-9]+/"))')
def regular_expression(context: Any) -> bool:
    return re.search("^/orders/[0-9]+/", context.request.original_url.path) is not None


@case("date", '@(new DateTime(2024, 2, 28).AddDays(2).ToString("yyyy-MM-dd"))')
def date(_: Any) -> str:
    return (datetime.datetime(2024, 2, 28) + datetime.timedelta(days=2)).strftime("%Y-%m-%d")


@case(
    "base 64",
    '@("Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes(context.Request.OriginalUrl.Host + ":secret")))',
)
def base_64(context: Any) -> str:
    return "Basic " + base64.b64encode(f"{context.request.original_url.host or ''}:secret".encode()).decode()


@case("null or value", '@(context.Request.Certificate?.Subject ?? "nobody")')
def null_or_value(context: Any) -> str:
    certificate = context.request.certificate
    subject: str | None = certificate.subject if certificate is not None else None
    return subject if subject is not None else "nobody"


def wrapped(value: int) -> int:
    """An int as C# computes it outside of `checked`."""
    return value if -0x80000000 <= value <= 0x7FFFFFFF else (value + 0x80000000) % 0x100000000 - 0x80000000


# ------------------------------------------------------------------------------------------------- the subject

BODY = '{ "customer": { "name": "Ada" }, "items": [ { "price": 12 }, { "price": 30 }, { "price": 7 } ] }'


CEL_VALUES: dict[str, Any] = {
    "certificate": {"thumbprint": "7"},
    "certificates": [{"thumbprint": str(number)} for number in range(10)],
    "headers": {"accept": "application/json", "authorization": "Bearer abc.def.ghi"},
    "query": {"page": "3"},
    "variables": {"tier": "gold"},
    "method": "GET",
    "host": "contoso.example",
    "path": "/orders/42/v1/lines",
    "port": 443,
}
"""The subject as plain values, for CEL."""


def certificate(number: int) -> Certificate:
    """A fresh self-signed certificate."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, f"client {number}")])
    start = datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(start).not_valid_after(start + datetime.timedelta(days=3650))
    made = builder.sign(key, hashes.SHA256())
    return Certificate.from_der(made.public_bytes(serialization.Encoding.DER))


def context() -> Context:
    """A request with a certificate that is the eighth of ten uploaded ones."""
    uploaded = {f"c{number}": certificate(number) for number in range(10)}
    request = RequestMessage(
        "GET",
        Url.parse("https://contoso.example/orders/42/v1/lines?page=3"),
        headers=HeaderCollection([("Accept", ["application/json"]), ("Authorization", ["Bearer abc.def.ghi"])]),
        certificate=uploaded["c7"],
    )
    made = Context(request, deployment=Deployment("contoso", certificates=uploaded))
    made.variables.set_item("tier", "gold")
    made.variables.set_item("body", parse_object(BODY))
    return made
