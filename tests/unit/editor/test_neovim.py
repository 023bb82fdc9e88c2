"""Neovim as a second real client, set up as the documentation says."""

from __future__ import annotations

import shutil
from typing import Any

import pytest
from real_editors import answers_of, settings

NVIM = shutil.which("nvim")

pytestmark = pytest.mark.skipif(NVIM is None, reason="Neovim is not installed")

POLICY = """\
<policies>
    <inbound>
        <set-header name="X-Method" exists-action="override">
            <value>@(context.Request.Metho)</value>
        </set-header>
    </inbound>
</policies>
"""

ASKS = """
local result = {}
vim.cmd.edit(vim.env.POLICY)
vim.bo.expandtab, vim.bo.shiftwidth = true, 4
local buffer = vim.api.nvim_get_current_buf()
vim.wait(20000, function() return #vim.diagnostic.get(buffer) > 0 end, 20)
result.diagnostics = vim.tbl_map(function(d) return d.code end, vim.diagnostic.get(buffer))
vim.api.nvim_win_set_cursor(0, { 4, 41 })
local params = vim.lsp.util.make_position_params(0, "utf-16")
local function ask(method, more)
    local answers = vim.lsp.buf_request_sync(buffer, method, vim.tbl_extend("force", params, more or {}), 20000)
    for _, answer in pairs(answers or {}) do return answer.result end
end
result.completion = vim.tbl_map(function(i) return i.label end, ask("textDocument/completion").items)
result.hover = ask("textDocument/hover", { position = { line = 2, character = 12 } }).contents.value
vim.lsp.buf.format({ timeout_ms = 20000 })
vim.api.nvim_buf_set_text(buffer, 3, 37, 3, 42, { "Method" })
vim.wait(20000, function() return #vim.diagnostic.get(buffer) == 0 end, 20)
result.left = #vim.diagnostic.get(buffer)
result.text = table.concat(vim.api.nvim_buf_get_lines(buffer, 0, -1, false), "\\n")
io.stdout:write(vim.json.encode(result))
vim.cmd("qall!")
"""


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("neovim")
    (folder / "apimpolicy.toml").write_text("")
    (folder / "init.lua").write_text(settings(r"```lua\n(.*?)```"))
    (folder / "asks.lua").write_text(ASKS)
    command = [str(NVIM), "--headless", "-u", str(folder / "init.lua"), "-l", str(folder / "asks.lua")]
    return answers_of(folder, POLICY, command, ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"))


def test_diagnostics_come_and_go_with_the_mistake(answers: Any) -> None:
    assert answers["diagnostics"] == ["CS1061"]
    assert answers["left"] == 0


def test_completion_and_hover(answers: Any) -> None:
    assert "Method" in answers["completion"][:5]
    assert answers["hover"].startswith("set-header: ")


def test_formatting_leaves_a_tidy_document_alone(answers: Any) -> None:
    assert answers["text"].rstrip() == POLICY.replace("Metho)", "Method)").rstrip()
