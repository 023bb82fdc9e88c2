"""The JSON schema of test files, for editors: completion, documentation, and red lines under mistakes.

    # yaml-language-server: $schema=https://…/apimpolicy-test.schema.json

The build stores it in the package; the site of the documentation has it at `ADDRESS`.
"""

from __future__ import annotations

import json
import os
from typing import Any

from apimpolicy.policies.settings import Behaviour, meanings
from apimpolicy.testing import case_files, doubles, expectations

ADDRESS = "https://apimpolicy.github.io/apimpolicy/schemas/"
"""Where the documentation's site has the schemas of `apimpolicy/schemas`, for editors."""
NAME = "apimpolicy-test.schema.json"

_TEXTS: dict[str, str] = {
    "policy": "The policy file, relative to this one, or the document itself; it is taken for the API's.",
    "policies": "The policy files, or the documents themselves, by scope.",
    "trace": "Entries of the trace in the gateway's own form, in this order.",
    "service": "A whole service instead: a folder as APIOps extracts it, or an apimpolicy.toml with APIs.",
    "config": "The gateway's configuration; without it, the nearest apimpolicy.toml beside or above this file.",
    "certificates": "Certificates by name, besides those that every file has: partner, expired, revoked …",
    "defaults": "For every case; a case's own keys come on top.",
    "cases": "The cases.",
    "name": "What the case says, as a sentence.",
    "description": "Anything that helps a reader.",
    "skip": "Why the case is not run.",
    "each": "A table: the case runs once for each row, with $name replaced by the row's value.",
    "steps": "Several requests to one gateway, one after another.",
    "gateway": "Settings of the gateway, the keys of apimpolicy.toml; certificates by name.",
    "named-values": "Named values; {thumbprint: partner} is that certificate's.",
    "now": "The gateway's time; 2026-01-01T00:00:00Z unless given.",
    "backend": "What the backend answers: one answer, or one after another.",
    "outside": "What answers send-request; the backend does unless given.",
    "request": "The request.",
    "variables": "context.Variables from the start, as if a wider scope had set them.",
    "expect": "What the answer must be.",
    "advance": "Seconds that go by before the request.",
    "status": "The status code: a number, a list, or a pattern such as 4xx.",
    "reason": "The text beside the status code.",
    "headers": "Headers by name; null means that there must be none.",
    "body": "The body: the whole text, or contains, matches, json, json-subset.",
    "json": "The body as JSON, exactly.",
    "json-subset": "JSON that the body has at least.",
    "backend-requests": "How many requests reached a backend, or what they were.",
    "sent-requests": "How many requests policies sent of their own, or what they were.",
    "error": "context.LastError; false means that there was none.",
    "branch": "A branch that was taken: choose ▸ when 1.",
    "explanation": "A text that the explanation contains.",
    "section": "The section that runs alone, or several: inbound, backend, outbound, on-error.",
    "only": "The only policy that runs: its id, or its place, as outbound/set-header[1].",
    "response": "The response that expressions see, where no backend was asked.",
    "last-error": "context.LastError, where on-error runs alone.",
    "replace": "Doubles of policies, by the policies' ids.",
    "takes": "Seconds on the gateway's clock until it answers.",
    "raises": "Instead of answering: timeout or refused.",
    "message": "What the error says.",
    "when": "Only for requests like this.",
    "file": "The content of a file.",
    "certificate": "The client certificate, by name or as a file.",
    "token": "A token of an identity provider, sent as Authorization: Bearer.",
    "identity-providers": "Identity providers by name, which issue the tokens of requests.",
    "ip-address": "The caller's address.",
}


