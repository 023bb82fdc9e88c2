"""The README's Python that stands on its own does what it says."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")


def test_the_service_snippet_runs() -> None:
    _, snippet, _ = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    assert "ServiceApi" in snippet
    exec(snippet, {})


def test_the_expression_snippet_runs(capsys: pytest.CaptureFixture[str]) -> None:
    *_, snippet = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    exec(snippet, {})
    promised = re.search(r"print\(error\)  # (.+)", snippet)
    assert promised is not None
    assert capsys.readouterr().out.strip() == promised.group(1)
