"""Tools for coding assistants over the Model Context Protocol: check, run, explain, tests, pages of the reference.

Every answer has a structure (`structuredContent`), with the same keys as `--format json` of the command. Policies run
in a process of their own; nothing is changed on the disk, but for test files that are asked for.
"""

from __future__ import annotations

import json
import os
import tempfile
from contextlib import contextmanager
from functools import wraps
from typing import TYPE_CHECKING, Any

from apimpolicy.editor.tool_process import json_of, printed_by
from apimpolicy.errors import ApimPolicyError, ConfigurationError
from apimpolicy.project.configuration_files import ConfigurationFinder
from apimpolicy.text.secrets import without_secrets

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mcp.server import MCPServer

INSTRUCTIONS = (
    "Azure API Management policies, offline: C# expressions are compiled and run as .NET does, and a simulated gateway "
    "runs whole documents. Check a policy after every change; explain says which condition decided, and its values. "
    "A policy is a path, or the document itself (a text that begins with `<`)."
)


def check(policy: str, ignore: list[str] | None = None) -> dict[str, Any]:
    """Find what is wrong with a policy before it is saved to Azure: what the C# compiler, the gateway and the rules
    say, with line, column and what to do. `policy` is a file, a folder, or the document itself; `ignore` are codes.
    """
    with _file_of(policy) as path:
        return json_of(["check"], path, options=[("--ignore", code) for code in ignore or ()])


def run(
    policy: str,
    url: str = "/",
    method: str = "GET",
    headers: dict[str, str] | None = None,
    body: str | None = None,
    named_values: dict[str, str] | None = None,
    certificate: str | None = None,
) -> dict[str, Any]:
    """Send one request through a policy: the response, the requests that reached a backend, variables, the trace.
    `certificate` is the caller's, a file; the configuration is the nearest `apimpolicy.toml` above the policy.
    """
    with _file_of(policy) as path, _request(url, method, headers, body, named_values, certificate) as options:
        return json_of(["run"], path, options=options)


def explain(
    policy: str,
    url: str = "/",
    method: str = "GET",
    headers: dict[str, str] | None = None,
    body: str | None = None,
    named_values: dict[str, str] | None = None,
    certificate: str | None = None,
) -> dict[str, Any]:
    """Say why a request gets its answer: which condition decided, and the value of every part of it."""
    with _file_of(policy) as path, _request(url, method, headers, body, named_values, certificate) as options:
        return json_of(["explain"], path, options=options)


def evaluate(expression: str) -> dict[str, Any]:
    """Evaluate one C# policy expression, `@(…)` or `@{…}`, for a plain GET request."""
    return {"text": printed_by(["eval"], expression)}


def new_test(policy: str) -> dict[str, Any]:
    """A first test file for a policy: one case per branch, with a request that reaches it, expecting what the policy
    does today. The text of the file; it is not written. `policy` is a file.
    """
    text = printed_by(["new", "test"], policy, options=[("--output", "-")])
    return {"text": text, "path": f"{os.path.splitext(policy)[0]}.test.yaml"}


def run_tests(path: str, name: str = "") -> dict[str, Any]:
    """Run the test cases of a test file, or of all test files below a folder; `name` chooses cases by their name."""
    return json_of(["test"], path, options=[("-k", name)] if name else [])


def prove(path: str, claims: list[dict[str, Any]] | None = None, name: str = "", seconds: float = 20) -> dict[str, Any]:
    """Prove that claims hold for every request, or find a request that shows the opposite, which was run. `path` is a
    test file with `claims`, or a folder with such files; `name` chooses claims by their name. With `claims`, written as
    in test files (`{"name": "nobody gets through without a certificate", "if": "reaches-backend", "then":
    "@(context.Request.Certificate != null)"}`, `{"never": {"status": 500, "by": "gateway"}}`), `path` is a policy.
    """
    options = [("--seconds", str(seconds)), *([("-k", name)] if name else [])]
    if claims is None:
        return json_of(["prove"], path, options=options)
    with _claims_about(path, claims) as file:
        return json_of(["prove"], file, options=options)


