"""The capabilities of the language server, sent in the response to `initialize`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from apimpolicy.editor.semantic_tokens import KINDS

if TYPE_CHECKING:
    from apimpolicy.editor.rpc import Json

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
