"""What was compiled and let go leaves nothing behind: every cache has a bound, or is as large as the .NET surface."""

from __future__ import annotations

import gc
import sys
from typing import TYPE_CHECKING

from apimpolicy.csharp.binding import bind
from apimpolicy.csharp.binding.gateway_rules import check_gateway_rules
from apimpolicy.csharp.emit.expression import emit
from apimpolicy.csharp.syntax.parser import parse
from apimpolicy.errors import PolicySyntaxError
from apimpolicy.text.source import Excerpt

if TYPE_CHECKING:
    from collections.abc import Callable

BLOCKS_PER_EXPRESSION = 2
"""The syntax tree alone of one such expression takes hundreds; bounded caches may still be filling."""

FORMS: list[Callable[[int], str]] = [
    lambda n: (
        f'@(context.Request.Headers.GetValueOrDefault("h{n}", "d{n}").Split(\',\').Select(x{n} => x{n} + {n}).First())'
    ),
    lambda n: f'@{{ var v{n} = new {{ A{n} = {n}, B{n} = "x{n}" }}; return v{n}.A{n} + {n}; }}',
    lambda n: f'@{{ (int a{n}, string b{n}) t = ({n}, "{n}"); return t.a{n} + {n}; }}',
    lambda n: (
        f'@{{ var d = new Dictionary<string, List<int>> {{ ["k{n}"] = new List<int> {{ {n} }} }}; return d["k{n}"]; }}'
    ),
    lambda n: f"@(unknown{n} + 1)",
    lambda n: f"@(context.Nothing{n})",
    lambda n: f"@(new Missing{n}().X{n})",
    lambda n: f"@(Space{n}.Type{n}.Member{n})",
    lambda n: f"@(from a{n} in new[] {{ {n}, 2 }} let b{n} = a{n} * 2 where b{n} > {n} select new {{ a{n}, b{n} }})",
    lambda n: "@(typeof(" + "List<" * (n % 60 + 1) + "int" + ">" * (n % 60 + 1) + f').Name + "{n}")',
    lambda n: f"@({n}",
    lambda n: (
        f'@{{ try {{ return int.Parse("{n}"); }} catch (Exception e{n}) when (e{n}.Message == "") {{ return {n}; }} }}'
    ),
    lambda n: f"@{{ int F{n}(int p{n}) => p{n} + {n}; return F{n}({n}); }}",
    lambda n: "@(" + "(" * (n % 150) + str(n) + ")" * (n % 150) + ")",
]


def compile_and_drop(numbers: range) -> None:
    for number in numbers:
        excerpt = Excerpt.of(FORMS[number % len(FORMS)](number))
        try:
            tree = parse(excerpt)
        except PolicySyntaxError:
            continue
        bound = bind(tree, excerpt)
        check_gateway_rules(bound, tree)
        if not bound.diagnostics:
            emit(bound)


def test_memory_does_not_grow_with_the_number_of_expressions() -> None:
    """Counted in blocks of Python's allocator, which have no size of their own to be unlucky with."""
    compile_and_drop(range(300))
    gc.freeze()  # the collector looks at new objects only
    before = sys.getallocatedblocks()
    compile_and_drop(range(300, 600))
    gc.collect()
    assert sys.getallocatedblocks() - before < 300 * BLOCKS_PER_EXPRESSION
