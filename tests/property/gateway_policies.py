"""Policies that read requests in every way, and requests near the boundaries of what they read, from a `pick`.

`pick(n)` returns a number below n. Where it returns 0 the result is the simplest, so that a smaller choice is a smaller
policy. `code` are programs of the whole language, whose constants are replaced by what a request has.
"""

# ruff: noqa: E501 - rows of code and policies
from __future__ import annotations

import html
import json
import re
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import quote

from apimpolicy import Request

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from apimpolicy.csharp.dotnet.cryptography.certificate import Certificate

_T = TypeVar("_T")
HEADERS, QUERY, KEYS = ("X-A", "X-B"), ("q", "r"), ("role", "id", "items")
VARIABLES = ("v0", "v1", "v2", "v3", "v4", "v5", "k")
SENT_BACK = ("X-R", "X-S")
_WORDS = (
    *("a", "admin", "", "x", "1", "5", "A", "Admin", " a", "a,b", "a, b", ",", "true", "True", "0", "-1", "+5", "05"),
    *(
        "1e2",
        "2147483648",
        "null",
        "k",
        "K",
        "s",
        "i",
        "I",
        "é",
        "ß",
        "a b",
        "a\tb",
        "Bearer x",
        "YWRtaW4=",
        "%20",
        "/",
    ),
    *("\u212a", "\u017f", "\u0130", "e\u0301", "\U0001f600", "\u00a0x", "\ufeff", "\u200b", "2026-01-01", "10.0.0.1"),
    *("00000000-0000-0000-0000-000000000000", "{}", "[1]", '{"role":"a"}', "Basic YTpi", "12:00", "a" * 70),
)
_CONSTANTS = ("a", "admin", "x", "", "1", "5", "A", "k", "K", "true", ",", "é", "ß", " ", "ab", "i", "/")
_COMPARISONS = ("Ordinal", "OrdinalIgnoreCase", "InvariantCultureIgnoreCase", "CurrentCulture")
_PATTERNS = (
    *(
        "^a",
        "a$",
        "^[a-z]+$",
        "^\\\\d+$",
        "admin",
        "(?i)^admin$",
        "^\\\\w+$",
        "^\\\\s*$",
        "[^a-z]",
        "^.$",
        "^.*$",
        "^x?$",
    ),
    *("^(?:a|b)$", "^\\\\p{L}+$", "\\\\A5\\\\z", "[i-k]", "^(?=a)", "(a+)+$", "\\\\bx", "^\\\\D"),
)
_OPTIONS = ("None", "IgnoreCase", "IgnoreCase | RegexOptions.CultureInvariant", "Singleline", "Multiline", "ECMAScript")
_PATHS = (
    "/",
    "/a",
    "/admin",
    "/Admin",
    "/admin/",
    "//admin",
    "/orders/17",
    "/%61dmin",
    "/a%2Fb",
    "/a;b",
    "/%F0%9F%98%80",
)
_METHODS = ("GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PURGE", "PATCH")
_TYPES = (
    "application/json",
    "text/plain",
    "application/json; charset=utf-8",
    "text/plain; charset=utf-16",
    "text/xml",
    "",
)
_ADDRESSES = ("127.0.0.1", "10.0.0.1", "203.0.113.7", "::1", "2001:db8::1", "::ffff:10.0.0.1")
_COMPUTED_PATH = "@(&quot;/v&quot; + context.Request.Headers.GetValueOrDefault(&quot;X-A&quot;, &quot;&quot;))"
_CHANCES = ("DateTime.UtcNow.Ticks % 2 == 0", "Guid.NewGuid().ToString()[0] == 'a'", "new Random().Next(2) == 0")
_HIDDEN = re.compile(r"new\[\] \{ (true|false|-?\d+|@?\"(?:[^\"\\]|\\.)*\") \}\[0\]")
_BODY = "context.Request.Body.As<{}>(preserveContent: true)"


