"""Make an instance of a step's policy: evaluate and convert attributes and texts, and write them to the trace."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from apimpolicy.csharp.dotnet.environment import assume, environment
from apimpolicy.csharp.dotnet.exceptions import DotnetException
from apimpolicy.csharp.dotnet.values import BOOL, STRING, box, from_utf16, to_utf16
from apimpolicy.csharp.emit.expression import CompiledExpression
from apimpolicy.csharp.emit.recording import Recorder
from apimpolicy.errors import LimitExceededError
from apimpolicy.gateway.engine.steps import Step, compiled
from apimpolicy.gateway.engine.trace import Evaluation, TraceEntry
from apimpolicy.gateway.policies.conversions import InvalidValueError
from apimpolicy.gateway.policies.spec import AttributeSlot, ContentSlot, PolicyError
from apimpolicy.gateway.policies.surroundings import VALIDATION_FAILED, azure_error, invalid_value
from apimpolicy.text.document import Attribute, Element
from apimpolicy.text.source import Excerpt

if TYPE_CHECKING:
    from apimpolicy.gateway.context.execution import Context
    from apimpolicy.gateway.engine.observation import Observer

EVALUATION_FAILED = "ExpressionValueEvaluationFailure"
EXPRESSION_FAILURES = frozenset({EVALUATION_FAILED, VALIDATION_FAILED})
"""The reasons of errors that an expression, or its value, is to blame for."""
_ENDED = "A loop without an end, which a gateway ends after five seconds, is an error of its expression"


class Moment:
    """What the engine does: policies `run`, the `response` has come, or it is the `end` (`spec.FAILURES`)."""

    __slots__ = ("now",)

    def __init__(self) -> None:
        self.now = "run"


class Evaluator:
    """Evaluates steps against one context. `tracing` keeps the values of sub-expressions, for `explain`."""

    __slots__ = ("context", "moment", "tracing")

    def __init__(self, context: Context, tracing: bool, moment: Moment) -> None:
        self.context = context
        self.tracing = tracing
        self.moment = moment

    def instantiate(self, entry: TraceEntry) -> Any:
        """Return the policy of an entry with its attributes. Raises PolicyError when an expression throws."""
        step = entry.step
        prepared = step.prepared
        if prepared is None:
            prepared = step.prepared = Prepared(step)
        if prepared.shown:
            entry.attributes.update(prepared.shown)
        if prepared.instance is not None:
            return prepared.instance
        instance: Any = object.__new__(prepared.cls)
        values = instance.__dict__
        values.update(prepared.values)
        for attribute in prepared.attributes:
            slot = attribute.slot
            if slot.postponed:
                values[slot.field] = partial(self.later, attribute, entry)
            else:
                values[slot.field] = self.attribute(attribute, entry)
        for content, texts in prepared.contents:
            values[content.field] = self.content(content, texts, entry)
        return instance

    def later(self, attribute: PreparedAttribute, entry: TraceEntry) -> object:
        """Return the value of a postponed attribute; its expression is evaluated when it is declared to be."""
        declared = attribute.slot.evaluated
        assert attribute.expression is None or self.moment.now in declared, (attribute.slot.name, self.moment.now)
        return self.attribute(attribute, entry)

    def attribute(self, attribute: PreparedAttribute, entry: TraceEntry) -> object:
        """Return the value of an attribute now; its default when the element does not have it."""
        slot = attribute.slot
        if not attribute.is_given:
            return slot.default
        value = self.value(slot, slot.name, attribute.expression, attribute.text, entry)
        entry.attributes[slot.name] = _readable(value)
        return value

    def content(self, slot: ContentSlot, texts: list[tuple[Excerpt | None, str]], entry: TraceEntry) -> object:
        if slot.child is None:
            expression, literal = texts[0]
            value = self.value(slot, "text", expression, literal, entry)
            entry.attributes["text"] = _readable(value)
            return value
        values: list[object] = []
        shown: list[object] = []
        for expression, literal in texts:
            value = self.value(slot, slot.child, expression, literal, entry)
            values.append(value)
            shown.append(_readable(value))
        if values:
            entry.attributes[slot.child] = shown
        return values

    def value(
        self, slot: AttributeSlot | ContentSlot, what: str, expression: Excerpt | None, text: str, entry: TraceEntry
    ) -> object:
        """Return the value of an attribute or text, converted and validated.

        Raises PolicyError; LimitExceededError, but not for a loop without an end, which a gateway ends.
        """
        try:
            value = slot.convert(text if expression is None else self.evaluate(expression, what, entry))
            reason = slot.why_invalid(value)
        except DotnetException as error:
            raise azure_error("expression-failed", details=error.message) from error
        except InvalidValueError as error:
            reason = error.message
        except LimitExceededError as error:
            if not _is_endless(entry.evaluations[-1].expression, error):
                raise
            environment().begin_again()
            assume(_ENDED)
            raise azure_error("expression-endless") from error
        if reason:
            if expression is not None:
                entry.evaluations[-1].refusal = reason
            raise invalid_value(reason)
        return value

    def recorder(self, excerpt: Excerpt) -> Recorder:
        return Recorder()

    def evaluate(self, excerpt: Excerpt, what: str, entry: TraceEntry) -> object:
        """Return the value of an expression, boxed. Raises DotnetException."""
        recorder = self.recorder(excerpt) if self.tracing else None
        evaluation = Evaluation(what, excerpt, recorder)
        entry.evaluations.append(evaluation)
        expression = evaluation.expression = compiled(excerpt)
        written = len(self.context.traces)
        try:
            value = expression.evaluate(self.context, recorder=recorder)
        except DotnetException as error:
            evaluation.error = error
            raise
        finally:
            if len(self.context.traces) > written:
                evaluation.messages = tuple(self.context.traces[written:])
        if expression.type is not BOOL and expression.type is not STRING:
            value = box(expression.type, value)
        evaluation.value = value
        return value


def _is_endless(expression: CompiledExpression | None, error: LimitExceededError) -> bool:
    """Return whether a loop that exceeded a limit is one that nothing leaves; once for each request."""
    from apimpolicy.csharp.binding.flow import endless_loops

    is_known = _ENDED in environment().assumptions
    if expression is None or error.limit not in ("steps", "seconds") or error.span is None or is_known:
        return False
    place, excerpt = error.span[1], expression.excerpt
    loops = [loop.syntax for loop in endless_loops(expression.bound.body)]
    return any(excerpt.locate(loop.start) <= place < excerpt.locate(loop.end) for loop in loops)


class ObservedEvaluator(Evaluator):
    """Evaluates steps, and reports expressions and values to an observer."""

    __slots__ = ("observer",)

    def __init__(self, context: Context, observer: Observer, moment: Moment) -> None:
        super().__init__(context, True, moment)
        self.observer = observer

    def value(
        self, slot: AttributeSlot | ContentSlot, what: str, expression: Excerpt | None, text: str, entry: TraceEntry
    ) -> object:
        try:
            value = super().value(slot, what, expression, text, entry)
        except PolicyError as error:
            self.observer.value_converted(entry, slot, expression, None, error)
            raise
        self.observer.value_converted(entry, slot, expression, value, None)
        return value

    def recorder(self, excerpt: Excerpt) -> Recorder:
        return self.observer.recorder(excerpt) or Recorder()

    def evaluate(self, excerpt: Excerpt, what: str, entry: TraceEntry) -> object:
        self.observer.expression_started(entry, excerpt)
        try:
            value = super().evaluate(excerpt, what, entry)
        except Exception as error:
            self.observer.expression_ended(entry, error)
            raise
        self.observer.expression_ended(entry, None)
        return value


class PreparedAttribute:
    """An attribute that has to be evaluated, or converted, each time; `text` is its literal as a .NET string."""

    __slots__ = ("expression", "is_given", "slot", "text")

    def __init__(self, slot: AttributeSlot, attribute: Attribute | None) -> None:
        self.slot = slot
        self.is_given = attribute is not None
        self.expression = attribute.value.expression if attribute is not None and slot.expression else None
        self.text = "" if attribute is None else to_utf16(attribute.value.text)


class Prepared:
    """The parts of a step that are the same in each run: `values` by field, `shown` as in the trace; and the others.

    Literals are converted here, once; those that do not convert fail when the policy is reached. A step with nothing to
    evaluate has one `instance` for all requests: policies do not change themselves.
    """

    __slots__ = ("attributes", "cls", "contents", "instance", "shown", "values")

    def __init__(self, step: Step) -> None:
        specification = step.specification
        assert specification is not None
        self.cls = specification.cls
        self.values: dict[str, object] = dict(step.fields)
        self.shown: dict[str, object] = {}
        self.attributes: list[PreparedAttribute] = []
        self.contents = [(slot, _texts(step.element, slot)) for slot in specification.contents]
        for slot in specification.attributes:
            attribute = step.element.get(slot.name)
            if slot.postponed or (attribute is not None and slot.expression and attribute.value.expression is not None):
                self.attributes.append(PreparedAttribute(slot, attribute))
            elif attribute is None:
                self.values[slot.field] = slot.default
            else:
                self.convert(slot, attribute)
        self.instance: Any = None
        if not self.attributes and not self.contents:
            self.instance = object.__new__(self.cls)
            vars(self.instance).update(self.values)

    def convert(self, slot: AttributeSlot, attribute: Attribute) -> None:
        try:
            value = slot.convert(to_utf16(attribute.value.text))
        except (DotnetException, InvalidValueError):
            value = None
        if not isinstance(value, (str, int, float)) or (slot.values and value not in slot.values):
            self.attributes.append(PreparedAttribute(slot, attribute))
            return
        self.values[slot.field] = value
        self.shown[slot.name] = _readable(value)


def _texts(element: Element, slot: ContentSlot) -> list[tuple[Excerpt | None, str]]:
    """Return the texts that a slot is made of: each an expression, or a literal."""
    if slot.child is None:
        return [(element.expression, "" if element.expression is not None else to_utf16(literal_content(element)))]
    children = [child for child in element.elements() if child.name == slot.child]
    return [
        (child.expression, "" if child.expression is not None else to_utf16(literal_content(child).strip()))
        for child in children
    ]


def literal_content(element: Element) -> str:
    """Return an element's content as text: character data decoded; with elements in it, the markup as it is written."""
    if any(isinstance(child, Element) for child in element.children):
        return element.source.text[element.content_start : element.content_end]
    return element.text


def _readable(value: object) -> object:
    return from_utf16(value) if type(value) is str else value
