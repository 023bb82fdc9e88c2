"""Policies that ask library members for too much: each ends in a limit with a name, in bounded memory.

All of them run in one process of their own with a fraction of the default steps and an address space of 1.5 GB. The
limit of seconds is far away, so that what the members count themselves ends a policy, on a slow machine too.
"""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from tests.sampling import sampled

BIG = "var s = new string('a', 100000);"
BYTES = "var b = new byte[100000];"
LIST = "var l = Enumerable.Range(0, 20000).ToList();"
JSON = 'var j = JArray.Parse("[" + string.Concat(Enumerable.Repeat("1,", 5000)) + "1]");'
DOUBLED = "object o = 1, p = 1; for (int i = 0; i < 40; i++) {{ o = {0}; p = {1}; }} return {2};"
XML = 'var x = XElement.Parse("<a>" + string.Concat(Enumerable.Repeat("<b/>", 5000)) + "</a>");'

ENDLESS = [
    *(
        f"{BIG} while (true) s.{call};"
        for call in (
            'Replace("a", s)', "Split('a')", "ToUpper(null)", "GetHashCode()",
            'Contains("b")', "IndexOf('b')", 'IndexOf("aab")', 'IndexOf("b", StringComparison.OrdinalIgnoreCase)',
            'LastIndexOf("b")', "IndexOfAny(new[] { 'b', 'c' })", 'CompareTo(s + "b")', "Trim('a', 'b')",
            "ToCharArray()", "Substring(1)", "StartsWith(s)", 'Insert(5, "x")', "PadLeft(200000)",
            "ToUpper()", "ToLowerInvariant()", "Trim()", "TrimEnd('a')", 'Replace("a", "b")', "Replace('a', 'b')",
            "Contains('b')", 'StartsWith("a")', 'EndsWith("a", StringComparison.Ordinal)', "Trim().ToUpper()",
        )
    ),
    *(
        f"{BIG} while (true) {call};"
        for call in (
            "Encoding.UTF8.GetBytes(s)", "Uri.EscapeDataString(s)", "Uri.UnescapeDataString(s)",
            "WebUtility.HtmlEncode(s)", "WebUtility.UrlEncode(s)", 'Regex.Replace(s, "a", "bb")',
            'Regex.Split(s, "a")', "new StringBuilder(s).Replace(\"a\", \"b\")", "JsonConvert.SerializeObject(s)",
            'string.Concat(s, "x")', 'XElement.Parse("<a>" + s + "</a>")', "Convert.FromBase64String(s)",
        )
    ),
    *(
        f"{BYTES} while (true) {call};"
        for call in (
            "Convert.ToBase64String(b)", "Encoding.UTF8.GetString(b)", "SHA256.Create().ComputeHash(b)",
            "BitConverter.ToString(b)", "b.SequenceEqual(b)", "b.Reverse().ToArray()",
            'b.Encrypt("Aes", new byte[32], new byte[16])',
        )
    ),
    *(
        f"{LIST} while (true) l.{call};"
        for call in ("Insert(0, 1)", "Reverse()", "IndexOf(-1)", "Sort()", "ToArray()", "GetRange(0, 20000)", "Add(1)")
    ),
    *(f"{JSON} while (true) j.{call};" for call in (
        "ToString()", "DeepClone()", 'SelectTokens("$..a").Count()', "Add(1)", "Insert(0, 1)", "IndexOf(null)",
        "Descendants().Count()",
    )),
    *(f"{XML} while (true) x.{call};" for call in (
        "ToString()", 'Descendants("c").Count()', 'Add(new XElement("b"))', 'AddFirst(new XElement("b"))',
    )),
    "var s = new string('a', 1000000); var c = Enumerable.Range(1, 60000).Select(i => (char)i).ToArray(); while (true) "
    "s.Trim(c);",
    "var s = new string('a', 1000000); var c = Enumerable.Range(1, 60000).Select(i => (char)i).ToArray(); while (true) "
    "s.TrimEnd(c);",
    "var f = \"{0:\" + new string('0', 100000) + \"}\"; while (true) string.Format(f, 1);",
    'var o = new JObject(); while (true) o["k" + o.Count] = 1;',
    "var o = new JArray(1); while (true) o = new JArray(o, o);",
    'var x = new XElement("a"); while (true) x = new XElement("a", x, x);',
    *(
        DOUBLED.format(made.replace("_", "o"), made.replace("_", "p"), use)
        for made in ("new { a = _, b = _ }", "(_, _)", "Tuple.Create(_, _)", "new KeyValuePair<object, object>(_, _)")
        for use in (
            "o.ToString()", "o.Equals(p)", "o.GetHashCode()", '"" + o', "new HashSet<object> { o }.Contains(p)",
            "JsonConvert.SerializeObject(o)",
        )
    ),
    'var d = new Dictionary<string, int>(); while (true) d["k" + d.Count] = 1;',
    'var s = "a"; while (true) s = Regex.Replace(s, ".", "$0$0");',
    'var s = "a"; while (true) s = Regex.Replace(s, ".", m => m.Value + m.Value);',
    f"{BIG} int F(int n) {{ s.Trim(); return n < 2 ? n : F(n - 1) + F(n - 2); }} return F(60);",
    f"{BIG} return Enumerable.Range(0, 1000000).Count(i => s.Trim() == null);",
    f"{BIG} a: s.Trim(); goto a;",
    "while (true) { new Regex(Guid.NewGuid().ToString()); }",
    'while (true) { try { throw new Exception("a"); } catch { } }',
    'while (true) { int n; int.TryParse("a", out n); }',
    "var b = new StringBuilder(); while (true) b.Insert(0, \"0123456789\");",
    "IEnumerable<int> e = new[] { 1 }; for (int i = 0; i < 40; i++) e = e.Concat(e); return e.Sum();",
    "return Enumerable.Range(0, 3000).Join(Enumerable.Range(0, 3000), a => 1, a => 1, (a, c) => a).Count();",
    "var l = Enumerable.Range(0, 100000).ToList(); l.Sort((a, c) => { while (a >= 0) { } return 1; }); return 1;",
    "var l = Enumerable.Range(0, 100000).ToList(); l.ForEach(i => { while (true) { } }); return 1;",
    "return Enumerable.Range(0, 100000).OrderBy(i => Enumerable.Range(0, 1000).Sum()).First();",
    "return Enumerable.Repeat(Enumerable.Range(0, 100000), 100000).Select(e => e.Last()).Sum(e => (long)e);",
    'return Enumerable.Range(0, 100000).Aggregate("a", (a, c) => a + a).Length;',
    "return new List<int>(int.MaxValue).Count;",
    "return new Dictionary<int, int>(int.MaxValue).Count;",
    "return new StringBuilder().Insert(0, \"abc\", int.MaxValue).Length;",
    "return string.Join(new string('a', 1000000), Enumerable.Range(0, 1000)).Length;",
    "return string.Format(string.Concat(Enumerable.Repeat(\"{0}\", 100000)), new string('a', 100000)).Length;",
    "JToken t = 1; for (int i = 0; i < 3000; i++) t = new JArray(t); return t.ToString();",
    "JToken t = 1; for (int i = 0; i < 15000; i++) t = new JArray(t); return t.ToString();",
    'var x = new XElement("a"); for (int i = 0; i < 3000; i++) x = new XElement("a", x); return x.ToString();',
    "Exception e = null; for (int i = 0; i < 5000; i++) e = new Exception(\"a\", e); return e.ToString();",
    "object o = 1; for (int i = 0; i < 5000; i++) o = Tuple.Create(o, 1); return o.ToString();",
]  # fmt: skip

