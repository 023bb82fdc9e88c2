"""The language server: lifecycle, documents, diagnostics; `language_features` answers requests about a document.

One thread reads messages, another handles them one after the other: it skips a request that the client has cancelled
meanwhile. An exception in a request becomes an error response, and the server continues. Diagnostics are those of
`check` for the text in the editor; they follow the last keystroke.
"""

from __future__ import annotations

import os
import queue
import sys
import threading
import traceback
from collections.abc import Callable
from typing import IO, TYPE_CHECKING, Any, Final

from apimpolicy.checkout import root_of
from apimpolicy.editor import rpc
from apimpolicy.editor.analysis import Analysis, RecentExpressions
from apimpolicy.editor.published_checks import DELAY, PublishedChecks
from apimpolicy.editor.rpc import Connection, Json, RpcError, TextDocument, parameters, path_of, uri_of
from apimpolicy.editor.workspace import EditorWorkspace, stored_text
from apimpolicy.errors import ApimPolicyError
from apimpolicy.memory import collect_new
from apimpolicy.text.invisible import visible

if TYPE_CHECKING:
    from apimpolicy.editor.completion import CompletionLists
    from apimpolicy.editor.lenses import TestRun

MOST_UNTIDY: Final = 16
"""Edits without a pause after which memory is freed all the same."""


