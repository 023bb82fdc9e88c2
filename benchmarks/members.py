"""The thirty members that real policies use most, each next to the plain Python that does the same.

    python benchmarks/members.py [--rounds N] [--count EXPRESSIONS.jsonl]

For each: how often the corpus uses it, nanoseconds of the processor's time of one use in emitted code and of the Python
beside it (medians over rounds taken in turns, a loop without the use subtracted), and the ratio. `--count` counts the
uses again over a file with a `code` in each line. Enumeration members are constants and left out.
"""

from __future__ import annotations

import argparse
import base64
import gc
import json
import statistics
import textwrap
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from apimpolicy.csharp.binding import nodes
from apimpolicy.csharp.dotnet.environment import Environment, Limits, use_environment
from apimpolicy.csharp.emit.expression import compile_expression
from apimpolicy.gateway.context.loading import context_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from apimpolicy.csharp.binding.bind import BoundExpression
    from apimpolicy.csharp.dotnet.signatures import Member
    from apimpolicy.gateway.context.execution import Context

USES = 2000

CASES: list[tuple[int, str, str, str]] = [
    (1258, "context.Variables", "var v = context.Variables;", "v = context.variables"),
    (731, "Variables[name]", 'var v = vs["name"];', 'v = variables["name"]'),
    (430, "new JProperty(name, value)", 'var v = new JProperty("a", 1);', 'v = {"a": 1}'),
    (410, "context.Request", "var v = context.Request;", "v = context.request"),
    (389, "JObject[name]", 'var v = o["a"];', 'v = data["a"]'),
    (287, "JObject.Add(name, value)", 'var v = new JObject(); v.Add("a", 1);', 'v = {}; v["a"] = 1'),
    (281, "GetValueOrDefault<T>(name, default)", 'var v = vs.GetValueOrDefault<string>("x", "");',
     'v = variables.get("x", "")'),
    (247, "JToken.ToString()", "var v = o.ToString();", "v = json.dumps(data, indent=2)"),
    (237, "GetValueOrDefault<T>(name)", 'var v = vs.GetValueOrDefault<string>("name");', 'v = variables.get("name")'),
    (184, "new JObject()", "var v = new JObject();", "v = {}"),
    (152, "context.Response", "var v = context.Response;", "v = context.response"),
    (146, "string.Empty", "var v = string.Empty;", 'v = ""'),
    (138, "Request.Headers", "var v = r.Headers;", "v = request.headers"),
    (123, "Headers.GetValueOrDefault(name, default)", 'var v = h.GetValueOrDefault("Accept", "");',
     'v = ",".join(headers.get("accept", ()))'),
    (122, "Body.As<string>(true)", "var v = b.As<string>(true);", 'v = body.decode("utf-8")'),
    (117, "string.IsNullOrEmpty(text)", "var v = string.IsNullOrEmpty(s);", "v = not s"),
    (105, "Response.StatusCode", "var v = p.StatusCode;", "v = response.status_code"),
    (105, "JArray.Add(token)", "var v = new JArray(); v.Add(o2);", "v = []; v.append(data2)"),
    (95, "JToken[key]", 'var v = ((JToken)o)["a"];', 'v = data["a"]'),
    (74, "string.Split(char)", "var v = s.Split(',');", 'v = s.split(",")'),
    (73, "Request.Body", "var v = r.Body;", "v = request.body"),
    (70, "Variables.ContainsKey(name)", 'var v = vs.ContainsKey("name");', 'v = "name" in variables'),
    (65, "JArray[index]", "var v = a[1];", "v = items[1]"),
    (60, "new JObject(properties)", 'var v = new JObject(new JProperty("a", 1), new JProperty("b", 2));',
     'v = {"a": 1, "b": 2}'),
    (59, "new JArray()", "var v = new JArray();", "v = []"),
    (56, "context.Api", "var v = context.Api;", "v = context.api"),
    (54, "Convert.FromBase64String(text)", "var v = Convert.FromBase64String(s64);", "v = base64.b64decode(s64)"),
    (51, "JToken.Value<T>(key)", 'var v = o.Value<string>("b");', 'v = data["b"]'),
    (51, "context.Deployment", "var v = context.Deployment;", "v = context.deployment"),
    (48, "Request.Url", "var v = r.Url;", "v = request.url"),
]  # fmt: skip
"""Uses in the corpus, the member, and one use of it in C# and in Python."""

