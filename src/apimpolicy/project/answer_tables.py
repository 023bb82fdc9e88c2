"""Answers of services, from a configuration.

[backend]                                   # answers whatever is forwarded
status = 200
json = {orders = []}                        # or: reason, headers, body, file

[outside]                                   # answers send-request; the backend does unless it is given

[[answers]]                                 # both, by method and URL; the first match counts
method = "POST"
url = "https://login.example/*"             # `*` is any characters
json = {active = true}
delay = 2.5                                 # seconds on the gateway's clock
raises = "timeout"                          # or "refused", instead of a response
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from apimpolicy.errors import ConfigurationError
from apimpolicy.project.files import read_bytes

if TYPE_CHECKING:
    from apimpolicy.gateway.context.records import Response
    from apimpolicy.gateway.engine.recorded_answers import RecordedAnswer
    from apimpolicy.project.toml_table import Table


class AnswerTables:
    """The tables, taken out of a configuration."""

    def __init__(self, table: Table) -> None:
        self._constant = {name: table.table(name) for name in ("backend", "outside", "dapr")}
        self._answers = table.tables("answers")
        self.has_backend = self._constant["backend"] is not None or bool(self._answers)
        self.has_outside = self._constant["outside"] is not None or bool(self._answers)

    def settings(self) -> dict[str, Any]:
        """Arguments of `Gateway`. Raises ConfigurationError."""
        found: dict[str, Any] = {
            name: response_of(table) for name, table in self._constant.items() if table is not None
        }
        if not self._answers:
            return found
        from apimpolicy.gateway.engine.recorded_answers import RecordedAnswers

        answers = [_answer(table) for table in self._answers]
        backend = found.get("backend")
        found["outside"] = RecordedAnswers(answers, found.get("outside", backend))
        found["backend"] = RecordedAnswers(answers, backend)
        return found


def _answer(table: Table) -> RecordedAnswer:
    from apimpolicy.gateway.engine.recorded_answers import RecordedAnswer

    method, url, delay = table.take("method", str), table.take("url", str), table.number("delay")
    raises = table.take("raises", str)
    response = response_of(table)
    try:
        return RecordedAnswer(response, method=method, url=url or "*", delay=delay or 0.0, raises=raises)
    except ConfigurationError as error:
        raise table.mistake(f"cannot be: {error}") from None


def response_of(table: Table) -> Response:
    """Return the response that a table describes. Raises ConfigurationError."""
    from apimpolicy.gateway.context.records import Response

    status, reason = table.take("status", int), table.take("reason", str)
    if status is not None and not 100 <= status <= 599:
        raise table.mistake("must be between 100 and 599", "status")
    headers = table.take("headers", dict) or {}
    for name, value in headers.items():
        if not isinstance(value, list):
            table.checked(value, str, f"headers.{name}")
    contents = [name for name in ("body", "json", "file") if name in table]
    if len(contents) > 1:
        raise table.mistake(f"has both '{contents[0]}' and '{contents[1]}'; give one")
    options: dict[str, Any] = {}
    if (body := table.take("body", str)) is not None:
        options["body"] = body
    if (path := table.take("file", str)) is not None:
        options["body"] = read_bytes(table.path(path))
    if "json" in table:
        options["json"] = table.take("json", object)
    table.finish()
    return Response(status or 200, reason, headers=headers, **options)


# Descriptions of the API: `openapi`, `wsdl`, `graphql-schema`, and `[schemas]`, by the ids that policies name.
#
# Each is a file, or the document itself: a text that begins with `<` or `{`.

_SINGLE = {"openapi": "openapi", "wsdl": "wsdl", "graphql-schema": "graphql_schema"}


class DescriptionPaths:
    """Return the documents of a configuration's table. Raises ConfigurationError."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._given = {option: text for key, option in _SINGLE.items() if (text := table.take(key, str)) is not None}
        schemas = table.table("schemas")
        self._schemas = (
            {} if schemas is None else {name: schemas.checked(text, str, name) for name, text in schemas.items()}
        )

    def settings(self) -> dict[str, Any]:
        """Arguments of `Gateway`."""
        found: dict[str, Any] = {option: self._document(text) for option, text in self._given.items()}
        if self._schemas:
            found["schemas"] = {name: self._document(text) for name, text in self._schemas.items()}
        return found

    def _document(self, text: str) -> str | Path:
        return text if text.lstrip().startswith(("<", "{")) else Path(self._table.path(text))
