"""Newtonsoft's dialect and messages, JSONPath, and the tree's own rules."""

from __future__ import annotations

import pytest

from apimpolicy.csharp.dotnet.exceptions import DotnetException, JsonReaderException
from apimpolicy.csharp.dotnet.json.containers import JArray
from apimpolicy.csharp.dotnet.json.loading import parse, parse_object
from apimpolicy.csharp.dotnet.json.objects import JObject, JProperty
from apimpolicy.csharp.dotnet.json.path import select_token, select_tokens
from apimpolicy.csharp.dotnet.json.reader import MAXIMUM_DEPTH
from apimpolicy.csharp.dotnet.json.scalars import JRaw, JValue
from apimpolicy.csharp.dotnet.json.whole_trees import deep_equals, merge
from apimpolicy.csharp.dotnet.values import INT, OBJECT, Array

READS = [
    ("{'a':'b',c:[1,2,],/*x*/}", '{"a":"b","c":[1,2]}'),
    ('{"a":01}', '{"a":1}'),
    ('{"a":0x1F}', '{"a":31}'),
    ('{"a":1e3}', '{"a":1000.0}'),
    ('{"a":12345678901234567890}', '{"a":12345678901234567890}'),
    ('{"a":"\\u00e9\\n"}', '{"a":"é\\n"}'),
    ('{"a":1,"b":2,"a":{"x":null}}', '{"a":{"x":null},"b":2}'),
    ("[1,,2]", "[1,undefined,2]"),
    ("[NaN,-Infinity]", '["NaN","-Infinity"]'),
    ('{"a":new Date(1)}', '{"a":new Date(1)}'),
    ('"\\ud800x"', '"\ufffdx"'),
    ('"\\ud83d\\ude00"', '"\ud83d\ude00"'),
]

MESSAGES = [
    ("", "Error reading JToken from JsonReader. Path '', line 0, position 0."),
    ("{", "Error reading JObject from JsonReader. Path '', line 1, position 1."),
    ('{"a":}', "Unexpected character encountered while parsing value: }. Path 'a', line 1, position 5."),
    ("tru", "Unexpected end when reading JSON. Path '', line 1, position 3."),
    ("<", "Unexpected character encountered while parsing value: <. Path '', line 0, position 0."),
    ('{"a":1} x', "Additional text encountered after finished reading JSON content: x. Path '', line 1, position 8."),
    ("[1 2]", "After parsing a value an unexpected character was encountered: 2. Path '[0]', line 1, position 3."),
    ('{"a":"x', "Unterminated string. Expected delimiter: \". Path 'a', line 1, position 7."),
    ('{"a" 1}', "Invalid character after parsing property name. Expected ':' but got: 1. Path '', line 1, position 5."),
    ('{\n "a b": {"c": [1, tru]}}', "Error parsing boolean value. Path '['a b'].c[0]', line 2, position 21."),
    ("08", "Input string '08' is not a valid number. Path '', line 1, position 2."),
]

DOCUMENT = '{"a":{"b":[{"c":1,"n":"x"},{"c":2,"n":"yb"}]},"l":[1,2,3,4,5],"s p":{"d.e":7},"d":"2024-02-29T13:14:15Z"}'
PATHS = [
    ("a.b[0].c", "1"),
    ("$.a.b[*].c", "1 2"),
    ("$..c", "1 2"),
    ("a.b[?(@.c > 1)].n", '"yb"'),
    ("a.b[?(@.c >= 1 && @.n == 'x')].c", "1"),
    ("a.b[?(@.n == 'q' || @.c == 2)].c", "2"),
    ("a.b[?(@.n =~ /^Y/i)].c", "2"),
    ("a.b[?(@.c == 1.0)].n", '"x"'),
    ("a.b[?(@.z)]", ""),
    ("l[1:3]", "2 3"),
    ("l[::2]", "1 3 5"),
    ("l[-1:]", "5"),
    ("l[0,2]", "1 3"),
    ("['s p']['d.e']", "7"),
    ("a.z.q", ""),
    ("$[?(@.x)]", ""),
]
PATH_ERRORS = [
    ("a[", "Path ended with open indexer."),
    ("a..", "Unexpected end while parsing path."),
    ("l[x]", "Unexpected character while parsing path indexer: x"),
    ("l[]", "Array index expected."),
    ("a.b[?(@.c ~ 1)]", "Could not read query operator."),
    ("['x", "Path ended with an open string."),
]


