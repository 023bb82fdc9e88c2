"""Reference pages written from the program: command line, configuration file, settings, test files."""

from __future__ import annotations

import ast
import json
import re
import textwrap
from importlib import import_module
from inspect import cleandoc
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apimpolicy.testing.format import Keys

HERE = Path(__file__).parent
SOURCES = HERE.parent / "src" / "apimpolicy"


def command_line() -> str:
    """Return the page of all commands."""
    from apimpolicy.cli.program import COMMANDS, program

    lines = ["# Command line", ""]
    lines += _command(program, "apimpolicy", 2)
    for name in COMMANDS:
        command: click.Command = import_module(f"apimpolicy.cli.{name}").command
        lines += _command(command, f"apimpolicy {name}", 2)
    return "\n".join(lines).rstrip() + "\n"


def _command(command: click.Command, name: str, level: int) -> Iterator[str]:
    context = click.Context(command, info_name=name, help_option_names=["-h", "--help"])
    yield f"{'#' * level} {name}\n"
    usage = command.get_usage(context).removeprefix("Usage: ")
    yield f"```text\n{' '.join(usage.split())}\n```\n"
    for paragraph in cleandoc(command.help or "").split("\n\n"):
        if paragraph.startswith("\b"):
            yield f"```text\n{textwrap.dedent(paragraph.removeprefix(chr(8)).strip(chr(10)))}\n```\n"
        else:
            yield f"{_plain(paragraph)}\n"
    records = [
        record
        for parameter in command.get_params(context)
        if isinstance(parameter, click.Option) and (record := parameter.get_help_record(context)) is not None
    ]
    if records:
        yield "| option | meaning |\n| --- | --- |"
        yield from (f"| {_options(names)} | {_cell(_plain(text))} |" for names, text in records)
        yield ""
    if command.epilog:
        yield f"{_plain(command.epilog)}\n"
    if isinstance(command, click.Group) and type(command).__name__ != "_Commands":
        for inner in command.list_commands(context):
            found = command.get_command(context, inner)
            if found is not None:
                yield from _command(found, f"{name} {inner}", level + 1)


def _options(names: str) -> str:
    return f"`{_cell(names)}`"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _plain(text: str) -> str:
    """Escape text that Markdown would take for markup."""
    parts = " ".join(text.split()).split("`")
    parts[::2] = [part.replace("*", "\\*").replace("<", "&lt;") for part in parts[::2]]
    return "`".join(parts)


def _plain_settings() -> Iterator[str]:
    """Yield the settings with a plain value and their defaults."""
    from apimpolicy.gateway.policies.settings import Behaviour

    rows: list[str] = []
    for declared in Behaviour.declared.values():
        others = [f'"{choice}"' for choice in declared.choices if choice != declared.default]
        row = f"{declared.key} = {json.dumps(declared.default)}"
        rows.append(f"{row:<48}# or {', '.join(others)}" if others else row)
    yield "Settings with a plain value, with their defaults. [Gateway settings](gateway.md) describes them.\n"
    yield _block(["\n".join(rows)], "toml")


def _settings_of_serve() -> Iterator[str]:
    """Yield the keys of the table `[serve]`."""
    from apimpolicy.gateway.policies.settings import meanings
    from apimpolicy.project.serve_settings import Limits, ServeSettings

    said = meanings(ServeSettings)
    yield "| key | values | default | meaning |\n| --- | --- | --- | --- |"
    for name, declared in sorted(ServeSettings.declared.items(), key=lambda item: item[0] in Limits.declared):
        row = (f"`{declared.key}`", f"`{declared.annotation}`", f"`{json.dumps(declared.default)}`", _plain(said[name]))
        yield f"| {' | '.join(map(_cell, row))} |"
    yield ""


SETTINGS = """\
Keyword arguments of `Gateway(…)`, and of `Apim.configure(…)` in tests. All are optional; the defaults are those of a
new API Management service. Use the key of a setting in `apimpolicy.toml` and below `gateway:` in test files. For
settings without a key, see [the configuration file](configuration.md).
"""


def settings_of_a_gateway() -> str:
    """Return the page of the settings."""
    from apimpolicy.gateway.engine.gateway_settings import GatewaySettings
    from apimpolicy.gateway.policies.settings import Behaviour, meanings

    said = meanings(GatewaySettings)
    lines = ["# Gateway settings", "", SETTINGS]
    for title, owner in (("Behavior", Behaviour), ("Contents", GatewaySettings)):
        lines.append(f"## {title}\n\n| setting | key | values | default | meaning |\n| --- | --- | --- | --- | --- |")
        for name, declared in owner.declared.items():
            if owner is GatewaySettings and name in Behaviour.declared:
                continue
            key = f"`{declared.key}`" if owner is Behaviour else ""
            values = ", ".join(f'`"{choice}"`' for choice in declared.choices) or f"`{declared.annotation}`"
            row = (f"`{name}`", key, values, f"`{declared.default!r}`", _plain(said[name]))
            lines.append(f"| {' | '.join(map(_cell, row))} |")
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"


