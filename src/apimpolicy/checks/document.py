"""Find the errors and risks of one policy document without running it, at most `MOST_FINDINGS` of them.

    POL043  there are more findings than are listed

A hostile document has a finding in every few characters, and the thousand and first helps no reader. POL043 cannot be
suppressed or left out, because then a file would seem to be right that has not been looked at to its end.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import TYPE_CHECKING

from apimpolicy.checks.catalogue import rules_for
from apimpolicy.checks.subject import Settings, Subject
from apimpolicy.checks.suppressions import Suppressions
from apimpolicy.diagnostics import Diagnostic, Severity
from apimpolicy.gateway.policies.registry import has_trait
from apimpolicy.gateway.policies.validation import validate
from apimpolicy.text.document import Characters, Element
from apimpolicy.text.markup import read
from apimpolicy.text.named_values import substitute
from apimpolicy.text.source import Source, has_hole, is_unknown, shown

if TYPE_CHECKING:
    from apimpolicy.checks.expressions import ExpressionCheck
    from apimpolicy.checks.rule import Rule

MOST_FINDINGS = 1000
LONGEST_TEXT = 4000
"""Characters of a message, a label or an advice: a name in it may be as long as the file."""
MORE = "POL043"
_WORST_FIRST = list(Severity)


class Collection:
    """The findings about one document, of each severity as many as can be listed at most."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._kept: list[Diagnostic] = []
        self._counts: Counter[Severity] = Counter()

    @property
    def is_full(self) -> bool:
        """Return whether there are more errors than are listed: nothing that is found now can be among the worst."""
        return self._counts[Severity.ERROR] > MOST_FINDINGS

    def take(self, findings: Iterable[Diagnostic]) -> None:
        """Add findings, until there are more errors than are listed."""
        for finding in findings:
            if self.is_full:
                return
            self._counts[finding.severity] += 1
            if self._counts[finding.severity] <= MOST_FINDINGS:
                finding.message, finding.label, finding.help = map(
                    _shortened, (finding.message, finding.label, finding.help)
                )
                self._kept.append(finding)

    def in_order(self) -> list[Diagnostic]:
        """Return the worst findings in the order of the file, and one more when others were left out."""
        left = MOST_FINDINGS
        room = Counter[Severity]()
        for severity in _WORST_FIRST:
            room[severity] = min(left, self._counts[severity])
            left -= room[severity]
        missing = [severity for severity in _WORST_FIRST if self._counts[severity] > room[severity]]
        self._kept.sort(key=lambda finding: finding.source.original(finding.start))
        listed: list[Diagnostic] = []
        for finding in self._kept:
            room[finding.severity] -= 1
            if room[finding.severity] >= 0:
                listed.append(finding)
        return [*listed, self._more(missing[0])] if missing else listed

    def _more(self, severity: Severity) -> Diagnostic:
        message = f"this document has more than {MOST_FINDINGS:,} findings; only the most severe are listed"
        end = len(self._source.text)
        return Diagnostic(MORE, message, self._source, end, end, severity, help="Fix these first, and check it again.")


def _shortened(text: str) -> str:
    return text if len(text) <= LONGEST_TEXT else f"{text[:LONGEST_TEXT]}…"


def check_document(
    source: Source,
    check_expression: ExpressionCheck,
    named_values: Mapping[str, str] | None = None,
    settings: Settings | None = None,
) -> list[Diagnostic]:
    """Return the findings of the reader, the compiler, the specifications of policies and the rules, in file order.

    Without `named_values` every `{{name}}` is assumed to exist. With them each is replaced first, and a missing one
    is a finding. Findings that the settings or a comment exclude are left out.
    """
    settings = settings or Settings()
    missing: list[Diagnostic] = []
    written = source
    if named_values is not None:
        source, missing = substitute(source, named_values)
    document = read(source)
    subject = Subject(document, check_expression, settings, written, named_values)
    suppressions = Suppressions(subject)
    kept = Collection(source)
    kept.take(suppressions.incomplete)
    kept.take(suppressions.keep(_wanted(_everything(subject, missing), settings)))
    if not kept.is_full:
        kept.take(suppressions.unused())
    findings = kept.in_order()
    if has_hole(source.text):
        for finding in findings:
            finding.message, finding.label, finding.help = (
                shown(text, source.holes) for text in (finding.message, finding.label, finding.help)
            )
    return findings


def _everything(subject: Subject, missing: Iterable[Diagnostic]) -> Iterator[Diagnostic]:
    yield from missing
    yield from subject.document.diagnostics
    for expression in subject.expressions:
        yield from expression.findings
    spans = subject.document.misread_spans()
    for finding in chain(validate(subject.document), apply_rules(subject)):
        if not any(start <= finding.start < end for start, end in spans):
            yield finding


