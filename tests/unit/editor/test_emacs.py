"""Emacs with eglot as a third real client, set up as the documentation says."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

EMACS = shutil.which("emacs")
PAGE = Path(__file__).parents[3] / "docs" / "how-to" / "editors.md"

pytestmark = pytest.mark.skipif(EMACS is None, reason="Emacs is not installed")

POLICY = """\
<policies>
    <inbound>
        <set-body>@(context.Request.Metho)</set-body>
    </inbound>
</policies>
"""

ASKS = """
(require 'eglot)
(require 'flymake)
(require 'json)
(find-file (getenv "POLICY"))
(unless (eglot-managed-p) (apply #'eglot (eglot--guess-contact)))
(let ((end (+ (float-time) 60)))
  (while (and (< (float-time) end) (not (flymake-diagnostics)))
    (accept-process-output nil 0.1)
    (flymake-start)))
(goto-char (point-min))
(search-forward "Request.Metho")
(let ((completions (nth 2 (eglot-completion-at-point))))
  (princ (json-encode
          `((diagnostics . ,(vconcat (mapcar #'flymake-diagnostic-text (flymake-diagnostics))))
            (completion . ,(vconcat (all-completions "Metho" completions)))))))
"""


def settings() -> str:
    """The Lisp of the page."""
    found = re.search(r"```text\n(\(with-eval-after-load 'eglot.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    return found[1]


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("emacs")
    (folder / "orders.xml").write_text(POLICY)
    (folder / "init.el").write_text(settings())
    (folder / "asks.el").write_text(ASKS)
    tool = folder / "bin" / "apimpolicy"
    tool.parent.mkdir()
    tool.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m apimpolicy "$@"\n')
    tool.chmod(0o755)
    environment = {
        **os.environ,
        "POLICY": str(folder / "orders.xml"),
        "PATH": f"{tool.parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": os.pathsep.join(sys.path),
        "HOME": str(folder),
    }
    done = subprocess.run(
        [str(EMACS), "-Q", "--batch", "-l", str(folder / "init.el"), "-l", str(folder / "asks.el")],
        capture_output=True,
        text=True,
        env=environment,
        timeout=120,
        check=False,
    )
    assert done.stdout, done.stderr
    return json.loads(done.stdout)


def test_diagnostics(answers: Any) -> None:
    (found,) = answers["diagnostics"]
    assert "CS1061" in found


def test_completion(answers: Any) -> None:
    assert answers["completion"] == ["Method"]
