"""MemoryStream and FormattableString, as policies (and no gateway) may use them."""

from __future__ import annotations

import pytest

from apimpolicy.context.execution import Context
from apimpolicy.dotnet.environment import Environment, use_environment
from apimpolicy.dotnet.exceptions import DotnetException
from apimpolicy.emit.expression import compile_expression

ROWS = {
    "using (var ms = new MemoryStream(new byte[] { 1, 2 })) { return ms.Length; }": 2,
    'FormattableString f = $"a{1}b{2}"; return f.Format;': "a{0}b{1}",
    'IFormattable f = $"{1.5:F2}"; return f.ToString(null, CultureInfo.InvariantCulture);': "1.50",
    'object o = $"{1}"; return o.GetType().Name;': "String",
}


@pytest.mark.parametrize(("code", "expected"), ROWS.items())
def test_value(code: str, expected: object) -> None:
    compiled = compile_expression("@{" + code + "}")
    with use_environment(Environment()):
        try:
            value: object = compiled.evaluate(Context())
        except DotnetException as error:
            value = error.dotnet_type_name
    assert value == expected
