"""The types that generated expressions are made of: how each is written, what stands for it when room runs out, and
which ones convert to it.
"""

from __future__ import annotations

from functools import cache

from apimpolicy.csharp.binding.constraints import violation
from apimpolicy.csharp.binding.lookup import IMPLICIT_USINGS, types_named
from apimpolicy.csharp.binding.type_relations import IMPLICIT_NUMERIC, is_ref_struct
from apimpolicy.csharp.dotnet.metadata import look_up, named, parse
from apimpolicy.csharp.dotnet.types import ArrayType, NamedType, TupleType, Type, tuple_type
from apimpolicy.csharp.dotnet.values import (
    BOOL,
    BYTE,
    CHAR,
    DECIMAL,
    DOUBLE,
    FLOAT,
    INT,
    LONG,
    OBJECT,
    SBYTE,
    SHORT,
    STRING,
    UINT,
    ULONG,
    USHORT,
)

INTEGRAL = (INT, LONG, UINT, ULONG, SHORT, USHORT, BYTE, SBYTE)
ARITHMETIC = (INT, LONG, DOUBLE, DECIMAL, UINT, ULONG, FLOAT)
NUMBERS = (*INTEGRAL, DOUBLE, DECIMAL, FLOAT, CHAR)

DATE, SPAN, GUID = parse("System.DateTime"), parse("System.TimeSpan"), parse("System.Guid")
DAY, COMPARISON = parse("System.DayOfWeek"), parse("System.StringComparison")
OBJECT_TOKEN = parse("Newtonsoft.Json.Linq.JObject")

_GENERIC = "System.Collections.Generic."

LEAVES: dict[Type, tuple[str, ...]] = {
    INT: ("1", "0", "7", "-3", "0x1F", "0b1_01", "int.MaxValue", "context.Request.Url.Port", "1_000", "int.MinValue"),
    LONG: ("1L", "-9L", "0xFFFFFFFFFFL", "long.MaxValue", "12l"),
    UINT: ("1u", "0xFFFFFFFFu", "uint.MinValue"),
    ULONG: ("1UL", "ulong.MaxValue", "18446744073709551615"),
    SHORT: ("(short)1", "short.MinValue"),
    USHORT: ("(ushort)2", "ushort.MaxValue"),
    BYTE: ("(byte)3", "byte.MaxValue"),
    SBYTE: ("(sbyte)-3", "sbyte.MinValue"),
    DOUBLE: ("1.5", "0d", "1e3", "double.NaN", "double.PositiveInfinity", ".5", "-0.0", "1_0.2_5"),
    FLOAT: ("1.5f", "float.MaxValue", "0f"),
    DECIMAL: ("1.50m", "0m", "decimal.MaxValue", "7M"),
    BOOL: ("true", "false", "context.Tracing"),
    CHAR: ("'a'", "' '", "'\\n'", "'\\u00e9'", "'0'", "'\\\\'", "'\"'"),
    STRING: (
        '"a"',
        '""',
        '"Content-Type"',
        '@"b""c\\"',
        "context.Request.Method",
        '"12"',
        '"a,b ,c"',
        '"{\\"a\\": [1, 2.5, null], \\"b\\": {\\"c\\": true}}"',
        '"é\\U0001F600\\t"',
        "(string)null",
        '"2024-02-29T13:14:15Z"',
        "string.Empty",
    ),
    OBJECT: (
        '(object)"a"',
        "(object)1",
        "(object)null",
        'context.Variables["text"]',
        "new object()",
        "(object)2.5m",
        "(object)'c'",
    ),
    DATE: ("context.Timestamp", "new DateTime(2024, 2, 29)", "DateTime.MinValue", "DateTime.UtcNow"),
    SPAN: ("context.Elapsed", "TimeSpan.FromSeconds(90)", "TimeSpan.Zero", "new TimeSpan(1, 2, 3)"),
    GUID: ("context.RequestId", "Guid.Empty", 'new Guid("11111111-2222-3333-4444-555555555555")'),
    DAY: ("DayOfWeek.Friday", "(DayOfWeek)9", "DayOfWeek.Sunday"),
    COMPARISON: ("StringComparison.Ordinal", "StringComparison.OrdinalIgnoreCase"),
    OBJECT_TOKEN: (
        'JObject.Parse("{\\"a\\": 1, \\"b\\": [true, null, \\"x\\"]}")',
        "new JObject()",
        'new JObject(new JProperty("a", 1))',
    ),
    parse("Newtonsoft.Json.Linq.JArray"): ('JArray.Parse("[1, \\"a\\", null, {}]")', 'new JArray("a", 2)'),
    parse("Newtonsoft.Json.Linq.JToken"): ('JToken.Parse("[1]")', 'JObject.Parse("{\\"a\\": 1}")["a"]'),
    parse("Newtonsoft.Json.Linq.JValue"): ("new JValue(1)", 'new JValue("a")'),
    parse("System.Xml.Linq.XElement"): (
        'XElement.Parse("<a b=\\"1\\"><c>2</c></a>")',
        'new XElement("a", new XAttribute("b", 1))',
    ),
    parse("System.Uri"): ('new Uri("https://example.com:8443/a/b?c=d#e")',),
    parse("System.Exception"): ('new Exception("e")', "(Exception)new FormatException()"),
    parse("System.Text.StringBuilder"): ("new StringBuilder()", 'new StringBuilder("ab")'),
    parse("System.Text.Encoding"): ("Encoding.UTF8", "Encoding.ASCII"),
    parse("System.Globalization.CultureInfo"): ("CultureInfo.InvariantCulture", 'new CultureInfo("de-DE")'),
    parse("System.IFormatProvider"): ("(IFormatProvider)CultureInfo.InvariantCulture", "(IFormatProvider)null"),
    parse("System.Text.RegularExpressions.Regex"): ('new Regex("(a)(?<n>b)?")', 'new Regex(@"\\d+")'),
    parse("System.Text.RegularExpressions.Match"): ('Regex.Match("ab12", @"(\\w)(\\d)")',),
    parse("System.Random"): ("new Random(1)",),
    parse("System.Type"): ("typeof(int)", "typeof(List<>)", '"a".GetType()'),
    parse("System.Threading.CancellationToken"): ("new CancellationToken()", "CancellationToken.None"),
    parse("IContext"): ("context",),
    parse("IRequest"): ("context.Request",),
    parse("IResponse"): ("context.Response",),
    parse("IMessageBody"): ("context.Request.Body", "context.Response.Body"),
    parse("IUrl"): ("context.Request.Url",),
    parse("Jwt"): ('"eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0.".AsJwt()',),
    parse(f"{_GENERIC}IReadOnlyDictionary<string, string[]>"): ("context.Request.Headers", "context.Request.Url.Query"),
    parse(f"{_GENERIC}IReadOnlyDictionary<string, object>"): ("context.Variables",),
}
"""Short expressions of exactly these types."""

