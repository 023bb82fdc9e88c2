"""`?.` where something may be null: what is offered compiles, has the same type, and holds for nothing as it did."""

from __future__ import annotations

import pytest

from apimpolicy.editor.code_actions import null_checked

ROWS = [
    ("@(!context.Request.Certificate.Verify())", "Verify", "@(context.Request.Certificate?.Verify() != true)"),
    ("@(context.Request.Certificate.Verify())", "Verify", "@(context.Request.Certificate?.Verify() == true)"),
    (
        '@(context.Request.Certificate.Thumbprint != "A")',
        "Thumbprint",
        '@(context.Request.Certificate?.Thumbprint != "A")',
    ),
    ("@(context.Request.Certificate.Thumbprint)", "Thumbprint", "@(context.Request.Certificate?.Thumbprint)"),
    ("@(1 == context.User.Groups.Count())", "Groups", "@(1 == context.User?.Groups.Count())"),
    ("@(context.User.Groups.Count())", "Groups", None),
    ("@(context.Nothing.Thing)", "Thing", None),
]


@pytest.mark.parametrize(("code", "member", "wanted"), ROWS)
def test_the_check_that_is_offered(code: str, member: str, wanted: str | None) -> None:
    start = code.index(member)
    found = list(null_checked(code, start, start + len(member)))
    if wanted is None:
        assert found == []
        return
    _, first, last, text = found[0]
    assert code[:first] + text + code[last:] == wanted
