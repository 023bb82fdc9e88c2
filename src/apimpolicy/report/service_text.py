"""A service on a terminal: its APIs and operations, and the policies of all scopes as one document."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING

from apimpolicy.csharp.dotnet.values import from_utf16
from apimpolicy.errors import ApimPolicyError
from apimpolicy.gateway.engine.api_routing import prefix_of, stated_version
from apimpolicy.gateway.engine.document import AnyPolicy, Policy
from apimpolicy.gateway.engine.service_requests import documents_of, operations_with_policies
from apimpolicy.gateway.engine.steps import Program
from apimpolicy.gateway.policies.placement import SCOPES
from apimpolicy.gateway.policies.spec import SECTIONS
from apimpolicy.report.columns import Style, printable
from apimpolicy.report.routing_notes import api_in_words
from apimpolicy.text.document import Element, MarkupNode
from apimpolicy.text.markup import read
from apimpolicy.text.source import UNKNOWN_POLICIES

if TYPE_CHECKING:
    from apimpolicy.gateway.engine.gateway import Gateway
    from apimpolicy.gateway.engine.service import Service, ServiceApi


# The policies of all scopes as one document: each `<base />` is replaced by the policies that run there.
# The texts are those of the files, with their `{{named values}}`, which may be secrets; fragments stay included by
# name.
# Comments say where the policies of a wider scope begin and end.

_INDENT = "    "


def effective_text(program: Program, style: Style) -> str:
    """Return the document of these policies."""
    levels = [(scope, _as_written(program.scopes[scope])) for scope in SCOPES if scope in program.scopes]
    writer = _Writer(levels, style, program.inherits_missing)
    lines = [writer.comment(f"{scope}: {policy.path}") for scope, policy in levels]
    lines.append("<policies>")
    for section in SECTIONS:
        inner = writer.section(section, len(levels) - 1)
        if inner:
            lines += [f"{_INDENT}<{section}>", textwrap.indent(inner, _INDENT * 2), f"{_INDENT}</{section}>"]
        else:
            lines.append(f"{_INDENT}<{section} />")
    lines.append("</policies>")
    return "\n".join(lines)


def _as_written(policy: Policy) -> Policy:
    return Policy(read(policy.original), policy.original, [], None)


class _Writer:
    """Writes sections, wider scopes inside of narrower ones."""

    def __init__(self, levels: list[tuple[str, Policy]], style: Style, inherit_missing: bool) -> None:
        self.levels = levels
        self.style = style
        self.inherit_missing = inherit_missing

    def section(self, name: str, level: int) -> str:
        """Return the policies of a section from this level outwards, without indentation; empty if there are none."""
        while level >= 0:
            nodes = content(self.levels[level][1], name)
            if nodes is not None:
                return self.spliced(nodes, name, level)
            if not self.inherit_missing:
                return ""
            level -= 1
        return ""

    def spliced(self, nodes: list[MarkupNode], section: str, level: int) -> str:
        """Return the text of these nodes, every `<base />` replaced."""
        if not nodes:
            return ""
        text, position, end = nodes[0].source.text, nodes[0].start, nodes[-1].end
        pieces = []
        for base in _bases(nodes):
            before = text[position : base.start]
            indent = before[before.rfind("\n") + 1 :]
            pieces += [before, self.wider(section, level, indent if not indent.strip() else "")]
            position = base.end
        pieces.append(text[position:end])
        return _dedented("".join(pieces))

    def wider(self, section: str, level: int, indent: str) -> str:
        """Return the replacement of a `<base />`. Its first line is already indented."""
        inner = self.section(section, level - 1)
        if not inner:
            return self.comment("nothing from wider scopes")
        scope = next(
            name
            for name, policy in reversed(self.levels[:level])
            if not self.inherit_missing or content(policy, section) is not None
        )
        lines = [self.comment(f"{scope}: begin"), inner, self.comment(f"{scope}: end")]
        return textwrap.indent("\n".join(lines), indent).removeprefix(indent)

    def comment(self, words: str) -> str:
        return self.style.paint("dim", f"<!-- {words.replace('--', '- -')} -->")


def content(policy: Policy, section: str) -> list[MarkupNode] | None:
    """Return the nodes of a section; None when the document does not have it."""
    if section not in policy.sections:
        return None
    root = policy.root
    if root.name == "policies":
        found = root.find(section)
    elif root.name in SECTIONS:
        found = next((each for each in policy.document.roots if each.name == section), None)
    else:
        return list(policy.document.children)
    return None if found is None else list(found.children)


def _bases(nodes: list[MarkupNode]) -> list[Element]:
    elements = (each for node in nodes if isinstance(node, Element) for each in node.descendants())
    return [each for each in elements if each.name == "base"]


def _dedented(text: str) -> str:
    """Return the lines without the indentation that all of them share, and without empty ones around them."""
    lines = text.rstrip().split("\n")
    while lines and not lines[0].strip():
        del lines[0]
    return textwrap.dedent("\n".join(line.rstrip("\r") for line in lines))


# The APIs and operations of a service, with the number of policies at each scope, on a terminal.


def service_text(gateway: Gateway, service: Service, style: Style) -> str:
    """Return a paragraph for each API: its name and path, policies by scope, and operations."""
    return style.fit("\n\n".join("\n".join(_api(gateway, service, api, style)) for api in service.apis))


def example_url(service: Service) -> str:
    """Return the path of a GET operation, else of an API, for an example of a request."""
    for api in service.apis:
        for described, _ in operations_with_policies(api, documents_of(api)):
            template = from_utf16(described.operation.url_template)
            is_plain = not any(sign in template for sign in "{*?")
            if described.operation.method.upper() == "GET" and is_plain and stated_version(api) is None:
                return f"{prefix_of(api)}/{template.strip('/')}".rstrip("/") or "/"
    return (prefix_of(service.apis[0]) if service.apis else "") or "/"


def _api(gateway: Gateway, service: Service, api: ServiceApi, style: Style) -> Iterator[str]:
    name = f", {from_utf16(api.api.name)}" if api.api.name else ""
    yield style.paint("strong", printable(api_in_words(api))) + printable(name)
    workspace = None if api.workspace is None else service.workspaces[api.workspace].policy
    scopes = [(service.policy, "all APIs"), (workspace, f"the workspace {api.workspace}")]
    scopes += [(product.policy, f"the product {product.id}") for product in service.products_of(api)]
    scopes += [(api.policy, "the API")]
    counts = [f"{_count(gateway, policy)} of {whose}" for policy, whose in scopes if policy is not None]
    yield printable(f"  policies: {', '.join(counts) or 'none'}")
    operations = operations_with_policies(api, documents_of(api))
    shown = [(each.operation.method, from_utf16(each.operation.url_template), policy) for each, policy in operations]
    widest = max((len(template) for _, template, policy in shown if policy is not None), default=0)
    for method, template, policy in shown:
        count = "" if policy is None else f"{_count(gateway, policy)} of its own"
        yield printable(f"  {method:7} {template:{widest}}  {count}".rstrip())
    for tool in () if api.mcp is None else api.mcp.tools:
        yield printable(f"  tool    {tool.name}  → {tool.operation or tool.unknown} of {tool.api}")
    if not shown and not (api.mcp is not None and api.mcp.tools):
        yield "  every request below its path"


def _count(gateway: Gateway, policy: AnyPolicy) -> str:
    """Return the number of policies in the sections of a document, without those inside of others."""
    try:
        document = gateway.policies.document(policy, "policy")
    except ApimPolicyError:
        return "unreadable ones"
    nodes = [node for section in SECTIONS for node in content(document, section) or ()]
    if any(isinstance(node, Element) and _is_unknown(node) for node in nodes):
        return "unknown ones"
    return str(sum(isinstance(node, Element) and node.name != "base" for node in nodes))


def _is_unknown(element: Element) -> bool:
    fragment = element.get("fragment-id")
    return fragment is not None and fragment.value.text.startswith(UNKNOWN_POLICIES)
