"""The debug adapter: a session of the Debug Adapter Protocol over two streams, for one request or test case.

Source: https://microsoft.github.io/debug-adapter-protocol/specification
"""

from __future__ import annotations

import os
import sys
import threading
import traceback
from collections.abc import Callable
from typing import IO, TYPE_CHECKING, Any, Final

from apimpolicy.csharp.dotnet.exceptions import DotnetException
from apimpolicy.editor.debug_launch import launched
from apimpolicy.editor.debug_values import parts_as_values, policy_variables, problem_of, stop_lines, targets_of
from apimpolicy.editor.debugger import Breakpoint, Debugger, Terminated
from apimpolicy.editor.named_paths import POLICY, author_of_session
from apimpolicy.editor.rpc import Connection, Json, RpcError
from apimpolicy.editor.unfinished import word_start
from apimpolicy.errors import ApimPolicyError
from apimpolicy.gateway.engine.observation import observed_by
from apimpolicy.project.authority import why_refused
from apimpolicy.text.secrets import data_without_secrets
from apimpolicy.text.source import Source

if TYPE_CHECKING:
    from apimpolicy.editor.debug_values import DebugScope, DebugValue


THREAD: Final = 1
CAPABILITIES: Final[Json] = {
    "supportsConfigurationDoneRequest": True,
    "supportsConditionalBreakpoints": True,
    "supportsHitConditionalBreakpoints": True,
    "supportsLogPoints": True,
    "supportsEvaluateForHovers": True,
    "supportsTerminateRequest": True,
    "supportsRestartRequest": True,
    "supportsSetVariable": True,
    "supportsCompletionsRequest": True,
    "completionTriggerCharacters": ["."],
    "supportsExceptionInfoRequest": True,
    "exceptionBreakpointFilters": [
        {"filter": "errors", "label": "Errors of policies", "default": True},
        {"filter": "throw", "label": "Exceptions in C#, caught ones too", "default": False},
    ],
}
NEEDS_STOP: Final = frozenset(
    (
        *("continue", "next", "stepIn", "stepOut", "stackTrace", "scopes", "variables", "setVariable"),
        *("completions", "exceptionInfo", "evaluate"),
    )
)
"""Commands that are possible only while the request is stopped."""
STOPPED_TEXTS: Final = {
    "entry": "The request has come",
    "breakpoint": "Stopped at a breakpoint",
    "step": "Stopped",
    "pause": "Paused",
    "exception": "Stopped at an error",
}


