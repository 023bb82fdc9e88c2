# ruff: noqa: E501 - the rows of a table keep their line
"""MemoryStream and FormattableString, as policies (and no gateway) may use them."""

from __future__ import annotations

import pytest

from apimpolicy.context.execution import Context
from apimpolicy.dotnet.environment import Environment, use_environment
from apimpolicy.dotnet.exceptions import DotnetException
from apimpolicy.emit.expression import compile_expression

ROWS = {
    "using (var ms = new MemoryStream(new byte[] { 1, 2 })) { return ms.Length; }": 2,
    "var ms = new MemoryStream(); ms.Dispose(); return ms.ToArray().Length;": 0,
    "var ms = new MemoryStream(); ms.Close(); return ms.Length;": "System.ObjectDisposedException",
    'FormattableString f = $"a{1}b{2}"; return f.Format;': "a{0}b{1}",
    'IFormattable f = $"{1.5:F2}"; return f.ToString(null, CultureInfo.InvariantCulture);': "1.50",
    'FormattableString f = $"x{{"; return f.ArgumentCount + f.Format + f;': "0x{{x{",
    'FormattableString f = $"{1,3}|{2:D2}"; return f.Format + f + f.GetArgument(1) + string.Join(";", f.GetArguments());': "{0,3}|{1:D2}  1|0221;2",
    'return FormattableString.Invariant($"{1234.5:N1}");': "1,234.5",
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