ENDED = [
    "var l = Enumerable.Range(0, 5000).ToList(); l.Sort((a, c) => 1); return l.Count;",
    "var l = Enumerable.Range(0, 5000).ToList(); var r = new Random(); l.Sort((a, c) => r.Next(3) - 1); return 1;",
    "var l = Enumerable.Range(0, 5000).ToList(); while (l.Count > 0) l.RemoveAt(0); return 0;",
    f"{JSON} while (j.Count > 0) j.First.Remove(); return 0;",
    f"{XML} while (x.HasElements) x.FirstNode.Remove(); return 0;",
    "return JToken.Parse(new string('[', 100000));",
    "return JToken.Parse(new string('9', 100000));",
    'return XElement.Parse(string.Concat(Enumerable.Repeat("<a>", 20000)));',
    "var o = new object[1]; o[0] = o; return JToken.FromObject(o);",
    'var o = new Dictionary<string, object>(); o["a"] = o; return JsonConvert.SerializeObject(o);',
    "DateTime.ParseExact(new string('9', 100000), new string('y', 100000), null); return 1;",
    "return Math.Pow(1e300, 1e300) + double.Parse(\"1e\" + new string('9', 100000));",
    "decimal d = 1; while (true) d *= 10;",
    'return Regex.Match("a", "a{1,1000}{1,1000}");',
    "return Regex.IsMatch(new string('a', 30), \"^(a|a)*b$\");",
]

ENTITIES = (
    'return XElement.Parse("<!DOCTYPE a [<!ENTITY b \\"aaaaaaaaaa\\">'
    + "".join(f'<!ENTITY {new} \\"{f"&{old};" * 10}\\">' for old, new in zip("bcdefg", "cdefgh", strict=True))
    + ']><a>&h;&h;</a>").Value.Length;'
)

PROGRAM = """
import json, resource, sys
resource.setrlimit(resource.RLIMIT_AS, (3 << 29, 3 << 29))
from apimpolicy.gateway.context.execution import Context
from apimpolicy.csharp.dotnet.environment import Environment, Limits, use_environment
from apimpolicy.csharp.emit.expression import compile_expression
from apimpolicy.errors import ApimPolicyError, LimitExceededError

for code in json.load(sys.stdin):
    compiled = compile_expression("@{" + code + "}")
    limits = Limits(steps=400_000, string_length=2_000_000, elements=500_000, regex_seconds=20, seconds=20)
    with use_environment(Environment(limits=limits)):
        try:
            compiled.evaluate(Context())
            ended = "value"
        except LimitExceededError as error:
            ended = f"limit {error.limit}" if error.span else "limit without a place"
        except ApimPolicyError as error:
            ended = type(error).__name__
    print(json.dumps([code, ended]), flush=True)
"""


def endings(codes: list[str]) -> dict[str, str]:
    command = [sys.executable, "-c", PROGRAM]
    run = subprocess.run(command, input=json.dumps(codes), capture_output=True, text=True, timeout=400, check=False)
    assert run.returncode == 0, run.stderr[-2000:]
    return dict(json.loads(line) for line in run.stdout.splitlines())


@pytest.mark.skipif(sys.platform == "win32", reason="bounds the address space")
def test_each_ends_in_a_limit_with_a_name() -> None:
    rows = sampled(ENDLESS, 15)
    found = endings(rows)
    assert len(found) == len(rows)
    limits = {"limit steps", "limit string_length", "limit elements", "limit recursion"}
    assert {code: ended for code, ended in found.items() if ended not in limits} == {}


@pytest.mark.skipif(sys.platform == "win32", reason="bounds the address space")
def test_these_end_by_themselves() -> None:
    found = endings([*ENDED, ENTITIES])
    assert len(found) == len(ENDED) + 1
    assert {code: ended for code, ended in found.items() if ended in ("InternalError",) or "limit" in ended} == {}
