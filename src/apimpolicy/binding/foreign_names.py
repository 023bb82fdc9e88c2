"""Names of other languages, and of newer versions of .NET, with what a policy expression says instead.

A value that ends with a full stop is advice; any other takes the place of the name as it is.
"""

from __future__ import annotations

from typing import Final

NAMES: Final = {
    "none": "null",
    "nil": "null",
    "undefined": "null",
    "nullptr": "null",
    "req": "context.Request",
    "res": "context.Response",
    "resp": "context.Response",
    "ctx": "context",
    "vars": "context.Variables",
    "json": "parse JSON with JObject.Parse(text), write it with JsonConvert.SerializeObject(value).",
    "console": "write to the trace with context.Trace(message).",
    "print": "write to the trace with context.Trace(message).",
    "printf": "write to the trace with context.Trace(message).",
    "echo": "write to the trace with context.Trace(message).",
    "log": "write to the trace with context.Trace(message).",
    "parseint": "int.Parse",
    "parsefloat": "double.Parse",
    "isnan": "double.IsNaN",
    "len": "write .Length of a string or an array, .Count of a list.",
    "str": "Convert.ToString",
    "encodeuricomponent": "Uri.EscapeDataString",
    "decodeuricomponent": "Uri.UnescapeDataString",
    "btoa": "write Convert.ToBase64String(Encoding.UTF8.GetBytes(text)).",
    "atob": "write Encoding.UTF8.GetString(Convert.FromBase64String(text)).",
    "uuid": "Guid",
    "number": "double.Parse",
    "float": "double.Parse",
    "bool": "bool.Parse",
    "max": "Math.Max",
    "min": "Math.Min",
    "abs": "Math.Abs",
    "round": "Math.Round",
    "sum": "write values.Sum().",
    "sorted": "write values.OrderBy(x => x).",
    "range": "write Enumerable.Range(0, count).",
    "enumerate": "write values.Select((item, index) => …).",
    "isinstance": "write value is Type.",
    "parsejson": "JObject.Parse",
    "base64": "write Convert.ToBase64String(bytes).",
    "isnull": "write value ?? other.",
    "coalesce": "write value ?? other.",
    "isempty": "string.IsNullOrEmpty",
    "nint": "long",
    "integer": "int",
    "boolean": "bool",
    "objects": "object",
    "concat": "string.Concat",
    "substring": "write text.Substring(start, length).",
    "getdate": "write DateTime.Now.",
    "now": "write DateTime.UtcNow.",
    "self": "context",
    "this": "context",
}
"""Names that stand alone, in lower case."""

_DECLARE = "declare a variable with var"
TYPE_WORDS: Final = {
    **dict.fromkeys(("let", "dim", "Dim", "auto", "val", "def", "final"), _DECLARE),
    "function": "a local function begins with its return type: int f() { … }",
    "not": "write !(x is …), or x != null",
    "import": "remove it: the usual namespaces are imported",
    "Integer": "write int",
    "boolean": "write bool",
    "str": "write string",
    "Map": "write Dictionary<string, string>",
    "HashMap": "write Dictionary<string, string>",
    "ArrayList": "write List<string>",
    "RuntimeException": "write Exception",
    "Error": "write Exception",
    **dict.fromkeys(("None", "none", "nil", "undefined", "NULL", "Null"), "write null"),
}
"""Words where a type must be."""

ARRAY_MEMBERS: Final = frozenset({"push", "add", "pop", "remove", "insert", "clear", "addrange", "removeat"})
"""Members that change the length of a list, in lower case."""

NEWER_TYPES: Final = {
    "DateOnly": "use a DateTime, and its Date",
    "TimeOnly": "use a TimeSpan, as DateTime's TimeOfDay",
    "HttpContext": "use context.Request and context.Response",
    "Environment": "use a named value: {{name}}",
    "Console": "write to the trace: context.Trace(message)",
    "JsonDocument": "use JObject.Parse(text)",
    "JsonElement": "use JObject.Parse(text)",
    "JsonNode": "use JObject.Parse(text)",
    "HttpUtility": "use Uri.EscapeDataString(text) or WebUtility.UrlEncode(text)",
    "HttpClient": "use the policy send-request",
    "WebRequest": "use the policy send-request",
    "HttpWebRequest": "use the policy send-request",
    "Index": "count from the start",
    "Range": "use Substring, Skip or Take",
}
"""Types that policies can't use, with what takes their place."""

