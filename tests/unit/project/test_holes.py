"""What a template puts in later is taken as right, and what does not touch it is checked: the rows of `holes.toml`."""

from __future__ import annotations

import contextlib
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.sampling import examples

from apimpolicy.checks.document import check_readings
from apimpolicy.checks.expressions import ExpressionCheck
from apimpolicy.csharp.emit import compile_expression
from apimpolicy.diagnostics import Severity
from apimpolicy.errors import ConfigurationError, PolicySyntaxError
from apimpolicy.project.embedded import policies_of
from apimpolicy.text.source import OPEN

ROWS: list[dict[str, Any]] = tomllib.loads(Path(__file__).with_name("holes.toml").read_text(encoding="utf-8"))["row"]


def document(inbound: str) -> str:
    rest = "".join(f"<{name}><base /></{name}>" for name in ("backend", "outbound", "on-error"))
    return f"<policies><inbound><base />{inbound}</inbound>{rest}</policies>"


def findings(name: str, text: str, placeholders: list[str], values: dict[str, str] | None) -> list[str]:
    policies, problems = policies_of(text.encode(), name, placeholders, values)
    found = [*problems, *(d for readings in policies for d in check_readings(readings, ExpressionCheck()))]
    assert not any(OPEN in f"{d.message}{d.label}{d.help}" for d in found)
    spans = [(d, *d.source.original_span(d.start, d.end)) for d in found if d.severity is not Severity.INFO]
    return [f"{d.code} {text[start:end]}" for d, start, end in spans]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["name"])
def test_what_is_said_of_a_template(row: dict[str, Any]) -> None:
    text = row["text"] if "text" in row else document(row["inbound"])
    arguments = (row["file"], text, row.get("placeholders", []), row.get("values"))
    if row.get("fails"):
        with pytest.raises(ConfigurationError, match="holds no policy"):
            findings(*arguments)
    else:
        assert findings(*arguments) == row["found"]


PIECES = (
    *("${a}", "%{ if b }", "%{ else }", "%{ endif }", "#{c}#", "{{d}}", "{{ e }}", "{% if f %}", "{% endif %}"),
    *("<<G>>", "<base />", "<choose>", "</choose>", '<set-header name="', '"', ">", "@(", ")", "@{", "}"),
    *("return 1;", "a.b", '$"', " "),
)


@settings(max_examples=examples(300), derandomize=True)
@given(
    st.sampled_from(("a.xml", "a.tftpl", "a.j2", "a.tf", "a.bicep", "a.json")),
    st.lists(st.sampled_from(PIECES), max_size=25),
)
def test_any_template_is_read(name: str, pieces: list[str]) -> None:
    text = document("".join(pieces))
    if name.endswith((".tf", ".bicep")):
        text = f"a = <<E\n{text}\nE\n" if name.endswith(".tf") else f"var a = '''{text}'''"
    elif name.endswith(".json"):
        text = f'{{"a": "[concat(\'{text}\')]"}}'
    with contextlib.suppress(ConfigurationError):  # a name at the beginning may keep it from being a policy
        findings(name, text, ["!…!"], {"a": "1"})


def test_the_marks_of_holes_are_no_characters_of_a_policy() -> None:
    text = document("<set-variable name='a' value='@(\ufdd01\ufdd1)' /><set-body>\ufdd0</set-body>")
    assert "POL004 \ufdd0" in findings("policy.xml", text, [], None)
    with pytest.raises(PolicySyntaxError, match="not known"):
        compile_expression("@(\ufdd01\ufdd1)")
