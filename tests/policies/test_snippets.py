"""Every policy of Microsoft's snippets collection answers a request of ours as it is meant to.

`snippets/scenarios.yaml` has at least one scenario for each document; `file` is its name without its ending. A document
of ours includes a fragment, with `inbound` before it; `fragments` are further ones of the collection. `because` says
why a document is refused: the mistake is its own. `corrected`: such a slip, and what was meant. A text `{pfx of rsa}`
is that certificate with its key, as Key Vault gives it; `sent-certificate` is what the backend saw. `named-values: any`
gives a value to every one that the document names.
"""

from __future__ import annotations

import base64
import functools
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from scenarios import Scenarios, check

from apimpolicy.testing.authority import TestAuthority

if TYPE_CHECKING:
    from apimpolicy import Certificate

HERE = Path(__file__).parent
COLLECTION = HERE.parents[2] / "shared/corpus/documents/policies/Azure+api-management-policy-snippets/examples"
pytestmark = pytest.mark.skipif(not COLLECTION.is_dir(), reason="the corpus of real policies is not here")
SCENARIOS = Scenarios(HERE / "snippets")
REFERENCE = re.compile(r"\{\{([\w.-]+)\}\}")


def policy_of(scenario: dict[str, Any]) -> str:
    """The document; one that includes it where it is a fragment."""
    if scenario["file"].endswith("-fragment"):
        inside = f'{scenario["inbound"]}<include-fragment fragment-id="fragment" />'
        return f"<policies><inbound>{inside}</inbound><backend><base /></backend></policies>"
    text = (COLLECTION / f"{scenario['file']}.xml").read_text("utf-8-sig")
    return text.replace(*scenario["corrected"]) if "corrected" in scenario else text


def case_of(scenario: dict[str, Any], policy: str) -> dict[str, Any]:
    """The scenario's case, with the fragments and the named values of the collection."""
    case = dict(scenario["case"])
    fragments = {name: str(COLLECTION / "oauth-proxy" / f"{name}.xml") for name in scenario.get("fragments", [])}
    if scenario["file"].endswith("-fragment"):
        fragments["fragment"] = str(COLLECTION / f"{scenario['file']}.xml")
    if fragments:
        case["gateway"] = {**case.get("gateway", {}), "fragments": fragments}
    if scenario.get("named-values") == "any":
        case["named-values"] = dict.fromkeys(REFERENCE.findall(policy), "1")
    return case


@functools.cache
def held(name: str) -> Certificate:
    """A certificate with its key, in a Key Vault."""
    return TestAuthority().client(name, rsa=name == "rsa")


def with_certificates(value: Any) -> Any:
    """A case with certificates in the place of their names."""
    if isinstance(value, dict):
        return {key: with_certificates(item) for key, item in value.items()}
    if isinstance(value, str) and (found := re.fullmatch(r"\{pfx of (\w+)\}", value)):
        return pfx(held(found[1]))
    return value


def pfx(certificate: Certificate) -> str:
    """A certificate with its key, as Key Vault gives it."""
    from cryptography.hazmat.primitives.serialization import NoEncryption, pkcs12

    assert certificate.private_key is not None
    data = pkcs12.serialize_key_and_certificates(
        None, certificate.private_key, certificate.parsed, None, NoEncryption()
    )
    return base64.b64encode(data).decode()


@pytest.mark.parametrize(
    "scenario", [pytest.param(each, id=f"{number}-{each['file']}") for number, each in enumerate(SCENARIOS.all)]
)
def test_scenario(scenario: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("APIMPOLICY_TRUST_CONFIG", "1")  # the collection is outside of this checkout
    policy = policy_of(scenario)
    case = with_certificates(case_of(scenario, policy))
    outcome = SCENARIOS.run(case, {scenario.get("scope", "api"): policy})
    check(outcome)
    if "sent-certificate" in scenario:
        sent = outcome.results[0].backend_requests[0].certificate
        assert sent is not None
        assert sent.thumbprint == held(scenario["sent-certificate"]).thumbprint


def test_every_document_of_the_collection_has_a_scenario() -> None:
    documents = {path.relative_to(COLLECTION).with_suffix("").as_posix() for path in COLLECTION.rglob("*.xml")}
    assert documents == {scenario["file"] for scenario in SCENARIOS.all}
