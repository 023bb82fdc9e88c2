"""Write the parts of the documentation that are generated from the program.

    python -m docs

The files are not in git. `mkdocs build` writes them too.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

HERE = Path(__file__).parent
SCHEMAS = HERE.parent / "src" / "apimpolicy" / "schemas"
sys.path.insert(0, str(HERE.parent))  # mkdocs loads this by its path


def _reference() -> dict[str, str]:
    from docs import reference_pages  # type: ignore[attr-defined]

    return {f"reference/{name}": make() for name, make in reference_pages.PAGES.items()}


def _policies() -> dict[str, str]:
    from docs import policy_reference  # type: ignore[attr-defined]

    return {f"reference/{name}": text for name, text in policy_reference.pages().items()}


def _members() -> dict[str, str]:
    from docs import member_reference, not_simulated  # type: ignore[attr-defined]

    pages = {f"reference/{name}": text for name, text in member_reference.pages().items()}
    return pages | {"not-simulated.md": not_simulated.page()}


def _search() -> dict[str, str]:
    from docs import search_reference  # type: ignore[attr-defined]

    return {"reference/found-requests.md": search_reference.page()}


def _proofs() -> dict[str, str]:
    from docs import proof_reference  # type: ignore[attr-defined]

    return {"reference/proofs.md": proof_reference.page()}


def _parity() -> dict[str, str]:
    from docs import parity_ledger, text_reference  # type: ignore[attr-defined]

    return {"reference/parity.md": parity_ledger.page(), "reference/azure-texts.md": text_reference.page()}


def _schemas() -> dict[str, str]:
    """Return the schemas of the package, which the site publishes below `schemas/`."""
    from apimpolicy.report.outputs import json_schema
    from apimpolicy.testing import schema

    json_schema.store(schema.NAME, schema.schema())
    json_schema.store_all()
    return {f"schemas/{path.name}": path.read_text("utf-8") for path in SCHEMAS.glob("*.schema.json")}


PARTS: tuple[Callable[[], dict[str, str]], ...] = (_reference, _policies, _members, _search, _proofs, _parity, _schemas)


def pages() -> dict[str, str]:
    """Return every generated file by its path below `docs`."""
    found: dict[str, str] = {}
    for part in PARTS:
        found |= part()
    return found


def write() -> None:
    """Write changed files, and remove pages of policies and types that no longer exist."""
    made = pages()
    for path, text in made.items():
        target = HERE / path
        if not target.exists() or target.read_text("utf-8") != text:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
    for folder in ("reference/policies", "reference/members", "schemas"):
        for path in (HERE / folder).glob("*"):
            if path.relative_to(HERE).as_posix() not in made:
                path.unlink()
