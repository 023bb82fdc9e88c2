"""Completion of names that mean something elsewhere, of header names, snippets and suppressions."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from apimpolicy.checkout import open_bytes, open_text
from apimpolicy.editor.knowledge import Kind, ProjectNames, kind_of_attribute, names_header, of_policy
from apimpolicy.editor.ranking import Item
from apimpolicy.errors import ApimPolicyError
from apimpolicy.report.markup import fenced
from apimpolicy.text.named_values import find_named_values

if TYPE_CHECKING:
    from apimpolicy.checks.flow import Variable
    from apimpolicy.editor.analysis import OpenPolicy
    from apimpolicy.editor.place import CaretPlace, Code
    from apimpolicy.testing.tree import Tree
    from apimpolicy.text.document import Attribute, Element


# Names of headers: those that are well known, and those that requests in `.http` files and test files send

_STORED = Path(__file__).parent / "header_names.txt"
HTTP_ENDING = ".http"


@cache
def well_known() -> tuple[str, ...]:
    """Return the headers that policies use, of HTTP's registry, API Management and Azure Front Door.

    Source: https://www.iana.org/assignments/http-fields/http-fields.xhtml
    """
    return tuple(_STORED.read_text(encoding="ascii").split())


def sent_headers(path: str) -> frozenset[str]:
    """Return the names of headers in a `.http` file or a test file; none if it can't be read."""
    try:
        return frozenset(_of_request(path) if path.endswith(HTTP_ENDING) else _of_tests(path))
    except (ApimPolicyError, OSError, UnicodeDecodeError):
        return frozenset()


def _of_request(path: str) -> Iterator[str]:
    from apimpolicy.project.manual_requests import parse_request

    with open_bytes(path) as file:
        _, _, headers, _ = parse_request(file.read(), path)
    for name, _ in headers:
        yield name


def _of_tests(path: str) -> Iterator[str]:
    from apimpolicy.testing.tree import read_tree

    with open_text(path, encoding="utf-8-sig") as file:
        waiting: list[Tree] = [read_tree(file.read(), path)]
    while waiting:
        value = waiting.pop().value
        if isinstance(value, dict):
            waiting += value.values()
            headers = value.get("headers")
            if headers is not None and isinstance(headers.value, dict):
                yield from headers.value
        elif isinstance(value, list):
            waiting += value


# Completion of names that mean something elsewhere: variables, headers, named values, fragments, backends, …

_PARTS: dict[str, Kind] = {"api": "api", "operation": "operation"}
"""Parts of policies that refer to a resource of the service by its name or its id."""
_KEY = re.compile(
    r"\b(Variables|Headers|MatchedParameters|Query|Certificates|Arguments)\s*"
    r'(?:\[|\.\s*\w+\s*(?:<[^"()]{0,80}>)?\s*\()\s*"([^"\\\r\n]*)\Z'
)
_NULL = "<null>"
_PARAMETER = re.compile(r"\{\*?([\w-]+)\}")


def names_in_code(policy: OpenPolicy, place: CaretPlace, code: Code, knowledge: ProjectNames) -> list[Item] | None:
    """Return the keys that fit in a string at the caret, `context.Variables["|"]`; None outside of such a string."""
    found = _KEY.search(code.text, 0, code.caret)
    if found is None:
        return None
    what, typed = found.groups()
    items = list(_keys(what, policy, place, knowledge))
    for item in items:
        item.start, item.end = place.end - len(typed), place.end
    return items


def _keys(what: str, policy: OpenPolicy, place: CaretPlace, knowledge: ProjectNames) -> Iterable[Item]:
    if what == "Variables":
        return variables(policy, place.element, knowledge)
    if what == "Headers":
        return headers(policy, knowledge)
    if what == "Certificates":
        return _known("certificate", knowledge)
    if what in ("MatchedParameters", "Query"):
        template = policy.settings.url_template or ""
        path, _, query = template.partition("?")
        part = path if what == "MatchedParameters" else query or path
        return [Item(name, "value", f"of {template}", rank=(0,)) for name in _PARAMETER.findall(part)]
    return []


def variables(policy: OpenPolicy, element: Element | None, knowledge: ProjectNames) -> list[Item]:
    """Return the variables that may be set before an element, with their types; those of wider scopes too."""
    if element is None:
        return []
    items = {
        name: Item(name, "variable", types_of(variable), where_set(variable), rank=(0 if variable.is_certain else 1,))
        for name, variable in policy.subject.flow.before(element).variables.items()
    }
    for known in knowledge.elsewhere("variable", policy.source.path):
        items.setdefault(known.name, Item(known.name, "variable", known.detail, rank=(2,)))
    return list(items.values())


def types_of(variable: Variable) -> str:
    from apimpolicy.editor.signatures import short

    types = sorted(map(short, variable.types or ()))
    named = [type_ for type_ in types if type_ != _NULL]
    return " | ".join(named) or ("null" if types else "of unknown type")


