"""No member grows faster than .NET's: calls of Python functions and steps burned, counted at n and at 2n.

Counted, not timed: the same on every machine. What is linear doubles; what sorts or searches trees grows a little more.
"""

from __future__ import annotations

import math
import re
import sys
import time
from typing import Any

import pytest
from tests.sampling import sampled

from apimpolicy.csharp.dotnet.environment import Environment, Limits, use_environment
from apimpolicy.csharp.dotnet.regex.translator import translate
from apimpolicy.csharp.emit.expression import compile_expression
from apimpolicy.gateway.context.execution import Context

LINEAR, LOGARITHMIC_FACTOR, CONSTANT = 2.15, 2.5, 1.05

_TEXT = "var s = new string('a', N);"
_NODES = 'var x = XElement.Parse("<a>" + string.Concat(Enumerable.Repeat("<b/>", N)) + "</a>");'
_TOKENS = 'var j = JArray.Parse("[" + string.Concat(Enumerable.Repeat("1,", N)) + "1]");'
_BYTES = 'var bytes = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("é\\n", N)));'
_LIST = "var l = Enumerable.Range(0, N).ToList();"

LOOPS = {
    "var b = new StringBuilder(); for (int i = 0; i < N; i++) b.Append(i); return b.ToString().Length;": LINEAR,
    'var b = new StringBuilder(); for (int i = 0; i < N; i++) b.AppendLine("x"); return b.Length;': LINEAR,
    'var s = ""; for (int i = 0; i < N; i++) s += "x"; return s.Length;': LINEAR,
    "var d = new Dictionary<int, int>(); for (int i = 0; i < N; i++) d[i] = d.Count; return d[N / 2];": LINEAR,
    'var d = new Dictionary<string, int>(); for (int i = 0; i < N; i++) d.Add("k" + i, i); return d["k5"];': LINEAR,
    "var d = new Dictionary<int, int>(); for (int i = 0; i < N; i++) { d[i] = 1; d.Remove(i - 5); } return 1;": LINEAR,
    "var d = new HashSet<int>(); for (int i = 0; i < N; i++) { d.Add(i); d.Contains(i - 1); } return d.Count;": LINEAR,
    "var q = new Queue<int>(); for (int i = 0; i < N; i++) q.Enqueue(1); while (q.Any()) q.Dequeue(); return 1;": (
        LINEAR
    ),
    "var q = new Stack<int>(); for (int i = 0; i < N; i++) q.Push(i); while (q.Count > 0) q.Pop(); return 1;": LINEAR,
    "var l = new List<int>(); for (int i = 0; i < N; i++) l.Add(i); var t = 0; for (int i = 0; i < N; i++) t += l[i]; "
    "return t;": LINEAR,
    _LIST + "while (l.Count > 0) l.RemoveAt(l.Count - 1); return 1;": LINEAR,
    'var o = new JObject(); for (int i = 0; i < N; i++) o["k" + i] = i; return (int)o["k5"];': LINEAR,
    'var o = new JObject(); for (int i = 0; i < N; i++) o.Add("k" + i, i); return o.ToString().Length;': LINEAR,
    "var o = new JArray(); for (int i = 0; i < N; i++) o.Add(i); return o.Sum(t => (int)t);": LINEAR,
    _TOKENS + "JToken t = j.First; int n = 0; while (t != null) { n++; t = t.Next; } return n;": LINEAR,
    _TOKENS + "JToken t = j.Last; int n = 0; while (t != null) { n++; t = t.Previous; } return n;": LINEAR,
    _TOKENS + 'return j.SelectTokens("$[*]").Count() + j.DeepClone().Count() + j.ToString().Length;': LINEAR,
    _TOKENS + "return JToken.DeepEquals(j, j.DeepClone());": LINEAR,
    _NODES + "XNode n = x.FirstNode; int c = 0; while (n != null) { c++; n = n.NextNode; } return c;": LINEAR,
    _NODES + "while (x.HasElements) x.FirstNode.Remove(); return 1;": LINEAR,
    _NODES + "return x.Elements().Count() + x.Descendants().Count() + x.ToString().Length;": LINEAR,
    'var x = new XElement("a"); for (int i = 0; i < N; i++) x.Add(new XElement("b", i)); return x.Value;': LINEAR,
    _BYTES + "var w = new StringReader(Encoding.UTF8.GetString(bytes)); while (w.ReadLine() != null) { } return 1;": (
        LINEAR
    ),
    'return new DateTime(2024, 1, 1).ToString(string.Concat(Enumerable.Repeat("dd/MM", N))).Length;': LINEAR,
    'return 1.5.ToString(string.Concat(Enumerable.Repeat("%0", N))).Length;': LINEAR,
    "return double.Parse(new string('1', N)) + double.Parse(new string(' ', N) + 1, NumberStyles.Any, "
    'new CultureInfo("fr-FR"));': LINEAR,
    _TEXT + "return s.Split('b').Length + s.Replace(\"aa\", \"b\").Length + s.ToUpper().IndexOf('B');": LINEAR,
    _TEXT + 'return Regex.Replace(s, "a", "b").Length + Regex.Matches(s, "aa").Count + Regex.Split(s, "a").Length;': (
        LINEAR
    ),
    _TEXT + 'var m = Regex.Matches(s, "a"); int n = 0; for (int i = 0; i < m.Count; i++) n += m[i].Length; return n;': (
        LINEAR
    ),
    'int n = 0; for (int i = 0; i < N; i++) if (Regex.IsMatch("k" + i, "^k[0-9]+$")) n++; return n;': LINEAR,
    _LIST + "return l.Where(i => i % 2 == 0).Select(i => i + 1).Skip(3).Sum();": LINEAR,
    _LIST + "return l.GroupBy(i => i % 10).Select(g => g.Count()).Max() + l.ToLookup(i => i)[5].Count();": LINEAR,
    _LIST + "return l.Distinct().Union(l).Except(l.Take(5)).Intersect(l).Count();": LINEAR,
    _LIST + "return l.Join(l, i => i, i => i, (a, b) => a + b).Count() + l.ToDictionary(i => i)[5];": LINEAR,
    _LIST + "return l.Zip(l, (a, b) => a).Reverse().Concat(l).SequenceEqual(l);": LINEAR,
    _LIST + "return l.OrderBy(i => -i).ThenBy(i => i).First();": LOGARITHMIC_FACTOR,
    _LIST + "l.Sort((a, b) => b - a); return l[0];": LOGARITHMIC_FACTOR,
    _LIST + 'return string.Join(",", l).Length + string.Concat(l).Length;': LINEAR,
    "var l = Enumerable.Range(0, int.MaxValue).Select(i => i + N); return l.First() + l.Take(3).Sum();": (CONSTANT),
    "var e = Enumerable.Range(0, 9); for (int i = 0; i < N; i++) e = e.Where(x => x >= 0).Select(x => x).Skip(0); "
    "return e.Sum();": LINEAR,
    "var d = Enumerable.Range(0, 10).Select(i => i * N); int n = 0; foreach (var i in d) n++; return n;": CONSTANT,
}