ROOTS: tuple[Type, ...] = (
    *tuple(
        parse(name)
        for name in (
            "int",
            "string",
            "bool",
            "long",
            "double",
            "decimal",
            "object",
            "char",
            "byte",
            "uint",
            "ulong",
            "float",
            "short",
            "sbyte",
            "ushort",
            "int?",
            "bool?",
            "double?",
            "decimal?",
            "long?",
            "char?",
            "byte?",
            "System.DayOfWeek",
            "System.DayOfWeek?",
            "System.DateTime",
            "System.DateTime?",
            "System.TimeSpan",
            "System.Guid",
            "int[]",
            "string[]",
            "byte[]",
            "int[,]",
            "int[][]",
            "object[]",
            f"{_GENERIC}List<int>",
            f"{_GENERIC}List<string>",
            f"{_GENERIC}IEnumerable<int>",
            f"{_GENERIC}IEnumerable<string>",
            f"{_GENERIC}IEnumerable<object>",
            f"{_GENERIC}Dictionary<string, int>",
            f"{_GENERIC}Dictionary<int, string>",
            f"{_GENERIC}KeyValuePair<string, int>",
            f"{_GENERIC}HashSet<string>",
            f"{_GENERIC}IDictionary<string, string>",
            f"{_GENERIC}IReadOnlyDictionary<string, string[]>",
            "System.Linq.IGrouping<string, int>",
            "System.Func<int>",
            "System.Func<int, string>",
            "System.Func<string, int, bool>",
            "System.Predicate<int>",
            "System.Action<string>",
            "System.Exception",
            "System.Uri",
            "System.Text.StringBuilder",
            "System.Text.RegularExpressions.Match",
            "System.Type",
            "Newtonsoft.Json.Linq.JObject",
            "Newtonsoft.Json.Linq.JToken",
            "Newtonsoft.Json.Linq.JArray",
            "System.Xml.Linq.XElement",
            "Jwt",
        )
    ),
    tuple_type((INT, STRING), (None, None), named("System.ValueTuple", INT, STRING).definition),
    tuple_type((STRING, BOOL), ("name", "flag"), named("System.ValueTuple", STRING, BOOL).definition),
)
"""What expressions and variables are mostly of; the first ones most."""

