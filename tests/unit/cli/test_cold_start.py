"""What the commands do not import for a plain file: the rows of a cold start, which no clock has to judge."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

POLICY = """
<policies>
    <inbound>
        <choose>
            <when condition="@(context.Request.Method == "POST")">
                <return-response><set-status code="405" reason="Method Not Allowed" /></return-response>
            </when>
        </choose>
    </inbound>
</policies>
"""
CASES = """
policy: a.xml
cases:
  - {name: writing, request: {post: /a}, expect: {status: 405}}
"""

HEAVY = "lxml cryptography lark regex jsonschema_rs graphql joserfc liquid"
NEVER = (
    f"{HEAVY} apimpolicy.editor attr attrs difflib hashlib json socket ssl email tempfile logging dataclasses"
    " concurrent multiprocessing"
)
RARE = (
    "assignment calls creation declarations deconstruction foreign_names lambdas local_functions overloads patterns"
    " queries suggestions"
)
RARE_PARTS = " ".join(f"apimpolicy.csharp.binding.{part}" for part in RARE.split())
"""Modules of the binder that a comparison does not need."""
RARE_EMITTED = (
    "arithmetic assignments creation exceptions functions inline_members loops outlining queries references"
    " statements texts type_tests"
)
RARE_EMITTED_PARTS = " ".join(f"apimpolicy.csharp.emit.{part}" for part in RARE_EMITTED.split())
"""Modules of the emitter that a comparison does not need."""
NOT_BY = {
    "check": f"{NEVER} {RARE_PARTS} pathlib urllib ipaddress random yaml apimpolicy.gateway.engine"
    " apimpolicy.csharp.emit apimpolicy.gateway.context apimpolicy.testing apimpolicy.project.configuration",
    "test": f"{NEVER} {RARE_EMITTED_PARTS} apimpolicy.testing.authority apimpolicy.testing.coverage"
    " apimpolicy.testing.mutation"
    " apimpolicy.checks.document apimpolicy.gateway.context.description apimpolicy.gateway.engine.managed_identity"
    " apimpolicy.gateway.engine.backends apimpolicy.gateway.engine.managed_identity apimpolicy.gateway.engine.openapi"
    " apimpolicy.gateway.engine.token_issuers apimpolicy.gateway.engine.api_routing apimpolicy.gateway.engine.resolvers"
    " apimpolicy.gateway.engine.service apimpolicy.gateway.policies.data_sources"
    " apimpolicy.project.check_configuration",
}

PROGRAM = """
import sys
before = set(sys.modules)
from apimpolicy.cli import main
code = main(sys.argv[1:])
print(*sorted(set(sys.modules) - before), file=sys.stderr)
sys.exit(code)
"""


@pytest.mark.parametrize(("command", "file"), [("check", "a.xml"), ("test", "a.test.yaml")])
def test_a_plain_file_imports_little(command: str, file: str, tmp_path: Path, sources: Path) -> None:
    (tmp_path / "a.xml").write_text(POLICY)
    (tmp_path / "a.test.yaml").write_text(CASES)
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, command, file],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={"PYTHONPATH": str(sources)},
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    loaded = set(done.stderr.split())
    assert f"apimpolicy.cli.{command}" in loaded
    assert sorted(loaded & set(NOT_BY[command].split())) == []


def test_a_service_in_infrastructure_code_imports_no_client(tmp_path: Path, sources: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "a.xml").write_text(POLICY)
    (tmp_path / "main.tf").write_text(
        'resource "azurerm_api_management" "a" {\n  name = "a"\n}\n'
        'resource "azurerm_api_management_policy" "a" {\n  xml_content = file("a.xml")\n}\n'
    )
    command = [sys.executable, "-c", PROGRAM, "check", "."]
    done = subprocess.run(
        command, capture_output=True, text=True, cwd=tmp_path, env={"PYTHONPATH": str(sources)}, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    loaded = set(done.stderr.split())
    assert "apimpolicy.project.service.reading" in loaded
    assert sorted(loaded & {"urllib.request", "http.client", "email", "ssl", "xml.sax"}) == []
