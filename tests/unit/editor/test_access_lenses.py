"""The lens that says who reaches the backend by an API or an operation of a service."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from apimpolicy.editor.lenses import reached_by

if TYPE_CHECKING:
    from pathlib import Path

TOKEN = """<policies><inbound><base /><validate-jwt header-name="Authorization">
    <openid-config url="https://login.contoso.example/.well-known/openid-configuration" />
    <audiences><audience>orders</audience></audiences>
    <issuers><issuer>https://login.contoso.example</issuer></issuers>
</validate-jwt></inbound></policies>"""
OPEN = "<policies><inbound><base /></inbound></policies>"


def test_what_the_audit_says_stands_above_a_policy(tmp_path: Path) -> None:
    api = tmp_path / "apis" / "orders"
    for operation, policy in (("list", TOKEN), ("health", OPEN)):
        folder = api / "operations" / operation
        folder.mkdir(parents=True)
        (folder / "policy.xml").write_text(policy)
    (api / "policy.xml").write_text(OPEN)
    information = {"properties": {"path": "orders", "subscriptionRequired": False}}
    (api / "apiInformation.json").write_text(json.dumps(information))
    paths = {"/": {"get": {"operationId": "list"}}, "/health": {"get": {"operationId": "health"}}}
    for path in paths.values():
        path["get"]["responses"] = {"200": {"description": "OK"}}  # type: ignore[assignment]
    description = {"openapi": "3.0.1", "info": {"title": "Orders", "version": "1"}, "paths": paths}
    (api / "specification.json").write_text(json.dumps(description))

    list_policy = api / "operations" / "list" / "policy.xml"
    wanted = "reached by: token (issuer login.contoso.example, audience orders)"
    assert reached_by(str(list_policy)) == wanted
    assert reached_by(str(api / "operations" / "health" / "policy.xml")) == "reached by: anyone"
    assert sorted(reached_by(str(api / "policy.xml")).removeprefix("reached by: ").split("), ")) == [
        "anyone (1)",
        "token (issuer login.contoso.example, audience orders) (1",
    ]
    list_policy.write_text(OPEN)
    assert reached_by(str(list_policy)) == "reached by: anyone"


def test_other_files_have_none(tmp_path: Path) -> None:
    (tmp_path / "orders.xml").write_text(OPEN)
    assert reached_by(str(tmp_path / "orders.xml")) == ""
