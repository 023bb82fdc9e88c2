"""What commands print on terminals of 80 and 120 columns, to the character: `layouts/NAME.WIDTH.txt`.

APIMPOLICY_UPDATE=1 writes the files.
"""

from __future__ import annotations

import io
import os
import re
import shutil
import sys
from pathlib import Path

import pytest

from apimpolicy.cli.program import run
from apimpolicy.report import columns

LAYOUTS = Path(__file__).parent / "layouts"
EXAMPLES = Path(__file__).resolve().parents[3] / "examples"

POLICY = """\
<policies>
    <inbound>
        <base />
        <set-backend-service backend-id="not-in-this-folder" />
        <choose>
            <when condition="@(context.Request.Headers.GetValueOrDefault("X-Partner", "") == "{{partner-name}}"
                && context.Request.Method == "POST" && context.Request.Url.Path.StartsWith("/orders"))">
                <return-response>
                    <set-status code="403" reason="Partners don't post orders themselves" />
                </return-response>
            </when>
        </choose>
        <set-header name="X-Method" exists-action="override">
            <value>@(context.Request.Methodd + context.Request.Certificate.Thumbprint)</value>
        </set-header>
    </inbound>
</policies>
"""
TESTS = """\
policy: orders.xml
cases:
  - name: a partner that posts an order gets an answer that says that partners don't post orders
    request: {post: /orders, headers: {X-Partner: partner}}
    gateway: {named-values: {partner-name: partner}, backends: {not-in-this-folder: "https://b.example"}}
    expect: {status: 200, headers: {X-Answer: "long enough to be broken by every terminal of that width"}}
"""

COMMANDS = {
    "rule": "rule POL301",
    "check": "check broken.xml",
    "run": "run orders.xml --method POST --url /orders --header X-Partner:stand-in-partner-name",
    "stand-ins": "explain orders.xml --method POST --url /orders --header X-Partner:stand-in-partner-name -v",
    "test": "test orders.test.yaml",
    "overview": "extracted",
    "audit": "audit extracted",
    "effective": "explain extracted --effective",
    "usage": "check --no-such-option orders.xml",
}


class Terminal(io.StringIO):
    """A terminal without colours."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("name", COMMANDS)
def test_commands_fit_the_terminal(name: str, width: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "broken.xml").write_text(POLICY)
    (tmp_path / "orders.xml").write_text(POLICY.replace("Methodd + context.Request.Certificate.Thumbprint", "Method"))
    (tmp_path / "orders.test.yaml").write_text(TESTS)
    shutil.copytree(EXAMPLES / "apiops-folder" / "extracted", tmp_path / "extracted")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setattr(columns, "_terminal_width", lambda _: width)
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setattr(sys, "stderr", terminal)
    run(COMMANDS[name].split())
    text = re.sub(r"\b\d+\.\d\d s", "0.00 s", terminal.getvalue())
    for line in text.splitlines():
        assert len(line) <= width or " " not in line.strip(), line
    expected = LAYOUTS / f"{name}.{width}.txt"
    if os.environ.get("APIMPOLICY_UPDATE"):
        expected.write_text(text, encoding="utf-8")
    assert text == expected.read_text(encoding="utf-8")