def page(name: str) -> dict[str, Any]:
    """A page of the reference: of a policy (`rate-limit`), of a code of `check` (`POL303`, `CS1061`) or of a rule by
    its name; of a .NET type (`JObject`), the members that expressions may use.
    """
    from apimpolicy.checks.codes import UnknownCodeError, code_of
    from apimpolicy.checks.pages import page_of_code
    from apimpolicy.editor.pages import policy_page

    text = policy_page(name) or _type_page(name)
    if not text:
        try:
            text = page_of_code(code_of(name, ())) or ""
        except UnknownCodeError:
            text = page_of_code(name.upper()) or ""
    if not text:
        raise ConfigurationError(f"there is no page for '{name}'")
    return {"name": name, "text": text}


def _type_page(name: str) -> str:
    """The allowed members of a type."""
    from apimpolicy.binding.allow_list import is_member_allowed, is_type_allowed
    from apimpolicy.binding.lookup import types_named
    from apimpolicy.dotnet.metadata import look_up
    from apimpolicy.editor.signatures import short

    found = [d for arity in range(4) for d in types_named(name, arity)] or [
        definition for arity in range(4) if (definition := look_up(name, arity)) is not None
    ]
    lines: list[str] = []
    for definition in found:
        allowed = "allowed" if is_type_allowed(definition) else "not allowed in expressions"
        lines.append(f"# {definition.name}: {allowed}\n")
        members = (m for m in definition.all_members() if is_member_allowed(m))  # type: ignore[arg-type]  # no operators
        lines += [f"- `{short(member.signature)}`" for member in members]
    return "\n".join(lines)


TOOLS: tuple[Callable[..., dict[str, Any]], ...] = (check, run, explain, evaluate, new_test, run_tests, prove, page)


@contextmanager
def _request(
    url: str,
    method: str,
    headers: dict[str, str] | None,
    body: str | None,
    named_values: dict[str, str] | None,
    certificate: str | None,
) -> Iterator[list[tuple[str, str]]]:
    """Yield the options that describe the request. The body is in a temporary file, so that it is never a file name."""
    options = [("--url", url), ("--method", method)]
    options += [("--header", f"{header}: {value}") for header, value in (headers or {}).items()]
    options += [("--named-value", f"{name}={value}") for name, value in (named_values or {}).items()]
    if certificate is not None:
        options.append(("--certificate", certificate))
    if body is None:
        yield options
        return
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "body")
        with open(path, "w", encoding="utf-8", newline="") as file:
            file.write(body)
        yield [*options, ("--body", f"@{path}")]


@contextmanager
def _claims_about(policy: str, claims: list[dict[str, Any]]) -> Iterator[str]:
    """A test file with claims about a policy, for the time of one command."""
    with _file_of(policy) as path, tempfile.TemporaryDirectory() as folder:
        configuration = ConfigurationFinder().for_file(path)
        named = [{"name": f"claim {number}", **claim} for number, claim in enumerate(claims, 1)]
        content = {
            "policy": os.path.abspath(path),
            "config": os.path.abspath(configuration) if configuration is not None else False,
            "claims": named,
        }
        file = os.path.join(folder, "claims.test.json")
        with open(file, "w", encoding="utf-8") as stream:
            json.dump(content, stream)
        yield file


@contextmanager
def _file_of(policy: str) -> Iterator[str]:
    """The policy as a file: its path, or a file for the time of one command with the document."""
    if not policy.lstrip().startswith("<"):
        if not os.path.exists(policy):
            raise ConfigurationError(f"there is no file {policy}, and the text is no policy document")
        yield policy
        return
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "policy.xml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(policy)
        yield path


def server() -> MCPServer[Any]:
    """The server with its tools. Raises ConfigurationError when the package `mcp` is not installed."""
    try:
        from mcp.server import MCPServer
    except ImportError:
        raise ConfigurationError("`apimpolicy mcp` needs the package mcp: pip install 'apimpolicy[mcp]'") from None
    made: MCPServer[Any] = MCPServer("apimpolicy", instructions=INSTRUCTIONS)
    for tool in TOOLS:
        made.tool(structured_output=True)(_with_sentences(tool))
    return made


def _with_sentences(tool: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    """The tool, whose errors the assistant can read: the SDK hides what it does not expect."""
    from mcp.server.mcpserver.exceptions import ToolError

    @wraps(tool)
    def told(*arguments: Any, **named: Any) -> dict[str, Any]:
        try:
            return tool(*arguments, **named)
        except ApimPolicyError as error:
            raise ToolError(without_secrets(str(error))) from None

    return told


def serve() -> int:
    """Serve the client at standard input and output. Raises ConfigurationError."""
    server().run("stdio")
    return 0
