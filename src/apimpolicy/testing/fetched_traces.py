"""Traces of requests, fetched from where gateways keep them: Azure's management API, or `apimpolicy serve`.

Source: https://learn.microsoft.com/azure/api-management/api-management-howto-api-inspector
"""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any

from apimpolicy.errors import ConfigurationError

if TYPE_CHECKING:
    from apimpolicy.context.records import Response

MANAGEMENT = "https://management.azure.com"
_VERSION = "2023-05-01-preview"
_DEBUG_HEADER, _TRACE_ID = "Apim-Debug-Authorization", "Apim-Trace-Id"
_PATIENCE = 60.0


class ServedTraces:
    """The traces of `apimpolicy serve`, at the address of its inspector, which ends in a token."""

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")

    def headers(self) -> dict[str, str]:
        return {_DEBUG_HEADER: self._url.rpartition("/")[2]}

    def trace(self, response: Response) -> dict[str, Any] | None:
        number = response.headers.get(_TRACE_ID)
        return None if number is None else _asked(f"{self._url}/requests/{number}/trace")


class AzureTraces:
    """The traces of an API Management service, by its resource id (`/subscriptions/…/service/contoso`) and a token for
    the management API, as `az account get-access-token` gives it. `api` is the id of the API that is traced.
    """

    def __init__(self, service: str, token: str, api: str, management: str = MANAGEMENT) -> None:
        self._gateway = f"{management.rstrip('/')}{service.rstrip('/')}/gateways/managed"
        self._service = service.rstrip("/")
        self._token = token
        self._api = api
        self._credentials: str | None = None

    def headers(self) -> dict[str, str]:
        if self._credentials is None:
            wanted = {
                "credentialsExpireAfter": "PT1H",
                "apiId": f"{self._service}/apis/{self._api}",
                "purposes": ["tracing"],
            }
            given = self._post("listDebugCredentials", wanted)
            self._credentials = str(given.get("token", ""))
        return {_DEBUG_HEADER: self._credentials}

    def trace(self, response: Response) -> dict[str, Any] | None:
        number = response.headers.get(_TRACE_ID)
        return None if number is None else self._post("listTrace", {"traceId": number})

    def _post(self, what: str, content: dict[str, Any]) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
        return _asked(f"{self._gateway}/{what}?api-version={_VERSION}", json.dumps(content).encode(), headers)


def _asked(url: str, data: bytes | None = None, headers: dict[str, str] | None = None) -> dict[str, Any]:
    """Return the JSON at a URL. Raises ConfigurationError."""
    request = urllib.request.Request(url, data, headers or {})
    try:
        with urllib.request.urlopen(request, timeout=_PATIENCE) as answer:
            found = json.loads(answer.read())
    except urllib.error.HTTPError as error:
        error.close()
        raise ConfigurationError(f"{url.partition('?')[0]} responded with {error.code} {error.reason}") from None
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"{url.partition('?')[0]} gave no trace: {error}") from None
    if not isinstance(found, dict):
        raise ConfigurationError(f"{url.partition('?')[0]} gave no trace")
    return found
