"""Each change of a policy, a file or a run is shown where it is, and mirrored in the other direction."""

from __future__ import annotations

import itertools
import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.sampling import IS_NIGHTLY, examples, sampled
from tests.unit.reasoning.proving import policy_pairs as pairs

pytest.importorskip("z3")

from apimpolicy.reasoning.scenarios.scenario import Bounds
from apimpolicy.report.difference_data import ADDED, CHANGED, MOVED, REMOVED, ElementChange
from apimpolicy.testing.comparing import changed_files
from apimpolicy.testing.comparing.changed_files import Accounts, remainder
from apimpolicy.testing.comparing.code_trees import ReachedStatements, read_code, statements_of
from apimpolicy.testing.comparing.elements import changed_elements, document_of, of_element, with_moves
from apimpolicy.testing.comparing.observed_differences import _cut, differences
from apimpolicy.testing.comparing.running import compare_versions
from apimpolicy.testing.comparing.service_comparison import _is_fragment
from apimpolicy.testing.comparing.versions import Version, VersionPair, versions

DOCUMENTS = pairs.documents()
EACH = 1000 if IS_NIGHTLY else 8
OPPOSITE = {ADDED: REMOVED, REMOVED: ADDED, CHANGED: CHANGED, MOVED: MOVED}


def laid_out(text: str) -> str:
    """Return a document with each element on a line of its own, so that lines tell elements apart."""
    return text.replace("><", ">\n<")


def spans(old: str, new: str) -> list[ElementChange]:
    documents = [document_of(text.encode(), "a.xml") for text in (old, new)]
    return [each.change for each in with_moves(changed_elements(*documents, "a.xml"))]


def mirrored(change: ElementChange) -> tuple[Any, ...]:
    return OPPOSITE[change.what], change.attribute, change.new, change.old, change.is_literal


def shown(change: ElementChange) -> tuple[Any, ...]:
    return change.what, change.attribute, change.old, change.new, change.is_literal


@pytest.mark.parametrize("name", DOCUMENTS)
def test_each_changed_element_is_shown_with_its_line(name: str) -> None:
    text = laid_out(DOCUMENTS[name])
    assert (
        spans(text, text)
        == spans(text, re.sub(r"\n", "\n\n  ", text).replace("<inbound>", "<inbound><!-- a -->"))
        == []
    )
    for changed in sampled(dict.fromkeys(pairs.changes(text)), EACH):
        roots = [document_of(each.encode(), "a.xml").roots[0] for each in (text, changed)]
        found = spans(text, changed)
        assert bool(found) is (of_element(roots[0]) != of_element(roots[1])), changed
        back = spans(changed, text)
        if MOVED in {each.what for each in found}:  # either of two may be the one that moved
            assert MOVED in {each.what for each in back}
        else:
            assert Counter(map(shown, back)) == Counter(map(mirrored, found)), changed
        lines = [each.split("\n") for each in (text, changed)]
        for change in found:
            if change.what == CHANGED and len(lines[0]) == len(lines[1]):
                differing = [number for number, pair in enumerate(zip(*lines, strict=True), 1) if pair[0] != pair[1]]
                assert change.line in differing or (not change.attribute and change.line + 1 in differing), changed
            if change.what == CHANGED and change.attribute:
                values = {each.value.text.strip() for part in roots[0].descendants() for each in part.attributes}
                assert change.old in values, changed


