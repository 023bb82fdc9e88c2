"""An older version or another revision that is open where the current one asks for a token (AUD010)."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.sampling import examples

from apimpolicy import Gateway
from apimpolicy.gateway.context.entities import Api, Operation
from apimpolicy.gateway.engine.service import Service, ServiceApi, ServiceOperation, VersionSet
from apimpolicy.reasoning.audit.analysis import audit_service
from apimpolicy.reasoning.audit.findings import findings_of
from apimpolicy.reasoning.audit.walk import ServiceContext

TOKEN = (
    '<policies><inbound><base /><validate-jwt header-name="Authorization">'
    '<openid-config url="https://login.contoso.example/.well-known/openid-configuration" /></validate-jwt></inbound>'
    "<backend><base /></backend></policies>"
)
Operations = dict[str, bool]
"""The operations of a version, and whether each asks for a token."""
OPERATIONS = st.dictionaries(st.sampled_from(("list", "make", "drop")), st.booleans(), min_size=1)


def api(about: Api, operations: Operations, *, is_version: bool = False) -> ServiceApi:
    described = [
        ServiceOperation(Operation(name, "GET", name, f"/{name}"), TOKEN if is_protected else None)
        for name, is_protected in operations.items()
    ]
    versions = VersionSet("segment") if is_version else None
    return ServiceApi(about, operations=described, version_set=versions, subscription_required=False)


def found_in(*apis: ServiceApi) -> dict[str, set[str]]:
    """Return the open operations of each API that AUD010 is about."""
    service = Service(apis)
    audit = audit_service(service, ServiceContext.of(Gateway(service=service)))
    findings = [each for each in findings_of(audit) if each.code == "AUD010"]
    return {each.api: {operation.id for operation in each.operations} for each in findings}


def open_against(operations: Operations, current: Operations) -> set[str]:
    return {name for name, is_protected in operations.items() if not is_protected and current.get(name)}


IN_ORDER = [
    ["v1", "v2", "v9", "v10", "v11"],
    ["1", "1.2", "1.10", "2.0"],
    ["2023-01-01", "2023-10-01", "2024-02-01"],
    [None, "v1", "v2"],
    ["v1", "v2-beta", "v2", "v10-rc.9", "v10-rc.10", "v10"],
    ["2024-05-01-preview", "2024-05-01", "2024-10-01-preview"],
    ["orders-v9", "orders-v10"],
]
"""Names of versions, the newest one last."""


@settings(max_examples=examples(90), deadline=None)
@given(
    versions=st.sampled_from(IN_ORDER).flatmap(
        lambda names: st.lists(
            st.tuples(st.sampled_from(names), OPERATIONS), min_size=2, unique_by=lambda each: each[0]
        )
    )
)
@example(versions=[("v10", {"list": True}), ("v9", {"list": False})])
@example(versions=[("v10", {"list": False}), ("v9", {"list": True})])
def test_an_older_version_is_open(versions: list[tuple[str | None, Operations]]) -> None:
    order = next(names for names in IN_ORDER if all(name in names for name, _ in versions))
    newest = max(versions, key=lambda each: order.index(each[0]))[1]
    apis = [api(Api(f"a-{name}", path="a", version=name), each, is_version=True) for name, each in versions]
    wanted = {f"a-{name}": open_against(each, newest) for name, each in versions}
    assert found_in(*apis) == {name: operations for name, operations in wanted.items() if operations}


@settings(max_examples=examples(30), deadline=None)
@given(current=OPERATIONS, other=OPERATIONS)
def test_another_revision_is_open(current: Operations, other: Operations) -> None:
    apis = (
        api(Api("a", path="a", revision="2"), current),
        api(Api("a;rev=1", path="a", revision="1", is_current_revision=False), other),
    )
    wanted = open_against(other, current)
    assert found_in(*apis) == ({"a;rev=1": wanted} if wanted else {})


@pytest.mark.parametrize("is_version", [True, False], ids=["versions", "no versions"])
def test_apis_at_other_paths_are_no_versions_of_each_other(is_version: bool) -> None:
    apis = Api("a", path="a", version="v1"), Api("b", path="b", version="v2")
    sides = (api(about, {"list": about is apis[1]}, is_version=is_version) for about in apis)
    assert found_in(*sides) == {}
