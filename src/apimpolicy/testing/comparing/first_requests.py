"""Requests that comparisons begin with, made of what policies name: origins, limits of calls, harmful content."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from apimpolicy.gateway.policies.outside_services import CATEGORIES, MOST_SEVERE, SafetyWords
from apimpolicy.gateway.policies.registry import has_trait
from apimpolicy.project.service.likely_values import literal_attribute
from apimpolicy.testing.comparing.accepted_values import changed_values, requests_with_values

if TYPE_CHECKING:
    from apimpolicy.gateway.engine.result import Result
    from apimpolicy.gateway.engine.steps import Program
    from apimpolicy.reasoning.scenarios.assignments import Assignment
    from apimpolicy.reasoning.scenarios.harness import Harness
    from apimpolicy.text.document import Element

HARMFUL = "a text with harmful content"
_MOST_CALLS = 1_000
"""A limit of more calls is not used up to show what it does."""
_MOST_ORIGINS, _MOST_HARMS, _MOST_HEADERS = 6, 6, 6


def first_requests(old: Harness, new: Harness, starts: Sequence[Assignment]) -> Iterator[Assignment]:
    """Yield requests that show what changes of certain policies do, without a search.

    `starts` are callers who pass all checks.
    """
    steps = ([step.element for step in side.program.steps()] for side in (old, new))
    accepted = requests_with_values(changed_values(*steps))
    inputs = (*accepted, *_with_origins(old, new), *_with_limits(old, new), *_with_headers(old, new), *harms(old, new))
    yield from requests_with(inputs, ({}, *starts[:1]))


def requests_with(inputs: Iterable[Assignment], starts: Sequence[Assignment]) -> Iterator[Assignment]:
    """Yield requests with each of some inputs, by all callers before the next."""
    return ({**start, **each} for each in inputs for start in starts)


def _with_origins(old: Harness, new: Harness) -> Iterator[Assignment]:
    """Yield requests from pages of the origins that only one version lists."""
    listed = [
        {
            each.text.strip()
            for step in side.program.steps()
            for each in step.element.descendants()
            if each.name == "origin"
        }
        for side in (old, new)
    ]
    for origin in sorted(listed[0] ^ listed[1])[:_MOST_ORIGINS]:
        yield {("header", "origin", "there"): True, ("header", "origin"): origin}


def _with_limits(old: Harness, new: Harness) -> Iterator[Assignment]:
    """Yield requests that come as often as limits allow: the next one shows which limit is lower, or comes first."""
    limits: dict[int, None] = {}
    for step in (*old.program.steps(), *new.program.steps()):
        if has_trait(step.name, "limits-calls"):
            attribute = step.element.get("calls")
            text = "" if attribute is None or attribute.value.expression is not None else attribute.value.text.strip()
            if text.isdigit() and int(text) <= _MOST_CALLS:
                limits[int(text)] = None
    for limit in limits:
        yield {("calls", "before"): limit}


def _with_headers(old: Harness, new: Harness) -> Iterator[Assignment]:
    """Yield responses of backends that have a header that only one version sets or deletes."""
    written = [
        {
            (name.lower(), literal_attribute(element, "exists-action"), *(each.text for each in element.descendants()))
            for element in (step.element for step in side.program.steps() if has_trait(step.name, "sets-header"))
            if (name := literal_attribute(element, "name"))
        }
        for side in (old, new)
    ]
    for header in sorted({each[0] for each in written[0] ^ written[1]})[:_MOST_HEADERS]:
        key = ("answer", "0", "header", header)
        yield {(*key, "there"): True, key: "x"}


# Content safety


class _Harm(NamedTuple):
    """A reason to refuse a text: a category from a severity on, a blocklist, or attacks on the model."""

    kind: str
    name: str = ""
    severity: int = 0

    @property
    def text(self) -> str:
        """A text in which content safety finds this, and nothing else."""
        match self.kind:
            case "category":
                return f"{self.name} of severity {self.severity}"
            case "blocklist":
                return f"a text on blocklist '{self.name}'"
        return "an attack on the model"


def moderate(old: Harness, new: Harness) -> None:
    """Give both sides one stand-in for content safety where policies use it.

    It finds `HARMFUL` harmful in every category, as an attack, and on every blocklist that policies name, and other
    texts in one of them. A stand-in of the gateway's settings may find nothing in the requests of a comparison.
    """
    if named := _harms(old.program) | _harms(new.program):
        categories = {name: {HARMFUL: MOST_SEVERE} for name in CATEGORIES}
        blocklists: dict[str, list[str]] = {}
        for harm in sorted(named):
            if harm.kind == "category":
                categories[harm.name][harm.text] = harm.severity
            elif harm.kind == "blocklist":
                blocklists[harm.name] = [HARMFUL, harm.text]
        found = SafetyWords(categories, blocklists=blocklists, attacks=[HARMFUL, _Harm("attack").text])
        old.settings["content_safety"] = new.settings["content_safety"] = found


def harms(old: Harness, new: Harness) -> Iterator[Assignment]:
    """Yield prompts and completions with a harmful text, and with texts that only one version refuses."""
    one, other = _harms(old.program), _harms(new.program)
    texts = [each.text for each in sorted(one ^ other)[:_MOST_HARMS]]
    for text in (HARMFUL, *texts) if one | other else ():
        for prompt in (text, json.dumps({"messages": [{"role": "user", "content": text}]})):
            yield {("body", "there"): True, ("body", "text"): prompt}
        for completion in (text, json.dumps({"choices": [{"message": {"content": text}}]})):
            yield {("answer", "0", "body", "text"): completion}


def is_moderated(result: Result) -> bool:
    """Return whether a request reached a policy that has content checked."""
    return any(has_trait(entry.name, "moderates-content") for entry in result.trace)


def _harms(program: Program) -> set[_Harm]:
    """Return what the policies of a program refuse, as far as it is written in them."""
    steps = [step.element for step in program.steps() if has_trait(step.name, "moderates-content")]
    return {harm for element in steps for harm in _harms_of(element)}


def _harms_of(element: Element) -> Iterator[_Harm]:
    shields = element.get("shield-prompt")
    if shields is not None and shields.value.text.strip().lower() != "false":
        yield _Harm("attack")
    for each in element.descendants():
        name, threshold = each.get("name"), each.get("threshold")
        if each.name == "id":
            yield _Harm("blocklist", each.text.strip())
        elif name is not None and threshold is not None and name.value.text in CATEGORIES:
            severity = threshold.value.text.strip()
            is_known = severity.isdigit() and int(severity) <= MOST_SEVERE
            yield _Harm("category", name.value.text, int(severity) if is_known else MOST_SEVERE)
