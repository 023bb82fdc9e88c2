"""A policy by the effects that it declares. Without any it may change, respond and fail in every way."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from apimpolicy.csharp.dotnet.values import to_utf16
from apimpolicy.errors import ApimPolicyError
from apimpolicy.gateway.engine.partial_runs import own_expressions
from apimpolicy.gateway.engine.steps import Step, compiled
from apimpolicy.gateway.policies.conversions import text, trimmed, typed
from apimpolicy.gateway.policies.registry import attribute_of, has_trait, is_known
from apimpolicy.reasoning.semantics.evaluation import Evaluation
from apimpolicy.reasoning.semantics.state import KINDS, REACHABLE
from apimpolicy.reasoning.semantics.values import Value, constant_number, constant_truth, merge
from apimpolicy.reasoning.terms import term as terms
from apimpolicy.reasoning.transfer.flow import End, Sent
from apimpolicy.reasoning.transfer.run import Run, is_literal, names_of
from apimpolicy.text.document import AttributeValue, Element
from apimpolicy.text.source import UNKNOWN_POLICIES, Excerpt


def transfer_declared(run: Run, step: Step) -> None:
    specification = step.specification
    effects = None if specification is None else specification.effects
    if effects is None:
        do_anything(run, step)
        return
    evaluate_all(run, step)
    take_effect(run, step, effects)


def take_effect(run: Run, step: Step, effects: tuple[str, ...]) -> None:
    run.unknowns.place = step.where
    changes(run, step, effects)
    for effect in effects:
        match effect:
            case "refuses":
                refuse(run, step, run.unknowns.truth(f"whether {step.name} refuses"))
            case "fails":
                fail(run, step)
            case "fails-later":
                run.later.append(step)
            case "answer-headers":
                run.add_headers(names_added(run, [step]))
            case "answers":
                run.end(
                    run.unknowns.truth(f"whether {step.name} answers"), run.inputs.status(run.next_generation()), None
                )
            case "serves":
                run.serve(run.unknowns.truth(f"whether {step.name} has a response"))
    run.mark(step)


def changes(run: Run, step: Step, effects: tuple[str, ...]) -> None:
    for effect in effects:
        word, _, detail = effect.partition(":")
        match word:
            case "variables":
                set_variables(run, step)
            case "variable":
                set_variable(run, step, detail)
            case "url":
                run.forget("url", "query")
            case "header" if detail:
                run.forget_cell(run.kind_of("header"), detail)
            case "header":
                run.forget(run.kind_of("header"))
            case "message-headers":
                run.forget(run.header_kind())
            case "backend" if run.own != "request" or has_trait(step.name, "chooses-backend"):
                run.forget_cell("backend")
            case "message-body":
                run.forget(run.body_kind())
                run.unknowns.use_up()


def set_variables(run: Run, step: Step) -> None:
    for element in [step.element, *own_elements(step.element)]:
        for attribute in element.attributes:
            if not attribute.name.endswith("variable-name"):
                continue
            if not run.is_known(attribute):
                run.forget("variable")
            elif attribute.value.text:
                slot = attribute_of(step.name, attribute.name) if element is step.element else None
                set_variable(run, step, to_utf16(attribute.value.text), None if slot is None else slot.sets)


def set_variable(run: Run, step: Step, name: str, type_: str | None = None) -> None:
    may = run.unknowns.truth(f"whether {step.name} sets a variable")
    new = run.inputs.make(("variable", name), run.next_generation())
    if type_ is not None:
        new = run.unknowns.value(type_, f"what {step.name} sets a variable to", null=False)
    run.state.set(merge(may, new, run.state.get("variable", name)), "variable", name)


def respond(run: Run, step: Step) -> None:
    """Run the rest of a policy when the response comes: it may fail, and change once more what it changes."""
    run.unknowns.place = step.where
    effects = None if step.specification is None else step.specification.effects
    if effects is None:
        run.forget_everything()
    else:
        changes(run, step, effects)
    ran = {name: run.state.get("ran", name) for name in names_of(step)}
    for name in ran:  # where it fails now it has not run, unless it stands there twice
        run.forget_cell("ran", name)
    checked = [value.expression for value in _postponed(run, step, "response")]
    _evaluate_perhaps(run, step, [excerpt for excerpt in checked if excerpt is not None])
    by_policy = terms.truth(has_trait(step.name, "refuses"))
    failed, status = run.unknowns.truth(f"whether {step.name} fails when the response comes"), None
    if effects is None or "refuses" in effects:
        status = run.inputs.status(run.next_generation())
    run.fail(failed, status, by_policy=by_policy, keeps_headers=effects is None)
    for name, value in ran.items():
        run.state.set(value, "ran", name)


def refuse(run: Run, step: Step, condition: terms.Term) -> None:
    if has_trait(step.name, "per-subscription"):
        condition = terms.all_of(condition, run.unknowns.input(("there", "subscription"), terms.TRUTH))
    by_policy = terms.truth(has_trait(step.name, "refuses"))
    run.fail(condition, status_of(run, step), by_policy=by_policy)


def fail(run: Run, step: Step) -> None:
    """Let a policy fail: its own response where it refuses requests, else the gateway's."""
    by_policy = terms.truth(has_trait(step.name, "refuses"))
    run.fail_at_service(f"whether {step.name} fails", by_policy=by_policy)


