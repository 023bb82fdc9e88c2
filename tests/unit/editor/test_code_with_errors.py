"""Navigation, hover and hints in C# with an error elsewhere in the block."""

from __future__ import annotations

import pytest

from apimpolicy.checks.expressions import ExpressionCheck
from apimpolicy.editor.analysis import Analysis
from apimpolicy.editor.hover import hover
from apimpolicy.editor.knowledge import ProjectNames
from apimpolicy.editor.navigation import can_rename, definition, highlights, references
from apimpolicy.editor.outline import inlay_hints
from apimpolicy.editor.workspace import EditorWorkspace

# what stands in the block: `|` is before the name that is looked at, which stands so many times in the block
ERRORS = {
    "none": ("", ""),
    "unknown name": ("unknown.Call(1);", ""),
    "unknown member": ("context.Reqest.Method.ToString();", ""),
    "wrong type": ('int wrong = "text";', ""),
    "no semicolon": ("var other = 1", ""),
    "unfinished member": ("context.Request.", ""),
    "unfinished condition": ("if (context.Request.", ""),
    "no value": ("var other = ;", ""),
    "unclosed call": ("context.Trace(", ""),
    "error at the end": ("", "return text.;"),
    "unclosed block": ("", "if (text.Length > 1) {"),
    "no quotation mark": ('var other = "a;', ""),
    "too many brackets": ("", "text.Trim());"),
}
UNCLOSED = ("unclosed block", "no quotation mark")
"""Errors behind which the expression has no end, so that it gets no hints."""
BLOCK = """@{{
    {before}
    var text = context.Request.Method;
    var length = text.Length;
    {after}
    return text.Substring(1, length);
}}"""


@pytest.mark.parametrize("error", ERRORS)
def test_names_lead_somewhere_in_a_block_with_an_error(error: str) -> None:
    before, after = ERRORS[error]
    code = BLOCK.format(before=before, after=after)
    policy = f"<policies><inbound><set-body>{code.replace('&', '&amp;')}</set-body></inbound></policies>"
    analysis = Analysis(policy, "/nowhere/orders.xml", ExpressionCheck())
    use, declared = policy.index("text.Substring"), policy.index("text = context")
    workspace = EditorWorkspace([])
    assert [found.start for found in definition(analysis, use, workspace)] == [declared]
    uses = [start for start in range(len(policy)) if _is_name(policy, start, "text")]
    assert [found.start for found in references(analysis, declared, workspace)] == uses
    assert [start for start, _ in highlights(analysis, use)] == uses
    assert can_rename(analysis, use) == (use, use + 4)
    knowledge = ProjectNames({}, None, None)
    shown = hover(analysis, policy.index("Substring"), knowledge)
    assert shown is not None
    assert "string Substring(int startIndex, int length)" in shown.text
    assert hover(analysis, declared, knowledge) is not None
    if error in UNCLOSED:
        return
    hints = {hint.text for hint in inlay_hints(analysis, 0, len(policy))}
    assert {": string", ": int", "startIndex:"} <= hints


def _is_name(text: str, start: int, name: str) -> bool:
    before, after = text[start - 1 : start], text[start + len(name) : start + len(name) + 1]
    return text.startswith(name, start) and not (before.isalnum() or before == '"' or after.isalnum() or after == '"')


@pytest.mark.parametrize(
    ("code", "name", "count"),
    [
        ("@(unknown.Where(part => part.Length > 1 && part != null))", "part", 3),
        ("@{ var a = 1; return Unknown(a, a); }", "a", 3),
        ("@{ foreach (var each in missing) { each.Call(each); } return 1; }", "each", 3),
    ],
)
def test_names_inside_what_has_no_meaning(code: str, name: str, count: int) -> None:
    text = f"<policies><inbound><set-body>{code.replace('&', '&amp;')}</set-body></inbound></policies>"
    analysis = Analysis(text, "/nowhere/orders.xml", ExpressionCheck())
    start = next(place for place in range(len(text)) if _is_name(text, place, name) and place > text.index("@"))
    assert len(highlights(analysis, start)) == count
