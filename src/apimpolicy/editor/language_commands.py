"""Commands and capabilities of the language server."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from apimpolicy.checkout import open_text
from apimpolicy.diagnostics import Severity
from apimpolicy.editor import rpc
from apimpolicy.editor.isolated_calls import call
from apimpolicy.editor.lenses import run_tests
from apimpolicy.editor.named_paths import CASES, POLICY, author_of_calls
from apimpolicy.editor.outline import KINDS
from apimpolicy.editor.rpc import Json, RpcError, uri_of
from apimpolicy.project.authority import FileKind, Role, why_refused
from apimpolicy.project.files import write_whole

if TYPE_CHECKING:
    from apimpolicy.editor.language_server import LanguageServer


# Commands that editors run through the language server: tests, a first test, explanations, pages


def run(server: LanguageServer, paths: list[str], *names: str) -> Json:
    """Run test files, or the named cases in them. Lenses show the outcomes, and editors the coverage."""
    for path in paths:
        _refuse_other_files(server, path, CASES)
    found = run_tests([os.path.abspath(path) for path in paths], server.folders(), names)
    server.last_run = found
    server.ask("workspace/codeLens/refresh", {})
    coverage = [
        {"path": path, "branches": [branch._asdict() for branch in branches]}
        for path, branches in found.coverage.items()
    ]
    return {"cases": [case._asdict() for case in found.cases], "problem": found.problem, "coverage": coverage}


def tests(server: LanguageServer) -> list[Json]:
    server.workspace.forget()
    return [case._asdict() for case in server.workspace.cases()]


def check_all(server: LanguageServer) -> int:
    """Publish the diagnostics of every policy file of the workspace; return how many there are besides open ones."""
    server.workspace.forget()
    return server.checks.check_all()


def new_test(server: LanguageServer, policy: str, branch: str = "") -> Json:
    """Write a first test file; where one is there, add the case of the branch to it. Raises RpcError."""
    _refuse_other_files(server, policy, POLICY)
    path = f"{os.path.splitext(policy)[0]}.test.yaml"
    text = call("new_test", {"policy": policy}, server.folders())["text"]
    if os.path.exists(path):
        text = _added(path, text, branch)
    write_whole(path, text.encode())
    server.workspace.forget()
    return {"uri": uri_of(os.path.abspath(path))}


def _refuse_other_files(server: LanguageServer, path: str, kind: FileKind) -> None:
    """Raises RpcError for a path that is not of this kind and below the open folders, and not open."""
    if os.path.abspath(path) in server.workspace.open_texts:
        return
    if reason := why_refused(author_of_calls(Role.EDITOR, server.folders()), path, kind):
        raise RpcError(rpc.REQUEST_FAILED, f"{path} isn't used: {reason}")


def _added(path: str, made: str, branch: str) -> str:
    """Return the test file with the case of a branch at its end."""
    import yaml

    with open_text(path, encoding="utf-8") as file:
        text = file.read()
    found = [case for case in yaml.safe_load(made)["cases"] if _branch_of(case) == branch]
    if not found:
        raise RpcError(rpc.REQUEST_FAILED, f"no request was found that takes {branch}")
    block = yaml.safe_dump(found[:1], sort_keys=False, allow_unicode=True, width=110, default_flow_style=None)
    return f"{text.rstrip()}\n" + "".join(f"  {line}\n" for line in block.splitlines())


def _branch_of(case: Json) -> str:
    expect = case.get("expect")
    return str(expect.get("branch", "")) if isinstance(expect, dict) else ""


def explain(server: LanguageServer, policy: str, asked: Json | None = None) -> str:
    """Return why a request gets its response: one that `asked` describes, else the last one about the policy."""
    arguments = {"as_text": True, **_asked(server, policy, asked)}
    return str(call("explain", arguments, server.folders(), os.path.dirname(policy)))


def journey(server: LanguageServer, policy: str, asked: Json | None = None) -> str:
    """Return the journey of a request as a page of HTML; see `explain`."""
    return str(call("journey", _asked(server, policy, asked), server.folders(), os.path.dirname(policy)))


def _asked(server: LanguageServer, policy: str, asked: Json | None) -> Json:
    """Return the arguments that describe a request, and keep them for the policy. Raises RpcError.

    `{"request": {"get": "/orders"}}` has the keys of test files; `{"case": {"path": …, "name": …}}` is a test case.
    """
    found = server.last_requests.get(policy, {"request": {"get": "/"}}) if asked is None else asked
    if list(found) not in (["request"], ["case"]):
        raise RpcError(rpc.INVALID_PARAMS, 'a request is {"request": {"get": "/orders"}} or {"case": {"path", "name"}}')
    _refuse_other_files(server, policy, POLICY)
    server.last_requests[policy] = found
    _refuse_with_errors(server, policy)
    return {"policy": os.path.abspath(policy), **found}


def _refuse_with_errors(server: LanguageServer, policy: str) -> None:
    """Raises RpcError for a policy with errors: its diagnostics say what they are, and where."""
    errors = [
        each for each in server.checks.findings(uri_of(os.path.abspath(policy))) if each.severity is Severity.ERROR
    ]
    if errors:
        count = "an error" if len(errors) == 1 else f"{len(errors)} errors"
        raise RpcError(rpc.REQUEST_FAILED, f"{os.path.basename(policy)} has {count}; see its diagnostics")


def page(server: LanguageServer, code: str) -> str:
    from apimpolicy.checks.pages import page_of_code
    from apimpolicy.editor.pages import policy_page

    return page_of_code(code) or policy_page(code) or f"There is no page for {code}."


# The capabilities of the language server, sent in the response to `initialize`

COMMANDS: Final = {
    "apimpolicy.runTests": "run",
    "apimpolicy.newTest": "new_test",
    "apimpolicy.explain": "explain",
    "apimpolicy.journey": "journey",
    "apimpolicy.tests": "tests",
    "apimpolicy.checkAll": "check_all",
    "apimpolicy.page": "page",
}
"""The commands, and the functions of `language_commands` that run them."""

TRIGGERS: Final = (".", "<", '"', "{", "/", " ", "[", "(", "@")

CAPABILITIES: Final[Json] = {
    "positionEncoding": "utf-16",
    "textDocumentSync": {"openClose": True, "change": 2, "save": {"includeText": False}},
    "completionProvider": {"triggerCharacters": list(TRIGGERS), "resolveProvider": True},
    "hoverProvider": True,
    "signatureHelpProvider": {"triggerCharacters": ["(", ",", "<", "["], "retriggerCharacters": [","]},
    "definitionProvider": True,
    "referencesProvider": True,
    "documentHighlightProvider": True,
    "renameProvider": {"prepareProvider": True},
    "documentSymbolProvider": True,
    "workspaceSymbolProvider": True,
    "foldingRangeProvider": True,
    "selectionRangeProvider": True,
    "documentFormattingProvider": True,
    "documentRangeFormattingProvider": True,
    "documentOnTypeFormattingProvider": {"firstTriggerCharacter": "\n", "moreTriggerCharacter": ["}", ";"]},
    "linkedEditingRangeProvider": True,
    "inlayHintProvider": True,
    "codeLensProvider": {"resolveProvider": False},
    "codeActionProvider": {"codeActionKinds": ["quickfix", "refactor.rewrite", "source.fixAll"]},
    "semanticTokensProvider": {
        "legend": {"tokenTypes": list(KINDS), "tokenModifiers": []},
        "full": True,
        "range": False,
    },
    "executeCommandProvider": {"commands": list(COMMANDS)},
    "workspace": {"workspaceFolders": {"supported": True, "changeNotifications": True}},
}

WATCHED: Final[Json] = {
    "id": "apimpolicy-files",
    "method": "workspace/didChangeWatchedFiles",
    "registerOptions": {
        "watchers": [
            {"globPattern": "**/{apimpolicy.toml,pyproject.toml,*.xml,*Information.json,specification.*,*.test.yaml}"}
        ]
    },
}
"""Files whose change may change what is found in others."""
