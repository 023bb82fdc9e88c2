"""What to do about the mistakes that people make most: the `help` of a diagnostic.

Codes and places are the compiler's; these sentences are ours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.binding import conversions as conv
from apimpolicy.binding import lookup
from apimpolicy.binding.nodes import Assignment, IndexerAccess, Literal, MethodGroup
from apimpolicy.binding.spelling import shown
from apimpolicy.binding.unbound import UnboundLambda
from apimpolicy.dotnet.signatures import Method
from apimpolicy.dotnet.types import NULL, ArrayType, NamedType
from apimpolicy.dotnet.values import BOOL, BYTE, CHAR, OBJECT, STRING

if TYPE_CHECKING:
    from apimpolicy.binding.nodes import Expression
    from apimpolicy.dotnet.types import Type

EQUALS = "'=' assigns; to compare, write '=='"
_SYNONYMS = {
    "length": ("Length", "Count"),
    "len": ("Length", "Count"),
    "size": ("Length", "Count"),
    "count": ("Count", "Length"),
    "isempty": ("Length", "Count"),
    "tolowercase": ("ToLower",),
    "touppercase": ("ToUpper",),
    "includes": ("Contains",),
    "push": ("Add",),
    "append": ("Append", "Add"),
    "map": ("Select",),
    "filter": ("Where",),
    "has": ("ContainsKey", "Contains"),
    "get": ("GetValueOrDefault",),
}
"""What members are called in other languages."""


KNOWN_ELSEWHERE = frozenset(
    {
        *("Activator", "AesGcm", "Assembly", "BigInteger", "BinaryReader", "BinaryWriter", "ConcurrentDictionary"),
        *("Console", "DataTable", "DeflateStream", "Directory", "Dns", "DSA", "ECDsa", "Environment", "File"),
        *("FileInfo", "GC", "GZipStream", "HttpContext", "HttpWebRequest", "ImmutableArray", "ImmutableList"),
        *("JavaScriptSerializer", "JsonDocument", "JsonElement", "JsonNode", "MailMessage", "Marshal", "Monitor"),
        *("Mutex", "Parallel", "Path", "PbeParameters", "ProtectedData", "Rfc2898DeriveBytes", "Semaphore"),
        *("SmtpClient", "Socket", "SqlConnection", "Stopwatch", "TcpClient", "ThreadPool", "Timer", "Trace"),
        *("UdpClient", "WebRequest", "XPathDocument", "XslCompiledTransform", "ZipArchive"),
    }
)
"""Types of .NET that people try to use: they exist, and policy expressions have none of them."""


def is_json(type_: Type) -> bool:
    return any(parent.name == "Newtonsoft.Json.Linq.JToken" for parent in lookup.supertypes(type_))


def for_operator(operator: str, left: Expression, right: Expression) -> str:
    """Why no operator takes these operands, and what would."""
    from apimpolicy.binding.operators import COMPARISONS

    types = (left.type, right.type)
    if operator in ("==", "!=") and NULL in types:
        other = left if right.type is NULL else right
        return f"'{shown(other.type)}' is never null"
    for value, other in ((left, right), (right, left)):
        if isinstance(value.type, ArrayType) and other.type is value.type.element:
            return _one_of_several(value)
    if operator in ("&&", "||"):
        wrong = next((t for t in types if t is not BOOL), BOOL)
        return "cast it: (bool)…" if wrong is OBJECT or is_json(wrong) else "compare it with a value to get a bool"
    if any(is_json(t) for t in types):
        return f"cast the token: ({shown(next((t for t in types if not is_json(t)), STRING))})…"
    if OBJECT in types:
        return f"cast it first: ({shown(next((t for t in types if t is not OBJECT), STRING))})…"
    if types == (STRING, STRING) and operator in COMPARISONS:
        return f"to compare the order of strings, use string.Compare(a, b) {operator} 0"
    if operator in COMPARISONS and STRING in types:
        return _text_and_other(left, right)
    return ""


def _one_of_several(value: Expression) -> str:
    if isinstance(value, IndexerAccess) and "IReadOnlyDictionary" in str(value.property.container):
        return 'this is an array of all values: use GetValueOrDefault(name, ""), or take one of them: …[0]'
    return "this is an array: compare one of its elements, or use Contains(…)"


def _text_and_other(left: Expression, right: Expression) -> str:
    literal, other = (left, right) if isinstance(left, Literal) else (right, left)
    if isinstance(literal, Literal) and literal.type is STRING and other.type in conv.NUMERIC:
        if str(literal.constant).strip().isdigit():
            return f"write the number without quotes: {str(literal.constant).strip()}"
    elif isinstance(literal, Literal) and other.type is STRING and literal.type in conv.NUMERIC:
        return f'write the text in quotes: "{literal.constant}"'
    return "convert one side: .ToString(), int.Parse(…)"


def for_conversion(source: Type, target: Type, expression: Expression | None = None) -> str:
    """How a value becomes one of another type that it does not convert to."""
    if target is BOOL and isinstance(expression, Assignment):
        return EQUALS
    if isinstance(source, ArrayType) and source.element is target and expression is not None:
        return _one_of_several(expression)
    if source is STRING and isinstance(target, ArrayType) and target.element is BYTE:
        return "get its bytes: Encoding.UTF8.GetBytes(…)"
    if conv.is_enum(target) and isinstance(target, NamedType):
        return f"use a value of the enum: {shown(target)}.{next(iter(target.definition.enum_values), '…')}"
    if source is STRING and target is BOOL:
        return "parse the text: bool.Parse(…)"
    if source is STRING and target in conv.NUMERIC and target is not CHAR:
        return f"parse the text: {shown(target)}.Parse(…)"
    if target is STRING and (source is BOOL or source in conv.NUMERIC or source.is_value_type):
        return "write .ToString()"
    if target is BOOL and source in conv.NUMERIC:
        return "compare it with a number to get a bool: != 0"
    if target is BOOL and source is STRING:
        return "compare it with a value to get a bool"
    return ""


def for_constant(target: Type, source: Type) -> str:
    """How a value is compared with a constant that is no pattern for it."""
    return f"cast the value first: ({shown(source)})…" if is_json(target) else ""


def for_member(type_: Type, name: str) -> tuple[str, str]:
    """(name that is meant, help) for a member that a type does not have; both may be empty."""
    inner = type_.underlying
    if inner is not None and lookup.find_members(inner, name):
        return "", f"the value may be null: use .Value.{name} or ?.{name}"
    if type_ is OBJECT:
        return "", f"an 'object' has few members: cast it to the type that is meant, ((string)…).{name}"
    if isinstance(type_, NamedType) and is_json(type_):
        return "", f'to read a JSON property, use its name: ["{name}"]'
    for synonym in _SYNONYMS.get(name.lower(), ()):
        found = _members(type_, synonym)
        if synonym in ("Length", "Count"):
            found = [member for member in found if not isinstance(member, Method)]
        if found and synonym != name:
            return synonym, ""
    return "", ""


def _members(type_: Type, name: str) -> list[object]:
    return [*lookup.find_members(type_, name), *lookup.extension_methods(name)]


def for_receiver(type_: Type, name: str) -> str:
    """What to do when an extension method is for sequences of something else."""
    element = lookup.enumerable_argument(type_)
    if name == "Contains" and element is not None and element is not STRING:
        return f"the elements are of type '{shown(element)}': use Any(x => x.… == …), or Select(x => x.…) before it"
    return ""


def operand_name(expression: Expression) -> str:
    if isinstance(expression, UnboundLambda):
        return "a lambda"
    if isinstance(expression, MethodGroup):
        return f"the method '{expression.name}'"
    if expression.type is NULL:
        return "null"
    return f"'{shown(expression.type)}'"
