"""Errors of the policies that validate messages against the API's description, and their effects.

An error is the documented object `{Name, Type, ValidationRule, Details, Action}`. `detect` writes it to the variable
of `errors-variable-name` and continues; `prevent` writes it there too and refuses: 400 on the request's side, 502
on the response's (with the phrase `Response Not Allowed`, as seen), `context.LastError` with the details, and for the
caller the public text.

Our choices: the variable holds a `JArray` of `JObject` (the documented example casts it to `IEnumerable<object>`), and
is there only if there is an error; of several errors of one set the first one makes `LastError` and the response. A
description without the operation causes the documented error of a schema that does not exist. So does a gateway without
any description where the action is `detect`; where it is `prevent`, the configuration of the gateway is wrong.

Source: https://learn.microsoft.com/azure/api-management/validate-content-policy#validation-errors
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import attrs

from apimpolicy.csharp.dotnet.values import from_utf16, to_utf16
from apimpolicy.errors import ConfigurationError
from apimpolicy.gateway.policies.effects import Effect, Validated
from apimpolicy.gateway.policies.spec import PolicyExchange, azure_error

if TYPE_CHECKING:
    from apimpolicy.gateway.context.description import ApiDefinition

ACTIONS = ("ignore", "prevent", "detect")
IGNORE, PREVENT, DETECT = ACTIONS

UNSPECIFIED, INCORRECT, SIZE, MISSING = "Unspecified", "IncorrectMessage", "SizeLimit", "MissingDefinition"


@attrs.frozen
class ValidationError:
    """An error; `public` is its text for the caller, None if it does not concern them."""

    name: str
    type: str
    rule: str
    details: str
    public: str | None = None


class ErrorLog:
    """The errors of one run of a policy; `variable` is the name of the variable that gets them."""

    def __init__(self, exchange: PolicyExchange, variable: str | None) -> None:
        self.exchange = exchange
        self.variable = variable
        self.entries: list[dict[str, str]] = []

    @property
    def of_request(self) -> bool:
        return self.exchange.section in ("inbound", "backend")

    def add(self, errors: Iterable[ValidationError], action: str) -> None:
        """Take a set of errors with the action for them. Raises PolicyError when that is to prevent."""
        added = list(errors) if action != IGNORE else []
        if not added:
            return
        for error in added:
            self.entries.append(
                {
                    "Name": error.name,
                    "Type": error.type,
                    "ValidationRule": error.rule,
                    "Details": error.details,
                    "Action": action,
                }
            )
        if self.variable is not None:
            self.exchange.variables[from_utf16(self.variable)] = json_token(self.entries)
        if action != PREVENT:
            return
        first = added[0]
        public = to_utf16(first.public) if self.of_request and first.public is not None else None
        text = "request-not-allowed" if self.of_request else "response-not-allowed"
        raise azure_error(text, public_message=public, details=to_utf16(first.details))

    def effect(self, checked: str) -> Effect:
        """Return the effect of the policy; `checked` names what it validated."""
        count = len(self.entries)
        found = f"{count} error{'' if count == 1 else 's'}, not prevented" if count else "valid"
        return Validated(f"{checked}: {found}", errors=tuple(entry["Details"] for entry in self.entries))


def strictest(actions: Iterable[str]) -> str:
    found = set(actions)
    return next((action for action in (PREVENT, DETECT) if action in found), IGNORE)


def description_of(exchange: PolicyExchange, action: str) -> ApiDefinition | None:
    """Return the API's description; None when the gateway was given none and nothing is prevented.

    Raises ConfigurationError when something is: whether the request passes would be unknown.
    """
    description = exchange.services.documents.description
    if description is None and action == PREVENT:
        raise ConfigurationError(
            "the gateway has no description of the API to validate with; give it one: Gateway(openapi=…), or wsdl=…"
        )
    return description


def json_token(data: Any) -> Any:
    """Convert Python data to a JToken."""
    import json

    from apimpolicy.csharp.dotnet.json.loading import parse

    return parse(to_utf16(json.dumps(data, ensure_ascii=False)))
