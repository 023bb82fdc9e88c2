# ruff: noqa: E501 - blocks keep their lines
"""Twenty-one long blocks against plain Python that does the same: `python benchmarks/blocks.py [SECONDS]`.

Blocks as policies have them: JSON is read, looked through and written, texts are taken apart, numbers are summed. The
Python side works on plain dictionaries and lists. The geometric mean is to stay under 5, that of the blocks that parse
JSON under 6.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import statistics
import sys
import time
import xml.etree.ElementTree as ElementTree
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any

from apimpolicy.csharp.dotnet.environment import Environment, use_environment
from apimpolicy.csharp.emit.expression import compile_expression
from apimpolicy.gateway.context.execution import Context

if TYPE_CHECKING:
    from collections.abc import Callable

ORDERS = json.dumps(
    {
        "orders": [
            {
                "id": n,
                "customer": f"c{n % 17}",
                "lines": [{"sku": f"s{m}", "quantity": m, "price": m * 2.5} for m in range(3)],
            }
            for n in range(60)
        ]
    }
)
EVENTS = json.dumps([{"at": f"2024-01-{n % 28 + 1:02}T10:00:00Z", "kind": "ab"[n % 2], "value": n} for n in range(200)])
CSV = "\n".join(f"{n},name {n},{n * 3 % 7}" for n in range(120))
_ELEMENTS = "".join(f'<b id="{n}"><c>{n}</c></b>' for n in range(60))
MARKUP = f"<a>{_ELEMENTS}</a>"
QUERY = "&".join(f"k{n}=v%20{n}" for n in range(40))
TOKEN = ".".join(
    base64.urlsafe_b64encode(part.encode()).decode().rstrip("=") for part in ('{"alg":"none"}', '{"sub":"x"}')
)


LARGE = json.dumps(
    {"items": [{"id": n, "name": f"n{n}", "tags": ["a", "b"], "nested": {"x": n, "y": {"z": 1.5}}} for n in range(300)]}
)
"""26 kB with 1,500 brackets."""


def _large() -> str:
    body = json.loads(LARGE)
    body["count"] = len(body["items"])
    return json.dumps(body)


def _orders() -> Any:
    return json.loads(ORDERS)["orders"]


def _csv_sums() -> str:
    sums: dict[str, int] = {}
    for line in CSV.split("\n"):
        parts = line.split(",")
        sums[parts[2]] = sums.get(parts[2], 0) + int(parts[0])
    return ";".join(f"{key}={value}" for key, value in sorted(sums.items()))


def _words() -> str:
    counts: dict[str, int] = {}
    for word in CSV.replace(",", " ").split(" "):
        counts[word.lower()] = counts.get(word.lower(), 0) + 1
    return ",".join(sorted(counts, key=lambda w: (-counts[w], w))[:5])


def _fibonacci(n: int) -> int:
    return n if n < 2 else _fibonacci(n - 1) + _fibonacci(n - 2)


def _primes() -> int:
    return sum(all(n % d for d in range(2, int(n**0.5) + 1)) for n in range(2, 300))


def _grouped() -> str:
    groups: dict[str, list[int]] = {}
    for event in json.loads(EVENTS):
        groups.setdefault(event["kind"], []).append(event["value"])
    return ",".join(f"{key}:{sum(values)}" for key, values in groups.items())


def _reversed_tree(value: Any) -> Any:
    if isinstance(value, dict):
        return {key.upper(): _reversed_tree(each) for key, each in value.items()}
    return [_reversed_tree(each) for each in value] if isinstance(value, list) else value


BLOCKS: dict[str, tuple[str, Callable[[], Any]]] = {
    "JSON: sum of lines": (
        'var total = 0.0; foreach (var o in (JArray)JObject.Parse(text)["orders"]) { foreach (var l in o["lines"]) '
        '{ total += (int)l["quantity"] * (double)l["price"]; } } return total;',
        lambda: sum(line["quantity"] * line["price"] for o in _orders() for line in o["lines"]),
    ),
    "JSON: filtered": (
        'var found = new JArray(); foreach (var o in (JArray)JObject.Parse(text)["orders"]) '
        '{ if ((string)o["customer"] == "c3") { found.Add(o); } } return found.ToString(Newtonsoft.Json.Formatting.None);',
        lambda: json.dumps([o for o in _orders() if o["customer"] == "c3"]),
    ),
    "JSON: customers": (
        'return string.Join(",", JObject.Parse(text)["orders"].Select(o => (string)o["customer"]).Distinct().OrderBy(c => c));',
        lambda: ",".join(sorted({o["customer"] for o in _orders()})),
    ),
    "JSON: names changed": (
        'var body = JObject.Parse(text); foreach (JObject o in body["orders"]) { o["number"] = o["id"]; o.Remove("id"); } '
        "return body.ToString(Newtonsoft.Json.Formatting.None);",
        lambda: json.dumps([{**o, "number": o.pop("id")} for o in _orders()]),
    ),
    "JSON: grouped events": (
        'return string.Join(",", JArray.Parse(events).GroupBy(e => (string)e["kind"])'
        '.Select(g => g.Key + ":" + g.Sum(e => (int)e["value"])));',
        _grouped,
    ),
    "JSON: paths": (
        'var o = JObject.Parse(text); return (string)o.SelectToken("orders[5].customer") + o.SelectToken("orders[7].lines[1].sku");',
        lambda: _orders()[5]["customer"] + _orders()[7]["lines"][1]["sku"],
    ),
    "JSON: recursion over a tree": (
        "JToken Up(JToken t) { if (t is JObject) { var r = new JObject(); foreach (var p in ((JObject)t).Properties()) "
        "{ r[p.Name.ToUpper()] = Up(p.Value); } return r; } if (t is JArray) { return new JArray(t.Select(Up)); } return t; } "
        "return Up(JObject.Parse(text)).ToString(Newtonsoft.Json.Formatting.None);",
        lambda: json.dumps(_reversed_tree(json.loads(ORDERS))),
    ),
    "JSON: a member added to 26 kB": (
        'var body = JObject.Parse(large); body["count"] = ((JArray)body["items"]).Count; '
        "return body.ToString(Newtonsoft.Json.Formatting.None);",
        _large,
    ),
    "lines of CSV": (
        "var sums = new Dictionary<string, int>(); foreach (var line in csv.Split('\\n')) { var p = line.Split(','); "
        "int old; sums.TryGetValue(p[2], out old); sums[p[2]] = old + int.Parse(p[0]); } "
        'return string.Join(";", sums.OrderBy(s => s.Key).Select(s => s.Key + "=" + s.Value));',
        _csv_sums,
    ),
    "words": (
        "var counts = new Dictionary<string, int>(); foreach (var w in csv.Replace(',', ' ').Split(' ')) { var k = w.ToLower(); "
        "counts[k] = counts.ContainsKey(k) ? counts[k] + 1 : 1; } "
        'return string.Join(",", counts.OrderByDescending(c => c.Value).ThenBy(c => c.Key, StringComparer.Ordinal).Take(5).Select(c => c.Key));',
        _words,
    ),
    "a query string": (
        "var d = new Dictionary<string, string>(); foreach (var p in query.Split('&')) { var i = p.IndexOf('='); "
        "d[p.Substring(0, i)] = Uri.UnescapeDataString(p.Substring(i + 1)); } return d.Count;",
        lambda: len({p[: p.index("=")]: _unquoted(p[p.index("=") + 1 :]) for p in QUERY.split("&")}),
    ),
    "Fibonacci": ("int F(int n) => n < 2 ? n : F(n - 1) + F(n - 2); return F(12);", lambda: _fibonacci(12)),
    "primes": (
        "var count = 0; for (var n = 2; n < 300; n++) { var p = true; for (var d = 2; d * d <= n; d++) "
        "{ if (n % d == 0) { p = false; break; } } if (p) { count++; } } return count;",
        _primes,
    ),
    "decimals": (
        "decimal total = 0; for (var n = 1; n < 100; n++) { total += n * 1.19m; total = Math.Round(total, 2); } return total;",
        lambda: _decimal_total(),
    ),
    "dates": (
        'var d = DateTime.Parse("2024-01-01T00:00:00Z").ToUniversalTime(); var s = ""; for (var n = 0; n < 20; n++) '
        '{ d = d.AddDays(n); s += d.ToString("yyyy-MM-dd") + ","; } return s;',
        lambda: _dates(),
    ),
    "regular expressions": (
        'var n = 0; foreach (Match m in Regex.Matches(csv, "name (\\\\d+)")) { n += int.Parse(m.Groups[1].Value); } return n;',
        lambda: sum(int(m[1]) for m in re.finditer(r"name (\d+)", CSV)),
    ),
    "a text built": (
        "var b = new StringBuilder(); for (var n = 0; n < 200; n++) { b.Append(n % 3 == 0 ? \"x\" : n.ToString()).Append(','); } return b.ToString();",
        lambda: "".join(("x" if n % 3 == 0 else str(n)) + "," for n in range(200)),
    ),
    "XML": (
        'return XElement.Parse(markup).Elements("b").Where(b => (int)b.Attribute("id") % 2 == 0).Sum(b => (int)b.Element("c"));',
        lambda: sum(int(b.findtext("c") or 0) for b in ElementTree.fromstring(MARKUP) if int(b.get("id") or 0) % 2 == 0),
    ),
    "a token": (
        "var p = token.Split('.')[1].Replace('-', '+').Replace('_', '/'); p = p.PadRight(p.Length + (4 - p.Length % 4) % 4, '='); "
        'return (string)JObject.Parse(Encoding.UTF8.GetString(Convert.FromBase64String(p)))["sub"];',
        lambda: json.loads(base64.urlsafe_b64decode(TOKEN.split(".")[1] + "=="))["sub"],
    ),
    "a signature": (
        "var h = new HMACSHA256(Encoding.UTF8.GetBytes(\"key\")); return Convert.ToBase64String(h.ComputeHash(Encoding.UTF8.GetBytes(csv)));",
        lambda: base64.b64encode(hmac.digest(b"key", CSV.encode(), hashlib.sha256)).decode(),
    ),
    "LINQ over numbers": (
        "return Enumerable.Range(1, 200).Where(n => n % 3 == 0).Select(n => n * n).GroupBy(n => n % 10).Select(g => g.Max()).OrderBy(n => n).Sum();",
        lambda: _grouped_numbers(),
    ),
}  # fmt: skip


def _unquoted(text: str) -> str:
    from urllib.parse import unquote

    return unquote(text)


def _decimal_total() -> Decimal:
    total = Decimal(0)
    for n in range(1, 100):
        total = round(total + n * Decimal("1.19"), 2)
    return total


def _dates() -> str:
    day, text = datetime(2024, 1, 1, tzinfo=UTC), ""
    for n in range(20):
        day += timedelta(days=n)
        text += day.strftime("%Y-%m-%d") + ","
    return text


def _grouped_numbers() -> int:
    groups: dict[int, list[int]] = {}
    for n in (n * n for n in range(1, 201) if n % 3 == 0):
        groups.setdefault(n % 10, []).append(n)
    return sum(sorted(map(max, groups.values())))


TEXTS = {"text": ORDERS, "events": EVENTS, "csv": CSV, "markup": MARKUP, "query": QUERY, "token": TOKEN, "large": LARGE}


@cache
def compiled(block: str) -> Any:
    """Return the block as an expression in which the texts are variables of the context."""
    names = [name for name in TEXTS if re.search(rf"\b{name}\b", block)]
    return compile_expression(
        "@{ " + "".join(f'var {n} = (string)context.Variables["{n}"]; ' for n in names) + block + " }"
    )


def best(function: Callable[[], Any], seconds: float) -> float:
    """Return the shortest time of a call, in seconds of the processor."""
    shortest, end = float("inf"), time.process_time() + seconds
    while time.process_time() < end:
        start = time.process_time()
        function()
        shortest = min(shortest, time.process_time() - start)
    return shortest


def main(seconds: float) -> None:
    """Print a table of all blocks."""
    ratios: dict[str, float] = {}
    context = Context(variables=dict(TEXTS))
    for name, (block, plain) in BLOCKS.items():
        expression = compiled(block)

        def run(expression: Any = expression) -> Any:
            with use_environment(Environment()):
                return expression.evaluate(context)

        run()
        ours, its = best(run, seconds), best(plain, seconds)
        ratios[name] = ours / its
        print(f"{name:30} {ours * 1e6:9.0f} µs {its * 1e6:9.0f} µs {ratios[name]:7.1f}")
    print(f"geometric mean {statistics.geometric_mean(ratios.values()):.1f}, ", end="")
    print(f"JSON {statistics.geometric_mean(r for name, r in ratios.items() if name.startswith('JSON')):.1f}")


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 0.3)
