"""Cases that need a description of the API, and cases that run a GraphQL resolver.

Settings of the gateway: `openapi`, `wsdl`, `graphql_schema` name files, in the case's folder or in `descriptions`;
`schemas` maps ids to such files or to texts; `sql` is a list of rows, `cosmos` any answer, each with `raises` in its
place for one that cannot be reached. Expected besides:

    errors     what the variable `errors` holds: "Type|Name|Rule|Action|Details" of each error
    no_errors  true: the variable is not there

A case with `resolve` (`arguments`, `parent`) runs `Gateway.resolve`. Expected of it:

    result     the body of the result: a text, or data to compare it with as JSON
    events     "subscription: body" of each published event
    sent, sent_body, sent_headers    of what was sent by HTTP; sent_body and sent_headers of the first
    sql, cosmos                      attributes of the last request to the database
    error, message, effects          as for any other case
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from apimpolicy.dotnet.system import objects
from apimpolicy.engine.data_sources import RecordedCosmos, RecordedSql

if TYPE_CHECKING:
    from apimpolicy import Gateway
    from apimpolicy.engine.resolvers import Resolution

DESCRIPTIONS = Path(__file__).parent / "descriptions"


def description_settings(folder: Path, settings: dict[str, Any]) -> None:
    """Put documents where their names are, and databases where their answers are."""
    for name in ("openapi", "wsdl", "graphql_schema"):
        if isinstance(settings.get(name), str):
            settings[name] = _file(folder, settings[name])
    if "schemas" in settings:
        settings["schemas"] = {
            name: schema if not isinstance(schema, str) or schema.lstrip()[:1] in ("<", "{") else _file(folder, schema)
            for name, schema in settings["schemas"].items()
        }
    for name, kind in (("sql", RecordedSql), ("cosmos", RecordedCosmos)):
        if name in settings:
            settings[name] = kind(_unreachable if settings[name] == "unreachable" else settings[name])


def _unreachable(_: object) -> Any:
    raise ConnectionRefusedError("nobody is there")


def _file(folder: Path, name: str) -> Path:
    found = folder / name
    return found if found.exists() else DESCRIPTIONS / name


def check_errors(variables: Any, expect: dict[str, Any]) -> None:
    """Compare the variable `errors`."""
    if "errors" in expect:
        entries = json.loads(objects.text(variables["errors"]))
        keys = ("Type", "Name", "ValidationRule", "Action", "Details")
        assert ["|".join(entry[key] for key in keys) for entry in entries] == expect["errors"]
    if expect.get("no_errors"):
        assert "errors" not in variables


def run_resolver(gateway: Gateway, policy: Any, case: dict[str, Any]) -> Resolution:
    """Run the resolver of a case."""
    given = case["resolve"]
    return gateway.resolve(policy, arguments=given.get("arguments"), parent=given.get("parent"))


def check_resolution(gateway: Gateway, resolution: Resolution, expect: dict[str, Any]) -> None:
    """Compare what a resolver came to."""
    if "result" in expect:
        wanted = expect["result"]
        assert (resolution.text if isinstance(wanted, str) else resolution.json()) == wanted
    if "events" in expect:
        assert [f"{event.subscription}: {event.body}" for event in resolution.events] == expect["events"]
    if "sent" in expect:
        assert [f"{request.method} {request.url}" for request in resolution.sent_requests] == expect["sent"]
    if "sent_body" in expect:
        assert resolution.sent_requests[0].text == expect["sent_body"]
    for name, value in expect.get("sent_headers", {}).items():
        assert resolution.sent_requests[0].headers.get(name) == value, name
    for name in ("sql", "cosmos"):
        if name in expect:
            source: Any = getattr(gateway, name)
            seen = attrs.asdict(source.requests[-1])
            assert {key: _plain(seen[key]) for key in expect[name]} == expect[name]
    error = resolution.error
    assert (error is not None) == bool(expect.keys() & {"error", "message"}), error
    if error is not None:
        assert {key: getattr(error, key) for key in expect.get("error", {})} == expect.get("error", {})
        assert expect.get("message", "") in error.message
    effects = iter([f"{entry.path}: {entry.effect.text}" for entry in resolution.trace if entry.effect is not None])
    for effect in expect.get("effects", []):
        assert effect in effects, effect


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(entry) for key, entry in value.items() if entry is not None}
    return [_plain(entry) for entry in value] if isinstance(value, (list, tuple)) else value
