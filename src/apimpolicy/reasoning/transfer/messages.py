"""Policies that change the request, the response or a variable.

What a template makes of a body is not known, nor is a parameter in braces of `rewrite-uri`.
"""

from __future__ import annotations

import functools
import re

from apimpolicy.csharp.dotnet.values import to_utf16
from apimpolicy.gateway.context.records import usual_reason
from apimpolicy.gateway.context.urls import Url
from apimpolicy.gateway.engine.evaluation import literal_content
from apimpolicy.gateway.engine.steps import Step
from apimpolicy.gateway.policies.set_header import PROTECTED
from apimpolicy.gateway.policies.surroundings import VALIDATION_FAILED
from apimpolicy.reasoning.languages import units
from apimpolicy.reasoning.languages.language import TooLarge, any_of_text, containing, in_ranges, repeat, union
from apimpolicy.reasoning.languages.operations import Operation, ToUpper, Trim
from apimpolicy.reasoning.languages.units import Units
from apimpolicy.reasoning.semantics.forms.context import WRITTEN, is_utf8
from apimpolicy.reasoning.semantics.state import EMPTY, OWN, PATH, WITHOUT_DOTS, Lacking, State
from apimpolicy.reasoning.semantics.values import (
    ABSENT,
    NULL,
    FieldValue,
    Function,
    Host,
    Number,
    Opaque,
    Pattern,
    Text,
    Value,
    constant_text,
    leaves,
    merge,
    over,
    where,
)
from apimpolicy.reasoning.terms import term as terms
from apimpolicy.reasoning.terms.term import Term
from apimpolicy.reasoning.transfer.run import Run

_BREAKS = containing(any_of_text("\r\n\0"))


def transfer_set_header(run: Run, step: Step) -> None:
    name = run.constant(run.attribute(step, "name"))
    action = run.constant(run.attribute(step, "exists-action", constant_text("override")))
    values = [header_value(run, value) for value in run.contents(step, "value")]
    kind = run.header_kind()
    attribute = step.element.get("name")
    if attribute is not None and attribute.value.expression is not None:
        run.fail(run.unknowns.truth("whether the name of a header is valid"))
    if name is None:
        run.fail(run.unknowns.truth("the name of a header"))
        run.forget(kind)
    else:
        set_field(run, kind, name.strip().lower(), action or "", values)
    run.mark(step)


def header_value(run: Run, value: Value) -> Value:
    """Return a value as a header has it: without blanks around it, and without line breaks."""

    def form(leaf: Value) -> Value:
        assert isinstance(leaf, Text)
        return Text(terms.applied(Trim(python_blanks().bits), leaf.term))

    found = run.each([run.text(value)], form)
    run.fail(breaks(found), reason=VALIDATION_FAILED)
    return found


def breaks(value: Value) -> terms.Term:
    """Return where a text has line breaks or U+0000, which headers and reason phrases must not have."""
    return where(value, lambda leaf: terms.member(leaf.term, _BREAKS) if isinstance(leaf, Text) else terms.FALSE)


@functools.cache
def python_blanks() -> Units:
    return units.of_text(unit for unit in map(chr, range(units.COUNT)) if unit.isspace())


def set_field(run: Run, kind: str, name: str, action: str, values: list[Value]) -> None:
    """Change the values of a name according to `exists-action`."""
    old = run.state.get(kind, name)
    if (kind != "query" and name in PROTECTED) or (name == "server" and kind == "response-header"):
        run.forget_cell(kind, name)
        return
    new: Value = ABSENT if not values else run.each(values, lambda *texts: _field(texts))
    match action:
        case "delete":
            new = ABSENT
        case "skip":
            new = over(old, lambda leaf: new if leaf is ABSENT else leaf)
        case "append" if values:
            new = _appended(run, old, values)
        case "append":
            new = old
        case "override":
            pass
        case _:  # unknown
            run.fail(run.unknowns.truth("the attribute exists-action"))
            run.forget_cell(kind, name)
            return
    run.state.set(new, kind, name)


def _field(texts: tuple[Value, ...]) -> FieldValue:
    parts: list[terms.Term] = []
    for text in texts:
        assert isinstance(text, Text)
        parts += [terms.text(","), text.term] if parts else [text.term]
    return FieldValue(terms.joined(*parts), texts)


def _appended(run: Run, old: Value, values: list[Value]) -> Value:
    def appended(texts: tuple[Value, ...]) -> Value:
        def to(leaf: Value) -> Value:
            added = _field(texts)
            if not isinstance(leaf, FieldValue):
                return added
            joined = terms.joined(leaf.joined, terms.text(","), added.joined)
            if leaf.repeats:
                return FieldValue(joined, leaf.items, repeats=True)
            return FieldValue(joined, (*leaf.items, *texts))

        return over(old, to)

    return run.each(values, lambda *texts: appended(texts))


