"""Layout, comments and the order of attributes change no finding but its place."""

from __future__ import annotations

import random
import re
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from tests.property.test_random_edits import MEANINGLESS
from tests.rules.test_rules import HERE, settings_of
from tests.sampling import sampled

from apimpolicy.checks.document import check_document
from apimpolicy.checks.expressions import ExpressionCheck
from apimpolicy.text.source import Source

if TYPE_CHECKING:
    from pathlib import Path

    from apimpolicy.checks.subject import Settings

PROVEN = {path.parent for path in HERE.glob("*/*.toml") if "prove = true" in path.read_text("utf-8")}
FILES = [path for path in sorted(HERE.glob("*/*.xml")) if path.parent not in PROVEN]
_PLACE = re.compile(r"\b(line|lines|column) \d+(:\d+)?( (and|to) \d+)?|:\d+(:\d+)?|[\d,]+ bytes")


def findings(text: str, path: Path, settings: Settings) -> Counter[tuple[str, ...]]:
    """Return what is found by every rule, and the marked texts, without places and white space."""
    source = Source(text, path.name)
    return Counter(
        (each.code, each.severity.name, _PLACE.sub("", each.message), "".join(text[each.start : each.end].split()))
        for each in check_document(source, ExpressionCheck(), settings.named_values, settings)
    )


@pytest.mark.parametrize("path", sampled(FILES, 60), ids=lambda path: f"{path.parent.name}/{path.name}")
def test_layout_changes_no_finding(path: Path) -> None:
    text = path.read_text("utf-8")
    settings = settings_of(path, path.parent.name)._replace(select=())
    expected = findings(text, path, settings)
    for edit in MEANINGLESS:
        edited = edit(text, random.Random(path.parent.name))
        if edited is not None:
            assert findings(edited, path, settings) == expected, (edit.__name__, edited)
