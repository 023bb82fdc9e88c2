"""Advice about a setting is worded for the place where it is read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from apimpolicy import Gateway, Request
from apimpolicy.__main__ import main
from apimpolicy.report.advice import NEGOTIATE, REVOCATION_LISTS, TRUST, Surface, worded_for
from apimpolicy.report.explanation import explain
from apimpolicy.testing.authority import TestAuthority

if TYPE_CHECKING:
    from apimpolicy.testing.apim import Apim

POLICY = """<policies><inbound><choose><when condition="@(context.Request.Certificate == null
    || !context.Request.Certificate.Verify())"><return-response /></when></choose></inbound></policies>"""
CASE = "policy: a.xml\ncases: [{name: a, request: {get: /, certificate: partner}, expect: {status: 403}}]\n"


@pytest.mark.parametrize("advice", [NEGOTIATE, TRUST, REVOCATION_LISTS])
@pytest.mark.parametrize("surface", Surface)
def test_a_place_has_what_is_advised(advice: object, surface: Surface) -> None:
    with worded_for(surface):
        text = str(advice)
    assert ("--" in text) is (surface is Surface.OPTIONS)
    assert ("apimpolicy.toml" in text) is (surface in (Surface.OPTIONS, Surface.CONFIGURATION))
    assert ("apim." in text) is (surface is Surface.FIXTURE)
    assert ("Gateway(" in text) is (surface is Surface.LIBRARY)


def test_a_case_a_command_and_python(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], apim: Apim
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.xml").write_text(POLICY)
    Path("a.test.yaml").write_text(CASE)
    assert main(["test"]) == 1
    shown = " ".join(capsys.readouterr().out.translate({ord("│"): " "}).split())
    assert "negotiate-client-certificate: true, below 'gateway' of the case" in shown
    assert "--negotiate" not in shown
    partner = TestAuthority("ca").client("partner")
    result = Gateway().run(POLICY, Request.get("/", certificate=partner))
    assert "Gateway(negotiate_client_certificate=True)" in str(explain(result))
    apim.policy = POLICY
    apim.configure(negotiate_client_certificate=True)
    assert "apim.trust(authority)" in apim.get("/", certificate=partner).explanation
