"""Everything that is wrong with one policy document, without running it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.policies.validation import validate
from apimpolicy.text.markup import read
from apimpolicy.text.named_values import substitute

if TYPE_CHECKING:
    from collections.abc import Mapping

    from apimpolicy.checks.expressions import ExpressionCheck
    from apimpolicy.diagnostics import Diagnostic
    from apimpolicy.text.source import Source


def check_document(
    source: Source, check_expression: ExpressionCheck, named_values: Mapping[str, str] | None = None
) -> list[Diagnostic]:
    """Findings of the reader, of the compiler, and of the policies' own rules, in the order of the file.

    Without `named_values` every `{{name}}` is taken to exist; with them they are put in first, and one that is missing
    is a finding.
    """
    found: list[Diagnostic] = []
    if named_values is not None:
        source, found = substitute(source, named_values)
    document = read(source)
    found += document.diagnostics
    for excerpt in document.expressions():
        found += check_expression(excerpt)
    found += validate(document)
    found.sort(key=lambda diagnostic: diagnostic.source.original(diagnostic.start))
    return found
