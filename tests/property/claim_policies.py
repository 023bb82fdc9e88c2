"""Policies and claims made up at random, and requests near the boundaries of their conditions."""

from __future__ import annotations

import random
from typing import Any
from urllib.parse import quote

from apimpolicy import Request

_NAMES = ("X-Role", "X-Client", "X-Version")
_QUERY = ("mode", "page")
_WORDS = ("admin", "reader", "v2", "beta", "")
_NUMBERS = (0, 1, 9, 10, 42)
_PATHS = ("/", "/health", "/orders", "/orders/17", "/admin/users")
_CHANGES = (("==", "!="), ("!=", "=="), ("&&", "||"), ("||", "&&"), ("!(", "("), ("admin", "reader"), ("403", "200"))
_VARIABLES = ("role", "seen", "kind")
_RETRY = 'condition="@(context.Response.StatusCode >= 400)" count="2" interval="0"'
_METHODS = ("GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PURGE", "M-SEARCH", "PATCH", "X!#$%&'*+.^_`|~")
_ODD = (
    *("\u212a", "\u0130", "\u0131", "\u200b", "\u00ad", "\u017f", "e\u0301", "\0", "\t", "\x1c", "\u3000", "\u0665"),
    *("4" * 40, "1.5", "-0", "2147483648", "1e3", "0x1A", "\U0001f600", "\ufb01", "\u00df", "\u2028", "+1", " ", ","),
)
"""What checks overlook: case folds, marks, ignorable characters, blanks, NUL, long and fractional numbers."""
_PLAIN = (" ", ",", ", ", "+1", "-0", "0x1A", "1e3", "1.5", "4" * 40, "2147483648", "\n", "\r\n", "'", '"', "\\", "%41")
"""What checks overlook among printable ASCII and line breaks."""
_BODIES = (
    *("x", "", "\n", '{"a": 1e30}', '{"role": 1.5}', "[]", "\ufeffx", '{"role": "admin"}', '{"role": ["admin"]}', "{"),
    *('{"role": "\u212a", "role": "admin"}', '{"Role": "admin"}', '{"role": 123456789012345678901234567890}', "null"),
    *('{"role": "2024-01-01T00:00:00Z"}', "<a>1</a>", "a=1&a=2&b=%20", b"\xff\xfe\x00", b"\x80", '"admin"', "true"),
)
_ADDRESSES = ("127.0.0.1", "::1", "10.0.0.1", "203.0.113.7", "2001:db8::1")
_HOSTS = ("", "", "https://127.0.0.1:8443", "http://[::1]", "https://h.example:1", "http://API.contoso.example:65535")
_ENCODED = ("/orders%2F17", "/%61dmin/users", "/admin%00", "/orders/%E2%84%AA", "/orders//17", "/orders/17/", "/a;b=c")


