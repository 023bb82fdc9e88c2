"""Only `checkout` opens files of a checkout, lists its folders or starts git; the others name what else they open."""

from __future__ import annotations

import ast
from pathlib import Path

import apimpolicy

SOURCES = Path(apimpolicy.__file__).parent
FUNCTIONS = {
    "os": "open scandir listdir walk fwalk system popen remove makedirs mkdir unlink replace rename symlink link execv",
    "subprocess": "run Popen call check_call check_output",
    "asyncio": "create_subprocess_exec create_subprocess_shell",
    "shutil": "rmtree copy copyfile copytree move",
    "glob": "glob iglob",
    "io": "open",
}
CALLS = {"open", *(f"{module}.{name}" for module, names in FUNCTIONS.items() for name in names.split())}
METHODS = {"read_text", "read_bytes", "write_text", "write_bytes", "iterdir", "rglob", "hardlink_to", "symlink_to"}

OF_THE_PACKAGE = frozenset(
    [
        "csharp.binding.foreign_names",
        "checks.pages",
        "checks.rules.changed_by_release",
        "declarations",
        "csharp.dotnet.implementation_index",
        "csharp.dotnet.implementations",
        "csharp.dotnet.metadata",
        "csharp.dotnet.regex.character_classes",
        "csharp.dotnet.system.timezones",
        "editor.assistant_tools",
        "editor.names_completion",
        "editor.signatures",
        "editor.usage",
        "gateway.context.azure_texts",
        "report.markup",
        "reasoning.semantics.facts",
        "serving.inspector",
        "serving.redis_connection",
        "csharp.syntax.shape_stubs",
        "csharp.syntax.tables",
        "testing.claims.reading",
        "report.outputs.json_schema",
    ]
)
"""Modules that open files of the package itself."""
OF_THE_TOOL = {
    "checkout": "the door",
    "checks.catalogue": "installed packages with rules",
    "cli.program": "the null device",
    "cli.wall": "where folders are, to open them for the system",
    "csharp.dotnet.cryptography.certificate_parts": "a certificate in a temporary folder, for OpenSSL",
    "editor.request_actions": "a document in a temporary folder",
    "editor.isolated_calls": "this Python",
    "editor.pages": "pages in a temporary folder",
    "gateway.engine.isolation": "a pipe",
    "gateway.policies.own_process": "this Python",
    "gateway.policies.own_process.process": "the memory of the process, in /proc",
    "project.audit_changes": "a temporary folder",
    "project.cache": "the user's cache",
    "serving.tls": "the authority in the user's own folder",
    "serving.workers": "a socket in a temporary folder",
    "reasoning.terms.solver_process": "this Python, with the solver",
    "testing.apim": "the page that a test in Python asks for",
    "testing.comparing.versions": "a configuration in a temporary folder",
    "testing.mutation.pytest_process": "pytest's output in a temporary file",
}


def _calls(path: Path) -> list[str]:
    """Return the calls in a module that open, list or start something."""
    text = path.read_text("utf-8")
    if not any(f"{name.rpartition('.')[2]}(" in text for name in CALLS | METHODS):
        return []
    found: list[str] = []
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.Call):
            continue
        name = ast.unparse(node.func)
        method = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        opens = method == "open" and any(
            isinstance(each, ast.Constant) and each.value in ("r", "rb", "w", "wb") for each in node.args
        )
        if name in CALLS or method in METHODS or opens:
            found.append(f"{name}, line {node.lineno}")
    return found


def test_modules_open_nothing_of_a_checkout_themselves() -> None:
    found: dict[str, list[str]] = {}
    for path in SOURCES.rglob("*.py"):
        if calls := _calls(path):
            found[".".join(path.relative_to(SOURCES).with_suffix("").parts).removesuffix(".__init__")] = calls
    allowed = {*OF_THE_PACKAGE, *OF_THE_TOOL}
    assert {module: calls for module, calls in found.items() if module not in allowed} == {}
    assert allowed - set(found) == set()  # no exception that nothing needs