ENTITIES = (
    "Values of `context.Api`, `context.Product` and so on when a policy runs without a service. Keys are the names of "
    "the members in lower case with hyphens."
)


FURTHER_KEYS = {
    "api": ("protocols", "subscription-key-header", "subscription-key-query"),
    "product": ("groups", "state"),
    "user": ("groups", "identities"),
}
"""Keys that are not plain values; a test holds that no key is missing on the page."""


def configuration_file() -> str:
    """Return the page of apimpolicy.toml, from the docstrings of the modules that read it."""
    lines = ["# Configuration file", ""]
    lines.append(
        "`apimpolicy.toml` describes the simulated gateway and configures `check`. The nearest one beside or above a "
        "policy or a test file applies, up to the root of the repository; `--config` selects another one. In "
        "`pyproject.toml`, write the settings below `[tool.apimpolicy]`. An invalid key or value is an error with "
        "file, line, key and the nearest valid name.\n"
    )
    from apimpolicy.editor.pages import CONFIGURATION

    for title, modules in CONFIGURATION.items():
        lines.append(f"## {title}\n")
        for module in modules:
            if module == "gateway_settings":
                lines += _plain_settings()
            lines += _docstring(f"project/{module}.py", "toml")
            if module == "serve_settings":
                lines += _settings_of_serve()
    lines.append("## Single entities\n")
    lines.append(f"{ENTITIES}\n")
    lines.append("| table | keys |\n| --- | --- |")
    lines += (f"| `[{name}]` | {', '.join(f'`{key}`' for key in keys)} |" for name, keys in entity_keys().items())
    return "\n".join(lines).rstrip() + "\n"


def entity_keys() -> dict[str, list[str]]:
    """Return the keys of the tables `api`, `operation` and so on."""
    from apimpolicy.project.service_tables import _PLAIN

    return {name: [*keys, *FURTHER_KEYS.get(name, ())] for name, keys in _PLAIN.items()}


TABLES_OF_TEST_FILES = {
    "file": "The file",
    "case": "A case; `defaults` has the same keys from `gateway` on",
    "step": "A step",
    "scopes": "`policies`",
    "request": "`request`",
    "mcp": "`mcp` of a request",
    "token": "`token` of a request",
    "signing-key": "`signed-with` of a token",
    "secret": "`encrypted-for` of a token, if it is not a certificate",
    "answer": "A response of `backend`, `outside` or `dapr`",
    "when": "`when` of a response",
    "named-value": "A named value that is not a text",
    "resolve": "`resolve`",
    "provider-state": "The state of an identity provider",
    "double": "A double, in `replace`",
    "double-error": "`error` of a double",
    "response": "`response`",
    "last-error": "`last-error`",
    "expect": "`expect`",
    "sent": "An expected request: `request`, and in `backend-requests` and `sent-requests`",
    "matching": "An expected text",
    "body-parts": "An expected body",
    "error": "An expected `error`",
    "trace-entry": "An entry of `trace`",
    "recorded": "`recorded`",
    "event": "An event of `recorded`",
    "bus-message": "A message of `recorded`",
    "publication": "A publication of `recorded`",
    "binding": "A binding of `recorded`",
    "metric": "A metric of `recorded`",
    "identity-request": "A request for a token in `recorded`",
    "connection": "A connection of `recorded`",
    "published": "A published event of `recorded`",
    "claim": "A claim",
    "condition-keys": "A condition of a claim",
    "certificate": "A certificate",
    "provider": "An identity provider",
}
"""The tables of the format, in the order of the page."""

TEST_FILES = {
    "Responses: `backend`, `outside` and `dapr`": "doubles",
    "Parts and doubles": "policy_parts",
    "Expectations: `expect`": "expectations",
    "MCP servers": "mcp_cases",
    "Claims": "claims/reading",
    "Conditions of claims": "claims/conditions",
    "Claims of a configuration": "claims/configured",
    "Requests to services: `recorded`": "recorded_services",
    "Certificates": "certificates",
    "Identity providers and tokens": "identities",
}


def files_of_cases() -> str:
    """Return the page of test files, from their declaration and the docstrings of the modules that read them."""
    from apimpolicy.report.outputs.json_schema import ADDRESS
    from apimpolicy.testing.kinds import TABLES
    from apimpolicy.testing.schema import NAME

    lines = ["# Test files", ""]
    lines += _docstring("testing/case_files.py", "yaml")
    lines.append(
        "In editors with JSON Schema, these keys have completion if the first line is "
        f"`# yaml-language-server: $schema={ADDRESS}{NAME}`.\n"
    )
    lines.append("## Keys\n")
    for name, title in TABLES_OF_TEST_FILES.items():
        lines.append(f"### {title}\n\n| key | value | meaning | example |\n| --- | --- | --- | --- |")
        lines += _keys(TABLES[name])
        lines.append("")
    for title, module in TEST_FILES.items():
        lines.append(f"## {title}\n")
        lines += _docstring(f"testing/{module}.py", "yaml")
    return "\n".join(lines).rstrip() + "\n"


