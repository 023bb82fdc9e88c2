"""The compiler without API Management: its example runs, and what it knows of its host is in one module."""

from __future__ import annotations

import ast
import doctest
import re
from pathlib import Path

import pytest
from tests.rows import for_each

from apimpolicy import PolicyTypeError, csharp
from apimpolicy.csharp.emit import compile_expression
from apimpolicy.csharp.host import GlobalObject

SOURCES = Path(csharp.__file__).parent
OF_THE_HOST = re.compile(r"\bAPIM\d{4}\b|^I(?:Context|Request|Response|MessageBody|Url)$")


def test_the_example_runs() -> None:
    assert doctest.testmod(csharp).failed == 0
    assert doctest.testmod(csharp).attempted == 4


def test_only_the_given_object_has_a_name() -> None:
    with pytest.raises(PolicyTypeError) as error:
        compile_expression("@(context.RequestId)", GlobalObject("name", "System.String"))
    assert [each.code for each in error.value.diagnostics] == ["CS0103"]


@for_each(sorted(path for path in SOURCES.rglob("*.py") if path.stem != "host"))
def test_no_other_module_names_parts_of_the_host(path: Path) -> None:
    texts = [node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Constant)]
    lines = [each.lineno for each in texts if isinstance(each.value, str) and OF_THE_HOST.search(each.value)]
    assert lines == []
