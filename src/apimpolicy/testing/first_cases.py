"""A first test file for a policy: one case per branch, with a request that reaches it where one can be found.

What to try is read from the policy's own expressions: methods, header names and values, query parameters, properties of
a JSON body, certificates. Requests are put together from these, few at a time, and sent through the policy; the first
one that takes a branch becomes its case, and what it got becomes what is expected.
"""

from __future__ import annotations

import itertools
import os
from typing import TYPE_CHECKING, Any

import attrs

from apimpolicy.binding.nodes import Binary, Call, ConditionalAccess, Convert, IndexerAccess, PropertyAccess
from apimpolicy.checks.expressions import ExpressionCheck
from apimpolicy.checks.messages import type_name
from apimpolicy.checks.subject import Settings, Subject
from apimpolicy.errors import ConfigurationError
from apimpolicy.project.files import read_policy_file
from apimpolicy.testing.case_files import load_case_tree
from apimpolicy.testing.running import run_case
from apimpolicy.testing.tree import read_tree
from apimpolicy.text.markup import read
from apimpolicy.text.named_values import find_named_values

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apimpolicy.binding.nodes import Bound, Expression
    from apimpolicy.checks.expressions import CheckedExpression
    from apimpolicy.testing.running import Outcome

MOST_RUNS = 400
CERTIFICATES = ("partner", "expired", "self-signed", "other-partner")

Move = tuple[str, str, Any]
"""Something that a request may have: what (`method`, `header`, `query`, `json`, `certificate`), its name, its value."""


@attrs.define
class Found:
    """A case that was found: its name, its request, and what came of it."""

    name: str
    request: dict[str, Any]
    expect: dict[str, Any]
    branches: list[str] = attrs.field(factory=list)


@attrs.define
class FirstCases:
    """What could be found: the cases, and the branches that no request reached."""

    text: str
    cases: list[Found]
    missing: list[str]
    difference: str = ""
    """The first step in which the simulator's run is not the recorded one."""


def first_cases(policy: str, output: str) -> FirstCases:
    """A test file for a policy, to be written to `output`. Raises ConfigurationError, DiagnosticError."""
    source, _ = read_policy_file(policy)
    subject = Subject(read(source), ExpressionCheck(), Settings())
    relative = os.path.relpath(policy, os.path.dirname(os.path.abspath(output)) or ".").replace(os.sep, "/")
    defaults = _defaults(subject)
    wanted = _branches(subject)
    cases: list[Found] = []
    seen: set[str] = set()
    problem = ""
    values = {name: value for name, value in defaults.get("named-values", {}).items() if isinstance(value, str)}
    moves_found = [(what, name, _with_values(value, values)) for what, name, value in _moves(subject)]
    for moves in itertools.islice(_tries(moves_found), MOST_RUNS):
        request = _request(moves)
        outcome = _run(policy, output, defaults, request)
        if not outcome.results:
            problem = problem or outcome.problem
            continue
        taken = _taken(outcome)
        fresh = [branch for branch in taken if branch not in seen]
        answer = f"status {outcome.results[-1].response.status_code}"
        if not fresh and answer in seen and cases:
            continue
        seen |= {*fresh, answer}
        cases.append(Found(_name(moves, outcome), request, _expect(outcome, fresh), fresh))
        if set(wanted) <= seen and len(cases) > 1:
            break
    if not cases:
        raise ConfigurationError(f"no request gets through {policy}: {problem}")
    missing = [branch for branch in wanted if branch not in seen]
    return FirstCases(text_of(relative, defaults, cases, missing), cases, missing)


def defaults_for(policy: str) -> dict[str, Any]:
    """What every case of a policy needs around it. Raises ConfigurationError."""
    source, _ = read_policy_file(policy)
    return _defaults(Subject(read(source), ExpressionCheck(), Settings()))


def _defaults(subject: Subject) -> dict[str, Any]:
    """What the policy needs around it: certificates, backends and named values by their names."""
    text = subject.document.source.text
    defaults: dict[str, Any] = {}
    if ".Certificate" in text or "<validate-client-certificate" in text:
        defaults["gateway"] = {"negotiate-client-certificate": True, "certificates": {"partner": "partner"}}
    backends = {
        value.value.text: f"https://{value.value.text}.example"
        for element in subject.elements
        if element.name == "set-backend-service"
        and (value := element.get("backend-id")) is not None
        and not value.value.parts
    }
    if backends:
        defaults.setdefault("gateway", {})["backends"] = backends
    if names := dict.fromkeys(reference.name for reference in find_named_values(text)):
        defaults["named-values"] = {name: _named_value(name) for name in names}
    defaults["backend"] = {"status": 200, "json": {"from": "the backend"}}
    return defaults