def work(code: str, size: int) -> int:
    """Calls of Python and C functions, and steps burned, for the evaluation alone.

    The clock stands still: steps are also burned for the time that a library takes, and taken in portions by the clock.
    """
    compiled = compile_expression(re.sub(r"\bN\b", str(size), f"@{{ {code} }}"))
    compiled.evaluate(Context())
    counted = 0

    def count(_frame: Any, event: str, _argument: Any) -> None:
        nonlocal counted
        counted += event in ("call", "c_call")

    surroundings = Environment(limits=Limits(seconds=math.inf))
    with use_environment(surroundings), pytest.MonkeyPatch.context() as patched:
        patched.setattr(time, "perf_counter", lambda: 0.0)
        sys.setprofile(count)
        try:
            compiled.evaluate(Context())
        finally:
            sys.setprofile(None)
    return counted + surroundings.limits.steps - surroundings.steps_left


@pytest.mark.parametrize(("code", "most"), sampled(LOOPS.items(), 20))
def test_growth(code: str, most: float) -> None:
    once, twice = work(code, 1500), work(code, 3000)
    assert twice <= once * most + 200, f"{once} and {twice} for twice as much"


def test_a_pattern_is_translated_once() -> None:
    translate.cache_clear()
    code = 'int n = 0; for (int i = 0; i < 50; i++) if (Regex.IsMatch("a" + i, "^a\\\\d+$")) n++; return n;'
    assert compile_expression(f"@{{ {code} }}").evaluate(Context()) == 50
    assert translate.cache_info().misses == 1


def test_a_query_is_not_run_before_it_is_asked_and_no_further() -> None:
    code = (
        "int runs = 0; var query = Enumerable.Range(0, 1000).Select(i => { runs++; return i; }).Where(i => i > 1); "
        "int before = runs; int first = query.First(); int after = runs; query.Any(); "
        'return before + "," + first + "," + after + "," + runs;'
    )
    assert compile_expression(f"@{{ {code} }}").evaluate(Context()) == "0,2,3,6"
