"""Declared facts of members against what the simulator's own implementations do, and seeded faults that must show."""

from __future__ import annotations

import pytest
from declared_facts import calls, declaring, facts_of, member, simulated, violations
from tests.sampling import sampled

from apimpolicy.csharp.dotnet.metadata import all_definitions
from apimpolicy.reasoning.semantics.facts import declared, has

NOT_CALLED = {
    "static U Value<T, U>(this System.Collections.Generic.IEnumerable<T> value) where T : Newtonsoft.Json.Linq.JToken",
    "Newtonsoft.Json.Linq.JEnumerable<T> Children<T>() where T : Newtonsoft.Json.Linq.JToken",
    "static char HexUnescape(string pattern, ref int index)",
}
"""What the test has no arguments for."""

VARIABLES = "System.Collections.Generic.IReadOnlyDictionary<string, object>"
STRENGTHENED = [
    ("total", "string", "Substring"),
    ("total", "int", "static int Parse(string s)"),
    ("total", "string", "static string Format(string format, object arg0)"),
    ("total", "System.Guid", "string ToString(string format)"),
    ("total", "System.DateTime", "AddDays"),
    ("total", "System.Linq.Enumerable", "First"),
    ("total", "System.Uri", "Host"),
    ("total", "ContextExtensions", f"static T GetValueOrDefault<T>(this {VARIABLES} d, string name)"),
    ("never-null", "Newtonsoft.Json.Linq.JObject", "Property"),
    ("never-null", "Newtonsoft.Json.Linq.JToken", "SelectToken"),
    ("never-null", "ContextExtensions", "AsJwt"),
    ("never-null", "System.Linq.Enumerable", "FirstOrDefault"),
    ("never-null", "BasicAuthCredentials", "Password"),
    ("never-null", "ILastError", "Reason"),
    ("pure", "string", "CopyTo"),
    ("pure", "System.Guid", "NewGuid"),
    ("pure", "IContext", "Elapsed"),
    ("pure", "System.DateTime", "UtcNow"),
    ("pure", "System.Collections.Generic.List", "Add"),
    ("pure", "System.Collections.Generic.List", "Sort"),
    ("pure", "System.Collections.Generic.HashSet", "Add"),
    ("pure", "System.Array", "Reverse"),
    ("pure", "Newtonsoft.Json.Linq.JToken", "Remove"),
    ("pure", "Newtonsoft.Json.Linq.JContainer", "Merge"),
    ("pure", "Newtonsoft.Json.Linq.JContainer", "Add"),
    ("pure", "System.Random", "Next"),
    ("pure", "System.Net.WebUtility", "static void HtmlEncode(string value, System.IO.TextWriter output)"),
    ("fresh", "System.Collections.Generic.List", "Clear"),
    ("immutable", "System.Collections.Generic.List", "Clear"),
    ("immutable", "Newtonsoft.Json.Linq.JArray", "Add"),
    ("immutable", "System.Security.Cryptography.X509Certificates.X509Certificate", "Reset"),
]
"""Facts that are not true, one by one: of a kind, of which member."""


def test_declared_facts_are_true() -> None:
    found = [violation for each in sampled(declaring(), 300) for violation in violations(each, facts_of(each))]
    assert found == []


def test_every_declaration_is_of_a_member_that_is_called() -> None:
    types = {type_ for of_types in declared().values() for type_ in of_types}
    known = {definition.name for definition in all_definitions()}
    assert types <= known
    members = simulated(types)
    for fact, of_types in declared().items():
        for type_, names in of_types.items():
            here = [each for each in members if each.declaring.name == type_]
            assert names - {each.name for each in here} - {each.signature for each in here} <= {"*"}, (fact, type_)
    assert {each.signature for each in declaring() if next(calls(each), None) is None} == NOT_CALLED


@pytest.mark.parametrize(("fact", "type_", "name"), STRENGTHENED)
def test_a_fact_that_is_not_true_shows(fact: str, type_: str, name: str) -> None:
    each = member(type_, name)
    assert any(violations(each, {fact}))


def test_a_certificate_that_is_verified_depends_on_the_clock() -> None:
    for each in declaring():
        if has("clock", each):
            assert any(violations(each, {"pure"}))
