"""Query expressions (C# specification, section 12.20): rewritten into method calls, then bound like any call."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from typing import Any, Final

from apimpolicy.csharp.binding.core import Binder
from apimpolicy.csharp.binding.nodes import Expression
from apimpolicy.csharp.syntax import shapes
from apimpolicy.csharp.syntax.literals import identifier_name
from apimpolicy.csharp.syntax.nodes import Node, Token

MOST_CLAUSES: Final = 200
"""Each `let` and `from` nests the range variables one level deeper: time grows with the square of their number."""


def bind_query_expression(binder: Binder, node: shapes.QueryExpression) -> Expression:
    clauses: Any = node.body
    if len(clauses.clauses.clauses) > MOST_CLAUSES:
        message = f"the query has more than {MOST_CLAUSES} clauses"
        return binder.failure(node, "CS8078", message, help="split it into several queries")
    translation = _Translation(node)
    translated = translation.run()
    for token in translation.variables:
        if binder.scope.find(identifier_name(token.text)) is not None:
            message = f"'{token.text}' is already used in the enclosing scope"
            return binder.failure(token, "CS1931", message, help="choose another name")
    if translation.mistakes:
        return binder.failure(*translation.mistakes[0])
    return binder.bind(translated)


class _Translation:
    """One query's translation. Transparent identifiers are anonymous objects `{ x, y }` named `<place of the query:n>`,
    so that a query inside another has its own.

    `names` maps each range variable to the path through transparent identifiers that reaches it.
    """

    def __init__(self, node: shapes.QueryExpression) -> None:
        self.node = node
        self.counter = 0
        self.variables: list[Token] = []
        self.mistakes: list[tuple[Node | Token, str, str]] = []
        """Place, code and message of each error in range variables, which are only names here."""

    def run(self) -> Node:
        return self._body(*self._from(self.node.source), self.node.body)

    def _declare(self, name: Token, names: dict[str, list[str]]) -> None:
        self.variables.append(name)
        if name.text in names:
            self.mistakes.append((name, "CS1930", f"the query already has a range variable '{name.text}'"))

    def _check_join(self, clause: shapes.JoinClause, names: dict[str, list[str]]) -> None:
        """Check a join's keys: the left sees earlier variables, the right only the variable of the join."""
        name, on, equals = clause.name, clause.left, clause.right
        found = _first_use(on, {name.text} - names.keys())
        if found is not None:
            message = f"'{name.text}' is not known on the left of 'equals' (exchange the two sides)"
            self.mistakes.append((found, "CS1937", message))
        found = _first_use(equals, names.keys() - {name.text})
        if found is not None:
            message = f"'{found.text}' is not known on the right of 'equals' (exchange the two sides)"
            self.mistakes.append((found, "CS1938", message))

    def _from(self, clause: shapes.FromClause) -> tuple[Node, list[str], dict[str, list[str]]]:
        type_, name, source = clause.type, clause.name, clause.source
        self._declare(name, {})
        if type_ is not None:
            source = _call(source, "Cast", [], clause, types=[type_])
        return source, [name.text], {name.text: [name.text]}

    def _body(self, source: Node, current: list[str], names: dict[str, list[str]], body: shapes.QueryBody) -> Node:
        """`current` is the parameter name of the next lambda; `names` tells where range variables are."""
        clauses, last, continuation = body.clauses, body.end_clause, body.continuation
        for clause in clauses.clauses:
            source, current, names = self._clause(source, current, names, clause)
        if isinstance(last, shapes.SelectClause):
            value = last.value
            identity = isinstance(value, shapes.Identifier) and names.get(value.name.text) == [value.name.text]
            if not (identity and clauses.clauses):
                source = _call(source, "Select", [self._lambda(current, names, value)], last)
        else:
            element, key = last.element, last.key
            arguments = [self._lambda(current, names, key)]
            if not (isinstance(element, shapes.Identifier) and names.get(element.name.text) == [element.name.text]):
                arguments.append(self._lambda(current, names, element))
            source = _call(source, "GroupBy", arguments, last)
        if continuation is not None:
            name, rest = continuation.name, continuation.body
            self._declare(name, {})
            return self._body(source, [name.text], {name.text: [name.text]}, rest)
        return source

    def _clause(
        self, source: Node, current: list[str], names: dict[str, list[str]], clause: Any
    ) -> tuple[Node, list[str], dict[str, list[str]]]:
        if isinstance(clause, shapes.WhereClause):
            return _call(source, "Where", [self._lambda(current, names, clause.condition)], clause), current, names
        if isinstance(clause, shapes.OrderbyClause):
            for index, ordering in enumerate(clause.orderings):
                key, direction = ordering.key, ordering.direction
                method = "ThenBy" if index else "OrderBy"
                if direction is not None and direction.text == "descending":
                    method += "Descending"
                source = _call(source, method, [self._lambda(current, names, key)], ordering)
            return source, current, names
        if isinstance(clause, shapes.LetClause):
            name, value = clause.name, clause.value
            self._declare(name, names)
            body = self._pair(current, name, self._rewrite(value, names, current), clause)
            source = _call(source, "Select", [_lambda(current, body, clause)], clause)
            return source, *self._transparent(current, names, name.text)
        if isinstance(clause, shapes.FromClause):
            type_, name, inner = clause.type, clause.name, clause.source
            self._declare(name, names)
            if type_ is not None:
                inner = _call(inner, "Cast", [], clause, types=[type_])
            body = self._pair(current, name, _name(name), clause)
            arguments = [self._lambda(current, names, inner), _lambda([*current, name.text], body, clause)]
            source = _call(source, "SelectMany", arguments, clause)
            return source, *self._transparent(current, names, name.text)
        return self._join(source, current, names, clause)

    def _join(
        self, source: Node, current: list[str], names: dict[str, list[str]], clause: shapes.JoinClause
    ) -> tuple[Node, list[str], dict[str, list[str]]]:
        type_, name, inner, into = clause.type, clause.name, clause.source, clause.group
        self._declare(name, names)
        self._check_join(clause, names)
        if type_ is not None:
            inner = _call(inner, "Cast", [], clause, types=[type_])
        result = into if into is not None else name
        made = self._pair(current, result, _name(result), clause)
        arguments = [
            inner,
            self._lambda(current, names, clause.left),
            _lambda([name.text], clause.right, clause),
            _lambda([*current, result.text], made, clause),
        ]
        source = _call(source, "GroupJoin" if into is not None else "Join", arguments, clause)
        return source, *self._transparent(current, names, result.text)

    def _pair(self, current: list[str], name: Token, value: Node, clause: Node) -> Node:
        """`new { current, name = value }`."""
        first = Token("NAME", current[0], clause.start, clause.start)
        members: list[Any] = [
            shapes.AnonymousMember([first, _name(first)], clause.start, clause.end),
            shapes.AnonymousMember([name, value], name.start, name.end),
        ]
        return shapes.AnonymousObjectCreation(members, clause.start, clause.end)

    def _transparent(
        self, current: list[str], names: dict[str, list[str]], added: str
    ) -> tuple[list[str], dict[str, list[str]]]:
        self.counter += 1
        holder = f"<{self.node.start}:{self.counter}>"
        moved = {variable: [holder, *path] for variable, path in names.items()}
        moved[added] = [holder, added]
        return [holder], moved

    def _lambda(self, current: list[str], names: dict[str, list[str]], body: Any) -> Node:
        return _lambda(current, self._rewrite(body, names, current), body)

    def _rewrite(self, node: Any, names: dict[str, list[str]], current: list[str]) -> Any:
        """Replace range variables by their paths; a lambda's own parameters hide them."""
        if all(len(path) == 1 for path in names.values()):
            return node
        return _replace_names(node, names)