def _named_value(name: str) -> Any:
    """A value that is likely to fit: a thumbprint where one is meant, a number, a URL, or the name itself."""
    lowered = name.lower()
    if "thumbprint" in lowered:
        return {"thumbprint": "partner"}
    if any(word in lowered for word in ("url", "endpoint", "uri", "authority", "issuer")):
        return f"https://{lowered}.example"
    if any(word in lowered for word in ("count", "limit", "seconds", "duration", "timeout", "ttl", "max", "calls")):
        return "10"
    return name


def _with_values(text: str, values: dict[str, str]) -> str:
    for name, value in values.items():
        text = text.replace(f"{{{{{name}}}}}", value)
    return text


def _branches(subject: Subject) -> list[str]:
    """The branches of a policy by their paths in the trace."""
    found: list[str] = []
    for element in subject.elements:
        if element.name in ("when", "otherwise") and element.parent is not None and element.parent.name == "choose":
            found.append(_path(element))
    return found


def _path(element: Any) -> str:
    steps: list[str] = []
    while element.parent is not None and element.parent.name not in ("policies", "fragment"):
        same = [other for other in element.parent.elements() if other.name == element.name]
        steps.append(f"{element.name}[{same.index(element) + 1}]")
        element = element.parent
    return f"{element.name} {'/'.join(reversed(steps))}"


def _taken(outcome: Outcome) -> list[str]:
    found: list[str] = []
    for entry in outcome.results[-1].trace:
        effect = entry.effect
        if entry.name in ("when", "otherwise") and effect is not None and effect.data.get("taken"):
            found.append(f"{entry.section} {entry.path}")
    return found


def _moves(subject: Subject) -> Iterator[Move]:
    found: dict[Move, None] = {}
    text = subject.document.source.text
    if ".Certificate" in text or "<validate-client-certificate" in text:
        found |= {("certificate", "", name): None for name in CERTIFICATES}
    for expression in subject.expressions:
        for node in expression.compiled.nodes:
            for move in _of_node(expression, node):
                found[move] = None
    for element in subject.elements:
        if element.name == "check-header" and (name := element.get("name")) is not None:
            for value in element.elements():
                found["header", name.value.text, value.text.strip()] = None
    yield from found


def _of_node(expression: CheckedExpression, node: Bound) -> Iterator[Move]:
    if isinstance(node, Binary) and node.operator in ("==", "!="):
        left, right = _plain(node.left), _plain(node.right)
        for one, other in ((left, right), (right, left)):
            if other.is_constant and isinstance(other.constant, str):
                yield from _valued(one, other.constant)
    elif isinstance(node, Call) and node.method.name in ("Equals", "Contains", "StartsWith", "EndsWith", "ContainsKey"):
        receiver = node.receiver or (node.arguments[0] if node.arguments else None)
        last = node.arguments[-1] if node.arguments else None
        text = last.constant if last is not None and last.is_constant and isinstance(last.constant, str) else None
        if receiver is not None and text:
            yield from _valued(_plain(receiver), text)
            if node.method.name == "ContainsKey" and isinstance(receiver, PropertyAccess):
                kind = _collection(receiver)
                if kind:
                    yield kind, text, "1"
    if isinstance(node, Call) and node.method.name == "GetValueOrDefault":
        yield from _valued(node, "1")
    elif isinstance(node, IndexerAccess) and type_name(node.receiver) in ("JObject", "JToken") and node.arguments:
        key = node.arguments[0]
        if key.is_constant and isinstance(key.constant, str):
            yield "json", key.constant, "1"


