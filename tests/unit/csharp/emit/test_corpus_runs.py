"""Every expression of the corpus that compiles runs in many contexts: a value of its type, or a failure with a name."""

from __future__ import annotations

import copy
import json
import re
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from benchmarks.members import used_members  # type: ignore[import-not-found]
from docs.not_simulated import is_implemented  # type: ignore[import-not-found]
from tests.sampling import sampled

from apimpolicy.csharp.binding.type_relations import INTEGRAL_RANGES
from apimpolicy.csharp.dotnet.casts import is_instance
from apimpolicy.csharp.dotnet.environment import Environment, Limits, use_environment
from apimpolicy.csharp.dotnet.exceptions import DotnetException
from apimpolicy.csharp.dotnet.values import BOOL, CHAR, DECIMAL, DOUBLE, FLOAT, OBJECT, STRING, VOID
from apimpolicy.csharp.emit.expression import compile_expression
from apimpolicy.errors import NotSimulatedError
from apimpolicy.gateway.context.execution import Context
from apimpolicy.gateway.context.loading import context_of, read_certificates

if TYPE_CHECKING:
    from apimpolicy.csharp.dotnet.types import Type

ROOT = Path(__file__).parents[4]
CORPUS = ROOT.parent / "shared" / "corpus" / "expressions.jsonl"
CONTEXTS = ROOT / "tests" / "conformance" / "contexts.json"

SAMPLES: dict[str, tuple[str, Any]] = {
    "string": ("string", "text"),
    "String": ("string", "text"),
    "int": ("int", 3),
    "Int32": ("int", 3),
    "long": ("long", 3),
    "bool": ("bool", True),
    "Boolean": ("bool", True),
    "double": ("double", 1.5),
    "decimal": ("decimal", "1.5"),
    "byte[]": ("byte[]", "AQID"),
    "string[]": ("string[]", ["a", "b"]),
    "DateTime": ("DateTime", "2024-02-29T13:14:15.0000000Z"),
    "JObject": ("JObject", '{"access_token": "t", "expires_in": 3599, "value": [{"id": "1"}]}'),
    "JArray": ("JArray", '[{"id": "1", "name": "a"}]'),
    "JToken": ("JToken", '{"id": "1"}'),
    "IResponse": (
        "IResponse",
        {"statusCode": 200, "statusReason": "OK", "headers": {}, "body": '{"access_token":"t"}'},
    ),
    "Jwt": ("Jwt", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIiwicm9sZXMiOlsiYWRtaW4iXX0."),
}
_CAST = re.compile(r'\(\s*([\w\[\].]+)\??\s*\)\s*\(?\s*context\.Variables(?:\[|\.GetValueOrDefault\()"([^"]+)"')
_GENERIC = re.compile(r'\.Variables\.GetValueOrDefault<\s*([\w\[\].]+)\??\s*>\(\s*"([^"]+)"')
_ANY = re.compile(r'\.Variables(?:\[|\.GetValueOrDefault\()\s*"([^"]+)"')


def wanted_variables(code: str) -> dict[str, dict[str, Any]]:
    """The variables that the code reads, with values of the types it casts them to; strings otherwise."""
    found = dict.fromkeys(_ANY.findall(code), "string")
    found |= {name: type_.rpartition(".")[2] for type_, name in (*_CAST.findall(code), *_GENERIC.findall(code))}
    entries = {name: SAMPLES.get(type_, SAMPLES["string"]) for name, type_ in found.items()}
    return {name: {"type": type_, "value": value} for name, (type_, value) in entries.items()}


def sources(code: str) -> list[dict[str, Any]]:
    """The contexts of the conformance suite, and variants of them that have the variables of this code."""
    stored: dict[str, dict[str, Any]] = json.loads(CONTEXTS.read_text(encoding="utf-8"))["contexts"]
    made = list(stored.values())
    wanted = wanted_variables(code)
    for name, body in (("basic", None), ("cert", ""), ("error", None), ("form", '[{"id": 1}]')):
        variant = copy.deepcopy(stored[name])
        variant["variables"] = {**variant.get("variables", {}), **wanted}
        variant["response"] = variant.get("response") or stored["basic"]["response"]
        if body is not None:
            variant["request"]["body"] = body
        made.append(variant)
    return made


def is_of(value: Any, type_: Type) -> bool:
    """Whether a plain Python value can be one of this static type."""
    if value is None:
        return type_.underlying is not None or not type_.is_value_type
    if type_ is OBJECT:
        return True
    bare = type_.underlying or type_
    if bare in INTEGRAL_RANGES and bare is not CHAR:
        low, high = INTEGRAL_RANGES[bare]
        return type(value) is int and low <= value <= high
    plain_types: dict[Type, type] = {STRING: str, CHAR: str, BOOL: bool, DOUBLE: float, FLOAT: float, DECIMAL: Decimal}
    plain = plain_types.get(bare)
    if plain is not None:
        return type(value) is plain
    return type(value) is tuple or type(value) is int or callable(value) or is_instance(value, type_)


def test_every_expression_runs() -> None:
    if not CORPUS.exists():
        pytest.skip("the corpus is not beside the checkout (../shared/corpus)")
    certificates = read_certificates(json.loads(CONTEXTS.read_text(encoding="utf-8"))["certs"])
    counts: Counter[str] = Counter()
    missing: Counter[str] = Counter()
    wrong: list[str] = []
    with CORPUS.open(encoding="utf-8") as lines:
        codes = [row["code"] for row in map(json.loads, lines) if row["compiles"]]
    for code in sampled(codes, 400):
        compiled = compile_expression(code)
        for context in [Context(), *(context_of(source, certificates) for source in sources(code))]:
            with use_environment(Environment(limits=Limits(seconds=5))):
                try:
                    value = compiled.evaluate(context)
                except DotnetException as error:
                    counts["exception"] += 1
                    if error.span is None:
                        wrong.append(f"no place of {error}: {code}")
                except NotSimulatedError as error:
                    counts["not simulated"] += 1
                    missing[str(error)] += 1
                else:
                    counts["value"] += 1
                    if compiled.type is not VOID and not is_of(value, compiled.type):
                        wrong.append(f"{type(value)} for {compiled.static_type}: {code}")
    print(f"\n{len(codes)} expressions, {dict(counts)}, {missing.most_common()}")
    assert not wrong
    assert counts["value"] > counts["exception"]
    assert not missing


def test_no_expression_uses_a_member_that_is_not_simulated() -> None:
    if not CORPUS.exists():
        pytest.skip("the corpus is not beside the checkout (../shared/corpus)")
    with CORPUS.open(encoding="utf-8") as lines:
        codes = [row["code"] for row in map(json.loads, lines) if row["compiles"]]
    used = {member for code in codes for member in used_members(compile_expression(code).bound)}
    assert len({(member.declaring.name, member.signature) for member in used}) > 300
    absent = {
        f"{member.declaring.name}: {member.signature}"
        for member in used
        if not member.name.startswith("op_") and not is_implemented(member.declaring, member)
    }
    assert not absent
