"""The shapes of syntax nodes: what the table says is what the parser makes, and what type checkers read."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from apimpolicy.csharp.syntax import shapes, tables
from apimpolicy.csharp.syntax.nodes import Node, Token
from apimpolicy.csharp.syntax.parser import parse
from apimpolicy.csharp.syntax.shape_stubs import PATH, stub

if TYPE_CHECKING:
    from apimpolicy.csharp.syntax.nodes import Child

CODE = """@{
    const int k = 1; ref int r = ref a[0]; var (p, (q, _)) = t; (int x, var y) = (1, 2);
    async Task<T> f<T>(ref int a, params T[] b) where T : class, new() { yield return b[0]; yield break; }
    int g() => 1; static_label: goto static_label;
    if (a is string s && !(b is 1)) return; else throw e;
    while (true) break; do { continue; } while (false); for (int i = 0; i < 1; i++) ; for (i = 1, j = 2; ; ) { }
    foreach (var z in zs) { } foreach (var (m, n) in ms) { }
    switch (v) { case int w when w > 1: case 2: goto case 2; default: goto default; }
    try { } catch (Exception ex) when (ex != null) { throw; } finally { }
    using (var u = o) { } using (o) lock (o) { } checked { unchecked { } }
    d += x ?? throw e; c = cond ? ref a : ref b; h = async (in int a, b) => a; l = async v => { }; o = delegate { };
    o = delegate (int a) { }; i = -+~1 + --j - k++; s = (string)(await t) as object; n = a?.b?[0].c<int>(x: out var w2);
    n = f(out _, ref q, in w, out int v2); z = global::System.Math.Abs(1); t = (name: 1, 2);
    n = new T<int[]>(1) { A = 1, ["k"] = { 2, { 3, 4 } } }; n = new int[2][]; n = new[,] { { 1 } }; n = new[] { 1 };
    n = new { A = 1, b.c }; Span<int> sp = stackalloc int[2] { 1, 2 }; sp = stackalloc[] { 1 };
    sp = stackalloc int[] { 1 }; n = new int[] { 1 }; b = x is string || y; global::A.B ga; ref readonly int rr = ref b;
    void h<T>() where T : struct { }
    t = typeof(List<>); t = sizeof(int); t = default(int?); t = default; t = checked(1) + unchecked(2);
    t = $@"a{b,3:x}c" + 1.5 + 'c' + @"v" + null + true + false; (int, string n) tt = t; A.B? ab = this + base;
    q = from int a in b let c = a where c > 1 join d in e on c equals d into f orderby a descending, c
        group a by c into g select g;
    static int s(); b = x is not null or { A: > 1 } || x is [1, ..]; n = n with { A = 1 }; f = static x => x;
}"""


def test_the_stub_is_the_table() -> None:
    assert PATH.read_text(encoding="utf-8") == stub(), "run: python -m apimpolicy.csharp.syntax.shape_stubs"


def test_every_kind_of_the_grammar_has_a_row() -> None:
    kinds = {kind for *_, kind in tables.load()["rules"] if kind and not kind.startswith(("_", "?"))}
    assert kinds == set(shapes.ROWS) - {"hole"} | (kinds & {"hole"})


def test_children_are_what_the_table_says() -> None:
    checked = {node.kind for node in parse(CODE).walk() if not _wrong(node)}
    assert checked >= set(shapes.ROWS) - {"expression_body", "hole"}


def test_a_kind_has_one_class() -> None:
    tree = parse("@(a)")
    assert type(tree) is shapes.ExpressionBody
    assert isinstance(tree.expression, shapes.Identifier)
    assert tree.expression.name.text == "a"
    with pytest.raises(AttributeError):
        _ = shapes.Nothing  # type: ignore[attr-defined]


def _wrong(node: Node) -> list[str]:
    """The fields of a node that do not hold what the table says; fails with the first."""
    fields = shapes.fields_of(node.kind)
    last = fields[-1] if fields else ""
    if "…" not in last:
        assert len(node.children) == len(fields), node
    for index, field in enumerate(fields):
        name, _, written = field.partition(":")
        wanted = set(re.findall(r"\w+", written)) or {"Node"}
        value = getattr(node, name.rstrip("?…"))
        if name.endswith("?"):
            wanted.add("None")
        for child in value if name.endswith("…") else [value]:
            assert _kinds(child) & wanted, f"{node.kind}.{name}: {child!r} is none of {wanted}"
        assert value == (node.children[index:] if name.endswith("…") else node.children[index])
    return []


def _kinds(child: Child) -> set[str]:
    if child is None or isinstance(child, Token):
        return {"None" if child is None else "Token"}
    return {"Node", type(child).__name__}


def test_threads_get_one_class() -> None:
    kinds = sorted(shapes.ROWS)
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: [shapes.KINDS[kind] for kind in kinds], range(8)))
    assert all(classes == made[0] for classes in made)