def _first_use(node: Any, names: AbstractSet[str]) -> Token | None:
    if not isinstance(node, Node) or not names:
        return None
    if isinstance(node, shapes.Identifier) and node.name.text in names:
        return node.name
    return next((found for child in node.children if (found := _first_use(child, names)) is not None), None)


def _replace_names(node: Any, names: dict[str, list[str]]) -> Any:
    if not isinstance(node, Node):
        return node
    if isinstance(node, shapes.Identifier) and node.type_arguments is None and node.name.text in names:
        token: Any = node.name
        path = names[token.text]
        result = _name(Token("NAME", path[0], token.start, token.end))
        for part in path[1:]:
            result = shapes.MemberAccess(
                [result, Token("NAME", part, token.start, token.end), None], token.start, token.end
            )
        return result
    hidden: set[str] = set()
    if isinstance(node, shapes.SimpleLambda):
        hidden = {node.name.text}
    elif isinstance(node, shapes.ParenthesizedLambda) and isinstance(node.parameters, Node):
        hidden = {parameter.name.text for parameter in node.parameters.parameters}
    if hidden:
        names = {name: path for name, path in names.items() if name not in hidden}
    if isinstance(node, shapes.Argument) and node.name is not None:
        value = _replace_names(node.value, names)
        return shapes.Argument([node.name, node.modifier, value], node.start, node.end)
    if isinstance(node, shapes.AnonymousMember) and node.name is None:
        value = node.value
        if isinstance(value, shapes.Identifier) and value.name.text in names:
            return shapes.AnonymousMember([value.name, _replace_names(value, names)], node.start, node.end)
    return shapes.KINDS[node.kind]([_replace_names(child, names) for child in node.children], node.start, node.end)


def _name(token: Token) -> Node:
    return shapes.Identifier([token, None], token.start, token.end)


def _lambda(parameters: list[str], body: Any, at: Any) -> Node:
    tokens = [Token("NAME", name, at.start, at.start) for name in parameters]
    if len(tokens) == 1:
        return shapes.SimpleLambda([None, tokens[0], body], at.start, at.end)
    listed: list[Any] = [shapes.LambdaParameter([None, None, token], at.start, at.start) for token in tokens]
    group = shapes.LambdaParameters(listed, at.start, at.start)
    return shapes.ParenthesizedLambda([None, group, body], at.start, at.end)


def _call(source: Any, method: str, arguments: list[Any], at: Any, types: list[Any] | None = None) -> Node:
    token = Token("NAME", method, at.start, at.start)
    type_arguments = shapes.TypeArguments(types, at.start, at.end) if types else None
    target = shapes.MemberAccess([source, token, type_arguments], source.start, source.end)
    written: list[Any] = [
        shapes.Argument([None, None, argument], argument.start, argument.end) for argument in arguments
    ]
    return shapes.Invocation([target, shapes.Arguments(written, at.start, at.end)], source.start, at.end)
