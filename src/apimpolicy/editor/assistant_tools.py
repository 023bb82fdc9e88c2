"""The tools for coding assistants: names, descriptions and schemas, and the calls that they make.

Every tool that works on a policy takes its settings in the form that test files have, so that what an assistant has
tried can be written down as a test.
"""

from __future__ import annotations

import json
from importlib import resources
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from apimpolicy.editor.assistant_pages import TOPICS, page_named
from apimpolicy.editor.case_contents import is_document
from apimpolicy.errors import ConfigurationError
from apimpolicy.testing.claims.format import CLAIM
from apimpolicy.testing.format import CASE, EXPECT, GIVEN, REQUEST

if TYPE_CHECKING:
    from collections.abc import Callable

    from apimpolicy.testing.format import Keys

    Schema = dict[str, Any]
    Arguments = dict[str, Any]

INSTRUCTIONS = """\
Azure API Management policies, offline. C# expressions compile and run as in .NET, and a simulated gateway runs whole
documents. Nothing is sent to Azure, and no file is changed.

Work in this order: `check` after every change; `run` or `explain` to see what a request gets and why; `run_tests` with
cases; `prove` for what must be true of every request. `page` has the reference: the pages test-files, claims and
configuration explain the formats, and there is one for each policy, code and .NET type.

A policy is a path, or the document itself (a text that begins with `<`). Client certificates reach expressions only
with gateway: {"negotiate-client-certificate": true}. Callers can show the certificates partner, other-partner, expired,
early, revoked, self-signed and stranger of a made-up authority; gateway: {"certificates": {"partner": "partner"}}
uploads one.
"""


class Tool(NamedTuple):
    """A tool: what assistants read of it, and the call that it makes: an action of `isolated_calls`, arguments."""

    name: str
    title: str
    description: str
    parameters: dict[str, Schema]
    required: tuple[str, ...]
    output: Schema
    call: Callable[[Arguments], tuple[str, Arguments]]

    def input_schema(self) -> Schema:
        """Return the JSON schema of the arguments."""
        required = {"required": list(self.required)} if self.required else {}
        return {"type": "object", "properties": self.parameters, **required, "additionalProperties": False}


def _text(description: str) -> Schema:
    return {"type": "string", "description": description}


def _texts(description: str) -> Schema:
    return {"type": "array", "items": {"type": "string"}, "description": description}


def _table(description: str, keys: Keys | None = None) -> Schema:
    """Return the schema of a table, with its keys where they are few; the reader of test files checks the values."""
    schema: Schema = {"type": "object", "description": description}
    if keys is not None:
        schema["properties"] = {
            key: {"description": f"{said} Example: {like}"} for key, (_, said, like) in keys.items()
        }
    return schema


def _list(description: str, items: Schema) -> Schema:
    return {"type": "array", "items": items, "minItems": 1, "description": description}


_POLICY: Final = _text("The policy: a path, or the document itself (a text that begins with <).")
_SETTINGS: Final[dict[str, Schema]] = {
    "scopes": {
        "type": "object",
        "additionalProperties": {"type": "string"},
        "description": "Policies of the other scopes, each a path or a document: global, workspace, product, "
        "operation. `policy` is the API's.",
    },
    "config": {
        "type": ["string", "boolean"],
        "description": "An apimpolicy.toml; false for none. Unless given, the nearest one above a policy that is a "
        "file.",
    },
    "gateway": _table(
        "Settings of the gateway, the keys of apimpolicy.toml (page configuration). Example: "
        '{"negotiate-client-certificate": true, "certificates": {"partner": "partner"}, "trusted-roots": ["test-ca"], '
        '"fragments": {"log": "<fragment>…</fragment>"}}. Certificates are names of the test authority, names in '
        "`certificates`, or files."
    ),
    "named_values": _table('Named values. {"thumbprint": "partner"} is the thumbprint of that certificate.'),
    "certificates": _table(
        'Further certificates by name. Example: {"contoso": {"subject": "CN=contoso, O=Contoso"}, "old": '
        '{"not-after": "2025-12-31"}}. partner, other-partner, expired, early, revoked, self-signed and stranger '
        "(of another authority) need not be declared."
    ),
    "identity_providers": _table(
        "Identity providers that issue tokens, by name. Example: "
        '{"login": {"issuer": "https://login.contoso.example", "audience": "orders"}}.'
    ),
    "now": _text("The gateway's time, 2026-01-01T00:00:00Z unless given. The test authority's certificates fit it."),
    "backend": {"type": ["object", "array"], "description": f"{GIVEN['backend'][1]} Example: {GIVEN['backend'][2]}"},
    "outside": {"type": ["object", "array"], "description": f"{GIVEN['outside'][1]} Example: {GIVEN['outside'][2]}"},
    "variables": _table(GIVEN["variables"][1]),
}
_REQUEST: Final = _table('The request; {"get": "/"} unless given.', REQUEST)
_CASES: Final = _list(
    "Test cases, as in a test file (page test-files).",
    {
        "type": "object",
        "properties": {
            **{key: {"description": CASE[key][1]} for key in ("name", "each", "steps", "gateway", "backend", "now")},
            "request": _table("The request; GET / unless given.", REQUEST),
            "expect": _table("The expected response.", EXPECT),
        },
        "required": ["name"],
    },
)
_CLAIMS: Final = _list(
    "Claims about every request, as in a test file (page claims), or names of claims such as authenticated.",
    {"anyOf": [{"type": "string"}, _table("A claim.", CLAIM)]},
)