SETUP = (
    "var vs = context.Variables; var r = context.Request; var p = context.Response; var h = r.Headers; var b = r.Body; "
    'var o = JObject.Parse("{\\"a\\":1,\\"b\\":\\"x\\",\\"c\\":[1,2,3]}"); var a = JArray.Parse("[1,2,3]"); '
    'var o2 = new JObject(); var s = "a,b,c,d"; var s64 = "aGVsbG8gd29ybGQ="; '
)

SOURCE = {
    "request": {
        "method": "POST",
        "url": "https://contoso.example/orders?a=1",
        "headers": {"Accept": ["application/json"]},
        "body": '{"a": 1}',
    },
    "response": {"statusCode": 200, "statusReason": "OK", "headers": {}, "body": "x"},
    "variables": {"name": {"type": "string", "value": "text"}},
}


def used_members(bound: BoundExpression) -> Iterator[Member]:
    """Every member that a bound expression reads or calls."""
    waiting: list[Any] = [bound.body]
    while waiting:
        node = waiting.pop()
        if isinstance(node, (nodes.Call, nodes.MethodReference, nodes.DeconstructCall)):
            yield node.method
        elif isinstance(node, (nodes.PropertyAccess, nodes.IndexerAccess)):
            yield node.property
        elif isinstance(node, nodes.FieldAccess):
            yield node.field
        elif isinstance(node, nodes.ObjectCreation) and node.constructor is not None:
            yield node.constructor
        waiting.extend(node.children())


def count(path: Path) -> None:
    """Print the forty most used members of a file of expressions."""
    found: Counter[str] = Counter()
    for row in map(json.loads, path.read_text(encoding="utf-8").splitlines()):
        if row.get("compiles", True):
            for member in used_members(compile_expression(row["code"]).bound):
                found[f"{member.declaring.name}: {member.signature}"] += 1
    for name, uses in found.most_common(40):
        print(f"{uses:6} {name}")


def emitted(use: str) -> Callable[[Any], Any]:
    code = f"@{{ {SETUP} for (int i = 0; i < {USES}; i++) {{ {use} }} return 0; }}"
    return compile_expression(code).evaluate


def plain(use: str) -> Callable[[Any], Any]:
    body = textwrap.indent(use.replace("; ", "\n"), " " * 8)
    code = (
        "def run(context):\n    request = context.request; response = context.response\n"
        f"    for _ in range({USES}):\n{body}\n"
    )
    namespace: dict[str, Any] = {
        "json": json, "base64": base64, "data": {"a": 1, "b": "x", "c": [1, 2, 3]}, "data2": {}, "items": [1, 2, 3],
        "s": "a,b,c,d", "s64": "aGVsbG8gd29ybGQ=", "variables": {"name": "text"}, "body": b'{"a": 1}',
        "headers": {"accept": ["application/json"]},
    }  # fmt: skip
    exec(code, namespace)
    run: Callable[[Any], Any] = namespace["run"]
    return run


def nanoseconds(function: Callable[[Any], Any], context: Context) -> float:
    with use_environment(Environment(limits=Limits(steps=10**9, seconds=600))):
        began = time.thread_time_ns()
        function(context)
        return (time.thread_time_ns() - began) / USES


def measure(use: str, python: str, context: Context, rounds: int) -> tuple[float, float]:
    """Medians of one use in emitted code and in Python."""
    functions = (emitted(use), emitted("var v = i;"), plain(python), plain("v = _"))
    times: list[list[float]] = [[], [], [], []]
    for function in functions:
        function(context)
    gc.disable()
    for _ in range(rounds):
        for function, taken in zip(functions, times, strict=True):
            taken.append(nanoseconds(function, context))
            gc.collect()  # so that memory is used again, as in a process that goes on
    gc.enable()
    with_use, loop, python_use, python_loop = map(statistics.median, times)
    return max(with_use - loop, 1.0), max(python_use - python_loop, 1.0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--count", type=Path, help="count the members of this file's expressions instead")
    arguments = parser.parse_args()
    if arguments.count:
        count(arguments.count)
        return
    context = context_of(SOURCE, {})
    print(f"{'uses':>6}  {'member':44}{'emitted':>11}{'python':>11}{'ratio':>8}")
    ratios = []
    for uses, name, use, python in CASES:
        own, other = measure(use, python, context, arguments.rounds)
        ratios.append(own / other)
        print(f"{uses:6}  {name:44}{own:>8.0f} ns{other:>8.0f} ns{own / other:>8.1f}")
    print(f"median ratio {statistics.median(ratios):.1f}")


if __name__ == "__main__":
    main()
