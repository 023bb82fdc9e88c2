"""Two services that differ in any choice of edits: each edit is shown where it is, mirrored, and nothing else is."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.sampling import examples

pytest.importorskip("z3")

from apimpolicy.gateway.context.records import Request
from apimpolicy.reasoning.scenarios.scenario import Bounds
from apimpolicy.report.difference_data import ADDED, CHANGED, REMOVED, SettingChange
from apimpolicy.testing.comparing.operations import PairedOperations
from apimpolicy.testing.comparing.service_comparison import ServiceComparison
from apimpolicy.testing.comparing.service_settings import changed_settings
from apimpolicy.testing.comparing.services import affected_apis, broken_references, setting_groups
from apimpolicy.testing.comparing.sides import ServiceSide, documents_of

Files = dict[str, Any]
"""The files of a service: text, or the `properties` of a resource."""


def _policy(name: str, value: str, *more: str) -> str:
    header = f'<set-header name="{name}" exists-action="override"><value>{value}</value></set-header>'
    sent = "" if name == "X-All" else "<base />"
    backend = "<forward-request />" if name == "X-All" else "<base />"
    inbound = "\n    ".join(filter(None, (sent, header, *more)))
    return (
        f"<policies>\n  <inbound>\n    {inbound}\n  </inbound>\n  <backend>{backend}</backend>\n"
        f"  <outbound>{sent}</outbound>\n  <on-error>{sent}</on-error>\n</policies>\n"
    )


USES_ALL = (
    '<set-backend-service backend-id="stock" />',
    '<include-fragment fragment-id="stamp" />',
    '<set-query-parameter name="region"><value>{{region}}</value></set-query-parameter>',
)
BASE: Files = {
    "policy.xml": _policy("X-All", "1"),
    "policy fragments/stamp/policy.xml": '<fragment><set-header name="X-S"><value>1</value></set-header></fragment>',
    "named values/region/namedValueInformation.json": {"displayName": "region", "value": "west"},
    "backends/stock/backendInformation.json": {"url": "https://stock.example", "protocol": "http"},
    "version sets/v/versionSetInformation.json": {
        "displayName": "V",
        "versioningScheme": "Header",
        "versionHeaderName": "X-V",
    },
    "subscriptions/mine/subscriptionInformation.json": {
        "displayName": "Mine",
        "scope": "/products/gold",
        "state": "active",
        "primaryKey": "k1",
        "secondaryKey": "k2",
    },
}
for _id, _more in (("a", {}), ("b", {}), ("c", {"apiVersion": "v1", "apiVersionSetId": "/apiVersionSets/v"})):
    BASE[f"apis/{_id}/apiInformation.json"] = {
        "displayName": f"Api {_id}",
        "path": f"x/{_id}",
        "protocols": ["https"],
        "subscriptionRequired": True,
        "serviceUrl": f"https://{_id}.example",
        **_more,
    }
    BASE[f"apis/{_id}/policy.xml"] = _policy("X-Api", _id, *(USES_ALL if _id == "b" else ()))
    for _name, _method, _template in (("list", "GET", "/"), ("one", "GET", "/{id}"), ("make", "POST", "/")):
        BASE[f"apis/{_id}/operations/{_name}/operationInformation.json"] = {
            "displayName": _name,
            "method": _method,
            "urlTemplate": _template,
            **(
                {"templateParameters": [{"name": "id", "type": "string", "required": True}]} if "{" in _template else {}
            ),
        }
    BASE[f"apis/{_id}/operations/one/policy.xml"] = _policy("X-One", _id)
for _product, _apis in (("gold", ("a", "b")), ("iron", ("c",))):
    BASE[f"products/{_product}/productInformation.json"] = {
        "displayName": _product.title(),
        "state": "published",
        "subscriptionRequired": True,
        "approvalRequired": False,
    }
    BASE[f"products/{_product}/apis.json"] = [{"name": each} for each in _apis]
    BASE[f"products/{_product}/policy.xml"] = _policy("X-Product", _product)


class Edit(NamedTuple):
    """A key of a file that gets another value; the entity that is shown, its setting, and what callers notice."""

    file: str
    key: str
    new: Any
    group: str
    setting: str
    meaning: str = ""
    mirrored: str = ""
    subject: str = ""


def _of_api(api: str) -> Iterator[Edit]:
    file, group = f"apis/{api}/apiInformation.json", f"API {api}"
    yield Edit(file, "displayName", "Other", group, "display name")
    refused = "calls without a subscription key are now refused with 401"
    yield Edit(
        *(file, "subscriptionRequired", False, group, "subscription required"),
        *("calls without a subscription key are now accepted", refused),
    )
    yield Edit(
        *(file, "protocols", ["http"], group, "protocols"),
        "calls over http are now accepted; calls over https are no longer accepted",
        "calls over https are now accepted; calls over http are no longer accepted",
    )
    goes = "requests go to {}, unless a policy chooses another backend"
    urls = (goes.format(each) for each in ("https://other.example", f"https://{api}.example"))
    yield Edit(file, "serviceUrl", "https://other.example", group, "backend URL", *urls)
    paths = f"x/{api}", f"y/{api}"
    moved = [f"calls below /{one} now get 404; callers must use /{new}" for one, new in (paths, paths[::-1])]
    yield Edit(file, "path", f"y/{api}", group, "path", *moved)
    operation = f"apis/{api}/operations/make/operationInformation.json"
    yield Edit(operation, "displayName", "Other", group, "display name", subject="operation POST /")


EDITS = [
    *(each for api in "abc" for each in _of_api(api)),
    Edit(
        *("products/gold/productInformation.json", "subscriptionRequired", False),
        *("product gold", "subscription required", "calls to its APIs without a subscription key are now accepted"),
        "calls without a subscription key no longer get in by this product",
    ),
    Edit(
        *("products/iron/productInformation.json", "state", "notPublished", "product iron", "published"),
        *("developers can no longer subscribe to it", "developers can subscribe to it"),
    ),
    Edit("products/iron/productInformation.json", "displayName", "Other", "product iron", "display name"),
    Edit(
        *("subscriptions/mine/subscriptionInformation.json", "state", "suspended", "subscription mine", "state"),
        *["its keys are accepted only while it is active"] * 2,
    ),
    Edit(
        *("subscriptions/mine/subscriptionInformation.json", "primaryKey", "k3", "subscription mine", "primary key"),
        *["the old key is refused"] * 2,
    ),
    Edit(
        *("backends/stock/backendInformation.json", "url", "https://other.example", "backend stock", "URL"),
        "requests that policies send to it go to https://other.example",
        "requests that policies send to it go to https://stock.example",
    ),
    Edit(
        *("named values/region/namedValueInformation.json", "value", "east", "named value region", "value"),
        *["policies that use it get the new value"] * 2,
    ),
    Edit(
        *("version sets/v/versionSetInformation.json", "versionHeaderName", "X-W"),
        *("version set v", "header of the version"),
        *(f"callers must send the version in {name}" for name in ("X-W", "X-V")),
    ),
]
ROWS = {f"{each.group} {each.subject} {each.setting}": each for each in EDITS}
assert len(ROWS) == len(EDITS)


def written(folder: Path, files: Files) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        data = {"properties": content} if isinstance(content, dict) else content
        path.write_text(content if isinstance(content, str) else json.dumps(data, indent=1), "utf-8")
    return folder


def edited(edits: Iterable[Edit]) -> Files:
    files = copy.deepcopy(BASE)
    for each in edits:
        files[each.file][each.key] = each.new
    return files


def settings_of(old: ServiceSide, new: ServiceSide) -> dict[tuple[str, str, str, str], SettingChange]:
    changes = list(changed_settings(old.description, new.description))
    found = {(each.group, each.subject, each.setting, each.what): each for each in changes}
    assert len(found) == len(changes)
    return found


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("base"), BASE)


@settings(max_examples=examples(12), deadline=None)
@given(names=st.sets(st.sampled_from(sorted(ROWS)), max_size=6))
@example(names=set())
@example(names=set(ROWS))
def test_each_setting_that_differs_is_shown_at_its_line(
    names: set[str], base: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    edits = [ROWS[name] for name in sorted(names)]
    other = written(tmp_path_factory.mktemp("other"), edited(edits))
    sides = ServiceSide(str(base)), ServiceSide(str(other))
    wanted = {(each.group, each.subject, each.setting, CHANGED): each for each in edits}
    for is_mirrored in (False, True):
        one, new = sides[::-1] if is_mirrored else sides
        found = settings_of(one, new)
        assert set(found) == set(wanted)
        for key, edit in wanted.items():
            change = found[key]
            assert change.meaning == (edit.mirrored if is_mirrored else edit.meaning)
            assert Path(change.file) == Path(str(new.folder)) / edit.file
            assert f'"{edit.key}"' in Path(change.file).read_text("utf-8").split("\n")[change.line - 1]
            assert (change.old is None) is (edit.key == "primaryKey")


RESOURCES = {
    "API a": ("apis/a/", "calls below /x/a now reach it", "calls below /x/a now get 404"),
    "API b": ("apis/b/", "calls below /x/b now reach it", "calls below /x/b now get 404"),
    "product iron": (
        *("products/iron/", "its subscription keys are accepted by its APIs"),
        "its subscription keys are no longer accepted",
    ),
    "subscription mine": ("subscriptions/mine/", "its keys are accepted", "its keys are no longer accepted"),
    "backend stock": ("backends/stock/", "", "policies that use it fail"),
    "named value region": ("named values/region/", "", "policies that use it fail"),
    "fragment stamp": ("policy fragments/stamp/", "", "policies that include it fail"),
}
"""Resources, the folder of each, and what callers notice when it comes and when it goes."""
USED = {
    "backend stock": "the backend 'stock' is deleted, but {}:5 still uses it",
    "fragment stamp": "the fragment 'stamp' is deleted, but {}:6 still uses it",
    "named value region": "the named value 'region' is deleted, but {}:7 still uses it",
}


def without(*names: str) -> Files:
    folders = tuple(RESOURCES[name][0] for name in names)
    files = {name: content for name, content in copy.deepcopy(BASE).items() if not name.startswith(folders)}
    for product in ("gold", "iron"):
        if (name := f"products/{product}/apis.json") in files:
            files[name] = [each for each in files[name] if f"API {each['name']}" not in names]
    return files


@settings(max_examples=examples(8), deadline=None)
@given(names=st.sets(st.sampled_from(sorted(RESOURCES)), min_size=1, max_size=4))
@example(names=set(RESOURCES))
def test_each_resource_that_comes_or_goes_is_shown(
    names: set[str], base: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = written(tmp_path_factory.mktemp("other"), without(*names))
    sides = ServiceSide(str(base)), ServiceSide(str(other))
    gone = {change for change in settings_of(*sides) if not change[1]}
    assert gone == {(name, "", "", REMOVED) for name in names}
    assert {change for change in settings_of(*sides[::-1]) if not change[1]} == {
        (name, "", "", ADDED) for name in names
    }
    for is_added in (False, True):
        found = settings_of(*(sides[::-1] if is_added else sides))
        for name in names:
            change = found[name, "", "", ADDED if is_added else REMOVED]
            assert change.meaning == RESOURCES[name][1 if is_added else 2]
            assert Path(change.file).is_relative_to(base / RESOURCES[name][0])
    user = other / "apis/b/policy.xml"
    sentences = {USED[name].format(user) for name in names if name in USED and "API b" not in names}
    assert set(broken_references(sides[0].description, sides[1].description)) == sentences
    assert list(broken_references(sides[1].description, sides[0].description)) == []


def test_a_membership_in_a_product(base: Path, tmp_path: Path) -> None:
    files = copy.deepcopy(BASE)
    files["products/iron/apis.json"].append({"name": "a"})
    sides = ServiceSide(str(base)), ServiceSide(str(written(tmp_path, files)))
    for what, (one, other) in ((ADDED, sides), (REMOVED, sides[::-1])):
        ((key, change),) = settings_of(one, other).items()
        assert key == ("API a", "membership in product iron", "", what)
        assert change.meaning == f"its subscription keys are {'accepted' if what == ADDED else 'no longer accepted'}"
        assert Path(change.file) == tmp_path / "products/iron/apis.json"
        assert affected_apis(one, other, [change]) == ["a"]


@pytest.mark.parametrize(
    ("group", "apis"),
    [("API a", ["a"]), ("product gold", ["a", "b"]), ("version set v", ["c"]), ("backend stock", [])],
    ids=["API", "product", "version set", "backend"],
)
def test_a_change_affects_the_apis_that_have_it(group: str, apis: list[str], base: Path) -> None:
    sides = ServiceSide(str(base)), ServiceSide(str(base))
    assert affected_apis(*sides, [SettingChange(group, "", "a", CHANGED, "1", "2", "noticed")]) == apis
    assert affected_apis(*sides, [SettingChange(group, "", "a", CHANGED, "1", "2")]) == []


@settings(max_examples=examples(6), deadline=None)
@given(names=st.sets(st.sampled_from(sorted(ROWS)), min_size=1, max_size=3))
@example(
    names={
        "API a  subscription required",
        "product gold  subscription required",
        "version set v  header of the version",
    }
)
@example(names={"API a  path", "API b  protocols", "API c  backend URL"})
def test_requests_show_settings_and_are_true(
    names: set[str], base: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Each request that is shown gets these answers when it is sent, and settings that can be seen have one."""
    other = written(tmp_path_factory.mktemp("other"), edited(ROWS[name] for name in names))
    sides = ServiceSide(str(base)), ServiceSide(str(other))
    groups = {each.name: each for each in setting_groups(*sides, ())}
    for name in names:
        edit = ROWS[name]
        assert any(change.setting == edit.setting for change in groups[edit.group].changes)
        if edit.setting in ("path", "subscription required", "header of the version") and edit.group != "product gold":
            shown = "API c" if edit.group == "version set v" else edit.group
            assert groups[shown].items, (name, groups)
    for group in groups.values():
        for item in group.items:
            assert item.old != item.new
            method, url, *words = item.request.split()
            if "without" in words and "with" not in words:
                assert words == ["without", "a", "subscription", "key"]
                for side, journey in zip(sides, (item.old, item.new), strict=True):
                    answer = side.gateway.send(Request(method, url))
                    assert journey.answer.startswith(str(answer.response.status_code))


