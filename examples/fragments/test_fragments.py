"""The same in Python: each fragment alone, and the policy that includes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from apimpolicy import Apim


@pytest.mark.parametrize(("address", "status"), [("10.0.0.1", 200), ("10.0.0.254", 200), ("10.0.1.0", 403)])
def test_who_may_call(apim: Apim, address: str, status: int) -> None:
    result = apim.run("policy.xml", apim.request("/orders", ip_address=address))
    assert result.status_code == status


def test_a_fragment_alone(apim: Apim) -> None:
    policy = "<policies><inbound><include-fragment fragment-id='correlation' /></inbound></policies>"
    result = apim.run(policy, apim.request("/orders", headers={"X-Correlation-Id": "abc"}))
    assert result.variables["correlation-id"] == "abc"
