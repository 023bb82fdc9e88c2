"""Tries what is installed, as a new user would: check, run, explain, test, mutate, in a folder of its own.

    python .ci/try_wheel.py

Runs with the Python into which nothing but the wheel was installed; the checkout is not imported.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

POLICY = """<policies>
    <inbound>
        <base />
        <choose>
            <when condition="@(context.Request.Certificate == null
                || !context.Request.Certificate.Verify()
                || context.Request.Certificate.Thumbprint != "{{partner-thumbprint}}")">
                <return-response>
                    <set-status code="403" reason="Invalid client certificate" />
                </return-response>
            </when>
        </choose>
        <set-variable name="berlin" value="@(TimeZoneInfo.ConvertTimeBySystemTimeZoneId(DateTime.UtcNow,
            "W. Europe Standard Time").ToString("o"))" />
    </inbound>
    <backend><base /></backend>
    <outbound><base /></outbound>
    <on-error><base /></on-error>
</policies>
"""
CASES = """policy: orders.xml
defaults:
  gateway: {negotiate-client-certificate: true}
  named-values: {partner-thumbprint: {thumbprint: partner}}
  request: {get: /orders}
cases:
  - name: the partner gets through
    request: {certificate: partner}
    expect: {status: 200, backend-requests: 1}
  - name: a request without a certificate is refused
    expect: {status: 403, reason: Invalid client certificate, backend-requests: 0}
"""
ROWS = [
    (["--version"], 0, "apimpolicy "),
    (["check", "."], 0, "no problems in 1 file"),
    (
        ["check", "--strict", os.path.join("wrong", "orders.txt")],
        1,
        "POL301 warning: the certificate is compared, but never verified",
    ),
    (["run", "orders.xml", "--get", "/orders", "--named-value", "partner-thumbprint=A0"], 0, "403 Invalid client"),
    (["explain", "orders.xml", "--get", "/", "--named-value", "partner-thumbprint=A0"], 0, "decided by orders.xml:5"),
    (["test"], 0, "2 passed"),
    (["mutate"], 0, "notice"),
    (["eval", "@(1 + 2)"], 0, "3"),
    (["check", "nowhere.xml"], 2, "there is no such file"),
]


def main() -> int:
    failed = 0
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8"}
    environment.pop("PYTHONPATH", None)
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        (folder / "wrong").mkdir()
        (folder / "orders.xml").write_text(POLICY, encoding="utf-8")
        (folder / "orders.test.yaml").write_text(CASES, encoding="utf-8")
        without = POLICY.replace("|| !context.Request.Certificate.Verify()\n                ", "")
        (folder / "wrong" / "orders.txt").write_text(without, encoding="utf-8")
        for arguments, code, text in ROWS:
            done = subprocess.run(
                [sys.executable, "-I", "-m", "apimpolicy", *arguments],
                cwd=folder,
                env=environment,
                capture_output=True,
                encoding="utf-8",
                check=False,
            )
            said = done.stdout + done.stderr
            is_right = done.returncode == code and text in said
            failed += not is_right
            print(f"{'ok    ' if is_right else 'FAILED'}  apimpolicy {' '.join(arguments)}")
            if not is_right:
                print(f"expected {code} and {text!r}, got {done.returncode}:\n{said}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