def _schema(name: str) -> Schema:
    """Return the schema of what a command prints as JSON."""
    text = resources.files("apimpolicy.schemas").joinpath(f"apimpolicy-{name}-output.schema.json").read_text("utf-8")
    found: Schema = json.loads(text)
    for key in ("$schema", "$id", "title"):
        found.pop(key, None)
    found["properties"]["left_out"] = _text("What is not listed, to keep the answer short.")
    return found


def _plain_schema(**properties: Schema) -> Schema:
    required = [name for name, schema in properties.items() if not schema.pop("optional", False)]
    return {"type": "object", "properties": properties, "required": required}


def _setting(arguments: Arguments) -> Arguments:
    """Return arguments under the names that test files have for them."""
    return {name.replace("_", "-"): value for name, value in arguments.items()}


def _check(arguments: Arguments) -> tuple[str, Arguments]:
    options = dict(arguments)
    policy, gateway = options.pop("policy"), options.pop("gateway", None) or {}
    named_values = options.pop("named_values", None)
    options["gateway"] = options.pop("gateway_kind", None)
    if is_document(policy):
        options["settings"] = _toml(gateway, named_values)
        named_values = None
    elif gateway:
        raise ConfigurationError("'gateway' goes with a policy that is given as a text; name a file's as 'config'")
    return "check", {"policy": policy, "named_values": named_values, **options}


def _toml(gateway: Arguments, named_values: Arguments | None) -> str:
    """Return settings as a configuration; what depends on the test authority is declared by name only."""
    from apimpolicy.project.toml_writer import to_toml

    settings = {name.replace("_", "-"): value for name, value in gateway.items()}
    external = [f"certificates/{name}" for name in settings.pop("certificates", None) or ()]
    for key in ("trusted-roots", "intermediates", "unreachable-revocation-lists"):
        settings.pop(key, None)
    given = {**settings.pop("named-values", {}), **(named_values or {})}
    external += [f"named-values/{name}" for name, value in given.items() if isinstance(value, dict)]
    if texts := {name: value for name, value in given.items() if isinstance(value, str)}:
        settings["named-values"] = texts
    return to_toml({**settings, "external": [*settings.get("external", ()), *external]})


def _run(arguments: Arguments) -> tuple[str, Arguments]:
    return "run", {"most_entries": MOST_ENTRIES, **_setting(arguments)}


def _explain(arguments: Arguments) -> tuple[str, Arguments]:
    return "explain", _setting(arguments)


def _evaluate(arguments: Arguments) -> tuple[str, Arguments]:
    return "evaluate", _setting(arguments)


def _new_test(arguments: Arguments) -> tuple[str, Arguments]:
    options = dict(arguments)
    gateway, named_values = options.pop("gateway", None) or {}, options.pop("named_values", None)
    if (gateway or named_values) and not is_document(options["policy"]):
        raise ConfigurationError("'gateway' and 'named_values' go with a policy that is given as a text")
    return "new_test", {**options, "settings": _toml(gateway, named_values)}


def _run_tests(arguments: Arguments) -> tuple[str, Arguments]:
    return "run_cases", _path_or_policy(arguments, "cases")


def _prove(arguments: Arguments) -> tuple[str, Arguments]:
    return "prove", _path_or_policy(arguments, "claims")


def _path_or_policy(arguments: Arguments, what: str) -> Arguments:
    """Return the arguments of a call about files below a path, or about a policy. Raises ConfigurationError."""
    setting = _setting(arguments)
    names = [setting.pop("name")] if setting.get("name") else []
    if ("path" in setting) == ("policy" in setting) or ("policy" in setting) != (what in setting):
        raise ConfigurationError(f"give 'path' (test files), or 'policy' together with '{what}'")
    if "path" in setting and (wrong := [key for key in setting if key not in ("path", "seconds")]):
        raise ConfigurationError(f"'{wrong[0]}' goes with 'policy' and '{what}'; test files have settings of their own")
    return {"names": names, **setting}


MOST_ENTRIES: Final = 60
"""Entries of a trace that an answer has."""

