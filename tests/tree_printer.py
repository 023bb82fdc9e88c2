"""Print a syntax tree as C#: the text parses to an equal tree. Layout and comments of the text are not kept."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from apimpolicy.csharp.syntax.nodes import Node, Token

if TYPE_CHECKING:
    from apimpolicy.csharp.syntax.nodes import Child

# How each kind is written. `{0}` is a child; `{1? = }` is the child after " = ", or nothing when it is absent;
# `{0?! }` is the child before " "; `{*, }` are all children and `{1* }` those from 1 on, separated; `{{` is a brace.
_TEMPLATES: dict[str, str] = {
    "expression_body": "@({0})",
    "block_body": "@{0}",
    # statements
    "empty_statement": ";",
    "expression_statement": "{0};",
    "local_declaration_statement": "{0};",
    "local_declaration": "{0} {1}",
    "const_declaration_statement": "const {0} {1};",
    "declarators": "{*, }",
    "declarator": "{0}{1? = }",
    "local_function": "{0?! }{1} {2}{3?}{4} {5}{6}",
    "constraint_clauses": "{*}",
    "constraint_clause": "where {0} : {1*, } ",
    "class_constraint": "class",
    "struct_constraint": "struct",
    "constructor_constraint": "new()",
    "arrow_body": "=> {0};",
    "missing_body": ";",
    "static_local_function": "{0} {1}",
    "type_parameters": "<{*, }>",
    "parameters": "({*, })",
    "parameter": "{0?! }{1} {2}{3? = }",
    "if_statement": "if ({0}) {1}{2? else }",
    "while_statement": "while ({0}) {1}",
    "do_statement": "do {0} while ({1});",
    "for_statement": "for ({0?}; {1?}; {2?}) {3}",
    "expression_list": "{*, }",
    "foreach_statement": "foreach ({0} {1} in {2}) {3}",
    "foreach_variable_statement": "foreach ({0} in {1}) {2}",
    "switch_statement": "switch ({0}) {{ {1* } }}",
    "switch_section": "{* }",
    "switch_labels": "{* }",
    "case_label": "case {0}{1? when }:",
    "default_label": "default:",
    "return_statement": "return{0? };",
    "throw_statement": "throw{0? };",
    "break_statement": "break;",
    "continue_statement": "continue;",
    "goto_statement": "goto {0};",
    "goto_case_statement": "goto case {0};",
    "goto_default_statement": "goto default;",
    "labeled_statement": "{0}: {1}",
    "try_statement": "try {0} {1}{2? }",
    "catch_clauses": "{* }",
    "catch_clause": "catch {0?! }{1?! }{2}",
    "catch_declaration": "({0}{1? })",
    "catch_filter": "when ({0})",
    "finally_clause": "finally {0}",
    "using_statement": "using ({0}) {1}",
    "lock_statement": "lock ({0}) {1}",
    "checked_statement": "checked {0}",
    "unchecked_statement": "unchecked {0}",
    "yield_return_statement": "yield return {0};",
    "yield_break_statement": "yield break;",
    "block": "{{ {* } }}",
    # expressions
    "assignment": "{0} = {1}",
    "compound_assignment": "{0} {1} {2}",
    "declaration_expression": "{0} {1}",
    "parenthesized_designation": "({*, })",
    "static_lambda": "{0} {1}",
    "with_expression": "{0} with {1}",
    "simple_lambda": "{0?! }{1} => {2}",
    "parenthesized_lambda": "{0?! }{1} => {2}",
    "lambda_parameters": "({*, })",
    "lambda_parameter": "{0?! }{1?! }{2}",
    "anonymous_method": "{0?! }delegate {1?! }{2}",
    "conditional": "{0} ? {1} : {2}",
    "coalesce": "{0} ?? {1}",
    "logical_or": "{0} || {1}",
    "logical_and": "{0} && {1}",
    "throw_expression": "throw {0}",
    "ref_expression": "ref {0}",
    "binary": "{0} {1} {2}",
    "is_type": "{0} is {1}",
    "is_pattern": "{0} is {1}",
    "as_type": "{0} as {1}",
    "unary": "{0} {1}",
    "logical_not": "!{0}",
    "bitwise_not": "~{0}",
    "prefix_increment": "{0} {1}",
    "postfix_increment": "{0} {1}",
    "cast": "({0}){1}",
    "await_expression": "await {0}",
    "member_access": "{0}.{1}{2?}",
    "conditional_member_access": "{0}?.{1}{2?}",
    "invocation": "{0}({1})",
    "argument": "{0?!: }{1?! }{2}",
    "identifier": "{0}{1?}",
    "alias_qualified_name": "{0}::{1}{2?}",
    "parenthesized": "({0})",
    "tuple": "({*, })",
    "tuple_element": "{0?!: }{1}",
    "object_creation": "new {0}({1}){2? }",
    "sizes": "[{*, }]",
    "array_creation_with_initializer": "new {0} {1}",
    "implicit_array_creation": "new {0} {1}",
    "stackalloc": "stackalloc {0}{1}{2? }",
    "stackalloc_with_initializer": "stackalloc {0}{1} {2}",
    "implicit_stackalloc": "stackalloc {0} {1}",
    "anonymous_object_creation": "new {{ {*, } }}",
    "anonymous_member": "{0?! = }{1}",
    "initializer": "{{ {*, } }}",
    "member_initializer": "{0} = {1}",
    "typeof": "typeof({0})",
    "sizeof": "sizeof({0})",
    "default_expression": "default({0})",
    "default_literal": "default",
    "checked_expression": "checked({0})",
    "unchecked_expression": "unchecked({0})",
    "this_expression": "this",
    "base_expression": "base",
    "interpolated_string": '{*}"',
    "interpolation": "{{{0}{1?, }{2?:}}}",
    "element_access": "{0}[{1}]",
    "conditional_element_access": "{0}?[{1}]",
    "indexer_initializer": "[{0}] = {1}",
    "arguments": "{*, }",
    # patterns
    "declaration_pattern": "{0} {1}",
    "newer_pattern": "{0}",
    # queries
    "query_expression": "{0} {1}",
    "query_body": "{0} {1}{2? }",
    "query_clauses": "{* }",
    "from_clause": "from {0?! }{1} in {2}",
    "let_clause": "let {0} = {1}",
    "where_clause": "where {0}",
    "join_clause": "join {0?! }{1} in {2} on {3} equals {4}{5? into }",
    "orderby_clause": "orderby {*, }",
    "ordering": "{0}{1? }",
    "select_clause": "select {0}",
    "group_clause": "group {0} by {1}",
    "query_continuation": "into {0} {1}",
    # types
    "named_type": "{0?!.}{1}{2?}",
    "type_arguments": "<{*, }>",
    "nullable_type": "{0}?",
    "array_type": "{*}",
    "tuple_type": "({*, })",
    "tuple_type_element": "{0}{1? }",
    "ref_type": "ref {0}",
    "ref_readonly_type": "ref readonly {0}",
}

_PART = re.compile(r"\{(?:(\d+)(?:\?(!?)([^{}]*))?|(\d*)\*([^{}]*))\}|\{\{|\}\}|[^{}]+")


def print_tree(tree: Node) -> str:
    """Return the C# text of a tree. Any kind of node can be printed, not only a root."""
    printed: list[str] = []
    waiting: list[Child | str] = [tree]
    while waiting:
        item = waiting.pop()
        if isinstance(item, str):
            printed.append(item)
        elif isinstance(item, Token):
            printed.append(item.text)
        elif item is not None:
            waiting.extend(reversed(_parts(item)))
    return "".join(printed)


