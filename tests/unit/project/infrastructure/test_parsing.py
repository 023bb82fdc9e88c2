"""The parsers: what can be read of a broken file, where its problems are, and that any text is read."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.sampling import examples

from apimpolicy.project.infrastructure import nodes
from apimpolicy.project.infrastructure.arm.parser import parse_json
from apimpolicy.project.infrastructure.bicep import parser as bicep
from apimpolicy.project.infrastructure.parsing import NotReadable, SyntaxProblem
from apimpolicy.project.infrastructure.terraform import parser as terraform
from apimpolicy.project.infrastructure.terraform.templates import end_of_braces
from apimpolicy.text.source import Source

BROKEN = """variable "a" { default = 1 }
locals {
  first = [1, = 2]
  second = "x"
  third = f(1
  fourth = {
    a = "text" ? 1
  }
  fifth = 5
}
!!!
resource "x" "y" {
  name = "z"
"""


def read(text: str) -> tuple[dict[str, dict[str, nodes.CodeNode]], list[SyntaxProblem]]:
    body = terraform.parse_file(Source(text))
    found = {block.type: {a.name: a.value for a in block.body.attributes.values()} for block in body.blocks}
    problems = [*body.problems]
    for block in body.blocks:
        problems += [*block.body.problems, *(one for a in block.body.attributes.values() for one in a.problems)]
    return found, problems


def test_terraform_goes_on_behind_what_it_cannot_read() -> None:
    found, problems = read(BROKEN)
    values = found["locals"]
    assert [name for name, value in values.items() if isinstance(value, nodes.Unreadable)] == ["first", "third"]
    assert isinstance(found["resource"]["name"], nodes.TemplateExpression)
    source = Source(BROKEN)
    assert {source.position(problem.start).line for problem in problems} == {3, 6, 11, 12}


def test_bicep_goes_on_with_the_next_declaration() -> None:
    text = (
        "param a string = = 'lost'\nvar b = [1, 2\nvar c = 'kept'\nresource d 'x' = {\n  e: f(\n}\noutput g int = 1\n"
    )
    declarations, problems = bicep.parse_file(Source(text))
    assert [each.name for each in declarations if each.kind] == ["c", "g"]
    lost = next(each for each in declarations if not each.kind)
    assert isinstance(lost.value, nodes.Unreadable)
    assert [type(each) for each in lost.value.found] == [nodes.TemplateExpression]
    assert [Source(text).position(problem.start).line for problem in problems] == [1, 3, 6]


@pytest.mark.parametrize(
    ("text", "end"),
    [
        ('{ "}" }x', 7),
        ('{ "${"}"}" }x', 12),
        ("{ # }\n }x", 8),
        ("{ /* } */ }x", 11),
        ("{ a = <<X\n}\nX\n}x", 15),
        ('{ "$${" }x', 9),
        ("{ {} ", 5),
    ],
)
def test_where_braces_end(text: str, end: int) -> None:
    assert end_of_braces(text, 0, len(text)) == end


PIECES = (
    *("a = ", 'x "y" {', "}", "[", "{", "(", '"', "${", "%{ if ", "<<A\n", "A\n", "'", "'''", "for ", "in ", ":", "? "),
    *("=> ", ", ", "\n", "1", "b", ".c", "resource r 'T@1' = {", "param p ", "@d()", "import ", "//", "/*", "#", "\\"),
    *("\\u00", "...", "*", "true", "func f(", '{"a": ', "]", ")", "~}"),
)


@settings(max_examples=examples(300), derandomize=True)
@given(st.lists(st.sampled_from(PIECES), max_size=25))
def test_any_text_is_read(pieces: list[str]) -> None:
    text = "".join(pieces)
    source = Source(text)
    waiting: list[nodes.CodeNode] = [*(each.value for each in bicep.parse_file(source)[0] if each.value is not None)]
    bodies = [terraform.parse_file(source)]
    while bodies:
        body = bodies.pop()
        waiting += [attribute.value for attribute in body.attributes.values()]
        bodies += [block.body for block in body.blocks]
    waiting.append(terraform.parse_template(source))
    with contextlib.suppress(NotReadable):
        waiting.append(parse_json(source))
    while waiting:
        node = waiting.pop()
        assert 0 <= node.start <= node.end <= len(text)
        if not isinstance(node, nodes.Within):
            waiting += nodes.children(node)


COMMENT = "/**/"
VALUES = ("a.b.c", "a.b-1", "true", "null.x", "12", "0012", "1.5", '"text"', '"${a.b}"', '"${ 7 }-${b}"', "f(1)", "a\r")


@given(st.lists(st.tuples(st.sampled_from(VALUES), st.sampled_from(["", " ", "\t"])), max_size=4))
def test_a_comment_changes_no_value(values: list[tuple[str, str]]) -> None:
    """Plain expressions are read without a parser, those with comments with it."""
    for value, blank in values:
        plain, written = f"a ={blank}{value}{blank}\n", f"a ={COMMENT}{value.replace('${', '${' + COMMENT)}{COMMENT}\n"
        found, expected = (terraform.parse_file(Source(text)).attributes["a"] for text in (plain, written))
        assert shape(found.value, plain) == shape(expected.value, written)
        assert not found.problems


def shape(node: nodes.CodeNode, text: str) -> list[object]:
    fields = [each for name in type(node)._fields[2:] if not isinstance(each := getattr(node, name), list | tuple)]
    fields = [each for each in fields if not isinstance(each, nodes.CodeNode)]
    written = text[node.start : node.end].replace(COMMENT, "").replace(" ", "")
    return [type(node), *fields, written, *(shape(each, text) for each in nodes.children(node))]


@settings(max_examples=examples(300), derandomize=True)
@given(st.lists(st.sampled_from(PIECES), max_size=12))
def test_a_comment_changes_no_end_of_braces(pieces: list[str]) -> None:
    """Plain blocks end where one pattern says, those with comments where each sign was read."""
    text = "".join(("{", *pieces, "}"))
    written = f"{{{COMMENT}{text[1:]}"
    assert end_of_braces(text, 0, len(text)) == end_of_braces(written, 0, len(written)) - len(COMMENT)


def test_deep_and_long_expressions_end() -> None:
    nested = ("(" * 999, "[" * 999, '"${' * 300, "'${" * 300)
    for expression in (*nested, "a" + ".b" * 9999, "1" + " + 1" * 9999, "!" * 9999):
        for text in (f"locals {{\n x = {expression}\n}}", f"var x = {expression}\n"):
            read(text)
            bicep.parse_file(Source(text))