KNOWN_ELSEWHERE: Final = frozenset(
    {
        *("Activator", "AesGcm", "Assembly", "BigInteger", "BinaryReader", "BinaryWriter", "ConcurrentDictionary"),
        *("DataTable", "DeflateStream", "Directory", "Dns", "DSA", "ECDsa", "File"),
        *("FileInfo", "GC", "GZipStream", "HttpWebRequest", "ImmutableArray", "ImmutableList"),
        *("JavaScriptSerializer", "MailMessage", "Marshal", "Monitor"),
        *("Mutex", "Parallel", "Path", "PbeParameters", "ProtectedData", "Rfc2898DeriveBytes", "Semaphore"),
        *("SmtpClient", "Socket", "SqlConnection", "Stopwatch", "TcpClient", "ThreadPool", "Timer", "Trace"),
        *("UdpClient", "XPathDocument", "XslCompiledTransform", "ZipArchive"),
    }
)
"""Types of .NET that people try to use: they exist, and policy expressions have none of them."""

_MACS = ("HMACMD5", "HMACSHA1", "HMACSHA256", "HMACSHA384", "HMACSHA512")
_HASHES = ("MD5", "SHA1", "SHA256", "SHA384", "SHA512")
_BODY = "read the body with .As<string>(), or .As<JObject>() for JSON."
_READ_ONLY = "headers, variables and the like are changed by policies: set-header, set-variable, …."

MEMBERS: Final = {
    ("string", "repeat"): "write string.Concat(Enumerable.Repeat(text, count)).",
    ("string", "json"): "parse it with JObject.Parse(text).",
    ("string", "strip"): "Trim",
    ("string", "trimleft"): "TrimStart",
    ("string", "lstrip"): "TrimStart",
    ("string", "trimright"): "TrimEnd",
    ("string", "rstrip"): "TrimEnd",
    ("string", "find"): "IndexOf",
    ("string", "concat"): "join texts with +.",
    ("string", "join"): "write string.Join(separator, values).",
    ("string", "format"): 'write string.Format(format, value), or $"text {value}".',
    ("string", "isempty"): "write string.IsNullOrEmpty(text).",
    ("string", "isnullorempty"): "write string.IsNullOrEmpty(text).",
    ("string", "isnullorwhitespace"): "write string.IsNullOrWhiteSpace(text).",
    ("string", "asspan"): "write text.Substring(start, length).",
    ("string", "valueof"): "write value.ToString().",
    **{("string", f"to{name}"): "write int.Parse(text)." for name in ("int", "int32", "integer", "number")},
    ("string", "todouble"): "write double.Parse(text).",
    ("string", "tobool"): "write bool.Parse(text).",
    ("string", "toboolean"): "write bool.Parse(text).",
    ("IContext", "log"): "Trace",
    ("IContext", "cache"): "read the cache with the policy cache-lookup-value.",
    ("IUser", "name"): "write FirstName or LastName.",
    ("IContextApi", "title"): "Name",
    ("IResponse", "issuccessstatuscode"): "write StatusCode >= 200 && StatusCode < 300.",
    ("Newtonsoft.Json.Linq.JToken", "getvalue"): 'write .Value<string>("name").',
    ("string", "reverse"): "write string.Concat(text.Reverse()).",
    ("System.Convert", "tohexstring"): 'write BitConverter.ToString(bytes).Replace("-", "").',
    ("System.Random", "shared"): "write new Random().",
    ("System.Guid", "createversion7"): "NewGuid",
    ("System.Guid", "new"): "NewGuid",
    ("object", "keys"): "write json.Properties(), or .Keys of a dictionary.",
    ("Newtonsoft.Json.JsonSerializer", "serialize"): "write JsonConvert.SerializeObject(value).",
    ("Newtonsoft.Json.JsonSerializer", "deserialize"): "write JsonConvert.DeserializeObject<JObject>(text).",
    ("Newtonsoft.Json.Linq.JObject", "hasownproperty"): "ContainsKey",
    ("Newtonsoft.Json.Linq.JObject", "has"): "ContainsKey",
    ("Newtonsoft.Json.Linq.JToken", "parsejson"): "write JObject.Parse(text).",
    ("string", "substr"): "Substring",
    ("string", "slice"): "Substring",
    ("string", "replaceall"): "Replace",
    ("string", "charat"): "index the string: text[0].",
    ("string", "equalsignorecase"): "write .Equals(other, StringComparison.OrdinalIgnoreCase).",
    ("string", "encode"): "get its bytes with Encoding.UTF8.GetBytes(text).",
    ("string", "tobytes"): "get its bytes with Encoding.UTF8.GetBytes(text).",
    ("string", "match"): "write Regex.Match(text, pattern).",
    ("Newtonsoft.Json.JsonConvert", "serialize"): "SerializeObject",
    ("Newtonsoft.Json.JsonConvert", "stringify"): "SerializeObject",
    ("Newtonsoft.Json.JsonConvert", "tojson"): "SerializeObject",
    ("Newtonsoft.Json.JsonConvert", "deserialize"): "DeserializeObject",
    ("Newtonsoft.Json.JsonConvert", "parse"): "DeserializeObject",
    ("Newtonsoft.Json.JsonConvert", "fromjson"): "DeserializeObject",
    ("System.StringSplitOptions", "trimentries"): "it is newer than the .NET of policies: use "
    "StringSplitOptions.RemoveEmptyEntries and .Select(x => x.Trim()).",
    ("System.DateTime", "tounixtimeseconds"): "convert it first: new DateTimeOffset(date).ToUnixTimeSeconds().",
    (
        "System.DateTime",
        "tounixtimemilliseconds",
    ): "convert it first: new DateTimeOffset(date).ToUnixTimeMilliseconds().",
    ("System.DateTime", "toisostring"): 'write .ToString("o").',
    ("IRequest", "params"): "MatchedParameters",
    ("IRequest", "parameters"): "MatchedParameters",
    ("IRequest", "ip"): "IpAddress",
    ("IRequest", "clientip"): "IpAddress",
    **{("IMessageBody", name): _BODY for name in ("asstring", "astext", "text", "content", "readasstring", "json")},
    **{("IMessageBody", name): _BODY for name in ("asjson", "asjobject", "tojson", "asobject", "value", "read")},
    **{
        ("System.Collections.Generic.IReadOnlyDictionary", name): _READ_ONLY
        for name in ("add", "remove", "set", "tryadd", "clear", "append")
    },
    **{
        (f"System.Security.Cryptography.{name}", "hashdata"): f"it is newer than the .NET of policies: use "
        f"{name}.Create().ComputeHash(bytes)."
        for name in _HASHES
    },
    **{
        (f"System.Security.Cryptography.{name}", "hashdata"): f"it is newer than the .NET of policies: use "
        f"new {name}(key).ComputeHash(bytes)."
        for name in _MACS
    },
}
"""Members that a type, or what it derives from, does not have: the name in lower case."""