def where_set(variable: Variable) -> str:
    element = variable.set_by
    if element is None:
        return ""
    line = element.source.position(element.start).line
    tag = element.source.text[element.start : element.content_start]
    certain = "" if variable.is_certain else "\n\nNot on every path."
    return f"Set in line {line}:\n{fenced(tag[:300], 'xml')}{certain}"


def headers(policy: OpenPolicy, knowledge: ProjectNames, typed: str = "") -> list[Item]:
    """Return the headers of the document, those that other files set or send, and well-known ones."""
    items: dict[str, Item] = {}
    own = (found.name for found in of_policy(policy) if found.kind == "header")
    for name in sorted(set(own) - {typed}):
        items.setdefault(name.lower(), Item(name, "value", "a header of this document", rank=(0,)))
    for known in knowledge.elsewhere("header", policy.source.path):
        items.setdefault(known.name.lower(), Item(known.name, "value", known.detail, rank=(1,)))
    for name in well_known():
        items.setdefault(name.lower(), Item(name, "value", "a header", rank=(2,)))
    return list(items.values())


def names_in_value(policy: OpenPolicy, element: Element, attribute: Attribute, knowledge: ProjectNames) -> list[Item]:
    """Return the names that an attribute's value may refer to."""
    kind = kind_of_attribute(element.name, attribute.name)
    if kind == "variable":
        return variables(policy, element, knowledge)
    if kind is not None:
        return list(_known(kind, knowledge))
    if attribute.name in ("name", "id") and (part := _PARTS.get(element.name)) is not None:
        return list(_known(part, knowledge))
    if names_header(element, attribute.name):
        return headers(policy, knowledge, attribute.value.text.strip())
    return []


def _known(kind: Kind, knowledge: ProjectNames) -> Iterable[Item]:
    for known in knowledge.all(kind):
        yield Item(known.name, "reference", known.detail or kind, rank=(0,))


def named_values(text: str, place: CaretPlace, knowledge: ProjectNames) -> list[Item]:
    """Return the named values of the project, and those that the document uses."""
    closing = "" if text.startswith("}}", place.end) else "}}"
    items = {known.name: Item(known.name, "reference", known.detail) for known in knowledge.all("named value")}
    for reference in find_named_values(text):
        items.setdefault(reference.name, Item(reference.name, "reference", "used in this document", rank=(1,)))
    for item in items.values():
        item.insert = item.label + closing
    return list(items.values())


# Snippets of frequent C#, offered where a statement begins

SNIPPETS = {
    "if (…)": "if (${1:condition})\n{\n\t$0\n}",
    "foreach (…)": "foreach (var ${1:item} in ${2:items})\n{\n\t$0\n}",
    "try … catch": "try\n{\n\t$1\n}\ncatch (Exception ${2:error})\n{\n\t$0\n}",
    "body as JSON": "var ${1:body} = context.Request.Body.As<JObject>(preserveContent: true);$0",
    "header": 'var ${1:value} = context.Request.Headers.GetValueOrDefault("${2:name}", "");$0',
    "token of the caller": (
        'Jwt ${1:token};\ncontext.Request.Headers.GetValueOrDefault("Authorization", "")'
        ".Split(' ').Last().TryParseJwt(out ${1:token});$0"
    ),
}
"""Inserted texts, by label."""


def code_snippets() -> Iterator[Item]:
    """Yield the snippets, after everything else."""
    for number, (label, text) in enumerate(SNIPPETS.items()):
        shown = text.replace("$0", "").replace("$1", "")
        yield Item(label, "snippet", "snippet", f"```csharp\n{shown}\n```", text, is_snippet=True, rank=(9.0, number))


# Completion in a comment that suppresses findings: `<!-- apimpolicy: ignore POL301: the reason -->`

_BEGUN = re.compile(
    r"<!--\s*apimpolicy:\s*(?:(?P<verb>[a-z-]*)|ignore(?:-file)?\s+(?:[\w-]+\s*,\s*)*(?P<code>[\w-]*))\Z"
)
_VERBS = {"ignore": "not for the element that follows", "ignore-file": "not for the whole document"}
_LONGEST = 300


def complete_suppression(text: str, offset: int, found: Collection[str]) -> list[Item] | None:
    """Return completions in a suppression begun before an offset; None anywhere else.

    Codes in `found` come first.
    """
    begun = _BEGUN.search(text, max(0, offset - _LONGEST), offset)
    if begun is None:
        return None
    if begun["code"] is None:
        start = begun.start("verb")
        return [
            Item(verb, "keyword", meaning, insert=f"{verb} ", start=start, end=offset, rank=(place,))
            for place, (verb, meaning) in enumerate(_VERBS.items())
        ]
    from apimpolicy.checks.catalogue import entries
    from apimpolicy.checks.pages import all_codes, title_of_code

    start = begun.start("code")
    codes = {*all_codes(), *(entry.code for entry in entries()), *found}
    return [
        Item(
            code,
            "constant",
            title_of_code(code),
            insert=f"{code}: ",
            start=start,
            end=offset,
            rank=(code not in found,),
        )
        for code in sorted(codes)
    ]
