"""How the tests of the emitter run an expression and write its value down."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from apimpolicy.csharp.dotnet.environment import Environment, use_environment
from apimpolicy.csharp.dotnet.exceptions import DotnetException
from apimpolicy.csharp.dotnet.system.objects import text
from apimpolicy.csharp.dotnet.values import box
from apimpolicy.csharp.emit.expression import compile_expression
from apimpolicy.gateway.context.execution import Context

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def value_of() -> Callable[[str], str]:
    return _value_of


def _value_of(code: str) -> str:
    """The value as `ToString()` has it, `null`, or the name of the exception without its namespace."""
    compiled = compile_expression(code)
    with use_environment(Environment()):
        try:
            value = compiled.evaluate(Context())
        except DotnetException as error:
            return error.dotnet_type_name.rpartition(".")[2]
        return "null" if value is None else text(box(compiled.type, value))
