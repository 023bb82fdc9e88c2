"""The kinds of syntax nodes and the names of their children; the only list of them.

The kinds come from `grammar/csharp.lark` and follow Roslyn's names. A kind is a class of nodes, `if_statement` is
`IfStatement`, made when the first node of the kind is; each child is a property, `node.condition`. In the table below
`name?` is None when it is not written, `name…` is the list of all children from there on, and what has no type is a
Node. The file `shapes.pyi` tells type checkers the same; `python -m apimpolicy.csharp.syntax.shape_stubs` writes it.
"""

from __future__ import annotations

from typing import Any, Final

from apimpolicy.csharp.syntax.nodes import Node

TABLE: Final = """
# roots, holes
expression_body(expression)
block_body(block: Block)
hole()    Text that a template puts in later, where an expression, a statement, a type or arguments may stand.

# statements
block(statements…)
empty_statement()
expression_statement(expression)
local_declaration_statement(declaration: LocalDeclaration)
local_declaration(type, declarators: Declarators)    The type may be a `ref_type` or a `ref_readonly_type`.
const_declaration_statement(type, declarators: Declarators)
declarators(declarators…: Declarator)
declarator(name: Token, value?)    The value is an expression, an `initializer` or a `ref_expression`.
local_function(is_async?: Token, type, name: Token, type_parameters?: TypeParameters, parameters: Parameters,
    constraints: ConstraintClauses, body: Block | ArrowBody | MissingBody)
    The body is a block, an `arrow_body` or a `missing_body`, which is an error.
missing_body()
static_local_function(static: Token, function: LocalFunction)    Newer than C# 7.3.
constraint_clauses(clauses…: ConstraintClause)
constraint_clause(name: Token, constraints…)
    A constraint is a `class_constraint`, `struct_constraint`, `constructor_constraint` or a type.
class_constraint()
struct_constraint()
constructor_constraint()
arrow_body(expression)
type_parameters(names…: Token)
parameters(parameters…: Parameter)
parameter(modifier?: Token, type, name: Token, default?)    The modifier is `ref`, `out`, `in` or `params`.
if_statement(condition, then, otherwise?)
while_statement(condition, body)
do_statement(body, condition)
for_statement(initializer?: LocalDeclaration | ExpressionList, condition?, incrementors?: ExpressionList, body)
    It begins with a `local_declaration` or an `expression_list`.
expression_list(expressions…)
foreach_statement(type, name: Token, collection, body)
foreach_variable_statement(target, collection, body)
    `foreach (var (a, b) in …)`: the target is a `declaration_expression` or a tuple.
switch_statement(value, sections…: SwitchSection)
switch_section(labels: SwitchLabels, statements…)
switch_labels(labels…: CaseLabel | DefaultLabel)    Each is a `case_label` or a `default_label`.
case_label(pattern: DeclarationPattern | NewerPattern | ConstantPattern, guard?)
default_label()
return_statement(value?)    The value is an expression or a `ref_expression`.
throw_statement(exception?)
break_statement()
continue_statement()
goto_statement(label: Token)
goto_case_statement(value)
goto_default_statement()
labeled_statement(label: Token, statement)
try_statement(block: Block, catches: CatchClauses, finally_clause?: FinallyClause)
catch_clauses(clauses…: CatchClause)
finally_clause(block: Block)
catch_clause(declaration?: CatchDeclaration, filter?: CatchFilter, block: Block)
catch_declaration(type, name?: Token)
catch_filter(condition)
using_statement(resource, body)    The resource is a `local_declaration` or an expression.
lock_statement(target, body)
checked_statement(block: Block)
unchecked_statement(block: Block)
yield_return_statement(value)
yield_break_statement()

# expressions
assignment(left, right)    `=`; the left side is a tuple or a `declaration_expression` to deconstruct.
compound_assignment(left, operator: Token, right)    The operator is `+=`, `-=`, `<<=`, …
declaration_expression(type, designation: Token | ParenthesizedDesignation)
    `out var x`, `out int x`, `var (a, b)`, `(int a, var b)`.
parenthesized_designation(designations…: Token | ParenthesizedDesignation)
static_lambda(static: Token, function)    Newer than C# 7.3.
simple_lambda(is_async?: Token, name: Token, body)    The body of a lambda is an expression or a block.
parenthesized_lambda(is_async?: Token, parameters: LambdaParameters, body)
lambda_parameters(parameters…: LambdaParameter)
lambda_parameter(modifier?: Token, type?, name: Token)
anonymous_method(is_async?: Token, parameters?: Parameters, block: Block)
conditional(condition, when_true, when_false)    The branches may be a `throw_expression` or a `ref_expression`.
coalesce(left, right)
logical_or(left, right)
logical_and(left, right)
throw_expression(exception)
ref_expression(target)
binary(left, operator: Token, right)    The operator is one of `| ^ & == != < > <= >= << >> + - * / %`.
is_type(operand, type)    A `named_type` may turn out to name a constant: `x is Limit`.
is_pattern(operand, pattern: DeclarationPattern | NewerPattern | ConstantPattern)
as_type(operand, type)
unary(operator: Token, operand)    The operator is `+` or `-`.
logical_not(operand)
bitwise_not(operand)
prefix_increment(operator: Token, operand)    The operator is `++` or `--`.
postfix_increment(operand, operator: Token)
with_expression(receiver, initializer)    Newer than C# 7.3.
cast(type, operand)
await_expression(operand)
member_access(receiver, name: Token, type_arguments?: TypeArguments | Token)
    The receiver of `int.Parse` is a `predefined_type`.
conditional_member_access(receiver, name: Token, type_arguments?: TypeArguments | Token)
    `a?.b`; `a?.b.c(d)` is left-recursive like `a.b.c(d)`: a call of the member c of `a?.b`.
element_access(receiver, arguments: Arguments)
conditional_element_access(receiver, arguments: Arguments)
invocation(target, arguments: Arguments)    A call, `nameof(x)` too.
arguments(arguments…: Argument)
argument(name?: Token, modifier?: Token, value)    The modifier is `ref`, `out` or `in`.
identifier(name: Token, type_arguments?: TypeArguments | Token)
alias_qualified_name(alias: Token, name: Token, type_arguments?: TypeArguments)    `global::System`.
parenthesized(expression)
tuple(elements…: TupleElement)
tuple_element(name?: Token, value)
object_creation(type, arguments: Arguments, initializer?: Initializer)
    `new T { … }` has arguments without width and children.
array_creation(type, sizes: Sizes, ranks_and_initializer…: Token | Initializer | None)
    `new int[2, 3][] { … }`: the type as written, further ranks; the last is the initializer or None.
sizes(sizes…)
array_creation_with_initializer(type, initializer: Initializer)    `new int[] { … }`.
implicit_array_creation(rank: Token, initializer: Initializer)    `new[] { … }`.
stackalloc(type, sizes: Sizes, initializer?: Initializer)
stackalloc_with_initializer(type, rank: Token, initializer: Initializer)
implicit_stackalloc(rank: Token, initializer: Initializer)    `stackalloc[] { … }`.
anonymous_object_creation(members…: AnonymousMember)
anonymous_member(name?: Token, value)
initializer(items…)
    Of objects, collections and arrays alike: expressions, `member_initializer`, `indexer_initializer`, or
    nested.
member_initializer(name: Token, value)    `Name = value`; the value is an expression or an `initializer`.
indexer_initializer(arguments: Arguments, value)    `["key"] = value`.
typeof(type)
sizeof(type)
default_expression(type)
default_literal()
checked_expression(expression)
unchecked_expression(expression)
this_expression()
base_expression()
interpolated_string(opening: Token, parts…: Token | Interpolation)
    The start is `$"` or `$@"` (verbatim); the parts are texts and interpolations.
interpolation(value, alignment?, format?: Token)    The format has no colon.
integer_literal(literal: Token)    Literals have one token, as written.
real_literal(literal: Token)
character_literal(literal: Token)
string_literal(literal: Token)
verbatim_string_literal(literal: Token)
true_literal(literal: Token)
false_literal(literal: Token)
null_literal(literal: Token)

# patterns
declaration_pattern(type, name: Token)
newer_pattern(pattern: Token)    A whole pattern of C# 8 to 11, such as `not null and { Length: > 1 }`.
    `is int x`; the type of `is var x` is the named type `var`; the name may be the discard `_`.
constant_pattern(value)

# queries
query_expression(source: FromClause, body: QueryBody)
query_body(clauses: QueryClauses, end_clause: SelectClause | GroupClause, continuation?: QueryContinuation)
    The end is a `select_clause` or a `group_clause`.
query_clauses(clauses…: FromClause | LetClause | WhereClause | JoinClause | OrderbyClause)
from_clause(type?, name: Token, source)
let_clause(name: Token, value)
where_clause(condition)
join_clause(type?, name: Token, source, left, right, group?: Token)
    `join type name in source on left equals right into group`.
orderby_clause(orderings…: Ordering)
ordering(key, direction?: Token)    The direction is `ascending` or `descending`.
select_clause(value)
group_clause(element, key)
query_continuation(name: Token, body: QueryBody)

# types
predefined_type(name: Token)    `int`, `string`, `object`, …, and `void`.
named_type(qualifier?: NamedType | AliasQualifier, name: Token, type_arguments?: TypeArguments | Token)
    `A.B<int>` has the qualifier A; `var` and `dynamic` are named types; `<,>`, a token, stands only in
    `typeof`.
alias_qualifier(alias: Token)
type_arguments(types…)
nullable_type(type)
array_type(type, ranks…: Token)    `[]`, `[,]`: the first rank first.
tuple_type(elements…: TupleTypeElement)
tuple_type_element(type, name?: Token)
ref_type(type)    Types with `ref` stand only in local declarations and local functions.
ref_readonly_type(type)
"""
"""One row for each kind: its name, its children in order, and notes on the kind."""

