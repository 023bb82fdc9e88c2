"""Each form against the implementation at bounds: the calls are made from the signature of its member.

A new form is tested without a new row. What a term doesn't say is no mistake; what it says must be what the call gives.
"""

from __future__ import annotations

import itertools
import random
import re
from importlib import import_module
from typing import TYPE_CHECKING

import pytest
from declared_facts import closed, inputs, operation
from test_semantic_forms import compare
from tests.sampling import IS_NIGHTLY

from apimpolicy.csharp.dotnet.metadata import all_definitions
from apimpolicy.csharp.dotnet.values import STRING
from apimpolicy.errors import DiagnosticError, NotSimulatedError
from apimpolicy.reasoning.semantics.members import _MODULES, FORMS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apimpolicy.csharp.dotnet.signatures import Member

MODULES = ("strings", "scalars", "collections")
for module in MODULES:
    import_module(f"apimpolicy.reasoning.semantics.forms.{module}")

ARGUMENTS = {
    "string": ("S", "T", '""', '"k"', '"abc"', '"\\ud83d"', '"a\\u0301"', "(string)null", "S.Trim()"),
    "char": ("'a'", "'k'", "','", "'\\ud83d'", "'\\0'"),
    "int": ("0", "-1", "1", "S.Length", "S.Length - 1", "S.Length + 1", "int.MaxValue", "int.MinValue", "int.Parse(S)"),
    "long": ("0L", "-1L", "(long)S.Length", "long.MaxValue", "long.MinValue", "2147483648L", "long.Parse(S)"),
    "uint": ("0U", "1U", "uint.MaxValue", "uint.Parse(S)"),
    "ulong": ("0UL", "1UL", "ulong.MaxValue", "ulong.Parse(S)"),
    "byte": ("(byte)0", "byte.MaxValue", "byte.Parse(S)"),
    "sbyte": ("(sbyte)-1", "sbyte.MinValue", "sbyte.Parse(S)"),
    "short": ("(short)-1", "short.MinValue", "short.Parse(S)"),
    "ushort": ("(ushort)0", "ushort.MaxValue", "ushort.Parse(S)"),
    "bool": ("true", "false", 'S == "k"'),
    "double": ("0.0", "-0.0", "1.5", "double.NaN", "double.MaxValue", "double.NegativeInfinity"),
    "object": ("(object)S", "null", "(object)5", "(object)true", "(object)S.Length", '"k"'),
    "char[]": ("new[] { ',' }", "new[] { 'a', ' ' }", "new char[0]", "null"),
    "string[]": ('new[] { "," }', "S.Split(',')", 'new[] { "a", "" }', "new string[0]", "null"),
    "System.Nullable<int>": ('(S == "" ? (int?)null : S.Length)', "(int?)0"),
    "System.Collections.Generic.IEnumerable<string>": (
        "S.Split(',')",
        "new[] { S, T }",
        "new string[0]",
        "new[] { S }",
    ),
    "System.StringComparison": (
        *(f"StringComparison.{name}" for name in ("Ordinal", "OrdinalIgnoreCase", "CurrentCulture")),
        *(f"StringComparison.{name}" for name in ("InvariantCulture", "InvariantCultureIgnoreCase")),
    ),
    "System.StringSplitOptions": ("StringSplitOptions.None", "StringSplitOptions.RemoveEmptyEntries"),
}
"""Code for a value of a type: constants at bounds, and what depends on the texts S and T."""
NEVER_EXACT = {
    *("System.DateTime", "System.DateTimeOffset", "System.TimeSpan", "System.Nullable", "System.Guid"),
    *(
        "System.StringComparer",
        "System.Text.Encoding",
        "Where",
        "Select",
        "ToList",
        "ToArray",
        "ToBase64String",
        "Next",
    ),
}
"""Types and members whose calls here give no text, number or truth value of which a term says all."""
MOST_CALLS = 60 if IS_NIGHTLY else 20


def members() -> list[Member]:
    """Return the members that have a form, of types whose values there are arguments for."""
    known = {(each.name, member.signature): member for each in all_definitions() for member in each.all_members()}
    return [known[key] for key in sorted(FORMS) if key in known and _MODULES.get(key[0]) in MODULES]


def calls(member: Member) -> Iterator[str]:
    """Yield calls of a member: some of all ways to choose its receiver and arguments, always the same."""
    parameters = getattr(member, "parameters", ())
    container = closed(member.declaring.open_type, STRING)
    types = [] if member.is_static else [container]
    types += [closed(each.type, STRING) for each in parameters if each.mode != "out"]
    pools = [ARGUMENTS.get(str(each)) or inputs(each) for each in types]
    ways = list(itertools.islice(itertools.product(*pools), 5_000))
    random.Random(member.signature).shuffle(ways)
    passed, number = [], 0 if member.is_static else 1
    for each in parameters:
        passed.append("out var o" if each.mode == "out" else f"a{number}")
        number += each.mode != "out"
    code = operation(member, container, STRING, passed)
    is_out = any(each.mode == "out" for each in parameters)
    for way in ways[:MOST_CALLS]:
        call = re.sub(r"\ba(\d+)\b", lambda found, way=way: f"({way[int(found[1])]})", code)
        yield call
        if is_out:
            yield f"{{ {call}; return o; }}"


@pytest.mark.parametrize("member", members(), ids=lambda member: f"{member.declaring.name}.{member.signature}")
def test_a_form_agrees_with_the_implementation_at_bounds(member: Member) -> None:
    exact = 0
    for code in calls(member):
        try:
            found = compare(code, rounds=12)
        except (DiagnosticError, NotSimulatedError):
            continue
        assert found.wrong == [], code
        exact += found.exact
    assert exact or {member.declaring.name, member.name} & NEVER_EXACT
