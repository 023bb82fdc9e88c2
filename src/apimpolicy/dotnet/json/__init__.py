"""Newtonsoft.Json 12: the tree of tokens, its reader and writer, JSONPath and serialisation.

tokens        JToken, JContainer: parents, order, paths
containers    JObject, JArray, JProperty, JConstructor
scalars       JValue, JRaw, their comparison
reader        text to tokens, with Newtonsoft's dialect and messages
loading       readers to trees: Parse
writer        trees to text: ToString
casts         C# conversions to and from JToken
retrieval     Value<T>, Values<T> and the extension methods over sequences
path          JSONPath expressions; path_filters what they select
serialization objects to trees: FromObject; deserialization the other way: ToObject
json_convert  JsonConvert
tree_reader   JsonReader over a tree; tree_writer JsonWriter into one
platform      what this package uses of the rest of the simulated .NET
"""