NEWER_NAMESPACES: Final = {
    "System.Text.Json": "use JObject.Parse(text) and JsonConvert.SerializeObject(value)",
    "System.Net.Http": "use the policy send-request",
    "System.Threading.Tasks": "a policy expression is not async: call methods directly",
}
"""Namespaces that policies can't use, with what takes their place."""

NEWER_OPERATORS: Final = {
    "chunk": ".Select((x, i) => new { x, i }).GroupBy(p => p.i / size, p => p.x)",
    "distinctby": ".GroupBy(key).Select(g => g.First())",
    "maxby": ".OrderByDescending(key).First()",
    "minby": ".OrderBy(key).First()",
    "order": ".OrderBy(x => x)",
    "orderdescending": ".OrderByDescending(x => x)",
    "index": ".Select((x, i) => …)",
}
"""Methods of LINQ that came with .NET 6 and later, in lower case."""

SYNONYMS: Final = {
    "length": ("Length", "Count"),
    "len": ("Length", "Count"),
    "size": ("Length", "Count"),
    "count": ("Count", "Length"),
    "tolowercase": ("ToLower",),
    "lower": ("ToLower",),
    "touppercase": ("ToUpper",),
    "upper": ("ToUpper",),
    "includes": ("Contains",),
    "push": ("Add",),
    "append": ("Append", "Add"),
    "map": ("Select",),
    "filter": ("Where",),
    "reduce": ("Aggregate",),
    "foreach": ("ForEach",),
    "some": ("Any",),
    "every": ("All",),
    "has": ("ContainsKey", "Contains"),
    "get": ("GetValueOrDefault",),
}
"""What members of any type are called in other languages."""
