"""From a step to an instance of its policy: attributes and texts evaluated, converted, and written to the trace."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from apimpolicy.dotnet.exceptions import DotnetException
from apimpolicy.dotnet.values import BOOL, STRING, box, from_utf16, to_utf16
from apimpolicy.engine.observation import overflow
from apimpolicy.engine.steps import compiled
from apimpolicy.engine.trace import Evaluation
from apimpolicy.policies.spec import AttributeSlot, ContentSlot, PolicyError
from apimpolicy.text.document import Element

if TYPE_CHECKING:
    from apimpolicy.context.execution import Context
    from apimpolicy.engine.steps import Step
    from apimpolicy.engine.trace import TraceEntry
    from apimpolicy.text.source import Excerpt

EVALUATION_FAILED = "ExpressionValueEvaluationFailure"


class Evaluator:
    """Evaluates steps against one context. `tracing` keeps the values of sub-expressions, for `explain`."""

    __slots__ = ("context", "tracing")

    def __init__(self, context: Context, tracing: bool) -> None:
        self.context = context
        self.tracing = tracing

    def instantiate(self, step: Step, entry: TraceEntry) -> Any:
        """The policy with its attributes. Raises PolicyError when an expression throws."""
        prepared = step.prepared
        if prepared is None:
            prepared = step.prepared = Prepared(step)
        if prepared.shown:
            entry.attributes.update(prepared.shown)
        if prepared.instance is not None:
            return prepared.instance
        instance: Any = object.__new__(prepared.cls)
        values = vars(instance)
        values.update(prepared.values)
        for attribute in prepared.attributes:
            values[attribute.field] = self.attribute(step.element, attribute, entry)
        for slot, texts in prepared.contents:
            values[slot.field] = self.content(slot, texts, entry)
        return instance

    def attribute(self, element: Element, slot: AttributeSlot, entry: TraceEntry) -> object:
        if slot.postponed:
            return partial(self.attribute_now, element, slot, entry)
        return self.attribute_now(element, slot, entry)

    def attribute_now(self, element: Element, slot: AttributeSlot, entry: TraceEntry) -> object:
        attribute = element.get(slot.name)
        if attribute is None:
            return slot.default
        expression = attribute.value.expression if slot.expression else None
        value = self.value(slot, slot.name, expression, attribute.value.text, entry)
        if slot.values and isinstance(value, str) and value not in slot.values:
            allowed = ", ".join(slot.values)
            raise _failure(f"'{value}' is not a value of '{slot.name}'; the values are {allowed}.")
        entry.attributes[slot.name] = _readable(value)
        return value

    def content(self, slot: ContentSlot, texts: list[tuple[Excerpt | None, str]], entry: TraceEntry) -> object:
        what = slot.child or "text"
        values = [self.value(slot, what, expression, literal, entry) for expression, literal in texts]
        if slot.child is None:
            entry.attributes[what] = _readable(values[0])
            return values[0]
        if values:
            entry.attributes[what] = [_readable(value) for value in values]
        return values

    def value(
        self, slot: AttributeSlot | ContentSlot, what: str, expression: Excerpt | None, text: str, entry: TraceEntry
    ) -> object:
        try:
            return slot.convert(to_utf16(text) if expression is None else self.evaluate(expression, what, entry))
        except DotnetException as error:
            raise _failure(error.message) from error

    def evaluate(self, excerpt: Excerpt, what: str, entry: TraceEntry) -> object:
        """The value of an expression, boxed."""
        recorder = None
        if self.tracing:
            from apimpolicy.emit.recorder import Recorder

            recorder = Recorder(overflow=overflow(excerpt))
        evaluation = Evaluation(what, excerpt, recorder)
        entry.evaluations.append(evaluation)
        expression = compiled(excerpt)
        evaluation.expression = expression
        try:
            value = expression.evaluate(self.context, recorder=recorder)
        except DotnetException as error:
            evaluation.error = error
            raise
        if expression.type is not BOOL and expression.type is not STRING:
            value = box(expression.type, value)
        evaluation.value = value
        return value


class Prepared:
    """What is the same whenever a step runs: `values` by field, `shown` as the trace has them; and what is not.

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
        self.attributes: list[AttributeSlot] = []
        self.contents = [(slot, _texts(step.element, slot)) for slot in specification.contents]
        for slot in specification.attributes:
            attribute = step.element.get(slot.name)
            if slot.postponed:
                self.attributes.append(slot)
            elif attribute is None:
                self.values[slot.field] = slot.default
            elif slot.expression and attribute.value.expression is not None:
                self.attributes.append(slot)
            else:
                self.convert(slot, attribute.value.text)
        self.instance: Any = None
        if not self.attributes and not self.contents:
            self.instance = object.__new__(self.cls)
            vars(self.instance).update(self.values)

    def convert(self, slot: AttributeSlot, literal: str) -> None:
        try:
            value = slot.convert(to_utf16(literal))
        except DotnetException:
            value = None
        if not isinstance(value, (str, int, float)) or (slot.values and value not in slot.values):
            self.attributes.append(slot)
            return
        self.values[slot.field] = value
        self.shown[slot.name] = _readable(value)


def _texts(element: Element, slot: ContentSlot) -> list[tuple[Excerpt | None, str]]:
    """The texts that a slot is made of: each an expression, or a literal."""
    if slot.child is None:
        return [(element.expression, "" if element.expression is not None else literal_content(element))]
    children = [child for child in element.elements() if child.name == slot.child]
    return [
        (child.expression, "" if child.expression is not None else literal_content(child).strip()) for child in children
    ]


def literal_content(element: Element) -> str:
    """An element's content as text: character data decoded; with elements in it, the markup as it is written."""
    if any(isinstance(child, Element) for child in element.children):
        return element.source.text[element.content_start : element.content_end]
    return element.text


def _readable(value: object) -> object:
    return from_utf16(value) if type(value) is str else value


def _failure(message: str) -> PolicyError:
    return PolicyError(EVALUATION_FAILED, f"Expression evaluation failed. {message}")