_REFERENCE_PARENTS = {
    OBJECT: (STRING, INT, BOOL, DATE, OBJECT_TOKEN, parse("int[]"), parse("int?"), DAY),
    parse("Newtonsoft.Json.Linq.JToken"): (
        OBJECT_TOKEN,
        parse("Newtonsoft.Json.Linq.JArray"),
        parse("Newtonsoft.Json.Linq.JValue"),
        STRING,
        INT,
        parse("double?"),
    ),
    parse("System.Exception"): (parse("System.FormatException"), parse("System.ArgumentException")),
    parse("System.IFormatProvider"): (parse("System.Globalization.CultureInfo"),),
    parse(f"{_GENERIC}IEnumerable<int>"): (parse("int[]"), parse(f"{_GENERIC}List<int>")),
    parse(f"{_GENERIC}IEnumerable<string>"): (parse("string[]"), parse(f"{_GENERIC}List<string>")),
    parse(f"{_GENERIC}IEnumerable<object>"): (parse("string[]"), parse(f"{_GENERIC}List<string>"), parse("object[]")),
    parse(f"{_GENERIC}IEnumerable<char>"): (STRING, parse("char[]")),
    parse(f"{_GENERIC}IDictionary<string, string>"): (parse(f"{_GENERIC}Dictionary<string, string>"),),
    parse("System.IComparable"): (INT, STRING),
    parse("System.IFormattable"): (INT, DATE),
    parse("object[]"): (parse("string[]"),),
    parse("System.DateTimeOffset"): (DATE,),
    parse("System.Xml.Linq.XName"): (STRING,),
}


@cache
def narrower(type_: Type) -> tuple[Type, ...]:
    """Some types that convert to this one implicitly, itself not included."""
    found = [source for source, targets in IMPLICIT_NUMERIC.items() if type_ in targets]
    if type_.underlying is not None:
        found += [type_.underlying, *narrower(type_.underlying)]
    return (*found, *_REFERENCE_PARENTS.get(type_, ()))


@cache
def is_usable(type_: Type) -> bool:
    """Whether a value of the type can be written: the surface declares it, and it is no type of the machine."""
    if isinstance(type_, ArrayType):
        return is_usable(type_.element)
    if not isinstance(type_, NamedType):
        return False
    definition = type_.definition
    _ = definition.base  # reads the header, which has the constraints
    return (
        not definition.is_static
        and not is_ref_struct(type_)
        and violation(definition.type_parameters, type_.arguments) is None
        and definition.name not in ("void", "System.TypedReference", "System.Void", "System.ArgIterator")
        and (definition.is_tuple or look_up(definition.name, definition.arity) is definition)
        and all(map(is_usable, type_.arguments))
        and (type_.underlying is None or type_.underlying.underlying is None)
    )


@cache
def spelled(type_: Type) -> str:
    """The type as people write it: without the namespaces that are there anyway, where the name means one type."""
    if isinstance(type_, ArrayType):
        ranks, element = "", type_
        while isinstance(element, ArrayType):
            ranks += f"[{',' * (element.rank - 1)}]"
            element = element.element
        return spelled(element) + ranks
    if isinstance(type_, TupleType):
        parts = (f"{spelled(t)} {n}" if n else spelled(t) for t, n in zip(type_.arguments, type_.names, strict=True))
        return f"({', '.join(parts)})"
    if not isinstance(type_, NamedType):
        return str(type_)
    if type_.underlying is not None:
        return f"{spelled(type_.underlying)}?"
    definition = type_.definition
    if definition.is_nested:
        return str(type_)
    simple = definition.simple_name
    if definition.namespace in IMPLICIT_USINGS and types_named(simple, definition.arity) == [definition]:
        name = simple
    else:
        name = definition.name
    return f"{name}<{', '.join(map(spelled, type_.arguments))}>" if type_.arguments else name


def nullable_of(type_: Type) -> Type:
    """`T?`."""
    return named("System.Nullable", type_)


def sequence_of(type_: Type) -> Type:
    """`IEnumerable<T>`."""
    return named("System.Collections.Generic.IEnumerable", type_)
