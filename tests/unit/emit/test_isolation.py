"""A policy does not get out of the simulated .NET: no name, attribute, text or type leads to Python."""

from __future__ import annotations

import ast
import builtins
from typing import TYPE_CHECKING, Any

import pytest

from apimpolicy.binding import bind
from apimpolicy.context.execution import Context
from apimpolicy.dotnet.registry import registrations
from apimpolicy.emit import emitter
from apimpolicy.emit.expression import compile_expression
from apimpolicy.emit.frames import EXCERPT
from apimpolicy.emit.recorder import Recorder
from apimpolicy.errors import DiagnosticError, NotSimulatedError
from apimpolicy.syntax.parser import parse
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
]

OUTSIDE = [
    'System.Reflection.Assembly.Load("x")',
    'System.IO.File.ReadAllText("/etc/passwd")',
    'Environment.GetEnvironmentVariable("PATH")',
    'System.Diagnostics.Process.Start("sh")',
    'new WebClient().DownloadString("http://localhost/")',
    'WebRequest.Create("http://localhost/").GetResponse()',
    "Environment.MachineName",
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

    monkeypatch.setattr(emitter, "compile", compile_and_keep, raising=False)
    excerpt = Excerpt.of(EVERYTHING)
    bound = bind(parse(excerpt), excerpt)
    assert not bound.diagnostics
    function = emitter.emit(bound, recording=recording)
    assert function.__globals__["__builtins__"] == {}
    assert function.__globals__[EXCERPT] is excerpt
    assert function(Context(), *([Recorder().record] if recording else [])) == "b"
    registered = {found.name for _, _, found in registrations()} | {"value", "values", "step", "key_value_pairs"}
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