@pytest.mark.parametrize("name", sampled(DOCUMENTS, 24))
def test_each_difference_between_two_runs_is_shown(name: str) -> None:
    text = DOCUMENTS[name]
    for changed in sampled(dict.fromkeys(pairs.changes(text)), EACH // 4):
        if pairs.harness(changed) is None:
            continue
        for one, other in zip(pairs.outcomes(text), pairs.outcomes(changed), strict=True):
            assert not list(differences(one, one))
            forth, back = list(differences(one, other)), list(differences(other, one))
            assert Counter(map(swapped, (each.kind for each in back))) == Counter(each.kind for each in forth)
            assert bool(forth) is (seen(one) != seen(other)), changed


def swapped(kind: tuple[str, ...]) -> tuple[str, ...]:
    return (*kind[:-2], *reversed(kind[-2:])) if kind[0] in ("answer", "sent") else kind


def seen(result: Any) -> Any:
    """Return what a caller, a backend and other services see of a run; failures of a gateway are alike."""
    response = result.response
    answer = (response.status_code, response.reason, fields(response.headers), response.body, result.reached_backend)
    sent = [
        (each.method, each.url, fields(each.headers), each.body)
        for each in (*result.backend_requests, *result.sent_requests)
    ]
    return "failed" if response.status_code == 500 and result.error is not None else answer, sent


def fields(headers: Any) -> list[Any]:
    return sorted(
        (name.lower(), tuple(values)) for name, values in headers.fields() if name.lower() != "content-length"
    )


@settings(max_examples=examples(150))
@given(st.integers(0, 250), st.text("ab", max_size=3), st.text("ab", max_size=3), st.integers(0, 150))
@example(150, "", "a", 0)
def test_long_texts_are_shown_where_they_differ(before: int, one: str, other: str, after: int) -> None:
    texts = ["x" * before + each + "y" * after for each in (one, other)]
    shown = _cut(*texts)
    assert (shown[0] == shown[1]) is (texts[0] == texts[1])
    for text, part in zip(texts, shown, strict=True):
        assert len(part) <= 100
        assert part.strip("…") in text
        assert part == text or max(map(len, texts)) > 100
        assert part.startswith("…") is (max(map(len, texts)) > 100 and not text.startswith(part.rstrip("…")))


TREE = {
    "paths": {"/a": {"get": {"operationId": "a", "tags": ["x", "y"]}, "put": {"operationId": "b"}}},
    "properties": {"path": "orders", "nested": {"list": [1, {"deep": True}, None], "title": "of people"}},
    "description": "for people",
    "count": 5,
}
FOR_PEOPLE = ("description", "title")


def leaves(tree: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    return [each for key, value in inner for each in leaves(value, (*path, key))] or [path]


def changed_at(tree: Any, path: tuple[Any, ...]) -> Any:
    if not path:
        return f"{tree} changed"
    copied = dict(tree) if isinstance(tree, dict) else list(tree)
    copied[path[0]] = changed_at(tree[path[0]], path[1:])
    return copied


def without(tree: Any, path: tuple[Any, ...]) -> Any:
    copied: Any = dict(tree) if isinstance(tree, dict) else list(tree)
    if len(path) == 1:
        del copied[path[0]]
    else:
        copied[path[0]] = without(tree[path[0]], path[1:])
    return copied


def rest_of(folder: Path, old: str, new: str, name: str = "a.json", accounts: Accounts | None = None) -> list[str]:
    for side, text in (("old", old), ("new", new)):
        (folder / side).mkdir(exist_ok=True)
        (folder / side / name).write_text(text, "utf-8")
    return list(remainder(str(folder / "old"), str(folder / "new"), accounts or Accounts()).rest)


@pytest.mark.parametrize("path", leaves(TREE), ids=str)
def test_each_changed_value_of_a_file_needs_an_account(path: tuple[Any, ...], tmp_path: Path) -> None:
    """But for text for people. The account of its line, or of a key around it, is enough; that of others isn't."""
    old = json.dumps(TREE, indent=1)
    assert rest_of(tmp_path, old, json.dumps(TREE)) == []
    for tree in (changed_at(TREE, path), without(TREE, path)):
        new = json.dumps(tree, indent=1)
        rest = rest_of(tmp_path, old, new)
        if path[-1] in FOR_PEOPLE:
            assert rest == []
            continue
        assert [each.partition(":")[0] for each in rest] == ["a.json"]
        line = int(rest[0].partition(":")[2])
        accounts = Accounts()
        accounts.lines[str((tmp_path / "new" / "a.json").resolve())] = {line}
        accounts.lines[str((tmp_path / "old" / "a.json").resolve())] = {line}
        assert rest_of(tmp_path, old, new, accounts=accounts) == []
        accounts = Accounts()
        accounts.lines[str((tmp_path / "new" / "a.json").resolve())] = {1, len(new.split("\n"))}
        assert rest_of(tmp_path, old, new, accounts=accounts) == rest
    accounts = Accounts()
    accounts.operations.add("get /a")
    is_of_operation = path[:3] == ("paths", "/a", "get")
    assert bool(rest_of(tmp_path, old, json.dumps(changed_at(TREE, path), indent=1), accounts=accounts)) is not (
        is_of_operation or path[-1] in FOR_PEOPLE
    )


@pytest.mark.parametrize("size", range(7, 14))
def test_the_end_of_a_large_file_is_compared(size: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changed_files, "MAXIMUM_BYTES", 10)
    assert rest_of(tmp_path, "a" * size, "a" * size, "a.csv") == []
    assert rest_of(tmp_path, "a" * size, "a" * (size - 1) + "b", "a.csv") != []


@pytest.mark.parametrize("is_long", [True, False])
def test_each_line_needs_an_account(is_long: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a file with too many lines to find those that differ, each counts as changed."""
    monkeypatch.setattr(changed_files, "_MOST_LINES", 4 if is_long else 5)
    texts = ["\n".join("abcd" + end) for end in "ef"]
    for known, is_open in (({1, 2, 3, 4}, True), ({5}, is_long), ({1, 2, 3, 4, 5}, False)):
        accounts = Accounts()
        accounts.lines[str((tmp_path / "new" / "a.csv").resolve())] = known
        assert bool(rest_of(tmp_path, *texts, "a.csv", accounts)) is is_open


def test_a_fragment_is_one_in_either_version() -> None:
    fragment, policy = (Version("a", f"<{name} />".encode(), "a.xml") for name in ("fragment", "policies"))
    assert _is_fragment(VersionPair("a", fragment, None))
    assert _is_fragment(VersionPair("a", policy, fragment))
    assert not _is_fragment(VersionPair("a", policy, policy))
    assert not _is_fragment(VersionPair("a", None, policy))


CODE = {
    'locals {{\n  description = "{}"\n}}\n': True,
    'locals {{\n  texts = {{\n    title = "{}"\n  }}\n}}\n': True,
    'resource "azurerm_api_management_api" "b" {{\n  description = "{}"\n}}\n': False,
    'resource "azurerm_api_management_api" "b" {{\n  nested {{\n    summary = "{}"\n  }}\n}}\n': False,
    'resource "azurerm_api_management_api" "b" {{\n  name = "{}"\n}}\n': True,
}


@pytest.mark.parametrize("code", CODE)
def test_text_for_people_in_code_needs_no_account_but_values_do(code: str, tmp_path: Path) -> None:
    code += 'module "reads" {{\n  values = [local.description, local.texts]\n}}\n'
    rest = rest_of(tmp_path, code.format("a"), code.format("b"), "main.tf")
    assert bool(rest) is CODE[code.partition("module")[0]]
    assert rest_of(tmp_path, code.format("a"), code.format("a").replace("\n", "\n\n"), "main.tf") == []


LITERALS = ["1", "0", "2", "true", "false", "null", '"1"', '"true"', '""', "[]", "[1]", "[true]", "-1"]


@pytest.mark.parametrize("code", ['locals {{\n  a = [{}]\n}}\nmodule "m" {{\n  a = local.a\n}}\n', "var a = [{}]\n"])
def test_two_literals_of_code_are_never_the_same(code: str, tmp_path: Path) -> None:
    name = "main.tf" if code.startswith("locals") else "main.bicep"
    code += "" if name == "main.tf" else "module m 'other.bicep' = {{\n  name: a\n}}\n"
    literals = [each.replace('"', "'") if name == "main.bicep" else each for each in LITERALS]
    for one, other in itertools.combinations(literals, 2):
        assert rest_of(tmp_path, code.format(one), code.format(other), name), (one, other)


STATEMENTS = {
    "main.tf": {
        "own": (
            'resource "azurerm_api_management_tag" "{0}" {{\n  a = [{1}]\n}}\n',
            "azurerm_api_management_tag.{0}.id",
        ),
        "other": ('resource "azurerm_dns_zone" "{0}" {{\n  a = [{1}]\n}}\n', "azurerm_dns_zone.{0}.id"),
        "data": ('data "azurerm_dns_zone" "{0}" {{\n  a = [{1}]\n}}\n', "data.azurerm_dns_zone.{0}.id"),
        "local": ("locals {{\n  {0} = [{1}]\n}}\n", "local.{0}"),
        "output": ('output "{0}" {{\n  value = [{1}]\n}}\n', "module.any.{0}"),
    },
    "main.bicep": {
        "own": ("resource {0} 'Microsoft.ApiManagement/service@2022-08-01' = {{\n  a: [{1}]\n}}\n", "{0}.id"),
        "other": ("resource {0} 'Microsoft.Network/dnsZones@2018-05-01' = {{\n  a: [{1}]\n}}\n", "{0}.id"),
        "var": ("var {0} = [{1}]\n", "{0}"),
        "param": ("param {0} array = [{1}]\n", "{0}"),
        "output": ("output {0} array = [{1}]\n", "any.{0}"),
    },
}
"""Statements by file and kind, with how others mention them; a service has `own`."""


@given(file=st.sampled_from(sorted(STATEMENTS)), data=st.data())
def test_a_service_depends_on_what_it_mentions_in_any_number_of_steps(file: str, data: st.DataObject) -> None:
    rows = STATEMENTS[file]
    kinds = data.draw(st.lists(st.sampled_from(sorted(rows)), min_size=2, max_size=6))
    numbers = range(len(kinds))
    edges = data.draw(st.sets(st.tuples(st.sampled_from(numbers), st.sampled_from(numbers)), max_size=8))
    mentioned = {number: [other for one, other in edges if one == number] for number in numbers}
    texts = [
        rows[kinds[number]][0].format(
            f"n{number}", ", ".join(rows[kinds[other]][1].format(f"n{other}") for other in mentioned[number])
        )
        for number in numbers
    ]
    wanted = {number for number in numbers if kinds[number] == "own"}
    while more := {other for number in wanted for other in mentioned[number]} - wanted:
        wanted |= more
    reached = ReachedStatements([(file, "".join(texts))])
    for number, text in enumerate(texts):
        tree = read_code(text, file)
        assert tree is not None
        ((path, statement),) = statements_of(tree)
        assert reached.has(file, path, statement) is (number in wanted), (number, "".join(texts))


MODULES = {
    "m{0}/main.bicep": (
        "module c{1} '../m{1}/main.bicep' = {{\n  name: 'c'\n}}\n",
        {
            "own": "resource a 'Microsoft.ApiManagement/service@2022-08-01' = {\n}\n",
            "unknown": "module a 'br:registry.example/a:1' = {\n}\n",
            "missing": "module a 'elsewhere.bicep' = {\n}\n",
            "unread": "resource a = = {\n",
        },
        (
            "resource z 'Microsoft.Network/dnsZones@2018-05-01' = {\n}\ntargetScope = 'subscription'\n",
            "module a 'br/public:avm/res/network/virtual-network:0.7.2' = {\n}\n",
        ),
    ),
    "m{0}/main.tf": (
        'module "c{1}" {{\n  source = "../m{1}"\n}}\n',
        {
            "own": 'resource "azurerm_api_management_tag" "a" {\n}\n',
            "unknown": 'module "a" {\n  # source = "../m0"\n  source = "git::https://git.example/a"\n}\n',
            "computed": 'module "a" {\n  source = "${var.modules}avm-res-network-virtualnetwork"\n}\n',
            "missing": 'module "a" {\n  source = "./elsewhere"\n}\n',
            "unread": 'resource "a" {\n',
        },
        (
            'resource "azurerm_dns_zone" "z" {\n}\nterraform {\n  required_version = "1"\n}\n',
            'module "a" {\n  source = "Azure/avm-res-network-virtualnetwork/azurerm"\n}\n',
        ),
    ),
}
"""Names of files of modules: how one calls another, what makes one a part of a service, and what doesn't."""


@given(file=st.sampled_from(sorted(MODULES)), data=st.data())
def test_a_module_is_a_part_of_a_service_if_what_it_calls_is(file: str, data: st.DataObject) -> None:
    call, parts, others = MODULES[file]
    numbers = range(data.draw(st.integers(2, 5)))
    kinds = [data.draw(st.sampled_from((*parts, None, None, None))) for _ in numbers]
    edges = data.draw(st.sets(st.tuples(st.sampled_from(numbers), st.sampled_from(numbers)), max_size=7))
    texts = []
    for number in numbers:
        own = data.draw(st.sampled_from(others)) if kinds[number] is None else parts[kinds[number]]
        texts.append(own + "".join(call.format(number, other) for one, other in sorted(edges) if one == number))
    wanted = {number for number in numbers if kinds[number] is not None}
    while more := {one for one, other in edges if other in wanted and kinds[one] != "unread"} - wanted:
        wanted |= more
    files = [(file.format(number), text) for number, text in enumerate(texts)]
    reached = ReachedStatements(files)
    for number, (name, text) in enumerate(files):
        tree = read_code(text, name)
        assert (tree is None) is (kinds[number] == "unread")
        for path, statement in () if tree is None else statements_of(tree):
            called = path[0].rpartition(" c")[2]
            if path[0].startswith("module ") and called.isdecimal():
                assert reached.has(name, path, statement) is (int(called) in wanted), files


CHECKED = '<check-header name="X" failed-check-httpcode="401" failed-check-error-message="no" ignore-case="true"/>'


@pytest.mark.parametrize("is_old", [True, False], ids=["old", "new"])
def test_two_files_are_compared_within_the_service_that_one_is_in(is_old: bool, tmp_path: Path) -> None:
    """The order of both files doesn't matter for what is around them."""
    policy = "<policies><inbound><base />{}</inbound><backend><base /></backend></policies>"
    information = {"properties": {"displayName": "Orders", "path": "orders", "subscriptionRequired": False}}
    operation = {"properties": {"displayName": "Get", "method": "GET", "urlTemplate": "/{id}"}}
    files = {
        "service/policy.xml": "<policies><inbound /><backend><forward-request /></backend></policies>",
        "service/apis/orders/apiInformation.json": json.dumps(information),
        "service/apis/orders/operations/get/operationInformation.json": json.dumps(operation),
        "service/apis/orders/policy.xml": policy.format(CHECKED),
        "alone.xml": policy.format(""),
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, "utf-8")
    paths = [str(tmp_path / "service/apis/orders/policy.xml"), str(tmp_path / "alone.xml")]
    with versions(*(paths if is_old else paths[::-1])) as found:
        report = compare_versions(found, lambda _: Bounds(seconds=2))
    assert [each.sentence for each in report.items]
    assert any("orders" in each.request for each in report.items)
