"""Every policy of Microsoft's snippets collection answers a request of ours as it is meant to.

`snippets/scenarios.toml` has at least one scenario for each document. A document of ours includes a fragment, with
`inbound` before it; `fragments` are further ones of the collection. `matches` are patterns where values are random.
A double's value `{pfx of partner}` is that certificate with its key; `sent_certificate` is what the backend saw.
`corrected`: a slip of the document that keeps it from being saved, and what was meant.
"""

from __future__ import annotations

import base64
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from test_policy_cases import certificates, check, gateway_of, request_of
from token_cases import check_identities, with_token

from apimpolicy import Deployment, DiagnosticError, FixedClock, Result

HERE = Path(__file__).parent
COLLECTION = HERE.parents[2] / "shared/corpus/documents/policies/Azure+api-management-policy-snippets/examples"
pytestmark = pytest.mark.skipif(not COLLECTION.is_dir(), reason="the corpus of real policies is not here")
SCENARIOS = tomllib.loads((HERE / "snippets" / "scenarios.toml").read_text("utf-8"))["scenario"]
REFERENCE = re.compile(r"\{\{([\w.-]+)\}\}")


def policy_of(scenario: dict[str, Any], fragments: dict[str, Path]) -> Any:
    path = COLLECTION / f"{scenario['file']}.xml"
    if "corrected" in scenario:
        return path.read_text("utf-8").replace(*scenario["corrected"])
    if not scenario["file"].endswith("-fragment"):
        return {scenario.get("scope", "api"): path}
    fragments["fragment"] = path
    inside = f'{scenario["inbound"]}<include-fragment fragment-id="fragment" />'
    return f"<policies><inbound>{inside}</inbound><backend><base /></backend></policies>"


def pfx(name: str) -> str:
    """A certificate with its key, as Key Vault gives it."""
    from cryptography.hazmat.primitives.serialization import NoEncryption, pkcs12

    held = certificates().by_name(name)
    data = pkcs12.serialize_key_and_certificates(None, held.private_key, held.parsed, None, NoEncryption())
    return base64.b64encode(data).decode()


def run(scenario: dict[str, Any]) -> tuple[Any, Result]:
    fragments = {name: COLLECTION / "oauth-proxy" / f"{name}.xml" for name in scenario.get("fragments", [])}
    policy = policy_of(scenario, fragments)
    settings = dict(scenario.get("gateway", {}))
    if settings.get("named_values") == "any":
        settings["named_values"] = dict.fromkeys(REFERENCE.findall(policy["api"].read_text("utf-8")), "1")
    value = settings.get("outside", {}).get("json", {}).get("value", "")
    if value.startswith("{pfx of "):
        answer = settings["outside"]["json"]
        settings["outside"] = {"json": answer | {"value": pfx(value[len("{pfx of ") : -1])}}
    if "deployment" in settings:
        settings["deployment"] = Deployment(**settings["deployment"])
    gateway = gateway_of(HERE, settings)
    gateway.fragments.update(fragments)
    given = with_token(scenario.get("request", {}), gateway, certificates().by_name)
    return gateway, gateway.run(policy, request_of(given))


def check_patterns(result: Result, matches: dict[str, Any]) -> None:
    headers = {"headers": result.response.headers}
    if result.backend_requests:
        headers["sent_headers"] = result.backend_requests[0].headers
    for which in headers.keys() & matches.keys():
        for name, pattern in matches[which].items():
            assert re.fullmatch(pattern, headers[which].get(name, "")), headers[which].get(name)
    if "body" in matches:
        assert re.fullmatch(matches["body"], result.response.text), result.response.text
    if "backend" in matches:
        first = result.backend_requests[0]
        assert re.fullmatch(matches["backend"], f"{first.method} {first.url}")


@pytest.mark.parametrize(
    "scenario", [pytest.param(each, id=f"{number}-{each['file']}") for number, each in enumerate(SCENARIOS)]
)
def test_scenario(scenario: dict[str, Any]) -> None:
    expect = scenario.get("expect", {})
    if expect.get("refused"):
        with pytest.raises(DiagnosticError):
            run(scenario)
        return
    gateway, result = run(scenario)
    check(result, expect)
    check_patterns(result, scenario.get("matches", {}))
    check_identities(gateway, expect)
    if "sent_certificate" in scenario:
        sent = result.backend_requests[0].certificate
        assert sent is not None
        assert sent.thumbprint == certificates().by_name(scenario["sent_certificate"]).thumbprint
    if "elapsed" in expect:
        clock = gateway.clock
        assert isinstance(clock, FixedClock)
        assert (clock.now() - gateway_of(HERE, {}).clock.now()).total_seconds() == expect["elapsed"]


def test_every_document_of_the_collection_has_a_scenario() -> None:
    documents = {path.relative_to(COLLECTION).with_suffix("").as_posix() for path in COLLECTION.rglob("*.xml")}
    assert documents == {scenario["file"] for scenario in SCENARIOS}