class DebugAdapter:
    """One session; `run` returns when the client leaves."""

    def __init__(self, reader: IO[bytes], writer: IO[bytes]) -> None:
        self._connection = Connection(reader, writer)
        self._lock = threading.Lock()
        self._sequence = 0
        self._debugger = Debugger(self._stopped, self._said)
        self._arguments: Json = {}
        self._is_configured = self._is_over = False
        self._worker: threading.Thread | None = None
        self._references: dict[int, Callable[[], list[DebugValue]]] = {}
        self._frames: dict[int, Any] = {}
        self._stop_text = ""
        self._settable = 0
        """The reference of the list whose values can be changed."""
        self._lines_from, self._columns_from = 1, 1

    # ------------------------------------------------------------------------------------------------ the protocol

    def run(self) -> int:
        while not self._is_over:
            try:
                message = self._connection.read()
            except RpcError:
                continue
            if message is None:
                break
            if message.get("type") == "request":
                self._handle(message)
        self._debugger.end()
        if self._worker is not None:
            self._worker.join(5)
        return 0

    def _send(self, message: Json) -> None:
        with self._lock:
            self._sequence += 1
            self._connection.write({"seq": self._sequence, **data_without_secrets(message)})

    def _event(self, event: str, body: Json | None = None) -> None:
        self._send({"type": "event", "event": event, "body": body or {}})

    def _handle(self, message: Json) -> None:
        command = str(message.get("command"))
        answer: Json = {"type": "response", "request_seq": message.get("seq"), "command": command}
        method = getattr(self, f"on_{_snake(command)}", None)
        try:
            if method is None:
                raise RpcError(0, f"there is no command '{command}'")
            if command in NEEDS_STOP and not self._debugger.is_stopped:
                raise RpcError(0, "the request is running")
            body = method(message.get("arguments") or {})
        except (RpcError, ApimPolicyError, DotnetException) as error:
            self._send({**answer, "success": False, "message": str(error)})
        except Exception as error:  # an internal error must not end the session
            self._output(traceback.format_exc(), "stderr")
            self._send({**answer, "success": False, "message": f"{type(error).__name__}: {error}"})
        else:
            self._send({**answer, "success": True, "body": body or {}})
            if command == "initialize":
                self._event("initialized")

    def _output(self, text: str, category: str = "console", **more: Any) -> None:
        self._event("output", {"category": category, "output": text, **more})

    # ------------------------------------------------------------------------------------------------ the session

    def on_initialize(self, arguments: Json) -> Json:
        self._lines_from = 1 if arguments.get("linesStartAt1", True) else 0
        self._columns_from = 1 if arguments.get("columnsStartAt1", True) else 0
        return CAPABILITIES

    def on_launch(self, arguments: Json) -> None:
        self._work = launched(arguments)
        self._arguments = arguments
        self._start()

    def on_configuration_done(self, _: Json) -> None:
        self._is_configured = True
        self._start()

    def _start(self) -> None:
        if not self._is_configured or not self._arguments or self._worker is not None:
            return
        if self._arguments.get("stopOnEntry"):
            self._debugger.stop_at_entry()
        self._worker = threading.Thread(target=self._serve, args=(self._debugger,), name="request", daemon=True)
        self._worker.start()

    def on_restart(self, arguments: Json) -> None:
        """Send the request once more, also with other launch arguments."""
        old, worker = self._debugger, self._worker
        self._debugger = old.anew()
        old.end()
        if worker is not None:
            worker.join(5)
        self._worker = None
        self.on_launch(arguments.get("arguments") or self._arguments)

    def _serve(self, debugger: Debugger) -> None:
        """Run the request, in a thread of its own."""
        code = 0
        try:
            if self._arguments.get("noDebug"):
                text = self._work()
            else:
                with observed_by(debugger):
                    sys.settrace(debugger.trace)
                    try:
                        text = self._work()
                    finally:
                        sys.settrace(None)
            self._output(text, "stdout")
        except Terminated:
            pass
        except (ApimPolicyError, DotnetException) as error:
            code = 1
            self._output(f"{error}\n", "stderr")
        except Exception:
            code = 4
            self._output(traceback.format_exc(), "stderr")
        if debugger is self._debugger:  # no other request has taken its place
            self._event("exited", {"exitCode": code})
            self._event("terminated")

    def on_disconnect(self, _: Json) -> None:
        self._is_over = True

    def on_terminate(self, _: Json) -> None:
        self._debugger.end()

    # ------------------------------------------------------------------------------------------------ breakpoints

    def on_set_breakpoints(self, arguments: Json) -> Json:
        path = os.path.abspath(str(arguments["source"]["path"]))
        lines = [] if why_refused(author_of_session(path), path, POLICY) else stop_lines(path)
        set_: list[Breakpoint] = []
        answers: list[Json] = []
        for given in arguments.get("breakpoints") or ():
            wanted = given["line"] + 1 - self._lines_from
            line = next((line for line in lines if line >= wanted), None)
            hits = "".join(character for character in str(given.get("hitCondition", "")) if character.isdigit())
            condition, message = str(given.get("condition") or ""), str(given.get("logMessage") or "")
            problem = problem_of(condition) if line is not None else "no policy and no code begins here or below"
            if line is None or problem:
                answers.append({"verified": False, "line": given["line"], "message": problem})
                continue
            set_.append(Breakpoint(line, condition, int(hits or 0), message))
            answers.append({"verified": True, "line": line - 1 + self._lines_from})
        for name in {path, os.path.relpath(path), str(arguments["source"]["path"])}:
            self._debugger.breakpoints[name] = set_
        return {"breakpoints": answers}

    def on_set_exception_breakpoints(self, arguments: Json) -> None:
        filters = arguments.get("filters") or ()
        self._debugger.stops_on_errors = "errors" in filters
        self._debugger.stops_on_throw = "throw" in filters

    # ------------------------------------------------------------------------------------------------ running

    def _stopped(self, reason: Any, text: str) -> None:
        self._references.clear()
        self._frames.clear()
        self._stop_text = text
        body = {"reason": reason, "threadId": THREAD, "allThreadsStopped": True, "description": STOPPED_TEXTS[reason]}
        self._event("stopped", {**body, "text": text} if text else body)

    def _said(self, text: str, source: Source, line: int) -> None:
        self._output(f"{text}\n", "console", source={"path": os.path.abspath(source.path)}, line=line)

    def on_threads(self, _: Json) -> Json:
        return {"threads": [{"id": THREAD, "name": "request"}]}

    def on_continue(self, _: Json) -> Json:
        self._debugger.resume("run")
        return {"allThreadsContinued": True}

    def on_next(self, _: Json) -> None:
        self._debugger.resume("over")

    def on_step_in(self, _: Json) -> None:
        self._debugger.resume("in")

    def on_step_out(self, _: Json) -> None:
        self._debugger.resume("out")

    def on_pause(self, _: Json) -> None:
        self._debugger.pause()

    # ------------------------------------------------------------------------------------------------ looking around

    def on_stack_trace(self, _: Json) -> Json:
        answers = []
        for number, frame in enumerate(self._debugger.ask(self._debugger.stack), 1):
            self._frames[number] = frame.code
            path = os.path.abspath(frame.source.path)
            source = {"name": os.path.basename(path), "path": path}
            line, column = self._position(frame.source, frame.start)
            end_line, end_column = self._position(frame.source, frame.end)
            end = {"endLine": end_line, "endColumn": end_column}
            answers.append({"id": number, "name": frame.name, "source": source, "line": line, "column": column, **end})
        return {"stackFrames": answers, "totalFrames": len(answers)}

    def _position(self, source: Source, offset: int) -> tuple[int, int]:
        line, column = source.position(offset)
        return line - 1 + self._lines_from, column - 1 + self._columns_from

    def on_scopes(self, arguments: Json) -> Json:
        scope: DebugScope = self._debugger.scope(self._frames.get(arguments["frameId"]))
        scopes = []
        if scope.locals:
            scopes.append(self._scope("C# variables", scope.local_values))
        if parts := self._debugger.parts():
            scopes.append(self._scope("Parts of the last expression", lambda: parts_as_values(parts)))
        scopes.append(self._scope("Variables", lambda: policy_variables(scope)))
        self._settable = scopes[-1]["variablesReference"]
        scopes.append(self._scope("context", lambda: scope.children("context")))
        return {"scopes": scopes}

    def _scope(self, name: str, found: Callable[[], list[DebugValue]]) -> Json:
        return {"name": name, "variablesReference": self._reference(found), "expensive": name == "context"}

    def _reference(self, found: Callable[[], list[DebugValue]]) -> int:
        number = len(self._references) + 1
        self._references[number] = found
        return number

    def on_variables(self, arguments: Json) -> Json:
        found = self._references.get(arguments["variablesReference"])
        if found is None:
            raise RpcError(0, "the request has continued")
        scope = self._debugger.scope()
        return {"variables": [self._variable(value, scope) for value in self._debugger.ask(found)]}

    def _variable(self, value: DebugValue, scope: DebugScope) -> Json:
        made: Json = {"name": value.name, "value": value.text, "type": value.type, "variablesReference": 0}
        if value.expression:
            made["evaluateName"] = value.expression
        if value.has_children:
            made["variablesReference"] = self._reference(lambda: scope.children(value.expression))
        return made

    def on_set_variable(self, arguments: Json) -> Json:
        if arguments["variablesReference"] != self._settable:
            raise RpcError(0, "only variables of policies (context.Variables) can be changed")
        scope = self._debugger.scope()
        expression = str(arguments["value"]).strip().rstrip(";")
        value: DebugValue = self._debugger.ask(lambda: scope.assign(str(arguments["name"]), expression))
        return {"value": value.text, "type": value.type}

    def on_completions(self, arguments: Json) -> Json:
        scope = self._debugger.scope(self._frames.get(arguments.get("frameId", 0)))
        text, caret = str(arguments["text"]), arguments["column"] - self._columns_from
        items = scope.completions(text, caret)
        start = word_start(text, caret)
        return {"targets": targets_of(items, start, caret)}

    def on_exception_info(self, _: Json) -> Json:
        if not self._stop_text:
            raise RpcError(0, "the request did not stop at an error")
        kind, __, message = self._stop_text.partition(": ")
        details = {"typeName": kind, "message": message}
        return {"exceptionId": kind, "description": message, "breakMode": "always", "details": details}

    def on_evaluate(self, arguments: Json) -> Json:
        scope = self._debugger.scope(self._frames.get(arguments.get("frameId", 0)))
        expression = str(arguments["expression"]).strip().rstrip(";")
        value: DebugValue = self._debugger.ask(lambda: scope.value(expression, expression))
        if value.is_error:
            raise RpcError(0, value.text)
        variable = self._variable(value, scope)
        return {"result": value.text, "type": value.type, "variablesReference": variable["variablesReference"]}


def _snake(command: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in command)


def serve() -> int:
    """Serve the client at standard input and output."""
    reader, writer = sys.stdin.buffer, sys.stdout.buffer
    sys.stdout = sys.stderr  # what anything prints must not come between messages
    return DebugAdapter(reader, writer).run()