ROWS: Final = {
    row.partition("(")[0]: row for row in TABLE.replace(",\n    ", ", ").splitlines() if row and row[0] not in "# "
}
"""The rows by kind."""


class Shape(Node):
    """A node of one kind."""

    __slots__ = ()

    def __init__(self, children: list[Any], start: int, end: int) -> None:
        self.children = children
        self.start = start
        self.end = end


def fields_of(kind: str) -> list[str]:
    """Return the children as the table has them: `name`, `name?`, `name…`, perhaps with a type behind a colon."""
    listed = ROWS[kind].partition("(")[2].partition(")")[0]
    return listed.split(", ") if listed else []


def _child(index: int) -> property:
    return property(lambda node: node.children[index])


def _rest(index: int) -> property:
    return property(lambda node: node.children[index:])


_MOST_CHILDREN: Final = 7
_CHILDREN: Final = tuple(map(_child, range(_MOST_CHILDREN)))


class _Kinds(dict[str, type[Shape]]):
    def __missing__(self, kind: str) -> type[Shape]:
        namespace: dict[str, Any] = {"__slots__": (), "kind": kind, "__module__": __name__}
        for index, field in enumerate(fields_of(kind)):
            name = field.partition(":")[0]
            namespace[name.rstrip("?…")] = _rest(index) if name.endswith("…") else _CHILDREN[index]
        # of threads that come here at once, all get the class of the first
        return self.setdefault(kind, type(class_name(kind), (Shape,), namespace))


KINDS: Final[dict[str, type[Shape]]] = _Kinds()
"""The classes by kind, as far as there are nodes of them."""


def class_name(kind: str) -> str:
    return kind.title().replace("_", "")


def __getattr__(name: str) -> type[Shape]:
    """Return the class of a kind: `shapes.IfStatement`."""
    kind = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)[1:]
    if kind not in ROWS:
        raise AttributeError(name)
    made = globals()[name] = KINDS[kind]
    return made