def _wanted(findings: Iterable[Diagnostic], settings: Settings) -> Iterator[Diagnostic]:
    """Yield the findings that the settings select, with the severities of the settings."""
    for finding in findings:
        if settings.wants(finding.code):
            finding.severity = settings.severities.get(finding.code, finding.severity)
            yield finding


def check_readings(
    readings: Sequence[Source],
    check_expression: ExpressionCheck,
    named_values: Mapping[str, str] | None = None,
    settings: Settings | None = None,
) -> list[Diagnostic]:
    """Return the findings about a template with several readings, one for each choice of branches of its `if`s.

    What is found in some readings only holds if those are all the readings that have the place at all: an element that
    another branch brings is not missing, and what two branches have is not given twice.
    """
    if len(readings) == 1:
        return check_document(readings[0], check_expression, named_values, settings)
    by_place: dict[tuple[str, int, int, str], list[Diagnostic | None]] = {}
    for number, reading in enumerate(readings):
        for finding in check_document(reading, check_expression, named_values, settings):
            key = (finding.code, *reading.original_span(finding.start, finding.end), finding.message)
            by_place.setdefault(key, [None] * len(readings))[number] = finding
    certain: list[Diagnostic] = []
    for (code, start, _, _), by_reading in by_place.items():
        pairs = zip(by_reading, readings, strict=True)
        is_everywhere = all(finding is not None or not reading.holds(start) for finding, reading in pairs)
        if is_everywhere or code == MORE:
            certain += [finding for finding in by_reading if finding is not None][:1]
    return sorted(certain, key=lambda finding: finding.source.original(finding.start))


def apply_rules(subject: Subject) -> Iterator[Diagnostic]:
    """Return the findings of the rules. The document is walked once, however many rules there are."""
    rules = [rule(subject) for rule in rules_for(subject)]
    found = _of_rules(subject, rules)
    return certain(subject, rules, found) if is_unknown(subject.document.source.text) else found


def _of_rules(subject: Subject, rules: list[Rule]) -> Iterator[Diagnostic]:
    by_element: dict[str, list[Rule]] = {}
    for rule in rules:
        for name in rule.visits():
            by_element.setdefault(name, []).append(rule)
    if by_element:
        for element in subject.elements:
            for rule in by_element.get(element.name, ()):
                yield from rule.visit_element(element)
    of_code = [rule for rule in rules if rule.reads_code()]
    for expression in subject.expressions if of_code else ():
        if expression.compiled.is_legal:
            for rule in of_code:
                yield from rule.visit_expression(expression)
    for rule in rules:
        yield from rule.finish()


# Findings that apply whatever a template or an unknown named value inserts later

_NAMES = ("name",)
"""Attributes that may name a variable which is set."""


def certain(subject: Subject, rules: Iterable[Rule], found: Iterable[Diagnostic]) -> Iterator[Diagnostic]:
    """Yield the findings that no hole can explain: neither at their position nor in their subject."""
    about_all = {rule.code for rule in rules if rule.needs_all}
    for finding in found:
        text = finding.source.text[finding.start : finding.end]
        if has_hole(text) or has_hole(finding.message) or _is_open(subject, subject.element_at(finding.start)):
            continue
        if finding.code not in about_all or not _may_do_more(subject):
            yield finding


def _is_open(subject: Subject, element: Element | None) -> bool:
    """Return whether a hole may hold more of an element: its text, children, attributes, or something below them."""
    return element is not None and any(
        below.may_have_more_attributes
        or (_has_hole(below) and (below is element or not subject.takes_text_only(below)))
        for below in element.descendants()
    )


def _has_hole(element: Element) -> bool:
    return any(
        isinstance(child, Characters) and has_hole(child.raw) and child.is_unknown_outside_expressions
        for child in element.children
    )


def _may_do_more(subject: Subject) -> bool:
    """Return whether a hole anywhere may be a policy, or code that looks at something."""
    return (
        any(expression.compiled.has_code_holes for expression in subject.expressions)
        or any(_is_open(subject, root) for root in subject.document.roots)
        or any(
            (_may_decide(element, attribute.name) and _begins_with_hole(attribute.value))
            or (attribute.name.endswith(_NAMES) and is_unknown(attribute.value.raw))
            for element in subject.elements
            for attribute in element.attributes
        )
    )


def _may_decide(element: Element, attribute: str) -> bool:
    """Return whether the value of an attribute may be an expression that looks at anything."""
    if attribute == "condition":
        return element.name == "when" or has_trait(element.name, "repeats")
    return attribute == "value" and has_trait(element.name, "sets-variable")


def _begins_with_hole(value: Characters) -> bool:
    return not value.parts and is_unknown(value.raw.split(maxsplit=1)[0] if value.raw.strip() else "")