def _parts(node: Node) -> list[Child | str]:
    if node.kind == "array_creation":
        *before, initializer = node.children
        tail: list[Child | str] = [" ", initializer] if initializer is not None else []
        return ["new ", *before, *tail]
    kind = node.kind
    if kind == "named_type" and isinstance(node.children[0], Node) and node.children[0].kind == "alias_qualifier":
        kind = "alias_qualified_name"
    parts: list[Child | str] = []
    for piece in _pieces(kind):
        if isinstance(piece, str):
            parts.append(piece)
            continue
        position, many, before_child, after_child = piece
        if many:
            for index, child in enumerate(node.children[position:]):
                parts += [before_child, child] if index else [child]
        elif node.children[position] is not None:
            parts += [before_child, node.children[position], after_child]
    return parts


@cache
def _pieces(kind: str) -> tuple[str | tuple[int, bool, str, str], ...]:
    """Return a template as literal texts and (position, whether all from there on, text before, text after)."""
    pieces: list[str | tuple[int, bool, str, str]] = []
    for part in _PART.finditer(_TEMPLATES.get(kind, "{0}")):
        position, trailing, around, first, separator = part.groups()
        if separator is not None:
            pieces.append((int(first or 0), True, separator, ""))
        elif position is not None:
            pieces.append((int(position), False, *(("", around or "") if trailing else (around or "", ""))))
        else:
            pieces.append({"{{": "{", "}}": "}"}.get(part[0], part[0]))
    return tuple(pieces)