def schema() -> dict[str, Any]:
    """The schema, in JSON Schema draft 7, which editors know."""
    text = {"type": ["string", "number", "boolean"]}
    scalar = {"type": ["string", "number", "boolean", "null"]}
    texts = {"oneOf": [text, {"type": "array", "items": text}]}
    date = {"type": "string", "description": _TEXTS["now"]}
    matching = _object(dict.fromkeys(expectations.TEXT_KEYS, texts))
    matched = {"oneOf": [scalar, matching]}
    of_body = dict.fromkeys(expectations.TEXT_KEYS, texts) | {"json": {}, "json-subset": {}}
    body = _reference("body")
    headers = {
        "type": "object",
        "additionalProperties": {"oneOf": [scalar, {"type": "array"}, _reference("matching")]},
    }
    sent = _object(
        {"method": matched, "url": matched, "headers": headers, "body": body, "json": {}, "json-subset": {}}
        | {"certificate": scalar}
    )
    one = _reference("sent")
    counted = {"oneOf": [{"type": ["integer", "boolean"]}, one, {"type": "array", "items": one}]}
    status = {"oneOf": [{"type": "integer"}, {"type": "string", "pattern": "^[1-5][0-9xX]{2}$"}]}
    error = {"oneOf": [{"type": ["boolean", "null"]}, _object(dict.fromkeys(expectations.ERROR_KEYS, matched))]}
    trace_entry = _object({"section": text, "source": text, "data": {}, "absent": {"type": "boolean"}})
    expect = _object(
        {
            "status": {"oneOf": [*status["oneOf"], {"type": "array", "items": status}]},
            "reason": matched,
            "headers": headers,
            "body": body,
            "json": {},
            "json-subset": {},
            "backend-requests": counted,
            "sent-requests": counted,
            "request": one,
            "variables": {"type": "object"},
            "error": error,
            "branch": texts,
            "explanation": texts,
            "trace": {"type": "array", "items": trace_entry},
        }
    )
    request = _object(
        dict.fromkeys((*case_files.METHODS, "method", "url", "file", "ip-address"), text)
        | {"headers": headers, "body": text, "json": {}, "certificate": scalar}
    )
    answer = _object(
        {
            "status": {"type": "integer", "minimum": 100, "maximum": 599},
            "reason": text,
            "headers": headers,
            "body": text,
            "json": {},
            "file": text,
            "takes": {"type": "number", "minimum": 0},
            "raises": {"enum": ["timeout", "refused"]},
            "message": text,
            "when": _object(dict.fromkeys(doubles.WHEN_KEYS, text)),
        }
    )
    answers = {"oneOf": [_reference("answer"), {"type": "array", "items": _reference("answer")}]}
    certificate = _object(
        dict.fromkeys(("subject", "issued-by", "file", "password"), text)
        | dict.fromkeys(("not-before", "not-after"), date)
        | {key: {"type": "boolean"} for key in ("self-signed", "revoked")}
        | {"dns-names": {"type": "array", "items": text}}
    )
    provider = _object(
        dict.fromkeys(("issuer", "algorithm", "url"), text) | {"audience": texts, "claims": {"type": "object"}}
    )
    token = _object(
        dict.fromkeys(("from", "subject", "issuer", "header", "scheme"), text)
        | {"audience": texts, "claims": {"type": "object"}}
        | {key: {"type": ["number", "null"]} for key in ("expires-in", "starts-in")}
        | {"signed-with": {"enum": ["another-key", "nothing"]}}
    )
    request["properties"]["token"] = {"oneOf": [scalar, token], "description": _TEXTS["token"]}
    response = _object(
        {"status": {"type": "integer"}, "reason": text, "headers": headers, "body": text, "json": {}, "file": text}
    )
    double = _object(
        {"variables": {"type": "object"}, "headers": headers, "error": {"type": "object"}, "response": response}
    )
    part = {
        "section": texts,
        "only": text,
        "response": response,
        "last-error": _object(dict.fromkeys(expectations.ERROR_KEYS, text)),
        "replace": {"type": "object", "additionalProperties": {"oneOf": [{"type": "null"}, double]}},
    }
    given = {
        "gateway": _gateway(),
        "named-values": {"type": "object"},
        "now": date,
        "backend": answers,
        "outside": answers,
        "request": _reference("request"),
        "variables": {"type": "object"},
        **part,
        "expect": _reference("expect"),
    }
    subject = {
        "policy": text,
        "service": text,
        "policies": _object(dict.fromkeys(case_files.SCOPES, text)),
    }
    step = _object(
        {"name": text, "request": given["request"], "expect": given["expect"], "advance": {"type": "number"}}
    )
    case = _object(
        {
            "name": text,
            "description": text,
            "skip": {"type": ["string", "boolean"]},
            "each": {"type": "array", "items": {"type": "object"}},
            "steps": {"type": "array", "items": step},
            **subject,
            **given,
        }
    )
    root = _object(
        {
            "$schema": text,
            **subject,
            "config": {"type": ["string", "boolean"]},
            "certificates": {"type": "object", "additionalProperties": certificate},
            "identity-providers": {"type": "object", "additionalProperties": provider},
            "defaults": _object(given),
            "cases": {"type": "array", "items": case},
        }
    )
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "$id": ADDRESS + NAME,
        "title": "Test cases for Azure API Management policies (apimpolicy)",
        **root,
        "required": ["cases"],
        "definitions": {
            "matching": matching,
            "matched": {"oneOf": [scalar, _reference("matching")]},
            "body": {"oneOf": [scalar, _object(of_body)]},
            "sent": sent,
            "answer": answer,
            "request": request,
            "expect": expect,
        },
    }


def _gateway() -> dict[str, Any]:
    """The keys of apimpolicy.toml: editors are told of those that are plain values."""
    means = meanings(Behaviour)
    properties: dict[str, Any] = {}
    for name, declared in Behaviour.declared.items():
        kind = {"enum": list(declared.choices)} if declared.choices else {"type": _TYPES[declared.kind]}
        properties[declared.key] = properties[name] = {**kind, "default": declared.default, "description": means[name]}
    return {"type": "object", "properties": properties}


_TYPES = {bool: "boolean", int: "integer", str: "string"}


def _reference(name: str) -> dict[str, Any]:
    return {"$ref": f"#/definitions/{name}"}


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    described: dict[str, Any] = {}
    for key, value in properties.items():
        described[key] = {**value, "description": _TEXTS[key]} if key in _TEXTS and "$ref" not in value else value
        if "_" not in key and "-" in key:
            described[key.replace("-", "_")] = described[key]
    return {"type": "object", "properties": described, "additionalProperties": False}


def text() -> str:
    """The schema as it is published."""
    return json.dumps(schema(), indent=1, ensure_ascii=False) + "\n"


def store() -> None:
    """Write it into the package, beside the schemas of what the commands print; the build and `python -m docs` do."""
    path = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "schemas", NAME)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text())
