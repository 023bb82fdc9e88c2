"""Claims of a configuration about every API of a service: a cell for each API, and none stops the others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from apimpolicy.project.service.leniency import lenient
from apimpolicy.reasoning.scenarios.scenario import Bounds
from apimpolicy.report.claim_results import table_head, table_row
from apimpolicy.testing.claims.configured import file_of
from apimpolicy.testing.claims.running import prove_file

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from apimpolicy.report.claim_results import ApiCell

CONFIGURATION = """
[apis.open]
path = "open"
policy = "<policies><inbound><base /></inbound></policies>"

[apis.checked]
path = "checked"
policy = '''<policies><inbound><check-header name="X-Key" failed-check-httpcode="401"
    failed-check-error-message="no" ignore-case="false"><value>k1</value></check-header></inbound></policies>'''

[apis.asks]
path = "asks"
policy = '''<policies><inbound><choose><when condition="@((string)context.Variables["admin"] != "yes")">
    <return-response /></when></choose></inbound></policies>'''

[apis.broken]
path = "broken"
policy = "<policies><inbound><set-variable name='a' value='@(b)' /></inbound></policies>"

[[claims]]
name = "no request reaches the backend without a header"
if = "reaches-backend"
then = '@(context.Request.Headers.ContainsKey("X-Key"))'

[[claims]]
name = "nothing is answered with 418"
never = {status = 418, by = "gateway"}
"""


def test_each_api_has_a_cell(tmp_path: Path) -> None:
    pytest.importorskip("z3")
    path = tmp_path / "apimpolicy.toml"
    path.write_text(CONFIGURATION)
    file = file_of(str(path))
    rows: list[str] = []

    def on_api(claims: Sequence[str], apis: Sequence[str], cells: Sequence[ApiCell]) -> None:
        rows.extend([] if rows else [table_head(claims, apis)])
        rows.append(table_row(apis, cells))

    reports = prove_file(file, file.claims, Bounds(seconds=5, runs=60), on_api=on_api)
    cells = [{cell.api: cell.status for cell in report.cells} for report in reports]
    # Nothing in the service sets the variable, so that no request gets past the policy that reads it.
    assert cells[0] == {"open": "false", "checked": "proven", "asks": "proven", "broken": "error"}
    assert cells[1] == {"open": "proven", "checked": "proven", "asks": "proven", "broken": "error"}
    assert [report.status for report in reports] == ["false", "error"]
    assert rows[0].startswith("claim 1: ")
    assert any(row.startswith("checked  proven       proven") for row in rows)
    assert len(rows) == 1 + len(cells[0])


KEYS = """
[apis.keyed]
path = "keyed"
policy = "<policies><inbound><base /></inbound></policies>"
subscription-required = true

[apis.keyless]
path = "keyless"
policy = "<policies><inbound><base /></inbound></policies>"
subscription-required = false

[apis.refusing]
path = "refusing"
policy = '''<policies><inbound><choose><when condition="@(context.Subscription == null)"><return-response />
    </when></choose></inbound></policies>'''
subscription-required = false

[apis.shared]
path = "shared"
policy = "<policies><inbound><base /></inbound></policies>"
subscription-required = true

[products.everyone]
apis = ["shared"]
subscription-required = false

[subscriptions.partner]
primary-key = "k1"
scope = "/apis"

[[claims]]
name = "a subscription is required"
if = "reaches-backend"
then = "@(context.Subscription != null)"
"""


def test_requests_without_a_key_count_where_none_is_needed(tmp_path: Path) -> None:
    pytest.importorskip("z3")
    path = tmp_path / "apimpolicy.toml"
    path.write_text(KEYS)
    file = file_of(str(path))
    (report,) = prove_file(file, file.claims, Bounds(seconds=5, runs=60))
    cells = {cell.api: cell.status for cell in report.cells}
    assert cells == {"keyed": "proven", "keyless": "false", "refusing": "proven", "shared": "false"}
    assert report.case
    assert "Ocp-Apim-Subscription-Key" not in report.case


SEVERAL = """
[apis.orders]
path = "orders"
policy = '''<policies><inbound>{policy}</inbound></policies>'''
subscription-required = false

[[claims]]
name = "a short name"
if = "reaches-backend"
then = '@({condition})'
"""
OPERATION = '[apis.orders.operations.o{0}]\nmethod = "{1}"\nurl-template = "/o{0}"\n'


def decided(path: Path) -> tuple[str, int]:
    """Return the verdict on the claim of a configuration, and how many requests have run for it."""
    runs: list[None] = []
    file = file_of(str(path))
    (report,) = prove_file(file, file.claims, Bounds(seconds=60, runs=20), on_run=lambda: runs.append(None))
    return report.status, len(runs)


@pytest.mark.parametrize(
    ("condition", "is_shared"),
    [
        ('context.Request.Headers.GetValueOrDefault("X", "a").GetHashCode() != 5', True),
        ("context.Request.Url.Path.GetHashCode() != 5", False),
    ],
)
def test_operations_with_the_same_policies_share_what_does_not_depend_on_them(
    condition: str, is_shared: bool, tmp_path: Path
) -> None:
    pytest.importorskip("z3")
    found: list[tuple[str, int]] = []
    for count in (2, 8):
        path = tmp_path / "apimpolicy.toml"
        operations = "".join(OPERATION.format(number, ("GET", "PUT")[number % 2]) for number in range(count))
        path.write_text(operations + SEVERAL.format(policy="<base />", condition=condition))
        found.append(decided(path))
    assert [status for status, _ in found] == ["undecided", "undecided"]
    assert (found[0][1] == found[1][1]) is is_shared


def test_no_request_is_searched_for_where_all_meet_what_is_not_known(tmp_path: Path) -> None:
    pytest.importorskip("z3")
    path = tmp_path / "apimpolicy.toml"
    path.write_text(SEVERAL.format(policy='<include-fragment fragment-id="missing" />', condition="false"))
    with lenient():
        assert decided(path) == ("undecided", 0)
