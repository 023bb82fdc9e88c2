"""Launch a debug session: a policy with a request, from a `.http` file or a URL, or a case of a test file."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from apimpolicy.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable

    from apimpolicy.editor.rpc import Json
    from apimpolicy.engine.gateway import Gateway


def launched(arguments: Json) -> Callable[[], str]:
    """Return a function that runs the request and returns its outcome as text. Raises ConfigurationError.

    `policy` with `httpFile` (a request as text) or `url`, `method`, `headers`, `body`, `certificate` (a file), `scopes`
    (files by scope), `config`; or `test`, a test file, with `case`, the name of a case in it.
    """
    if arguments.get("test"):
        return _case(str(arguments["test"]), str(arguments.get("case", "")))
    if arguments.get("policy"):
        return _policy(arguments)
    needed = "a debug session needs a 'policy' with a 'url' or an 'httpFile', or a 'test' with a 'case'"
    raise ConfigurationError(needed)


def _case(path: str, name: str) -> Callable[[], str]:
    from apimpolicy.testing.case_files import load_case_file
    from apimpolicy.testing.running import run_case

    cases = load_case_file(path).cases
    case = next((case for case in cases if not name or case.name == name), None)
    if case is None:
        raise ConfigurationError(f"{path} has no case '{name}'; it has {', '.join(repr(case.name) for case in cases)}")

    def run() -> str:
        outcome = run_case(case)
        said = [outcome.problem] if outcome.problem else outcome.sentences
        return "\n".join((f"{outcome.status}: {case.name}", *said)) + "\n"

    return run


def _policy(arguments: Json) -> Callable[[], str]:
    policy = Path(str(arguments["policy"]))
    if not policy.is_file():
        raise ConfigurationError(f"there is no policy {policy}")
    scopes = {"api": policy, **{scope: Path(path) for scope, path in (arguments.get("scopes") or {}).items()}}
    gateway = _gateway(arguments, str(policy))
    request = _request(arguments)

    def run() -> str:
        from apimpolicy.report.explain_text import render
        from apimpolicy.report.explanation import explain
        from apimpolicy.report.style import Style

        return render(explain(gateway.run(scopes, request)), Style(False)) + "\n"

    return run


def _gateway(arguments: Json, policy: str) -> Gateway:
    from apimpolicy.project.configuration import empty_configuration, load_configuration
    from apimpolicy.project.configuration_files import find_configuration

    path = arguments.get("config") or find_configuration(policy)
    configuration = load_configuration(os.fspath(path)) if path is not None else empty_configuration()
    return configuration.gateway()


def _request(arguments: Json) -> Any:
    from apimpolicy.context.records import Request

    options: Json = {}
    if arguments.get("certificate"):
        from apimpolicy.dotnet.cryptography.certificate import Certificate

        options["certificate"] = Certificate.from_file(str(arguments["certificate"]), arguments.get("password"))
    if arguments.get("httpFile"):
        from apimpolicy.project.http_files import load_request

        return load_request(str(arguments["httpFile"]), **options)
    body = arguments.get("body")
    method = str(arguments.get("method") or ("GET" if body is None else "POST"))
    headers = [(str(name), str(value)) for name, value in (arguments.get("headers") or {}).items()]
    return Request(method, str(arguments.get("url") or "/"), headers=headers, body=body, **options)
