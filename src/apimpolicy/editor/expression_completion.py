"""Completion inside an expression, also an unfinished one: bind it, and list the names that fit at the caret."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from apimpolicy.csharp.binding.core import Binder
from apimpolicy.csharp.binding.nodes import Expression, NamespaceReference, TypeReference
from apimpolicy.csharp.binding.reports import shown
from apimpolicy.csharp.binding.symbols import LocalFunctionSymbol, LocalSymbol, Scope
from apimpolicy.csharp.dotnet.metadata import look_up
from apimpolicy.csharp.dotnet.signatures import Method, Property
from apimpolicy.csharp.dotnet.types import ERROR, NamedType, Type
from apimpolicy.csharp.syntax import shapes
from apimpolicy.editor import members
from apimpolicy.editor.caret import CaretBinder, CaretContext, EnclosingCall, bind_at_caret
from apimpolicy.editor.members import Offer, keywords_after, keywords_of, names_in, simple_types
from apimpolicy.editor.names_completion import code_snippets
from apimpolicy.editor.ranking import Item, Kind, Ranking, Vocabulary
from apimpolicy.editor.signatures import described, signature
from apimpolicy.editor.unfinished import Unfinished, finished, word_start
from apimpolicy.text.source import Excerpt

_WANTS_TYPE = re.compile(r"(?:\w<|\bis\s+)\s*\Z")
"""Code after which a type is likelier than a value, though both are possible."""


class ExpressionCompletion:
    """The items that fit at the caret."""

    def __init__(self, items: Sequence[Item] = (), receiver: str = "") -> None:
        self.items = list(items)
        self.receiver = receiver


def complete(code: str, caret: int, wanted: Type | None = None, used: Vocabulary | None = None) -> ExpressionCompletion:
    """Return completions at an offset of `@( … )` or `@{ … }`, best first; never raises for errors in the code.

    `wanted` is the type that the expression should have; `used` counts names used elsewhere.
    """
    used = used or Vocabulary()
    prefix = code[: word_start(code, caret)]
    found = _best(code, caret, wanted, used)
    words, can_be_name = keywords_after(prefix)
    if words and not can_be_name:
        ranking = Ranking((), Binder(Excerpt.of(code)), prefix, used)
        first = [Item(word, "keyword", rank=ranking.keyword(word, is_only=True)) for word in words]
        first.sort(key=lambda item: item.rank)
        found.items = [*first, *(item for item in found.items if item.kind != "keyword" or item.label not in words)]
    return found


def _best(code: str, caret: int, wanted: Type | None, used: Vocabulary) -> ExpressionCompletion:
    """Return the completion for the likeliest end of the code in which the name at the caret has a known context."""
    wants_type = _WANTS_TYPE.search(code, 0, word_start(code, caret)) is not None
    best: ExpressionCompletion | None = None
    for whole in finished(code, caret):
        binder, _ = bind_at_caret(whole.tree, whole.text)
        found = _offered(whole, binder, code, caret, wanted, used)
        if found is None:
            continue
        is_known = any(context.is_known for context in binder.contexts)
        if is_known and (not wants_type or any(context.kind == "type" for context in binder.contexts)):
            return found
        if best is None or (is_known and not best.items):
            best = found
    return best or ExpressionCompletion()


def _offered(
    whole: Unfinished, binder: CaretBinder, code: str, caret: int, wanted: Type | None, used: Vocabulary
) -> ExpressionCompletion | None:
    contexts = [context for context in binder.contexts if context.is_known] or binder.contexts
    if not contexts:
        return None
    start = word_start(code, caret)
    expected = list(binder.expected)
    if wanted is not None and not expected and _is_whole(whole):
        expected = [wanted]
    ranking = Ranking(expected, binder, code[:start], used, is_statement=_is_statement(whole))
    items: dict[tuple[str, str], Item] = {}
    can_be_value = whole.stacks.take(whole.before, "NEW") is not None and not _WANTS_TYPE.search(code[:start])
    for context in contexts:
        for item in _items(context, ranking, can_be_value):
            items.setdefault((item.label, item.kind), item)
    if contexts[0].kind in ("name", "type"):
        for item in (*_arguments(binder.calls, ranking), *_keywords(whole, ranking)):
            if item.kind != "keyword" or (item.label, "type") not in items:  # `int` is both
                items.setdefault((item.label, item.kind), item)
    receiver = contexts[0].receiver
    said = shown(receiver.type) if isinstance(receiver, Expression) else str(receiver or "")
    ordered = sorted(items.values(), key=lambda item: (item.rank, item.label))
    return ExpressionCompletion(ordered, said)


def _is_statement(whole: Unfinished) -> bool:
    """Return whether the caret is in the beginning of a statement, whose value isn't used."""
    return any(
        isinstance(node, shapes.ExpressionStatement)
        and node.expression.start <= whole.offset < node.expression.end
        and node.expression.kind in ("member_access", "identifier")
        for node in whole.tree.walk()
    )


