"""The process in which a stylesheet or a schema runs: reads a task from its input, writes the result, and ends.

`transform` returns the `text` of a stylesheet's result, `validate` the `violations` of documents against an XML schema
(message, line, column; None for a document that cannot be judged); each may return an `error` or a `limit` instead.
`used` is its processor time in seconds, without the start of the interpreter.
The operating system limits processor time, memory and files. Run as a script; it imports nothing of apimpolicy.
"""

from __future__ import annotations

import json
import sys
import time
from importlib import import_module
from typing import Any

TEMPLATE_DEPTH = 3000
"""Templates within templates."""


def limit(seconds: float, memory: int) -> None:
    """Bound what this process may use; where the system cannot do that, the caller's timeout remains."""
    try:
        import resource
    except ImportError:
        return
    whole = int(seconds) + 1
    for what, bound in (
        (resource.RLIMIT_CPU, whole),
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        try:
            resource.setrlimit(what, (bound, bound))
        except (OSError, ValueError):
            continue


def transform(task: dict[str, Any]) -> dict[str, object]:
    """Return the result of a stylesheet as text, or what went wrong."""
    etree: Any = import_module("lxml.etree")

    class Nowhere(etree.Resolver):  # type: ignore[misc]
        def resolve(self, system_url: str, public_id: str, context: object) -> object:
            raise ValueError(f"'{system_url}' is not reached")

    reading = parser()
    reading.resolvers.add(Nowhere())
    etree.XSLT.set_global_max_depth(TEMPLATE_DEPTH)
    try:
        stylesheet = etree.fromstring(task["stylesheet"].encode(), reading)
        document = etree.fromstring(task["document"].encode(), reading)
        transform = etree.XSLT(stylesheet, access_control=etree.XSLTAccessControl.DENY_ALL)
        parameters = {name: etree.XSLT.strparam(value) for name, value in task["parameters"].items()}
        written = bytes(transform(document, **parameters))
    except (etree.LxmlError, ValueError, TypeError) as error:
        if is_memory_used_up(task["memory"]):
            return {"limit": "memory"}
        logged = [entry.message for entry in getattr(error, "error_log", ())]
        return {"error": " ".join(dict.fromkeys(logged[:3])) or str(error)}
    if len(written) > task["length"]:
        return {"limit": "string_length"}
    output = stylesheet.find("{http://www.w3.org/1999/XSL/Transform}output")
    stated: Any = {} if output is None else output.attrib
    text = written.decode(stated.get("encoding", "utf-8"), "replace")
    return {"text": text if stated.get("method") == "text" else text.removesuffix("\n")}


def validate(task: dict[str, Any]) -> dict[str, object]:
    """Return the schema violations of documents; parts of the schema are given by their locations."""
    etree: Any = import_module("lxml.etree")
    try:
        schema = compile_schema(task["schema"], task["given"])
    except (etree.LxmlError, ValueError) as error:
        return {"limit": "memory"} if is_memory_used_up(task["memory"]) else {"error": str(error)}
    documents = (etree.fromstring(text.encode(), parser()) for text in task["documents"])
    return {"violations": [violations_in(document, schema, task["most"]) for document in documents]}


def parser() -> Any:
    """Return a parser that reads nothing but what it gets."""
    etree: Any = import_module("lxml.etree")
    return etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)


def compile_schema(text: str, given: dict[str, str]) -> Any:
    """Return an XML schema; what it imports and includes is among the given texts, by their locations."""
    etree: Any = import_module("lxml.etree")

    class GivenSchemas(etree.Resolver):  # type: ignore[misc]
        def resolve(self, system_url: str, public_id: str, context: object) -> object:
            content = given.get(system_url)
            return self.resolve_empty(context) if content is None else self.resolve_string(content, context)

    reading = parser()
    reading.resolvers.add(GivenSchemas())
    return etree.XMLSchema(etree.fromstring(text.encode(), reading))


def violations_in(element: Any, schema: Any, most: int) -> list[tuple[str, int, int]] | None:
    """Return the violations in an element: message, line, column; None when it can't be judged."""
    etree: Any = import_module("lxml.etree")
    try:
        is_valid = schema.validate(etree.ElementTree(element))
    except etree.XMLSchemaValidateError:
        return None
    log = [] if is_valid else list(schema.error_log)[:most]
    return [(entry.message, entry.line, entry.column) for entry in log]


def is_memory_used_up(memory: int) -> bool:
    """Return whether lack of memory is likely the cause of an error: libxslt continues without it, and fails later."""
    try:
        with open("/proc/self/status", encoding="ascii") as file:
            peak = int(next(line for line in file if line.startswith("VmPeak:")).split()[1])
    except (OSError, StopIteration):  # `/proc` is behind the wall, or doesn't exist
        try:
            import resource
        except ImportError:
            return False
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak * 1024 > memory // 3


def main() -> None:
    task = json.loads(sys.stdin.buffer.read())
    began = time.process_time()
    sys.path[:] = task["path"]
    limit(task["seconds"], task["memory"])
    try:
        answer = {"transform": transform, "validate": validate}[task["kind"]](task)
    except MemoryError:
        answer = {"limit": "memory"}
    answer["used"] = time.process_time() - began
    sys.stdout.buffer.write(json.dumps(answer).encode())


if __name__ == "__main__":
    main()
