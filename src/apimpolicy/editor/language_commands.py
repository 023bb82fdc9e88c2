"""Commands that editors run through the language server: tests, a first test, explanations, pages."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from apimpolicy.editor import rpc
from apimpolicy.editor.rpc import RpcError
from apimpolicy.editor.test_runs import run_tests
from apimpolicy.editor.text_documents import uri_of
from apimpolicy.editor.tool_process import printed_by
from apimpolicy.testing.case_files import ENDINGS

if TYPE_CHECKING:
    from collections.abc import Callable

    from apimpolicy.editor.language_server import LanguageServer

_REQUEST_OPTIONS: Final = frozenset(
    ("--get", "--url", "--method", "--header", "--body", "--request", "--certificate", "--password", "--now")
)
"""The options of `apimpolicy explain` that an editor may pass on."""


def run(server: LanguageServer, paths: list[str], *names: str) -> dict[str, Any]:
    """Run test files, or the cases of some names in them; lenses show what came of it."""
    found = run_tests([os.path.abspath(path) for path in paths], names)
    server.last_run = found
    server.ask("workspace/codeLens/refresh", {})
    return {"cases": [case._asdict() for case in found.cases], "problem": found.problem}


def tests(server: LanguageServer) -> list[dict[str, Any]]:
    """Every test case of the workspace."""
    server.workspace.forget()
    return [case._asdict() for case in server.workspace.cases()]


def new_test(server: LanguageServer, policy: str, branch: str = "") -> dict[str, Any]:
    """Write a first test file; where one is there, add the case of the branch to it."""
    path = f"{os.path.splitext(policy)[0]}.test.yaml"
    text = printed_by(["new", "test"], policy, options=[("--output", "-")])
    if os.path.exists(path):
        text = _added(path, text, branch)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    server.workspace.forget()
    return {"uri": uri_of(os.path.abspath(path))}


def _added(path: str, made: str, branch: str) -> str:
    """The test file with the case of a branch at its end."""
    import yaml

    with open(path, encoding="utf-8") as file:
        text = file.read()
    found = [case for case in yaml.safe_load(made)["cases"] if _branch_of(case) == branch]
    if not found:
        raise RpcError(rpc.REQUEST_FAILED, f"no request was found that takes {branch}")
    block = yaml.safe_dump(found[:1], sort_keys=False, allow_unicode=True, width=110, default_flow_style=None)
    return f"{text.rstrip()}\n" + "".join(f"  {line}\n" for line in block.splitlines())


def _branch_of(case: dict[str, Any]) -> str:
    expect = case.get("expect")
    return str(expect.get("branch", "")) if isinstance(expect, dict) else ""


def explain(server: LanguageServer, policy: str, *options: str) -> str:
    """Why a request gets its answer; without options the last request that was explained, or a GET of `/`."""
    return printed_by(["explain"], policy, options=_remembered(server, policy, options))


def _remembered(server: LanguageServer, policy: str, options: tuple[str, ...]) -> list[tuple[str, str]]:
    """Return the options that describe a request, and keep them. Raises RpcError for any other option."""
    found = options or server.last_requests.get(policy, ("--get", "/"))
    if len(found) % 2 or not _REQUEST_OPTIONS.issuperset(found[::2]):
        known = ", ".join(sorted(_REQUEST_OPTIONS))
        raise RpcError(rpc.INVALID_PARAMS, f"a request is given as options with their values; valid options: {known}")
    server.last_requests[policy] = found
    return list(zip(found[::2], found[1::2], strict=True))


def journey(server: LanguageServer, path: str, *options: str) -> str:
    """The journey of a request as a page of HTML: of a policy, or of the case of a test file that fails."""
    with tempfile.TemporaryDirectory() as folder:
        if path.endswith(ENDINGS):
            chosen = [("-k", options[0])] if options else []
            printed_by(["test"], path, options=[*chosen, ("--html", folder)])
        else:
            request = _remembered(server, path, options)
            printed_by(["explain"], path, options=[*request, ("--html", os.path.join(folder, "journey.html"))])
        pages = sorted(Path(folder).rglob("*.html"))
        if not pages:
            raise RpcError(rpc.REQUEST_FAILED, "the case passes: there is no page of it")
        return pages[0].read_text(encoding="utf-8")


def page(server: LanguageServer, code: str) -> str:
    """The page of a code or a policy."""
    from apimpolicy.checks.pages import page_of_code
    from apimpolicy.editor.pages import policy_page

    return page_of_code(code) or policy_page(code) or f"There is no page for {code}."


COMMANDS: Final[dict[str, Callable[..., Any]]] = {
    "apimpolicy.runTests": run,
    "apimpolicy.tests": tests,
    "apimpolicy.newTest": new_test,
    "apimpolicy.explain": explain,
    "apimpolicy.journey": journey,
    "apimpolicy.page": page,
}
