"""Emacs with eglot as a third real client, set up as the documentation says."""

from __future__ import annotations

import shutil
from typing import Any

import pytest
from real_editors import answers_of, settings

EMACS = shutil.which("emacs")

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


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("emacs")
    (folder / "init.el").write_text(settings(r"```text\n(\(with-eval-after-load 'eglot.*?)```"))
    (folder / "asks.el").write_text(ASKS)
    command = [str(EMACS), "-Q", "--batch", "-l", str(folder / "init.el"), "-l", str(folder / "asks.el")]
    return answers_of(folder, POLICY, command, ("HOME",))


def test_diagnostics(answers: Any) -> None:
    (found,) = answers["diagnostics"]
    assert "CS1061" in found


def test_completion(answers: Any) -> None:
    assert answers["completion"] == ["Method"]
