"""The policy of an MCP server as proofs see it: the calls of its tools, which run other policies, may do anything.

    <backend><include-fragment fragment-id="unknown: the calls of the tools getOrder aren't followed" /><base /></backend>

What inbound refuses is refused all the same. Equal tools make equal fragments, so that versions can be compared.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from apimpolicy.errors import ConfigurationError
from apimpolicy.project.service.description import NOWHERE, PolicyText
from apimpolicy.project.service.unknown_policies import unknown_calls, unknown_policies, wrapped
from apimpolicy.text.markup import read
from apimpolicy.text.source import Source

if TYPE_CHECKING:
    from apimpolicy.engine.effective_policies import AnyPolicy
    from apimpolicy.engine.service import ServiceApi

_PLAIN = "<policies><inbound><base /></inbound><backend><base /></backend></policies>"


def policy_for_proofs(api: ServiceApi) -> AnyPolicy | None:
    """Return the policy of an API; that of an MCP server with an unknown fragment where tools are called."""
    if api.mcp is None or not api.mcp.answers:
        return api.policy
    policy = _text(api)
    if policy is None:
        return api.policy
    fragment = unknown_policies(unknown_calls([each.name for each in api.mcp.tools]))
    try:
        source = policy.read()
        root = read(source).root
        if root is not None and not any(each.name == "backend" for each in root.elements()):
            end = root.content_end
            text = f"{source.text[:end]}<backend><base /></backend>{source.text[end:]}"
            anchors = ((0, 0, True), (end, end, False), (end + len(text) - len(source.text), end, True))
            policy = PolicyText(NOWHERE, source=Source(text, source.path, source, anchors))
        return wrapped(policy, fragment, sections=("backend",)).source
    except ConfigurationError:
        return api.policy


def _text(api: ServiceApi) -> PolicyText | None:
    match api.policy:
        case None:
            return PolicyText(NOWHERE, source=Source(_PLAIN, f"<policy of the API '{api.id}'>"))
        case Source() as source:
            return PolicyText(NOWHERE, source=source)
        case Path() as path:
            return PolicyText(NOWHERE, path=str(path))
        case str() as text if text.lstrip().startswith("<"):
            return PolicyText(NOWHERE, source=Source(text, f"<policy of the API '{api.id}'>"))
    return None
