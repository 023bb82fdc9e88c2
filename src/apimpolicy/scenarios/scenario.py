"""One request with its surroundings, as plain data.

It has only what differs from the plainest request. `scenarios.assignments` makes one of an assignment of the inputs,
`Harness.run` runs it, and writers of test cases read its fields.
"""

from __future__ import annotations

import datetime
from typing import Any

import attrs

ENTITIES = ("user", "product", "subscription", "api", "operation", "deployment")


@attrs.define
class StubResponse:
    """The response of the backend or another service; `raises` is `timeout` or `refused` instead."""

    status: int = 200
    reason: str | None = None
    headers: dict[str, str] = attrs.field(factory=dict)
    body: str | None = None
    json: Any = None
    has_json: bool = False
    raises: str | None = None


@attrs.define
class Scenario:
    """A request and its surroundings. `entities` are those of `context` by kind; None means that there is none."""

    method: str = "GET"
    url: str = "/"
    headers: dict[str, str | list[str]] = attrs.field(factory=dict)
    body: str | None = None
    json: Any = None
    has_json: bool = False
    address: str | None = None
    certificate: str | None = None
    token: tuple[str, dict[str, Any]] | None = None
    variables: dict[str, Any] = attrs.field(factory=dict)
    entities: dict[str, dict[str, Any] | None] = attrs.field(factory=dict)
    groups: list[dict[str, str]] = attrs.field(factory=list)
    answers: list[StubResponse] = attrs.field(factory=list)
    sent_answers: list[StubResponse] = attrs.field(factory=list)
    cache: dict[str, Any] = attrs.field(factory=dict)
    random_numbers: list[float] = attrs.field(factory=list)
    guids: list[str] = attrs.field(factory=list)
    request_id: str | None = None
    section: str | None = None
    """The only section that runs, with a response from its beginning."""
    response: StubResponse = attrs.field(factory=StubResponse)
    calls_before: int = 0
    """The number of earlier identical requests."""
    now: int | None = None
    """The gateway's time, in seconds since 1970."""
    named_values: dict[str, str] = attrs.field(factory=dict)
    """Named values that differ from those of the harness."""
    doubles: dict[str, dict[str, Any]] = attrs.field(factory=dict)
    """The doubles of policies, by place: `variables`, or an `error`."""

    @property
    def moment(self) -> datetime.datetime | None:
        """The gateway's time, if it matters."""
        return None if self.now is None else datetime.datetime.fromtimestamp(self.now, datetime.UTC)
