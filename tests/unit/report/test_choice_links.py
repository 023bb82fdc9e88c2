"""An explanation says what of the answer no source tells."""

from __future__ import annotations

import pytest

from apimpolicy import Gateway
from apimpolicy.report.explanation import explain

CERTIFICATE = "<validate-client-certificate />"
LIMIT = '<rate-limit-by-key calls="0" renewal-period="60" counter-key="a" />'


@pytest.mark.parametrize(("policy", "is_chosen"), [(CERTIFICATE, True), (LIMIT, False)])
def test_an_error_that_is_our_choice_is_marked(policy: str, is_chosen: bool) -> None:
    document = f"<policies><inbound>{policy}</inbound><backend><base /></backend><outbound /><on-error /></policies>"
    explanation = "\n".join(explain(Gateway(negotiate_client_certificate=True).run(document, "/")).notes)
    assert ("our choice, see https://apimpolicy.github.io/apimpolicy/choices/#policies" in explanation) is is_chosen
