"""Values for a debugger: evaluate C# of the user in a stopped request, and show values."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from types import FrameType
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from apimpolicy.csharp.binding.core import Binder
from apimpolicy.csharp.binding.lookup import element_type
from apimpolicy.csharp.binding.nodes import Bound, Local
from apimpolicy.csharp.binding.symbols import LocalSymbol
from apimpolicy.csharp.dotnet.exceptions import DotnetException
from apimpolicy.csharp.dotnet.types import AnonymousType, ArrayType, NamedType, Type
from apimpolicy.csharp.dotnet.values import box, type_of
from apimpolicy.csharp.emit.expression import compile_expression
from apimpolicy.csharp.emit.runtime import EXCERPT
from apimpolicy.csharp.syntax.parser import parse
from apimpolicy.editor.debug_launch import points_of
from apimpolicy.editor.members import of_value
from apimpolicy.editor.ranking import Item
from apimpolicy.editor.workspace import stored_text
from apimpolicy.errors import ApimPolicyError, PolicySyntaxError
from apimpolicy.gateway.engine.steps import compiled
from apimpolicy.report.values import show
from apimpolicy.text.markup import read
from apimpolicy.text.source import Excerpt, Source

if TYPE_CHECKING:
    from apimpolicy.editor.rpc import Json
    from apimpolicy.gateway.context.execution import Context


# Values for a debugger: evaluate C# of the user in a stopped request, and show values as trees.
# A variable of C# is reached through `context.Variables` while an expression of the user's runs: it is put there
# under a
# name that no policy has, and taken out again. The tree of a value are its properties, each an expression as well. An
# anonymous type, which has no name, is that of an example: `As(value, new { Id = default(int) })`.

MOST_ELEMENTS: Final = 100
_MARK: Final = "\x01"
_PYTHON_NAME = re.compile(r"(.+)_(\d+)")
_AS = "apimpolicy_As"
_DECLARED_AS = f"T {_AS}<T>(object value, T example) {{ return (T)value; }} "


class DebugValue(NamedTuple):
    """A value as text, its type in C# spelling, and whether there is something inside; `expression` reaches it."""

    name: str
    text: str
    type: str
    expression: str
    has_children: bool
    is_error: bool = False


class DebugScope:
    """The context and the C# variables of a frame, in which the user's expressions are evaluated."""

    def __init__(self, context: Context, frame: FrameType | None = None) -> None:
        self.context = context
        self.locals = dict(_locals_of(frame)) if frame is not None else {}

    def evaluate(self, expression: str) -> tuple[object, str]:
        """Return the boxed value of an expression and its static type. Raises ApimPolicyError, DotnetException."""
        used = {name: found for name, found in self.locals.items() if re.search(rf"\b{re.escape(name)}\b", expression)}
        declared = self._declarations(used)
        declared = f"{_DECLARED_AS}{declared}" if _AS in declared or _AS in expression else declared
        code = f"@{{ {declared}return {expression}; }}" if declared else f"@({expression})"
        made = compile_expression(code)
        variables = self.context.variables
        for name, (symbol, value) in used.items():
            variables.set_item(_MARK + name, box(symbol.type, value))
        try:
            value = made.evaluate(self.context)
        finally:
            for name in used:
                variables.remove(_MARK + name)
        return box(made.type, value), made.static_type

    def _declarations(self, names: Iterable[str]) -> str:
        return "".join(
            f"var {name} = {typed(self.locals[name][0].type, f'context.Variables[{_quoted(_MARK + name)}]')}; "
            for name in names
        )

    def completions(self, text: str, caret: int) -> list[Item]:
        """Return completions at the caret of an expression that the user writes."""
        from apimpolicy.editor.expression_completion import complete

        before = f"@{{ {_DECLARED_AS}{self._declarations(self.locals)}return "
        return complete(f"{before}{text}; }}", len(before) + caret).items

    def assign(self, name: str, expression: str) -> DebugValue:
        """Give a variable of policies the value of an expression. Raises ApimPolicyError, DotnetException."""
        value, static = self.evaluate(expression)
        self.context.variables.set_item(name, value)
        return DebugValue(name, show(value), short(value, static), "", has_inside(value))

    def value(self, name: str, expression: str) -> DebugValue:
        """Return an expression as a line of a tree; an error is its text."""
        try:
            value, static = self.evaluate(expression)
        except (ApimPolicyError, DotnetException) as error:
            return DebugValue(name, _sentence(error), "", expression, False, is_error=True)
        shown = short(value, static)
        return DebugValue(name, show(value), shown, expression, has_inside(value))

    def local_values(self) -> list[DebugValue]:
        return [self.value(name, name) for name in self.locals]

    def children(self, expression: str) -> list[DebugValue]:
        value, _ = self.evaluate(expression)
        if value is None:
            return []
        type_ = type_of(value)
        cast = f"({typed(type_, expression)})" if isinstance(type_, (NamedType, AnonymousType)) else f"({expression})"
        is_reachable = is_nameable(type_) or isinstance(type_, AnonymousType)
        offers = of_value(type_, Binder(Excerpt.of(""))) if is_reachable else ()
        found = [self.value(offer.name, f"{cast}.{offer.name}") for offer in offers if _is_property(offer)]
        return [*self._elements(f"((System.Collections.IEnumerable)({expression}))", type_), *found]

    def _elements(self, cast: str, type_: Type) -> Iterator[DebugValue]:
        if element_type(type_) is None or str(type_) == "string":
            return
        try:
            count, _ = self.evaluate(f"System.Linq.Enumerable.Count(System.Linq.Enumerable.Cast<object>({cast}))")
        except (ApimPolicyError, DotnetException):
            return
        for index in range(min(int(str(count)), MOST_ELEMENTS)):
            item = f"System.Linq.Enumerable.ElementAt(System.Linq.Enumerable.Cast<object>({cast}), {index})"
            yield self.value(f"[{index}]", item)