class LanguageServer:
    """One session over two streams. `run` returns when the client leaves: 0 after `shutdown`, else 1."""

    def __init__(self, reader: IO[bytes], writer: IO[bytes], tidy: Callable[[], None] = lambda: None) -> None:
        """Create a server; it calls `tidy` to free memory when idle, and now and then when it is never idle."""
        self.connection = Connection(reader, writer)
        self._tidy = tidy
        self._untidy = 0
        self.documents: dict[str, TextDocument] = {}
        self.workspace = EditorWorkspace([])
        self.expressions = RecentExpressions()
        self.last_run: TestRun | None = None
        self.last_requests: dict[str, Json] = {}
        """The last request that was explained, by policy; see `language_commands`."""
        self.client: Json = {}
        self.completions: CompletionLists | None = None
        self._messages: queue.Queue[Json | None] = queue.Queue()
        self._waiting: set[int | str] = set()
        """The requests that were read and not yet begun."""
        self._cancelled: set[int | str] = set()
        self._lock = threading.Lock()
        self.checks = PublishedChecks(self)
        self._is_initialized = self._is_shut_down = False
        self._requests = 0

    # ------------------------------------------------------------------------------------------------ the loop

    def run(self) -> int:
        threading.Thread(target=self._read, name="messages", daemon=True).start()
        while True:
            try:
                message = self._messages.get(timeout=self.checks.pause())
            except queue.Empty:
                self.checks.work()
                self._rest()
                continue
            if message is None or message.get("method") == "exit":
                return 0 if self._is_shut_down else 1
            self._handle(message)
            if self._untidy >= MOST_UNTIDY:
                self._rest()

    def _rest(self) -> None:
        if self._messages.empty() or self._untidy >= MOST_UNTIDY:
            self._untidy = 0
            self._tidy()

    def _read(self) -> None:
        while True:
            try:
                message = self.connection.read()
            except RpcError as error:
                self._answer_error(None, error.code, str(error))
                continue
            except (OSError, ValueError):
                message = None
            if message is not None and message.get("method") == "$/cancelRequest":
                self._cancel(message.get("params"))
                continue
            if message is not None and _is_id(message.get("id")):
                with self._lock:
                    self._waiting.add(message["id"])
            self._messages.put(message)
            if message is None:
                return

    def _cancel(self, params: Any) -> None:
        """Cancel a request that still waits; others leave no trace."""
        number = params.get("id") if isinstance(params, dict) else None
        with self._lock:
            if _is_id(number) and number in self._waiting:
                self._cancelled.add(number)

    def _takes(self, number: Any) -> bool:
        """Take a request from those that wait; return whether the client still wants its answer."""
        with self._lock:
            is_cancelled = number in self._cancelled
            self._cancelled.discard(number)
            self._waiting.discard(number)
        return not is_cancelled

    def _handle(self, message: Json) -> None:
        method, number = message.get("method"), message.get("id")
        if method is None:  # a response to a request of the server; nothing depends on it
            return
        if not isinstance(method, str) or not (number is None or _is_id(number)):
            self._answer_error(None, rpc.INVALID_REQUEST, "a method is a text, and an id a number or a text")
            return
        if number is not None and not self._takes(number):
            self._answer_error(number, rpc.CANCELLED, "the client cancelled the request")
            return
        try:
            result = self._dispatch(method, parameters(message.get("params")), is_request=number is not None)
        except RpcError as error:
            self._fail(number, error.code, str(error))
        except ApimPolicyError as error:
            self._fail(number, rpc.REQUEST_FAILED, str(error))
        except Exception as error:  # an internal error must not end the session
            self.log(f"{method}: {traceback.format_exc()}")
            self._fail(number, rpc.INTERNAL_ERROR, f"{type(error).__name__}: {error}")
        else:
            if number is not None:
                self.connection.write({"jsonrpc": "2.0", "id": number, "result": result})

    def _fail(self, number: Any, code: int, message: str) -> None:
        if number is not None:
            self._answer_error(number, code, message)

    def _answer_error(self, number: Any, code: int, message: str) -> None:
        self.connection.write({"jsonrpc": "2.0", "id": number, "error": {"code": code, "message": visible(message)}})

    def _dispatch(self, method: str, params: Json, *, is_request: bool) -> Any:
        if method in _OWN:
            return getattr(self, _OWN[method])(params)
        if not self._is_initialized:
            raise RpcError(rpc.SERVER_NOT_INITIALIZED, "the session begins with 'initialize'")
        if not is_request:
            return None
        from apimpolicy.editor.language_features import FEATURES

        feature = FEATURES.get(method)
        if feature is None:
            raise RpcError(rpc.METHOD_NOT_FOUND, f"there is no request '{method}'")
        return feature(self, params)

    def notify(self, method: str, params: Json) -> None:
        self.connection.write({"jsonrpc": "2.0", "method": method, "params": params})

    def ask(self, method: str, params: Json) -> None:
        """Send a request whose answer nothing waits for."""
        self._requests += 1
        self.connection.write({"jsonrpc": "2.0", "id": f"server-{self._requests}", "method": method, "params": params})

    def log(self, text: str) -> None:
        self.notify("window/logMessage", {"type": 1, "message": visible(text)})

    # ------------------------------------------------------------------------------------------------ lifecycle

    def initialize(self, params: Json) -> Json:
        self.client = params.get("capabilities") or {}
        folders = [folder["uri"] for folder in params.get("workspaceFolders") or ()]
        root = params.get("rootUri")
        roots = [path_of(uri) for uri in folders or ([root] if root else [])]
        self.checks.renew()
        self.workspace = EditorWorkspace(roots, self.expressions, self.checks.settings_of)
        self._is_initialized = True
        from apimpolicy.editor.language_commands import CAPABILITIES

        return {"capabilities": CAPABILITIES, "serverInfo": {"name": "apimpolicy"}}

    def initialized(self, _: Json) -> None:
        workspace = self.client.get("workspace")
        watched = workspace.get("didChangeWatchedFiles") if isinstance(workspace, dict) else None
        if isinstance(watched, dict) and watched.get("dynamicRegistration"):
            from apimpolicy.editor.language_commands import WATCHED

            self.ask("client/registerCapability", {"registrations": [WATCHED]})

    def shutdown(self, _: Json) -> None:
        self._is_shut_down = True

    def set_trace(self, _: Json) -> None:
        """Ignore `$/setTrace`: the server has no more to report."""

    # ------------------------------------------------------------------------------------------------ documents

    def did_open(self, params: Json) -> None:
        given = params["textDocument"]
        document = TextDocument(given["uri"], given["text"], given.get("version"))
        self.documents[document.uri] = document
        self._changed(document, 0.0)

    def did_change(self, params: Json) -> None:
        document = self._document(params)
        document.change(params["contentChanges"], params["textDocument"].get("version"))
        self._changed(document, DELAY)
        self._forget_outcomes([document.path])

    def did_close(self, params: Json) -> None:
        uri = params["textDocument"]["uri"]
        document = self.documents.pop(uri, None)
        if document is not None:
            self.workspace.open_texts.pop(os.path.abspath(document.path), None)
        self.checks.forget(uri)
        self.expressions.close(uri)
        self.notify("textDocument/publishDiagnostics", {"uri": uri, "diagnostics": []})

    def did_save(self, _: Json) -> None:
        self.files_changed({})

    def files_changed(self, params: Json) -> None:
        """Forget what was read from other files, and check open documents again."""
        self.workspace.forget()
        self._forget_outcomes([path_of(change["uri"]) for change in params.get("changes") or ()])
        self.checks.renew()
        for uri in self.documents:
            self.checks.schedule(uri)

    def folders_changed(self, params: Json) -> None:
        event = params["event"]
        gone = {path_of(folder["uri"]) for folder in event.get("removed", ())}
        roots = [root for root in self.workspace.roots if root not in gone]
        self.workspace.roots = [*roots, *(path_of(folder["uri"]) for folder in event.get("added", ()))]
        self.workspace.forget()

    def folders(self) -> list[str]:
        """Return the real folders that commands may use: the open ones, and the checkouts of open documents."""
        around = [root_of(document.path) or os.path.dirname(document.path) for document in self.documents.values()]
        return list(dict.fromkeys(map(os.path.realpath, (*self.workspace.roots, *around))))

    def _forget_outcomes(self, paths: list[str]) -> None:
        """Forget the outcomes of test cases whose policy or file has changed; lenses no longer show them."""
        if self.last_run is not None:
            kept = self.last_run.without({os.path.abspath(path) for path in paths})
            if kept is not self.last_run:
                self.last_run = kept
                self.ask("workspace/codeLens/refresh", {})

    def _changed(self, document: TextDocument, delay: float) -> None:
        self._untidy += 1
        self.workspace.open_texts[os.path.abspath(document.path)] = document.text
        self.checks.schedule(document.uri, delay)

    def _document(self, params: Json) -> TextDocument:
        uri = params["textDocument"]["uri"]
        document = self.documents.get(uri)
        if document is None:
            raise RpcError(rpc.INVALID_PARAMS, f"{uri} is not open")
        return document

    def opened(self, params: Json) -> tuple[TextDocument, Analysis]:
        """Return the document of a request, as it is now. Raises RpcError when it is not open."""
        document = self._document(params)
        analysis = self.workspace.analysis(document.path)
        assert analysis is not None  # it is open
        return document, analysis

    def at(self, params: Json) -> tuple[TextDocument, Analysis, int]:
        """Return the document of a request and the offset of its position."""
        document, analysis = self.opened(params)
        return document, analysis, document.offset(params["position"])

    def document_of(self, path: str) -> TextDocument | None:
        """Return a file with its lines: as it is open, or as it is stored."""
        uri = uri_of(path)
        if uri in self.documents:
            return self.documents[uri]
        text = stored_text(path)
        return None if text is None else TextDocument(uri, text)


_OWN: Final = {
    "initialize": "initialize",
    "initialized": "initialized",
    "shutdown": "shutdown",
    "$/setTrace": "set_trace",
    "textDocument/didOpen": "did_open",
    "textDocument/didChange": "did_change",
    "textDocument/didClose": "did_close",
    "textDocument/didSave": "did_save",
    "workspace/didChangeWatchedFiles": "files_changed",
    "workspace/didChangeConfiguration": "files_changed",
    "workspace/didChangeWorkspaceFolders": "folders_changed",
}


def _is_id(number: Any) -> bool:
    return isinstance(number, (int, str)) and not isinstance(number, bool)


def serve() -> int:
    """Serve the client at standard input and output."""
    reader, writer = sys.stdin.buffer, sys.stdout.buffer
    sys.stdout = sys.stderr  # what anything prints must not come between messages
    return LanguageServer(reader, writer, collect_new).run()
