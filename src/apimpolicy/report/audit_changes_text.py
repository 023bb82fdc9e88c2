"""Render changes of access, weaker or stronger, as text.

weaker    crms GET /values    token → anyone
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.report.columns import printable
from apimpolicy.report.style import PLAIN

if TYPE_CHECKING:
    from collections.abc import Sequence

    from apimpolicy.project.audit_changes import Change
    from apimpolicy.report.style import Style


def changes_text(changes: Sequence[Change], style: Style = PLAIN) -> str:
    """Return a line for each change, the weaker ones first, and a summary."""
    weaker = [each for each in changes if each.is_weaker]
    others = [each for each in changes if not each.is_weaker]
    lines: list[str] = []
    for word, group in (("weaker", weaker), ("stronger", others)):
        for each in group:
            lines.append(f"{word:<10}{printable(f'{each.api} {each.operation}'):<40}  {each.before} → {each.after}")
    lines.append(f"audit: {len(weaker):,} weaker, {len(others):,} stronger or changed in another respect")
    return style.fit("\n".join(lines))