def status_of(run: Run, step: Step) -> Value:
    """Return the statuses that a policy refuses with, of which it is not known which; any when it declares none."""
    specification = step.specification
    found: list[Value] = []
    for word in () if specification is None else specification.refuses_with:
        slots = () if specification is None else specification.attributes
        slot = next((slot for slot in slots if slot.name == word), None)
        given = None if slot is None or step.element.get(word) is None else run.literal(step.element, word) or ""
        text = word if slot is None else str(slot.default) if given is None else given.strip()
        if text.isdecimal():
            found.append(constant_number(int(text)))
        elif slot is not None:  # an expression, or not known: any number
            return run.unknowns.value("int", f"the status of {step.name}")
    if not found:
        return run.inputs.status(run.next_generation())
    known = found[0]
    for other in found[1:]:
        known = merge(run.unknowns.chance(f"the status of {step.name}"), known, other)
    return known


def evaluate_all(run: Run, step: Step) -> list[Value]:
    if step.specification is None:
        return []
    own = dict.fromkeys(own_expressions(step.element, step.specification))
    run.at_end += [value.expression for value in _postponed(run, step, "end")]
    postponed = {id(value.expression) for value in _postponed(run, step)}
    found = [run.evaluate(excerpt) for excerpt in own if id(excerpt) not in postponed]
    for element in [step.element, *own_elements(step.element)]:
        for attribute in element.attributes:
            value = attribute.value
            if value.expression is None and not (element is step.element and is_literal(step, attribute.name)):
                run.evaluate_text(value.source, value.start, value.end)
        if element.expression is None and not list(element.elements()):
            run.evaluate_text(element.source, element.content_start, element.content_end)
    if _may_not_convert(run, step):
        run.fail(run.unknowns.truth(f"whether a value of {step.name} is valid"))
    inside = [excerpt for excerpt in _expressions(step.element) if excerpt not in own]
    inside += [value.expression for value in _postponed(run, step, "run") if value.expression is not None]
    return found + _evaluate_perhaps(run, step, inside)


def _postponed(run: Run, step: Step, moment: str = "") -> Iterator[AttributeValue]:
    """Yield the values of attributes whose expressions are evaluated later: at a moment, or at any.

    Those of which a part is missing may be expressions.
    """
    for slot in () if step.specification is None else step.specification.attributes:
        attribute = step.element.get(slot.name) if slot.postponed else None
        if attribute is not None and not run.is_known(attribute) and (not moment or moment in slot.evaluated):
            yield attribute.value


def _evaluate_perhaps(run: Run, step: Step, excerpts: Sequence[Excerpt]) -> list[Value]:
    """Evaluate expressions of which it isn't known whether they are evaluated."""
    if not excerpts:
        return []
    evaluated = run.unknowns.truth(f"what {step.name} evaluates")
    alive, lost = run.alive, run.lost
    run.lost = []
    run.alive = terms.all_of(alive, evaluated)
    found = [run.evaluate(excerpt) for excerpt in excerpts]
    run.fail(run.unknowns.truth(f"whether a value in {step.name} is valid"))
    gone, run.lost = run.lost, lost
    run.lost += gone
    run.alive = terms.all_of(alive, *(terms.not_(each) for each in gone))
    return found