def _is_whole(whole: Unfinished) -> bool:
    return whole.tree.kind == "expression_body"


def _items(context: CaretContext, ranking: Ranking, can_be_value: bool) -> Iterable[Item]:
    receiver = context.receiver
    if context.kind == "member" and isinstance(receiver, NamespaceReference):
        return _in_namespace(receiver.name, ranking)
    if context.kind == "member" and isinstance(receiver, TypeReference):
        return _members(members.of_type(receiver.type), ranking)
    if context.kind == "initializer" and isinstance(receiver, Expression):
        offers = members.of_value(receiver.type, context.binder)
        return _members((o for o in offers if o.members and getattr(o.members[0], "has_setter", False)), ranking)
    if isinstance(receiver, Expression):
        return _members(members.of_value(receiver.type, context.binder), ranking) if context.is_known else ()
    if isinstance(receiver, str):
        return _in_namespace(receiver, ranking) if receiver else _types(context, ranking)
    if isinstance(receiver, NamedType):
        return _members((o for o in members.of_type(receiver) if not o.members), ranking)
    if context.kind == "member":
        return ()
    types = _types(context, ranking)
    return (*_symbols(context, ranking), *types) if can_be_value or context.kind == "name" else types


def _members(offers: Iterable[Offer], ranking: Ranking) -> Iterable[Item]:
    for offer in offers:
        yield Item(offer.name, _kind(offer), signature(offer), described(offer), rank=ranking.member(offer))


def _kind(offer: Offer) -> Kind:
    if not offer.members:
        return "property"
    first = offer.members[0]
    return "method" if isinstance(first, Method) else "property" if isinstance(first, Property) else "constant"


def _symbols(context: CaretContext, ranking: Ranking) -> Iterable[Item]:
    distance = 0
    current: Scope | None = context.scope
    while current is not None:
        for name, symbol in current.names.items():
            if isinstance(symbol, LocalFunctionSymbol):
                parameters = ", ".join(map(str, symbol.parameters))
                detail = f"{shown(symbol.returns)} {name}({parameters})"
                yield Item(name, "function", detail, rank=ranking.symbol(name, symbol.returns, distance))
            elif isinstance(symbol, LocalSymbol) and "\ufdd0" not in name and not name.startswith("<"):
                kind: Kind = "parameter" if symbol.kind in ("parameter", "range") else "variable"
                known = symbol.type is not ERROR
                detail = f"{shown(symbol.type)} {name}" if known else name
                yield Item(name, kind, detail, rank=ranking.symbol(name, symbol.type, distance))
        for name in current.types:
            yield Item(name, "type", "type parameter", rank=ranking.type_(name, True))
        current = current.parent
        distance += 1


def _types(context: CaretContext, ranking: Ranking) -> Iterable[Item]:
    scope: Scope | None = context.scope
    while scope is not None and context.kind == "type":
        yield from (Item(name, "type", "type parameter", rank=ranking.type_(name, True)) for name in scope.types)
        scope = scope.parent
    for name, is_allowed in simple_types():
        if is_allowed:
            yield Item(name, "type", rank=ranking.type_(name, True))
    for name in names_in(""):
        yield Item(name, "namespace", rank=ranking.namespace(name))


def _in_namespace(name: str, ranking: Ranking) -> Iterable[Item]:
    for child in names_in(name):
        is_type = any(look_up(f"{name}.{child}", arity) is not None for arity in range(4))
        rank = ranking.in_namespace(child)
        yield Item(child, "type" if is_type else "namespace", rank=rank)


def _arguments(calls: Sequence[EnclosingCall], ranking: Ranking) -> Iterable[Item]:
    """Yield the names of parameters, with which an argument may begin."""
    for call in calls[:1]:  # the innermost one is bound first
        if call.name:
            continue
        for method in call.methods:
            first = call.parameter_of(method)
            for parameter in method.parameters[max(first, 0) :]:
                rank = ranking.argument(parameter.name)
                yield Item(parameter.name, "argument", str(parameter), insert=f"{parameter.name}: ", rank=rank)


def _keywords(whole: Unfinished, ranking: Ranking) -> Iterable[Item]:
    words = keywords_of(whole.stacks, whole.before, whole.text[: whole.offset])
    begins_statement = "return" in words
    for word in words:
        yield Item(word, "keyword", rank=ranking.keyword(word, begins_statement=begins_statement))
    if begins_statement:
        yield from code_snippets()
