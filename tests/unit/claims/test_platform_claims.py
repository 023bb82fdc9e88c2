"""Claims of a configuration about every API of a service: a cell for each API, and none stops the others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from apimpolicy.report.claim_text import table
from apimpolicy.symbolic.bounds import Bounds
from apimpolicy.testing.claims.configured import file_of
from apimpolicy.testing.claims.running import prove_file

if TYPE_CHECKING:
    from pathlib import Path

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
name = "nobody reaches the backend without a header"
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
    reports = prove_file(file, file.claims, Bounds(seconds=5, runs=60))
    cells = [{cell.api: cell.status for cell in report.cells} for report in reports]
    # Nothing in the service sets the variable, so that no request gets past the policy that reads it.
    assert cells[0] == {"open": "false", "checked": "proven", "asks": "proven", "broken": "error"}
    assert cells[1] == {"open": "proven", "checked": "proven", "asks": "proven", "broken": "error"}
    assert [report.status for report in reports] == ["false", "error"]
    assert "checked  proven       proven" in table(reports)
