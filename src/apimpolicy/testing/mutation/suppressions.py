"""Comments that say why a change makes no difference, so that it is not tried:

    <!-- apimpolicy: equivalent: the backend ignores this header -->
    <!-- apimpolicy: equivalent constant, comparison: any number from 1 on will do -->

Such a comment counts for the element that follows it, with all that is in it; with names of kinds only for those. It
needs a reason: without one, it is a mistake in the policy file.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import attrs

from apimpolicy.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apimpolicy.engine.document import Policy
    from apimpolicy.testing.mutation.change import Change
    from apimpolicy.text.document import Comment, Element

KINDS = ("remove", "condition", "operand", "comparison", "constant", "attribute")

_FORM = re.compile(r"\s*apimpolicy:\s*equivalent(?P<kinds>(?:[\s,]+[a-z]+)*)\s*(?::(?P<reason>.*))?", re.DOTALL)


@attrs.frozen
class Reason:
    """A comment: the span of the file, the kinds (all, when there are none), and the reason."""

    start: int
    end: int
    kinds: tuple[str, ...]
    reason: str

    def covers(self, change: Change) -> bool:
        return self.start <= change.start < self.end and (not self.kinds or change.kind in self.kinds)


def reasons(policy: Policy) -> list[Reason]:
    """Return the comments of a document. Raises ConfigurationError for a missing reason, or an unknown kind."""
    document = policy.document
    if "equivalent" not in document.source.text:
        return []
    return [reason for comment, following in document.comments() for reason in _read(comment, following)]


def _read(comment: Comment, following: Element | None) -> Iterator[Reason]:
    match = _FORM.fullmatch(comment.text)
    if match is None:
        return
    kinds = tuple(re.findall(r"[a-z]+", match["kinds"]))
    reason = " ".join((match["reason"] or "").split())
    source = comment.source
    where = f"{source.path}:{source.position(comment.start).line}"
    if unknown := [kind for kind in kinds if kind not in KINDS]:
        raise ConfigurationError(f"{where}: '{unknown[0]}' is not a kind of change; there are {', '.join(KINDS)}")
    if not reason:
        raise ConfigurationError(f"{where}: say why it makes no difference: <!-- apimpolicy: equivalent: reason -->")
    if following is not None:
        yield Reason(*source.original_span(following.start, following.end), kinds, reason)