class Writer:
    """Writes policies and requests, of choices."""

    def __init__(self, pick: Callable[[int], int]) -> None:
        self.pick = pick
        self.count = 0
        self.is_inbound = False

    def of(self, values: Sequence[_T]) -> _T:
        """Return one of several values."""
        return values[self.pick(len(values))]

    def name(self) -> str:
        """Return a new name."""
        self.count += 1
        return f"n{self.count}"

    def constant(self) -> str:
        return json.dumps(self.of(_CONSTANTS), ensure_ascii=False)

    # C#

    def source(self) -> str:
        """Return an expression that reads a text of the request."""
        header, parameter, key = self.of(HEADERS), self.of(QUERY), self.of(KEYS)
        return self.of(
            (
                f'context.Request.Headers.GetValueOrDefault("{header}", "")',
                f'context.Request.Headers.GetValueOrDefault("{header}", "none")',
                f'context.Request.Url.Query.GetValueOrDefault("{parameter}", "")',
                f'context.Request.Headers["{header}"][0]',
                f'context.Request.Headers["{header}"].Last()',
                f'context.Request.Headers["{header}"].FirstOrDefault()',
                f'(context.Request.Headers.GetValueOrDefault("{header}") ?? {self.constant()})',
                "context.Request.Url.Path",
                "context.Request.Method",
                "context.Request.IpAddress",
                "context.Request.OriginalUrl.Path",
                "context.Request.Url.Host",
                f'context.Variables.GetValueOrDefault<string>("{self.of(VARIABLES)}", "none")',
                f'(string)context.Variables["{self.of(VARIABLES)}"]',
                f'(context.Variables.GetValueOrDefault<object>("{self.of(VARIABLES)}", "") as string ?? "other")',
                f'((string){_BODY.format("JObject")}["{key}"] ?? "")',
                f'({_BODY.format("JObject")}["{key}"]?.ToString() ?? "null")',
                f'{_BODY.format("JObject")}.Value<string>("{key}")',
                _BODY.format("string"),
                "context.Request.Body.As<string>()",
                '(context.Request.Certificate?.Thumbprint ?? "none")',
                '(context.Operation?.Id ?? "")',
            )
        )

    def text(self, depth: int) -> str:
        if depth <= 0 or not self.pick(3):
            return self.source()
        one = self.text(depth - 1)
        change = self.of(
            (
                *(
                    ".Trim()",
                    ".ToLower()",
                    ".ToUpperInvariant()",
                    ".Substring(1)",
                    ".Substring(0, 2)",
                    ".Replace('a','b')",
                ),
                *('.Replace("a","")', ".Split(',')[0]", ".Split('/')[1]", ".Split(',').Last()", ".Split(' ').First()"),
                *(".TrimStart('/')", ".TrimEnd('a')", ".PadLeft(3,'0')", '.Insert(0,"x")', ".Remove(0,1)", " + null"),
                *(".Split(',').Where(p => p != \"\").FirstOrDefault()", "?.Trim()", ".ToString()"),
                *(".Split(',').Select(p => p.Trim()).First()", ".Split(',').Skip(1).FirstOrDefault() ?? \"z\""),
            )
        )
        return self.of(
            (
                f"({one}{change})",
                f"({one} + {self.constant()})",
                f"({self.truth(depth - 1)} ? {one} : {self.constant()})",
                f"({self.number(depth - 1)}).ToString()",
                f"({self.truth(depth - 1)}).ToString()",
                f"string.Concat({one}, {self.source()})",
                f'Regex.Replace({one}, "a", "")',
                f"Encoding.UTF8.GetString(Convert.FromBase64String({one}))",
                f"Convert.ToBase64String(Encoding.UTF8.GetBytes({one}))",
                f"Uri.UnescapeDataString({one})",
                f'new Dictionary<string, string> {{ {{ "a", "1" }} }}.GetValueOrDefault({one}, "none")',
                f"({one}, {self.constant()}).Item1",
                f"string.Join(\"-\", {one}.Split(','))",
                f'$"{{{self.name()}}}"'.replace(f"n{self.count}", f"{self.number(0)}"),
                f"new {{ a = {one} }}.a",
                f'((object){one} is string {self.name()} ? n{self.count} : "")',
            )
        )

    def number(self, depth: int) -> str:
        one = self.text(depth - 1)
        return self.of(
            (
                f"{one}.Length",
                f"{one}.IndexOf('a')",
                f"{one}.IndexOf({self.constant()}, StringComparison.{self.of(_COMPARISONS)})",
                f"int.Parse({one})",
                f"Convert.ToInt32({one})",
                f"{one}.Split(',').Length",
                f"{one}.Split(',').Count(p => p == {self.constant()})",
                f"{one}.Split(',').Where(p => p.Length > 1).Count()",
                f'context.Request.Headers["{self.of(HEADERS)}"].Length',
                f"({one}.Length {self.of('+-*')} {self.of(('1', '2', '1000000'))})",
                f"({one}.Length {self.of('/%')} {self.of(('2', '3'))})",
                f"string.Compare({one}, {self.constant()}, StringComparison.{self.of(_COMPARISONS)})",
                f"{one}.CompareTo({self.constant()})",
                f'(int){_BODY.format("JObject")}["{self.of(KEYS)}"]',
                f"(int){one}[0]",
                f"(int)StringComparison.{self.of(_COMPARISONS)}",
                f"Math.Max({one}.Length, 2)",
                "context.Variables.Count",
                "context.Request.Headers.Keys.Count(k => k.Length > 3)",
            )
        )

    def predicate(self, name: str) -> str:
        return self.of(
            (
                f"{name} == {self.constant()}",
                f"{name}.StartsWith({self.constant()}, StringComparison.Ordinal)",
                f"{name}.Length > 1",
                f"{name}.Trim() == {self.constant()}",
                f"{name} == context.Request.Method",
                f"context.Variables.ContainsKey({name})",
                f"{name}[0] == 'a'",
                f"int.Parse({name}) > 3",
                self.of(_CHANCES),
            )
        )

    def maybe(self, depth: int) -> str:
        """Return an expression of the type `bool?`."""
        header = f'context.Request.Headers.GetValueOrDefault("{self.of(HEADERS)}")'
        return self.of(
            (
                f"{header}?.StartsWith({self.constant()}, StringComparison.Ordinal)",
                f"({self.maybe(depth - 1)} {self.of('&|^')} {self.truth(depth - 1)})" if depth > 0 else "(bool?)null",
                f"({self.truth(depth - 1)} ? (bool?)null : {self.truth(0)})",
                f'(bool?){_BODY.format("JObject")}["{self.of(KEYS)}"]',
                f"!({header}?.Contains({self.constant()}))",
                f"({header}?.Length > 1 ? true : (bool?)null)",
            )
        )

    def truth(self, depth: int) -> str:
        if depth > 0 and self.pick(3) == 2:
            operator = self.of(("&&", "||", "==", "!=", "^", "&", "|"))
            return f"({self.truth(depth - 1)} {operator} {self.truth(depth - 1)})"
        one, header = self.text(depth - 1), self.of(HEADERS)
        token = f'{_BODY.format("JObject")}["{self.of(KEYS)}"]'
        kind = self.pick(12)
        if kind == 0:
            return f"{one} {self.of(('==', '!='))} {self.constant()}"
        if kind == 1:
            return f'context.Request.Headers.ContainsKey("{header}")'
        if kind == 2:
            return f"({self.maybe(depth)} {self.of(('== true', '!= true', '?? false', '!= false', '== null'))})"
        if kind == 3:
            return f"{self.number(depth)} {self.of(('==', '<', '>', '<=', '!='))} {self.of((0, 1, 2, 3, 5, -1))}"
        if kind == 4:
            call = self.of(("Contains", "StartsWith", "EndsWith", "Equals"))
            how = self.of(("", f", StringComparison.{self.of(_COMPARISONS)}"))
            return f"{one}.{call}({self.constant()}{how})"
        if kind == 5:
            pattern, options = self.of(_PATTERNS), self.of(_OPTIONS)
            return f'Regex.IsMatch({one}, "{pattern}", RegexOptions.{options})'
        if kind == 6:
            items = self.of(
                (
                    f"{one}.Split(',')",
                    f'context.Request.Headers["{header}"]',
                    "context.Request.Headers.Keys",
                    f"new[] {{ {self.constant()}, {one} }}",
                    f"new List<string> {{ {self.constant()}, {one} }}.Where(w => {self.predicate('w')})",
                    "context.Request.Headers.Select(h => h.Key)",
                    f"{token}.Select(t => (string)t)",
                    "context.Variables.Keys",
                )
            )
            return f"{items}.{self.of(('Any', 'All'))}(p => {self.predicate('p')})"
        if kind == 7:
            items = self.of(
                (f"new[] {{ {self.constant()}, {self.constant()} }}", f'context.Request.Headers["{header}"]')
            )
            return f"{items}.Contains({one})"
        if kind == 8:
            return self.of(
                (
                    f"{token} == null",
                    f"(bool){token}",
                    f"{token}.Type == JTokenType.{self.of(('String', 'Integer', 'Null', 'Array', 'Boolean'))}",
                    f"({token} as JArray)?.Count == 2",
                    f"{token} is JObject",
                    f"{token} is JValue",
                    f'{_BODY.format("JObject")}.SelectToken("items[0]") != null',
                    f'((JArray){token}).Any(t => (string)t == "a")',
                    f"{token}.HasValues",
                    "context.Request.Body == null",
                )
            )
        if kind == 9:
            name = self.name()
            return self.of(
                (
                    f"(int.TryParse({one}, out int {name}) && {name} > 0)",
                    f"(bool.TryParse({one}, out bool {name}) && {name})",
                    f"((object){one} is string {name} && {name}.Length > 1)",
                    f"Guid.TryParse({one}, out Guid {name})",
                    f"bool.Parse({one})",
                    f"({one} as object) == null",
                    f"Enum.TryParse({one}, out DayOfWeek {name})",
                    f"DateTime.TryParse({one}, out DateTime {name})",
                )
            )
        if kind == 10:
            return self.of(
                (
                    "context.Request.Certificate == null",
                    "context.Request.Certificate != null && context.Request.Certificate.Verify()",
                    "context.Deployment.Certificates.Any(c => c.Value.Thumbprint == context.Request.Certificate?.Thumbprint)",
                    f'context.Variables.ContainsKey("{self.of(VARIABLES)}")',
                    "context.Response == null",
                    "context.LastError == null",
                    'context.LastError?.Source == "choose"',
                    f'context.Variables["{self.of(VARIABLES)}"] == {self.constant()}',
                    "context.User == null",
                    self.of(_CHANCES),
                )
            )
        return f"string.IsNullOrEmpty({one})"

    def statements(self, depth: int) -> str:
        """Return a block with a result of any type."""
        one, truth, constant = self.text(depth), self.truth(depth), self.constant()
        return self.of(
            (
                f"{{ string r = {one}; if ({truth}) {{ r = {self.text(depth - 1)}; }} return r + {constant}; }}",
                f"{{ try {{ var v = {one}; if ({truth}) {{ return v; }} return v.Length; }} catch {{ return null; }} }}",
                f"{{ int n = 0; foreach (var p in {one}.Split(',')) {{ if ({self.predicate('p')}) {{ n += 1; }} }} return n; }}",
                f'{{ switch ({one}) {{ case "a": return 1; case "admin": return {self.text(0)}; default: return false; }} }}',
                f"{{ bool? b = {self.maybe(depth)}; b {self.of('&|^')}= {truth}; return b; }}",
                f"{{ bool T(string s) => s == {constant}; return T({one}) && {truth}; }}",
                f'{{ var d = context.Variables as IDictionary<string, object>; d["k"] = {one}; return context.Variables.ContainsKey("k"); }}',
                f"{{ var d = context.Variables; ((IDictionary<string, object>)d).Remove({constant}); return d.Count; }}",
                f'{{ var o = new JObject(); o["a"] = {one}; return (string)o["a"] == {constant}; }}',
                f'{{ var o = {_BODY.format("JObject")}; o["role"] = {constant}; return o["role"].ToString(); }}',
                f"{{ Func<string, bool> f = s => {self.predicate('s')}; return f({one}) == f({constant}); }}",
                f'{{ var l = new List<string> {{ {constant} }}; l.Add({one}); return l.Contains("a"); }}',
                f"{{ var q = context.Request.Headers.Keys.Where(p => {self.predicate('p')}); return q.Any() == q.Any(); }}",
                f"{{ object x = {one}; return x is string s && s == {constant} ? (object)s.Length : x; }}",
                f"{{ for (int i = 0; i < 3; i++) {{ if ({truth}) {{ return i; }} }} return -1; }}",
                "{ return context.Variables; }",
                f"{{ return new[] {{ {one}, {constant} }}; }}",
                f"{{ return {self.maybe(depth)}; }}",
                f'{{ string r = null; try {{ r = {one}; int.Parse(r); }} catch (FormatException) {{ r = r + "f"; }} return r; }}',
                f"{{ var (a, b) = ({one}, {truth}); return b ? a : {constant}; }}",
            )
        )

    def given(self, code: str) -> str:
        """Replace hidden constants of a program by what a request has."""

        def replaced(found: re.Match[str]) -> str:
            if not self.pick(2):
                return found[0]
            if found[1] in ("true", "false"):
                return f"({self.truth(0)})"
            return f"({self.number(0)})" if found[1][-1].isdigit() else f"({self.text(0)})"

        return _HIDDEN.sub(replaced, code)

    # Policies

    def policies(self, programs: Sequence[str] = ()) -> str:
        """Return a document."""
        inbound = "".join(self.given_variable(code) for code in programs)
        self.is_inbound = True
        inbound += self.several(2, 1 + self.pick(4))
        self.is_inbound = False
        outbound, on_error = self.several(1, self.pick(3)), self.several(1, self.pick(3))
        return (
            f"<policies><inbound><base />{inbound}</inbound><backend>{self.of(('<base />', self.retried()))}</backend>"
            f"<outbound><base />{outbound}</outbound><on-error><base />{on_error}</on-error></policies>"
        )

    def given_variable(self, code: str) -> str:
        return variable(self.of(VARIABLES), f"@{self.given(code)}")

    def several(self, depth: int, count: int) -> str:
        return "".join(self.policy(depth) for _ in range(count))

    def retried(self) -> str:
        condition = html.escape("@(context.Response == null || context.Response.StatusCode >= 500)")
        return f'<retry condition="{condition}" count="2" interval="0"><forward-request /></retry>'

    def policy(self, depth: int) -> str:
        """Return one policy."""
        name = self.of(VARIABLES)
        if depth > 0 and self.pick(4) == 3:
            inner = self.several(depth - 1, 1 + self.pick(2))
            condition = html.escape(f"@({self.truth(2)})")
            return self.of(
                (
                    f'<choose><when condition="{condition}">{inner}</when></choose>',
                    f'<choose><when condition="{condition}">{inner}</when><otherwise>{self.policy(0)}</otherwise></choose>',
                    f'<retry condition="{condition}" count="2" interval="0">{inner}</retry>',
                    f'<wait for="all"><choose><when condition="{condition}">{inner}</when></choose></wait>',
                    f'<limit-concurrency key="k" max-count="2">{inner}</limit-concurrency>',
                )
            )
        value = html.escape(f"@({self.text(1)})")
        kind = self.pick(16)
        if kind < 3:
            code = self.of(
                (f"@({self.truth(2)})", f"@({self.text(2)})", f"@({self.number(2)})", f"@{self.statements(1)}")
            )
            return variable(name, code)
        anywhere = (
            f'<set-header name="{self.of(HEADERS)}" exists-action="{self.of(("override", "append", "skip", "delete"))}">'
            f"<value>{value}</value></set-header>",
            '<return-response><set-status code="403" reason="no" /></return-response>',
            f'<set-header name="{self.of(SENT_BACK)}" exists-action="override"><value>{value}</value></set-header>',
            f"<set-body>{value}</set-body>",
            f'<send-request mode="{self.of(("new", "copy"))}" response-variable-name="{name}" ignore-error="{self.of(("true", "false"))}">'
            "<set-url>https://auth.example/</set-url></send-request>",
            variable(self.of(VARIABLES), f'@(((IResponse)context.Variables["{name}"])?.StatusCode)'),
            f'<cache-lookup-value key="{self.of("kl")}" variable-name="{name}" default-value="none" />',
            f'<cache-store-value key="{self.of("kl")}" value="{value}" duration="60" />',
            '<validate-content unspecified-content-type-action="ignore" max-size="50" size-exceeded-action="prevent" '
            'errors-variable-name="v5"></validate-content>',
            '<trace source="a"><message>b</message></trace>',
            '<set-status code="202" reason="ok" />',
            variable(name, "@(context.Response?.StatusCode ?? 0)"),
            variable(name, "@(context.LastError?.Source)"),
        )
        of_inbound = (
            f'<set-query-parameter name="{self.of(QUERY)}" exists-action="override"><value>{value}</value></set-query-parameter>',
            f'<rewrite-uri template="{self.of(("/z", "/z?q=1", _COMPUTED_PATH))}" copy-unmatched-params="{self.of(("true", "false"))}" />',
            f"<set-method>{self.of(_METHODS)}</set-method>",
            f'<check-header name="{self.of(HEADERS)}" failed-check-httpcode="401" failed-check-error-message="no" '
            'ignore-case="true"><value>a</value><value>admin</value></check-header>',
            f'<ip-filter action="{self.of(("allow", "forbid"))}"><address>10.0.0.1</address>'
            '<address-range from="203.0.113.0" to="203.0.113.9" /></ip-filter>',
            '<validate-jwt header-name="Authorization"><issuer-signing-keys><key>c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0</key>'
            "</issuer-signing-keys></validate-jwt>",
            '<rate-limit-by-key calls="1" renewal-period="60" counter-key="k" remaining-calls-variable-name="v4" />',
            f"<cors><allowed-origins><origin>{self.of(('*', 'https://a.example'))}</origin></allowed-origins></cors>",
            '<validate-client-certificate validate-revocation="false" />',
            '<mock-response status-code="201" />',
            '<set-backend-service base-url="https://other.example" />',
        )
        return self.of((*anywhere, *of_inbound) if self.is_inbound else anywhere)

    # Requests

    def word(self) -> str:
        found = self.of(_WORDS)
        change = self.pick(12)
        return {
            1: found.upper(),
            2: f" {found}",
            3: f"{found} ",
            4: found[:-1],
            5: found + ",a",
            6: found.swapcase(),
        }.get(change, found)

    def value(self, depth: int = 2) -> object:
        kinds = (
            *(self.word(), "a", None, 1, True, False, 0, -1, 5, 1.5, 2**31, "2024-01-01T00:00:00Z"),
            [self.value(0)] if depth else [],
            [self.word() for _ in range(self.pick(7))],
            {self.of(KEYS): self.value(depth - 1)} if depth > 0 else {},
        )
        return self.of(kinds)

    def body(self) -> bytes | None:
        tree = {key: self.value() for key in KEYS if self.pick(4)}
        text = json.dumps(tree, ensure_ascii=self.pick(2) == 0)
        content: bytes | None = self.of(
            (
                *(None, text.encode(), text.encode(), b"", self.word().encode("utf-8", "surrogatepass"), b"\xff\xfe"),
                *((text + " x").encode(), f"/*c*/{text}".encode(), text.encode("utf-16"), b"[1]", b'{"a":1,"a":2}'),
            )
        )
        return content

    def request(self, certificates: Sequence[Certificate | None] = (None,)) -> Request:
        headers: dict[str, list[str]] = {}
        for name in (*HEADERS, "Authorization", "Origin"):
            count = (0, 1, 1, 2, 3)[self.pick(5)] if name in HEADERS else self.pick(2)
            if count:
                headers[self.of((name, name.lower()))] = [self.word() for _ in range(count)]
        if self.pick(2):
            headers["Content-Type"] = [self.of(_TYPES)]
        pairs = [(name, self.word()) for name in QUERY for _ in range((0, 1, 1, 2)[self.pick(4)])]
        query = "&".join(f"{name}={quote(value.encode('utf-8', 'surrogatepass'), safe=',/')}" for name, value in pairs)
        return Request(
            self.of(_METHODS),
            f"https://contoso.example{self.of(_PATHS)}" + (f"?{query}" if query else ""),
            headers=headers,
            body=self.body(),
            certificate=self.of(certificates),
            ip_address=self.of(_ADDRESSES),
        )


def variable(name: str, code: str) -> str:
    """Return a policy that sets a variable."""
    return f'<set-variable name="{name}" value="{html.escape(code)}" />'