POLICIES = sorted(name for name in BASE if name.endswith("policy.xml"))
SCOPES = {
    "policy.xml": {"a", "b", "c"},
    "policy fragments/stamp/policy.xml": {"b"},
    "products/gold/policy.xml": {"a", "b"},
    "products/iron/policy.xml": {"c"},
    **{f"apis/{api}/policy.xml": {api} for api in "abc"},
    **{f"apis/{api}/operations/one/policy.xml": {api} for api in "abc"},
}
"""The APIs that each policy applies to."""


def with_other_policies(names: Iterable[str]) -> Files:
    files = copy.deepcopy(BASE)
    for name in names:
        files[name] = files[name].replace("</value></set-header>", " changed</value></set-header>")
    return files


@settings(max_examples=examples(4), deadline=None)
@given(names=st.sets(st.sampled_from(POLICIES), max_size=3))
@example(names=set())
@example(names={"products/iron/policy.xml", "apis/a/operations/one/policy.xml"})
def test_each_policy_that_differs_is_paired_and_reported(
    names: set[str], base: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = written(tmp_path_factory.mktemp("other"), with_other_policies(names))
    sides = ServiceSide(str(base), str(base)), ServiceSide(str(other), str(other))
    pairs = documents_of(*sides, "service", ()).pairs
    assert sorted(each.label[0] for each in pairs) == sorted(f"service/{name}" for name in POLICIES)
    assert {each.label[0] for each in pairs if not each.is_same_text} == {f"service/{name}" for name in names}
    paired = PairedOperations(*sides)
    assert all(one.label == new.label and one.policies.keys() == new.policies.keys() for one, new in paired.pairs)
    assert list(paired.not_paired(set())) == []
    groups = paired.groups()
    routes = [route.label for group in groups for _, route in group.pairs]
    reached = {route.api for group in groups for _, route in group.pairs}
    assert reached == {api for name in names for api in SCOPES[name]}
    for name in names:
        if name.endswith("operations/one/policy.xml") and len(names) == 1:
            assert {route.rpartition("/")[2] for route in routes} == {"{id}"}
    comparison = ServiceComparison(*sides, Bounds(runs=200, seconds=5), lambda: None)
    reports = {pair.label[0]: report for pair, report in comparison.reports(pairs) if pair is not None and report}
    differing = {name for name, report in reports.items() if report.items}
    assert differing == {f"service/{name}" for name in names}
    for name in names:
        (item,) = reports[f"service/{name}"].items
        assert {each.split("/")[2].split("?")[0] for each in item.operations} == SCOPES[name]
        assert item.cause is not None
        assert item.cause.what == CHANGED
