# ruff: noqa: E501 - the rows of a table keep their line
"""`async` and `await`: a task is finished when it is made, with a result or with an exception."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

ROWS = {
    "Func<Task<int>> f = async () => await Task.FromResult(1); return f().Result;": "1",
    "Func<Task<int>> f = async () => { var x = await Task.FromResult(1); return x + 1; }; return f().Result;": "2",
    "Func<int, Task<int>> f = async x => x; return f(5).Result;": "5",
    "return new[] { 1 }.Select(async x => x + 1).First().Result;": "2",
    "var n = 0; Func<Task> f = async delegate { await Task.CompletedTask; n++; }; f().Wait(); return n;": "1",
    "var n = 0; Action a = async () => { n++; }; a(); return n;": "1",
    "async Task<int> F() => 1; return F().Result;": "1",
    'async Task<T> F<T>(T x) => x; return F(5).Result + F("a").Result;': "5a",
    "int n = 0; async Task F(int k) { n += k; k++; await Task.CompletedTask; n += k; } F(3).Wait(); return n;": "7",
    "async Task<int> F(int n) => n == 0 ? 0 : await F(n - 1) + 1; return F(10).Result;": "10",
    'var t = new StringReader("abc"); Func<Task<string>> f = async () => await t.ReadToEndAsync(); return f().Result;': "abc",
    # what is thrown waits in the task; `await` throws it as it is, Result inside of an AggregateException
    'Func<Task<int>> f = async () => { throw new Exception("x"); }; return f().IsFaulted;': "True",
    'Func<Task<int>> f = async () => { throw new Exception("x"); }; try { return f().Result; } catch (AggregateException e) { return e.InnerException.Message; }': "x",
    'async Task<int> F() { string s = null; return s.Length; } async Task<string> G() { try { await F(); return ""; } catch (NullReferenceException) { return "caught"; } } return G().Result;': "caught",
    "Action a = async () => { throw new FormatException(); }; a(); return 1;": "FormatException",
}


@pytest.mark.parametrize(("code", "expected"), ROWS.items())
def test_value(code: str, expected: str, value_of: Callable[[str], str]) -> None:
    with_types = code.replace("Task", "System.Threading.Tasks.Task").replace(
        "CompletedSystem.Threading.Tasks.", "Completed"
    )
    assert value_of("@{" + with_types + "}") == expected
