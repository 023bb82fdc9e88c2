"""A policy does not get out of the simulated .NET: no name, attribute, text or type leads to Python."""

from __future__ import annotations

import ast
import builtins
import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.sampling import sampled

from apimpolicy.csharp.binding import bind
from apimpolicy.csharp.dotnet.environment import Environment, use_environment
from apimpolicy.csharp.dotnet.registry import registrations
from apimpolicy.csharp.dotnet.system.objects import text
from apimpolicy.csharp.dotnet.values import box
from apimpolicy.csharp.emit import expression
from apimpolicy.csharp.emit.expression import compile_expression
from apimpolicy.csharp.emit.recording import Recorder
from apimpolicy.csharp.emit.runtime import EXCERPT
from apimpolicy.csharp.emit.texts import PYTHON_METHODS
from apimpolicy.csharp.syntax.parser import parse
from apimpolicy.errors import DiagnosticError, NotSimulatedError
from apimpolicy.gateway.context.execution import Context
from apimpolicy.text.source import Excerpt

if TYPE_CHECKING:
    from collections.abc import Callable

REFUSED = [
    "__builtins__",
    '__import__("os")',
    "context.__class__",
    "context.__dict__",
    "context.Request.__init__",
    'context["__class__"]',
    "context.request",
    "context.Request.headers",
    "context.Variables.__class__",
    '"".__class__',
    "typeof(int).__mro__",
    "5.GetType().__subclasses__()",
    "5.GetType().type",
    "globals()",
    "excerpt",
    "step()",
    "record(null, null)",
    "expression(context)",
    "new { a = 1 }.values",
    "new { __class__ = 1 }.__dict__",
    "new Exception().__traceback__",
    "new Exception().span",
    "(1, 2).__class__",
    "nameof(context).__len__",
    "((Func<int>)(() => 1)).__globals__",
    "((Func<int>)(() => 1)).__code__",
    "context.Variables.values",
    "new JObject().children",
    "new JObject()._by_name",
    'XElement.Parse("<a/>").children',
    "new List<int>().items",
    "new Dictionary<int, int>()._slots",
    "nameof(context.Request.__class__)",
    'Regex.Match("a", "a").regex',
    "Encoding.UTF8.codec",
    "context.Request.Body.data",
    "context.Deployment.Certificates.types",
]

OUTSIDE = [
    'System.Reflection.Assembly.Load("x")',
    'System.IO.File.ReadAllText("/etc/passwd")',
    'Environment.GetEnvironmentVariable("PATH")',
    'System.Diagnostics.Process.Start("sh")',
    'new WebClient().DownloadString("http://localhost/")',
    'WebRequest.Create("http://localhost/").GetResponse()',
    "Environment.MachineName",
    "Environment.TickCount",
    "Environment.CurrentDirectory",
    "System.Diagnostics.Stopwatch.StartNew()",
    'System.IO.Directory.GetFiles("/")',
    'new System.IO.StreamReader("/etc/passwd").ReadToEnd()',
    'XDocument.Load("/etc/passwd")',
    'XElement.Load("http://localhost/")',
    'new XElement("a").Save("/tmp/x")',
    'new X509Certificate2("/etc/passwd")',
    'X509Certificate2.GetCertContentType("/etc/passwd")',
    "5.GetType().Assembly",
    'typeof(string).GetMethod("Trim")',
    "typeof(string).GetMethods()",
    'Type.GetType("System.IO.File")',
    "Activator.CreateInstance(typeof(object))",
    "AppDomain.CurrentDomain.BaseDirectory",
    "System.Runtime.InteropServices.Marshal.AllocHGlobal(1)",
    "new Exception().TargetSite",
    "TimeZoneInfo.GetSystemTimeZones()",
    "((Func<int>)(() => 1)).Method",
    "((Func<int>)(() => 1)).Target",
    "((Func<int>)(() => 1)).DynamicInvoke()",
]
"""Known to the compiler, which says nothing of the gateway's list of types; nothing here has an implementation."""

