"""rewrite-uri: the path and the parameters of a template that is constant; parameters in braces are unknown texts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from apimpolicy.context.urls import Url
from apimpolicy.dotnet.values import to_utf16
from apimpolicy.engine.steps import Step
from apimpolicy.languages.language import any_of_text, in_ranges, repeat, union
from apimpolicy.semantics.state import EMPTY, WITHOUT_DOTS
from apimpolicy.semantics.values import Field, Text, Value, constant_text, merge
from apimpolicy.terms import term as terms
from apimpolicy.transfer.run import Run

if TYPE_CHECKING:
    from apimpolicy.terms.term import Term

_PARAMETER = re.compile(r"\{\*?[^{}]*\}")
_KNOWN = re.compile(r"/[A-Za-z0-9/._~:@!$&'()*+,;=\-{}]*")
"""Paths that a URL has as they are written."""
_ENCODED = repeat(union(in_ranges((0x30, 0x39), (0x41, 0x5A), (0x61, 0x7A)), any_of_text("%/-_.~")))
"""The text of a parameter's value in a path."""


def transfer(run: Run, step: Step) -> None:
    template = run.constant(run.attribute(step, "template"))
    copies = run.constant(run.attribute(step, "copy-unmatched-params", constant_text("true")))
    path, _, query = ("", "", "") if template is None else template.strip(" \t\r\n").partition("?")
    if template is None or "{" in path + query:
        run.fail(run.unknowns.truth("whether rewrite-uri fails"))
    run.forget("url", "query")
    for name in ("Host", "Scheme", "Port"):
        run.state.set(run.state.first("url", name), "url", name)
    if template is not None:
        _set_path(run, path)
        _set_query(run, query, copies_others=copies != "false")
    run.mark(step)


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
        run.state.set(Field(joined, items), "query", name.lower())
