"""Running a part of a policy document: some of its sections, or a single policy."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

from apimpolicy.context.execution import LastError
from apimpolicy.dotnet.values import to_utf16
from apimpolicy.engine import pipeline
from apimpolicy.engine.policy_doubles import check_names, some_places
from apimpolicy.engine.steps import Program, Step
from apimpolicy.errors import ConfigurationError
from apimpolicy.policies.registry import is_known
from apimpolicy.policies.spec import SECTIONS

if TYPE_CHECKING:
    from apimpolicy.context.messages import ResponseMessage
    from apimpolicy.context.records import Response
    from apimpolicy.engine.exchange import Exchange
    from apimpolicy.engine.policy_doubles import AnyDouble
    from apimpolicy.policies.spec import Specification
    from apimpolicy.text.document import Element
    from apimpolicy.text.source import Excerpt


class Part(NamedTuple):
    """The part that runs, and the state before it; see `Gateway.run`."""

    section: str | Iterable[str] | None
    only: str | None
    response: Response | None
    last_error: Mapping[str, str] | None
    doubles: Mapping[str, AnyDouble]

    def run(self, exchange: Exchange, program: Program) -> ResponseMessage:
        """Run the part; return the caller's response. Raises ConfigurationError."""
        check_names(self.doubles, program)
        exchange.doubles = self.doubles
        exchange.sections = chosen_sections(self.section)
        if self.last_error is not None and exchange.sections != {"on-error"}:
            raise ConfigurationError("'last_error' is that of an on-error which runs alone: section='on-error'")
        if self.only is not None:
            program = only(program, self.only)
            exchange.sections = frozenset({section_of(program)})
        if self.response is not None:
            exchange.show_response(exchange.received(self.response))
        if exchange.sections == {"on-error"}:
            return pipeline.run_on_error(exchange, program, _error_of(self.last_error))
        return pipeline.run(exchange, program)


def _error_of(given: Mapping[str, str] | None) -> LastError | None:
    if given is None:
        return None
    unknown = [name for name in given if name.replace("-", "_") not in _ERROR]
    if unknown:
        raise ConfigurationError(f"'{unknown[0]}' is not a member of an error; they are {', '.join(_ERROR)}")
    texts = {name.replace("-", "_"): to_utf16(text) for name, text in given.items()}
    source, message = texts.pop("source", ""), texts.pop("message", "")
    return LastError(source, texts.pop("reason", None), message, **texts)


_ERROR = ("source", "reason", "message", "scope", "section", "path", "policy_id")


def chosen_sections(given: str | Iterable[str] | None) -> frozenset[str]:
    """Return the sections that run, all of them unless given. Raises ConfigurationError."""
    names = SECTIONS if given is None else (given,) if isinstance(given, str) else tuple(given)
    for name in names:
        if name not in SECTIONS:
            raise ConfigurationError(f"'{name}' is not a section; the sections are {', '.join(SECTIONS)}")
    return frozenset(names)


def only(program: Program, wanted: str) -> Program:
    """Return the program with nothing but one policy: that with this id, or at this place
    (`inbound/choose[1]/set-body[1]`, counted within its document). Raises ConfigurationError when there is none, or
    more than one.
    """
    steps = [step for step in program.steps() if is_known(step.name)]
    found = [step for step in steps if step.own_id == wanted] or [
        step for step in steps if wanted in (step.place, f"{step.scope} {step.place}")
    ]
    if not found:
        raise ConfigurationError(f"there is no policy '{wanted}'; name its id, or its place, as {some_places(steps)}")
    if len(found) > 1:
        where = ", ".join(f"{step.scope} {step.place}" for step in found[:4])
        raise ConfigurationError(f"there are {len(found)} policies '{wanted}': {where}")
    sections: dict[str, list[Step]] = {name: [] for name in SECTIONS}
    sections[found[0].section] = [found[0]]
    return Program(sections, program.scopes, inherits_missing=program.inherits_missing)


def section_of(program: Program) -> str:
    return next(name for name, steps in program.sections.items() if steps)


def own_expressions(element: Element, specification: Specification) -> Iterator[Excerpt]:
    """Yield the expressions of a policy or part itself: in attributes, in its content, and in values."""
    literal = {slot.name for slot in specification.attributes if not slot.expression}
    for attribute in element.attributes:
        if attribute.value.expression is not None and attribute.name not in literal:
            yield attribute.value.expression
    if specification.takes_text and element.expression is not None:
        yield element.expression
    values = {slot.child for slot in specification.contents if slot.child is not None}
    for inner in element.elements():
        if inner.name in values and inner.expression is not None:
            yield inner.expression
