"""The server's own answers, in the gateway's form: a status code and a message in JSON."""

from __future__ import annotations

import json
import uuid

from apimpolicy.context.records import Response
from apimpolicy.text.secrets import without_secrets

_PHRASES = {413: "Request Entity Too Large", 414: "Request-URI Too Long", 431: "Request Header Fields Too Large"}


def own_answer(status: int, message: str) -> Response:
    """Return the answer with this status and message."""
    shown = json.dumps(without_secrets(message), ensure_ascii=False)
    body = f'{{ "statusCode": {status}, "message": {shown} }}'
    return Response(status, _PHRASES.get(status), headers={"Content-Type": "application/json"}, body=body)


def internal_error() -> Response:
    """Return the answer that hides the error from the caller."""
    body = f'{{ "statusCode": 500, "message": "Internal server error", "activityId": "{uuid.uuid4()}" }}'
    return Response(500, headers={"Content-Type": "application/json"}, body=body)
