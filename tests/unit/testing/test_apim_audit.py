"""`apim.audit()`: who reaches the backends, in a test in Python."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from apimpolicy import Api, Service, ServiceApi
from apimpolicy.errors import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path

    from apimpolicy.testing.apim import Apim

SERVICE = """
[apis.orders]
path = "orders"
policy = "<policies><inbound><base /></inbound></policies>"
subscription-required = true

[apis.orders.operations.list]
method = "GET"
url-template = "/"

[subscriptions.partner]
primary-key = "k1"
api = "orders"
"""


def test_the_service_of_a_configuration_is_audited(apim: Apim, tmp_path: Path) -> None:
    path = tmp_path / "apimpolicy.toml"
    path.write_text(SERVICE)
    found = apim.audit(path)
    assert found.access("orders", "GET /") == "subscription key"
    assert not found.fails, found.findings


def test_the_service_of_the_gateway_is_audited(apim: Apim) -> None:
    policy = "<policies><inbound><base /></inbound></policies>"
    apim.configure(service=Service([ServiceApi(Api("open", path="open"), policy=policy, subscription_required=False)]))
    assert apim.audit().access("open", "every request") == "anyone"


def test_a_gateway_without_a_service_is_refused(apim: Apim) -> None:
    with pytest.raises(ConfigurationError, match="give the folder of a service"):
        apim.audit()
