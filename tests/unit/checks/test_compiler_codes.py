"""The list of the compiler's codes names those that stand in the code, and no others."""

from __future__ import annotations

import re
from pathlib import Path

import apimpolicy
from apimpolicy.checks.pages import compiler_codes


def test_the_list_is_what_the_code_gives() -> None:
    files = Path(apimpolicy.__file__).parent.rglob("*.py")
    given = {code for path in files for code in re.findall(r'"(CS[0-9]{4})"', path.read_text(encoding="utf-8"))}
    listed = compiler_codes()
    assert listed == sorted(listed)
    assert given - set(listed) == set(), "belong into checks/compiler_codes.py"
    assert set(listed) - given == set(), "are not given any more"
