"""Tokens by hand: `--token`, `--claim`, `--expired` and `--no-token` of `run` and `explain`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

POLICY = """\
<policies>
    <inbound>
        <validate-jwt header-name="Authorization">
            <openid-config url="https://login.example/.well-known/openid-configuration" />
            <audiences><audience>AUDIENCE</audience></audiences>
            <required-claims><claim name="roles" match="any"><value>CLAIM</value></claim></required-claims>
        </validate-jwt>
    </inbound>
</policies>
"""
CONFIGURATION = '[openid-providers.entra]\nissuer = "https://login.example"\naudience = "orders"\n'
URL = ("--get", "/orders")


@pytest.fixture
def orders(tmp_path: Path) -> Path:
    """A policy that wants a token for 'orders' with the role 'reader'."""
    (tmp_path / "orders.xml").write_text(POLICY.replace("AUDIENCE", "orders").replace("CLAIM", "reader"))
    return tmp_path


@pytest.mark.parametrize(
    ("options", "status"),
    [
        ((), 401),
        (("--token", "login"), 200),
        (("--claim", "roles=writer"), 401),
        (("--claim", "roles=writer", "--claim", "roles=reader"), 200),
        (("--claim", 'roles=["reader"]'), 200),
        (("--claim", "aud=billing"), 401),
        (("--expired",), 401),
        (("--header", "Authorization: Bearer x", "--token", "login"), 200),
    ],
)
def test_a_stand_in_issues_the_token_that_the_policy_wants(
    apimpolicy: Callable[..., Any], orders: Path, options: tuple[str, ...], status: int
) -> None:
    found = apimpolicy("run", "orders.xml", *URL, *options)
    assert f"HTTP/1.1 {status} " in found.out
    assert ("add --token login" in found.err) is (not options)


def test_a_configured_provider_keeps_its_claims(apimpolicy: Callable[..., Any], orders: Path) -> None:
    (orders / "apimpolicy.toml").write_text(CONFIGURATION)
    assert "HTTP/1.1 401 " in apimpolicy("run", "orders.xml", *URL, "--token", "entra").out
    assert "HTTP/1.1 200 " in apimpolicy("run", "orders.xml", *URL, "--token", "entra", "--claim", "roles=reader").out


def test_no_token_removes_the_header_of_a_file(apimpolicy: Callable[..., Any], orders: Path) -> None:
    (orders / "r.http").write_text("GET /orders\nAuthorization: Bearer x\n\n")
    found = apimpolicy("explain", "orders.xml", "--request", "r.http", "--no-token")
    assert "JWT not present" in found.out
    assert "--token" not in found.err


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--token", "nobody"), "unknown identity provider 'nobody' (known: login)"),
        (("--claim", "roles"), "--claim takes NAME=VALUE"),
        (("--no-token", "--expired"), "--no-token goes with neither --token nor --claim nor --expired"),
    ],
)
def test_impossible_tokens(
    apimpolicy: Callable[..., Any], orders: Path, options: tuple[str, ...], sentence: str
) -> None:
    found = apimpolicy("run", "orders.xml", *URL, *options)
    assert found.code == 2
    assert sentence in found.err


def test_a_token_is_for_the_api_that_is_called(apimpolicy: Callable[..., Any], tmp_path: Path) -> None:
    """All APIs of a service are behind one tenant, each with an audience and a role of its own."""
    for api in ("orders", "payments"):
        folder = tmp_path / "extracted" / "apis" / api
        folder.mkdir(parents=True)
        properties = f'"displayName": "{api}", "path": "{api}", "subscriptionRequired": false'
        (folder / "apiInformation.json").write_text(f'{{"properties": {{{properties}}}}}')
        (folder / "policy.xml").write_text(POLICY.replace("AUDIENCE", api).replace("CLAIM", f"{api}.read"))
    for api in ("orders", "payments"):
        found = apimpolicy("run", "extracted", "--get", f"/{api}/17", "--token", "login")
        assert "HTTP/1.1 200 " in found.out, api


def test_tokens_of_serve_stay_valid_when_a_file_changes(orders: Path) -> None:
    pytest.importorskip("uvicorn", reason="the extra [serve] is not installed")
    from apimpolicy.gateway.context.records import Request
    from apimpolicy.project.manual_requests import TokenWish
    from apimpolicy.project.service.leniency import lenient
    from apimpolicy.serving.command import token_lines
    from apimpolicy.serving.loading import ServeTarget
    from apimpolicy.serving.request_forms import read_form

    target = ServeTarget(path=str(orders / "orders.xml"))
    with lenient():
        (line,) = token_lines(target.load().gateway, TokenWish())
        served = target.load()
        token = line.partition("Bearer ")[2].rstrip("'")
        assert line.startswith("token of login, valid for a day: -H 'Authorization: Bearer ey")
        request = Request("GET", "/orders", headers={"Authorization": f"Bearer {token}"})
        assert served.policies is not None
        assert served.gateway.run(served.policies, request).response.status_code == 200
        form = b'{"method": "GET", "url": "/orders", "token": "login", "claims": "roles=writer"}'
        sent = read_form(form, served.gateway)
        assert served.gateway.run(served.policies, sent).response.status_code == 401