class Maker:
    """Makes policies, claims and requests up, the same for the same seed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    # Conditions

    def condition(self, depth: int = 2) -> str:
        """A condition in C#."""
        if depth and self.random.random() < 0.6:
            operator = self.random.choice(("&&", "||"))
            return f"({self.condition(depth - 1)} {operator} {self.condition(depth - 1)})"
        kinds = (self._of_text, self._of_text, self._of_number, self._of_presence, self._of_method, self._of_rest)
        atom = self.random.choice(kinds)()
        return f"!({atom})" if self.random.random() < 0.3 else atom

    def _text(self) -> str:
        name, default = self.random.choice(_NAMES), self.random.choice(_WORDS)
        return self.random.choice(
            (
                f'context.Request.Headers.GetValueOrDefault("{name}", "{default}")',
                f'context.Request.Url.Query.GetValueOrDefault("{self.random.choice(_QUERY)}", "{default}")',
                "context.Request.Url.Path",
                'context.Variables.GetValueOrDefault<string>("role", "")',
            )
        )

    def _of_text(self) -> str:
        text, word = self._text(), self.random.choice(_WORDS + _PATHS)
        return self.random.choice(
            (
                f'{text} == "{word}"',
                f'{text} != "{word}"',
                f'{text}.StartsWith("{word}")',
                f'{text}.Contains("{word}")',
                f'{text}.EndsWith("{word}")',
                f'{text}.ToLower() == "{word}"',
                f'{text}.Trim() == "{word}"',
                f'{text}.Equals("{word}", StringComparison.OrdinalIgnoreCase)',
                f"{text}.Split(',').Contains(\"{word}\")",
                f"string.IsNullOrEmpty({text})",
            )
        )

    def _of_number(self) -> str:
        operator, number = self.random.choice(("<", ">", "==", ">=")), self.random.choice(_NUMBERS)
        return self.random.choice(
            (f"{self._text()}.Length {operator} {number}", f"int.Parse({self._text()}) {operator} {number}")
        )

    def _of_presence(self) -> str:
        return self.random.choice(
            (
                f'context.Request.Headers.ContainsKey("{self.random.choice(_NAMES)}")',
                f'context.Request.Url.Query.ContainsKey("{self.random.choice(_QUERY)}")',
                "context.Request.Body == null",
            )
        )

    def _of_method(self) -> str:
        return f'context.Request.Method == "{self.random.choice(_METHODS)}"'

    def _of_rest(self) -> str:
        """What people write less often."""
        text, word, name = self._text(), self.random.choice(_WORDS + _PATHS), self.random.choice(_NAMES)
        number = self.random.choice(_NUMBERS)
        body = "context.Request.Body.As<JObject>(preserveContent: true)"
        return self.random.choice(
            (
                f'context.Request.Headers["{name}"].First() == "{word}"',
                f'context.Request.Headers["{name}"].Any(v => v == "{word}")',
                f'context.Request.Headers["{name}"].Contains("{word}")',
                f'context.Request.Headers["{name}"].Length == 1',
                f'context.Request.Headers.GetValueOrDefault("{name}") == null',
                f"{text}.Split(',').Last().Trim() == \"{word}\"",
                f"{text}.Split('/').Length > 2",
                f'{text}.IndexOf("{word}", StringComparison.OrdinalIgnoreCase) >= 0',
                f'{text}.ToUpperInvariant() == "{word}".ToUpperInvariant()',
                f"{text}.TrimEnd('/').EndsWith(\"{word}\")",
                f'{text}.Replace("-", "") == "{word}"',
                f'{text}.Substring(0, 2) == "v2"',
                f'({text} + "!").StartsWith("{word}", StringComparison.Ordinal)',
                f'string.Compare({text}, "{word}", true) == 0',
                f'new[] {{ "admin", "{word}" }}.Contains({text})',
                f'System.Text.RegularExpressions.Regex.IsMatch({text}, "^(?i)adm")',
                f'System.Text.RegularExpressions.Regex.IsMatch({text}, "^[a-z]+$")',
                f"{text}.All(c => char.IsLetterOrDigit(c))",
                f"int.Parse({text}) + 2147483600 > {number}",
                f"Convert.ToInt32({text}) * 2 == {number}",
                f"double.Parse({text}) > {number}",
                f"bool.Parse({text})",
                'context.Request.Url.Host == "127.0.0.1"',
                "context.Request.Url.Port == 443",
                'context.Request.Url.Scheme == "https"',
                'context.Request.IpAddress.StartsWith("10.")',
                f'(string){body}["role"] == "admin"',
                f'{body}["role"] != null',
                f'context.Variables.ContainsKey("{self.random.choice(_VARIABLES)}")',
            )
        )

    # Policies and claims

    def policy(self) -> str:
        """An API's policy."""
        inbound = "".join(self._step() for _ in range(self.random.randint(1, 3)))
        return (
            f"<policies><inbound><base />{inbound}</inbound><backend><base /></backend>"
            "<outbound><base /></outbound><on-error><base /></on-error></policies>"
        )

    def _step(self) -> str:
        kind = self.random.random()
        if kind < 0.2:
            return f'<set-variable name="role" value="@({self._text()})" />'
        if kind < 0.35:
            name, action = self.random.choice(_NAMES), self.random.choice(("override", "skip", "delete"))
            value = "" if action == "delete" else f"<value>@({self._text()})</value>"
            return f'<set-header name="{name}" exists-action="{action}">{value}</set-header>'
        whens = "".join(
            f'<when condition="@({self.condition()})">{self._answer()}</when>' for _ in range(self.random.randint(1, 2))
        )
        otherwise = f"<otherwise>{self._answer()}</otherwise>" if self.random.random() < 0.2 else ""
        return f"<choose>{whens}{otherwise}</choose>"

    def _answer(self) -> str:
        if self.random.random() < 0.25:
            return '<set-variable name="role" value="admin" />'
        status = self.random.choice((401, 403, 404))
        return f'<return-response><set-status code="{status}" reason="No" /></return-response>'

    def branching(self) -> str:
        """A policy with many branches, some of which nobody takes, and with what a search does not understand."""
        inbound = "".join(self._branching_step(2) for _ in range(self.random.randint(2, 5)))
        outbound = "".join(self._branching_step(1) for _ in range(self.random.randint(0, 2)))
        on_error = self._choose(0) if self.random.random() < 0.5 else ""
        backend = "<base />" if self.random.random() < 0.7 else f"<retry {_RETRY}>{self._choose(0)}<base /></retry>"
        return (
            f"<policies><inbound><base />{inbound}</inbound><backend>{backend}</backend>"
            f"<outbound><base />{outbound}</outbound><on-error><base />{on_error}</on-error></policies>"
        )

    def _branching_step(self, depth: int) -> str:
        kind = self.random.random()
        if kind < 0.25:
            return f'<set-variable name="{self.random.choice(_VARIABLES)}" value="@({self._value()})" />'
        if kind < 0.35:
            name, action = self.random.choice(_NAMES), self.random.choice(("override", "skip", "delete"))
            value = "" if action == "delete" else f"<value>@({self._value()})</value>"
            return f'<set-header name="{name}" exists-action="{action}">{value}</set-header>'
        if kind < 0.45:
            return f'<trace source="t"><message>@({self._value()})</message></trace>'
        return self._choose(depth)

    def _choose(self, depth: int) -> str:
        def inner() -> str:
            if depth and self.random.random() < 0.6:
                return self._branching_step(depth - 1)
            return self._answer() if self.random.random() < 0.5 else ""

        whens = "".join(
            f'<when condition="@({self._asked()})">{inner()}</when>' for _ in range(self.random.randint(1, 3))
        )
        otherwise = f"<otherwise>{inner()}</otherwise>" if self.random.random() < 0.4 else ""
        return f"<choose>{whens}{otherwise}</choose>"

    def _asked(self) -> str:
        """A condition, often one of few, so that several ask the same."""
        if self.random.random() < 0.5:
            return self.condition(1)
        name = self.random.choice(_NAMES[:2])
        variable = self.random.choice(_VARIABLES)
        return self.random.choice(
            (
                f'context.Request.Headers.ContainsKey("{name}")',
                f'!context.Request.Headers.ContainsKey("{name}")',
                f'context.Request.Headers.GetValueOrDefault("{name}", "") == "admin"',
                f'context.Request.Headers.GetValueOrDefault("{name}", "") == "reader"',
                f'context.Variables.GetValueOrDefault<string>("{variable}", "") == "admin"',
                f'context.Variables.ContainsKey("{variable}")',
                f'(string)context.Variables["{variable}"] != "admin"',
                'context.Request.Method == "PUT"',
                "context.Response.StatusCode > 400",
                "true",
            )
        )

    def _value(self) -> str:
        """A text: of the request, of a variable, or one whose way is not understood."""
        text, variable = self._text(), self.random.choice(_VARIABLES)
        return self.random.choice(
            (
                text,
                f'{self._asked()} ? "admin" : "reader"',
                f'{text} + "!"',
                f'context.Variables.GetValueOrDefault<string>("{variable}", "none")',
                f"{text}.GetHashCode() > 0 ? &quot;admin&quot; : {text}",
                f"{text}.Substring(1)",
                f'{text}.Normalize() == "admin" ? "reader" : "admin"',
                "Guid.NewGuid().ToString()",
            )
        )

    def guarded(self) -> tuple[str, dict[str, Any]]:
        """A policy that refuses on a condition, and the claim that nothing with it reaches the backend."""
        condition = self.condition(1)
        policy = (
            f'<policies><inbound><base /><choose><when condition="@({condition})"><return-response>'
            '<set-status code="403" reason="No" /></return-response></when></choose></inbound>'
            "<backend><base /></backend><outbound><base /></outbound><on-error><base /></on-error></policies>"
        )
        return policy, {"if": f"@({condition})", "never": "reaches-backend"}

    def assuming(self) -> tuple[str, dict[str, Any]]:
        """A policy that checks a field in one way, and a claim that it was checked in another: for most requests."""
        name, word = self.random.choice(_NAMES), self.random.choice(("admin", "reader", "v2"))
        joined, values = (
            f'context.Request.Headers.GetValueOrDefault("{name}", "")',
            f'context.Request.Headers["{name}"]',
        )
        ways = [
            (f'{joined}.StartsWith("{word}")', f'{joined}.StartsWith("{word}", StringComparison.Ordinal)'),
            (f'{joined}.EndsWith("{word}")', f'{joined}.EndsWith("{word}", StringComparison.Ordinal)'),
            (f'{joined}.IndexOf("{word}") == 0', f'{joined}.Substring(0, {len(word)}) == "{word}"'),
            (f'{joined}.IndexOf("{word}") >= 0', f'{joined}.Contains("{word}")'),
            (f'{joined} == "{word}"', f'{values}[0] == "{word}"'),
            (f'{values}.First() == "{word}"', f'{joined} == "{word}"'),
            (f'{values}.Last().Trim() == "{word}"', f'{joined}.Trim() == "{word}"'),
            (f'{values}.Any(v => v == "{word}")', f'{joined} == "{word}"'),
            (f'{values}[0].StartsWith("{word}")', f'{joined}.StartsWith("{word}", StringComparison.Ordinal)'),
            (f'{joined}.ToLower() == "{word}"', f'{joined}.Equals("{word}", StringComparison.OrdinalIgnoreCase)'),
        ]
        asked, claimed = self.random.choice(ways)
        if self.random.random() < 0.5:
            asked, claimed = claimed, asked
        guard = f'context.Request.Headers.ContainsKey("{name}") && {asked}'
        policy = (
            f'<policies><inbound><base /><choose><when condition="@(!({guard}))"><return-response>'
            '<set-status code="403" reason="No" /></return-response></when></choose></inbound>'
            "<backend><base /></backend><outbound><base /></outbound><on-error><base /></on-error></policies>"
        )
        return policy, {"if": "reaches-backend", "then": f"@({claimed})"}

    def claim(self) -> dict[str, Any]:
        """A claim."""
        expression = f"@({self.condition(1)})"
        return self.random.choice(
            (
                {"never": {"status": 500, "by": "gateway"}},
                {"never": {"status": self.random.choice((401, 403, 404, 500))}},
                {"if": "reaches-backend", "then": expression},
                {"if": expression, "then": {"status": self.random.choice((403, 404))}},
                {"if": "reaches-backend", "then-sent": expression},
                {"if": expression, "never": "reaches-backend"},
                {"if": {"by": "policy"}, "then": {"any": [{"status": 403}, expression]}},
            )
        )

    def changed(self, policy: str) -> list[str]:
        """The policy with one operator or word changed, at up to six places."""
        found: list[str] = []
        for old, new in _CHANGES:
            places = [place for place in range(len(policy)) if policy.startswith(old, place)]
            for place in self.random.sample(places, min(len(places), 2)):
                found.append(policy[:place] + new + policy[place + len(old) :])
        return self.random.sample(found, min(len(found), 6))

    # Requests

    def variables(self) -> dict[str, str]:
        """What wider scopes have set."""
        return {name: self.word() for name in _VARIABLES if self.random.random() < 0.4}

    def word(self) -> str:
        """A text near those that conditions ask for."""
        found = self.random.choice(_WORDS + _PATHS + tuple(map(str, _NUMBERS)))
        for _ in range(self.random.choice((0, 0, 0, 1, 1, 2))):
            found = self._changed(found)
        return found

    def _changed(self, text: str) -> str:
        place = self.random.randint(0, len(text))
        return self.random.choice(
            (
                text.upper(),
                text.title(),
                f" {text}",
                f"{text} ",
                text[:place] + text[place + 1 :],
                text[:place] + self.random.choice("a0,-/ A") + text[place:],
                text + "," + self.random.choice(_WORDS),
                f"-{text}",
                text * 2,
            )
        )

    def request(self, *, once: bool = False, plain: bool = False) -> Request:
        """A request of the real domain; `once`: no field repeats, `plain`: printable ASCII and line breaks alone."""
        pick = self.random
        headers = {name: self._values(once, plain) for name in _NAMES if pick.random() < 0.6}
        parameters = [(name, value) for name in _QUERY if pick.random() < 0.6 for value in self._values(once, plain)]
        query = "&".join(f"{name}={quote(value, safe=',/')}" for name, value in parameters)
        path = pick.choice(_PATHS) if pick.random() < 0.6 else "/" + quote(self.word(), safe="/,")
        if pick.random() < 0.1:
            path = pick.choice(_ENCODED)
        body = pick.choice(_BODIES) if pick.random() < 0.4 else None
        return Request(
            pick.choice(_METHODS),
            pick.choice(_HOSTS) + path + (f"?{query}" if query else ""),
            headers=headers,
            body=body,
            ip_address=pick.choice(_ADDRESSES),
        )

    def _values(self, once: bool, plain: bool) -> list[str]:
        """The values of a header or parameter: mostly one, sometimes several, sometimes odd ones."""
        odd = self.random.random() < 0.15
        count = 1 if once or self.random.random() < 0.8 else self.random.randint(2, 4)
        return [
            self.random.choice(_PLAIN if plain else _ODD) + self.word() if odd else self.word() for _ in range(count)
        ]
