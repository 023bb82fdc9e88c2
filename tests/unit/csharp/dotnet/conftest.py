"""What the rows of several tests here need: the answer of a block of C#."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from apimpolicy.csharp.dotnet.environment import Environment, use_environment
from apimpolicy.csharp.dotnet.exceptions import DotnetException
from apimpolicy.csharp.emit import compile_expression
from apimpolicy.errors import NotSimulatedError
from apimpolicy.gateway.context.execution import Context

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def answer_of() -> Callable[[str], object]:
    """What a block returns: a number or a truth value as it is, all else as text; an exception with its message."""

    def answer(code: str) -> object:
        compiled = compile_expression("@{" + code + "}")
        with use_environment(Environment()):
            try:
                value: object = compiled.evaluate(Context())
            except DotnetException as error:
                return str(error)
            except NotSimulatedError:
                return "NotSimulatedError"
        return value if isinstance(value, (bool, int, float)) else str(value)

    return answer