_WITHOUT_PAIRS = repeat(in_ranges((0, 0xD7FF), (0xE000, 0xFFFF)))


def transfer_set_query_parameter(run: Run, step: Step) -> None:
    name = run.constant(run.attribute(step, "name"))
    action = run.constant(run.attribute(step, "exists-action", constant_text("override")))
    values = [run.each([run.text(value)], lambda leaf: _encoded(run, leaf)) for value in run.contents(step, "value")]
    run.forget_cell("url", "QueryString")
    if name is None:
        run.fail(run.unknowns.truth("the name of a parameter"))
        run.forget("query")
    else:
        set_field(run, "query", name.lower(), action or "", values)
    run.mark(step)


def _encoded(run: Run, leaf: Value) -> Value:
    """Return a text after it was percent-encoded and decoded again: halves of pairs are lost."""
    assert isinstance(leaf, Text)
    is_whole = terms.member(leaf.term, _WITHOUT_PAIRS)
    if is_whole is terms.TRUE:
        return leaf
    return merge(is_whole, leaf, Text(run.unknowns.fresh(terms.TEXT, "a parameter with a surrogate pair")))


_TOKEN = repeat(union(in_ranges((0x30, 0x39), (0x41, 0x5A), (0x61, 0x7A)), any_of_text("!#$%&'*+.^_`|~-")))


def transfer_set_method(run: Run, step: Step) -> None:
    found = run.each([run.text(run.content(step.element))], _trimmed)
    try:
        is_valid = where(found, lambda leaf: terms.member(leaf.term, _TOKEN) if isinstance(leaf, Text) else terms.TRUE)
    except TooLarge:
        is_valid = run.unknowns.truth("whether a method is valid")
    run.fail(terms.not_(is_valid), reason=VALIDATION_FAILED)
    run.state.set(run.each([found], lambda leaf: _applied(ToUpper(), leaf)), run.kind_of("method"))
    run.mark(step)


def _trimmed(leaf: Value) -> Value:
    return _applied(Trim(python_blanks().bits), leaf)


def _applied(operation: Operation, leaf: Value) -> Value:
    assert isinstance(leaf, Text)
    return Text(terms.applied(operation, leaf.term))


def transfer_set_status(run: Run, step: Step) -> None:
    status = run.status(run.attribute(step, "code"))
    reason = run.attribute(step, "reason")
    if reason is not NULL:
        reason = run.text(reason)
        run.fail(breaks(reason), reason=VALIDATION_FAILED)
        run.state.set(reason, run.kind_of("reason"))
    elif isinstance(status, Number) and status.constant is not None:
        run.state.set(constant_text(usual_reason(status.constant)), run.kind_of("reason"))
    else:
        run.forget_cell(run.kind_of("reason"))
    run.state.set(status, run.kind_of("status"))
    run.mark(step)


def transfer_set_body(run: Run, step: Step) -> None:
    has_template = step.element.get("template") is not None
    content = _content(run, step)
    kind = run.body_kind()
    if kind == "body":
        run.fail(run.lacks_body())
    if has_template:
        run.fail(run.unknowns.truth("whether a template can be rendered"))
    run.forget_cell(kind)
    if not run.own:
        run.unknowns.use_up()
    _state_utf8(run, step)
    if not has_template and all(isinstance(leaf, Text) for leaf in leaves(content)):
        found = run.each([content], lambda leaf: _written(run, kind, leaf), is_text=False)
        run.state.set(found, kind)
        if not run.changes_request and run.constant(content) is not None:
            run.state.set(content, kind, "text")
    run.state.set(ABSENT, run.header_kind(), "content-length")
    if kind == "response-body" and id(step.element) in run.giving:
        run.give(step)
    run.mark(step)


def _content(run: Run, step: Step) -> Value:
    if step.element.expression is not None:
        return run.evaluate(step.element.expression)
    return run.written_content(step.element, literal_content(step.element))


def _written(run: Run, kind: str, leaf: Value) -> Value:
    """Return a body of which later reads know the text, until it is used up."""
    assert isinstance(leaf, Text)
    identity = (WRITTEN, kind.removeprefix(OWN), leaf.term, run.unknowns.bodies)
    return Opaque(identity, "IMessageBody", run.unknowns.heap)


