"""Lines of the preprocessor in expressions (C# specification, section 6.5)."""

from __future__ import annotations

import pytest

from apimpolicy.csharp.emit.expression import compile_expression
from apimpolicy.errors import PolicySyntaxError
from apimpolicy.gateway.context.execution import Context

RUN = {
    "#region a\nreturn 1;\n#endregion": 1,
    "  #  pragma warning disable CS0168\nreturn 1;": 1,
    '#if DEBUG\nreturn 2; ~ "\n#else\nreturn 1;\n#endif': 1,
    "#if !DEBUG && (true || X) // comment\nreturn 1;\n#else\n?\n#endif": 1,
    "#if A\n#if B\n#else\n#endif\n#elif A == B\nreturn 1;\n#endif\nreturn 2;": 1,
    'return @"\n#foo\n".Length;': 6,
    "/*\n#foo\n*/ return 1;": 1,
}
REFUSED = {
    "#foo\nreturn 1;": "CS1024",
    "return 1; #region a\n": "CS1040",
    "#region a\nreturn 1;": "CS1038",
    "#if true\nreturn 1;": "CS1027",
    "#endregion\nreturn 1;": "CS1028",
    "#region a\n#endif\n#endregion\nreturn 1;": "CS1028",
    "#if (\n#endif\nreturn 1;": "CS1517",
    "#define A\nreturn 1;": "CS1032",
    "#error no\nreturn 1;": "CS1029",
}


@pytest.mark.parametrize(("code", "expected"), RUN.items())
def test_directives_are_no_tokens(code: str, expected: int) -> None:
    assert compile_expression("@{\n" + code + "\n}").evaluate(Context()) == expected


@pytest.mark.parametrize(("code", "expected"), REFUSED.items())
def test_other_directives_are_errors(code: str, expected: str) -> None:
    with pytest.raises(PolicySyntaxError, match=expected):
        compile_expression("@{\n" + code + "\n}")