def _quoted(name: str) -> str:
    return '"' + "".join(f"\\u{ord(letter):04x}" if letter < " " else letter for letter in name) + '"'


def typed(type_: Type, expression: str) -> str:
    """Return an expression with a cast to a type, even to an anonymous one."""
    example = example_of(type_)
    return (
        f"{_AS}({expression}, {example})" if example else f"({type_ if is_nameable(type_) else 'object'})({expression})"
    )


def example_of(type_: Type) -> str:
    """Return an expression of an anonymous type, or of an array of such; empty for other types."""
    if isinstance(type_, AnonymousType):
        members = (f"{name} = {example_of(member) or _default(member)}" for name, member in type_.members)
        return f"new {{ {', '.join(members)} }}"
    if isinstance(type_, ArrayType) and type_.rank == 1 and (element := example_of(type_.element)):
        return f"new[] {{ {element} }}"
    return ""


def _default(type_: Type) -> str:
    return f"default({type_ if is_nameable(type_) else 'object'})"


def is_nameable(type_: Type) -> bool:
    """Return whether C# can write a type down: nothing in it is anonymous."""
    return "<anonymous type" not in str(type_)


def _is_property(offer: Any) -> bool:
    return not offer.members or type(offer.members[0]).__name__ != "Method"


def has_inside(value: object) -> bool:
    return value is not None and not isinstance(value, (str, bool, int, float))


def short(value: object, static: str) -> str:
    """Return the name of the run-time type, or of the static one for null."""
    text = str(type_of(value)) if value is not None else static
    return re.sub(r"(?:\w+\.)+(?=\w)", "", text)


def _sentence(error: Exception) -> str:
    diagnostics = getattr(error, "diagnostics", None)
    if diagnostics:
        return "; ".join(f"{found.code}: {found.message}" for found in diagnostics[:3])
    message = getattr(error, "message", "") or str(error)
    return f"{type(error).__name__}: {message}"