@pytest.mark.parametrize(("text", "written"), READS)
def test_dialect(text: str, written: str) -> None:
    assert parse(text).format(0) == written


@pytest.mark.parametrize(("text", "message"), MESSAGES)
def test_messages(text: str, message: str) -> None:
    with pytest.raises(JsonReaderException) as caught:
        parse(text)
    assert caught.value.message == message


@pytest.mark.parametrize("opening", ["[", '{"a":', "[{'a':"])
def test_depth_is_bounded(opening: str) -> None:
    with pytest.raises(JsonReaderException, match=f"MaxDepth of {MAXIMUM_DEPTH}"):
        parse(opening * 100_000)


def test_deep_trees_need_no_stack() -> None:
    token = JArray()
    for _ in range(20_000):
        outer = JArray()
        outer.add(token)
        token = outer
    copy = token.deep_clone()
    assert deep_equals(token, copy)
    assert len(copy.format(0)) == 40_002


@pytest.mark.parametrize(("path", "selected"), PATHS)
def test_paths(path: str, selected: str) -> None:
    assert " ".join(t.format(0) for t in select_tokens(parse(DOCUMENT), path)) == selected


@pytest.mark.parametrize(("path", "message"), PATH_ERRORS)
def test_path_errors(path: str, message: str) -> None:
    with pytest.raises(DotnetException) as caught:
        select_token(parse(DOCUMENT), path)
    assert caught.value.message == message


def test_paths_reach_live_nodes() -> None:
    document = parse(DOCUMENT)
    found = select_token(document, "a.b[1].n")
    assert found is not None
    assert found.path == "a.b[1].n"
    found.replace(JValue.of_string("new"))
    assert select_token(document, "a.b[1].n").to_string() == "new"  # type: ignore[union-attr]
    with pytest.raises(DotnetException, match="Path returned multiple tokens"):
        select_token(document, "l[*]")
    with pytest.raises(DotnetException, match="Property 'z' does not exist on JObject"):
        select_token(document, "z", True)


def test_paths_of_tokens() -> None:
    document = parse(DOCUMENT)
    assert select_token(document, "['s p']['d.e']").path == "['s p']['d.e']"  # type: ignore[union-attr]
    assert document.path == ""


def test_a_token_with_a_parent_is_copied() -> None:
    child = JObject()
    child.set_by_name("x", JValue.of_long(1))
    root = JObject()
    root.set_by_name("a", child)
    root.set_by_name("b", child)
    child.set_by_name("x", JValue.of_long(2))
    assert root.format(0) == '{"a":{"x":2},"b":{"x":1}}'


def test_content() -> None:
    assert JArray.create(Array(OBJECT, [1, "a", None, True, Array(INT, [7, 8])])).format(0) == '[1,"a",null,true,7,8]'
    assert JProperty.create("a", Array(INT, [1])).to_string() == '"a": [\n  1\n]'
    assert JArray.create(JRaw.of_raw("{raw}")).format(0) == "[{raw}]"
    with pytest.raises(DotnetException, match="Can not add Newtonsoft"):
        JObject.create(5)


def test_iteration_notices_changes() -> None:
    document = parse_object('{"a":1,"b":2}')
    assert [(pair.key, pair.value.to_string()) for pair in document.key_value_pairs()] == [("a", "1"), ("b", "2")]
    walk = iter(document)
    next(walk).detach()
    with pytest.raises(DotnetException, match="Collection was modified"):
        next(walk)


def test_merge() -> None:
    target = parse_object('{"a":{"l":[1,2],"x":1},"k":1}')
    merge(target, parse_object('{"a":{"l":[2,3],"y":2},"k":null}'))
    assert target.format(0) == '{"a":{"l":[1,2,2,3],"x":1,"y":2},"k":1}'