def _keys(table: Keys) -> Iterator[str]:
    from apimpolicy.testing.schema import schema_of

    for key, (words, meaning, example) in table.items():
        cells = f"{_cell(_kind(schema_of(words)))} | {_cell(_plain(meaning))} | `{_cell(example)}`"
        yield f"| `{key}` | {cells} |"


def _kind(value: dict[str, Any]) -> str:
    if "$ref" in value:
        return "a table"
    if "enum" in value:
        return " or ".join(f"`{one}`" for one in value["enum"])
    if "anyOf" in value:
        return ", ".join(dict.fromkeys(_kind(one) for one in value["anyOf"]))
    names = {
        "number": "a number",
        "string": "text",
        "object": "a table",
        "array": "a list",
        "integer": "a number",
        "boolean": "true, false",
    }
    kinds = value.get("type", "anything")
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if kinds[:3] == ["string", "number", "boolean"]:
        return "text, null" if "null" in kinds else "text"
    return ", ".join(names.get(kind, kind) for kind in kinds)


def _docstring(path: str, language: str) -> Iterator[str]:
    """Yield a module's docstring as Markdown. Its examples become blocks."""
    text = ast.get_docstring(ast.parse((SOURCES / path).read_text("utf-8"))) or ""
    text = re.sub(r"\b(?:project/|testing/)?\w+\.py\b", "below", text)  # there it is a module, here a part of the page
    paragraphs = text.split("\n\n")
    block: list[str] = []
    for paragraph in paragraphs:
        if _is_example(paragraph):
            block.append(textwrap.dedent(paragraph))
            continue
        if block:
            yield _block(block, language)
            block = []
        yield f"{paragraph.strip()}\n"
    if block:
        yield _block(block, language)


def _block(paragraphs: list[str], language: str) -> str:
    return "\n".join((f"```{language}", "\n\n".join(paragraphs), "```", ""))


def _is_example(paragraph: str) -> bool:
    first = paragraph.split("\n", 1)[0]
    begins = first.startswith(("    ", "[", "#", "backend: {", "- name:"))
    return begins or " = " in first or first in ("expect:", "backend:", "recorded:")


def codes_of_findings() -> str:
    """Return the pages of all codes of `check` on one page, to which editors and reports link."""
    from apimpolicy.checks.catalogue import entries
    from apimpolicy.checks.pages import all_codes, page_of_code

    lines = ["# Codes of findings", "", "`apimpolicy rule POL301` prints the same in a terminal.", ""]
    for code in sorted((*all_codes(), *(entry.code for entry in entries()))):
        lines.append(f"## {code}\n\n{_without_markup(page_of_code(code) or '')}\n")
    return "\n".join(lines).rstrip() + "\n"


def _without_markup(text: str) -> str:
    """Return Markdown with tags outside of code as text."""
    parts = re.split(r"(```.*?```|`[^`]*`)", text, flags=re.DOTALL)
    parts[::2] = [part.replace("<", "&lt;") for part in parts[::2]]
    parts[1::2] = [part if part.startswith("```") else " ".join(part.split()) for part in parts[1::2]]
    return "".join(parts)


def fields_of_output() -> str:
    """Return the page of all fields of JSON output, from the schemas."""
    from apimpolicy.report.outputs.json_schema import OUTPUTS, output_schema

    lines = ["# Fields of JSON output", ""]
    lines.append("Fields marked with ? can be missing. [Output for programs](output.md) tells where the schemas are.\n")
    for output in OUTPUTS:
        schema = output_schema(output)
        lines.append(f"## {output.removesuffix('-output')}\n\n{schema['title']}.\n")
        lines += _fields(schema)
        for name, definition in schema["definitions"].items():
            lines.append(f"### {name}\n")
            lines += _fields(definition)
    return "\n".join(lines).rstrip() + "\n"


def _fields(schema: dict[str, Any]) -> Iterator[str]:
    yield "| field | value | meaning |\n| --- | --- | --- |"
    for name, value in schema["properties"].items():
        mark = "" if name in schema["required"] else "?"
        yield f"| `{name}`{mark} | {_cell(_field_kind(value))} | {_cell(_plain(value.get('description', '')))} |"
    yield ""


def _field_kind(value: dict[str, Any]) -> str:
    if "$ref" in value:
        return str(value["$ref"]).rpartition("/")[2]
    if "allOf" in value:
        return _field_kind(value["allOf"][0])
    if "const" in value:
        return f"`{value['const']}`"
    if "items" in value:
        return f"list of {_field_kind(value['items'])}"
    if isinstance(value.get("additionalProperties"), dict):
        return f"table of {_field_kind(value['additionalProperties'])}"
    if "anyOf" in value:
        return " or ".join(map(_field_kind, value["anyOf"]))
    return _kind(value) if value.get("type") != "null" else "null"


PAGES = {
    "codes.md": codes_of_findings,
    "command-line.md": command_line,
    "configuration.md": configuration_file,
    "gateway.md": settings_of_a_gateway,
    "output-fields.md": fields_of_output,
    "test-files.md": files_of_cases,
}