VALUES = {
    '@(string.Format("{0.__class__}", 1))': "FormatException",
    '@(string.Format("{0[0]}", "ab"))': "FormatException",
    '@(string.Format("{0!r}", "ab"))': "FormatException",
    '@(string.Format("{0:{1}}", 1, 2))': None,
    '@(string.Format("{__class__}", 1))': "FormatException",
    '@($"{1:__class__}")': "__class__",
    '@("%s %(a)s".Replace("a", "%d"))': "%s %(%d)s",
    '@(Regex.Replace("a", "(?<x>a)", "\\\\g<x>"))': "\\g<x>",
    "@(new { __class__ = 1 }.__class__)": "1",
    "@{ var __builtins__ = 1; var None = 2; var @lambda = 3; return __builtins__ + None + @lambda; }": "6",
    '@{ var context_1 = "a"; var t_1 = "b"; return context_1 + t_1; }': "ab",
    '@(new Dictionary<string, int> { ["__class__"] = 1 }["__class__"])': "1",
    '@((string)JObject.Parse("{\\"__class__\\":\\"x\\"}")["__class__"])': "x",
    '@(JObject.Parse("{}")["__class__"] == null)': "True",
    "@(5.GetType().ToString())": "System.Int32",
    '@(string.Format("{0:{0.__class__}}", 1))': "FormatException",
    '@(string.Format("{0.__init__.__globals__}", "x"))': "FormatException",
    '@(1.ToString("__class__"))': "__class__",
    "@(new DateTime(1, 1, 1).ToString(\"'{0.__class__}'\"))": "{0.__class__}",
    "@(new { __dict__ = 1, __init__ = 2 }.ToString())": "{ __dict__ = 1, __init__ = 2 }",
    "@(new { values = 1, names = 2, dotnet_type = 3 }.names)": "2",
    "@(JsonConvert.SerializeObject(new { __class__ = 1, values = 2 }))": '{"__class__":1,"values":2}',
    '@(JObject.Parse("{\\"__class__\\":{\\"__mro__\\":1}}").SelectToken("$.__class__.__mro__"))': "1",
    '@((string)JToken.Parse("{\\"$ref\\":\\"file:///etc/passwd\\"}")["$ref"])': "file:///etc/passwd",
    '@(JsonConvert.DeserializeObject<object>("{\\"$type\\":\\"System.IO.FileInfo\\"}").GetType())': (
        "Newtonsoft.Json.Linq.JObject"
    ),
    '@(context.Variables.GetValueOrDefault("__class__", "no"))': "no",
    '@(context.Variables["__builtins__"])': "KeyNotFoundException",
    '@(Enum.Parse(typeof(DayOfWeek), "__class__"))': "ArgumentException",
    '@(Regex.Match("xx", "(?<__class__>x)").Groups["__class__"].Value)': "x",
    '@(Regex.Match("x", "(?{print(1)})x").Success)': "RegexParseException",
    '@(Regex.Match("x", "(?P<a>x)").Success)': "RegexParseException",
    '@(Regex.Replace("xx", "(?<a>x)", "${__class__}"))': "${__class__}${__class__}",
    '@{ try { throw new Exception("x"); } catch (Exception e) { return e.StackTrace + e.Source + e.HelpLink; } }': "",
    '@{ try { int.Parse("x"); return ""; } catch (Exception e) { return e.ToString(); } }': (
        "System.FormatException: Input string was not in a correct format."
    ),
    "@(context.GetType().ToString())": "IContext",
    "@(XElement.Parse(\"<a><x:include xmlns:x='http://www.w3.org/2001/XInclude' href='file:///etc/passwd'/></a>\")"
    ".Value)": "",
    "@(XDocument.Parse(\"<!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>\").Root.Value)": "",
    "@(new Func<int>(() => 1).GetType() == null)": "False",
    '@(XElement.Parse("<!DOCTYPE a [<!ENTITY x SYSTEM \\"file:///etc/passwd\\">]><a>&x;</a>").Value)': None,
}


@pytest.mark.parametrize("code", REFUSED)
def test_refused_by_the_compiler(code: str) -> None:
    with pytest.raises(DiagnosticError):
        compile_expression(f"@({code})").evaluate(Context())


@pytest.mark.parametrize("code", OUTSIDE)
def test_nothing_outside_is_simulated(code: str) -> None:
    with pytest.raises((DiagnosticError, NotSimulatedError)):
        compile_expression(f"@({code})").evaluate(Context())


@pytest.mark.parametrize(("code", "expected"), VALUES.items(), ids=list(VALUES))
def test_text_is_only_text(code: str, expected: str | None, value_of: Callable[[str], str]) -> None:
    found = value_of(code)
    assert expected is None or found == expected
    assert "root:" not in found
    assert "<class" not in found


MACHINE = """
import json, sys
from apimpolicy.gateway.context.loading import context_of, read_certificates
from apimpolicy.csharp.dotnet.environment import Environment, Limits, use_environment
from apimpolicy.csharp.emit.expression import compile_expression
from apimpolicy.errors import ApimPolicyError

stored = json.load(open(sys.argv[1], encoding="utf-8"))
certificates = read_certificates(stored["certs"])
touched, watching = set(), False
HARMLESS = {"object.__getattr__", "object.__setattr__", "object.__delattr__", "marshal.loads", "compile", "exec",
            "code.__new__", "function.__new__", "sys._getframe", "gc.get_objects", "builtins.id",
            "cpython.PyInterpreterState_New", "_thread.start_new_thread", "_thread.start_joinable_thread"}

def watch(event, arguments):
    if watching and event not in HARMLESS:
        touched.add(f"{event} {arguments!r}"[:200])

sys.addaudithook(watch)
count = 0
for line in sys.stdin:
    row = json.loads(line)
    try:
        compiled = compile_expression(row["expr"])
    except ApimPolicyError:
        continue
    for watching in (False, True):
        with use_environment(Environment(limits=Limits(steps=200_000))):
            try:
                compiled.evaluate(context_of(stored["contexts"][row["context"]], certificates))
            except ApimPolicyError:
                pass
        watching = False
    count += 1
print(json.dumps([count, sorted(touched)]))
"""
"""Evaluates each row twice: once to load what is loaded late, once under an audit hook of the interpreter."""