def _valued(node: Expression, value: str) -> Iterator[Move]:
    """What a request must have for this expression to be that text."""
    if isinstance(node, PropertyAccess) and node.property.name == "Method":
        yield "method", "", value.upper()
    elif isinstance(node, PropertyAccess) and node.property.name == "Path":
        yield "path", "", value if value.startswith("/") else f"/{value}"
    elif isinstance(node, Call) and node.method.name == "GetValueOrDefault":
        receiver = node.receiver
        arguments = list(node.arguments)
        if receiver is None and arguments:
            receiver = arguments.pop(0)
        name = arguments[0].constant if arguments and arguments[0].is_constant else None
        if isinstance(receiver, PropertyAccess) and isinstance(name, str) and (kind := _collection(receiver)):
            yield kind, name, value
    elif isinstance(node, IndexerAccess) and node.arguments and node.arguments[0].is_constant:
        if isinstance(node.arguments[0].constant, str) and type_name(node.receiver) in ("JObject", "JToken"):
            yield "json", node.arguments[0].constant, value
    elif isinstance(node, Call) and node.receiver is not None:
        yield from _valued(_plain(node.receiver), value)


def _collection(node: PropertyAccess) -> str:
    owner = type_name(node.receiver)
    if node.property.name == "Headers" and owner == "IRequest":
        return "header"
    return "query" if node.property.name in ("Query", "QueryParameters") and owner == "IUrl" else ""


def _plain(node: Expression) -> Expression:
    while isinstance(node, (Convert, ConditionalAccess)):
        node = node.operand if isinstance(node, Convert) else node.access
    return node


def _tries(moves: list[Move]) -> Iterator[tuple[Move, ...]]:
    """Nothing, then one thing at a time, then two and three that go together, then everything."""
    yield ()
    for size in (1, 2, 3):
        for chosen in itertools.combinations(moves, size):
            if len({(what, name) for what, name, _ in chosen}) == size:
                yield chosen


def _request(moves: tuple[Move, ...]) -> dict[str, Any]:
    method, path = "get", "/"
    request: dict[str, Any] = {}
    query: list[str] = []
    for what, name, value in moves:
        if what == "method":
            method = value.lower()
        elif what == "path":
            path = value
        elif what == "header":
            request.setdefault("headers", {})[name] = value
        elif what == "query":
            query.append(f"{name}={value}")
        elif what == "json":
            request.setdefault("json", {})[name] = value
            method = "post" if method == "get" else method
        else:
            request["certificate"] = value
    url = path + ("?" + "&".join(query) if query else "")
    head = {method: url} if method in ("get", "post", "put", "patch", "delete", "head", "options") else None
    return {**(head or {"method": method.upper(), "url": url}), **request}


def _run(policy: str, output: str, defaults: dict[str, Any], request: dict[str, Any]) -> Outcome:
    import json

    content = {
        "policy": os.path.abspath(policy),
        "defaults": defaults,
        "cases": [{"request": request, "expect": {}}],
    }
    path = os.path.abspath(output)
    (case,) = load_case_tree(read_tree(json.dumps(content), path + ".json"), path).cases
    return run_case(case)


def _expect(outcome: Outcome, fresh: list[str]) -> dict[str, Any]:
    response = outcome.results[-1].response
    expect: dict[str, Any] = {"status": response.status_code}
    if response.status_code >= 400 and response.reason:
        expect["reason"] = response.reason
    expect["backend-requests"] = len(outcome.results[-1].backend_requests)
    if fresh:
        expect["branch"] = fresh[-1].partition(" ")[2]
    return expect


def _name(moves: tuple[Move, ...], outcome: Outcome) -> str:
    parts: list[str] = []
    for what, name, value in moves:
        if what == "certificate":
            parts.append(f"the certificate {value}")
        elif what in ("method", "path"):
            parts.append(value)
        else:
            parts.append(f"{what} {name}: {value}")
    response = outcome.results[-1].response
    return f"{' and '.join(parts) or 'a plain request'} gets {response.status_code} {response.reason}".rstrip()


def text_of(policy: str, defaults: dict[str, Any], cases: list[Found], missing: list[str]) -> str:
    """The test file."""
    import yaml

    def block(value: Any, indent: int = 0) -> str:
        text: str = yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=110, default_flow_style=None)
        return "".join(" " * indent + line + "\n" for line in text.splitlines())

    lines = [
        "# Written by `apimpolicy new test`: what the policy does today. Say in the names what it should do.\n",
        f"policy: {policy}\n",
        block({"defaults": defaults}),
        "cases:\n",
    ]
    for case in cases:
        lines.append(block([{"name": case.name, "request": case.request, "expect": case.expect}], 2))
    if missing:
        lines.append("# No request was found that takes these branches:\n")
        lines += [f"#   {branch}\n" for branch in missing]
    return "".join(lines)
