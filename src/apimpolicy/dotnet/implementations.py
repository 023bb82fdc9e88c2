"""Which module implements which types; a module is imported when one of its types is first used at run time."""

from __future__ import annotations

import functools

_PACKAGE = "apimpolicy.dotnet."

MODULES: dict[str, tuple[str, ...]] = {
    "cryptography.identifiers": (
        "System.Security.Cryptography.Oid",
        "System.Security.Cryptography.AsnEncodedData",
        "System.Security.Cryptography.HashAlgorithmName",
    ),
    "cryptography.hashing": (
        "System.Security.Cryptography.HashAlgorithm",
        "System.Security.Cryptography.KeyedHashAlgorithm",
        "System.Security.Cryptography.HMAC",
        "System.Security.Cryptography.MD5",
        "System.Security.Cryptography.SHA1",
        "System.Security.Cryptography.SHA256",
        "System.Security.Cryptography.SHA384",
        "System.Security.Cryptography.SHA512",
        "System.Security.Cryptography.SHA1Managed",
        "System.Security.Cryptography.SHA256Managed",
        "System.Security.Cryptography.SHA384Managed",
        "System.Security.Cryptography.SHA512Managed",
        "System.Security.Cryptography.HMACMD5",
        "System.Security.Cryptography.HMACSHA1",
        "System.Security.Cryptography.HMACSHA256",
        "System.Security.Cryptography.HMACSHA384",
        "System.Security.Cryptography.HMACSHA512",
    ),
    "cryptography.symmetric": (
        "System.Security.Cryptography.SymmetricAlgorithm",
        "System.Security.Cryptography.Aes",
        "System.Security.Cryptography.AesManaged",
        "System.Security.Cryptography.AesCryptoServiceProvider",
        "System.Security.Cryptography.Rijndael",
        "System.Security.Cryptography.RijndaelManaged",
        "System.Security.Cryptography.TripleDES",
        "System.Security.Cryptography.KeySizes",
        "System.Security.Cryptography.ICryptoTransform",
    ),
    "cryptography.rsa": (
        "System.Security.Cryptography.AsymmetricAlgorithm",
        "System.Security.Cryptography.RSA",
        "System.Security.Cryptography.RSASignaturePadding",
        "System.Security.Cryptography.RSAEncryptionPadding",
    ),
    "cryptography.random_numbers": (
        "System.Security.Cryptography.RandomNumberGenerator",
        "System.Security.Cryptography.RNGCryptoServiceProvider",
    ),
    "cryptography.distinguished_names": (
        "System.Security.Cryptography.X509Certificates.X500DistinguishedName",
    ),
    "cryptography.certificate": (
        "System.Security.Cryptography.X509Certificates.X509Certificate",
        "System.Security.Cryptography.X509Certificates.X509Certificate2",
    ),
    "cryptography.certificate_members": (
        "System.Security.Cryptography.X509Certificates.X509Certificate",
        "System.Security.Cryptography.X509Certificates.X509Certificate2",
        "System.Security.Cryptography.X509Certificates.RSACertificateExtensions",
        "ContextExtensions",
    ),
    "cryptography.certificate_parts": (
        "System.Security.Cryptography.X509Certificates.X509Extension",
        "System.Security.Cryptography.X509Certificates.X509ExtensionCollection",
        "System.Security.Cryptography.X509Certificates.PublicKey",
    ),
    "apimpolicy.context.urls": (
        "IUrl",
    ),
    "apimpolicy.context.bodies": (
        "IMessageBody",
    ),
    "apimpolicy.context.messages": (
        "IRequest",
        "IResponse",
    ),
    "apimpolicy.context.entities": (
        "IApi",
        "IContextApi",
        "ISubscriptionKeyParameterNames",
        "IOperation",
        "IGroup",
        "IUserIdentity",
        "IProduct",
        "ISubscription",
        "IUser",
        "IBackend",
        "IWorkspace",
        "IFoundry",
        "IPrivateEndpointConnection",
        "IGateway",
        "ISustainabilityInfo",
        "IDeployment",
    ),
    "apimpolicy.context.execution": (
        "IContext",
        "ILastError",
        "IGraphQL",
        "IGraphQLDataObject",
    ),
    "apimpolicy.context.tokens": (
        "Jwt",
        "BasicAuthCredentials",
        "Authorization",
    ),
    "apimpolicy.context.extension_methods": (
        "ContextExtensions",
    ),
    "xml.names": ("System.Xml.Linq.XName", "System.Xml.Linq.XNamespace"),
    "xml.nodes": (
        "System.Xml.Linq.XObject",
        "System.Xml.Linq.XNode",
        "System.Xml.Linq.XText",
        "System.Xml.Linq.XCData",
        "System.Xml.Linq.XComment",
        "System.Xml.Linq.XProcessingInstruction",
        "System.Xml.Linq.XDocumentType",
    ),
    "xml.containers": ("System.Xml.Linq.XContainer", "System.Xml.Linq.XDocument", "System.Xml.Linq.XDeclaration"),
    "xml.elements": ("System.Xml.Linq.XElement", "System.Xml.Linq.XAttribute"),
    "xml.reader": ("System.Xml.Linq.XDocument", "System.Xml.Linq.XElement"),
    "xml.casts": ("System.Xml.Linq.XElement", "System.Xml.Linq.XAttribute"),
    "xml.comparison": (
        "System.Xml.Linq.XNode",
        "System.Xml.Linq.XNodeEqualityComparer",
        "System.Xml.Linq.XNodeDocumentOrderComparer",
    ),
    "xml.extensions": ("System.Xml.Linq.Extensions",),
    "xml.xml_convert": ("System.Xml.XmlConvert",),
    "json.tokens": ("Newtonsoft.Json.Linq.JToken", "Newtonsoft.Json.Linq.JContainer"),
    "json.sequences": ("Newtonsoft.Json.Linq.JEnumerable", "Newtonsoft.Json.Linq.IJEnumerable"),
    "json.containers": (
        "Newtonsoft.Json.Linq.JObject",
        "Newtonsoft.Json.Linq.JArray",
        "Newtonsoft.Json.Linq.JProperty",
        "Newtonsoft.Json.Linq.JConstructor",
    ),
    "json.scalars": ("Newtonsoft.Json.Linq.JValue", "Newtonsoft.Json.Linq.JRaw", "Newtonsoft.Json.Linq.JToken"),
    "json.loading": (
        "Newtonsoft.Json.Linq.JToken",
        "Newtonsoft.Json.Linq.JObject",
        "Newtonsoft.Json.Linq.JArray",
        "Newtonsoft.Json.Linq.JsonLoadSettings",
    ),
    "json.casts": ("Newtonsoft.Json.Linq.JToken",),
    "json.retrieval": ("Newtonsoft.Json.Linq.JToken", "Newtonsoft.Json.Linq.Extensions"),
    "json.comparison": ("Newtonsoft.Json.Linq.JToken", "Newtonsoft.Json.Linq.JTokenEqualityComparer"),
    "json.merging": ("Newtonsoft.Json.Linq.JsonMergeSettings",),
    "json.path": ("Newtonsoft.Json.Linq.JToken",),
    "json.serialization": (
        "Newtonsoft.Json.Linq.JToken",
        "Newtonsoft.Json.Linq.JObject",
        "Newtonsoft.Json.Linq.JArray",
    ),
    "json.deserialization": ("Newtonsoft.Json.Linq.JToken",),
    "json.settings": ("Newtonsoft.Json.JsonSerializerSettings",),
    "json.json_convert": ("Newtonsoft.Json.JsonConvert",),
    "collections.comparers": (
        "System.Collections.Generic.IComparer",
        "System.Collections.Generic.IEqualityComparer",
        "System.Collections.IComparer",
        "System.Collections.IEqualityComparer",
    ),
    "collections.interfaces": (
        "System.Collections.Generic.ICollection",
        "System.Collections.Generic.IReadOnlyCollection",
        "System.Collections.Generic.IList",
        "System.Collections.Generic.IReadOnlyList",
        "System.Collections.Generic.IDictionary",
        "System.Collections.Generic.IReadOnlyDictionary",
        "System.Collections.ICollection",
        "System.Collections.IList",
        "System.Collections.IDictionary",
        "System.Linq.IGrouping",
        "System.Linq.ILookup",
    ),
    "collections.enumerators": (
        "System.Collections.Generic.IEnumerable",
        "System.Collections.Generic.IEnumerator",
        "System.Collections.Generic.Dictionary",
        "System.Collections.Generic.HashSet",
        "System.Collections.Generic.LinkedList",
        "System.Collections.Generic.List",
        "System.Collections.Generic.Queue",
        "System.Collections.Generic.SortedDictionary",
        "System.Collections.Generic.SortedSet",
        "System.Collections.Generic.Stack",
        "System.Collections.Generic.Dictionary.Enumerator",
        "System.Collections.Generic.Dictionary.KeyCollection",
        "System.Collections.Generic.Dictionary.ValueCollection",
        "System.Collections.Generic.SortedDictionary.KeyCollection",
        "System.Collections.Generic.SortedDictionary.ValueCollection",
        "System.Collections.Generic.HashSet.Enumerator",
        "System.Collections.Generic.LinkedList.Enumerator",
        "System.Collections.Generic.List.Enumerator",
        "System.Collections.Generic.Queue.Enumerator",
        "System.Collections.Generic.SortedDictionary.Enumerator",
        "System.Collections.Generic.SortedSet.Enumerator",
        "System.Collections.Generic.Stack.Enumerator",
        "System.Collections.IEnumerable",
        "System.Collections.IEnumerator",
        "System.Array",
    ),
    "collections.pairs": ("System.Collections.Generic.KeyValuePair",),
    "collections.dictionary": (
        "System.Collections.Generic.Dictionary",
        "System.Collections.Generic.Dictionary.KeyCollection",
        "System.Collections.Generic.Dictionary.ValueCollection",
    ),
    "collections.lists": ("System.Collections.Generic.List",),
    "collections.sets": ("System.Collections.Generic.HashSet", "System.Collections.Generic.ISet"),
    "collections.queues": ("System.Collections.Generic.Queue", "System.Collections.Generic.Stack"),
    "collections.linked_list": ("System.Collections.Generic.LinkedList", "System.Collections.Generic.LinkedListNode"),
    "collections.sorted_collections": (
        "System.Collections.Generic.SortedDictionary",
        "System.Collections.Generic.SortedDictionary.KeyCollection",
        "System.Collections.Generic.SortedDictionary.ValueCollection",
        "System.Collections.Generic.SortedSet",
    ),
    "collections.read_only": ("System.Collections.ObjectModel.ReadOnlyCollection",),
    "collections.tuples": ("System.Tuple", "System.ValueTuple"),
    "collections.array_members": ("System.Array",),
    "collections.array_order": ("System.Array",),
    "linq.restriction": ("System.Linq.Enumerable",),
    "linq.projection": ("System.Linq.Enumerable",),
    "linq.elements": ("System.Linq.Enumerable",),
    "linq.aggregation": ("System.Linq.Enumerable",),
    "linq.ordering": ("System.Linq.Enumerable", "System.Linq.IOrderedEnumerable"),
    "linq.grouping": ("System.Linq.Enumerable",),
    "linq.conversion": ("System.Linq.Enumerable",),
    "regex.expressions": ("System.Text.RegularExpressions.Regex",),
    "regex.matches": (
        "System.Text.RegularExpressions.Capture",
        "System.Text.RegularExpressions.CaptureCollection",
        "System.Text.RegularExpressions.Group",
        "System.Text.RegularExpressions.GroupCollection",
        "System.Text.RegularExpressions.Match",
        "System.Text.RegularExpressions.MatchCollection",
    ),
}
"""Module (below this package) to the types whose members it registers; a type may appear under several modules.

`apimpolicy.context` may be named with its full name, since it registers the types of the `context` object.
"""


@functools.cache
def _by_type() -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for module, types in MODULES.items():
        for name in types:
            found.setdefault(name, []).append(module)
    return {name: tuple(modules) for name, modules in found.items()}


def _full(module: str) -> str:
    return module if module.startswith("apimpolicy.") else _PACKAGE + module


def modules_of(type_name: str) -> tuple[str, ...]:
    """Full names of the modules that implement a type, given its full name without type arguments."""
    return tuple(_full(module) for module in _by_type().get(type_name, ()))


def all_modules() -> tuple[str, ...]:
    return tuple(_full(module) for module in MODULES)
