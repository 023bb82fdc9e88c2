"""Advice for the most frequent errors: the `help` of a diagnostic.

Codes and places are the compiler's; these sentences are not.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from apimpolicy.csharp.binding import lookup
from apimpolicy.csharp.binding.literals import UnboundLambda
from apimpolicy.csharp.binding.nodes import Assignment, Binary, Expression, IndexerAccess, Literal, MethodGroup
from apimpolicy.csharp.binding.reports import shown
from apimpolicy.csharp.binding.type_relations import NUMERIC, is_enum, is_reference, same
from apimpolicy.csharp.dotnet.signatures import Method
from apimpolicy.csharp.dotnet.types import NULL, ArrayType, NamedType, Type
from apimpolicy.csharp.dotnet.values import BOOL, BYTE, CHAR, DECIMAL, DOUBLE, FLOAT, INT, OBJECT, STRING
from apimpolicy.csharp.host import BODY, URL

if TYPE_CHECKING:
    from apimpolicy.csharp.binding.overloads import Argument

EQUALS = "'=' assigns; to compare, write '=='"


def is_json(type_: Type) -> bool:
    return lookup.implements(type_, "Newtonsoft.Json.Linq.JToken")


def for_operator(operator: str, left: Expression, right: Expression) -> str:
    """Return a hint where no operator takes these operands."""
    from apimpolicy.csharp.binding.operators import COMPARISONS

    types = (left.type, right.type)
    group = next((value for value in (left, right) if isinstance(value, MethodGroup)), None)
    if group is not None:
        return call_of(group)
    if operator == "??" and left.type.is_value_type and left.type.underlying is None:
        return f"'{shown(left.type)}' is never null: leave out the '??' and what follows"
    if operator in ("==", "!=") and NULL in types:
        other = left if right.type is NULL else right
        return f"'{shown(other.type)}' is never null"
    if any(is_certificate(t) for t in types) and STRING in types:
        return _THUMBPRINT
    if DECIMAL in types and (FLOAT in types or DOUBLE in types):
        return _decimal_and_other(left if left.type is not DECIMAL else right)
    if "System.TimeSpan" in map(str, types) and any(t in NUMERIC for t in types):
        return "use a TimeSpan, as TimeSpan.FromSeconds(…), or a number, as .TotalSeconds"
    for value, other in ((left, right), (right, left)):
        if isinstance(value.type, ArrayType) and other.type is value.type.element:
            return one_of_several(value)
    if isinstance(left, Binary) and left.type is BOOL and right.type is STRING and operator in ("||", "|"):
        return "repeat the comparison: value == … || value == …"
    if operator == "||" and right.type is STRING:
        return "'||' takes two bools; a default for null follows '??': value ?? other"
    if operator in ("&&", "||"):
        wrong = next((t for t in types if t is not BOOL), BOOL)
        return "cast it: (bool)…" if wrong is OBJECT or is_json(wrong) else "compare it with a value to get a bool"
    if any(is_json(t) for t in types):
        return f"cast the token: ({shown(next((t for t in types if not is_json(t)), STRING))})…"
    if left.type is BOOL and operator in ("<", "<=", ">", ">="):
        return "write two comparisons: low < value && value < high"
    if operator == "&" and types == (STRING, STRING):
        return "join texts with +"
    enum = next((t for t in types if is_enum(t)), None)
    if enum is not None and INT in types:
        return f"cast the value of the enum: (int){shown(enum)}.…"
    if str(left.type) == "System.DateTime" and right.type in NUMERIC:
        return "use a TimeSpan, as TimeSpan.FromDays(1), or a method, as AddDays(1)"
    if operator == "%" and types[0] is STRING:
        return 'put values into a text with $"text {value}", or string.Format(format, value)'
    if operator == "*" and types[0] is STRING:
        return "repeat a text with string.Concat(Enumerable.Repeat(text, count))"
    if OBJECT in types:
        return f"cast it first: ({shown(next((t for t in types if t is not OBJECT), STRING))})…"
    if types == (STRING, STRING) and operator in COMPARISONS:
        return f"to compare the order of strings, use string.Compare(a, b) {operator} 0"
    if operator in COMPARISONS and STRING in types:
        kind = next((t for t in types if t is not STRING), STRING)
        if operator not in ("==", "!=") and kind is not CHAR and _can_parse(kind) and not _is_number(left, right):
            return f"parse the text: {shown(kind)}.Parse(…)"
        return _text_and_other(left, right)
    return ""


_THUMBPRINT = "compare the thumbprint: .Thumbprint"


def is_certificate(type_: Type) -> bool:
    return lookup.implements(type_, "System.Security.Cryptography.X509Certificates.X509Certificate2")


def _decimal_and_other(other: Expression) -> str:
    if isinstance(other, Literal):
        return f"write the suffix m: {other.constant}m"
    return "convert one of them, as with (decimal)…"


def _is_number(*operands: Expression) -> bool:
    """Return whether one of the operands is a number that is written as a text."""
    return any(isinstance(o, Literal) and o.type is STRING and str(o.constant).strip().isdigit() for o in operands)


def _can_parse(type_: Type) -> bool:
    return any(getattr(member, "is_static", False) for member in lookup.find_members(type_, "Parse"))


def one_of_several(value: Expression) -> str:
    if isinstance(value, IndexerAccess) and "IReadOnlyDictionary" in str(value.property.container):
        return 'this is an array of all values: use GetValueOrDefault(name, ""), or take one of them: …[0]'
    return "this is an array: compare one of its elements, or use Contains(…)"


def _text_and_other(left: Expression, right: Expression) -> str:
    literal, other = (left, right) if isinstance(left, Literal) else (right, left)
    if isinstance(literal, Literal) and literal.type is STRING and other.type in NUMERIC:
        if str(literal.constant).strip().isdigit():
            return f"write the number without quotes: {str(literal.constant).strip()}"
    elif isinstance(literal, Literal) and other.type is STRING and literal.type in NUMERIC:
        return f'write the text in quotes: "{literal.constant}"'
    type_ = next((t for t in (left.type, right.type) if t is not STRING), STRING)
    if isinstance(type_, NamedType) and type_.kind == "enum":
        name = str(literal.constant) if isinstance(literal, Literal) else ""
        if name in type_.definition.enum_values:
            return f"write the value without quotes: {shown(type_)}.{name}"
    if type_ is CHAR:
        return "write a text in double quotes, one character in single quotes"
    return f"convert one side: .ToString(), or {shown(type_)}.Parse(…)" if _can_parse(type_) else "write .ToString()"


def for_conversion(source: Type, target: Type, expression: Expression | None = None) -> str:
    """Return a hint to turn a value into a type that it does not convert to."""
    if target is BOOL and isinstance(expression, Assignment):
        return EQUALS
    if hint := for_sequence(source, target):
        return hint
    if isinstance(source, NamedType) and source.name == BODY:
        return f"read the body: .As<{shown(target)}>()" if target is STRING or is_json(target) else ""
    if isinstance(source, ArrayType) and source.element is target and expression is not None:
        return one_of_several(expression)
    if source is STRING and isinstance(target, ArrayType) and target.element is BYTE:
        return "get its bytes: Encoding.UTF8.GetBytes(…)"
    if is_enum(target) and isinstance(target, NamedType):
        return f"use a value of the enum: {shown(target)}.{next(iter(target.definition.enum_values), '…')}"
    if source is STRING and target is BOOL:
        return "parse the text: bool.Parse(…)"
    if source is STRING and target in NUMERIC and target is not CHAR:
        return f"parse the text: {shown(target)}.Parse(…)"
    if source is STRING:
        hint = from_text(target)
        if hint:
            return hint
    if source in NUMERIC and str(target) == "System.TimeSpan":
        return "say of what: TimeSpan.FromSeconds(…)"
    if target is STRING and is_certificate(source):
        return "take its thumbprint: .Thumbprint"
    if target is STRING and shows_itself(source):
        return "write .ToString()"
    if target is BOOL and source in NUMERIC:
        return "compare it with a number to get a bool: != 0"
    if target is BOOL and source is STRING:
        return "compare it with a value to get a bool"
    if (
        target is BOOL
        and isinstance(expression, IndexerAccess)
        and "IReadOnlyDictionary" in str(expression.property.container)
    ):
        return "to see whether it is there, use ContainsKey(name)"
    if target is BOOL and is_reference(source) and source is not OBJECT:
        return "compare it with null to get a bool: != null"
    return ""


def from_text(target: Type) -> str:
    """Return how a text becomes a value of a type: by its Parse, or as an address."""
    if str(target) == "System.Uri":
        return "make an address of the text: new Uri(…)"
    is_date_or_id = isinstance(target, NamedType) and target.is_value_type and target.name.startswith("System.")
    return f"parse the text: {shown(target)}.Parse(…)" if is_date_or_id and _can_parse(target) else ""


_LISTS = frozenset({"List", "IList", "ICollection", "IReadOnlyList", "IReadOnlyCollection"})


def for_sequence(source: Type, target: Type) -> str:
    """Return a hint for a query where a list or an array is needed: a cast compiles, but fails when it runs."""
    element = lookup.enumerable_argument(source)
    if element is None or not (isinstance(source, NamedType) and source.kind == "interface"):
        return ""
    if isinstance(target, ArrayType):
        return "make an array: .ToArray()" if same(target.element, element) else ""
    if not isinstance(target, NamedType) or target.name.rpartition(".")[2] not in _LISTS or not target.arguments:
        return ""
    return "make a list: .ToList()" if same(target.arguments[0], element) else ""


def for_null(source: Type, target: Type) -> str:
    """Return a hint for a `T?` where a T is needed: a cast of null throws."""
    if source.underlying is not target:
        return ""
    if target is BOOL:
        return "it may be null: write … == true"
    return "it may be null: a value in its place follows '??', as in … ?? 0"


def call_of(group: MethodGroup) -> str:
    types = f"<{', '.join(map(shown, group.type_arguments))}>" if group.type_arguments else ""
    return f"add parentheses to call the method: {group.name}{types}()"


def for_method(group: MethodGroup) -> str:
    """Return an alternative to a method without parentheses other than the call: `token.Value`."""
    is_token = group.receiver is not None and is_json(group.receiver.type)
    return "read a JSON value with .Value<string>() or (string)token" if group.name == "Value" and is_token else ""


def shows_itself(type_: Type) -> bool:
    """Return whether a value has a text of its own: that of a value type, or of a class with its own ToString."""
    if type_.is_value_type:
        return True
    return isinstance(type_, NamedType) and (type_.name == URL or _has_own_text(type_))


def _has_own_text(type_: NamedType) -> bool:
    return any(
        isinstance(member, Method) and member.declaring is not OBJECT.definition
        for member in lookup.find_members(type_, "ToString")
    )


def for_index(type_: Type) -> str:
    if isinstance(type_, NamedType) and type_.name == BODY:
        return 'read the body first: .As<JObject>()["name"]'
    if type_ is OBJECT:
        return "cast it first: ((JObject)…)[…]"
    if isinstance(type_, NamedType) and lookup.enumerable_argument(type_) is not None:
        return "take an element with ElementAt(index), or make a list with ToList()"
    return ""


def for_constant(target: Type, source: Type) -> str:
    """Return a hint for a constant that is not a valid pattern for the value."""
    return f"cast the value first: ({shown(source)})…" if is_json(target) else ""


def for_overload(method: Method) -> str:
    from apimpolicy.csharp.binding.foreign_names import MEMBERS

    if method.declaring.name == "System.Linq.Enumerable" and method.name == "Join":
        return "write string.Join(separator, values)"
    return MEMBERS.get((method.declaring.name, method.name.lower()), "").removesuffix(".")


def for_outputs(methods: Sequence[Method], count: int) -> str:
    """Return a hint for a call that lacks the variable for its last parameter, an `out` one."""
    for method in methods:
        parameters = method.parameters
        if len(parameters) == count + 1 and parameters[-1].mode == "out":
            return f"add a variable for the result: {method.name}(…, out var {parameters[-1].name})"
    return ""


def for_receiver(type_: Type, name: str, arguments: Sequence[Argument]) -> str:
    """Return a hint for an extension method that takes sequences of another type."""
    element = lookup.enumerable_argument(type_)
    if name == "Contains" and element is not None and len(arguments) == 1:
        argument = arguments[0].expression
        wanted = argument.type
        if element is STRING and isinstance(argument, Literal) and wanted in NUMERIC:
            return f'write the text in quotes: "{argument.constant}"'
        member = _matching_element(element, wanted)
        if member:
            return f"the elements are of type '{shown(element)}': use Any(x => x.{member} == …)"
        return f"the elements are of type '{shown(element)}', and not '{shown(wanted)}'"
    if element is None and shows_itself(type_) and lookup.find_members(STRING, name):
        return f"write .ToString().{name}(…)"
    return ""


def _matching_element(type_: Type, wanted: Type) -> str:
    """Return the property by which an element is most likely compared with a value of a type: `Name` of an IGroup."""
    names = [name for name in ("Name", "Id", "Key", "Value") if lookup.find_members(type_, name)]
    for name in names:
        member = lookup.find_members(type_, name)[0]
        if getattr(member, "type", None) is wanted:
            return name
    return ""


def operand_name(expression: Expression) -> str:
    if isinstance(expression, UnboundLambda):
        return "a lambda"
    if isinstance(expression, MethodGroup):
        return f"the method '{expression.name}'"
    if expression.type is NULL:
        return "null"
    return f"'{shown(expression.type)}'"
