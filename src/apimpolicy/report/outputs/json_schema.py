"""The JSON schemas of the reports, made of the records' annotations; the build stores them in `apimpolicy/schemas`."""

from __future__ import annotations

import json
import os
from collections.abc import Collection
from importlib import import_module
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, is_typeddict

from apimpolicy.report.outputs.parts import fields_of

ADDRESS = "https://apimpolicy.github.io/apimpolicy/schemas/"
"""URL of the schemas of `apimpolicy/schemas` on the documentation's site, for editors."""
FOLDER = os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))), "schemas")

OUTPUTS = {
    "audit-output": ("audit.AuditReport", "Output of apimpolicy audit --format json"),
    "check-output": ("check.CheckReport", "What apimpolicy check --format json prints"),
    "coverage": ("coverage.CoverageData", "What apimpolicy test --coverage-report FILE.json writes"),
    "diff-output": ("diff.DiffReport", "What apimpolicy diff --format json prints"),
    "explain-output": ("run.ExplainReport", "What apimpolicy explain --format json prints"),
    "gate-output": ("gate.GateOutput", "What apimpolicy gate --format json prints"),
    "mutate-output": ("mutate.MutationReport", "What apimpolicy mutate --format json prints"),
    "prove-output": ("prove.ClaimsReport", "What apimpolicy prove --format json prints"),
    "run-output": ("run.RunReport", "What apimpolicy run --format json prints"),
    "test-output": ("cases.CasesReport", "What apimpolicy test --format json prints"),
}
"""The record and the title of each schema, by its name."""

Schema = dict[str, Any]

_TYPES = {
    str: "string",
    int: "integer",
    float: "number",
    bool: "boolean",
    NoneType: "null",
    list: "array",
    dict: "object",
}


def file_name(output: str) -> str:
    return f"apimpolicy-{output}.schema.json"


def output_schema(output: str, without: Collection[str] = ()) -> Schema:
    """Return the schema of one of the OUTPUTS, without the fields of these names."""
    place, title = OUTPUTS[output]
    module, _, name = place.partition(".")
    record = getattr(import_module(f"apimpolicy.report.outputs.{module}"), name)
    schemas = _Schemas(without)
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "$id": ADDRESS + file_name(output),
        "title": title,
        **schemas.record(record),
        "definitions": schemas.definitions,
    }


def store(name: str, schema: Schema) -> None:
    """Write a schema into the package."""
    os.makedirs(FOLDER, exist_ok=True)
    with open(os.path.join(FOLDER, name), "w", encoding="utf-8") as file:
        file.write(json.dumps(schema, indent=1, ensure_ascii=False) + "\n")


def store_all() -> None:
    """Write the schemas of all reports into the package; the build and `python -m docs` do."""
    for output in OUTPUTS:
        store(file_name(output), output_schema(output))


class _Schemas:
    """Makes schemas of annotations. Each record becomes a definition."""

    def __init__(self, without: Collection[str]) -> None:
        self._without = without
        self.definitions: dict[str, Schema] = {}

    def of(self, kind: Any) -> Schema:
        """Return the schema of an annotation. Its metadata are keywords, or a description."""
        metadata = getattr(kind, "__metadata__", ())
        if metadata:
            schema = self.of(kind.__origin__)
            if "$ref" in schema:  # validators ignore what is beside a reference
                schema = {"allOf": [schema]}
            for keyword in metadata:
                if not callable(keyword):
                    schema |= {"description": keyword} if isinstance(keyword, str) else dict(keyword)
            return schema
        if is_typeddict(kind):
            return self._reference(kind)
        origin = get_origin(kind) or kind
        arguments = get_args(kind)
        if origin in (Union, UnionType):
            return self._union(arguments)
        if origin is Literal:
            return {"const": arguments[0]}
        if origin is Any:
            return {}
        schema = {"type": _TYPES[origin]}
        if origin is list:
            schema["items"] = self.of(arguments[0])
        elif origin is dict and arguments[1] is not Any:
            schema["additionalProperties"] = self.of(arguments[1])
        return schema

    def _union(self, kinds: tuple[Any, ...]) -> Schema:
        made = [self.of(each) for each in kinds]
        types = [each.get("type") for each in made]
        if types[1:] == ["null"] and types[0] is not None:
            return {**made[0], "type": types}
        return {"anyOf": made}

    def _reference(self, record: type) -> Schema:
        name = record.__name__
        if name not in self.definitions:
            self.definitions[name] = {}  # before its fields, as it may contain itself
            self.definitions[name] = self.record(record)
        return {"$ref": f"#/definitions/{name}"}

    def record(self, record: type) -> Schema:
        """Return the schema of a record, in which the records of its fields are references."""
        properties: dict[str, Schema] = {}
        required: list[str] = []
        for field in fields_of(record):
            if field.name in self._without:
                continue
            if field.is_required:
                required.append(field.name)
            properties[field.name] = self.of(field.kind)
        return {"type": "object", "properties": properties, "required": required}