def test_evaluation_touches_nothing_of_the_machine() -> None:
    """No file, socket, process, environment or import in all that the conformance rows use of the library."""
    folder = Path(__file__).parents[3] / "conformance"
    files = sorted(folder.glob("expressions/*.jsonl"))
    lines = [line for path in files for line in path.read_text("utf-8").splitlines()]
    rows = [line for line in lines if '"errors"' not in line]
    run = subprocess.run(
        [sys.executable, "-c", MACHINE, str(folder / "contexts.json")],
        input="\n".join(sampled(rows, 400)),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert run.returncode == 0, run.stderr[-2000:]
    count, touched = json.loads(run.stdout)
    assert count > 300
    assert not touched


CLOCKS = [
    "DateTime.UtcNow.Ticks", "DateTime.Now.Ticks", "DateTime.Today.Ticks", "DateTimeOffset.UtcNow.Ticks",
    "DateTimeOffset.Now.Ticks", "Guid.NewGuid()", "new Random().Next()", "new Random().NextDouble()",
    'DateTime.Parse("10:30").Ticks', "TimeZoneInfo.ConvertTimeFromUtc(DateTime.UtcNow, TimeZoneInfo.Local).Ticks",
    "Convert.ToBase64String(Aes.Create().IV)",
]  # fmt: skip


@pytest.mark.parametrize("code", CLOCKS)
def test_time_and_chance_are_the_gateways(code: str) -> None:
    """The same clock and seed give the same answer, another clock and seed another one."""
    compiled = compile_expression(f"@({code})")

    def answer(ticks: int, seed: int) -> str:
        with use_environment(Environment(utc_now=lambda: ticks, seed=seed)):
            return text(box(compiled.type, compiled.evaluate(Context())))

    day = 864_000_000_000
    assert answer(700_000 * day, 1) == answer(700_000 * day, 1)
    assert answer(700_000 * day, 1) != answer(700_123 * day, 2)


EVERYTHING = """@{
    var list = new List<Func<int>>();
    foreach (var (key, value) in new Dictionary<string, int> { ["a"] = 1 }) { list.Add(() => value); }
    var made = new { __class__ = 1, B = (1, "x") };
    switch (made.B.Item2) { case "x": break; default: throw new ArgumentException("m"); }
    try { checked { int n = int.Parse("5"); n++; } }
    catch (FormatException e) when (e.Message.Length > 0) { return e.Message; }
    finally { context.Trace("t"); }
    using (var reader = new StringReader("ab")) { reader.Read(); }
    var text = new StringBuilder { Length = 1 };
    text.Length += 1;
    object o = DayOfWeek.Monday;
    return o is DayOfWeek d && d == DayOfWeek.Monday ? context?.Request?.Headers.GetValueOrDefault("a", "b") : "c";
}"""


@pytest.mark.parametrize("recording", [False, True])
def test_emitted_code_is_closed(recording: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every name is a parameter, a variable of the code itself or in its namespace; attributes are the registry's."""
    trees: list[ast.Module] = []

    def compile_and_keep(tree: ast.Module, *arguments: Any, **options: Any) -> Any:
        trees.append(tree)
        return builtins.compile(tree, *arguments, **options)

    monkeypatch.setattr(expression, "compile", compile_and_keep, raising=False)
    excerpt = Excerpt.of(EVERYTHING)
    bound = bind(parse(excerpt), excerpt)
    assert not bound.diagnostics
    function = expression.emit(bound, recording=recording)
    assert function.__globals__["__builtins__"] == {}
    assert function.__globals__[EXCERPT] is excerpt
    assert function(Context(), *([Recorder()] if recording else [])) == "b"
    own = {"value", "values", "step", "allowance", "key_value_pairs"}
    own |= {"enter", "leave", "chosen", "first_pass", "until"}  # of exceptions in two passes
    own |= {"once", "record", "most", "keep", "of_loop", "resume"}  # the recorder's
    registered = {found.name for _, _, found in registrations()} | own | PYTHON_METHODS
    nodes = list(ast.walk(trees[0]))
    stored = {n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    stored |= {n.arg for n in nodes if isinstance(n, ast.arg)} | {
        n.name for n in nodes if isinstance(n, ast.FunctionDef)
    }
    stored |= {n.name for n in nodes if isinstance(n, ast.ExceptHandler) and n.name}
    for node in nodes:
        assert not isinstance(node, (ast.Import, ast.ImportFrom, ast.Global))
        if isinstance(node, ast.Attribute):
            assert node.attr in registered
            assert not node.attr.startswith("_")
        elif isinstance(node, ast.Name):
            assert node.id in stored or node.id in function.__globals__
            assert not node.id.startswith("__") or node.id[-1].isdigit()