def _state_utf8(run: Run, step: Step) -> None:
    """Keep a content type that states no character set; another one is made UTF-8."""
    old = run.state.get(run.header_kind(), "content-type")
    new = run.inputs.make((run.header_kind(), "content-type"), run.next_generation())
    kept = merge(is_utf8(old), old, new)
    run.state.set(kept, run.header_kind(), "content-type")


def transfer_set_variable(run: Run, step: Step) -> None:
    name = run.literal(step.element, "name")
    value = run.attribute(step, "value", constant_text(""))
    kept = run.each([value], lambda leaf: _kept(run, leaf), is_text=False)
    if name is None:
        run.forget("variable")
    else:
        run.state.set(kept, "variable", to_utf16(name))
    run.mark(step)


def _kept(run: Run, leaf: Value) -> Value:
    """Return the value for later expressions: unknown if it shows the present state."""
    if isinstance(leaf, (Host, Function, Pattern)):
        return run.unknowns.value("object", "a variable that holds an object of the gateway", null=False)
    return leaf


_PARAMETER = re.compile(r"\{\*?[^{}]*\}")
_KNOWN = re.compile(r"/[A-Za-z0-9/._~:@!$&'()*+,;=\-{}]*")
"""Paths that a URL has as they are written."""
_ENCODED = repeat(union(in_ranges((0x30, 0x39), (0x41, 0x5A), (0x61, 0x7A)), any_of_text("%/-_.~")))
"""The text of a parameter's value in a path."""


def transfer_rewrite_uri(run: Run, step: Step) -> None:
    """Rewrite to a constant template, or to a computed one, which is the path itself where it is one."""
    given = run.attribute(step, "template")
    template = run.constant(given)
    copies = run.truth(run.attribute(step, "copy-unmatched-params", constant_text("true")))
    path, _, query = ("", "", "") if template is None else template.strip(" \t\r\n").partition("?")
    is_path = where(given, lambda leaf: terms.member(leaf.term, PATH) if isinstance(leaf, Text) else terms.FALSE)
    if template is None or "{" in path + query:
        run.fail(terms.all_of(terms.not_(is_path), run.unknowns.truth("whether rewrite-uri fails")))
    before = run.state.copy()
    run.forget("url", "query")
    for name in ("Host", "Scheme", "Port"):
        run.state.set(run.state.first("url", name), "url", name)
    if template is not None and copies in (terms.TRUE, terms.FALSE) and "{" not in query and query.isascii():
        run.state.keep("query", before, _named_by(run, before))
    if template is None:
        run.state.set(merge(is_path, given, run.state.get("url", "Path")), "url", "Path")
    else:
        _set_path(run, path)
        _set_query(run, query, copies_others=copies != terms.FALSE)
    run.mark(step)


def _named_by(run: Run, state: State) -> Lacking:
    """Return the parameters that aren't copied, because the operation's template names them."""
    template = state.first("entity", "operation url-template")
    known = run.constant(template)
    if known is None:
        return Lacking(run.next_generation())
    return Lacking(0, frozenset(part.partition("=")[0].lower() for part in known.partition("?")[2].split("&")))


def _set_path(run: Run, path: str) -> None:
    path = path if path.startswith("/") else f"/{path}"
    if _KNOWN.fullmatch(path) is None:
        return
    parts: list[Term] = []
    position = 0
    for found in _PARAMETER.finditer(path):
        value = run.unknowns.fresh(terms.TEXT, "a parameter of a template")
        run.unknowns.know(value, terms.member(value, _ENCODED))
        parts += [terms.text(path[position : found.start()]), value]
        position = found.end()
    if not parts:
        run.state.set(constant_text(Url("https", "", 443, path).path), "url", "Path")
    elif "{" not in path[position:]:
        made = terms.joined(*parts, terms.text(path[position:]))
        other = run.unknowns.fresh(terms.TEXT, "a path whose dot segments are removed")
        run.state.set(merge(terms.member(made, WITHOUT_DOTS), Text(made), Text(other)), "url", "Path")


def _set_query(run: Run, query: str, *, copies_others: bool) -> None:
    """Set the parameters of the template; others are copied unless the operation's own template names them."""
    if "{" in query or not query.isascii():
        return
    if not copies_others:
        run.state.forget("query", EMPTY)
        run.state.set(constant_text(f"?{query}" if query else ""), "url", "QueryString")
    fields = Url("https", "", 443, "/", query).query.fields()
    for name, values in fields:
        items: tuple[Value, ...] = tuple(constant_text(to_utf16(value)) for value in values)
        joined = constant_text(to_utf16(",".join(values))).term
        run.state.set(FieldValue(joined, items), "query", name.lower())