TOOLS: Final = (
    Tool(
        "check",
        "Check a policy",
        "Find what is wrong with a policy before it is saved to Azure: what the C# compiler, the gateway and the rules "
        "report, with line, column and what to do. An error means that Azure refuses the document.",
        {
            "policy": _text("A file, a folder, or the document itself (a text that begins with <)."),
            "config": _text("An apimpolicy.toml; unless given, the nearest one above a file."),
            "gateway": _SETTINGS["gateway"],
            "named_values": {"type": "object", "description": "Named values that exist, with their values."},
            "scope": {"enum": ["global", "workspace", "product", "api", "operation"], "description": "Its scope."},
            "tier": _text("The tier of the service, such as consumption or developer."),
            "gateway_kind": _text("The kind of gateway, such as classic, v2, consumption or self-hosted."),
            "select": _texts("Only these codes, beginnings of codes or names of rules."),
            "ignore": _texts("Not these codes, beginnings of codes or names of rules."),
        },
        ("policy",),
        _schema("check"),
        _check,
    ),
    Tool(
        "run",
        "Send a request",
        "Send one request through a policy on a simulated gateway: the response, the requests that reached a backend, "
        "variables, the error, the trace.",
        {"policy": _POLICY, "request": _REQUEST, **_SETTINGS},
        ("policy",),
        _schema("run"),
        _run,
    ),
    Tool(
        "explain",
        "Explain a response",
        "Say why a request gets its response: which condition decided, and the value of every part of it; for client "
        "certificates why one is missing or not accepted.",
        {"policy": _POLICY, "request": _REQUEST, **_SETTINGS},
        ("policy",),
        _schema("explain"),
        _explain,
    ),
    Tool(
        "evaluate",
        "Evaluate an expression",
        "Evaluate one C# policy expression, @(…) or @{…}, for a request.",
        {
            "expression": _text("The expression, as in a policy; plain C# is taken as @(…)."),
            "request": _REQUEST,
            **{name: schema for name, schema in _SETTINGS.items() if name not in ("scopes", "config")},
        },
        ("expression",),
        _plain_schema(
            static_type=_text("The type at compile time."),
            type={**_text("The type of the value."), "optional": True},
            value={**_text("The value, as text."), "optional": True},
            exception={**_text("The exception that it throws."), "optional": True},
        ),
        _evaluate,
    ),
    Tool(
        "new_test",
        "Write a first test file",
        "Search a request for each branch of a policy and return a test file with them, which expects what the policy "
        "does today. The file is not written.",
        {
            "policy": _POLICY,
            "gateway": _SETTINGS["gateway"],
            "named_values": {"type": "object", "description": "Named values, for a policy given as a text."},
            "seconds": {"type": "number", "exclusiveMinimum": 0, "description": "How long to search."},
        },
        ("policy",),
        _plain_schema(text=_text("The test file, as YAML."), path=_text("Where it belongs.")),
        _new_test,
    ),
    Tool(
        "run_tests",
        "Run tests",
        "Run test cases: those of test files below `path`, or `cases` about `policy`. The summary counts those that "
        "pass; the others are listed with what differs and why.",
        {
            "path": _text("A test file (*.test.yaml, .toml, .json), or a folder with such files."),
            "name": _text("With `path`: only cases with this text in their name."),
            "policy": _POLICY,
            "cases": _CASES,
            **_SETTINGS,
        },
        (),
        _schema("test"),
        _run_tests,
    ),
    Tool(
        "prove",
        "Prove claims",
        "Decide claims for every request: those of test files below `path`, or `claims` about `policy`. A claim is "
        "proven, or false with a request that ran, or undecided with the reasons. Example of claims: "
        '[{"name": "no request gets through without a certificate", "if": "reaches-backend", "then": '
        '"@(context.Request.Certificate != null)"}, {"name": "no error of the gateway", "never": {"status": 500, '
        '"by": "gateway"}}].',
        {
            "path": _text("A test file with claims, or a folder with such files."),
            "name": _text("With `path`: only claims with this text in their name."),
            "policy": _POLICY,
            "claims": _CLAIMS,
            "seconds": {"type": "number", "exclusiveMinimum": 0, "description": "How long to search; 20 unless given."},
            **_SETTINGS,
        },
        (),
        _schema("prove"),
        _prove,
    ),
    Tool(
        "page",
        "Read the reference",
        f"Read a page: {', '.join(TOPICS)}, a policy (rate-limit), a code or a rule of check (POL303, CS1061), or a "
        ".NET type (JObject) with the members that expressions may use.",
        {"name": _text(f"One of {', '.join(TOPICS)}, or the name of a policy, a code, a rule or a type.")},
        ("name",),
        _plain_schema(name=_text("The name."), text=_text("The page, as Markdown.")),
        lambda arguments: ("page", arguments),
    ),
)


def page(name: str) -> dict[str, str]:
    """Return a page. Raises ConfigurationError where there is none."""
    text = page_named(name)
    if not text:
        raise ConfigurationError(f"unknown page '{name}'")
    return {"name": name, "text": text}
