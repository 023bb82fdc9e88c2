"""Parts of policies that run alone, and doubles: what is asked wrongly, and doubles that are functions."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Any

import pytest

from apimpolicy import ConfigurationError, Gateway, PolicyDouble, Request, Response

if TYPE_CHECKING:
    from apimpolicy.gateway.engine.exchange import Exchange

POLICY = """<policies>
    <inbound><set-header id="mark" name="A" exists-action="override"><value>1</value></set-header>
        <set-variable name="b" value="2" /></inbound>
    <backend><base /></backend><outbound /><on-error />
</policies>"""


@pytest.mark.parametrize(
    ("part", "message"),
    [
        ({"only": "gone"}, r"there is no policy 'gone'; name its id, or its place, as inbound/set-header\[1\], "),
        ({"section": "middle"}, "'middle' is not a section; the sections are inbound, backend, outbound, on-error"),
        ({"doubles": {"gone": None}}, "there is no policy 'gone'; the ids are mark"),
        ({"section": "on-error", "last_error": {"code": "1"}}, "'code' is not a member of an error"),
        ({"last_error": {"source": "set-body"}}, "'last_error' is that of an on-error which runs alone"),
    ],
)
def test_what_is_not_there(part: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        Gateway().run(POLICY, "/", **part)


def test_a_place_that_two_documents_have() -> None:
    policies = {"global": POLICY, "api": POLICY.replace("<inbound>", "<inbound><base />")}
    with pytest.raises(ConfigurationError, match="there are 2 policies 'inbound/set-variable"):
        Gateway().run(policies, "/", only="inbound/set-variable[1]")


def test_a_double_that_is_a_function() -> None:
    seen: list[str] = []

    def double(exchange: Exchange) -> None:
        seen.append(exchange.request.method)
        exchange.variables["made"] = "by a function"

    result = Gateway().run(POLICY, "/", doubles={"mark": double})
    assert seen == ["GET"]
    assert result.variables["made"] == "by a function"
    assert result.trace.named("set-header")[0].effect is not None
    assert result.trace.named("set-header")[0].effect.kind == "replaced"


def test_a_double_that_answers_is_what_decides() -> None:
    result = Gateway().run(POLICY, "/", doubles={"mark": PolicyDouble(response=Response(418))})
    assert result.trace.decision is result.trace[0]


@pytest.mark.parametrize("tier", ["classic", "self-hosted"])
def test_a_tls_error_of_a_stand_in_has_its_own_words(tier: Any) -> None:
    def backend(request: Request) -> Response:
        raise ssl.SSLError("the certificate has expired")

    result = Gateway(backend=backend, tier=tier).run("<policies><inbound /></policies>", "/")
    assert result.error is not None
    assert result.error.message == "the certificate has expired"
