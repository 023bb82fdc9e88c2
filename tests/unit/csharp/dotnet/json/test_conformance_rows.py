"""The simple shapes among the shared conformance rows: parse, reach one token, then one conversion."""

from __future__ import annotations

import base64
import json
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from apimpolicy.csharp.dotnet.exceptions import DotnetException
from apimpolicy.csharp.dotnet.json.casts import CASTS, value_at
from apimpolicy.csharp.dotnet.json.deserialization import to_object
from apimpolicy.csharp.dotnet.json.loading import parse, parse_array, parse_object
from apimpolicy.csharp.dotnet.json.tokens import JToken, format_date
from apimpolicy.csharp.dotnet.metadata import parse as parse_type
from apimpolicy.csharp.dotnet.values import type_of

ROWS = Path(__file__).resolve().parents[6] / "shared" / "conformance" / "expressions.jsonl"
PARSERS = {"JObject": parse_object, "JArray": parse_array, "JToken": parse}
JSON_TYPES = {"JToken", "JArray", "JObject", "JValue"}
FULL = {"DateTime": "System.DateTime", "Guid": "System.Guid", "DateTime?": "System.DateTime?"}
SHAPE = re.compile(
    r"@\((?:\((?P<cast>[\w?\[\]]+)\))?(?P<parser>JObject|JArray|JToken)\.Parse\((?P<text>\"(?:[^\"\\]|\\.)*\")\)"
    r"(?P<index>\[\"\w+\"\])?(?:\.(?:Value<(?P<value>[\w?]+)>\(\"(?P<key>\w+)\"\)"
    r"|ToObject<(?P<object>[\w?]+(?:\[\])?)>\(\)|(?P<text_of>ToString)\(\)"
    r"|ToString\(Newtonsoft\.Json\.Formatting\.(?P<format>None)\)))?\)\Z"
)


def type_named(name: str) -> Any:
    return parse_type(f"Newtonsoft.Json.Linq.{name}" if name in JSON_TYPES else FULL.get(name, name))


def load_rows() -> list[Any]:
    if not ROWS.exists():
        return []
    found = []
    for line in ROWS.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        match = SHAPE.match(row["expr"])
        if match and "errors" not in row["expect"] and row["group"] != "ctx_anon":
            found.append(pytest.param(match.groupdict(), row["expect"], id=str(row["id"])))
    return found


def evaluate(parts: dict[str, str]) -> Any:
    token: Any = PARSERS[parts["parser"]](json.loads(parts["text"]))
    if parts["index"]:
        token = token.get_item(parts["index"][2:-2])
    if parts["value"]:
        return value_at((type_named(parts["value"]),), token, parts["key"])
    if parts["object"]:
        return to_object((type_named(parts["object"]),), token)
    if parts["text_of"]:
        return token.to_string()
    if parts["format"]:
        return token.format(0)
    return CASTS[str(type_named(parts["cast"]))](token) if parts["cast"] else token


def shown(value: Any, expected: str) -> str:
    if isinstance(value, JToken):
        return value.format(0)
    if isinstance(value, list):
        return (
            base64.b64encode(bytes(value)).decode()
            if expected == "byte[]"
            else json.dumps(list(value), separators=(",", ":"))
        )
    if isinstance(value, (bool, str, int, float, Decimal)):
        return repr(value)[:-2] if isinstance(value, float) and value.is_integer() else str(value)
    return format_date(value) if expected == "System.DateTime" else str(value.to_string())


@pytest.mark.skipif(not ROWS.exists(), reason="the shared conformance rows are not beside this checkout")
@pytest.mark.parametrize(("parts", "expect"), load_rows())
def test_row(parts: dict[str, str], expect: dict[str, Any]) -> None:
    error = expect.get("exception")
    if error:
        with pytest.raises(DotnetException) as caught:
            evaluate(parts)
        assert (caught.value.type_name, caught.value.message) == (error["type"], error["message"])
        return
    value = evaluate(parts)
    if expect["value"] is None:
        assert value is None
        return
    wanted = expect["value"]
    if expect["runtime_type"] == "System.DateTime":
        wanted = wanted.replace(".0000000", "")
    assert shown(value, expect["runtime_type"]) == wanted
    if not isinstance(value, (int, float, Decimal)) or expect["static_type"] == "object":
        assert str(type_of(value)) == expect["runtime_type"]