def _locals_of(frame: FrameType) -> Iterator[tuple[str, tuple[LocalSymbol, object]]]:
    """Yield the variables of C# in a frame of emitted code: `total_7` is `total`."""
    excerpt = frame.f_globals.get(EXCERPT)
    if excerpt is None:
        return
    symbols = {symbol.name: symbol for symbol in _symbols(compiled(excerpt).bound.body)}
    for name, value in frame.f_locals.items():
        match = _PYTHON_NAME.fullmatch(name)
        symbol = symbols.get(match[1]) if match else None
        if symbol is not None and symbol.kind != "global":
            yield symbol.name, (symbol, getattr(value, "cell_contents", value))


def _symbols(body: Bound) -> Iterator[LocalSymbol]:
    waiting: list[Any] = [body]
    while waiting:
        node = waiting.pop()
        if isinstance(node, Local):
            yield node.symbol
        for field in ("symbol", "parameters"):
            found = getattr(node, field, None)
            for each in found if isinstance(found, (tuple, list)) else (found,):
                if isinstance(each, LocalSymbol):
                    yield each
        waiting.extend(node.children())


# Parts of answers of the debug adapter: values as lists show them, lines for breakpoints, items for the console

MOST_OF_PART: Final = 24
"""Characters of a part of an expression in a list."""
_BRACKETS: Final = re.compile(r'"(?:[^"\\]|\\.)*"|\([^()]*\)|\[[^\[\]]*\]')
_JOINED: Final = re.compile(r"\|\||&&|\?\?| \? ")
MOST_TARGETS: Final = 200
_TARGETS: Final = {
    "method": "method",
    "property": "property",
    "field": "field",
    "constant": "enum",
    "type": "class",
    "variable": "variable",
    "keyword": "keyword",
}
"""Protocol names for the kinds of completion items in the console."""


def targets_of(items: Sequence[Item], start: int, caret: int) -> list[Json]:
    """Return items for the console, each in the place of what has been typed of it."""
    return [
        {"label": item.label, "type": _TARGETS.get(item.kind, "value"), "start": start, "length": caret - start}
        for item in items[:MOST_TARGETS]
    ]


def problem_of(condition: str) -> str:
    """Return why a condition can never be evaluated; empty for one whose names may exist where the request stops."""
    try:
        if condition:
            parse(f"@({condition})")
    except PolicySyntaxError as error:
        return f"the condition is not C#: {error.diagnostics[0].message}"
    return ""


def policy_variables(scope: DebugScope) -> list[DebugValue]:
    """Return the variables of policies, each as an expression of C#."""
    found = []
    for name, _ in scope.context.variables.entries():
        escaped = "".join(f"\\u{ord(c):04x}" if not (c.isalnum() or c in "-_. ") else c for c in name)
        found.append(scope.value(name, f'context.Variables["{escaped}"]'))
    return found


def parts_as_values(parts: list[tuple[str, str]]) -> list[DebugValue]:
    return [DebugValue(shortened(code), value, code, "", False) for code, value in parts]


def shortened(code: str) -> str:
    """Return the part of an expression that identifies it, short enough for a narrow list.

    Of a chain that is the last member, of operands that are joined the first one.
    """
    if len(code) <= MOST_OF_PART:
        return code
    outer = _BRACKETS.sub(lambda found: "_" * len(found[0]), code)
    while (inner := _BRACKETS.sub(lambda found: "_" * len(found[0]), outer)) != outer:
        outer = inner
    if _JOINED.search(outer):
        return f"{code[:MOST_OF_PART]}…"
    sign = code[0] if code[0] in "!-" else ""
    dots = [found.end() for found in re.finditer(r"\.", outer)]
    start = next((dot for dot in dots if len(code) - dot <= MOST_OF_PART), dots[-1] if dots else 0)
    tail = code[start:]
    tail = tail if len(tail) <= MOST_OF_PART else f"{tail[:MOST_OF_PART]}…"
    return f"{sign}…{tail}" if start else tail


def stop_lines(path: str) -> list[int]:
    """Return the lines of a policy file where a request can stop: those of policies and of code."""
    text = stored_text(path)
    if text is None:
        return []
    source = Source(text, path)
    document = read(source)
    lines = {source.position(element.start).line for element in document.elements()}
    for excerpt in document.expressions():
        try:
            lines |= {point.line for point in points_of(excerpt)}
        except ApimPolicyError:
            continue
    return sorted(lines)