def evaluate_at_end(run: Run, ends: Iterable[End]) -> None:
    """Evaluate what is evaluated after all policies, for all ends: its errors are ignored, what it changes counts."""
    kinds: set[str] = set()
    for excerpt in run.at_end:
        heap, bodies = run.unknowns.heap, run.unknowns.bodies
        if excerpt is None or not _is_followed(run, excerpt) or run.unknowns.heap != heap:
            kinds |= {*REACHABLE}
        elif run.unknowns.bodies != bodies:
            kinds |= {"body", "response-body"}
    for end in ends if kinds else ():
        for kind in kinds:
            end.state.forget(kind, run.next_generation())


def _is_followed(run: Run, excerpt: Excerpt) -> bool:
    """Evaluate an expression in an unknown state; return whether all that it does is followed."""
    try:
        expression = compiled(excerpt)
    except ApimPolicyError:
        return False
    run.note_unknown(excerpt)
    state = run.inputs.state()
    for kind in (*KINDS, "error"):
        state.forget(kind, run.next_generation())
    state.set(constant_truth(True), "has-response")
    evaluation = Evaluation(run.unknowns, state, terms.TRUE)
    evaluation.run(expression.bound.body, expression.type)
    return not evaluation.is_given_up


def _may_not_convert(run: Run, step: Step) -> bool:
    """Return whether the gateway may refuse a value that isn't literal: no number, none of several words, empty."""
    assert step.specification is not None
    for slot in step.specification.attributes:
        attribute = step.element.get(slot.name)
        if attribute is None or run.is_known(attribute):
            continue
        is_evaluated = slot.expression or attribute.value.expression is None
        refuses_empty = slot.is_filled if attribute.value.expression is None else slot.validated
        if is_evaluated and (slot.values or refuses_empty or slot.convert not in (text, trimmed, typed)):
            return True
    return any(slot.convert not in (text, trimmed, typed) for slot in step.specification.contents)


def own_elements(element: Element) -> Iterator[Element]:
    """Yield the elements inside a policy that are parts of it, and no policies."""
    for inner in element.elements():
        if not is_known(inner.name):
            yield inner
            yield from own_elements(inner)


def names_added(run: Run, steps: Iterable[Step]) -> frozenset[str] | None:
    """Return the headers in which policies report, such as how many calls remain; None for unknown names."""
    found: set[str] = set()
    for step in steps:
        for element in (step.element, *own_elements(step.element)):
            for attribute in element.attributes:
                if attribute.name.endswith("header-name"):
                    if not run.is_known(attribute):
                        return None
                    found.add(attribute.value.text.strip().lower())
    return frozenset(found)


def _expressions(element: Element) -> Iterator[Excerpt]:
    for each in [element, *own_elements(element)]:
        for attribute in each.attributes:
            if attribute.value.expression is not None:
                yield attribute.value.expression
        if each.expression is not None:
            yield each.expression


def _reach_everything(run: Run, step: Step) -> None:
    """Note that requests may get to all that is inside a policy, and that all conditions in it may be anything."""
    for inner in [step, *step.steps_inside()]:
        run.reach(inner)
        run.reach_otherwise(inner, "asked")
        run.reach_otherwise(inner, "none")
        if inner.specification is not None:
            for excerpt in _expressions(inner.element):
                run.note_unknown(excerpt)
        if inner is not step:
            _reach_everything(run, inner)


def _words(step: Step) -> str:
    fragment = step.element.get("fragment-id")
    if fragment is not None and fragment.value.text.startswith(UNKNOWN_POLICIES):
        return fragment.value.text.removeprefix(UNKNOWN_POLICIES)
    return f"the policy {step.name}"


def do_anything(run: Run, step: Step) -> None:
    """Run a policy that declares nothing: it may change, respond and fail in every way."""
    run.unknowns.place = step.where
    run.forget_everything()
    _reach_everything(run, step)
    what = _words(step)
    status = run.inputs.status(run.next_generation())
    by_policy, by_backend = (run.unknowns.truth(what) for _ in range(2))
    run.source = ""  # or that of a policy inside
    run.fail(run.unknowns.truth(what), status, by_policy=by_policy, by_backend=by_backend, keeps_headers=True)
    run.end(run.unknowns.truth(what), status, None)
    run.serve(run.unknowns.truth(what))
    run.sent.append(Sent(terms.all_of(run.alive, run.unknowns.truth(what)), None, run.unknowns.scope))
    run.add_headers(None)
    if run.canonical is not None:
        run.unknown_steps.append(run.unknowns.scope)
    run.later.append(step)
