"""The syntax tree of one expression: every node is a `Node(kind, children, start, end)` or a `Token`.

The kinds come from `grammar/csharp.lark` and follow Roslyn's names. Children are positional; `x?` below means that the
child is None when it is not written; `x…` is any number of children from there on. UPPERCASE names are tokens, and so
is `op`; `expression`, `type`, `statement`, `pattern`, `designation` stand for any kind of their section.

    roots           expression_body(expression)                block_body(block)
                    `@(1, 2)` is an expression_body of a tuple.

    statements
    block(statement…)                       empty_statement()              expression_statement(expression)
    local_declaration_statement(local_declaration)
    local_declaration(type, declarators)                   the type may be a ref_type or a ref_readonly_type
    const_declaration_statement(type, declarators)
    declarators(declarator…)                declarator(NAME, expression|initializer|ref_expression?)
    local_function(ASYNC?, type, NAME, type_parameters?, parameters, constraint_clauses, block|arrow_body)
    constraint_clauses(constraint_clause…)  constraint_clause(NAME, constraint…)
      constraint: class_constraint(), struct_constraint(), constructor_constraint() or a type
    arrow_body(expression)                  type_parameters(NAME…)
    parameters(parameter…)                  parameter(MODIFIER?, type, NAME, default expression?)
    if_statement(condition, then, else?)    while_statement(condition, body)       do_statement(body, condition)
    for_statement(local_declaration|expression_list?, condition?, expression_list?, body)
    expression_list(expression…)
    foreach_statement(type, NAME, expression, body)
    foreach_variable_statement(declaration_expression|tuple, expression, body)         `foreach (var (a, b) in …)`
    switch_statement(expression, switch_section…)
    switch_section(switch_labels, statement…)              switch_labels(case_label|default_label…)
    case_label(pattern, when expression?)                  default_label()
    return_statement(expression|ref_expression?)           throw_statement(expression?)
    break_statement()   continue_statement()
    goto_statement(NAME)                    goto_case_statement(expression)            goto_default_statement()
    labeled_statement(LABEL, statement)
    try_statement(block, catch_clauses, finally_clause?)
    catch_clauses(catch_clause…)            finally_clause(block)
    catch_clause(catch_declaration?, catch_filter?, block)
    catch_declaration(type, NAME?)          catch_filter(expression)
    using_statement(local_declaration|expression, body)    lock_statement(expression, body)
    checked_statement(block)                unchecked_statement(block)
    yield_return_statement(expression)      yield_break_statement()

    expressions
    assignment(left, right)                                `=`; left is a tuple or declaration_expression
                                                           to deconstruct
    compound_assignment(left, op, right)                   op is `+=`, `-=`, `<<=`, …
    declaration_expression(type, designation)              `out var x`, `out int x`, `var (a, b)`, `(int a, var b)`
      designation: NAME or parenthesized_designation(designation…)
    simple_lambda(ASYNC?, NAME, expression|block)
    parenthesized_lambda(ASYNC?, lambda_parameters, expression|block)
    lambda_parameters(lambda_parameter…)    lambda_parameter(MODIFIER?, type?, NAME)
    anonymous_method(ASYNC?, parameters?, block)
    conditional(condition, when_true, when_false)          branches may be throw_expression or ref_expression
    coalesce(left, right)                   logical_or(left, right)        logical_and(left, right)
    throw_expression(expression)            ref_expression(expression)
    binary(left, op, right)                                | ^ & == != < > <= >= << >> + - * / %
    is_type(expression, type)                              a named_type may turn out to name a constant: `x is Limit`
    is_pattern(expression, pattern)         as_type(expression, type)
    unary(op, operand)                                     + -
    logical_not(operand)                    bitwise_not(operand)
    prefix_increment(op, operand)           postfix_increment(operand, op)         ++ --
    cast(type, operand)                     await_expression(operand)
    member_access(expression, NAME, type_arguments?)
                                                           the receiver of `int.Parse` is a predefined_type
    conditional_member_access(expression, NAME, type_arguments?)                   `a?.b`
    element_access(expression, arguments)   conditional_element_access(expression, arguments)      `a[i]`, `a?[i]`
                                                           `a?.b.c(d)` is left-recursive like `a.b.c(d)`:
                                                           invocation(member_access(conditional_member_access(
                                                           a, b), c), …)
    invocation(expression, arguments)                      `nameof(x)` too
    arguments(argument…)                    argument(NAME?, MODIFIER?, expression)  MODIFIER is `ref`, `out` or `in`
    identifier(NAME, type_arguments?)       alias_qualified_name(NAME, NAME, type_arguments?)      `global::System`
    parenthesized(expression)
    tuple(tuple_element…)                   tuple_element(NAME?, expression)
    object_creation(type, arguments, initializer?)         `new T { … }`: arguments has no width and no children
    array_creation(type, sizes, RANK…, initializer?)       `new int[2, 3][] { … }`: the type as written, further ranks;
                                                           the last child is the initializer or None
    sizes(expression…)
    array_creation_with_initializer(array_type, initializer)                       `new int[] { … }`
    implicit_array_creation(RANK, initializer)                                     `new[] { … }`
    stackalloc(type, sizes, initializer?)                  stackalloc_with_initializer(type, RANK, initializer)
    implicit_stackalloc(RANK, initializer)                                         `stackalloc[] { … }`
    anonymous_object_creation(anonymous_member…)           anonymous_member(NAME?, expression)
    initializer(item…)                      object, collection and array initialisers alike; an item is an expression, a
                                            nested initializer (`{ key, value }`, or a row of an array), or
    member_initializer(NAME, expression|initializer)       `Name = value`
    indexer_initializer(arguments, expression|initializer) `["key"] = value`
    typeof(type)   sizeof(type)   default_expression(type)   default_literal()
    checked_expression(expression)          unchecked_expression(expression)
    this_expression()                       base_expression()
    interpolated_string(INTERPOLATED_START, INTERPOLATED_TEXT|interpolation…)      START is `$"` or `$@"` (verbatim)
    interpolation(expression, alignment expression?, INTERPOLATION_FORMAT?)        the format without its colon
    literals, each with its one token, as written:
    integer_literal real_literal character_literal string_literal verbatim_string_literal
    true_literal false_literal null_literal

    patterns        declaration_pattern(type, NAME)        constant_pattern(expression)
                    `is var x` is a declaration_pattern whose type is the named_type `var`; NAME may be the discard `_`.

    queries
    query_expression(from_clause, query_body)
    query_body(query_clauses, select_clause|group_clause, query_continuation?)
    query_clauses(from_clause|let_clause|where_clause|join_clause|orderby_clause…)
    from_clause(type?, NAME, expression)    let_clause(NAME, expression)           where_clause(expression)
    join_clause(type?, NAME, in expression, on expression, equals expression, into NAME?)
    orderby_clause(ordering…)               ordering(expression, DIRECTION?)       `ascending`, `descending`
    select_clause(expression)               group_clause(expression, by expression)
    query_continuation(NAME, query_body)

    types
    predefined_type(PREDEFINED_TYPE)                       `int`, `string`, `object`, …, and `void`
    named_type(named_type|alias_qualifier?, NAME, type_arguments|UNBOUND_TYPE_ARGUMENTS?)
                                                           `A.B<int>` is named_type(named_type(None, A, None), B, …);
                                                           `var` and `dynamic` are named types; `<,>` only in typeof
    alias_qualifier(NAME)                   type_arguments(type…)
    nullable_type(type)                     array_type(type, RANK…)                `[]`, `[,]`: first rank first
    tuple_type(tuple_type_element…)         tuple_type_element(type, NAME?)
    ref_type(type)   ref_readonly_type(type)               only in local declarations and local functions

Names are tokens as written: `@class` keeps its `@`, and a name may be a contextual keyword (`from`, `value`, `async`);
`literals.identifier_name(text)` gives the name that is meant. Token kinds matter only where this list shows a choice.
Positions are offsets in the text that was given to `parse`, its `@` included; `end` is exclusive.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator


class Token:
    """One token of the text: `kind` is a terminal of the grammar, `text` is as written."""

    __slots__ = ("end", "kind", "start", "text")

    def __init__(self, kind: str, text: str, start: int, end: int) -> None:
        self.kind = kind
        self.text = text
        self.start = start
        self.end = end

    def __repr__(self) -> str:
        return repr(self.text)


class Node:
    """One node of the tree; see the module's docstring for the children of each kind."""

    __slots__ = ("children", "end", "kind", "start")

    def __init__(self, kind: str, children: list[Child], start: int, end: int) -> None:
        self.kind = kind
        self.children = children
        self.start = start
        self.end = end

    def __repr__(self) -> str:
        return f"{self.kind}({', '.join(map(repr, self.children))})"

    def node(self, index: int) -> Node:
        """A child that the grammar says is a node."""
        child = self.children[index]
        if not isinstance(child, Node):
            raise AssertionError(f"{self.kind} has no node at {index}")
        return child

    def nodes(self, start: int = 0) -> list[Node]:
        """The children from an index on, which the grammar says are nodes."""
        return [self.node(index) for index in range(start, len(self.children))]

    def token(self, index: int) -> Token:
        """A child that the grammar says is a token."""
        child = self.children[index]
        if not isinstance(child, Token):
            raise AssertionError(f"{self.kind} has no token at {index}")
        return child

    def walk(self) -> Iterator[Node]:
        """This node and every node below it, parents first, in the order of the text."""
        waiting: list[Child] = [self]
        while waiting:
            node = waiting.pop()
            if isinstance(node, Node):
                yield node
                waiting.extend(reversed(node.children))


Child: TypeAlias = "Node | Token | None"
